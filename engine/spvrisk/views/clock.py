"""Events and regimes: what happened, and what the portfolio is worth where it did."""

from collections.abc import Iterator

from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import UNDEFINED
from spvrisk.views.figures import (
    Cell,
    Column,
    Estimate,
    Figures,
    Note,
    Row,
    Text,
    defined,
    heads,
    mean_of,
    said,
    share_of,
)
from spvrisk.views.loss import few, size_of_tail
from spvrisk.views.units import rows_of
from spvrisk.views.words import clock_named, money_in, money_name, percent, unit_named

_NAMES, _FEW = Note("outcome or state"), Note("few paths")


def regimes(result: Result) -> Figures:
    """Probability of each outcome and final state, and what the portfolio is worth where it comes out."""
    labels = result.labels
    groups: list[tuple[str, Text, tuple[str, ...]]] = []
    for event, outcomes in labels.events:
        quantity = f"outcome_{event}"
        groups.append((quantity, clock_named(result, quantity), (*outcomes, UNDEFINED)))
    for regime, states in labels.regimes:
        quantity = f"final_state_{regime}"
        groups.append((quantity, said("{} (at the end)", clock_named(result, quantity)), states))
    cells_of = _cases if result.given is None else _shares
    rows = tuple(
        Row(clock_named(result, quantity, name), cells, head)
        for quantity, head, names in groups
        for name, cells in zip(names, cells_of(result, quantity, names), strict=True)
        if cells
    )
    if result.given is not None:
        return Figures(Note("Event outcomes and final states"), heads("probability"), rows, names=_NAMES)
    shortfalls = (said("shortfall {}", percent(level)) for level in result.summary.levels[-1:])
    columns = heads("probability", "mean NPV", *shortfalls)
    title = "Event outcomes and final states, and the funder's portfolio conditional on each, {}"
    return Figures(said(title, money_in(labels)), columns, rows, _thin(result), money_name(labels), names=_NAMES)


def conditional(result: Result) -> Figures:
    """What the portfolio and each project are worth to the funder given each outcome and final state."""
    labels, given = result.labels, result.conditional
    rows = rows_of(labels, "npv_funder")

    def cells(i: int, unit: str) -> tuple[Cell, ...]:
        t, n, s = given.tables[i], int(given.n_paths[i]), rows[unit]
        shortfalls = (
            _FEW
            if few(level, n)
            else Estimate(defined(t.expected_shortfall[s, a]), defined(t.expected_shortfall_se[s, a]))
            for a, level in enumerate(t.levels)
        )
        lost = share_of(t.p_loss[s], t.p_loss_low[s], t.p_loss_high[s])
        share = share_of(given.share[i], given.share_low[i], given.share_high[i])
        return unit_named(labels, unit), n, share, mean_of(t, s), lost, *shortfalls

    table = tuple(
        Row(name, cells(i, unit))
        for i, name in enumerate(given.names)
        if given.n_paths[i]
        for unit in ("portfolio", *labels.projects)
    )
    shortfalls = (said("shortfall {}", percent(level)) for level in result.summary.levels)
    first = (Column(Note("of"), text=True), Column(Note("paths"), ",d"))
    columns = (*first, *heads("probability", "mean", "P(loss)", *shortfalls))
    title = said("Net present value to the funder given each outcome and final state, {}", money_in(labels))
    return Figures(title, columns, table, unit=money_name(labels), names=Note("condition"))


def _thin(result: Result) -> tuple[Note, ...]:
    """Say whether a shortfall that is shown rests on few paths, and how many paths of the run would do for all."""
    given, s = result.conditional, rows_of(result.labels, "npv_funder")["portfolio"]
    notes = list[Note]()
    for level in result.summary.levels[-1:]:
        cases = zip(given.tables, given.n_paths, given.share, strict=True)
        shown = [(size_of_tail(t, s, -1), float(share)) for t, n, share in cases if not few(level, n)]
        wanted = [tail.enough / share for tail, share in shown if tail.thin]
        if wanted:
            text = "Errors of shortfalls of rare outcomes or states are too small: some {:path} would do."
            notes.append(said(text, float(f"{max(wanted):.2g}")))
    return tuple(notes)


def _shares(result: Result, quantity: str, names: tuple[str, ...]) -> Iterator[tuple[Cell, ...]]:
    """Probabilities under a condition; nothing of an event that does not take place."""
    t = result.summary
    for k, name in enumerate(names):
        parts = (each[quantity] for each in (t.shares, t.shares_low, t.shares_high))
        yield () if name == UNDEFINED else (share_of(*(float(part[k]) for part in parts)),)


def _cases(result: Result, quantity: str, names: tuple[str, ...]) -> Iterator[tuple[Cell, ...]]:
    """Each outcome or state; nothing where an event always takes place, and the row would say that it did."""
    given, s = result.conditional, rows_of(result.labels, "npv_funder")["portfolio"]
    for name in names:
        i = given.names.index(f"{quantity}.{name}")
        if name == UNDEFINED and not given.n_paths[i]:
            yield ()
            continue
        t, n = given.tables[i], int(given.n_paths[i])
        shortfalls = (
            _FEW
            if few(level, n)
            else Estimate(defined(t.expected_shortfall[s, -1]), defined(t.expected_shortfall_se[s, -1]))
            for level in t.levels[-1:]
        )
        yield share_of(given.share[i], given.share_low[i], given.share_high[i]), mean_of(t, s), *shortfalls
