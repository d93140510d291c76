"""Mistakes that planning or `spvrisk run` finds: exit code 2, the place, the rule, a remedy, and nothing left behind.

Those that loading finds are in `test_bad_input.py`.

The culprit's line is found by looking for it in the text, not by the code under test.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from spvrisk.cli import main
from spvrisk.config import load

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")


class Mistake(NamedTuple):
    old: str
    new: str
    culprit: str
    rule: str
    remedy: str


IN_THE_FILE = {
    "negative paths": Mistake(
        "paths: 20000", "paths: -5", "paths: -5", "must lie in [1, 2147483647]", "write a number"
    ),
    "copula": Mistake(
        "correlation:\n",
        "correlation:\n  copula: t\n  degrees_of_freedom: 1.0e+7\n",
        "degrees_of_freedom",
        "has at most 1e+06 degrees of freedom",
        "copula: gaussian",
    ),
    "reference class": Mistake(
        "{mean: 0.16, tail_share: 0.14, tail_mean: 1.09}",
        "{mean: 0.16, tail_share: 0.5, tail_mean: 1.5}",
        "tail_share: 0.5",
        "the overruns below 50 % must have a mean between",
        "with this tail `mean` must lie between",
    ),
    "scipy law": Mistake(
        "{pert: {min: 0.9, mode: 1.1, max: 2}}",
        "{scipy: {name: genextrem, args: {c: 0.1}}, truncate: [0.5, 3]}",
        "genextrem",
        "must be a continuous or discrete law of scipy.stats",
        "did you mean genextreme?",
    ),
    "notice before the value date": Mistake(
        "notice_date: 2026-03-02",
        "notice_date: 2025-03-02",
        "2025-03-02",
        "before the value date",
        "move the value date",
    ),
    "start after the horizon": Mistake(
        "planned_start: 2026-09-01", "planned_start: 2076-09-01", "2076-09-01", "before the horizon", "lengthen"
    ),
    "cap below floor": Mistake(
        "sigma: 0.4}}, floor: 0.5}",
        "sigma: 0.4}}, floor: {knots: [[0, 0], [9, 9]]}, cap: 5}",
        "cap: 5",
        "at least the floor at every step's end",
        "swap floor and cap",
    ),
    "mean that vanishes": Mistake(
        "mean: {value: 55, growth: 0.02}",
        "mean: {value: 55, growth: -1}",
        "growth: -1}",
        "must be above -1",
        "write e.g.",
    ),
    "memory": Mistake(
        "paths: 20000,", "memory_mib: 64, paths: 300000,", "memory_mib: 64", "must fit", "set run.memory_mib to"
    ),
    "state that has ended": Mistake(
        "since: 2026-02-24", "since: 2025-02-24", "2025-02-24", "would have expired", "state of the value date"
    ),
    # two names that were found to share the first four bytes of their digests
    "random streams": Mistake(
        "  power: {unit",
        "  x4407: {unit: '1', process: {gbm: {start: 1, drift: 0, sigma: 0}}}\n"
        "  x39788: {unit: '1', process: {gbm: {start: 1, drift: 0, sigma: 0}}}\n  power: {unit",
        "x39788:",
        "draws from the random stream factor/x39788, which has the number of factor/x4407",
        "rename one",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(folder: Path) -> dict[str, bytes | None]:
    found = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in found}


def refused(folder: Path, *arguments: str) -> str:
    """Run, see that it ends with code 2 and changes nothing, and give what it says."""
    before = tree(folder)
    result: Result = CliRunner().invoke(main, ["run", *arguments])
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert tree(folder) == before
    return result.stderr


def line_of(culprit: str, text: str) -> int:
    assert text.count(culprit) == 1, f"{culprit!r} must be there once"
    return text.count("\n", 0, text.index(culprit) + 1) + 1


@pytest.mark.parametrize("mistake", IN_THE_FILE.values(), ids=IN_THE_FILE)
def test_mistake__in_the_file_is_told_with_its_line(mistake: Mistake, folder: Path) -> None:
    assert TEXT.count(mistake.old) == 1
    text = TEXT.replace(mistake.old, mistake.new)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    said = refused(folder, "study.yaml")
    line = line_of(mistake.culprit, text)
    found = [each for each in said.splitlines() if mistake.rule in each and mistake.remedy in each]
    assert found, said
    place = re.match(r"study\.yaml:(\d+) ", found[0])
    assert place, found[0]
    assert abs(int(place[1]) - line) <= 2, found[0]
    assert found[0].index(mistake.rule) < found[0].index(mistake.remedy)


ON_THE_COMMAND_LINE = {
    "wrong value": (["--set", "run.seed=-1"], "--set 1 run.seed: must lie in", "write a number"),
    "found in planning": (
        ["--set", "run.seed=3", "--set", "agreement.funding.holidays=[QQ]"],
        "--set 2 agreement.funding.holidays: a calendar is not known, got ",
        "ISO country codes",
    ),
    "key removed": (["--set", "study.currency=null"], "--set 1 study.currency: the key is missing", "add currency"),
    "memory": (
        ["--paths", "10000000", "--set", "run.memory_mib=430"],
        "--set 1 run.memory_mib: 10,000,000 paths of 64 series must fit",
        "or run.paths to",
    ),
    "disk": (
        ["--paths", "2000000000", "--set", "run.disk_mib=10000"],
        "--set 1 run.disk_mib: what is kept of 2,000,000,000 paths must fit",
        "set run.disk_mib to",
    ),
    "negative paths": (["--paths", "-5"], "'--paths': -5 is not in the range x>=1", "--help"),
    "no paths": (["--paths", "0"], "'--paths': 0 is not in the range x>=1", "--help"),
    "seed too large": (["--seed", str(2**64)], "is not in the range", "--help"),
}


@pytest.mark.parametrize("case", ON_THE_COMMAND_LINE.values(), ids=ON_THE_COMMAND_LINE)
def test_mistake__on_the_command_line_is_told_with_its_option(case: tuple[list[str], str, str], folder: Path) -> None:
    arguments, rule, remedy = case
    (folder / "study.yaml").write_text(TEXT, encoding="utf-8")
    (folder / "there.h5").write_text("old", encoding="utf-8")
    said = refused(folder, "study.yaml", *arguments)
    assert rule in said
    assert remedy in said


def test_mistake__results_that_is_no_folder(folder: Path) -> None:
    (folder / "study.yaml").write_text(TEXT, encoding="utf-8")
    (folder / "results").write_text("mine", encoding="utf-8")
    assert "--out: the folder results cannot be made: file exists; name a result file" in refused(folder, "study.yaml")


def test_mistake__in_an_included_file_and_in_a_table(folder: Path) -> None:
    head, laws = TEXT.split("regimes:\n", 1)
    (folder / "factors.yaml").write_text("\n\n" + head[head.index("factors:") : head.index("# Correlation")])
    pairs = "first,second,value\nwages,steel,0.9\nwages,gas,0.9\nsteel,gas,-0.9\n"
    (folder / "pairs.csv").write_text(pairs, encoding="utf-8")
    text = "include: [factors.yaml]\n" + head[: head.index("factors:")] + "regimes:\n" + laws
    (folder / "study.yaml").write_text(text + "correlation: {table: pairs.csv}\n", encoding="utf-8")
    said = refused(folder, "study.yaml")
    assert "pairs.csv:2:3 correlation.pairs.wages.steel: the matrix must be" in said
    factors = (folder / "factors.yaml").read_text(encoding="utf-8")
    changed = factors.replace("floor: 0.5}", "floor: {knots: [[0, 0], [9, 9]]}, cap: 5}")
    (folder / "factors.yaml").write_text(changed, encoding="utf-8")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    said = refused(folder, "study.yaml")
    assert f"factors.yaml:{line_of('cap: 5', changed)} factors.gas.cap: must be at least the floor" in said


def test_mistake__several_are_told_at_once(folder: Path) -> None:
    text = TEXT.replace("2026-03-02", "2025-03-02").replace("2026-03-16", "2025-03-16")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    said = refused(folder, "study.yaml")
    for name, day in (("gas_plant", "2025-03-02"), ("port", "2025-03-16")):
        assert f"study.yaml:{line_of(day, text)} projects.{name}.notice_date: funds would be due" in said


def test_plan__tells_planning_mistakes_with_their_line_too(folder: Path) -> None:
    text = TEXT.replace("holidays: [US]", "holidays: [XX]")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["plan", "study.yaml"])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"study.yaml:{line_of('[XX]', text)} agreement.funding.holidays: a calendar")


def test_warnings__of_units_and_of_what_the_horizon_cuts_off(folder: Path) -> None:
    text = TEXT.replace("budget: 400", "budget: 33.3").replace("date: 2028-11-07", "date: 2078-11-07")
    text = text.replace("planned_duration_years: 2.5", "planned_duration_years: 50")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    warnings = [str(warning) for warning in load(folder / "study.yaml").warnings]
    for culprit, rule, remedy in (
        ("33.3", "projects.port.budget: is small beside the other budgets", "write 33300"),
        ("2078-11-07", "events.election.date: lies beyond the horizon", "it never happens"),
        (
            "planned_duration_years: 50",
            "projects.port.construction.planned_duration_years: the horizon (40 years) ends before the planned "
            "completion, at 50.4",
            "it never operates: raise study.horizon_years",
        ),
    ):
        place = f"study.yaml:{line_of(culprit, text)} "
        assert any(each.startswith(place + rule) and remedy in each for each in warnings), warnings


def test_warnings__do_not_stop_a_run_and_go_to_stderr(folder: Path) -> None:
    text = TEXT.replace("budget: 400", "budget: 33.3").replace("date: 2028-11-07", "date: 2078-11-07")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["run", "study.yaml", "--paths", "64"])
    assert result.exit_code == 0, result.output
    assert f"warning: study.yaml:{line_of('33.3', text)} projects.port.budget" in result.stderr
    assert "warning" not in result.stdout
    assert sorted(tree(folder)) == ["results", "results/study.h5", "study.yaml"]
