"""What the clock knows of ventures, regimes and pipelines on a path, and what it leaves behind (sections 4 and 5)."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from reference.basics import Array, given

MARGINS = ("order", "choice", "date", "days", "go_ahead", "ceiling", "annual", "funding", "consult", "trigger")


EVENT, CLOCK, NOTICE, FUNDING, HAZARD, ARRIVAL = range(6)  # ties in this order


@dataclass(frozen=True)
class Venture:
    """One SPV that may come to be: an announced project, or a slot of a pipeline.

    ``name`` is what its streams are called by (``project/<name>/...``), ``key`` what its laws are asked by; ties are
    in the order of ``rank``.
    """

    name: str
    key: str
    project: Mapping
    rank: int
    pipeline: str | None = None
    slot: int = 0


def ventures_of(study: Mapping) -> list[Venture]:
    """Return the announced projects in the study's order, then the slots of the pipelines."""
    found = []
    for name, project in given(study, "projects", {}).items():
        found.append(Venture(name, f"projects.{name}", project, len(found)))
    for name, pipeline in given(study, "pipelines", {}).items():
        for k in range(pipeline["max_count"]):
            key = f"pipelines.{name}.template"
            found.append(Venture(f"{name}/{k}", key, pipeline["template"], len(found), name, k))
    return found


@dataclass
class Deal:
    """What has been decided about a venture on one path.

    ``wanted`` is its budget before any cut, ``more_spread`` what talks have added to its spread.
    """

    wanted: float = 0.0
    out: bool = False
    noticed: bool = False
    budget: float = 0.0
    plan_due: float = math.inf
    due: float = math.inf
    decisions: int = 0
    funded: bool = False
    declined: bool = False
    stop: float = math.inf
    first_due: dt.date = dt.date.max
    late: bool = False
    talking: bool = False
    more_spread: float = 0.0


@dataclass
class Selection:
    """The same on all paths, ``(n,)`` each.

    ``plan_due`` is the due time without slip, ``due`` that of the last decision (both infinite without a notice);
    ``stop`` is the first time at which an outcome or a state that stops calls cancels the venture, be it complete
    or not; infinite without one.
    """

    noticed: Array
    budget: Array
    plan_due: Array
    due: Array
    funded: Array
    declined: Array
    stop: Array
    more_spread: Array


@dataclass
class Inflow:
    """A pipeline on one path: the next slot, and what is left until the next arrival."""

    threshold: float
    slot: int = 0
    scale: float = 1.0
    closed: bool = False


@dataclass
class RegimeState:
    """One regime on one path."""

    state: str
    entry: dt.date
    threshold: float
    jumps: int = 0
    expiries: int = 0
    spent: bool = False  # the state's clock has run out into the same state: it does not run out again


@dataclass
class World:
    """What stage 1 leaves behind.

    Attributes
    ----------
    jumps : list
        Per path, in order: (time, regime, from, to, cause), cause ``event:<name>``, ``clock``, ``hazard`` or
        ``decline:<venture>``, ``late:<venture>``.
    outcomes : dict
        Event -> index of the outcome ``(n,)``; -1 if the event does not take place within the horizon.
    happened : dict
        Event -> time at which it took place, years ``(n,)``: negative before the value date, undefined if it did not.
    delays : dict
        Project -> per path, in order: (time of the event, length in years), of the projects that an outcome delays.
    cancels : dict
        Project -> time of the first outcome that cancels it ``(n,)``, infinite without one; of the projects that an
        outcome cancels.
    final_states : dict
        Regime -> index of the state at the horizon ``(n,)``.
    occupancy : dict
        Regime -> share of each step spent in each state ``(S, T, n)``.
    attributes : dict
        (regime, attribute) -> time-weighted mean over each step ``(T, n)``.
    initial_attributes : dict
        (regime, attribute) -> value in the configured initial state.
    margins : dict
        ``clock_order`` (years: hazards and arrivals against all else), ``clock_choice`` (probability), ``clock_date``
        (days: the entry of a state with a clock, an arrival), ``clock_days`` (days: a law's value against whole
        days), ``clock_go_ahead``, ``clock_funding``, ``clock_trigger`` (probability), ``clock_consult`` (the same),
        ``clock_ceiling``, ``clock_annual`` (share of the ceiling, of the cap): smallest of each path ``(n,)``.
    selections : dict
        Venture -> its `Selection`.
    committed : ndarray
        Budgets noticed, less those declined, at the end ``(n,)``.
    notes : list
        Per path, in order: (time, what, venture), what being ``no_go_ahead``, ``waits``, ``cut``, ``dropped``,
        ``too_late``, ``notice``, ``funded``, ``delayed``, ``talks``, ``renegotiated``, ``declined``, ``stopped`` (by a
        state, when due), ``trigger`` or ``late``.
    """

    jumps: list[list[tuple]]
    outcomes: dict[str, Array]
    happened: dict[str, Array]
    delays: dict[str, list[list[tuple[float, float]]]]
    cancels: dict[str, Array]
    final_states: dict[str, Array]
    occupancy: dict[str, Array]
    attributes: dict[tuple[str, str], Array]
    initial_attributes: dict[tuple[str, str], float]
    margins: dict[str, Array]
    selections: dict[str, Selection] = field(default_factory=dict)
    committed: Array | float = 0.0
    notes: list[list[tuple]] = field(default_factory=list)
