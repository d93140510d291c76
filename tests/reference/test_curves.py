"""Curves in all their forms."""

import datetime as dt

import numpy as np

import reference as ref


def test_curve__forms():
    times = np.array([0, 1, 2, 3, 9.0])
    assert ref.curve_at({"value": 4, "growth": 0.5}, times[:3]).tolist() == [4, 6, 9]
    assert ref.curve_at({"knots": [[1, 1], [2, 2], [2, 5], [4, 7]]}, times).tolist() == [1, 1, 5, 6, 7]
    assert ref.curve_at(3, times).tolist() == [3] * 5
    clock = ref.Calendar(dt.date(2026, 3, 31), 4, 8)
    dated = {"dates": {dt.date(2026, 3, 31): 0, dt.date(2026, 6, 30): 1}}
    assert ref.curve_at(dated, np.array([0.125, 1]), clock).tolist() == [0.5, 1]
