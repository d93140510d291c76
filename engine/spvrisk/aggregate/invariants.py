"""What must hold between the sums of a run, whatever the study: a run that breaks it is wrong.

The sums compared have come about apart from each other: a flow by step and the present value that a path keeps of it, a
row of the clock and the time that the paths spend in its states. A fault of the kernel, of its compiler or of the
processor that reaches one of the two and not the other shows here. Nothing is compared path by path but signs; all
figures are means over the paths, as in the result file.

Not judged: what events do to factors, whose times no other sum tells; of a product of states of several regimes only
its bounds, since the sums do not say how long two states last together.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spvrisk.aggregate.state import Sums
from spvrisk.plan.arrays import SPLIT_NONE, Plan
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import OUTPUTS, STACK, STEP_OUTPUTS, SUMS
from spvrisk.plan.shared import FINITE, M2, MEAN

Float = NDArray[np.float64]

Lowest = Callable[[int], float]
"""From the number of a series to its lowest value; NaN where one is undefined."""

TOLERANCE = 1e-9
"""Part of what goes into a comparison by which rounding may be off."""

NEVER_NEGATIVE = tuple(output.name for output in OUTPUTS if output.never_negative)
"""Quantities that are at least 0 on every path; side flows are besides, where all their rates are."""

ROWS_NEVER_NEGATIVE = tuple(row.name for row in STEP_OUTPUTS if row.never_negative)
"""Rows of the timeline that are at least 0."""


class Violation(NamedTuple):
    """The worst figure that breaks an invariant.

    Attributes
    ----------
    invariant
        What must hold.
    unit
        Whose figure: a project, the portfolio, a regime, a step mean.
    place
        The step, by its end, or the quantity.
    found
        The figure, a mean over the paths (of signs: the lowest on a path).
    expected
        What it must be, or the bound that it passes.
    relation
        ``equal to``, ``at least`` or ``at most``.
    others
        How many other figures break the same invariant.
    """

    invariant: str
    unit: str
    place: str
    found: float
    expected: float
    relation: str
    others: int

    def __str__(self) -> str:
        where, more = f"{self.unit}, {self.place}", f" (and {self.others} more)" if self.others else ""
        return f"{self.invariant}: {where}: {self.found:.15g}, must be {self.relation} {self.expected:.15g}{more}"


class Check(NamedTuple):
    """Figures that lie between bounds, but for rounding.

    Attributes
    ----------
    invariant
        What must hold.
    units, places
        Names of the rows and columns of all arrays.
    found, least, most
        The figures and their bounds, ``(unit, place)``.
    scale
        Size of what goes into each comparison, ``(unit, place)``.
    """

    invariant: str
    units: Sequence[str]
    places: Sequence[str]
    found: Float
    least: ArrayLike
    most: ArrayLike
    scale: ArrayLike

    def violation(self) -> Violation | None:
        """The figure that is farthest out, if any is; one that is no number is out."""
        found, least, most = np.broadcast_arrays(self.found, self.least, self.most)
        allowed = TOLERANCE * np.abs(np.asarray(self.scale, np.float64))
        with np.errstate(invalid="ignore"):
            broken = ~((found >= least - allowed) & (found <= most + allowed))
            out = np.where(broken, np.nan_to_num(np.maximum(least - found, found - most), nan=np.inf), -np.inf)
        if not broken.any():
            return None
        i, j = divmod(int(np.argmax(out)), out.shape[1])
        low = not found[i, j] > most[i, j]
        relation = "equal to" if least[i, j] == most[i, j] else "at least" if low else "at most"
        return Violation(
            self.invariant,
            self.units[i],
            self.places[j],
            float(found[i, j]),
            float((least if low else most)[i, j]),
            relation,
            int(broken.sum()) - 1,
        )


class Figures:
    """A run's sums by name, as means over its paths.

    Parameters
    ----------
    plan, labels
        The study.
    sums
        The finished state of the run.
    lowest
        From the number of a series, in the order of ``labels.series``, to its lowest value on any path.
    """

    def __init__(self, plan: Plan, labels: Labels, sums: Sums, lowest: Lowest) -> None:
        self.plan, self.labels, self.sums, self.lowest = plan, labels, sums, lowest
        self.study, self.n = plan.study[0], float(sums.n_paths)
        self.units, self.steps = (*labels.projects, "portfolio"), labels.step_ends
        self.occupancy, self.step_means = sums.occupancy / self.n, sums.step_means / self.n
        self._number = {series: s for s, series in enumerate(labels.series)}

    @cached_property
    def timeline(self) -> dict[str, Float]:
        """``(unit, step)`` float64 by the name of the row; the portfolio is the last unit."""
        shape = (len(self.units), len(self.labels.timeline), -1)
        rows = self.sums.timeline.reshape(shape).swapaxes(0, 1) / self.n
        return dict(zip(self.labels.timeline, rows, strict=True))

    @cached_property
    def discount(self) -> Float:
        """The funder's discount factors, ``(step,)`` float64."""
        first = int(self.study["discount_funder"])
        return self.plan.constants[first : first + len(self.steps)]

    @cached_property
    def factors(self) -> dict[int, Float]:
        """What each state contributes to a step mean, a product over regimes: ``(state,)`` float64, by its number.

        An attribute, or what states do to a factor, is a product that only one regime has a part in.
        """
        constants, states, regimes = self.plan.constants, self.plan.states, self.plan.regimes
        out: dict[int, Float] = {}
        for q, state in enumerate(states):
            for step_mean, value in _pairs(constants, int(state["step_means"])):
                factors = out.setdefault(int(step_mean), np.where(states["regime"] == state["regime"], 0.0, 1.0))
                factors[q] = value
        first = int(self.study["products"])
        for step_mean, offset in constants[first : first + 2 * int(self.study["n_products"])].reshape(-1, 2):
            out[int(step_mean)] = constants[int(offset) : int(offset) + states.size]
        return out if regimes.size else {}

    def series(self, quantity: str, units: Iterable[str] = ()) -> list[int]:
        """Numbers of a quantity's series, of all units if none is named.

        Parameters
        ----------
        quantity
            Name of an output, such as ``npv_funder``.
        units
            Projects, pipelines or ``portfolio``.
        """
        return [self._number[unit, quantity] for unit in (units or self.units)]

    def mean(self, quantity: str) -> Float:
        """Means by unit, ``(unit,)`` float64, in the quantity's own unit.

        Parameters
        ----------
        quantity
            As of `series`.
        """
        return self.sums.moments.central[MEAN, self.series(quantity)]

    def size(self, series: Sequence[int]) -> Float:
        """Roots of mean squares of some series, ``(series,)`` float64: how large values are, whatever their signs.

        Parameters
        ----------
        series
            Numbers, as from `series`.
        """
        central = self.sums.moments.central[:, series]
        return np.asarray(np.sqrt(central[MEAN] ** 2 + central[M2] / self.n))


