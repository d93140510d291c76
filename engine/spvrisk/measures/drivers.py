"""What is decomposed to find the drivers of a measure: a number of each path, whose variance inputs share among them.

Of a mean, a standard deviation or a skewness it is the quantity itself; of a probability the indicator of what is
asked; of a quantile, a value at risk or an expected shortfall the indicator of the tail that it begins (target
sensitivity: which input decides whether a path is one of the worst).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem, argument
from spvrisk.measures.named import EVENTS, Measure
from spvrisk.measures.order import percentiles
from spvrisk.measures.sample import Float

_ITSELF = ("mean", "sd", "skewness")
_TAILS = ("quantile", "var", "es")

_MOST_ALIKE = 1.5
"""How many times its level a tail may hold: where many paths have one value it would be nearly all of them."""


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
    name = measure.statistic.name
    if measure.statistic.applies == "parts":
        raise _refused(measure, "must be of one quantity", "write es, var, mean, sd, quantile or a probability")
    if np.isnan(values).any():
        raise _refused(measure, "must be of a quantity that all paths have", "write one such as npv_funder or cost")
    if name in _ITSELF:
        if np.isinf(values).any():
            remedy = phrase("ask for {}:p_finite, or for a quantile", measure.text.partition(":")[0])
            raise _refused(measure, "must be finite on all paths", remedy)
        return _varying(Decomposed(measure, np.nan, lambda y: y), values)
    if name in _TAILS:
        return _varying(_tail(measure, values), values)
    return _varying(Decomposed(measure, np.nan, lambda y: EVENTS[name](y, measure.code).astype(np.float64)), values)


def _varying(found: Decomposed, values: Float) -> Decomposed:
    """Refuse what is the same on all paths."""
    of = found.of(values)
    if of.size > 1 and (of == of[0]).all():
        raise _refused(found.measure, "is the same on all paths: nothing drives it", "ask for another measure")
    return found


def _tail(measure: Measure, values: Float) -> Decomposed:
    """The indicator of a tail: of losses the low end of values, of a quantile its nearer end."""
    of_losses, level = measure.statistic.name != "quantile", Decimal(measure.at)
    low = of_losses or level < Decimal("0.5")
    sign, share = (1.0 if low else -1.0), level if low and not of_losses else 1 - level
    (found,) = percentiles(sign * values, (str(share),))
    within = float(np.mean(sign * values <= found.value))
    if values.size > 1 and within > _MOST_ALIKE * max(float(share), 1.0 / values.size):
        rule = phrase("must begin a tail, but {:.3g} % of the paths have its first value or worse", 100.0 * within)
        raise _refused(measure, rule, "ask for a probability such as p_loss, or for another level")
    return Decomposed(measure, sign * found.value, lambda y: (sign * y <= found.value).astype(np.float64))


def _refused(measure: Measure, rule: str, remedy: str) -> InputError:
    return InputError(Problem(argument("of"), "", rule, measure.text, remedy))
