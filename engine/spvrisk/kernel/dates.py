"""Days and times: business days, calendar years, days by the steps in which they lie (section 4 of the model page)."""

import math

import numpy as np

from spvrisk.kernel.maths import fused

NEVER = 10**7
"""A day beyond any horizon."""


@fused
def time_of_day(c, g, day):
    """Time of the start of a day; infinite beyond the horizon."""
    last = c[g.days + g.steps]
    if day >= last:
        return np.inf
    # steps are nearly of one length: a guess by proportion is off by one at most
    low = min(max(int(day * (g.steps / last)), 0), g.steps - 1)
    while low > 0 and c[g.days + low] > day:
        low -= 1
    while c[g.days + low + 1] <= day:
        low += 1
    first = c[g.days + low]
    return (low + (day - first) / (c[g.days + low + 1] - first)) / g.per_year


@fused
def day_of_time(c, g, time):
    """First day that does not begin before `time`."""
    position = time * g.per_year
    t = min(int(position), g.steps - 1)
    first = c[g.days + t]
    return int(first) + int(math.ceil((position - t) * (c[g.days + t + 1] - first)))


@fused
def days_up(days):
    """Whole number of days, rounded up; what is too long never comes."""
    return int(math.ceil(min(days, float(NEVER))))


@fused
def due_day(c, g, day, lag):
    """Day that is `lag` business days after a day; what lies beyond the calendar never comes."""
    if lag == 0:
        return day
    number = int(c[g.business + day - g.first_day]) + lag
    return int(c[g.open_days + number - 1]) if number <= g.n_open_days else NEVER


@fused
def year_of(c, g, day):
    """Calendar year of a day, counted from that of the first day of the calendar."""
    year = 0
    for i in range(int(c[g.new_years])):
        year += 1 if c[g.new_years + 1 + i] <= day else 0
    return year
