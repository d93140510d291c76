"""One project on a chunk of paths: construction, operation, the split, and its quantities.

Only the paths on which it is funded are gone through, in the order in which their work ends. So at each step the paths
that build, and those that operate, are slices, and nothing is computed for others. ``v`` is such a slice.
"""

import numpy as np

from numpy_draws import Constant
from numpy_rates import Flows, rate_of_return

_SAME_DAY = 1e-9


def index_of(basket, x, paths):
    """Weighted sum of a step's factors ``(factor, path)``; None is the index 1."""
    if basket is None:
        return 1.0
    (k, weight), *others = basket
    out = x[k].take(paths)
    out *= weight
    for k, weight in others:
        row = x[k].take(paths)
        row *= weight
        out += row
    return out


def ratio(a, b):
    """A over b, undefined where b is 0."""
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0.0)


def run_years(age, lost):
    """Years of full output up to an age, less what the first years lose."""
    out = age.copy()
    for year, share in enumerate(lost):
        out -= share * np.clip(age - year, 0.0, 1.0)
    return out


class Project:
    """A project on a chunk."""

    def __init__(self, engine, s, draws, world, x, net, timeline):
        self.engine, self.s, self.draws, self.world, self.x, self.net, self.timeline = (
            engine, s, draws, world, x, net, timeline,
        )  # fmt: skip
        self.p, self.n, self.times, self.per_year = engine.p[s], draws.n, engine.times, engine.per_year
        self.steps, self.money = engine.steps, 1.0 / engine.money_unit
        self._begin()

    # ------------------------------------------------------------------ draws

    def _law(self, name, stream, otherwise):
        """Values of a law drawn once a path."""
        law = self.engine.laws[name, self.s]
        if law is None or isinstance(law, Constant):
            return np.full(self.paths.size, otherwise if law is None else law.value)
        return law(self.draws.score(stream).take(self.paths))

    def _class_score(self, all_stream, class_stream, own_stream):
        """Score with an overall, a class and an own part."""
        p, score = self.p, self.draws.score
        out = p.loading_own * score(own_stream)
        for loading, stream in ((p.loading_all, all_stream), (p.loading_class, class_stream)):
            if loading:
                out += loading * score(stream)
        return out.take(self.paths)

    def _begin(self):
        """What is drawn, and the times that follow; paths in the order of the ends of work."""
        p, g, world, s = self.p, self.engine.g, self.world, self.s
        self.paths = np.flatnonzero(world.funded[s] < np.inf)
        start = np.maximum(world.funded[s, self.paths], p.planned_start)
        start += self._law("start_delay", p.start_delay_stream, 0.0)
        cost = self._class_score(g["all_cost_stream"], p.class_cost_stream, p.cost_stream)
        delay = self._class_score(g["all_delay_stream"], p.class_delay_stream, p.delay_stream)
        delay = p.cost_delay * cost + np.sqrt(1.0 - p.cost_delay**2) * delay
        stretch = self.engine.laws["duration", s](delay)
        completion, stop = start + p.duration * stretch, world.stopped[s, self.paths]
        cancelled = stop < completion - _SAME_DAY
        end = np.where(cancelled, stop, completion)
        order = np.argsort(end)
        self.paths = self.paths[order]
        self.start, self.stretch, self.work_end = start[order], stretch[order], end[order]
        self.completion = np.where(cancelled, np.inf, completion)[order]
        self.cancelled_at = np.where(cancelled, stop, np.inf)[order]
        self.size = world.size[s, self.paths]
        self.planned = np.maximum(world.planned[s, self.paths], p.planned_start)
        self._draw_rest(cost[order])

    def _draw_rest(self, cost_score):
        p = self.p
        overrun = self.engine.laws["overrun", self.s](cost_score)
        overrun = 1.0 + (overrun - 1.0) * (1.0 - p.inflation_share)
        self.overrun = overrun * self._law("uplift", p.uplift_stream, 1.0)
        self.threshold = self._law("threshold", p.threshold_stream, np.inf)
        self.salvage = self._law("salvage", p.salvage_stream, 0.0)
        self.price = self._law("price", p.contract_stream, 0.0)
        shortfall = self._law("shortfall", p.shortfall_stream, 0.0)
        self.achieved = self.size * (1.0 - shortfall)
        self.fee = self._law("fee", p.fee_stream, 0.0) / p.fee_years * (shortfall <= p.fee_tolerance)
        laws, m = self.engine.laws, self.paths.size
        share, subscription = laws["share", self.s], laws["subscription", self.s]
        self.share, self.subscribed = np.zeros(m), np.ones(m)
        if share is not None or subscription is not None:
            rho = p.subscription_rho
            score = self.draws.score(p.subscription_stream).take(self.paths)
            score = rho * cost_score + np.sqrt(1.0 - rho * rho) * score if rho else score
            self.share = share(score) if share is not None else self.share
            self.subscribed = subscription(score) if subscription is not None else self.subscribed

    # ------------------------------------------------------------------ construction

    def _review(self, v, t, begin):
        """Cancel works under way of which too much is expected, or too little subscribed."""
        p, kind = self.p, self.engine.reviews[self.s][t]
        x = self.progress[v]
        known = x if p.reveal == 1.0 else x**p.reveal
        to_come = self.index[v] * (1.0 + (self.overrun[v] - 1.0) * known) * (1.0 - self.spent[v])
        too_much = to_come > self.threshold[v]
        if kind > 1.0:
            too_much |= self.subscribed[v] < p.required
        stops = too_much & (x > 0.0) & (self.work_end[v] > begin + _SAME_DAY)
        here = v.start + np.flatnonzero(stops)
        self.completion[here] = np.inf
        self.cancelled_at[here] = self.work_end[here] = begin

    def _cost(self, v, t, end):
        """Spend of a step."""
        p, engine, paths = self.p, self.engine, self.paths[v]
        progress = np.minimum(self.work_end[v], end)
        progress -= self.start[v]
        progress *= self.pace[v]
        np.clip(progress, 0.0, 1.0, out=progress)
        now = engine.spend_curves[self.s](progress)
        index = index_of(engine.baskets[self.s]["cost_basket"], self.x[t], paths)
        if p.expected_index >= 0:
            index = index / engine.expected[self.s](self.plan_step[v] + (p.duration * self.per_year) * progress)
        if p.tariff_attribute >= 0:
            imported = p.imported_share
            tariff = self.world.step_means[p.tariff_attribute, t].take(paths)
            tariff *= imported
            tariff += 1.0
            tariff *= 1.0 / (1.0 + imported * p.tariff_start)
            index = index * tariff
        spend = np.maximum(now - self.spent[v], 0.0)
        spend *= index
        spend *= self.scaled[v]
        self.progress[v], self.index[v], self.spent[v] = progress, index, now
        self.cost[v] += spend
        return spend

    def _funder_part(self, v):
        """Cumulated cost that falls on the funder: all up to the cap, a share from there to the ceiling."""
        p, cost, cap = self.p, self.cost[v], self.cap[v]
        above = cost if p.cap_ceiling == np.inf else np.minimum(cost, self.ceiling[v])
        part = np.maximum(above - cap, 0.0)
        part *= p.cap_share
        part += np.minimum(cost, cap)
        return part

    def build(self):
        """All steps of construction; the calls ``(step, path)`` of the funder."""
        p, m, times = self.p, self.paths.size, self.times
        self.pace, self.scaled = 1.0 / (p.duration * self.stretch), p.budget * self.size * self.overrun
        self.plan_step, self.cap, self.ceiling = (
            self.planned * self.per_year,
            *(multiple * p.budget * self.size for multiple in (p.cap, p.cap_ceiling)),
        )
        for name in ("progress", "index", "spent", "cost", "paid", "npv", "pv_host", "pv_vendor", "receipts"):
            setattr(self, name, np.zeros(m))
        self.done_before = np.searchsorted(self.work_end, times, side="right")
        self.first = min(int(self.start.min() * self.per_year), self.steps)
        self.last = min(int(np.searchsorted(times, self.work_end[-1])), self.steps)
        self.calls = self.engine.buffer("calls", (max(self.last - self.first, 0), m))
        self.calls[:] = 0.0
        for t in range(self.first, self.last):
            v = slice(int(self.done_before[t]), m)
            if self.engine.reviews[self.s] is not None and self.engine.reviews[self.s][t]:
                self._review(v, t, times[t])
            self._call(v, t, self._cost(v, t, times[t + 1]))
        self._wind_up()

    def _call(self, v, t, spend):
        """Who pays a step's spend."""
        engine, call = self.engine, spend
        if self.p.cap < np.inf:
            part = self._funder_part(v)
            call = part - self.paid[v]
            self.paid[v] = part
            self.pv_host[v] -= engine.discount_host[t] * (spend - call)
        else:
            self.paid[v] += call
        self.calls[t - self.first, v] = call
        self.npv[v] -= engine.discount_funder[t] * call
        for rate, step_mean in engine.spend_flows[self.s]:
            flow = (
                rate * spend
                if step_mean < 0
                else rate * spend * self.world.step_means[step_mean, t].take(self.paths[v])
            )
            self.pv_vendor[v] += engine.discount_funder[t] * flow
            engine.side[t, self.paths[v]] += flow
        self.timeline[0, t] = np.add.reduce(call)
        self.timeline[1, t] = np.add.reduce(spend)
        row = self.net[t]
        paths = self.paths[v]
        row[paths] = row.take(paths) - call

    def _wind_up(self):
        """What cancelled projects fetch, and the termination fee, in the step of the cancellation."""
        p, engine = self.p, self.engine
        self.called, self.payback = self.paid.copy(), np.full(self.paths.size, np.inf)
        with np.errstate(invalid="ignore"):
            self.first_call = np.where(self.calls.any(axis=0), self.first + (self.calls > 0.0).argmax(axis=0), np.inf)
        self.rate = np.full(self.paths.size, -1.0)
        here = np.flatnonzero(self.cancelled_at < np.inf)
        if not here.size or not (p.salvage_law >= 0 or p.termination_fee > 0.0):
            return
        t = np.minimum((self.cancelled_at[here] * self.per_year).astype(np.int64), self.steps - 1)
        salvaged, fee = self.salvage[here] * self.cost[here], p.termination_fee * p.budget * self.size[here]
        funder = engine.g["second_share"] * salvaged
        self.called[here] += fee
        self.receipts[here] += funder
        self.first_call[here] = np.where(self.called[here] > 0.0, np.minimum(self.first_call[here], t), np.inf)
        self.npv[here] += engine.discount_funder[t] * (funder - fee)
        self.pv_host[here] += engine.discount_host[t] * (salvaged - funder)
        for row, flow in ((0, fee), (3, salvaged), (4, funder), (5, salvaged - funder)):
            self.timeline[row] += np.bincount(t, flow, self.steps)
        self.net[t, self.paths[here]] += funder - fee
        back = (self.receipts[here] >= self.called[here]) & (self.first_call[here] < t)
        self.payback[here[back]] = (t[back] - self.first_call[here[back]]) / self.per_year
        self._rate_of_cancelled(here, t, funder - fee)

    def _rate_of_cancelled(self, here, t, last):
        """Rates of return of what was cancelled: the last flow alone may be a gain."""
        inside = t < self.last
        calls = self.calls[:, here]
        last = last.copy()
        last[inside] -= calls[t[inside] - self.first, np.flatnonzero(inside)]
        some = np.flatnonzero(last > 0.0)
        if some.size:
            calls, t = calls[:, some], t[some]
            calls[np.arange(self.first, self.last)[:, None] >= t] = 0.0
            order = np.argsort(t)  # the gains of a step lie together
            low, high = (np.searchsorted(t[order], np.arange(t.min(), t.max() + 1), side) for side in ("left", "right"))
            rows = np.zeros((low.size, some.size))
            rows[t[order] - t.min(), np.arange(some.size)] = last[some[order]]
            gains = Flows(rows, int(t.min()), low, high)
            losses = Flows(calls[:, order], self.first)
            self.rate[here[some[order]]] = rate_of_return(gains, losses, self.steps, self.per_year)

    # ------------------------------------------------------------------ operation

    def _begin_operation(self):
        """What operates within the horizon, in order of completion."""
        p, horizon = self.p, self.times[-1]
        self.ops = np.flatnonzero(self.completion < horizon)
        m, at = self.ops.size, self.ops
        self.who, self.done = self.paths[at], self.completion[at]
        done = self.done
        self.full = (p.output * self.per_year) * self.achieved[at]
        self.capacity = (p.capacity_rate * self.money * self.per_year) * self.achieved[at]
        self.fixed = (p.fixed_om * self.money * self.per_year) * self.size[at]
        self.fee_due, self.contract_share, self.contract_price = self.fee[at], self.share[at], self.price[at]
        self.capital, self.sunk = self.paid[at], self.cost[at] / p.tax_life
        self.life, self.closure = np.full(m, p.life), done + p.life
        default = self.engine.defaults[p.offtaker].take(self.who) if p.offtaker >= 0 else np.full(m, np.inf)
        self.living = np.clip(default - done, 0.0, p.tenor)
        names = ("age", "arrears", "unpaid", "losses", "owed", "carry", "received", "v_funder", "v_host", "v_fee")
        for name in (*names, "v_supply", "got"):
            setattr(self, name, np.zeros(m))
        self.deemed, self.whole = self.capital.copy(), np.full(m, np.inf)
        limits = {p.life, p.tenor, p.tax_life, p.deemed_life, float(p.lost.size), p.fee_years, 0.0}
        # of how many paths, in order of completion, an age lies behind at the start of each step
        self.past = {limit: np.searchsorted(done, self.times - limit, side="right").tolist() for limit in limits}
        self.open_from = np.searchsorted(done, self.times, side="left").tolist()
        self.before = np.concatenate([[0.0], np.cumsum(self.capital)])
        self.gains = self.engine.buffer("gains", (self.steps, m))
        self.gains[:] = 0.0

    def operate(self):
        """All steps of operation, and the split."""
        self._begin_operation()
        p, times, timeline = self.p, self.times, self.timeline
        if self.first < self.steps:
            paid = np.cumsum(np.concatenate([self.calls.sum(axis=1), np.zeros(self.steps - self.last)]))
            timeline[8, self.first :] = paid
        if not self.ops.size:
            return
        scores = self.draws.availability(p, self.who)
        for t in range(int(self.done[0] * self.per_year), self.steps):
            low, high = self.past[p.life][t], self.open_from[t + 1]
            if low < high:
                self._step(t, slice(low, high), scores(t, low, high), times[t + 1])
            timeline[6, t] += np.add.reduce(self.carry[:low])
            timeline[7, t] = np.add.reduce(self.carry[:high])
            timeline[8, t] += np.add.reduce(self.deemed[:high]) - self.before[high]
        self._end_operation()

    def _part(self, limit, t, v, span):
        """Years of the step's operation before an age: of which paths, and how many."""
        low, middle = max(self.past[limit][t], v.start), self.past[limit][t + 1]
        years = span[low - v.start :]
        if middle > low:
            years = years.copy()
            edge = slice(low, min(middle, v.stop))
            years[: edge.stop - low] = np.minimum(limit - self.age[edge], years[: edge.stop - low])
        return slice(low, v.stop), years

    def _step(self, t, v, score, end):
        """One step of what operates."""
        p, timeline, engine = self.p, self.timeline, self.engine
        age_end = np.minimum(end - self.done[v], self.life[v])
        span = age_end - self.age[v]
        self.now = {}
        revenue, costs = self._earn(t, v, score, span, age_end)
        timeline[2, t] = np.add.reduce(revenue)
        part = None
        if p.fee_law >= 0:
            u, part = self._part(p.fee_years, t, v, span)
            part = part * self.fee_due[u]
        available = self._settle(t, v, span, revenue - costs, part)
        if part is not None:
            available = self._pay_fee(t, v, available, u, part)
        if p.abandon_years < np.inf:
            self._give_up(v, end)
        timeline[3, t] += np.add.reduce(available)
        self._split(t, v, span, age_end, available, end)
        self.age[v] = age_end
        for rate, step_mean in engine.output_flows[self.s]:
            flow = (rate * self.money) * self.output
            flow = flow if step_mean < 0 else flow * self.world.step_means[step_mean, t].take(self.who[v])
            self.v_supply[v] += engine.discount_funder[t] * flow
            engine.side[t, self.who[v]] += flow

    def _factor(self, t, v, k):
        """A factor of the step on the paths that operate; taken once."""
        if k not in self.now:
            self.now[k] = self.x[t, k].take(self.who[v])
        return self.now[k]

    def _index(self, t, v, name):
        """An index of the step, taken once."""
        offset = getattr(self.p, name)
        basket = self.engine.baskets[self.s][name]
        if basket is None:
            return 1.0
        if ("index", offset) not in self.now:
            (k, weight), *others = basket
            value = self._factor(t, v, k) if weight == 1.0 else weight * self._factor(t, v, k)
            for k, weight in others:
                value = value + weight * self._factor(t, v, k)
            self.now["index", offset] = value
        return self.now["index", offset]

    def _units(self, t, v, score):
        """Output a year at full operation."""
        p = self.p
        units = self.engine.availability[self.s](score)
        units *= self.full[v]
        if p.degradation < 0.0:
            units *= np.exp(p.degradation * self.age[v])
        if p.volume_factor >= 0:
            units *= self._factor(t, v, p.volume_factor)
        return units

    def _contract_years(self, u, age, age_end, tenor):
        """Years under a living and a broken contract."""
        living = np.minimum(age_end, self.living[u])
        living -= np.minimum(age, self.living[u])
        broken = np.minimum(age_end, tenor)
        broken -= age
        np.maximum(broken, 0.0, out=broken)
        broken -= living
        return living, broken

    def _ramp(self, t, v, u, span, age_end, living, broken):
        """Years of full output: of the whole, under a living and under a broken contract, all with one ramp-up."""
        lost, low = self.p.lost, max(self.past[float(self.p.lost.size)][t], v.start)
        if low >= v.stop:
            return span, living, broken
        whole = span[low - v.start :]
        ramp = run_years(age_end[low - v.start :], lost) - run_years(self.age[low : v.stop], lost)
        ramp /= np.maximum(whole, 1e-300)
        scaled = []
        for years, first in ((span, v.start), (living, u.start), (broken, u.start)):
            late = max(low, first)
            years = years.copy()
            years[late - first :] *= ramp[late - low :]
            scaled.append(years)
        return scaled

    def _earn(self, t, v, score, span, age_end):
        """Revenue and costs of a step."""
        p, money = self.p, self.money
        # contracts concern the paths that are within the tenor: the last ones
        u = slice(max(self.past[p.tenor][t], v.start), v.stop)
        c = slice(u.start - v.start, None)
        living, broken = self._contract_years(u, self.age[u], age_end[c], p.tenor)
        run, run_living, run_broken = span, living, broken
        if p.lost.size:
            run, run_living, run_broken = self._ramp(t, v, u, span, age_end, living, broken)
        units = self._units(t, v, score)
        output = units * run
        sold = units[c] * self.contract_share[u]
        lost = sold * run_broken
        sold *= run_living
        merchant = self._factor(t, v, p.merchant_factor)
        rest = output.copy()
        rest[c] -= sold
        if p.economic:
            rest[c] -= lost
            output = self._dispatch(t, v, c, rest, sold, lost, merchant)
            lost *= 1.0 - p.default_discount
            rest[c] += lost
        else:
            lost *= p.default_discount
            rest[c] -= lost
        revenue = rest
        revenue *= merchant
        revenue *= p.merchant_basis * money
        price = self.contract_price[u] * sold
        price *= self.engine.escalation[self.s][t] * money
        if p.price_basket >= 0:
            price *= self._index(t, v, "price_basket")[c]
        revenue[c] += price
        if p.payment_factor >= 0:
            free = span.copy()
            living *= self.contract_share[u]
            free[c] -= living
            free *= self.capacity[v]
            free *= self._factor(t, v, p.payment_factor)
            revenue += free
        self.output = output
        return revenue, self._costs(t, v, c, output, sold, span)

    def _dispatch(self, t, v, c, rest, sold, lost, merchant):
        """What has no contract runs only where its price is above fuel and variable O&M."""
        p = self.p
        cost = p.variable_om * self._index(t, v, "variable_basket")
        if p.fuel_factor >= 0:
            cost = cost + p.fuel_rate * self._factor(t, v, p.fuel_factor)
        price = merchant * p.merchant_basis
        rest *= price > cost
        price = price[c]
        price *= 1.0 - p.default_discount
        lost *= price > (cost[c] if np.ndim(cost) else cost)
        output = rest.copy()
        output[c] += sold
        output[c] += lost
        return output

    def _costs(self, t, v, c, output, sold, span):
        """Fuel, variable and fixed O&M."""
        p, money = self.p, self.money
        variable, fixed = output * (p.variable_om * money), self.fixed[v] * span
        if p.variable_basket == p.fixed_basket:
            variable += fixed
            variable *= self._index(t, v, "variable_basket")
        else:
            variable *= self._index(t, v, "variable_basket")
            fixed *= self._index(t, v, "fixed_basket")
            variable += fixed
        if p.fuel_factor >= 0:
            burnt = output.copy()
            if p.pass_through:
                burnt[c] -= p.pass_through * sold
            burnt *= self._factor(t, v, p.fuel_factor)
            burnt *= p.fuel_rate * money
            variable += burnt
        return variable

    def _settle(self, t, v, span, cash, fee):
        """Tax, with losses carried forward, and arrears; what remains is at least 0."""
        p = self.p
        income = cash.copy()
        u, years = self._part(p.tax_life, t, v, span)
        if u.start < u.stop:
            income[u.start - v.start :] -= years * self.sunk[u]
        if fee is not None and fee.size:
            income[income.size - fee.size :] -= fee
        gain = np.maximum(income, 0.0)
        losses = self.losses[v]
        if p.nol_limit:
            offset = np.minimum(losses, p.nol_limit * gain)
            losses -= income
            losses += gain
            losses -= offset
            gain -= offset
        gain *= p.tax_rate
        cash -= gain
        cash -= self.arrears[v]
        available = np.maximum(cash, 0.0)
        np.subtract(available, cash, out=self.arrears[v])
        return available

    def _pay_fee(self, t, v, available, u, part):
        """The developer's fee that is due or owed, as far as there is cash."""
        owed = self.owed[v]
        owed[u.start - v.start :] += part
        paid = np.minimum(owed, available)
        owed -= paid
        self.v_fee[v] += self.engine.discount_funder[t] * paid
        return available - paid

    def _give_up(self, v, end):
        """Close for good what has not paid its arrears for so many years."""
        unpaid = self.unpaid[v]
        unpaid += 1.0 / self.per_year
        unpaid *= self.arrears[v] > 0.0
        closes = np.flatnonzero((unpaid >= self.p.abandon_years - 1e-9) & (self.closure[v] > end))
        if closes.size:
            here = v.start + closes
            self.closure[here] = end
            self.life[here] = end - self.done[here]

    def _split(self, t, v, span, age_end, available, end):
        """Tier one until the deemed allocation is covered, then the second shares."""
        p, engine = self.p, self.engine
        due, first, second = self.carry[v].copy(), engine.first_share, engine.second_share
        u, years = self._part(p.deemed_life, t, v, span)
        if u.start < u.stop:
            c, capital = slice(u.start - v.start, None), self.capital[u] * (1.0 / p.deemed_life)
            rate = self._rate(t, u)
            left = p.deemed_life - self.age[u]
            rate *= left
            rate *= span[c]
            rate += years
            rate *= capital
            due[c] += rate
            left = p.deemed_life - age_end[c]
            np.maximum(left, 0.0, out=left)
            np.multiply(left, capital, out=self.deemed[u])
        tier = np.minimum(first * available, due)
        funder = due * (-1.0 / first)
        funder += available
        np.maximum(funder, 0.0, out=funder)
        funder *= second
        funder += tier
        np.subtract(due, tier, out=self.carry[v])
        self._book(t, v, due, available, funder, tier)
        paid_by = self.past[p.deemed_life][t + 1]
        if paid_by > v.start:
            self._book_whole(slice(v.start, min(paid_by, v.stop)), age_end, end)

    def _rate(self, t, u):
        """Rate at the step's start plus the spread, at least 0."""
        k = self.engine.g["reference_factor"]
        if t == 0:
            rate = np.full(u.stop - u.start, self.engine.plan.factors["observed_start"][k])
        else:
            rate = self.x[t - 1, k].take(self.who[u])
        rate += self.p.spread
        return np.maximum(rate, 0.0, out=rate)

    def _book(self, t, v, due, available, funder, tier):
        """Values, sums and flows of a step."""
        engine, timeline = self.engine, self.timeline
        self.received[v] += tier
        self.got[v] += funder
        self.v_funder[v] += engine.discount_funder[t] * funder
        host = available - funder
        self.gains[t, v] = funder
        timeline[4, t] += np.add.reduce(funder)
        timeline[5, t] += np.add.reduce(host)
        timeline[6, t] = np.add.reduce(due)
        host *= engine.discount_host[t]
        self.v_host[v] += host
        who, row = self.who[v], self.net[t]
        row[who] = row.take(who) + funder

    def _book_whole(self, w, age_end, end):
        """Years from completion to the step in which all that was deemed is paid."""
        years = end - self.done[w]
        full = age_end[: w.stop - w.start] >= self.p.deemed_life
        now = w.start + np.flatnonzero((self.carry[w] == 0.0) & (self.whole[w] == np.inf) & full)
        self.whole[now] = years[now - w.start]

    def _end_operation(self):
        """Rates of return and payback of what operated, from its flows alone."""
        at, m = self.ops, self.ops.size
        self.npv[at] += self.v_funder
        self.pv_host[at] += self.v_host
        self.receipts[at] += self.got
        low, high = np.array(self.past[self.p.life][: self.steps]), np.array(self.open_from[1:])
        begin = np.minimum((self.done * self.per_year).astype(np.int64), self.steps - 1)
        start, stop = int(begin[0]), int(np.flatnonzero(low < high)[-1]) + 1
        back = np.flatnonzero(self.got >= self.called[at])
        if back.size:
            self._set_payback(back, start)
        # in the step of completion calls and receipts meet
        calls, path = self.calls.take(at, axis=1), np.arange(m)
        inside = begin < self.last
        step, path, row = begin[inside] - self.first, path[inside], begin[inside]
        both = np.minimum(calls[step, path], self.gains[row, path])
        calls[step, path] -= both
        self.gains[row, path] -= both
        gains = Flows(self.gains[start:stop], start, low[start:stop], high[start:stop])
        ended = np.searchsorted(self.done, self.times[self.first : self.last], side="right")
        losses = Flows(calls, self.first, ended, np.full(len(ended), m))
        self.rate[at] = rate_of_return(gains, losses, self.steps, self.per_year)

    def _set_payback(self, back, start):
        """Years from the first call until what was received covers what was called."""
        here, got = self.ops[back], np.cumsum(self.gains[start:, back], axis=0)
        enough = got >= self.called[here]
        enough &= np.arange(start, self.steps)[:, None] > self.first_call[here]
        step = start + enough.argmax(axis=0)
        self.payback[here] = np.where(enough.any(axis=0), (step - self.first_call[here]) / self.per_year, np.inf)

    # ------------------------------------------------------------------ results

    def _spread(self, values, otherwise, at=None):
        """Values on all paths of the chunk."""
        out = np.full(self.n, otherwise)
        out[self.paths if at is None else self.who] = values
        return out

    def run(self):
        """Quantities of the project, and what the portfolio needs of it."""
        if self.paths.size:
            self.build()
            self.operate()
        else:
            self._nothing()
        return self._quantities()

    def _nothing(self):
        """No path has funded it."""
        self.first = self.last = self.steps
        names = ("cost", "npv", "pv_host", "pv_vendor", "receipts", "called", "payback", "rate", "paid", "first_call")
        for name in names:
            setattr(self, name, np.zeros(0))
        self._begin_operation()

    def _quantities(self):
        p, world, horizon = self.p, self.world, self.times[-1]
        completed, size = self.completion <= horizon, p.budget * self.size
        expected, delay = (
            size * np.interp(self.planned, *self.engine.expected_cost[self.s]),
            12.0 * (self.completion - (self.planned + p.duration)),
        )
        cancelled = (world.stopped[self.s] < np.inf).astype(float)
        cancelled[self.paths] = self.cancelled_at < np.inf
        called, nan, ops = self.called > 0.0, np.nan, self.ops
        carry, received, deemed, whole = np.zeros(self.paths.size), np.zeros(self.paths.size), self.paid.copy(), None
        carry[ops], received[ops], deemed[ops] = self.carry, self.received, self.deemed + self.carry
        whole = np.full(self.paths.size, np.inf)
        whole[ops] = self.whole
        with np.errstate(invalid="ignore"):
            overrun = np.where(completed, self.cost / expected - 1.0, nan)
        values = {
            "funded": (np.ones(self.paths.size), 0.0),
            "completed": (completed, 0.0),
            "cost": (self.cost, 0.0),
            "cost_overrun": (overrun, nan),
            "overrun_sampled": (self.overrun - 1.0, nan),
            "delay_months": (np.where(completed, delay, nan), nan),
            "npv_funder": (self.npv, 0.0),
            "pv_host": (self.pv_host, 0.0),
            "vendor_margin": (self.pv_vendor, 0.0),
            "irr_funder": (np.where(called, self.rate, nan), nan),
            "moic_funder": (ratio(self.receipts, self.called), nan),
            "payback_years": (np.where(called, self.payback, nan), nan),
            "recovery_years": (whole, nan),
            "deemed_share": (ratio(received, received + carry), nan),
            "deemed_open": (deemed, 0.0),
            # for the portfolio
            "called": (self.called, 0.0),
            "receipts": (self.receipts, 0.0),
            "first_call": (self.first_call, np.inf),
            "received": (received, 0.0),
            "overdue": (carry, 0.0),
            "completed_cost": (completed * self.cost, 0.0),
            "completed_expected": (completed * expected, 0.0),
            "completed_budget": (completed * size, 0.0),
            "weighted_delay": (np.where(completed, size * delay, 0.0), 0.0),
            "budget": (size, 0.0),
            "weighted_overrun": (size * (self.overrun - 1.0), 0.0),
        }
        out = {name: self._spread(value, otherwise) for name, (value, otherwise) in values.items()}
        out["cancelled"], out["declined"] = cancelled, world.declined[self.s]
        out["developer_fee"] = self._spread(self.v_fee, 0.0, ops)
        out["supply_chain_benefit"] = self._spread(self.v_supply, 0.0, ops)
        return out
