"""What a user waits for at the command line, each in a process of its own; and the compiler, once."""

import tempfile
import time
from pathlib import Path

from suite import engine
from suite.sizes import SIZE


class StartUp:
    """Short commands, and a short run with the machine code ready."""

    number, warmup_time, timeout = 1, 0.0, 600

    def setup(self) -> None:
        engine.compile_elsewhere()

    def time_help(self) -> None:
        engine.command("--help")

    def time_version(self) -> None:
        engine.command("--version")

    def time_short_run(self) -> None:
        target = Path(engine.folder().name) / "short.h5"
        engine.command("run", str(engine.MAIN_STUDY), f"--paths={SIZE.command_paths}", f"--out={target}", "--overwrite")


class Compiling:
    """Seconds until the kernel is ready where nothing has been compiled yet."""

    timeout = 1200

    def track_cold(self) -> float:
        with tempfile.TemporaryDirectory() as folder:
            variables = {"NUMBA_CACHE_DIR": folder} if SIZE.cold else {}
            begin = time.perf_counter()
            engine.command("warmup", **variables)
            return time.perf_counter() - begin

    track_cold.unit = "seconds"
