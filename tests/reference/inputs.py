"""What is drawn once a path of a project, whatever becomes of it."""

import math
from collections.abc import Mapping

import numpy as np

from reference.basics import Array, given
from reference.construction import construction_scores, subscription_score
from reference.context import Context


def project_inputs(ctx: Context, name: str, project: Mapping) -> dict[str, Array]:
    """Return the inputs of an announced project by name, ``(n,)`` each; those of clauses that it has."""
    key, build, plant = f"projects.{name}", project["construction"], given(project, "operation", {})
    cost, delay = construction_scores(ctx, name, build)
    drawn = ctx.law_value(f"{key}.construction.overrun", build["overrun"], cost)
    overrun = 1 + (drawn - 1) * (1 - given(build, "inflation_share", 0.0))
    if given(build, "uplift") is not None:
        overrun = overrun * ctx.law(f"{key}.construction.uplift", build["uplift"], f"project/{name}/uplift")
    go_ahead, size = given(project, "go_ahead"), np.ones(len(ctx.paths))
    if go_ahead is not None:
        goes = ctx.draws.uniforms(f"project/{name}/go_ahead", 0, ctx.paths) < go_ahead["probability"]
        share = ctx.law(f"{key}.go_ahead.size_share", given(go_ahead, "size_share", 1.0), f"project/{name}/size")
        size = np.where(goes, share, 0.0)
    out = {
        "size": size,
        "cost_score": cost,
        "delay_score": delay,
        "cost_multiple": overrun,
        "duration_multiple": ctx.law_value(f"{key}.construction.duration", build["duration"], delay),
    }
    for what, clause in (
        ("start_delay", "start_delay"),
        ("capacity_shortfall", "shortfall"),
        ("salvage_share", "salvage"),
    ):
        if given(build, clause) is not None:
            out[what] = ctx.law(f"{key}.construction.{clause}", build[clause], f"project/{name}/{clause}")
    if given(given(build, "review", {}), "threshold") is not None:
        law = build["review"]["threshold"]
        out["cancellation_threshold"] = ctx.law(
            f"{key}.construction.review.threshold", law, f"project/{name}/threshold"
        )
    score, contract = subscription_score(ctx, name, project, cost), given(plant, "contract")
    if given(build, "subscription") is not None:
        law = build["subscription"]["share"]
        out["subscribed_share"] = ctx.law_value(f"{key}.construction.subscription.share", law, score)
    if contract is not None:
        out["contracted_share"] = ctx.law_value(f"{key}.operation.contract.share", contract["share"], score)
        out["contract_price"] = ctx.law(
            f"{key}.operation.contract.price", contract["price"], f"project/{name}/contract"
        )
    if "subscribed_share" in out or contract is not None:
        out["contract_score"] = score
    return out


def default_years(ctx: Context, name: str, hazard: float) -> Array:
    """Return the time of an offtaker's default, years ``(n,)``: exponential."""
    uniform = ctx.draws.uniforms(f"offtaker/{name}/default", 0, ctx.paths)
    return np.full(len(ctx.paths), math.inf) if hazard == 0 else -np.log1p(-uniform) / hazard
