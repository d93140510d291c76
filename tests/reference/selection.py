"""Selection and funding (section 5): go-ahead, notices, decisions, pipelines."""

import datetime as dt
import math
from collections.abc import Mapping

import numpy as np

from reference.basics import given
from reference.dates import as_date, due_date
from reference.events import whole_day_margin
from reference.world import ARRIVAL, FUNDING, NOTICE, Deal, Inflow, Venture


class PathSelection:
    """Selection and funding on one path: what the event loop, `ClockPath`, does at notices, decisions and arrivals.

    The loop has the study, the clock, the draws, the states of the regimes and the time that it is.
    """

    def open_selection(self) -> None:
        """Let announced projects wait for their notices, and pipelines for their first arrivals."""
        self.funding = given(given(self.study, "agreement", {}), "funding", {})
        self.decision, self.annual_cap = given(self.funding, "decision"), given(self.funding, "annual_cap")
        self.pipelines = given(self.study, "pipelines", {})
        deadline = given(self.funding, "deadline")
        self.deadline = dt.date.max if deadline is None else as_date(deadline)
        ceilings = [math.inf if given(self.funding, "commitment") is None else float(self.funding["commitment"])]
        if given(self.funding, "take_up") is not None:
            ceilings.append(self.value("agreement.funding.take_up", self.funding["take_up"], "scheme/take_up"))
        self.ceiling = self.left = min(ceilings)
        self.committed, self.noticed_in = 0.0, {}
        self.counts = {"declined": 0, "delayed": 0}
        stops = any(given(s, "stops_calls", False) for regime in self.spec.values() for s in regime["states"].values())
        self.selective = self.decision is not None or bool(self.pipelines) or stops
        self.inflows = {name: Inflow(self.new_gap(name, 0)) for name in self.pipelines}
        self.by_name = {venture.name: venture for venture in self.ventures}
        self.deals = {venture.name: Deal() for venture in self.ventures}
        for venture in self.ventures:
            if venture.pipeline is None:
                self.announce(venture)

    def announce(self, venture: Venture) -> None:
        """Let an announced project wait for its notice, if it is to get one."""
        project, deal = venture.project, self.deals[venture.name]
        clause, deal.wanted = given(project, "go_ahead"), float(project["budget"])
        if clause is not None:
            u = self.uniform(f"project/{venture.name}/go_ahead", 0)
            self.keep("go_ahead", abs(u - clause["probability"]))
            law = given(clause, "size_share", 1.0)
            share = self.value(f"{venture.key}.go_ahead.size_share", law, f"project/{venture.name}/size")
            deal.wanted *= share
            if not (u < clause["probability"] and deal.wanted > 0):
                self.leave(venture, 0.0, "no_go_ahead")
                return
        self.wait_for_notice(venture, as_date(project["notice_date"]))

    def leave(self, venture: Venture, time: float, why: str) -> None:
        """Let a venture be out for good."""
        self.deals[venture.name].out = True
        self.notes.append((time, why, venture.name))

    def wait_for_notice(self, venture: Venture, date: dt.date) -> None:
        """Let a venture wait for a notice on a date; those before the value date are taken at its start."""
        time = max(0.0, self.clock.time_of(date))
        self.dates[NOTICE, venture.name] = date
        self.pending.append((time, NOTICE, (date.toordinal(), venture.rank), venture.name))

    def stops_calls(self, regime: str) -> bool:
        """Return whether a regime's present state stops calls."""
        return bool(given(self.spec[regime]["states"][self.regimes[regime].state], "stops_calls", False))

    def new_gap(self, pipeline: str, slot: int) -> float:
        """Return the unit exponential spacing before a slot's arrival."""
        return -math.log1p(-self.uniform(f"pipeline/{pipeline}/gap", slot))

    def arrival_intensity(self, name: str) -> float:
        """Return a pipeline's yearly intensity as things stand."""
        rate = self.pipelines[name]["arrivals_per_year"] * self.inflows[name].scale
        for regime, present in self.regimes.items():
            rate *= given(self.spec[regime]["states"][present.state], "arrival_multiplier", 1.0)
        return rate

    def arrival_candidates(self) -> list[tuple]:
        """Return each pipeline's next arrival as things stand."""
        found = []
        for order, (name, inflow) in enumerate(self.inflows.items()):
            rate = self.arrival_intensity(name)
            if rate > 0 and inflow.slot < self.pipelines[name]["max_count"] and not inflow.closed:
                found.append((self.now + max(inflow.threshold, 0.0) / rate, ARRIVAL, order, name))
        return found

    def arrive(self, name: str) -> None:
        """Let a pipeline's next slot arrive: its notice is judged now, for the day to which the time rounds up."""
        inflow, clause = self.inflows[name], self.pipelines[name]
        venture = self.by_name[f"{name}/{inflow.slot}"]
        date, margin = self.clock.date_of(self.now)
        self.keep("date", margin)
        inflow.slot += 1
        if inflow.slot < clause["max_count"]:
            inflow.threshold = self.new_gap(name, inflow.slot)
        if date > self.deadline:
            inflow.closed = True
            self.leave(venture, self.now, "too_late")
            return
        deal = self.deals[venture.name]
        deal.wanted = self.value(f"pipelines.{name}.size", clause["size"], f"project/{venture.name}/size")
        if not deal.wanted > 0:
            self.leave(venture, self.now, "dropped")
            return
        self.dates[NOTICE, venture.name] = date
        self.give_notice(venture, self.now)

    def give_notice(self, venture: Venture, time: float) -> None:
        """Give a notice, whole or cut, if the year's cap, the deadline and the ceiling let it."""
        deal, date = self.deals[venture.name], self.dates[NOTICE, venture.name]
        if date > self.deadline:
            self.leave(venture, time, "too_late")
            return
        budget, used = deal.wanted, self.noticed_in.get(date.year)
        if self.annual_cap is not None and used is not None:  # the first notice of a year always fits
            over = used + budget - self.annual_cap * (1 + 1e-12)
            self.keep("annual", abs(over) / self.annual_cap)
            if over > 0:
                self.notes.append((time, "waits", venture.name))
                self.wait_for_notice(venture, dt.date(date.year + 1, 1, 1))
                return
        if 0 < self.ceiling < math.inf and self.left != 0:
            self.keep("ceiling", abs(budget - self.left * (1 + 1e-12)) / self.ceiling)
        if budget > self.left * (1 + 1e-12):
            wanted, budget = budget, self.left
            self.notes.append((time, "cut", venture.name))
            least = 0.0
            if venture.pipeline is not None:
                least = float(given(self.pipelines[venture.pipeline], "min_size", 0.0))
            if least > 0 and budget != 0:
                self.keep("ceiling", abs(budget * (1 + 1e-12) - least) / least)
            if budget != 0:
                self.keep("ceiling", abs(budget / wanted - 1e-12))
            if budget * (1 + 1e-12) < least or budget <= 1e-12 * wanted:
                self.leave(venture, time, "dropped")
                return
        deal.noticed, deal.budget = True, budget
        self.committed += budget
        self.left = max(self.left - budget, 0.0)
        self.noticed_in[date.year] = self.noticed_in.get(date.year, 0.0) + budget
        self.notes.append((time, "notice", venture.name))
        self.await_funding(venture, date)

    def await_funding(self, venture: Venture, notice: dt.date) -> None:
        """Let a noticed venture wait for its due date."""
        deal, lag = self.deals[venture.name], self.funding["lag_business_days"]
        countries, slip = given(self.funding, "holidays", []), 0
        planned = due_date(notice, lag, countries)
        if planned < self.clock.value_date:
            raise ValueError(f"project {venture.name}: funding was due on {planned}, before the value date")
        if given(self.funding, "slip") is not None:
            law = self.funding["slip"]
            days = self.value("agreement.funding.slip", law, f"project/{venture.name}/slip")
            self.keep("days", float(whole_day_margin(law, np.array(days))))
            beyond = (self.clock.step_start(self.clock.steps + 1) - notice).days  # later than the horizon anyway
            slip = math.ceil(min(max(days, 0.0), float(max(beyond, 0))))
        deal.plan_due, deal.first_due = self.clock.time_of(planned), due_date(notice, lag + slip, countries)
        self.wait_for_decision(venture, deal.first_due)

    def wait_for_decision(self, venture: Venture, date: dt.date) -> None:
        """Let a venture wait for a decision on a date."""
        deal = self.deals[venture.name]
        self.dates[FUNDING, venture.name], deal.due = date, self.clock.time_of(date)
        self.pending.append((deal.due, FUNDING, venture.rank, venture.name))

    def decide(self, venture: Venture, time: float) -> None:
        """Decide on a due funding: pay, come back later, talk, or decline."""
        deal, date = self.deals[venture.name], self.dates[FUNDING, venture.name]
        if deal.stop <= time:  # an outcome has cancelled it
            return
        if deal.talking:
            self.conclude(venture, time, date)
            return
        if self.decision is not None:
            state = self.regimes[self.decision["regime"]].state
            table = self.decision["by_state"][state]
            fund, delay = given(table, "fund", 0.0), given(table, "delay", 0.0)
            u = self.uniform(f"project/{venture.name}/funding", deal.decisions)
            self.keep("funding", min(abs(u - fund), abs(u - (fund + delay))))
            deal.decisions += 1
            if fund <= u < fund + delay:
                self.postpone(venture, time, date)
                return
            if u >= fund + delay:
                (self.decline if given(self.decision, "consult") is None else self.talk)(venture, time, date)
                return
        self.pay(venture, time)

    def pay(self, venture: Venture, time: float) -> None:
        """Pay a funding, unless a state stops calls."""
        deal = self.deals[venture.name]
        if any(self.stops_calls(regime) for regime in self.regimes):
            deal.stop = time
            self.notes.append((time, "stopped", venture.name))
            return
        deal.funded = True
        self.notes.append((time, "funded", venture.name))

    def postpone(self, venture: Venture, time: float, date: dt.date) -> None:
        """Put a funding off; the first delay that makes it late may move regimes."""
        deal, late = self.deals[venture.name], given(self.decision, "late")
        self.notes.append((time, "delayed", venture.name))
        self.advance(time)
        self.counts["delayed"] += 1
        until = date + dt.timedelta(days=self.decision["delay_days"])
        if late is not None and not deal.late and (until - deal.first_due).days > late["after_days"]:
            deal.late = True
            self.notes.append((time, "late", venture.name))
            self.pull(venture, date, len(given(self.decision, "triggers", [])), late, "late")
        self.wait_for_decision(venture, until)

    def talk(self, venture: Venture, time: float, date: dt.date) -> None:
        """Talk in the place of a decline, for so many days."""
        law = self.decision["consult"]["days"]
        days = self.value("agreement.funding.decision.consult.days", law, f"project/{venture.name}/consult_days")
        self.keep("days", float(whole_day_margin(law, np.array(days))))
        beyond = (self.clock.step_start(self.clock.steps + 1) - date).days  # later than the horizon anyway
        self.deals[venture.name].talking = True
        self.notes.append((time, "talks", venture.name))
        self.wait_for_decision(venture, date + dt.timedelta(days=math.ceil(min(days, float(beyond)))))

    def conclude(self, venture: Venture, time: float, date: dt.date) -> None:
        """End the talks: pay as it stands or with changes, or decline after all."""
        deal, clause = self.deals[venture.name], self.decision["consult"]
        fund, new = (given(clause["outcomes"], key, 0.0) for key in ("fund", "renegotiate"))
        u = self.uniform(f"project/{venture.name}/consult", 0)
        self.keep("consult", min(abs(u - fund), abs(u - (fund + new))))
        if u >= fund + new:
            self.decline(venture, time, date)
            return
        self.pay(venture, time)
        if u >= fund and deal.funded:
            self.change(deal, given(clause, "changes", {}))
            self.notes.append((time, "renegotiated", venture.name))

    def change(self, deal: Deal, changes: Mapping) -> None:
        """Change what was agreed: what is not paid any more is given back."""
        given_back = deal.budget * (1 - given(changes, "size", 1.0))
        deal.budget -= given_back
        self.committed -= given_back
        self.left += given_back
        deal.more_spread = given(changes, "spread", 0.0)

    def pull(self, venture: Venture, date: dt.date, number: int, row: Mapping, cause: str) -> None:
        """Let a trigger move regimes, if it finds them in its states and is drawn; `number` is that of its draw."""
        if any(self.regimes[regime].state not in states for regime, states in given(row, "while", {}).items()):
            return
        u, probability = self.uniform(f"project/{venture.name}/trigger", number), given(row, "probability", 1.0)
        self.keep("trigger", abs(u - probability))
        if u < probability:
            self.notes.append((self.now, "trigger", venture.name))
            for regime, state in row["moves"].items():
                self.move(regime, state, f"{cause}:{venture.name}", date)

    def decline(self, venture: Venture, time: float, date: dt.date) -> None:
        """Decline a funding: the budget is given back, and each row of the trigger table may move regimes."""
        deal = self.deals[venture.name]
        deal.declined = True
        self.leave(venture, time, "declined")
        self.committed -= deal.budget
        self.left += deal.budget
        self.advance(time)
        self.counts["declined"] += 1
        for i, row in enumerate(given(self.decision, "triggers", [])):
            self.pull(venture, date, i, row, "decline")
