"""What goes to stdout and stderr, in whatever encoding these have: the work is done, so saying so must not fail."""

import codecs
import io
import json
import sys

import click

READABLE = "spvrisk.readable"
"""Name of the error handler of `use_readable`."""

_STAND_INS = {
    "±": "+-",
    "×": "x",
    "…": "...",
    "≤": "<=",
    "≥": ">=",
    "\N{NO-BREAK SPACE}": " ",
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("─━╌═╴╶╸╺", "-"),
    **dict.fromkeys("│┃╎║╵╷╹╻", "|"),
    **{chr(code): "+" for code in range(0x250C, 0x254C)},
}
"""Signs that have a like in ASCII; all others are replaced by a question mark."""


def _stand_in(character: str) -> str:
    return _STAND_INS.get(character, "?")


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_stand_in, error.object[error.start : error.end])), error.end


def use_readable() -> None:
    """Have stdout replace what it cannot show; stderr writes it as escapes of its own accord."""
    codecs.register_error(READABLE, _replace)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=READABLE)


def shown_in(text: str, encoding: str) -> str:
    """Give a text with a stand-in for each character that an encoding does not have.

    Examples
    --------
    >>> shown_in("1.0 ± 0.1", "ascii"), shown_in("1.0 ± 0.1", "cp1252")
    ('1.0 +- 0.1', '1.0 ± 0.1')
    """
    if _encodes(text, encoding):
        return text
    return "".join(c if _encodes(c, encoding) else _stand_in(c) for c in text)


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def say(text: str, err: bool = False) -> None:
    """Write a line to stdout or stderr, in the stream's own encoding: click would write UTF-8 in place of ASCII."""
    click.echo(text, file=sys.stderr if err else sys.stdout)


def say_json(text: str) -> None:
    """Write JSON to stdout, with escapes where that is not UTF-8."""
    encoding = codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name
    plain = encoding == "utf-8" and _encodes(text, encoding)
    # outside of its texts JSON is ASCII
    say(text if plain else "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text))
