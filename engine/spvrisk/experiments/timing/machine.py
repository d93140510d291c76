"""What figures of time depend on: the processor, its vectors, the versions of the compiler."""

import os
import platform
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from llvmlite import binding

from spvrisk._version import NUMBERS_VERSION, __version__
from spvrisk.kernel.simd import WIDE
from spvrisk.kernel.target import Target
from spvrisk.runner.shard import processors

_REGISTERS = {"zmm": 512, "ymm": 256, "xmm": 128, r"v\d+\.2d": 128}
"""Bits of the registers that machine code may name, the widest first."""


class Machine(NamedTuple):
    """The machine at hand, and what runs on it.

    Attributes
    ----------
    processor
        Name of its model.
    usable, processors
        Processors that this process may use, and those that there are.
    target
        What the kernel's machine code is made for.
    vector_bits
        Width of the vectors in it; None where it is unknown.
    versions
        Of spvrisk, its numbers, Python, LLVM and the packages, by name.
    load
        Processes that waited or ran in the last minute, on average; None where the system does not tell.
    """

    processor: str
    usable: int
    processors: int
    target: Target
    vector_bits: int | None
    versions: dict[str, str]
    load: float | None


def load() -> float | None:
    """Processes that waited or ran in the last minute, on average; None where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def machine(target: Target, before: float | None) -> Machine:
    """Describe the machine.

    Parameters
    ----------
    target
        What the kernel's machine code is made for.
    before
        The `load` before anything was done.
    """
    return Machine(
        processor_name(),
        processors(),
        os.cpu_count() or 1,
        target,
        vector_bits(target),
        versions(),
        before,
    )


def processor_name(about: Path = Path("/proc/cpuinfo")) -> str:
    """Name the model of the processor, as far as the system tells.

    Parameters
    ----------
    about
        Where Linux says it.
    """
    try:
        lines = about.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Give versions of all that the machine code and its speed depend on."""
    return {
        "spvrisk": __version__,
        "numbers": str(NUMBERS_VERSION),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numba", "llvmlite")},
        "llvm": ".".join(map(str, binding.llvm_version_info)),
        "numpy": version("numpy"),
    }


@cache
def vector_bits(target: Target) -> int | None:
    """Width of the registers to which the compiler puts the kernel's vectors, in bits; None where it is unknown.

    It is asked for a sum of two such vectors.
    """
    wide = f"<{WIDE} x double>"
    text = f"define {wide} @f({wide} %x, {wide} %y) {{ %z = fadd {wide} %x, %y\n ret {wide} %z }}"
    module = binding.parse_assembly(text)
    try:
        found = binding.Target.from_default_triple()
        code = found.create_target_machine(cpu=target.cpu, features=target.features).emit_assembly(module)
    except RuntimeError:  # a processor of another kind
        return None
    return next((bits for name, bits in _REGISTERS.items() if re.search(name, code)), None)


def peak_bytes() -> int | None:
    """Most memory that this process has had, in bytes; None where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        # that of this program alone: what `getrusage` says begins with the process that started it
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    except OSError:
        found = None
    if found is not None:
        return 1024 * int(found[1])
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else 1024 * peak
