from datetime import date, timedelta

import numpy as np
import pytest

from spvrisk.config.calendars import ClosedDays
from spvrisk.plan.calendar import (
    UnknownDaysError,
    add_months,
    business_day_after,
    holidays_of,
    make_grid,
    step_ends,
    time_of,
)

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


def test_step_ends__are_where_the_next_begin():
    assert step_ends(make_grid(V, 4, 4), V) == ("2026-06-30", "2026-09-30", "2026-12-31", "2027-03-31")


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


# `country_holidays` of the package takes every one of its names: these make it crash, or give no holiday at all
NO_CALENDARS = [
    "XX", "", "us", "MAR", "JAN", "MON", "SUN", "WEEKEND", "utils", "registry", "version", "country_holidays",
    "HolidayBase", "HolidaySum", "HolidayDict", "list_supported_countries", "__name__", "__version__", "date", "Japan",
    "japan", "constants", "JP ", "JP,US",
]  # fmt: skip


@pytest.mark.parametrize("code", NO_CALENDARS)
def test_holidays__what_is_no_calendar_is_refused(code):
    for calendar in (code, ClosedDays(country=code, category="bank")):
        with pytest.raises(UnknownDaysError, match="a calendar is not known") as caught:
            holidays_of(["US", calendar], [2026])
        assert caught.value.value == f'"{code}"' and "ISO country codes" in caught.value.remedy


@pytest.mark.parametrize(
    ("code", "near"), [("MAR", "MA"), ("us", "US"), ("JAP", "JP"), ("Japan", "JPN"), ("NYS", "NYSE")]
)
def test_holidays__near_codes_are_named(code, near):
    with pytest.raises(UnknownDaysError) as caught:
        holidays_of([code], [2026])
    guess, _, _ = caught.value.remedy.partition("?")
    assert near in guess.removeprefix("did you mean ").split(" or ")


def test_holidays__unknown_category_is_refused():
    with pytest.raises(UnknownDaysError, match="JP has no such category") as caught:
        holidays_of([ClosedDays(country="JP", category="banks")], [2026])
    assert caught.value.remedy == "did you mean bank? allowed: bank, public"


@pytest.mark.parametrize("code", ["US", "USA", "JP", "JPN", "MA", "GB", "XNYS", "NYSE", "ECB", "XJPX"])
def test_holidays__codes_of_countries_and_markets_are_known(code):
    assert len(holidays_of([code], [2026, 2027])) >= 8


BANKS = ClosedDays(country="JP", category="bank")


def test_holidays__of_a_category_count_beside_the_public_ones():
    public, all_days = (holidays_of([calendar], [2028, 2029]) for calendar in ("JP", BANKS))
    ends = [(2028, 1, 2), (2028, 1, 3), (2028, 12, 31), (2029, 1, 2), (2029, 1, 3), (2029, 12, 31)]
    assert all_days - public == {date(*day) for day in ends} and public < all_days


@pytest.mark.parametrize(
    ("notice", "public", "banks"),
    [  # QuantLib's calendar of Japan has the right-hand dates
        ((2028, 12, 1), (2029, 2, 8), (2029, 2, 13)),
        ((2026, 11, 4), (2027, 1, 14), (2027, 1, 15)),
        ((2026, 12, 1), (2027, 2, 8), (2027, 2, 9)),
        ((2027, 11, 1), (2028, 1, 12), (2028, 1, 13)),
    ],
)
def test_business_days__with_the_days_on_which_japanese_banks_are_closed(notice, public, banks):
    years = range(notice[0], notice[0] + 2)
    ends = ClosedDays(dates=[date(y, *day) for y in years for day in ((1, 2), (1, 3), (12, 31))])
    for calendars, due in ((["US", "JP"], public), (["US", BANKS], banks), (["US", "JP", ends], banks)):
        assert business_day_after(date(*notice), 45, holidays_of(calendars, years)) == date(*due), calendars


def test_holidays__listed_days_count_in_any_year():
    assert holidays_of([ClosedDays(dates=[date(2040, 5, 7)])], [2026]) == {date(2040, 5, 7)}
