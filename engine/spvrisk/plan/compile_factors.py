"""Factors of a study -> arrays: decay, step sd and shift of each process (section 3 of the model page)."""

import math
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.config.study import Study
from spvrisk.config.study.factors import Factor, Gbm, Merton, Ou, Vasicek
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import FACTOR, JUMP, Constants, Floats, Ints, Records, records
from spvrisk.plan.calendar import Grid
from spvrisk.plan.compile_clock import StepMeans
from spvrisk.plan.copula import copula_map, sqrt_w_table
from spvrisk.plan.correlation import cholesky, matrix
from spvrisk.plan.curves import curve_values, discount_factors
from spvrisk.plan.distributions import LawError
from spvrisk.plan.elementary import exp, expm1, log
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import TableBook

_LARGEST_U = 1.0 - 2.0**-33


class Compiled(NamedTuple):
    """One factor: y' = decay y + sd e from `start`; observed exp(y + shift) or y + shift.

    Its mean at the steps' ends.
    """

    decay: float
    sd: float
    start: float
    shift: Floats
    is_level: bool
    mean: Floats


class Times(NamedTuple):
    """What curves need to be turned into values at the steps' ends."""

    grid: Grid
    value_date: date
    ends: Floats


def _reversion(kappa: float, sigma: float, dt: float) -> tuple[float, float]:
    """Decay and standard deviation of an Ornstein-Uhlenbeck step, exact."""
    return math.exp(-kappa * dt), sigma * math.sqrt(-math.expm1(-2.0 * kappa * dt) / (2.0 * kappa))


def _gbm(p: Gbm, times: Times, parity: Floats | None) -> Compiled:
    dt, ends = times.grid.dt, times.ends
    mean = parity if p.drift is None and parity is not None else p.start * exp((p.drift or 0.0) * ends)
    return Compiled(1.0, p.sigma * math.sqrt(dt), 0.0, log(mean) - 0.5 * p.sigma**2 * ends, False, mean)


def _merton(p: Merton, times: Times) -> Compiled:
    ends = times.ends
    jump = p.jump_intensity * math.expm1(p.jump_mean + 0.5 * p.jump_sd**2)
    mean = p.start * exp(p.drift * ends)
    shift = log(mean) - (0.5 * p.sigma**2 + jump) * ends
    return Compiled(1.0, p.sigma * math.sqrt(times.grid.dt), 0.0, shift, False, mean)


def _ou(p: Ou, times: Times) -> Compiled:
    decay, sd = _reversion(p.kappa, p.sigma, times.grid.dt)
    ends, grid, day = times.ends, times.grid, times.value_date
    stationary = p.sigma**2 / (4.0 * p.kappa)  # half the stationary variance of log X
    centre = log(curve_values(p.mean, ends, grid, day)) - stationary
    start = math.log(p.start) - (math.log(curve_values(p.mean, np.zeros(1), grid, day)[0]) - stationary)
    variance = -expm1(-2.0 * p.kappa * ends) * stationary * 2.0
    mean = exp(centre + start * exp(-p.kappa * ends) + 0.5 * variance)
    return Compiled(decay, sd, start, centre, False, mean)


def _vasicek(p: Vasicek, times: Times) -> Compiled:
    decay, sd = _reversion(p.kappa, p.sigma, times.grid.dt)
    centre = curve_values(p.mean, times.ends, times.grid, times.value_date)
    start = p.start - curve_values(p.mean, np.zeros(1), times.grid, times.value_date)[0]
    return Compiled(decay, sd, start, centre, True, centre + start * exp(-p.kappa * times.ends))


