"""Who of those that raise the funder's calls bears its net present value."""

from spvrisk.dataset.read import Result
from spvrisk.views.figures import Figures
from spvrisk.views.units import means


def bearers(result: Result) -> Figures:
    """The parts of policy bank, banks and insurer, which add up."""
    return means(result, "Who bears the funder's net present value, {}", result.labels.viewed("bearers"))


def claims(result: Result) -> Figures:
    """Claims paid and principal never repaid."""
    return means(result, "Claims paid and principal lost, present value, {}", result.labels.viewed("claims"))
