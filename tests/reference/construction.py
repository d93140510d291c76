"""Construction (section 6): dates, spending, who pays, reviews and cancellations."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import numpy as np

from reference.basics import Array, given
from reference.context import Context, Site, distance
from reference.dates import add_months, as_date
from reference.factors import composite, rank_to_score
from reference.laws import most_likely
from reference.world import Venture, World


def construction_scores(ctx: Context, name: str, build: Mapping) -> tuple[Array, Array]:
    """Return the scores of the overrun and of the duration multiplier."""
    spec = given(build, "correlation", {})
    convert = rank_to_score if given(spec, "kind", "score") == "rank" else float
    rho_all, rho_class, rho_xy = (convert(given(spec, key, 0.0)) for key in ("all", "class", "cost_delay"))
    if not 0 <= rho_all <= rho_class <= 1:
        raise ValueError(f"project {name}: 0 <= all <= class <= 1 does not hold")

    def mixed(kind: str) -> Array:
        score = math.sqrt(rho_all) * ctx.score(f"construction/all/{kind}")
        if rho_class > rho_all:
            score = score + math.sqrt(rho_class - rho_all) * ctx.score(f"construction/{build['class']}/{kind}")
        return score + math.sqrt(1 - rho_class) * ctx.score(f"project/{name}/{kind}")

    cost = mixed("cost")
    return cost, rho_xy * cost + math.sqrt(1 - rho_xy**2) * mixed("delay")


def standstills_of(world: World, name: str, start: Array, end: Array) -> tuple[list[tuple[Array, Array]], Array, Array]:
    """Return the standstills of a project that would be built from start to end, its new end, and the margin."""
    events, found = world.delays.get(name, []), []
    free, margin = np.full(end.shape, start), np.full(end.shape, math.inf)
    for k in range(max((len(path) for path in events), default=0)):
        time, length = np.array([path[k] if k < len(path) else (math.inf, 0.0) for path in events]).T
        begin = np.maximum(time, free)
        margin = np.minimum(margin, distance(begin, end))
        length = np.where(begin < end, length, 0.0)
        begin = np.where(begin < end, begin, math.inf)
        found.append((begin, length))
        free, end = begin + length, end + length
    return found, end, margin


def held_up(end: Array, standstills: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return when a phase starts, given when it would start without standstills, and the margin."""
    margin = np.full(end.shape, math.inf)
    for begin, length in standstills:
        margin = np.minimum(margin, distance(begin, end))
        end = end + np.where(begin < end, length, 0.0)
    return end, margin


def working_time(times: Array, start: Array | float, standstills: Sequence[tuple[Array, Array]]) -> Array:
    """Return the time worked until some times, years: the stretches between standstills, which add up exactly."""
    worked, free = 0.0, start
    for begin, length in standstills:
        worked = worked + np.maximum(np.minimum(times, begin) - free, 0.0)
        free = begin + length
    return worked + np.maximum(times - free, 0.0)


def progress_and_share(
    ctx: Context, key: str, build: Mapping, worked: Array, planned: float | Array
) -> tuple[Array, Array]:
    """Return progress x at each step's end, and the share S(x) of the planned spend that is behind then."""
    x = np.clip(worked / planned, 0.0, 1.0)
    return x, ctx.law_value(f"{key}.spend_curve", {"beta_cdf": dict(build["spend_curve"])}, x)


def plan_index(ctx: Context, venture: Venture, duration: float, expected: Array, plan_start: Array) -> Array:
    """Return the plan's spend-weighted expected index, for each path's planned start.

    Exact for an announced project; for a slot of a pipeline it is taken for plans that start at the steps' bounds,
    and interpolated linearly between them.
    """
    key, build, ends = f"{venture.key}.construction", venture.project["construction"], ctx.clock.ends

    def index_from(start: float) -> float:
        behind = progress_and_share(ctx, key, build, working_time(ends, start, ()), duration)[1]
        return float((np.diff(behind, prepend=0.0) * expected).sum())

    if venture.pipeline is None:
        table = {start: index_from(start) for start in np.unique(plan_start[np.isfinite(plan_start)])}
        return np.array([table.get(start, math.nan) for start in plan_start])
    bounds = np.append(0.0, ends)
    return np.interp(plan_start, bounds, [index_from(start) for start in bounds])


