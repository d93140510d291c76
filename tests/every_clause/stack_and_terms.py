"""The funder's stack and the terms of other countries."""

from collections.abc import Mapping
from typing import Any

from every_clause.changes import merged, with_split, with_text
from every_clause.politics import (
    with_call_cap,
    with_common_spread,
    with_consult,
    with_late,
    with_scaled_hazards,
)
from every_clause.single_clauses import with_book, with_entries, with_policy_share, with_spreads
from every_clause.whole_deal import with_whole_deal

STACK = """
stack:
  reference_rate: sofr
  tenor_years: 3.25
  policy_loan: {share: 0.32, margin: 0.01}
  policy_equity: {share: 0.02}
  commercial_loan: {share: 0.66, margin: 0.0175}
"""


INSURER = """
stack:
  insurer: {cover: 0.9, wait_years: 0.25, premium: 0.008, capital: 45000, capacity: 120000}
"""


def with_stack(study: Mapping, insurer: Mapping | None = None, **changes: Any) -> dict[str, Any]:
    """Return a copy with an uninsured stack, or an insured one with changed keys of the insurer; others by name."""
    out = with_text(study, STACK)
    if insurer is not None:
        out = with_text(out, INSURER)
        out["stack"]["insurer"].update(insurer)
    out["stack"].update(changes)
    return out


def with_adjust(study: Mapping, after: float = 1.5, **changes: Any) -> dict[str, Any]:
    """Return a copy whose shares are other ones from an age on, where something is open."""
    adjust = {"after_years": after, "first_share": 0.35, "second_share": 0.2}
    return with_split(study, adjust=adjust, **changes)


def with_catch_up(study: Mapping, **clause: Any) -> dict[str, Any]:
    """Return a copy with a clause on catching up after a decline."""
    return merged(study, {"agreement": {"catch_up": clause}})


def with_generous(study: Mapping, after: float, **changes: Any) -> dict[str, Any]:
    """Return a copy in which more is paid in full before the shares are adjusted, so that some never are."""
    return with_adjust(study, after, **{"first_share": 0.8, "interest_before_completion": False, **changes})


def with_everything(study: Mapping, until: Mapping | None = None) -> dict[str, Any]:
    """Return a copy with every clause: the whole deal, politics, an insured stack, pooling, adjustment, catch-up."""
    clause = {"share": 0.7, "until": "amount"} if until is None else until
    study = with_entries(with_whole_deal(with_common_spread(with_spreads(study))))
    study = with_call_cap(with_scaled_hazards(with_late(with_consult(study))), 450)
    study = with_stack(study, {"capacity": 80000}, sweep=0.8, tenor_years=6)
    study = with_book(with_policy_share(study))
    return with_catch_up(with_generous(study, 3, pooling="umbrella"), **clause)
