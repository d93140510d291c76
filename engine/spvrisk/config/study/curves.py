"""Deterministic curves over time: zero curves, and values that move in a known way."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import Date, Lax, Model, Path, Rate, Within, refusal, shown
from spvrisk.config.laws import Measure
from spvrisk.config.reading.numerals import number_remedy, per_cent_remedy
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


Pair = Annotated[tuple[float, float], Lax]


def _knots_in_order(knots: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    problems = (
        []
        if knots
        else [Problem.at((), "needs at least one knot [years, value]", phrase("none"), "write e.g. [[0, 1]]")]
    )
    if knots and knots[0][0] < 0:
        problems.append(
            Problem.at((0, 0), "years count from the value date and must be at least 0", shown(knots[0][0]))
        )
    for i, ((before, _), (year, _)) in enumerate(pairwise(knots), start=1):
        if year < before or (i > 1 and year == knots[i - 2][0]):
            rule = "years must rise from knot to knot (twice the same for a jump)"
            problems.append(
                Problem.at((i, 0), rule, phrase("{} after {}", shown(year), shown(before)), "order the knots")
            )
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

    value: float | None = Field(
        default=None, description="value at the value date, in the unit of what the curve describes"
    )
    growth: Rate = Field(default=0.0, description="growth of `value`, 1/year: value * (1 + growth)^t")
    knots: Knots | None = Field(
        default=None,
        description="[years, value], linear between, flat outside; twice the same year is a jump; in the unit of "
        "what the curve is",
    )
    dates: dict[Date, float] | None = Field(
        default=None, description="value by date, linear between, flat outside, in the unit of what the curve describes"
    )

    @model_validator(mode="before")
    @classmethod
    def _number(cls, data: object) -> object:
        if isinstance(data, Mapping | Curve):
            return data
        if isinstance(data, int | float) and not isinstance(data, bool):
            return {"value": data}
        remedy = number_remedy(data, phrase("write e.g. 4 or {{value: 4, growth: 0.02}}"))
        raise refusal(Problem.at((), "must be a number or a curve", shown(data), remedy))

    @model_validator(mode="after")
    def _one_form(self) -> "Curve":
        given = [key for key in ("value", "knots", "dates") if getattr(self, key) is not None]
        if len(given) != 1:
            got = ", ".join(given) or phrase("none")
            raise refusal(Problem.at((), "a curve has exactly one of value, knots and dates", got, "keep one of them"))
        if self.growth and self.value is None:
            raise refusal(Problem.at(("growth",), phrase("has no meaning with {}", given[0]), "", "leave growth out"))
        if self.dates is not None and (not self.dates or list(self.dates) != sorted(self.dates)):
            raise refusal(Problem.at(("dates",), "needs dates in rising order", "", "order the dates"))
        return self

    @property
    def numbers(self) -> list[float]:
        """The values that the file states."""
        if self.knots is not None:
            return [value for _, value in self.knots]
        return list(self.dates.values()) if self.dates is not None else [self.value or 0.0]


def written(curve: Curve | ZeroCurve, of: Callable[[float], float]) -> Any:
    """A curve with its values changed, as a study writes it.

    Parameters
    ----------
    curve
        Any.
    of
        From a value that it states to the new one.

    Examples
    --------
    >>> written(ZeroCurve(knots=((0.0, 0.03), (10.0, 0.04))), lambda rate: rate + 0.25)
    {'knots': [[0.0, 0.28], [10.0, 0.29]]}
    >>> written(Curve(value=4.0, growth=0.02), lambda value: 2.0 * value)
    {'value': 8.0, 'growth': 0.02}
    """
    if curve.knots is not None:
        return {"knots": [[year, of(value)] for year, value in curve.knots]}
    assert isinstance(curve, Curve)  # a zero curve has knots
    if curve.dates is not None:
        return {"dates": {day.isoformat(): of(value) for day, value in curve.dates.items()}}
    assert curve.value is not None  # a curve has one of the three
    return {"value": of(curve.value), "growth": curve.growth} if curve.growth else of(curve.value)


def _above_zero(curve: Curve) -> Curve:
    low = [value for value in curve.numbers if value <= 0]
    if low:
        raise refusal(Problem.at((), "must be above 0 everywhere", shown(low[0]), "use vasicek if it may be below 0"))
    if curve.growth <= -1:
        rule = "must be above -1: a mean of 0 has no logarithm"
        raise refusal(Problem.at(("growth",), rule, shown(curve.growth), "write e.g. -0.02 for -2 %"))
    return curve


PositiveCurve = Annotated[Curve, AfterValidator(_above_zero)]


HIGH_GROWTH = 0.5


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about curves."""
    discounts = [party.discount for party in study.parties.values()]
    for name in study.curves.keys() - {curve for item in discounts for curve in (item.study, item.local)}:
        yield Problem.at(
            ("curves", name), phrase("no party discounts on the curve"), "", phrase("remove it, or use it")
        )


def fast_growth(at: Path, rate: float) -> Iterator[Problem]:
    """Warning of a yearly growth, of whatever it is, that is hardly meant.

    Parameters
    ----------
    at
        Path of the rate.
    rate
        Growth per year, 0.02 = 2 %.
    """
    if abs(rate) > HIGH_GROWTH:
        yield Problem.at(at, phrase("is more than {:.0%} a year", HIGH_GROWTH), shown(rate), per_cent_remedy(rate))
