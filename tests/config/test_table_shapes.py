"""Tables as spreadsheets and other programs write them: what is harmless is read, the rest gets the right remedy."""

import random
from pathlib import Path

import numpy as np
import pytest

from spvrisk.config import Study, load_study
from spvrisk.config.reading.tables import read_table
from spvrisk.errors import InputError, Problem

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")
PAIRS = "  pairs:\n    wages: {steel: 0.3}\n    gas: {power: 0.6}\n"
EUR = "{knots: [[0, 0.02], [10, 0.026], [30, 0.028]]}"


def with_projects() -> str:
    """The starter with its gas plant as the template of a table."""
    head, _, projects = TEXT.partition("projects:\n")
    plant, _, rest = projects.partition("  port:\n")
    tail = rest[rest.index("\nrun:") :] if "\nrun:" in rest else ""
    template = "".join(f"  {line}\n" for line in plant.splitlines()[1:])
    return f"{head}projects:\n  table: t.csv\n  template:\n{template}{tail}"


KINDS = {
    "projects": (with_projects(), "name,budget,title.en", ["a,400,A", "b,500,B"]),
    "curve": (TEXT.replace(EUR, "{table: t.csv}"), "years,rate", ["0,0.02", "30,0.028"]),
    "pairs": (TEXT.replace(PAIRS, "  table: t.csv\n"), "first,second,value", ["wages,steel,0.3", "gas,power,0.6"]),
    "square": (TEXT.replace(PAIRS, "  table: t.csv\n"), ",gas,power", ["gas,1,0.6", "power,0.6,1"]),
}


def loaded(kind: str, table: str | bytes, folder: Path) -> Study:
    (folder / "s.yaml").write_text(KINDS[kind][0], encoding="utf-8")
    (folder / "t.csv").write_bytes(table.encode() if isinstance(table, str) else table)
    return load_study(folder / "s.yaml")


def plain(kind: str) -> list[str]:
    return [KINDS[kind][1], *KINDS[kind][2]]


HARMLESS = {
    "as it is": lambda lines: "\n".join(lines),
    "byte order mark and CRLF": lambda lines: "\ufeff" + "\r\n".join(lines) + "\r\n",
    "empty columns at the end": lambda lines: "\n".join(line + ",," for line in lines),
    "empty columns at the end of the rows": lambda lines: "\n".join([lines[0], *(line + ", ," for line in lines[1:])]),
    "empty columns at the end of the header": lambda lines: "\n".join([lines[0] + ",,", *lines[1:]]),
    "blank lines and rows of commas": lambda lines: "\n".join([*lines, "", ",,,", " "]),
    "quoted cells": lambda lines: "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in lines),
}


@pytest.mark.parametrize("shape", HARMLESS)
@pytest.mark.parametrize("kind", KINDS)
def test_table__of_a_harmless_shape_is_read(kind: str, shape: str, tmp_path: Path) -> None:
    usual = loaded(kind, HARMLESS["as it is"](plain(kind)), tmp_path)
    assert loaded(kind, HARMLESS[shape](plain(kind)), tmp_path) == usual


