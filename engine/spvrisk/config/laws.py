"""Laws of random quantities: one family each, its parameter sets and their ranges in one table."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, ValidationError, core_schema

from spvrisk.config.base import Lax, Model, Path, Within, inner_problems, refusal, shown, suggestion, sum_problems
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.errors import Problem

Parameters = dict[str, Any]
Check = Callable[[Parameters], Iterator[Problem]]


class Family(NamedTuple):
    """One family of laws.

    Attributes
    ----------
    meaning
        What the family is, with its parameters, for the JSON Schema.
    forms
        The alternative sets of keys, one of which must be given whole.
    defaults
        Optional keys with what they are when left out.
    checks
        Rules of the parameters' values, tried in order until one is broken.
    """

    meaning: str
    forms: tuple[tuple[str, ...], ...]
    checks: tuple[Check, ...] = ()
    defaults: Mapping[str, Any] = {}

    @property
    def keys(self) -> list[str]:
        """All keys that the family knows."""
        return list(dict.fromkeys([*(key for form in self.forms for key in form), *self.defaults]))


def _in(key: str, allowed: Within) -> Check:
    def check(p: Parameters) -> Iterator[Problem]:
        if key in p and not allowed.holds(p[key]):
            yield allowed.problem((key,), p[key])

    return check


def _positive(*keys: str) -> tuple[Check, ...]:
    return tuple(_in(key, Within(0, open_low=True)) for key in keys)


def _ordered(*keys: str) -> Check:
    def check(p: Parameters) -> Iterator[Problem]:
        for low, high in pairwise(key for key in keys if key in p):
            if p[low] > p[high]:
                yield Problem.at((high,), f"must be at least {low} ({shown(p[low])})", shown(p[high]), "order them")
        if keys[0] in p and p[keys[0]] == p[keys[-1]]:
            rule = f"must be above {keys[0]} ({shown(p[keys[0]])})"
            yield Problem.at((keys[-1],), rule, shown(p[keys[-1]]), "write a plain number for a fixed value")

    return check


def _beta_moments(p: Parameters) -> Iterator[Problem]:
    if "mean" not in p:
        return
    low, high, mean, sd = p["min"], p["max"], p["mean"], p["sd"]
    if not low < mean < high:
        yield Within(low, high, open_low=True, open_high=True).problem(("mean",), mean)
    elif sd**2 >= (mean - low) * (high - mean):
        most = math.sqrt((mean - low) * (high - mean))
        yield Problem.at(("sd",), f"must be below sqrt((mean - min)(max - mean)) = {most:.6g}", shown(sd), "write less")


_WEIGHT = Within(0, 1, per_cent_from=10)
"""Weights and probabilities: 3 beside 1 are odds."""


def _discrete(p: Parameters) -> Iterator[Problem]:
    values, probabilities = p["values"], p["probabilities"]
    if len(values) != len(probabilities):
        got = f"{len(values)} values and {len(probabilities)} probabilities"
        yield Problem.at((), "needs as many probabilities as values", got, "give each value its probability")
    elif len(set(values)) < len(values):
        yield Problem.at(("values",), "must be distinct", "a value twice", "add up the probabilities of equal values")
    elif any(not 0 <= q <= 1 for q in probabilities):
        bad = next(i for i, q in enumerate(probabilities) if not 0 <= q <= 1)
        yield _WEIGHT.problem(("probabilities", bad), probabilities[bad])
    else:
        yield from sum_problems(("probabilities",), "probabilities", probabilities)


def _reference_class(p: Parameters) -> Iterator[Problem]:
    body: tuple[float, float] = p["body"]
    low, high = body
    if not 0 <= low < high <= 1.5:
        rule = "must be [low, high] with 0 <= low < high <= 1.5, where the tail begins"
        yield Problem.at(("body",), rule, f"[{low:g}, {high:g}]", "write e.g. [0.7, 1.5]")
    if not 0.5 <= p["tail_mean"] < p["cap"] - 1:
        rule = "the tail begins at an overrun of 0.5 and ends at cap - 1, so its mean must lie between"
        yield Problem.at(("tail_mean",), rule, shown(p["tail_mean"]), "write 1.09 for a mean tail overrun of 109 %")


FAMILIES: dict[str, Family] = {
    "normal": Family("Normal.", (("mean", "sd"),), _positive("sd")),
    "lognormal": Family(
        "Log-normal: mean and sd of X itself, or median of X and sigma of log X, or the 0.1 and 0.9 quantiles.",
        (("mean", "sd"), ("median", "sigma"), ("p10", "p90")),
        (*_positive("mean", "sd", "median", "sigma", "p10", "p90"), _ordered("p10", "p90")),
    ),
    "uniform": Family("Uniform.", (("min", "max"),), (_ordered("min", "max"),)),
    "triangular": Family("Triangular.", (("min", "mode", "max"),), (_ordered("min", "mode", "max"),)),
    "pert": Family("PERT (lambda 4).", (("min", "mode", "max"),), (_ordered("min", "mode", "max"),)),
    "beta": Family(
        "Beta on [min, max] (0 and 1 when left out), by mean and sd or by its exponents a and b.",
        (("mean", "sd"), ("a", "b")),
        (*_positive("sd", "a", "b"), _ordered("min", "max"), _beta_moments),
        {"min": 0.0, "max": 1.0},
    ),
    "gamma": Family("Gamma.", (("shape", "scale"),), _positive("shape", "scale")),
    "weibull": Family("Weibull.", (("shape", "scale"),), _positive("shape", "scale")),
    "exponential": Family("Exponential.", (("mean",),), _positive("mean")),
    "poisson": Family(
        "Poisson: whole numbers from 0, e.g. of days.", (("mean",),), (_in("mean", Within(0, 50_000, open_low=True)),)
    ),
    "student_t": Family(
        "Student's t.", (("degrees_of_freedom", "location", "scale"),), _positive("degrees_of_freedom", "scale")
    ),
    "discrete": Family("Listed values with their probabilities.", (("values", "probabilities"),), (_discrete,)),
    "empirical": Family(
        "Equally likely values from a column of a CSV file; the path is relative to the file that names it.",
        (("csv", "column"), ("values",)),
    ),
    "reference_class": Family(
        "Overrun factor X = actual / budget of a reference class: mean overrun, share of overruns of 50 % or more "
        "(tail_share), their mean (tail_mean), all as 0.16 for 16 %; largest X (cap), bounds of X below the tail.",
        (("mean", "tail_share", "tail_mean"),),
        (
            _in("mean", Within(-1, open_low=True)),
            _in("tail_share", Within(0, 1, open_high=True)),
            _in("cap", Within(1.5, open_low=True)),
            _reference_class,
        ),
        {"cap": 10.0, "body": (0.7, 1.5)},
    ),
    "scipy": Family("Any law of scipy.stats by its name and keyword arguments.", (("name",),), (), {"args": {}}),
}
"""Families whose parameters are a mapping; `fixed` (a number) and `mixture` (a list) are read apart."""

LARGEST = 1e100
"""Bound of a law's parameters, so that no square of them overflows."""

