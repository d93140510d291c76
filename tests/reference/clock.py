"""The legal and political clock (section 4), a plain event loop per path."""

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reference.basics import Array, LawValue, given
from reference.dates import Calendar, as_date, overlap
from reference.draws import Draws, LawCache, UniformCache, choice
from reference.events import (
    check_dates,
    check_notices,
    check_scales,
    entry_before,
    event_before,
    event_days,
    event_probabilities,
    is_past,
)
from reference.laws import exact_value
from reference.selection import PathSelection
from reference.world import (
    ARRIVAL,
    CLOCK,
    EVENT,
    FUNDING,
    HAZARD,
    MARGINS,
    NOTICE,
    RegimeState,
    Selection,
    Venture,
    World,
    ventures_of,
)


@dataclass
class ClockPath(PathSelection):
    """The event loop of one path.

    ``days`` gives an event's days, not rounded, and their margin; ``value(key, law, stream)`` a law's value.
    """

    study: Mapping
    clock: Calendar
    uniform: Callable[[str, int], float]
    days: Callable[[str], tuple[float, float]]
    value: Callable[[str, Any, str], float]
    ventures: Sequence[Venture] = ()
    jumps: list[tuple] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    happened: dict[str, float] = field(default_factory=dict)
    delays: list[tuple[str, float, float]] = field(default_factory=list)
    cancels: list[tuple[str, float]] = field(default_factory=list)
    margins: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MARGINS, math.inf))
    notes: list[tuple] = field(default_factory=list)

    def run(self) -> None:
        """Take the next of event, clock, notice, funding decision, hazard and arrival until the horizon."""
        self.spec = given(self.study, "regimes", {})
        self.events = given(self.study, "events", {})
        self.regimes = {
            name: RegimeState(
                regime["initial"]["state"], as_date(regime["initial"]["since"]), self.new_threshold(name, 0)
            )
            for name, regime in self.spec.items()
        }
        self.now, self.pending, self.dates, self.scales, self.entered = 0.0, [], {}, {}, set()
        self.open_selection()
        for name, event in self.events.items():
            date = event["date"]
            if is_past(event, self.clock):
                self.recall(name)
            elif not isinstance(date, Mapping):
                self.schedule(name, as_date(date))
            elif given(date, "after") is None:
                self.schedule_by_law(name, as_date(date["from"]))
        while True:
            candidates = sorted(
                self.pending + self.clock_candidates() + self.hazard_candidates() + self.arrival_candidates()
            )
            # a notice or a funding that nothing can change may come before or after a hazard
            counted = [c for c in candidates if self.selective or c[1] not in (NOTICE, FUNDING)]
            if len(counted) > 1 and any(c[1] >= HAZARD for c in counted[:2]):
                self.keep("order", counted[1][0] - counted[0][0])
            if counted and counted[0][1] >= HAZARD:
                self.keep("order", abs(counted[0][0] - self.clock.horizon))
            if not candidates or candidates[0][0] >= self.clock.horizon:
                return
            time, kind, _, name = candidates[0]
            self.pending = [candidate for candidate in self.pending if candidate[1:] != candidates[0][1:]]
            if kind == NOTICE:
                self.give_notice(self.by_name[name], time)
            elif kind == FUNDING:
                self.decide(self.by_name[name], time)
            else:
                self.advance(time)
                {EVENT: self.happen, CLOCK: self.expire, HAZARD: self.jump, ARRIVAL: self.arrive}[kind](name)

    def schedule(self, name: str, date: dt.date) -> None:
        """Let an event wait for its date."""
        self.dates[name] = date
        self.pending.append((self.clock.time_of(date), EVENT, list(self.events).index(name), name))

    def schedule_by_law(self, name: str, start: dt.date) -> None:
        """Let an event wait for the date so many whole days after another; beyond the horizon it never comes."""
        days, margin = self.days(name)
        self.keep("days", margin)
        if days <= (self.clock.step_start(self.clock.steps + 1) - start).days:
            self.schedule(name, start + dt.timedelta(days=math.ceil(days)))

    def record(self, name: str, outcome: str, time: float, date: dt.date) -> None:
        """Record that an event has taken place: it scales hazards from now on, and others may follow it."""
        self.outcomes[name], self.happened[name] = outcome, time
        clause = given(self.events[name]["outcomes"], outcome, {})
        for regime, passages in given(clause, "scale_hazards", {}).items():
            for start, factors in passages.items():
                for end, factor in factors.items():
                    self.scales[regime, start, end] = self.scales.get((regime, start, end), 1.0) * factor
        for pipeline, factor in given(clause, "scale_arrivals", {}).items():
            self.inflows[pipeline].scale *= factor
        for other, event in self.events.items():
            if event_before(event["date"]) == name:
                self.schedule_by_law(other, date)

    def recall(self, name: str) -> None:
        """Record a past event: the initial states and the plans know already what it moved, delayed and cancelled."""
        date = as_date(self.events[name]["date"])
        self.record(name, self.events[name]["outcome"], (date - self.clock.value_date).days / 365.25, date)

    def keep(self, what: str, margin: float) -> None:
        """Keep the smallest margin."""
        self.margins[what] = min(self.margins[what], margin)

    def new_threshold(self, regime: str, jump: int) -> float:
        """Return a regime's unit exponential threshold."""
        return -math.log1p(-self.uniform(f"regime/{regime}/hold", jump))

    def intensities(self, regime: str) -> Mapping[str, float]:
        """Return the yearly intensities out of a regime's present state, scaled by what has taken place and is so."""
        state = self.regimes[regime].state
        rates = given(given(self.spec[regime], "hazards", {}), state, {})
        found = {to: rate * self.scales.get((regime, state, to), 1.0) for to, rate in rates.items()}
        for rule in given(self.spec[regime], "scaled_hazards", []):
            if self.is_so(rule["when"]):
                for to, factor in given(rule["scale"], state, {}).items():
                    found[to] *= factor
        return found

    def is_so(self, when: Mapping) -> bool:
        """Return whether regimes are in states, events have had outcomes, and decisions have been counted."""
        counts = given(when, "count", {})
        return (
            all(self.regimes[regime].state == state for regime, state in given(when, "regimes", {}).items())
            and all(self.outcomes.get(event) == outcome for event, outcome in given(when, "outcomes", {}).items())
            and all(self.counts[what] >= least for what, least in counts.items())
        )

    def hazard_candidates(self) -> list[tuple]:
        """Return each regime's next jump as things stand."""
        found = []
        for order, (name, regime) in enumerate(self.regimes.items()):
            total = sum(self.intensities(name).values())
            if total > 0:
                found.append((self.now + max(regime.threshold, 0.0) / total, HAZARD, order, name))
        return found

    def expiry(self, regime: str) -> Mapping | None:
        """Return the expiry clause of a regime's present state."""
        return given(self.spec[regime]["states"][self.regimes[regime].state], "expires")

    def clock_candidates(self) -> list[tuple]:
        """Return each regime's next expiry."""
        found = []
        for order, (name, regime) in enumerate(self.regimes.items()):
            if self.expiry(name) is not None and not regime.spent:
                date = regime.entry + dt.timedelta(days=self.expiry(name)["after_days"])
                if date < self.clock.value_date:
                    raise ValueError(f"regime {name}: its initial state ended before the value date")
                found.append((self.clock.time_of(date), CLOCK, order, name))
        return found

    def advance(self, time: float) -> None:
        """Let the thresholds be consumed until a time."""
        for name, regime in self.regimes.items():
            regime.threshold -= (time - self.now) * sum(self.intensities(name).values())
        for name, inflow in self.inflows.items():
            inflow.threshold -= (time - self.now) * self.arrival_intensity(name)
        self.now = time

    def move(self, name: str, state: str, cause: str, date: dt.date) -> None:
        """Move a regime; a move to the state that it is in changes nothing."""
        regime = self.regimes[name]
        if regime.state != state:
            self.jumps.append((self.now, name, regime.state, state, cause))
            regime.state, regime.entry, regime.spent = state, date, False
            for event in self.awaiting(name, state):
                self.schedule_by_law(event, date)
            self.entered.add((name, state))
            if self.stops_calls(name):
                for deal in self.deals.values():
                    if deal.funded:
                        deal.stop = min(deal.stop, self.now)

    def awaiting(self, regime: str, state: str) -> list[str]:
        """Return the events that wait for a regime's first entry into a state."""
        if (regime, state) in self.entered:
            return []
        return [name for name, event in self.events.items() if entry_before(event["date"]) == (regime, state)]

    def draw(self, table: Mapping[str, float], u: float) -> str:
        """Draw a key of a table of probabilities or intensities."""
        item, margin = choice(list(np.cumsum(list(table.values()))), u)
        self.keep("choice", margin)
        return list(table)[item]

    def happen(self, name: str) -> None:
        """Let a dated event happen."""
        event = self.events[name]
        outcome = given(event, "outcome")
        if outcome is None:
            states = {regime: self.regimes[regime].state for regime in self.regimes}
            probabilities = event_probabilities(event, states, self.outcomes)
            table = {o: given(probabilities, o, 0.0) for o in event["outcomes"]}
            outcome = self.draw(table, self.uniform(f"event/{name}/outcome", 0))
        clause, date = given(event["outcomes"], outcome, {}), self.dates[name]
        for regime, state in given(clause, "moves", {}).items():
            self.move(regime, state, f"event:{name}", date)
        for project, months in given(clause, "delays", {}).items():
            if months < 0:
                raise ValueError(f"event {name}: the delay of {project} is negative")
            self.delays.append((project, self.now, months / 12))
        for project in given(clause, "cancels", []):
            self.cancels.append((project, self.now))
            deal = self.deals.get(project)
            if deal is not None and not deal.out:
                deal.stop = min(deal.stop, self.now)
                self.pending = [entry for entry in self.pending if (entry[1], entry[3]) != (NOTICE, project)]
        self.record(name, outcome, self.now, date)

    def expire(self, name: str) -> None:
        """Let a state's clock run out."""
        regime, clause = self.regimes[name], self.expiry(name)
        date = regime.entry + dt.timedelta(days=clause["after_days"])
        state = self.draw(clause["outcome"], self.uniform(f"regime/{name}/clock", regime.expiries))
        regime.expiries += 1
        regime.spent = True
        self.move(name, state, "clock", date)

    def jump(self, name: str) -> None:
        """Let a regime's hazard strike."""
        regime = self.regimes[name]
        state = self.draw(self.intensities(name), self.uniform(f"regime/{name}/to", regime.jumps))
        regime.jumps += 1
        regime.threshold = self.new_threshold(name, regime.jumps)
        date, margin = self.clock.date_of(self.now)
        counted = self.regimes[name].state != state and bool(self.awaiting(name, state))
        self.move(name, state, "hazard", date)
        if counted or self.expiry(name) is not None:
            self.keep("date", margin)


