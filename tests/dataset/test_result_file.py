import hashlib
import os
import random
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from small_run import LEVELS, QUANTILES, make_labels, make_plan, make_run, renew_metadata, write_small
from spvrisk import _version
from spvrisk.dataset import write
from spvrisk.dataset.layout import check_names
from spvrisk.dataset.read import open_result
from spvrisk.dataset.soundness import content_of_file
from spvrisk.dataset.write import check_output
from spvrisk.errors import InputError, RunError
from spvrisk.measures.conditional import conditional
from spvrisk.measures.table import summary, timeline
from spvrisk.plan.digest import pack_plan, plan_sha256

LABELS = make_labels()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("result") / "small.h5"
    write_small(path, LABELS, 20_000)
    return path


def test_open_result__gives_back_what_was_written(file):
    result = open_result(file)
    sums, store = make_run(LABELS, 20_000)
    assert result.labels == LABELS
    assert result.n_paths == 20_000
    for expected, found in (
        (summary(sums, store.values.__getitem__, LABELS, QUANTILES, LEVELS), result.summary),
        (timeline(sums, store.fans, LABELS, QUANTILES), result.timeline),
    ):
        for name in expected._fields:
            np.testing.assert_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_open_result__gives_back_the_conditional_tables(file):
    result = open_result(file)
    expected = conditional(make_run(LABELS, 20_000)[1].values.__getitem__, LABELS, QUANTILES, LEVELS)
    names = ("upheld", "struck_down", "undefined")
    assert result.conditional.names[:3] == tuple(f"outcome_ruling.{name}" for name in names)
    assert result.conditional.names == expected.names and len(expected.names) == 8
    for name in ("n_paths", "share", "share_low", "share_high"):
        np.testing.assert_array_equal(getattr(result.conditional, name), getattr(expected, name))
    for condition, found, table in zip(expected.names, result.conditional.tables, expected.tables, strict=True):
        for name in table._fields:
            np.testing.assert_equal(getattr(found, name), getattr(table, name), err_msg=f"{condition} {name}")


def test_open_result__paths_on_demand(file):
    result = open_result(file)
    _, store = make_run(LABELS, 20_000)
    rows = [LABELS.series.index((project, "npv_funder")) for project in LABELS.projects]
    assert (result.paths("npv_funder") == store.values[rows].T).all()
    assert (result.paths("npv_funder", 16_000, 17_000) == store.values[rows, 16_000:17_000].T).all()
    irr = store.values[LABELS.series.index(("portfolio", "irr_funder"))].astype(np.float32)
    np.testing.assert_equal(result.paths("portfolio_irr_funder"), irr)


def test_open_result__unknown_path_variable_names_those_there_are(file):
    with pytest.raises(InputError, match="portfolio_npv_funder"):
        open_result(file).paths("cost")


def test_open_result__attributes_and_provenance(file):
    result = open_result(file)
    assert result.attributes["seed"] == "20260331"
    assert result.attributes["numbers_version"] == _version.NUMBERS_VERSION
    assert result.attributes["schema_version"] == write.SCHEMA_VERSION
    assert result.provenance["config"] == {"study": {}}
    assert result.provenance["sources"] == {"study.yaml": "study: {}  # 研究\n"}
    assert result.provenance["overrides"] == ["run.paths=10"]
    assert result.provenance["numpy"] == np.__version__
    assert set(result.group_bytes) == {
        "summary",
        "conditional",
        "timeline",
        "paths",
        "zlabels",
        "provenance",
        "sampling",
    }


def test_open_result__gives_back_pipelines(tmp_path):
    labels = make_labels(pipelines=("more", "yet_more"))
    write_small(tmp_path / "r.h5", labels, 70, ["funded", "npv_funder"])
    result = open_result(tmp_path / "r.h5")
    assert result.labels == labels and result.labels.pipelines == ("more", "yet_more")
    assert result.paths("funded").shape == (70, 4)
    assert result.summary.contribution.shape == (4, len(LEVELS))


