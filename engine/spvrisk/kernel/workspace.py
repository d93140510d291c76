"""What a thread works on and what it leaves: regions of the workspace, records of one path, results of a leaf.

Index legend: k = factor, s = project, t = step, l = lane.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from spvrisk.kernel import rows as R
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, inline
from spvrisk.kernel.rows import Region
from spvrisk.kernel.simd import WIDE
from spvrisk.plan import inputs
from spvrisk.plan.arrays import Floats, Plan, Records
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import LEAF

PARTIALS = WIDE
"""Partial sums of a leaf, by path number mod 8: the same additions in the same order for every lane count."""
AHEAD = 8
"""Hazard jumps of each regime that are drawn for all lanes beforehand; later ones, which are rare, path by path."""
MOST_CHANGES = 1000
"""Changes of the clock for which there is room at first where a path is traced; more are counted, but not kept."""
CHANGE = ("time", "cause", "item", "before", "after")
"""Columns of the log of a path, see `kernel.log`."""
ALL_ROWS = tuple(U(row * LANES) for row in range(R.N_FIXED))
"""All fixed rows, where a path is traced."""


# ---- the workspace


class Offsets(NamedTuple):
    """Regions of a workspace, behind its fixed rows."""

    level: Region
    """``(k, lane)``: process states y."""
    jump: Region
    """``(j, 4, lane)``: jumps of four steps."""
    factor: Region
    """``(t, k, lane)``: observed factors at the steps' ends; t is rounded up to whole blocks of four."""
    step_mean: Region
    """``(number, t, lane)``: means over the steps of attributes of states, shifts and products.

    Two steps more than there are.
    """
    pause: Region
    """``(pause, 2, lane)``: begin and length of a standstill, years; infinite if there is none."""
    default: Region
    """``(offtaker, lane)``: times of default."""
    deal: Region
    """``(s, 7, lane)``: what selection leaves of each project."""
    hold: Region
    """``(regime, AHEAD, lane)``: unit-exponential thresholds of the first hazard jumps."""
    to: Region
    """``(regime, AHEAD, lane)``: uniform numbers that say where those jumps lead."""
    lot: Region
    """``(event, lane)``: uniform numbers of the outcomes."""
    calls: Region
    """``(t, lane)``: the funder's outflows for the portfolio."""
    receipts: Region
    """``(t, lane)``: the funder's receipts from the portfolio."""
    total: Region
    """``(27, lane)``: sums over the portfolio."""
    side: Region
    """``(t, lane)``: side flows of all projects."""
    insurer: Region
    """``(t, lane)``: what the insurer earns less what it pays; no rows without a stack. So with the next two."""
    exposure: Region
    """``(t, lane)``: the balance that it covers."""
    fallen: Region
    """``(t, lane)``: what had fallen due on a commercial loan, cumulated."""
    partner: Region
    """``(s, 9, lane)``: state of the projects that share cash; no rows where none do. So with the next two."""
    shared: Region
    """``(s, t, 4, lane)``: their steps."""
    pool: Region
    """``(8, lane)``: all of them together."""
    group_calls: Region
    """``(t, lane)``: outflows for a pipeline; no rows without pipelines. So with the next two."""
    group_receipts: Region
    group: Region
    net: Region
    """``(t, lane)``: net flows of the unit whose rate of return is sought; t is rounded up to whole blocks of four."""


def offsets(plan: Plan) -> Offsets:
    """Lay out the regions for a plan."""
    study = plan.study[0]
    steps, factors, groups = int(study["steps"]), plan.factors.size, min(plan.pipelines.size, 1)
    stack, coupled, blocks = int(study["stack"]), int(study["coupled"]), (steps + 3) // 4 * 4
    rows = {
        "level": factors,
        "jump": 4 * plan.jumps.size,
        "factor": blocks * factors,
        "step_mean": int(study["step_means"]) * (steps + 2),
        "pause": 2 * int(study["pauses"]),
        "default": int(study["n_defaults"]),
        "deal": int(R.DEAL_ROWS) * plan.projects.size,
        "hold": AHEAD * plan.regimes.size,
        "to": AHEAD * plan.regimes.size,
        "lot": plan.events.size,
        "calls": steps,
        "receipts": steps,
        "total": int(R.SUM_ROWS),
        "side": steps,
        "insurer": stack * steps,
        "exposure": stack * steps,
        "fallen": stack * steps,
        "partner": coupled * plan.projects.size * int(R.PARTNER_ROWS),
        "shared": coupled * plan.projects.size * steps * int(R.SHARED_ROWS),
        "pool": coupled * int(R.POOL_ROWS),
        "group_calls": groups * steps,
        "group_receipts": groups * steps,
        "group": groups * int(R.SUM_ROWS),
        "net": blocks,
    }
    regions, first = {}, R.N_FIXED * LANES
    for name, count in rows.items():
        end = first + count * LANES
        regions[name], first = Region(U(first), U(end)), end
    return Offsets(**regions)


