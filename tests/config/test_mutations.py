"""A damaged study is refused with problems that help, or it is a study: a few of the campaign's mutations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mutations
from mutations import damages, placed, shared_tables, sources, verdict
from spvrisk.errors import InputError, Problem

SOURCES = sources()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with shared_tables():
        yield tmp_path_factory.mktemp("damaged")


# the same mutations every time: a failure here must come from a change
@settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_study__is_refused_in_words_or_runs(data: st.DataObject, folder: Path) -> None:
    damage = data.draw(damages(SOURCES))
    assert verdict(placed(damage, SOURCES, folder)) in ("passed", "refused"), damage.what


@pytest.mark.parametrize("study", mutations.STUDIES, ids=lambda path: path.stem)
def test_whole_study__passes(study: Path) -> None:
    assert verdict(study) == "passed"


@pytest.mark.parametrize(
    "problem",
    [
        Problem("", "a.b", "must be so", "1", "write 2"),
        Problem("s.yaml:1", "a.b", "", "1", "write 2"),
        Problem("s.yaml:1", "a.b", "must be so", "1", ""),
        Problem("s.yaml:1", "a.b", "must be so", "<function f at 0x7f>", "write 2"),
        Problem("s.yaml:1", "a.b", "'NoneType' has no attribute x", "", "write 2"),
    ],
)
def test_verdict__wants_place_rule_remedy_and_plain_words(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise InputError(problem)

    monkeypatch.setattr(mutations, "load", refuse)
    with pytest.raises(AssertionError):
        verdict(Path("s.yaml"))


def test_verdict__lets_no_other_exception_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutations, "load", lambda _: {}["projects"])
    with pytest.raises(KeyError):
        verdict(Path("s.yaml"))
