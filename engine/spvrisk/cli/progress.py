"""Progress on stderr, with the time left."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(paths: int) -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    """Show stages and a bar over the paths; gives functions to advance the bar and to announce a stage.

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
        TextColumn("paths"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading", total=paths)
        yield lambda done: bar.advance(task, done), lambda stage: bar.update(task, description=stage)
