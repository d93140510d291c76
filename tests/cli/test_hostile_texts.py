"""Texts that a terminal would obey, or that are as long as a file, never reach it as they are."""

import json

import pytest
from click.testing import CliRunner

from spvrisk.cli import main
from spvrisk.cli.output import say, say_document, use_readable
from spvrisk.errors import InputError, Problem, harmless
from spvrisk.report.html import table
from spvrisk.report.problems import problems_json
from spvrisk.report.text import show, written
from spvrisk.views.figures import Column, Figures, Row, said

ACTING = "\x00\x07\x08\r\n\x1b]0;x\x07\x1b[2J\x7f\x85\x9b"
ACTING += "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
KEPT = "日本　米国 ± – € 𝔘 עברית"
LONG = "x" * 100_000


def figures(text: str) -> list[Figures]:
    """All places where a text may stand."""
    row, column, notes = Row(text, (text, said("{} and " + text, text)), text), Column(text, text=True), (said(text),)
    tables = [Figures(text, (column, column), (row, row), notes, text, shape) for shape in ("table", "list", "facts")]
    return [*tables, Figures(text, notes=notes), Figures(text, (column, column), (row,), names=text)]


@pytest.mark.parametrize("sign", sorted(set(ACTING) - set("0;x[2J]")), ids=ascii)
def test_figures__are_shown_without_what_a_terminal_obeys(sign: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(figures(f"a{sign}b"), 400)
    for text in (capsys.readouterr().out, written(figures(f"a{sign}b")), "".join(map(table, figures(f"a{sign}b")))):
        lines = text.split("\n")
        assert all(c.isprintable() for line in lines for c in line)
        assert sign == "\n" or sign not in text
        assert harmless(sign) in text


def test_figures__keep_other_letters(capsys: pytest.CaptureFixture[str]) -> None:
    show(figures(KEPT), 400)
    assert KEPT in capsys.readouterr().out and harmless(KEPT) == KEPT


@pytest.mark.parametrize("err", [False, True])
def test_say__writes_lines_without_what_a_terminal_obeys(err: bool, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{ACTING}{KEPT}\nsecond", err)
    first, second, third, end = getattr(capsys.readouterr(), "err" if err else "out").split("\n")
    assert (first, third, end) == (harmless("\x00\x07\x08\r"), "second", "") and second.endswith(KEPT)
    assert all(c.isprintable() or c == "　" for c in first + second + third)


@pytest.mark.parametrize("text", [ACTING, KEPT, f"\ud800{KEPT}{ACTING}"], ids=ascii)
def test_say_document__is_json_of_the_same_texts(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    use_readable()
    say_document({text: [text]})
    out = capsys.readouterr().out
    assert json.loads(out) == {text: [text]}
    assert all(c.isprintable() or c in "\n　" for c in out)


def test_problem__long_parts_are_shortened() -> None:
    problem = Problem(LONG, LONG, LONG, LONG, LONG)
    assert len(str(problem)) < 2100 and str(problem).count("... (100000 characters)") == 5
    (told,) = problems_json(None, [problem], [])["errors"]
    assert len(told["value"]) == 400 and told["severity"] == "error"
    assert len(str(InputError([problem] * 2))) < 4200


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "s.yaml", "--set", f"{LONG}=1"],
        ["validate", "s.yaml", "--set", LONG],
        ["validate", "s.yaml", "--set", f"run.paths={LONG}"],
        ["validate", "s.yaml", "--set", f"projects.{LONG}.budget=1", "--json"],
        ["validate", "s.yaml", "--set", f"projects={{{LONG}: 1}}"],
        ["validate", "s.yaml", "--set", f"run=!{LONG} 1"],
        ["validate", "s.yaml", f"--{LONG}"],
        ["validate", LONG],
        ["run", "s.yaml", "--paths", LONG],
        ["run", "s.yaml", "--out", LONG],
        ["summary", LONG],
        ["summary", "s.yaml", "--given", LONG],
        [LONG],
    ],
    ids=lambda arguments: " ".join(argument[:20] for argument in arguments),
)
def test_commands__do_not_repeat_what_is_long(
    arguments: list[str], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert CliRunner().invoke(main, ["init", "s.yaml"]).exit_code == 0
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit)
    assert 20 < len(done.stdout + done.stderr) < 5000


@pytest.mark.parametrize("arguments", [["validate", "{}"], ["summary", "{}"], ["{}"], ["validate", "--set", "{}", "x"]])
def test_commands__repeat_nothing_that_a_terminal_obeys(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, [argument.format("a\x1b[2J\u202eb") for argument in arguments])
    assert done.exit_code == 2
    assert all(c.isprintable() or c == "\n" for c in done.output)
