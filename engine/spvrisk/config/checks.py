"""Cross checks: names that refer to other parts of a study, and rules that need more than one part."""

from spvrisk.config import checks_clock, checks_factors, checks_projects, checks_terms
from spvrisk.config.draft import Draft
from spvrisk.errors import Problem

CHECKS = (
    checks_terms.parties,
    checks_terms.agreement,
    checks_factors.factors,
    checks_factors.correlation,
    checks_clock.layers,
    checks_clock.events,
    checks_projects.projects,
    checks_projects.pipelines,
    checks_projects.side_flows,
)


def faults(draft: Draft) -> list[Problem]:
    """All problems between the parts of a study."""
    return [problem for check in CHECKS for problem in check(draft)]
