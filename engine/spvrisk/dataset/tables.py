"""Statistics, and the tables of them between formulas, file and reader: what a run yields besides its paths."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


FEW_PATHS = 10
"""Of a tail that holds fewer paths the error of its mean is undefined: what is found of it is far too small."""


_BOUND = "_bound"


class Statistic(NamedTuple):
    """One statistic of a quantity.

    Attributes
    ----------
    name
        Field of ``SummaryTable`` and suffix of the variable.
    dim
        Its own dimension, ``quantile`` or ``level``; ``""`` if it has none.
    applies
        ``numbers`` (all but states), ``flags``, ``times``, ``losses`` (net present values) or ``all``.
    pure
        True if it has no unit whatever the quantity.
    meaning
        Words to stand before the quantity's.
    """

    name: str
    dim: str
    applies: str
    pure: bool
    meaning: str

    @property
    def of(self) -> str:
        """Of a bound the statistic that it is of."""
        return self.name.removesuffix(_BOUND)


STATISTICS = (
    Statistic("n", "", "all", True, "paths where it is defined"),
    Statistic("n_infinite", "", "numbers", True, "paths where it is infinite"),
    Statistic("n_undefined", "", "all", True, "paths where it is undefined"),
    Statistic("mean", "", "numbers", False, "mean"),
    Statistic("mean_se", "", "numbers", False, "standard error of the mean"),
    Statistic("mean_low", "", "flags", True, "lower end of the mean's 95 % interval, undefined for a count"),
    Statistic("mean_high", "", "flags", True, "upper end of the mean's 95 % interval, undefined for a count"),
    Statistic("sd", "", "numbers", False, "standard deviation"),
    Statistic("sd_se", "", "numbers", False, "standard error of the standard deviation"),
    Statistic("skewness", "", "numbers", True, "skewness"),
    Statistic("quantile", "quantile", "numbers", False, "quantile"),
    Statistic("quantile_low", "quantile", "numbers", False, "lower end of the quantile's 95 % interval"),
    Statistic("quantile_high", "quantile", "numbers", False, "upper end of the quantile's 95 % interval"),
    Statistic("p_finite", "", "times", True, "probability that it ever happens"),
    Statistic("p_finite_low", "", "times", True, "lower end of the 95 % interval of p_finite"),
    Statistic("p_finite_high", "", "times", True, "upper end of the 95 % interval of p_finite"),
    Statistic("p_loss", "", "losses", True, "probability of a loss"),
    Statistic("p_loss_low", "", "losses", True, "lower end of the 95 % interval of p_loss"),
    Statistic("p_loss_high", "", "losses", True, "upper end of the 95 % interval of p_loss"),
    Statistic("value_at_risk", "level", "losses", False, "value at risk of the loss"),
    Statistic("value_at_risk_low", "level", "losses", False, "lower end of value at risk's 95 % interval"),
    Statistic("value_at_risk_high", "level", "losses", False, "upper end of value at risk's 95 % interval"),
    Statistic("expected_shortfall", "level", "losses", False, "expected shortfall of the loss"),
    Statistic(
        "expected_shortfall_se",
        "level",
        "losses",
        False,
        f"standard error of expected shortfall, undefined where the tail holds fewer than {FEW_PATHS} paths",
    ),
)
"""Statistics of the summary, in the order in which people read them."""


BOUNDS = (
    Statistic("quantile_bound", "quantile", "numbers", False, "most by which the quantile may be off"),
    Statistic("value_at_risk_bound", "level", "losses", False, "most by which value at risk may be off"),
    Statistic("expected_shortfall_bound", "level", "losses", False, "most by which expected shortfall may be off"),
)
"""What is known of statistics that are not exact: a file has these of a run whose values were too many to be kept."""


def no_bound(values: Float) -> Float:
    """Bounds of values that are exact: 0, and NaN where there is no value.

    Parameters
    ----------
    values
        Of the statistic, ``(...)``.

    Returns
    -------
    ndarray
        ``(...)`` float64.
    """
    return np.where(np.isnan(values), np.nan, 0.0)


COUNTS = ("n", "n_infinite", "n_undefined")
"""Statistics that are whole numbers of paths."""


class SummaryTable(NamedTuple):
    """Statistics of every series; series in the order of ``Labels.series``.

    A statistic that is not defined for a series is NaN: risk measures of anything but a net present value,
    and everything but the counts of a state or outcome, whose statistics are in `shares`.

    Attributes
    ----------
    quantiles, levels
        Decimal strings of the quantiles and of the risk measures' levels.
    n, n_infinite, n_undefined
        Defined (finite or infinite), infinite and undefined values, ``(series,)`` int64.
    mean, mean_se, sd, sd_se, skewness
        Of the finite values, ``(series,)``.
    mean_low, mean_high
        95 % interval of the mean of what is 0 or 1, a probability, ``(series,)``.
    quantile, quantile_low, quantile_high
        Order statistics of the defined values and their 95 % intervals, ``(series, quantile)``.
    p_finite, p_finite_low, p_finite_high
        Share of the defined values of a time that are finite, because it ever comes, and its 95 % interval,
        ``(series,)``.
    p_loss, p_loss_low, p_loss_high
        Share of paths on which money is lost, and its 95 % interval, ``(series,)``.
    value_at_risk, value_at_risk_low, value_at_risk_high, expected_shortfall, expected_shortfall_se
        Of the loss, which is minus the net present value, ``(series, level)``.
    contribution
        Each project's share in the portfolio's expected shortfall (Euler), ``(project, level)``; sums to the
        portfolio's.
    contribution_se
        Standard error of each, ``(project, level)``.
    quantile_bound, value_at_risk_bound, expected_shortfall_bound
        The most by which these may be off, of the shape of each; 0 where they are exact.
    shares, shares_low, shares_high
        By scheme quantity that is a state or an outcome: probability of each, ``(state,)``, and its 95 % interval.
    """

    quantiles: tuple[str, ...]
    levels: tuple[str, ...]
    n: Int
    n_infinite: Int
    n_undefined: Int
    mean: Float
    mean_se: Float
    mean_low: Float
    mean_high: Float
    sd: Float
    sd_se: Float
    skewness: Float
    quantile: Float
    quantile_low: Float
    quantile_high: Float
    p_finite: Float
    p_finite_low: Float
    p_finite_high: Float
    p_loss: Float
    p_loss_low: Float
    p_loss_high: Float
    value_at_risk: Float
    value_at_risk_low: Float
    value_at_risk_high: Float
    expected_shortfall: Float
    expected_shortfall_se: Float
    contribution: Float
    contribution_se: Float
    quantile_bound: Float
    value_at_risk_bound: Float
    expected_shortfall_bound: Float
    shares: dict[str, Float]
    shares_low: dict[str, Float]
    shares_high: dict[str, Float]

    @property
    def exact(self) -> bool:
        """Whether all of it is exact."""
        return not any(np.nan_to_num(getattr(self, bound.name)).any() for bound in BOUNDS)


def stacked(tables: Sequence[SummaryTable]) -> SummaryTable:
    """Give one table of many: each of its arrays has a first axis along them.

    Parameters
    ----------
    tables
        At least one, of the same labels, quantiles and levels.
    """
    first = tables[0]

    def joined(name: str) -> Any:
        held = [getattr(table, name) for table in tables]
        if isinstance(held[0], dict):
            return {key: np.stack([each[key] for each in held]) for key in held[0]}
        return np.stack(held)

    return SummaryTable(first.quantiles, first.levels, *map(joined, SummaryTable._fields[2:]))


def unstacked(table: SummaryTable, n_tables: int) -> tuple[SummaryTable, ...]:
    """Take a table apart that `stacked` has put together.

    Parameters
    ----------
    table
        With a first axis in each of its arrays.
    n_tables
        Its length.
    """

    def part(held: Any, i: int) -> Any:
        return {key: array[i] for key, array in held.items()} if isinstance(held, dict) else held[i]

    fields = table[2:]
    return tuple(
        SummaryTable(table.quantiles, table.levels, *(part(held, i) for held in fields)) for i in range(n_tables)
    )


class ConditionalTable(NamedTuple):
    """Statistics where something is given.

    Attributes
    ----------
    names
        Names of the conditions, such as ``outcome_ruling.struck_down`` or ``final_state_tariffs.gap``.
    n_paths
        Paths of each condition, ``(condition,)`` int64.
    share, share_low, share_high
        Their share in all paths, ``(condition,)``, and its 95 % interval.
    tables
        Statistics over the paths of each condition.
    """

    names: tuple[str, ...]
    n_paths: Int
    share: Float
    share_low: Float
    share_high: Float
    tables: tuple[SummaryTable, ...]


class TimelineTable(NamedTuple):
    """Means by step.

    Attributes
    ----------
    quantiles
        Decimal strings of the fans' quantiles.
    mean
        Mean over all paths, ``(unit, row, step)``: projects, pipelines, then the portfolio, rows as
        ``plan.names.Labels.timeline``.
    occupancy
        Mean share of each step spent in each state, ``(state, step)``: the regimes' states in config order.
    fans
        Quantiles over the first ``plan.shared.FAN_PATHS`` paths, ``(fan, quantile, step)``, rows as
        ``plan.outputs.FANS``.
    """

    quantiles: tuple[str, ...]
    mean: Float
    occupancy: Float
    fans: Float
