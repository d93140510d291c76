"""Systemic factors and their correlation."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from spvrisk.catalogue import joined, phrase
from spvrisk.config.base import (
    Correlated,
    Lax,
    Model,
    Name,
    NonNegative,
    Path,
    Positive,
    Rate,
    Within,
    names_in,
    refusal,
    shown,
)
from spvrisk.config.laws import Measure
from spvrisk.config.study.curves import Curve, PositiveCurve, fast_growth
from spvrisk.config.study.head import Party, StudyHead
from spvrisk.config.study.parts import Parts, known, sound
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


MOST_RANDOM = 500
"""Factors with innovations: the work of correlating them grows with the square of their number, that of planning with
its cube."""

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
    """A curve that is known in advance."""

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
            got = ", ".join(given) or phrase("none")
            remedy = phrase("keep one of {}; null removes an included one", ", ".join(type(self).model_fields))
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
    floor: Curve | None = Field(default=None, description="lower bound of the observed value, in the factor's unit")
    cap: Curve | None = Field(default=None, description="upper bound of the observed value, in the factor's unit")

    @model_validator(mode="after")
    def _ends(self) -> "Factor":
        floor, cap = self.floor, self.cap
        if floor and cap and floor.value is not None and cap.value is not None and floor.value > cap.value:
            rule = phrase("must be at least floor ({})", shown(floor.value))
            raise refusal(Problem.at(("cap",), rule, shown(cap.value), "swap floor and cap"))
        return self


class Correlation(Model):
    """Correlation of the factors' innovations."""

    copula: Literal["gaussian", "t"] = Field(default="gaussian", description="copula of a step's innovations")
    degrees_of_freedom: Annotated[float, Within(2, open_low=True)] | None = Field(
        default=None, description="of the t copula, no unit; required with copula t, otherwise not allowed"
    )
    kind: Literal["score", "rank"] = Field(
        default="score", description="what the numbers are: correlations of the scores, or Spearman's rank correlations"
    )
    repair: Literal["nearest"] | None = Field(
        default=None,
        description="nearest: pairs whose matrix is not positive definite are changed into the nearest that are, and "
        "exact 1 and -1 are allowed; left out: such a matrix is refused",
    )
    pairs: dict[Name, dict[Name, Correlated]] = Field(
        default={}, description="correlation by factor and factor, each pair once; or `table`: a CSV file"
    )

    @property
    def used_pairs(self) -> Mapping[str, Mapping[str, float]]:
        """Pairs as a run takes them: those of the study, repaired if it asks for that."""
        if self.repair is None:
            return self.pairs
        # loads NumPy, which most commands that read a study do without
        from spvrisk.config.nearest_correlation import nearest_pairs

        return nearest_pairs(self.pairs, self.kind)

    @model_validator(mode="after")
    def _degrees(self) -> "Correlation":
        if self.copula == "t" and self.degrees_of_freedom is None:
            raise refusal(Problem.at((), "copula t needs degrees_of_freedom", "", "add e.g. degrees_of_freedom: 5"))
        if self.copula != "t" and self.degrees_of_freedom is not None:
            remedy = "write copula: t, or leave it out"
            raise refusal(Problem.at(("degrees_of_freedom",), "belongs to copula t", self.copula, remedy))
        return self


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of drifts and seasons, and of the correlation."""
    parties, head = parts.named(Party), parts.one(StudyHead)
    fx = {party.fx for _, party in sound(parties)}
    whole = all(party is not None for party in parties.values())
    for name, factor in sound(parts.named(Factor)):
        gbm = factor.process.gbm
        if gbm is not None and gbm.drift is None and name not in fx and whole:
            remedy = "add drift: 0.02, or name the factor as a party's fx for covered parity"
            yield Problem.at(("factors", name, "process", "gbm"), "needs drift", "", remedy)
        if head is not None and factor.season is not None:
            yield from _season(("factors", name, "season"), factor, head.steps_per_year)
    random = sum(factor.process.stochastic for _, factor in sound(parts.named(Factor)))
    if random > MOST_RANDOM:
        remedy = "share factors between projects, or make some of them deterministic"
        yield Problem.at(("factors",), phrase("at most {} factors may be random", MOST_RANDOM), f"{random}", remedy)
    else:
        yield from _correlation(parts)


def _season(at: Path, factor: Factor, steps: int) -> Iterator[Problem]:
    season = factor.season or ()
    if len(season) != steps:
        yield Problem.at(
            at, phrase("needs one number for each of the {} steps of a year", steps), f"{len(season)}", "list them all"
        )
        return
    mean = sum(season) / steps
    wanted = 0 if factor.process.vasicek is not None else 1
    if abs(mean - wanted) > 1e-9:
        remedy = phrase("divide each by {:.12g}", mean) if mean > 0 else "multipliers are above 0: check the signs"
        if wanted == 0:
            remedy = phrase("subtract {:.12g} from each", mean)
        yield Problem.at(at, phrase("must have mean {}", wanted), shown(mean), remedy)
    if wanted == 1 and min(season) <= 0:
        yield Problem.at(at, "multipliers must be above 0", shown(min(season)), "raise it")


def _correlation(parts: Parts) -> Iterator[Problem]:
    """Problems of the pairs and of the matrix that they make."""
    problems = list(_pairs(parts))
    yield from problems
    found = parts.one(Correlation)
    if found is None or not found.pairs or found.repair is not None or problems:
        return
    # loads NumPy, which most commands that read a study do without
    from spvrisk.config.definite import definite_problem

    problem = definite_problem(found.pairs, found.kind)
    if problem is not None:
        yield problem._replace(remedy=phrase("{}; or add repair: nearest, which {}", problem.remedy, _repair(found)))


def _repair(correlation: Correlation) -> str:
    from spvrisk.config.nearest_correlation import changes, told

    moved = changes(correlation.pairs, correlation.kind)
    return phrase("changes {}", told(moved)) if moved else phrase("takes the pairs as they are")


def _pairs(parts: Parts) -> Iterator[Problem]:
    seen: set[frozenset[str]] = set()
    correlation, factors = parts.one(Correlation), parts.named(Factor)
    names = dict.fromkeys(parts.names("factors"))
    for first, row in (correlation.pairs if correlation else {}).items():
        yield from _correlated(("correlation", "pairs", first), first, names, factors)
        for second in row:
            at = ("correlation", "pairs", first, second)
            pair = frozenset((first, second))
            if first == second:
                yield Problem.at(at, "a factor's correlation with itself is 1", "", "remove it")
            elif pair in seen:
                yield Problem.at(
                    at, "each pair must be named once", phrase("{}, {} twice", first, second), "remove one of them"
                )
            elif first in names:
                yield from _correlated(at, second, names, factors)
            seen.add(pair)


def _correlated(at: Path, name: str, names: Collection[str], factors: Mapping[str, Factor | None]) -> Iterator[Problem]:
    yield from known(at, name, names, phrase("a factor"))
    factor = factors.get(name)
    if factor is not None and not factor.process.stochastic:
        yield Problem.at(at, "a deterministic factor has no innovations to correlate", name, "remove it")


def rate_factor(at: Path, name: str, parts: Parts) -> Iterator[Problem]:
    """Problems of a factor that is named as an interest rate.

    Parameters
    ----------
    at
        Path of the name.
    name
        Of the factor.
    parts
        The study's parts, as far as they are sound.
    """
    yield from known(at, name, parts.names("factors"), phrase("a factor"))
    factor = parts.named(Factor).get(name)
    if factor is None:
        return
    if factor.process.kind not in ("vasicek", "deterministic"):
        remedy = "name a factor with process vasicek or deterministic"
        yield Problem.at(at, "must be a rate", phrase("{} with process {}", name, factor.process.kind), remedy)
        return
    levels = list(_rate_levels(name, factor))
    if levels and factor.unit != "1/year":
        yield Problem.at(
            at, "must be a rate, in 1/year", phrase("{}, in {}", name, factor.unit), "name an interest rate"
        )
    else:
        yield from levels


def _rate_levels(name: str, factor: Factor) -> Iterator[Problem]:
    """Levels of the reference rate: 3.65 for 0.0365 would pass as a number."""
    allowed = Within(-1, 1, per_cent_from=1)
    inside: Path = ("factors", name, "process", factor.process.kind)
    found = factor.process.parameters
    if isinstance(found, Vasicek):
        if not allowed.holds(found.start):
            yield allowed.problem((*inside, "start"), found.start)
        yield from _levels((*inside, "mean"), found.mean, allowed)
    elif factor.process.deterministic is not None:
        yield from _levels((*inside, "curve"), factor.process.deterministic.curve, allowed)


def _levels(at: Path, curve: Curve, allowed: Within) -> Iterator[Problem]:
    wrong = [value for value in curve.numbers if not allowed.holds(value)]
    if wrong:
        yield allowed.problem(at, wrong[0])


def indices(at: Path, weights: Mapping[str, float], parts: Parts) -> Iterator[Problem]:
    """Problems of factors to which a cost or a price is indexed.

    Parameters
    ----------
    at
        Path of the weights.
    weights
        Weight by factor.
    parts
        As of `rate_factor`.
    """
    for name in weights:
        yield from known((*at, name), name, parts.names("factors"), phrase("a factor"))
        factor = parts.named(Factor).get(name)
        if factor is None:
            continue
        if factor.process.vasicek is not None:
            remedy = "name a factor with process gbm, ou, merton or deterministic"
            yield Problem.at((*at, name), "an index must stay above 0", phrase("a factor with process vasicek"), remedy)
        elif abs(factor.process.starts_at - 1) > 1e-9:
            start = factor.process.starts_at
            remedy = phrase("divide {} by {}", _levels_of(factor), shown(start)) if start > 0 else "let it start at 1"
            yield Problem.at(
                (*at, name), "an index must start at 1", phrase("{} with start {}", name, shown(start)), remedy
            )
        elif factor.process.deterministic is not None and min(factor.process.deterministic.curve.numbers) <= 0:
            low = min(factor.process.deterministic.curve.numbers)
            yield Problem.at(
                (*at, name), "an index must stay above 0", phrase("{} with {}", name, shown(low)), "raise its curve"
            )


def _levels_of(factor: Factor) -> str:
    """What is to be divided for a factor to have another size."""
    own = {"ou": phrase("start and mean"), "deterministic": "curve"}.get(factor.process.kind, "start")
    bounds = [key for key in ("floor", "cap") if getattr(factor, key) is not None]
    return phrase("the factor's {}", joined([own, *bounds], "{}, {}"))


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about factors: growth, no use, repaired correlations."""
    for name, factor in study.factors.items():
        for at, rate in _rates(("factors", name), factor):
            yield from fast_growth(at, rate)
    used = set(names_in(study, "factors"))
    for name in study.factors:
        if name not in used:
            yield Problem.at(
                ("factors", name), phrase("no project or party uses the factor"), "", phrase("remove it, or use it")
            )
    yield from _repaired(study)


def _rates(at: Path, factor: Factor) -> Iterator[tuple[Path, float]]:
    process = factor.process
    here = (*at, "process", process.kind)
    drift = getattr(process.parameters, "drift", None)
    if drift is not None:
        yield (*here, "drift"), drift
    curves = ((*here, "mean"), (*here, "curve"), (*at, "floor"), (*at, "cap"))
    owners = (process.parameters, process.parameters, factor, factor)
    for path, owner in zip(curves, owners, strict=True):
        curve = getattr(owner, str(path[-1]), None)
        if isinstance(curve, Curve):
            yield (*path, "growth"), curve.growth


def _repaired(study: "Study") -> Iterator[Problem]:
    """Pairs that a repair has changed."""
    found = study.correlation
    if found.repair is None:
        return
    # loads NumPy, which most commands that read a study do without
    from spvrisk.config.nearest_correlation import changes, told

    moved = changes(found.pairs, found.kind)
    if moved:
        text = "the pairs do not form a correlation matrix: {:d} of {:pair} are changed to form the nearest one"
        rule = phrase(text, len(moved), sum(map(len, found.pairs.values())))
        yield Problem.at(("correlation", "repair"), rule, "", told(moved))
