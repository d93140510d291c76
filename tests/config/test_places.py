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
    ("path", "line"),
    [
        ("projects.port.construction.overrun", line_of("overrun: {lognormal")),
        ("projects.port.construction.overrun.lognormal.p90", line_of("overrun: {lognormal")),
        ("projects.port.construction.inflation_share", line_of("planned_start:") - 1),  # left out: its block
        ("events.election.probabilities.1.is", line_of("{is: {same_course")),
        ("output.quantiles.2", line_of("output: {")),
        ("output.paths.0", line_of("output: {")),
        ("run.memory_mib", line_of("run: {paths")),
        ("run.workers.7", line_of("run: {paths")),
        ("correlation", line_of("wages: {steel: 0.3}") - 2),
        ("correlation.degrees_of_freedom", line_of("wages: {steel: 0.3}") - 2),
        ("nothing.of.the.kind", LINES.index("study:") + 1),
    ],
)
def test_place__is_the_line_of_the_path_or_of_what_is_above_it(path: str, line: int) -> None:
    assert load(STARTER).places.place_of(path) == f"starter.yaml:{line}"


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
