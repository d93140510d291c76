"""What is too much for a picture, gathered as others."""

from collections.abc import Mapping

from spvrisk.views.figures import Note, said


def gathered(sizes: Mapping[str, float], most: int) -> tuple[list[str], list[str]]:
    """Part names into those that are shown, the largest first, and the others; one alone is no others.

    Parameters
    ----------
    sizes
        By name, of either sign; NaN counts as nothing.
    most
        How many have room, the others as one of them.

    Examples
    --------
    >>> gathered({"a": 1.0, "b": -3.0, "c": 2.0}, 2)
    (['b'], ['c', 'a'])
    """
    order = sorted(sizes, key=lambda name: -abs(sizes[name]) if sizes[name] == sizes[name] else 0.0)
    n = len(order) if len(order) <= most else most - 1
    return order[:n], order[n:]


def others(number: int) -> Note:
    """Name what is gathered.

    Parameters
    ----------
    number
        How many.
    """
    return said("{:,d} others", number)
