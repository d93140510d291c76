"""Factors of a study -> arrays: decay, step sd and shift of each process (section 3 of the model page)."""

import math
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np

from spvrisk.config.factors import Factor, Gbm, Merton, Ou, Vasicek
from spvrisk.config.study import Study
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import Factors, Floats, Grid
from spvrisk.plan.copula import copula_map, sqrt_w_table
from spvrisk.plan.correlation import cholesky, matrix, weakest
from spvrisk.plan.curves import curve_values, discount_factors
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import TableBook

_LARGEST_U = 1.0 - 2.0**-33


class Compiled(NamedTuple):
    """One factor: y' = decay y + sd e from `start`; observed exp(y + shift) or y + shift; its mean at the steps' ends."""

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
    mean = parity if p.drift is None and parity is not None else p.start * np.exp((p.drift or 0.0) * ends)
    return Compiled(1.0, p.sigma * math.sqrt(dt), 0.0, np.log(mean) - 0.5 * p.sigma**2 * ends, False, mean)


def _merton(p: Merton, times: Times) -> Compiled:
    ends = times.ends
    jump = p.jump_intensity * math.expm1(p.jump_mean + 0.5 * p.jump_sd**2)
    mean = p.start * np.exp(p.drift * ends)
    shift = np.log(mean) - (0.5 * p.sigma**2 + jump) * ends
    return Compiled(1.0, p.sigma * math.sqrt(times.grid.dt), 0.0, shift, False, mean)


def _ou(p: Ou, times: Times) -> Compiled:
    decay, sd = _reversion(p.kappa, p.sigma, times.grid.dt)
    ends, grid, day = times.ends, times.grid, times.value_date
    stationary = p.sigma**2 / (4.0 * p.kappa)  # half the stationary variance of log X
    centre = np.log(curve_values(p.mean, ends, grid, day)) - stationary
    start = math.log(p.start) - (math.log(curve_values(p.mean, np.zeros(1), grid, day)[0]) - stationary)
    variance = -np.expm1(-2.0 * p.kappa * ends) * stationary * 2.0
    mean = np.exp(centre + start * np.exp(-p.kappa * ends) + 0.5 * variance)
    return Compiled(decay, sd, start, centre, False, mean)


def _vasicek(p: Vasicek, times: Times) -> Compiled:
    decay, sd = _reversion(p.kappa, p.sigma, times.grid.dt)
    centre = curve_values(p.mean, times.ends, times.grid, times.value_date)
    start = p.start - curve_values(p.mean, np.zeros(1), times.grid, times.value_date)[0]
    return Compiled(decay, sd, start, centre, True, centre + start * np.exp(-p.kappa * times.ends))


def compile_factor(factor: Factor, times: Times, parity: Floats | None) -> Compiled:
    """Discretise one process exactly over the step, season included."""
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
    shift = out.shift * season if out.is_level else out.shift + np.log(season)
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


def _bounds(factors: Mapping[str, Factor], times: Times) -> tuple[Floats, Floats]:
    shape = (len(factors), times.ends.size)
    floor, cap = np.full(shape, -np.inf), np.full(shape, np.inf)
    for k, factor in enumerate(factors.values()):
        if factor.floor is not None:
            floor[k] = curve_values(factor.floor, times.ends, times.grid, times.value_date)
        if factor.cap is not None:
            cap[k] = curve_values(factor.cap, times.ends, times.grid, times.value_date)
        if (floor[k] > cap[k]).any():
            t = int(np.argmax(floor[k] > cap[k]))
            raise InputError(
                Problem("", f"factors.{list(factors)[k]}.cap", f"must be at least the floor at every step's end (step {t})")
            )
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
    """Cdf of a Poisson count up to the first value that no 32-bit uniform number exceeds."""
    term = total = math.exp(-mean)
    out = [total]
    while out[-1] <= _LARGEST_U and len(out) < 1000:
        term *= mean / len(out)
        total += term
        out.append(total if term > 1e-18 else 1.0)
    return np.array(out)


