"""Where a thread's scratch and a leaf's results lie in memory."""

from pathlib import Path

import spvrisk
from spvrisk.config import load
from spvrisk.kernel.workspace import make_leaf, make_work
from spvrisk.plan.compile import compile_study

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"


def test_lanes__do_not_lie_across_cache_lines():
    """A vector that does takes twice the time, and NumPy's arrays begin 16 bytes behind a line."""
    plan = compile_study(load(STARTER).study).plan
    _, work = make_work(plan)
    leaf = make_leaf(plan, 7, False)
    arrays = (work.w, work.words, leaf.values, leaf.partial, leaf.step_means)
    assert all(array.ctypes.data % 64 == 0 for array in arrays)
    assert all(array.flags.c_contiguous and not array.any() for array in arrays)
    assert leaf.values.shape == (7, 4096)
