"""Whether a correlation matrix is one, and what to change where it is not."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import joined, phrase
from spvrisk.errors import Problem

Matrix = NDArray[np.float64]
Pairs = Mapping[str, Mapping[str, float]]

LEAST = 1e-11
"""Eigenvalues up to this count as 0: what is left of the last factor would be rounding."""

_SHOWN = 4
"""Pairs that a message lists."""

_TRIED = 30
"""Pairs of which a message says whether to change one of them alone is enough."""


def score_correlation(rank: float) -> float:
    """Correlation of normal scores whose Spearman correlation is `rank`: 2 sin(pi rank / 6).

    Parameters
    ----------
    rank
        Spearman correlation, in [-1, 1].

    References
    ----------
    ``docs/model.md``, section 3.
    """
    return 2.0 * math.sin(math.pi * rank / 6.0)


def rank_correlation(score: float) -> float:
    """Spearman correlation of normal scores: the inverse of `score_correlation`.

    Parameters
    ----------
    score
        Pearson correlation of the scores, in [-1, 1].
    """
    return 6.0 / math.pi * math.asin(score / 2.0)


def matrix(names: tuple[str, ...], pairs: Pairs, kind: str) -> Matrix:
    """Correlation matrix ``(factor, factor)`` float64 of normal scores from pairs; what is not given is 0.

    Parameters
    ----------
    names
        Factors, in the order of rows and columns.
    pairs
        Correlations by factor and factor, each pair once.
    kind
        What the pairs are: ``score``, or ``rank``, from which those of the scores are computed.
    """
    position = {name: i for i, name in enumerate(names)}
    out = np.eye(len(names))
    for first, others in pairs.items():
        for second, value in others.items():
            rho = score_correlation(value) if kind == "rank" else value
            i, j = position[first], position[second]
            out[i, j] = out[j, i] = rho
    return out


def names_of(pairs: Pairs) -> tuple[str, ...]:
    """Factors that pairs name, in their order.

    Parameters
    ----------
    pairs
        As of `matrix`.
    """
    return tuple(dict.fromkeys(name for first, row in pairs.items() for name in (first, *row)))


class _Pull(NamedTuple):
    """What a pair adds to the smallest eigenvalue, which is 1 and all pulls."""

    first: str
    second: str
    value: float
    size: float

    @property
    def name(self) -> str:
        return f"{self.first}, {self.second}"


def definite_problem(pairs: Pairs, kind: str) -> Problem | None:
    """Explain why pairs make no positive definite matrix, at the pair that weighs most; None where they do.

    Parameters
    ----------
    pairs
        Correlations by factor and factor, each pair once. Factors without a pair do not matter.
    kind
        ``score`` or ``rank``.

    Examples
    --------
    >>> problem = definite_problem({"a": {"b": 0.9, "c": 0.9}, "b": {"c": 0.0}}, "score")
    >>> problem.value
    'smallest eigenvalue -0.273, mostly of a, b, c: 1 - 0.636 (a, b at 0.9) - 0.636 (a, c at 0.9)'
    >>> problem.remedy
    'multiply all pairs by 0.785 or less (a, b: 0.706), or put a, b into [-0.435, 0.435] and leave the others'
    """
    names = names_of(pairs)
    found = matrix(names, pairs, kind)
    if not names or _is_definite(found):
        return None
    values, vectors = np.linalg.eigh(found)
    pulls = _pulls(names, pairs, found, vectors[:, 0])
    # a pair changes one eigenvalue's sign at the most
    tried = pulls[:_TRIED] if values[1] > LEAST else []
    order = np.argsort(-np.abs(vectors[:, 0]), kind="stable")[:_SHOWN]
    heavy = ", ".join(names[i] for i in order if abs(vectors[i, 0]) > 0.1)
    worst = pulls[0]
    return Problem.at(
        ("correlation", "pairs", worst.first, worst.second),
        "the matrix must be positive definite",
        phrase("smallest eigenvalue {:.3g}, mostly of {}: 1{}", round(values[0], 9) + 0.0, heavy, _sum(pulls)),
        phrase(
            "{}{}",
            _scaled(names, pairs, kind, worst),
            _alone(names, pairs, kind, tried, len(tried) < len(pulls)),
        ),
    )


def _is_definite(correlation: Matrix) -> bool:
    return bool(np.linalg.eigvalsh(correlation)[0] > LEAST)


def _pulls(names: tuple[str, ...], pairs: Pairs, correlation: Matrix, vector: Matrix) -> list[_Pull]:
    """All pairs, the one that pulls the eigenvalue down most first."""
    position = {name: i for i, name in enumerate(names)}
    out = []
    for first, others in pairs.items():
        for second, value in others.items():
            i, j = position[first], position[second]
            out.append(_Pull(first, second, value, float(2.0 * correlation[i, j] * vector[i] * vector[j])))
    # a tie goes to the pair that stands first, whatever the eigenvectors' last bits are
    return sorted(out, key=lambda pull: round(pull.size, 9))


def _sum(pulls: list[_Pull]) -> str:
    """The pulls as the terms of a sum."""
    listed = [pull for pull in pulls[:_SHOWN] if pull.size < -0.001]
    rest = sum(pull.size for pull in pulls) - sum(pull.size for pull in listed)
    terms = [phrase(" - {:.3g} ({} at {:g})", -pull.size, pull.name, pull.value) for pull in listed]
    if abs(rest) > 0.001:
        terms.append(phrase(" {} {:.3g} (all other pairs)", "-" if rest < 0 else "+", abs(rest)))
    return joined(terms, "{}{}") if terms else ""


def _scaled(names: tuple[str, ...], pairs: Pairs, kind: str, worst: _Pull) -> str:
    """Remedy that changes all pairs."""
    factor = _largest_multiple(names, pairs, kind)
    return phrase(
        "multiply all pairs by {:g} or less ({}: {:g})",
        factor,
        worst.name,
        math.trunc(factor * worst.value * 1e3) / 1e3,
    )


def _alone(names: tuple[str, ...], pairs: Pairs, kind: str, tried: list[_Pull], more: bool) -> str:
    """Remedy that changes a single pair, the first with which that is enough; nothing where none was found of more."""
    for pull in tried:
        span = _span(names, pairs, kind, pull)
        if span is not None:
            return phrase(", or put {} into [{:g}, {:g}] and leave the others", pull.name, span[0], span[1])
    return "" if tried and more else phrase("; changing a single pair is not enough")


def _largest_multiple(names: tuple[str, ...], pairs: Pairs, kind: str) -> float:
    """Largest multiple of all pairs, in thousandths, that makes the matrix positive definite."""
    good, bad = 0, 1000
    while bad - good > 1:
        middle = (good + bad) // 2
        scaled = {a: {b: value * middle / 1000 for b, value in row.items()} for a, row in pairs.items()}
        if _is_definite(matrix(names, scaled, kind)):
            good = middle
        else:
            bad = middle
    return good / 1000


def _span(names: tuple[str, ...], pairs: Pairs, kind: str, pull: _Pull) -> tuple[float, float] | None:
    """Values of one pair, in thousandths, with which the matrix is positive definite if the others stay."""
    correlation = matrix(names, pairs, kind)
    i, j = names.index(pull.first), names.index(pull.second)
    rest = [k for k in range(len(names)) if k not in (i, j)]
    inner, edge = correlation[np.ix_(rest, rest)], correlation[np.ix_(rest, [i, j])]
    if rest and not _is_definite(inner):
        return None
    # what the others leave of the two: their conditional covariance must be one
    left = correlation[np.ix_([i, j], [i, j])] - (edge.T @ np.linalg.solve(inner, edge) if rest else 0.0)
    if left[0, 0] <= LEAST or left[1, 1] <= LEAST:
        return None
    middle, half = correlation[i, j] - left[0, 1], math.sqrt(left[0, 0] * left[1, 1])
    ends = [min(max(end, -1.0), 1.0) for end in (middle - half, middle + half)]
    low, high = (rank_correlation(end) if kind == "rank" else end for end in ends)
    # a thousandth inside, where rounding could not be told from the edge
    low, high = math.floor(low * 1000 + 1) / 1000, math.ceil(high * 1000 - 1) / 1000
    return (low, high) if low <= high else None
