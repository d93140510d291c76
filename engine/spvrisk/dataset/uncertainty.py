"""Outer runs in a result file: the group ``/uncertainty``, and what is said of the inputs in ``/provenance``.

``input_value(outer, input)`` holds the draws, ``measure_value(outer, measure)`` and ``measure_error(outer, measure)``
what came of each run, ``npv_funder_quantile(outer, quantile)`` the portfolio's whole distribution and
``series_quantile(outer, series, quantile)`` that of further series, as of each project. The first files of the schema
have the portfolio's alone.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.assembly import Group
from spvrisk.dataset.layout import Variable, codes, levels
from spvrisk.dataset.variables import Attributes, unit_attributes
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import NPV

Float = NDArray[np.float64]

GROUP, OUTER = "uncertainty", "outer"

CURVE = tuple(
    "0.005 0.01 0.02 0.03 0.05 0.075 0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.45 0.5 0.55 0.6 0.65 0.7 0.75 0.8 0.85 0.9 0.925 "
    "0.95 0.97 0.98 0.99 0.995".split()
)
"""Probabilities of the quantiles by which the distribution of each outer run is kept, beside the study's own."""

_CURVE, _CURVES = f"{NPV}_quantile", "series_quantile"


class UncertainInput(NamedTuple):
    """What is said of an uncertain input.

    Attributes
    ----------
    name
        Unique in the study.
    title
        By language.
    law
        As YAML on a line.
    moves
        Changes of the study as ``path=value``, with ``x`` where the draw belongs.
    source, confidence
        What the law rests on; empty where nothing was said.
    """

    name: str
    title: Mapping[str, str]
    law: str
    moves: tuple[str, ...]
    source: str
    confidence: str


class UncertaintyTable(NamedTuple):
    """What came of outer runs.

    Attributes
    ----------
    inputs
        Uncertain inputs.
    correlation
        Of their normal scores, by name and name.
    jobs
        What was run, by `Job.id`.
    inner
        Paths of each run.
    measures
        As the grammar writes them.
    drawn
        Values of the inputs, ``(outer, input)``.
    values, errors
        Measures of each run and their Monte Carlo standard errors, ``(outer, measure)``; NaN where undefined.
    quantiles
        Probabilities of `curves`, decimal strings.
    series
        Of which there are curves, as the grammar writes them: ``npv_funder``, then others such as ``smr/npv_funder``.
    curves
        Quantiles of these in each run, ``(outer, series, quantile)``, of money in its currency.
    """

    inputs: tuple[UncertainInput, ...]
    correlation: Mapping[str, Mapping[str, float]]
    jobs: tuple[str, ...]
    inner: int
    measures: tuple[str, ...]
    drawn: Float
    values: Float
    errors: Float
    quantiles: tuple[str, ...]
    series: tuple[str, ...]
    curves: Float

    @property
    def outer(self) -> int:
        """Number of runs."""
        return len(self.jobs)

    def curve(self, series: str = NPV) -> Float:
        """Give the quantiles of a series in each run.

        Parameters
        ----------
        series
            One of `series`.

        Returns
        -------
        ndarray
            ``(outer, quantile)`` float64, of money in its currency.
        """
        return self.curves[:, self.series.index(series)]


def uncertainty_variables(table: UncertaintyTable | None, labels: Labels) -> list[Variable]:
    """Give the variables of ``/uncertainty``; none of a result without outer runs.

    Parameters
    ----------
    table, labels
        Of the result.
    """
    if table is None:
        return []
    numbers = np.arange(table.outer, dtype="<i4")
    about = {
        "input_value": ("value drawn for an uncertain input", "input", table.drawn),
        "measure_value": ("measure of an outer run, of money in its currency", "measure", table.values),
        "measure_error": ("Monte Carlo standard error of the measure", "measure", table.errors),
    }
    meaning = "quantile of the portfolio's net present value to the funder"
    money = {"long_name": meaning, **unit_attributes("money", labels)}
    return [
        Variable(GROUP, OUTER, (OUTER,), {"long_name": "run at drawn values of the uncertain inputs"}, numbers),
        codes(GROUP, "input", [each.name for each in table.inputs], "uncertain input"),
        codes(GROUP, "measure", table.measures, "measure of a run"),
        levels(GROUP, "quantile", table.quantiles, "quantile"),
        *(
            Variable(GROUP, name, (OUTER, dim), {"long_name": meaning}, data)
            for name, (meaning, dim, data) in about.items()
        ),
        Variable(GROUP, _CURVE, (OUTER, "quantile"), money, table.curve()),
        *_further_curves(table),
    ]


def _further_curves(table: UncertaintyTable) -> list[Variable]:
    """Curves of other series than the portfolio's value; the first files of the schema have none."""
    further = table.series[1:]
    if not further:
        return []
    about: Attributes = {"long_name": "quantile of a series, of money in its currency"}
    return [
        codes(GROUP, "series", further, "quantity of a project or of the whole"),
        Variable(GROUP, _CURVES, (OUTER, "series", "quantile"), about, table.curves[:, 1:]),
    ]


def uncertainty_text(table: UncertaintyTable | None) -> dict[str, str]:
    """Give what is said of the outer runs in ``/provenance``, as JSON by name; nothing where there are none.

    Parameters
    ----------
    table
        Of the result.
    """
    if table is None:
        return {}
    said = {
        "inputs": [each._asdict() for each in table.inputs],
        "correlation": table.correlation,
        "jobs": table.jobs,
        "inner": table.inner,
        "measures": table.measures,
        "series": table.series[1:],
    }
    return {f"{GROUP}_json": json.dumps(said, ensure_ascii=False)}


def uncertainty_of(group: Group | None, said: Any) -> UncertaintyTable | None:
    """Put the variables of ``/uncertainty`` back into a table; None where the file has no such group.

    Parameters
    ----------
    group
        The group, if the file has it.
    said
        What is said of the runs in ``/provenance``: it may come from anybody.

    Raises
    ------
    KeyError
        A variable, or a part of what is said, is missing.
    TypeError, ValueError
        They do not belong together.
    """
    if group is None:
        return None
    inputs = tuple(map(_input_of, said["inputs"]))
    correlation = {str(a): {str(b): float(rho) for b, rho in row.items()} for a, row in said["correlation"].items()}
    jobs, measures = tuple(map(str, said["jobs"])), tuple(map(str, said["measures"]))
    names = ("input_value", "measure_value", "measure_error")
    drawn, values, errors = (np.asarray(group.values[name], np.float64) for name in names)
    quantiles, series = group.decimals["quantile"], (NPV, *map(str, said.get("series", ())))
    curves = np.asarray(group.values[_CURVE], np.float64)[:, None]
    if series[1:]:
        curves = np.concatenate([curves, np.asarray(group.values[_CURVES], np.float64)], axis=1)
    n, inner = len(jobs), int(said["inner"])
    shapes, by_measure = [each.shape for each in (drawn, values, errors, curves)], (n, len(measures))
    if inner < 1 or shapes != [(n, len(inputs)), by_measure, by_measure, (n, len(series), len(quantiles))]:
        raise ValueError("its outer runs are not those that it tells of")
    return UncertaintyTable(
        inputs, correlation, jobs, inner, measures, drawn, values, errors, quantiles, series, curves
    )


def _input_of(said: Any) -> UncertainInput:
    texts = (str(said[key]) for key in ("law", "source", "confidence"))
    law, source, confidence = texts
    title = {str(language): str(text) for language, text in said["title"].items()}
    return UncertainInput(str(said["name"]), title, law, tuple(map(str, said["moves"])), source, confidence)
