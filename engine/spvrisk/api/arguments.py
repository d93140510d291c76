"""What callers of the Python API give, checked where it comes in: a wrong kind is told in a sentence that names it."""

import os
from collections.abc import Callable, Mapping
from decimal import Decimal
from inspect import signature
from typing import Any

from spvrisk.catalogue import LANGUAGES, current, joined, phrase
from spvrisk.config.base import shown
from spvrisk.config.reading.values import plain_if_any
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.runner.on import Cluster, On


def wrong(name: str, rule: str, value: object, remedy: str) -> InputError:
    """The error of an argument.

    Parameters
    ----------
    name
        Of the argument, as the caller wrote it.
    rule
        What must hold, e.g. ``must be a text``.
    value
        What was given; of what is no number or text, only the type is told.
    remedy
        What to write instead.
    """
    got = shown(value) if value is None or isinstance(value, str | int | float) else type(value).__name__
    return InputError(Problem(argument(name), "", rule, got, remedy))


def file_name(name: str, value: Any) -> str:
    """An argument that names a file.

    Parameters
    ----------
    name
        Of the argument, for the message.
    value
        What was given.

    Raises
    ------
    InputError
        It does not.
    """
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(path, str) or "\0" in path:
        raise wrong(name, "must be the name of a file", value, "give a text or a pathlib.Path")
    return path


def text(name: str, value: Any) -> str:
    """An argument that is a text.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It is none.
    """
    if not isinstance(value, str):
        raise wrong(name, "must be a text", value, "put it in quotes")
    return value


def whole(name: str, value: Any) -> int:
    """An argument that is a whole number, of Python or NumPy, such as 7 or 7.0.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It is none.
    """
    number = plain_if_any(value)
    if isinstance(number, float) and number.is_integer():
        return int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        remedy = "round it" if isinstance(number, float) else "write its digits"
        raise wrong(name, "must be a whole number", number, remedy)
    return number


def within(name: str, value: Any, low: int, high: int) -> int:
    """An argument that is a whole number in a range.

    Parameters
    ----------
    name, value
        As of `file_name`.
    low, high
        Ends of the range, which belong to it.

    Raises
    ------
    InputError
        It is none.
    """
    number = whole(name, value)
    if not low <= number <= high:
        raise wrong(name, phrase("must lie in [{}, {}]", low, high), number, "write a number in that range")
    return number


def two_numbers(name: str, value: Any) -> tuple[float, float]:
    """An argument that is a pair of numbers, of Python or NumPy.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It is none.
    """
    match plain_if_any(value):
        case [int() | float() as first, int() | float() as second] if not any(isinstance(x, bool) for x in value):
            return float(first), float(second)
    raise wrong(name, "must be two numbers", value, "write e.g. (0.5, 1.5)")


def yes_or_no(name: str, value: Any) -> bool:
    """An argument that is True or False, of Python or NumPy; a text such as "no" would count as True.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It is neither.
    """
    found = plain_if_any(value)
    if not isinstance(found, bool):
        raise wrong(name, "must be True or False", value, "give one of them")
    return found


def called(name: str, value: Any) -> Any:
    """An argument that is called with what is to be told.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It cannot be called.
    """
    if not callable(value):
        raise wrong(name, "must be a function", value, "give one of one argument, or leave it out")
    return value


def language_of(name: str, value: Any) -> str:
    """An argument that is a language; the current one where it is left out.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It is none in which texts can be shown.
    """
    if value is None:
        return current()
    if text(name, value) not in LANGUAGES:
        raise wrong(name, phrase("must be {}", joined(LANGUAGES, "{} or {}")), value, "choose one of them")
    return str(value)


def level(name: str, value: Any) -> str | None:
    """An argument that is a number, or its digits: a level is more exact in decimals; None where it is left out.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Returns
    -------
    str or None
        The digits, of a number without an exponent.

    Raises
    ------
    InputError
        It is something else.
    """
    found = plain_if_any(value)
    if found is None or isinstance(found, str):
        return found
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise wrong(name, "must be a number, or its digits as a text", value, "write e.g. 0.99")
    return format(Decimal(repr(found)), "f")


def levels(name: str, value: Any) -> list[str]:
    """An argument that is a list of probabilities, numbers or their digits, or one.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It is neither.
    """
    several = [value] if isinstance(value, str | float) else value
    try:
        return [level(name, each) or "nothing" for each in several]
    except TypeError:
        raise wrong(name, "must be a probability, or several", value, "write e.g. [0.1, 0.01]") from None


def texts(name: str, value: Any) -> list[str]:
    """An argument that is a list of texts, or one.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It is neither.
    """
    try:
        several = [value] if isinstance(value, str) else list(value)
    except TypeError:
        raise wrong(name, "must be a text, or several", value, "write one, or a list of them") from None
    return [text(name, each) for each in several]


def on_what(name: str, value: Any) -> On:
    """An argument that says on what shards are computed.

    Parameters
    ----------
    name, value
        As of `file_name`.

    Raises
    ------
    InputError
        It does not, or a number in it is not what it must be; or a cluster needs a package that is not installed.
    """
    if not isinstance(value, On):
        remedy = "give e.g. spvrisk.Threads(2), spvrisk.Processes(4) or spvrisk.Cluster(address)"
        raise wrong(name, "must be Threads, Processes or Cluster", value, remedy)
    given = {field: each for field, each in value._asdict().items() if each is not None and field != "address"}
    counts: dict[str, Any] = {field: within(field, each, 1, 4096) for field, each in given.items()}
    if isinstance(value, Cluster):
        from spvrisk.runner.cluster import check_installed  # loaded here: few have one

        check_installed()
        text("address", value.address)
    return value._replace(**counts)


def check_choices(view: str, figures: Callable[..., Any], choices: Mapping[str, Any]) -> None:
    """Refuse what a view does not leave open.

    Parameters
    ----------
    view
        Its name.
    figures
        Gives its figures of a result and of its choices.
    choices
        What was given, by name.

    Raises
    ------
    InputError
        The view has no such choice.
    """
    _, *known = signature(figures).parameters
    for name, value in choices.items():
        if name not in known:
            remedy = suggestion(name, known) if known else "leave it out"
            raise wrong(name, phrase("is not a choice of the view {}", view), value, remedy)
