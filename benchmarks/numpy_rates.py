"""Rates of return of a chunk, by the kernel's method: Newton on log(receipts / calls) within a bracket."""

from typing import NamedTuple

import numpy as np

_MAX_ROUNDS, _REACH, _NEWTON_STEP = 100, 600.0, 1e-8


class Flows(NamedTuple):
    """Flows at least 0, ``(row, path)``; row i counts for the paths from low[i] to high[i] alone."""

    rows: np.ndarray
    low: np.ndarray
    high: np.ndarray
    power: np.ndarray | float
    """Steps before the first row of each path."""

    def evaluate(self, x):
        """Polynomial and derivative at x, both divided by x to the power."""
        value, slope = np.zeros_like(x), np.zeros_like(x)
        for i in range(len(self.rows) - 1, -1, -1):
            v = slice(self.low[i], self.high[i])
            at, f, d = x[v], value[v], slope[v]
            d *= at
            d += f
            f *= at
            f += self.rows[i, v]
        return value, slope


def whole(rows, power=0.0):
    """Flows that count for all paths."""
    return Flows(rows, np.zeros(len(rows), np.int64), np.full(len(rows), rows.shape[1]), power)


def rate_of_return(gains, losses, steps, per_year):
    """Yearly effective rate; -1 where there are no gains."""
    n = gains.rows.shape[1]
    s, low, high = np.zeros(n), np.full(n, -_REACH / steps), np.full(n, _REACH / steps)
    power = gains.power - losses.power
    for _ in range(_MAX_ROUNDS):
        x = np.exp(s)
        a, slope_a = gains.evaluate(x)
        b, slope_b = losses.evaluate(x)
        some = a > 0.0
        np.maximum(a, 1e-300, out=a)
        np.maximum(b, 1e-300, out=b)
        f = np.log(a) - np.log(b)
        f += power * s
        below = f < 0.0
        low, high = np.where(below, s, low), np.where(below, high, s)
        slope_a /= a
        slope_b /= b
        slope_a -= slope_b
        slope_a *= x
        slope_a += power
        f /= slope_a
        new = s - f
        new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
        moved = np.abs(new - s).max(where=some, initial=0.0)
        s = new
        if moved <= _NEWTON_STEP:  # a Newton step: its square is what is left
            break
    return np.where(some, np.expm1(-s * per_year), -1.0)


def rate_of_net(net, per_year):
    """Rate of any flows ``(step, path)``; undefined unless they, or their running sum, change sign just once."""
    gains = np.maximum(net, 0.0)
    losses = gains - net
    last_gain, last_loss = (int(np.flatnonzero(part.any(axis=1))[-1:].sum()) + 1 for part in (gains, losses))
    rate = rate_of_return(whole(gains[:last_gain]), whole(losses[:last_loss]), len(net), per_year)
    doubtful = np.flatnonzero((sign_changes(net) != 1) & (rate > -1.0))
    twice = sign_changes(np.cumsum(net[:, doubtful], axis=0)) != 1
    rate[doubtful[twice]] = np.nan
    return rate


def sign_changes(rows):
    """Sign changes along the first axis; zeros do not count."""
    last, count = np.zeros(rows.shape[1]), np.zeros(rows.shape[1], np.int64)
    for row in rows:
        count += row * last < 0.0
        np.copyto(last, row, where=row != 0.0)
    return count
