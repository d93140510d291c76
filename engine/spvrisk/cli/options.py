"""Options that several commands share."""

import sys
from typing import Any

import click

from spvrisk.catalogue import LANGUAGES, Chosen
from spvrisk.cli.output import QUIET, VERBOSE, can_show, say, use_manner
from spvrisk.config.reading.numerals import meant, number_remedy
from spvrisk.config.reading.source import scalar


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
            remedy = f"write {number}" if number else "round it" if isinstance(read, float) else "write its digits"
            self.fail(f"must be a whole number, got {value}; {remedy}", param, ctx)
        return super().convert(read, param, ctx)


class Number(click.types.FloatParamType):
    """A number."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Give the number, or fail with what was meant, as far as that is certain."""
        read = scalar(value.strip()) if isinstance(value, str) else value
        if isinstance(read, bool) or not isinstance(read, int | float):
            self.fail(f"must be a number, got {value}; {number_remedy(value, 'write e.g. 0.5')}", param, ctx)
        return float(read)


def _use_language(context: click.Context, _: click.Parameter, language: str | None) -> None:
    """Show texts in a language, as far as the output has its characters."""
    if language is None or context.resilient_parsing:
        return
    if can_show(language):
        Chosen(language)
    else:
        say(f"warning: {sys.stdout.encoding} has no characters of {language}: shown in English", err=True)


def _use_manner(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        use_manner(str(parameter.name))


COMMON = (
    click.Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        callback=_use_language,
        expose_value=False,
        is_eager=True,
        help="Language of what is shown; left out, that of LC_ALL, LC_MESSAGES or LANG.",
    ),
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


def separated(text: str | None) -> tuple[str, ...] | None:
    """Parts of an option that commas separate; None where it is left out."""
    return None if text is None else tuple(part.strip() for part in text.split(","))
