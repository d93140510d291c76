"""The same content for any number of threads and of leaves in a shard; statistics as NumPy has them."""

import numpy as np
import pytest
from content_runs import PATHS, STUDY, run_here, run_there

import reference as ref
from engine_runs import KernelScores, compiled, run_block, table_values
from every_clause import example_study
from in_memory import simulate, values_of
from processors import features
from spvrisk.config import load
from spvrisk.kernel.lanes import LANES
from spvrisk.measures.table import summary
from spvrisk.plan.compile import compile_study
from spvrisk.plan.shared import LEAF


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Digest of a run by one thread, leaf by leaf."""
    return run_here(tmp_path_factory.mktemp("one"), 1, 1)


@pytest.mark.skipif(not features(), reason="NumPy uses nothing here that it could do without")
def test_content__without_numpys_loops_for_newer_processors(expected, tmp_path):
    """Of all that runs, from the study to the statistics; plans as such are compared in `plan/test_processors.py`."""
    assert run_there(tmp_path, 4, 1, NPY_DISABLE_CPU_FEATURES=" ".join(features())) == expected


@pytest.mark.parametrize(("workers", "shard"), [(2, 1), (1, 4), (2, 4), (2, 16)])
def test_content__any_threads_and_shards(expected, workers, shard, tmp_path):
    assert run_here(tmp_path, workers, shard) == expected


def test_content__another_number_of_paths_is_another_content(expected, tmp_path):
    assert run_here(tmp_path, 1, 1, PATHS - 1) != expected


@pytest.fixture(scope="module")
def sample():
    """Study, labels, sums and stored values of a run."""
    study = load(STUDY).study
    plan, labels, _ = compile_study(study)
    ledger = simulate(plan, labels, PATHS, 3, 2, 2)
    return study, labels, ledger.sums(), ledger


def test_statistics__as_numpy_on_the_stored_values(sample):
    """Within 1e-6 of the sd would do for stored float32; float64 agrees to 1e-12 relative."""
    study, labels, sums, ledger = sample
    table = summary(sums, ledger.column, labels, study.output.quantiles, study.output.risk_levels)
    seen = 0
    for s, row in enumerate(values_of(ledger)):
        if labels.series[s][1].startswith(("final_state_", "outcome_")):
            continue
        finite, defined = row[np.isfinite(row)], row[~np.isnan(row)]
        assert (table.n[s], table.n_undefined[s]) == (defined.size, np.isnan(row).sum())
        assert table.n_infinite[s] == np.isinf(row).sum()
        if finite.size > 1:
            sd = finite.std(ddof=1)
            np.testing.assert_allclose(table.mean[s], finite.mean(), rtol=1e-12, atol=1e-12 * max(sd, 1e-300))
            np.testing.assert_allclose(table.sd[s], sd, rtol=1e-12, atol=1e-14 * abs(finite.mean()))
            seen += 1
        if defined.size:
            expected = np.quantile(defined, [float(q) for q in study.output.quantiles], method="inverted_cdf")
            np.testing.assert_array_equal(table.quantile[s], expected)
    assert seen > 40


def test_timeline__occupancies_and_fans_cover_all_paths(sample):
    _, labels, sums, ledger = sample
    assert sums.n_paths == PATHS
    row = 0
    for _, states in labels.regimes:
        block = sums.occupancy[row : row + len(states)]
        np.testing.assert_allclose(block.sum(axis=0), PATHS, rtol=1e-12)
        row += len(states)
    calls = sums.timeline.reshape(len(labels.projects) + 1, 9, -1)[-1, 0]
    net_flow, cumulated, paid = ledger.fans()
    np.testing.assert_allclose(paid.sum(axis=1, dtype=float), calls, rtol=1e-6)
    np.testing.assert_allclose(cumulated, np.cumsum(net_flow, axis=0, dtype=float), rtol=1e-4, atol=2e-2)


def test_progress__counts_every_path_once():
    study = load(STUDY).study
    plan, labels, _ = compile_study(study)
    told = []
    simulate(plan, labels, LEAF + 77, 3, 2, 1, progress=told.append)
    assert sum(told) == LEAF + 77 and min(told) > 0


def test_path_numbers__cross_2_to_the_32(tmp_path):
    """The block of lanes before 2^32 and the one behind it, against the reference's own draws."""
    study = example_study()
    done = compiled(study, tmp_path)
    seen = []
    for first in (2**32 - LANES, 2**32):
        block = run_block(done, 7, first, LANES)
        slow = ref.simulate(study, np.arange(first, first + LANES), KernelScores(7), table_values(study, done.plan))
        for (unit, quantity), got in block.quantities.items():
            if quantity in ("cost", "npv_funder", "overrun_sampled", "pv_host"):
                np.testing.assert_allclose(got, slow.quantities[unit][quantity], rtol=1e-8, atol=1e-6)
        seen.append(block.quantities["gas", "cost"])
    low = run_block(done, 7, 0, LANES).quantities["gas", "cost"]
    assert (seen[1] != low).all() and (seen[0] != seen[1]).all()