ALL_FAMILIES = ("fixed", *FAMILIES, "mixture")

LISTS = {"values", "probabilities"}
TEXTS = {"csv", "column", "name"}
# families whose support begins at 0 without an atom there; of scipy's laws some have one
_OPEN_AT_ZERO = {"lognormal", "gamma", "weibull", "exponential", "uniform", "triangular", "pert", "beta"}


class Law(Model):
    """Law of a quantity drawn at random.

    In a file: a plain number, or a mapping with one family, e.g. ``{lognormal: {mean: 1.2, sd: 0.25}}``, and optionally
    ``truncate: [low, high]``, where `null` (or `-.inf`, `.inf`) is no end.

    Attributes
    ----------
    family
        One of `ALL_FAMILIES`.
    parameters
        By name, defaults filled in: floats; tuples of floats for ``values``, ``probabilities`` and ``body``; texts for
        ``csv``, ``column`` and ``name``; ``args`` a mapping; ``value`` for ``fixed``; ``weights`` (floats) and ``laws``
        for ``mixture``.
    truncate
        Ends of the interval to which the law is conditioned, None for no end.
    """

    family: str
    parameters: dict[str, Any]
    truncate: Annotated[tuple[float | None, float | None], Lax] | None = Field(default=None)

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, data: object) -> object:
        if isinstance(data, Mapping) and set(data) >= {"family", "parameters"}:
            return {**data, "parameters": {key: _restored(key, value) for key, value in data["parameters"].items()}}
        try:
            return _read(data)
        except _RefusedError as error:
            raise refusal(*error.problems) from None

    def bounds(self) -> tuple[float, float]:
        """Ends of the law's support; infinite where unknown."""
        (low, high), (least, most) = _support(self), self.interval
        return max(low, least), min(high, most)

    @property
    def interval(self) -> tuple[float, float]:
        """Ends to which the law is truncated, infinite where it is not."""
        return _ends(self.truncate or (None, None))

    def atom_at_zero(self) -> bool:
        """Whether 0 may come out with a positive probability, for a law with no values below 0."""
        if self.family == "mixture":
            return any(law.atom_at_zero() for law in self.parameters["laws"])
        return self.bounds()[0] == 0 and self.family not in _OPEN_AT_ZERO


