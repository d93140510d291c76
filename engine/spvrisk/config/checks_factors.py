"""Checks of factors and of their correlation against the rest of a study."""

from collections.abc import Iterator, Mapping

from spvrisk.config.base import Within, shown
from spvrisk.config.draft import Draft, Path, known, sound
from spvrisk.config.factors import Correlation, Curve, Factor, Vasicek
from spvrisk.errors import Problem


def rate_factor(at: Path, name: str, draft: Draft) -> Iterator[Problem]:
    """Problems of a factor that is named as an interest rate."""
    yield from known(at, name, draft.factors, "a factor")
    factor = draft.factors.get(name)
    if factor is None:
        return
    if factor.process.kind not in ("vasicek", "deterministic"):
        remedy = "name a factor with process vasicek or deterministic"
        yield Problem.at(at, "must be a rate", f"{name} with process {factor.process.kind}", remedy)
        return
    levels = list(_rate_levels(name, factor))
    if levels and factor.unit != "1/year":
        yield Problem.at(at, "must be a rate, in 1/year", f"{name}, in {factor.unit}", "name an interest rate")
    else:
        yield from levels


def _rate_levels(name: str, factor: Factor) -> Iterator[Problem]:
    """Levels of the reference rate: 3.65 for 0.0365 would pass as a number."""
    allowed = Within(-1, 1, per_cent_from=1)
    inside: Path = ("factors", name, "process", factor.process.kind)
    found = factor.process.parameters
    if isinstance(found, Vasicek):
        if not allowed.holds(found.start):
            yield allowed.problem((*inside, "start"), found.start)
        yield from _levels((*inside, "mean"), found.mean, allowed)
    elif factor.process.deterministic is not None:
        yield from _levels((*inside, "curve"), factor.process.deterministic.curve, allowed)


def _levels(at: Path, curve: Curve, allowed: Within) -> Iterator[Problem]:
    wrong = [value for value in curve.numbers if not allowed.holds(value)]
    if wrong:
        yield allowed.problem(at, wrong[0])


def indices(at: Path, weights: Mapping[str, float], draft: Draft) -> Iterator[Problem]:
    """Problems of factors on which a cost or a price rides."""
    for name in weights:
        yield from known((*at, name), name, draft.factors, "a factor")
        factor = draft.factors.get(name)
        if factor is None:
            continue
        if factor.process.vasicek is not None:
            remedy = "name a factor with process gbm, ou, merton or deterministic"
            yield Problem.at((*at, name), "an index must stay above 0", "a factor with process vasicek", remedy)
        elif abs(factor.process.starts_at - 1) > 1e-9:
            start = factor.process.starts_at
            remedy = f"divide {_levels_of(factor)} by {shown(start)}" if start > 0 else "let it start at 1"
            yield Problem.at((*at, name), "an index must start at 1", f"{name} with start {shown(start)}", remedy)
        elif factor.process.deterministic is not None and min(factor.process.deterministic.curve.numbers) <= 0:
            low = min(factor.process.deterministic.curve.numbers)
            yield Problem.at((*at, name), "an index must stay above 0", f"{name} with {shown(low)}", "raise its curve")


def _levels_of(factor: Factor) -> str:
    """What is to be divided for a factor to have another size."""
    own = {"ou": "start and mean", "deterministic": "curve"}.get(factor.process.kind, "start")
    bounds = [key for key in ("floor", "cap") if getattr(factor, key) is not None]
    return f"the factor's {', '.join([own, *bounds])}"


def factors(draft: Draft) -> Iterator[Problem]:
    """Problems of drifts and seasons."""
    fx = {party.fx for _, party in sound(draft.parties)}
    whole = all(party is not None for party in draft.parties.values())
    for name, factor in sound(draft.factors):
        gbm = factor.process.gbm
        if gbm is not None and gbm.drift is None and name not in fx and whole:
            remedy = "add drift: 0.02, or name the factor as a party's fx for covered parity"
            yield Problem.at(("factors", name, "process", "gbm"), "needs drift", "", remedy)
        if draft.study is not None and factor.season is not None:
            yield from _season(("factors", name, "season"), factor, draft.study.steps_per_year)


def _season(at: Path, factor: Factor, steps: int) -> Iterator[Problem]:
    season = factor.season or ()
    if len(season) != steps:
        yield Problem.at(
            at, f"needs one number for each of the {steps} steps of a year", f"{len(season)}", "list them all"
        )
        return
    mean = sum(season) / steps
    wanted = 0 if factor.process.vasicek is not None else 1
    if abs(mean - wanted) > 1e-9:
        remedy = f"divide each by {mean:.12g}" if mean > 0 else "multipliers are above 0: check the signs"
        if wanted == 0:
            remedy = f"subtract {mean:.12g} from each"
        yield Problem.at(at, f"must have mean {wanted}", shown(mean), remedy)
    if wanted == 1 and min(season) <= 0:
        yield Problem.at(at, "multipliers must be above 0", shown(min(season)), "raise it")


def correlation(draft: Draft) -> Iterator[Problem]:
    """Problems of the pairs and of the matrix that they make."""
    problems = list(_pairs(draft))
    yield from problems
    found = draft.correlation
    if found is None or not found.pairs or found.repair is not None or problems:
        return
    # loads NumPy, which most commands that read a study do without
    from spvrisk.config.definite import definite_problem

    problem = definite_problem(found.pairs, found.kind)
    if problem is not None:
        yield problem._replace(remedy=f"{problem.remedy}; or add repair: nearest, which {_repair(found)}")


def _repair(correlation: Correlation) -> str:
    from spvrisk.config.nearest import changes, told

    moved = changes(correlation.pairs, correlation.kind)
    return f"changes {told(moved)}" if moved else "takes the pairs as they are"


def _pairs(draft: Draft) -> Iterator[Problem]:
    seen: set[frozenset[str]] = set()
    for first, row in (draft.correlation.pairs if draft.correlation else {}).items():
        yield from _correlated(("correlation", "pairs", first), first, draft)
        for second in row:
            at = ("correlation", "pairs", first, second)
            pair = frozenset((first, second))
            if first == second:
                yield Problem.at(at, "a factor's correlation with itself is 1", "", "take it out")
            elif pair in seen:
                yield Problem.at(at, "each pair is named once", f"{first}, {second} twice", "take one of them out")
            elif first in draft.factors:
                yield from _correlated(at, second, draft)
            seen.add(pair)


def _correlated(at: Path, name: str, draft: Draft) -> Iterator[Problem]:
    yield from known(at, name, draft.factors, "a factor")
    factor = draft.factors.get(name)
    if factor is not None and not factor.process.stochastic:
        yield Problem.at(at, "a deterministic factor has no innovations to correlate", name, "take it out")
