"""Yearly needs against present values, the timeline and traces of the same run."""

import numpy as np
import pytest

import spvrisk
from decision_runs import STACK, starter
from every_clause import WHOLE_DEAL_VARIANTS as VARIANTS
from every_clause import example_study
from spvrisk.experiments import cash as module
from spvrisk.experiments import trace
from spvrisk.experiments.cash import columns_of, flows_of
from spvrisk.experiments.step_rows import STEP_ROWS
from spvrisk.experiments.trace import Tracer, study_of, tracer_of
from studies import write_study

UNDISCOUNTED = {"curves.usd": {"knots": [[0, 0.0]]}}
N = 96
VALUES = {
    "funder": "npv_funder",
    "host": "pv_host",
    "policy_bank": "npv_policy_bank",
    "banks": "npv_banks",
    "insurer": "insurer_net",
}
"""What is, without discounting, all that a party receives less all that it pays."""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    changes = {**STACK, **UNDISCOUNTED, "output.paths": list(VALUES.values())}
    return starter(tmp_path_factory.mktemp("cash") / "stack.h5", paths=N, **changes)


def test_flows__of_each_party_add_up_to_its_value_path_by_path(file):
    with spvrisk.open(file) as results:
        tables = results.tables()
        tracer, study = tracer_of(tables), study_of(tables)
        for path in (0, 7, 60, 95):
            _, total = tracer.totals_of(range(path, path + 1), columns_of(study), N)
            flows = flows_of(total, study)
            assert set(flows) == set(VALUES)
            for party, quantity in VALUES.items():
                net = (flows[party].received - flows[party].paid).sum()
                assert net == pytest.approx(results.values(quantity)[path], rel=1e-5, abs=1e-6)
                assert (flows[party].paid >= 0).all() and (flows[party].received >= 0).all()


def test_cash__of_all_paths_has_the_calls_of_the_timeline(file):
    with spvrisk.open(file) as results:
        found = spvrisk.cash(results, paths=N, gross=True)
        calls, claims = (results.timeline[f"portfolio_{name}"].values for name in ("calls", "claims"))
        years = results.timeline.time.values.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    assert found.paths == N and set(found.parties) == set(VALUES)
    for party, flow in (("funder", calls), ("insurer", claims)):
        for need in found.parties[party][1:]:
            # no step of the starter study ends on 1 January
            assert need.mean == pytest.approx(flow[years == need.year].sum(), rel=1e-9, abs=1e-9)


def test_cash__needs_are_those_of_traced_paths(file):
    with spvrisk.open(file) as results:
        found = spvrisk.cash(results, levels=[0.5, 0.9], paths=20)
        traces = [spvrisk.trace(results, path=path).trace for path in range(20)]
    columns = list(STEP_ROWS)
    calls, receipts = (
        np.array([trace.steps[:, columns.index(name)].sum(axis=0) for trace in traces])
        for name in ("calls", "distribution_funder")
    )
    years = np.array([int(day[:4]) for day in traces[0].labels.step_ends])
    yearly = np.array([(calls - receipts)[:, years == year].sum(axis=1) for year in np.unique(years)])
    needs = np.maximum(yearly, 0.0)
    largest, *by_year = found.parties["funder"]
    expected = np.quantile(needs.max(axis=0), [0.5, 0.9], method="inverted_cdf")
    assert [p.value for p in largest.levels] == pytest.approx(expected)
    for need, values in zip(by_year, needs, strict=True):
        assert [p.value for p in need.levels] == pytest.approx(np.quantile(values, [0.5, 0.9], method="inverted_cdf"))
        assert need.error == pytest.approx(values.std(ddof=1) / np.sqrt(20), abs=1e-12)


@pytest.mark.parametrize("threads", [2, 3])
def test_cash__is_the_same_bits_on_any_threads_and_in_any_parts(file, threads, monkeypatch):
    """Two rows of lanes, the second not full; and three pieces of 32 paths."""
    with spvrisk.open(file) as results:
        done = []
        one, other = (spvrisk.cash(results, paths=N, on=spvrisk.Threads(n), progress=done.append) for n in (1, threads))
        monkeypatch.setattr(trace, "_ROOM", 32 * 8 * 2 * len(results.tables().labels.step_ends) * 13)
        parts = spvrisk.cash(results, paths=N, on=spvrisk.Threads(threads), progress=done.append)
    assert one.parties == other.parties == parts.parties
    assert sorted(done) == [32] * 5 + [64] * 2
    with pytest.raises(spvrisk.InputError, match="argument on: must be Threads: .* got Processes; give e.g."):
        spvrisk.cash(file, on=spvrisk.Processes(2))


def test_cash__a_replay_that_differs_is_refused(file, monkeypatch):
    class Astray(Tracer):
        def __init__(self, study, seed, plan):
            super().__init__(study, seed + 1, plan)

    monkeypatch.setattr(module, "Tracer", Astray)
    with pytest.raises(spvrisk.RunError, match="the replay differs from the result"):
        spvrisk.cash(file, paths=8)


@pytest.mark.parametrize("room", [1, 2**40])
def test_totals__are_of_the_row_of_lanes_in_which_the_run_had_a_path(tmp_path, monkeypatch, room):
    """Alone, path 59 of this study has another last bit."""
    monkeypatch.setattr(trace, "_ROOM", room)
    study = spvrisk.load(write_study(VARIANTS["operating"](example_study()), tmp_path / "study.yaml"))
    with spvrisk.run(study, paths=60) as results:
        tables = results.tables()
        tracer, columns, s = tracer_of(tables), ("calls",), tables.labels.series.index(("gas", "npv_funder"))
        size = trace.at_once(tables.plan(), columns)
        pieces = [tracer.totals_of(range(i, min(i + size, 60)), columns, 60) for i in range(0, 60, size)]
        assert np.array_equal(
            np.concatenate([piece.values[s] for piece in pieces]), results.values("npv_funder", "gas")
        )


def test_step_years__a_step_that_ends_on_1_january_counts_into_the_year_before(file):
    with spvrisk.open(file) as results:
        labels = results.tables().labels._replace(step_ends=("2026-12-31", "2027-01-01", "2027-01-02"))
    assert labels.step_years == (2026, 2026, 2027)
