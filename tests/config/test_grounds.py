"""What a value rests on: read beside it, kept through includes, tables and changes, and no part of the study."""

from pathlib import Path

import pytest

import spvrisk
from spvrisk.config.reading.grounds import CONFIDENCES
from spvrisk.config.register import Assumption, register
from spvrisk.errors import InputError

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")
DIGEST = spvrisk.load(STARTER).digest
FT = 'source: "FT 2026-03-19", confidence: checked'


@pytest.fixture
def write(tmp_path):
    """Write the starter study with some of its texts replaced, and other files beside it."""

    def made(*replaced: tuple[str, str], **files: str) -> Path:
        text = TEXT
        for old, new in replaced:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_text(content, encoding="utf-8")
        path = tmp_path / "study.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return made


def listed(path: Path, overrides=()) -> dict[str, Assumption]:
    return {each.path: each for each in register(spvrisk.load(path, overrides).loaded).assumptions}


def refused(path: Path, overrides=()) -> list[str]:
    with pytest.raises(InputError) as caught:
        spvrisk.load(path, overrides)
    return [str(problem) for problem in caught.value.problems]


def line_of(path: Path, culprit: str) -> str:
    (line,) = [i for i, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if culprit in text]
    return f"study.yaml:{line}"


BUDGET, PERT = "budget: 400\n", "{pert: {min: 0.9, mode: 1.1, max: 2}}"
KNOTS, CURVE = "[[0, 0.04], [10, 0.042], [30, 0.045]]", [[0, 0.04], [10, 0.042], [30, 0.045]]
OWN = "{value: 0.3, source: own, confidence: judgement}"
WITH_GROUNDS = (
    (BUDGET, f"budget: {{value: 400, {FT}}}\n"),
    (PERT, f"{{value: {PERT}, confidence: judgement}}"),
    (KNOTS, f"{{value: {KNOTS}, {FT}}}"),
    ("value_date: 2026-03-31 ", f"value_date: {{value: 2026-03-31, {FT}}} "),
    ("holidays: [US]", f"holidays: {{value: [US], {FT}}}"),
    ("    mode: periodic  ", f"    mode: {{value: periodic, {FT}}}  "),
    ("high: {settled: 0.3}", f"high: {{value: {{settled: {OWN}}}, source: press, confidence: reported}}"),
)


def test_grounds__change_nothing_of_a_study(write):
    path = write(*WITH_GROUNDS)
    study = spvrisk.load(path)
    assert study.digest == DIGEST
    assert study.config == spvrisk.load(STARTER).config
    assert study.loaded.places.given() == spvrisk.load(STARTER).loaded.places.given()


def test_register__has_place_value_unit_source_and_confidence_in_the_order_of_the_study(write):
    path = write(*WITH_GROUNDS)
    found = listed(path)
    assert [key for key in found if key not in listed(STARTER)] == [
        "study.value_date",
        "curves.usd.knots",
        "agreement.funding.holidays",
        "agreement.split.mode",
        "regimes.trade.hazards.high",
        "regimes.trade.hazards.high.settled",
        "projects.port.budget",
        "projects.port.construction.duration",
    ]
    budget = found["projects.port.budget"]
    assert budget == (
        "projects.port.budget",
        400,
        "USD million",
        "FT 2026-03-19",
        "checked",
        "",
        line_of(path, "budget: {"),
    )
    law = found["projects.port.construction.duration"]
    assert law[1:6] == ({"pert": {"min": 0.9, "mode": 1.1, "max": 2}}, "", "", "judgement", "")
    assert found["regimes.trade.hazards.high"].value == {"settled": 0.3}
    assert (found["regimes.trade.hazards.high.settled"].unit, found["regimes.trade.hazards.high"].unit) == (
        "1/year",
    ) * 2


