"""Streams of every encoding: a command that has done its work ends with 0, whatever it has to say."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from made_bench import make_bench
from spvrisk import api
from spvrisk.cli import COMMANDS, main
from spvrisk.cli.output import use_readable
from spvrisk.report.encoding import shown_in
from spvrisk.report.text import show
from spvrisk.views.figures import Column, Estimate, Figures, Row

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TITLE = "日本 Müller ± 𝔘 study"

ENCODINGS = (
    "ascii cp1252 cp437 cp850 cp1251 koi8-r latin-1 cp932 shift_jis gbk gb18030 euc-jp euc-kr big5 utf-8 utf-16"
).split()

FEW = ("ascii", "cp1252", "cp932")
"""For the commands that compute, which write as the others do."""

THAT_COMPUTE = (
    "run scenarios stress goal trace curve confidence cash obligors compare verify export warmup selftest".split()
)

GOAL = ["--find", "projects.*.budget={{times: x}}", "--so-that", "npv_funder:mean=0", "--between", "0.5", "1.5"]

CALLS = {
    "init": ["init", "{folder}/新しい.yaml", "--overwrite"],
    "schema": ["schema"],
    "validate": ["validate", "{study}"],
    "validate --json": ["validate", "{study}", "--json"],
    "plan": ["plan", "{study}"],
    "plan --json": ["plan", "{study}", "--json"],
    "warmup": ["warmup"],
    "selftest": ["selftest"],
    "run": ["run", "{study}", "--paths", "20", "--out", "{folder}/結果.h5", "--overwrite"],
    "run --json": ["run", "{study}", "--paths", "20", "--out", "{folder}/結果.h5", "--overwrite", "--json"],
    "scenarios": ["scenarios", "{folder}/もし.yaml", "--paths", "20"],
    "scenarios --json": ["scenarios", "{folder}/もし.yaml", "--paths", "20", "--json"],
    "stress": ["stress", "{study}", "--paths", "20"],
    "stress --json": ["stress", "{study}", "--paths", "20", "--json"],
    "goal": ["goal", "{study}", "--paths", "20", *GOAL],
    "goal --json": ["goal", "{study}", "--paths", "20", *GOAL, "--json"],
    "summary": ["summary", "{result}"],
    "summary --json": ["summary", "{result}", "--json"],
    "curve": ["curve", "{result}"],
    "confidence": ["confidence", "{result}", "--project", "port"],
    "cash": ["cash", "{result}"],
    "obligors": ["obligors", "{result}", "--failure", "election=new_course"],
    "compare": ["compare", "{result}", "{result}"],
    "compare --json": ["compare", "{result}", "{result}", "--json"],
    "drivers": ["drivers", "{study}", "--paths", "20", "--of", "npv_funder:mean", "--groups", "costs=*/cost"],
    "drivers --json": ["drivers", "{study}", "--paths", "20", "--of", "npv_funder:mean", "--json"],
    "tail": ["tail", "{result}", "--worst", "0.5"],
    "tail --json": ["tail", "{result}", "--worst", "0.5", "--json"],
    "trace": ["trace", "{result}", "--path", "3", "--steps", "--out", "{folder}/歩.csv", "--overwrite"],
    "trace --json": ["trace", "{result}", "--path", "3", "--json"],
    "assumptions": ["assumptions", "{study}"],
    "plot": ["plot", "fan", "{result}", "--out", "{folder}/図.svg", "--overwrite"],
    "report": ["report", "{result}", "--out", "{folder}/報告.html", "--overwrite"],
    "export": ["export", "{result}", "--out", "{folder}/表.xlsx", "--overwrite"],
    "verify": ["verify", "{result}"],
    "info": ["info", "{result}"],
    "bench": ["bench", "{study}"],
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("encodings")
    text = STARTER.read_text(encoding="utf-8")
    old = '{en: "Starter study: a gas plant and a port"}'
    assert text.count(old) == 1
    study, result = folder / "研究.yaml", folder / "成果.h5"
    study.write_text(text.replace(old, f'{{en: "{TITLE}"}}'), encoding="utf-8")
    (folder / "もし.yaml").write_text(
        f'{{base: 研究.yaml, scenarios: {{dear: {{title: "{TITLE}", projects.port.budget: 500}}}}}}', encoding="utf-8"
    )
    done = CliRunner().invoke(main, ["run", str(study), "--paths", "40", "--out", str(result)])
    assert done.exit_code == 0, done.output
    return {"folder": str(folder), "study": str(study), "result": str(result)}


def call(name: str, names: dict[str, str], encoding: str) -> str:
    """What a call writes to stdout, seen to end with code 0."""
    arguments = [argument.format(**names) for argument in CALLS[name]]
    done = CliRunner(charset=encoding).invoke(main, arguments)
    assert isinstance(done.exception, SystemExit | None), done.exception
    assert done.exit_code == 0
    done.stderr_bytes.decode(encoding)
    return done.stdout_bytes.decode(encoding)


def test_calls__are_all_commands() -> None:
    assert {arguments[0] for arguments in CALLS.values()} == set(COMMANDS)


@pytest.mark.parametrize("name", CALLS)
def test_encodings__of_each_command(name: str, names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    measured = make_bench()
    measured = measured._replace(study=measured.study._replace(title=TITLE))
    monkeypatch.setattr(api, "bench", lambda **_: measured)
    whole = call(name, names, "utf-8")
    for encoding in (
        FEW
        if name.split()[0] in ("run", "scenarios", "goal", "trace", "compare", "verify", "export", "warmup", "selftest")
        else ENCODINGS
    ):
        text = call(name, names, encoding)
        if whole.startswith("{"):
            assert json.loads(text) == json.loads(whole), encoding
            assert encoding == "utf-8" or text.isascii()
        elif encoding.startswith(("utf", "gb18030")):
            assert len(text) == len(whole), encoding
        elif name in ("summary", "info", "plan", "bench"):
            assert shown_in(TITLE, encoding) in text, encoding


def test_encodings__signs_that_have_a_like_and_columns_that_stay_in_line(names: dict[str, str]) -> None:
    text = call("summary", names, "ascii")
    assert " +- " in text and "?? M?ller +- ? study" in text and "\n------" in text
    assert max(map(len, text.splitlines())) <= 100
    lines = text[text.index("Net present value to") :].splitlines()
    rule = next(i for i, line in enumerate(lines) if line.startswith("---"))
    assert {len(line) for line in lines[rule - 1 : rule + 4]} == {len(lines[rule])}
    table = call("summary", names, "cp437")
    assert "±" in table and "──" in table


def test_encodings__no_figure_is_broken_from_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = tuple(Estimate(123456.0 + i, 789.0) for i in range(4))
    figures = Figures("Title", tuple(Column(f"head {i}") for i in range(4)), (Row("a_project", cells),))
    for width in range(30, 100):
        stream = io.TextIOWrapper(io.BytesIO(), "ascii")
        monkeypatch.setattr(sys, "stdout", stream)
        use_readable()
        show([figures], width)
        stream.seek(0)
        assert stream.read().count(" +- 790") == 4, width


def test_shown_in__stand_ins() -> None:
    assert shown_in("± ─ │ ┼ … – ≥ 日 é", "ascii") == "+- - | + ... - >= ? ?"
    assert shown_in("± 日 é", "cp1252") == "± ? é" and shown_in("± 日", "cp932") == "± 日"


def test_mistakes__are_told_on_any_stream(names: dict[str, str]) -> None:
    for encoding in ENCODINGS:
        for arguments in (["validate", "無い.yaml"], ["summary", "無い.h5"], ["無い"], ["run", "--無い"]):
            done = CliRunner(charset=encoding).invoke(main, arguments)
            assert done.exit_code == 2 and isinstance(done.exception, SystemExit), encoding
            assert done.stderr_bytes.decode(encoding)


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_help__is_ascii(name: str) -> None:
    assert CliRunner().invoke(main, [*name.split(), "--help"]).stdout.isascii()


NONE = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}


@pytest.mark.skipif(os.name != "posix", reason="locales of POSIX")
@pytest.mark.parametrize("setting", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252:strict"}, NONE])
@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_process__of_settings(setting: dict[str, str], json_flag: list[str], names: dict[str, str]) -> None:
    command = [sys.executable, "-m", "spvrisk", "summary", names["result"], *json_flag]
    done = subprocess.run(command, capture_output=True, env={**os.environ, **setting})
    assert (done.returncode, done.stderr) == (0, b"")
    assert json_flag == [] or json.loads(done.stdout)["study"] == TITLE


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text")
def test_names__that_are_no_text(tmp_path: Path) -> None:
    out = os.fsdecode(os.fsencode(tmp_path) + b"/r\xff.h5")
    common = [sys.executable, "-m", "spvrisk"]
    for arguments in (["run", str(STARTER), "--paths", "20", "--out", out], ["info", out], ["compare", out, out]):
        done = subprocess.run([*common, *arguments], capture_output=True)
        assert done.returncode == 0, done.stderr
    found = subprocess.run([*common, "compare", out, out, "--json"], capture_output=True, check=True).stdout
    assert json.loads(found)["results"][0]["file"] == out
