"""Expected loss by obligor: offtakers, outcomes that are failures, projects as borrowers."""

from spvrisk.experiments.obligors import BORROWER, FAILURE, OFFTAKER, Obligor, Obligors
from spvrisk.plan.names import Labels
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Row, Text, defined, heads, said, share_of
from spvrisk.views.words import joined, money_in, money_name, unit_named

_HEADS = {OFFTAKER: "offtakers, loss of {}", FAILURE: "as named, loss of {}", BORROWER: "projects, {}"}

_NOTES = {
    OFFTAKER: "Offtakers default on the paths on which they do before the horizon, independently of all else: what the "
    "default costs is the difference to the paths on which they do not.",
    FAILURE: "Outcomes and states are not drawn independently of all else: what goes along with them is in their "
    "difference too.",
    BORROWER: "Projects default on loans whose principal is not repaid in full by the horizon, or whose insurer pays.",
}


def obligors(found: Obligors) -> Figures:
    """Give probability, severity and expected loss of each obligor."""
    labels = found.result.labels
    columns = (*heads("default", "loss given default", "expected loss"), Column(Note("on"), text=True))
    rows = tuple(
        Row(_name(labels, each), _cells(labels, each), said(_HEADS[each.kind], each.quantity)) for each in found.found
    )
    kinds = dict.fromkeys(each.kind for each in found.found)
    none = [] if kinds else [Note("It has no offtakers that may default, and no loans.")]
    notes = (
        said("{:path}, seed {}.", found.result.n_paths, str(found.result.attributes["seed"])),
        *(Note(_NOTES[kind]) for kind in kinds),
        *none,
        Note("No default is drawn of contractors, suppliers and the insurer: these are not here."),
    )
    title = said("Expected loss by obligor, present value, {}", money_in(labels))
    return Figures(title, columns, rows, notes, unit=money_name(labels))


def _name(labels: Labels, each: Obligor) -> Text:
    return unit_named(labels, each.name) if each.kind == BORROWER else each.name


def _cells(labels: Labels, each: Obligor) -> tuple[Cell, ...]:
    loss = each.loss
    return (
        share_of(loss.probability, loss.low, loss.high),
        Estimate(defined(loss.severity), defined(loss.severity_error)),
        Estimate(defined(loss.expected), defined(loss.expected_error)),
        "" if each.kind == BORROWER else joined([unit_named(labels, unit) for unit in each.units]),
    )
