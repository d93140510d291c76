"""Look-ups in quantile tables, for all lanes at once."""

from numba import float64, int32, uint64

from spvrisk.kernel.maths import L, U, clause, uint


@clause
def look_up(w, source, target, tables, law):  # type: ignore[no-untyped-def]
    """Interpolate table `law` at the row `source` into the row `target`; beyond the ends the table is flat."""
    location, scale = tables.affine[law, 0], tables.affine[law, 1]
    coefficient = tables.coefficient
    first = tables.law[law, 0]
    for g in range(first, first + tables.law[law, 1]):
        lower, per_unit, last = tables.segment[g, 0], tables.segment[g, 1], tables.segment[g, 2]
        base = uint(tables.segment[g, 3]) * U(4)
        # the first segment serves whatever lies below it too; later ones take over from their lower end on
        bound = lower if g > first else -1e300
        for l in range(L):
            z = w[source + l]
            x = (z - lower) * per_unit
            cell = int32(min(max(x, 0.0), last))
            s = min(max(x - float64(cell), 0.0), 1.0)
            i = base + U(4) * uint64(cell)
            value = coefficient[i] + s * (coefficient[i + U(1)] + s * (coefficient[i + U(2)] + s * coefficient[i + U(3)]))
            w[target + l] = location + scale * value if z >= bound else w[target + l]
