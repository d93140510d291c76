"""What the worst paths of a result have in common against all others: inputs, outcomes, final states, flags, projects.

The worst are at the low or the high end of a quantity, the others are the rest of the paths on which it is defined.
Every candidate is a number of each path; an outcome is 1 on the paths on which it came out and 0 on the others. Its
telling power is the standardised shift of its mean, (mean of the worst - mean of the others) / sd of all paths.

References
----------
Bhattacharya, P. K. (1974). Convergence of sample paths of normalized sums of induced order statistics. Annals of
Statistics 2: given which paths are the worst, what else they have is independent from path to path.
Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin 1.
Dunn, O. J. (1961). Multiple comparisons among means. JASA 56 (Bonferroni's inequality).
"""

from collections.abc import Iterator, Mapping
from math import erfc, hypot, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from spvrisk.catalogue import phrase
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import quantity_of
from spvrisk.errors import InputError, Problem, argument
from spvrisk.plan.inputs import BY_NAME as INPUTS
from spvrisk.plan.outputs import HIGH, LOW, PORTFOLIO, SCHEME

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST = 20
"""Worst paths below which nothing is said of them."""

CHANCE = 0.05
"""Probability that anything at all is told apart where nothing is: shared by all candidates."""


class Mean(NamedTuple):
    """A mean over some paths with its standard error, and their median."""

    value: float
    error: float
    median: float


class Mark(NamedTuple):
    """What a candidate is on the worst paths and on the others.

    Attributes
    ----------
    kind
        ``input``, ``outcome``, ``final_state`` or ``flag``.
    unit
        Project, factor, offtaker, event or regime; the scheme of its own flags.
    name
        Of the input, outcome, state or flag.
    worst, others
        On the worst paths and on the others, over finite values; a probability of what is 0 or 1.
    shift, shift_error
        Standardised shift of the mean, and its standard error.
    p_value
        Probability that as many paths, chosen by chance, would differ as much: by the sum of ranks, or of what is 0 or
        1 by the binomial law.
    telling
        Whether that is below `CHANCE` over the number of all candidates.
    """

    kind: str
    unit: str
    name: str
    worst: Mean
    others: Mean
    shift: float
    shift_error: float
    p_value: float
    telling: bool = False

    @property
    def is_share(self) -> bool:
        """Whether it is 0 or 1 on each path."""
        return self.kind != "input"

    @property
    def times(self) -> tuple[float, float]:
        """Ratio of two probabilities and its standard error; NaN of numbers, and of what never is on the others."""
        p, q = self.worst, self.others
        if not self.is_share or p.value == 0.0 or q.value == 0.0:
            return nan, nan
        ratio = p.value / q.value
        return ratio, ratio * sqrt((p.error / p.value) ** 2 + (q.error / q.value) ** 2)


class Part(NamedTuple):
    """A project's values on the worst paths and on the others.

    Attributes
    ----------
    project
        Or pipeline.
    worst, others
        Of its net present value.
    share, share_error
        Its part of what the portfolio's means differ by, and its standard error.
    """

    project: str
    worst: Mean
    others: Mean
    share: float
    share_error: float


class Tail(NamedTuple):
    """What the worst paths have in common.

    Attributes
    ----------
    result
        The result.
    of
        ``(unit, quantity)`` by which paths are the worst.
    side
        At which end of it they are, ``low`` or ``high``.
    share, n_worst, n_paths
        Share of the paths that they are, as asked for, and their number; of all paths on which it is defined.
    tied
        Paths among the others that have the value of the last of the worst.
    worst, others
        Of that quantity.
    marks
        All candidates, those with the largest shifts first.
    parts
        Projects, those that bear most of the difference first; none where the quantity does not add up, or their values
        are not known.
    """

    result: Result
    of: tuple[str, str]
    side: str
    share: float
    n_worst: int
    n_paths: int
    tied: int
    worst: Mean
    others: Mean
    marks: tuple[Mark, ...]
    parts: tuple[Part, ...]

    def __repr__(self) -> str:
        telling = sum(mark.telling for mark in self.marks)
        return f"<Tail of {self.n_worst} paths: {telling} of {len(self.marks)} candidates tell>"


