"""Running a project: output, sales, costs, tax, and the fee of its developer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import (
    FactorName,
    Lax,
    Model,
    NonNegative,
    Path,
    Positive,
    Rate,
    Share,
    Title,
    Together,
    Within,
    Years,
    refusal,
    shown,
)
from spvrisk.config.laws import Law, Measure, ShareLaw, Values
from spvrisk.config.reading.numerals import per_cent_remedy
from spvrisk.config.study.clock import Intensity
from spvrisk.config.study.construction import Weights
from spvrisk.config.study.curves import fast_growth
from spvrisk.config.study.debt import SeniorDebt
from spvrisk.config.study.factors import Factor, indices
from spvrisk.config.study.parts import Parts, known, sound
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.projects import ProjectTemplate


if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


class Availability(Model):
    """Stationary availability (capacity factor) of a plant."""

    law: ShareLaw = Field(description="law of the share of full output in a step, within [0, 1]")
    persistence: Together = Field(description="correlation of the score with that of the year before")


class Offtaker(Model):
    """A buyer of output, which may default on all its contracts at once."""

    title: Title
    default_hazard: Intensity = Field(description="yearly intensity of the default, from the value date")


class Contract(Model):
    """Sales contract for a share of the output."""

    price: Law = Field(description="study currency per unit of output, in money of the value date")
    escalator: Rate | None = Field(
        default=None, description="escalation from the value date, 1/year: 0.02 for 2 % a year; or `indices`"
    )
    indices: Weights | None = Field(
        default=None, description="weights of the indices to which the price is indexed; or `escalator`"
    )
    share: ShareLaw = Field(description="law of the contracted share of output, within [0, 1]")
    tenor_years: Years = Field(description="years from completion")
    fuel_pass_through: Share = Field(
        default=0.0, description="share of the contracted output's fuel cost that the buyer pays"
    )
    offtaker: str | None = Field(
        default=None, description="one of the offtakers; left out: a buyer that never defaults"
    )
    default_discount: Share = Field(
        default=0.0,
        description="share of the merchant price that the contracted output loses after the offtaker's default",
    )

    @model_validator(mode="after")
    def _whole(self) -> "Contract":
        problems = []
        if (self.escalator is None) == (self.indices is None):
            at, got = ((), "neither") if self.escalator is None else (("indices",), "both")
            problems.append(
                Problem.at(at, "needs either escalator or indices", got, "give one of them; escalator: 0 is flat")
            )
        if self.default_discount > 0 and self.offtaker is None:
            remedy = "add offtaker: one of the offtakers, or remove it"
            problems.append(Problem.at(("default_discount",), "needs offtaker", shown(self.default_discount), remedy))
        if problems:
            raise refusal(*problems)
        return self


class Merchant(Model):
    """Sale at a market price."""

    factor: FactorName = Field(description="price factor, study currency per unit of output")
    basis: NonNegative = Field(default=1.0, description="multiple of the factor that the plant earns")


class Fuel(Model):
    """Fuel bought at a market price."""

    factor: FactorName = Field(description="price factor, study currency per fuel unit")
    heat_rate: Positive = Field(description="fuel units per unit of output")
    basis: NonNegative = Field(default=1.0, description="multiple of the factor that the plant pays")


class VariableOm(Model):
    """Operating cost that rises with output."""

    per_output: NonNegative = Field(description="study currency per unit of output, in money of the value date")
    indices: Weights = Field(default={}, description="weights of the indices to which the cost is indexed; none: flat")


class FixedOm(Model):
    """Operating cost while the plant operates."""

    per_mw_year: NonNegative | None = Field(default=None, description="study currency per MW and year; or `per_year`")
    per_year: NonNegative | None = Field(default=None, description="study currency a year; or `per_mw_year`")
    indices: Weights = Field(default={}, description="weights of the indices to which the cost is indexed; none: flat")

    @model_validator(mode="after")
    def _one(self) -> "FixedOm":
        if (self.per_mw_year is None) == (self.per_year is None):
            at, got = ((), "neither") if self.per_year is None else (("per_year",), "both")
            raise refusal(Problem.at(at, "needs either per_mw_year or per_year", got, "give one of them"))
        return self


class Tax(Model):
    """Tax on the SPV's income, with straight-line depreciation."""

    rate: Annotated[float, Within(0, 1, open_high=True)] = Field(description="share of taxable income: 0.21 for 21 %")
    life_years: Years = Field(description="years of depreciation from completion")
    nol_limit: Share = Field(
        default=0.0, description="share of a step's income that losses carried forward may offset; 0: none are carried"
    )


