"""A plan taken apart: plans that the same machine code runs, which lack one stage after the other.

What a stage costs is the difference between two of them, run in turn. Only switches of the plan are set, so that
nothing of the kernel is compiled for it, and never so that what is left refers to what is gone.
"""

from collections.abc import Mapping

import numpy as np

from spvrisk.plan.arrays import Plan, Records

SELECTION, CLOCK, FACTORS, PROJECTS, STACK, POOL = STAGES = (
    "selection",
    "clock",
    "factors",
    "projects",
    "stack",
    "pool",
)
"""Stages that can be told apart, in the order in which plans gain them.

Selection is all that is drawn once a path of each project, its notice and its funding, with the quantities and rates of
return of nothing; the clock regimes and events; the projects their steps; the stack the funder's lenders; the pool
what projects that share cash are run twice for.
"""

WHOLE = "whole"
"""Name of all stages together."""


def parts(plan: Plan) -> dict[str, Plan]:
    """Give plans that have the stages up to one of them, by the name of that one; the last is the plan itself.

    Parameters
    ----------
    plan
        Of a study; stages that it does not have are left out.
    """
    cut = {}
    whole = plan
    if plan.study["coupled"][0]:
        cut[POOL], plan = plan, without_pool(plan)
    if plan.study["stack"][0]:
        cut[STACK], plan = plan, without_stack(plan)
    cut[PROJECTS], plan = plan, without_projects(plan)
    if plan.factors.size:
        cut[FACTORS], plan = plan, without_factors(plan)
    if plan.regimes.size or plan.events.size:
        cut[CLOCK], plan = plan, without_clock(plan)
    cut[SELECTION] = plan
    assert next(iter(cut.values())) is whole
    return dict(reversed(cut.items()))


def without_pool(plan: Plan) -> Plan:
    """Let each project keep its own cash."""
    return plan._replace(study=_set(plan.study, coupled=0, pooled=0, catch_share=0.0))


def without_stack(plan: Plan) -> Plan:
    """Let nobody lend to the funder."""
    return plan._replace(study=_set(plan.study, stack=0, insured=0))


def without_projects(plan: Plan) -> Plan:
    """Build nothing: what is funded never starts."""
    plan = without_stack(without_pool(plan))
    return plan._replace(projects=_set(plan.projects, planned_start=np.inf))


def without_factors(plan: Plan) -> Plan:
    """Leave the factors out of a plan that builds nothing, so that none of them is asked for."""
    study = _set(plan.study, fx_factor=-1, tail_nu=0.0)
    return plan._replace(study=study, factors=plan.factors[:0], rows=plan.rows[:0], jumps=plan.jumps[:0])


def without_clock(plan: Plan) -> Plan:
    """Leave regimes and events out of a plan without factors: all is funded, and nothing reads a state."""
    nothing = plan.constants.size
    study = _set(plan.study, decision_first=-1, n_products=0, step_means=0, relief=nothing)
    constants = np.append(plan.constants, 0.0)
    regimes, states, events = plan.regimes[:0], plan.states[:0], plan.events[:0]
    return plan._replace(study=study, constants=constants, regimes=regimes, states=states, events=events)


def by_difference(costs: Mapping[str, float]) -> dict[str, float]:
    """Give what each stage costs, and all of them as `WHOLE`.

    Parameters
    ----------
    costs
        Of plans as from `parts`, in any unit.

    Examples
    --------
    >>> by_difference({"selection": 1.0, "projects": 1.5})
    {'selection': 1.0, 'projects': 0.5, 'whole': 1.5}
    """
    found, before = {}, 0.0
    for name, cost in costs.items():
        found[name], before = cost - before, cost
    return {**found, WHOLE: before}


def _set(records: Records, **values: float) -> Records:
    """Records with other values of some fields."""
    changed = records.copy()
    for name, value in values.items():
        changed[name] = value
    return changed
