"""What of that which happened on a traced path touches a cash flow: an election that moves nothing does not."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from spvrisk.config.study.clock import AttributeRef
from spvrisk.config.study.events import Outcome
from spvrisk.config.study.flows import SideFlow
from spvrisk.experiments.changes import Change, template_of
from spvrisk.experiments.step_rows import STEP_ROWS
from spvrisk.experiments.trace import Trace

_FLOWS = ("spend", "calls", "revenue", "costs", "available_cash", "debt_service")
"""Columns of a project's steps of which at least one is not zero as long as it has flows."""


def touching(trace: Trace) -> tuple[Change, ...]:
    """Changes that touch a cash flow of the path, now or by what they lead to, in order of time.

    What becomes of projects does. The default of an offtaker does where it buys of a project that still earns. The
    change of a regime does where something that reads its state is alive: a tariff where something is built, a side
    flow that is still paid, a decision to come, factors as long as there are flows; and where it leads to such a change
    or event. An event does where its outcome brings such a thing about.

    Parameters
    ----------
    trace
        The path.
    """
    reader = _Reader(trace)
    return tuple(reversed([change for change in reversed(trace.changes) if reader.touches(change)]))


class _Rate(NamedTuple):
    """A number that is read off a regime, or a condition on its state, and the steps in which it counts."""

    reference: AttributeRef | None
    while_: Mapping[str, tuple[str, ...]]
    alive_until: float


