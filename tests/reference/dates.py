"""Days, steps and years: the calendar of a study, business days, and shares of steps."""

import calendar
import datetime as dt
import functools
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import holidays
import numpy as np

from reference.basics import Array


def as_date(value: Any) -> dt.date:
    """Return a date from a date or an ISO string."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def add_months(start: dt.date, months: int) -> dt.date:
    """Return the date so many months on, its day clamped to the month's end."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


@dataclass
class Calendar:
    """Steps of 12/m months from the value date; time in years counts steps, and days within a step."""

    value_date: dt.date
    m: int
    horizon: float

    @property
    def steps(self) -> int:
        """Return the number of steps."""
        return round(self.horizon * self.m)

    @property
    def ends(self) -> Array:
        """Return the time of each step's end, years ``(T,)``."""
        return np.arange(1, self.steps + 1) / self.m

    def step_start(self, step: int) -> dt.date:
        """Return a step's first day (any whole number, negative ones too)."""
        return add_months(self.value_date, 12 * step // self.m)

    def time_of(self, date: dt.date) -> float:
        """Return the time of a date's start, years."""
        months = (date.year - self.value_date.year) * 12 + date.month - self.value_date.month
        step = months * self.m // 12 + 1
        while self.step_start(step) > date:
            step -= 1
        first, following = self.step_start(step), self.step_start(step + 1)
        return (step + (date - first).days / (following - first).days) / self.m

    def date_of(self, time: float) -> tuple[dt.date, float]:
        """Return the first date whose start is not before a time, and the distance (in days) to a flip."""
        step = math.floor(time * self.m)
        first, following = self.step_start(step), self.step_start(step + 1)
        days = (time * self.m - step) * (following - first).days
        return first + dt.timedelta(days=math.ceil(days)), abs(days - round(days))


@functools.cache
def business_days(year: int, countries: tuple[str, ...]) -> list[dt.date]:
    """Return a year's business days: Mondays to Fridays that are no holiday in any of the countries."""
    closed = [holidays.country_holidays(country, years=range(year - 1, year + 2)) for country in countries]
    first, count = dt.date(year, 1, 1), 366 if calendar.isleap(year) else 365
    days = [first + dt.timedelta(days=i) for i in range(count)]
    return [day for day in days if day.weekday() < 5 and not any(day in table for table in closed)]


def due_date(notice: dt.date, lag: int, countries: Sequence[str]) -> dt.date:
    """Return the lag-th business day after the notice; the notice's day is day 0."""
    if lag == 0:
        return notice
    year, countries = notice.year, tuple(countries)
    days = business_days(year, countries)
    place = bisect_right(days, notice)
    while place + lag > len(days):
        lag -= len(days) - place
        year, place = year + 1, 0
        days = business_days(year, countries)
    return days[place + lag - 1]


def overlap(start: Any, end: Any, T: int, m: int) -> Array:
    """Return the share of each step inside [start, end) (years); one row per step."""
    start, end = np.asarray(start) * m, np.asarray(end) * m
    t = np.arange(T).reshape(-1, *([1] * start.ndim))
    return np.clip(np.minimum(end, t + 1) - np.maximum(start, t), 0.0, 1.0)
