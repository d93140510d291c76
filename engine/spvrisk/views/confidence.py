"""Percentiles of cost and completion by project, and joint confidence of the two."""

from math import isinf, isnan

from spvrisk.experiments.confidence import Confidence, Confidences, Plan
from spvrisk.measures.delivery import Pair, Probability
from spvrisk.measures.order import Percentile
from spvrisk.plan.names import Labels
from spvrisk.views.figures import Cell, Figures, Note, Range, Row, Share, Text, defined, heads, said
from spvrisk.views.words import joined, money_in, money_name, percent, unit_named


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
    labels, levels = found.result.labels, found.projects[0].cost
    rows = tuple(row for each in found.projects for row in _percentiles(each, labels))
    of = Note("paths that fund it; never: not within the horizon")
    if found.completed_only:
        of = Note("paths that complete it")
    columns = heads(*(said("P{:g}", 100.0 * float(each.level)) for each in levels))
    notes = (said("Of the {}; 95 % intervals by ranks beneath. Month of completion.", of), *_moves(found))
    return Figures(Note("Cost and completion by project"), columns, rows, notes, unit=money_name(labels))


def joint(found: Confidences) -> Figures:
    """Give the probability that budget and planned date are held, each and both (JCL)."""
    labels = found.result.labels
    budget = said("budget, {}", money_in(labels))
    columns = heads(budget, "planned", "completed", "within budget", "on time", "both (JCL)")
    rows = tuple(Row(unit_named(labels, each.project), _held(each)) for each in found.projects)
    title = Note("Confidence in budget and plan, of the paths that fund a project")
    note = Note(
        "Never completed is neither within budget nor on time. Not funded, or cancelled before that: left out. "
        "The budget is that of the path, with the expected indices where it is in real money."
    )
    funded = [said("{} {:.1%}", each.project, each.funded / found.result.n_paths) for each in found.projects]
    notes = (said("Funded on: {}.", joined(funded)), note)
    return Figures(title, columns, rows, notes, unit=money_name(labels))


def grid(found: Confidences, project: int = 0) -> Figures:
    """Give the probability that a cost and a date are held jointly, at percentiles of each.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.confidence.confidence`.
    project
        Its number among the projects.
    """
    each, labels = found.projects[project], found.result.labels
    columns = heads(*(said("by {} (P{})", _month(each.plan, delay.value), _p(delay)) for delay in each.delays))
    rows = tuple(
        Row(said("{} (P{})", _amount(cost.value), _p(cost)), tuple(map(_share, shares)))
        for cost, shares in zip(each.costs, each.grid, strict=True)
    )
    note = Note("Percentiles are those of the completed paths, probabilities of all that fund it.")
    text = "{}: probability of completion within a cost, {}, and by a date"
    title = said(text, each.project, money_in(labels))
    return Figures(title, columns, rows, (note,), unit=money_name(labels))


def frontier(found: Confidences, project: int = 0) -> Figures:
    """Give pairs of cost and date that are held jointly with a probability.

    Parameters
    ----------
    found, project
        As of `grid`.
    """
    each, labels = found.projects[project], found.result.labels
    text, money = "{}: cost, {}, and date that hold jointly with {}", money_name(labels)
    title = said(text, each.project, money_in(labels), percent(found.level))
    if not each.frontier:
        note = said("None do: it is completed on {} of the paths that fund it.", _share(each.completed))
        return Figures(title, notes=(note,), unit=money)
    columns = heads("completion by", "95 % interval", "delay, months", "95 % interval")
    rows = tuple(Row(_amount(pair.cost), _dated(each.plan, pair)) for pair in each.frontier)
    return Figures(title, columns, rows, unit=money)


def _percentiles(each: Confidence, labels: Labels) -> tuple[Row, ...]:
    """Rows of a project: each quantity, and its intervals."""
    plan = each.plan
    rows = (
        Row(said("cost, {}", money_in(labels)), tuple(_amount(p.value) for p in each.cost)),
        Row("", tuple(map(_interval, each.cost))),
        Row(Note("completion"), tuple(_month(plan, p.value) for p in each.delay)),
        Row("", tuple(_months(plan, p) for p in each.delay)),
        Row(Note("delay, months"), tuple(defined(p.value) for p in each.delay)),
        Row("", tuple(map(_interval, each.delay))),
    )
    return tuple(row._replace(head=unit_named(labels, each.project)) for row in rows)


def _held(each: Confidence) -> tuple[Cell, ...]:
    shares = (each.completed, each.within_budget, each.on_time, each.joint)
    return each.plan.budget, each.plan.date().isoformat(), *map(_share, shares)


def _dated(plan: Plan, pair: Pair) -> tuple[Cell, ...]:
    return _month(plan, pair.delay), _months(plan, pair), defined(pair.delay), _interval(pair)


def _interval(found: Percentile | Pair) -> Cell:
    """A 95 % interval; nothing of what is certain never to come."""
    return "" if isinf(found.low) else Range(defined(found.low), defined(found.high))


def _months(plan: Plan, found: Percentile | Pair) -> Cell:
    """The same in months of completion."""
    return "" if isinf(found.low) else said("{} to {}", _month(plan, found.low), _month(plan, found.high))


def _share(probability: Probability) -> Share:
    return Share(*map(defined, probability))


def _month(plan: Plan, delay: float) -> Text:
    """Year and month of a completion that is so many months late."""
    return _none(delay) or f"{plan.date(delay):%Y-%m}"


def _amount(cost: float) -> Text:
    return _none(cost) or (f"{cost:,.5g}" if cost < 1e4 else f"{cost:,.0f}")


def _none(number: float) -> Note | None:
    """What stands for a number that is none."""
    return Note("n/a") if isnan(number) else Note("never") if isinf(number) else None


def _p(percentile: Percentile) -> str:
    return f"{100 * float(percentile.level):g}"


def _moves(found: Confidences) -> tuple[Note, ...]:
    """What the dates leave out."""
    text = (
        "Where the yearly cap makes a notice wait, its plan moves too: dates are those of the plan that does not wait."
    )
    return (Note(text),) if found.plan_moves else ()
