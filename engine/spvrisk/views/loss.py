"""What the funder earns or loses, how bad it gets, and who brings that about."""

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import FEW_PATHS, SummaryTable
from spvrisk.errors import InputError, Problem, argument
from spvrisk.measures.tail_size import TailSize, tail_size
from spvrisk.plan.outputs import PORTFOLIO, SCHEME
from spvrisk.views.figures import (
    Cell,
    Estimate,
    Figures,
    Note,
    Range,
    Row,
    Share,
    defined,
    heads,
    mean_of,
    near,
    probability_of,
    said,
    share_of,
)
from spvrisk.views.tails import thin
from spvrisk.views.units import by_unit, rows_of
from spvrisk.views.words import joined, money_in, money_name, percent, readable_unit, tail_name, unit_named, unit_titled

_DRIVEN_BY = 3
"""Projects that are named as those that drive a shortfall."""

_SHOWN = 10
"""Projects of a table that has to fit on a screen."""


def headline(result: Result) -> Figures:
    """Mean, probability of a loss and shortfalls of the funder's portfolio."""
    labels, t, s = result.labels, result.summary, _portfolio(result)
    rows = [
        Row(Note("mean"), (mean_of(t, s),)),
        Row(Note("P(loss)"), (_p_loss(result, s),)),
        *(
            Row(said("mean of the worst {}", tail_name(level)), (_worst(result, a),))
            for a, level in enumerate(t.levels)
        ),
    ]
    notes = tuple(thin(("", size_of_tail(t, s, a)) for a in range(len(t.levels))))
    title = said("Net present value to the funder, {}", money_in(labels))
    return Figures(title, heads("portfolio"), tuple(rows), notes, money_name(labels))


def answer(result: Result) -> Figures:
    """The answer in sentences."""
    notes = (_on_average(result), *_tails(result), *_scheme(result), *_insurer(result))
    return Figures("", notes=notes, unit=money_name(result.labels))


def brief(result: Result) -> Figures:
    """The answer in a few sentences: on average, at worst, with all side flows, and whether the insurer can bear it."""
    *_, scheme = _scheme(result)
    notes = (_on_average(result), *list(_tails(result))[-1:], scheme, *list(_insurer(result))[:1])
    return Figures("", notes=notes, unit=money_name(result.labels))


def _on_average(result: Result) -> Note:
    t, s, money = result.summary, _portfolio(result), money_in(result.labels)
    text = "The funder's net present value is {} {} on average; it loses money on {} of the paths."
    return said(text, mean_of(t, s), money, _p_loss(result, s))


