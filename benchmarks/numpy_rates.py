"""Rates of return of a chunk, by the kernel's method: Newton on log(receipts / calls) within a bracket."""

import numpy as np

_MAX_ROUNDS, _REACH, _NEWTON_STEP = 100, 600.0, 1e-8


_BLOCK = 8
_IN_CACHE = 2048  # paths
_WEIGHTS = np.stack([np.ones(_BLOCK), np.arange(_BLOCK)])


class Flows:
    """Flows at least 0, ``(row, path)``, of which those of row i lie within the paths from low[i] to high[i].

    Summed up by blocks of rows: a pass over their products with powers, and one for the sums of these.
    """

    def __init__(self, rows, first=0, low=None, high=None):
        self.n, self.blocks = rows.shape[1], []
        for i in range(0, len(rows), _BLOCK):
            begin = 0 if low is None else int(low[i : i + _BLOCK].min())
            end = self.n if high is None else int(high[i : i + _BLOCK].max())
            if begin < end:
                self.blocks.append((float(first + i), rows[i : i + _BLOCK], slice(begin, end)))

    def part(self, c):
        """The flows of a slice of the paths."""
        out = Flows(np.empty((0, c.stop - c.start)))
        out.power = np.zeros(out.n)
        for base, rows, v in self.blocks[::-1]:
            begin, end = max(v.start, c.start), min(v.stop, c.stop)
            if begin < end:
                here = slice(begin - c.start, end - c.start)
                out.blocks.append((base, rows[:, begin:end], here))
                out.power[here] = base  # of the lowest block of each path
        return out

    def evaluate(self, s):
        """Sum of flow x exp(s step), over exp(s power), and its derivative by s, over the same."""
        powers = np.empty((_BLOCK, self.n))
        powers[0], powers[1] = 1.0, np.exp(s)
        for i in range(2, _BLOCK):
            np.multiply(powers[i - 1], powers[1], out=powers[i])
        ahead = powers[-1] * powers[1]
        value, slope = np.zeros(self.n), np.zeros(self.n)
        for base, rows, v in self.blocks:
            total, weighted = _WEIGHTS[:, : len(rows)] @ (rows * powers[: len(rows), v])
            f, d, x = value[v], slope[v], ahead[v]
            f *= x
            f += total
            d *= x
            d += weighted
            total *= base
            d += total
        return value, slope


def rate_of_return(gains, losses, steps, per_year):
    """Yearly effective rate; -1 where there are no gains."""
    out = np.empty(gains.n)
    for begin in range(0, gains.n, _IN_CACHE):
        c = slice(begin, min(begin + _IN_CACHE, gains.n))
        out[c] = _solve(gains.part(c), losses.part(c), steps, per_year)
    return out


def _solve(gains, losses, steps, per_year):
    """Rates of so many paths that the powers of a block of rows stay in the cache."""
    n = gains.n
    s, low, high = np.zeros(n), np.full(n, -_REACH / steps), np.full(n, _REACH / steps)
    power = gains.power - losses.power
    for _ in range(_MAX_ROUNDS):
        a, slope_a = gains.evaluate(s)
        b, slope_b = losses.evaluate(s)
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
        with np.errstate(divide="ignore", invalid="ignore"):  # where there are no gains
            new = s - f / slope_a
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
    rate = rate_of_return(Flows(gains[:last_gain]), Flows(losses[:last_loss]), len(net), per_year)
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
