"""The main study as a careful NumPy user would write it: the yardstick of the side-by-side benchmark.

It takes the same compiled plan as the kernel and yields the same quantities and timeline sums, from draws of its own
(SFC64, NumPy's ziggurat and chi-square). All work is vectorised over a chunk of paths; buffers are used again where
that was seen to pay; what no path of a chunk needs at a step is left out, as in the kernel. It knows the clauses that
the main study uses and refuses others.

Arrays are ``(path,)``, ``(factor, path)`` or ``(step, path)``. Money is in the study's unit.
"""

from typing import NamedTuple

import numpy as np
from scipy import special

from spvrisk.plan.arrays import SPLIT_PERIODIC, Plan
from spvrisk.plan.names import QUANTITIES, TIMELINE

_CELLS = 1 << 14


class Table:
    """Equidistant linear interpolation by direct indexing: half the time of `np.interp`, which has to search."""

    def __init__(self, low, high, values):
        self.low, self.per_unit, self.last = low, (len(values) - 1) / (high - low), len(values) - 2
        self.value, self.rise = values, np.diff(values, append=values[-1])

    def __call__(self, x):
        position = (x - self.low) * self.per_unit
        np.clip(position, 0.0, self.last + 1.0, out=position)
        cell = position.astype(np.int32)
        position -= cell
        position *= self.rise.take(cell)
        position += self.value.take(cell)
        return position


def plan_table(pool, address, low, high):
    """A law or curve of the plan, read off at equidistant points."""
    x = np.linspace(low, high, _CELLS + 1)
    count, location, scale = int(pool[address]), pool[address + 1], pool[address + 2]
    segments = pool[address + 3 : address + 3 + 4 * count].reshape(count, 4)
    out = np.empty_like(x)
    for number, (lower, per_unit, last, cubics) in enumerate(segments):
        here = x >= lower if number else np.ones_like(x, bool)
        position = (x[here] - lower) * per_unit
        cell = np.clip(np.floor(position), 0, last)
        s = np.clip(position - cell, 0.0, 1.0)
        c = pool[(int(cubics) + 4 * cell.astype(int))[:, None] + np.arange(4)].T
        out[here] = location + scale * (c[0] + s * (c[1] + s * (c[2] + s * c[3])))
    return Table(low, high, out)


def basket_of(pool, address):
    """Factors and weights of a cost or price index; None for the index 1."""
    if address < 0:
        return None
    pairs = pool[address + 1 : address + 1 + 2 * int(pool[address])].reshape(-1, 2)
    return [(int(k), weight) for k, weight in pairs]


def index_of(basket, x):
    """Weighted sum of a step's factors ``(factor, path)``."""
    if basket is None:
        return 1.0
    (k, weight), *others = basket
    out = x[k] if weight == 1.0 else weight * x[k]
    for k, weight in others:
        out = out + weight * x[k]
    return out


class Result(NamedTuple):
    """What one chunk leaves."""

    series: dict[tuple[str, str], np.ndarray]
    timeline: np.ndarray
    """``(project, row, step)``: sums over the chunk."""
    occupancy: np.ndarray
    """``(state, step)``: sums over the chunk."""


class Flows(NamedTuple):
    """A project's part in the portfolio."""

    calls: np.ndarray
    receipts: np.ndarray
    received: np.ndarray
    overdue: np.ndarray


