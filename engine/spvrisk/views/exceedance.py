"""What is exceeded with a probability, and the mean beyond it."""

from collections.abc import Iterator

from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.dataset.variables import quantity_of
from spvrisk.experiments.exceeded import Curve
from spvrisk.experiments.values import Series
from spvrisk.measures.exceedance import Point
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Range, Row, defined, said
from spvrisk.views.words import money_name, percent

OUTCOMES = "A path is one outcome of the whole deal: 1 in 100 is of a hundred outcomes, not of a hundred years."
"""What a return period is of."""


def exceedance(found: Curve) -> Figures:
    """Give the curve as a table, a row for each probability.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.exceeded.curve`.
    """
    unit, what = money_of(found.result, found.series), "loss" if found.of_loss else "value"
    heads = (Column("probability"), Column(f"{what} exceeded"), Column("95 % interval"), Column("mean beyond"))
    rows = tuple(Row(f"1 in {point.one_in:.4g}", _cells(point)) for point in found.points)
    of = " of ".join(reversed(found.series))
    minus = " (minus net present value)" if found.of_loss else ""
    measured = unit_of(found.result, found.series)
    title = f"{what.capitalize()} exceeded, {of}{minus}" + (f", {measured}" if measured else "")
    return Figures(title, heads, rows, tuple(_notes(found)), unit=unit)


def money_of(result: Result, series: Series) -> str:
    """Unit of money of a series; empty where it is no money.

    Parameters
    ----------
    result, series
        The result; unit and quantity.
    """
    labels, (_, quantity) = result.labels, series
    if quantity_of(*series, labels).kind != "money":
        return ""
    return money_name(labels, labels.local_currency if quantity.endswith("_local") else "")


def unit_of(result: Result, series: Series) -> str:
    """What a series is measured in: money, years or months; empty of all else.

    Parameters
    ----------
    result, series
        As of `money_of`.
    """
    kind = quantity_of(*series, result.labels).kind
    return money_of(result, series) or (kind if kind in ("years", "months") else "")


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
    yield said("{:path}, seed {}. " + OUTCOMES, paths, str(found.result.attributes["seed"]))
    if found.defined < paths:
        yield said("Probabilities are of the {:path} on which it is defined.", found.defined)
    few = [point for point in found.points if point.paths < FEW_PATHS]
    if few:
        yield said(f"Fewer than {FEW_PATHS} paths lie beyond 1 in {few[0].one_in:.4g}: run more for what is rarer.")
