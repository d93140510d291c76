"""Words, units and figures that several charts use. Each text is a template, which a catalogue translates."""

from datetime import date

from spvrisk.charts.chart import Axis, Numbers
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import quantity_of
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import PORTFOLIO, SCHEME
from spvrisk.views.figures import Cell, Estimate, Note, Rate, Text, defined, said
from spvrisk.views.words import measured_in, unit_titled

ERRORS = Note("± is a standard error; bands and whiskers are 95 % intervals of Monte Carlo error.")
"""How errors are shown."""


def unit_of(labels: Labels, series: tuple[str, str]) -> Text:
    """In what a series is measured; empty where it has no unit.

    Parameters
    ----------
    labels
        Of the result.
    series
        Unit and quantity.
    """
    return measured_in(labels, series) or ""


def is_percent(labels: Labels, series: tuple[str, str]) -> bool:
    """Whether a series is of fractions that are read in per cent.

    Parameters
    ----------
    labels, series
        As of `unit_of`.
    """
    return quantity_of(*series, labels).kind in ("ratio", "flag") and not series[1].startswith("moic")


def axis_of(labels: Labels, series: tuple[str, str]) -> Axis:
    """Axis of a quantity of a project or of the whole.

    Parameters
    ----------
    labels, series
        As of `unit_of`.
    """
    meaning = Note(quantity_of(*series, labels).meaning)
    own = series[0] not in (PORTFOLIO, SCHEME)
    label = said("{}: {}", unit_titled(labels, series[0]), meaning) if own else meaning
    return Axis(label, unit_of(labels, series), percent=is_percent(labels, series))


def figure_of(labels: Labels, series: tuple[str, str], value: float, error: float) -> Cell:
    """Give a figure of a series with its standard error, of fractions in per cent.

    Parameters
    ----------
    labels, series
        As of `unit_of`.
    value, error
        NaN where undefined.
    """
    kind = Rate if is_percent(labels, series) else Estimate
    return kind(defined(value), defined(error))


def seed_of(result: Result) -> str:
    """Seed of a run in decimal digits.

    Parameters
    ----------
    result
        The result.
    """
    return str(result.attributes["seed"])


def decimal_year(day: date) -> float:
    """A day as a year with decimals.

    Parameters
    ----------
    day
        Any.
    """
    first, next_first = (date(year, 1, 1) for year in (day.year, day.year + 1))
    return day.year + (day - first).days / (next_first - first).days


def step_years(labels: Labels) -> Numbers:
    """Ends of the steps in years with decimals.

    Parameters
    ----------
    labels
        Of the result.
    """
    return tuple(decimal_year(date.fromisoformat(end)) for end in labels.step_ends)


def time_axis(labels: Labels) -> Axis:
    """Axis of the study's time, from the value date on.

    Parameters
    ----------
    labels
        Of the result.
    """
    first, last = date.fromisoformat(labels.value_date), date.fromisoformat(labels.step_ends[-1])
    return Axis(Note("year"), scale="date", ends=(decimal_year(first), decimal_year(last)))


SHARE = Axis(Note("part of the paths"), percent=True)
"""Axis of what part of the paths something holds on."""
