"""Progress on stderr, with the time left, and interruption."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from spvrisk.cli.log import RUNNING, Log, Minutes

_T = TypeVar("_T")

_LONGEST = 24
"""Characters of a stage's name that have room before a bar; others are written above it."""


Advance = Callable[[int], None]
Announce = Callable[[str], None]


@contextmanager
def progress_bar(total: int, things: str = "paths", log: Log | None = None) -> Iterator[tuple[Advance, Announce]]:
    """Show stages and a bar over so many things; gives functions to advance the bar and to announce a stage.

    Where stderr is no terminal, stages are written, a line each, and once a minute what is done. What is done before
    the stage ``running`` was there already, and says nothing of speed.
    """
    logs = [Minutes(log, total, things)] if log is not None else []
    if sys.stderr.isatty():
        with _bar(total, things) as (advance, announce):
            yield (
                _each([advance, *(minutes.advance for minutes in logs)]),
                _each([announce, *(m.announce for m in logs)]),
            )
        return
    logs.append(Minutes(Log(sys.stderr), total, things))
    yield _each([minutes.advance for minutes in logs]), _each([minutes.announce for minutes in logs])


def _each(told: Sequence[Callable[[_T], None]]) -> Callable[[_T], None]:
    """Tell all of them."""

    def tell(what: _T) -> None:
        for each in told:
            each(what)

    return tell


@contextmanager
def _bar(total: int, things: str) -> Iterator[tuple[Advance, Announce]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(things),
        TextColumn("in"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading", total=total)

        def announce(stage: str) -> None:
            if stage == RUNNING:
                bar.reset(task, completed=int(bar.tasks[0].completed))
            if len(stage) > _LONGEST:
                bar.console.print(f"{stage} ...", highlight=False)
                stage = "working"
            bar.update(task, description=stage)

        yield lambda done: bar.advance(task, done), announce


_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Ctrl-C, a polite end by another process, a terminal that is closed."""


class Interrupted(KeyboardInterrupt):
    """A signal ends the command.

    Attributes
    ----------
    code
        Exit code that tells which, as shells have it.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


class Stop:
    """Signals that end a command, also where their exception is lost: in a callback of the compiler."""

    def __init__(self) -> None:
        self._asked = 0
        for number in _ENDING:
            if signal.getsignal(number) != signal.SIG_IGN:  # as a shell asks for what runs in its background
                signal.signal(number, self._ask)

    def _ask(self, number: int, _: object) -> None:
        self._asked = number
        raise Interrupted(number)

    def heeding(self, tell: Callable[[_T], None]) -> Callable[[_T], None]:
        """Tell of a stage, or of what is done, unless it is not wanted any more."""

        def told(what: _T) -> None:
            if self._asked:
                raise Interrupted(self._asked)
            tell(what)

        return told
