"""Small studies with answers on paper, and runs of the compiled kernel on them, leaf by leaf."""

from collections.abc import Iterator
from copy import deepcopy
from io import StringIO
from typing import Any, NamedTuple

import numpy as np
from ruamel.yaml import YAML

from spvrisk.config import load_study
from spvrisk.kernel import run as kernel
from spvrisk.plan.compile import Compiled, compile_study
from spvrisk.plan.shared import LEAF

PLANT: dict[str, Any] = {
    "notice_date": "2026-03-31",
    "budget": 100.0,
    "capacity": 10.0,
    "output_unit": "t",
    "construction": {
        "planned_duration_years": 1.0,
        "spend_curve": {"a": 1, "b": 1},
        "class": "plant",
        "overrun": 1.0,
        "duration": 1.0,
        "correlation": {"all": 0, "class": 0, "cost_delay": 0},
        "budget_basis": "real",
    },
    "operation": {
        "life_years": 5.0,
        "availability": {"law": 1.0, "persistence": 0},
        "merchant": {"factor": "price"},
    },
}
"""Builds 100 evenly over a year from the value date, then sells 10 a year at `price`: no costs, nothing random."""

BARE: dict[str, Any] = {
    "study": {
        "title": {"en": "Bare"},
        "currency": "USD",
        "money_unit": 1,
        "value_date": "2026-03-31",
        "horizon_years": 2,
        "steps_per_year": 4,
    },
    "curves": {"usd": {"knots": [[0, 0.05]]}},
    "parties": {
        "funder": {"currency": "USD", "discount": {"study": "usd"}},
        "host": {"currency": "USD", "discount": {"study": "usd"}},
    },
    "agreement": {
        "funding": {"lag_business_days": 0, "holidays": []},
        "split": {"mode": "none", "funder_share": 1.0},
    },
    "factors": {"price": {"unit": "USD/t", "process": {"deterministic": {"curve": 3}}}},
    "projects": {"plant": PLANT},
    "run": {},
}
"""One plant, one flat price, all cash to the funder."""


def changed(study: dict[str, Any], /, **sections: Any) -> dict[str, Any]:
    """Copy of a study with sections merged in, mapping by mapping; `None` takes a key out."""

    def merge(base: Any, over: Any) -> Any:
        if not isinstance(base, dict) or not isinstance(over, dict):
            return over
        joined = {key: merge(base.get(key), over[key]) if key in over else base[key] for key in [*base]}
        joined.update({key: value for key, value in over.items() if key not in base})
        return {key: value for key, value in joined.items() if value is not None}

    return deepcopy(merge(study, sections))


def write_study(study: dict[str, Any], file: Any) -> Any:
    """Write a study to a YAML file and return the file."""
    text = StringIO()
    YAML(typ="rt").dump(study, text)  # keeps the order of the mappings, which the safe dumper sorts
    file.write_text(text.getvalue(), encoding="utf-8")
    return file


def compile_in(study: dict[str, Any], folder: Any) -> Compiled:
    """Compile a study by way of a file in `folder`."""
    return compile_study(load_study(write_study(study, folder / "study.yaml")))


class LeafRun(NamedTuple):
    """What the kernel leaves of the paths of one leaf."""

    values: dict[tuple[str, str], np.ndarray]
    """``(path,)`` by unit and quantity."""
    factors: np.ndarray
    """``(step, factor, path)``."""
    attributes: np.ndarray
    """``(attribute, step, path)``: means over the steps."""
    occupancy: np.ndarray
    """``(state, step)``: sums over the paths."""
    sums: np.ndarray
    """``(project, timeline row, step)``: sums over the paths."""


