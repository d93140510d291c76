"""Files of scenarios: what they may say, what becomes of the study, and what is refused with which remedy."""

from pathlib import Path

import pytest

import spvrisk
from spvrisk.config import load
from spvrisk.config.scenarios import read_scenarios, variant
from spvrisk.errors import InputError

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def read(folder, text):
    file = folder / "what_if.yaml"
    file.write_text(text, encoding="utf-8")
    return read_scenarios(file)


def studies(folder, text):
    """Studies by name."""
    file = read(folder, text)
    base = load(file.base)
    return base.study, {s.name: variant(base, s.called, s.changes, s.overlays).study for s in file.scenarios}


def test_scenarios__values_multiples_and_sums(folder):
    base, found = studies(
        folder,
        """
base: starter.yaml
scenarios:
  same: {}
  dear: {projects.port.budget: 500}
  dearer: {projects.port.budget: {times: 1.25}}
  more: {projects.port.budget: {plus: 50}}
  all: {projects.*.budget: {times: 2}}
""",
    )
    budget = base.projects["port"].budget
    assert found["same"] == base
    assert found["dear"].projects["port"].budget == 500
    assert found["dearer"].projects["port"].budget == 1.25 * budget
    assert found["more"].projects["port"].budget == budget + 50
    assert {name: p.budget for name, p in found["all"].projects.items()} == {
        name: 2 * p.budget for name, p in base.projects.items()
    }


def test_scenarios__curves_are_multiplied_and_moved_whole(folder):
    text = """
base: starter.yaml
scenarios:
  up: {curves.usd: {plus: 0.02}, factors.base_rate.process.vasicek.mean: {plus: 0.01}}
  dear: {factors.gas.process.ou.mean: {times: 2}}
"""
    _, found = studies(folder, text)
    assert found["up"].curves["usd"].knots == ((0, 0.06), (10, 0.062), (30, 0.065))
    assert found["up"].factors["base_rate"].process.vasicek.mean.value == 0.05
    mean = found["dear"].factors["gas"].process.ou.mean
    assert (mean.value, mean.growth) == (8, 0.02)


def test_scenarios__laws_are_multiplied_whole(folder):
    text = "{base: starter.yaml, scenarios: {x: {projects.*.construction.duration: {times: 2}}}}"
    base, found = studies(folder, text)
    for name, project in base.projects.items():
        before, after = (p.construction.duration.bounds() for p in (project, found["x"].projects[name]))
        assert after == pytest.approx(tuple(2 * end for end in before))


def test_scenarios__a_wildcard_leads_only_to_what_is_there(folder):
    base, found = studies(
        folder, "{base: starter.yaml, scenarios: {x: {projects.*.operation.contract.tenor_years: 5}}}"
    )
    has = [name for name, p in base.projects.items() if p.operation.contract is not None]
    assert [found["x"].projects[name].operation.contract.tenor_years for name in has] == [5.0] * len(has)


def test_scenarios__probabilities_keep_their_proportions_under_each_condition(folder):
    event, rules = next((name, e.probabilities) for name, e in load(STARTER).study.events.items())
    first, *others = rules[0].is_
    change = f"events.{event}.probabilities: {{{first}: 0.5, rest: scale}}"
    _, found = studies(folder, f"{{base: starter.yaml, scenarios: {{x: {{{change}}}}}}}")
    changed = found["x"].events[event].probabilities
    assert [rule.when for rule in changed] == [rule.when for rule in rules]
    for before, after in zip((rule.is_ for rule in rules), (rule.is_ for rule in changed), strict=True):
        assert after[first] == 0.5 and sum(after.values()) == pytest.approx(1.0)
        for name in others:
            share = before[name] / sum(before[other] for other in others)
            assert after[name] == pytest.approx(0.5 * share)


def test_scenarios__overlays_are_merged_before_the_changes(folder):
    (folder / "over.yaml").write_text("projects: {port: {budget: 123}}\n", encoding="utf-8")
    _, found = studies(
        folder,
        """
base: starter.yaml
scenarios:
  over: {overlay: over.yaml}
  twice: {overlay: [over.yaml], projects.port.budget: {times: 2}}
""",
    )
    assert [found[name].projects["port"].budget for name in ("over", "twice")] == [123, 246]