def violations(plan: Plan, labels: Labels, sums: Sums, lowest: Lowest) -> list[Violation]:
    """What a run breaks of what must hold, each invariant once, with its worst figure.

    Parameters
    ----------
    plan, labels
        The study that was run.
    sums
        The finished state of the run.
    lowest
        As of `Figures`.
    """
    figures = Figures(plan, labels, sums, lowest)
    found = (check.violation() for check in checks(figures))
    return [violation for violation in found if violation is not None]


def checks(figures: Figures) -> Iterator[Check]:
    """All comparisons, the clock first: what goes wrong there reaches the rest."""
    yield from _clock(figures)
    yield from _signs(figures)
    yield from _numbers(figures)
    yield from _cash(figures)
    yield from _sums_of_projects(figures)
    yield from _present_values(figures)


def _pairs(constants: Float, offset: int) -> Float:
    """A list of pairs in the pool, ``(pair, 2)``."""
    return constants[offset + 1 : offset + 1 + 2 * int(constants[offset])].reshape(-1, 2)


# The clock


def _clock(figures: Figures) -> Iterator[Check]:
    """Occupancy, and the rows that the clock leaves for the lanes against it."""
    regimes, steps = figures.labels.regimes, figures.steps
    if not regimes:
        return
    names = [f"{regime}.{state}" for regime, states in regimes for state in states]
    yield Check("a state lasts between none and all of a step", names, steps, figures.occupancy, 0.0, 1.0, 1.0)
    whole = np.add.reduceat(figures.occupancy, figures.plan.regimes["first"])
    yield Check("the states of a regime fill each step", [name for name, _ in regimes], steps, whole, 1.0, 1.0, 1.0)
    step_means = sorted(figures.factors)
    if step_means:
        bounds = [_bounds_of_step_mean(figures, figures.factors[step_mean]) for step_mean in step_means]
        least, most = (np.array([bound[side] for bound in bounds]) for side in (0, 1))
        scale = np.array(
            [[max(abs(x) for x in _range_of(figures, figures.factors[step_mean]))] for step_mean in step_means]
        )
        units = [
            f"step mean {step_mean} ({_regimes_of(figures, figures.factors[step_mean])})" for step_mean in step_means
        ]
        rule = "an attribute of states is worth what they last times their values"
        yield Check(rule, units, steps, figures.step_means[step_means], least, most, scale)