def review_steps(ctx: Context, clause: Mapping) -> list[tuple[int, dt.date]]:
    """Return the steps that are the first to begin on or after a review date, within the horizon, and that date.

    Of several dates that lead to the same step the last counts.
    """
    if given(clause, "dates") is None:
        years = range(1, math.ceil(ctx.clock.horizon) + 1)
        dates = [add_months(ctx.clock.value_date, 12 * year) for year in years]
    else:
        dates = [as_date(date) for date in clause["dates"]]
    found: dict[int, dt.date] = {}
    for date in sorted(dates):
        step = next((t for t in range(ctx.clock.steps) if ctx.clock.step_start(t) >= date), None)
        if step is not None:
            found[step] = date
    return sorted(found.items())


def subscription_score(ctx: Context, name: str, project: Mapping, cost_score: Array) -> Array:
    """Return the score of the subscribed share, correlated with that of the overrun where there is a clause."""
    score = ctx.score(f"project/{name}/subscription")
    clause = given(project["construction"], "subscription")
    if clause is None:
        return score
    rho = given(clause, "correlation", 0.0)
    return rho * cost_score + math.sqrt(1 - rho**2) * score


def reviewed(ctx: Context, venture: Venture, site: Site, would_end: Array) -> tuple[Array, Array, dict[str, Array]]:
    """Return the steps at whose start a review on the cost to come, and one on the subscription, cancels a project.

    The number of steps stands for never. The third value holds the margins.
    """
    build, T, n = venture.project["construction"], ctx.clock.steps, len(ctx.paths)
    by_cost, by_share = np.full(n, T), np.full(n, T)
    margins = {what: np.full(n, math.inf) for what in ("review", "review_end", "subscription")}
    clause, subscription = given(build, "review"), given(build, "subscription")
    if clause is None:
        return by_cost, by_share, margins
    key, name = f"{venture.key}.construction", venture.name
    threshold = np.full(n, math.inf)
    if given(clause, "threshold") is not None:
        threshold = ctx.law(f"{key}.review.threshold", clause["threshold"], f"project/{name}/threshold")
    if subscription is not None:
        score = subscription_score(ctx, name, venture.project, site.cost_score)
        share = ctx.law_value(f"{key}.subscription.share", subscription["share"], score)
        too_few = share < subscription["required"]
        first = as_date(subscription["by"])
    for t, date in review_steps(ctx, clause):
        if t == 0:
            continue
        x, time = site.progress[t - 1], t * ctx.step
        at_work = (x > 0) & (would_end > time + 1e-9) & (site.gone > time)
        estimate = site.price[t - 1] * (1 + (site.overrun - 1) * x ** given(clause, "reveal", 1.0))
        to_come = estimate * (1 - site.behind[t - 1])  # what is spent is sunk
        near = np.where(at_work, np.abs(to_come - threshold), math.inf)
        margins["review"] = np.minimum(margins["review"], near)
        near = np.where((x > 0) & (site.gone > time), distance(would_end, time + 1e-9), math.inf)
        margins["review_end"] = np.minimum(margins["review_end"], near)
        by_cost = np.where(at_work & (to_come > threshold), np.minimum(by_cost, t), by_cost)
        if subscription is not None and date >= first:
            by_share = np.where(at_work & too_few, np.minimum(by_share, t), by_share)
            near = np.where(at_work, np.abs(share - subscription["required"]), math.inf)
            margins["subscription"] = np.minimum(margins["subscription"], near)
    return by_cost, by_share, margins


