"""Internal rates of return of lanes (section 10 of the model page).

The flows of a unit lie in the rows ``net (t, lane)`` (whole blocks of four steps, zero beyond the horizon), at times
(t + 1) / m. With s = -log(1 + r) / m the rate solves sum_t net_t exp(s t) = 0.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, exp, fused, log
from spvrisk.kernel.simd import WIDE, fma, larger, load, smaller, some, spread, store, where

_MAX_ROUNDS = 100
_BOLD_ROUNDS = 8  # as long as that, a step beyond the reach goes to its end at once
_NEWTON_STEP = 1e-8  # a Newton step as short as that leaves an error of its square times the flows' spread in time
_BISECTION = 1e-13
_REACH = 600.0  # |s| T: exp(s T) stays finite; at 200 quarterly steps yearly rates from -0.999994 up


@fused
def sign_of(x):
    """1 above zero, -1 below, else 0."""
    return where(x > 0.0, 1.0, where(x < 0.0, -1.0, 0.0))


@fused
def sign_changes(w, net, l, steps, cumulated):
    """Number of sign changes of flows, or of their running sum; zeros do not count."""
    count, before, total = spread(0.0), spread(0.0), spread(0.0)
    for t in range(uint64(steps)):
        total = cumulated * total + load(w, net + t * L + l)
        sign = sign_of(total)
        count += where(sign * before < 0.0, 1.0, 0.0)
        before = where(sign == 0.0, before, sign)
    return count


@fused
def blocks_until(w, net, l, steps, sign):
    """Number of blocks of four steps up to the last in which a lane has a flow of the given sign."""
    blocks = (uint64(steps) + U(3)) // U(4)
    while blocks > U(0):
        row, most = net + (blocks - U(1)) * U(4) * L + l, spread(0.0)
        for i in range(U(4)):
            most = larger(most, sign * load(w, row + i * L))
        if some(most > 0.0):
            break
        blocks -= U(1)
    return blocks


@fused
def valued(w, net, l, x, blocks, sign):
    """Flows of one sign times x^t, and the derivative by x: Horner's scheme, from the last block that has any."""
    total, slope = spread(0.0), spread(0.0)
    for i in range(blocks * U(4)):
        flow = larger(sign * load(w, net + (blocks * U(4) - U(1) - i) * L + l), 0.0)
        total, slope = fma(total, x, flow), fma(slope, x, total)
    return total, slope


@fused
def guess(s, x, received, called):
    """Newton step on log(receipts / calls), each with its derivative: the next s, and where the function lies.

    In s that function is nearly a straight line; the polynomial itself takes eight times the rounds.
    """
    receipts, calls = larger(received[0], 1e-300), larger(called[0], 1e-300)
    f = log(receipts / calls)
    return s - f / (x * (received[1] / receipts - called[1] / calls)), f


@fused
def refine(s, newton, low, high, end):
    """Keep a Newton step within its bracket; tell whether it goes on.

    A step that leaves the bracket becomes a bisection, or goes to the `end` of the reach.
    """
    inside = smaller(larger(newton, low), high)
    direct = (inside == newton) | (inside == end) | (inside == -end)
    new = where(direct, inside, 0.5 * (low + high))
    return new, larger(new - s, s - new) > where(direct, _NEWTON_STEP, _BISECTION)


@fused
def solution(w, net, l, steps):
    """Solve for s; returns the receipts there too, which are 0 where there are none. A lane that is done stays so."""
    reach = _REACH / steps
    low, high, s = spread(-reach), spread(reach), spread(0.0)
    receipts, calls = blocks_until(w, net, l, steps, 1.0), blocks_until(w, net, l, steps, -1.0)
    x = exp(s)
    received, called = valued(w, net, l, x, receipts, 1.0), valued(w, net, l, x, calls, -1.0)
    busy = received[0] > 0.0
    for i in range(_MAX_ROUNDS):
        newton, f = guess(s, x, received, called)
        low, high = where(f < 0.0, s, low), where(f < 0.0, high, s)
        new, moves = refine(s, newton, low, high, reach if i < _BOLD_ROUNDS else np.inf)
        s, busy = where(busy, new, s), busy & moves
        if not some(busy):
            break
        x = exp(s)
        received, called = valued(w, net, l, x, receipts, 1.0), valued(w, net, l, x, calls, -1.0)
    return s, received[0]


@fused
def rate_of(w, net, l, steps, steps_per_year):
    """Yearly effective rate, -1 where no step brings more than it calls; and the receipts."""
    s, received = solution(w, net, l, steps)
    return where(received > 0.0, exp(-steps_per_year * s) - 1.0, -1.0), received


@fused
def solve(w, net, steps, steps_per_year):
    """Rate of return of flows that change sign just once, from below to above zero, into the row `IRR`."""
    for l in range(U(0), L, U(WIDE)):
        rate, _ = rate_of(w, net, l, steps, steps_per_year)
        store(w, R.IRR + l, rate)


@fused
def irr(w, net, steps, steps_per_year):
    """Rate of return of a unit whose first flow is a call, into the row `IRR`.

    Undefined unless the flows, or else their running sum (Norstrom 1972), change sign just once.
    """
    for l in range(U(0), L, U(WIDE)):
        rate, received = rate_of(w, net, l, steps, steps_per_year)
        once = (sign_changes(w, net, l, steps, 0.0) == 1.0) | (sign_changes(w, net, l, steps, 1.0) == 1.0)
        store(w, R.IRR + l, where(once | (received == 0.0), rate, np.nan))
