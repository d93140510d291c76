"""Long runs of the machine itself: all 2^32 words, lanes of 128, every index checked (`make campaign`)."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import special

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "runner"))

from content_runs import package_of, run_here, run_there  # noqa: E402

import lane_calls as kernel  # noqa: E402
import spvrisk  # noqa: E402
from spvrisk.plan.shared import LEAF  # noqa: E402

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
MONTHLY = ("study.steps_per_year=12",)

CHUNK = 1 << 24


def test_score__all_words():
    """Falls by at most 4 ulps, within 2e-6 (2.5e-3 in the tails) of the exact quantile, symmetric."""
    falls, worst, body, tail, last = 0, 0.0, 0.0, 0.0, np.float32(-np.inf)
    z, mirror = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    for first in range(0, 2**31, CHUNK):
        words = np.arange(first, first + CHUNK, dtype=np.uint32)
        kernel.scores_from(np.uint64(first), np.uint64(1), z)
        kernel.scores_of(~words, mirror)
        assert (z == -mirror).all()
        drop = np.concatenate([[last], z[:-1]]) - z
        down = drop > 0
        falls += int(down.sum())
        worst = max(worst, float((drop[down] / np.spacing(np.abs(z[down]))).max(initial=0.0)))
        exact = special.ndtri((words + 0.5) * 2.0**-32)
        off, inner = np.abs(z - exact), exact > -5
        body, tail = max(body, off[inner].max(initial=0.0)), max(tail, off[~inner].max(initial=0.0))
        last = z[-1]
    print(f"\nall words: {2 * falls} falls, worst {worst:.0f} ulps; error {body:.2e} in the body, {tail:.2e} beyond 5")
    assert worst <= 4 and falls < 2**31 / 20_000
    assert body <= 2e-6 and tail <= 2.5e-3


@pytest.fixture(scope="module", params=[128, 256])
def wide(request, tmp_path_factory):
    """A package whose kernel runs more paths side by side."""
    return package_of(tmp_path_factory.mktemp("wide"), request.param)


def test_content__other_lanes(wide, tmp_path):
    assert run_there(tmp_path, 1, 2, package=wide) == run_here(tmp_path, 2, 2)


def test_content__other_lanes_by_month(wide, tmp_path):
    """A twelfth of a year is no binary fraction: what the compiler contracts would show."""
    here = run_here(tmp_path, 1, 1, LEAF + 77, STARTER, MONTHLY)
    assert run_there(tmp_path, 2, 2, LEAF + 77, STARTER, MONTHLY, wide) == here


BOUNDS = """
import sys
sys.path[:0] = {paths!r}
import numpy as np
from every_clause import VARIANTS, example_study
from engine_runs import compiled, run_block
from pathlib import Path
for name in {variants!r}:
    folder = Path({folder!r}) / name
    folder.mkdir()
    run_block(compiled(VARIANTS[name](example_study()), folder), 7, 64, 64)
    run_block(compiled(VARIANTS[name](example_study()), folder), 7, 64, 5)
print("in bounds")
"""


def test_kernel__every_index_is_in_bounds(tmp_path):
    variants = ["as_written", "cumulative", "none", "yearly", "monthly"]
    program = BOUNDS.format(paths=[str(TESTS)], variants=variants, folder=str(tmp_path))
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=1000)
    assert "IndexError" not in done.stderr and done.stdout.split() == ["in", "bounds"], done.stderr[-2000:]


CUT = """
make = k.make_work
def less(plan):
    at, work = make(plan)
    return at, work._replace(w=work.w[:-64])
k.make_work = less
"""


def test_kernel__a_short_workspace_is_out_of_bounds(tmp_path):
    """The control of the test above: the same run with one row less in the workspace is caught."""
    program = BOUNDS.format(paths=[str(TESTS)], variants=["as_written"], folder=str(tmp_path))
    program = program.replace("import numpy as np", "import numpy as np\nfrom spvrisk.kernel import run as k", 1)
    program = program.replace("for name in", CUT + "for name in", 1)
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=1000)
    assert "IndexError" in done.stderr