def test_grid__every_choice_of_a_level_on_each_axis(folder):
    file = read(
        folder,
        """
base: starter.yaml
grid:
  size: {small: {projects.port.budget: 100}, large: {title: {en: Large, ja: 大}, projects.port.budget: 900}}
  projects.gas_plant.budget: [400, {times: 1.5}]
""",
    )
    assert [s.name for s in file.scenarios] == ["small/400", "small/x1.5", "large/400", "large/x1.5"]
    assert [s.title for s in file.scenarios] == [
        {},
        {},
        {"en": "Large / 400", "ja": "大 / 400"},
        {"en": "Large / x1.5", "ja": "大 / x1.5"},
    ]
    assert file.scenarios[1].axes == {"size": "small", "projects.gas_plant.budget": "x1.5"}
    _, found = studies(folder, (folder / "what_if.yaml").read_text(encoding="utf-8"))
    assert found["large/400"].projects["port"].budget == 900 and found["large/400"].projects["gas_plant"].budget == 400


def test_table__a_scenario_a_row(folder):
    (folder / "rows.csv").write_text(
        "scenario,title,projects.port.budget,projects.gas_plant.budget\ncheap,Cheap,100,\ndear,,{times: 2},900\n",
        encoding="utf-8",
    )
    base, found = studies(folder, "{base: starter.yaml, table: rows.csv}")
    assert found["cheap"].projects["port"].budget == 100
    assert found["cheap"].projects["gas_plant"] == base.projects["gas_plant"]
    assert found["dear"].projects["port"].budget == 2 * base.projects["port"].budget
    assert read(folder, "{base: starter.yaml, table: rows.csv}").scenarios[0].title == {"en": "Cheap"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1]", "must be a mapping of keys"),
        ("{scenarios: {x: {}}}", "needs a base"),
        ("{base: starter.yaml}", "has no scenarios"),
        ("{base: starter.yaml, scenario: {x: {}}}", "did you mean scenarios"),
        ("{base: starter.yaml, scenarios: [x]}", "must be a mapping"),
        ("{base: starter.yaml, scenarios: {x: 3}}", "must be a mapping"),
        ("{base: starter.yaml, paths: 0, scenarios: {x: {}}}", "whole number of at least 1"),
        ("{base: starter.yaml, measures: npv, scenarios: {x: {}}}", "must be a list of measures"),
        ("{base: starter.yaml, scenarios: {base: {}}}", "distinct names"),
        ("{base: starter.yaml, scenarios: {a/b: {}}, grid: {p: {a: {}}, q: {b: {}}}}", "distinct names"),
        ("{base: starter.yaml, design: {sobol: 4}}", "needs a method and laws"),
        ("{base: starter.yaml, design: {halton: 4, over: {x: 1}}}", "halton is not a key of a design"),
        ("{base: starter.yaml, table: nowhere.csv}", "cannot be read"),
    ],
)
def test_file__refused(folder, text, says):
    with pytest.raises(InputError) as error:
        read(folder, text)
    assert "what_if.yaml" in str(error.value) and says in str(error.value)


def test_file__a_study_in_its_place_is_told_in_one_sentence(folder):
    with pytest.raises(InputError) as error:
        read_scenarios(folder / "starter.yaml")
    assert str(error.value).startswith("starter.yaml: is a study, not a file of scenarios; name it in one, as base: ")
    assert "\n" not in str(error.value)


def test_load__a_file_of_scenarios_is_told_in_one_sentence(folder):
    file = folder / "what_if.yaml"
    file.write_text("{base: starter.yaml, scenarios: {x: {}}}", encoding="utf-8")
    with pytest.raises(InputError) as error:
        load(file)
    assert str(error.value) == (
        f"what_if.yaml: is a file of scenarios, not a study; run it with `spvrisk scenarios {file}`"
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("projects.prot.budget: 5", "did you mean port"),
        ("projects.*.budgett: 5", "did you mean budget"),
        ("nothing.*.at: 5", "leads to nothing"),
        ("projects.port.budget: -5", "projects.port.budget"),
        ("projects.port.budget: {times: x}", "times needs a number"),
        ("projects.port.budget: {times: .nan}", "times needs a number"),
        ("projects.port.title: {times: 2}", "times changes a number, a law or a curve"),
        ("projects.*.construction.overrun: {plus: 1}", "cannot be moved"),
        ("factors.gas.process.ou.mean: {plus: 1}", "a curve that grows cannot be moved, got 0.02; write the new"),
        ("projects.*.construction.duration: {times: -1}", "by numbers above 0"),
        ("projects.port.budget: {a: 0.5, rest: scale}", "needs probabilities by name"),
        ("overlay: nowhere.yaml", "nowhere.yaml: no such file; it is looked for from the study's folder, "),
        ("overlay: ../outside.yaml", "in its folder or below"),
    ],
)
def test_change__refused_with_its_place_and_the_scenarios_name(folder, change, says):
    with pytest.raises(InputError) as error:
        studies(folder, f"base: starter.yaml\nscenarios:\n  wrong:\n    {change}\n")
    assert says in str(error.value) and ("scenario wrong" in str(error.value) or "overlay" in change)
