"""Names of what is kept by path: quantities and inputs, as ``output.paths`` has them."""

from collections.abc import Sequence

from spvrisk.errors import InputError, Problem, suggestion
from spvrisk.plan.inputs import telling
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import UNIT, existing

_INPUT = "inputs."
"""Before the name of an input."""


def default_paths(labels: Labels) -> tuple[str, ...]:
    """Names of what a file holds by path where the config does not say.

    Parameters
    ----------
    labels
        Of the study's plan.
    """
    name = {"units": "{}", "portfolio": "portfolio.{}"}
    of_units = (name[output.kept].format(output.name) for output in existing(UNIT, labels.features) if output.kept)
    inputs = telling({name: len(labels.columns(name)) for name in labels.inputs})
    return (*of_units, *labels.scheme, *(_INPUT + name for name in inputs))


def check_paths(names: Sequence[str], labels: Labels) -> None:
    """Refuse names that are nothing that can be kept by path.

    That is a quantity, ``portfolio.<quantity>``, one of the scheme's, or ``inputs.<input>``.

    Parameters
    ----------
    names, labels
        As ``output.paths`` has them; labels of the study's plan.

    Raises
    ------
    InputError
        With the nearest known name.
    """
    quantities, inputs = labels.quantities, (_INPUT + name for name in labels.inputs)
    known = (*quantities, *(f"portfolio.{name}" for name in quantities), *labels.scheme, *inputs)
    problems = []
    for i, name in enumerate(names):
        if name not in known:
            rule = "must be the name of a path quantity"
            problems.append(Problem("", f"output.paths.{i}", rule, name, suggestion(name, known)))
    if problems:
        raise InputError(problems)


def quantities_among(names: Sequence[str]) -> tuple[str, ...]:
    """Give the quantities, each once.

    Parameters
    ----------
    names
        As `check_paths` allows.
    """
    return tuple(name for name in dict.fromkeys(names) if not name.startswith(_INPUT))


def inputs_among(names: Sequence[str]) -> tuple[str, ...]:
    """Give the inputs, each once, by their own names.

    Parameters
    ----------
    names
        As `check_paths` allows.
    """
    return tuple(name.removeprefix(_INPUT) for name in dict.fromkeys(names) if name.startswith(_INPUT))
