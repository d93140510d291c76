"""The correlation matrix that is nearest to pairs which make none."""

from collections.abc import Iterator
from functools import partial, reduce

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.config.definite import LEAST, Matrix, Pairs, matrix, names_of, rank_correlation

Changes = list[tuple[str, str, float, float]]
"""First factor, second factor, what was written, what is used."""

_DIGITS = 6
"""Decimals of a repaired pair: equal on every machine, and short enough to be copied into the study."""
_ROOM = 1e-6
"""Least eigenvalue per factor, so that rounding to `_DIGITS` leaves the matrix positive definite."""
_MOST_STEPS = 2000
_SHOWN = 3


def nearest_pairs(pairs: Pairs, kind: str) -> Pairs:
    """Pairs whose matrix is a correlation matrix, nearest to the given ones.

    Factors that pairs link, directly or through others, are looked at together; pairs of a group whose matrix is
    positive semidefinite stay as they are, exact 1 and -1 included.

    Parameters
    ----------
    pairs
        Correlations by factor and factor, each pair once. Pairs left out are 0 and stay so.
    kind
        ``score`` or ``rank``; the distance is that of the scores' matrix in either case.

    Examples
    --------
    >>> nearest_pairs({"a": {"b": 1.0, "c": 0.0}, "b": {"c": 1.0}}, "score")
    {'a': {'b': 0.760688, 'c': 0.157298}, 'b': {'c': 0.760688}}
    """
    names = names_of(pairs)
    whole = matrix(names, pairs, kind)
    named = np.eye(len(names), dtype=bool)
    for first, second, _ in _entries(pairs):
        i, j = names.index(first), names.index(second)
        named[i, j] = named[j, i] = True
    changed = whole.copy()
    for group in _groups(named):
        block = np.ix_(group, group)
        if np.linalg.eigvalsh(whole[block])[0] < -LEAST:
            changed[block] = _with_room(nearest_matrix(whole[block], ~named[block]))
    out: dict[str, dict[str, float]] = {first: {} for first in pairs}
    for first, second, value in _entries(pairs):
        i, j = names.index(first), names.index(second)
        score = float(changed[i, j])
        repaired = round(rank_correlation(score) if kind == "rank" else score, _DIGITS)
        out[first][second] = value if score == whole[i, j] else repaired
    return out


def nearest_matrix(start: Matrix, kept: Matrix) -> Matrix:
    """Nearest matrix in the Frobenius norm with a unit diagonal, no negative eigenvalue and some entries kept.

    Alternating projections with Dykstra's correction; the kept entries belong to the set of the unit diagonal.

    Parameters
    ----------
    start
        Symmetric ``(n, n)`` with a unit diagonal.
    kept
        Which entries stay, ``(n, n)`` bool, symmetric.

    Returns
    -------
    ndarray
        ``(n, n)`` float64.

    References
    ----------
    Higham, N. J. (2002). Computing the nearest correlation matrix. IMA Journal of Numerical Analysis 22, 329-343.
    """
    found, correction = start, np.zeros_like(start)
    for _ in range(_MOST_STEPS):
        corrected = found - correction
        values, vectors = np.linalg.eigh(corrected)
        semidefinite = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = semidefinite - corrected
        before, found = found, np.where(kept, start, 0.5 * (semidefinite + semidefinite.T))
        np.fill_diagonal(found, 1.0)
        if np.abs(found - before).max() < 0.01 * 10.0**-_DIGITS:
            break
    return found


def changes(pairs: Pairs, kind: str) -> Changes:
    """What `nearest_pairs` changes, the largest change first.

    Parameters
    ----------
    pairs, kind
        As of `nearest_pairs`.
    """
    used = nearest_pairs(pairs, kind)
    moved = [(a, b, value, used[a][b]) for a, b, value in _entries(pairs) if used[a][b] != value]
    return sorted(moved, key=lambda item: -round(abs(item[3] - item[2]), _DIGITS))


def told(moved: Changes) -> str:
    """The largest changes in words: ``a, b from 0.9 to 0.707107``.

    Parameters
    ----------
    moved
        As from `changes`.
    """
    shown = reduce(partial(phrase, "{}; {}"), (phrase("{}, {} from {:g} to {:g}", *each) for each in moved[:_SHOWN]))
    return phrase("{} and {:d} more", shown, len(moved) - _SHOWN) if len(moved) > _SHOWN else shown


def _entries(pairs: Pairs) -> Iterator[tuple[str, str, float]]:
    return ((first, second, value) for first, row in pairs.items() for second, value in row.items())


def _groups(linked: Matrix) -> list[list[int]]:
    """Positions that are linked with each other, directly or through others."""
    left, groups = list(range(len(linked))), []
    while left:
        group = [left.pop(0)]
        for i in group:  # grows as it is walked
            group += [j for j in left if linked[i, j]]
            left = [j for j in left if not linked[i, j]]
        groups.append(sorted(group))
    return groups


def _with_room(found: Matrix) -> Matrix:
    """The matrix, moved towards the unit matrix until its eigenvalues are not below `_ROOM` per factor."""
    n, least = len(found), float(np.linalg.eigvalsh(found)[0])
    share = max((n * _ROOM - least) / (1.0 - least), 0.0)
    return (1.0 - share) * found + share * np.eye(n)
