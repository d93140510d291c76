"""Look-ups in tables of cubics, for all lanes at once."""

from numba import float64, int32, uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, clause, inline
from spvrisk.kernel.simd import fma
from spvrisk.kernel.vectors import EIGHT, cubics_of_eight


@inline
def whole(x):
    """Whole part of a number that is neither negative nor large."""
    return float64(int32(x))


@clause
def cubics(w, target, c):
    """Evaluate the cubics at the offsets in `CELL` and the places in `PLACE`."""
    for l in range(U(0), L, U(EIGHT)):
        cubics_of_eight(w, target + l, R.PLACE + l, R.CELL + l, c)


@clause
def locate(w, source, c, segment):
    """Offset and place of the row `source` in a segment; what lies outside is at the segment's end."""
    lower, per_unit, last, base = c[segment], c[segment + U(1)], c[segment + U(2)], c[segment + U(3)]
    for l in range(L):
        x = (w[source + l] - lower) * per_unit
        within = x if x > 0.0 else 0.0  # of what is undefined too: it becomes an offset
        cell = whole(within if within < last else last)
        w[R.PLACE + l] = min(max(x - cell, 0.0), 1.0)
        w[R.CELL + l] = base + 4.0 * cell


@clause
def relocate(w, source, c, segment):
    """Offset and place in a further segment, where the row `source` reaches it."""
    lower, per_unit, last, base = c[segment], c[segment + U(1)], c[segment + U(2)], c[segment + U(3)]
    for l in range(L):
        z, place, offset = w[source + l], w[R.PLACE + l], w[R.CELL + l]
        x = (z - lower) * per_unit
        within = x if x > 0.0 else 0.0
        cell = whole(within if within < last else last)
        here = z >= lower
        w[R.PLACE + l] = min(max(x - cell, 0.0), 1.0) if here else place
        w[R.CELL + l] = base + 4.0 * cell if here else offset


@clause
def look_up(w, source, target, c, law):
    """Interpolate the table at offset `law` at the row `source` into the row `target`.

    Beyond its ends a table is flat.
    """
    at = uint64(law)
    location, scale, segments = c[at + U(1)], c[at + U(2)], at + U(3)
    locate(w, source, c, segments)
    for g in range(U(1), uint64(c[at])):
        relocate(w, source, c, segments + U(4) * g)
    cubics(w, target, c)
    for l in range(L):
        w[target + l] = fma(scale, w[target + l], location)


@clause
def value_at(c, law, z):
    """Interpolate the table at offset `law` at one score."""
    at = int(law)
    segment = at + 3
    for g in range(1, int(c[at])):
        segment = at + 3 + 4 * g if z >= c[at + 3 + 4 * g] else segment
    x = (z - c[segment]) * c[segment + 1]
    cell = int(min(max(x, 0.0), c[segment + 2]))
    s = min(max(x - cell, 0.0), 1.0)
    i = int(c[segment + 3]) + 4 * cell
    return fma(c[at + 2], fma(s, fma(s, fma(s, c[i + 3], c[i + 2]), c[i + 1]), c[i]), c[at + 1])