def _by_regime(figures: Figures, factors: Float) -> list[Float]:
    """Factors of each regime's states."""
    return np.split(factors, figures.plan.regimes["first"][1:])


def _interval(factors: Iterable[Float]) -> tuple[float, float]:
    """Smallest and largest product of one factor of each regime."""
    low, high = 1.0, 1.0
    for part in factors:
        ends = [x * float(y) for x in (low, high) for y in (part.min(), part.max())]
        low, high = min(ends), max(ends)
    return low, high


def _range_of(figures: Figures, factors: Float) -> tuple[float, float]:
    """Smallest and largest value of a step mean."""
    return _interval(_by_regime(figures, factors))


def _regimes_of(figures: Figures, factors: Float) -> str:
    """Names of the regimes that have a part in a step mean."""
    parts = zip(figures.labels.regimes, _by_regime(figures, factors), strict=True)
    return " x ".join(name for (name, _), part in parts if part.min() != part.max())


def _bounds_of_step_mean(figures: Figures, factors: Float) -> tuple[Float, Float]:
    """Bounds of a step mean's mean by step, ``(step,)``: each state's time with the others at their lowest and highest.

    Where only one regime has a part in it, they are one.
    """
    parts, times = _by_regime(figures, factors), _by_regime(figures, figures.occupancy)
    least, most = np.full(len(figures.steps), -np.inf), np.full(len(figures.steps), np.inf)
    for i, (part, time) in enumerate(zip(parts, times, strict=True)):
        low, high = _interval(parts[:i] + parts[i + 1 :])
        ends = np.array([part * low, part * high])
        least, most = np.maximum(least, ends.min(axis=0) @ time), np.minimum(most, ends.max(axis=0) @ time)
    return least, most


# Signs and numbers


def _signs(figures: Figures) -> Iterator[Check]:
    """What cannot be negative is not, step by step and path by path."""
    for row in (row for row in ROWS_NEVER_NEGATIVE if row in figures.timeline):
        found = figures.timeline[row]
        scale = np.abs(found).max(axis=1, keepdims=True)
        yield Check(f"{row} is never negative", figures.units, figures.steps, found, 0.0, np.inf, scale)
    for quantity in (name for name in NEVER_NEGATIVE if name in figures.labels.quantities):
        yield _sign(figures, quantity, figures.units)
    for quantity, field in (("vendor_margin", "spend_flows"), ("supply_chain_benefit", "output_flows")):
        if units := _units_of_gains(figures, field):
            yield _sign(figures, quantity, units)
    if _only_gains(figures, int(figures.study["relief"])):
        yield _sign(figures, "tariff_relief", ("scheme",))
    for quantity in (name for name in NEVER_NEGATIVE if name in figures.labels.scheme):
        yield _sign(figures, quantity, ("scheme",))


def _sign(figures: Figures, quantity: str, units: Sequence[str]) -> Check:
    series = figures.series(quantity, units)
    lowest = np.array([[figures.lowest(s)] for s in series])
    scale = figures.size(series)[:, None]
    return Check(f"{quantity} is negative on no path", units, (f"lowest {quantity}",), lowest, 0.0, np.inf, scale)


def _only_gains(figures: Figures, offset: int) -> bool:
    """Whether no side flow of a list can be negative."""
    gains = True
    for rate, step_mean in _pairs(figures.plan.constants, offset):
        values = (1.0,) if step_mean < 0.0 else _range_of(figures, figures.factors[int(step_mean)])
        gains = gains and all(rate * value >= 0.0 for value in values)
    return gains


