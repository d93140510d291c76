"""By how much kernel and reference may differ, by section 12 of the model page, and the seed of their paths."""

import numpy as np

from spvrisk.plan.outputs import OUTPUTS

SEED = 7
TOLERANCE = 1e-9
MONEY = {"cost", "npv_funder", "pv_host", "deemed_open", "npv_funder_local", "net_commitments", "tariff_relief"}
MONEY |= {"developer_fee", "vendor_margin", "supply_chain_benefit", "scheme_value", "scheme_value_local"}
MONEY |= {output.name for output in OUTPUTS if output.exists and output.kind == "money"}


def scale_of(study, unit, quantity):
    """1e-3 of what a quantity is measured by: the budget for money, 1 for the rest."""
    if quantity not in MONEY:
        return 1e-3
    budgets = {name: project["budget"] for name, project in study["projects"].items()}
    budget = budgets.get(unit, sum(budgets.values()))
    return 1e-3 * budget * (150.0 if quantity.endswith("_local") else 1.0)


def lowest_rate(study):
    """Rates of return below this come out as this: what is lost is lost."""
    return np.exp(-600.0 / float(study["study"]["horizon_years"])) - 1
