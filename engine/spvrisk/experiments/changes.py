"""What happened on a traced path: the kernel's log in words, and what only its rows tell."""

import datetime
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.config.study import Study
from spvrisk.config.study.projects import ProjectTemplate
from spvrisk.plan.arrays import Floats
from spvrisk.plan.calendar import Grid
from spvrisk.plan.names import Labels

_SAME = 1e-9
"""Years by which two times must differ."""


class Change(NamedTuple):
    """Something that happened."""

    time: float
    """Years from the value date; 0 of what came before it."""
    date: str
    kind: str
    """``event``, ``regime``, ``project`` or ``offtaker``."""
    what: str
    """Its name; a project of a pipeline is ``<pipeline>/<number>``."""
    before: str
    """State of the regime before; else empty."""
    after: str
    """State of the regime after, the event's outcome, or what becomes of the project.

    ``noticed, waiting, dropped, no_go_ahead, paid, delayed, declined, cancelled, abandoned``; of an offtaker
    ``defaulted``.
    """
    cause: str
    """Why.

    Of a regime ``event <name>``, ``decline <project>``, ``expiry`` or ``hazard``; of a project ``arrival``,
    ``ceiling``, ``annual_cap``, ``deadline``, ``event <name>``, ``stopped_calls``, ``review``, ``subscription``,
    ``cap`` or ``arrears``; else empty.
    """
    budget: float | None = None
    """Money noticed."""
    wanted: float | None = None
    """Money that would have been noticed without ceiling, where that is more."""


class Endings(NamedTuple):
    """What selection and construction left of all projects of a path, each ``(site,)``; times in years."""

    budget: Floats
    """On the path, after cuts."""
    wanted: Floats
    """Before cuts."""
    stop: Floats
    """At which the world cancels it; infinite if never."""
    cancelled: Floats
    """At which it was cancelled; infinite if it was not."""
    completed: Floats
    closed: Floats
    """End of operation."""
    at_cap: NDArray[np.bool_]
    """Whether its cost has reached the cap at which work stops."""
    over_threshold: NDArray[np.bool_]
    """Whether the estimate at the review that cancelled it was above the threshold."""


def template_of(study: Study, site: str) -> ProjectTemplate:
    """Give what a project is made from: itself if it has been announced, else its pipeline's template.

    Parameters
    ----------
    study
        The study.
    site
        Name of an announced project, or ``pipeline/number``.
    """
    pipeline, slash, _ = site.rpartition("/")
    return study.pipelines[pipeline].template if slash else study.projects[site]


