"""Bring the catalogue to what the sources say: ``python tests/renew_catalogue.py``.

The template gets all texts; each language keeps the translations that it has, and gets empty ones for what is new.
"""

import datetime
import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from spvrisk.catalogue import LANGUAGES, WRITTEN
from texts import PACKAGE, texts

LOCALE = PACKAGE / "locale"
TEMPLATE = LOCALE / "spvrisk.pot"
TRANSLATED = [language for language in LANGUAGES if language != WRITTEN]

_NEVER = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""Of files that differ only where their texts do."""

_HEADER = "# Texts of spvrisk; tests/renew_catalogue.py writes this file."


def po(language: str) -> Path:
    """File of the translations into a language."""
    return LOCALE / language / "LC_MESSAGES" / "spvrisk.po"


def template() -> Catalog:
    """All texts of the package."""
    found = _empty(None)
    # in an order of their own: that of sets is another in each call
    for text, (plural, files) in sorted(texts().items(), key=lambda item: (item[1][1], item[0])):
        found.add((text, plural) if plural else text, locations=[(file, None) for file in files])
    return found


def read(language: str) -> Catalog:
    """Translations into a language."""
    with po(language).open("rb") as file:
        return read_po(file, locale=language)


def written(catalogue: Catalog) -> bytes:
    """A catalogue as a file for translators."""
    out = io.BytesIO()
    write_po(out, catalogue, width=120, omit_header=False, include_lineno=False, ignore_obsolete=True)
    return out.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """A catalogue as it is read when texts are shown."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def renewed(language: str) -> Catalog:
    """Translations into a language, of the texts that there are now, in their order."""
    new, old = _empty(language), read(language) if po(language).exists() else _empty(language)
    for message in template():
        if message.id:
            known = old.get(message.id)
            new.add(message.id, known.string if known else None, message.locations)
    return new


def _empty(language: str | None) -> Catalog:
    made = Catalog(language, "spvrisk", header_comment=_HEADER, creation_date=_NEVER, revision_date=_NEVER)
    made.last_translator = made.language_team = "spvrisk"
    made.copyright_holder = "spvrisk"
    return made


if __name__ == "__main__":
    LOCALE.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(written(template()))
    for language in TRANSLATED:
        po(language).parent.mkdir(parents=True, exist_ok=True)
        po(language).write_bytes(written(renewed(language)))
        po(language).with_suffix(".mo").write_bytes(compiled(read(language)))
