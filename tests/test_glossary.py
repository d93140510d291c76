"""The glossary says in Japanese what the catalogue says."""

import gettext
import re

from played_pages import DOCS

CATALOGUE = DOCS.parent / "engine" / "spvrisk" / "locale" / "ja" / "LC_MESSAGES" / "spvrisk.mo"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]*[^\x00-\x7f][^|]*) \| [^|]+ \|", re.MULTILINE)


def terms() -> dict[str, str]:
    """Japanese by English; a row may have two terms."""
    found = {}
    for english, japanese in ROW.findall((DOCS / "glossary.md").read_text(encoding="utf-8")):
        words = english.split("; ")
        found.update(zip(words, japanese.split("、") if len(words) > 1 else [japanese], strict=True))
    return found


def test_glossary__agrees_with_the_catalogue():
    with CATALOGUE.open("rb") as file:
        translate = gettext.GNUTranslations(file).gettext
    found = {english: (japanese, translate(english)) for english, japanese in terms().items()}
    known = {english: pair for english, pair in found.items() if pair[1] != english}
    assert len(known) > 10
    assert {english: pair for english, pair in known.items() if pair[0] != pair[1]} == {}