class _Reader:
    """Goes back in time, and keeps what later changes depend on."""

    def __init__(self, trace: Trace) -> None:
        self._trace, self._study = trace, trace.study
        self._per_year = trace.labels.steps_per_year
        self._last = {site: self._last_step(p, _FLOWS) for p, site in enumerate(trace.sites)}
        self._end = max(self._last.values(), default=0.0)
        self._rates = list(self._all_rates())
        self._regimes, self._events = set[str](), set[str]()
        self._decided = self._declined = False

    def touches(self, change: Change) -> bool:
        """Whether a change touches a flow, or leads to one of those that were asked for before."""
        if change.kind == "project":
            self._keep_project(change)
            return True
        of_kind = {"offtaker": self._default, "regime": self._move, "event": self._event}
        if not of_kind[change.kind](change):
            return False
        if change.kind == "regime":
            self._regimes.add(change.what)
            self._keep_cause(change)
        if change.kind == "event":
            self._keep_conditions(change)
        return True

    def _keep_project(self, change: Change) -> None:
        self._decided |= change.after in ("paid", "delayed", "declined", "consulted")
        self._declined |= change.after == "declined"
        self._keep_cause(change)

    def _keep_cause(self, change: Change) -> None:
        kind, _, name = change.cause.partition(" ")
        if kind == "event":
            self._events.add(name)

    def _keep_conditions(self, change: Change) -> None:
        """Regimes and events on which an event depends."""
        event = self._study.events[change.what]
        if event.date.event:
            self._events.add(event.date.event)
        if event.date.entered:
            self._regimes.add(event.date.entered[0])
        for rule in event.probabilities:
            if rule.when is not None:
                self._regimes |= set(rule.when.regimes)
                self._events |= set(rule.when.outcomes)

    def _default(self, change: Change) -> bool:
        """Whether an offtaker buys of a project that earns after its default."""
        return any(
            last > change.time
            for site, last in self._last.items()
            if (contract := template_of(self._study, site).operation.contract) and contract.offtaker == change.what
        )

    def _move(self, change: Change) -> bool:
        """Whether something that is alive tells a state of a regime from the one before, or it leads to such a move."""
        if change.what in self._regimes or self._scales_hazards(change.what):
            return True
        states = self._study.regimes[change.what].states
        before, after = states[change.before], states[change.after]
        if before.shifts != after.shifts and self._end > change.time:
            return True
        if self._study.pipelines and before.arrival_multiplier != after.arrival_multiplier:
            return True
        if after.stops_calls and any(c.cause == "stopped_calls" and c.time >= change.time for c in self._trace.changes):
            return True
        return self._is_decided_by(change) or any(self._reads(rate, change) for rate in self._rates)

    def _scales_hazards(self, regime: str) -> bool:
        """Whether hazards depend on what a regime is in."""
        return any(regime in rule.when.regimes for each in self._study.regimes.values() for rule in each.scaled_hazards)

    def _is_decided_by(self, change: Change) -> bool:
        """Whether a later decision, or what a decline sets off, depends on the state."""
        decision = self._study.agreement.funding.decision
        if decision is None:
            return False
        by_state = decision.by_state
        if change.what == decision.regime and self._decided and by_state[change.before] != by_state[change.after]:
            return True
        triggers = (*decision.triggers, *([decision.late] if decision.late else []))
        conditions = [trigger.while_.get(change.what, ()) for trigger in triggers]
        if not self._declined and decision.late is None:
            return False
        return any((change.before in states) != (change.after in states) for states in conditions)

    def _reads(self, rate: _Rate, change: Change) -> bool:
        """Whether a rate that still counts is another by a change."""
        if rate.alive_until <= change.time:
            return False
        if (states := rate.while_.get(change.what)) and (change.before in states) != (change.after in states):
            return True
        if rate.reference is None or rate.reference.regime != change.what:
            return False
        states_of, attribute = self._study.regimes[change.what].states, rate.reference.attribute
        before, after = (states_of[state].attributes.get(attribute) for state in (change.before, change.after))
        return before != after and self._holds_after(rate.while_, change.time)

    def _holds_after(self, while_: Mapping[str, tuple[str, ...]], time: float) -> bool:
        """Whether the states of regimes are those of a condition at the end of some later step."""
        first = int(time * self._per_year)
        held = [[state in states for state in self._trace.states[regime][first:]] for regime, states in while_.items()]
        return all(map(bool, held)) and any(all(each) for each in zip(*held, strict=True)) if held else True

    def _event(self, change: Change) -> bool:
        """Whether an event leads to what touches a flow."""
        if change.what in self._events:
            return True
        outcome = self._study.events[change.what].outcomes[change.after]
        if (outcome.shifts and self._end > change.time) or (outcome.scale_arrivals and self._study.pipelines):
            return True
        return bool(self._regimes.intersection(outcome.scale_hazards)) or self._delays(outcome, change.time)

    def _delays(self, outcome: Outcome, time: float) -> bool:
        """Whether projects stand still that still spend."""
        sites = list(self._trace.sites)
        return any(name in sites and self._last_step(sites.index(name), ("spend",)) > time for name in outcome.delays)

    def _all_rates(self) -> Iterator[_Rate]:
        """All numbers of the path's projects and of the scheme that depend on states."""
        for p, site in enumerate(self._trace.sites):
            template = template_of(self._study, site)
            if tariff := template.construction.equipment_tariff:
                yield _Rate(tariff, {}, self._last_step(p, ("spend",)))
            for flow in template.side_flows.values():
                yield self._rate_of(flow, self._last_step(p, (flow.base,)))
        horizon = len(self._trace.labels.step_ends) / self._per_year
        yield from (self._rate_of(flow, horizon) for flow in self._study.side_flows.values())

    def _rate_of(self, flow: SideFlow, alive_until: float) -> _Rate:
        reference = flow.rate if isinstance(flow.rate, AttributeRef) else None
        return _Rate(reference, flow.while_, alive_until)

    def _last_step(self, p: int, columns: tuple[str, ...]) -> float:
        """End of the last step in which a project has one of some flows, in years; 0 if in none."""
        rows = [list(STEP_ROWS).index(column) for column in columns]
        steps = np.flatnonzero((self._trace.steps[p, rows] != 0.0).any(axis=0))
        return float(steps[-1] + 1) / self._per_year if steps.size else 0.0
