"""Progress on stderr, with the time left, and interruption."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from spvrisk.catalogue import looked_up, translated
from spvrisk.cli.log import RUNNING, Log, Minutes
from spvrisk.cli.output import QUIET, VERBOSE, manner, stage_line

_T = TypeVar("_T")

_LONGEST = 24
"""Columns of a stage's name that have room before a bar; others are written above it."""


_BESIDE = 75
"""Columns that stand beside a bar."""

Advance = Callable[[int], None]
Announce = Callable[[str], None]


@contextmanager
def progress_bar(total: int, thing: str = "path", log: Log | None = None) -> Iterator[tuple[Advance, Announce]]:
    """Show stages and a bar over so many things; gives functions to advance the bar and to announce a stage.

    Where stderr is no terminal, stages are written, a line each, and once a minute what is done. What is done before
    the stage ``running`` was there already, and says nothing of speed. Nothing is shown where quiet is wanted.
    """
    told: list[tuple[Advance, Announce]] = []
    with ExitStack() as stack:
        if log is not None:
            told.append(_minutes(log, total, thing))
        if manner() != QUIET:
            on_terminal = sys.stderr.isatty()
            bar = stack.enter_context(_bar(total, thing)) if on_terminal else _minutes(Log(sys.stderr), total, thing)
            told.append(bar)
        yield _each([advance for advance, _ in told]), _each([announce for _, announce in told])


def _minutes(log: Log, total: int, thing: str) -> tuple[Advance, Announce]:
    minutes = Minutes(log, total, thing)
    return minutes.advance, minutes.announce


def _each(told: Sequence[Callable[[_T], None]]) -> Callable[[_T], None]:
    """Tell all of them."""

    def tell(what: _T) -> None:
        for each in told:
            each(what)

    return tell


@contextmanager
def _bar(total: int, thing: str) -> Iterator[tuple[Advance, Announce]]:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from spvrisk.cli.so_far import SoFar

    console = Console(stderr=True)
    bar_width = min(40, max(4, console.width - _BESIDE))
    columns = (TextColumn("{task.description}"), BarColumn(bar_width), SoFar(total, thing))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(translated("loading"), total=total)

        def announce(stage: str) -> None:
            if stage == RUNNING:
                bar.reset(task, completed=int(bar.tasks[0].completed))
            text = looked_up(stage)
            if cell_len(text) > _LONGEST or manner() == VERBOSE:
                bar.console.print(stage_line(stage), highlight=False, markup=False)
            bar.update(task, description=text if cell_len(text) <= _LONGEST else translated("working"))

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
