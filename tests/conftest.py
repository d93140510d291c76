"""Makes the modules of this folder (`reference`, `small_run`) importable from every test; hears the mistakes of all."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spvrisk.catalogue import LANGUAGES, Chosen, Phrase, translated
from spvrisk.errors import InputError, RunError

ENGINE = Path(__file__).parents[1] / "engine" / "spvrisk"

ENGLISH = ("kernel", "aggregate")
"""Floors that know no catalogue."""


@pytest.fixture(scope="session", autouse=True)
def _mistakes_are_in_the_catalogue() -> Iterator[None]:
    """What a test provokes is told in texts of the catalogue, also where they come by detours that no walk sees."""
    lacking: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for kind in (InputError, RunError):
            patch.setattr(kind, "__init__", _heard(kind, lacking))
        yield
    assert not lacking, "make these texts of mistakes by phrase:\n" + "\n".join(sorted(lacking))


def _heard(kind: Any, lacking: set[str]) -> Any:
    make = kind.__init__

    def made(self: Any, told: Any) -> None:
        make(self, told)
        file, again = Path(sys._getframe(1).f_code.co_filename), isinstance(sys.exc_info()[1], InputError | RunError)
        if ENGINE in file.parents and file.parent.name not in ENGLISH and not again:
            texts = (
                [told] if kind is RunError else [part for each in self.problems for part in (each.rule, each.remedy)]
            )
            lacking.update(f"{file.name}: {text}" for given in texts for text in _lacking(given))

    return made


def _lacking(text: str) -> Iterator[str]:
    """Texts with words, of a text and of those in it, that are not translated."""
    template = text.template if isinstance(text, Phrase) else text
    with Chosen(LANGUAGES[-1]):
        known = translated(template) != template or template.startswith("pip install")
    if not known and re.search("[A-Za-z]{2,}", re.sub("{.*?}", "", template)):
        yield template
    for figure in text.figures if isinstance(text, Phrase) else ():
        yield from _lacking(figure) if isinstance(figure, Phrase) else ()
