"""What goes to stdout and stderr, in whatever encoding these have: the work is done, so saying so must not fail."""

import codecs
import io
import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from spvrisk.report.encoding import READABLE, encodes, stand_in


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(stand_in, error.object[error.start : error.end])), error.end


def use_readable() -> None:
    """Have stdout replace what it cannot show; stderr writes it as escapes of its own accord."""
    codecs.register_error(READABLE, _replace)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=READABLE)


def say(text: str, err: bool = False) -> None:
    """Write a line to stdout or stderr, in the stream's own encoding: click would write UTF-8 in place of ASCII."""
    click.echo(text, file=sys.stderr if err else sys.stdout)


def warn(warnings: Iterable[object]) -> None:
    """Write warnings to stderr, a line each."""
    for warning in warnings:
        say(f"warning: {warning}", err=True)


def say_document(document: Any, indent: int = 2) -> None:
    """Write plain values to stdout as JSON, floats with up to 17 digits."""
    say_json(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent))


def say_json(text: str) -> None:
    """Write JSON to stdout, with escapes where that is not UTF-8."""
    encoding = codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name
    plain = encoding == "utf-8" and encodes(text, encoding)
    # outside of its texts JSON is ASCII
    say(text if plain else "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text))
