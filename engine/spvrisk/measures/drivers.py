"""What is decomposed to find the drivers of a measure: a number of each path, whose variance inputs share among them.

Of a mean, a standard deviation or a skewness it is the quantity itself; of a probability the indicator of what is
asked; of a quantile, a value at risk or an expected shortfall the indicator of the tail that it begins (target
sensitivity: which input decides whether a path is one of the worst).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem, argument
from spvrisk.measures.named import Measure
from spvrisk.measures.sample import Float

_ITSELF = ("mean", "sd", "skewness")
_TAILS = ("quantile", "var", "es")


class Decomposed(NamedTuple):
    """What is decomposed.

    Attributes
    ----------
    measure
        Whose drivers are sought.
    threshold
        Where its tail begins, in the quantity's unit; NaN of what is none.
    of
        From the quantity's values, ``(path,)``, to what is decomposed, ``(path,)``.
    """

    measure: Measure
    threshold: float
    of: Callable[[Float], Float]


def decomposed(measure: Measure, values: Float) -> Decomposed:
    """Say what is decomposed, a tail's beginning being that of a run.

    Parameters
    ----------
    measure
        Of one quantity.
    values
        The quantity on the run's paths, ``(path,)``.

    Raises
    ------
    InputError
        It is part of another measure, or the quantity is undefined on some paths, or infinite where its size matters.
    """
    name, at = measure.statistic.name, measure.code
    if measure.statistic.applies == "parts":
        raise _refused(measure, "must be of one quantity", "write es, var, mean, sd, quantile or a probability")
    if np.isnan(values).any():
        raise _refused(measure, "must be of a quantity that all paths have", "write one such as npv_funder or cost")
    if name in _ITSELF:
        if np.isinf(values).any():
            remedy = phrase("ask for {}:p_finite, or for a quantile", measure.text.partition(":")[0])
            raise _refused(measure, "must be finite on all paths", remedy)
        return Decomposed(measure, np.nan, lambda y: y)
    if name in _TAILS:
        return _tail(measure, values, at)
    return Decomposed(measure, np.nan, lambda y: _shares(measure, y))


def _tail(measure: Measure, values: Float, at: str) -> Decomposed:
    """The indicator of a tail: of losses the low end of values, of a quantile its nearer end."""
    level = float(at)
    low = measure.statistic.name != "quantile" or level < 0.5
    rank = 1.0 - level if measure.statistic.name != "quantile" else level
    q = float(np.quantile(values, rank, method="inverted_cdf" if low else "higher"))
    return Decomposed(measure, q, lambda y: ((y <= q) if low else (y >= q)).astype(np.float64))


def _shares(measure: Measure, y: Float) -> Float:
    """The indicator whose mean a probability is."""
    tests: dict[str, Callable[[Float], np.ndarray]] = {
        "p_below": lambda v: v < float(measure.code),
        "p_above": lambda v: v > float(measure.code),
        "p_finite": np.isfinite,
        "p_loss": lambda v: v < 0.0,
        "share": lambda v: v == float(measure.code),
    }
    return tests[measure.statistic.name](y).astype(np.float64)


def _refused(measure: Measure, rule: str, remedy: str) -> InputError:
    return InputError(Problem(argument("of"), "", rule, measure.text, remedy))
