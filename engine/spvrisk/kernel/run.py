"""The kernel's entry points: a leaf's paths, block by block, each of them in three stages.

The stages are compiled each by itself, so that two processes can do it at the same time, and `run_blocks` calls the
first two by their addresses. Workspace and results that go with it are those of `kernel.workspace`.
"""

import threading
from typing import Any, NamedTuple

import numpy as np

from spvrisk.errors import RunError
from spvrisk.kernel import rows as R
from spvrisk.kernel.lanes import LANES as LANES
from spvrisk.kernel.linking import address_of, call_at
from spvrisk.kernel.maths import L, U, borrow, entry, stage
from spvrisk.kernel.path import finish_block, run_all_projects, run_world
from spvrisk.kernel.whole_rows import fill
from spvrisk.kernel.workspace import ALL_ROWS as ALL_ROWS
from spvrisk.kernel.workspace import MOST_CHANGES as MOST_CHANGES
from spvrisk.kernel.workspace import PARTIALS as PARTIALS
from spvrisk.kernel.workspace import Leaf as Leaf
from spvrisk.kernel.workspace import Offsets
from spvrisk.kernel.workspace import Work as Work
from spvrisk.kernel.workspace import make_leaf as make_leaf
from spvrisk.kernel.workspace import make_work as make_work
from spvrisk.kernel.workspace import state_shares as state_shares
from spvrisk.kernel.workspace import tree_sums as tree_sums
from spvrisk.kernel.world import Paths, block_of
from spvrisk.plan.arrays import Plan


@stage
def simulate_world(plan, at, work, leaf, paths):
    """Clock and factors of a block."""
    run_world(block_of(plan, at, work, leaf, paths))


@stage
def simulate_projects(plan, at, work, leaf, paths):
    """Projects of a block."""
    run_all_projects(block_of(plan, at, work, leaf, paths))


@entry
def run_blocks(plan, at, work, leaf, stages, paths):
    """Run the paths, block by block; `stages` are the addresses of the stages' code."""
    fill(borrow(work.w), R.ONES, 1.0)
    done = U(0)
    while done < paths.n:
        now = Paths(paths.seed, paths.first + done, paths.column + done, min(L, paths.n - done))
        call_at(stages.world, (plan, at, work, leaf, now))
        call_at(stages.projects, (plan, at, work, leaf, now))
        finish_block(block_of(plan, at, work, leaf, now))
        done += L


class Stages(NamedTuple):
    """Addresses of the stages' machine code, or the stages themselves."""

    world: Any
    projects: Any


STAGES = Stages(simulate_world, simulate_projects)
ENTRY_POINTS = (*STAGES, run_blocks)
"""What is made machine code."""

_MAKING = threading.Lock()
_addresses: Stages | None = None
"""Once the code is there."""


def compile_stages(plan: Plan, *names: str) -> None:
    """Have machine code on file.

    Parameters
    ----------
    plan
        Any plan: its arrays' types are what the code is made for.
    names
        Fields of `Stages`.
    """
    at, work = make_work(plan)
    arguments = (plan, at, work, make_leaf(plan, 0, False), Paths(U(0), U(0), U(0), U(0)))
    for name in names:
        address_of(getattr(STAGES, name), arguments)


def run_paths(
    plan: Plan, at: Offsets, work: Work, leaf: Leaf, seed: np.uint64, path: np.uint64, column: np.uint64, n: np.uint64
) -> None:
    """Run `n` paths from number `path` (a multiple of the lane count) into the columns of a leaf from `column`.

    Parameters
    ----------
    plan
        What is simulated.
    at, work
        Of this thread, from `make_work`.
    leaf
        From `make_leaf`: values are filled, sums are added to.
    seed, path, column, n
        uint64.

    Raises
    ------
    RunError
        Something is of another type than in the first call of this process.
    """
    paths = Paths(seed, path, column, n)
    stages = _addresses or _made_ready((plan, at, work, leaf), paths)
    try:
        run_blocks(plan, at, work, leaf, stages, paths)
    except TypeError as error:
        rule = "arrays of a plan, or numbers, are not of the types for which the kernel was compiled in this process"
        raise RunError(f"{rule}: arrays in one piece that may be written to, and uint64") from error


def _made_ready(arrays: tuple[Any, ...], paths: Paths) -> Stages:
    """Addresses of the stages; arrays of other types are refused from now on."""
    global _addresses
    with _MAKING:
        if _addresses is None:
            addresses = Stages(*(address_of(code, (*arrays, paths)) for code in STAGES))
            address_of(run_blocks, (*arrays, addresses, paths))
            _addresses = addresses
        return _addresses