def value(result: Result) -> Figures:
    """Net present value to the funder by project, with quantiles and the probability of a loss."""
    labels, t = result.labels, result.summary
    rows = rows_of(labels, "npv_funder")
    shown = sorted({0, len(t.quantiles) // 2, len(t.quantiles) - 1}) if t.quantiles else []
    columns = heads("mean", "std. dev.", *(percent(t.quantiles[q]) for q in shown), "P(loss)")

    def cells(s: int, scale: float = 1.0) -> tuple[Cell, ...]:
        estimates = ((t.mean[s], t.mean_se[s]), (t.sd[s], t.sd_se[s]))
        return (
            *(Estimate(defined(x * scale), defined(error * scale)) for x, error in estimates),
            *(near(defined(t.quantile[s, q] * scale), t.quantile_bound[s, q] * scale) for q in shown),
            _p_loss(result, s),
        )

    table = by_unit(labels, lambda unit: cells(rows[unit]))
    if labels.local_currency != labels.currency:
        s = labels.series.index(("scheme", "npv_funder_local"))
        unit = readable_unit(t.mean[s] * labels.money_unit, labels.money_unit)
        name = said("in {}", money_in(labels._replace(money_unit=unit), labels.local_currency))
        table = (*table, Row(name, cells(s, labels.money_unit / unit), apart=True))
    title = said("Net present value to the funder, {} (low quantiles are the adverse tail)", money_in(labels))
    return Figures(title, columns, table, unit=money_name(labels))


def each_project(result: Result) -> Figures:
    """What each project is worth on average, how often it loses, and what it is worth on the portfolio's worst paths.

    Of many projects those are shown that lose most there.

    Parameters
    ----------
    result
        The result, of all paths or of a condition.
    """
    labels, t, rows = result.labels, result.summary, rows_of(result.labels, "npv_funder")
    last, projects = len(t.levels) - 1, labels.projects

    def cells(unit: str) -> tuple[Cell, ...]:
        s = rows[unit]
        on_average = (mean_of(t, s), _p_loss(result, s))
        if last < 0:
            return on_average
        return *on_average, _worst(result, last) if unit == PORTFOLIO else _in_the_worst(result, unit, last)

    columns = heads("mean", "P(loss)", *(said("in the worst {}", tail_name(level)) for level in t.levels[last:]))
    worst = [("", size_of_tail(t, rows[PORTFOLIO], last))] if last >= 0 else []
    table, notes = by_unit(labels, cells), list(thin(worst))
    if len(projects) > _SHOWN:
        order = np.argsort(-t.contribution[:, last], kind="stable") if last >= 0 else np.arange(len(projects))
        table = (table[0], *(table[1 + p] for p in order[:_SHOWN]))
        notes.append(said("The others, {:project}: --show value", len(projects) - _SHOWN))
    title = said("Net present value to the funder by project, {}", money_in(labels))
    return Figures(title, columns, table, tuple(notes), money_name(labels))


def loss(result: Result, level: str | None = None) -> Figures:
    """Value at risk and expected shortfall at one level, the first if none is named, and each project's part in it.

    Parameters
    ----------
    result
        The result, of all paths or of a condition.
    level
        Decimal string, as the study has it under ``output.risk_levels``.

    Raises
    ------
    InputError
        The result has no such level.
    """
    labels, t = result.labels, result.summary
    if level is not None and level not in t.levels:
        known = phrase("it has {}", ", ".join(t.levels))
        raise InputError(Problem(argument("level"), "", "must be a level of the result", level, known))
    a = 0 if level is None else t.levels.index(level)
    rows = rows_of(labels, "npv_funder")

    def cells(unit: str) -> tuple[Cell, ...]:
        s = rows[unit]
        whole = unit == "portfolio"
        shortfall = Estimate(defined(t.expected_shortfall[s, a]), defined(t.expected_shortfall_se[s, a]))
        part = shortfall if whole else _part(t, labels.projects.index(unit), a)
        bound = t.expected_shortfall_bound[s, a]
        return (
            near(defined(t.value_at_risk[s, a]), t.value_at_risk_bound[s, a]),
            Range(defined(t.value_at_risk_low[s, a]), defined(t.value_at_risk_high[s, a])),
            near(shortfall, bound),
            near(part, bound if whole else 0.0),
        )

    columns = heads("value at risk", "95 % interval", "expected shortfall", "contribution")
    text = "Loss to the funder at {} (minus net present value), {}"
    title = said(text, percent(t.levels[a]), money_in(labels))
    notes = tuple(thin((unit_named(labels, unit), size_of_tail(t, s, a)) for unit, s in rows.items()))
    return Figures(title, columns, by_unit(labels, cells), notes, money_name(labels))


def warnings(result: Result) -> tuple[Note, ...]:
    """Say of each level at which tails hold too few paths, and how many would be enough.

    Parameters
    ----------
    result
        The result, of all paths or of a condition.
    """
    t, rows = result.summary, rows_of(result.labels, "npv_funder")
    names = {unit: unit_named(result.labels, unit) for unit in rows}
    levels = range(len(t.levels))
    return tuple(thin((names[unit], size_of_tail(t, s, a)) for a in levels for unit, s in rows.items()))


def size_of_tail(table: SummaryTable, s: int, a: int) -> TailSize:
    """Tell what the shortfall of a series rests on.

    Parameters
    ----------
    table
        Statistics of a result.
    s, a
        Numbers of the series and of the level.
    """
    figures = (table.value_at_risk[s, a], table.expected_shortfall[s, a], table.expected_shortfall_se[s, a])
    return tail_size(table.levels[a], int(table.n[s]), *map(float, figures))


def _part(table: SummaryTable, p: int, a: int) -> Estimate:
    """Contribution of a project."""
    return Estimate(defined(table.contribution[p, a]), defined(table.contribution_se[p, a]))


def few(level: str, n: int) -> bool:
    """Whether the tail of n paths beyond a level says too little.

    Parameters
    ----------
    level
        Decimal string in (0, 1).
    n
        Number of paths.
    """
    return (1 - Decimal(level)) * int(n) < FEW_PATHS


def _portfolio(result: Result) -> int:
    return rows_of(result.labels, "npv_funder")["portfolio"]


def _p_loss(result: Result, s: int) -> Share:
    t = result.summary
    return share_of(t.p_loss[s], t.p_loss_low[s], t.p_loss_high[s])


def _in_the_worst(result: Result, project: str, a: int) -> Estimate:
    """Mean net present value of a project on the portfolio's worst paths."""
    p, t = result.labels.projects.index(project), result.summary
    return Estimate(defined(-t.contribution[p, a]), defined(t.contribution_se[p, a]))


def _worst(result: Result, a: int, sign: float = -1.0) -> Cell:
    """Mean net present value beyond a level; with a sign of 1 the mean loss."""
    t, s = result.summary, _portfolio(result)
    found = Estimate(defined(sign * t.expected_shortfall[s, a]), defined(t.expected_shortfall_se[s, a]))
    return near(found, t.expected_shortfall_bound[s, a])


def _tails(result: Result) -> Iterator[Note]:
    """How bad it gets at each level."""
    labels, t, s = result.labels, result.summary, _portfolio(result)
    for a, level in enumerate(t.levels):
        shortfall = t.expected_shortfall[s, a]
        if few(level, t.n[s]):
            enough = size_of_tail(t, s, a).enough
            yield said("Too few paths for the worst {}: {:,d} would be enough.", tail_name(level), enough)
        elif shortfall > 0.0:
            first = sorted(range(len(labels.projects)), key=lambda i: -t.contribution[i, a])[:_DRIVEN_BY]
            names = (unit_titled(labels, labels.projects[i]) for i in first)
            shares = (defined(t.contribution[i, a] / shortfall) for i in first)
            parts = [said("{} {:.0%}", name, share) for name, share in zip(names, shares, strict=True)]
            text = "Worst {} of paths: a loss of {} on average, driven by {}."
            yield said(text, tail_name(level), _worst(result, a, 1.0), joined(parts))
        elif shortfall != 0.0:  # else nothing is invested
            yield said("Worst {} of paths: no loss; the mean gain is {}.", tail_name(level), _worst(result, a))


def _scheme(result: Result) -> Iterator[Note]:
    """What is said of the scheme's money beside the net present value."""
    labels, t = result.labels, result.summary
    committed, value = (labels.series.index(("scheme", name)) for name in ("net_commitments", "scheme_value"))
    yield said("Committed budgets (given notice and not declined): {} on average.", mean_of(t, committed))
    worth = [said("{} {}", name, found) for name, found in side_flows(result)]
    if worth:
        yield said("Side flows to the funder are worth a further: {}.", joined(worth))
    if t.mean[value] != t.mean[_portfolio(result)]:
        yield said("Including all side flows, the scheme is worth {}.", mean_of(t, value))


def side_flows(result: Result) -> list[tuple[Note, Estimate]]:
    """Name the flows beside the projects that there are, with their means.

    Parameters
    ----------
    result
        The result, of all paths or of a condition.
    """
    t, index = result.summary, result.labels.series.index
    found = [(name, index(series)) for series, name in _SIDE_FLOWS.items()]
    return [(name, mean_of(t, s)) for name, s in found if t.sd[s] > 0.0 or t.mean[s] != 0.0]


_SIDE_FLOWS = {
    (SCHEME, "tariff_relief"): Note("tariff relief and others over time"),
    (PORTFOLIO, "vendor_margin"): Note("vendor margin"),
    (PORTFOLIO, "supply_chain_benefit"): Note("supply-chain benefit"),
}

_LIMITS = {
    "insurer_breach": "The insurer's loss exceeds its capital at some time on {} of the paths.",
    "insurer_capacity_breach": "Its cover exceeds its capacity at some time on {} of the paths.",
}


def _insurer(result: Result) -> Iterator[Note]:
    """How often the insurer comes to its limits."""
    labels, t = result.labels, result.summary
    if t.mean[rows_of(labels, "cost")["portfolio"]] > 0.0:
        for name in _LIMITS:
            if name in labels.scheme:
                yield said(_LIMITS[name], probability_of(t, labels.series.index(("scheme", name))))