def compile_factor(factor: Factor, times: Times, parity: Floats | None) -> Compiled:
    """Discretise one process exactly over the step, season included.

    Parameters
    ----------
    factor
        The factor.
    times
        Ends of the steps, on the study's grid.
    parity
        Mean of an exchange rate without drift at the ends of the steps, ``(step,)``; None where the study has no
        interest rates for it.

    References
    ----------
    Merton, R. C. (1976). Option pricing when underlying stock returns are discontinuous. Journal of Financial Economics
    3.
    Schwartz, E. S. (1997). The stochastic behavior of commodity prices. Journal of Finance 52.
    Vasicek, O. (1977). An equilibrium characterization of the term structure. Journal of Financial Economics 5.
    """
    match factor.process.parameters:
        case Gbm() as p:
            out = _gbm(p, times, parity)
        case Merton() as p:
            out = _merton(p, times)
        case Ou() as p:
            out = _ou(p, times)
        case Vasicek() as p:
            out = _vasicek(p, times)
        case p:
            values = curve_values(p.curve, times.ends, times.grid, times.value_date)
            out = Compiled(0.0, 0.0, 0.0, values, True, values)
    return _with_season(factor, out)


def _with_season(factor: Factor, out: Compiled) -> Compiled:
    """Season never enters the process: it multiplies what is observed (vasicek: is added to it)."""
    if factor.season is None:
        return out
    season = np.resize(np.array(factor.season), out.shift.size)
    if factor.process.vasicek is not None:
        return out._replace(shift=out.shift + season, mean=out.mean + season)
    shift = out.shift * season if out.is_level else out.shift + log(season)
    return out._replace(shift=shift, mean=out.mean * season)


def _parity(study: Study, times: Times) -> dict[str, Floats]:
    """Expected FX by covered parity, for each party with a currency of its own: FX_0 DF_study / DF_local."""
    out: dict[str, Floats] = {}
    for party in study.parties.values():
        if party.fx is None or party.discount.local is None:
            continue
        start = study.factors[party.fx].process.starts_at
        home = discount_factors(study.curves[party.discount.study], times.ends)
        out[party.fx] = start * home / discount_factors(study.curves[party.discount.local], times.ends)
    return out


def _bounds(name: str, factor: Factor, times: Times) -> tuple[Floats, Floats]:
    """Floor and cap at the steps' ends, infinite where there is none."""
    floor, cap = np.full(times.ends.size, -np.inf), np.full(times.ends.size, np.inf)
    if factor.floor is not None:
        floor = curve_values(factor.floor, times.ends, times.grid, times.value_date)
    if factor.cap is not None:
        cap = curve_values(factor.cap, times.ends, times.grid, times.value_date)
    if (floor > cap).any():
        t = int(np.argmax(floor > cap))
        rule = "must be at least the floor at every step's end"
        got = phrase("{:.6g} under a floor of {:.6g} after {:g} years", cap[t], floor[t], times.ends[t])
        raise InputError(Problem("", f"factors.{name}.cap", rule, got, "swap floor and cap, or set them further apart"))
    return floor, cap


def _observed_start(factor: Factor, times: Times) -> float:
    """Value at the value date, between floor and cap of that date."""
    now = np.zeros(1)
    value = factor.process.starts_at
    if factor.process.deterministic is not None:
        value = float(curve_values(factor.process.deterministic.curve, now, times.grid, times.value_date)[0])
    if factor.floor is not None:
        value = max(value, float(curve_values(factor.floor, now, times.grid, times.value_date)[0]))
    if factor.cap is not None:
        value = min(value, float(curve_values(factor.cap, now, times.grid, times.value_date)[0]))
    return value


def poisson_cdf(mean: float) -> Floats:
    """Cdf of a Poisson count from 0 up to the first value that no 32-bit uniform number exceeds, ``(count,)`` float64.

    Parameters
    ----------
    mean
        Expected number, at least 0.
    """
    term = total = math.exp(-mean)
    out = [total]
    while out[-1] <= _LARGEST_U and len(out) < 1000:
        term *= mean / len(out)
        total += term
        # beyond the mode, terms that no longer count end the series
        out.append(1.0 if term < 1e-18 and len(out) > mean else total)
    return np.array(out)


def correlation_of(study: Study) -> tuple[tuple[str, ...], Floats]:
    """Stochastic factors in config order, and the correlation of their scores, ``(factor, factor)`` float64."""
    names = tuple(name for name, factor in study.factors.items() if factor.process.stochastic)
    return names, matrix(names, study.correlation.used_pairs, study.correlation.kind)


