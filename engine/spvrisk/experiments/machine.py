"""What memory this machine gives a process."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_CODE = 3 << 29
"""Address space that libraries and machine code take, of which little is memory."""


def memory_here() -> int:
    """Bytes of memory that this process may have: the machine's, or less where its group or its shell allows less."""
    return min((*_installed(), *_of_groups(), *_of_shell()), default=1 << 32)


def _installed() -> Iterator[int]:
    if sys.platform == "win32":
        import ctypes

        class Status(ctypes.Structure):
            """MEMORYSTATUSEX of Windows."""

            _fields_ = (
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                *((name, ctypes.c_ulonglong) for name in ("physical", "free", "c", "d", "e", "f", "g")),
            )

        status = Status(length=ctypes.sizeof(Status))
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            yield status.physical
    else:
        with suppress(OSError, ValueError):
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_groups(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> Iterator[int]:
    """Limits of the control groups that this process is in, of both versions."""
    with suppress(OSError, ValueError):
        for line in own.read_text(encoding="utf-8").splitlines():
            _, kinds, name = line.split(":", 2)
            if kinds not in ("", "memory"):
                continue
            base, file = (root / "memory", "memory.limit_in_bytes") if kinds else (root, "memory.max")
            group = base / name.lstrip("/")
            for folder in (group, *group.parents):
                with suppress(OSError, ValueError):  # "max"
                    yield int((folder / file).read_text(encoding="ascii"))
                if folder == base:
                    break


def _of_shell() -> Iterator[int]:
    """What `ulimit` says of address space."""
    with suppress(ImportError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            yield max(limit - _CODE, 0)