def side_of(series: tuple[str, str], side: str | None, result: Result) -> str:
    """Which end of a quantity is bad.

    Parameters
    ----------
    series
        Unit and quantity.
    side
        As a user names it; None if that is left to the quantity.
    result
        The result.

    Raises
    ------
    InputError
        The quantity counts, or is 0 or 1: no such path is worse than others; or neither side is named or clearly bad.
    """
    output, named = quantity_of(*series, result.labels), "/".join(series).removeprefix(f"{PORTFOLIO}/")
    if output.kind in ("flag", "count"):
        rule, remedy = "must be a number that tells paths apart", "name one such as npv_funder or smr/cost"
        raise InputError(Problem(argument("of"), "", rule, named, remedy))
    if side is not None and side not in (LOW, HIGH):
        raise InputError(
            Problem(argument("side"), "", phrase("must be {} or {}", LOW, HIGH), side, "name one of the two")
        )
    if not (side or output.bad):
        rule = phrase("is needed: neither side of {} is bad for everyone", named)
        remedy = phrase("write {} or {}", LOW, HIGH)
        raise InputError(Problem(argument("side"), "", rule, phrase("none"), remedy))
    return side or output.bad


def check_share(share: float) -> None:
    """Refuse what is no share of the worst paths.

    Parameters
    ----------
    share
        As a user names it.

    Raises
    ------
    InputError
        It is not in (0, 0.5].
    """
    if not 0.0 < share <= 0.5:
        rule, remedy = "must be a share in (0, 0.5]", "write e.g. 0.01 for 1 %"
        raise InputError(Problem(argument("worst"), "", rule, f"{share:g}", remedy))


def tail(result: Result, of: tuple[str, str], side: str, share: float, known: Mapping[tuple[str, str], Float]) -> Tail:
    """Find what the worst paths have in common.

    Parameters
    ----------
    result
        The result.
    of
        ``(unit, quantity)`` by which paths are the worst.
    side
        As from `side_of`.
    share
        How many of the paths on which it is defined (`check_share`).
    known
        Its values on all paths, ``(path,)``, NaN undefined; and those of the projects where they are to be told.

    Raises
    ------
    InputError
        The worst paths are too few.
    """
    defined = ~np.isnan(known[of])
    known = {series: each[defined] for series, each in known.items()}
    values = known[of]
    badness = -values if side == LOW else values
    is_worst = _worst(badness, share)
    found = [mark_of(kind, unit, name, x[defined], is_worst) for kind, unit, name, x in _candidates(result)]
    tried = [mark for mark in found if mark is not None]
    marks = [mark._replace(telling=mark.p_value < CHANCE / len(tried)) for mark in tried]
    marks.sort(key=lambda mark: -abs(mark.shift))
    return Tail(
        result,
        of,
        side,
        share,
        n_worst=int(is_worst.sum()),
        n_paths=values.size,
        tied=int(np.count_nonzero(badness[~is_worst] == badness[is_worst].min())),
        worst=_mean(values[is_worst]),
        others=_mean(values[~is_worst]),
        marks=tuple(marks),
        parts=_parts(of, known, is_worst),
    )


def _worst(badness: Float, share: float) -> Flags:
    """Which paths are the worst; of equal ones the first."""
    n, paths = round(share * badness.size), badness.size
    if n < FEWEST:
        remedy = (
            "run more paths"
            if 2 * FEWEST > paths
            else phrase("run more paths, or write --worst {:.2g}", FEWEST / paths)
        )
        rule = phrase("must be at least {} of the {:,} paths", FEWEST, paths)
        raise InputError(Problem(argument("worst"), "", rule, phrase("{} paths", n), remedy))
    found = np.zeros(paths, bool)
    found[np.argsort(-badness, kind="stable")[:n]] = True
    return found


def _candidates(result: Result) -> Iterator[tuple[str, str, str, Float]]:
    """Kind, unit, name and values ``(path,)`` of all that may tell worst paths from others."""
    labels = result.labels
    for name in sorted(result.input_names, key=list(INPUTS).index):
        columns = result.inputs(name).astype(np.float64)
        yield from (("input", unit, name, columns[:, i]) for i, unit in enumerate(labels.columns(name)))
    for unit, quantity in result.kept:
        states = labels.states.get(quantity)
        if unit == SCHEME and states is not None:
            codes = result.series(unit, quantity)
            kind = "outcome" if quantity.startswith("outcome_") else "final_state"
            of = quantity.removeprefix(f"{kind}_")
            yield from ((kind, of, state, (codes == code).astype(np.float64)) for code, state in enumerate(states))
        elif quantity_of(unit, quantity, labels).kind == "flag":
            yield "flag", unit, quantity, result.series(unit, quantity).astype(np.float64)


