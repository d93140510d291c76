"""Panels as tables: what is told of each place, mark by mark."""

from math import nan

import pytest

from spvrisk.charts.chart import (
    Axis,
    Band,
    Bars,
    Cells,
    Histogram,
    Line,
    Panel,
    Points,
    Ranges,
    Reference,
    Stack,
)
from spvrisk.report.page.reading import reading
from spvrisk.report.wording import worded
from spvrisk.views.figures import Estimate, Note, said

X, Y = Axis(Note("value"), Note("USD million")), Axis(Note("amount"), Note("USD million"))
PART, TIME = Axis(Note("part of the paths"), percent=True), Axis(Note("year"), scale="date")
NAMES = Axis("", scale="names", names=("first", "second"))


def table(x, y, *marks):
    """Heads and rows in words."""
    found = reading(Panel(x, y, marks))
    heads = [worded(head, "en") for head in found.columns]
    rows = [[worded(cell, "en") for cell in (place.name, *place.cells)] for place in found.places]
    return heads, rows


def test_line__a_value_with_its_error_at_each_point():
    line = Line(Note("mean"), (1.0, 2.0), (100.0, nan), (98.04, nan), (101.96, nan))
    assert table(X, Y, line) == (["mean"], [["1.000", "100.0 ± 1.0"], ["2.000", "-"]])


def test_lines__of_other_points_are_read_at_common_places_between_them():
    lines = Line("a", (0.0, 10.0), (0.0, 100.0)), Line("b", (5.0, 10.0), (7.0, 8.0))
    heads, rows = table(X, Y, *lines)
    assert heads == ["a", "b"] and len(rows) == 60
    assert rows[0] == ["0", "0", "-"] and rows[-1] == ["10.00", "100.0", "8.000"]
    assert all(float(row[1]) == pytest.approx(10.0 * float(row[0]), abs=0.1) for row in rows)


def test_probability__is_in_per_cent_with_its_interval():
    line = Line("by date", (2030.5,), (0.25,), (0.2,), (0.3,))
    assert table(TIME, PART, line) == (["by date"], [["2030-07", "25 % (20-30)"]])
    stack = Stack(("open", "shut"), (2026.25,), ((0.75,), (0.25,)))
    assert table(TIME, PART, stack) == (["open", "shut"], [["2026-04", "75.00 %", "25.00 %"]])


def test_histogram__a_bin_is_called_by_its_ends():
    loss, gain = (
        Histogram(Note("loss"), (-2.0, -1.0, 0.0), (0.5, 0.25)),
        Histogram(Note("no loss"), (0.0, 1.0), (0.25,)),
    )
    heads, rows = table(X, PART, loss, gain)
    assert heads == ["part of the paths, loss", "part of the paths, no loss"]
    assert rows == [["-2.000 to -1.000", "50.00 %", ""], ["-1.000 to 0", "25.00 %", ""], ["0 to 1.000", "", "25.00 %"]]


def test_fan__quantiles_and_the_median_at_each_date():
    band, line = Band(Note("90 %"), (2030.0,), (-5.0,), (7.5,), 0.9), Line(Note("median"), (2030.0,), (1.0,))
    assert table(TIME, Y, band, line) == (["90 %", "median"], [["2030-01", "-5.000 to 7.500", "1.000"]])


def test_names__have_what_stands_beside_them():
    bars = Bars(Note("loss"), (0.0, 1.0), (0.0, 0.0), (5.0, 6.0), texts=(Estimate(5.0, 0.5), Estimate(6.0, 0.5)))
    ranges, points = (
        Ranges(Note("90 %"), (1.0,), (2.0,), (9.0,), 0.9),
        Points(Note("mean"), (3.0,), (0.82,), (2.02,), (3.98,)),
    )
    heads, rows = table(X, NAMES, bars, ranges, points)
    assert heads == ["loss", "90 %", "mean"]
    assert rows == [["first", "5.00 ± 0.50", "", ""], ["second", "6.00 ± 0.50", "2.000 to 9.000", "3.00 ± 0.50"]]


def test_points__with_dates_tell_date_and_figure():
    points = Points("", (2029.05,), (0.0,), texts=(said("cut {}", 0.45),))
    assert table(TIME, NAMES, points) == (["year"], [["first", "2029-01: cut 0.450"]])


def test_cells__a_column_for_each_row_of_them():
    cells = Cells(Note("part"), (0.0, 1.0, 2.0), (2030.0, 2031.0), ((0.5, 0.25),), (("50 %", "25 %"),))
    heads, rows = table(X, TIME, cells)
    assert heads == ["2030-01 to 2031-01"]
    assert rows == [["0 to 1.000", "50 %"], ["1.000 to 2.000", "25 %"]]


def test_cloud__is_left_out_and_references_are_told_once():
    cloud = Points("", (1.0, 2.0), (1.0, 2.0), many=True)
    found = reading(Panel(X, Y, (cloud, Reference("x", 1.5, said("mean: {}", 1.5)), Reference("y", 0.0, ""))))
    assert found.places == () and [worded(text, "en") for text in found.beside] == ["mean: 1.500"]
