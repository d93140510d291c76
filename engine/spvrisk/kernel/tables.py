"""Look-ups in tables, for all lanes at once."""

from numba import float64, int32, uint64

from spvrisk.kernel.maths import L, U, clause


@clause
def look_up(w, source, target, c, law):
    """Interpolate the table at address `law` at the row `source` into the row `target`.

    Beyond its ends a table is flat.
    """
    at = uint64(law)
    location, scale = c[at + U(1)], c[at + U(2)]
    for g in range(uint64(c[at])):
        segment = at + U(3) + U(4) * g
        lower, per_unit, last = c[segment], c[segment + U(1)], c[segment + U(2)]
        base = uint64(c[segment + U(3)])
        # the first segment serves whatever lies below it too; later ones take over from their lower end on
        bound = lower if g > U(0) else -1e300
        for l in range(L):
            z = w[source + l]
            x = (z - lower) * per_unit
            cell = int32(min(max(x, 0.0), last))
            s = min(max(x - float64(cell), 0.0), 1.0)
            i = base + U(4) * uint64(cell)
            value = c[i] + s * (c[i + U(1)] + s * (c[i + U(2)] + s * c[i + U(3)]))
            w[target + l] = location + scale * value if z >= bound else w[target + l]
