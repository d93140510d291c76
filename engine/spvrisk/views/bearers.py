"""Who of those that raise the funder's calls bears its net present value."""

from spvrisk.dataset.read import Result
from spvrisk.views.figures import Figures
from spvrisk.views.units import means


def bearers(result: Result) -> Figures:
    """The parts of policy bank, banks and insurer, which add up."""
    named = {"npv_policy_bank": "policy bank, equity", "npv_banks": "banks", "insurer_net": "insurer"}
    return means(result, "Who bears the funder's net present value", named)


def claims(result: Result) -> Figures:
    """Claims paid and principal never repaid."""
    named = {"insurer_claims": "claims", "bank_loss": "banks' loss", "policy_bank_loss": "policy bank's loss"}
    return means(result, "Claims paid and principal lost, present value", named)