class History:
    """Tells what happened on a path.

    Parameters
    ----------
    study, labels, grid
        A compiled study.
    sites
        Names of all its projects.
    """

    def __init__(self, study: Study, labels: Labels, grid: Grid, sites: tuple[str, ...]) -> None:
        self._study, self._labels, self._grid, self._sites = study, labels, grid, sites
        self._horizon = grid.steps * grid.dt
        self._states = [(regime, state) for regime, names in labels.regimes for state in names]

    def changes(self, log: Floats, endings: Endings, defaults: Floats) -> tuple[Change, ...]:
        """Give all changes in order of time; what follows from another stands behind it.

        Parameters
        ----------
        log
            As the kernel keeps it.
        endings
            Of the projects.
        defaults
            Time of each offtaker's default ``(offtaker,)``.
        """
        logged = list(self._logged(log, endings))
        return tuple(
            sorted(
                [*logged, *self._cancelled(logged, endings), *self._abandoned(endings), *self._defaulted(defaults)],
                key=lambda change: change.time,
            )
        )

    def sites_used(self, changes: tuple[Change, ...]) -> tuple[int, ...]:
        """Give the numbers of the announced projects, and of those that have arrived.

        Parameters
        ----------
        changes
            As from `changes`.
        """
        met = {change.what for change in changes if change.kind == "project"}
        announced = len(self._study.projects)
        return tuple(s for s, site in enumerate(self._sites) if s < announced or site in met)

    def _logged(self, log: Floats, endings: Endings) -> Iterator[Change]:
        from spvrisk.kernel.log import BY_DEAL, BY_DECLINE, BY_EVENT, BY_EXPIRY, BY_LATENESS, HAPPENED

        event, decided, days = "", "", dict[int, datetime.date]()
        for time, cause, item, before, after in log[1 : 1 + int(log[0, 0])]:
            if cause == HAPPENED:
                event, outcomes = self._labels.events[int(item)]
                yield Change(time, self._day(time), "event", event, "", outcomes[int(after)], "")
            elif cause == BY_DEAL:
                change = self._deal(time, int(item), int(after), endings, days)
                if change is not None:
                    decided = change.what if change.after in ("declined", "delayed") else decided
                    yield change
            else:
                by = {
                    BY_EVENT: f"event {event}",
                    BY_DECLINE: f"decline {decided}",
                    BY_LATENESS: f"lateness {decided}",
                    BY_EXPIRY: "expiry",
                }
                regime, state = self._states[int(after)]
                old = self._states[int(before)][1]
                yield Change(time, self._day(time), "regime", regime, old, state, by.get(int(cause), "hazard"))

    def _deal(
        self, time: float, s: int, became: int, endings: Endings, days: dict[int, datetime.date]
    ) -> Change | None:
        """A notice or a decision; none where a project that is cancelled already comes up for its decision.

        `days` has the day to which each notice has come: the log tells none before the value date.
        """
        from spvrisk.kernel import log as codes

        site = self._sites[s]
        arrives = s not in days and site not in self._study.projects
        if s not in days and not arrives:
            days[s] = self._study.projects[site].notice_date
        if time > 0.0 or arrives:
            days[s] = datetime.date.fromisoformat(self._day(time))
        bare = Change(time, days[s].isoformat(), "project", site, "", "", "arrival" if arrives else "")
        budget, wanted = float(endings.budget[s]), float(endings.wanted[s])
        if became == codes.NOTICED:
            return bare._replace(after="noticed", budget=budget, wanted=wanted if wanted > budget else None)
        if became == codes.WAITING:
            days[s] = datetime.date(days[s].year + 1, 1, 1)
            return bare._replace(after="waiting", cause="annual_cap", wanted=wanted)
        if became == codes.DROPPED:
            return self._dropped(bare, wanted)
        words = {
            codes.FUNDED: "paid",
            codes.DELAYED: "delayed",
            codes.DECLINED: "declined",
            codes.CONSULTED: "consulted",
            codes.RENEGOTIATED: "renegotiated",
        }
        return bare._replace(after=words[became]) if became in words else None

    def _dropped(self, bare: Change, wanted: float) -> Change:
        deadline = self._study.agreement.funding.deadline
        if deadline is not None and bare.date > deadline.isoformat():
            return bare._replace(after="dropped", cause="deadline")
        if wanted == 0.0 and bare.what in self._study.projects:
            return bare._replace(after="no_go_ahead", cause="")
        return bare._replace(after="dropped", cause="ceiling", wanted=wanted)

    def _cancelled(self, logged: list[Change], endings: Endings) -> Iterator[Change]:
        for s, time in enumerate(endings.cancelled):
            if time < np.inf:
                cause = self._cause_of_end(logged, s, time, endings)
                yield Change(time, self._day(time), "project", self._sites[s], "", "cancelled", cause)

    def _cause_of_end(self, logged: list[Change], s: int, time: float, endings: Endings) -> str:
        """What cancelled a project: the world, if that is when it would, else a review or the cap."""
        if time == endings.stop[s]:
            events = (change for change in logged if change.kind == "event" and change.time == time)
            for event in events:
                if self._sites[s] in self._study.events[event.what].outcomes[event.after].cancels:
                    return f"event {event.what}"
            return "stopped_calls"
        if endings.at_cap[s]:
            return "cap"
        return "review" if endings.over_threshold[s] else "subscription"

    def _abandoned(self, endings: Endings) -> Iterator[Change]:
        """Completed projects that close before their life is over."""
        for s, site in enumerate(self._sites):
            life = template_of(self._study, site).operation.life_years
            time, completed = endings.closed[s], endings.completed[s]
            if completed < np.inf and time < min(self._horizon, completed + life - _SAME):
                yield Change(time, self._day(time), "project", site, "", "abandoned", "arrears")

    def _defaulted(self, defaults: Floats) -> Iterator[Change]:
        for name, time in zip(self._study.offtakers, defaults, strict=True):
            if time < self._horizon:
                yield Change(time, self._day(time), "offtaker", name, "", "defaulted", "")

    def _day(self, time: float) -> str:
        """Day within which a time lies."""
        grid = self._grid
        t = min(int(time * grid.steps_per_year + 1e-9), grid.steps - 1)
        share = time * grid.steps_per_year - t
        days = int(grid.day[t]) + math.floor(share * float(grid.day[t + 1] - grid.day[t]) + 1e-6)
        return (self._study.study.value_date + datetime.timedelta(days=days)).isoformat()
