"""Curves, systemic factors and their correlation."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from spvrisk.config.base import (
    Correlated,
    Date,
    Lax,
    Model,
    Name,
    NonNegative,
    Positive,
    Rate,
    Within,
    refusal,
    shown,
)
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.errors import Problem

Pair = Annotated[tuple[float, float], Lax]


def _knots_in_order(knots: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    problems = (
        [] if knots else [Problem.at((), "needs at least one knot [years, value]", "none", "write e.g. [[0, 1]]")]
    )
    if knots and knots[0][0] < 0:
        problems.append(
            Problem.at((0, 0), "years count from the value date and must be at least 0", shown(knots[0][0]))
        )
    for i, ((before, _), (year, _)) in enumerate(pairwise(knots), start=1):
        if year < before or (i > 1 and year == knots[i - 2][0]):
            rule = "years must rise from knot to knot (twice the same for a jump)"
            problems.append(Problem.at((i, 0), rule, f"{shown(year)} after {shown(before)}", "order the knots"))
    if problems:
        raise refusal(*problems)
    return knots


Knots = Annotated[tuple[Pair, ...], Lax, AfterValidator(_knots_in_order)]


class ZeroCurve(Model):
    """Zero curve: yearly effective rates, linear between knots, flat outside."""

    knots: Knots = Field(
        description="[years from the value date, yearly rate: 0.0365 for 3.65 %]; or `table`: a CSV file"
    )

    @model_validator(mode="after")
    def _rates(self) -> "ZeroCurve":
        allowed = Within(-1, 1, open_low=True, per_cent_from=1)
        bad = [("knots", i, rate) for i, (_, rate) in enumerate(self.knots) if not allowed.holds(rate)]
        if bad:
            raise refusal(*(allowed.problem((key, i, 1), rate) for key, i, rate in bad))
        return self


class Curve(Model):
    """A value that moves with time in a known way.

    In a file: a number, ``{value, growth}``, ``{knots}`` or ``{dates}``; exactly one of `value`, `knots` and
    `dates` is set.
    """

    value: float | None = Field(default=None, description="value at the value date, in the unit of what the curve is")
    growth: Rate = Field(default=0.0, description="growth of `value`, 1/year: value * (1 + growth)^t")
    knots: Knots | None = Field(
        default=None,
        description="[years, value], linear between, flat outside; twice the same year is a jump; in the unit of "
        "what the curve is",
    )
    dates: dict[Date, float] | None = Field(
        default=None, description="value by date, linear between, flat outside, in the unit of what the curve is"
    )

    @model_validator(mode="before")
    @classmethod
    def _number(cls, data: object) -> object:
        if isinstance(data, Mapping | Curve):
            return data
        if isinstance(data, int | float) and not isinstance(data, bool):
            return {"value": data}
        remedy = number_remedy(data, "write e.g. 4 or {value: 4, growth: 0.02}")
        raise refusal(Problem.at((), "must be a number or a curve", shown(data), remedy))

    @model_validator(mode="after")
    def _one_form(self) -> "Curve":
        given = [key for key in ("value", "knots", "dates") if getattr(self, key) is not None]
        if len(given) != 1:
            got = ", ".join(given) or "none"
            raise refusal(Problem.at((), "a curve has exactly one of value, knots and dates", got, "keep one of them"))
        if self.growth and self.value is None:
            raise refusal(Problem.at(("growth",), f"has no meaning beside {given[0]}", "", "leave growth out"))
        if self.dates is not None and (not self.dates or list(self.dates) != sorted(self.dates)):
            raise refusal(Problem.at(("dates",), "needs dates in rising order", "", "order the dates"))
        return self

    @property
    def numbers(self) -> list[float]:
        """The values that the file states."""
        if self.knots is not None:
            return [value for _, value in self.knots]
        return list(self.dates.values()) if self.dates is not None else [self.value or 0.0]


def _above_zero(curve: Curve) -> Curve:
    low = [value for value in curve.numbers if value <= 0]
    if low:
        raise refusal(Problem.at((), "must be above 0 everywhere", shown(low[0]), "use vasicek for a level below 0"))
    if curve.growth <= -1:
        rule = "must be above -1: a mean of 0 has no logarithm"
        raise refusal(Problem.at(("growth",), rule, shown(curve.growth), "write e.g. -0.02 for -2 %"))
    return curve


PositiveCurve = Annotated[Curve, AfterValidator(_above_zero)]
Volatility = Annotated[float, Within(0, 5)]
Reversion = Annotated[float, Within(1e-4, 1000)]
"""Slower reversion than in ten thousand years is none: that is `gbm`."""


class Gbm(Model):
    """Geometric Brownian motion."""

    start: Positive = Field(description="value at the value date, in the factor's unit")
    drift: Rate | None = Field(
        default=None, description="drift of the mean, 1/year; left out only for a party's fx (parity)"
    )
    sigma: Volatility = Field(description="volatility of the logarithm, 1/sqrt(year)")


class Ou(Model):
    """Mean-reverting logarithm (Schwartz one-factor)."""

    start: Positive = Field(description="value at the value date, in the factor's unit")
    mean: PositiveCurve = Field(description="long-run mean of the factor itself, in its unit")
    kappa: Reversion = Field(description="speed of reversion, 1/year")
    sigma: Volatility = Field(description="volatility of the logarithm, 1/sqrt(year)")


class Vasicek(Model):
    """Mean-reverting level, for rates."""

    start: float = Field(description="value at the value date, in the factor's unit")
    mean: Curve = Field(description="long-run level, in the factor's unit")
    kappa: Reversion = Field(description="speed of reversion, 1/year")
    sigma: NonNegative = Field(description="volatility of the level, in the factor's unit per sqrt(year)")


class Merton(Model):
    """Geometric Brownian motion with normal jumps of the logarithm."""

    start: Positive = Field(description="value at the value date, in the factor's unit")
    drift: Rate = Field(description="drift of the mean, jumps included, 1/year")
    sigma: Volatility = Field(description="volatility of the logarithm between jumps, 1/sqrt(year)")
    jump_intensity: Annotated[float, Within(0, 50)] = Field(description="mean number of jumps, 1/year")
    jump_mean: Rate = Field(description="mean of a jump of the logarithm, no unit")
    jump_sd: Volatility = Field(description="standard deviation of a jump of the logarithm, no unit")


class Deterministic(Model):
    """A curve that is known beforehand."""

    curve: Curve = Field(description="values, in the factor's unit")


class Process(Model):
    """Process of a factor; exactly one of the keys is set."""

    gbm: Gbm | None = None
    ou: Ou | None = None
    vasicek: Vasicek | None = None
    merton: Merton | None = None
    deterministic: Deterministic | None = None

    @model_validator(mode="after")
    def _one(self) -> "Process":
        given = [key for key in type(self).model_fields if getattr(self, key) is not None]
        if len(given) != 1:
            got = ", ".join(given) or "none"
            remedy = f"keep one of {', '.join(type(self).model_fields)}; null removes an included one"
            raise refusal(Problem.at((), "a factor has exactly one process", got, remedy))
        return self

    @property
    def kind(self) -> str:
        """Key of the process that is set."""
        return next(key for key in type(self).model_fields if getattr(self, key) is not None)

    @property
    def parameters(self) -> Gbm | Ou | Vasicek | Merton | Deterministic:
        """The process that is set."""
        found: Gbm | Ou | Vasicek | Merton | Deterministic = getattr(self, self.kind)
        return found

    @property
    def stochastic(self) -> bool:
        """Whether the factor has innovations."""
        return self.deterministic is None

    @property
    def starts_at(self) -> float:
        """Value of the process at the value date, in the factor's unit (a curve by dates: its first value)."""
        found = self.parameters
        if not isinstance(found, Deterministic):
            return found.start
        if found.curve.knots is None:
            return found.curve.numbers[0]
        at_start = [value for year, value in found.curve.knots if year == 0]
        return at_start[-1] if at_start else found.curve.knots[0][1]


