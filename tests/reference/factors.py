"""Systemic factors (section 3), and how regimes and events shift them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.basics import Array, LawValue, given
from reference.curves import curve_at, discount_factors
from reference.dates import Calendar, overlap
from reference.draws import Draws
from reference.world import World


def rank_to_score(r: float) -> float:
    """Return the score correlation of a Spearman rank correlation."""
    return 2.0 * math.sin(math.pi * r / 6.0)


def cholesky(matrix: Array) -> Array:
    """Return the lower Cholesky factor, row by row."""
    n = len(matrix)
    factor = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            rest = matrix[i, j] - sum(factor[i, k] * factor[j, k] for k in range(j))
            if i == j and rest <= 0:
                raise ValueError("the correlation matrix is not positive definite")
            factor[i, j] = math.sqrt(rest) if i == j else rest / factor[j, j]
    return factor


def process_of(factor: Mapping) -> tuple[str, Mapping]:
    """Return a factor's process name and parameters."""
    ((kind, p),) = [(k, v) for k, v in factor["process"].items() if v is not None]
    return kind, p


@dataclass
class Factors:
    """All factors of a study on some paths.

    Attributes
    ----------
    observed : dict
        Factor -> ``(T, n)``, values at the steps' ends.
    start : dict
        Factor -> observed value at the value date.
    expected : dict
        Factor -> ``(T,)``, the process's mean times the season, no shifts, floor or cap (not for ``vasicek``).
    count_margin : ndarray
        Smallest distance of a jump count's uniform to a boundary ``(n,)``.
    """

    observed: dict[str, Array]
    start: dict[str, float]
    expected: dict[str, Array]
    count_margin: Array


def correlation_matrix(study: Mapping, names: Sequence[str]) -> Array:
    """Return R over the stochastic factors, in config order."""
    spec = given(study, "correlation", {})
    convert = rank_to_score if given(spec, "kind", "score") == "rank" else float
    matrix = np.eye(len(names))
    for first, row in given(spec, "pairs", {}).items():
        for second, r in row.items():
            i, j = names.index(first), names.index(second)
            matrix[i, j] = matrix[j, i] = convert(r)
    return matrix


def innovations(study: Mapping, names: Sequence[str], T: int, paths: Array, draws: Draws, law_value: LawValue) -> dict:
    """Return the correlated standard normal innovations, factor -> ``(T, n)``."""
    if not names:
        return {}
    z = np.array([draws.scores(f"factor/{name}", np.arange(T), paths) for name in names])
    lower = cholesky(correlation_matrix(study, names))
    g = np.array([sum(lower[i, j] * z[j] for j in range(i + 1)) for i in range(len(names))])
    spec = given(study, "correlation", {})
    if given(spec, "copula", "gaussian") == "t":
        law = {"degrees_of_freedom": spec["degrees_of_freedom"]}
        root_w = law_value("correlation.tail", {"t_tail": law}, draws.scores("factors/tail", np.arange(T), paths))
        g = np.array([law_value("correlation.score", {"t_score": law}, row * root_w) for row in g])
    return dict(zip(names, g, strict=True))


def poisson_counts(mean: float, u: Array) -> tuple[Array, Array]:
    """Return the smallest count whose cdf exceeds u, and the distance of u to a boundary."""
    counts, margin = np.zeros(u.shape, dtype=int), np.ones(u.shape)
    term = math.exp(-mean)
    cumulative, n = term, 0
    while n < 1000:
        margin = np.minimum(margin, np.abs(u - cumulative))
        beyond = cumulative <= u
        if not beyond.any():
            break
        counts[beyond] = n + 1
        n += 1
        term *= mean / n
        cumulative += term
    return counts, margin


def parity_mean(study: Mapping, name: str, start: float, times: Array) -> Array:
    """Return an FX factor's parity forward: start * DF_study / DF_local of the party whose rate it is."""
    for party in study["parties"].values():
        if given(party, "fx") == name:
            curves, used = study["curves"], party["discount"]
            return (
                start * discount_factors(curves[used["study"]], times) / discount_factors(curves[used["local"]], times)
            )
    raise ValueError(f"factor {name}: a gbm needs a drift, unless it is a party's fx")


def shift_of(spec: Any) -> tuple[float, float]:
    """Return value and years of an outcome's shift; a plain number lasts for ever."""
    if isinstance(spec, Mapping):
        return float(spec["value"]), float(given(spec, "lasting_years", math.inf))
    return float(spec), math.inf


