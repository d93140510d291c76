from datetime import date, timedelta

import numpy as np
import pytest

from spvrisk.plan.calendar import add_months, business_day_after, holidays_of, make_grid, step_ends, time_of

V = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 31), 3, date(2026, 6, 30)),
        (date(2026, 3, 31), 6, date(2026, 9, 30)),
        (date(2026, 3, 31), 9, date(2026, 12, 31)),
        (date(2026, 3, 31), 11, date(2027, 2, 28)),
        (date(2026, 3, 31), 23, date(2028, 2, 29)),
        (date(2026, 1, 30), 1, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2096, 2, 29), 48, date(2100, 2, 28)),  # 2100 is no leap year
        (date(2026, 5, 31), 0, date(2026, 5, 31)),
    ],
)
def test_add_months__month_ends_are_clamped(day, months, expected):
    assert add_months(day, months) == expected


def test_grid__clamps_from_the_value_date_itself():
    """After a short February the 31st comes back."""
    grid = make_grid(V, 14, 12)
    starts = [V + timedelta(days=int(d)) for d in grid.day]
    assert [d.day for d in starts] == [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31, 30, 31]
    assert starts[12] == date(2027, 3, 31)


@pytest.mark.parametrize("m", [1, 2, 4, 12])
def test_grid__a_year_of_steps_is_a_year_of_days(m):
    grid = make_grid(V, 3 * m, m)
    assert grid.day[0] == 0 and grid.day.size == 3 * m + 1
    assert [int(grid.day[k * m]) for k in (1, 2, 3)] == [365, 365 + 366, 365 + 366 + 365]  # 2028 is a leap year
    assert np.all(np.diff(grid.day) > 0) and grid.dt == 1 / m
    np.testing.assert_array_equal(grid.ends, np.arange(1, 3 * m + 1) / m)


def test_step_ends__last_days():
    assert step_ends(make_grid(V, 4, 4), V) == ("2026-06-29", "2026-09-29", "2026-12-30", "2027-03-30")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (V, 0.0),
        (date(2026, 6, 30), 0.25),
        (date(2026, 7, 24), 0.25 * (1 + 24 / 92)),
        (date(2026, 12, 21), 0.25 * (2 + 82 / 92)),
        (date(2027, 3, 30), 0.25 * (3 + 89 / 90)),
        (date(2027, 3, 31), 1.0),
    ],
)
def test_time_of__share_of_the_steps_days(day, expected):
    assert time_of(make_grid(V, 8, 4), V, day) == pytest.approx(expected, abs=1e-15)


def test_time_of__rises_day_by_day_and_goes_on_outside():
    grid = make_grid(V, 8, 4)
    times = [time_of(grid, V, V + timedelta(days=k)) for k in range(-40, 900)]
    assert np.all(np.diff(times) > 0.0026) and np.all(np.diff(times) < 0.0029)
    assert times[0] == pytest.approx(-40 / 365.25)


@pytest.mark.parametrize("lag", [0, 1, 5, 45, 200])
def test_business_days__as_numpy_counts_them(lag):
    closed = holidays_of(["US", "JP"], range(2026, 2029))
    for first in (date(2026, 2, 17), date(2026, 3, 19), date(2026, 12, 28), date(2026, 5, 3)):
        got = business_day_after(first, lag, closed)
        if lag == 0:
            assert got == first  # day 0 is the notice itself, open or not
            continue
        roll = np.busday_offset(first, 0, roll="backward", holidays=sorted(closed))
        assert got == np.busday_offset(roll, lag, holidays=sorted(closed)).astype(object), first


def test_business_days__of_the_announced_projects_by_hand():
    """2026-02-17 and 45 open days in both countries, counted off a calendar.

    February 18-27: 7 (no 23rd, Emperor's Birthday); March: 21 (no 20th, equinox); April: 21 (no 29th, Showa Day);
    then -4: so the 45th is in April, the 17th open day of it.
    """
    closed = holidays_of(["US", "JP"], [2026])
    assert {date(2026, 2, 23), date(2026, 3, 20), date(2026, 4, 29)} <= closed
    assert business_day_after(date(2026, 2, 17), 7, closed) == date(2026, 2, 27)
    assert business_day_after(date(2026, 2, 17), 28, closed) == date(2026, 3, 31)
    assert business_day_after(date(2026, 2, 17), 45, closed) == date(2026, 4, 23)


def test_holidays__unknown_country_is_refused():
    with pytest.raises(NotImplementedError):
        holidays_of(["XX"], [2026])
