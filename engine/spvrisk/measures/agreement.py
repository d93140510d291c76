"""Whether two results agree that should: those of one plan in every bit, those of one study in all but last digits."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.config.changes import changes
from spvrisk.dataset.content import canonical_bytes
from spvrisk.dataset.read import Result

Values = NDArray[np.generic]

TOLERANCE = 1e-9
"""Largest difference between plans of one study, relative to the value or to its mean size over the paths."""


FLIPPED = 1e-3
"""Share of paths that last digits of the plan's constants may turn over; some in a hundred thousand is usual."""


class Agreement(NamedTuple):
    """How the paths of a study agree with those of the same study by another plan.

    Attributes
    ----------
    paths
        Their number.
    flipped
        Paths with another discrete outcome: a code, a count, or whether a number is finite.
    apart
        Of the other paths, those on which a value differs by more than `TOLERANCE`.
    largest
        Largest relative difference on the paths that have not flipped.
    """

    paths: int
    flipped: int
    apart: int
    largest: float

    @property
    def close(self) -> bool:
        """Whether the two agree but for last digits, and the few paths that these turn over."""
        return self.apart == 0 and self.flipped <= max(1, FLIPPED * self.paths)


class Pair(NamedTuple):
    """Two of several results: whether they have the same bits where they should.

    Attributes
    ----------
    first, second
        Their numbers, from 0.
    same_study
        Whether both are of one study, whatever their titles, seeds, lengths and what they keep.
    paths
        Common paths, the first of both, that were compared bit by bit; 0 if none were.
    because
        Why none were; empty if they were.
    differ
        Whether bits differ that should be the same: the machines or versions disagree.
    agreement
        Of one study by two plans.
    """

    first: int
    second: int
    same_study: bool
    paths: int
    because: str
    differ: bool
    agreement: Agreement | None

    @property
    def compared(self) -> bool:
        """Whether anything could be compared, by bits or by values."""
        return self.paths > 0 or self.agreement is not None


def pairs_of(results: Sequence[Result]) -> list[Pair]:
    """Put every two results beside each other.

    Path i of a plan, seed and numbers version has the same bits in runs of any length: so the common paths of such
    results are compared, as far as both hold the same variables. Where they are of the same length and hold the same,
    all of their content is compared, statistics too, by its digest.

    Parameters
    ----------
    results
        As from `spvrisk.dataset.read.open_result`.
    """
    return [
        _pair(first, second, results[first], results[second]) for first, second in combinations(range(len(results)), 2)
    ]


def _pair(first: int, second: int, base: Result, other: Result) -> Pair:
    same_study = _same(base, other, "plan_sha256") or not changes(base.provenance["config"], other.provenance["config"])
    because = _incomparable(base, other, same_study)
    if because:
        by_plan = same_study and _same(base, other, "seed", "numbers_version")
        found = _agreement(base, other) if by_plan else None
        return Pair(first, second, same_study, 0, because, differ=False, agreement=found)
    paths = min(base.n_paths, other.n_paths)
    return Pair(first, second, same_study, paths, "", differ=_differ(base, other), agreement=None)


def _incomparable(base: Result, other: Result, same_study: bool) -> str:
    """Why two results need not have the same bits, or hold none that both should have; empty if they do."""
    if not same_study:
        return phrase("different studies")
    for key, text in _DIFFERENT:
        if not _same(base, other, key):
            return phrase(text)
    if _equal_files(base, other) or _common(base, other):
        return ""
    return phrase("no variable of /paths in common")


_DIFFERENT = (
    ("numbers_version", "different numbers version"),
    ("seed", "different seed"),
    ("plan_sha256", "different plan"),
)


def _differ(base: Result, other: Result) -> bool:
    """Whether results of the same plan, seed and numbers version differ where they hold the same."""
    if _same(base, other, "content_sha256"):
        return False
    if _equal_files(base, other):
        return True
    paths = min(base.n_paths, other.n_paths)
    return any(
        canonical_bytes(base.paths(name, 0, paths)) != canonical_bytes(other.paths(name, 0, paths))
        for name in _common(base, other)
    )


def _equal_files(base: Result, other: Result) -> bool:
    """Whether two results of one plan should be equal as a whole."""
    return base.n_paths == other.n_paths and _kept(base) == _kept(other)


def _common(base: Result, other: Result) -> list[str]:
    """Variables that both hold by path."""
    return [name for name in base.path_names if name in other.path_names]


def _agreement(base: Result, other: Result) -> Agreement | None:
    """Compare the common paths of one study by two plans; None if they hold no variable in common."""
    names, paths = _common(base, other), min(base.n_paths, other.n_paths)
    if not names:
        return None
    flipped, distance = np.zeros(paths, np.bool_), np.zeros(paths)
    for name in names:
        a, b = (result.paths(name, 0, paths).reshape(paths, -1) for result in (base, other))
        flipped |= _flips(a, b).any(axis=1)
        if a.dtype.kind == "f":
            distance = np.maximum(distance, _distances(a, b).max(axis=1))
    left = distance[~flipped]
    return Agreement(
        paths,
        int(np.count_nonzero(flipped)),
        int(np.count_nonzero(left > TOLERANCE)),
        float(left.max(initial=0.0)),
    )


def _same(base: Result, other: Result, *keys: str) -> bool:
    return all(base.attributes[key] == other.attributes[key] for key in keys)


def _kept(result: Result) -> tuple[object, ...]:
    """What decides which variables a file holds, and what its codes stand for."""
    return result.labels._replace(title={}, project_titles={}), result.provenance["config"].get("output")


def _flips(a: Values, b: Values) -> NDArray[np.bool_]:
    """Where a discrete outcome differs."""
    if a.dtype.kind != "f":
        return np.asarray(a != b)
    finite = np.isfinite(a) & np.isfinite(b)
    return np.asarray(~(finite | (a == b) | (np.isnan(a) & np.isnan(b))))


def _distances(a: Values, b: Values) -> NDArray[np.float64]:
    """Relative differences of finite numbers ``(path, column)``, less what rounding to the stored type may add."""
    finite = np.isfinite(a) & np.isfinite(b)
    x, y = (np.where(finite, values, 0.0).astype(np.float64) for values in (a, b))
    size = np.maximum(np.abs(x), np.abs(y))
    rounding = np.spacing(size.astype(a.dtype)).astype(np.float64)
    scale = np.maximum(size, np.abs(x).mean(axis=0))
    miss = np.maximum(np.abs(x - y) - rounding, 0.0)
    return np.asarray(np.divide(miss, scale, out=np.zeros_like(miss), where=scale > 0.0))
