"""`spvrisk trace`: what is printed, the steps as JSON and CSV, and mistakes told with a remedy."""

import csv
import json
import math
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.config import load
from spvrisk.dataset.read import open_result
from spvrisk.experiments.run import run_study
from spvrisk.experiments.step_rows import STEP_ROWS
from spvrisk.experiments.task import settings_of
from spvrisk.experiments.trace import Trace, tracer_of
from studies import BARE, changed, write_study

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 300


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = load(STARTER)
    folder = tmp_path_factory.mktemp("trace_command")
    return run_study(loaded, folder / "starter.h5", settings_of(loaded, PATHS, 9))


@pytest.fixture(scope="module")
def traced(file: Path) -> Trace:
    """Path 17, past the command."""
    return tracer_of(open_result(file)).trace(17)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of a study without regimes and events."""
    folder = tmp_path_factory.mktemp("bare")
    loaded = load(write_study(changed(BARE), folder / "bare.yaml"))
    return run_study(loaded, folder / "bare.h5", settings_of(loaded, 70, 1))


def told(*arguments: object) -> str:
    done = CliRunner().invoke(main, ["trace", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def refused(*arguments: object) -> str:
    """Message of a call that ends with code 2; nothing is printed on stdout."""
    done = CliRunner().invoke(main, ["trace", *map(str, arguments)], catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    return done.stderr


def as_json(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(*arguments, "--json"), parse_constant=pytest.fail)
    return found


def worst_first(file: Path) -> np.ndarray:
    with h5py.File(file) as opened:
        return np.argsort(-opened["paths/portfolio_npv_funder"][...], kind="stable")


def test_path__tells_law_projects_money_and_factors(file: Path, traced: Trace) -> None:
    out = told(file, "--path", 17, "--all")
    assert "Path 17 of 300, seed 9." in out
    for part in ("What happened", "What became of the projects", "Who got what", "Factors"):
        assert part in out
    for change in traced.changes:
        became = {"noticed": "notice given"}.get(change.after, change.after)
        assert change.date in out and change.what in out and became in out
    for project in traced.labels.projects:
        assert f"{project}: " in out
    assert max(len(line) for line in out.splitlines() if "│" in line or "─" in line) <= 100


def test_rank__default_is_the_99_percent_loss_path(file: Path) -> None:
    order, out = worst_first(file), told(file)
    assert f"Path {order[-4]:,} of 300, seed 9: at rank 0.99 by loss, npv_funder = " in out
    assert out == told(file, "--rank", "0.99") == told(file, "--rank", "0.99", "--by", "portfolio.npv_funder")
    assert f"Path {order[0]:,} of" in told(file, "--rank", "0")
    assert f"Path {order[-1]:,} of" in told(file, "--rank", "1")


def test_rank__by_a_projects_quantity(file: Path) -> None:
    with h5py.File(file) as opened:
        values = opened["paths/npv_funder"][:, 1]
    project = open_result(file).labels.projects[1]
    path = np.argsort(-values, kind="stable")[math.ceil(0.9 * PATHS) - 1]
    found = as_json(file, "--rank", "0.9", "--by", f"{project}.npv_funder")
    assert (found["path"], found["rank"]) == (path, {"level": "0.9", "unit": project, "quantity": "npv_funder"})
    assert found["projects"][project]["npv_funder"] == values[path]


def test_rank__by_a_state_tells_its_name(file: Path) -> None:
    labels = open_result(file).labels
    coded = [f"final_state_{regime}" for regime, _ in labels.regimes] + [
        f"outcome_{event}" for event, _ in labels.events
    ]
    assert coded
    for by in coded:
        for level in ("0", "1"):
            name = as_json(file, "--rank", level, "--by", by)["scheme"][by]
            assert f": at rank {level} by value, {by} = {name}.\n" in told(file, "--rank", level, "--by", by)


def test_steps__one_row_a_step(file: Path, traced: Trace) -> None:
    out = told(file, "--path", 17, "--steps")
    ends = traced.labels.step_ends
    assert all(
        sum(line.startswith(end) for line in out.splitlines()) >= len(traced.labels.projects) for end in ends[1:]
    )
    assert len(out) > len(told(file, "--path", 17))


def test_json__holds_everything_and_no_nan(file: Path, traced: Trace) -> None:
    found = as_json(file, "--path", 17)
    assert list(found) == ["schema", "study", "path", "scheme", "portfolio", "projects", "changes", "steps"]
    assert (found["schema"], found["path"]) == ("spvrisk.trace/2", 17)
    for (unit, quantity), value in traced.values.items():
        home = found[unit] if unit in ("scheme", "portfolio") else found["projects"][unit]
        if quantity.startswith(("final_state_", "outcome_")):
            names = dict(traced.labels.regimes + traced.labels.events)[
                quantity.removeprefix("final_state_").removeprefix("outcome_")
            ]
            assert home[quantity] == (None if math.isnan(value) else names[int(value)])
        else:
            assert home[quantity] == (value if math.isfinite(value) else None)
    steps = found["steps"]
    assert steps["dates"] == list(traced.labels.step_ends)
    for s, project in enumerate(traced.labels.projects):
        for i, column in enumerate(STEP_ROWS):
            expected = [x if math.isfinite(x) else None for x in traced.steps[s, i].tolist()]
            assert steps["projects"][project][column] == expected, column
    for k, factor in enumerate(traced.labels.factors):
        assert steps["factors"][factor] == traced.factors[:, k].tolist()
    assert {regime: tuple(states) for regime, states in steps["states"].items()} == traced.states
    assert [change["after"] for change in found["changes"]] == [change.after for change in traced.changes]


def test_json__undefined_and_infinite_are_null(file: Path) -> None:
    """Over some paths, every kind of number is met."""
    nulls = set()
    for path in range(0, 60):
        found = as_json(file, "--path", path)
        units = {"portfolio": found["portfolio"], **found["projects"]}
        nulls |= {quantity for unit in units.values() for quantity, value in unit.items() if value is None}
        if len(nulls) >= 2:
            return
    pytest.fail(str(nulls))


def test_out__csv_has_all_digits(file: Path, traced: Trace, tmp_path: Path) -> None:
    out = tmp_path / "steps.csv"
    assert told(file, "--path", 17, "--out", out).rstrip().endswith(f"Steps: {out}")
    with out.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    assert header[:3] == ["project", "step", "date"] and header[3 : 3 + len(STEP_ROWS)] == list(STEP_ROWS)
    assert len(rows) == len(traced.labels.projects) * len(traced.labels.step_ends)
    for i, row in enumerate(rows):
        s, t = divmod(i, len(traced.labels.step_ends))
        assert row[:3] == [traced.labels.projects[s], str(t), traced.labels.step_ends[t]]
        last = 3 + len(STEP_ROWS) + len(traced.labels.factors)
        numbers = np.array(row[3:last], float)
        np.testing.assert_array_equal(numbers[: len(STEP_ROWS)], traced.steps[s, :, t])
        np.testing.assert_array_equal(numbers[len(STEP_ROWS) :], traced.factors[t])
        assert row[last:] == [states[t] for states in traced.states.values()]
    before = out.read_bytes()
    assert "--overwrite" in refused(file, "--path", 3, "--out", out)
    assert out.read_bytes() == before
    told(file, "--path", 3, "--out", out, "--overwrite")
    assert out.read_bytes() != before
    assert as_json(file, "--path", 17, "--out", out, "--overwrite")["path"] == 17
    assert out.read_bytes() == before


def test_out__that_cannot_be_written_is_told(file: Path, tmp_path: Path) -> None:
    message = refused(file, "--path", 3, "--out", tmp_path / "no" / "steps.csv")
    assert "steps.csv" in message and message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_study__without_regimes_and_events(bare: Path) -> None:
    out = told(bare, "--path", 0, "--steps")
    assert "at first" in out and "plant: finished 2027-03-31, on time; cost 100.0 USD" in out
    assert "made whole" not in out  # fixed shares: nothing is deemed
    found = as_json(bare, "--rank", "0.5")
    told_of = [(change["what"], change["after"], change["budget"]) for change in found["changes"]]
    assert told_of == [("plant", "noticed", 100.0), ("plant", "paid", None)]
    assert found["steps"]["states"] == {}
    assert found["scheme"].keys() == {
        "npv_funder_local",
        "tariff_relief",
        "scheme_value",
        "scheme_value_local",
        "net_commitments",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--path", "300"], ["--path", "must be below 300, the number of paths", "got 300", "count from 0"]),
        (["--path", "99999999999999999999999"], ["--path", "must be below 300"]),
        (["--path", "-1"], ["--path", "x>=0"]),
        (["--path", "one"], ["--path", "one"]),
        (["--path", "1", "--rank", "0.5"], ["--rank", "cannot be used with --path", "leave one"]),
        (["--rank", "1.01"], ["--rank", "number in [0, 1]", "got 1.01", "0.99"]),
        (["--rank", "-0.1"], ["--rank", "number in [0, 1]"]),
        (["--rank", "nan"], ["--rank", "number in [0, 1]", "got nan"]),
        (["--rank", "inf"], ["--rank", "number in [0, 1]"]),
        (["--rank", "99 %"], ["--rank", "number in [0, 1]"]),
        (["--by", "npv_fundr"], ["--by", "npv_fundr", "did you mean npv_funder?"]),
        (["--by", "nowhere.npv_funder"], ["--by", "nowhere.npv_funder", "allowed"]),
        (["--by", "portfolio.npv_funder_local"], ["--by", "npv_funder_local"]),
        (["--by", ""], ["--by", "allowed"]),
    ],
)
def test_mistakes__are_told_with_a_remedy(file: Path, arguments: list[str], words: list[str]) -> None:
    message = refused(file, *arguments)
    assert all(word in message for word in words), message
    assert "Traceback" not in message


def test_mistakes__no_such_file(tmp_path: Path) -> None:
    assert "there is no such file" in refused(tmp_path / "no.h5", "--path", "0")


def test_bits__that_differ_end_with_code_1(file: Path, tmp_path: Path) -> None:
    shutil.copy(file, tmp_path / "other.h5")
    with h5py.File(tmp_path / "other.h5", "a") as opened:
        opened["paths/npv_funder"][17, 0] += 1e-6
    done = CliRunner().invoke(main, ["trace", str(tmp_path / "other.h5"), "--path", "17"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "the replay differs from the result" in done.stderr
    told(tmp_path / "other.h5", "--path", 18)
