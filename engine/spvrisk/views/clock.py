"""Events and regimes: what happened, and what the portfolio is worth where it did."""

from collections.abc import Iterator

from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import UNDEFINED
from spvrisk.views.figures import Cell, Estimate, Figures, Note, Row, Text, defined, heads, mean_of, said, share_of
from spvrisk.views.loss import few, size_of_tail
from spvrisk.views.units import rows_of
from spvrisk.views.words import money_in, money_name, percent

_NAMES, _FEW = Note("outcome or state"), Note("few paths")


def regimes(result: Result) -> Figures:
    """Probability of each outcome and final state, and what the portfolio is worth where it comes out."""
    labels = result.labels
    groups: list[tuple[str, Text, tuple[str, ...]]]
    groups = [(f"outcome_{name}", name, (*names, UNDEFINED)) for name, names in labels.events]
    groups += [(f"final_state_{name}", said("{} (at the end)", name), names) for name, names in labels.regimes]
    cells_of = _cases if result.given is None else _shares
    rows = tuple(
        Row(Note("undefined") if name == UNDEFINED else name, cells, head)
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
