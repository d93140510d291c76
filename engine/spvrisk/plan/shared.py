"""Sizes and row numbers that kernel, aggregate and statistics share."""

FAN_PATHS = 1 << 16
"""Fan quantiles come from the paths with numbers below this."""

LEAF = 4096
"""Paths in a leaf, the unit of exact summation."""

SLOTS = 20
"""Slots of a word that tells which conditions a path meets: a quantity of seven conditions or fewer fills one."""

FINITE, INFINITE, UNDEFINED = 0, 1, 2
"""Rows of the counts of a series' values."""

MEAN, M2, M3, M4 = 0, 1, 2, 3
"""Rows of its central moments: mean, then sums of powers of the deviations from it."""