class Factor(Model):
    """A price, index or rate that all projects share."""

    unit: str = Field(description="unit of the factor's value, e.g. USD/MMBtu; 1 for an index")
    process: Process
    season: Annotated[tuple[float, ...], Lax] | None = Field(
        default=None,
        description="one number per step of the year, counted from the value date: a multiplier with mean 1 "
        "(for vasicek a summand with mean 0)",
    )
    floor: Curve | None = Field(default=None, description="lowest value observed, in the factor's unit")
    cap: Curve | None = Field(default=None, description="highest value observed, in the factor's unit")

    @model_validator(mode="after")
    def _ends(self) -> "Factor":
        floor, cap = self.floor, self.cap
        if floor and cap and floor.value is not None and cap.value is not None and floor.value > cap.value:
            rule = f"must be at least floor ({shown(floor.value)})"
            raise refusal(Problem.at(("cap",), rule, shown(cap.value), "swap floor and cap"))
        return self


class Correlation(Model):
    """Correlation of the factors' innovations."""

    copula: Literal["gaussian", "t"] = Field(default="gaussian", description="copula of a step's innovations")
    degrees_of_freedom: Annotated[float, Within(2, open_low=True)] | None = Field(
        default=None, description="of the t copula, no unit; only and always with copula t"
    )
    kind: Literal["score", "rank"] = Field(
        default="score", description="what the numbers are: of the scores, or Spearman's"
    )
    repair: Literal["nearest"] | None = Field(
        default=None,
        description="nearest: pairs whose matrix is not positive definite are changed into the nearest that are, and "
        "exact 1 and -1 are allowed; left out: such a matrix is refused",
    )
    pairs: dict[Name, dict[Name, Correlated]] = Field(
        default={}, description="correlation by factor and factor, each pair once; or `table`: a CSV file"
    )

    @model_validator(mode="after")
    def _degrees(self) -> "Correlation":
        if self.copula == "t" and self.degrees_of_freedom is None:
            raise refusal(Problem.at((), "copula t needs degrees_of_freedom", "", "add e.g. degrees_of_freedom: 5"))
        if self.copula != "t" and self.degrees_of_freedom is not None:
            remedy = "write copula: t, or leave it out"
            raise refusal(Problem.at(("degrees_of_freedom",), "belongs to copula t", self.copula, remedy))
        return self
