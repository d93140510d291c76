"""Warnings about operation: output, prices, debt, and what ends after the plant does."""

from collections.abc import Iterator

from spvrisk.config.base import shown
from spvrisk.config.draft import Path
from spvrisk.config.laws import Measure
from spvrisk.config.operation import Contract, Operation
from spvrisk.config.projects import ProjectTemplate
from spvrisk.config.reading.numerals import per_cent_remedy
from spvrisk.config.study import FixedSplit, Study
from spvrisk.errors import Problem

LOW_AVAILABILITY = 0.05
HIGH_DEGRADATION = 0.05
HIGH_FEE = 0.5
HIGH_GEARING = 0.9
USUAL_VOLUMES = (0.1, 10.0)
"""Multiples of the output at which a volume factor starts."""
USUAL_SALES = (0.02, 3.0)
"""Sales of a year over the budget: fifty years' sales, or four months', pay for the plant."""
FAR_PRICES = 5.0
"""Contract and merchant prices further apart than this are hardly in one unit."""
HOURS = 8766.0


def operation(study: Study, measure: Measure) -> Iterator[Problem]:
    """Warnings of all plants."""
    for site_at, site in study.sites():
        at: Path = (*site_at, "operation")
        yield from _output(study, at, site.operation, measure)
        yield from _fee(at, site, measure)
        yield from _prices(study, at, site, measure)
        debt = site.operation.senior_debt
        if debt is not None and debt.share > HIGH_GEARING:
            rule, remedy = f"is above {HIGH_GEARING:g}: hardly any lender goes so far", "write e.g. 0.7 for 70 %"
            yield Problem.at((*at, "senior_debt", "share"), rule, shown(debt.share), remedy)
        deemed = deemed_years(study, site)
        if deemed is not None and site.operation.life_years < deemed:
            rule = f"is shorter than the deemed life ({deemed:g} years)"
            remedy = "the funder is not repaid in full; check both"
            yield Problem.at((*at, "life_years"), rule, shown(site.operation.life_years), remedy)
        yield from _ends(study, at, site.operation)


def deemed_years(study: Study, project: ProjectTemplate) -> float | None:
    """Years of a project's deemed repayment, if there is any."""
    split = study.agreement.split
    if isinstance(split, FixedSplit):
        return None
    own = project.split.deemed_life_years if project.split else None
    return own if own is not None else split.deemed_life_years


def _output(study: Study, at: Path, plant: Operation, measure: Measure) -> Iterator[Problem]:
    """Wear, availability and volume of another size than those that are usual."""
    if plant.degradation > HIGH_DEGRADATION:
        rule, rate = f"is more than {HIGH_DEGRADATION:.0%} a year", plant.degradation
        yield Problem.at((*at, "degradation"), rule, shown(rate), per_cent_remedy(rate))
    found = measure(plant.availability.law)
    if found is not None and found.mean < LOW_AVAILABILITY:
        rule = f"has a mean below {LOW_AVAILABILITY:g}"
        yield Problem.at((*at, "availability", "law"), rule, f"{found.mean:.6g}", "write it as a share of full output")
    if plant.volume_factor is None:
        return
    start, place = study.factors[plant.volume_factor].process.starts_at, (*at, "volume_factor")
    said = f"{plant.volume_factor} at {start:g}"
    if not USUAL_VOLUMES[0] <= start <= USUAL_VOLUMES[1]:
        rule = f"multiplies the output, but starts outside [{USUAL_VOLUMES[0]:g}, {USUAL_VOLUMES[1]:g}]"
        yield Problem.at(place, rule, said, "let it start near 1")
    elif found is not None and start * found.mean > 1:
        rule = f"makes a capacity factor of {start * found.mean:.3g}: more than full output"
        yield Problem.at(
            place, rule, f"{said}, availability {found.mean:.3g}", "it multiplies the availability: lower either"
        )


def _fee(at: Path, site: ProjectTemplate, measure: Measure) -> Iterator[Problem]:
    fee = site.operation.developer_fee
    if fee is None:
        return
    found = measure(fee.amount)
    if found is not None and found.mean > HIGH_FEE * site.budget:
        rule = f"has a mean above {HIGH_FEE:.0%} of the budget ({site.budget:g})"
        yield Problem.at((*at, "developer_fee", "amount"), rule, f"{found.mean:.6g}", "check the unit of both")
    if fee.years > site.operation.life_years:
        rule = f"is longer than the life ({site.operation.life_years:g} years)"
        yield Problem.at((*at, "developer_fee", "years"), rule, shown(fee.years), "what is not paid by then is lost")