def fixed(value: float) -> Law:
    """Law of a known value.

    Examples
    --------
    >>> fixed(2.0).bounds()
    (2.0, 2.0)
    """
    return Law.model_validate(value)


class _RefusedError(Exception):
    def __init__(self, *problems: Problem) -> None:
        self.problems = problems


def _restored(key: str, value: Any) -> Any:
    """Parameters as they were before the study went through JSON, which has no tuples and no laws."""
    if key == "laws":
        return tuple(Law.model_validate(law) for law in value)
    return tuple(value) if isinstance(value, list) else value


def _number(at: Path, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        remedy = number_remedy(value, "write a plain number")
        raise _RefusedError(Problem.at(at, "must be a number", shown(value), remedy))
    if not abs(value) <= LARGEST:
        rule = f"must be a finite number, at most {LARGEST:g} in size"
        raise _RefusedError(Problem.at(at, rule, shown(value), "write a smaller number"))
    return float(value)


def _numbers(at: Path, value: object) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise _RefusedError(Problem.at(at, "must be a list of numbers", shown(value), "write e.g. [1, 2, 3]"))
    return tuple(_number((*at, i), item) for i, item in enumerate(value))


def _pair(at: Path, value: object) -> tuple[float, float]:
    numbers = _numbers(at, value)
    if len(numbers) != 2:
        raise _RefusedError(Problem.at(at, "must be two numbers", f"{len(numbers)} of them", "write [low, high]"))
    return numbers[0], numbers[1]


def _parameter(family: str, key: str, value: object) -> Any:
    at = (family, key)
    if key in LISTS:
        return _numbers(at, value)
    if key == "body":
        return _pair(at, value)
    if key in TEXTS:
        if not isinstance(value, str):
            raise _RefusedError(Problem.at(at, "must be text", shown(value), "put it in quotes"))
        return value
    if key == "args":
        if not isinstance(value, Mapping):
            raise _RefusedError(Problem.at(at, "must be a mapping", shown(value), "write e.g. {c: 0.2, scale: 3}"))
        return {str(name): _number((*at, str(name)), item) for name, item in value.items()}
    return _number(at, value)


def _read(data: object) -> dict[str, Any]:
    """Turn what a file says into `family`, `parameters` and `truncate`."""
    if not isinstance(data, Mapping):
        if isinstance(data, str) or data is None or isinstance(data, list | tuple):
            rule = "must be a law: a number, or a mapping with one family"
            remedy = number_remedy(data, "write e.g. {normal: {mean: 1, sd: 0.1}}")
            raise _RefusedError(Problem.at((), rule, shown(data), remedy))
        return {"family": "fixed", "parameters": {"value": _number((), data)}}
    family = _family(data)
    parameters = _parameters(family, data[family])
    if "truncate" not in data:
        return {"family": family, "parameters": parameters}
    ends = _truncation(data["truncate"])
    low, high = _ends(ends)
    if family == "fixed" and not low <= parameters["value"] <= high:
        value = shown(parameters["value"])
        raise _RefusedError(Problem.at(("truncate",), "leaves nothing of a fixed value", value, "leave truncate out"))
    return {"family": family, "parameters": parameters, "truncate": ends}


def _family(data: Mapping[str, Any]) -> str:
    unknown = [key for key in data if key not in ALL_FAMILIES and key != "truncate"]
    if unknown:
        allowed = [*ALL_FAMILIES, "truncate"]
        raise _RefusedError(
            *(Problem.at((key,), "is not a family of laws", "", suggestion(key, allowed)) for key in unknown)
        )
    families = [key for key in data if key != "truncate"]
    if not families:
        raise _RefusedError(Problem.at((), "a law needs a family", "none", f"allowed: {', '.join(ALL_FAMILIES)}"))
    if len(families) > 1:
        remedy = f"keep one; to replace an included law write {families[0]}: null beside the new one"
        raise _RefusedError(Problem.at((families[1],), "a law has exactly one family", ", ".join(families), remedy))
    return families[0]


_Ends = tuple[float | None, float | None]


def _ends(truncate: _Ends) -> tuple[float, float]:
    low, high = truncate
    return -math.inf if low is None else low, math.inf if high is None else high


def _truncation(value: object) -> _Ends:
    if not isinstance(value, list | tuple) or len(value) != 2:
        got = f"{len(value)} of them" if isinstance(value, list | tuple) else shown(value)
        raise _RefusedError(Problem.at(("truncate",), "must be two ends", got, "write [low, high], null for no end"))
    low, high = _ends((_end(0, value[0]), _end(1, value[1])))
    if not low < high:
        raise _RefusedError(
            Problem.at(("truncate",), "must be [low, high] with low < high", f"[{low:g}, {high:g}]", "order them")
        )
    if math.isinf(low) and math.isinf(high):
        raise _RefusedError(
            Problem.at(("truncate",), "cuts nothing off", "no end", "give an end, or leave truncate out")
        )
    return None if math.isinf(low) else low, None if math.isinf(high) else high


def _end(at: int, value: object) -> float | None:
    if value is None or (isinstance(value, float) and math.isinf(value)):
        return value
    if isinstance(value, str):
        raise _RefusedError(
            Problem.at(("truncate", at), "must be a number", shown(value), "write null or .inf for no end")
        )
    return _number(("truncate", at), value)


def _parameters(family: str, body: object) -> Parameters:
    if family == "fixed":
        return {"value": _number((family,), body)}
    if family == "mixture":
        return _mixture(body)
    spec = FAMILIES[family]
    if not isinstance(body, Mapping):
        usual = ", ".join(f"{key}: .." for key in spec.forms[0])
        raise _RefusedError(Problem.at((family,), "must be a mapping", shown(body), f"write {{{usual}}}"))
    _check_keys(family, spec, body)
    values = {key: _parameter(family, key, value) for key, value in body.items()}
    parameters = {**spec.defaults, **values}
    for check in spec.checks:
        problems = [problem.under((family,)) for problem in check(parameters)]
        if problems:
            raise _RefusedError(*problems)
    return parameters


def _check_keys(family: str, spec: Family, body: Mapping[str, Any]) -> None:
    unknown = [key for key in body if key not in spec.keys]
    if unknown:
        problems = (
            Problem.at((family, key), f"is not a key of {family}", "", suggestion(key, spec.keys)) for key in unknown
        )
        raise _RefusedError(*problems)
    given = [key for key in body if key not in spec.defaults]
    whole = [form for form in spec.forms if set(form) <= set(given)]
    # a column read from its file has all three keys
    extra = family != "empirical" and whole and set(given) != set(whole[0])
    if not whole or extra:
        sets = " or ".join("{" + ", ".join(form) + "}" for form in spec.forms)
        raise _RefusedError(
            Problem.at((family,), f"needs the keys {sets}", "{" + ", ".join(given) + "}", "give one whole set of them")
        )


def _mixture(body: object) -> Parameters:
    if not isinstance(body, list | tuple) or not body:
        remedy = "write [{weight: 0.25, law: 0}, {weight: 0.75, law: {..}}]"
        raise _RefusedError(Problem.at(("mixture",), "must be a list of weighted laws", shown(body), remedy))
    problems: list[Problem] = []
    weights: list[float] = []
    laws: list[Law] = []
    for i, item in enumerate(body):
        if not isinstance(item, Mapping) or set(item) != {"weight", "law"}:
            problems.append(Problem.at(("mixture", i), "must have the keys weight and law", shown(item), "give both"))
            continue
        try:
            weights.append(_number(("mixture", i, "weight"), item["weight"]))
            laws.append(Law.model_validate(item["law"]))
        except _RefusedError as error:
            problems += error.problems
        except ValidationError as error:
            problems += [problem.under(("mixture", i, "law")) for problem in inner_problems(error)]
    problems += [_WEIGHT.problem(("mixture", i, "weight"), w) for i, w in enumerate(weights) if not _WEIGHT.holds(w)]
    problems = problems or sum_problems(("mixture",), "weights", weights)
    if problems:
        raise _RefusedError(*problems)
    return {"weights": tuple(weights), "laws": tuple(laws)}


def _support(law: Law) -> tuple[float, float]:
    p = law.parameters
    match law.family:
        case "fixed":
            return p["value"], p["value"]
        case "uniform" | "triangular" | "pert" | "beta":
            return p["min"], p["max"]
        case "lognormal" | "gamma" | "weibull" | "exponential":
            return 0.0, math.inf
        case "discrete" | "empirical":
            return (min(p["values"]), max(p["values"])) if "values" in p else (-math.inf, math.inf)
        case "reference_class":
            return p["body"][0], p["cap"]
        case "mixture":
            ends = [item.bounds() for item in p["laws"]]
            return min(low for low, _ in ends), max(high for _, high in ends)
    return -math.inf, math.inf


@dataclass(frozen=True)
class Values:
    """Range of what a law may bring; an annotation like `Within`.

    Attributes
    ----------
    within
        The range; an end that is left out of it may be the end of the law's support, if there is no atom.
    remedy
        What to write instead of a law that reaches out of it.
    what
        What is drawn, where the key does not say it.
    """

    within: Within
    remedy: str
    what: str = ""

    def checked(self, law: Law) -> Law:
        """Return the law, or raise the problem."""
        problem = self._problem(law)
        if problem is not None:
            raise refusal(problem)
        return law

    def _problem(self, law: Law) -> Problem | None:
        rule = f"{self.what} {self.within.rule}".strip()
        if law.family == "fixed":
            value = law.parameters["value"]
            return None if self.within.holds(value) else Problem.at((), rule, shown(value), self.within.remedy(value))
        low, high = law.bounds()
        least, most = self.within.low, self.within.high
        atom = self.within.open_low and low == least == 0 and law.atom_at_zero()
        if least is not None and (low < least or atom):
            return Problem.at((), rule, reach(law, low, "lower"), self.remedy)
        if most is not None and high > most:
            return Problem.at((), rule, reach(law, high, "upper"), self.remedy)
        return None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.checked, handler(source))