def mark_of(kind: str, unit: str, name: str, values: Float, is_worst: Flags) -> Mark | None:
    """What a candidate is on both; None where it is the same on all paths, or defined on none of the one or other.

    Parameters
    ----------
    kind, unit, name
        As of `Mark`.
    values
        Of each path, ``(path,)``; NaN is undefined.
    is_worst
        Which paths are the worst, ``(path,)``.
    """
    defined = ~np.isnan(values)
    x, worst = values[defined], is_worst[defined]
    finite = np.isfinite(x)
    if not (worst & finite).any() or not (~worst & finite).any() or x.min() == x.max():
        return None
    here, there = (_mean(some) if kind == "input" else _probability(some) for some in (x[worst], x[~worst]))
    sd = float(np.std(x[finite], ddof=1))
    if sd == 0.0:
        return None
    shift = (here.value - there.value) / sd
    error = _error_of_shift(x[worst & finite], x[~worst & finite], sd, shift)
    if kind != "input":
        error = hypot(error, *(1.0 / some.size / sd for some in (x[worst], x[~worst])))  # as of both probabilities
    p_value = _p_of_ranks(x, worst) if kind == "input" else _p_of_share(x, worst)
    return Mark(kind, unit, name, here, there, shift, error, p_value)


def _error_of_shift(worst: Float, others: Float, sd: float, shift: float) -> float:
    """Standard error, given which paths are the worst: what makes the difference large makes the spread large too."""
    if min(worst.size, others.size) < 2:
        return nan
    n = worst.size + others.size
    middle = (float(np.sum(worst)) + float(np.sum(others))) / n
    variance = 0.0
    for own, sign in ((worst, 1.0), (others, -1.0)):
        parts = sign * own / sd - shift * (own.size / n) * (own - middle) ** 2 / (2.0 * sd * sd)
        variance += float(np.var(parts, ddof=1)) / own.size
    return sqrt(variance)


def _mean(values: Float) -> Mean:
    finite = values[np.isfinite(values)]
    error = float(np.std(finite, ddof=1)) / sqrt(finite.size) if finite.size > 1 else nan
    return Mean(float(np.mean(finite)) if finite.size else nan, error, float(np.median(values)))


def _probability(flags: Float) -> Mean:
    """Its error is not less than what one path makes of it (decision note 14)."""
    found = _mean(flags)
    return found._replace(error=hypot(found.error, 1.0 / flags.size))


def _p_of_ranks(x: Float, worst: Flags) -> float:
    """Wilcoxon's test: are as many paths, drawn without replacement, as far from the mean rank? Ties share ranks."""
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - 0.5 * (counts - 1))[place]
    n, k = x.size, int(worst.sum())
    error = sqrt(float(np.var(ranks, ddof=1)) * (1.0 / k - 1.0 / n))
    z = (float(np.mean(ranks[worst])) - 0.5 * (n + 1)) / error
    return erfc(abs(z) / sqrt(2.0))


def _p_of_share(x: Float, worst: Flags) -> float:
    """Twice the smaller tail of the binomial law: drawing without replacement varies less."""
    k, count, p = int(worst.sum()), float(x[worst].sum()), float(x.mean())
    above = 1.0 if count == 0 else float(betainc(count, k - count + 1.0, p))
    below = 1.0 if count == k else 1.0 - float(betainc(count + 1.0, k - count, p))
    return min(1.0, 2.0 * min(above, below))


def _parts(of: tuple[str, str], known: Mapping[tuple[str, str], Float], is_worst: Flags) -> tuple[Part, ...]:
    """Projects, by what they bear of the difference of what they add up to."""
    found = [_part(series[0], values, known[of], is_worst) for series, values in known.items() if series != of]
    return tuple(sorted(found, key=lambda part: -part.share))


def _part(project: str, values: Float, total: Float, is_worst: Flags) -> Part:
    """A project's part; its error is that of a ratio, from what it has beyond that part of the whole."""
    worst, others = _mean(values[is_worst]), _mean(values[~is_worst])
    gap = float(np.mean(total[is_worst]) - np.mean(total[~is_worst]))
    if gap == 0.0:
        return Part(project, worst, others, nan, nan)
    share = (worst.value - others.value) / gap
    beyond = values - share * total
    error = hypot(_mean(beyond[is_worst]).error, _mean(beyond[~is_worst]).error) / abs(gap)
    return Part(project, worst, others, share, error)
