"""The compact study that uses every clause (``data/every_clause.yaml``), and its variants.

Engine and reference both run them; neither knows them.

A variant is a function from a study to a changed copy; the tables in `variants` have them by name.
"""

from every_clause.changes import (
    example_study,
    with_cumulative,
    with_horizon,
    with_split,
    with_text,
)
from every_clause.rulings import with_rulings
from every_clause.stack_and_terms import with_stack
from every_clause.variants import (
    POLITICS_VARIANTS,
    SINGLE_VARIANTS,
    STACK_VARIANTS,
    STUDIES,
    VARIANTS,
    WHOLE_DEAL_VARIANTS,
)
from every_clause.whole_deal import with_building

__all__ = [
    "POLITICS_VARIANTS",
    "SINGLE_VARIANTS",
    "STACK_VARIANTS",
    "STUDIES",
    "VARIANTS",
    "WHOLE_DEAL_VARIANTS",
    "example_study",
    "with_building",
    "with_cumulative",
    "with_horizon",
    "with_rulings",
    "with_split",
    "with_stack",
    "with_text",
]