def size_of(at: Offsets) -> int:
    """Elements of a workspace."""
    return int(max(region.end for region in at))


@inline
def mean_row(at, g, number, t):
    """Row of a step mean in a step."""
    return at.step_mean.first + (uint64(number) * uint64(g.steps + 2) + uint64(t)) * L


@inline
def deal_of(at, s):
    """First element of a project's rows in the region `deal`."""
    return at.deal.first + uint64(s) * R.DEAL_ROWS * L


# ---- records of one path

REGIME_NOW = np.dtype(
    [
        ("state", np.int64),
        ("since", np.float64),  # time of entry, not before the value date
        ("expires", np.float64),  # time at which the state ends by itself; infinite if never
        ("intensity", np.float64),  # of leaving the state, per year, scaled
        ("threshold", np.float64),  # what was left of the unit-exponential threshold at `counted`
        ("counted", np.float64),
        ("next_jump", np.float64),  # time at which it is used up
        ("jumps", np.int64),  # hazard jumps so far
        ("expiries", np.int64),  # expiries so far
    ],
    align=True,
)

EVENT_STATE = np.dtype(
    [
        ("time", np.float64),  # when it will take place; infinite if not known yet, past, or never
        ("day", np.int64),
        ("outcome", np.int64),  # -1 before it
    ],
    align=True,
)

PRODUCT_HELD = np.dtype([("value", np.float64), ("since", np.float64)], align=True)
"""What a product of states is worth, and from when on."""

DEAL = np.dtype(
    [
        ("time", np.float64),  # of the notice or decision to come; infinite if there is none
        ("day", np.int64),
        ("stage", np.int64),  # as in `kernel.selection`
        ("decisions", np.int64),  # so far
        ("consulted", np.int64),  # 1: the decision to come is that after talks
    ],
    align=True,
)

PIPELINE_NOW = np.dtype(
    [
        ("intensity", np.float64),  # of arrivals, per year, scaled
        ("scale", np.float64),  # by events
        ("threshold", np.float64),  # what was left of the unit-exponential threshold at `counted`
        ("counted", np.float64),
        ("next_jump", np.float64),  # time at which it is used up
        ("arrivals", np.int64),
        ("closed", np.int64),  # 1: the deadline has passed
    ],
    align=True,
)

LEDGER = np.dtype(
    [
        ("left", np.float64),  # of the ceiling; a remainder, so that it comes to exactly 0
        ("net_commitments", np.float64),  # budgets noticed, less those declined
        ("year", np.int64),  # calendar year of the latest notice, counted from that of the first day
        ("noticed", np.float64),  # budgets noticed in that year
        ("time", np.float64),  # of the next notice or decision
        ("project", np.int64),
        ("declined", np.int64),  # decisions so far
        ("delayed", np.int64),
    ],
    align=True,
)
"""The ledger of commitments."""


class Work(NamedTuple):
    """Scratch of one thread, used again for every block; all but the first two are of one path."""

    w: Floats
    """The workspace: fixed rows (`kernel.rows`), then the regions of `Offsets`."""
    words: NDArray[np.uint32]
    """``(8 lanes,)``: words of four draws, and their offsets in the table of scores."""
    now: Records
    """``(regime,)`` `REGIME_NOW`."""
    event_states: Records
    """``(event,)`` `EVENT_STATE`."""
    scales: Floats
    """``(passage,)``: multiples of hazards, by events."""
    weights: Floats
    """``(passage,)``: multiples of hazards while something is so."""
    held: Records
    """``(product,)`` `PRODUCT_HELD`."""
    deals: Records
    """``(s,)`` `DEAL`: what is to happen to the projects."""
    turns: NDArray[np.int64]
    """``(2 s,)``: whose turn it is, a tournament of projects, see `kernel.selection`."""
    flow: Records
    """``(pipeline,)`` `PIPELINE_NOW`."""
    ledger: Records
    """``(1,)`` `LEDGER`: what is committed."""


_LINE = 64
"""Bytes of a processor's cache line, and of the longest vector."""


