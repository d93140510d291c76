"""A run whose sums contradict each other: exit code 1, what to report, no result under the name asked for."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import spvrisk
from small_run import write_small
from spvrisk.cli import main
from spvrisk.errors import RunError
from spvrisk.runner.ledger import MemoryLedger

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"


@pytest.fixture
def faulty(monkeypatch):
    """Let the kernel lose a part of what the host has."""

    def sums(ledger):
        found = whole(ledger)
        rows = found.timeline.copy()
        rows[ledger.job.labels.timeline.index("distribution_host")] *= 0.9
        return found._replace(timeline=rows)

    whole = MemoryLedger.sums
    monkeypatch.setattr(MemoryLedger, "sums", sums)


def run(*arguments):
    return CliRunner().invoke(main, ["run", str(STARTER), "--paths", "500", *arguments])


def test_failed_run__exit_1_and_the_file_kept_aside(faulty, tmp_path):
    out = tmp_path / "r.h5"
    done = run("--out", str(out))
    assert done.exit_code == 1 and not done.stdout and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["r.h5.failed.h5"]
    with spvrisk.open(tmp_path / "r.h5.failed.h5") as results:
        assert results.attributes["paths"] == 500
    for text in ("funder and host have the available cash: gas_plant, 20", "must be equal to", str(out) + ".failed.h5"):
        assert text in done.stderr


def test_failed_run__says_what_to_report(faulty, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_OPT", "3")
    told = run("--out", str(tmp_path / "r.h5")).stderr
    for text in ("spvrisk 0", "numbers_version", "target ", "numba 0", "llvmlite 0", "Python 3", "NUMBA_OPT=3"):
        assert text in told


def test_failed_run__an_older_result_stays(faulty, tmp_path):
    out, aside = tmp_path / "r.h5", tmp_path / "r.h5.failed.h5"
    write_small(out)
    write_small(aside, n_paths=100)
    older, failed = out.read_bytes(), aside.read_bytes()
    assert run("--out", str(out), "--overwrite").exit_code == 1
    assert out.read_bytes() == older
    assert aside.read_bytes() != failed


def test_failed_run__is_told_though_the_file_cannot_be_kept(faulty, tmp_path):
    (tmp_path / "r.h5.failed.h5").mkdir()
    done = run("--out", str(tmp_path / "r.h5"))
    assert done.exit_code == 1
    assert "funder and host" in done.stderr and "could not be kept" in done.stderr


def test_failed_run__long_names_leave_room(faulty, tmp_path):
    done = run("--out", str(tmp_path / ("\u6e2f" * 80 + ".h5")))
    assert done.exit_code == 1 and "could not be kept" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["\u6e2f" * 60 + ".failed.h5"]


def test_failed_run__from_python_without_a_file_name_leaves_none(faulty, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="funder and host") as caught:
        spvrisk.run(spvrisk.load(STARTER), paths=500)
    assert "kept" not in str(caught.value)
    assert not list(tmp_path.iterdir())
