"""The catalogue of texts, and the language in which they are shown.

A text is written in English, as a template with braces where its figures belong. Whoever writes one does not know in
which language it is shown: that is looked up where it is shown. What is no text of ours (names of a study's own, dates,
digests) is in no catalogue, and stays as it is.
"""

import gettext
from collections.abc import Iterable, Mapping
from contextvars import ContextVar, Token
from functools import cache, partial, reduce
from string import Formatter
from types import TracebackType
from typing import Any

WRITTEN = "en"
"""Language in which texts are written, and which programs read."""

LANGUAGES = (WRITTEN, "ja")
"""Languages in which texts can be shown."""

_CURRENT = ContextVar("language", default=WRITTEN)
_ASKED_BY = ("LC_ALL", "LC_MESSAGES", "LANG")


class Chosen:
    """A language that is shown in: from now on, or until the end of a ``with`` block.

    Parameters
    ----------
    language
        One of `LANGUAGES`.

    Raises
    ------
    ValueError
        It is none of them.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"there are no texts in {language!r}: languages are {', '.join(LANGUAGES)}")
        self._before: Token[str] = _CURRENT.set(language)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _CURRENT.reset(self._before)


def current() -> str:
    """Language in which texts are shown."""
    return _CURRENT.get()


def asked_for(environment: Mapping[str, str]) -> str:
    """Language that an environment asks for.

    Parameters
    ----------
    environment
        Variables by name; the first that is set of ``LC_ALL``, ``LC_MESSAGES`` and ``LANG`` counts.

    Examples
    --------
    >>> asked_for({"LANG": "ja_JP.UTF-8"}), asked_for({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}), asked_for({})
    ('ja', 'en', 'en')
    """
    locale = next((environment[name] for name in _ASKED_BY if environment.get(name)), "")
    return next((language for language in LANGUAGES if locale.lower().startswith(language)), WRITTEN)


def translated(text: str) -> str:
    """A text in the current language, in English where the catalogue lacks it.

    Parameters
    ----------
    text
        As it is written; its braces stay.
    """
    return _catalogue(current()).gettext(text) if text else text


def counted(number: int, thing: str) -> str:
    """A number of things in the current language: ``1 path``, ``2,000 paths``.

    Parameters
    ----------
    number
        How many.
    thing
        In English and in the singular, with an s in the plural.
    """
    return _catalogue(current()).ngettext(*forms(thing), number).format(f"{number:,}")


def forms(thing: str) -> tuple[str, str]:
    """Singular and plural of a number of things, as the catalogue has them.

    Parameters
    ----------
    thing
        As of `counted`.
    """
    return f"{{}} {thing}", f"{{}} {thing}s"


def is_thing(form: str) -> bool:
    """Whether what a template's braces hold is a word for things that are counted, and no format of Python.

    Parameters
    ----------
    form
        What stands behind the colon.
    """
    return len(form) > 1 and form.isalpha()


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == WRITTEN:
        return gettext.NullTranslations()
    # loaded here: English needs none of it
    from importlib.resources import files

    with (files("spvrisk") / "locale" / language / "LC_MESSAGES" / "spvrisk.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


class Phrase(str):
    """A text in English that knows its template and its figures, so that it can be shown in other languages.

    To all who know nothing of languages it is plain text; see `phrase`.
    """

    template: str
    figures: tuple[Any, ...]

    def __new__(cls, template: str, figures: tuple[Any, ...]) -> "Phrase":
        """Fill the figures in."""
        with Chosen(WRITTEN):
            made = super().__new__(cls, _FILLER.vformat(template, figures, {}))
        made.template, made.figures = template, figures
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Phrase, (self.template, self.figures)


def phrase(template: str, *figures: Any) -> str:
    """Give a text of a floor that knows no figures with errors.

    Parameters
    ----------
    template
        With braces where figures belong, as of `str.format`, or ``{:path}`` of what is counted.
    figures
        What stands in them; a text that was told is translated too.

    Examples
    --------
    >>> phrase("{:path} of {}", 2000, "quick.h5")
    '2,000 paths of quick.h5'
    """
    return Phrase(template, figures)


def in_language(text: str) -> str:
    """A text in the current language, if it is a `phrase`; as it is otherwise.

    Parameters
    ----------
    text
        Any.
    """
    return _FILLER.vformat(translated(text.template), text.figures, {}) if isinstance(text, Phrase) else text


def looked_up(text: str) -> str:
    """A text of ours in the current language: a `phrase`, or a text without figures as it is written.

    Parameters
    ----------
    text
        No name of a study's own, which might be written alike.
    """
    return in_language(text) if isinstance(text, Phrase) else translated(text)


def joined(texts: Iterable[str], text: str) -> str:
    """Texts in a row, each of which may be a `phrase`.

    Parameters
    ----------
    texts
        At least one.
    text
        Template of two of them.

    Examples
    --------
    >>> joined(["one", "two", "three"], "{} or {}")
    'one or two or three'
    """
    return reduce(partial(phrase, text), texts)


class _Filler(Formatter):
    """Fills the figures of a text in."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, str):
            return in_language(value)
        return counted(value, format_spec) if is_thing(format_spec) else format(value, format_spec)


_FILLER = _Filler()
