"""The kernel's entry point: blocks of paths. Workspace and results that go with it are those of `kernel.workspace`."""

from spvrisk.kernel import rows as R
from spvrisk.kernel.lanes import LANES as LANES
from spvrisk.kernel.maths import L, U, entry
from spvrisk.kernel.path import run_block
from spvrisk.kernel.whole_rows import fill
from spvrisk.kernel.workspace import MOST_CHANGES as MOST_CHANGES
from spvrisk.kernel.workspace import PARTIALS as PARTIALS
from spvrisk.kernel.workspace import Leaf as Leaf
from spvrisk.kernel.workspace import Work as Work
from spvrisk.kernel.workspace import make_leaf as make_leaf
from spvrisk.kernel.workspace import make_work as make_work
from spvrisk.kernel.workspace import state_shares as state_shares
from spvrisk.kernel.workspace import tree_sums as tree_sums
from spvrisk.kernel.world import block_of, borrowed_leaf, borrowed_plan, borrowed_work


@entry
def run_paths(plan, at, work, leaf, seed, path, column, n):
    """Run `n` paths from number `path` (a multiple of the lane count) into the columns of a leaf from `column`."""
    # taken apart here, once, and without their owners: each call would count the references to every array
    own_plan, own_work, own_leaf = borrowed_plan(plan), borrowed_work(work), borrowed_leaf(leaf)
    fill(own_work.w, R.ONES, 1.0)
    done = U(0)
    while done < n:
        run_block(block_of(own_plan, at, own_work, own_leaf, seed, path + done, column + done, min(L, n - done)))
        done += L