class FactorArrays(NamedTuple):
    """What the plan holds of the factors."""

    factors: Records
    rows: Ints
    jumps: Records
    study: dict[str, Any]
    """The study record's fields on correlation and tails."""
    processes: dict[str, Compiled]
    """By name, for expected indices."""


def _record(
    name: str,
    factor: Factor,
    done: Compiled,
    row: int,
    shifters: list[int],
    times: Times,
    streams: Streams,
    constants: Constants,
) -> dict[str, Any]:
    floor, cap = _bounds(name, factor, times)
    bounded = bool(np.isfinite(floor).any() or np.isfinite(cap).any())
    return {
        "stream": streams(f"factor/{name}", f"factors.{name}"),
        "row": row,
        "decay": done.decay,
        "sd": done.sd,
        "start": done.start,
        "observed_start": _observed_start(factor, times),
        "shift": constants.add(done.shift),
        "shifters": constants.add([len(shifters), *shifters]),
        "adds_shifts": int(factor.process.vasicek is not None),
        "is_level": int(done.is_level),
        "floor": constants.add(floor) if bounded else -1,
        "cap": constants.add(cap) if bounded else -1,
    }


def _jump(name: str, k: int, p: Merton, dt: float, streams: Streams, constants: Constants) -> dict[str, Any]:
    cdf = poisson_cdf(p.jump_intensity * dt)
    return {
        "factor": k,
        "count_stream": streams(f"factor/{name}/count", f"factors.{name}"),
        "size_stream": streams(f"factor/{name}/jump", f"factors.{name}"),
        "cdf": constants.add(cdf),
        "counts": cdf.size,
        "mean": p.jump_mean,
        "sd": p.jump_sd,
    }


def _tails(nu: float, streams: Streams, book: TableBook, constants: Constants) -> dict[str, Any]:
    """Fields of the study's record for the copula."""
    stream = streams("factors/tail", "correlation")
    if not nu:
        return {"tail_nu": 0.0, "tail_stream": stream, "tail_root": -1, "tail_bits": 1, "tail_map": -1, "tail_last": 0}
    try:
        tails = copula_map(nu)
    except LawError as error:
        path = "correlation.degrees_of_freedom"
        raise InputError(Problem("", path, error.rule, error.value, error.remedy)) from None
    return {
        "tail_nu": nu,
        "tail_stream": stream,
        "tail_root": book.offset(sqrt_w_table(book, nu)),
        "tail_bits": tails.bits,
        "tail_map": constants.add(tails.coefficient),
        "tail_last": len(tails.coefficient) - 1,
    }


def compile_factors(
    study: Study, grid: Grid, streams: Streams, book: TableBook, constants: Constants, step_means: StepMeans
) -> FactorArrays:
    """Turn factors and correlation into records.

    Parameters
    ----------
    study, grid
        The study and its steps.
    streams
        Numbers of streams by name.
    book
        Takes the table of the copula's mixing variable.
    constants
        Takes what has a length of its own.
    step_means
        Which rows of the clock shift a factor.

    Raises
    ------
    InputError
        A floor lies above its cap, or the copula has too many degrees of freedom for its tables.
    """
    times = Times(grid, study.study.value_date, grid.ends)
    parity = _parity(study, times)
    done = {name: compile_factor(factor, times, parity.get(name)) for name, factor in study.factors.items()}
    stochastic = [k for k, factor in enumerate(study.factors.values()) if factor.process.stochastic]
    row = {k: r for r, k in enumerate(stochastic)}
    items = list(enumerate(study.factors.items()))
    factors = [
        _record(name, f, done[name], row.get(k, -1), step_means.of_factor(name), times, streams, constants)
        for k, (name, f) in items
    ]
    jumps = [
        _jump(name, k, p, grid.dt, streams, constants) for k, (name, f) in items if (p := f.process.merton) is not None
    ]
    tails = _tails(study.correlation.degrees_of_freedom or 0.0, streams, book, constants)
    return FactorArrays(
        factors=records(FACTOR, factors),
        rows=np.array(stochastic, np.int64),
        jumps=records(JUMP, jumps),
        study={"cholesky": constants.add(cholesky(correlation_of(study)[1])), **tails},
        processes=done,
    )
