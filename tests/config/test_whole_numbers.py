"""Whole numbers mean what they say, however they are written."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from spvrisk.cli import main
from spvrisk.cli.options import Whole
from spvrisk.config import load_study
from spvrisk.config.reading.source import scalar
from spvrisk.config.schema import json_schema
from spvrisk.errors import InputError

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
LARGEST = 2**64 - 1


@pytest.mark.parametrize(
    ("path", "text", "number"),
    [
        ("run.paths", "2e4", 20_000),
        ("run.paths", "20000.0", 20_000),
        ("run.paths", "1.5e1", 15),
        ("run.seed", "1e3", 1000),
        ("run.seed", "0.0", 0),
        ("run.seed", "1e19", 10**19),
        ("run.seed", f"{LARGEST}.0", LARGEST),
        ("run.seed", "12345678901234567891.0", 12345678901234567891),
        ("run.workers", "2.0", 2),
        ("run.leaves_per_shard", "4.0", 4),
        ("run.memory_mib", "1e3", 1000),
        ("study.steps_per_year", "4.0", 4),
        ("agreement.funding.lag_business_days", "45.0", 45),
        ("regimes.trade.states.temporary.expires.after_days", "1.5e2", 150),
    ],
)
def test_whole_number__is_read_from_what_has_no_fraction(path: str, text: str, number: int) -> None:
    found: object = load_study(STARTER, [f"{path}={text}"])
    for key in path.split("."):
        found = found[key] if isinstance(found, dict) else getattr(found, key)
    assert found == number and isinstance(found, int)


@pytest.mark.parametrize("path", ["run.paths", "run.seed", "run.workers", "agreement.funding.lag_business_days"])
@pytest.mark.parametrize(
    ("text", "remedy"), [("2.5", "round it"), ("1e-3", "round it"), ("true", "whole"), (".inf", ""), ('"4"', "write 4")]
)
def test_whole_number__others_are_refused(path: str, text: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        load_study(STARTER, [f"{path}={text}"])
    (problem,) = caught.value.problems
    assert problem.path == path and problem.rule == "must be a whole number" and remedy in problem.remedy


@pytest.mark.parametrize(("number", "fits"), [(2e3, True), (45.0, True), (2.5, False), (True, False)])
def test_whole_number__json_schema_agrees(number: float, fits: bool) -> None:
    study = {"run": {"paths": number, "seed": number}, "agreement": {"funding": {"lag_business_days": number}}}
    wrong = {error.json_path for error in Draft202012Validator(json_schema()).iter_errors(study)}
    keys = {"$.run.paths", "$.run.seed", "$.agreement.funding.lag_business_days"}
    assert wrong & keys == (set() if fits else keys)


def test_scalar__large_floats_stay_floats_unless_they_are_whole_and_could_be_a_seed() -> None:
    assert scalar("1e308") == 1e308 and isinstance(scalar("1e308"), float)
    assert scalar("9007199254740993.0") == 9007199254740993
    assert scalar("9007199254740993.5") == 9007199254740993.5
    assert isinstance(scalar("1e3"), float)


@pytest.mark.parametrize(
    ("text", "number"), [("1e4", 10_000), ("45.0", 45), ("12", 12), ("1E+2", 100), (f"{LARGEST}.0", LARGEST)]
)
def test_option__whole_number(text: str, number: int) -> None:
    assert Whole(0, LARGEST).convert(text, None, None) == number


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--paths", "2.5"], "'--paths': must be a whole number, got 2.5; round it"),
        (["--paths", "1,200"], "got 1,200; write 1200"),
        (["--paths", "10,000"], "got 10,000; write its digits"),
        (["--seed", "x"], "'--seed': must be a whole number, got x"),
        (["--seed", "1e20"], "is not in the range"),
        (["--workers", "true"], "'--workers': must be a whole number, got true"),
    ],
)
def test_option__others_are_refused(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["run", str(STARTER), *arguments])
    assert result.exit_code == 2 and said in result.stderr
