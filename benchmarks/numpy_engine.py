"""A study as a careful NumPy user would write it: the yardstick of the side-by-side benchmark.

It takes a plan of its own (`frozen_plan`), that of the study which the kernel runs beside it, and yields the same
quantities and timeline sums: from draws of its own (SFC64), or from the kernel's, so that both can be compared path by
path (`Replay`). All work is vectorised over a chunk of paths; a project is gone through on the paths and in the steps
in which it builds or operates, and there alone. It knows the clauses that the frozen study uses, refuses others, and
need learn no new ones.

There are two of it. The plain one uses what NumPy offers: the generator's normals, `np.interp`, arrays made where they
are needed. The tuned one has normals and tables of its own, uses buffers again, and simulates the factors of as many
paths at a time as the cache holds.

Arrays are ``(path,)``, ``(factor, path)`` or ``(step, path)``. Money is in the study's unit.
"""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from frozen_plan import FrozenPlan
from numpy_clock import Clock, ClockTables
from numpy_draws import Draws, Searched, Table, TailMap, box_muller, curve, law, own_normals
from numpy_project import Project, ratio
from numpy_rates import rate_of_net

QUANTITIES = (
    "funded", "completed", "cancelled", "declined", "cost", "cost_overrun", "overrun_sampled", "delay_months",
    "npv_funder", "pv_host", "developer_fee", "vendor_margin", "supply_chain_benefit", "irr_funder", "moic_funder",
    "payback_years", "recovery_years", "deemed_share", "deemed_open",
)  # fmt: skip
TIMELINE = (
    "calls", "spend", "revenue", "available_cash", "distribution_funder", "distribution_host", "due", "carry",
    "deemed_balance",
)  # fmt: skip
"""Rows per step of a project."""
_SPLIT_PERIODIC = 0
_IN_CACHE = 1024  # paths whose factors are simulated together: a dozen arrays of a step fit into 1 MiB or so
_LAWS = (
    "size", "start_delay", "overrun", "uplift", "duration", "threshold", "subscription", "salvage", "shortfall",
    "availability", "price", "share", "fee",
)  # fmt: skip
_SUMS = (
    "funded", "completed", "cancelled", "declined", "cost", "npv_funder", "pv_host", "developer_fee", "vendor_margin",
    "supply_chain_benefit", "deemed_open",
)  # fmt: skip
_OF_PORTFOLIO = (
    "called", "receipts", "received", "overdue", "completed_cost", "completed_expected", "completed_budget",
    "weighted_delay", "budget", "weighted_overrun",
)  # fmt: skip


class Result(NamedTuple):
    """What one chunk leaves."""

    series: dict[tuple[str, str], np.ndarray]
    """``(path,)`` by unit (a project, the portfolio or the scheme) and quantity."""
    timeline: np.ndarray
    """``(project, row, step)``: sums over the chunk."""
    occupancy: np.ndarray
    """``(state, step)``: sums over the chunk."""


def _stops_or_delays(plan):
    """Whether an outcome delays or cancels projects, or scales the arrivals of pipelines."""
    for event in plan.events:
        at = int(event["effects"])
        for _ in range(event["n_outcomes"]):
            effect = at + 1
            for place, width in enumerate((1, 2, 2, 3, 3, 1)):
                count = int(plan.constants[effect])
                if count and place in (2, 4, 5):
                    return True
                effect += 1 + count * width
            at += int(plan.constants[at])
    return False


def not_known(plan: FrozenPlan) -> list[str]:
    """Clauses of a plan that this yardstick does not know."""
    g, p, e = plan.study[0], plan.projects, plan.events
    clauses = {
        "pipelines": plan.pipelines.size,
        "notices on or after the value date": (p["notice"] >= 0).any(),
        "annual cap": g["annual_cap"] < np.inf,
        "take-up": g["take_up_law"] >= 0,
        "drawn dates of events": (e["after"] >= 0).any() or (e["days_law"] >= 0).any(),
        "delays and cancellations by outcomes": _stops_or_delays(plan),
        "jumps": plan.jumps.size,
        "phases": (p["n_phases"] > 1).any(),
        "a cap that stops": (p["cap_stops"] == 1).any(),
        "senior debt": (p["debt_share"] > 0.0).any(),
        "a stack": g["stack"] == 1,
        "pooling, adjustment and catch-up": g["coupled"] == 1 or g["adjusts"] == 1,
        "output credit": (p["credit"] > 0.0).any(),
        "splits other than periodic": g["mode"] != _SPLIT_PERIODIC,
        "interest before completion": g["interest_before_completion"],
        "interest on the carry": g["carry_bears_interest"],
    }
    return [name for name, present in clauses.items() if present]


