"""Progress on stderr, with the time left, and interruption."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_T = TypeVar("_T")

_LONGEST = 24
"""Characters of a stage's name that have room before a bar; others are written above it."""


@contextmanager
def progress_bar(total: int, things: str = "paths") -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    """Show stages and a bar over so many things; gives functions to advance the bar and to announce a stage.

    Where stderr is no terminal, only the stages are written, a line each.
    """
    if not sys.stderr.isatty():
        yield lambda _: None, lambda stage: print(f"{stage} ...", file=sys.stderr, flush=True)
        return
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