class CapacityPayment(Model):
    """Payment for uncontracted capacity."""

    factor: FactorName = Field(description="factor, study currency per MW and day")
    credit: Share = Field(description="share of the capacity that is paid for")


class OutputCredit(Model):
    """Credit for every unit of output in the first years."""

    per_output: NonNegative = Field(description="study currency per unit of output, in money of the value date")
    years: Years = Field(description="years from completion")
    escalator: Rate = Field(default=0.0, description="escalation from the value date, 1/year: 0.02 for 2 % a year")


class DeveloperFee(Model):
    """Fee of the developer, paid out of cash in equal parts if the plant is as large as planned."""

    amount: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 1000]")] = Field(
        description="law of the whole fee, in money units of the study"
    )
    years: Annotated[Law, Values(Within(0, open_low=True), "add e.g. truncate: [15, 20]")] = Field(
        description="law of the years from completion over which it is paid"
    )
    tolerance: Share = Field(
        default=0.0, description="largest shortfall, a share of the capacity, at which it is still paid"
    )


class Operation(Model):
    """What a completed project earns and costs."""

    life_years: Years = Field(description="years of operation from completion")
    availability: Availability | None = Field(
        default=None, description="output over that at full load, for thermal plant; or `capacity_factor`"
    )
    capacity_factor: Availability | None = Field(
        default=None, description="output over nameplate capacity all year, for wind and solar; or `availability`"
    )
    contract: Contract | None = Field(default=None, description="left out: all output is sold at the merchant price")
    merchant: Merchant
    fuel: Fuel | None = None
    variable_om: VariableOm | None = None
    fixed_om: FixedOm | None = None
    tax: Tax | None = Field(default=None, description="left out: no tax")
    ramp_up: Annotated[tuple[Share, ...], Lax] = Field(
        default=(), description="share of output in the first, second, ... year of operation; full afterwards"
    )
    degradation: Annotated[float, Within(0, 1, open_high=True, per_cent_from=1)] = Field(
        default=0.0, description="share of output lost each year since completion, 1/year: 0.005 for 0.5 %"
    )
    volume_factor: FactorName | None = Field(
        default=None, description="factor (not vasicek) that multiplies output; left out: none"
    )
    dispatch: Literal["must_run", "economic"] = Field(
        default="must_run",
        description="economic: uncontracted output runs only where its price is above fuel and variable cost",
    )
    capacity_payment: CapacityPayment | None = Field(default=None, description="needs capacity_mw; left out: none")
    output_credit: OutputCredit | None = Field(default=None, description="left out: none")
    senior_debt: SeniorDebt | None = Field(default=None, description="left out: none")
    developer_fee: DeveloperFee | None = Field(default=None, description="left out: none")
    abandon_after_years: Years | None = Field(
        default=None, description="years of unpaid arrears after which operation ends for good; left out: never"
    )

    @property
    def load(self) -> tuple[str, Availability]:
        """Which key says how much of its capacity the plant uses, and how much."""
        if self.capacity_factor is not None:
            return "capacity_factor", self.capacity_factor
        assert self.availability is not None
        return "availability", self.availability

    @model_validator(mode="after")
    def _load(self) -> "Operation":
        if (self.availability is None) == (self.capacity_factor is None):
            at, got = ((), "neither") if self.availability is None else (("capacity_factor",), "both")
            rule, remedy = "needs either availability or capacity_factor", "give one: availability for thermal plant"
            raise refusal(Problem.at(at, rule, got, remedy))
        return self

    @model_validator(mode="after")
    def _fuel(self) -> "Operation":
        passed = self.contract.fuel_pass_through if self.contract is not None else 0.0
        if passed > 0 and self.fuel is None:
            at = ("contract", "fuel_pass_through")
            raise refusal(
                Problem.at(at, "needs fuel, whose cost the buyer pays", shown(passed), "add fuel, or remove it")
            )
        return self


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of what operation names: factors, indices, offtakers."""
    for at, found in sound(parts.placed(Operation)):
        yield from _operation(at, found, parts)


def _operation(at: Path, found: Operation, parts: Parts) -> Iterator[Problem]:
    for key, part in (("merchant", found.merchant), ("fuel", found.fuel), ("capacity_payment", found.capacity_payment)):
        if part is not None:
            yield from known((*at, key, "factor"), part.factor, parts.names("factors"), phrase("a factor"))
    if found.volume_factor is not None:
        yield from _volume((*at, "volume_factor"), found.volume_factor, parts)
    if found.contract is not None and found.contract.offtaker is not None:
        yield from known(
            (*at, "contract", "offtaker"), found.contract.offtaker, parts.names("offtakers"), phrase("an offtaker")
        )
    for key, riding in (
        ("contract", found.contract.indices if found.contract else None),
        ("variable_om", found.variable_om.indices if found.variable_om else None),
        ("fixed_om", found.fixed_om.indices if found.fixed_om else None),
    ):
        yield from indices((*at, key, "indices"), riding or {}, parts)


def _volume(at: Path, name: str, parts: Parts) -> Iterator[Problem]:
    """Output is multiplied by the factor, and is never below 0."""
    yield from known(at, name, parts.names("factors"), phrase("a factor"))
    factor = parts.named(Factor).get(name)
    if factor is None:
        return
    if factor.process.vasicek is not None:
        remedy = "name a factor with process gbm, ou, merton or deterministic"
        yield Problem.at(
            at, "a multiple of output must not fall below 0", phrase("{} with process vasicek", name), remedy
        )
    elif factor.process.deterministic is not None and min(factor.process.deterministic.curve.numbers) < 0:
        low = min(factor.process.deterministic.curve.numbers)
        yield Problem.at(
            at, "a multiple of output must not fall below 0", phrase("{} with {}", name, shown(low)), "raise its curve"
        )


HIGH_DEFAULT = 1.0


LOW_AVAILABILITY = 0.05


HIGH_DEGRADATION = 0.05


HIGH_FEE = 0.5


USUAL_VOLUMES = (0.1, 10.0)
"""Multiples of the output at which a volume factor starts."""


USUAL_SALES = (0.02, 3.0)
"""Sales of a year over the budget: fifty years' sales, or four months', pay for the plant."""


FAR_PRICES = 5.0
"""Contract and merchant prices further apart than this are hardly in one unit."""


HOURS = 8766.0


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about plants and their buyers."""
    yield from _offtakers(study)
    for site_at, site in study.sites():
        at: Path = (*site_at, "operation")
        yield from _output(study, at, site.operation, measure)
        yield from _fee(at, site, measure)
        yield from _prices(study, at, site, measure)
        yield from _contract(at, site.operation)