class NumpyEngine:
    """A compiled study, ready to be run in chunks; `exact`: with the plan's own tables, not linear ones."""

    def __init__(self, plan: FrozenPlan, exact: bool = False, tuned: bool = True) -> None:
        if unknown := not_known(plan):
            raise ValueError(f"this yardstick knows the clauses of the frozen study only, not: {', '.join(unknown)}")
        g, pool, projects = plan.study[0], plan.constants, plan.projects
        self.plan, self.pool, self.g, self.tuned = plan, pool, g, tuned
        kind = Table if tuned else Searched
        table = None if exact else kind
        self.steps, self.dt, self.per_year = int(g["steps"]), float(g["dt"]), float(g["per_year"])
        self.money_unit, self.times = float(g["money_unit"]), self.curve(g["times"], self.steps + 1)
        self.first_share, self.second_share = float(g["first_share"]), float(g["second_share"])
        self.discount_funder, self.discount_host, self.discount_local = (
            self.curve(g[f"discount_{name}"]) for name in ("funder", "host", "local")
        )
        self.buffers: dict[str, np.ndarray] = {}
        n = plan.rows.size
        self.cholesky = pool[g["cholesky"] : g["cholesky"] + n * n].reshape(n, n).copy()
        if g["tail_nu"] > 0.0:
            self.root = law(pool, int(g["tail_root"]), table)
            self.tail = TailMap(plan).read_off(table)
        self.world = ClockTables(self)
        self._lay_out_factors()
        self.laws = {
            (name, s): law(pool, int(p[f"{name}_law"]), table) for s, p in enumerate(projects) for name in _LAWS
        }
        self.laws["slip"] = law(pool, int(g["slip_law"]), table)
        self._lay_out_projects(kind, table)

    def _lay_out_projects(self, kind, table):
        """What the projects read, as numbers and arrays of their own."""
        pool, projects = self.pool, self.plan.projects
        self.p = [SimpleNamespace(**{name: p[name].item() for name in p.dtype.names}) for p in projects]
        for p in self.p:
            p.lost = self.listed(p.ramp_up, 1)[:, 0]
        self.spend_curves = [curve(pool, p.spend_curve, table) for p in self.p]
        self.availability = [self.laws["availability", s] for s in range(projects.size)]
        self.expected = [
            None if p.expected_index < 0 else kind(0.0, float(self.steps), self.curve(p.expected_index, self.steps + 1))
            for p in self.p
        ]
        self.expected_cost = []
        for p in self.p:  # knots of planned start, and the cost that the plan expects
            count = int(pool[p.expected_costs])
            self.expected_cost.append(self.curve(p.expected_costs + 1, 2 * count).reshape(2, count))
        self.reviews = [None if p.reviews < 0 else self.curve(p.reviews) for p in self.p]
        self.escalation = [self.curve(p.escalation) for p in self.p]
        self.spend_flows, self.output_flows = (
            [[(rate, int(step_mean)) for rate, step_mean in self.listed(getattr(p, name), 2)] for p in self.p]
            for name in ("spend_flows", "output_flows")
        )
        names = [name for name in projects.dtype.names if name.endswith("_basket")]
        self.baskets = [{name: self._basket(getattr(p, name)) for name in names} for p in self.p]

    def _basket(self, offset):
        """Factors and weights of an index; None for the index 1."""
        return None if offset < 0 else [(int(k), float(weight)) for k, weight in self.listed(offset, 2)]

    def buffer(self, name, shape):
        """An array that is used again by every chunk: fresh large ones cost a page fault per 512 values."""
        if not self.tuned:
            return np.empty(shape)
        size = int(np.prod(shape))
        if name not in self.buffers or self.buffers[name].size < size:
            self.buffers[name] = np.empty(size)
        return self.buffers[name][:size].reshape(shape)

    def curve(self, offset, size=None):
        """A curve over the steps."""
        return self.pool[int(offset) : int(offset) + (size or self.steps)]

    def listed(self, offset, width):
        """A list of the pool: its length, then rows of so many numbers."""
        start, count = int(offset) + 1, int(self.pool[int(offset)])
        return self.pool[start : start + count * width].reshape(count, width)

    def run(self, n: int, rng: np.random.Generator) -> Result:
        """Simulate `n` paths."""
        return self.simulate(Draws(rng, n, box_muller if self.tuned else own_normals))

    def simulate(self, draws) -> Result:
        """Simulate a chunk from some draws."""
        n, projects = draws.n, self.plan.projects
        pairs = self.pool[int(self.g["defaults"]) :][: 2 * int(self.g["n_defaults"])].reshape(-1, 2)
        paths = np.arange(n)
        self.defaults = [draws.exponentials(int(stream), 0, paths) / hazard for stream, hazard in pairs]
        world = Clock(self, draws).run()
        x = self.factors(draws, world.step_means)
        net = self.buffer("net", (self.steps, n))
        net[:] = 0.0
        self.side = self.buffer("side", (self.steps, n))
        self.side[:] = 0.0
        series: dict[tuple[str, str], np.ndarray] = {}
        timeline, parts = np.zeros((projects.size, len(TIMELINE), self.steps)), []
        for s, name in enumerate(self.plan.project_names.tolist()):
            parts.append(Project(self, s, draws, world, x, net, timeline[s]).run())
            series.update({(name, key): parts[-1][key] for key in QUANTITIES})
        series.update({("portfolio", key): value for key, value in self.portfolio(parts, net).items()})
        sums = {key: series["portfolio", key] for key in ("npv_funder", "vendor_margin", "supply_chain_benefit")}
        series.update({("scheme", key): value for key, value in self.scheme(world, x, net, sums).items()})
        return Result(series, timeline, world.occupancy)

    def factors(self, draws, step_means):
        """All factors at the steps' ends: ``(step, factor, path)``."""
        n = draws.n
        out = self.buffer("factors", (self.steps, self.plan.factors.size, n))
        at_once = _IN_CACHE if self.tuned else n
        for low in range(0, n, at_once):
            self._some_factors(draws, step_means, slice(low, min(low + at_once, n)), out)
        return out

    def _some_factors(self, draws, step_means, v, out):
        """Factors of so many paths that a step of them stays in the cache."""
        f, rows, n = self.plan.factors, self.plan.rows, v.stop - v.start
        z, e = np.empty((rows.size, n)), np.empty((rows.size, n))
        y, tail_stream = np.repeat(f["start"][rows][:, None], n, axis=1), int(self.g["tail_stream"])
        decay, sd, streams = f["decay"][rows][:, None], f["sd"][rows][:, None], f["stream"][rows].astype(np.int64)
        for t in range(self.steps):
            draws.innovations(streams, t, v, z)
            np.matmul(self.cholesky, z, out=e)
            scores = e
            if self.g["tail_nu"]:
                root = self.root(draws.root_score(tail_stream, t, v))
                root *= self.tail.per_unit
                e *= root
                scores = self.tail.at(e)
            scores *= sd
            y *= decay
            y += scores
            self._observe(t, y, step_means[:, t, v], out[t, :, v])

    def _observe(self, t, y, step_means, x):
        """What is observed of the factors, from their processes."""
        rows, shape = self.plan.rows, self.shape
        if rows.size == len(x):
            np.add(y, shape.shifts[t], out=x)
        else:
            x[:] = 0.0
            x[rows] = y
            x += shape.shifts[t]
        if shape.joined:
            part = x[shape.log[0] : shape.log[-1] + 1]
            np.exp(part, out=part)
        elif shape.log.size:
            x[shape.log] = np.exp(x[shape.log])
        for k, m, adds in shape.shifters:
            if adds:
                x[k] += step_means[m]
            else:
                x[k] *= 1.0 + step_means[m]
        for k, floor, cap in shape.bounds:
            np.minimum(np.maximum(x[k], floor[t], out=x[k]), cap[t], out=x[k])

    def _lay_out_factors(self):
        """What turns processes into what is observed."""
        f = self.plan.factors
        log = np.flatnonzero(f["is_level"] == 0)
        self.shape = SimpleNamespace(
            log=log,
            joined=log.size and log[-1] + 1 - log[0] == log.size,  # logarithmic factors mostly stand together
            shifts=np.stack([self.curve(offset) for offset in f["shift"]], axis=1)[:, :, None],
            bounds=[(k, self.curve(p["floor"]), self.curve(p["cap"])) for k, p in enumerate(f) if p["floor"] >= 0],
            shifters=[
                (k, m, p["adds_shifts"] == 1)
                for k, p in enumerate(f)
                for m in self.listed(p["shifters"], 1)[:, 0].astype(int)
            ],
        )

    def portfolio(self, parts, net):
        """Quantities of the portfolio."""
        total = {key: sum(part[key] for part in parts) for key in (*_SUMS, *_OF_PORTFOLIO)}
        out, called = {key: total[key] for key in _SUMS}, total["called"] > 0.0
        out["cost_overrun"] = ratio(total["completed_cost"], total["completed_expected"]) - 1.0
        out["overrun_sampled"] = ratio(total["weighted_overrun"], total["budget"])
        out["delay_months"] = ratio(total["weighted_delay"], total["completed_budget"])
        out["irr_funder"] = np.where(called, rate_of_net(net, self.per_year), np.nan)
        out["moic_funder"] = ratio(total["receipts"], total["called"])
        first = np.minimum.reduce([part["first_call"] for part in parts])
        out["payback_years"] = np.where(called, self.payback(net, first), np.nan)
        out["recovery_years"] = np.fmax.reduce([part["recovery_years"] for part in parts])
        out["deemed_share"] = ratio(total["received"], total["received"] + total["overdue"])
        return out

    def payback(self, net, first):
        """Years from the first call to the first later step with receipts as high as calls, cumulated."""
        balance, out = np.zeros(first.size), np.full(first.size, np.inf)
        for t, row in enumerate(net):
            balance += row
            back = balance >= 0.0
            back &= first < t
            if back.any():
                back &= out == np.inf
                out[back] = (t - first[back]) * self.dt
        return out

    def scheme(self, world, x, net, sums):
        """Quantities of the whole scheme."""
        relief = self.relief(world)
        out = {"npv_funder_local": self.local_value(net, x), "tariff_relief": self.discount_funder @ relief}
        out["scheme_value"] = sum(sums.values()) + out["tariff_relief"]
        self.side += relief
        self.side += net
        out["scheme_value_local"] = self.local_value(self.side, x)
        out["net_commitments"] = world.committed
        for regime, state, first in zip(self.plan.regime_names, world.state, self.plan.regimes["first"], strict=True):
            out[f"final_state_{regime}"] = (state - first).astype(float)
        for event, outcome in zip(self.plan.event_names, world.outcome, strict=True):
            out[f"outcome_{event}"] = np.where(outcome >= 0, outcome.astype(float), np.nan)
        return out

    def local_value(self, net, x):
        """Value in the funder's own currency."""
        if self.g["fx_factor"] < 0:
            return self.discount_local @ net
        return np.einsum("t,tp,tp->p", self.discount_local, x[:, self.g["fx_factor"]], net)

    def relief(self, world):
        """The scheme's side flows in time ``(step, path)``."""
        out = np.zeros((self.steps, world.committed.size))
        for rate, step_mean in self.listed(self.g["relief"], 2):
            out += (
                rate * self.dt if step_mean < 0 else (rate * self.dt) * world.step_means[int(step_mean)][: self.steps]
            )
        return out
