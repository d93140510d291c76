"""Scenarios and goals as plain JSON values."""

from collections.abc import Sequence
from typing import Any

from spvrisk.experiments.goal import Goal
from spvrisk.experiments.scenarios import Outcome, Scenarios
from spvrisk.measures.compare import Difference
from spvrisk.report.json.values import ends_json, finite
from spvrisk.report.words import english
from spvrisk.views.tails import thin
from spvrisk.views.words import money_name

SCENARIOS_SCHEMA = "spvrisk.scenarios/1"
GOAL_SCHEMA = "spvrisk.goal/1"
"""Formats; a number rises when a reader of the former would misread it."""


def goals_json(found: Sequence[tuple[str, Goal]]) -> dict[str, Any]:
    """Give what was found: ``schema``, then ``goals``, one for each value of another input.

    Each has ``against, find, measure, target, between, found, x, se, slope, paths, seed, warnings`` and ``tried``:
    ``x, value, se``.

    Parameters
    ----------
    found
        Changes that the other input's values make, and what was found with each.
    """
    return {"schema": GOAL_SCHEMA, "goals": [_goal_json(against, goal) for against, goal in found]}


def _goal_json(against: str, goal: Goal) -> dict[str, Any]:
    wanted = goal.wanted
    return {
        "against": against or None,
        "find": wanted.find,
        "measure": wanted.measure.text,
        "target": wanted.target,
        "between": [wanted.low, wanted.high],
        "found": goal.found,
        "x": finite(goal.x),
        "se": finite(goal.error),
        "slope": finite(goal.slope),
        "paths": goal.paths,
        "seed": goal.seed,
        "warnings": [english(note) for note in thin(goal.tails)],
        "tried": [{"x": t.x, "value": finite(t.value), "se": finite(t.error)} for t in goal.tried],
    }


def scenarios_json(found: Scenarios) -> dict[str, Any]:
    """Give scenarios.

    Keys are ``schema, study, money, paths, seed, warnings``, then ``scenarios``, the base first: ``name, title, axes,
    overrides, job_id, failed`` (null, or why there are no figures) and by measure ``value, se`` and, but for the base,
    ``change, change_se, change_low, change_high`` (a 95 % interval); of a tornado ``swings``: by input and measure
    ``swing, swing_se, swing_low, swing_high``, the high end less the low.
    """
    return {
        "schema": SCENARIOS_SCHEMA,
        "study": found.labels.title["en"],
        "money": money_name(found.labels),
        "paths": found.paths,
        "seed": found.seed,
        "warnings": [english(note) for note in thin(found.tails)],
        "scenarios": [_outcome_json(outcome, found) for outcome in found.outcomes],
        "swings": {name: _swing_json(swing, found) for name, swing in found.swings.items()},
    }


def _swing_json(swing: Sequence[Difference], found: Scenarios) -> dict[str, Any]:
    return {
        measure.text: {
            "swing": finite(each.value),
            "swing_se": finite(each.error),
            **ends_json(each.interval, "swing_"),
        }
        for measure, each in zip(found.measures, swing, strict=True)
    }


def _outcome_json(outcome: Outcome, found: Scenarios) -> dict[str, Any]:
    measures: dict[str, dict[str, float | None]] = {}
    for i, measure in enumerate(found.measures):
        measures[measure.text] = {"value": finite(outcome.values[i]), "se": finite(outcome.errors[i])}
        if outcome.changes is not None:
            change = outcome.changes[i]
            ends = ends_json(change.interval, "change_")
            measures[measure.text] |= {"change": finite(change.value), "change_se": finite(change.error), **ends}
    return {
        "name": outcome.scenario.name,
        "title": dict(outcome.scenario.title),
        "axes": dict(outcome.scenario.axes),
        "overrides": list(outcome.overrides),
        "job_id": outcome.job_id,
        "failed": outcome.failed or None,
        "measures": measures,
    }
