"""Comparison of results: which share their draws, how their figures differ, and how their studies."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem
from spvrisk.measures.compare import Difference, Figure, difference, mean, quantile, share_finite, shortfall

Float = NDArray[np.float64]


class Measure(NamedTuple):
    """A figure by which results are compared.

    Attributes
    ----------
    key
        Name for programs.
    title
        Name for people.
    variable
        Variable of ``/paths``.
    of
        From values ``(path,)`` to the figure.
    money
        Whether it is money of the study.
    """

    key: str
    title: str
    variable: str
    of: Callable[[Float], Figure]
    money: bool = True


class Compared(NamedTuple):
    """One result beside the first."""

    result: Result
    paired: bool
    unpaired_because: str
    """Empty if it is paired."""
    figures: dict[str, Figure]
    differences: dict[str, Difference]
    """Of what both results hold; empty for the first."""
    changes: list[tuple[str, Any, Any]]
    """``(path, first, this)`` of the resolved studies; empty for the first."""


class Comparison(NamedTuple):
    """Results beside the first of them."""

    measures: list[Measure]
    results: list[Compared]


def _measures(result: Result) -> list[Measure]:
    """All measures that a result may be asked for."""
    summary = result.summary
    npv = "portfolio_npv_funder"
    out = [Measure("npv_funder", "funder's NPV", npv, mean)]
    for level in summary.levels:
        title = f"shortfall {float(level):.0%}"
        out.append(Measure(f"expected_shortfall_{level}", title, npv, partial(shortfall, level=level)))
    for level in summary.quantiles:
        title = f"quantile {float(level):.3g}"
        out.append(Measure(f"quantile_{level}", title, npv, partial(quantile, level=level)))
    return [
        *out,
        Measure("insurer_claims", "insurer's claims", "portfolio_insurer_claims", mean),
        Measure("insurer_net", "insurer's net", "portfolio_insurer_net", mean),
        Measure("pv_host", "host's PV", "portfolio_pv_host", mean),
        Measure("p_whole", "P(whole)", "portfolio_whole_years", share_finite, money=False),
        Measure("scheme_value", "scheme value", "scheme_value", mean),
    ]


def compared(results: Sequence[Result]) -> Comparison:
    """Set results beside the first.

    Raises
    ------
    InputError
        They are not in the same money.
    """
    base = results[0]
    for result in results[1:]:
        _check_money(base, result)
    measures = _measures(base)
    first = _figures(base, measures)
    rows = [Compared(base, True, "", first, {}, [])]
    for result in results[1:]:
        reason = _unpaired(base, result)
        figures = _figures(result, measures)
        differences = {
            key: difference(figure, first[key], not reason) for key, figure in figures.items() if key in first
        }
        changes = _changes(base.provenance["config"], result.provenance["config"])
        rows.append(Compared(result, not reason, reason, figures, differences, changes))
    kept = [measure for measure in measures if any(measure.key in row.figures for row in rows)]
    return Comparison(kept, rows)


def _check_money(base: Result, result: Result) -> None:
    for key in ("currency", "money_unit"):
        found, wanted = getattr(result.labels, key), getattr(base.labels, key)
        if found != wanted:
            rule = f"must have the {key} of {base.path} ({wanted})"
            raise InputError(Problem(str(result.path), "", rule, str(found), "run both studies in the same money"))


def _unpaired(base: Result, result: Result) -> str:
    """Why two results do not share their draws; empty if they do."""
    for key, name in (("seed", "seed"), ("paths", "number of paths"), ("numbers_version", "numbers version")):
        if str(base.attributes[key]) != str(result.attributes[key]):
            return f"another {name}"
    return ""


def _figures(result: Result, measures: Sequence[Measure]) -> dict[str, Figure]:
    """Figures of what a result holds by path; what is undefined on every path is left out."""
    out: dict[str, Figure] = {}
    values: dict[str, Float] = {}
    for measure in measures:
        if measure.variable not in result.path_names:
            continue
        if measure.variable not in values:
            values[measure.variable] = result.paths(measure.variable).astype(np.float64)
        figure = measure.of(values[measure.variable])
        if not np.isnan(figure.value):
            out[measure.key] = figure
    return out


def _changes(base: Any, other: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Paths at which two resolved studies differ, with both values; titles and sizes of runs are no difference."""
    if isinstance(base, dict) and isinstance(other, dict):
        out = []
        for key in dict.fromkeys([*base, *other]):
            here = f"{path}.{key}".lstrip(".")
            if here in ("study.title", "run", "output"):
                continue
            out += _changes(base.get(key), other.get(key), here)
        return out
    return [] if base == other else [(path, base, other)]
