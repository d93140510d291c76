"""Fonts for what a picture says: Japanese needs one that may not be installed."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from matplotlib import font_manager, ft2font

from spvrisk.errors import InputError, Problem, argument

LATIN = "DejaVu Sans"
"""Comes with Matplotlib."""

_JAPANESE = re.compile(
    "(Noto ?Sans ?(Mono ?)?CJK|Noto ?Sans ?JP|Source ?Han ?Sans|IPA(ex)?P?(Gothic|G)|Takao|VL.?Gothic|BIZ ?UD|"
    "Hiragino|Yu ?Goth|Meiryo|MS ?Gothic|Droid ?Sans ?Fallback)",
    re.IGNORECASE,
)
"""Files and families of fonts with Japanese letters, as systems have them."""

_LETTERS = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Kana, Chinese characters and their punctuation."""

_REMEDY = "install one, such as fonts-noto-cjk (Debian, Ubuntu), google-noto-sans-cjk-fonts (Fedora) or Noto Sans JP"


def families(texts: Iterable[str], place: str) -> list[str]:
    """Fonts that have the letters of some texts, in the order in which they are looked in.

    Parameters
    ----------
    texts
        What will be written.
    place
        Argument that called for it, for messages.

    Raises
    ------
    InputError
        There are Japanese letters, and no font that has them: it says which to install.
    """
    wanted = _LETTERS.search("".join(texts))
    if wanted is None:
        return [LATIN]
    family = japanese()
    if family is None:
        rule = "needs a font with Japanese letters, and none is installed"
        raise InputError(Problem(argument(place), "", rule, "", _REMEDY))
    return [family, LATIN]


@cache
def japanese() -> str | None:
    """Family of an installed font with Japanese letters, the likeliest first; None if there is none."""
    known = {font.name for font in font_manager.fontManager.ttflist if _JAPANESE.match(font.name)}
    if not known:
        known = {name for path in font_manager.findSystemFonts() if (name := _added(Path(path))) is not None}
    return min(known, key=lambda name: (not name.startswith("Noto Sans"), "Mono" in name, name), default=None)


def _added(path: Path) -> str | None:
    """Family of a file that was installed since Matplotlib last listed the fonts, if it is Japanese."""
    if not _JAPANESE.match(path.stem):
        return None
    try:
        font_manager.fontManager.addfont(path)
        return str(ft2font.FT2Font(str(path)).family_name)
    except (OSError, RuntimeError):  # no font, or one that is broken
        return None
