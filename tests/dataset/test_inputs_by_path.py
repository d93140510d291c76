"""Inputs by path in a result: which are kept, what they are, and what is said where they are not."""

from pathlib import Path

import h5py
import numpy as np
import pytest

import spvrisk
from spvrisk.dataset.kept import default_paths
from spvrisk.dataset.read import open_result
from spvrisk.errors import InputError

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
N = 5000


def run(tmp_path, *overrides):
    out = tmp_path / "r.h5"
    with spvrisk.run(spvrisk.load(STARTER, overrides), paths=N, out=out) as results:
        results.close()
    return out


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All inputs of the starter study, and the quantities that come of them."""
    every = ["cost_score", "delay_score", "cost_multiple", "duration_multiple", "size", "construction_mean"]
    kept = ["overrun_sampled", "funded", *(f"inputs.{name}" for name in (*every, "operation_mean"))]
    return run(tmp_path_factory.mktemp("inputs"), f"output.paths={kept}".replace("'", '"'))


def test_inputs__go_with_the_quantities_of_their_projects(whole):
    with spvrisk.open(whole) as results:
        inputs, paths = results.inputs, results.paths
        assert list(inputs.project.values) == [p for p in paths.project.values if p in inputs.project.values]
        assert inputs.cost_multiple.dtype == np.float32 and inputs.sizes["path"] == N
        sampled = paths.overrun_sampled.sel(project=inputs.project)
        assert np.isfinite(inputs.cost_multiple).all()
        funded = np.isfinite(sampled.values)
        np.testing.assert_allclose(inputs.cost_multiple.values[funded] - 1, sampled.values[funded], atol=1e-6)
        assert set(inputs.factor.values) == set(results.tables().labels.factors)


def test_inputs__scores_are_standard_normal(whole):
    with spvrisk.open(whole) as results:
        scores = results.inputs.cost_score.values
    assert np.abs(scores.mean(axis=0)).max() < 4 / N**0.5
    assert np.abs(scores.std(axis=0) - 1).max() < 4 / (2 * N) ** 0.5


def test_inputs__rise_with_their_scores(whole):
    with spvrisk.open(whole) as results:
        inputs = results.inputs
        for score, value in (("cost_score", "cost_multiple"), ("delay_score", "duration_multiple")):
            for project in inputs.project.values:
                order = np.argsort(inputs[score].sel(project=project).values, kind="stable")
                # float32 of both: equal values may change places
                assert (np.diff(inputs[value].sel(project=project).values[order]) >= -1e-6).all()


def test_inputs__by_default_the_most_telling(tmp_path):
    result = open_result(run(tmp_path))
    names = {name.removeprefix("inputs.") for name in default_paths(result.labels) if name.startswith("inputs.")}
    assert set(result.input_names) == names
    width = sum(result.inputs(name, 0, 1).nbytes for name in names)
    assert 0 < width <= 100


def test_inputs__none_where_none_are_asked_for(tmp_path):
    out = run(tmp_path, 'output.paths=["npv_funder"]')
    with h5py.File(out) as file:
        assert "inputs" not in file
    with spvrisk.open(out) as results:
        assert not results.inputs.variables


def test_inputs__one_that_the_study_has_not(tmp_path):
    with pytest.raises(InputError, match=r"output.paths.0.*inputs.cost_multiple") as error:
        run(tmp_path, 'output.paths=["inputs.cost_multipel"]')
    assert "must be the name of a path quantity" in str(error.value)


def test_inputs__one_that_the_file_has_not(whole):
    with pytest.raises(InputError, match="/inputs/salvage_share"):
        open_result(whole).inputs("salvage_share")


@pytest.mark.parametrize("what", ["value", "width", "stranger"])
def test_inputs__a_file_that_was_changed(whole, tmp_path, what):
    changed = tmp_path / "changed.h5"
    changed.write_bytes(whole.read_bytes())
    with h5py.File(changed, "r+") as file:
        group = file["inputs"]
        if what == "value":
            group["cost_multiple"][7, 0] = 99.0
        elif what == "width":
            del group["cost_multiple"]
            group["cost_multiple"] = np.zeros((N, 77), "<f4")
        else:
            group["overran"] = np.zeros((N, 2), "<f4")
    if what == "value":
        checks = spvrisk.verify(changed, rerun=1)
        assert "cost_multiple is" in str(checks) and "stored 99.0" in str(checks)
    else:
        with pytest.raises(InputError):
            spvrisk.open(changed)
