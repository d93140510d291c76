"""Dated events (section 4): their rules, their days, and what a study may not say of them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from reference.basics import Array, LawValue, given
from reference.dates import Calendar, as_date, due_date
from reference.draws import Draws
from reference.laws import lower_end, make_law


def event_probabilities(event: Mapping, states: Mapping[str, str], outcomes: Mapping[str, str]) -> Mapping[str, float]:
    """Return the outcome probabilities that hold now: one map, or the first rule that holds."""
    rules = event["probabilities"]
    if isinstance(rules, Mapping):
        return rules
    for rule in rules:
        when = given(rule, "when", {})
        regimes_hold = all(states[regime] == state for regime, state in given(when, "regimes", {}).items())
        if regimes_hold and all(outcomes.get(e) == o for e, o in given(when, "outcomes", {}).items()):
            return rule["is"]
    raise ValueError("no rule holds")


def is_past(event: Mapping, clock: Calendar) -> bool:
    """Return whether an event took place before the value date; only a fixed date may."""
    return not isinstance(event["date"], Mapping) and as_date(event["date"]) < clock.value_date


def event_before(date: Any) -> str | None:
    """Return the event after which another takes place."""
    after = given(date, "after") if isinstance(date, Mapping) else None
    return after if isinstance(after, str) else None


def entry_before(date: Any) -> tuple[str, str] | None:
    """Return the regime and the state after whose first entry an event takes place."""
    after = given(date, "after") if isinstance(date, Mapping) else None
    return next(iter(after["enters"].items())) if isinstance(after, Mapping) else None


def check_dates(events: Mapping, clock: Calendar) -> None:
    """Refuse past events without an outcome, dates that may lie in the past, negative delays and cycles."""
    for name, event in events.items():
        date = event["date"]
        if not isinstance(date, Mapping):
            if is_past(event, clock) and given(event, "outcome") is None:
                raise ValueError(f"event {name} lies before the value date: give its outcome")
            continue
        least, base = lower_end(make_law(date["days"])), event_before(date)
        if given(date, "after") is None:
            first = as_date(date["from"])
        elif least < 0:
            raise ValueError(f"event {name}: its delay may be negative")
        elif base is None:
            continue
        else:
            first = as_date(events[base]["date"]) if is_past(events[base], clock) else clock.value_date
        if least < (clock.value_date - first).days:
            raise ValueError(f"event {name} may lie before the value date")
        chain = [name]
        while base is not None:
            if base in chain:
                raise ValueError(f"events {chain} wait for each other")
            chain.append(base)
            base = event_before(events[base]["date"])


def check_notices(study: Mapping, clock: Calendar) -> None:
    """Refuse announced projects whose funding was due before the value date, and pipelines without a deadline."""
    funding = given(given(study, "agreement", {}), "funding", {})
    for name, project in given(study, "projects", {}).items():
        due = due_date(as_date(project["notice_date"]), funding["lag_business_days"], given(funding, "holidays", []))
        if due < clock.value_date:
            raise ValueError(f"project {name}: funding was due on {due}, before the value date")
    if given(study, "pipelines") and given(funding, "deadline") is None:
        raise ValueError("pipelines need a deadline")


def check_scales(events: Mapping, regimes: Mapping) -> None:
    """Refuse negative scales, and scales of passages without a hazard."""
    for name, event in events.items():
        for outcome in event["outcomes"].values():
            for regime, passages in given(outcome, "scale_hazards", {}).items():
                for start, factors in passages.items():
                    for end, factor in factors.items():
                        if given(given(given(regimes[regime], "hazards", {}), start, {}), end) is None:
                            raise ValueError(f"event {name}: {regime} has no hazard from {start} to {end}")
                        if factor < 0:
                            raise ValueError(f"event {name}: a hazard's factor is negative")


def event_days(events: Mapping, paths: Array, draws: Draws, law_value: LawValue) -> dict[str, tuple[Array, Array]]:
    """Return the days of each event whose date is a law, not yet rounded up, and their distance to whole days.

    A whole number that the law takes with positive probability (a fixed one, say) is exact: its distance is infinite.
    """
    found = {}
    for name, event in events.items():
        date = event["date"]
        if isinstance(date, Mapping):
            what = "date" if given(date, "after") is None else "delay"
            score = draws.scores(f"event/{name}/{what}", 0, paths)
            days = np.asarray(law_value(f"events.{name}.date", date["days"], score), dtype=float)
            found[name] = days, whole_day_margin(date["days"], days)
    return found


def whole_day_margin(law: Any, days: Array) -> Array:
    """Return the distance to whole days; a whole number that the law takes with positive probability is exact."""
    exact = np.isin(days, [value for value, p in make_law(law).atoms() if p > 0 and value % 1 == 0])
    return np.where(exact, math.inf, np.abs(days - np.round(days)))
