"""A made-up run: labels and random values, for tests of what lies behind the kernel."""

import datetime
from typing import NamedTuple

import numpy as np

from spvrisk.aggregate.state import RunState, Sums
from spvrisk.dataset.identity import metadata_of
from spvrisk.dataset.kept import default_paths
from spvrisk.dataset.write import Contents, Provenance, write_result
from spvrisk.measures.conditional import conditional
from spvrisk.measures.table import summary, timeline
from spvrisk.plan.arrays import EVENT, FACTOR, JUMP, PIPELINE, PROJECT, REGIME, STATE, STUDY, Plan
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS, LEAF

QUANTILES = ("0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99")
LEVELS = ("0.95", "0.99")

COUNTED = ("funded", "completed", "cancelled", "declined")
"""Flags of a project that are numbers of projects for many."""


def make_labels(projects=("gas", "smr"), years=3, pipelines=()) -> Labels:
    ends = [datetime.date(2026 + y, m, d) for y in range(years) for m, d in ((6, 30), (9, 30), (12, 31))]
    ends += [datetime.date(2027 + y, 3, 31) for y in range(years)]
    return Labels(
        title={"en": "A made-up study", "ja": "仮の研究"},
        currency="USD",
        money_unit=1e6,
        local_currency="JPY",
        projects=(*projects, *pipelines),
        pipelines=tuple(pipelines),
        project_titles={name: {"en": f"Project {name}"} for name in (*projects, *pipelines)},
        regimes=(("general", ("deal", "gap")), ("autos", ("kept", "cut", "raised"))),
        events=(("ruling", ("upheld", "struck_down")),),
        factors=("sofr",),
        value_date="2026-03-31",
        step_ends=tuple(day.isoformat() for day in sorted(ends)),
        steps_per_year=4,
    )


def make_values(labels: Labels, n_paths: int, seed: int = 7) -> np.ndarray:
    """Values (series, path) that look like results: sums add up, some undefined and infinite."""
    rng = np.random.default_rng(seed)
    values = np.empty((len(labels.series), n_paths))
    for s, (unit, quantity) in enumerate(labels.series):
        row = rng.normal(1000.0, 900.0, n_paths)
        if quantity in COUNTED:
            row = (rng.random(n_paths) < 0.9).astype(float)
            if unit in labels.pipelines:
                row *= rng.poisson(3.0, n_paths)
        elif quantity in ("cost_overrun", "irr_funder"):
            row = np.where(rng.random(n_paths) < 0.1, np.nan, row / 1e4)
        elif quantity in ("payback_years", "recovery_years"):
            row = np.where(rng.random(n_paths) < 0.2, np.inf, rng.gamma(5.0, 2.0, n_paths))
        elif quantity == "final_state_autos":
            row = rng.integers(0, 3, n_paths).astype(float)
        elif quantity == "final_state_general":
            row = rng.integers(0, 2, n_paths).astype(float)
        elif quantity == "outcome_ruling":
            row = np.where(rng.random(n_paths) < 0.05, np.nan, rng.integers(0, 2, n_paths))
        if unit == "portfolio" and quantity in (*COUNTED, "npv_funder"):
            q = labels.quantities.index(quantity)
            row = values[q : s : len(labels.quantities)].sum(axis=0)
        values[s] = row
    return values


class Stored(NamedTuple):
    """Values ``(series, path)`` and fans ``(fan, step, path)``."""

    values: np.ndarray
    fans: np.ndarray


def make_run(labels: Labels, n_paths: int, seed: int = 7) -> tuple[Sums, Stored]:
    """Sums, and what is stored of a made-up run."""
    values = make_values(labels, n_paths, seed)
    rng = np.random.default_rng(seed + 1)
    steps, units = len(labels.step_ends), len(labels.projects) + 1
    states = sum(len(names) for _, names in labels.regimes)
    state, fans = RunState(), np.empty((len(FANS), steps, min(n_paths, FAN_PATHS)), np.float32)
    for leaf, first in enumerate(range(0, n_paths, LEAF)):
        part = np.ascontiguousarray(values[:, first : first + LEAF])
        n = part.shape[1]
        timeline_sums = n * rng.random((units * len(labels.timeline), steps))
        state.update(leaf, part, timeline_sums, n * rng.random((states, steps)), np.zeros((0, steps)))
        if first < FAN_PATHS:
            fans[:, :, first : first + n] = rng.normal(size=(len(FANS), steps, n))
    return state.finish(), Stored(values, fans)


def make_plan() -> Plan:
    """A plan of random bits, whose fields have padding between them."""
    rng = np.random.default_rng(5)

    def noise(n: int, dtype: np.dtype) -> np.ndarray:
        return np.frombuffer(rng.bytes(n * dtype.itemsize), dtype).copy()

    return Plan(
        study=noise(1, STUDY),
        constants=noise(300, np.dtype(np.float64)),
        factors=noise(3, FACTOR),
        rows=noise(2, np.dtype(np.int64)),
        jumps=noise(0, JUMP),
        regimes=noise(2, REGIME),
        states=noise(5, STATE),
        events=noise(1, EVENT),
        pipelines=noise(0, PIPELINE),
        projects=noise(2, PROJECT),
    )


def make_provenance(config_json: str = '{"study": {}}') -> Provenance:
    started = datetime.datetime(2026, 4, 1, 12, 0, tzinfo=datetime.UTC)
    sources = {"study.yaml": "study: {}  # 研究\n"}
    return Provenance(
        config_json,
        "0" * 64,
        make_plan(),
        sources,
        ("run.paths=10",),
        started,
        1.5,
        2,
        ("spvrisk", "run", "study.yaml"),
        "znver4",
        "+avx2",
        "passed",
    )


def renew_metadata(file) -> None:
    """Have what an opened file says of itself match its digest again."""
    file.attrs["metadata_sha256"] = np.bytes_(metadata_of(file))


def block_of(values):
    """Values of series and paths off an array ``(series, path)``, as a ledger gives them."""
    return lambda series, paths: values[list(series), paths.start : paths.stop]


def write_small(path, labels: Labels | None = None, n_paths: int = 5000, names=None, **options) -> str:
    """Write the made-up run; return its content digest."""
    labels = labels or make_labels()
    sums, (values, fans) = make_run(labels, n_paths)
    contents = Contents(
        labels,
        summary(sums, values.__getitem__, labels, QUANTILES, LEVELS),
        conditional(values.__getitem__, labels, QUANTILES, LEVELS),
        timeline(sums, fans, labels, QUANTILES),
        n_paths,
        block_of(values),
        names or default_paths(labels),
        20260331,
        "plain",
        "1" * 64,
        make_provenance(),
    )
    return write_result(path, contents, **options)
