import hashlib
import shutil
import struct

import netCDF4
import numpy as np
import pytest

from small_run import make_labels, write_small
from spvrisk.dataset.content import Described, canonical_bytes, content_digest, digest_of_leaves
from spvrisk.dataset.read import open_result
from spvrisk.dataset.soundness import content_of_file


def test_content_digest__known_answer():
    """Two variables and five lines of bytes written by hand."""
    mean = Described("summary", "npv_mean", ("unit",), "<f8", (2,), "1", "")
    state = Described("paths", "state", ("path",), "|i1", (3,), "1", "deal gap")
    leaf = hashlib.sha256(b"\x00\x01\x01").digest()
    text = b"/paths/state\npath\n|i1\n3\n1\ndeal gap\n" + hashlib.sha256(leaf).digest()
    text += b"/summary/npv_mean\nunit\n<f8\n2\n1\n\n" + b"\x00\x00\x00\x00\x00\x00\xf8\x3f" + b"\x00" * 8
    expected = hashlib.sha256(text).hexdigest()
    parts = [
        (mean, canonical_bytes(np.array([1.5, -0.0]))),
        (state, digest_of_leaves([np.array([0, 1, 1], np.int8)])),
    ]
    assert content_digest(parts) == content_digest(parts[::-1]) == expected
    assert expected == "c32634e2d113b2e1ab5aa59bdb757c0a573f7fede10bee8d2867aa3369d5e6c1"


def test_canonical_bytes__one_nan_one_zero_little_endian():
    odd = np.array([0x7FF8000000000001, 0xFFF8000000000000], np.uint64).view(np.float64)
    assert canonical_bytes(odd) == bytes.fromhex("000000000000f87f") * 2
    assert canonical_bytes(np.array([-0.0, np.inf])) == struct.pack("<dd", 0.0, float("inf"))
    assert canonical_bytes(np.array([1, 2], ">i4")) == struct.pack("<ii", 1, 2)
    assert canonical_bytes(np.asfortranarray([[1.0, 2.0], [3.0, 4.0]])) == struct.pack("<4d", 1, 2, 3, 4)
    assert canonical_bytes(np.float64(np.nan).astype(np.float32)) == bytes.fromhex("0000c07f")


def test_canonical_bytes__leaves_the_array_alone():
    array = np.array([-0.0, 1.0])
    canonical_bytes(array)
    assert np.signbit(array[0])


def test_digest_of_leaves__same_for_any_blocks_of_whole_leaves():
    x = np.arange(4 * 4096 + 10.0)
    whole = digest_of_leaves([x])
    assert digest_of_leaves([x[:4096], x[4096:12288], x[12288:]]) == whole
    leaves = [hashlib.sha256(x[a : a + 4096].tobytes()).digest() for a in range(0, x.size, 4096)]
    assert whole == hashlib.sha256(b"".join(leaves)).digest()


def by_hand(path):
    """The content digest computed with another reader, struct and hashlib."""
    total = hashlib.sha256()
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        file.set_auto_chartostring(False)
        for group in sorted(file.groups):
            if group == "provenance":
                continue
            for name in sorted(file[group].variables):
                variable = file[group][name]
                kind = {"f8": "<f8", "f4": "<f4", "i4": "<i4", "i1": "|i1", "S1": "|S1"}[variable.dtype.str[1:]]
                shape = ",".join(str(n) for n in variable.shape)
                lines = [f"/{group}/{name}", ",".join(variable.dimensions), kind, shape]
                lines += [getattr(variable, key, "") for key in ("units", "flag_meanings")]
                total.update(("\n".join(lines) + "\n").encode())
                rows = variable[...]
                if variable.dimensions[:1] != ("path",):
                    total.update(packed(rows))
                    continue
                outer = hashlib.sha256()
                for first in range(0, len(rows), 4096):
                    outer.update(hashlib.sha256(packed(rows[first : first + 4096])).digest())
                total.update(outer.digest())
    return total.hexdigest()


def packed(array):
    if array.dtype.kind == "S":
        return b"".join(x or b"\0" for x in array.ravel().tolist())
    code = {"f8": "d", "f4": "f", "i4": "i", "i1": "b"}[array.dtype.str[1:]]
    plain = [(float("nan") if x != x else x + 0) for x in array.ravel().tolist()]
    return struct.pack(f"<{len(plain)}{code}", *plain)


def test_content__of_a_file_by_another_reader(tmp_path):
    digest = write_small(tmp_path / "r.h5", n_paths=5000)
    assert digest == by_hand(tmp_path / "r.h5")
    assert digest == content_of_file(tmp_path / "r.h5")
    assert digest == open_result(tmp_path / "r.h5").attributes["content_sha256"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A file of 100 paths, and its digest."""
    path = tmp_path_factory.mktemp("content") / "small.h5"
    return path, write_small(path, make_labels(("gas", "smr")), n_paths=100)


def test_content__same_for_the_same_run_written_again(small, tmp_path):
    assert write_small(tmp_path / "r.h5", make_labels(("gas", "smr")), n_paths=100) == small[1]


@pytest.mark.parametrize(
    "name",
    [
        *("summary/npv_funder_mean", "conditional/npv_funder_mean", "conditional/n_paths", "timeline/calls"),
        *("paths/npv_funder", "paths/outcome_ruling", "zlabels/unit"),
    ],
)
def test_content__sees_one_changed_value(small, tmp_path, name):
    source, digest = small
    shutil.copy(source, tmp_path / "r.h5")
    with netCDF4.Dataset(tmp_path / "r.h5", "a") as file:
        file.set_auto_chartostring(False)
        variable = file[name]
        first = (0,) * variable.ndim
        variable[first] = b"X" if variable.dtype.kind == "S" else variable[first] + 1
    assert content_of_file(tmp_path / "r.h5") != digest


def test_content__does_not_see_provenance(small, tmp_path):
    source, digest = small
    shutil.copy(source, tmp_path / "r.h5")
    with netCDF4.Dataset(tmp_path / "r.h5", "a") as file:
        file["provenance"].created = "another day"
        file.title = "another title"
    assert content_of_file(tmp_path / "r.h5") == digest


def test_content__sees_another_name_of_a_project(small, tmp_path):
    assert write_small(tmp_path / "r.h5", make_labels(("gas", "sma")), n_paths=100) != small[1]
