import numpy as np
import pytest

from spvrisk.aggregate import store as module
from spvrisk.aggregate.store import MIB, PathStore, check_memory, required_bytes
from spvrisk.errors import InputError


def test_path_store__keeps_leaves_in_any_order(monkeypatch):
    monkeypatch.setattr(module, "FAN_PATHS", 6)
    store = PathStore(2, 10, 3)
    values = np.arange(20.0).reshape(2, 10)
    fans = np.arange(90, dtype=np.float32).reshape(3, 3, 10)
    store.put(8, values[:, 8:])
    store.put(4, values[:, 4:8], fans[:, :, 4:8])
    store.put(0, values[:, :4], fans[:, :, :4])
    assert store.values.tolist() == values.tolist()
    assert store.fans.tolist() == fans[:, :, :6].tolist()


@pytest.mark.parametrize("n_paths", [1000, 65536, 200_000])
def test_required_bytes__covers_what_is_allocated(n_paths):
    store = PathStore(5, n_paths, 7)
    held = store.values.nbytes + store.fans.nbytes
    assert held <= required_bytes(5, n_paths, 7) <= held + 9 * 8 * n_paths


def test_check_memory__enough_is_accepted():
    check_memory(91, 100_000, 200, 1024)


@pytest.mark.parametrize("memory_mib", [1, 50, 256, 1024])
def test_check_memory__remedy_is_the_most_that_fits(memory_mib):
    with pytest.raises(InputError) as caught:
        check_memory(91, 50_000_000, 200, memory_mib)
    (problem,) = caught.value.problems
    assert problem.path == "run.memory_mib"
    most = int(problem.remedy.split("run.paths to ")[1].split()[0].replace(",", ""))
    assert required_bytes(91, most, 200) <= memory_mib * MIB < required_bytes(91, most + 1, 200)
    check_memory(91, most, 200, memory_mib)


def test_check_memory__memory_named_in_the_remedy_is_enough():
    with pytest.raises(InputError) as caught:
        check_memory(91, 10_000_000, 200, 1024)
    need = int(caught.value.problems[0].remedy.split("memory_mib to ")[1].split()[0])
    check_memory(91, 10_000_000, 200, need)