def _zeros(size: int) -> Floats:
    """Zeros that begin at the start of a cache line, so that no vector of lanes lies across two.

    NumPy's own begin 16 bytes behind one, and each access takes twice its time.
    """
    room = np.zeros(size + _LINE // 8)
    first = -room.ctypes.data % _LINE // 8
    return room[first : first + size]


def make_work(plan: Plan) -> tuple[Offsets, Work]:
    """Lay out and allocate a thread's workspace."""
    at, g = offsets(plan), plan.study[0]
    return at, Work(
        _zeros(size_of(at)),
        _zeros(4 * LANES).view(np.uint32),
        np.zeros(plan.regimes.size, REGIME_NOW),
        np.zeros(plan.events.size, EVENT_STATE),
        np.ones(int(g["hazards"])),
        np.ones(int(g["hazards"])),
        np.zeros(int(g["n_products"]), PRODUCT_HELD),
        np.zeros(plan.projects.size, DEAL),
        np.zeros(2 * plan.projects.size, np.int64),
        np.zeros(plan.pipelines.size, PIPELINE_NOW),
        np.zeros(1, LEDGER),
    )


# ---- results


class Leaf(NamedTuple):
    """What the kernel leaves of up to 4096 consecutive paths."""

    values: Floats
    """``(series, path)``: quantities in the order of `plan.names.Labels.series`; NaN = undefined."""
    inputs: NDArray[np.float32]
    """``(row, path)``: inputs in the order of `plan.inputs.kernel_row`."""
    partial: Floats
    """``(unit, step, timeline row, 8)`` flat: sums by path number mod 8."""
    occupancy: Floats
    """``(2, state, step)``, two steps more than there are: see `state_shares`."""
    step_means: Floats
    """``(number, step, 8)`` flat: sums of the clock's step means by path number mod 8, which checks of a run compare.
    """
    fans: NDArray[np.float32]
    """``(fan, step, path)``: portfolio flows by path; no paths where fans are not wanted."""
    traced: NDArray[np.uint64]
    """``(row,)``: elements of fixed rows from which on lanes are kept of each project's steps."""
    trace: Floats
    """``(s, step, row, lane)``: what is kept after each step; no rows where no path is traced."""
    log: Floats
    """``(1 + change, CHANGE)``: what the clock of the first path did.

    The first entry is the number of changes; no rows where they are not wanted.
    """


def inputs_of(plan: Plan) -> int:
    """How many inputs a path has."""
    study = plan.study[0]
    return inputs.rows(int(study["announced"]), plan.factors.size, int(study["n_defaults"]))


def make_leaf(
    plan: Plan,
    n_series: int,
    with_fans: bool,
    traced: Sequence[np.uint64] = (),
    lanes: int = 1,
    changes: int = 0,
) -> Leaf:
    """Allocate the results of one leaf, all zero.

    Parameters
    ----------
    plan
        What is simulated.
    n_series
        Quantities of a path.
    with_fans
        Whether flows of the portfolio are kept by path.
    traced
        Elements from which on lanes are kept of each project's steps, see `ALL_ROWS`.
    lanes
        How many.
    changes
        For how many changes of the first path's clock there is room.
    """
    steps, units, projects = int(plan.study[0]["steps"]), int(plan.study[0]["units"]), plan.projects.size
    return Leaf(
        _zeros(n_series * LEAF).reshape(n_series, LEAF),
        np.zeros((inputs_of(plan), LEAF), np.float32),
        _zeros(units * steps * int(plan.study[0]["timeline_rows"]) * PARTIALS),
        np.zeros((2, plan.states.size, steps + 2)),
        _zeros(int(plan.study[0]["step_means"]) * steps * PARTIALS),
        np.zeros((len(FANS), steps, LEAF if with_fans else 0), np.float32),
        np.array(traced, np.uint64),
        np.zeros((projects, steps, len(traced), lanes)),
        np.zeros((1 + changes if changes else 0, len(CHANGE))),
    )


def tree_sums(partial: Floats, rows: int) -> Floats:
    """Join the partial sums of each of `rows` rows by a fixed pairwise tree: ``(rows,)``."""
    x = partial.reshape(rows, PARTIALS)
    while x.shape[1] > 1:
        x = x[:, ::2] + x[:, 1::2]
    return x[:, 0].copy()


def state_shares(occupancy: Floats) -> Floats:
    """Sums over the paths of the share of each step spent in each state, ``(state, step)``, from a leaf's changes."""
    outer, whole = occupancy
    return np.asarray(outer + np.cumsum(whole, axis=1))[:, :-2]
