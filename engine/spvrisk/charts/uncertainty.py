"""What is not known of a quantity: its exceedance curve over the uncertain inputs, as bands, beside the study's own."""

from decimal import Decimal
from math import isnan
from typing import NamedTuple

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.charts.chart import Axis, Band, Chart, Line, Mark, Panel, Points
from spvrisk.charts.exceedance import return_periods
from spvrisk.charts.words import axis_of, figure_of, seed_of, unit_of
from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.dataset.uncertainty import UncertaintyTable
from spvrisk.dataset.variables import has_loss
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.measures.intervals import error_of_interval
from spvrisk.measures.named import series_named
from spvrisk.measures.order import quantile_with_interval
from spvrisk.plan.outputs import NPV, WHOLE
from spvrisk.views.figures import Cell, Note, said
from spvrisk.views.words import study_named

_BANDS = (0.9, 0.5)
"""Probabilities of lying in the bands."""

_TITLED = 20.0
"""Return period that the title tells of, or the nearest one."""


class _Curves(NamedTuple):
    """What is exceeded in each outer run.

    Attributes
    ----------
    result, series
        The result, and unit and quantity.
    of_loss
        Whether it is the loss, minus the quantity, because that is a net present value.
    levels
        Probabilities of the quantity's quantiles, decimal strings.
    one_in
        Return periods.
    exceeded
        ``(outer, level)``.
    """

    result: Result
    series: tuple[str, str]
    of_loss: bool
    levels: tuple[str, ...]
    one_in: tuple[float, ...]
    exceeded: np.ndarray


def uncertainty(result: Result, of: str = NPV) -> Chart:
    """Show what is exceeded how rarely, over the uncertain inputs; of a net present value the loss.

    Parameters
    ----------
    result
        The result.
    of
        A quantity of which its outer runs have curves: ``npv_funder``, ``smr/npv_funder``, ``pv_host``.

    Raises
    ------
    InputError
        It has no outer runs, or these no curves of the quantity.
    """
    table = result.uncertainty
    if table is None:
        rule = phrase("has no outer runs, which tell of what is not known")
        remedy = phrase("write what is uncertain and run.uncertainty into the study, and run it again")
        raise InputError(Problem(result.place, "", rule, "", remedy))
    found = _curves(result, table, of)
    marks: tuple[Mark, ...] = (*(_band(found, within) for within in _BANDS), _middle(found), _own(found))
    text = "Bands are over {:d} draws of {:d} uncertain inputs, and hold the Monte Carlo error of {:,} paths each."
    notes = (said(text, table.outer, len(table.inputs), table.inner),)
    panel = Panel(return_periods((2.0, max(found.one_in))), _axis(found), marks)
    named, seed = study_named(result.labels), seed_of(result)
    return Chart("uncertainty", _title(found), named, (panel,), result.n_paths, seed, notes)


def _curves(result: Result, table: UncertaintyTable, of: str) -> _Curves:
    labels = result.labels
    series = series_named(of, labels, argument("of"))
    name = next((each for each in table.series if series_named(each, labels, result.place) == series), None)
    if name is None:
        rule = phrase("must be a quantity of which the outer runs have curves")
        raise InputError(Problem(argument("of"), "", rule, of, suggestion(of, table.series)))
    of_loss = has_loss(series[1])
    beyond = [Decimal(q) if of_loss else 1 - Decimal(q) for q in table.quantiles]
    told = [k for k, p in enumerate(beyond) if FEW_PATHS / table.inner <= p <= Decimal("0.5")]
    told.sort(key=lambda k: -beyond[k])
    levels, one_in = tuple(table.quantiles[k] for k in told), tuple(float(1 / beyond[k]) for k in told)
    sign = -1.0 if of_loss else 1.0
    return _Curves(result, series, of_loss, levels, one_in, sign * table.curve(name)[:, told])


def _axis(found: _Curves) -> Axis:
    own = axis_of(found.result.labels, found.series)
    return own._replace(label=said("loss exceeded: minus {}", own.label)) if found.of_loss else own


def _band(found: _Curves, within: float) -> Band:
    low, high = np.quantile(found.exceeded, [0.5 - within / 2.0, 0.5 + within / 2.0], axis=0)
    name = said("{:g %} of draws", 100.0 * within)
    return Band(name, found.one_in, tuple(low.tolist()), tuple(high.tolist()), within)


def _middle(found: _Curves) -> Line:
    return Line(Note("median of draws"), found.one_in, tuple(np.median(found.exceeded, axis=0).tolist()))


def _own(found: _Curves) -> Points:
    """What the study's own run has of the curve."""
    summary, s = found.result.summary, found.result.labels.series.index(found.series)
    both = [(x, q) for x, q in zip(found.one_in, found.levels, strict=True) if q in summary.quantiles]
    y = (float(summary.quantile[s, summary.quantiles.index(q)]) for _, q in both)
    return Points(
        Note("at the study's own values"),
        tuple(x for x, _ in both),
        tuple(-each if found.of_loss else each for each in y),
    )


def _title(found: _Curves) -> Note:
    """The answer: the ends of the wide band, each with its error over the draws."""
    labels = found.result.labels
    k = min(range(len(found.one_in)), key=lambda k: abs(found.one_in[k] - _TITLED))
    low, high = (_end(found, k, level) for level in ("0.05", "0.95"))
    one_in, unit = found.one_in[k], unit_of(labels, found.series)
    if found.series == WHOLE:
        text = "1 in {:g} outcomes costs the funder more than between {} and {} {}, over what is not known"
        return said(text, one_in, low, high, unit)
    what = said("loss: minus {}", axis_of(labels, found.series).label) if found.of_loss else _axis(found).label
    text = "{}: 1 in {:g} outcomes has more than between {} and {} {}, over what is not known"
    return said(text, what, one_in, low, high, unit)


def _end(found: _Curves, k: int, level: str) -> Cell:
    """An end of the band; where draws are too few for one side of its interval, the other tells its error."""
    values = found.exceeded[:, k]
    _, low, high = quantile_with_interval(np.sort(values), level)
    end = float(np.quantile(values, float(level)))
    low, high = (2.0 * end - high if isnan(low) else low), (2.0 * end - low if isnan(high) else high)
    return figure_of(found.result.labels, found.series, end, error_of_interval(low, high))
