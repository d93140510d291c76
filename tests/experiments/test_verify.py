"""Whether a result is what was written: each part that is damaged is named, and paths are computed once more."""

import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import spvrisk
from spvrisk.cli import main
from spvrisk.dataset.read import open_result
from spvrisk.errors import InputError
from spvrisk.experiments import verify as subject
from spvrisk.experiments.verify import verified
from spvrisk.plan.shared import LEAF

from click.testing import CliRunner  # isort: skip

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 2 * LEAF + 100


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "r.h5"
    spvrisk.run(spvrisk.load(STARTER), paths=PATHS, out=out).close()
    return out


@pytest.fixture
def file(whole, tmp_path):
    return Path(shutil.copy(whole, tmp_path / "r.h5"))


def wrong(result, **options):
    return {check.name for check in verified(result, **options).checks if check.sound is False}


def test_verify__what_was_written_is_sound(whole):
    told = []
    found = spvrisk.verify(whole, rerun=2, progress=told.append)
    assert found.sound and [check.sound for check in found.checks] == [True] * 5
    assert found.checks[-1].found == "4,196 of 8,292 are the same to the bit" and sum(told) == LEAF + 100


@pytest.mark.parametrize(("leaves", "expected"), [(1, [0]), (2, [0, 9]), (3, 3), (10, 10), (99, 10)])
def test_verify__sample_has_both_ends(leaves, expected):
    found = subject._sample(10, leaves, "a")
    assert found == expected if isinstance(expected, list) else len(found) == expected
    assert subject._sample(1, leaves, "a") == [0]


def test_verify__values_of_paths(file):
    with h5py.File(file, "r+") as opened:
        opened["paths/npv_funder"][LEAF + 3, 1] += 1.0
    assert wrong(open_result(file)) == {"content"}
    assert wrong(open_result(file), rerun=3) == {"content", "paths computed once more"}
    (check,) = (check for check in verified(open_result(file), rerun=3).checks if check.name.startswith("paths"))
    assert check.found.startswith("path 4,099: port npv_funder is ")


def test_verify__attributes_of_variables(file):
    with h5py.File(file, "r+") as opened:
        opened["timeline/calls"].attrs["units"] = "2"
    assert wrong(open_result(file)) == {"content"}


def test_verify__a_variable_that_was_cut(file):
    with h5py.File(file, "r+") as opened:
        values = opened["paths/npv_funder"][:100]
        del opened["paths/npv_funder"]
        opened["paths/npv_funder"] = values
    with pytest.raises(InputError, match="/paths/npv_funder does not hold a quantity of 8292 paths"):
        open_result(file)


def test_verify__a_variable_that_is_missing(file):
    with h5py.File(file, "r+") as opened:
        del opened["zlabels/unit"]
    assert wrong(open_result(file)) == {"variables", "content"}


def test_open__what_the_file_says_of_itself(file):
    """Seed, versions and texts are checked at once: all that is shown comes from them."""
    with h5py.File(file, "r+") as opened:
        opened["provenance"].attrs["target"] = np.bytes_("another")
    with pytest.raises(InputError, match="what it says of itself does not match metadata_sha256"):
        open_result(file)


def test_verify__a_plan_of_another_layout_is_compiled_from_the_study(whole, monkeypatch):
    result = open_result(whole)

    def other(_):
        raise ValueError("other fields")

    monkeypatch.setattr("spvrisk.dataset.read.unpack_plan", other)
    found = {check.name: check for check in verified(result, rerun=1).checks}
    assert found["plan"].sound is None
    assert found["paths computed once more"].found.endswith(
        "within 1e-09, from the study, since its plan has another layout"
    )


def test_verify__another_numbers_version_is_not_computed(whole):
    result = open_result(whole)
    other = replace(result, attributes={**result.attributes, "numbers_version": 1})
    found = verified(other, rerun=1)
    assert found.checks[-1].sound is None and "of numbers version 1, not" in found.checks[-1].found


def test_command__exit_codes(whole, file):
    runner = CliRunner()
    good = runner.invoke(main, ["verify", str(whole), "--rerun", "1"])
    assert good.exit_code == 0 and "is sound" in good.stdout
    with h5py.File(file, "r+") as opened:
        opened["paths/npv_funder"][0, 0] += 1.0
    bad = runner.invoke(main, ["verify", str(file), "--json"])
    assert bad.exit_code == 1 and '"sound": false' in bad.stdout
    assert runner.invoke(main, ["verify", "nothing.h5"]).exit_code == 2


def test_verify__a_plan_of_another_study_is_not_run(whole, monkeypatch):
    """The kernel goes where a plan sends it: that of a file is only run if it is its study's."""
    result = open_result(whole)
    plan = result.plan()
    moved = plan._replace(study=plan.study.copy())
    moved.study["steps"] += 1
    monkeypatch.setattr("spvrisk.dataset.read.unpack_plan", lambda _: moved)
    found = verified(result, rerun=1).checks[-1]
    assert found.sound is False and "must be the plan of its study" in found.found
