"""What of a file's schema is refused, and how: numbers, ways of sampling, names that are kept for them."""

import shutil

import h5py
import numpy as np
import pytest

from small_run import renew_metadata, write_small
from spvrisk._version import __version__
from spvrisk.dataset.read import open_result
from spvrisk.dataset.schema import OLDEST, SCHEMA_VERSION
from spvrisk.errors import InputError


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "r.h5"
    write_small(path, n_paths=20)
    return path


def refused(file, tmp_path, change) -> str:
    """What is said of a copy that was changed."""
    path = tmp_path / "r.h5"
    shutil.copy(file, path)
    with h5py.File(path, "a") as opened:
        change(opened)
        renew_metadata(opened)
    with pytest.raises(InputError) as caught:
        open_result(path)
    return str(caught.value)


def test_schema__newer_names_both_numbers_and_who_wrote_it(file, tmp_path):
    def newer(opened):
        opened.attrs["schema_version"] = np.int32(SCHEMA_VERSION + 1)
        opened.attrs["engine_version"] = np.bytes_("9.8")

    said = refused(file, tmp_path, newer)
    assert f"must be at most {SCHEMA_VERSION}, the newest that this spvrisk reads, got {SCHEMA_VERSION + 1}" in said
    assert "open it with spvrisk 9.8 or later" in said


@pytest.mark.parametrize("number", [0, 1, OLDEST - 1])
def test_schema__older_names_both_numbers_and_who_wrote_it(file, tmp_path, number):
    def older(opened):
        opened.attrs["schema_version"] = np.int32(number)
        del opened["sampling"]  # which it did not have
        opened.create_group("sampling")

    said = refused(file, tmp_path, older)
    assert f"must be at least {OLDEST}, the oldest that this spvrisk reads, got {number}" in said
    assert f"run the study again, or open it with the spvrisk that wrote it ({__version__})" in said


def test_sampling__is_plain(file):
    with h5py.File(file) as opened:
        assert dict(opened["sampling"].attrs) == {"method": b"plain"} and not list(opened["sampling"])


def test_sampling__of_an_unknown_method_is_refused(file, tmp_path):
    def sobol(opened):
        opened["sampling"].attrs["method"] = np.bytes_("sobol")

    said = refused(file, tmp_path, sobol)
    assert "/sampling method: must be plain, the only way of sampling whose paths this spvrisk weighs rightly" in said
    assert f"got sobol; open it with a spvrisk that knows it: {__version__} wrote it" in said


@pytest.mark.parametrize("name", ["paths/weight", "paths/replicate", "paths/outer", "summary/outer", "timeline/outer"])
def test_sampling__weights_replicates_and_outer_runs_are_not_passed_over(file, tmp_path, name):
    def weigh(opened):
        opened[name] = np.ones(20)

    assert f"has {name.rpartition('/')[2]}, without which its paths" in refused(file, tmp_path, weigh)


def test_sampling__that_is_not_told_is_damage(file, tmp_path):
    def untold(opened):
        del opened["sampling"].attrs["method"]

    assert "the result is damaged: a part is missing (method)" in refused(file, tmp_path, untold)


def test_sampling__is_covered_by_the_digest_of_what_the_file_says(file, tmp_path):
    path = tmp_path / "r.h5"
    shutil.copy(file, path)
    with h5py.File(path, "a") as opened:
        opened["sampling"].attrs["slots"] = np.int32(3)
    with pytest.raises(InputError, match="what it says of itself does not match metadata_sha256"):
        open_result(path)
