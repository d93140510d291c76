"""Internal rates of return of lanes (section 10 of the model page).

The flows of a unit lie in the rows ``net (t, lane)``, at times (t + 1) / m. With x = (1 + r)^(-1/m) the rate solves sum_t net_t x^t = 0.
Each lane stops by itself, so its value does not depend on its neighbours.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel.maths import L, clause, exp, log
from spvrisk.kernel.rows import Z0, Z1, Z2, Z3, fill

# scratch rows, named for this file
_LOW, _HIGH, _X, _DONE = Z0, Z1, Z2, Z3
_MAX_ROUNDS = 200
_TOLERANCE = 1e-14
_LARGEST_X = 20.0  # r = -0.999994 at quarterly steps, and x^t stays finite over 200 steps


@clause
def sign_changes(w, net, steps, cumulated, value, derivative):  # type: ignore[no-untyped-def]
    """Count, lane by lane, the sign changes of flows (or of their running sum) into the row `value`; zeros do not count.

    Leaves the last sign in the row `derivative`.
    """
    fill(w, value, 0.0)
    fill(w, derivative, 0.0)
    fill(w, _X, 0.0)
    for t in range(uint64(steps)):
        row = net + t * L
        for l in range(L):
            x = cumulated * w[_X + l] + w[row + l]
            w[_X + l] = x
            sign = 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)
            last = w[derivative + l]
            w[value + l] += 1.0 if sign * last < 0.0 else 0.0
            w[derivative + l] = sign if sign != 0.0 else last


@clause
def evaluate(w, net, steps, value, derivative):  # type: ignore[no-untyped-def]
    """Horner's scheme: the polynomial and its derivative at the row `_X`."""
    fill(w, value, 0.0)
    fill(w, derivative, 0.0)
    for i in range(uint64(steps)):
        row = net + (uint64(steps) - uint64(1) - i) * L
        for l in range(L):
            w[derivative + l] = w[derivative + l] * w[_X + l] + w[value + l]
            w[value + l] = w[value + l] * w[_X + l] + w[row + l]


@clause
def refine(w, value, derivative):  # type: ignore[no-untyped-def]
    """One safeguarded Newton step: the bracket shrinks, and a step that leaves it becomes a bisection. Counts the lanes still at work."""
    at_work = 0.0
    for l in range(L):
        x, f, slope = w[_X + l], w[value + l], w[derivative + l]
        low = x if f < 0.0 else w[_LOW + l]
        high = w[_HIGH + l] if f < 0.0 else x
        newton = x - f / slope
        inside = newton > low and newton < high
        new = newton if inside else 0.5 * (low + high)
        busy = w[_DONE + l] == 0.0
        moved = abs(new - x) > _TOLERANCE * x and f != 0.0
        w[_LOW + l] = low if busy else w[_LOW + l]
        w[_HIGH + l] = high if busy else w[_HIGH + l]
        w[_X + l] = new if busy and f != 0.0 else x
        w[_DONE + l] = 0.0 if busy and moved else 1.0
        at_work += 1.0 if busy and moved else 0.0
    return at_work


@clause
def solve(w, net, steps, steps_per_year, target, value, derivative):  # type: ignore[no-untyped-def]
    """Yearly effective rate of flows that begin below and end above zero, into the row `target`; the root is bracketed in (0, 20)."""
    fill(w, _LOW, 0.0)
    fill(w, _HIGH, _LARGEST_X)
    fill(w, _X, 1.0)
    fill(w, _DONE, 0.0)
    for _ in range(_MAX_ROUNDS):
        evaluate(w, net, steps, value, derivative)
        if refine(w, value, derivative) == 0.0:
            break
    for l in range(L):
        w[target + l] = exp(-steps_per_year * log(max(w[_X + l], 1e-300))) - 1.0


@clause
def irr(w, net, steps, steps_per_year, receipts, target, value, derivative, many_changes):  # type: ignore[no-untyped-def]
    """Rate of return of a unit whose first flow is a call.

    -1 without receipts. With `many_changes` (a portfolio) it is undefined unless the flows, or else their running sum (Norstrom 1972),
    change sign just once.
    """
    solve(w, net, steps, steps_per_year, target, value, derivative)
    if many_changes == 1:
        sign_changes(w, net, steps, 0.0, value, derivative)
        for l in range(L):
            w[_DONE + l] = w[value + l]
        sign_changes(w, net, steps, 1.0, value, derivative)
        for l in range(L):
            unique = w[_DONE + l] == 1.0 or w[value + l] == 1.0
            w[target + l] = w[target + l] if unique else np.nan
    for l in range(L):
        w[target + l] = w[target + l] if w[receipts + l] > 0.0 else -1.0
