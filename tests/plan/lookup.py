"""The contract of `plan.tables.Tables`, in plain NumPy."""

import numpy as np


def look_up(tables, law, z):
    z = np.asarray(z, dtype=float)
    first, count = tables.law[law]
    segment = first + np.maximum(np.sum(tables.segment[first : first + count, 0][:, None] <= z.ravel(), axis=0) - 1, 0)
    lower, per_unit, last, row = tables.segment[segment].T
    x = (z.ravel() - lower) * per_unit
    cell = np.clip(np.floor(x), 0, last)
    s = np.clip(x - cell, 0, 1)
    c0, c1, c2, c3 = tables.coefficient[(row + cell).astype(int)].T
    location, scale = tables.affine[law]
    return (location + scale * (c0 + s * (c1 + s * (c2 + s * c3)))).reshape(z.shape)
