"""What was found of a result's soundness."""

from spvrisk.experiments.verify import Verified
from spvrisk.views.figures import Column, Figures, Row

_WORDS = {True: "sound", False: "WRONG", None: "unknown"}


def verify(found: Verified) -> Figures:
    """Each check with its outcome."""
    rows = tuple(Row(check.name, (_WORDS[check.sound], check.found)) for check in found.checks)
    verdict = "is sound" if found.sound else "is damaged, or was made by something else: run the study again"
    columns = (Column("", text=True), Column("found", text=True))
    return Figures(f"{found.result.place} {verdict}", columns, rows, names="check")