def reach(law: Law, end: float, which: str) -> str:
    """Say how far a law reaches; scipy's laws are not asked."""
    unknown = math.isinf(end) and law.family == "scipy"
    return f"a law of scipy without a known {which} end" if unknown else f"a law that reaches {end:g}"


ShareLaw = Annotated[Law, Values(Within(0, 1), "use beta, or add truncate: [0, 1]")]
"""Law of a share."""


class Measured(NamedTuple):
    """What warnings judge a law by.

    Attributes
    ----------
    mean
        Its mean.
    kept
        Probability that truncation keeps of it, 1 where it is not truncated.
    """

    mean: float
    kept: float = 1.0


Measure = Callable[[Law], Measured | None]
"""Way of measuring laws; None where a law cannot be measured."""


def plain_measure(law: Law) -> Measured | None:
    """Measure a law whose mean is plain arithmetic; the others need their tables, which a later floor makes."""
    mean = _plain_mean(law)
    return None if mean is None else Measured(mean)


def _plain_mean(law: Law) -> float | None:
    p = law.parameters
    if law.truncate:
        return None
    if "mean" in p:
        return 1 + float(p["mean"]) if law.family == "reference_class" else float(p["mean"])
    match law.family:
        case "fixed":
            return float(p["value"])
        case "uniform":
            return float(p["min"] + p["max"]) / 2
        case "triangular":
            return float(p["min"] + p["mode"] + p["max"]) / 3
        case "pert":
            return float(p["min"] + 4 * p["mode"] + p["max"]) / 6
        case "beta":
            return float(p["min"] + (p["max"] - p["min"]) * p["a"] / (p["a"] + p["b"]))
        case "discrete":
            return float(sum(v * q for v, q in zip(p["values"], p["probabilities"], strict=True)))
        case "mixture":
            means = [_plain_mean(item) for item in p["laws"]]
            known = [mean for mean in means if mean is not None]
            return sum(w * m for w, m in zip(p["weights"], known, strict=True)) if len(known) == len(means) else None
    return None
