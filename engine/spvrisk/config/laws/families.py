"""The families of laws: a new one is an entry of `FAMILIES` here and its quantile in `spvrisk.plan.families`."""

import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config.base import Within, shown, sum_problems
from spvrisk.config.laws.parameters import BY_NAME, LOCATION, NUMBER, NUMBERS, PAIR, SCALE, TEXT, Parameter
from spvrisk.config.reading.numerals import written
from spvrisk.errors import Problem

Parameters = dict[str, Any]
Check = Callable[[Parameters], Iterator[Problem]]

OWN_UNIT = "in the unit of the quantity"

PARAMETERS = {
    "mean": Parameter(f"mean, {OWN_UNIT}", NUMBER, LOCATION),
    "sd": Parameter(f"standard deviation, {OWN_UNIT}", NUMBER, SCALE),
    "median": Parameter(f"median, {OWN_UNIT}", NUMBER, LOCATION),
    "sigma": Parameter("standard deviation of the logarithm, no unit", NUMBER),
    "p10": Parameter(f"quantile of probability 0.1, {OWN_UNIT}", NUMBER, LOCATION),
    "p90": Parameter(f"quantile of probability 0.9, {OWN_UNIT}", NUMBER, LOCATION),
    "min": Parameter(f"lowest value, {OWN_UNIT}", NUMBER, LOCATION),
    "mode": Parameter(f"likeliest value, {OWN_UNIT}", NUMBER, LOCATION),
    "max": Parameter(f"highest value, {OWN_UNIT}", NUMBER, LOCATION),
    "a": Parameter("first exponent, no unit", NUMBER),
    "b": Parameter("second exponent, no unit", NUMBER),
    "shape": Parameter("shape, no unit", NUMBER),
    "scale": Parameter(f"scale, {OWN_UNIT}", NUMBER, SCALE),
    "location": Parameter(f"location, {OWN_UNIT}", NUMBER, LOCATION),
    "degrees_of_freedom": Parameter("degrees of freedom, no unit", NUMBER),
    "values": Parameter(f"values, {OWN_UNIT}", NUMBERS, LOCATION),
    "probabilities": Parameter("probability of each value", NUMBERS),
    "csv": Parameter("CSV file, relative to this file", TEXT),
    "column": Parameter("column of the CSV file with the values", TEXT),
    "name": Parameter("name of a law in scipy.stats", TEXT),
    "args": Parameter("its parameters by name, loc and scale included", BY_NAME),
    "tail_share": Parameter("share of projects with an overrun of 0.5 (50 %) or more", NUMBER),
    "tail_mean": Parameter("mean overrun of those, as a share of the budget: 1.09 for 109 %", NUMBER),
    "cap": Parameter("highest actual cost as a multiple of the budget", NUMBER),
    "body": Parameter("lowest and highest actual cost outside the tail, as multiples of the budget", PAIR),
}
"""Parameters by key; a family may mean something else by a key (`Family.own`)."""


def _unbounded(p: Parameters) -> tuple[float, float]:
    return -math.inf, math.inf


def _stated_mean(p: Parameters) -> float | None:
    return p.get("mean")


class Family(NamedTuple):
    """One family of laws.

    Attributes
    ----------
    meaning
        What the family is, with its parameters, for the JSON Schema.
    forms
        The alternative sets of keys, one of which must be given whole; none for what a study does not write as a
        mapping of parameters.
    checks
        Rules of the parameters' values, tried in order until one is broken.
    defaults
        Optional keys with what they are when left out.
    support
        Ends of what may come out; infinite where unknown.
    mean
        The mean where it is plain arithmetic, None where only a table of the law tells.
    open_at_zero
        Whether the support may begin at 0 without an atom there; of scipy's laws some have one.
    own
        Parameters that are something else than `PARAMETERS` says.
    moves
        Whether the law plus a number is one of the family.
    """

    meaning: str
    forms: tuple[tuple[str, ...], ...] = ()
    checks: tuple[Check, ...] = ()
    defaults: Mapping[str, Any] = {}
    support: Callable[[Parameters], tuple[float, float]] = _unbounded
    mean: Callable[[Parameters], float | None] = _stated_mean
    open_at_zero: bool = False
    own: Mapping[str, Parameter] = {}
    moves: bool = False

    @property
    def parameters(self) -> dict[str, Parameter]:
        """All parameters that the family knows, by key."""
        keys = dict.fromkeys([*(key for form in self.forms for key in form), *self.defaults])
        return {key: self.own.get(key, PARAMETERS[key]) for key in keys}