def test_write__long_texts_fit(tmp_path):
    labels = make_labels(projects=[f"project_with_a_rather_long_name_{k}" for k in range(300)], years=1)
    labels = labels._replace(title={"en": "t" * 1000})
    write_small(tmp_path / "r.h5", labels, 10)
    assert open_result(tmp_path / "r.h5").labels == labels


def test_write__no_regimes_no_events_one_project(tmp_path):
    labels = make_labels(("only",))._replace(regimes=(), events=(), local_currency="USD")
    write_small(tmp_path / "r.h5", labels, 70)
    result = open_result(tmp_path / "r.h5")
    assert result.labels == labels
    assert result.summary.shares == {}
    assert result.conditional.names == result.conditional.tables == ()
    assert "conditional" not in result.group_bytes


def test_file__holds_only_what_every_reader_opens(file):
    """Types, filters and attributes as in the module's promise."""
    scales = {"DIMENSION_LIST", "REFERENCE_LIST"}

    def check(name, item):
        for key in set(item.attrs) - scales:
            dtype = item.attrs.get_id(key).dtype
            text = h5py.check_string_dtype(dtype)
            assert text.length is not None if text else dtype.str[1:] in ("f8", "i4", "i1"), (name, key)
        if isinstance(item, h5py.Dataset):
            assert item.dtype.str[1:] in ("f8", "f4", "i4", "i1", "u1", "S1"), name
            assert item.compression in (None, "gzip") and item.scaleoffset is None, name
            assert item.compression is None or item.shuffle
            assert "_FillValue" not in item.attrs

    with h5py.File(file) as opened:
        opened.visititems(check)
        check("/", opened)


def test_file__path_chunks_are_four_leaves_uncompressed(file):
    with h5py.File(file) as opened:
        assert opened["paths/npv_funder"].chunks == (16_384, 1)
        assert opened["paths/npv_funder"].compression is None
        assert opened["paths/portfolio_irr_funder"].chunks == (16_384,)


def test_write__nothing_but_the_result_is_left(file):
    assert os.listdir(file.parent) == [file.name]


def test_write__failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "r.h5"
    digest = write_small(path, n_paths=10)

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(write, "write_bytes", fail)
    with pytest.raises(RunError, match="r.h5.run: cannot be written: no space"):
        write_small(path, n_paths=20, overwrite=True)
    assert os.listdir(tmp_path) == ["r.h5"]
    assert open_result(path).attributes["content_sha256"] == digest


def test_check_output__existing_file_is_refused_unless_overwritten(file):
    with pytest.raises(InputError, match="--overwrite"):
        check_output(file)
    assert check_output(file, overwrite=True) == file
    with pytest.raises(InputError, match="file exists"):
        write_small(file)


def test_check_output__folder_and_missing_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="not a folder"):
        check_output(tmp_path)
    with pytest.raises(InputError, match="folder that exists"):
        check_output(tmp_path / "no" / "r.h5")


def test_open_result__no_such_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_result(tmp_path / "r.h5")


def test_open_result__not_hdf5(tmp_path):
    path = tmp_path / "r.h5"
    path.write_text("paths,npv\n")
    with pytest.raises(InputError, match="not an HDF5 file"):
        open_result(path)


def test_open_result__some_other_hdf5_file(tmp_path):
    with h5py.File(tmp_path / "r.h5", "w") as other:
        other["x"] = 1
    with pytest.raises(InputError, match="not a result of spvrisk"):
        open_result(tmp_path / "r.h5")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_open_result__cut_short(file, tmp_path, share):
    data = file.read_bytes()
    (tmp_path / "r.h5").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match="cut short"):
        open_result(tmp_path / "r.h5")


