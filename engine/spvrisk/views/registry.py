"""Every view by name."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from spvrisk.views import (
    against,
    assumptions,
    bearers,
    bench,
    cash,
    clock,
    compare,
    confidence,
    drivers,
    exceedance,
    goal,
    info,
    loss,
    obligors,
    plan,
    precision,
    projects,
    scenarios,
    selftest,
    stress,
    summary,
    tail,
    tails,
    terms,
    trace,
    uncertainty,
    verify,
)
from spvrisk.views.figures import Figures

Kind = Literal[
    "result",
    "plan",
    "scenarios",
    "dataset",
    "goal",
    "precision",
    "trace",
    "comparison",
    "proofs",
    "bench",
    "verified",
    "curve",
    "confidence",
    "obligors",
    "cash",
    "against",
    "tail",
    "assumptions",
    "drivers",
    "redraws",
]


class View(NamedTuple):
    """A view.

    Attributes
    ----------
    of
        What its figures are of: the kind of its first argument.
    figures
        Gives them.
    """

    of: Kind
    figures: Callable[..., Figures]


VIEWS: dict[str, View] = {
    "opening": View("result", summary.opening),
    "headline": View("result", loss.headline),
    "answer": View("result", loss.answer),
    "brief": View("result", loss.brief),
    "projects": View("result", loss.each_project),
    "value": View("result", loss.value),
    "loss": View("result", loss.loss),
    "parts": View("result", tails.parts),
    "alone": View("result", tails.alone),
    "caps": View("result", projects.caps),
    "status": View("result", projects.status),
    "construction": View("result", projects.construction),
    "returns": View("result", terms.returns),
    "times": View("result", terms.times),
    "others": View("result", terms.others),
    "bearers": View("result", bearers.bearers),
    "claims": View("result", bearers.claims),
    "regimes": View("result", clock.regimes),
    "conditional": View("result", clock.conditional),
    "committee": View("result", uncertainty.committee),
    "uncertainty": View("result", uncertainty.uncertainty),
    "unknowns": View("result", uncertainty.inputs),
    "curve": View("curve", exceedance.exceedance),
    "confidence": View("confidence", confidence.completion),
    "confidence_joint": View("confidence", confidence.joint),
    "confidence_grid": View("confidence", confidence.grid),
    "confidence_frontier": View("confidence", confidence.frontier),
    "obligors": View("obligors", obligors.obligors),
    "cash": View("cash", cash.need),
    "info": View("result", info.info),
    "info_scenarios": View("dataset", info.info_of_scenarios),
    "assumptions": View("assumptions", assumptions.assumptions),
    "plan_calendar": View("plan", plan.calendar),
    "plan_decisions": View("plan", plan.decisions),
    "plan_projects": View("plan", plan.projects),
    "plan_pipelines": View("plan", plan.pipelines),
    "plan_offtakers": View("plan", plan.offtakers),
    "plan_laws": View("plan", plan.laws),
    "plan_correlations": View("plan", plan.correlations),
    "plan_size": View("plan", plan.size),
    "plan_defaults": View("plan", plan.defaults),
    "trace_opening": View("trace", trace.opening),
    "trace_happened": View("trace", trace.happened),
    "trace_projects": View("trace", trace.projects),
    "trace_slots": View("trace", trace.slots),
    "trace_flows": View("trace", trace.flows),
    "trace_factors": View("trace", trace.factors),
    "scenarios": View("scenarios", scenarios.table),
    "tornado": View("scenarios", scenarios.tornado),
    "scenarios_planned": View("scenarios", scenarios.listed),
    "stress": View("scenarios", stress.stress),
    "goal": View("goal", goal.answer),
    "goal_frontier": View("goal", goal.frontier),
    "precision": View("precision", precision.precision),
    "precision_foreseen": View("precision", precision.foreseen),
    "compare_shared": View("comparison", compare.shared),
    "compare_matrix": View("comparison", compare.matrix),
    "compare_differences": View("comparison", compare.differences),
    "against": View("against", against.against),
    "drivers": View("drivers", drivers.by_input),
    "redraws": View("redraws", drivers.by_redraw),
    "known": View("scenarios", drivers.known),
    "tail_told": View("tail", tail.told),
    "tail_marks": View("tail", tail.marks),
    "tail_parts": View("tail", tail.parts),
    "selftest": View("proofs", selftest.selftest),
    "verify": View("verified", verify.verify),
    "bench_machine": View("bench", bench.machine),
    "bench_kernel": View("bench", bench.kernel),
    "bench_threads": View("bench", bench.threads),
    "bench_once": View("bench", bench.once),
}
"""Names of views, in the order in which the commands print them."""