def _prices(study: Study, at: Path, site: ProjectTemplate, measure: Measure) -> Iterator[Problem]:
    """Prices in another currency or unit: by their factor's unit, beside each other, and beside the budget."""
    yield from _currencies(study, at, site.operation)
    plant, prices = site.operation, {}
    contract, merchant = plant.contract, plant.merchant
    if contract is not None and (low := contract.price.bounds()[0]) < 0:
        remedy = "truncate the law at 0, or take a lognormal one"
        yield Problem.at((*at, "contract", "price"), "may be negative", f"down to {low:g}", remedy)
    if contract is not None and (found := measure(contract.price)) is not None:
        prices[*at, "contract", "price"] = found.mean
    if contract is None or not _sells_all(contract, plant, measure):
        prices[*at, "merchant"] = study.factors[merchant.factor].process.starts_at * merchant.basis
    odd = list(_beside_budget(study, site, prices, measure))
    yield from odd
    if not odd and len(prices) == 2:
        yield from _beside_each_other(*prices.items())


def _sells_all(contract: Contract, plant: Operation, measure: Measure) -> bool:
    """Whether all output is under contract for the whole life: the merchant price hardly ever counts then."""
    share = measure(contract.share)
    return share is not None and share.mean == 1 and contract.tenor_years >= plant.life_years


def _beside_budget(
    study: Study, site: ProjectTemplate, prices: dict[Path, float], measure: Measure
) -> Iterator[Problem]:
    """Prices at which a year's sales are out of proportion to the budget."""
    availability = measure(site.operation.availability.law)
    if availability is None:
        return
    full = site.capacity_mw * HOURS if site.capacity_mw is not None else site.capacity or 0.0
    output, budget = full * availability.mean, site.budget * study.study.money_unit
    low, high = USUAL_SALES
    for at, price in prices.items():
        sales = output * price / budget
        if not low <= sales <= high:
            unit = "MWh" if site.capacity_mw is not None else site.output_unit
            rule = f"makes a year's sales {sales:.3g} times the budget, outside [{low:g}, {high:g}]"
            remedy = (
                f"check the units: the price is in {study.study.currency} per {unit}, and check capacity and budget"
            )
            yield Problem.at(at, rule, f"{price:.6g}", remedy)


def _beside_each_other(contract: tuple[Path, float], merchant: tuple[Path, float]) -> Iterator[Problem]:
    (at, price), (_, other) = contract, merchant
    if price > 0 and other > 0 and not 1 / FAR_PRICES <= price / other <= FAR_PRICES:
        rule = f"is {price / other:.3g} times the merchant price at the value date ({other:.6g})"
        yield Problem.at(at, rule, f"{price:.6g}", "check the unit of both: currency per unit of output")


def _currencies(study: Study, at: Path, plant: Operation) -> Iterator[Problem]:
    """Prices whose factor is in another currency, and is not converted."""
    used = {"merchant": (plant.merchant.factor, plant.merchant.basis)}
    if plant.fuel is not None:
        used["fuel"] = plant.fuel.factor, plant.fuel.basis
    if plant.capacity_payment is not None:
        used["capacity_payment"] = plant.capacity_payment.factor, 1.0
    own = study.study.currency
    for key, (name, basis) in used.items():
        unit = study.factors[name].unit
        currency = unit.partition("/")[0].strip()
        if len(currency) == 3 and currency.isalpha() and currency.isupper() and currency != own and basis == 1:
            remedy = f"state it in {own}" + ("" if key == "capacity_payment" else f", or let basis convert {currency}")
            rule = f"is taken for {own}, but {name} is in {currency}, and nothing converts it"
            yield Problem.at((*at, key, "factor"), rule, unit, remedy)


def _ends(study: Study, at: Path, plant: Operation) -> Iterator[Problem]:
    """Terms that outlast the plant."""
    life = plant.life_years
    rule = f"is longer than the life ({life:g} years)"
    if plant.contract is not None and plant.contract.tenor_years > life:
        remedy = "the contract ends with the plant; check both"
        yield Problem.at((*at, "contract", "tenor_years"), rule, shown(plant.contract.tenor_years), remedy)
    if plant.senior_debt is not None and plant.senior_debt.tenor_years > life:
        remedy = "what is not due by then is lost to the lenders; check both"
        yield Problem.at((*at, "senior_debt", "tenor_years"), rule, shown(plant.senior_debt.tenor_years), remedy)
    if study.stack is not None and study.stack.tenor_years > life:
        rule = f"is shorter than the tenor of the funder's loans ({study.stack.tenor_years:g} years)"
        yield Problem.at((*at, "life_years"), rule, shown(life), "what is not due by then counts as lost; check both")