def test_open_result__group_missing(file, tmp_path):
    shutil.copy(file, tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5", "a") as opened:
        del opened["summary/npv_funder_mean"]
    with pytest.raises(InputError, match="damaged.*npv_funder_mean"):
        open_result(tmp_path / "r.h5")
    for name in ("conditional/npv_funder_mean", "conditional"):
        shutil.copy(file, tmp_path / "r.h5")
        with h5py.File(tmp_path / "r.h5", "a") as opened:
            del opened[name]
        with pytest.raises(InputError, match="damaged.*" + name.partition("/")[2]):
            open_result(tmp_path / "r.h5")


@pytest.mark.parametrize("name", ["summary/npv_funder_mean", "conditional/share", "timeline/calls", "summary/cost_n"])
def test_open_result__refuses_a_table_that_was_changed(file, tmp_path, name):
    shutil.copy(file, tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5", "a") as opened:
        values = opened[name][...]
        values.reshape(-1).view(np.uint8)[0] ^= 1  # the last bit of the first value
        opened[name][...] = values
    with pytest.raises(InputError, match=r"r.h5: the result is damaged: its tables do not match.*run the study again"):
        open_result(tmp_path / "r.h5")


def test_open_result__refuses_other_names_levels_and_tables(file, tmp_path):
    def swap_names(opened):
        text = bytes(opened["provenance/labels_json"][...]).replace(b'"gas", "smr"', b'"smr", "gas"')
        opened["provenance/labels_json"][...] = np.frombuffer(text, np.uint8)

    def other_level(opened):
        text = opened["summary/level"].attrs["decimals"]
        opened["summary/level"].attrs["decimals"] = text.replace(b"0.95", b"0.90")

    def one_more(opened):
        opened["timeline/more"] = 1.0

    for change, told in ((swap_names, "its tables"), (other_level, "decimals of /summary/level"), (one_more, "tables")):
        shutil.copy(file, tmp_path / "r.h5")
        with h5py.File(tmp_path / "r.h5", "a") as opened:
            change(opened)
        with pytest.raises(InputError, match=f"damaged.*{told}"):
            open_result(tmp_path / "r.h5")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels_json", b"null"),
        ("labels_json", b"[1, 2]"),
        ("labels_json", b"{"),
        ("config_json", b"\xff"),
        ("labels_json", b'{"title": 3}'),
    ],
)
def test_open_result__what_is_not_what_it_should_be_is_told_in_plain_words(file, tmp_path, name, text):
    shutil.copy(file, tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5", "a") as opened:
        del opened["provenance"][name]
        opened["provenance"][name] = np.frombuffer(text, np.uint8)
    said = "r.h5: the result is damaged: a part is missing, or is not what it should be; run the study again"
    with pytest.raises(InputError, match=said):
        open_result(tmp_path / "r.h5")
    with pytest.raises(
        InputError, match="in memory: the result is damaged: a part is missing, or is not what it should"
    ):
        open_result((tmp_path / "r.h5").read_bytes())


def test_tables_digest__by_hand(file):
    total = hashlib.sha256()
    with h5py.File(file) as opened:
        total.update(bytes(opened["provenance/labels_json"][...]) + b"\n")
        for group in ("conditional", "summary", "timeline"):
            for name in sorted(set(opened[group]) - {"bnds"}):
                x = opened[group][name]
                total.update(f"/{group}/{name}\n{x.dtype.str}\n{','.join(map(str, x.shape))}\n".encode())
                values = x[...]
                if x.dtype.kind == "f":
                    values = np.where(np.isnan(values), np.nan, values + 0.0)
                total.update(values.tobytes())
        assert opened.attrs["tables_sha256"] == total.hexdigest().encode()


def test_result__gives_back_the_plan_bit_for_bit(file):
    result, plan = open_result(file), make_plan()
    assert result.attributes["plan_sha256"] == plan_sha256(plan)
    assert pack_plan(result.plan()) == pack_plan(plan)
    with h5py.File(file) as opened:
        kept = opened["provenance/plan"]
        assert (kept.dtype, kept.compression, kept.shuffle) == (np.uint8, "gzip", True)
        assert kept[...].tobytes() == pack_plan(plan)


def test_result__refuses_a_plan_that_was_changed_or_has_other_fields(file, tmp_path):
    path = tmp_path / "r.h5"
    shutil.copy(file, path)
    with h5py.File(path, "a") as opened:
        opened["provenance/plan"][1000] ^= 1
    with pytest.raises(
        InputError, match="/provenance/plan: the result is damaged: its plan does not match plan_sha256"
    ):
        open_result(path).plan()
    shutil.copy(file, path)
    with h5py.File(path, "a") as opened:
        other = opened["provenance/plan"][...].tobytes().replace(b"study.dt ", b"study.dx ")
        opened["provenance/plan"][...] = np.frombuffer(other, np.uint8)
        opened.attrs["plan_sha256"] = np.bytes_(hashlib.sha256(other).hexdigest())
        renew_metadata(opened)
    with pytest.raises(InputError, match=r"must be a plan of this version; use spvrisk \d.*or run the study again"):
        open_result(path).plan()


def test_import__writing_needs_no_labelled_arrays():
    code = "import sys, spvrisk.dataset.write, spvrisk.dataset.read, spvrisk.measures.table; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"xarray", "pandas", "scipy.stats", "matplotlib", "pydantic", "click", "netCDF4"} & set(loaded)


def test_file__larger_tables_are_compressed_with_shuffle(tmp_path):
    write_small(tmp_path / "r.h5", make_labels(years=50), 10)
    with h5py.File(tmp_path / "r.h5") as opened:
        fan = opened["timeline/fan_portfolio_calls"]
        assert (fan.compression, fan.compression_opts, fan.shuffle, fan.fletcher32) == ("gzip", 4, True, True)
        assert opened["timeline/calls"].compression is None  # under 4 KiB
        assert opened["timeline/calls"].nbytes < 4096


def test_write__full_disk_is_told_before_writing(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**6, 7 * 10**5, 3 * 10**5))
    with pytest.raises(RunError, match=r"has 0.3 MB free, and the result needs 1.\d MB; free some space"):
        write_small(tmp_path / "r.h5", n_paths=10)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_write__disk_that_fills_up_meanwhile_is_no_crash(tmp_path):
    code = (
        "import resource, sys\n"
        "from spvrisk.cli import main, run\n"
        "from small_run import write_small\n"
        "def fill(path):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "    write_small(path, n_paths=20_000)\n"
        "run.command.params = [p for p in run.command.params if p.name == 'study']\n"
        "run.command.callback = lambda study: fill(study + '.h5')\n"
        "main()\n"
    )
    study = tmp_path / "r"
    study.touch()
    path = os.pathsep.join([os.path.dirname(os.path.dirname(__file__)), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", code, "run", str(study)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 1, done.stderr
    assert "r.h5.run: cannot be written: file too large" in done.stderr
    study.unlink()
    assert os.listdir(tmp_path) == []


def test_write__file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    def appear(*_):
        (tmp_path / "r.h5").write_text("other")

    monkeypatch.setattr(write, "write_bytes", appear)
    with pytest.raises(InputError, match="file exists"):
        write_small(tmp_path / "r.h5", n_paths=10)
    assert (tmp_path / "r.h5").read_text() == "other"
    assert os.listdir(tmp_path) == ["r.h5"]


@pytest.mark.skipif(os.name != "posix", reason="links and devices")
def test_check_output__device_is_refused_and_a_link_followed(tmp_path):
    with pytest.raises(InputError, match="regular file.*name another file"):
        check_output(os.devnull, overwrite=True)
    (tmp_path / "link.h5").symlink_to("real.h5")
    write_small(tmp_path / "link.h5", n_paths=10)
    assert (tmp_path / "link.h5").is_symlink() and (tmp_path / "real.h5").is_file()


def test_check_names__events_that_would_share_a_variable():
    check_names(LABELS)
    for other in ("ruling_share", "ruling_n", "ruling_n_undefined"):
        events = (*LABELS.events, (other, ("a", "b")))
        with pytest.raises(InputError, match=f"events.{other}: would have the same result name .* as .*rename"):
            check_names(LABELS._replace(events=events))


@pytest.mark.parametrize("read_all", [open_result, content_of_file])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_open_result__flipped_bytes_are_told_or_do_not_matter(read_all, tmp_path):
    path = tmp_path / "r.h5"
    write_small(path, n_paths=10)
    data = path.read_bytes()
    draw, refused = random.Random(5), 0
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(20):
            damaged[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            read_all(path)
        except InputError:
            refused += 1
    assert refused > 10
