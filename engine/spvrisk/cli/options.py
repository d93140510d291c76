"""Options that several commands share."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from spvrisk import api
from spvrisk.catalogue import LANGUAGES, in_language, phrase
from spvrisk.cli.language import LANGUAGE
from spvrisk.cli.output import QUIET, VERBOSE, use_manner
from spvrisk.config.reading.numerals import meant, number_remedy
from spvrisk.config.reading.source import scalar
from spvrisk.errors import InputError, Problem


class Whole(click.IntRange):
    """A whole number in a range, however it is written: 20000, 2e4 or 20000.0."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give the number, or fail with what was meant, as far as that is certain."""
        read = scalar(value.strip()) if isinstance(value, str) else value
        if isinstance(read, float) and read.is_integer():
            read = int(read)
        if isinstance(read, bool) or not isinstance(read, int):
            number = meant(value, whole=True) if isinstance(value, str) else None
            digits = phrase("round it") if isinstance(read, float) else phrase("write its digits")
            remedy = phrase("write {}", number) if number else digits
            self.fail(in_language(phrase("must be a whole number, got {}; {}", value, remedy)), param, ctx)
        return super().convert(read, param, ctx)


class Number(click.types.FloatParamType):
    """A number."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give the number, or fail with what was meant, as far as that is certain."""
        read = scalar(value.strip()) if isinstance(value, str) else value
        if isinstance(read, bool) or not isinstance(read, int | float):
            remedy = number_remedy(value, phrase("write e.g. 0.5"))
            self.fail(in_language(phrase("must be a number, got {}; {}", value, remedy)), param, ctx)
        return float(read)


def _use_manner(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        use_manner(str(parameter.name))


COMMON = (
    LANGUAGE,
    click.Option(
        ["-v", f"--{VERBOSE}"],
        is_flag=True,
        callback=_use_manner,
        expose_value=False,
        help="Tell more of progress, with times.",
    ),
    click.Option(
        ["-q", f"--{QUIET}"],
        is_flag=True,
        callback=_use_manner,
        expose_value=False,
        help="Tell nothing of progress.",
    ),
)
"""Options of every command."""

lang_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), help="Language; left out, that of LC_ALL, LC_MESSAGES or LANG."
)
"""Of commands that write pictures and pages, which may be in any language whatever the terminal shows."""

set_option = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change the study, e.g. run.seed=7; may be repeated; lists and mappings are replaced whole, null removes.",
)
FILE = click.Path(readable=False)
"""A file's name: what is wrong with the file is said by what reads it, in words that help."""

study_argument = click.argument("study", type=FILE)

_COUNT = Whole(1, 4096)

_WORKERS: dict[str, Any] = {"type": _COUNT, "help": "Threads; all processors if left out."}

threads_option = click.option("--workers", "on", **_WORKERS, callback=lambda _, __, threads: api.Threads(threads))
"""Of commands that compute in threads alone, which are given them as ``on``."""

# named as the fields of what the API takes, so that what is wrong with these is told of the options
_ON = (
    click.option("--workers", "threads", **_WORKERS),
    click.option("--processes", type=_COUNT, help="Compute in so many processes instead of threads."),
    click.option("--scheduler", "address", metavar="ADDRESS", help="Compute on the dask cluster of this scheduler."),
    click.option("--cluster", type=click.Choice(["local"]), help="Compute on dask workers that are started here."),
)


def on_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say on what a command computes, which it is given as ``on``."""

    @wraps(command)
    def with_on(
        *, threads: int | None, processes: int | None, address: str | None, cluster: str | None, **others: Any
    ) -> None:
        command(on=_on(threads, processes, address, cluster), **others)

    for option in reversed(_ON):
        with_on = option(with_on)
    return with_on


def _on(threads: int | None, processes: int | None, address: str | None, cluster: str | None) -> api.On:
    """What computes; at most one in place of threads."""
    others = {"--processes": processes, "--scheduler": address, "--cluster": cluster}
    given = {option: value for option, value in others.items() if value is not None}
    if len(given) > 1:
        first, second, *_ = given
        raise InputError(
            Problem(second, "", phrase("cannot be combined with {}", first), f"{given[second]}", "give one of them")
        )
    if processes is not None:
        return api.Processes(processes, threads)
    where = cluster if address is None else address
    return api.Threads(threads) if where is None else api.Cluster(where, threads=threads)


def separated(text: str | None) -> tuple[str, ...] | None:
    """Parts of an option that commas separate; None where it is left out."""
    return None if text is None else tuple(part.strip() for part in text.split(","))
