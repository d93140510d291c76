"""What a page says first, of a funder that raises its calls from others and counts in its own currency."""

import re

import numpy as np
import pytest

import spvrisk
from decision_runs import STACK, starter
from spvrisk.report.page.sections.minute import minute
from spvrisk.report.page.subject import Subject
from spvrisk.report.wording import worded

_PARTIES = ["npv_funder", "npv_policy_bank", "npv_banks", "insurer_net", "insurer_breach", "npv_funder_local"]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    stack = {**STACK["stack"], "insurer": {**STACK["stack"]["insurer"], "capital": 1.0}}
    changed = {"stack": stack, "projects.port.budget": 2_000, "output.paths": _PARTIES}
    path = starter(tmp_path_factory.mktemp("minute") / "s.h5", paths=1000, **changed)
    with spvrisk.open(path) as opened:
        yield opened.tables()


@pytest.fixture(scope="module")
def told(result):
    """Answers in English, with what is said besides, by question."""
    subject = Subject((result,), ())
    return {
        worded(each.question, "en"): [worded(note, "en") for note in (each.answer, *each.more)]
        for each in minute(subject)
    }


def test_bearers__say_what_rests_on_the_insurer(told, result):
    often = 100.0 * np.mean(result.series("scheme", "insurer_breach"))
    assert result.series("portfolio", "npv_banks").mean() > 0.0 > result.series("portfolio", "npv_funder").mean()
    (said,) = [text for text in told["Who bears it?"] if "pay in full" in text]
    assert f"exceeds its capital on {often:.0f} % " in said
    assert said.endswith(": the banks' gain rests on that.")


def test_average__says_who_the_funder_is(told, result):
    local = result.series("scheme", "npv_funder_local").mean()
    said = told["What is to be expected?"][-1]
    verb = "loses" if local < 0.0 else "earns"
    pattern = rf"The funder is Funder: in its own currency it {verb} ([0-9,.]+) ± .* (EUR .*) on average."
    size, unit = re.fullmatch(pattern, said).groups()
    assert unit == "EUR billion" and float(size) == pytest.approx(abs(local) / 1e3, rel=0.02)
