"""All variants of the study that uses every clause, by name."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from every_clause.changes import (
    with_carry_interest,
    with_cumulative,
    with_gaussian,
    with_horizon,
    with_no_split,
    with_split,
    with_steps,
)
from every_clause.politics import (
    with_call_cap,
    with_common_spread,
    with_consult,
    with_late,
    with_scaled_hazards,
)
from every_clause.rulings import with_rulings
from every_clause.single_clauses import (
    with_book,
    with_entries,
    with_fee_years,
    with_policy_share,
    with_reviews,
    with_spreads,
    with_start_delays,
)
from every_clause.stack_and_terms import with_adjust, with_catch_up, with_everything, with_generous, with_stack
from every_clause.whole_deal import (
    with_building,
    with_operating,
    with_pipelines,
    with_selection,
    with_side_flows,
    with_whole_deal,
)

VARIANTS: dict[str, Callable[[Mapping], dict[str, Any]]] = {
    "as_written": lambda study: deepcopy(dict(study)),
    "cumulative": with_cumulative,
    "none": with_no_split,
    "carry_interest": with_carry_interest,
    "gaussian": with_gaussian,
    "yearly": lambda study: with_steps(study, 1),
    "half_yearly": lambda study: with_steps(study, 2),
    "monthly": lambda study: with_steps(study, 12),
    "short": lambda study: with_horizon(study, 2),
    "rulings": with_rulings,
    "rulings_yearly": lambda study: with_steps(with_rulings(study), 1),
    "rulings_monthly": lambda study: with_steps(with_rulings(study), 12),
}
"""Name -> function that makes the variant from `example_study`."""


WHOLE_DEAL_VARIANTS: dict[str, Callable[[Mapping], dict[str, Any]]] = {
    "selection": with_selection,
    "pipelines": with_pipelines,
    "building": with_building,
    "operating": with_operating,
    "side_flows": with_side_flows,
    "whole_deal": with_whole_deal,
    "whole_deal_cumulative": lambda study: with_cumulative(with_whole_deal(study)),
    "whole_deal_yearly": lambda study: with_steps(with_whole_deal(study), 1),
    "whole_deal_monthly": lambda study: with_steps(with_whole_deal(study), 12),
}
"""The same for the clauses of sections 5 to 7 and the side flows."""


STACK_VARIANTS: dict[str, Callable[[Mapping], dict[str, Any]]] = {
    "stack_uninsured": with_stack,
    "stack_insured": lambda study: with_stack(study, {}),
    "stack_cover_none": lambda study: with_stack(study, {"cover": 0, "wait_years": 0}),
    "stack_cover_all": lambda study: with_stack(study, {"cover": 1, "wait_years": 0}),
    "stack_wait_long": lambda study: with_stack(study, {"wait_years": 2}),
    "stack_sweep_none": lambda study: with_stack(study, {}, sweep=0),
    "stack_sweep_half": lambda study: with_stack(with_cumulative(study), {"cover": 0.95}, sweep=0.5, tenor_years=2),
    "stack_cancelled": lambda study: with_stack(with_building(study), {}),
    "stack_given_up": lambda study: with_stack(with_operating(study), {"wait_years": 0.5}),
    "umbrella": lambda study: with_split(study, pooling="umbrella"),
    "umbrella_adjust_pipelines": lambda study: with_generous(with_pipelines(study), 1, pooling="umbrella"),
    "adjust_catch_up": lambda study: with_catch_up(with_adjust(with_selection(study)), share=0.5, until="amount"),
    "umbrella_cumulative": lambda study: with_split(with_cumulative(study), pooling="umbrella"),
    "umbrella_pipelines": lambda study: with_split(with_pipelines(study), pooling="umbrella"),
    "adjust": with_adjust,
    "adjust_cumulative": lambda study: with_generous(study, 1.5, mode="cumulative"),
    "umbrella_adjust": lambda study: with_generous(study, 1.5, pooling="umbrella"),
    "umbrella_adjust_cumulative": lambda study: with_generous(
        with_building(study), 3, mode="cumulative", pooling="umbrella"
    ),
    "catch_up_amount": lambda study: with_catch_up(with_selection(study), share=1, until="amount"),
    "catch_up_years": lambda study: with_catch_up(with_selection(study), share=0.5, until="years", years=2),
    "catch_up_none": lambda study: with_catch_up(with_no_split(with_selection(study), 0.8), share=0.3, until="amount"),
    "everything": with_everything,
    "everything_cumulative": lambda study: with_everything(with_cumulative(study)),
    "everything_yearly": lambda study: with_steps(with_everything(study), 1),
    "everything_monthly": lambda study: with_steps(with_everything(study, dict(share=1, until="years", years=1.5)), 12),
}
"""The same for the stack, pooling, adjustment and catch-up, singly and together."""

SINGLE_VARIANTS: dict[str, Callable[[Mapping], dict[str, Any]]] = {
    "start_delays": with_start_delays,
    "start_delays_pipelines": lambda study: with_pipelines(with_start_delays(study)),
    "reviews": with_reviews,
    "reviews_monthly": lambda study: with_steps(with_reviews(study), 12),
    "spreads": with_spreads,
    "spreads_cumulative": lambda study: with_split(with_cumulative(with_spreads(study)), pooling="umbrella"),
    "fee_years": with_fee_years,
    "policy_share": lambda study: with_policy_share(with_stack(study, {})),
    "book": lambda study: with_book(with_stack(study, {})),
    "book_monthly": lambda study: with_steps(with_book(with_stack(study, {})), 12),
    "entries": with_entries,
    "entries_yearly": lambda study: with_steps(with_entries(study), 1),
}
"""Clauses one at a time; `with_everything` has them all together."""


POLITICS_VARIANTS: dict[str, Callable[[Mapping], dict[str, Any]]] = {
    "call_cap": lambda study: with_call_cap(study, 400),
    "call_cap_cumulative": lambda study: with_call_cap(with_split(with_cumulative(study), pooling="umbrella"), 400),
    "call_cap_umbrella": lambda study: with_call_cap(with_generous(study, 1.5, pooling="umbrella"), 500),
    "call_cap_catch_up": lambda study: with_call_cap(
        with_catch_up(with_selection(study), share=0.6, until="amount"), 300
    ),
    "call_cap_cancelled": lambda study: with_call_cap(with_stack(with_building(study), {}), 350),
    "call_cap_given_up": lambda study: with_call_cap(with_stack(with_operating(study), {}), 300),
    "call_cap_pipelines": lambda study: with_call_cap(with_stack(with_cumulative(with_pipelines(study)), {}), 500),
    "call_cap_yearly": lambda study: with_call_cap(with_steps(study, 1), 400),
    "call_cap_monthly": lambda study: with_call_cap(with_steps(study, 12), 400),
    "consult": lambda study: with_consult(with_selection(study)),
    "consult_pipelines": lambda study: with_catch_up(
        with_consult(with_pipelines(with_cumulative(study))), share=0.5, until="years", years=3
    ),
    "late": lambda study: with_late(with_selection(study)),
    "scaled_hazards": lambda study: with_scaled_hazards(with_selection(study)),
    "scaled_hazards_rulings": lambda study: with_scaled_hazards(with_steps(with_rulings(study), 12)),
    "common_spread": with_common_spread,
    "common_spread_pipelines": lambda study: with_common_spread(with_pipelines(with_cumulative(study))),
}
"""What the funder's politics does to the deal, and the deal to politics."""

STUDIES = {**VARIANTS, **WHOLE_DEAL_VARIANTS, **STACK_VARIANTS, **SINGLE_VARIANTS, **POLITICS_VARIANTS}
