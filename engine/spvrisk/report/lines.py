"""Where a text may be broken into lines: between words, and in Japanese between phrases."""

import re
import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

SPACE = "\N{NO-BREAK SPACE}"
"""Stands for a space at which nothing may be broken, as between a number and its error."""

_NEVER_FIRST = frozenset("、。，．・：；？！）」』】〕％～ーぁぃぅぇぉっゃゅょァィゥェォッャュョヶ々)]},.:;?!%")
_OPENING = frozenset("（「『【〔")


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines.

    Parameters
    ----------
    text
        A line, `SPACE` where it must not be broken.
    width
        Columns of the screen; a phrase that is wider is broken anywhere.

    Examples
    --------
    >>> wrapped("a loss of 3", 8), wrapped("損失は、平均で3百万円です。", 14)
    (['a loss', 'of 3'], ['損失は、平均で', '3百万円です。'])
    """
    lines, line = list[str](), ""
    for phrase in phrases(text):
        if cell_len((line + phrase).rstrip(" ")) <= width:
            line += phrase
            continue
        if line.strip(" "):
            lines.append(line)
        *chopped, line = _chopped(phrase, width)
        lines += chopped
    return [each.rstrip(" ").replace(SPACE, " ") for each in (*lines, line)]


def phrases(text: str) -> Iterator[str]:
    """Parts of a text between which it may be broken, each with the spaces that follow it.

    Parameters
    ----------
    text
        As of `wrapped`.
    """
    for word in re.findall(r"[^ ]+ *| +", text):
        begin = 0
        for i in range(1, len(word)):
            if _may_break(word[i - 1], word[i]):
                yield word[begin:i]
                begin = i
        yield word[begin:]


def _may_break(before: str, after: str) -> bool:
    """Whether a phrase of Japanese ends between two characters: after a particle or a sign, or with the script."""
    if after in _NEVER_FIRST or before in _OPENING or after == " ":
        return False
    here, there = _script(before), _script(after)
    if after in _OPENING or here == "sign":
        return True
    return here != there and (here == "HIRAGANA" or {here, there} == {"CJK", "KATAKANA"})


def _script(character: str) -> str:
    """Script of a character of Japanese; ``sign`` of its punctuation, empty of others."""
    if character in "ーゝ々":
        return "CJK" if character == "々" else "KATAKANA"
    if character in _NEVER_FIRST and not character.isascii() and unicodedata.category(character).startswith("P"):
        return "sign"
    name = unicodedata.name(character, "").partition(" ")[0]
    return name if name in ("HIRAGANA", "KATAKANA", "CJK") else ""


def _chopped(phrase: str, width: int) -> list[str]:
    """A phrase that is wider than the screen in pieces, the last of which begins with no sign, if that can be had."""
    if cell_len(phrase) <= width:
        return [phrase]
    *others, before, last = chop_cells(phrase, width)
    if last[0] in _NEVER_FIRST and cell_len(before[-1:] + last) <= width:
        before, last = before[:-1], before[-1:] + last
    return [*filter(None, (*others, before)), last]
