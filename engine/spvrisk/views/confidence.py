"""Percentiles of cost and completion by project, and joint confidence of the two."""

from math import isinf, isnan

from spvrisk.experiments.confidence import Confidence, Confidences, Plan
from spvrisk.measures.delivery import Pair, Probability
from spvrisk.measures.order import Percentile
from spvrisk.views.figures import Cell, Column, Figures, Note, Range, Row, Share, defined, said
from spvrisk.views.words import money_name, percent


def confidence(found: Confidences, detailed: bool) -> list[Figures]:
    """Give the page: percentiles, joint confidence in budget and plan; in detail the grid and the frontier of each.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.confidence.confidence`.
    detailed
        Whether grids and frontiers are wanted.
    """
    details = range(len(found.projects)) if detailed else ()
    return [completion(found), joint(found), *(each for i in details for each in (grid(found, i), frontier(found, i)))]


def completion(found: Confidences) -> Figures:
    """Give percentiles of cost, completion and delay, a value's 95 % interval beneath it."""
    money, levels = money_name(found.result.labels), found.projects[0].cost
    rows = tuple(row for each in found.projects for row in _percentiles(each, money))
    of = "paths that complete it" if found.completed_only else "paths that fund it; never: not within the horizon"
    columns = tuple(Column(f"P{100 * float(each.level):g}") for each in levels)
    notes = (said("Of the {}; 95 % intervals by ranks beneath. Month of completion.", of), *_moves(found))
    return Figures("Cost and completion by project", columns, rows, notes, unit=money)


def joint(found: Confidences) -> Figures:
    """Give the probability that budget and planned date are held, each and both (JCL)."""
    money = money_name(found.result.labels)
    heads = (f"budget, {money}", "planned", "completed", "within budget", "on time", "both (JCL)")
    rows = tuple(Row(each.project, _held(each)) for each in found.projects)
    title = "Confidence in budget and plan, of the paths that fund a project"
    note = Note(
        "Never completed is neither within budget nor on time. Not funded, or cancelled before that: left out. "
        "The budget is that of the path, with the expected indices where it is in real money."
    )
    funded = ", ".join(f"{each.project} {{:.1%}}" for each in found.projects)
    shares = (each.funded / found.result.n_paths for each in found.projects)
    return Figures(title, tuple(map(Column, heads)), rows, (said(f"Funded on: {funded}.", *shares), note), unit=money)


def grid(found: Confidences, project: int = 0) -> Figures:
    """Give the probability that a cost and a date are held jointly, at percentiles of each.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.confidence.confidence`.
    project
        Its number among the projects.
    """
    each, money = found.projects[project], money_name(found.result.labels)
    columns = tuple(Column(f"by {_month(each.plan, delay.value)} (P{_p(delay)})") for delay in each.delays)
    rows = tuple(
        Row(f"{_amount(cost.value)} (P{_p(cost)})", tuple(map(_share, shares)))
        for cost, shares in zip(each.costs, each.grid, strict=True)
    )
    note = Note("Percentiles are those of the completed paths, probabilities of all that fund it.")
    title = f"{each.project}: probability of completion within a cost, {money}, and by a date"
    return Figures(title, columns, rows, (note,), unit=money)


def frontier(found: Confidences, project: int = 0) -> Figures:
    """Give pairs of cost and date that are held jointly with a probability.

    Parameters
    ----------
    found, project
        As of `grid`.
    """
    each, money = found.projects[project], money_name(found.result.labels)
    title = f"{each.project}: cost, {money}, and date that hold jointly with {percent(found.level)}"
    if not each.frontier:
        note = said("None do: it is completed on {} of the paths that fund it.", _share(each.completed))
        return Figures(title, notes=(note,), unit=money)
    columns = (Column("completion by"), Column("95 % interval"), Column("delay, months"), Column("95 % interval"))
    rows = tuple(Row(_amount(pair.cost), _dated(each.plan, pair)) for pair in each.frontier)
    return Figures(title, columns, rows, unit=money)


def _percentiles(each: Confidence, money: str) -> tuple[Row, ...]:
    """Rows of a project: each quantity, and its intervals."""
    plan = each.plan
    return (
        Row(f"cost, {money}", tuple(_amount(p.value) for p in each.cost), each.project),
        Row("", tuple(map(_interval, each.cost)), each.project),
        Row("completion", tuple(_month(plan, p.value) for p in each.delay), each.project),
        Row("", tuple(_months(plan, p) for p in each.delay), each.project),
        Row("delay, months", tuple(defined(p.value) for p in each.delay), each.project),
        Row("", tuple(map(_interval, each.delay)), each.project),
    )


def _held(each: Confidence) -> tuple[Cell, ...]:
    shares = (each.completed, each.within_budget, each.on_time, each.joint)
    return each.plan.budget, each.plan.date().isoformat(), *map(_share, shares)


def _dated(plan: Plan, pair: Pair) -> tuple[Cell, ...]:
    return _month(plan, pair.delay), _months(plan, pair), defined(pair.delay), _interval(pair)


def _interval(found: Percentile | Pair) -> Cell:
    """A 95 % interval; nothing of what is certain never to come."""
    return "" if isinf(found.low) else Range(defined(found.low), defined(found.high))


def _months(plan: Plan, found: Percentile | Pair) -> str:
    """The same in months of completion."""
    return "" if isinf(found.low) else f"{_month(plan, found.low)} to {_month(plan, found.high)}"


def _share(probability: Probability) -> Share:
    return Share(*map(defined, probability))


def _month(plan: Plan, delay: float) -> str:
    """Year and month of a completion that is so many months late."""
    if isnan(delay):
        return "n/a"
    return "never" if isinf(delay) else f"{plan.date(delay):%Y-%m}"


def _amount(cost: float) -> str:
    return "n/a" if isnan(cost) else "never" if isinf(cost) else f"{cost:,.5g}" if cost < 1e4 else f"{cost:,.0f}"


def _p(percentile: Percentile) -> str:
    return f"{100 * float(percentile.level):g}"


def _moves(found: Confidences) -> tuple[Note, ...]:
    """What the dates leave out."""
    text = (
        "Where the yearly cap makes a notice wait, its plan moves too: dates are those of the plan that does not wait."
    )
    return (Note(text),) if found.plan_moves else ()
