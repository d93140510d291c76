"""The calendar and business days."""

import datetime as dt
import math

import holidays
import pytest

import reference as ref


def test_calendar__month_ends_and_times():
    clock = ref.Calendar(dt.date(2026, 3, 31), 4, 8)
    assert [clock.step_start(t) for t in (0, 1, 2, 3, 4)] == [
        dt.date(2026, 3, 31),
        dt.date(2026, 6, 30),
        dt.date(2026, 9, 30),
        dt.date(2026, 12, 31),
        dt.date(2027, 3, 31),
    ]
    assert clock.time_of(dt.date(2026, 4, 23)) == pytest.approx(23 / 91 / 4, rel=1e-15)
    assert clock.time_of(dt.date(2026, 6, 29)) == pytest.approx(90 / 91 / 4, rel=1e-15)
    assert clock.time_of(dt.date(2026, 6, 30)) == 0.25
    assert clock.time_of(dt.date(2026, 2, 24)) == pytest.approx((-1 + 55 / 90) / 4)  # from 2025-12-31
    assert clock.date_of(0.25)[0] == dt.date(2026, 6, 30)
    assert clock.date_of(0.25 + 1e-9)[0] == dt.date(2026, 7, 1)
    assert ref.add_months(dt.date(2028, 1, 31), 1) == dt.date(2028, 2, 29)


@pytest.mark.parametrize("m", [1, 2, 4, 12])
@pytest.mark.parametrize("value_date", [dt.date(2026, 3, 31), dt.date(2024, 2, 29), dt.date(2026, 1, 15)])
def test_calendar__time_of_lies_in_its_step(m, value_date):
    clock = ref.Calendar(value_date, m, 5)
    for days in range(-70, 1200, 13):
        date = value_date + dt.timedelta(days=days)
        step = math.floor(clock.time_of(date) * m + 1e-9)
        assert clock.step_start(step) <= date < clock.step_start(step + 1)


def test_due_date__the_announced_projects():
    assert ref.due_date(dt.date(2026, 2, 17), 45, ["US", "JP"]) == dt.date(2026, 4, 23)
    assert ref.due_date(dt.date(2026, 3, 19), 45, ["US", "JP"]) == dt.date(2026, 5, 29)
    assert ref.due_date(dt.date(2026, 1, 2), 1, []) == dt.date(2026, 1, 5)


def test_due_date__day_by_day():
    closed = [holidays.country_holidays(country, years=range(2025, 2041)) for country in ("US", "JP")]
    for start, lag in ((dt.date(2026, 4, 28), 3), (dt.date(2027, 12, 30), 1), (dt.date(2032, 12, 20), 300)):
        date, left = start, lag
        while left:
            date += dt.timedelta(days=1)
            left -= date.weekday() < 5 and not any(date in days for days in closed)
        assert ref.due_date(start, lag, ["US", "JP"]) == date
    assert ref.due_date(dt.date(2026, 5, 2), 0, []) == dt.date(2026, 5, 2)  # a Saturday: day 0
