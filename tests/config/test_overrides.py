"""`--set`: values of Python, causes of mistakes elsewhere, and plain values in the place of blocks."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import spvrisk
from spvrisk.config import load
from spvrisk.config.reading.overrides import override_texts
from spvrisk.errors import InputError, Problem

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "engine" / "spvrisk" / "data" / "starter.yaml"


def problems(*overrides: str, file: Path = STARTER) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load(file, overrides)
    return caught.value.problems


def test_load__mapping_of_values() -> None:
    given = {
        "run.paths": 10,
        "run.seed": np.int64(7),
        "run.workers": None,
        "agreement.split.spread": np.float64(0.02),
        "agreement.split.interest_before_completion": True,
        "agreement.funding.holidays": ("US", "JP"),
        "curves.usd.knots": np.array([[0, 0.03], [10, 0.04]]),
        "projects.port.notice_date": date(2026, 5, 4),
        "projects.port.title": {"en": "Hafen: \u6e2f"},
        "projects.port.operation.availability.law": {"beta": {"mean": 0.9, "sd": 0.05}},
    }
    study = spvrisk.load(STARTER, given)
    texts = list(study.loaded.overrides)
    assert texts[:3] == ["run.paths=10", "run.seed=7", "run.workers=null"]
    assert spvrisk.load(STARTER, texts) == study
    config = study.config
    assert (config.run.paths, config.run.seed, config.run.workers) == (10, 7, None)
    assert config.agreement.funding.holidays == ("US", "JP") and config.curves["usd"].knots[1] == (10, 0.04)
    port = config.projects["port"]
    assert port.notice_date == date(2026, 5, 4) and port.title.en == "Hafen: \u6e2f"
    assert port.operation.availability.law.family == "beta"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"run.paths": 2.5}, "--set 1 run.paths: must be a whole number, got 2.5; round it"),
        ({"run.seed": 1, "run.sede": 7}, "--set 2 run.sede: is not a key of this study; did you mean seed?"),
        ({"projects.port.budget": float("inf")}, "must be a finite number, got inf"),
        ({"projects.port.budget": float("nan")}, "must be a finite number, got nan"),
        ({"projects.port.budget": "400"}, 'must be a number, got "400"; write 400'),
        ({"output.quantiles": [float("inf")]}, "--set 1 output.quantiles.0: must be a decimal number between 0 and 1"),
        ({"curves.usd.knots": [[0, float("nan")]]}, "--set 1 curves.usd.knots.0.1: must be a finite number, got nan"),
        ({"curves.usd.knots": np.array([[0, -np.inf]])}, "curves.usd.knots.0.1: must be a finite number, got -inf"),
        (
            {"projects.port.construction.overrun": {"normal": {"mean": 1, "sd": float("inf")}}},
            "at most 1e+100 in size, got inf",
        ),
        ("run.paths=10", 'overrides: must be a list of texts or a mapping, got "run.paths=10"; write'),
        (None, "overrides: must be a list of texts or a mapping, got nothing; write"),
        ([b"run.paths=10"], "overrides: must be a list of texts or a mapping, got bytes; write"),
        ({3: 4}, "overrides: its keys must be dotted paths, got 3; write"),
        ({"run.paths=3": 4}, 'overrides: its keys must be dotted paths, got "run.paths=3"; write'),
    ],
)
def test_load__mapping_with_mistakes(given: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        spvrisk.load(STARTER, given)
    assert said in str(caught.value)


def test_override_texts__kinds_of_values() -> None:
    """Each as a file would say it."""
    day = date(2026, 5, 4)
    kinds: dict[str, list[object]] = {
        "3": [3, np.int64(3), np.uint8(3), np.array(3)],
        "0.5": [0.5, np.float64(0.5), np.float32(0.5), np.float16(0.5)],
        "true": [True, np.bool_(True)],
        "null": [None],
        "[1, 2]": [[1, 2], (1, 2), np.array([1, 2]), np.array([1, 2], object)],
        "[.nan, -.inf]": [[float("nan"), float("-inf")], np.array([np.nan, -np.inf], np.float32)],
        '"2026-05-04"': [
            day, "2026-05-04", np.str_("2026-05-04"), datetime(2026, 5, 4), datetime(2026, 5, 4, tzinfo=UTC),
            *(np.datetime64(day, unit) for unit in ("D", "s", "ns")),
        ],
        '["2026-05-04"]': [[day], np.array([day], "M8[ns]"), np.array([day], object)],
        '{"a": 1}': [{"a": 1}, MappingProxyType({"a": np.int8(1)})],
        '{"2030": 1}': [{2030: 1}, {np.int64(2030): 1}],
    }  # fmt: skip
    for text, values in kinds.items():
        for value in values:
            assert override_texts({"a.b": value}) == (f"a.b={text}",), repr(value)


def test_load__mapping_with_an_infinite_end_as_a_file_may_have_it() -> None:
    law = {"normal": {"mean": 1, "sd": 0.1}, "truncate": (0.5, float("inf"))}
    overrun = (
        spvrisk.load(STARTER, {"projects.port.construction.overrun": law}).config.projects["port"].construction.overrun
    )
    assert overrun.truncate == (0.5, None)


@pytest.mark.parametrize("text", ["a\x85b", "a\ufeffb", "\U000f0000", 'a: "b" # c\\', "tab\t", "\n"])
def test_override_texts__texts_come_back(text: str) -> None:
    assert spvrisk.load(STARTER, {"study.title.en": text}).config.study.title.en == text


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (object(), "object; give numbers"),
        ({1, 2}, "set; give numbers"),
        (frozenset([1]), "frozenset; give numbers"),
        (Decimal("0.5"), "Decimal; give numbers"),
        (Fraction(1, 2), "Fraction; give numbers"),
        (PurePosixPath("a.csv"), "PurePosixPath; give numbers"),
        (b"x", "bytes; give numbers"),
        (1j, "complex; give numbers"),
        (np.complex64(1j), "complex; give numbers"),
        (np.longdouble(1), "longdouble of "),
        (np.timedelta64(1, "D"), "timedelta; give numbers"),
        (np.datetime64("NaT"), "datetime64 of datetime64 that is no time; give a date"),
        (datetime(2026, 5, 4, 12), "a datetime that begins no day; give its date"),
        (np.datetime64("2026-05-04T12", "ns"), "a datetime that begins no day; give its date"),
        (10**5000, "a whole number of more than 300 digits; write a smaller one"),
        ({None: 1}, "a key of type NoneType; give keys that are texts"),
        ({(1, 2): 1}, "a key of type tuple; give keys that are texts"),
        (iter([1]), "list_iterator; give numbers"),
        (CIRCLE, "one that nests too deep; check whether it holds itself"),
    ],
    ids=lambda item: type(item).__name__ if not isinstance(item, str) else "",
)
def test_override_texts__what_is_no_value_is_named_by_its_key_and_type(value: object, got: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"overrides a.b: must be a value of a study, got {got}")):
        override_texts({"a.b": value})
    with pytest.raises(InputError, match=re.escape("overrides a.b")):
        override_texts({"a.b": {"c": [value]}})


CAUSES = {
    "a share above another": (
        "agreement.split.first_share=0.05", "agreement.split.second_share", "at most first_share"),
    "a factor that is no index any more": (
        "factors.wages.process.gbm.start=2", "projects.gas_plant.construction.indices.wages", "must start at 1"),
    "a process without innovations": (
        "factors.power.process={deterministic: {curve: 55}}", "correlation.pairs.gas.power", "no innovations"),
    "a rate that is none": (
        "factors.base_rate.process={gbm: {start: 1, drift: 0, sigma: 0.1}}", "agreement.split.reference_rate", "rate"),
    "names that are gone": ("regimes.trade.states={settled: {}}", "regimes.trade.initial.state", "must name"),
    "a season of another length": ("study.steps_per_year=12", "factors.gas.season", "12 steps"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CAUSES)
def test_problem__in_a_line_of_the_file_names_the_override_that_brings_it(kind: str, tmp_path: Path) -> None:
    override, path, rule = CAUSES[kind]
    file = tmp_path / "s.yaml"
    text = STARTER.read_text(encoding="utf-8").replace("floor: 0.5}", "season: [1, 1, 1, 1]}")
    file.write_text(text, encoding="utf-8")
    found = [problem for problem in problems("run.seed=3", override, "run.paths=9", file=file) if problem.path == path]
    assert found and all(rule in str(problem) for problem in found)
    assert {problem.place for problem in found} == {f"--set 2 ({override})"}


def test_problem__that_the_file_has_without_overrides_keeps_its_line(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    text = STARTER.read_text(encoding="utf-8").replace("budget: 400", "budget: -1")
    file.write_text(text, encoding="utf-8")
    first, second = problems("run.seed=3", "agreement.split.first_share=0.05", file=file)
    assert first.place.startswith("s.yaml:") and first.path == "projects.port.budget"
    assert second.place == "--set 2 (agreement.split.first_share=0.05)"


def test_problem__long_overrides_are_cut() -> None:
    indices = ", ".join(f"f{i}: 0.01" for i in range(30))
    (problem,) = problems(f"agreement.split.first_share=0.05 # {indices}")
    assert problem.path == "agreement.split.second_share" and len(problem.place) < 100


FITTING = {
    "factors.gas=6": "factors.gas.process.ou.mean.value",
    "factors.gas=1": "factors.gas.process.ou.kappa",
    "factors.gas.process=6": "factors.gas.process.ou.mean.value",
    "factors.wages=0.03": "factors.wages.process.gbm.drift",
    "factors.eur_per_usd=1": "factors.eur_per_usd.process.gbm.start",
    "parties.funder=JPY": "parties.funder.currency",
    "study.title=Hello": "study.title.en",
    "projects.port=500": "projects.port.budget",
    "projects.port.operation.availability=0.85": "projects.port.operation.availability.law.beta.mean",
    "projects.port.operation.contract=7": "projects.port.operation.contract.price",
    "projects.gas_plant.operation.fuel=power": "projects.gas_plant.operation.fuel.factor",
    "agreement.split=25": "agreement.split.deemed_life_years",
    "agreement.funding=60": "agreement.funding.lag_business_days",
    "regimes.trade.states.settled.attributes=0.1": "regimes.trade.states.settled.attributes.equipment_tariff",
    "run=2000": "run.paths",
}


@pytest.mark.parametrize(("override", "path"), FITTING.items())
def test_plain_value__for_a_block_names_the_key_that_fits(override: str, path: str) -> None:
    found = problems("study.horizon_years=40", override)[0]
    remedy = f"name the key in it that is meant: {path}"
    assert found.place == "--set 2" and (found.remedy == remedy or found.remedy.startswith(remedy + ", or "))
    value = override.partition("=")[2]
    load(STARTER, [f"{path}={value}"])


def test_plain_value__for_a_block_of_the_main_study() -> None:
    (found,) = problems("factors.henry_hub=6", file=ROOT / "configs" / "japan_us_2026.yaml")
    assert "factors.henry_hub.process.ou.mean.value" in found.remedy


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("availability: {law: {beta: {mean: 0.8, sd: 0.08}}", "availability: 0.8 #", "port.operation.availability.law"),
        ('title: {en: "Starter study: a gas plant and a port"}', "title: Starter", "study.title.en"),
    ],
)
def test_plain_value__in_a_file_names_a_key_that_the_block_must_have(
    old: str, new: str, path: str, tmp_path: Path
) -> None:
    text = STARTER.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "s.yaml").write_text(text.replace(old, new), encoding="utf-8")
    remedies = [problem.remedy for problem in problems(file=tmp_path / "s.yaml")]
    assert any(remedy.startswith("name the key") and path in remedy for remedy in remedies)


@pytest.mark.parametrize("override", ["projects=5", "factors=6", "run.paths.x=5", "parties=JPY"])
def test_plain_value__for_a_whole_section_gets_no_guess(override: str) -> None:
    assert not any("name the key" in problem.remedy for problem in problems(override))


@pytest.mark.parametrize("text", ["run.seed=", "run.seed= "])
def test_override__without_a_value_is_refused(text: str) -> None:
    """A variable of the shell that is not set would else give the default seed, without a word."""
    with pytest.raises(InputError) as caught:
        load(STARTER, [text])
    assert str(caught.value) == "--set 1 run.seed: must have a value; write null if the key is to be removed"