def test_register__counts_and_names_the_numbers_without_a_source(write):
    plain, mended = (register(spvrisk.load(path).loaded) for path in (STARTER, write(*WITH_GROUNDS)))
    gone = set(plain.without_source) - set(mended.without_source)
    assert gone == {
        "projects.port.budget",
        "curves.usd.knots",
        "regimes.trade.hazards.high.settled",
        *(f"projects.port.construction.duration.pert.{key}" for key in ("min", "mode", "max")),
    }
    assert set(mended.without_source) <= set(plain.without_source)
    assert {path.split(".")[0] for path in plain.without_source}.isdisjoint({"study", "run", "output"})
    assert [mended.how_many(each) - plain.how_many(each) for each in CONFIDENCES] == [5, 1, 2]


def test_override__takes_the_place_of_a_value_and_is_told(write):
    path = write(*WITH_GROUNDS)
    assert spvrisk.load(path, {"projects.port.budget": 500}).config.projects["port"].budget == 500
    found = listed(path, ["run.seed=3", "projects.port.budget=500", "projects.gas_plant.budget=1300"])
    budget, other = found["projects.port.budget"], found["projects.gas_plant.budget"]
    assert budget[1:] == (500, "USD million", "FT 2026-03-19", "checked", "--set 2", "--set 2")
    assert other[1:] == (1300, "USD million", "", "", "--set 3", "--set 3")
    law = listed(path, ["projects.port.construction.duration.pert.max=3"])["projects.port.construction.duration"]
    assert (law.value["pert"]["max"], law.changed, law.place) == (3, "--set 1", line_of(path, "duration: {value"))


def test_override__with_grounds_of_its_own(write):
    path = write(*WITH_GROUNDS)
    own = 'projects.port.budget={value: 500, source: "a letter", confidence: reported}'
    assert spvrisk.load(path, [own]).digest == spvrisk.load(STARTER, ["projects.port.budget=500"]).digest
    assert listed(path, [own])["projects.port.budget"][1:] == (
        500,
        "USD million",
        "a letter",
        "reported",
        "",
        "--set 1",
    )


def test_include__its_values_keep_their_grounds_until_they_are_replaced(write, tmp_path):
    above = tmp_path / "above.yaml"
    above.write_text(
        "include: [study.yaml]\nprojects:\n  port:\n    budget: 410\n    construction:\n"
        "      duration:\n        pert:\n          max: 3\n"
    )
    write(*WITH_GROUNDS)
    found = listed(above)
    assert "projects.port.budget" not in found
    law = found["projects.port.construction.duration"]
    assert (law.value, law.changed) == ({"pert": {"min": 0.9, "mode": 1.1, "max": 3}}, "above.yaml:6")
    assert found["study.value_date"].place.startswith("study.yaml:")


def test_scenarios__are_those_of_the_study_without_grounds(write):
    what_if = f"""base: study.yaml
paths: 10
scenarios:
  dear: {{projects.port.budget: {{times: 1.25}}}}
  other: {{projects.port.budget: {{value: 700, {FT}}}}}
  all: {{projects.*.budget: {{times: 2}}}}
"""
    files = [write(*replaced, what_if__yaml=what_if).parent for replaced in ((), WITH_GROUNDS)]
    plain, sourced = ([v for v in spvrisk.plan_scenarios(f / "what_if.yaml").variants] for f in files)
    assert [v.job.id for v in sourced] == [v.job.id for v in plain]
    assert [v.overrides for v in sourced[1:3]] == [("projects.port.budget=500.0",), ("projects.port.budget=700",)]


def test_tables__have_grounds_by_cell_or_as_a_whole(write, tmp_path):
    begin, end = TEXT.index("  port:\n    title"), TEXT.index("\n# Stresses")
    port = TEXT[begin:end].replace(f"    {BUDGET}", "")
    template = "".join(f"  {line}\n" for line in port.splitlines()[1:])
    curve = ("{knots: " + KNOTS + "}", "{table: {value: usd.csv, source: BoE, confidence: reported}}")
    path = write(
        (TEXT[begin:end], f"  table: {{value: p.csv, {FT}}}\n  template:\n{template}"),
        curve,
        p__csv='name,budget,construction.uplift\na,400,\nb,"{value: 500, confidence: judgement}",1.2\n',
        usd__csv="years,rate\n0,0.04\n10,0.042\n30,0.045\n",
    )
    found = {key: each for key, each in listed(path).items() if key not in listed(STARTER)}
    assert [(key, each.value, each.source, each.place) for key, each in found.items()] == [
        ("curves.usd.knots", CURVE, "BoE", "usd.csv:1"),
        ("projects.a.budget", 400, "FT 2026-03-19", "p.csv:2:2"),
        ("projects.b.construction.uplift", 1.2, "FT 2026-03-19", "p.csv:3:3"),
        ("projects.b.budget", 500, "", "p.csv:3:2"),
    ]