class NumpyEngine:
    """A compiled study, ready to be run in chunks."""

    def __init__(self, plan: Plan, labels) -> None:
        g, pool = plan.study[0], plan.constants
        bounded = plan.projects["n_phases"].max() > 1 or plan.jumps.size
        if bounded or g["mode"] != SPLIT_PERIODIC or g["interest_before_completion"] or g["carry_bears_interest"]:
            raise ValueError("this yardstick knows the clauses of the main study only")
        self.plan, self.labels, self.pool, self.g = plan, labels, pool, g
        self.steps, self.dt = int(g["steps"]), float(g["dt"])
        self.buffers: dict[str, np.ndarray] = {}
        n = plan.rows.size
        self.cholesky = pool[g["cholesky"] : g["cholesky"] + n * n].reshape(n, n).copy()
        self.nu = float(g["tail_nu"])
        if self.nu:
            y = np.linspace(-60.0, 60.0, 4 * _CELLS + 1)
            lower = -np.abs(y)
            self.tail = Table(-60.0, 60.0, np.sign(y) * -special.ndtri(special.stdtr(self.nu, lower)))
        names = ("overrun_law", "duration_law", "availability_law", "price_law", "share_law")
        self.tables = [
            {name: plan_table(pool, int(p[name]), -7.0, 7.0) for name in names if p[name] >= 0}
            | {"spend_curve": plan_table(pool, int(p["spend_curve"]), 0.0, 1.0)}
            for p in plan.projects
        ]
        self.baskets = [
            {name: basket_of(pool, int(p[name])) for name in plan.projects.dtype.names if name.endswith("_basket")}
            for p in plan.projects
        ]

    def buffer(self, name, shape):
        """An array that is used again by every chunk of one size: fresh large ones cost a page fault per 512 values."""
        if self.buffers.get(name) is None or self.buffers[name].shape != shape:
            self.buffers[name] = np.empty(shape)
        return self.buffers[name]

    def zeros(self, name, n):
        """A buffer ``(step, path)`` of zeros."""
        out = self.buffer(name, (self.steps, n))
        out[:] = 0.0
        return out

    def curve(self, address, size=None):
        """A curve over the steps."""
        return self.pool[int(address) : int(address) + (size or self.steps)]

    def listed(self, address, width):
        """A list of the pool: its length, then rows of so many numbers."""
        start, count = int(address) + 1, int(self.pool[int(address)])
        return self.pool[start : start + count * width].reshape(count, width)

    def run(self, n: int, rng: np.random.Generator) -> Result:
        """Simulate `n` paths."""
        projects = self.plan.projects
        attributes, states, outcomes, occupancy = Clock(self, n, rng).run()
        x = self.factors(n, rng, attributes)
        common: dict[int, np.ndarray] = {}
        series: dict[tuple[str, str], np.ndarray] = {}
        timeline = np.zeros((projects.size, len(TIMELINE), self.steps))
        calls, receipts = self.zeros("all calls", n), self.zeros("all receipts", n)
        received, overdue = np.zeros(n), np.zeros(n)
        for s, name in enumerate(self.labels.projects):
            quantities, flows = self.project(s, n, rng, common, x, attributes, timeline[s])
            series.update({(name, key): value for key, value in quantities.items()})
            calls += flows.calls
            receipts += flows.receipts
            received += flows.received
            overdue += flows.overdue
        portfolio = self.portfolio(series, Flows(calls, receipts, received, overdue))
        series.update({("portfolio", key): value for key, value in portfolio.items()})
        series["scheme", "npv_funder_local"] = self.local_value(
            np.subtract(receipts, calls, out=self.buffer("net", calls.shape)), x
        )
        for (layer, _), state, first in zip(self.labels.layers, states, self.plan.layers["first"], strict=True):
            series["scheme", f"final_state_{layer}"] = (state - first).astype(float)
        for (event, _), outcome in zip(self.labels.events, outcomes, strict=True):
            series["scheme", f"outcome_{event}"] = outcome.astype(float)
        return Result(series, timeline, occupancy)

    def factors(self, n, rng, marks):
        """All factors at the steps' ends: ``(step, factor, path)``."""
        f, rows, dt_steps = self.plan.factors, self.plan.rows, self.steps
        out = self.buffer("factors", (dt_steps, f.size, n))
        z, y = np.empty((rows.size, n)), np.repeat(f["start"][rows][:, None], n, axis=1)
        decay, sd = f["decay"][rows][:, None], f["sd"][rows][:, None]
        log = np.flatnonzero(f["is_level"] == 0)
        shifts = np.stack([self.curve(address) for address in f["shift"]], axis=1)[:, :, None]
        bounds = [(k, self.curve(p["floor"]), self.curve(p["cap"])) for k, p in enumerate(f) if p["floor"] >= 0]
        in_order = rows.size == f.size
        shifters = [(k, m) for k, p in enumerate(f) for m in self.listed(p["shifters"], 1)[:, 0].astype(int)]
        for t in range(dt_steps):
            rng.standard_normal(out=z)
            e = self.cholesky @ z
            if self.nu:
                e *= np.sqrt(self.nu / rng.chisquare(self.nu, n))
                e = self.tail(e)
            e *= sd
            y *= decay
            y += e
            x = out[t]
            if not in_order:
                x[:] = 0.0
            x[rows] = y
            x += shifts[t]
            if log.size:
                first, last = log[0], log[-1] + 1  # logarithmic factors mostly stand together
                if last - first == log.size:
                    np.exp(x[first:last], out=x[first:last])
                else:
                    x[log] = np.exp(x[log])
            for k, m in shifters:
                if f[k]["adds_shifts"]:
                    x[k] += marks[m, t]
                else:
                    x[k] *= 1.0 + marks[m, t]
            for k, floor, cap in bounds:
                np.clip(x[k], floor[t], cap[t], out=x[k])
        return out

    def score(self, stream, n, rng, common):
        """A score that projects share: drawn by the first that asks."""
        if stream not in common:
            common[stream] = rng.standard_normal(n)
        return common[stream]

    def class_scores(self, p, n, rng, common):
        """Scores of overrun and duration."""
        g = self.g
        pairs = ((g["all_cost_stream"], p["class_cost_stream"]), (g["all_delay_stream"], p["class_delay_stream"]))
        cost, delay = (
            p["loading_all"] * self.score(int(a), n, rng, common)
            + p["loading_class"] * self.score(int(b), n, rng, common)
            + p["loading_own"] * rng.standard_normal(n)
            for a, b in pairs
        )
        return cost, p["cost_delay"] * cost + np.sqrt(1.0 - p["cost_delay"] ** 2) * delay

    def spend(self, s, x, attributes, overrun, stretch):
        """Spend of all steps ``(step, path)``, and the last step with any."""
        p, tables, dt = self.plan.projects[s], self.tables[s], self.dt
        start, duration = p["start"], p["duration"]
        out = self.zeros("calls", overrun.size)
        last = min(int((start + duration * stretch.max()) / dt), self.steps - 1)
        rate, spent, scaled = 1.0 / (duration * stretch), np.zeros(overrun.size), p["budget"] * overrun
        expected = self.curve(p["expected_index"], self.steps + 1) if p["expected_index"] >= 0 else None
        planned = Table(0.0, float(self.steps), expected) if expected is not None else None
        imported = p["imported_share"]
        for t in range(int(start / dt), last + 1):
            progress = np.clip(((t + 1) * dt - start) * rate, 0.0, 1.0)
            now = tables["spend_curve"](progress)
            cost = scaled * (now - spent) * index_of(self.baskets[s]["cost_basket"], x[t])
            if planned is not None:
                cost /= planned(start / dt + duration / dt * progress)
            if p["tariff_attribute"] >= 0:
                base = 1.0 + imported * p["tariff_start"]
                cost *= (1.0 + imported * attributes[p["tariff_attribute"]][t]) / base
            out[t], spent = cost, now
        return out, last

    def margin(self, s, t, x, output, contracted, operating, price):
        """Revenue, and the costs of fuel and maintenance."""
        p, baskets, money = self.plan.projects[s], self.baskets[s], 1.0 / self.g["money_unit"]
        escalation = self.pool[p["escalation"] + t] * money
        revenue = contracted * (price * (escalation * index_of(baskets["price_basket"], x)))
        revenue += (output - contracted) * x[p["merchant_factor"]] * (p["merchant_basis"] * money)
        costs = output * (p["variable_om"] * money) * index_of(baskets["variable_basket"], x)
        costs += operating * (p["fixed_om"] * money) * index_of(baskets["fixed_basket"], x)
        if p["fuel_factor"] >= 0:
            costs += (output - p["pass_through"] * contracted) * x[p["fuel_factor"]] * (p["fuel_rate"] * money)
        return revenue, costs

    def project(self, s, n, rng, common, x, attributes, timeline):
        """One project over all steps: its quantities, and its flows."""
        g, p, tables, dt = self.g, self.plan.projects[s], self.tables[s], self.dt
        cost_score, delay_score = self.class_scores(p, n, rng, common)
        overrun = 1.0 + (tables["overrun_law"](cost_score) - 1.0) * (1.0 - p["inflation_share"])
        stretch = tables["duration_law"](delay_score)
        has_contract = p["share_law"] >= 0
        price = tables["price_law"](rng.standard_normal(n)) if has_contract else np.zeros(n)
        share = tables["share_law"](rng.standard_normal(n)) if has_contract else np.zeros(n)
        completion, life, tenor = p["start"] + p["duration"] * stretch, p["life"], p["tenor"]
        calls, last_call = self.spend(s, x, attributes, overrun, stretch)
        receipts = self.zeros("receipts", n)
        first, last = int(completion.min() / dt), int((completion.max() + life) / dt)
        rates = x[:, g["reference_factor"]]
        df_funder, df_host = self.curve(g["discount_funder"]), self.curve(g["discount_host"])
        keep = p["persistence"]
        new, score = np.sqrt(1.0 - keep * keep), rng.standard_normal(n)  # stationary: may begin at any step
        paid, arrears, carry, received = (np.zeros(n) for _ in range(4))
        npv, pv_host, whole = np.zeros(n), np.zeros(n), np.full(n, np.inf)
        for t in range(int(p["start"] / dt), self.steps):
            begin = t * dt
            if t <= last_call:
                paid += calls[t]
                npv -= df_funder[t] * calls[t]
                timeline[0, t] = timeline[1, t] = calls[t].sum()
            if t < first:
                timeline[8, t] = paid.sum()
                continue
            age = np.clip(begin - completion, 0.0, life)
            end_age = np.clip(begin + dt - completion, 0.0, life)
            revenue, available = 0.0, 0.0
            if t <= last:
                score = keep * score + new * rng.standard_normal(n)
                operating = (end_age - age) / dt
                units = p["output"] * tables["availability_law"](score)
                contracted = units * share * ((np.minimum(end_age, tenor) - np.minimum(age, tenor)) / dt)
                revenue, costs = self.margin(s, t, x[t], units * operating, contracted, operating, price)
                cash = revenue - costs
                tax_life = p["tax_life"]
                depreciation = paid * ((np.minimum(end_age, tax_life) - np.minimum(age, tax_life)) / tax_life)
                cash = cash - p["tax_rate"] * np.maximum(cash - depreciation, 0.0) - arrears
                available, arrears = np.maximum(cash, 0.0), np.maximum(-cash, 0.0)
                timeline[2, t], timeline[3, t] = revenue.sum(), available.sum()
            at_start = rates[t - 1] if t else self.plan.factors["observed_start"][g["reference_factor"]]
            rate = np.maximum(at_start + p["spread"], 0.0)
            deemed_life = p["deemed_life"]
            due = rate * paid * np.maximum(1.0 - age / deemed_life, 0.0) * (end_age - age)
            due += paid * ((np.minimum(end_age, deemed_life) - np.minimum(age, deemed_life)) / deemed_life)
            due += carry
            deemed = paid * np.maximum(1.0 - end_age / deemed_life, 0.0)
            first_tier = np.minimum(g["first_share"] * available, due)
            if t <= last:
                funder = first_tier + g["second_share"] * np.maximum(available - due / g["first_share"], 0.0)
                host = available - funder
                npv += df_funder[t] * funder
                pv_host += df_host[t] * host
                receipts[t] = funder
                received += first_tier
                timeline[4, t], timeline[5, t] = funder.sum(), host.sum()
            carry = due - first_tier
            timeline[6, t], timeline[7, t], timeline[8, t] = due.sum(), carry.sum(), deemed.sum()
            years = begin + dt - completion
            at_last = (years >= deemed_life) & (carry == 0.0) & (whole == np.inf)
            if at_last.any():
                whole[at_last] = years[at_last]
        total, horizon = receipts.sum(axis=0), self.steps * dt
        completed = completion <= horizon
        undefined = np.where(completed, 0.0, np.nan)
        quantities = {
            "funded": np.ones(n),
            "completed": completed.astype(float),
            "cancelled": np.zeros(n),
            "cost": paid,
            "cost_overrun": paid / p["expected_cost"] - 1.0 + undefined,
            "overrun_drawn": overrun - 1.0,
            "delay_months": 12.0 * (completion - (p["start"] + p["duration"])) + undefined,
            "npv_funder": npv,
            "pv_host": pv_host,
            "irr_funder": self.irr(receipts, calls, unique=p["n_phases"] == 1),
            "multiple_funder": ratio(total, paid),
            "payback_years": self.payback(calls, receipts),
            "whole_years": whole,
            "deemed_share": ratio(received, received + carry),
            "deemed_open": deemed + carry,
        }
        return quantities, Flows(calls, receipts, received, carry)

    def payback(self, calls, receipts):
        """Years from the first call to the first later step with receipts as high as calls, cumulated."""
        net = np.zeros(calls.shape[1])
        first, out = np.full(net.size, np.inf), np.full(net.size, np.inf)
        for t in range(self.steps):
            net += receipts[t]
            net -= calls[t]
            back = (net >= 0.0) & (first < t) & (out == np.inf)
            if back.any():
                out[back] = (t - first[back]) * self.dt
            if calls[t].any():
                first[(first == np.inf) & (calls[t] > 0.0)] = t
        return out

    def irr(self, receipts, calls, unique=False):
        """Rate of return of flows ``(step, path)``: Newton on log(receipts / calls), kept inside a bracket."""
        steps, n = receipts.shape
        net, gains, losses = (self.buffer(name, receipts.shape) for name in ("net", "gains", "losses"))
        np.subtract(receipts, calls, out=net)
        np.maximum(net, 0.0, out=gains)
        np.subtract(gains, net, out=losses)
        last_gain, last_loss = (np.flatnonzero(part.any(axis=1))[-1:].sum() for part in (gains, losses))
        s, low, high = np.zeros(n), np.full(n, -600.0 / steps), np.full(n, 600.0 / steps)
        for _ in range(100):
            x = np.exp(s)
            a, slope_a = horner(gains[: last_gain + 1], x)
            b, slope_b = horner(losses[: last_loss + 1], x)
            some = a > 0.0
            np.maximum(a, 1e-300, out=a)
            np.maximum(b, 1e-300, out=b)
            f = np.log(a) - np.log(b)
            low, high = np.where(f < 0.0, s, low), np.where(f < 0.0, high, s)
            new = s - f / (x * (slope_a / a - slope_b / b))
            new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
            moved = np.abs(new - s).max(where=some, initial=0.0)
            s = new
            if moved <= 1e-8:  # a Newton step: its square is what is left
                break
        rate = np.where(some, np.expm1(-s / self.dt), -1.0)
        if unique:  # all calls come before all receipts
            return rate
        once = (sign_changes(net, 0.0) == 1) | (sign_changes(net, 1.0) == 1)
        return np.where(once | ~some, rate, np.nan)

    def portfolio(self, series, flows):
        """Quantities of the portfolio."""
        projects = self.plan.projects
        stacked = {
            key: np.stack([series[name, key] for name in self.labels.projects])
            for key in QUANTITIES
            if key not in ("irr_funder", "multiple_funder", "payback_years", "deemed_share")
        }
        sums = ("funded", "completed", "cancelled", "cost", "npv_funder", "pv_host", "deemed_open")
        out = {key: stacked[key].sum(axis=0) for key in sums}
        done, budget = stacked["completed"] == 1.0, projects["budget"][:, None]
        expected = (done * projects["expected_cost"][:, None]).sum(axis=0)
        out["cost_overrun"] = ratio((done * stacked["cost"]).sum(axis=0), expected) - 1.0
        out["overrun_drawn"] = (budget * stacked["overrun_drawn"]).sum(axis=0) / budget.sum()
        delay = np.where(done, stacked["delay_months"], 0.0)
        out["delay_months"] = ratio((budget * delay).sum(axis=0), (budget * done).sum(axis=0))
        out["irr_funder"] = self.irr(flows.receipts, flows.calls)
        out["multiple_funder"] = ratio(flows.receipts.sum(axis=0), flows.calls.sum(axis=0))
        out["payback_years"] = self.payback(flows.calls, flows.receipts)
        out["whole_years"] = stacked["whole_years"].max(axis=0)
        out["deemed_share"] = ratio(flows.received, flows.received + flows.overdue)
        return out

    def local_value(self, net, x):
        """Value in the funder's own currency."""
        if self.g["fx_factor"] < 0:
            return self.curve(self.g["discount_local"]) @ net
        return np.einsum("t,tp,tp->p", self.curve(self.g["discount_local"]), x[:, self.g["fx_factor"]], net)


