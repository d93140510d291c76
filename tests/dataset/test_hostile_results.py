"""Result files that anybody may have made: refused before anything in them is followed, unpacked or believed."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from h5py import h5d, h5p, h5s, h5t

import spvrisk
from small_run import make_plan, renew_metadata, write_small
from spvrisk.cli import main
from spvrisk.dataset.content import tables_digest
from spvrisk.dataset.read import open_result
from spvrisk.dataset.soundness import content_of_file
from spvrisk.errors import InputError
from spvrisk.plan.digest import pack_plan, unpack_plan

N = 100


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "r.h5"
    write_small(path, n_paths=N)
    return path


@pytest.fixture
def path(sound, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.arange(5.0)
        other.create_group("g")["y"] = 1
    (tmp_path / "raw.bin").write_bytes(b"\x01" * 4096)
    return Path(shutil.copy(sound, tmp_path / "r.h5"))


def low_level(file, name, kind, shape, layout):
    h5d.create(file["summary"].id, name.encode(), kind, h5s.create_simple(shape), layout)


def filtered(file):
    """With a filter that h5py brings along; others are loaded from wherever the environment says."""
    file["summary"].create_dataset("packed", (100,), "f8", chunks=(100,), compression="lzf")[:] = 1.0


def raw(file):
    layout = h5p.create(h5p.DATASET_CREATE)
    layout.set_external(b"raw.bin", 0, 4096)
    low_level(file, "outside", h5t.IEEE_F64LE, (4,), layout)


def virtual(file):
    layout = h5py.VirtualLayout((5,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (5,))
    file["summary"].create_virtual_dataset("far", layout)


def deep(file):
    here = file["summary"]
    for _ in range(50):
        here = here.create_group("g")


def twice(file):
    for k in range(100):
        file["summary"][f"again{k}"] = file["summary/level"]


def circle(file):
    file["summary"]["up"] = file["/"]


def huge(file):
    file["summary"].create_dataset("huge", (10**12,), "f8", chunks=(1000,), compression="gzip")


def sparse(file):
    file["summary"].create_dataset("sparse", (10**9,), "f8", chunks=(1000,))[0] = 1.0


def unwritten(file):
    layout = h5p.create(h5p.DATASET_CREATE)
    layout.set_alloc_time(h5d.ALLOC_TIME_LATE)
    low_level(file, "unwritten", h5t.IEEE_F64LE, (10**9,), layout)


def huge_chunk(file):
    file["summary"].create_dataset("chunk", (2,), "f8", chunks=(2**20,), maxshape=(None,), compression="gzip")[:] = 1.0


def texts(file):
    file["summary"]["texts"] = np.array(["a"] * 9, object)


def same_text_often(file):
    file.attrs.create("many", np.array(["a" * 1000] * 4000, object), dtype=h5py.string_dtype())


def compound(file):
    file["summary"]["pairs"] = np.zeros(3, [("a", "f8"), ("b", "i4")])


BUILT = {
    "soft link": lambda file: file["summary"].__setitem__("x", h5py.SoftLink("/provenance")),
    "external link": lambda file: file["summary"].__setitem__("x", h5py.ExternalLink("other.h5", "x")),
    "external group": lambda file: file.__setitem__("x", h5py.ExternalLink("other.h5", "g")),
    "dangling link": lambda file: file["paths"].__setitem__("x", h5py.SoftLink("/nowhere")),
    "variable of the root": lambda file: file.__setitem__("x", 1),
    "type": lambda file: file["summary"].__setitem__("x", np.dtype("f8")),
    **{
        made.__name__: made
        for made in (filtered, raw, virtual, deep, twice, circle, huge, sparse, unwritten, huge_chunk, texts, compound)
    },
    "one text often": same_text_often,
}


@pytest.mark.parametrize("kind", BUILT)
def test_open__a_file_that_is_built_otherwise_is_refused(kind, path):
    with h5py.File(path, "a", libver="latest") as file:
        BUILT[kind](file)
    for read in (open_result, content_of_file, spvrisk.open, lambda file: open_result(file.read_bytes())):
        with pytest.raises(InputError, match="the result is damaged: .*; run the study again"):
            read(path)
    for command in ("summary", "info", "trace", "compare"):
        done = CliRunner().invoke(main, [command, *[str(path)] * (1 + (command == "compare"))])
        assert (done.exit_code, done.stdout) == (2, "") and isinstance(done.exception, SystemExit)


def test_open__takes_no_memory_that_a_small_file_does_not_justify(path):
    """It declares eight TB."""
    with h5py.File(path, "a") as file:
        huge(file)
    program = (
        "import resource, sys; from spvrisk.dataset.read import open_result; import spvrisk.errors\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({4 << 30}, {4 << 30}))\n"
        "try:\n    open_result(sys.argv[1])\nexcept spvrisk.errors.InputError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)
    assert "more values than the file has room for" in done.stdout and not done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("paths", np.array([10**9])),
        ("paths", np.array([N - 1])),
        ("paths", np.array([0])),
        ("paths", np.array([-5])),
        ("paths", "100"),
        ("paths", np.arange(3)),
        ("seed", "x"),
        ("seed", "-1"),
        ("seed", "9" * 40),
        ("seed", np.array([7])),
        ("title", np.array([7])),
        ("money_unit", "many"),
        ("numbers_version", "4"),
        ("schema_version", "five"),
        ("value_date", np.array([1])),
        ("plan_sha256", np.array([1])),
    ],
)
def test_open__attributes_that_do_not_fit_the_data(name, value, path):
    with h5py.File(path, "a") as file:
        del file.attrs[name]
        file.attrs[name] = value
    for command in ("summary", "info", "trace"):
        done = CliRunner().invoke(main, [command, str(path)])
        assert (done.exit_code, done.stdout) == (2, "") and isinstance(done.exception, SystemExit)
        assert "run the study again" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["duration_seconds", "workers", "created", "cpu"])
def test_open__provenance_that_is_none(name, path):
    with h5py.File(path, "a") as file:
        file["provenance"].attrs[name] = np.arange(4)
    with pytest.raises(InputError, match="damaged: .*has another type; run"):
        open_result(path)


def relabelled(path, change):
    """A file whose labels are changed, with the digest that goes with them."""
    with h5py.File(path, "a") as file:
        labels = json.loads(bytes(file["provenance/labels_json"][...]))
        change(labels)
        text = json.dumps(labels).encode()
        del file["provenance/labels_json"]
        file["provenance/labels_json"] = np.frombuffer(text, np.uint8)
        tables = {
            group: {name: item[...] for name, item in file[group].items() if item.dtype.str != ">f4"}
            for group in ("summary", "conditional", "timeline")
            if group in file
        }
        file.attrs["tables_sha256"] = tables_digest(text, tables)
        renew_metadata(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda labels: labels["projects"].append("{0.__class__}"),
        lambda labels: labels.update(projects=[*labels["projects"][:-1], "{x}"]),
        lambda labels: labels.update(projects=3),
        lambda labels: labels.update(title={"ja": "x"}),
        lambda labels: labels.update(title="x"),
        lambda labels: labels.update(money_unit="x"),
        lambda labels: labels.update(money_unit=float("nan")),
        lambda labels: labels.update(step_ends=[]),
        lambda labels: labels.update(step_ends=[1] * 8),
        lambda labels: labels.update(value_date="soon"),
        lambda labels: labels.update(currency=None),
        lambda labels: labels.update(regimes=[["a", "bc"]]),
        lambda labels: labels.update(project_titles={}),
        lambda labels: labels.update(pipelines=["nobody"]),
    ],
)
def test_open__labels_that_are_none(change, path):
    relabelled(path, change)
    with pytest.raises(InputError, match="the result is damaged.*; run the study again"):
        open_result(path)


def test_open__a_title_that_a_terminal_would_obey_is_shown_as_escapes(path):
    relabelled(path, lambda labels: labels.update(title={"en": "a\x1b[2J\u202eb {0} 日本"}))
    done = CliRunner().invoke(main, ["summary", str(path)])
    assert done.exit_code == 0 and r"a\x1b[2J\u202eb {0} 日本" in done.stdout
    assert all(c.isprintable() or c == "\n" for c in done.stdout)


def test_paths__damage_is_told_when_the_values_are_read(path, sound):
    """The bytes of a variable that is packed are overwritten: the file opens, and its values cannot be read."""
    with h5py.File(path, "a") as file:
        values = file["paths/npv_funder"][...]
        attributes = dict(file["paths/npv_funder"].attrs)
        del file["paths/npv_funder"]
        made = file["paths"].create_dataset("npv_funder", data=values, chunks=values.shape, compression="gzip")
        for name in ("long_name", "units"):
            made.attrs[name] = attributes[name]
        chunk = made.id.get_chunk_info(0)
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * (chunk.size // 2))
    with spvrisk.open(path) as results:
        with pytest.raises(InputError, match="r.h5: the result is damaged: .*; run the study again"):
            _ = results.paths["npv_funder"].values
        with pytest.raises(InputError, match="the result is damaged"):
            _ = results.paths["npv_funder"].isel(path=[3, 1]).mean().values
        assert results.paths["portfolio_npv_funder"].shape == (N,)
    with spvrisk.open(sound) as whole, spvrisk.open(path) as results:
        same = results.paths["portfolio_npv_funder"][10:20:3].values
        assert same.tobytes() == whole.paths["portfolio_npv_funder"].values[10:20:3].tobytes()


@pytest.mark.parametrize("line", [b"study.steps <i8 %d\n" % n for n in (10**15, -1, 2**62, 3)])
def test_unpack_plan__a_length_that_the_bytes_do_not_hold(line):
    packed = pack_plan(make_plan())
    first, _, rest = packed.partition(b"\n")
    assert first == b"study.steps <i8 1"
    with pytest.raises(ValueError, match="no study"):
        unpack_plan(line + rest)
    with pytest.raises(ValueError, match=r".+"):
        unpack_plan(packed[: len(packed) // 2])


def test_open__a_file_whose_bytes_are_flipped_is_read_or_refused(sound, tmp_path):
    """Four bytes of the first kibibytes, where HDF5 keeps how the file is built, and of anywhere."""
    content, rng = sound.read_bytes(), np.random.default_rng(1)
    path, refused = tmp_path / "r.h5", 0
    for k in range(150):
        damaged = bytearray(content)
        for at in rng.integers(0, 4096 if k % 2 else len(content), 4).tolist():
            damaged[at : at + 4] = struct.pack("<I", rng.integers(0, 2**32))
        path.write_bytes(damaged)
        try:
            result = open_result(path)
            for name in result.path_names:
                result.paths(name)
        except InputError:
            refused += 1
    assert refused > 20