def _jump_cdfs(jumping: list[Merton], dt: float) -> Floats:
    cdfs = [poisson_cdf(p.jump_intensity * dt) for p in jumping]
    out = np.ones((len(cdfs), max((cdf.size for cdf in cdfs), default=1)))
    for j, cdf in enumerate(cdfs):
        out[j, : cdf.size] = cdf
    return out


def correlation_of(study: Study) -> tuple[tuple[str, ...], Floats]:
    """Names of the stochastic factors in config order, and the correlation matrix of their scores."""
    names = tuple(name for name, factor in study.factors.items() if factor.process.stochastic)
    return names, matrix(names, study.correlation.pairs, study.correlation.kind)


def _lower(study: Study) -> Floats:
    names, correlation = correlation_of(study)
    lower = cholesky(correlation)
    if lower is None:
        value, where = weakest(names, correlation)
        raise InputError(
            Problem(
                "",
                "correlation",
                "the matrix must be positive definite",
                f"smallest eigenvalue {value:.3g}, mostly of {where}",
                f"move the correlations among {where} towards 0",
            )
        )
    return lower


def compile_factors(study: Study, grid: Grid, streams: Streams, book: TableBook) -> tuple[Factors, dict[str, Compiled]]:
    """Turn factors and correlation into arrays; also the single processes by name, for expected indices.

    Raises
    ------
    InputError
        The correlation matrix is not positive definite, or a floor lies above its cap.
    """
    ends = grid.dt * np.arange(1, grid.steps + 1)
    times = Times(grid, study.study.value_date, ends)
    parity = _parity(study, times)
    done = {name: compile_factor(factor, times, parity.get(name)) for name, factor in study.factors.items()}
    names = list(study.factors)
    stochastic = [k for k, factor in enumerate(study.factors.values()) if factor.process.stochastic]
    row = np.full(len(names), -1, np.int64)
    row[stochastic] = np.arange(len(stochastic))
    jumping = [(k, f.process.merton) for k, f in enumerate(study.factors.values()) if f.process.merton is not None]
    floor, cap = _bounds(study.factors, times)
    nu = study.correlation.degrees_of_freedom or 0.0
    tails = copula_map(nu) if nu else None
    factors = Factors(
        stream=_words(streams(f"factor/{name}") for name in names),
        row=row,
        factor=np.array(stochastic, np.int64),
        cholesky=_lower(study),
        decay=np.array([c.decay for c in done.values()]),
        sd=np.array([c.sd for c in done.values()]),
        start=np.array([c.start for c in done.values()]),
        observed_start=np.array([_observed_start(factor, times) for factor in study.factors.values()]),
        shift=np.array([c.shift for c in done.values()]),
        is_level=np.array([c.is_level for c in done.values()], np.int64),
        is_bounded=(np.isfinite(floor).any(axis=1) | np.isfinite(cap).any(axis=1)).astype(np.int64),
        floor=floor,
        cap=cap,
        jump_factor=np.array([k for k, _ in jumping], np.int64),
        jump_count_stream=_words(streams(f"factor/{names[k]}/count") for k, _ in jumping),
        jump_size_stream=_words(streams(f"factor/{names[k]}/jump") for k, _ in jumping),
        jump_cdf=_jump_cdfs([p for _, p in jumping], grid.dt),
        jump_mean=np.array([p.jump_mean for _, p in jumping]),
        jump_sd=np.array([p.jump_sd for _, p in jumping]),
        tail_nu=nu,
        tail_stream=streams("factors/tail"),
        tail_root=sqrt_w_table(book, nu) if nu else 0,
        tail_bits=tails.bits if tails else 1,
        tail_map=tails.coefficient.ravel() if tails else np.zeros(4),
    )
    return factors, done


def _words(numbers: object) -> np.ndarray:  # type: ignore[type-arg]
    return np.array(list(numbers), np.uint32)  # type: ignore[call-overload]
