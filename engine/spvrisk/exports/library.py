"""Libraries that only exports need, loaded when they are needed."""

from importlib import import_module
from typing import Any

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem, argument

_DISTRIBUTIONS = {".parquet": "pyarrow", ".xlsx": "XlsxWriter"}
"""What pip calls the package that files of a suffix need; the module has that name in small letters."""


def library(suffix: str, part: str = "", named: str = "out") -> Any:
    """Import what files of a suffix need, or say how to come by it.

    Parameters
    ----------
    suffix
        Such as ``.xlsx``.
    part
        A module of the package, such as ``.parquet``.
    named
        Argument that names the file, for messages.

    Raises
    ------
    InputError
        It is not installed.
    """
    distribution = _DISTRIBUTIONS[suffix]
    try:
        return import_module(f"{distribution.lower()}{part}")
    except ImportError as error:
        remedy = phrase("install it: python -m pip install {}", distribution)
        rule = phrase("{} needs the package {}", suffix, distribution)
        raise InputError(Problem(argument(named), "", rule, "", remedy)) from error


def check_library(suffix: str, named: str) -> None:
    """Refuse a suffix whose package is not installed, before anything is computed for such a file.

    Parameters
    ----------
    suffix, named
        As of `library`; a suffix that needs no package is allowed.

    Raises
    ------
    InputError
        It is not installed.
    """
    if suffix in _DISTRIBUTIONS:
        library(suffix, named=named)
