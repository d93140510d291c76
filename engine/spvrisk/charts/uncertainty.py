"""What is not known of the loss: its exceedance curve over the uncertain inputs, as bands, beside the study's own."""

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.charts.chart import Band, Chart, Line, Mark, Panel, Points
from spvrisk.charts.exceedance import return_periods
from spvrisk.charts.words import axis_of, seed_of
from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.dataset.uncertainty import UncertaintyTable
from spvrisk.errors import InputError, Problem
from spvrisk.plan.outputs import WHOLE
from spvrisk.views.figures import Note, said
from spvrisk.views.words import money_in, study_named

_BANDS = (0.9, 0.5)
"""Probabilities of lying in the bands."""


def uncertainty(result: Result) -> Chart:
    """Show what loss is exceeded how rarely, over the uncertain inputs.

    Parameters
    ----------
    result
        The result.

    Raises
    ------
    InputError
        It has no outer runs.
    """
    table = result.uncertainty
    if table is None:
        rule = phrase("has no outer runs, which tell of what is not known")
        remedy = phrase("write what is uncertain and run.uncertainty into the study, and run it again")
        raise InputError(Problem(result.place, "", rule, "", remedy))
    told = [k for k, q in enumerate(table.quantiles) if FEW_PATHS / table.inner <= float(q) <= 0.5][::-1]
    x = tuple(1.0 / float(table.quantiles[k]) for k in told)
    losses = -table.curve[:, told]
    marks: tuple[Mark, ...] = (
        *(_band(x, losses, within) for within in _BANDS),
        _middle(x, losses),
        _own(result, table, told),
    )
    own = axis_of(result.labels, WHOLE)
    axis = own._replace(label=said("loss exceeded: minus {}", own.label))
    text = "Bands are over {:d} draws of {:d} uncertain inputs, and hold the Monte Carlo error of {:,} paths each."
    notes = (said(text, table.outer, len(table.inputs), table.inner),)
    panel = Panel(return_periods((2.0, max(x))), axis, marks)
    title = _title(result, x, losses)
    return Chart("uncertainty", title, study_named(result.labels), (panel,), result.n_paths, seed_of(result), notes)


def _band(x: tuple[float, ...], losses: np.ndarray, within: float) -> Band:
    low, high = np.quantile(losses, [0.5 - within / 2.0, 0.5 + within / 2.0], axis=0)
    return Band(said("{:g %} of draws", 100.0 * within), x, tuple(low.tolist()), tuple(high.tolist()), within)


def _middle(x: tuple[float, ...], losses: np.ndarray) -> Line:
    return Line(Note("median of draws"), x, tuple(np.median(losses, axis=0).tolist()))


def _own(result: Result, table: UncertaintyTable, told: list[int]) -> Points:
    """What the study's own run has of the curve."""
    summary, s = result.summary, result.labels.series.index(WHOLE)
    both = [table.quantiles[k] for k in told if table.quantiles[k] in summary.quantiles]
    y = tuple(-float(summary.quantile[s, summary.quantiles.index(q)]) for q in both)
    return Points(Note("at the study's own values"), tuple(1.0 / float(q) for q in both), y)


def _title(result: Result, x: tuple[float, ...], losses: np.ndarray) -> Note:
    k = min(range(len(x)), key=lambda k: abs(x[k] - 20.0))
    low, high = np.quantile(losses[:, k], [0.05, 0.95])
    text = "1 in {:g} outcomes costs the funder more than between {} and {} {}, over what is not known"
    return said(text, x[k], float(low), float(high), money_in(result.labels))
