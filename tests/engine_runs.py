"""Runs of the compiled kernel for comparison with the reference: everything that one block of paths leaves."""

from io import StringIO
from typing import NamedTuple

import numpy as np
from ruamel.yaml import YAML

import reference as ref
from spvrisk.config import load_study
from spvrisk.kernel import run as kernel
from spvrisk.kernel.maths import entry
from spvrisk.kernel.rows import N_FIXED
from spvrisk.kernel.scores import score
from spvrisk.plan.compile import Compiled, compile_study
from spvrisk.plan.inputs import kernel_row


@entry
def _scores(words, out):
    for i in range(words.size):
        out[i] = score(words[i])


class KernelScores(ref.Draws):
    """The reference's own words, turned into scores by the kernel's inversion."""

    def scores(self, name, index, paths):
        words = np.ascontiguousarray(self.words(name, index, paths))
        out = np.empty(words.size, np.float32)
        _scores(words.ravel(), out)
        return out.reshape(words.shape).astype(np.float64)


def compiled(study, tmp_path) -> Compiled:
    """Compile a study that is given as the reference takes it."""
    text = StringIO()
    YAML(typ="rt").dump(study, text)
    file = tmp_path / "study.yaml"
    file.write_text(text.getvalue(), encoding="utf-8")
    return compile_study(load_study(file))


def table_values(study, plan):
    """Hook for the reference: laws, spend curves and the copula off the plan's tables, with arithmetic of its own."""
    number = {f"projects.{name}": s for s, name in enumerate(study["projects"])}
    for n, name in enumerate(study.get("pipelines") or {}):
        number |= {f"pipelines.{name}.template": int(plan.pipelines[n]["first"])}
        number |= {f"pipelines.{name}": int(plan.pipelines[n]["first"])}
    events = {name: e for e, name in enumerate(study["events"])}
    scheme = {"correlation.tail": "tail_root", "agreement.funding.slip": "slip_law"}
    scheme |= {"agreement.funding.take_up": "take_up_law", "stack.policy_share": "policy_law"}
    scheme |= {"stack.insurer.book.loss_rate": "book_law", "agreement.funding.decision.consult.days": "consult_law"}

    def offset(key):
        if key in scheme:
            return plan.study[0][scheme[key]]
        if key.startswith("events."):
            return plan.events[events[key.split(".")[1]]]["days_law"]
        owner = max((name for name in number if key.startswith(f"{name}.")), key=len)
        return plan.projects[number[owner]][LAW_FIELDS[key.removeprefix(f"{owner}.")]]

    def value(key, law, z):
        if key == "correlation.score":
            return normal_of_t(plan, z)
        table = int(offset(key))
        if table < 0:  # no table stands for a law that is one number
            return ref.exact_value(key, law, z)
        return look_up(plan.constants, table, np.asarray(z, float))

    return value


LAW_FIELDS = {
    "size": "size_law",
    "go_ahead.size_share": "size_law",
    "construction.start_delay": "start_delay_law",
    "construction.overrun": "overrun_law",
    "construction.uplift": "uplift_law",
    "construction.duration": "duration_law",
    "construction.spend_curve": "spend_curve",
    "construction.review.threshold": "threshold_law",
    "construction.subscription.share": "subscription_law",
    "construction.salvage": "salvage_law",
    "construction.shortfall": "shortfall_law",
    "operation.availability.law": "availability_law",
    "operation.contract.price": "price_law",
    "operation.contract.share": "share_law",
    "operation.developer_fee.amount": "fee_law",
    "operation.developer_fee.years": "fee_years_law",
    "split.spread": "spread_law",
}


def look_up(pool, offset, z):
    """Interpolate a table of the plan's pool, segment by segment."""
    count, location, scale = int(pool[offset]), pool[offset + 1], pool[offset + 2]
    segments = pool[offset + 3 : offset + 3 + 4 * count].reshape(count, 4)
    out = np.empty_like(z)
    for g, (lower, per_unit, last, cubics) in enumerate(segments):
        here = z >= lower if g else np.ones_like(z, bool)
        x = (z[here] - lower) * per_unit
        cell = np.clip(np.floor(x), 0, last)
        s = np.clip(x - cell, 0, 1)
        rows = pool[(int(cubics) + 4 * cell.astype(int))[:, None] + np.arange(4)]
        out[here] = location + scale * (rows * s[:, None] ** np.arange(4)).sum(axis=1)
    return out


def normal_of_t(plan, x):
    """The map of the t copula off its table: see `spvrisk.plan.copula.CopulaMap`."""
    study = plan.study[0]
    v = 1.0 + x * x / study["tail_nu"]
    exponent = np.frexp(v)[1] - 1  # v = 2^exponent (1 + mantissa)
    mantissa = np.ldexp(v, -exponent) - 1.0
    bins = 2 ** int(study["tail_bits"])
    cell = np.minimum(exponent * bins + np.floor(mantissa * bins), study["tail_last"]).astype(int)
    s = mantissa * bins % 1.0
    rows = plan.constants[(int(study["tail_map"]) + 4 * cell)[..., None] + np.arange(4)]
    return x * (rows * s[..., None] ** np.arange(4)).sum(axis=-1)


class Block(NamedTuple):
    """What one block of lanes leaves, by name."""

    quantities: dict[tuple[str, str], np.ndarray]
    sums: np.ndarray
    """``(unit, timeline row, step)``: sums over the paths."""
    factors: np.ndarray
    """``(step, factor, path)``."""
    occupancy: np.ndarray
    """``(state, step)``: sums over the paths."""
    inputs: dict[tuple[str, str], np.ndarray]
    """By input and project, factor or offtaker."""


def run_block(compiled_study, seed, first, n) -> Block:
    """Run `n` paths, at most one row of lanes, from `first` (a multiple of the lane count)."""
    plan, labels, _ = compiled_study
    at, work = kernel.make_work(plan)
    leaf = kernel.make_leaf(plan, len(labels.series), False)
    kernel.run_paths(plan, at, work, leaf, np.uint64(seed), np.uint64(first), np.uint64(0), np.uint64(n))
    steps, lanes = int(plan.study[0]["steps"]), kernel.LANES
    rows = (len(labels.projects), steps, len(labels.timeline))
    factors = work.w[int(at.factor.first) :][: steps * plan.factors.size * lanes]
    return Block(
        {key: row[:n] for key, row in zip(labels.series, leaf.values, strict=True)},
        kernel.tree_sums(leaf.partial, int(np.prod(rows))).reshape(rows).swapaxes(1, 2),
        factors.reshape(steps, plan.factors.size, lanes)[:, :, :n],
        kernel.state_shares(leaf.occupancy),
        {
            (name, column): leaf.inputs[kernel_row(name, c, len(labels.announced), len(labels.factors)), :n]
            for name in labels.inputs
            for c, column in enumerate(labels.columns(name))
        },
    )


def steps_of(done: Compiled, seed: int, path: int) -> np.ndarray:
    """Rows of each site after each step on one path: ``(site, step, row)``."""
    plan, labels, _ = done
    at, work = kernel.make_work(plan)
    leaf = kernel.make_leaf(plan, len(labels.series), False, kernel.ALL_ROWS)
    kernel.run_paths(plan, at, work, leaf, *(np.uint64(x) for x in (seed, path, 0, 1)))
    assert leaf.trace.shape[2] == N_FIXED
    return leaf.trace[..., 0]