def cost_parts(build: Mapping, senior: Mapping | None, budget: Array, spend: Array) -> tuple[Array, Array, Array]:
    """Return what the funder, the host and the lenders pay of each step's cost."""
    cap, d = given(build, "funding_cap"), given(senior, "share", 0.0)
    funder = spend
    if cap is not None and cap["above"] == "share":
        S, first, last = np.cumsum(spend, axis=0), cap["multiple"] * budget, given(cap, "ceiling", math.inf)
        with np.errstate(invalid="ignore"):
            last = np.where(budget > 0, last * budget, math.inf)
        f = np.minimum(S, first) + cap["funder_share"] * np.maximum(np.minimum(S, last) - first, 0.0)
        funder = np.diff(f, axis=0, prepend=0.0)
    if d == 0:
        return funder, spend - funder, np.zeros_like(spend)
    return (1 - d) * funder, (1 - d) * (spend - funder), d * spend


def planned_delay(build: Mapping) -> float:
    """Return the years of its start's delay that a plan contains: what it says, else what is most likely."""
    stated, law = given(build, "planned_start_delay_years"), given(build, "start_delay")
    if stated is not None:
        return stated
    return 0.0 if law is None else most_likely(law)


def build_site(ctx: Context, venture: Venture) -> Site:
    """Build a project: when it is complete, what each step costs, and who pays."""
    name, project = venture.name, venture.project
    build, ends, chosen = project["construction"], ctx.clock.ends, ctx.world.selections[name]
    key, budget, funded = f"{venture.key}.construction", chosen.budget, chosen.funded
    cost_score, delay_score = construction_scores(ctx, name, build)
    drawn = ctx.law_value(f"{key}.overrun", build["overrun"], cost_score)
    overrun = 1 + (drawn - 1) * (1 - given(build, "inflation_share", 0.0))
    if given(build, "uplift") is not None:
        overrun = overrun * ctx.law(f"{key}.uplift", build["uplift"], f"project/{name}/uplift")
    slower = ctx.law_value(f"{key}.duration", build["duration"], delay_score)
    phases = given(build, "phases") or [{"share": 1.0, "planned_duration_years": build.get("planned_duration_years")}]
    duration = max(phase["planned_duration_years"] for phase in phases)
    planned = given(build, "planned_start")
    earliest = -math.inf if planned is None else ctx.clock.time_of(as_date(planned))
    plan_start, start = np.maximum(chosen.plan_due, earliest) + planned_delay(build), np.maximum(chosen.due, earliest)
    if given(build, "start_delay") is not None:
        start = start + ctx.law(f"{key}.start_delay", build["start_delay"], f"project/{name}/start_delay")
    standstills, would_end, late = standstills_of(ctx.world, name, start, start + duration * slower)
    phase_starts = []
    for phase in phases:
        begin, margin = held_up(start + phase["planned_duration_years"] * slower, standstills)
        phase_starts.append((phase["share"], begin))
        late = np.minimum(late, margin)
    stop = np.where(chosen.stop < would_end, chosen.stop, math.inf)
    gone = np.where(funded > 0, stop, 0.0)

    worked = working_time(np.minimum(ends[:, None], gone), start, standstills)
    x, behind = progress_and_share(ctx, key, build, worked, duration * slower)
    indices = given(build, "indices")
    expected = np.broadcast_to(composite(indices, ctx.factors.expected), ends.shape)
    price = composite(indices, ctx.factors.observed) * np.ones_like(x)
    if build["budget_basis"] == "nominal":
        price = price / np.interp(plan_start + x * duration, np.append(0.0, ends), np.append(1.0, expected))
        expected_cost = budget
    else:
        expected_cost = budget * plan_index(ctx, venture, duration, expected, plan_start)
    imported = given(build, "imported_share", 0.0)
    if imported > 0:
        where = (build["equipment_tariff"]["regime"], build["equipment_tariff"]["attribute"])
        price = (
            price * (1 + imported * ctx.world.attributes[where]) / (1 + imported * ctx.world.initial_attributes[where])
        )
    site = Site(
        start=start,
        duration=duration,
        completion=would_end,
        phase_starts=phase_starts,
        spend=budget * overrun * np.diff(behind, axis=0, prepend=0.0) * price,
        overrun=overrun,
        expected_cost=expected_cost,
        stop=stop,
        funded=funded,
        standstills=standstills,
        margins={"cancel": distance(chosen.stop, would_end), "delay": late},
        plan_start=plan_start,
        gone=gone,
        budget=budget,
        size=budget / float(project["budget"]),
        cost_score=cost_score,
        progress=x,
        behind=behind,
        price=price,
        declined=chosen.declined,
    )
    if given(build, "shortfall") is not None:
        site.shortfall = ctx.law(f"{key}.shortfall", build["shortfall"], f"project/{name}/shortfall")
        site.achieved = 1 - site.shortfall
    cancel_site(ctx, venture, site, would_end)
    senior = given(project["operation"], "senior_debt")
    site.capital, site.host_spend, site.lender_spend = cost_parts(build, senior, budget, site.spend)
    return site


