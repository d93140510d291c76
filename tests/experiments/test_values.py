"""Values that a result does not keep are those of a run that keeps them."""

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
    told = []
    with spvrisk.open(plain) as bare, spvrisk.open(kept) as whole:
        found = values_by_path(bare.tables(), wanted, told.append)
        for unit, quantity in wanted:
            stored = whole.values(quantity, unit)
            assert np.array_equal(found[unit, quantity].astype(stored.dtype), stored, equal_nan=True)
    assert told == ["replaying"]


def test_values__that_are_kept_are_read(plain, monkeypatch):
    monkeypatch.setattr(module, "tracer_of", lambda result: pytest.fail("nothing is to be replayed"))
    with spvrisk.open(plain) as results:
        (found,) = values_by_path(results.tables(), [("port", "npv_funder")], pytest.fail).values()
        assert np.array_equal(found, results.values("npv_funder", "port"))


def test_values__a_replay_that_differs_is_refused(plain, monkeypatch):
    class Astray:
        def values_of_first(self, series, n_paths):
            return np.zeros((len(series), n_paths))

    monkeypatch.setattr(module, "tracer_of", lambda result: Astray())
    with (
        spvrisk.open(plain) as results,
        pytest.raises(spvrisk.RunError, match="the replay differs from the result"),
    ):
        values_by_path(results.tables(), [("port", "cost")], lambda stage: None)
