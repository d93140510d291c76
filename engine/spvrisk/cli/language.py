"""The language of what a command shows, and ``--help`` in it.

Commands and options have their texts in English; these are looked up here, where click lays them out.
"""

import re
import sys
from collections.abc import Iterable, Iterator

import click

from spvrisk.catalogue import LANGUAGES, WRITTEN, Chosen, current, in_language, phrase, translated
from spvrisk.cli.clicks import of_click
from spvrisk.cli.output import can_show, say

_AS_IT_IS = "\b\n"
"""Begins a paragraph whose lines click leaves as they are."""

_EXAMPLE = "Example: "
"""Begins examples, which are the same in all languages."""


class _Formatter(click.HelpFormatter):
    """Lays help out in the current language; English as click does."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        super().write_usage(prog, args, prefix or translated("Usage: "))

    def write_heading(self, heading: str) -> None:
        """Write the head of a list."""
        self.write(translated("{}:").format(_looked_up(heading)) + "\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        if current() == WRITTEN:
            super().write_text(text)
            return
        indent = " " * self.current_indent
        paragraphs = ("\n".join(f"{indent}{line}" for line in self._lines(each)) for each in text.split("\n\n"))
        self.write("\n\n".join(paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write a list of options or commands."""
        told = [(name, _with_extra(text)) for name, text in rows]
        if current() == WRITTEN:
            super().write_dl(told, col_max, col_spacing)
            return
        first_width = self.current_indent + min(max(len(name) for name, _ in told), col_max) + col_spacing
        for name, text in told:
            head = f"{'':{self.current_indent}}{name}"
            apart = [] if len(head) + col_spacing <= first_width else [head]
            lines = _wrapped(text, self.width - first_width)
            beside = [f"{'' if apart or i else head:{first_width}}{line}" for i, line in enumerate(lines)]
            self.write("\n".join((*apart, *beside)) + "\n")

    def _lines(self, paragraph: str) -> Iterator[str]:
        raw = paragraph.removeprefix(_AS_IT_IS)
        if raw.startswith(_EXAMPLE):
            yield from (translated(_EXAMPLE) + raw.removeprefix(_EXAMPLE)).splitlines()
        elif raw != paragraph:
            yield from translated(raw).splitlines()
        else:
            yield from _wrapped(translated(" ".join(raw.split())), self.width - self.current_indent)


def _wrapped(text: str, width: int) -> list[str]:
    # loaded here: English needs none of it
    from spvrisk.report.lines import wrapped

    return wrapped(text, width)


def _with_extra(text: str) -> str:
    """Text of an option, with what click adds to it in brackets."""
    text, gap, extra = text.partition("  [")
    added = "; ".join(map(of_click, extra.removesuffix("]").split("; ")))
    return f"{_looked_up(text)}{gap}{added}{']' if gap else ''}"


def _looked_up(text: str) -> str:
    """A text of ours or of click."""
    known = of_click(text)
    return translated(text) if known == text else known


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command whose help is shown in the current language."""

    context_class = _Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read a command line, its language first: help is shown, and a mistake told, before the rest is read."""
        # a group is given what is its commands', of which some have a --lang of their own
        takes_language = LANGUAGE in self.params and ctx.parent is not None
        if takes_language or not set(ctx.help_option_names).isdisjoint(args):
            asked = re.search(r"(?:^| )--lang[ =](\w+)", " ".join(args))
            if asked and asked[1] in LANGUAGES and can_show(asked[1]):
                Chosen(asked[1])
        return super().parse_args(ctx, args)


def _use_language(context: click.Context, _: click.Parameter, language: str | None) -> None:
    """Show texts in a language, as far as the output has its characters."""
    if language is None or context.resilient_parsing:
        return
    if can_show(language):
        Chosen(language)
    else:
        text = "warning: {} has no characters of {}: shown in English"
        say(in_language(phrase(text, sys.stdout.encoding, language)), err=True)


LANGUAGE = click.Option(
    ["--lang"],
    type=click.Choice(LANGUAGES),
    callback=_use_language,
    expose_value=False,
    is_eager=True,
    help="Language of what is shown; left out, that of LC_ALL, LC_MESSAGES or LANG.",
)
"""Option of every command, but of those that write pictures and pages."""
