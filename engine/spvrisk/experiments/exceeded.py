"""What a quantity of a result exceeds, by probability."""

from typing import NamedTuple

import numpy as np

from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import has_loss
from spvrisk.errors import argument
from spvrisk.experiments.values import Series, values_by_path
from spvrisk.measures.exceedance import Point, exceedance
from spvrisk.measures.named import series_named
from spvrisk.runner.execute import Announce, Progress
from spvrisk.runner.on import THREADS, On

DEFAULT_LEVELS = ("0.5", "0.2", "0.1", "0.05", "0.02", "0.01", "0.004")
"""Probabilities of a curve where none are named: as insurers and rating agencies have them, 1 in 2 to 1 in 250."""


class Curve(NamedTuple):
    """An exceedance curve of a result.

    Attributes
    ----------
    result
        The result.
    series
        Unit and quantity.
    of_loss
        Whether it is of the loss, minus the quantity, because that is a net present value.
    points
        By probability, the highest first.
    defined
        Paths on which the quantity is defined, of which the probabilities are.
    """

    result: Result
    series: Series
    of_loss: bool
    points: tuple[Point, ...]
    defined: int


def curve(
    result: Result,
    of: str,
    levels: tuple[str, ...],
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Curve:
    """Give the exceedance curve of a quantity: of a net present value that of the loss.

    Parameters
    ----------
    result
        The result.
    of
        ``npv_funder``, ``smr/cost``.
    levels
        Probabilities of exceeding, as `spvrisk.measures.named.levels_of` reads them.
    on, progress, announce
        As of `values_by_path`.

    Raises
    ------
    InputError
        There is no such quantity, or its values cannot be had.
    RunError
        As of `values_by_path`.
    """
    series = series_named(of, result.labels, argument("of"))
    values, loss = values_by_path(result, [series], on, progress, announce)[series], has_loss(series[1])
    points = exceedance(-values if loss else values, tuple(sorted(levels, key=float, reverse=True)))
    return Curve(result, series, loss, points, int(np.count_nonzero(~np.isnan(values))))