ONE_OF = "budget.confidence: must be one of checked, reported, judgement, got"


@pytest.mark.parametrize(
    ("written", "problems"),
    [
        ("{value: 4, source: FT, confidence: sure}", [f'{ONE_OF} "sure"; take one (checked: the source itself']),
        ("{value: 4, source: FT, confidence: 0.9}", [f"{ONE_OF} 0.9; take one"]),
        ("{value: 4, source: FT}", ["budget.confidence: the key is missing; take one (checked:"]),
        ("{value: 4, confidence: reported}", ["budget.source: a value that is reported has a source; add source:"]),
        ("{value: 4, source: 2026-03-19, confidence: checked}", ["must be text, got 2026-03-19; put it in quotes"]),
        ('{value: 4, source: " ", confidence: checked}', ['budget.source: must be text, got " ";']),
        ("{valeu: 4, source: FT, confidence: checked}", ["budget: has a confidence and no value; write {value: .."]),
        (
            "{value: 4, sorce: FT, confidence: checked}",
            [
                "budget.sorce: is not a key beside a source or confidence; did you mean source?",
                "a value that is checked",
            ],
        ),
        (
            "{value: 4, growth: 0.02, confidence: judgement}",
            ["budget.growth: is not a key beside a source or confidence; put it under value, with all that"],
        ),
        ('{value: "4", confidence: judgement}', ['projects.port.budget: must be a number, got "4"; write 4']),
        ("{value: -1, confidence: judgement}", ["projects.port.budget: must lie in (0, 1e+12], got -1;"]),
        ("{value: 4, confidence: judgement, confidence: checked}", ["the key appears twice"]),
    ],
)
def test_problem__is_told_with_place_rule_value_and_remedy(written, problems, write):
    path = write((BUDGET, f"budget: {written}\n"))
    found = refused(path)
    place = line_of(path, f"budget: {written}")
    assert len(found) == len(problems)
    assert all(said.startswith(place) and part in said for said, part in zip(found, problems, strict=True)), found


def test_problem__of_an_override_and_of_a_block(write):
    path = write()
    (said,) = refused(path, ["projects.port.budget={value: 3, source: x, confidence: maybe}"])
    assert said.startswith('--set 1 confidence: must be one of checked, reported, judgement, got "maybe"')
    path = write((BUDGET, "budget:\n      value: 400\n      source: FT\n      confidence: sure\n"))
    (said,) = refused(path)
    assert said.startswith(f"{line_of(path, 'confidence: sure')} projects.port.budget.confidence: must be one")
    path = write((BUDGET, "budget:\n      source: FT\n      confidence: checked\n      value: 400\n"))
    assert listed(path)["projects.port.budget"].place == line_of(path, "      value: 400")


def test_keys__value_of_a_curve_and_names_of_a_study_are_no_grounds(write):
    """`value` is a key of curves and shifts; what a study itself names may be called source or confidence."""
    assert spvrisk.load(STARTER).config.factors["steel"].process.ou.mean.growth == 0.02
    path = write(
        ("same_course: {moves: {}}", "confidence: {moves: {}}"),
        ("new_course: {moves", "source: {moves"),
        ("is: {same_course: 0.4, new_course: 0.6}", "is: {confidence: 0.4, source: 0.6}"),
        ("is: {same_course: 0.5, new_course: 0.5}", "is: {confidence: 0.5, source: 0.5}"),
    )
    assert list(spvrisk.load(path).config.events["election"].outcomes) == ["confidence", "source"]
    assert list(listed(path)) == list(listed(STARTER))
    whole = "value: {a: 1}\nsource: FT\nconfidence: checked\n"
    path.write_text(whole)
    assert any("study.yaml:2 source: is not a key here" in said for said in refused(path))
