"""Cash that each party needs by calendar year."""

from math import isnan

from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.experiments.cash import Cash, Need
from spvrisk.views.figures import Cell, Estimate, Figures, Note, Row, defined, heads, said
from spvrisk.views.words import money_in, money_name, percent

_PARTIES = {"funder": "funder", "host": "host", "policy_bank": "policy bank", "banks": "banks", "insurer": "insurer"}

_NOTHING = 1e-12
"""Of the largest year's mean: a need below it is what rounding has left of receipts and payments that are equal."""


def cash(found: Cash) -> list[Figures]:
    """Give the page: a table for each party, and how to read them.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.cash.cash`.
    """
    *others, last = (need(found, party) for party in found.parties)
    return [*others, last._replace(notes=(*last.notes, *_notes(found)))]


def need(found: Cash, party: str = "funder") -> Figures:
    """Give what a party needs by year; years in which it needs nothing are left out.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.cash.cash`.
    party
        One of its parties.
    """
    labels, needs = found.result.labels, found.parties[party]
    columns = heads("mean", *(percent(each.level) for each in needs[0].levels))
    rows = tuple(
        Row(Note("largest year") if each.year is None else f"{each.year}", _cells(each), apart=each.year is None)
        for each in needs
        if each.year is None or each.mean > _NOTHING * needs[0].mean
    )
    text = "Cash paid by year: {}, {}" if found.gross else "Cash needed by year: {}, {}"
    title = said(text, Note(_PARTIES[party]), money_in(labels))
    return Figures(title, columns, rows, unit=money_name(labels))


def _cells(each: Need) -> tuple[Cell, ...]:
    levels = (said("{} ({}-{})", defined(p.value), *(_end(end) for end in (p.low, p.high))) for p in each.levels)
    return Estimate(defined(each.mean), defined(each.error)), *levels


def _end(end: float) -> Cell:
    """End of an interval; the paths may be too few for it."""
    return Note("n/a") if isnan(end) else end


def _notes(found: Cash) -> list[Note]:
    net = "{:path} of seed {}. Payments of the calendar year less receipts of the same year, not below 0."
    gross = "{:path} of seed {}. Payments alone: receipts are not taken off."
    notes = [
        said("{} In brackets 95 % intervals.", said(gross if found.gross else net, found.paths, _seed(found))),
        Note("Quantiles of years do not add up: the largest year of a path has a row of its own."),
    ]
    rarest = max(float(each.level) for each in next(iter(found.parties.values()))[0].levels)
    if (1.0 - rarest) * found.paths < FEW_PATHS:
        notes.append(said("Too few paths for {}: replay more with --paths.", percent(str(rarest))))
    return notes


def _seed(found: Cash) -> str:
    return str(found.result.attributes["seed"])
