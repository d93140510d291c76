"""What charts and pages say, in words of a language: every text of theirs passes through here."""

import re
from collections.abc import Callable, Iterator

from spvrisk.catalogue import Chosen
from spvrisk.errors import harmless
from spvrisk.report.words import sentence, shown, title_of
from spvrisk.views.figures import Cell, Named, Note, Text

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
"""Letters of languages that are written without spaces."""

_UNIT = f"(?:[{_WIDE}]|[^\\s{_WIDE}]+)"

_TOKEN = re.compile(f"[（「『【〈《]*{_UNIT}(?:[〜～]+{_UNIT})*[、。，．・：；？！」』）】〉》ー]*\\s*|\\s+")
"""What a line may not be broken in: a word, range or such a letter, with marks that may not begin or end a line."""

Measure = Callable[[str], float]
"""Width of a text."""


def worded(text: Text | Cell, language: str) -> str:
    """Give a text in words.

    Parameters
    ----------
    text
        Of a chart or a page.
    language
        Such as ``ja``.

    Raises
    ------
    ValueError
        There are no texts in it.
    """
    with Chosen(language):
        return _worded(text)


def _worded(text: Text | Cell) -> str:
    match text:
        case Named():
            return title_of(text) or harmless(text.name)
        case Note():
            figures = tuple(_worded(each) if isinstance(each, Named | Note) else each for each in text.figures)
            return sentence(text._replace(figures=figures))
        case _:
            return shown(text)


def wrapped(text: str, width: float, measure: Measure, lines: int = 0) -> str:
    """Break a text into lines.

    Parameters
    ----------
    text
        In words.
    width
        That a line may have.
    measure
        Gives the width of a text.
    lines
        At most; what is too much is cut off with an ellipsis. 0: as many as it takes.
    """
    out = [""]
    for token in (piece for each in _TOKEN.findall(text) for piece in _pieces(each, width, measure)):
        if out[-1] and measure((out[-1] + token).rstrip()) > width:
            out.append("")
        out[-1] += token
    out = [line.rstrip() for line in out]
    if not lines or len(out) <= lines:
        return "\n".join(out)
    last = out[lines - 1]
    while last and measure(f"{last}…") > width:
        last = last[:-1]
    return "\n".join([*out[: lines - 1], f"{last}…"])


def _pieces(token: str, width: float, measure: Measure) -> Iterator[str]:
    """A word in pieces none of which is too long for a line."""
    while len(token) > 1 and measure(token.rstrip()) > width:
        size = next(size for size in range(len(token) - 1, 0, -1) if size == 1 or measure(token[:size]) <= width)
        yield token[:size]
        token = token[size:]
    yield token
