"""Politics that sees the deal: a cap on calls, talks, lateness, hazards that read the world, one spread for all."""

from collections.abc import Mapping
from typing import Any

from every_clause.changes import merged, with_text

CONSULT = """
agreement:
  funding:
    decision:
      by_state:
        performing: {fund: 0.5, delay: 0.15, decline: 0.35}
        breach: {fund: 0.2, delay: 0.3, decline: 0.5}
      consult:
        days: {mixture: [{weight: 0.3, law: 0}, {weight: 0.7, law: {gamma: {shape: 2, scale: 90}}}]}
        outcomes: {fund: 0.25, renegotiate: 0.45, decline: 0.3}
        changes: {size: 0.6, spread: 0.02}
"""


LATE = """
agreement:
  funding:
    decision:
      by_state:
        performing: {fund: 0.5, delay: 0.4, decline: 0.1}
        breach: {fund: 0.3, delay: 0.5, decline: 0.2}
      late:                # the second delay, of 100 days or of 60
        after_days: 110
        probability: 0.7
        while: {relations: [performing, breach]}
        moves: {tariffs: punitive, relations: breach}
"""


SCALED_HAZARDS = """
regimes:
  tariffs:
    scaled_hazards:
      - when: {regimes: {relations: breach}}
        scale: {deal: {punitive: 5, gap: 0.5}, again: {gap: 3}, gap: {deal: 0.3, punitive: 4}}
      - {when: {count: {declined: 1}}, scale: {deal: {punitive: 3}}}
      - {when: {count: {declined: 1, delayed: 1}}, scale: {punitive: {deal: 0.2}}}
      - {when: {regimes: {tariffs: punitive}, outcomes: {midterm: opposition}}, scale: {punitive: {deal: 2.5}}}
  relations:
    scaled_hazards:
      - {when: {regimes: {tariffs: punitive}}, scale: {performing: {breach: 6}, breach: {performing: 0.2}}}
      - {when: {count: {declined: 2}}, scale: {performing: {breach: 3}}}
      - {when: {outcomes: {president: keep}}, scale: {performing: {breach: 0}}}
      - when: {regimes: {relations: breach, tariffs: deal}, outcomes: {midterm: opposition}, count: {delayed: 1}}
        scale: {breach: {performing: 3}}
"""


COMMON_SPREAD = """
agreement:
  split: {spread: {normal: {mean: 0.0, sd: 0.03}, truncate: [-0.08, 0.08]}}
projects:
  mine: {split: {spread: null}}
"""


def with_call_cap(study: Mapping, cap: float) -> dict[str, Any]:
    """Return a copy in which no more than so much of calls is paid in a calendar year."""
    return merged(study, {"agreement": {"funding": {"annual_call_cap": cap}}})


def with_consult(study: Mapping) -> dict[str, Any]:
    """Return a copy of a study with decisions, with talks before a decline."""
    return with_text(study, CONSULT)


def with_late(study: Mapping) -> dict[str, Any]:
    """Return a copy of a study with decisions, in which lateness moves regimes."""
    return with_text(study, LATE)


def with_scaled_hazards(study: Mapping) -> dict[str, Any]:
    """Return a copy whose hazards read regimes, outcomes and what was declined and delayed."""
    return with_text(study, SCALED_HAZARDS)


def with_common_spread(study: Mapping) -> dict[str, Any]:
    """Return a copy in which projects without a spread of their own draw it from the agreement's law."""
    return with_text(study, COMMON_SPREAD)
