"""The processor that the kernel's machine code is made for, and safer ones to fall back to.

numba makes code for one processor in a process: the one that its settings name when the first function is decorated.
So what is chosen here holds for all that numba compiles in the process from then on, and what other code of the
process has had compiled before holds here.
"""

from functools import cache
from typing import Any, NamedTuple

import numba
from llvmlite import binding

from spvrisk.errors import RunError

FIRST = "call spvrisk.warmup() before anything else in the process is compiled, or start a new process"
"""What helps where other code has fixed the processor."""

_config: Any = numba.config  # its names are made at run time


class Target(NamedTuple):
    """What machine code is made for.

    Attributes
    ----------
    name
        For people, and for ``spvrisk selftest``.
    cpu
        LLVM's name of the processor.
    features
        LLVM's features beside those of the processor's name, such as ``+avx2,-avx512f``.
    vectorise
        Whether LLVM's loop vectoriser is on, for statistics; for the kernel it never is.
    """

    name: str
    cpu: str
    features: str
    vectorise: bool = True

    def environment(self) -> dict[str, str]:
        """Environment variables by which another process makes its code for this target."""
        return {
            "NUMBA_CPU_NAME": self.cpu,
            "NUMBA_CPU_FEATURES": self.features,
            "NUMBA_LOOP_VECTORIZE": str(int(self.vectorise)),
            **switches(),
        }


def switches() -> dict[str, str]:
    """Options of numba that machine code depends on beside its target, as they are here, by environment variable."""
    numbers = ("SLP_VECTORIZE", "DISABLE_INTEL_SVML", "LLVM_REFPRUNE_PASS", "EXTEND_VARIABLE_LIFETIMES")
    return {
        **{f"NUMBA_{name}": str(int(getattr(_config, name))) for name in numbers},
        "NUMBA_LLVM_REFPRUNE_FLAGS": _config.LLVM_REFPRUNE_FLAGS,
        "NUMBA_DEBUGINFO": str(int(_config.DEBUGINFO_DEFAULT)),
        "NUMBA_BOUNDSCHECK": str(int(bool(_config.BOUNDSCHECK))),
        "NUMBA_OPT": "max" if _config.OPT.is_opt_max else str(int(_config.OPT)),
    }


FOREIGN = (
    Target("x86-64-v2", "x86-64-v2", ""),
    Target("x86-64-v3", "x86-64-v3", ""),
    Target("x86-64-v4", "x86-64-v4", "-prefer-256-bit"),
    Target("haswell", "haswell", ""),
    Target("skylake-avx512", "skylake-avx512", ""),
    Target("icelake-server", "icelake-server", "-prefer-256-bit"),
    Target("sapphirerapids", "sapphirerapids", "-prefer-256-bit"),
    Target("znver2", "znver2", ""),
    Target("znver3", "znver3", ""),
    Target("znver4", "znver4", "-prefer-256-bit"),
    Target("znver5", "znver5", "-prefer-256-bit"),
)
"""Targets of other machines, with the vectors that the kernel would have on them."""

_ON_X86 = tuple(target for target in FOREIGN if target.name in ("x86-64-v3", "x86-64-v2"))[::-1]


def native() -> Target:
    """The machine at hand; where the user has named a processor or features (``NUMBA_CPU_NAME``), those.

    512-bit vectors are used where LLVM would keep to 256 (an eighth less time, the same bits), from Ice Lake on, whose
    clock does not suffer.

    Raises
    ------
    RunError
        numba compiles nothing in this process.
    """
    if _config.DISABLE_JIT:
        raise RunError("the kernel must be compiled, and NUMBA_DISABLE_JIT forbids it: unset it, and start anew")
    cpu = _config.CPU_NAME or binding.get_host_cpu_name()
    features = _config.CPU_FEATURES
    if features is None:
        host = binding.get_host_cpu_features()
        if not _config.ENABLE_AVX:
            host.update({name: False for name in host if name.startswith("avx")})
        wide = _config.ENABLE_AVX and host.get("avx512vbmi2")
        features = host.flatten() + (",-prefer-256-bit" if wide else "")
    return Target(cpu, cpu, features, bool(_config.LOOP_VECTORIZE))


@cache
def ladder() -> tuple[Target, ...]:
    """Targets to try, in this order: the machine's own, then safer ones."""
    own = native()
    if made := fixed_by_others():
        return (made,)
    narrow = own._replace(name=f"{own.name}, 256-bit vectors", features=f"{own.features},+prefer-256-bit".strip(","))
    wide = "+avx512f" in own.features or own.features.endswith("-prefer-256-bit")
    generic = Target("generic, no loop vectors", "generic", "", vectorise=False)
    on_x86 = _ON_X86 if binding.get_process_triple().startswith("x86_64") else ()
    return (own, *((narrow,) if wide else ()), *(target for target in on_x86 if target.cpu != own.cpu), generic)


@cache
def fixed_by_others() -> Target | None:
    """The target that other code of this process had fixed before the ladder was asked for; None if that was free."""
    return _made()


def use(target: Target) -> None:
    """Let numba make its code for a target from now on.

    Raises
    ------
    RunError
        It makes it for another already.
    """
    made = _made()
    if made is not None and (made.cpu, made.features) != (target.cpu, target.features):
        rule = f"other code of this process has had numba compile for {made.cpu} while the kernel's target was chosen"
        raise RunError(f"{rule}, so that it cannot be compiled for {target.name}: {FIRST}")
    _config.CPU_NAME, _config.CPU_FEATURES = target.cpu, target.features
    _config.LOOP_VECTORIZE = int(target.vectorise)


def _made() -> Target | None:
    """The target for which this process makes code already; None where nothing has decorated a function."""
    from numba.core.registry import cpu_target

    if "_toplevel_target_context" not in vars(cpu_target):
        return None
    _, cpu, features = cpu_target.target_context.codegen().magic_tuple()
    return Target(cpu, cpu, features, bool(_config.LOOP_VECTORIZE))
