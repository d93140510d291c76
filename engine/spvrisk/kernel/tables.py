"""Look-ups in tables of cubics."""

from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, clause
from spvrisk.kernel.simd import WIDE, fma, larger, load, smaller, store, where, whole
from spvrisk.kernel.vectors import OFFSETS_FROM, cubics


@clause
def located(z, c, segment):
    """Offset and place in a segment; what lies outside is at the segment's end."""
    x, last = (z - c[segment]) * c[segment + U(1)], c[segment + U(2)]
    within = where(x > 0.0, x, 0.0)  # of what is undefined too: it becomes an offset
    cell = whole(where(within < last, within, last))
    return c[segment + U(3)] + 4.0 * cell, smaller(larger(x - cell, 0.0), 1.0)


@clause
def look_up(w, source, target, c, law):
    """Interpolate the table at offset `law` at the row `source` into the row `target`.

    Beyond its ends a table is flat.
    """
    at = uint64(law)
    location, scale, first = c[at + U(1)], c[at + U(2)], at + U(3)
    for l in range(U(0), L, U(WIDE)):
        z = load(w, source + l)
        offset, place = located(z, c, first)
        for g in range(U(1), uint64(c[at])):
            segment = first + U(4) * g
            further, place_there = located(z, c, segment)
            here = z >= c[segment]
            offset, place = where(here, further, offset), where(here, place_there, place)
        store(w, R.CELL + l, offset + OFFSETS_FROM)
        store(w, target + l, place)
    for l in range(U(0), L, U(WIDE)):
        store(w, target + l, fma(scale, cubics(c, w, R.CELL + l, load(w, target + l)), location))


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