# ---- checks ---------------------------------------------------------------------------------------------------


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
                yield Problem.at(
                    (high,), phrase("must be at least {} ({})", low, shown(p[low])), shown(p[high]), "put them in order"
                )
        if keys[0] in p and p[keys[0]] == p[keys[-1]]:
            rule = phrase("must be above {} ({})", keys[0], shown(p[keys[0]]))
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
        yield Problem.at(
            ("sd",), phrase("must be below sqrt((mean - min)(max - mean)) = {:.6g}", most), shown(sd), "write less"
        )


WEIGHT = Within(0, 1, per_cent_from=10)
"""Weights and probabilities: 3 beside 1 are odds."""


def _discrete(p: Parameters) -> Iterator[Problem]:
    values, probabilities = p["values"], p["probabilities"]
    if len(values) != len(probabilities):
        got = phrase("{} values and {} probabilities", len(values), len(probabilities))
        yield Problem.at((), "needs as many probabilities as values", got, "give each value its probability")
    elif len(set(values)) < len(values):
        yield Problem.at(
            ("values",), "must be distinct", phrase("a value twice"), "add up the probabilities of equal values"
        )
    elif any(not 0 <= q <= 1 for q in probabilities):
        bad = next(i for i, q in enumerate(probabilities) if not 0 <= q <= 1)
        yield WEIGHT.problem(("probabilities", bad), probabilities[bad])
    else:
        yield from sum_problems(("probabilities",), phrase("probabilities"), probabilities)


def _reference_class(p: Parameters) -> Iterator[Problem]:
    body: tuple[float, float] = p["body"]
    low, high = body
    if not 0 <= low < high <= 1.5:
        rule = "must be [low, high] with 0 <= low < high <= 1.5, where the tail begins"
        yield Problem.at(("body",), rule, f"[{low:g}, {high:g}]", "write e.g. [0.7, 1.5]")
    if not 0.5 <= p["tail_mean"] < p["cap"] - 1:
        rule = "the tail begins at an overrun of 0.5 and ends at cap - 1, so its mean must lie between"
        yield Problem.at(("tail_mean",), rule, shown(p["tail_mean"]), "write 1.09 for a mean tail overrun of 109 %")


def _mean_as_multiple(p: Parameters) -> Iterator[Problem]:
    """A mean that the law cannot have, and could have if it were meant as cost over budget."""
    low, high = p["body"]

    def leaves_a_body(mean: float) -> bool:
        left = (mean - p["tail_share"] * p["tail_mean"]) / (1.0 - p["tail_share"])
        return bool(low < 1.0 + left < high)

    if leaves_a_body(p["mean"] - 1.0) and not leaves_a_body(p["mean"]):
        share = written(Decimal(repr(p["mean"])) - 1)
        remedy = phrase("the mean is a share here, as is tail_mean: write {}", share)
        yield Problem.at(("mean",), "must be the mean overrun, not cost over budget", shown(p["mean"]), remedy)


# ---- supports and means ---------------------------------------------------------------------------------------


def _above_zero(p: Parameters) -> tuple[float, float]:
    return 0.0, math.inf


def _between(p: Parameters) -> tuple[float, float]:
    return p["min"], p["max"]


def _listed(p: Parameters) -> tuple[float, float]:
    return (min(p["values"]), max(p["values"])) if "values" in p else _unbounded(p)


def _of_parts(p: Parameters) -> tuple[float, float]:
    ends = [law.bounds() for law in p["laws"]]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _beta_mean(p: Parameters) -> float:
    if "mean" in p:
        return float(p["mean"])
    return float(p["min"] + (p["max"] - p["min"]) * p["a"] / (p["a"] + p["b"]))


def _weighted_values(p: Parameters) -> float:
    return float(sum(v * q for v, q in zip(p["values"], p["probabilities"], strict=True)))


def _weighted_means(p: Parameters) -> float | None:
    means = [law.plain_mean() for law in p["laws"]]
    known = [mean for mean in means if mean is not None]
    return sum(w * m for w, m in zip(p["weights"], known, strict=True)) if len(known) == len(means) else None


# ---- the families ---------------------------------------------------------------------------------------------

