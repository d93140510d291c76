"""Places of paths, and the problems that get them."""

from pathlib import Path

import pytest

from spvrisk.config import load
from spvrisk.errors import InputError, Problem

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
LINES = STARTER.read_text(encoding="utf-8").splitlines()


def line_of(culprit: str) -> int:
    (line,) = [i for i, text in enumerate(LINES, start=1) if culprit in text]
    return line


@pytest.mark.parametrize(
    ("path", "culprit"),
    [
        ("projects.port.construction.overrun", "overrun: {lognormal"),
        ("projects.port.construction.overrun.lognormal.p90", "p90: 1.6"),
        ("projects.port.construction.inflation_share", "sector: port"),  # left out: its block, three lines below
        ("events.election.probabilities.1.is", "{is: {same_course"),
        ("output.quantiles.2", '"0.95"], risk'),
        ("output.paths.0", "output: {"),
        ("run.memory_mib", "run: {paths"),
        ("correlation", "wages: {steel: 0.3}"),
        ("study.title.en", 'title: {en: "Starter'),
    ],
)
def test_place__is_the_line_of_the_path_or_of_what_is_above_it(path: str, culprit: str) -> None:
    name, _, line = load(STARTER).places.place_of(path).partition(":")
    assert name == "starter.yaml"
    assert 0 <= line_of(culprit) - int(line) <= 2 or 0 <= int(line) - line_of(culprit) <= 5


def test_place__of_an_override_is_its_number() -> None:
    overrides = ["run.seed=4", "agreement.funding.holidays=[US, XX]", "run.workers=null"]
    places = load(STARTER, overrides).places
    assert places.place_of("run.seed") == "--set 1"
    assert places.place_of("agreement.funding.holidays.1") == "--set 2"
    assert places.place_of("run.workers") == "--set 3"
    assert places.place_of("run.paths").startswith("starter.yaml:")


def test_problems__get_their_place_and_keep_one_that_they_have() -> None:
    places = load(STARTER).places
    found = [Problem("", "projects.port.budget", "is wrong"), Problem("--out", "", "is wrong too")]
    with pytest.raises(InputError) as caught, places.filled_in():
        raise InputError(found)
    assert [problem.place for problem in caught.value.problems] == [f"starter.yaml:{line_of('budget: 400')}", "--out"]


def test_given__is_what_was_written_and_nothing_else() -> None:
    given = load(STARTER, ["run.seed=4", "output=null"]).places.given()
    assert given["run"] == {"paths": 20000, "seed": 4}
    assert "output" not in given
    assert given["projects"]["port"]["construction"]["duration"] == {"pert": {"min": 0.9, "mode": 1.1, "max": 2}}
