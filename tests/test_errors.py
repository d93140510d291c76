"""Remedies for names that are not known; mistakes in other languages than English."""

import pickle
import re

import pytest

import spvrisk
from make_results import STARTER
from masked import Masked, words_of
from spvrisk.catalogue import Chosen, phrase
from spvrisk.errors import InputError, Problem, RunError, suggestion

KNOWN = ("smr.moic_funder", "moic_funder", "net_commitments", "overrun_sampled", "regimes")
REMEDIES = {
    "layers": "it is called regimes now",
    "committed": "it is called net_commitments now",
    "smr.multiple_funder": "it is called smr.moic_funder now",
    "mine.multiple_funder": "it is called moic_funder now",
    "portfolio.committed": "it is called net_commitments now",
    "scheme.committed": "it is called net_commitments now",
    "mine.committed": "it is called net_commitments now",
    "whole_years": "allowed: " + ", ".join(KNOWN),  # its new name would not do here
    "regime": "did you mean regimes? allowed: " + ", ".join(KNOWN),
}


@pytest.mark.parametrize("wrong", REMEDIES)
def test_suggestion__new_name_or_nearest(wrong: str) -> None:
    assert suggestion(wrong, KNOWN) == REMEDIES[wrong]


@pytest.mark.parametrize("wrong", ["paths", "unit.paths"])
def test_suggestion__a_name_that_was_never_renamed_has_no_new_one(wrong: str) -> None:
    assert "is called" not in suggestion(wrong, ["None", "unit.None"])


def test_suggestion__a_key_of_one_regime_too() -> None:
    assert suggestion("layer", ["regime", "attribute"]) == "it is called regime now"


CHANGES = (
    "run.paths=0",
    "run.paths=x",
    "run.seeds=1",
    "run.lanes=64",
    "nonsense",
    "study.value_date=2026-13-01",
    "study.horizon_years=null",
    "projects.port.budget=-1",
    "projects.port.notice_date=2020-01-01",
    "projects.port.operation.life_years={normal: {mean: 1}}",
    "projects.port.construction.overrun={normal: {mean: 1, sd: 1}}",
    "projects.port.construction.overrun={uniform: {min: 2, max: 1}}",
    "factors.wages.process={ou: {start: 1}}",
    "events.election.outcomes=[1, 2]",
    "agreement.split.first_share=55",
    "agreement.funding.holidays=[QQ]",
    "output.quantiles=[1, 1]",
)


def mistake(change):
    with pytest.raises(InputError) as raised:
        spvrisk.overview(spvrisk.load(STARTER, [change]))
    return raised.value


@pytest.mark.parametrize("change", CHANGES)
def test_mistake__is_told_in_texts_of_the_catalogue_and_stays_english_to_programs(change, monkeypatch):
    error = mistake(change)
    told = error.told()
    assert told == str(error) == "\n".join(map(str, error.problems))
    with Chosen("ja"):
        japanese = error.told()
        assert re.search("[ぁ-ん]", japanese) and str(mistake(change)) == told
        assert pickle.loads(pickle.dumps(error.problems)) == error.problems
        assert [each.told() for each in pickle.loads(pickle.dumps(error.problems))] == japanese.splitlines()
    monkeypatch.setattr("spvrisk.catalogue._catalogue", lambda language: Masked())
    with Chosen("ja"):
        hidden = "\n".join(problem._replace(place="", path="").told() for problem in error.problems)
    # what is left are names, keys and values of the study, and meanings of keys, which are in the JSON Schema
    kept = set(re.findall(r"\w+", re.sub(r".*(?:allowed: |one of |add \w+: |write )", "", told)))
    assert words_of(hidden) <= kept | set(re.findall(r"\w+", change)) | {"true", "false", "date", "set"}, hidden


def test_mistake__whose_text_is_long_is_shortened_in_its_language():
    problem = Problem("", "x", phrase("must be one of {}", "a" * 1000), "b" * 1000, "take one of them")
    with Chosen("ja"):
        told = problem.told()
        assert told.startswith("x：次のいずれかでなければなりません：aaa") and told.count("字）") == 2
        assert problem.shortened().rule.endswith("... (1015 characters)")


def test_failure__is_told_in_its_language():
    plain, error = RunError("run more paths"), RunError(phrase("{} needs the package {}", ".xlsx", "XlsxWriter"))
    with Chosen("ja"):
        assert plain.told() == "パス数を増やしてください"
        assert error.told() == ".xlsxにはパッケージXlsxWriterが必要です"
        assert str(error) == ".xlsx needs the package XlsxWriter"
    assert plain.told() == "run more paths" and error.told() == str(error)
