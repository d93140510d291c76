"""Numbers as plain JSON values: NaN and infinities as null."""

import math
from collections.abc import Iterable, Sequence

from spvrisk.measures.sample import Figure


def finite(value: float) -> float | None:
    """Give a number as JSON can say it: NaN and infinities as null.

    Parameters
    ----------
    value
        Any number, of NumPy too.
    """
    return float(value) if math.isfinite(value) else None


def by_key(keys: Sequence[str], values: Iterable[float]) -> dict[str, float | None]:
    """Give numbers by their keys.

    Parameters
    ----------
    keys, values
        As many of the one as of the other.
    """
    return {key: finite(value) for key, value in zip(keys, values, strict=True)}


def figure_json(figure: Figure) -> dict[str, float | None]:
    """Give a figure: ``value, se``, and where it has an interval ``low, high``."""
    interval = {} if figure.interval is None else ends_json(figure.interval)
    return {"value": finite(figure.value), "se": finite(figure.error), **interval}


def ends_json(interval: tuple[float, float], of: str = "") -> dict[str, float | None]:
    """Give the ends of a 95 % interval: ``low, high``.

    Parameters
    ----------
    interval
        The ends.
    of
        What stands before their keys.
    """
    low, high = map(finite, interval)
    return {f"{of}low": low, f"{of}high": high}