def _offtakers(study: "Study") -> Iterator[Problem]:
    named = {site.operation.contract.offtaker for _, site in study.sites() if site.operation.contract is not None}
    for name, offtaker in study.offtakers.items():
        if offtaker.default_hazard > HIGH_DEFAULT:
            rule, rate = phrase("is above {:g} a year", HIGH_DEFAULT), offtaker.default_hazard
            yield Problem.at(("offtakers", name, "default_hazard"), rule, shown(rate), per_cent_remedy(rate))
        if name not in named:
            yield Problem.at(
                ("offtakers", name), phrase("no contract names the offtaker"), "", phrase("remove it, or name it")
            )


def _output(study: "Study", at: Path, plant: Operation, measure: Measure) -> Iterator[Problem]:
    """Wear, availability and volume of another size than those that are usual."""
    if plant.degradation > HIGH_DEGRADATION:
        rule, rate = phrase("is more than {:.0%} a year", HIGH_DEGRADATION), plant.degradation
        yield Problem.at((*at, "degradation"), rule, shown(rate), per_cent_remedy(rate))
    key, load = plant.load
    found = measure(load.law)
    if found is not None and found.mean < LOW_AVAILABILITY:
        rule = phrase("has a mean below {:g}", LOW_AVAILABILITY)
        yield Problem.at((*at, key, "law"), rule, f"{found.mean:.6g}", phrase("write it as a share of full output"))
    if plant.volume_factor is None:
        return
    start, place = study.factors[plant.volume_factor].process.starts_at, (*at, "volume_factor")
    said = phrase("{} at {:g}", plant.volume_factor, start)
    if not USUAL_VOLUMES[0] <= start <= USUAL_VOLUMES[1]:
        rule = phrase("multiplies the output, but starts outside [{:g}, {:g}]", USUAL_VOLUMES[0], USUAL_VOLUMES[1])
        yield Problem.at(place, rule, said, phrase("let it start near 1"))
    elif found is not None and start * found.mean > 1:
        rule = phrase("implies a capacity factor of {:.3g}: more than full output", start * found.mean)
        yield Problem.at(
            place,
            rule,
            phrase("{}, {} {:.3g}", said, key, found.mean),
            phrase("it multiplies the {}: lower either", key),
        )


