"""What a stream's encoding can show, and what stands in for the rest."""

import codecs

READABLE = "spvrisk.readable"
"""Name of the error handler that puts stand-ins in the place of what a stream cannot show."""

_STAND_INS = {
    "±": "+-",
    "≈": "~",
    "≒": "~",
    "～": "-",
    "→": "->",
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

_TWINS = {"～": "〜", "〜": "～", "－": "−", "−": "－"}
"""Signs that encodings of Japanese have in one form or the other."""

_EAST_ASIAN = {
    "cp932",
    "shift_jis",
    "euc_jp",
    "iso2022_jp",
    "gbk",
    "gb2312",
    "gb18030",
    "big5",
    "cp950",
    "euc_kr",
    "cp949",
}
"""Encodings in which lines are as wide as ideographs."""


def has_wide_lines(encoding: str) -> bool:
    """Whether lines of tables would take twice the columns that they are counted for.

    Parameters
    ----------
    encoding
        Name of a codec of Python.
    """
    return codecs.lookup(encoding).name in _EAST_ASIAN


def stand_in(character: str) -> str:
    """Give the sign that stands for another, a question mark if there is none.

    Parameters
    ----------
    character
        One that an encoding does not have.
    """
    return _STAND_INS.get(character, "?")


def shown_in(text: str, encoding: str) -> str:
    """Give a text with a stand-in for each character that an encoding does not have.

    Parameters
    ----------
    text
        Any.
    encoding
        Name of a codec of Python.

    Examples
    --------
    >>> shown_in("1.0 ± 0.1", "ascii"), shown_in("1.0 ± 0.1", "cp1252")
    ('1.0 +- 0.1', '1.0 ± 0.1')
    """
    if encodes(text, encoding):
        return text
    return "".join(c if encodes(c, encoding) else _like(c, encoding) for c in text)


def _like(character: str, encoding: str) -> str:
    twin = _TWINS.get(character, "")
    return twin if twin and encodes(twin, encoding) else stand_in(character)


def encodes(text: str, encoding: str) -> bool:
    """Whether an encoding has all characters of a text.

    Parameters
    ----------
    text
        Any.
    encoding
        Name of a codec of Python.
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
