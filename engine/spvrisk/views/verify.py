"""What was found of the soundness of a result, or of a dataset of scenarios."""

from spvrisk.experiments.verify import Verified
from spvrisk.views.figures import Column, Figures, Note, Row, said

_WORDS = {True: Note("sound"), False: Note("WRONG"), None: Note("unknown")}


def verify(found: Verified) -> Figures:
    """Each check with its outcome."""
    rows = tuple(Row(check.name, (_WORDS[check.sound], check.found)) for check in found.checks)
    text = "{} is sound" if found.sound else "{} is damaged, or was made by something else: make it again"
    columns = (Column("", text=True), Column(Note("found"), text=True))
    return Figures(said(text, found.place), columns, rows, names=Note("check"))