FAMILIES: dict[str, Family] = {
    "fixed": Family("One value.", support=lambda p: (p["value"], p["value"]), mean=lambda p: float(p["value"])),
    "normal": Family("Normal.", (("mean", "sd"),), _positive("sd"), moves=True),
    "lognormal": Family(
        "Log-normal: mean and sd of X itself, or median of X and sigma of log X, or the 0.1 and 0.9 quantiles.",
        (("mean", "sd"), ("median", "sigma"), ("p10", "p90")),
        (*_positive("mean", "sd", "median", "sigma", "p10", "p90"), _ordered("p10", "p90")),
        support=_above_zero,
        open_at_zero=True,
    ),
    "uniform": Family(
        "Uniform.",
        (("min", "max"),),
        (_ordered("min", "max"),),
        support=_between,
        mean=lambda p: float(p["min"] + p["max"]) / 2,
        open_at_zero=True,
        moves=True,
    ),
    "triangular": Family(
        "Triangular.",
        (("min", "mode", "max"),),
        (_ordered("min", "mode", "max"),),
        support=_between,
        mean=lambda p: float(p["min"] + p["mode"] + p["max"]) / 3,
        open_at_zero=True,
        moves=True,
    ),
    "pert": Family(
        "PERT (lambda 4).",
        (("min", "mode", "max"),),
        (_ordered("min", "mode", "max"),),
        support=_between,
        mean=lambda p: float(p["min"] + 4 * p["mode"] + p["max"]) / 6,
        open_at_zero=True,
        moves=True,
    ),
    "beta": Family(
        "Beta on [min, max] (0 and 1 when left out), by mean and sd or by its exponents a and b.",
        (("mean", "sd"), ("a", "b")),
        (*_positive("sd", "a", "b"), _ordered("min", "max"), _beta_moments),
        {"min": 0.0, "max": 1.0},
        support=_between,
        mean=_beta_mean,
        open_at_zero=True,
        moves=True,
    ),
    "gamma": Family(
        "Gamma.",
        (("shape", "scale"),),
        _positive("shape", "scale"),
        support=_above_zero,
        open_at_zero=True,
    ),
    "weibull": Family(
        "Weibull.",
        (("shape", "scale"),),
        _positive("shape", "scale"),
        support=_above_zero,
        open_at_zero=True,
    ),
    "exponential": Family(
        "Exponential.",
        (("mean",),),
        _positive("mean"),
        support=_above_zero,
        open_at_zero=True,
    ),
    "poisson": Family(
        "Poisson: whole numbers from 0, e.g. of days.",
        (("mean",),),
        (_in("mean", Within(0, 50_000, open_low=True)),),
        support=_above_zero,
        own={"mean": Parameter(f"mean, {OWN_UNIT}", NUMBER)},
    ),
    "student_t": Family(
        "Student's t.",
        (("degrees_of_freedom", "location", "scale"),),
        _positive("degrees_of_freedom", "scale"),
        moves=True,
    ),
    "discrete": Family(
        "Listed values with their probabilities.",
        (("values", "probabilities"),),
        (_discrete,),
        support=_listed,
        mean=_weighted_values,
        moves=True,
    ),
    "empirical": Family(
        "Equally likely values from a column of a CSV file; the path is relative to the file that names it.",
        (("csv", "column"), ("values",)),
        support=_listed,
        moves=True,
    ),
    "reference_class": Family(
        "Cost ratio X = actual / budget of a reference class: mean overrun, share of overruns of 50 % or more "
        "(tail_share), their mean (tail_mean), all as 0.16 for 16 %; largest X (cap), bounds of X below the tail.",
        (("mean", "tail_share", "tail_mean"),),
        (
            _in("mean", Within(-1, open_low=True)),
            _in("tail_share", Within(0, 1, open_high=True)),
            _in("cap", Within(1.5, open_low=True)),
            _reference_class,
            _mean_as_multiple,
        ),
        {"cap": 10.0, "body": (0.7, 1.5)},
        support=lambda p: (p["body"][0], p["cap"]),
        mean=lambda p: 1 + float(p["mean"]),
        own={"mean": Parameter("mean overrun as a share of the budget: 0.16 for 16 %", NUMBER)},
    ),
    "scipy": Family("Any law of scipy.stats by its name and keyword arguments.", (("name",),), (), {"args": {}}),
    "mixture": Family("Weighted laws; weights add up to 1.", support=_of_parts, mean=_weighted_means),
}
"""Families by name. In a study `fixed` is a number and `mixture` a list of laws; the others are mappings."""