def run_leaves(done: Compiled, seed: int, n: int, first: int = 0) -> Iterator[LeafRun]:
    """Run `n` paths from `first`, a multiple of the lane count, with the rows of every block kept."""
    plan, labels, _ = done
    lanes, steps = kernel.LANES, int(plan.study[0]["steps"])
    at, work = kernel.make_work(plan)
    shape, rows = (steps, plan.factors.size), (len(labels.projects), steps, len(labels.timeline))
    tariffs = int(plan.study[0]["step_means"])
    for start in range(0, n, LEAF):
        count = min(LEAF, n - start)
        leaf = kernel.make_leaf(plan, len(labels.series), False)
        factors, attributes = np.empty((*shape, LEAF)), np.empty((tariffs, steps, LEAF))
        for column in range(0, count, lanes):
            here = min(lanes, count - column)
            numbers = (np.uint64(x) for x in (first + start + column, column, here))
            kernel.run_paths(plan, at, work, leaf, np.uint64(seed), *numbers)
            block = work.w[int(at.factor.first) :][: steps * plan.factors.size * lanes]
            factors[:, :, column : column + lanes] = block.reshape(*shape, lanes)
            block = work.w[int(at.step_mean.first) :][: tariffs * (steps + 2) * lanes]
            attributes[:, :, column : column + lanes] = block.reshape(tariffs, steps + 2, lanes)[:, :steps]
        yield LeafRun(
            {key: row[:count] for key, row in zip(labels.series, leaf.values, strict=True)},
            factors[:, :, :count],
            attributes[:, :, :count],
            kernel.state_shares(leaf.occupancy),
            kernel.tree_sums(leaf.partial, int(np.prod(rows))).reshape(rows).swapaxes(1, 2),
        )


def run_all(done: Compiled, seed: int, n: int, first: int = 0) -> LeafRun:
    """Run `n` paths and join the leaves."""
    leaves = list(run_leaves(done, seed, n, first))
    return LeafRun(
        {key: np.concatenate([leaf.values[key] for leaf in leaves]) for key in leaves[0].values},
        np.concatenate([leaf.factors for leaf in leaves], axis=2),
        np.concatenate([leaf.attributes for leaf in leaves], axis=2),
        sum(leaf.occupancy for leaf in leaves),
        sum(leaf.sums for leaf in leaves),
    )


class Check:
    """Means over paths against their expectations, in standard errors; fed chunk by chunk."""

    def __init__(self) -> None:
        self.n = 0
        self.total: dict[str, np.ndarray] = {}
        self.squares: dict[str, np.ndarray] = {}
        self.expected: dict[str, np.ndarray] = {}

    def add(self, chunk: dict[str, tuple[np.ndarray, Any]]) -> None:
        """Add a chunk: by name, samples ``(..., path)`` and their expectation ``(...)``."""
        sizes = {samples.shape[-1] for samples, _ in chunk.values()}
        (size,) = sizes
        self.n += size
        for name, (samples, expected) in chunk.items():
            off = samples - np.asarray(expected)[..., None]
            self.total[name] = self.total.get(name, 0.0) + off.sum(axis=-1)
            self.squares[name] = self.squares.get(name, 0.0) + (off * off).sum(axis=-1)
            self.expected[name] = np.asarray(expected)

    def errors(self) -> dict[str, np.ndarray]:
        """Deviation of each mean from its expectation, in standard errors; huge where nothing varies."""
        out = {}
        for name, total in self.total.items():
            mean = total / self.n
            variance = np.maximum(self.squares[name] / self.n - mean**2, 0.0)
            exact = np.abs(mean) <= 1e-12 * np.maximum(np.abs(self.expected[name]), 1e-3)
            with np.errstate(divide="ignore", invalid="ignore"):
                z = mean / np.sqrt(variance / self.n)
            out[name] = np.where(exact, 0.0, z)
        return out

    def worst(self) -> tuple[float, str]:
        """Largest deviation and the name of its statistic."""
        return max((float(np.abs(z).max()), name) for name, z in self.errors().items())

    def assert_within(self, limit: float) -> None:
        """Every mean lies within `limit` standard errors of its expectation."""
        bad = {name: z for name, z in self.errors().items() if not (np.abs(z) < limit).all()}
        assert self.total and not bad, bad
