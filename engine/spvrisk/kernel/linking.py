"""How functions are compiled: a part stays as it is lowered until an entry point that calls it is compiled.

numba optimises each function by itself, makes machine code of it, and optimises it once more inside of each caller. Of
some 270 functions of ours a dozen are called from Python, and no other machine code is ever run. Here parts are lowered
only, and an entry point links all parts that it calls, directly or not, and is optimised as a whole. That takes a
quarter off the time of compiling (``docs/decisions/0020-parts-and-entry-points.md``).

It leans on the inside of numba, its code libraries as they are in the versions of `KNOWN`. With any other, functions
are compiled as numba does it: the same values, later.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import binding, ir
from numba import njit, typeof, types
from numba.core import cgutils
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.extending import intrinsic

from spvrisk.kernel.cache import cache_folder, settled

KNOWN = (0, 61), (0, 68)
"""First and last version of numba whose code libraries are known to be as this module takes them."""

WITHIN = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Options of a part: it has no wrapper for Python, nor for C."""

BY_ADDRESS = {"no_cpython_wrapper": True}
"""Options of an entry point that other machine code calls."""

Function = TypeVar("Function", bound=Callable[..., Any])

_njit: Any = njit  # its stubs do not know all options
_intrinsic: Any = intrinsic  # they count the typing context among the arguments of a call
_version: Any = numba  # nor its version


def _keep_no_marks() -> None:
    """Let LLVM's loop vectoriser not mark loads and stores as apart on the strength of a check at run time.

    Where the loop around is unrolled later (it is for znver4 and znver5), the marks outlive the check, and an
    element is loaded before it is stored (llvm-project #186922):
    ``docs/decisions/0013-right-on-every-processor.md``. LLVM reads the option whenever it vectorises, so it holds
    whatever else has been compiled in the process before.
    """
    binding.set_option("spvrisk", "-loop-version-annotate-no-alias=false")


_keep_no_marks()
settled()


class _Linked(JITCodeLibrary):
    """Code that links the parts of its parts too."""

    def add_linking_library(self, library: Any) -> None:
        super().add_linking_library(library)
        for other in getattr(library, "_linking_libraries", ()):
            if other not in self._linking_libraries:
                self.add_linking_library(other)


class _EntryPoint(_Linked):
    """Code of a function that is called from Python."""

    def _get_module_for_linking(self) -> Any:
        """Give names without code, of which 34 MB would be kept beside the machine code and read at each start.

        Nothing compiled calls an entry point. What did would not be linked: numba finds that the function below is
        missing, by the start of its name.
        """
        module, nothing = ir.Module(self.name), ir.FunctionType(ir.VoidType(), ())
        missing = ir.Function(module, nothing, "_ZN5numba: an entry point is called from Python alone")
        for function in self.get_defined_functions():
            body = ir.IRBuilder(ir.Function(module, nothing, function.name).append_basic_block())
            body.call(missing, ())
            body.ret_void()
        return binding.parse_assembly(str(module))


class _Part(_Linked):
    """Code of a function that is called from compiled code, as it is lowered."""

    # asked for where loaded code is told of its environment: there is no code yet, and parts need no environment
    codegen = property(lambda self: _NoCode())

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0


class _NoCode:
    def set_env(self, *_: Any) -> None:
        pass


class Linked(Compiler):
    """Compiles parts, which are those without wrappers, and entry points."""

    def compile_extra(self, func: Any) -> Any:
        """Compile a function into a code library of ours."""
        if KNOWN[0] <= _version.version_info.short <= KNOWN[1]:
            library = _Part if self.state.flags.no_cfunc_wrapper else _EntryPoint
            self.state.library = library(self.state.targetctx.codegen(), func.__qualname__)
            self.state.library.enable_object_caching()
        return super().compile_extra(func)


def address_of(function: Any, arguments: tuple[Any, ...]) -> np.uint64:
    """Address of an entry point's machine code for such arguments, which is compiled or loaded from file if need be.

    It holds as long as the function does, which takes no others from now on.
    """
    signature = tuple(map(typeof, arguments))
    if signature not in function.overloads:
        function.compile(signature)
    function.disable_compile()
    made = function.overloads[signature]
    return np.uint64(made.library.get_pointer_to_function(made.fndesc.llvm_func_name))


@_intrinsic
def call_at(typingctx: Any, address: Any, arguments: Any) -> Any:
    """Call a function that returns nothing by its address, see `address_of`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds, convention = signature.args[1].types, context.call_conv
        kind = convention.get_function_type(types.none, kinds)
        code = builder.inttoptr(args[0], kind.as_pointer())
        status, _ = convention.call_function(builder, code, types.none, kinds, cgutils.unpack_tuple(builder, args[1]))
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.none(address, arguments), codegen


def part(function: Function) -> Function:
    """Compile a function of statistics that is called from compiled code only."""
    return _njit(nogil=True, error_model="numpy", pipeline_class=Linked, **WITHIN)(function)  # type: ignore[no-any-return]


def entry_point(*signature: str) -> Callable[[Function], Function]:
    """Compile a function of statistics that is called from Python; its machine code is kept between processes.

    Parameters
    ----------
    signature
        Types of its arguments, for which it is compiled at once; left out, those of each call.
    """

    def compiled(function: Function) -> Function:
        with cache_folder():
            return _njit(*signature, nogil=True, error_model="numpy", cache=True, pipeline_class=Linked)(function)  # type: ignore[no-any-return]

    return compiled
