"""Numbers in remedies: each is the one that was meant, or is not there."""

import re
from pathlib import Path

import pytest

from spvrisk.config import load_study
from spvrisk.config.reading.numerals import meant
from spvrisk.errors import InputError, Problem

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")
FULL_WIDTH, ARABIC = "\uff14\uff10\uff10", "\u0664\u0660\u0660"

MEANT = {
    "0,05": "0.05",
    "400,5": "400.5",
    "0,050": "0.05",
    "1234,567": "1234.567",
    ",5": "0.5",
    "-1,5": "-1.5",
    "\u22121,5": "-1.5",
    "1,5e3": "1500",
    "1.234,5": "1234.5",
    "1,234.5": "1234.5",
    "1.234,567": "1234.567",
    "1.234.567": "1234567",
    "1,234,567": "1234567",
    "1 234": "1234",
    "1 234,5": "1234.5",
    "1\u202f234,5": "1234.5",
    "1\u00a0234.5": "1234.5",
    "1'200": "1200",
    "1\u2019200,25": "1200.25",
    "1_000": "1000",
    " 400 ": "400",
    "+7": "7",
    FULL_WIDTH: "400",
    FULL_WIDTH + "\uff0c\uff15": "400.5",
    ARABIC: "400",
    "5%": "0.05",
    "0,5 %": "0.005",
    "12.345678%": "0.12345678",
    "5\uff05": "0.05",
    "1.234": "1.234",
}
NOT_CERTAIN = ["1,200", "10,000", "-1,200", "1,234e3", "1,234%"]
NO_NUMBERS = ["", " ", ".", ",", "%", "+-5", "1,2,3", "1 23", "12,34,567", "(500)", "$400", "1/2", "0x10", "5 m\u00b2"]
NO_NUMBERS += ["10\u00b2", "\u00bd", "1\u00bd", "1e99", "9" * 50, "4OO", "about 5"]


@pytest.mark.parametrize(("text", "number"), MEANT.items())
def test_meant__one_number(text: str, number: str) -> None:
    assert meant(text) == number


@pytest.mark.parametrize("text", NOT_CERTAIN + NO_NUMBERS)
def test_meant__several_or_none(text: str) -> None:
    assert meant(text) is None


def test_meant__whole_numbers_leave_fewer_readings() -> None:
    assert [meant(text, whole=True) for text in ("1,200", "10,000", "0,05", "2.5")] == ["1200", None, None, None]


def budgets(text: str, form: str, folder: Path) -> tuple[Path, list[str]]:
    """A study with a text for a budget: in the file, in a table, or in a `--set`."""
    file = folder / "s.yaml"
    quoted = f'"{text}"'
    if form == "file":
        file.write_text(TEXT.replace("budget: 400", f"budget: {quoted}"), encoding="utf-8")
        return file, []
    if form == "table":
        start = TEXT.index("  gas_plant:\n    title")
        end = TEXT.index("  port:\n", start)
        template = "".join(f"  {line}\n" for line in TEXT[start:end].splitlines()[1:])
        table = f"  table: p.csv\n  template:\n{template}"
        file.write_text(TEXT[:start] + table + TEXT[end:], encoding="utf-8")
        (folder / "p.csv").write_text(f"name,budget\na,{quoted}\n", encoding="utf-8")
        return file, []
    file.write_text(TEXT, encoding="utf-8")
    return file, [f"projects.port.budget={quoted}"]


def only_problem(file: Path, overrides: list[str]) -> Problem:
    with pytest.raises(InputError) as caught:
        load_study(file, overrides)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("form", ["file", "table", "set"])
@pytest.mark.parametrize("text", [text for text in MEANT if not MEANT[text].startswith("-") and text.strip() == text])
def test_remedy__is_the_number_that_was_meant(text: str, form: str, tmp_path: Path) -> None:
    if form == "table" and re.fullmatch("[0-9.+]+", text) and text.count(".") < 2:
        pytest.skip("a number in a table, where quotes are those of CSV")
    problem = only_problem(*budgets(text, form, tmp_path))
    assert problem.remedy == f"write {MEANT[text]}"


@pytest.mark.parametrize("form", ["file", "table", "set"])
@pytest.mark.parametrize("text", ["1,200", "4OO", "-1,5", "about 5"])
def test_remedy__names_no_number_that_is_not_certain_or_not_allowed(text: str, form: str, tmp_path: Path) -> None:
    problem = only_problem(*budgets(text, form, tmp_path))
    assert not re.search(r"write -?[0-9]", problem.remedy)


@pytest.mark.parametrize(
    ("path", "text", "remedy"),
    [
        ("projects.port.operation.availability.law", '"0,85"', "write 0.85"),
        ("projects.port.construction.overrun.lognormal.p10", '"0,95"', "write 0.95"),
        ("factors.gas.process.ou.mean", '"4,5"', "write 4.5"),
        ("factors.gas.process.ou.sigma", '"0,4"', "write 0.4"),
        ("run.paths", '"1,200"', "write 1200"),
        ("run.paths", '"5%"', "write a plain whole number"),
        ("agreement.split.spread", '"1 234,5"', "write 1234.5"),
        ("output.quantiles", '["0,05"]', 'write "0.05"'),
        ("output.quantiles", '["50"]', 'write e.g. "0.95"'),
        ("curves.usd.knots", '[[0, "0,04"]]', "write 0.04"),
        # shares between 1 and 2 are slips or multiples, yearly rates are percentages
        ("projects.port.operation.availability.law", "1.2", "write a number in [0, 1]"),
        ("projects.port.operation.availability.law", "85", "write 0.85 for 85 %"),
        ("projects.port.construction.inflation_share", "1.5", "write a number in [0, 1]"),
        ("projects.port.construction.inflation_share", "12.3456789", "write 0.123456789 for 12.3456789 %"),
        ("agreement.split.spread", "1.5", "write 0.015 for 1.5 %"),
        ("agreement.split.spread", "-3", "write -0.03 for -3 %"),
        ("projects.port.operation.degradation", "1.5", "write 0.015 for 1.5 %"),
        ("curves.usd.knots", "[[0, 3.65]]", "write 0.0365 for 3.65 %"),
        # odds, and sums to the last digit that counts
        ("regimes.trade.states.temporary.expires.outcome", "{settled: 3, high: 1}", "write a number in [0, 1]"),
        (
            "regimes.trade.states.temporary.expires.outcome",
            "{settled: 0.12345678, high: 0.11111111}",
            "change them by 0.76543211 in all",
        ),
        ("factors.gas.season", "[90, 110, 100, 101.2345678]", "divide each by 100.30864195"),
        ("factors.base_rate.season", "[0.1, 0, 0, 0.12345678]", "subtract 0.055864195 from each"),
        ("factors.wages.process.gbm.start", "123.456789", "divide the factor's start by 123.456789"),
        ("factors.steel.process.ou.start", "123.456789", "divide the factor's start and mean by 123.456789"),
        ("factors.steel.process", "{deterministic: {curve: 0}}", "let it start at 1"),
        ("regimes.trade.states.high.attributes.equipment_tariff", "25", "for 25 % write 0.25"),
        ("regimes.trade.states.high.attributes.equipment_tariff", "900", "write it as a part of 1: 0.25 for 25 %"),
    ],
)
def test_remedy__of_other_keys(path: str, text: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        load_study(STARTER, [f"{path}={text}"])
    assert remedy in [problem.remedy for problem in caught.value.problems]
