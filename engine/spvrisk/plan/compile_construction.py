"""Construction of a project -> fields of its record (section 6 of the model page)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import betainc

from spvrisk.catalogue import phrase
from spvrisk.config.study import Study
from spvrisk.config.study.construction import Construction, FundingCap, Review, SpendCurve, Subscription
from spvrisk.config.study.projects import ProjectTemplate
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import Floats
from spvrisk.plan.calendar import time_of
from spvrisk.plan.compile_factors import Compiled
from spvrisk.plan.compile_selection import review_steps
from spvrisk.plan.correlation import score_correlation
from spvrisk.plan.cubics import UnfitError
from spvrisk.plan.laws import distribution
from spvrisk.plan.tables import Offset, TableBook, spend_curve_table
from spvrisk.plan.tools import Tools

# what a project without such a clause has in its place
_HALF = np.array([0.5])

NO_CAP = FundingCap.model_construct(multiple=math.inf, above="share", funder_share=1.0, ceiling=None)
NO_REVIEW = Review.model_construct(threshold=None, reveal=0.0, dates=None)
NO_SUBSCRIPTION = Subscription.model_construct(share=None, required=-1.0, correlation=0.0)


def compile_construction(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    """Fields on cost and time, and on who pays above the budget and what ends the work early.

    Parameters
    ----------
    path
        Of the project in the study.
    project
        The project, or a pipeline's template.
    tools
        What the study's projects share.
    """
    c, constants, grid = project.construction, tools.constants, tools.grid
    loading, phases, index = _loading(project), _phases(project), _composite(project, tools.factors, grid.steps)
    ref, planned = c.equipment_tariff, c.planned_start
    return {
        **tools.laws(c, path),
        "planned_delay": planned_delay(c, tools),
        "planned_start": time_of(grid, tools.study.study.value_date, planned) if planned else -np.inf,
        "loading_all": loading[0],
        "loading_class": loading[1],
        "loading_own": loading[2],
        "cost_delay": _cost_delay(project),
        "inflation_share": c.inflation_share,
        "budget": project.budget,
        "duration": c.longest_years,
        "phases": constants.add(phases),
        "n_phases": len(phases),
        "spend_curve": _spend_curve(tools.book, c.spend_curve, f"{path}.spend_curve"),
        "cost_basket": tools.baskets.add(c.indices),
        "expected_index": constants.add(index) if c.budget_basis == "nominal" else -1,
        "tariff_attribute": -1 if ref is None else tools.attributes.index((ref.regime, ref.attribute)),
        "imported_share": c.imported_share,
        "tariff_start": _tariff_start(tools.study, project),
        **_ends(path, c, tools),
    }


def planned_delay(c: Construction, tools: Tools) -> float:
    """Years after funding at which the plan has the works begin: as the study says, else the delay to be expected.

    Parameters
    ----------
    c
        Construction of a project.
    tools
        What the study's projects share.
    """
    law = c.start_delay
    if c.planned_start_delay_years is not None:
        return c.planned_start_delay_years
    if law is None:
        return 0.0
    low, high = law.interval
    found = law.parameters["mode"] if "mode" in law.parameters else distribution(law).quantile(_HALF, _HALF)[0]
    return float(min(max(found, low), high))


def _ends(path: str, c: Construction, tools: Tools) -> dict[str, Any]:
    """Who pays above the budget, and what ends the work early."""
    cap, review, subscription = c.funding_cap or NO_CAP, c.review or NO_REVIEW, c.subscription or NO_SUBSCRIPTION
    by = c.subscription.by if c.subscription else None
    steps = review_steps(tools.study, tools.grid, review.dates, by) if c.review else None
    return {
        "cap": cap.multiple,
        "cap_share": 1.0 if cap.funder_share is None else cap.funder_share,
        "cap_ceiling": np.inf if cap.ceiling is None else cap.ceiling,
        "cap_stops": int(cap.above == "stop"),
        "reviews": -1 if steps is None else tools.constants.add(steps),
        "threshold_law": tools.law(review.threshold, f"{path}.review.threshold"),
        "reveal": review.reveal,
        "subscription_law": tools.law(subscription.share, f"{path}.subscription.share"),
        "subscription_rho": subscription.correlation,
        "required": subscription.required,
        "termination_fee": c.termination_fee,
    }


def _spend_curve(book: TableBook, curve: SpendCurve, path: str) -> Offset:
    try:
        return book.offset(spend_curve_table(book, curve.a, curve.b))
    except UnfitError as error:
        rule = phrase("must be smooth enough for a table: {}", *error.args)
        raise InputError(
            Problem("", path, rule, f"{{a: {curve.a:g}, b: {curve.b:g}}}", phrase("use e.g. {{a: 2, b: 3}}"))
        ) from None


def _loading(project: ProjectTemplate) -> list[float]:
    """Weights of the overall, the class and the own score."""
    c = project.construction.correlation
    overall, common = (score_correlation(r) if c.kind == "rank" else r for r in (c.all, c.class_))
    return [overall**0.5, max(common - overall, 0.0) ** 0.5, (1.0 - common) ** 0.5]


def _cost_delay(project: ProjectTemplate) -> float:
    c = project.construction.correlation
    return score_correlation(c.cost_delay) if c.kind == "rank" else c.cost_delay


def _phases(project: ProjectTemplate) -> list[tuple[float, float]]:
    c = project.construction
    if c.phases is None:
        return [(1.0, c.longest_years)]
    return [(phase.share, phase.planned_duration_years) for phase in c.phases]


def _composite(project: ProjectTemplate, factors: Mapping[str, Compiled], steps: int) -> Floats:
    """Expected cost index at the value date and the steps' ends ``(T + 1,)``.

    Ones where the budget rides on no index.
    """
    out = np.ones(steps + 1)
    weights = project.construction.indices
    if weights:
        out[1:] = sum(weight * factors[name].mean for name, weight in weights.items())
    return out


def _tariff_start(study: Study, project: ProjectTemplate) -> float:
    ref = project.construction.equipment_tariff
    if ref is None:
        return 0.0
    regime = study.regimes[ref.regime]
    return regime.states[regime.initial.state].attributes[ref.attribute]


def expected_costs(project: ProjectTemplate, starts: Sequence[float], tools: Tools) -> int:
    """Offset of the spend with expected indices on plans that start at given times, parts of the budget.

    A nominal budget contains it, a real one does not.

    Parameters
    ----------
    project
        The project, or a pipeline's template.
    starts
        Years from the value date.
    tools
        What the study's projects share.
    """
    c, grid = project.construction, tools.grid
    if c.budget_basis == "nominal":
        return tools.constants.add([1.0, 0.0, 1.0])
    index = _composite(project, tools.factors, grid.steps)
    progress = np.clip((grid.ends - np.array(starts)[:, None]) / c.longest_years, 0.0, 1.0)
    spent = betainc(c.spend_curve.a, c.spend_curve.b, progress)
    costs = np.sum(np.diff(spent, prepend=0.0) * index[1:], axis=1)
    return tools.constants.add([len(starts), *starts, *costs])