def simulate_world(
    study: Mapping, clock: Calendar, paths: Array, draws: Draws, law_value: LawValue = exact_value
) -> World:
    """Run the clock of every path and tabulate what later stages read."""
    regimes, events = given(study, "regimes", {}), given(study, "events", {})
    check_dates(events, clock)
    check_scales(events, regimes)
    T, n, uniform = clock.steps, len(paths), UniformCache(draws, paths)
    ventures, value = ventures_of(study), LawCache(draws, paths, law_value)
    check_notices(study, clock)
    days = event_days(events, paths, draws, law_value)
    clauses = [outcome for event in events.values() for outcome in event["outcomes"].values()]
    states = {name: list(regime["states"]) for name, regime in regimes.items()}
    world = World(
        jumps=[],
        outcomes={name: np.full(n, -1) for name in events},
        happened={name: np.full(n, math.nan) for name in events},
        delays={name: [[] for _ in range(n)] for clause in clauses for name in given(clause, "delays", {})},
        cancels={name: np.full(n, math.inf) for clause in clauses for name in given(clause, "cancels", [])},
        final_states={name: np.zeros(n, dtype=int) for name in regimes},
        occupancy={name: np.zeros((len(states[name]), T, n)) for name in regimes},
        attributes={},
        initial_attributes={},
        margins={f"clock_{what}": np.zeros(n) for what in MARGINS},
        selections={v.name: Selection(*np.zeros((8, n))) for v in ventures},
        committed=np.zeros(n),
    )
    for i in range(n):
        one = ClockPath(
            study,
            clock,
            lambda name, index, i=i: uniform(name, index, i),
            lambda name, i=i: (float(days[name][0][i]), float(days[name][1][i])),
            lambda key, law, name, i=i: value(key, law, name, i),
            ventures,
        )
        one.run()
        world.jumps.append(one.jumps)
        world.notes.append(one.notes)
        world.committed[i] = one.committed
        for name, deal in one.deals.items():
            for what in ("noticed", "budget", "plan_due", "due", "funded", "declined", "stop", "more_spread"):
                getattr(world.selections[name], what)[i] = getattr(deal, what)
        for name, outcome in one.outcomes.items():
            world.outcomes[name][i] = list(events[name]["outcomes"]).index(outcome)
            world.happened[name][i] = one.happened[name]
        for project, time, length in one.delays:
            world.delays[project][i].append((time, length))
        for project, time in one.cancels:
            world.cancels[project][i] = min(world.cancels[project][i], time)
        for name in regimes:
            since, state = 0.0, regimes[name]["initial"]["state"]
            for time, _, _, to, _ in (jump for jump in one.jumps if jump[1] == name):
                world.occupancy[name][states[name].index(state), :, i] += overlap(since, time, T, clock.m)
                since, state = time, to
            world.occupancy[name][states[name].index(state), :, i] += overlap(since, clock.horizon, T, clock.m)
            world.final_states[name][i] = states[name].index(state)
        for what, margin in one.margins.items():
            world.margins[f"clock_{what}"][i] = margin
    for name, regime in regimes.items():
        tables = {state: given(clause, "attributes", {}) for state, clause in regime["states"].items()}
        for attribute in dict.fromkeys(a for table in tables.values() for a in table):
            if not all(attribute in table for table in tables.values()):
                raise ValueError(f"regime {name}: attribute {attribute} is missing in a state")
            values = np.array([tables[state][attribute] for state in states[name]], dtype=float)
            world.attributes[name, attribute] = np.tensordot(values, world.occupancy[name], axes=1)
            world.initial_attributes[name, attribute] = float(tables[regime["initial"]["state"]][attribute])
    return world