def ratio(a, b):
    """A over b, undefined where b is 0."""
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0.0)


def horner(rows, x):
    """A polynomial with coefficients ``(power, path)`` and its derivative, at ``x (path,)``."""
    value, slope = np.zeros_like(x), np.zeros_like(x)
    for row in rows[::-1]:
        slope *= x
        slope += value
        value *= x
        value += row
    return value, slope


def sign_changes(rows, cumulated):
    """Sign changes of flows, or of their running sum, along the first axis; zeros do not count."""
    last, count, value = np.zeros(rows.shape[1]), np.zeros(rows.shape[1], np.int64), np.zeros(rows.shape[1])
    for row in rows:
        value *= cumulated
        value += row
        count += value * last < 0.0
        np.copyto(last, value, where=value != 0.0)
    return count


class Clock:
    """Layers and events of a chunk, one change of each path at a time."""

    def __init__(self, engine: NumpyEngine, n: int, rng: np.random.Generator) -> None:
        plan = engine.plan
        self.engine, self.plan, self.pool, self.g, self.rng = engine, plan, engine.pool, engine.g, rng
        self.dt, self.steps, self.n = engine.dt, engine.steps, n
        self.days = engine.curve(engine.g["days"], engine.steps + 1)
        layers, states = plan.layers, plan.states
        self.state = np.repeat(layers["initial"][:, None], n, axis=1)
        self.threshold = rng.standard_exponential((layers.size, n))
        self.expires = np.full((layers.size, n), np.inf)
        for i, layer in enumerate(layers):
            days = states["expiry_days"][layer["initial"]]
            if days >= 0:
                self.expires[i] = self.time_of(np.array([layer["since"] + days]))
        self.outcome = np.full((plan.events.size, n), -1)
        if (plan.events["after"] >= 0).any() or (plan.events["days_law"] >= 0).any() or int(engine.g["stops"]):
            raise NotImplementedError("drawn dates and cancellation")
        self.scale = np.ones((int(engine.g["hazards"]), n))
        self.targets = [engine.pool[int(q["targets"]) :][: 2 * q["n_targets"]].reshape(-1, 2) for q in states]
        size = int(engine.g["marks"])
        self.value = np.zeros((size, states.size))
        for q, state in enumerate(states):
            for mark, value in engine.listed(state["marks"], 2):
                self.value[int(mark), q] = value
        # integrals over the steps are running sums of what each change adds to its own and the next step
        self.attribute = np.zeros((size, self.steps + 1, n))
        self.occupancy = np.zeros((states.size, self.steps + 2))
        self.attribute[:, 0] = self.value[:, layers["initial"]].sum(axis=1)[:, None]
        self.occupancy[layers["initial"], 0] = n

    def time_of(self, day):
        """Times of days' starts; infinite beyond the horizon."""
        return np.where(day >= self.days[-1], np.inf, np.interp(day, self.days, np.arange(self.steps + 1)) * self.dt)

    def day_of(self, time):
        """First days that do not begin before the times."""
        return np.ceil(np.interp(time / self.dt, np.arange(self.steps + 1), self.days) - 1e-9)

    def enter(self, i, paths, target, time, day):
        """Move a layer of some paths into new states."""
        moves = self.state[i, paths] != target
        paths, target, time, day = paths[moves], target[moves], time[moves], day[moves]
        before = self.state[i, paths]
        self.state[i, paths] = target
        days = self.plan.states["expiry_days"][target]
        self.expires[i, paths] = np.where(days >= 0, self.time_of(day + days), np.inf)
        position = time / self.dt
        step = np.minimum(position.astype(np.int64), self.steps - 1)
        rest = step + 1.0 - position
        for state, sign in ((before, -1.0), (target, 1.0)):
            np.add.at(self.occupancy, (state, step), sign * rest)
            np.add.at(self.occupancy, (state, step + 1), sign * (1.0 - rest))
        for a in range(len(self.value)):
            change = self.value[a, target] - self.value[a, before]
            self.attribute[a, step, paths] += change * rest
            self.attribute[a, step + 1, paths] += change * (1.0 - rest)

    def rates(self, q, paths):
        """Yearly intensities of leaving a state, ``(target, path)``, as events have scaled them."""
        first = self.plan.states["hazard"][q]
        return self.targets[q][:, 1, None] * self.scale[first : first + len(self.targets[q])][:, paths]

    def intensity(self, states, paths):
        """Yearly intensity of leaving each path's state."""
        out = np.empty(paths.size)
        for q in np.unique(states):
            here = states == q
            out[here] = self.rates(q, paths[here]).sum(axis=0)
        return out

    def jump(self, states, paths, level):
        """State that each path jumps to, in proportion to the intensities."""
        out = np.empty(states.size, np.int64)
        for q in np.unique(states):
            here = states == q
            sums = np.cumsum(self.rates(q, paths[here]), axis=0)
            place = (sums <= level[here] * sums[-1]).sum(axis=0)
            out[here] = self.targets[q][np.minimum(place, len(sums) - 1), 0]
        return out

    def heir(self, states, level):
        """State that follows where a clock runs out."""
        out = np.empty(states.size, np.int64)
        for q in np.unique(states):
            here = states == q
            address, count = self.plan.states["heirs"][q], self.plan.states["n_heirs"][q]
            pairs = self.pool[address : address + 2 * count].reshape(count, 2)
            place = np.searchsorted(pairs[:, 1], level[here], side="right")
            out[here] = pairs[np.minimum(place, count - 1), 0]
        return out

    def happen(self, e, paths):
        """An event takes place on some paths: rules, outcome, what that does."""
        event, past = self.plan.events[e], self.plan.events[e]["day"] < 0
        u, unruled = self.rng.random(paths.size), np.ones(paths.size, bool)
        outcome, rule = np.zeros(paths.size, np.int64), int(event["rules"])
        while unruled.any():
            holds, at = unruled.copy(), rule + 1
            for known in (self.state, self.outcome):
                for _ in range(int(self.pool[at])):
                    holds &= known[int(self.pool[at + 1]), paths] == int(self.pool[at + 2])
                    at += 2
                at += 1
            sums = self.pool[at : at + event["n_outcomes"] - 1]
            outcome[holds] = np.searchsorted(sums, u[holds], side="right")
            unruled &= ~holds
            rule += int(self.pool[rule])
        if event["outcome"] >= 0:
            outcome[:] = event["outcome"]
        self.outcome[e, paths] = outcome
        at = int(event["effects"])
        for o in range(event["n_outcomes"]):
            here, effect = paths[outcome == o], at + 1
            lists = []
            for width in (1, 2, 3):
                lists.append(self.engine.listed(effect, width))
                effect += 1 + lists[-1].size
            moves, scales, shifts = lists
            for q in () if past else moves[:, 0].astype(np.int64):
                full = np.full(here.size, q)
                time, day = np.full(here.size, event["time"]), np.full(here.size, float(event["day"]))
                self.enter(self.plan.states["layer"][q], here, full, time, day)
            for h, factor in scales:
                self.scale[int(h), here] *= factor
            for mark, value, years in shifts:
                end = min(event["time"] + years, self.steps * self.dt)
                for time, change in ((max(event["time"], 0.0), value), (max(end, 0.0), -value)):
                    position = time / self.dt
                    step = min(int(position), self.steps - 1)
                    self.attribute[int(mark), step, here] += change * (step + 1.0 - position)
                    self.attribute[int(mark), step + 1, here] += change * (position - step)
            at += int(self.pool[at])

    def run(self):
        """Attributes ``(attribute, step, path)``, final states, outcomes, occupancy sums."""
        begin = 0.0
        for e in np.argsort(self.plan.events["time"], kind="stable"):
            time = max(float(self.plan.events["time"][e]), 0.0)
            if time < self.steps * self.dt:
                self.run_layers(begin, time)
                self.happen(e, np.arange(self.n))
                begin = time
        self.run_layers(begin, self.steps * self.dt)
        attribute = np.cumsum(self.attribute, axis=1)[:, : self.steps]
        return attribute, self.state, self.outcome, np.cumsum(self.occupancy, axis=1)[:, : self.steps]

    def run_layers(self, begin, end):
        """Run hazards and expiries from `begin` to `end`; between events each layer goes its own way."""
        for i in range(self.plan.layers.size):
            paths, now = np.arange(self.n), np.full(self.n, begin)
            while paths.size:
                intensity = self.intensity(self.state[i, paths], paths)
                with np.errstate(divide="ignore"):
                    hazard = now + self.threshold[i, paths] / intensity
                expiry = self.expires[i, paths]
                then = np.minimum(np.minimum(hazard, expiry), end)
                self.threshold[i, paths] -= intensity * (then - now)
                active = then < end
                paths, then, jumps = paths[active], then[active], (hazard < expiry)[active]
                self.change(i, paths, then, jumps)
                now = then

    def change(self, i, paths, time, jumps):
        """A hazard (`jumps`) or an expiry moves a layer."""
        state, level, target = self.state[i, paths], self.rng.random(paths.size), np.empty(paths.size, np.int64)
        target[jumps] = self.jump(state[jumps], paths[jumps], level[jumps])
        target[~jumps] = self.heir(state[~jumps], level[~jumps])
        self.threshold[i, paths[jumps]] = self.rng.standard_exponential(int(jumps.sum()))
        self.enter(i, paths, target, time, self.day_of(time))