def cancel_site(ctx: Context, venture: Venture, site: Site, would_end: Array) -> None:
    """Cancel a site by review or at its cap, where that comes before the world does; then settle what is left."""
    build, T, n = venture.project["construction"], ctx.clock.steps, len(ctx.paths)
    key, steps = f"{venture.key}.construction", np.arange(ctx.clock.steps)[:, None]
    by_cost, by_share, margins = reviewed(ctx, venture, site, would_end)
    first = np.minimum(by_cost, by_share)
    site.spend = np.where(steps < first, site.spend, 0.0)
    at_cap, cap = np.full(n, T), given(build, "funding_cap")
    if cap is not None and cap["above"] == "stop":
        most, S = cap["multiple"] * site.budget, np.cumsum(site.spend, axis=0)
        at_cap = np.where((S > most).any(axis=0), np.argmax(S > most, axis=0), T)
        before = np.vstack([np.zeros(n), S[:-1]])
        site.spend = np.where(steps < at_cap, site.spend, np.where(steps == at_cap, most - before, 0.0))
        near = np.where(site.spend > 0, np.abs(S - most) / np.where(site.budget > 0, site.budget, 1.0), math.inf)
        margins["cap"] = near.min(axis=0)
    by_us = np.minimum(first, at_cap)  # a cap is reached before a review only if it ends the spending before it
    step_of_stop = np.where(
        np.isfinite(site.stop), np.floor(np.where(np.isfinite(site.stop), site.stop, 0.0) * ctx.clock.m + 1e-9), T
    )
    ours = by_us < T
    site.causes = {
        "world": np.isfinite(site.stop) & ~ours,
        "review": ours & (by_cost == by_us),
        "subscription": ours & (by_share == by_us) & (by_cost > by_us),
        "cap": ours & (at_cap == by_us) & (first > by_us),
    }
    site.stop = np.where(ours, by_us * ctx.step, site.stop)
    step_of_stop = np.where(ours, by_us, step_of_stop)
    paid_for = site.funded > 0
    site.gone = np.where(paid_for, site.stop, 0.0)
    site.completion = np.where(paid_for & np.isinf(site.stop), would_end, math.inf)
    settled = site.settled = (steps == step_of_stop) & paid_for
    site.termination_fee = np.where(settled, given(build, "termination_fee", 0.0) * site.budget, 0.0)
    site.salvage = np.zeros_like(site.spend)
    if given(build, "salvage") is not None:
        part = ctx.law(f"{key}.salvage", build["salvage"], f"project/{venture.name}/salvage")
        site.salvage = np.where(settled, part * site.spend.sum(axis=0), 0.0)
    site.margins = {**site.margins, **margins}
