"""Regimes, events and fundings of a chunk of paths: on each path its next change is made, round after round."""

from typing import NamedTuple

import numpy as np

_SOONEST_DAY = 0.5 / 366.0  # a state ends at a day's start; half a day off, rounding up cannot miss that day


class World(NamedTuple):
    """What the clock leaves."""

    step_means: np.ndarray
    """``(step_mean, step, path)``"""
    state: np.ndarray
    """``(regime, path)``: at the horizon."""
    outcome: np.ndarray
    """``(event, path)``; -1 where it has not taken place."""
    occupancy: np.ndarray
    """``(state, step)``: sums over the chunk."""
    size: np.ndarray
    """``(project, path)``: of what was noticed; 0 = none. So with the next four."""
    planned: np.ndarray
    funded: np.ndarray
    stopped: np.ndarray
    declined: np.ndarray
    committed: np.ndarray
    """``(path,)``"""


class ClockTables:
    """What of a plan the clock reads, laid out for look-ups by state, passage and day."""

    def __init__(self, engine):
        plan, pool, g = engine.plan, engine.pool, engine.g
        states, steps = plan.states, engine.steps
        self.days = engine.curve(g["days"], steps + 1)
        day = np.arange(int(self.days[-1]) + 1)
        step = np.minimum(np.searchsorted(self.days, day, side="right") - 1, steps - 1)
        share = (day - self.days[step]) / (self.days[step + 1] - self.days[step])
        self.time = np.append((step + share) / engine.per_year, np.inf)  # of each day's start; the last is beyond all
        self.time[day[-1]] = np.inf
        width = max(int(states["n_targets"].max()), 1)
        self.target, self.rate = np.zeros((width, states.size), np.int64), np.zeros((width, states.size))
        self.passage = np.minimum(states["hazard"] + np.arange(width)[:, None], int(g["hazards"]) - 1)
        for q, state in enumerate(states):
            pairs = pool[int(state["targets"]) :][: 2 * state["n_targets"]].reshape(-1, 2)
            self.target[: len(pairs), q], self.rate[: len(pairs), q] = pairs.T
        self.value = np.zeros((int(g["step_means"]), states.size))
        for q, state in enumerate(states):
            for step_mean, value in engine.listed(state["step_means"], 2):
                self.value[int(step_mean), q] = value
        offsets = pool[int(g["products"]) :][: 2 * int(g["n_products"])].reshape(-1, 2).astype(int)
        self.products = [(step_mean, *self._factors(plan, pool[at : at + states.size])) for step_mean, at in offsets]
        order = np.argsort(plan.events["time"], kind="stable")
        self.events = [int(e) for e in order if plan.events["day"][e] >= 0]
        self.event_time = np.append(plan.events["time"][self.events], np.inf)

    @staticmethod
    def _factors(plan, factor):
        """Regimes that a product of states depends on, and what each state contributes."""
        moves = [np.ptp(factor[plan.states["regime"] == i]) > 0.0 for i in range(plan.regimes.size)]
        return np.array(moves), factor

    def time_of(self, day):
        """Times of days' starts; infinite beyond the horizon."""
        return self.time[np.minimum(day, self.time.size - 1)]


