"""A figure written to a file."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARK = "spvrisk plot"
"""What a picture says it was made by."""

_DPI = 160


def write(figure: "Figure", target: Path | BinaryIO, format: str) -> None:
    """Write a figure so that the same one gives the same bytes: nothing is in them of the time or the machine.

    Parameters
    ----------
    figure
        As from `drawn`.
    target
        Where to.
    format
        ``png``, ``svg`` or ``pdf``.
    """
    from spvrisk.report.pictures.settings import our_settings

    about = {
        "png": {"Software": MARK},
        "svg": {"Creator": MARK, "Date": None},
        "pdf": {"Creator": MARK, "CreationDate": None},
    }
    with our_settings():
        figure.savefig(target, format=format, dpi=_DPI, metadata=about[format])
