"""What goes to stdout and stderr, in whatever encoding these have: the work is done, so saying so must not fail."""

import codecs
import io
import json
import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import click

from spvrisk.catalogue import in_language, looked_up, phrase
from spvrisk.cli.clicks import of_click
from spvrisk.errors import Problem, harmless, shortened
from spvrisk.report.encoding import READABLE, encodes, stand_in

_BEGAN = time.perf_counter()

QUIET, VERBOSE = "quiet", "verbose"
"""How much is told of progress, where it is not the usual."""

_MANNER = "spvrisk.manner"


def use_manner(manner: str) -> None:
    """Tell less of progress, or more, as long as a command lasts."""
    click.get_current_context().meta[_MANNER] = manner


def manner() -> str:
    """How much is told of progress: `QUIET`, `VERBOSE`, or as usual."""
    context = click.get_current_context(silent=True)
    return "" if context is None else str(context.meta.get(_MANNER, ""))


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(stand_in, error.object[error.start : error.end])), error.end


class _Deaf(io.FileIO):
    """A stream on which what cannot be written is lost."""

    def write(self, data: Any) -> int:
        """Write as much as goes."""
        with suppress(OSError):
            return super().write(data) or 0
        return len(data)


def use_streams() -> None:
    """Have streams that may be written to: a command's work does not depend on who reads of its progress.

    What is written to a closed stdout or stderr, or to an stderr that takes nothing, is lost. Their numbers are taken,
    so that no file that is opened later has one of them, and what a library writes there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    elif _is_of_system(sys.stderr):
        deaf: Any = _Deaf(sys.stderr.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(deaf, sys.stderr.encoding, sys.stderr.errors, write_through=True)
    use_readable()


def _is_of_system(stream: Any) -> bool:
    """Whether a stream leads out of the process, and has not been put there by whoever called us."""
    buffer = getattr(stream, "buffer", None)
    return isinstance(getattr(buffer, "raw", buffer), io.FileIO)


def use_readable() -> None:
    """Have stdout replace what it cannot show; stderr writes it as escapes of its own accord."""
    codecs.register_error(READABLE, _replace)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=READABLE)


_SAMPLE = {"en": "", "ja": "あア亜（）"}


def can_show(language: str) -> bool:
    """Whether stdout has the characters of a language."""
    return encodes(_SAMPLE[language], getattr(sys.stdout, "encoding", None) or "utf-8")


def say(text: str, err: bool = False) -> None:
    """Write lines to stdout or stderr, in the stream's own encoding: click would write UTF-8 in place of ASCII."""
    click.echo("\n".join(map(harmless, text.split("\n"))), file=sys.stderr if err else sys.stdout)


def say_text(template: str, *figures: Any) -> None:
    """Write a text of the catalogue to stdout, with its figures."""
    say(in_language(phrase(template, *figures)))


def tell(template: str, *figures: Any) -> None:
    """Tell on stderr what has been done, unless that is not wanted."""
    if manner() != QUIET:
        say(in_language(phrase(template, *figures)), err=True)


def say_stage(stage: str) -> None:
    """Tell on stderr what is being done, unless that is not wanted."""
    if manner() != QUIET:
        say(stage_line(stage), err=True)


def stage_line(stage: str) -> str:
    """A stage as a line; with the time since the start where more is wanted."""
    since = f"{time.perf_counter() - _BEGAN:7.2f} s  " if manner() == VERBOSE else ""
    return f"{since}{looked_up(stage)} ..."


def say_refusal(error: click.ClickException) -> None:
    """Write what click says of a wrong command line to stderr."""
    said = io.StringIO()
    error.show(said)
    say("\n".join(shortened(of_click(line)) for line in said.getvalue().splitlines()), err=True)


def warn(warnings: Iterable[object]) -> None:
    """Write warnings to stderr, a line each."""
    for warning in warnings:
        told = warning.told() if isinstance(warning, Problem) else str(warning)
        say(in_language(phrase("warning: {}", told)), err=True)


def say_document(document: Any, indent: int = 2) -> None:
    """Write plain values to stdout as JSON, floats with up to 17 digits."""
    say_json(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent))


def say_json(text: str) -> None:
    """Write JSON to stdout, with escapes for what a terminal would obey, and where that is not UTF-8."""
    encoding = codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name
    plain = encoding == "utf-8" and encodes(text, encoding)
    # outside of its texts JSON is printable ASCII and ends of lines
    say("".join(c if (plain or c.isascii()) and (c == "\n" or harmless(c) == c) else _escaped(c) for c in text))


def _escaped(character: str) -> str:
    """A character of a text as JSON may have it in place of itself."""
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"
