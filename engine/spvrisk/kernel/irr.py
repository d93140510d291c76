"""Internal rates of return of lanes (section 10 of the model page).

The flows of a unit lie in the rows ``net (t, lane)`` (whole blocks of four steps, zero beyond the horizon), at times
(t + 1) / m. With s = -log(1 + r) / m the rate solves sum_t net_t exp(s t) = 0.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, clause, exp, inline, log
from spvrisk.kernel.simd import fma
from spvrisk.kernel.whole_rows import fill

_MAX_ROUNDS = 100
_BOLD_ROUNDS = 8  # as long as that, a step beyond the reach goes to its end at once
_NEWTON_STEP = 1e-8  # a Newton step as short as that leaves an error of its square times the flows' spread in time
_BISECTION = 1e-13
_REACH = 600.0  # |s| T: exp(s T) stays finite; at 200 quarterly steps yearly rates from -0.999994 up


@clause
def sign_changes(w, net, steps, cumulated, count):
    """Count the sign changes of flows, or of their running sum, into the row `count`; zeros do not count."""
    fill(w, count, 0.0)
    fill(w, R.SIGN, 0.0)
    fill(w, R.CUMULATED, 0.0)
    for t in range(uint64(steps)):
        row = net + t * L
        for l in range(L):
            x = cumulated * w[R.CUMULATED + l] + w[row + l]
            w[R.CUMULATED + l] = x
            sign = 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)
            before = w[R.SIGN + l]
            w[count + l] += 1.0 if sign * before < 0.0 else 0.0
            w[R.SIGN + l] = sign if sign != 0.0 else before


@inline
def _horner(total, slope, x, flow):
    """One step of Horner's scheme for a polynomial and its derivative."""
    return fma(total, x, flow), fma(slope, x, total)


@clause
def blocks_until(w, net, steps, sign):
    """Number of blocks of four steps up to the last in which a lane has a flow of the given sign."""
    blocks = (uint64(steps) + U(3)) // U(4)
    while blocks > U(0):
        row, found = net + (blocks - U(1)) * U(4) * L, uint64(0)
        for l in range(U(4) * L):
            found |= uint64(1) if sign * w[row + l] > 0.0 else uint64(0)
        if found == uint64(1):
            break
        blocks -= U(1)
    return blocks


@clause
def evaluate_receipts(w, row):
    """Four steps of the receipts' polynomial and its derivative; they stay in registers."""
    for l in range(L):
        x = w[R.IRR_X + l]
        received, slope = _horner(w[R.IRR_IN + l], w[R.IRR_IN_SLOPE + l], x, max(w[row + U(3) * L + l], 0.0))
        received, slope = _horner(received, slope, x, max(w[row + U(2) * L + l], 0.0))
        received, slope = _horner(received, slope, x, max(w[row + L + l], 0.0))
        w[R.IRR_IN + l], w[R.IRR_IN_SLOPE + l] = _horner(received, slope, x, max(w[row + l], 0.0))


@clause
def evaluate_calls(w, row):
    """Four steps of the calls' polynomial and its derivative."""
    for l in range(L):
        x = w[R.IRR_X + l]
        called, slope = _horner(w[R.IRR_OUT + l], w[R.IRR_OUT_SLOPE + l], x, max(-w[row + U(3) * L + l], 0.0))
        called, slope = _horner(called, slope, x, max(-w[row + U(2) * L + l], 0.0))
        called, slope = _horner(called, slope, x, max(-w[row + L + l], 0.0))
        w[R.IRR_OUT + l], w[R.IRR_OUT_SLOPE + l] = _horner(called, slope, x, max(-w[row + l], 0.0))


@clause
def evaluate(w, net, received, called):
    """Receipts and calls apart, with their derivatives, at x = exp(s), from the last block that has any of them on.

    What is left out are Horner steps on zeros.
    """
    for l in range(L):
        w[R.IRR_X + l] = exp(w[R.IRR_S + l])
    for row in (R.IRR_IN, R.IRR_IN_SLOPE, R.IRR_OUT, R.IRR_OUT_SLOPE):
        fill(w, row, 0.0)
    for i in range(received):
        evaluate_receipts(w, net + (received - U(1) - i) * U(4) * L)
    for i in range(called):
        evaluate_calls(w, net + (called - U(1) - i) * U(4) * L)


@clause
def refine(w, end):
    """One safeguarded Newton step on log(receipts / calls); counts the lanes still at work.

    In s that function is nearly a straight line (the polynomial itself takes eight times the rounds). A step that
    leaves the bracket becomes a bisection, or goes to the `end` of the reach. A lane that is done stays as it is,
    whatever the others do.
    """
    at_work = 0.0
    for l in range(L):
        s, x = w[R.IRR_S + l], w[R.IRR_X + l]
        received, called = max(w[R.IRR_IN + l], 1e-300), max(w[R.IRR_OUT + l], 1e-300)
        f = log(received / called)
        slope = x * (w[R.IRR_IN_SLOPE + l] / received - w[R.IRR_OUT_SLOPE + l] / called)
        low, high, done = w[R.IRR_LOW + l], w[R.IRR_HIGH + l], w[R.IRR_DONE + l]
        low, high = s if f < 0.0 else low, high if f < 0.0 else s
        newton = s - f / slope
        inside = min(max(newton, low), high)
        direct = inside == newton or abs(inside) == end
        new = inside if direct else 0.5 * (low + high)
        busy = done == 0.0
        moves = busy and abs(new - s) > (_NEWTON_STEP if direct else _BISECTION)
        w[R.IRR_LOW + l] = low
        w[R.IRR_HIGH + l] = high
        w[R.IRR_S + l] = new if busy else s
        w[R.IRR_DONE + l] = 0.0 if moves else 1.0
        at_work += 1.0 if moves else 0.0
    return at_work


@clause
def solve(w, net, steps, steps_per_year):
    """Yearly effective rate of flows that change sign just once, from below to above zero, into the row `IRR`.

    -1 where none is above; the row `IRR_IN` tells whether one is.
    """
    reach = _REACH / steps
    fill(w, R.IRR_LOW, -reach)
    fill(w, R.IRR_HIGH, reach)
    fill(w, R.IRR_S, 0.0)
    received, called = blocks_until(w, net, steps, 1.0), blocks_until(w, net, steps, -1.0)
    evaluate(w, net, received, called)
    for l in range(L):
        w[R.IRR_DONE + l] = 0.0 if w[R.IRR_IN + l] > 0.0 else 1.0
    for i in range(_MAX_ROUNDS):
        if refine(w, reach if i < _BOLD_ROUNDS else np.inf) == 0.0:
            break
        evaluate(w, net, received, called)
    for l in range(L):
        rate = exp(-steps_per_year * w[R.IRR_S + l]) - 1.0
        w[R.IRR + l] = rate if w[R.IRR_IN + l] > 0.0 else -1.0


@clause
def irr(w, net, steps, steps_per_year):
    """Rate of return of a unit whose first flow is a call, into the row `IRR`.

    -1 where no step brings more than it calls; undefined unless the flows, or else their running sum (Norstrom 1972),
    change sign just once.
    """
    solve(w, net, steps, steps_per_year)
    sign_changes(w, net, steps, 0.0, R.CHANGES)
    sign_changes(w, net, steps, 1.0, R.SUM_CHANGES)
    for l in range(L):
        once = w[R.CHANGES + l] == 1.0 or w[R.SUM_CHANGES + l] == 1.0
        w[R.IRR + l] = w[R.IRR + l] if once or w[R.IRR_IN + l] == 0.0 else np.nan
