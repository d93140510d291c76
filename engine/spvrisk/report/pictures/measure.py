"""How wide texts are."""

from collections.abc import Callable

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

_DPI = 288
"""Of what is measured: in coarser ones letters are rounded to dots."""


def measure(size: float, weight: str = "normal") -> Callable[[str], float]:
    """Give what measures texts in inches, in the fonts of the picture that is being drawn.

    Parameters
    ----------
    size
        Of the letters, in points.
    weight
        ``normal`` or ``bold``.
    """
    renderer = FigureCanvasAgg(Figure(figsize=(1, 1), dpi=_DPI)).get_renderer()
    font = FontProperties(size=size, weight=weight)
    return lambda text: float(renderer.get_text_width_height_descent(text, font, False)[0]) / _DPI
