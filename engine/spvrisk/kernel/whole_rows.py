"""Whole rows and regions of the workspace, and values that are added to a row."""

import numpy as np

from spvrisk.kernel.maths import L, U, clause, fused
from spvrisk.kernel.simd import WIDE, greatest, larger, least, load, smaller, spread, store, where


@clause
def zero(w, region):
    """Set a region to zero."""
    for i in range(region.first, region.end, U(WIDE)):
        store(w, i, 0.0)


@clause
def fill_region(w, region, value):
    """Set a region to one value."""
    for i in range(region.first, region.end, U(WIDE)):
        store(w, i, value)


@clause
def fill(w, row, value):
    """Set a row to one value."""
    for l in range(U(0), L, U(WIDE)):
        store(w, row + l, value)


@clause
def add(w, row, source):
    """Add one row to another."""
    for l in range(U(0), L, U(WIDE)):
        store(w, row + l, load(w, row + l) + load(w, source + l))


@fused
def add_to(w, place, x):
    """Add a value to the lanes from a place on."""
    store(w, place, load(w, place) + x)


@clause
def copy(w, row, source):
    """Set a row to another."""
    for l in range(U(0), L, U(WIDE)):
        store(w, row + l, load(w, source + l))


@clause
def largest(w, row):
    """Largest value of a row in which every lane is a number."""
    value = load(w, row)
    for l in range(U(WIDE), L, U(WIDE)):
        value = larger(value, load(w, row + l))
    return greatest(value)


@clause
def latest(w, row):
    """Largest finite value of a row of times; 0 if there is none."""
    value = spread(0.0)
    for l in range(U(0), L, U(WIDE)):
        time = load(w, row + l)
        value = larger(value, where(time < np.inf, time, 0.0))
    return greatest(value)


@clause
def smallest(w, row):
    """Smallest value of a row in which every lane is a number."""
    value = load(w, row)
    for l in range(U(WIDE), L, U(WIDE)):
        value = smaller(value, load(w, row + l))
    return least(value)