class Clock:
    """Runs a chunk."""

    def __init__(self, engine, draws):
        plan, self.n = engine.plan, draws.n
        self.engine, self.plan, self.pool, self.g, self.draws, self.known = (
            engine, plan, engine.pool, engine.g, draws, engine.world,
        )  # fmt: skip
        n, regimes = self.n, plan.regimes
        self.horizon, self.per_year = engine.steps / engine.per_year, engine.per_year
        self.outcome = np.full((plan.events.size, n), -1)
        self.scale = np.ones((max(int(self.g["hazards"]), 1), n))
        # when the next event, the end of each regime's state, the next funding and each regime's next hazard are due,
        # in the order in which ties are decided; flat views serve indices regime * n + path
        self.due = np.full((2 + 2 * regimes.size, n), np.inf)
        self.expires, self.hazard = self.due[1 : 1 + regimes.size].reshape(-1), self.due[2 + regimes.size :].reshape(-1)
        self.moves, self.changes = [], []
        self._begin_regimes()
        self._begin_events()
        self._begin_deals()

    def _begin_regimes(self):
        n, regimes, states = self.n, self.plan.regimes, self.plan.states
        paths = np.tile(np.arange(n), regimes.size)
        self.state = np.repeat(regimes["initial"], n)
        self.threshold = self.draws.exponentials(np.repeat(regimes["hold_stream"], n), 0, paths)
        self.jumps, self.expiries = np.zeros(regimes.size * n, np.int64), np.zeros(regimes.size * n, np.int64)
        self.since = np.zeros(regimes.size * n)
        for i, regime in enumerate(regimes):
            days = states["expiry_days"][regime["initial"]]
            if days >= 0:
                self.expires[i * n : (i + 1) * n] = self.known.time_of(regime["since"] + days)
        self.intensity = self._intensity(self.state, paths)
        self.worth = []
        for step_mean, _, factor in self.known.products:
            worth = factor[regimes["initial"]].prod()
            self.worth.append(np.full(n, worth))
            self.changes.append((step_mean, np.arange(n), 0.0, worth))

    def _begin_events(self):
        n, events = self.n, self.plan.events
        for e in np.flatnonzero(events["day"] < 0):
            self._happen(e, np.arange(n))
        self._set_hazards(np.arange(self.state.size))
        self.next_event = np.zeros(n, np.int64)
        self.due[0] = self.known.event_time[0]

    def _begin_deals(self):
        """Give the notices, all of which come before the first change; fundings are due so many days later."""
        n, g, projects = self.n, self.g, self.plan.projects
        shape = (projects.size, n)
        self.size, self.lot, self.decisions = np.ones(shape), np.empty(shape), np.zeros(shape[0] * n, np.int64)
        self.planned, self.deal_time = np.full(shape, np.inf), np.full(shape, np.inf)
        self.funded, self.stopped, self.declined = np.full(shape, np.inf), np.full(shape, np.inf), np.zeros(shape)
        self.deal_day, self.committed = np.zeros(shape, np.int64), np.zeros(n)
        for s in np.argsort(projects["notice"], kind="stable"):
            self._give_notice(s, projects[s])
            if g["decision_first"] >= 0:
                self.lot[s] = self.draws.uniform(projects[s]["funding_stream"])
        self.pairs = self.pool[int(g["decisions"]) :].reshape(-1)[: 2 * self.plan.states.size].reshape(-1, 2)
        self._set_deals(slice(None))

    def _give_notice(self, s, p):
        """Cut a budget to what is left of the ceiling; without go-ahead or after the deadline there is none."""
        g, size = self.g, np.ones(self.n)
        if p["size_law"] >= 0:
            size = self.engine.laws["size", s](self.draws.score(p["size_stream"])) * p["size_scale"]
        if p["go_ahead"] < 1.0:
            size = size * (self.draws.uniform(p["go_ahead_stream"]) < p["go_ahead"])
        if p["notice"] > g["deadline"]:
            size = np.zeros(self.n)
        budget = p["budget"] * size
        left = g["commitment"] - self.committed
        fits = np.where(budget <= left * (1.0 + 1e-12), budget, np.where(left > 1e-12 * budget, left, 0.0))
        self.size[s] = np.where(fits < budget, fits / p["budget"], size)
        self.committed += fits
        slip = np.zeros(self.n, np.int64)
        if g["slip_law"] >= 0:
            slip = np.ceil(self.engine.laws["slip"](self.draws.score(p["slip_stream"]))).astype(np.int64)
        noticed = fits > 0.0
        self.planned[s, noticed] = self.known.time_of(self._due_day(p["notice"], 0))
        self.deal_day[s] = self._due_day(p["notice"], slip)
        self.deal_time[s] = np.where(noticed, self.known.time_of(self.deal_day[s]), np.inf)

    def _due_day(self, notice, slip):
        """Day so many business days after a notice."""
        g, lag = self.g, int(self.g["lag"]) + slip
        number = int(self.pool[g["business"] + notice - g["first_day"]])
        due = self.pool[g["open_days"] + number + lag - 1].astype(np.int64)
        return np.where(lag > 0, due, notice)

    def _set_deals(self, paths):
        """When a path's next funding is due."""
        self.due[1 + self.plan.regimes.size, paths] = self.deal_time[:, paths].min(axis=0)

    def _day_of(self, time):
        """First days that do not begin before the times."""
        position = time * self.per_year
        step = np.minimum(position.astype(np.int64), self.engine.steps - 1)
        first, last = self.known.days[step], self.known.days[step + 1]
        return (first + np.ceil((position - step) * (last - first))).astype(np.int64)

    def _intensity(self, state, paths):
        """Yearly intensity of leaving each path's state, as events have scaled it."""
        total = 0.0
        for rate, passage in zip(self.known.rate, self.known.passage, strict=True):
            total = total + rate[state] * self.scale[passage[state], paths]
        return total

    def _set_hazards(self, at):
        """When what is left of the thresholds will be used up."""
        intensity, left = self.intensity[at], np.maximum(self.threshold[at], 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.hazard[at] = np.where(intensity > 0.0, self.since[at] + left / intensity, np.inf)

    def _elapse(self, at, time):
        """Use up thresholds until now."""
        self.threshold[at] -= self.intensity[at] * (time - self.since[at])
        self.since[at] = time

    def _enter(self, regime, paths, target, time, day):
        """Move regimes of some paths into new states; a move to the state that it is in changes nothing."""
        at = regime * self.n + paths
        before = self.state[at]
        moves = before != target
        if not moves.all():
            at, paths, before, target, time, day = (a[moves] for a in (at, paths, before, target, time, day))
        self.state[at] = target
        self._elapse(at, time)
        self.intensity[at] = self._intensity(target, paths)
        self._set_hazards(at)
        days = self.plan.states["expiry_days"][target]
        self.expires[at] = np.where(days >= 0, self.known.time_of(day + days), np.inf)
        self.moves.append((paths, before, target, time))
        stops = self.plan.states["stops_calls"][target] == 1
        if stops.any():
            self._stop_calls(paths[stops], time[stops])

    def _stop_calls(self, paths, time):
        """Cancel what is funded; what is complete by then stays."""
        funded, stopped = self.funded[:, paths], self.stopped[:, paths]
        self.stopped[:, paths] = np.where(funded <= time, np.minimum(stopped, time), stopped)

    def _follow(self, paths, time, regime=None):
        """Note what products of states are worth now, where they have changed."""
        state = self.state.reshape(-1, self.n)
        for (step_mean, of, factor), worth in zip(self.known.products, self.worth, strict=True):
            here, now = (paths, time) if regime is None else (paths[of[regime]], time[of[regime]])
            value = 1.0
            for i in np.flatnonzero(of):
                value = value * factor[state[i, here]]
            change = value - worth[here]
            changed = np.flatnonzero(change)
            if changed.size:
                worth[here] = value
                self.changes.append((step_mean, here[changed], now[changed], change[changed]))

    def _jump(self, regime, paths, time):
        """Thresholds are used up: jump in proportion to the intensities, and draw new thresholds."""
        at, regimes = regime * self.n + paths, self.plan.regimes
        q, streams = self.state[at], regimes["to_stream"][regime]
        level = self.draws.uniforms(streams, self.jumps[at], paths) * self.intensity[at]
        self.jumps[at] += 1
        total, place = 0.0, 0
        for rate, passage in zip(self.known.rate, self.known.passage, strict=True):
            total = total + rate[q] * self.scale[passage[q], paths]
            place = place + (total <= level)
        target = self.known.target[np.minimum(place, self.plan.states["n_targets"][q] - 1), q]
        self.threshold[at] = self.draws.exponentials(regimes["hold_stream"][regime], self.jumps[at], paths)
        self.since[at] = time
        self._enter(regime, paths, target, time, self._day_of(time))
        self._follow(paths, time, regime)

    def _expire(self, regime, paths, time):
        """States have come to their last day: draw what follows."""
        at, states = regime * self.n + paths, self.plan.states
        level = self.draws.uniforms(self.plan.regimes["clock_stream"][regime], self.expiries[at], paths)
        self.expiries[at] += 1
        q, target = self.state[at], np.empty(paths.size, np.int64)
        for state in np.unique(q):
            here, count = q == state, states["n_successors"][state]
            pairs = self.pool[states["successors"][state] :][: 2 * count].reshape(count, 2)
            place = np.searchsorted(pairs[:, 1], level[here], side="right")
            target[here] = pairs[np.minimum(place, count - 1), 0]
        self._enter(regime, paths, target, time, self._day_of(time - _SOONEST_DAY))
        self._follow(paths, time, regime)

    def _decide(self, paths, time):
        """Fundings are due: paid, put off or declined by the state of the deal."""
        g, n, projects = self.g, self.n, self.plan.projects
        s = self.deal_time[:, paths].argmin(axis=0)
        at, state = s * n + paths, self.state.reshape(-1, n)[:, paths]
        declined = delayed = np.zeros(paths.size, bool)
        if g["decision_first"] >= 0:
            u, again = self.lot.reshape(-1)[at], np.flatnonzero(self.decisions[at])
            if again.size:
                streams = projects["funding_stream"][s[again]]
                u[again] = self.draws.uniforms(streams, self.decisions[at[again]], paths[again])
            self.decisions[at] += 1
            fund, either = self.pairs[state[g["decision_regime"]] - g["decision_first"]].T
            declined = u >= either
            delayed = (u >= fund) & ~declined
        stopped = (self.plan.states["stops_calls"][state] == 1).any(axis=0)
        paid = ~declined & ~delayed
        self.stopped.reshape(-1)[at[paid & stopped]] = time[paid & stopped]
        self.funded.reshape(-1)[at[paid & ~stopped]] = time[paid & ~stopped]
        self.declined.reshape(-1)[at[declined]] = 1.0
        deal_time, deal_day = self.deal_time.reshape(-1), self.deal_day.reshape(-1)
        day = deal_day[at]
        deal_day[at[delayed]] += g["delay_days"]
        deal_time[at] = np.where(delayed, self.known.time_of(deal_day[at]), np.inf)
        if declined.any():
            self._decline(s[declined], paths[declined], time[declined], day[declined])
        self._set_deals(paths)

    def _decline(self, s, paths, time, day):
        """What is declined is given back, and may move regimes."""
        projects, row = self.plan.projects, int(self.g["triggers"])
        self.committed[paths] -= projects["budget"][s] * self.size[s, paths]
        for i in range(self.g["n_triggers"]):
            size, probability, within, count = self.pool[row : row + 4]
            factors = self.pool[int(within) : int(within) + self.plan.states.size]
            pulled = factors[self.state.reshape(-1, self.n)[:, paths]].all(axis=0)
            pulled &= self.draws.uniforms(projects["trigger_stream"][s], i, paths) < probability
            here, now, today = paths[pulled], time[pulled], day[pulled]
            for q in self.pool[row + 4 : row + 4 + int(count)].astype(int):
                self._enter(self.plan.states["regime"][q], here, np.full(here.size, q), now, today)
            row += int(size)
        self._follow(paths, time)

    def _outcomes(self, e, paths):
        """Outcomes of an event: the one that is known, else by the first rule that holds."""
        event = self.plan.events[e]
        if event["outcome"] >= 0:
            return np.full(paths.size, event["outcome"])
        u, unruled = self.draws.uniforms(event["stream"], 0, paths), np.ones(paths.size, bool)
        outcome, rule, state = np.zeros(paths.size, np.int64), int(event["rules"]), self.state.reshape(-1, self.n)
        while unruled.any():
            holds, at = unruled.copy(), rule + 1
            for known in (state, self.outcome):
                for _ in range(int(self.pool[at])):
                    holds &= known[int(self.pool[at + 1]), paths] == int(self.pool[at + 2])
                    at += 2
                at += 1
            sums = self.pool[at : at + event["n_outcomes"] - 1]
            outcome[holds] = np.searchsorted(sums, u[holds], side="right")
            unruled &= ~holds
            rule += int(self.pool[rule])
        return outcome

    def _happen(self, e, paths):
        """An event takes place on some paths; of past ones what they scaled and shifted is left."""
        event = self.plan.events[e]
        self.outcome[e, paths] = outcome = self._outcomes(e, paths)
        at = int(event["effects"])
        for o in range(event["n_outcomes"]):
            here, effect, lists = paths[outcome == o], at + 1, []
            for width in (1, 2, 2, 3):
                lists.append(self.engine.listed(effect, width))
                effect += 1 + lists[-1].size
            moves, scales, _, shifts = lists
            if event["day"] >= 0:
                self._move(moves[:, 0].astype(np.int64), event, here)
            self._scale(scales, float(event["time"]), here)
            self._shift(shifts, float(event["time"]), here)
            at += int(self.pool[at])

    def _move(self, targets, event, paths):
        """Move regimes on an event's day."""
        time, day = np.full(paths.size, event["time"]), np.full(paths.size, event["day"])
        for q in targets:
            self._enter(self.plan.states["regime"][q], paths, np.full(paths.size, q), time, day)
        if targets.size:
            self._follow(paths, time)

    def _scale(self, scales, time, paths):
        """Scale hazards for ever."""
        states, n = self.plan.states, self.n
        for passage, factor in scales:
            h = int(passage)
            self.scale[h, paths] *= factor
            owner = int(np.flatnonzero((states["hazard"] <= h) & (states["n_targets"] > 0))[-1])
            at = states["regime"][owner] * n + paths
            self._elapse(at, max(time, 0.0))
            self.intensity[at] = self._intensity(self.state[at], paths)
            self._set_hazards(at)

    def _shift(self, shifts, time, paths):
        """Shift factors for some years."""
        for step_mean, value, years in shifts:
            end = min(time + years, self.horizon)
            if end > 0.0:
                self.changes += [(int(step_mean), paths, max(time, 0.0), value), (int(step_mean), paths, end, -value)]

    def run(self) -> World:
        """Run all paths to the horizon."""
        paths, regimes = np.arange(self.n), self.plan.regimes.size
        while True:
            due = self.due.take(paths, axis=1)
            time = due.min(axis=0)
            goes_on = time < self.horizon
            if not goes_on.all():
                paths, due, time = paths[goes_on], due[:, goes_on], time[goes_on]
            if not paths.size:
                break
            kind = due.argmin(axis=0)
            for turn, low, high in (
                (self._take_events, 0, 0),
                (self._expire, 1, regimes),
                (self._decide, 1 + regimes, 1 + regimes),
                (self._jump, 2 + regimes, 1 + 2 * regimes),
            ):
                here = np.flatnonzero((kind >= low) & (kind <= high))
                if here.size and low == high:
                    turn(paths[here], time[here])
                elif here.size:
                    turn(kind[here] - low, paths[here], time[here])
        return self._world()

    def _take_events(self, paths, time):
        """The next event of each path takes place."""
        number = self.next_event[paths]
        for k in np.unique(number):
            self._happen(self.known.events[k], paths[number == k])
        self.next_event[paths] += 1
        self.due[0, paths] = self.known.event_time[number + 1]

    def _world(self):
        """Sum up what has changed."""
        steps, states, n = self.engine.steps, self.plan.states, self.n
        paths, before, after, time = (np.concatenate(parts) for parts in zip(*self.moves, strict=True))
        position = time * self.per_year
        step = np.minimum(position.astype(np.int64), steps - 1)
        rest = step + 1.0 - position
        step_means = self.engine.buffer("step_means", (len(self.known.value), steps + 1, n))
        step_means[:] = 0.0
        for step_mean, value in enumerate(self.known.value):
            step_means[step_mean, 0] += value[self.plan.regimes["initial"]].sum()
            self._book(step_means[step_mean].reshape(-1), paths, step, rest, value[after] - value[before])
        for step_mean, here, now, change in self.changes:
            at = np.broadcast_to(now * self.per_year, here.shape)
            first = np.minimum(at.astype(np.int64), steps - 1)
            self._book(
                step_means[step_mean].reshape(-1), here, first, first + 1.0 - at, np.broadcast_to(change, here.shape)
            )
        for t in range(steps - 1):
            step_means[:, t + 1] += step_means[:, t]
        width = steps + 2
        cells = np.concatenate([q * width + step + i for q in (after, before) for i in (0, 1)])
        shares = np.concatenate([rest, 1.0 - rest, -rest, rest - 1.0])
        occupancy = np.bincount(cells, shares, states.size * width).reshape(-1, width)
        occupancy[self.plan.regimes["initial"], 0] += n
        return World(
            step_means[:, :steps], self.state.reshape(-1, n), self.outcome, np.cumsum(occupancy, axis=1)[:, :steps],
            self.size, self.planned, self.funded, self.stopped, self.declined, self.committed,
        )  # fmt: skip

    def _book(self, step_mean, paths, step, rest, change):
        """Changes of a step mean, as changes between steps."""
        some = np.flatnonzero(change)
        cell, change, rest = step[some] * self.n + paths[some], change[some], rest[some]
        np.add.at(step_mean, cell, change * rest)
        np.add.at(step_mean, cell + self.n, change * (1.0 - rest))