def shift_rows(study: Mapping, name: str, neutral: float, clock: Calendar, world: World) -> list[Array]:
    """Return what each source adds to a factor's neutral shift: mean over each step, ``(T, n)`` per source.

    A source is a regime, or an event, with at least one shift of the factor.
    """
    rows = []
    for regime, spec in given(study, "regimes", {}).items():
        shifts = [given(given(state, "shifts", {}), name) for state in spec["states"].values()]
        if any(shift is not None for shift in shifts):
            values = [neutral if shift is None else float(shift) for shift in shifts]
            refuse_shifts(f"regime {regime}", name, neutral, values)
            rows.append(np.tensordot(np.array(values) - neutral, world.occupancy[regime], axes=1))
    for event, spec in given(study, "events", {}).items():
        shifts = [given(given(outcome, "shifts", {}), name) for outcome in spec["outcomes"].values()]
        if any(shift is not None for shift in shifts):
            row = np.zeros((clock.steps, len(world.jumps)))
            for index, shift in enumerate(shifts):
                if shift is not None:
                    value, lasting = shift_of(shift)
                    refuse_shifts(f"event {event}", name, neutral, [value])
                    begin = np.where(world.outcomes[event] == index, world.happened[event], math.inf)
                    row += (value - neutral) * overlap(begin, begin + lasting, clock.steps, clock.m)
            rows.append(row)
    return rows


def refuse_shifts(source: str, name: str, neutral: float, values: Sequence[float]) -> None:
    """Refuse multipliers that are not positive."""
    if neutral == 1.0 and min(values) <= 0:
        raise ValueError(f"{source}: a shift of {name} multiplies it, so it must be above 0")


def simulate_factors(
    study: Mapping, clock: Calendar, paths: Array, draws: Draws, law_value: LawValue, world: World | None = None
) -> Factors:
    """Simulate every factor of a study; without a world nothing shifts them."""
    T, times, step = clock.steps, clock.ends, 1.0 / clock.m
    spec = given(study, "factors", {})
    stochastic = [name for name in spec if process_of(spec[name])[0] != "deterministic"]
    noise = innovations(study, stochastic, T, paths, draws, law_value)
    result = Factors({}, {}, {}, np.ones(len(paths)))
    for name, factor in spec.items():
        kind, p = process_of(factor)
        neutral = 0.0 if kind == "vasicek" else 1.0
        season = np.array([given(factor, "season", [neutral] * clock.m)[t % clock.m] for t in range(T)])
        if kind == "deterministic":
            mean = curve_at(p["curve"], times, clock)
            value = np.repeat((mean * season)[:, None], len(paths), axis=1)
            start = float(curve_at(p["curve"], np.array([0.0]), clock)[0])
            result.expected[name] = mean * season
        elif kind in ("gbm", "merton"):
            start, sigma = float(p["start"]), p["sigma"]
            y = np.cumsum(sigma * math.sqrt(step) * noise[name], axis=0)
            drift = given(p, "drift")
            mean = start * np.exp(drift * times) if drift is not None else parity_mean(study, name, start, times)
            compensator = 0.0
            if kind == "merton":
                rate, j, s = p["jump_intensity"], p["jump_mean"], p["jump_sd"]
                u = draws.uniforms(f"factor/{name}/count", np.arange(T), paths)
                counts, margin = poisson_counts(rate * step, u)
                result.count_margin = np.minimum(result.count_margin, margin.min(axis=0))
                jump_score = draws.scores(f"factor/{name}/jump", np.arange(T), paths)
                y = y + np.cumsum(counts * j + np.sqrt(counts) * s * jump_score, axis=0)
                compensator = rate * math.expm1(j + s**2 / 2)
            value = np.exp(y + (np.log(mean) - (sigma**2 / 2 + compensator) * times)[:, None]) * season[:, None]
            result.expected[name] = mean * season
        else:  # ou, vasicek
            start, sigma, kappa = float(p["start"]), p["sigma"], p["kappa"]
            decay = math.exp(-kappa * step)
            scale = sigma * math.sqrt((1 - decay**2) / (2 * kappa))
            level = curve_at(p["mean"], np.append(0.0, times), clock)
            centre = np.log(level) - sigma**2 / (4 * kappa) if kind == "ou" else level
            y0 = (math.log(start) if kind == "ou" else start) - centre[0]
            y, current = np.empty((T, len(paths))), np.full(len(paths), y0)
            for t in range(T):
                current = decay * current + scale * noise[name][t]
                y[t] = current
            if kind == "ou":
                value = np.exp(y + centre[1:, None]) * season[:, None]
                variance = sigma**2 * -np.expm1(-2 * kappa * times) / (2 * kappa)
                result.expected[name] = np.exp(centre[1:] + y0 * np.exp(-kappa * times) + variance / 2) * season
            else:
                value = y + centre[1:, None] + season[:, None]
        for row in shift_rows(study, name, neutral, clock, world) if world is not None else []:
            value = value + row if kind == "vasicek" else value * (1.0 + row)
        for bound, pick in (("floor", np.maximum), ("cap", np.minimum)):
            if given(factor, bound) is not None:
                value = pick(value, curve_at(factor[bound], times, clock)[:, None])
                start = float(pick(start, curve_at(factor[bound], np.array([0.0]), clock)[0]))
        result.observed[name], result.start[name] = value, start
    return result


def composite(indices: Mapping | None, rows: Mapping[str, Array]) -> Array | float:
    """Return the weighted sum of index rows; 1 without indices."""
    return sum(weight * rows[name] for name, weight in indices.items()) if indices else 1.0
