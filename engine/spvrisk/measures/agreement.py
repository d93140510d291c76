"""Whether two results agree that should: those of one plan in every bit, those of one study in all but last digits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.read import Result

Values = NDArray[np.generic]

TOLERANCE = 1e-9
"""Largest difference between plans of one study, relative to the value or to its mean size over the paths."""


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


def disagree(base: Result, other: Result) -> bool:
    """Whether results of the same plan, seed, paths and numbers version differ where they hold the same."""
    if base.attributes["content_sha256"] == other.attributes["content_sha256"]:
        return False
    if not _same(base, other, "plan_sha256", "seed", "paths", "numbers_version"):
        return False
    if _kept(base) == _kept(other):
        return True
    return any(
        base.paths(name).tobytes() != other.paths(name).tobytes()
        for name in base.path_names
        if name in other.path_names
    )


def agreement(base: Result, other: Result) -> Agreement | None:
    """Compare results of one study, seed and numbers version by different plans path by path; None for any others."""
    if not _same(base, other, "config_sha256", "numbers_version") or _same(base, other, "plan_sha256"):
        return None
    flipped, distance = np.zeros(base.n_paths, np.bool_), np.zeros(base.n_paths)
    for name in base.path_names:
        a, b = (result.paths(name).reshape(base.n_paths, -1) for result in (base, other))
        flipped |= _flips(a, b).any(axis=1)
        if a.dtype.kind == "f":
            distance = np.maximum(distance, _distances(a, b).max(axis=1))
    left = distance[~flipped]
    return Agreement(
        base.n_paths,
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
