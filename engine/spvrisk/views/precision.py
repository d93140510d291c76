"""How well measures are known, look by look."""

from spvrisk.experiments.precision import Known, Look, Precise, Target
from spvrisk.plan.names import Labels
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Row, defined, heads, said
from spvrisk.views.words import lasting, money_name, rounded_up

_HALF = Note("± half of the 95 % interval.")


def precision(found: Precise, labels: Labels) -> Figures:
    """Give a table of convergence, and whether what was wanted is reached.

    Parameters
    ----------
    found
        As from `run_until`.
    labels
        Of the study.
    """
    rows = tuple(Row(f"{look.paths:,}", _cells(look)) for look in found.looks)
    last = found.looks[-1]
    text = "All of it is reached with {:path}." if found.reached else "Not all of it is reached with {:path}."
    note = said(text, last.paths)
    return Figures(Note("Precision by paths"), _heads(found.targets), rows, (_HALF, note), unit=money_name(labels))


def foreseen(look: Look, targets: tuple[Target, ...], seconds: float, labels: Labels) -> Figures:
    """Say how many paths targets need, from a pilot.

    Parameters
    ----------
    look
        What the pilot tells.
    targets
        What is wanted.
    seconds
        How long that takes here.
    labels
        Of the study.
    """
    rows = (Row(f"{look.paths:,}", _cells(look)),)
    if look.needed < float("inf"):
        note = said("It takes some {:path}, about {} here.", rounded_up(look.needed), lasting(seconds))
    else:
        note = Note("How many paths it takes cannot be told from so few: a tail holds too few of them.")
    return Figures(Note("Precision by paths"), _heads(targets), rows, (_HALF, note), unit=money_name(labels))


def _heads(targets: tuple[Target, ...]) -> tuple[Column, ...]:
    wanted = (said("{:g %}", 100.0 * t.size) if t.relative else f"{t.size:g}" for t in targets)
    return heads(*(said("{} (± {})", t.measure.text, size) for t, size in zip(targets, wanted, strict=True)))


def _cells(look: Look) -> tuple[Cell, ...]:
    return tuple(_cell(known) for known in look.known)


def _cell(known: Known) -> Cell:
    share = abs(known.half / known.value) if known.value else float("nan")
    return said("{} ({:.2%})", Estimate(defined(known.value), defined(known.half)), defined(share))
