"""The page as a whole: one file, which asks nothing of any network."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from spvrisk._version import __version__
from spvrisk.report.markup import Html, element, script_data
from spvrisk.report.page.drawing import LOOKS
from spvrisk.report.page.dress import Dress
from spvrisk.report.page.parts import Section
from spvrisk.views.figures import Note, Text

GENERATOR = "spvrisk report"
"""How a file is known that this has written."""

BEGINNING = f"<!DOCTYPE html>\n<!-- {GENERATOR} -->\n"
"""What such a file begins with."""

_SCRIPTS = ("plot.min.js", "page.js")

_CONTENTS = Note("Contents")
_WITHOUT = Note("Charts are drawn by a script. Without one, the figures of each are in the table below its title.")
_KEYS = Note("Arrow keys read the figures along the chart.")


def document(title: Text, told: Sequence[Note], sections: Sequence[Section], language: str) -> str:
    """Make the page.

    Parameters
    ----------
    title, told
        Of the page, and sentences under it.
    sections
        In their order.
    language
        Of its texts.
    """
    dress = Dress(language)
    named = dress.words(title)
    body = element(
        "body",
        element("header", element("h1", named), *(element("p", dress.words(note)) for note in told)),
        _contents(sections, dress),
        element("main", element("noscript", element("p", dress.words(_WITHOUT))), *map(dress.section, sections)),
        script_data({**LOOKS, "language": language, "keys": dress.words(_KEYS)}, "looks"),
        *(element("script", Html(_asset(name))) for name in _SCRIPTS),
    )
    return f"{BEGINNING}{element('html', _head(named), body, lang=language)}\n"


def _contents(sections: Sequence[Section], dress: Dress) -> Html:
    links = (element("li", element("a", dress.words(section.title), href=f"#{section.name}")) for section in sections)
    label = dress.words(_CONTENTS)
    return element("nav", element("h2", label), element("ol", *links), class_="contents", aria_label=label)


def _head(title: str) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=f"spvrisk {__version__}"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", Html(_asset("page.css"))),
    )


def _policy() -> str:
    """What a browser lets the page do: run its own two scripts, and be drawn. Nothing is fetched or sent."""
    hashes = (b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode() for name in _SCRIPTS)
    scripts = " ".join(f"'sha256-{each}'" for each in hashes)
    rest = "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {scripts}; {rest}"


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
