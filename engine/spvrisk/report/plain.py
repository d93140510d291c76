"""Numbers as JSON can say them."""

import math
from collections.abc import Iterable, Sequence


def by_key(keys: Sequence[str], values: Iterable[float]) -> dict[str, float | None]:
    """Give numbers by their keys, those that are not finite as null.

    Parameters
    ----------
    keys, values
        As many of the one as of the other.
    """
    return {key: finite(value) for key, value in zip(keys, values, strict=True)}


def finite(value: float) -> float | None:
    """Give a number as JSON can say it: NaN and infinities as null.

    Parameters
    ----------
    value
        Any number, of NumPy too.
    """
    return float(value) if math.isfinite(value) else None
