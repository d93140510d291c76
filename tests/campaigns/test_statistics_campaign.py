"""A million paths against closed forms, within 4 standard errors (`make campaign`); prints what it found."""

import time

import numpy as np
import pytest
from scipy import stats

import clocks
import factor_laws as laws
from studies import Check, changed, compile_in, run_leaves

N = 1_000_000
LIMIT = 4.0


def report(what, check, started):
    """Worst statistic of a campaign, for the log that `pytest -s` shows."""
    z = np.concatenate([np.ravel(v) for v in check.errors().values()])
    worst, name = check.worst()
    print(
        f"\n{what}: {check.n:,} paths, {z.size} statistics, worst {worst:.2f} se ({name}), "
        f"rms {np.sqrt(np.mean(z[z != 0] ** 2)):.2f}, {time.perf_counter() - started:.0f} s"
    )


@pytest.mark.parametrize("copula", ["gaussian", "t"])
def test_factors__a_million_paths(copula, tmp_path):
    started, check, kept = time.perf_counter(), Check(), []
    done, expected = compile_in(laws.factor_study(copula), tmp_path), laws.copula_expectations(copula)
    for leaf in run_leaves(done, 2026, N):
        check.add({**laws.margin_checks(leaf.factors), **laws.copula_checks(leaf.factors, copula, expected)})
        e = laws.innovations(laws.coordinates(leaf.factors))
        kept.append([e[name][t].astype(np.float32) for name in ("a", "fx", "o", "r") for t in (0, laws.T - 1)])
    report(f"factors, {copula} copula", check, started)
    for sample in zip(*kept, strict=True):
        assert stats.kstest(np.concatenate(sample).astype(float), "norm").pvalue > 1e-4
    check.assert_within(LIMIT)


def test_clock__a_million_paths_of_hazards(tmp_path):
    started, check, horizon = time.perf_counter(), Check(), 10
    for leaf in run_leaves(compile_in(clocks.chain_study(horizon), tmp_path), 2027, N):
        check.add(clocks.chain_checks(leaf, 4 * horizon, 0.25, horizon))
    report("hazards", check, started)
    check.assert_within(LIMIT)


def test_clock__a_million_paths_of_events(tmp_path):
    started, check = time.perf_counter(), Check()
    for leaf in run_leaves(compile_in(changed(clocks.BARE, **clocks.EVENT_STUDY), tmp_path), 2028, N):
        check.add(clocks.event_checks(leaf))
    report("events", check, started)
    check.assert_within(LIMIT)
