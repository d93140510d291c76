"""A picture as it is asked for: by name, of results, in a language, in a file that appears whole or not at all."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spvrisk.catalogue import phrase
from spvrisk.charts.registry import CHARTS, Picture
from spvrisk.dataset.appearing import appearing
from spvrisk.dataset.read import Result, all_held
from spvrisk.dataset.write import check_output
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.files import Kind
from spvrisk.report.pictures.written import MARK, write
from spvrisk.runner.execute import Announce

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")


_TOLD = "announce"
"""Argument of a chart that is told of long work."""


def _known(path: Path) -> bool:
    return MARK.encode() in path.read_bytes()


PICTURE = Kind(phrase("a picture that plot wrote"), _known)


def picture_named(name: str) -> Picture:
    """Give a picture by its name.

    Parameters
    ----------
    name
        One of `CHARTS`.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in CHARTS:
        raise InputError(Problem(argument("name"), "", "must be a picture", name, suggestion(name, CHARTS)))
    return CHARTS[name]


def read_choices(name: str, choices: Mapping[str, Any]) -> dict[str, str]:
    """Read what a picture leaves open.

    Parameters
    ----------
    name
        Of the picture.
    choices
        By name: texts, and levels as numbers too.

    Raises
    ------
    InputError
        It has no such choice, or one is no text.
    """
    _, *known = signature(picture_named(name).chart).parameters
    known = [each for each in known if each != _TOLD]
    for choice, value in choices.items():
        if choice not in known:
            remedy = suggestion(choice, known) if known else "leave it out"
            raise InputError(
                Problem(argument(choice), "", phrase("is not a choice of the picture {}", name), str(value), remedy)
            )
        if not isinstance(value, str | float):
            raise InputError(Problem(argument(choice), "", "must be a text", str(value), "put it in quotes"))
    return {choice: value if isinstance(value, str) else repr(value) for choice, value in choices.items()}


def drawn(name: str, subjects: Sequence[Any], lang: str, announce: Announce, choices: Mapping[str, str]) -> "Figure":
    """Draw a picture.

    Parameters
    ----------
    name
        Of the picture.
    subjects
        What it is of, as `spvrisk.charts.registry.Picture` says.
    lang
        Of its texts.
    announce
        Told where what a result does not keep is found by replaying its paths.
    choices
        As from `read_choices`.

    Raises
    ------
    InputError
        It cannot be had of these, or no font that is installed has the language's letters.
    RunError
        A replay differs from what a result holds.
    """
    from spvrisk.report.pictures.page import drawn

    picture = picture_named(name)
    if picture.of != "results" and len(subjects) != 1:
        rule, remedy = phrase("{} is of one file", name), "name one"
        raise InputError(Problem(argument("results"), "", rule, f"{len(subjects)}", remedy))
    told = {_TOLD: announce} if _TOLD in signature(picture.chart).parameters else {}
    given = subjects if picture.of == "results" else subjects[0]
    with all_held(each for each in subjects if isinstance(each, Result)):
        chart = picture.chart(given, **choices, **told)
    return drawn(chart, lang)


def check_drawable(out: str | None = None, overwrite: bool = False, reads: Sequence[Path] = ()) -> None:
    """Refuse, before anything is computed, what could not be drawn or written.

    Parameters
    ----------
    out
        File to be written, if any.
    overwrite
        Whether it may take the place of a picture.
    reads
        Files that the picture is of.

    Raises
    ------
    InputError
        The file may not be written, or Matplotlib is not installed.
    """
    if out is not None:
        if Path(out).suffix.lower() not in SUFFIXES:
            remedy = phrase("end the name with {}", ", ".join(SUFFIXES))
            raise InputError(Problem(argument("out"), "", "must tell the format by its suffix", out, remedy))
        check_output(out, overwrite, PICTURE, reads)
    try:
        import_module("matplotlib")
    except ImportError as error:
        remedy = "install it: python -m pip install matplotlib"
        raise InputError(Problem(argument("name"), "", "pictures need the package matplotlib", "", remedy)) from error


def save(figure: "Figure", out: str, overwrite: bool, reads: Sequence[Path]) -> None:
    """Write a figure to a file.

    Parameters
    ----------
    figure
        As from `drawn`.
    out, overwrite, reads
        As of `check_drawable`.

    Raises
    ------
    InputError
        The file may not be written.
    RunError
        Writing failed.
    """
    with appearing(out, overwrite, PICTURE, reads) as temporary:
        write(figure, temporary, Path(out).suffix.lower().removeprefix("."))
