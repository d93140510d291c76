"""Dates and times: the step grid, business days."""

import math
from collections.abc import Iterable
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from spvrisk.catalogue import joined, phrase
from spvrisk.config.calendars import Calendar, ClosedDays
from spvrisk.errors import Problem
from spvrisk.files import cached_text
from spvrisk.plan.arrays import Floats, Ints

_DAYS_A_YEAR = 365.25
_LONGEST_MONTH = 31
_ROUNDING_DAYS = 1e-6
_PUBLIC = "public"


class Grid(NamedTuple):
    """The time grid."""

    steps: int
    steps_per_year: int
    day: Ints
    """``(T + 1)``: first day of each step, days from the value date; the last entry is the day after the horizon."""

    @property
    def dt(self) -> float:
        """Step length, years."""
        return 1.0 / self.steps_per_year

    @property
    def ends(self) -> Floats:
        """Times of the steps' ends, ``(step,)`` float64, in years from the value date."""
        return np.arange(1, self.steps + 1) / self.steps_per_year


def add_months(day: date, months: int) -> date:
    """The same day of the month some months later, clamped to the month's end.

    Parameters
    ----------
    day
        Any day.
    months
        Of either sign.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(min(day.day, _LONGEST_MONTH), 0, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def make_grid(value_date: date, steps: int, steps_per_year: int) -> Grid:
    """Lay out the steps: step t begins 12 t / m months after the value date.

    Parameters
    ----------
    value_date
        Start of step 0.
    steps
        How many.
    steps_per_year
        m, a divisor of 12.
    """
    starts = [add_months(value_date, 12 // steps_per_year * t) for t in range(steps + 1)]
    days = np.array([(start - value_date).days for start in starts], dtype=np.int64)
    return Grid(steps, steps_per_year, days)


def step_ends(grid: Grid, value_date: date) -> tuple[str, ...]:
    """ISO date of each step's end, the day on which the next one begins.

    Parameters
    ----------
    grid
        As from `make_grid`.
    value_date
        Start of step 0.
    """
    return tuple((value_date + timedelta(days=int(day))).isoformat() for day in grid.day[1:])


def time_of(grid: Grid, value_date: date, day: date) -> float:
    """Years from the value date to the start of a day: whole steps, and the share of the step's days.

    Days outside the grid count as 1/365.25 of a year.

    Parameters
    ----------
    grid
        As from `make_grid`.
    value_date
        Start of step 0.
    day
        Before or after the grid, too.
    """
    number = (day - value_date).days
    if number < 0:
        return number / _DAYS_A_YEAR
    t = int(np.searchsorted(grid.day, number, side="right")) - 1
    if t >= grid.steps:
        return grid.steps * grid.dt + float(number - grid.day[-1]) / _DAYS_A_YEAR
    # divided, as the steps' bounds are: a day that begins a step has that bound's time to the bit
    return float((t + (number - grid.day[t]) / (grid.day[t + 1] - grid.day[t])) / grid.steps_per_year)


def date_of(grid: Grid, value_date: date, time: float) -> date:
    """Day of a time in years, rounded up: what `time_of` gives for a day leads back to it.

    Parameters
    ----------
    grid
        As from `make_grid`.
    value_date
        Start of step 0.
    time
        Years from the value date, at least 0.
    """
    t = min(int(time * grid.steps_per_year), grid.steps)
    if t == grid.steps:
        days = (time - grid.steps * grid.dt) * _DAYS_A_YEAR
    else:
        days = (time * grid.steps_per_year - t) * float(grid.day[t + 1] - grid.day[t])
    return value_date + timedelta(days=int(grid.day[t]) + math.ceil(days - _ROUNDING_DAYS))


def business_day_after(day: date, lag: int, holidays: Iterable[date]) -> date:
    """The `lag`-th business day after a day.

    Parameters
    ----------
    day
        Day 0, of whatever kind.
    lag
        Business days.
    holidays
        Days that do not count, besides Saturdays and Sundays.
    """
    closed = frozenset(holidays)
    while lag > 0:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in closed:
            lag -= 1
    return day


class UnknownDaysError(ValueError):
    """A calendar or a category of holidays that is not known; the caller knows its place in the config.

    Parameters
    ----------
    rule, value, remedy
        As in `spvrisk.errors.Problem`.
    """

    def __init__(self, rule: str, value: str, remedy: str) -> None:
        self.rule, self.value, self.remedy = rule, value, remedy
        super().__init__(str(Problem("", "", rule, value, remedy)))


def holidays_of(calendars: Iterable[Calendar], years: Iterable[int]) -> set[date]:
    """Days on which calendars are closed: holidays of some years, observed days included, and listed days of any year.

    Holidays are kept in the user's cache folder: loading the `holidays` package takes a fifth of a second.

    Parameters
    ----------
    calendars
        As the study names them.
    years
        Of the holidays.

    Raises
    ------
    UnknownDaysError
        The `holidays` package does not know a calendar or a category.
    """
    found, span = list(calendars), list(years)
    listed = {day for item in found if isinstance(item, ClosedDays) for day in item.dates or ()}
    named = [item for item in map(_named, found) if item is not None]
    if not named:
        return listed
    return listed | _holidays_between(tuple(named), tuple(span))


@cache
def _holidays_between(named: tuple[tuple[str, str], ...], years: tuple[int, ...]) -> frozenset[date]:
    """Holidays as they are kept: each project asks for them, and most for those of the same years."""
    key = f"{version('holidays')} {list(named)} {list(years)}"
    days = cached_text("holidays", key, lambda: _holidays(named, years))
    return frozenset(date.fromisoformat(day) for day in days.split())


def _named(calendar: Calendar) -> tuple[str, str] | None:
    """Code of a calendar and the category that counts beside its public holidays; None for listed days."""
    if isinstance(calendar, str):
        return calendar, _PUBLIC
    return None if calendar.country is None else (calendar.country, calendar.category or _PUBLIC)


def _holidays(named: Iterable[tuple[str, str]], years: Iterable[int]) -> str:
    days = {day for code, category in named for day in _holidays_of_one(code, category, years)}
    return " ".join(day.isoformat() for day in sorted(days))


def _holidays_of_one(code: str, category: str, years: Iterable[int]) -> Iterable[date]:
    import holidays  # not needed where the days are kept

    # the package itself looks codes up among all its names, MAR (March) and WEEKEND too
    countries, markets = holidays.list_supported_countries(), holidays.list_supported_financial()
    if code not in countries and code not in markets:
        remedy = phrase(
            "{}use ISO country codes, e.g. [US, JP], or codes of markets (XNYS)", _near(code, [*countries, *markets])
        )
        raise UnknownDaysError("a calendar is not known", f'"{code}"', remedy)
    make = holidays.country_holidays if code in countries else holidays.financial_holidays
    known = make(code).supported_categories
    if category not in known:
        rule = phrase("the calendar {} has no such category of holidays", code)
        raise UnknownDaysError(
            rule, f'"{category}"', phrase("{}allowed: {}", _near(category, known), ", ".join(sorted(known)))
        )
    days: Iterable[date] = make(code, years=years, categories=tuple({_PUBLIC, category}))
    return days


def _near(wrong: str, codes: Iterable[str]) -> str:
    """Beginning of a remedy: known codes that look like a wrong one."""
    known = {code.upper(): code for code in codes}
    near = get_close_matches(wrong.upper(), known, n=3)
    near.sort(key=lambda code: not code.startswith(wrong.upper()[:2]))
    return phrase("did you mean {}? ", joined((known[code] for code in near), "{} or {}")) if near else ""
