"""What becomes of a path does not depend on the paths beside it, which another run may not have."""

import numpy as np
import pytest

from engine_runs import compiled, run_block
from every_clause import STUDIES, example_study
from spvrisk.kernel.lanes import LANES

SEED = 7
ALL = ("operating", "stack_given_up")
"""Studies of which every path is run alone: with phases, ramp-up and offtakers that default."""


def values(done, first, n):
    return np.array(list(run_block(done, SEED, first, n).quantities.values()))


@pytest.mark.parametrize("name", STUDIES)
def test_path__is_the_same_alone(name, tmp_path):
    done = compiled(STUDIES[name](example_study()), tmp_path)
    together = values(done, 0, LANES)
    for path in range(0, LANES, 1 if name in ALL else 9):
        np.testing.assert_array_equal(values(done, path, 1)[:, 0], together[:, path], err_msg=str(path))
