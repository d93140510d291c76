"""What a report needs to find out, it finds out once."""

import pytest

import spvrisk
from decision_runs import starter
from spvrisk.experiments import assumptions as module
from spvrisk.report.page.sections import tails
from spvrisk.report.page.subject import Subject
from spvrisk.report.words import english


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return starter(tmp_path_factory.mktemp("subject") / "r.h5", paths=400, **{"output.paths": ["portfolio.cost"]})


def counted(monkeypatch, place, name):
    """Calls of a function, which are let through."""
    calls, real = [], getattr(place, name)
    monkeypatch.setattr(place, name, lambda *given: calls.append(given) or real(*given))
    return calls


@pytest.mark.parametrize("suffix", [".html", ".xlsx"])
def test_report__reads_the_assumptions_once(file, suffix, tmp_path, monkeypatch):
    calls = counted(monkeypatch, module, "register")
    spvrisk.save_report(file, out=tmp_path / f"report{suffix}")
    assert len(calls) == 1


def test_tails__finds_the_worst_paths_once_and_tells_of_their_replay(file, monkeypatch):
    calls, told = counted(monkeypatch, tails, "worst_paths"), []
    with spvrisk.open(file) as results:
        blocks = list(tails.tails(Subject([results.tables()], [], told.append)))
    assert len(calls) == 1 and told[0] == "replaying"
    assert [type(block).__name__ for block in blocks] == ["Figures", "Figures", "Figures", "Choice"]


def test_tails__says_why_worst_paths_cannot_be_told(tmp_path):
    few = starter(tmp_path / "few.h5", paths=30)
    with spvrisk.open(few) as results:
        first, *_ = tails.tails(Subject([results.tables()], []))
    assert english(first) == "Left out: must be at least 20 of the 30 paths, got 2 paths."
