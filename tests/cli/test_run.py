"""`spvrisk run` from end to end: what is printed where, the result file, interruption, and what is imported."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy import optimize

from spvrisk.cli import main

ROOT = Path(__file__).parents[2]
STARTER = str(ROOT / "engine" / "spvrisk" / "data" / "starter.yaml")
MAIN_STUDY = str(ROOT / "configs" / "japan_us_2026.yaml")
RUN = [sys.executable, "-m", "spvrisk"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(main, ["run", STARTER, "--paths", "500", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout, result.stderr


def test_run__prints_the_summary_and_leaves_a_file_in_results(folder: Path) -> None:
    out, err = run()
    assert "Starter study: a gas plant and a port" in out
    for row in ("portfolio", "gas_plant", "port", "All tables: spvrisk summary"):
        assert any(line.strip(" │").startswith(row) for line in out.splitlines())
    assert out.rstrip().endswith(f"Result: {Path('results') / 'starter.h5'}")
    assert [path.name for path in (folder / "results").iterdir()] == ["starter.h5"]
    assert "planning ..." in err and "running ..." in err and "writing ..." in err
    assert "..." not in out


def test_run__says_where_a_risk_measure_lies_in_the_cap_of_an_overrun(folder: Path) -> None:
    """Censored at 10, a Pareto tail of .14 from 1.5 on with mean 2.09 has an atom of .14 (1.5 / 10)^alpha."""
    law = "{reference_class: {mean: 0.16, tail_share: 0.14, tail_mean: 1.09}}"
    arguments = (
        "--set",
        f"projects.gas_plant.construction.overrun={law}",
        "--set",
        'output.risk_levels=["0.95", "0.999"]',
    )
    out, _ = run(*arguments, "--out", "a.h5")
    alpha = optimize.brentq(lambda a: 1.5 + 1.5**a * (10 ** (1 - a) - 1.5 ** (1 - a)) / (1 - a) - 2.09, 2, 9)
    share = 0.14 * 0.15**alpha
    assert 0.0001 < share < 0.001 and "upper limit" not in out  # the level of .999 does not reach it
    arguments = (*arguments[:2], "--set", 'output.risk_levels=["0.95", "0.9999"]')
    out, _ = run(*arguments, "--out", "b.h5")
    said = " ".join(out.split())
    cut = f"{100 * share:.2g} % of the overruns of gas_plant are at the upper limit of their distribution:"
    assert f"{cut} its figures at 99.99 %," in said
    found = json.loads(run(*arguments, "--json", "--out", "c.h5")[0])
    assert found["projects"]["gas_plant"]["overrun_sampled"]["cap_share"] == pytest.approx(share, rel=1e-9)


def test_run__json_has_the_keys_of_the_summary(folder: Path) -> None:
    out, _ = run("--json", "--out", "a.h5", "--seed", "18446744073709551615")
    found = json.loads(out)
    assert list(found) == [
        *("schema", "study", "paths", "seed", "numbers_version", "warnings"),
        *("scheme", "portfolio", "projects"),
    ]
    assert (found["paths"], found["seed"]) == (500, 2**64 - 1)
    assert list(found["projects"]) == ["gas_plant", "port"]
    npv = found["portfolio"]["npv_funder"]
    assert {"n", "mean", "mean_se", "value_at_risk", "expected_shortfall", "p_loss"} <= set(npv)
    assert npv["n"] == 500
    parts = sum(found["projects"][name]["npv_funder"]["mean"] for name in found["projects"])
    assert parts == pytest.approx(npv["mean"], rel=1e-12)
    assert not (folder / "results").exists()


def test_run__is_what_summary_prints_afterwards(folder: Path) -> None:
    out, _ = run("--out", "a.h5")
    again = CliRunner().invoke(main, ["summary", "a.h5"], catch_exceptions=False)
    assert out == again.stdout + "Result: a.h5\n"


def test_run__options_reach_the_run(folder: Path) -> None:
    first = json.loads(run("--out", "a.h5", "--json", "--seed", "5", "--workers", "1")[0])
    second = json.loads(run("--out", "b.h5", "--json", "--set", "run.seed=5", "--set", "run.workers=2")[0])
    other = json.loads(run("--out", "c.h5", "--json", "--seed", "6")[0])
    assert first == second != other
    info = CliRunner().invoke(main, ["info", "b.h5"], catch_exceptions=False).stdout
    assert "run.seed=5 run.workers=2" in info


def test_run__replaces_a_file_only_when_told_to(folder: Path) -> None:
    run("--out", "a.h5")
    old = (folder / "a.h5").read_bytes()
    refused = CliRunner().invoke(main, ["run", STARTER, "--out", "a.h5", "--seed", "5"])
    assert refused.exit_code == 2
    assert (folder / "a.h5").read_bytes() == old
    run("--out", "a.h5", "--overwrite", "--seed", "5")
    assert (folder / "a.h5").read_bytes() != old


def test_run__as_a_module(folder: Path) -> None:
    command = [*RUN, "run", STARTER, "--paths", "64", "--out", "a.h5", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["paths"] == 64
    assert (folder / "a.h5").exists()


def interrupted(sent: signal.Signals, folder: Path) -> float:
    """Interrupt a run in its midst, see what it says and leaves, and give the seconds that it took."""
    command = [*RUN, "run", MAIN_STUDY, "--paths", "2000000", "--set", "run.memory_mib=8000"]
    unfinished = folder / "results" / "japan_us_2026.h5.run"
    # tests that a shell runs in the background, or nohup, ignore signals, and what they start inherits that
    heeding = partial(signal.signal, sent, signal.SIG_DFL)
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, preexec_fn=heeding, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None and process.stderr is not None
    try:
        said = []
        for line in process.stderr:  # a cold cache compiles first
            said.append(line)
            if line == "running ...\n":
                break
        time.sleep(1.0)
        assert process.poll() is None, "".join(said)
        assert (folder / "results").is_dir()
        process.send_signal(sent)
        began = time.perf_counter()
        code = process.wait(timeout=20)
        took = time.perf_counter() - began
        assert code == 128 + sent
        said, kept = process.stderr.read().splitlines(), len(list(unfinished.glob("*.shard")))
        how = f"{kept} of 123 shards are kept in {unfinished}: the same command with --resume goes on with them."
        assert [line for line in said if line] == ["interrupted", how if kept else "Nothing was done yet."]
        assert process.stdout.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    assert [file.name for file in folder.iterdir()] == (["results"] if kept else [])
    shutil.rmtree(folder / "results", ignore_errors=True)
    return took


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_run__that_is_interrupted_ends_soon_and_keeps_what_is_done(sent: signal.Signals, folder: Path) -> None:
    # up to three times: other tests may hold all processors for a moment
    assert any(interrupted(sent, folder) < 2.0 for _ in range(3))


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_run__whose_terminal_is_closed_ends_without_a_result(folder: Path) -> None:
    """Also where its progress bar can be written no more before the signal is heard."""
    import fcntl
    import pty
    import termios

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    command = [*RUN, "run", MAIN_STUDY, "--paths", "400000"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_terminal)
    os.close(theirs)
    try:
        shown = b""
        while b"running" not in shown:
            shown += os.read(ours, 1 << 16)
        os.close(ours)
        assert process.wait(timeout=20) == 128 + signal.SIGHUP
    finally:
        process.kill()
        process.wait()
    assert list(folder.rglob("*.h5")) == []


def modules_of(*arguments: str) -> set[str]:
    """Modules that a command has loaded when it ends."""
    code = (
        "import sys\nfrom spvrisk.cli import main\n"
        f"try: main({list(arguments)!r})\nexcept SystemExit as end: assert not end.code, end.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def test_start_up__help_loads_click_and_little_else() -> None:
    slow = {"numba", "scipy", "h5py", "xarray", "matplotlib"}
    heavy = {"numpy", "pydantic", "ruamel.yaml", "rich", "holidays", *slow}
    assert modules_of("--help") & heavy == set()


@pytest.mark.parametrize("study", [STARTER, MAIN_STUDY], ids=["starter", "main study"])
def test_start_up__run_loads_nothing_that_it_does_not_need(study: str, folder: Path) -> None:
    loaded = modules_of("run", study, "--paths", "64", "--out", "a.h5")
    assert {"numpy", "numba", "h5py", "spvrisk.kernel.run"} <= loaded
    heavy = {"scipy.stats", "matplotlib", "dask", "pandas", "xarray", "netCDF4"}
    assert loaded & heavy == set()


def test_start_up__a_refused_study_is_told_before_the_compiler_is_loaded(folder: Path) -> None:
    code = (
        "import sys\nfrom spvrisk.cli import main\n"
        f"try: main(['run', {STARTER!r}, '--set', 'run.seed=-1'])\nexcept SystemExit: pass\n"
        "print([m for m in ('numba', 'scipy', 'h5py', 'holidays') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
