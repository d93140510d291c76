"""All stages of a study, one after the other (section 0)."""

from collections.abc import Mapping

import numpy as np

from reference.basics import Array, LawValue, given
from reference.clock import simulate_world
from reference.construction import build_site
from reference.context import Context, funder_factors
from reference.dates import Calendar, as_date
from reference.draws import Draws
from reference.factors import simulate_factors
from reference.inputs import default_years, project_inputs
from reference.laws import exact_value
from reference.operation import operate
from reference.pool import cap_calls, catch_up, split_all
from reference.quantities import Part, flow_quantities, host_net, joint_quantities, own_quantities, summed
from reference.scheme import relief_row, scheme_quantities, side_rows
from reference.simulation import Simulation
from reference.split import drawn_terms
from reference.stack import stack_cash, stack_quantities
from reference.world import Venture, ventures_of


def simulate_cash(ctx: Context, venture: Venture) -> Part:
    """Simulate what one venture calls and earns: nothing that is distributed flows back into it."""
    site = build_site(ctx, venture)
    flows = {
        "spend": site.spend,
        "capital": site.capital,
        "host_spend": site.host_spend,
        "lender_spend": site.lender_spend,
        "termination_fee": site.termination_fee,
        "calls": site.capital + site.termination_fee,
        **operate(ctx, venture, site),
    }
    return Part(venture, site, flows)


def finish_venture(ctx: Context, part: Part) -> dict[str, Array]:
    """Add side flows, stack and quantities to a venture whose cash is split; return its margins."""
    part.flows |= side_rows(ctx, part.venture.project, part.flows)
    part.quantities, margins, part.sums = own_quantities(ctx, part.venture, part.site, part.flows, part.account)
    if given(ctx.study, "stack") is not None:
        part.stack = stack_cash(ctx, part.site, part.flows)
        part.flows |= {name: part.stack[name] for name in ("loan_balance", "claims")}
        part.quantities |= stack_quantities(ctx, part.stack)
    return margins


def simulate(study: Mapping, paths: Array, draws: Draws | None = None, law_value: LawValue | None = None) -> Simulation:
    """Simulate some paths of a resolved study.

    Parameters
    ----------
    study
        Nested mapping with the keys of the config language, tables resolved, dates as `datetime.date`.
    paths
        Path numbers ``(n,)``.
    draws
        Source of scores and uniforms; the seed's own words by default.
    law_value
        ``law_value(key, law, z)``, see the head of `reference`; exact by default.
    """
    paths = np.asarray(paths, dtype=np.int64)
    head = study["study"]
    clock = Calendar(as_date(head["value_date"]), int(given(head, "steps_per_year", 4)), float(head["horizon_years"]))
    draws = Draws(study["run"]["seed"]) if draws is None else draws
    law_value = exact_value if law_value is None else law_value
    world = simulate_world(study, clock, paths, draws, law_value)
    factors = simulate_factors(study, clock, paths, draws, law_value, world)
    ctx = Context(study, clock, paths, draws, law_value, factors, world)
    sim = Simulation(
        clock.ends,
        factors.observed,
        factors.start,
        factors.expected,
        world.jumps,
        world.attributes,
        world.occupancy,
        world.outcomes,
        world.final_states,
        world.happened,
        margins={**world.margins, "merton_count": factors.count_margin},
    )
    sim.selections, sim.notes = world.selections, world.notes
    parts = [simulate_cash(ctx, venture) for venture in ventures_of(study)]
    cap_calls(ctx, [part.flows for part in parts])
    accounts, adjustments = split_all(ctx, [(drawn_terms(ctx, part.venture), part.site, part.flows) for part in parts])
    for part, account in zip(parts, accounts, strict=True):
        part.account = account
        part.flows |= account.rows
    names = [part.venture.name for part in parts] if len(adjustments) == len(parts) else ["pool"]
    sim.margins |= {f"adjust/{name}": m for name, m in zip(names, adjustments, strict=True) if m is not None}
    if given(study["agreement"], "catch_up") is not None and parts:
        sim.diverted = catch_up(ctx, [part.flows for part in parts])
    for part in parts:
        venture, margins = part.venture, finish_venture(ctx, part)
        sim.stacks[venture.name], sim.accounts[venture.name] = part.stack, part.account
        if venture.pipeline is None:
            from_flows, more = flow_quantities(
                ctx, part.flows["calls"], part.flows["distribution_funder"], host_net(part.flows)
            )
            part.quantities, margins = part.quantities | from_flows, margins | more
            sim.inputs[venture.name] = project_inputs(ctx, venture.name, venture.project)
            sim.sites[venture.name], sim.projects[venture.name] = part.site, part.flows
            sim.quantities[venture.name] = part.quantities
        sim.margins |= {f"{what}/{venture.name}": margin for what, margin in margins.items()}
    for name, offtaker in given(study, "offtakers", {}).items():
        sim.default_years[name] = default_years(ctx, name, offtaker["default_hazard"])
    for name in given(study, "pipelines", {}):
        sim.slots[name] = [part for part in parts if part.venture.pipeline == name]
        sim.projects[name] = summed([part.flows for part in sim.slots[name]])
        sim.quantities[name], margins = joint_quantities(ctx, sim.slots[name], sim.projects[name])
        sim.margins |= {f"{what}/{name}": margin for what, margin in margins.items()}
    sim.quantities["portfolio"], margins = joint_quantities(ctx, parts, summed(list(sim.projects.values())))
    sim.margins |= {f"{what}/portfolio": margin for what, margin in margins.items()}
    if given(study["agreement"], "catch_up") is not None:
        sim.quantities["portfolio"]["caught_up"] = (funder_factors(ctx) * sim.diverted).sum(axis=0)
    sim.relief = relief_row(ctx)
    sim.quantities["scheme"] = scheme_quantities(ctx, sim, sim.relief)
    return sim
