"""Values that a result does not keep are those of a run that keeps them."""

from dataclasses import replace

import numpy as np
import pytest

import spvrisk
from decision_runs import KEPT, starter
from spvrisk.experiments import values as module
from spvrisk.experiments.values import values_by_path


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return starter(tmp_path_factory.mktemp("values") / "plain.h5", paths=5000)


def test_values__replayed_are_those_of_a_run_that_keeps_them(plain, tmp_path):
    """Two leaves, of which the second is not full."""
    kept = starter(tmp_path / "kept.h5", paths=5000, **{"output.paths": KEPT})
    wanted = [("port", "cost"), ("port", "npv_funder"), ("gas_plant", "delay_months")]
    told, done = [], []
    with spvrisk.open(plain) as bare, spvrisk.open(kept) as whole:
        found = values_by_path(bare.tables(), wanted, progress=done.append, announce=told.append)
        for unit, quantity in wanted:
            stored = whole.values(quantity, unit)
            assert np.array_equal(found[unit, quantity].astype(stored.dtype), stored, equal_nan=True)
    assert told == ["replaying", "loading the kernel", "running"] and sum(done) == 5000


@pytest.mark.parametrize("on", [spvrisk.Threads(2), spvrisk.Threads(3), spvrisk.Processes(1)], ids=str)
def test_values__replayed_are_the_same_bits_on_whatever(plain, on):
    wanted = [("port", "cost"), ("port", "cost_multiple"), ("portfolio", "moic_funder"), ("gas", "operation_mean")]
    with spvrisk.open(plain) as results:
        tables = replace(results.tables(), input_names=())
        one, other = (values_by_path(tables, wanted, each) for each in (spvrisk.Threads(1), on))
        for series in wanted:
            assert np.array_equal(one[series].view(np.int64), other[series].view(np.int64))


def test_values__inputs_are_replayed_as_a_run_keeps_them(plain):
    with spvrisk.open(plain) as results:
        tables, names = results.tables(), ("cost_multiple", "operation_mean")
        assert set(names) <= set(tables.input_names)
        wanted = [(column, name) for name in names for column in tables.labels.columns(name)]
        read = values_by_path(tables, wanted, announce=pytest.fail)
        replayed = values_by_path(replace(tables, input_names=()), wanted)
        assert set(read) == set(replayed) == set(wanted)
        for series in wanted:
            assert np.array_equal(read[series], replayed[series], equal_nan=True)


def test_values__that_are_kept_are_read(plain, monkeypatch):
    monkeypatch.setattr(module, "series_of_many", lambda *_: pytest.fail("nothing is to be replayed"))
    with spvrisk.open(plain) as results:
        (found,) = values_by_path(results.tables(), [("port", "npv_funder")], announce=pytest.fail).values()
        assert np.array_equal(found, results.values("npv_funder", "port"))


def test_values__a_replay_that_differs_is_refused(plain, monkeypatch):
    def astray(wanted, *_):
        ((job, numbers),) = wanted
        yield 0, np.zeros((len(numbers), job.paths))

    monkeypatch.setattr(module, "series_of_many", astray)
    with (
        spvrisk.open(plain) as results,
        pytest.raises(spvrisk.RunError, match="the replay differs from the result"),
    ):
        values_by_path(results.tables(), [("port", "cost")])


def test_values__are_replayed_once_while_the_file_is_held(plain, monkeypatch):
    played = []
    monkeypatch.setattr(module, "_replayed", lambda result, missing, *told: played.append(missing) or own(missing))

    def own(missing):
        return {series: np.zeros(5000) for series in missing}

    cost, delay = ("port", "cost"), ("port", "delay_months")
    with spvrisk.open(plain) as results:
        tables = results.tables()
        with tables.held():
            first = values_by_path(tables, [cost])[cost]
            assert values_by_path(replace(tables, given=None), [delay, cost])[cost] is first
            assert played == [[cost], [delay]]
        assert not tables.replayed
        assert list(values_by_path(tables, [cost])) == [cost] and played == [[cost], [delay], [cost]]
