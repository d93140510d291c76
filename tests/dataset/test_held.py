"""A file that is held open is opened once, and is still refused where another has taken its place."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from small_run import write_small
from spvrisk.dataset import read
from spvrisk.errors import InputError

NPV = ("portfolio", "npv_funder")


@pytest.fixture
def file(tmp_path):
    write_small(tmp_path / "a.h5", n_paths=100)
    return tmp_path / "a.h5"


@pytest.fixture
def opened(monkeypatch):
    """What is opened to be read again."""
    found, real = [], read.opened_file
    monkeypatch.setattr(read, "opened_file", lambda source: found.append(real(source)) or found[-1])
    return found


@pytest.mark.parametrize("in_memory", [False, True])
def test_held__opens_once_for_all_that_is_read(file, opened, in_memory):
    result = read.open_result(file.read_bytes() if in_memory else file)
    alone = result.series(*NPV)
    assert len(opened) == 1 and not opened[0]
    with result.held():
        with result.held():
            inside = result.series(*NPV)
        result.plan()
        assert np.array_equal(inside, alone) and len(opened) == 2 and opened[1]
    assert not opened[1]  # closed
    result.plan()
    assert len(opened) == 3


def test_held__by_one_thread_is_nothing_to_another(file, opened):
    result = read.open_result(file)
    with result.held(), ThreadPoolExecutor(1) as pool:
        mine, other = result.series(*NPV), pool.submit(result.series, *NPV).result()
        assert np.array_equal(mine, other) and [bool(each) for each in opened] == [True, False]


def test_held__opens_nothing_where_nothing_is_read(file, opened):
    result = read.open_result(file)
    file.unlink()
    with read.all_held([result, result]):
        assert result.summary.n.size
    assert opened == []
    with result.held(), pytest.raises(InputError, match="there is no such file"):
        result.series(*NPV)


def test_held__a_file_that_was_replaced_is_refused_each_time(file, opened, tmp_path):
    result = read.open_result(file)
    write_small(tmp_path / "b.h5", n_paths=90)
    shutil.move(tmp_path / "b.h5", file)
    with result.held():
        for _ in range(2):
            with pytest.raises(InputError, match="was replaced since it was opened"):
                result.series(*NPV)
        assert len(opened) == 2 and not any(opened)


def test_held__what_breaks_beside_the_file_is_not_told_of_it(file):
    result = read.open_result(file)
    with pytest.raises(KeyError, match="mine"), result.held():
        result.series(*NPV)
        raise KeyError("mine")
    assert result.series(*NPV).size == 100
