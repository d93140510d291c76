"""Operation of a project -> fields of its record (sections 7 and 8 of the model page)."""

from typing import Any

import numpy as np

from spvrisk.config.laws import fixed
from spvrisk.config.study.debt import SeniorDebt
from spvrisk.config.study.operation import (
    CapacityPayment,
    Contract,
    DeveloperFee,
    FixedOm,
    Fuel,
    OutputCredit,
    Tax,
    VariableOm,
)
from spvrisk.config.study.projects import ProjectTemplate
from spvrisk.plan.arrays import Floats
from spvrisk.plan.elementary import log1p, power
from spvrisk.plan.tools import Tools

HOURS_A_YEAR = 8766.0
DAYS_A_YEAR = 365.25

# what a project without such a clause has in its place
NO_CONTRACT = Contract.model_construct(price=None, escalator=None, share=None, tenor_years=0.0)
NO_PAYMENT = CapacityPayment(factor="", credit=0.0)
NO_CREDIT = OutputCredit.model_construct(per_output=0.0, years=0.0, escalator=0.0)
NO_FUEL = Fuel.model_construct(factor="", heat_rate=0.0, basis=0.0)
NO_VARIABLE_OM = VariableOm(per_output=0.0)
NO_FIXED_OM = FixedOm(per_year=0.0)
NO_TAX = Tax(rate=0.0, life_years=1.0)
NO_DEBT = SeniorDebt(share=0.0, reference_rate="", margin=0.0, tenor_years=1.0)
NO_FEE = DeveloperFee.model_construct(amount=None, years=fixed(1.0), tolerance=0.0)


def compile_operation(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    """Fields on sales, output, costs, tax and debt.

    Parameters
    ----------
    path, project, tools
        As of `spvrisk.plan.compile_construction.compile_construction`.
    """
    return {**_sales(path, project, tools), **_output(project, tools), **_costs(path, project, tools)}


def _sales(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    o, contract = project.operation, project.operation.contract or NO_CONTRACT
    key, load = o.load
    units = project.capacity_mw * HOURS_A_YEAR if project.capacity_mw is not None else project.capacity or 0.0
    return {
        **tools.laws(o, path),
        "life": o.life_years,
        "output": units * tools.grid.dt,
        "availability_law": tools.law(load.law, f"{path}.{key}.law"),
        "persistence": load.persistence**tools.grid.dt,
        "price_law": tools.law(contract.price, f"{path}.contract.price"),
        "share_law": tools.law(contract.share, f"{path}.contract.share"),
        "price_basket": tools.baskets.add(contract.indices),
        "escalation": tools.constants.add(_escalation(contract.escalator or 0.0, tools.grid.ends)),
        "tenor": contract.tenor_years,
        "offtaker": list(tools.study.offtakers).index(contract.offtaker) if contract.offtaker else -1,
        "default_discount": contract.default_discount,
        "merchant_factor": tools.number[o.merchant.factor],
        "merchant_basis": o.merchant.basis,
        "pass_through": contract.fuel_pass_through,
    }


def _output(project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    """What changes output, and what is paid for it beside the price."""
    o, constants, dt = project.operation, tools.constants, tools.grid.dt
    payment, credit = o.capacity_payment or NO_PAYMENT, o.output_credit or NO_CREDIT
    capacity = project.capacity_mw or 0.0
    return {
        "ramp_up": constants.add([len(o.ramp_up), *(1.0 - share for share in o.ramp_up)]),
        "degradation": float(log1p(-o.degradation)),
        "volume_factor": -1 if o.volume_factor is None else tools.number[o.volume_factor],
        "economic": int(o.dispatch == "economic"),
        "payment_factor": -1 if o.capacity_payment is None else tools.number[payment.factor],
        "capacity_rate": payment.credit * capacity * DAYS_A_YEAR * dt,
        "credit": credit.per_output,
        "credit_years": credit.years,
        "credit_escalation": 0
        if o.output_credit is None
        else constants.add(_escalation(credit.escalator, tools.grid.ends)),
    }


def _costs(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    o = project.operation
    fuel, variable, fixed = o.fuel or NO_FUEL, o.variable_om or NO_VARIABLE_OM, o.fixed_om or NO_FIXED_OM
    tax, fee = o.tax or NO_TAX, o.developer_fee or NO_FEE
    return {
        "fuel_factor": -1 if o.fuel is None else tools.number[fuel.factor],
        "fuel_rate": fuel.heat_rate * fuel.basis,
        "variable_om": variable.per_output,
        "variable_basket": tools.baskets.add(variable.indices),
        "fixed_om": _yearly(fixed, project) * tools.grid.dt,
        "fixed_basket": tools.baskets.add(fixed.indices),
        "tax_rate": tax.rate,
        "tax_life": tax.life_years,
        "nol_limit": tax.nol_limit,
        **_debt(o.senior_debt or NO_DEBT, tools),
        "fee_law": tools.law(fee.amount, f"{path}.developer_fee.amount"),
        **tools.number_or_law("fee_years", fee.years, f"{path}.developer_fee.years"),
        "fee_tolerance": fee.tolerance,
        "abandon_years": np.inf if o.abandon_after_years is None else o.abandon_after_years,
    }


def _yearly(fixed: FixedOm, project: ProjectTemplate) -> float:
    return fixed.per_year if fixed.per_year is not None else (fixed.per_mw_year or 0.0) * (project.capacity_mw or 0.0)


def _debt(debt: SeniorDebt, tools: Tools) -> dict[str, Any]:
    return {
        "debt_share": debt.share,
        "debt_factor": tools.number[debt.reference_rate] if debt is not NO_DEBT else 0,
        "debt_margin": debt.margin,
        "debt_tenor": debt.tenor_years,
    }


def _escalation(rate: float, ends: Floats) -> Floats:
    return power(1.0 + rate, ends)
