"""What happens in a run as lines of text: in a file, or on stderr where that is no terminal."""

import datetime
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from spvrisk.catalogue import counted, in_language, looked_up, phrase, translated
from spvrisk.cli.output import stage_line
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.files import check_not_read, is_irregular

RUNNING = "running"
"""The stage in which things are done at their speed."""

_EVERY_SECONDS = 60.0

_LONGEST_TIME = 40
"""Characters within which the time ends with which a line begins."""


class Log:
    """Lines of text in a file.

    Parameters
    ----------
    file
        Open to write.
    dated
        Whether a line begins with its time.
    """

    def __init__(self, file: TextIO, dated: bool = False) -> None:
        self._file, self._dated = file, dated

    def line(self, text: str) -> None:
        """Write a line."""
        now = f"{datetime.datetime.now().astimezone().isoformat(timespec='seconds')} " if self._dated else ""
        with suppress(OSError):  # a run does not fail for want of it
            print(f"{now}{text}", file=self._file, flush=True)


@contextmanager
def log_to(path: str | None, reads: Iterable[Path], result: Path) -> Iterator[Log | None]:
    """Open a log file, to which lines are added; None without a path.

    Parameters
    ----------
    path
        The file; it need not be there yet.
    reads
        Files that the command reads: none of them is written to.
    result
        The file that the command writes.

    Raises
    ------
    InputError
        It cannot be written to.
    """
    if path is None:
        yield None
        return
    if is_irregular(path):
        raise InputError(Problem("--log-file", "", "must be a regular file", path, "name another file"))
    check_not_read(path, reads)
    if os.path.realpath(path) == os.path.realpath(result):
        raise InputError(Problem("--log-file", "", "must not be the result", path, "name another file"))
    try:
        if not _is_log(path):
            raise InputError(Problem("--log-file", "", "must be a log of spvrisk, or a new file", path, "name another"))
        file = Path(path).open("a", encoding="utf-8", errors="backslashreplace")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(
            Problem("--log-file", "", phrase("cannot be written: {}", reason), path, "name another file")
        ) from error
    log = Log(file, dated=True)
    try:
        yield log
        log.line(translated("done"))
    except BaseException as error:
        why = error.told() if isinstance(error, InputError | RunError) else str(error) or type(error).__name__
        ended = in_language(phrase("ended: {}", why))
        log.line("\n".join((ended, *map(looked_up, getattr(error, "__notes__", ())))))
        raise
    finally:
        with suppress(OSError):
            file.close()


def _is_log(path: str) -> bool:
    """Whether a file begins with a time as lines of a log do, or is empty or not there: then nothing can be spoilt."""
    if not os.path.exists(path):
        return True
    with Path(path).open("rb") as file:
        first = file.read(_LONGEST_TIME)
    try:
        return not first or datetime.datetime.fromisoformat(first.split(b" ")[0].decode("ascii")).tzinfo is not None
    except ValueError:
        return False


class Minutes:
    """Stages as lines, and once a minute what is done, how fast, and what is left.

    Parameters
    ----------
    log
        Where to.
    total, thing
        How many of what there are to be done.
    """

    def __init__(self, log: Log, total: int, thing: str) -> None:
        self._log, self._total = log, total
        # looked up here: what is done is told from any thread, which has a language of its own
        self._text, self._all = translated("{} of {}, {} a second, {} left"), counted(total, thing)
        self._unknown = translated("unknown")
        self._lock, self._done, self._before = threading.Lock(), 0, 0
        self._began = self._told = time.monotonic()

    def announce(self, stage: str) -> None:
        """Write a stage."""
        if stage == RUNNING:
            self._before, self._began = self._done, time.monotonic()
            self._told = self._began
        self._log.line(stage_line(stage))

    def advance(self, done: int) -> None:
        """Count what is done; called from any thread."""
        with self._lock:
            self._done += done
            now = time.monotonic()
            if now - self._told < _EVERY_SECONDS:
                return
            self._told = now
            self._log.line(self._so_far(now - self._began))

    def _so_far(self, seconds: float) -> str:
        rate = (self._done - self._before) / seconds
        left = datetime.timedelta(seconds=round((self._total - self._done) / rate)) if rate else self._unknown
        return self._text.format(f"{self._done:,}", self._all, f"{rate:,.0f}", left)