def _units_of_gains(figures: Figures, field: str) -> list[str]:
    """Units none of whose side flows of a kind can be negative; the portfolio where that is said of all."""
    projects = figures.plan.projects
    losing = {int(project["unit"]) for project in projects if not _only_gains(figures, int(project[field]))}
    return [unit for u, unit in enumerate(figures.units) if u not in losing and (unit != "portfolio" or not losing)]


def _numbers(figures: Figures) -> Iterator[Check]:
    """Money is a number on every path."""
    names = [name for name in SUMS if name in figures.labels.quantities]
    finite = figures.sums.moments.counts[FINITE]
    shares = np.array([finite[figures.series(name)] for name in names]).T / figures.n
    yield Check("money is a number on every path: their share", figures.units, names, shares, 1.0, 1.0, 0.0)


# Cash


def _cash(figures: Figures) -> Iterator[Check]:
    """Funder and host share what is there, in the shares of the terms.

    Where all projects share their cash, that is so of all together.
    """
    pooled = int(figures.study["pooled"]) == 1
    units, of = figures.units[-1:] if pooled else figures.units, slice(-1 if pooled else 0, None)
    rows = ("available_cash", "distribution_funder", "distribution_host")
    cash, funder, host = (figures.timeline[row][of] for row in rows)
    gross = np.abs(cash) + np.abs(funder) + np.abs(host)
    yield Check("funder and host have the available cash", units, figures.steps, funder + host, cash, cash, gross)
    low, high = _shares(figures)
    rule = "the funder's part lies between its shares of available cash"
    yield Check(rule, units, figures.steps, funder, low * cash, high * cash, gross)


def _shares(figures: Figures) -> tuple[float, float]:
    """Smallest and largest share of cash that the funder may have; a catch-up leaves it a part of the smallest."""
    g = figures.study
    if g["mode"] == SPLIT_NONE:
        shares = [float(g["funder_share"])]
    else:
        shares = [float(g["first_share"]), float(g["second_share"])]
    if g["adjusts"] == 1:
        shares += [float(g["adjusted_first"]), float(g["adjusted_second"])]
    return min(shares) * (1.0 - float(g["catch_share"])), max(shares)


# Sums


def _sums_of_projects(figures: Figures) -> Iterator[Check]:
    """The portfolio has the sum of the projects and pipelines."""
    rows, rule = figures.labels.timeline, "the portfolio is the sum of the projects"
    flows = np.array([figures.timeline[row] for row in rows])
    parts, scale = flows[:, :-1].sum(axis=1), np.abs(flows).sum(axis=1)
    units = [f"portfolio, {row}" for row in rows]
    yield Check(f"{rule}, by step", units, figures.steps, flows[:, -1], parts, parts, scale)
    names = [name for name in SUMS if name in figures.labels.quantities]
    means = np.array([figures.mean(name) for name in names]).T
    scale = np.array([figures.size(figures.series(name)) for name in names]).sum(axis=1)
    parts = means[:-1].sum(axis=0)[None]
    yield Check(rule, figures.units[-1:], names, means[-1:], parts, parts, scale[None])


def _present_values(figures: Figures) -> Iterator[Check]:
    """What paths keep of the funder's flows is worth their means by step; its own parties share it."""
    receipts, calls = figures.timeline["distribution_funder"], figures.timeline["calls"]
    worth = ((receipts - calls) @ figures.discount)[:, None]
    gross = ((np.abs(receipts) + np.abs(calls)) @ figures.discount)[:, None]
    npv, places = figures.mean("npv_funder")[:, None], ("npv_funder",)
    rule = "net present value is that of receipts less calls"
    yield Check(
        rule, figures.units, places, npv, worth, worth, gross + figures.size(figures.series("npv_funder"))[:, None]
    )
    if STACK in figures.labels.features:
        names = ("npv_banks", "npv_policy_bank", "insurer_net")
        shared = np.array([figures.mean(name) for name in names]).sum(axis=0)[:, None]
        sizes = np.array([figures.size(figures.series(name)) for name in names]).sum(axis=0)[:, None]
        rule = "banks, policy bank and insurer have receipts less calls"
        yield Check(rule, figures.units, (" + ".join(names),), shared, worth, worth, gross + sizes)
