"""What Matplotlib is told while it draws."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context, rcdefaults, rcParams

from spvrisk.report.looks import GREY, INK, PALE

_SETTINGS: dict[str, Any] = {
    "font.size": 9.0,
    "text.parse_math": False,  # a dollar in a title is one
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.6,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "spvrisk",
    "pdf.fonttype": 42,
}


@contextmanager
def our_settings() -> Iterator[None]:
    """Have Matplotlib draw by our settings, whatever the user's own are, and by the user's own again behind it."""
    with rc_context():
        rcdefaults()
        rcParams.update(_SETTINGS)
        yield
