"""Side flows, and the quantities of the scheme (section 10)."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.basics import Array, given
from reference.context import Context, funder_factors
from reference.curves import discount_factors
from reference.dates import overlap
from reference.simulation import Simulation
from reference.stack import book_losses, wait_steps


def mean_over_steps(ctx: Context, value: Callable[[Mapping[str, str]], float]) -> Array:
    """Return the exact time mean over each step of a function of the regimes' states, ``(T, n)``."""
    initial = {regime: spec["initial"]["state"] for regime, spec in given(ctx.study, "regimes", {}).items()}
    T, m, horizon = ctx.clock.steps, ctx.clock.m, ctx.clock.horizon
    total = np.zeros((T, len(ctx.paths)))
    for i, jumps in enumerate(ctx.world.jumps):
        states, since = dict(initial), 0.0
        present = value(states)
        for time, regime, _, to, _ in jumps:
            states[regime] = to
            if value(states) != present:
                total[:, i] += present * overlap(since, time, T, m)
                since, present = time, value(states)
        total[:, i] += present * overlap(since, horizon, T, m)
    return total


def side_rate(ctx: Context, clause: Mapping) -> Array:
    """Return the mean over each step of a side flow's rate while its condition holds, ``(T, n)``."""
    regimes, condition, rate = given(ctx.study, "regimes", {}), given(clause, "while", {}), clause["rate"]

    def value(states: Mapping[str, str]) -> float:
        if not all(states[regime] in allowed for regime, allowed in condition.items()):
            return 0.0
        if isinstance(rate, Mapping):
            return float(regimes[rate["regime"]]["states"][states[rate["regime"]]]["attributes"][rate["attribute"]])
        return float(rate)

    return mean_over_steps(ctx, value)


def side_rows(ctx: Context, project: Mapping, flows: Mapping[str, Array]) -> dict[str, Array]:
    """Return a project's side flows by base, money units."""
    unit = float(ctx.study["study"]["money_unit"])
    rows = {"vendor_margin": np.zeros_like(flows["output"]), "supply_chain_benefit": np.zeros_like(flows["output"])}
    for name, clause in given(project, "side_flows", {}).items():
        if clause["base"] == "spend":
            rows["vendor_margin"] = rows["vendor_margin"] + side_rate(ctx, clause) * flows["spend"]
        elif clause["base"] == "output":
            more = side_rate(ctx, clause) * flows["output"] / unit
            rows["supply_chain_benefit"] = rows["supply_chain_benefit"] + more
        else:
            raise ValueError(f"side flow {name}: a project's is of base spend or output")
    return rows


def relief_row(ctx: Context) -> Array:
    """Return the sum of the scheme's side flows by time, money units."""
    total = np.zeros((ctx.clock.steps, len(ctx.paths)))
    for name, clause in given(ctx.study, "side_flows", {}).items():
        if clause["base"] != "time":
            raise ValueError(f"side flow {name}: the scheme's is of base time")
        total = total + side_rate(ctx, clause) * ctx.step
    return total


def insurer_breaches(ctx: Context, stacks: Sequence[Mapping[str, Array]], fx: Array | float) -> tuple[dict, dict]:
    """Return whether the insurer's capital and capacity are broken on a path, and the margins, in shares of both."""
    clause, found, margins = given(given(ctx.study, "stack"), "insurer"), {}, {}
    capital, capacity = given(clause, "capital"), given(clause, "capacity")
    if capital is not None:
        bearable = capital + given(clause, "reserves", 0.0)
        flow = sum(rows["insurer"] for rows in stacks) * fx - book_losses(ctx, given(clause, "book"))
        total = np.cumsum(flow, axis=0)
        found["insurer_breach"] = (total < -bearable).any(axis=0).astype(float)
        margins["insurer_breach"] = np.abs(np.where(total != 0, total, math.inf).min(axis=0) + bearable) / (
            bearable or 1.0
        )
    if capacity is not None:
        insured = sum(rows["insured"] for rows in stacks) * fx
        found["insurer_capacity_breach"] = (insured > capacity).any(axis=0).astype(float)
        most = np.where(insured != 0, insured, -math.inf).max(axis=0)
        margins["insurer_capacity_breach"] = np.abs(most - capacity) / (capacity or 1.0)
    return found, margins


def scheme_quantities(ctx: Context, sim: Simulation, relief: Array) -> dict[str, Array]:
    """Return the scheme's quantities, and add the margins of the discrete ones to the simulation's.

    ``relief`` is the sum of the scheme's side flows by time, ``(T, n)``.
    """
    times, funder = ctx.clock.ends, ctx.study["parties"]["funder"]
    net = sum(flows["distribution_funder"] - flows["calls"] for flows in sim.projects.values())
    used = funder["discount"]
    local = given(used, "local")
    curve = ctx.study["curves"][local if local is not None else used["study"]]
    fx = ctx.factors.observed[funder["fx"]] if given(funder, "fx") else 1.0
    result = {"npv_funder_local": (net * fx * discount_factors(curve, times)[:, None]).sum(axis=0)}
    quantities = sim.quantities["portfolio"]
    beside = quantities["vendor_margin"] + quantities["supply_chain_benefit"]
    rows = sum(flows["vendor_margin"] + flows["supply_chain_benefit"] for flows in sim.projects.values())
    result["net_commitments"] = ctx.world.committed
    result["tariff_relief"] = (funder_factors(ctx) * relief).sum(axis=0)
    result["scheme_value"] = quantities["npv_funder"] + beside + result["tariff_relief"]
    local_factors = fx * discount_factors(curve, times)[:, None]
    result["scheme_value_local"] = ((net + rows + relief) * local_factors).sum(axis=0)
    stack = given(ctx.study, "stack")
    if stack is not None:
        breaches, margins = insurer_breaches(ctx, list(sim.stacks.values()), fx)
        result |= breaches
        sim.margins |= margins
        if given(stack, "insurer") is not None:
            sim.margins["insurer_wait"] = np.full(len(ctx.paths), wait_steps(stack["insurer"], ctx.clock.m)[1])
    for regime, state in sim.final_states.items():
        result[f"final_state_{regime}"] = state.astype(float)
    for event, outcome in sim.outcomes.items():
        result[f"outcome_{event}"] = np.where(outcome < 0, np.nan, outcome.astype(float))
    return result
