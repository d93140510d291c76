"""What counts as late, and how often: a plant whose funding is put off, or talked about."""

import pytest
from paper_runs import run

from studies import BARE, changed

START = "2026-03-31"
LATE = {"after_days": 100, "moves": {"tariff": "high"}}


def world(shares, events=None, late=LATE, **decision):
    """The bare study with a decision, a tariff that only lateness moves, and a mood that only events move."""
    decision |= {"regime": "mood", "by_state": {"calm": shares, "cross": shares}, "late": late}
    regimes = {
        name: {"initial": {"state": states[0], "since": START}, "states": {state: {} for state in states}}
        for name, states in (("mood", ("calm", "cross")), ("tariff", ("low", "high")))
    }
    return changed(BARE, regimes=regimes, agreement={"funding": {"decision": decision}}, events=events or {})


@pytest.mark.parametrize(("day", "moved"), [(START, 1), ("2026-06-01", 0)])
def test_late__is_tried_once(day, moved, tmp_path):
    """The delay of the first day is late, those of days 184 and 368 are not late anew: only then is the mood asked."""
    event = {"date": day, "outcomes": {"o": {"moves": {"mood": "cross"}}}, "probabilities": {"o": 1}}
    study = world({"delay": 1}, {"e": event}, {**LATE, "while": {"mood": ["cross"]}}, delay_days=184)
    values, _ = run(study, tmp_path)
    assert (values["scheme", "final_state_tariff"] == moved).all()


def test_late__is_drawn_once(tmp_path):
    """Late from the second delay on, of seven: P(moved) is that of one draw."""
    study = world({"delay": 1}, late={**LATE, "after_days": 150, "probability": 0.3}, delay_days=100)
    values, _ = run(study, tmp_path, 4096)
    assert values["scheme", "final_state_tariff"].mean() == pytest.approx(0.3, abs=0.029)  # 4 standard errors


def test_late__talks_are_no_delay(tmp_path):
    values, _ = run(world({"decline": 1}, consult={"days": 300, "outcomes": {"fund": 1}}), tmp_path)
    assert (values["plant", "funded"] == 1).all() and (values["scheme", "final_state_tariff"] == 0).all()
