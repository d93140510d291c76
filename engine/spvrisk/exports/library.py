"""Libraries that only exports need, loaded when they are needed."""

from importlib import import_module
from typing import Any

from spvrisk.errors import InputError, Problem, argument


def library(name: str, distribution: str, suffix: str) -> Any:
    """Import a library, or say how to come by it.

    Parameters
    ----------
    name
        Of the module.
    distribution
        What pip calls it.
    suffix
        Of the files that need it, such as ``.xlsx``.

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        remedy = f"install it: python -m pip install {distribution}"
        raise InputError(
            Problem(argument("out"), "", f"{suffix} needs the package {distribution}", "", remedy)
        ) from error
