"""What is exceeded with a probability, and the mean beyond it."""

from collections.abc import Iterator

from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.dataset.variables import quantity_of
from spvrisk.experiments.exceeded import Curve
from spvrisk.experiments.values import Series
from spvrisk.measures.exceedance import Point
from spvrisk.views.figures import Cell, Estimate, Figures, Note, Range, Row, defined, heads, said
from spvrisk.views.words import TIMES, measured_in, money_name, percent, quantity_named, unit_named

OUTCOMES = Note("A path is one outcome of the whole deal: 1 in 100 is of a hundred outcomes, not of a hundred years.")
"""What a return period is of."""


def exceedance(found: Curve) -> Figures:
    """Give the curve as a table, a row for each probability.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.exceeded.curve`.
    """
    of_loss, labels = found.of_loss, found.result.labels
    columns = heads("probability", "loss exceeded" if of_loss else "value exceeded", "95 % interval", "mean beyond")
    rows = tuple(Row(said("1 in {:.4g}", point.one_in), _cells(point)) for point in found.points)
    unit, quantity = found.series
    text = "Loss exceeded, {} of {} (minus net present value)" if of_loss else "Value exceeded, {} of {}"
    title = said(text, quantity_named(quantity), unit_named(labels, unit))
    measured = measured_in(found.result.labels, found.series)
    title = said("{}, {}", title, measured) if measured else title
    return Figures(title, columns, rows, tuple(_notes(found)), unit=money_of(found.result, found.series))


def money_of(result: Result, series: Series) -> str:
    """Give the money of a series for programs; empty where it is of none.

    Parameters
    ----------
    result, series
        The result; unit and quantity.
    """
    kind = quantity_of(*series, result.labels).kind
    return money_name(result.labels, _currency(result, series)) if kind == "money" else ""


def unit_of(result: Result, series: Series) -> str:
    """Give what a series is measured in, for programs: money, years or months; empty of all else.

    Parameters
    ----------
    result, series
        As of `money_of`.
    """
    kind = quantity_of(*series, result.labels).kind
    return money_of(result, series) or (kind if kind in TIMES else "")


def _currency(result: Result, series: Series) -> str:
    return result.labels.local_currency if series[1].endswith("_local") else ""


def _cells(point: Point) -> tuple[Cell, ...]:
    return (
        percent(point.probability),
        defined(point.value),
        Range(defined(point.low), defined(point.high)),
        Estimate(defined(point.beyond), defined(point.error)),
    )


def _notes(found: Curve) -> Iterator[Note]:
    """What the probabilities are of, and where paths are too few."""
    paths = found.result.n_paths
    yield said("{:path}, seed {}. {}", paths, str(found.result.attributes["seed"]), OUTCOMES)
    if found.defined < paths:
        yield said("Probabilities are of the {:path} on which it is defined.", found.defined)
    few = [point for point in found.points if point.paths < FEW_PATHS]
    if few:
        text = "Fewer than {:path} lie beyond 1 in {:.4g}: run more for what is rarer."
        yield said(text, FEW_PATHS, few[0].one_in)