REFUSED = {
    "separator line": (lambda lines: "\n".join(["sep=,", *lines]), "column names", "remove the line", 1),
    "separator line and semicolons": (
        lambda lines: "\n".join(["sep=;", *lines]).replace(",", ";"),
        "column names",
        "remove the line, and save the table with commas",
        1,
    ),
    "comment at the top": (lambda lines: "\n".join(["# exported", *lines]), "column names", "remove the line", 1),
    "comment with commas at the top": (
        lambda lines: "\n".join(["# by me, today, 7", *lines]),
        "column names",
        "remove the line",
        1,
    ),
    "comment mark before the names": (lambda lines: "# " + "\n".join(lines), "column names", "or its #", 1),
    "comment below": (lambda lines: "\n".join([*lines, "# end"]), "has no comments", "remove the line", 4),
    "semicolons": (lambda lines: "\n".join(lines).replace(",", ";"), "by commas, got semicolons", "with commas", 1),
    "tabs": (lambda lines: "\n".join(lines).replace(",", "\t"), "by commas, got tabs", "with commas", 1),
    "bars": (lambda lines: "\n".join(lines).replace(",", "|"), "by commas, got bars", "with commas", 1),
    "a cell too many": (lambda lines: "\n".join([*lines[:2], lines[2] + ",x"]), "must have", "name every column", 3),
    "a cell too few": (
        lambda lines: "\n".join([*lines[:2], lines[2].rpartition(",")[0]]),
        "must have",
        "commas of empty cells",
        3,
    ),
    "a workbook": (
        lambda lines: b"PK\x03\x04\x14\x00\x06\x00" + b"\xff" * 40,
        "a workbook",
        "save the table as CSV",
        1,
    ),
    "a workbook of old": (lambda lines: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel", "save the table as CSV", 1),
    "a compressed file": (lambda lines: b"\x1f\x8b\x08\x00", "a compressed file", "save the table as CSV", 1),
    "UTF-16": (lambda lines: "\n".join(lines).encode("utf-16"), "must be UTF-8", "save the file as UTF-8", 1),
}


def refusal(kind: str, table: str | bytes, folder: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        loaded(kind, table, folder)
    return caught.value.problems[0]


@pytest.mark.parametrize("shape", REFUSED)
@pytest.mark.parametrize("kind", KINDS)
def test_table__of_another_shape_is_refused_with_its_remedy(kind: str, shape: str, tmp_path: Path) -> None:
    make, rule, remedy, line = REFUSED[shape]
    problem = refusal(kind, make(plain(kind)), tmp_path)
    assert problem.place.split(":")[:2] == ["t.csv", str(line)]
    assert rule in str(problem) and remedy in problem.remedy


@pytest.mark.parametrize("text", ["007", '"007"', "7", "1e3", "2026-01-01", "true", "'007'"])
def test_table_of_projects__numbers_are_titles_where_text_belongs(text: str, tmp_path: Path) -> None:
    study = loaded("projects", f"name,title.en,sector\na,{text},{text}\n", tmp_path)
    assert study.projects["a"].title.en == study.projects["a"].sector == text.strip("\"'")


def test_table_of_projects__cells_of_other_keys_stay_numbers_and_null_takes_out(tmp_path: Path) -> None:
    study = loaded("projects", "name,budget,capacity_mw,sector\na,0400,500,null\n", tmp_path)
    project = study.projects["a"]
    assert (project.budget, project.capacity_mw, project.sector) == (400.0, 500.0, None)


def test_table_of_projects__column_without_a_name(tmp_path: Path) -> None:
    assert loaded("projects", "name,,budget\na,,400\n", tmp_path).projects["a"].budget == 400
    problem = refusal("projects", "name,,budget\na,x,400\n", tmp_path)
    assert problem.place == "t.csv:1:2" and problem.rule == "the column has no name"


def test_table_of_a_curve__column_twice(tmp_path: Path) -> None:
    assert "has the column rate twice" in str(refusal("curve", "years,rate,rate\n0,0.1,0.2\n", tmp_path))


def test_correlation__matrices_of_corrcoef_are_read(tmp_path: Path) -> None:
    """With the diagonal and the halves as NumPy rounds them, of which the mean counts."""
    names = ["wages", "steel", "gas", "power"]
    odd = 0
    for seed in range(40):
        matrix = np.corrcoef(np.random.default_rng(seed).normal(size=(4, 30)))
        odd += bool((np.diag(matrix) != 1).any())
        rows = [f"{name}," + ",".join(map(repr, row.tolist())) for name, row in zip(names, matrix, strict=True)]
        found = loaded("square", "\n".join([",".join(["x", *names]), *rows]), tmp_path).correlation.pairs
        mean = (matrix + matrix.T) / 2
        assert all(found[a][b] == mean[names.index(a), names.index(b)] for a, row in found.items() for b in row)
    assert odd > 10


@pytest.mark.parametrize("beyond", [1 + 1e-12, -1 - 1e-12])
def test_correlation__rounding_beyond_1_is_1(beyond: float, tmp_path: Path) -> None:
    for kind, table in (("square", f",gas,power\ngas,1,{beyond!r}\npower,,1\n"),
                        ("pairs", f"first,second,value\ngas,power,{beyond!r}\n")):  # fmt: skip
        assert "positive definite" in refusal(kind, table, tmp_path).rule


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        (",gas,power\ngas,0.99,0.6\npower,0.6,1\n", "diagonal must be 1"),
        (",gas,power\ngas,1.00000001,0.6\npower,0.6,1\n", "diagonal must be 1"),
        (",gas,power\ngas,1,0.6\npower,0.61,1\n", "mirror image, got 0.61 and 0.6;"),
        (",gas,power\ngas,1,0.6\npower,0.60000001,1\n", "mirror image, got 0.60000001 and 0.6;"),
        (",gas,power\ngas,1,x\npower,0.6,1\n", "must be a number"),
    ],
)
def test_correlation__more_than_rounding_is_refused(table: str, rule: str, tmp_path: Path) -> None:
    assert rule in str(refusal("square", table, tmp_path))


def test_read_table__survives_any_text() -> None:
    letters = "a1,;\t\"'#=\n sep|"
    dice = random.Random(5)
    for _ in range(3000):
        text = "".join(dice.choice(letters) for _ in range(dice.randrange(1, 25)))
        try:
            table = read_table(text, "t.csv")
        except InputError as error:
            assert all(problem.remedy for problem in error.problems)
        else:
            assert table.header and all(len(cells) == len(table.header) for _, cells in table.rows)