def _fee(at: Path, site: "ProjectTemplate", measure: Measure) -> Iterator[Problem]:
    fee = site.operation.developer_fee
    if fee is None:
        return
    found = measure(fee.amount)
    if found is not None and found.mean > HIGH_FEE * site.budget:
        rule = phrase("has a mean above {:.0%} of the budget ({:g})", HIGH_FEE, site.budget)
        yield Problem.at((*at, "developer_fee", "amount"), rule, f"{found.mean:.6g}", phrase("check the unit of both"))
    longest = fee.years.bounds()[1]
    if longest > site.operation.life_years:
        rule = phrase("is longer than the life ({:g} years)", site.operation.life_years)
        yield Problem.at(
            (*at, "developer_fee", "years"), rule, f"{longest:.6g}", phrase("what is not paid by then is lost")
        )


def _prices(study: "Study", at: Path, site: "ProjectTemplate", measure: Measure) -> Iterator[Problem]:
    """Prices in another currency or unit: by their factor's unit, beside each other, and beside the budget."""
    yield from _currencies(study, at, site.operation)
    plant, prices = site.operation, {}
    contract, merchant = plant.contract, plant.merchant
    if contract is not None and (low := contract.price.bounds()[0]) < 0:
        remedy = phrase("truncate the law at 0, or take a lognormal one")
        yield Problem.at((*at, "contract", "price"), phrase("may be negative"), phrase("down to {:g}", low), remedy)
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
    study: "Study", site: "ProjectTemplate", prices: dict[Path, float], measure: Measure
) -> Iterator[Problem]:
    """Prices at which a year's sales are out of proportion to the budget."""
    availability = measure(site.operation.load[1].law)
    if availability is None:
        return
    full = site.capacity_mw * HOURS if site.capacity_mw is not None else site.capacity or 0.0
    output, budget = full * availability.mean, site.budget * study.study.money_unit
    low, high = USUAL_SALES
    for at, price in prices.items():
        sales = output * price / budget
        if not low <= sales <= high:
            unit = "MWh" if site.capacity_mw is not None else site.output_unit
            rule = phrase("implies a year's sales of {:.3g} times the budget, outside [{:g}, {:g}]", sales, low, high)
            remedy = phrase(
                "check the units: the price is in {} per {}, and check capacity and budget", study.study.currency, unit
            )
            yield Problem.at(at, rule, f"{price:.6g}", remedy)


def _beside_each_other(contract: tuple[Path, float], merchant: tuple[Path, float]) -> Iterator[Problem]:
    (at, price), (_, other) = contract, merchant
    if price > 0 and other > 0 and not 1 / FAR_PRICES <= price / other <= FAR_PRICES:
        rule = phrase("is {:.3g} times the merchant price at the value date ({:.6g})", price / other, other)
        yield Problem.at(at, rule, f"{price:.6g}", phrase("check the unit of both: currency per unit of output"))


def _currencies(study: "Study", at: Path, plant: Operation) -> Iterator[Problem]:
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
            remedy = phrase("state it in {}, or let basis convert {}", own, currency)
            if key == "capacity_payment":
                remedy = phrase("state it in {}", own)
            rule = phrase("is taken to be in {}, but {} is in {}, and nothing converts it", own, name, currency)
            yield Problem.at((*at, key, "factor"), rule, unit, remedy)


def _contract(at: Path, plant: Operation) -> Iterator[Problem]:
    """Escalators of another size than is usual, and a contract that outlasts the plant."""
    for key, part in (("contract", plant.contract), ("output_credit", plant.output_credit)):
        if part is not None and part.escalator is not None:
            yield from fast_growth((*at, key, "escalator"), part.escalator)
    life, contract = plant.life_years, plant.contract
    if contract is not None and contract.tenor_years > life:
        rule, remedy = (
            phrase("is longer than the life ({:g} years)", life),
            phrase("the contract ends with the plant; check both"),
        )
        yield Problem.at((*at, "contract", "tenor_years"), rule, shown(contract.tenor_years), remedy)
