"""``spvrisk bench``: the card, its JSON, mistakes, interruption."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

import spvrisk
from made_bench import make_bench
from spvrisk import api
from spvrisk.cli import main
from spvrisk.report.json import bench_json

STARTER = str(Path(spvrisk.__file__).parent / "data" / "starter.yaml")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What the API is asked for; it answers at once."""
    found: list[dict[str, object]] = []

    def bench(**given: object) -> object:
        found.append(given)
        return make_bench()

    monkeypatch.setattr(api, "bench", bench)
    return found


def test_bench__asks_for_what_it_is_told(asked: list[dict[str, object]]) -> None:
    done = CliRunner().invoke(main, ["bench"])
    assert done.exit_code == 0 and "Kernel on one thread, us a path" in done.stdout
    given = ["bench", STARTER, "--seconds", "2e1", "--cold", "--set", "run.workers=2"]
    assert CliRunner().invoke(main, given).exit_code == 0
    assert CliRunner().invoke(main, ["bench", "--set", "run.workers=3"]).exit_code == 0
    first, second, third = asked
    assert (first["study"], first["seconds"], first["cold"], first["overrides"]) == (None, 60, False, ())
    assert isinstance(second["study"], api.Study) and second["study"].config.run.workers == 2
    assert (second["seconds"], second["cold"], second["overrides"]) == (20, True, ())
    assert (third["study"], third["overrides"]) == (None, ("run.workers=3",))


def test_bench__json_is_that_of_what_was_found(asked: list[dict[str, object]]) -> None:
    done = CliRunner().invoke(main, ["bench", "--json"])
    assert json.loads(done.stdout) == json.loads(json.dumps(bench_json(make_bench())))


def test_bench__measures_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["bench", STARTER, "--seconds", "5", "--set", "study.horizon_years=41", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["schema"] == "spvrisk.bench/1" and found["study"]["steps"] == 164
    assert found["kernel"]["whole"]["us"]["median"] > 0.0
    assert done.stderr.splitlines()[0] == "planning ..." and "measuring in turn ..." in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nowhere.yaml"], "nowhere.yaml: cannot be read: no such file; check the path"),
        (["--seconds", "0"], "0 is not in the range 5<=x<=3600"),
        (["--seconds", "many"], "must be a whole number, got many"),
        (["--set", "run.paths=-5"], "--set 1 run.paths: must lie in [1, 2147483647], got -5"),
        ([STARTER, "--set", "projects.port.budgte=5"], "--set 1"),
        ([STARTER, STARTER], "unexpected extra argument"),
    ],
)
def test_bench__mistakes_are_told(given: list[str], said: str) -> None:
    done = CliRunner().invoke(main, ["bench", *given])
    assert done.exit_code == 2 and said in done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr


def interrupted(sent: signal.Signals, last: str, given: list[str], folder: Path) -> float:
    """Interrupt a benchmark after it has said a line, see that it leaves nothing, and give the seconds that it took."""
    # a shell that runs the tests in the background has them ignore Ctrl-C, and what they start inherits that
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    line = [sys.executable, "-m", "spvrisk", "bench", *given]
    env, pipe = {**os.environ, "TMPDIR": str(folder)}, subprocess.PIPE
    with subprocess.Popen(line, env=env, preexec_fn=heeding, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr is not None
        try:
            assert any(said.startswith(last) for said in process.stderr)
            time.sleep(1.5)
            assert process.poll() is None
            process.send_signal(sent)
            began = time.perf_counter()
            out, errors = process.communicate(timeout=20)
            took = time.perf_counter() - began
        finally:
            process.kill()
    assert (process.returncode, out, errors.strip()) == (128 + sent, "", "interrupted")
    assert list(folder.iterdir()) == []
    return took


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("sent", "last", "given"),
    [
        (signal.SIGINT, "measuring in turn", []),
        (signal.SIGTERM, "measuring in turn", []),
        (signal.SIGINT, "starting with nothing kept", ["--seconds", "5", "--cold"]),
    ],
    ids=["ctrl-c", "terminated", "ctrl-c while compiling"],
)
def test_bench__that_is_interrupted_ends_soon_and_leaves_nothing(
    sent: signal.Signals, last: str, given: list[str], tmp_path: Path
) -> None:
    # up to three times: other tests may hold all processors for a moment
    assert any(interrupted(sent, last, given, tmp_path) < 2.0 for _ in range(3))
