"""The workbook of a report: its numbers, its charts, that no text of it is a formula, and how its file comes to be."""

import os
import re
import shutil
import subprocess
import zipfile
from importlib import import_module
from itertools import pairwise

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from openpyxl.utils import get_column_letter
from pages import HOSTILE
from programs import needed

import spvrisk
from decision_runs import starter
from small_run import write_small
from spvrisk.charts.what_ifs import outcomes_of
from spvrisk.cli import main
from spvrisk.dataset.scenarios import read
from spvrisk.exports import library
from spvrisk.report.book import contents
from spvrisk.report.book.numbers import Number, spread
from spvrisk.report.wording import worded
from spvrisk.report.words import shown
from spvrisk.views.figures import Column, Estimate, Near, Note, Range, Rate, Share, said
from spvrisk.views.words import condition_named

FORMULAS = "=cmd|'/C calc'!A0", '@SUM(1,1)"&A1'
"""Texts that a spreadsheet would compute, or run."""

DIGITS = 1e-15
"""XlsxWriter writes sixteen digits."""

REFERENCE = re.compile(r"'?[A-Z][a-z]+'?!\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?")


@pytest.fixture(scope="module")
def file(made):
    out = made[0].parent / "report.xlsx"
    spvrisk.save_report(*made, out=out)
    return out


@pytest.fixture(scope="module")
def book(file):
    return openpyxl.load_workbook(file)


@pytest.fixture(scope="module")
def first(made):
    with spvrisk.open(made[0]) as opened:
        yield opened.tables()


def report(*arguments):
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def texts(book):
    return {cell.value for sheet in book for row in sheet for cell in row if isinstance(cell.value, str)}


def rows_below(sheet, head):
    """Rows of the table that has a head, as dicts by head."""
    top = next(row for row in sheet if any(cell.value == head for cell in row))
    heads = {cell.column: cell.value for cell in top if cell.value is not None}
    for row in sheet.iter_rows(min_row=top[0].row + 1):
        if row[0].value is None:
            return
        yield {"": row[0].value, **{heads[cell.column]: cell.value for cell in row if cell.column in heads}}


def referred(book, reference):
    """Values of the cells that a chart refers to."""
    sheet, cells = reference.split("!")
    return [cell.value for row in book[sheet.strip("'")][cells.replace("$", "")] for cell in row]


def of_charts(file):
    """Texts of all references of charts, and how many charts there are."""
    with zipfile.ZipFile(file) as parts:
        charts = [name for name in parts.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", name)]
        found = [parts.read(name).decode() for name in charts]
    return [each for text in found for each in re.findall(r"<c:f>(.*?)</c:f>", text)], len(charts)


def test_sheets__are_all_there_with_their_heads_in_sight(book):
    assert book.sheetnames == [each.name.text for each in contents._SHEETS]
    assert all(sheet.freeze_panes for sheet in book)
    top = book["Yearly"].freeze_panes
    assert book["Yearly"][f"B{int(top[1:]) - 1}"].value == "year"


@pytest.mark.parametrize("name", [each.name.text for each in contents._SHEETS])
def test_paper__has_whole_charts_in_letters_that_can_be_read(book, name):
    sheet, (begins, scale) = book[name], printed(book[name])
    assert sheet.page_setup.orientation == "landscape" and not sheet.sheet_properties.pageSetUpPr.fitToPage
    assert 0.5 <= scale <= 1.0 and sheet.print_title_rows and sheet.print_title_cols
    for chart in sheet._charts:
        first, last = chart.anchor._from.row, chart.anchor.to.row
        assert not [row for row in begins if first < row <= last]
    (area,) = sheet.print_area if isinstance(sheet.print_area, list) else [sheet.print_area]
    rows = sheet[area.split("!")[-1].replace("$", "")]
    heights = [sheet.row_dimensions[row[0].row].height for row in rows]
    for first, last in pairwise([0, *begins, len(heights)]):
        assert scale * sum(heights[first:last]) < 509.0, f"rows {first} to {last} of {name}"
    letters = [get_column_letter(column) for column in range(1, 1 + len(rows[0]))]
    width = 0.75 * sum(7 * sheet.column_dimensions[letter].width for letter in letters)
    assert scale * width < 770.0 or scale >= 0.68  # or pages stand beside each other


def printed(sheet):
    """Rows at which a page begins after the first, counted from 0, and how large a sheet is printed."""
    return [each.id for each in sheet.row_breaks.brk], (sheet.page_setup.scale or 100) / 100.0


def units_by_title(labels):
    """Units by what a sheet calls them."""
    titles = {worded(labels.project_titles[unit]["en"], "en"): unit for unit in labels.projects}
    return {**titles, "portfolio": "portfolio"}


def test_summary__has_the_numbers_of_the_result_with_errors_beside_them(book, first):
    t, labels = first.summary, first.labels
    units = units_by_title(labels)
    found = {units.get(row[""], row[""]): row for row in rows_below(book["Summary"], "mean ±")}
    assert set(found) == {"portfolio", *labels.projects, "in EUR million"}
    for unit in ("portfolio", *labels.projects):
        row = found[unit]
        s = labels.series.index((unit, "npv_funder"))
        assert (row["mean"], row["mean ±"]) == pytest.approx((t.mean[s], t.mean_se[s]), rel=DIGITS)
        kept = t.p_loss[s], t.p_loss_low[s], t.p_loss_high[s]
        assert (row["P(loss)"], row["P(loss), from"], row["P(loss), to"]) == pytest.approx(kept, rel=DIGITS)
        values = first.series(unit, "npv_funder")
        assert row["mean"] == pytest.approx(values.mean()) and row["P(loss)"] == np.mean(values < 0.0)


def test_yearly__adds_up_to_the_flows_of_the_timeline(book, first):
    labels, flows = first.labels, first.timeline.mean
    rows, r = list(rows_below(book["Yearly"], "calls")), labels.timeline.index("calls")
    assert all(type(row["year"]) is int and isinstance(row["calls"], int | float) for row in rows)
    for u, unit in enumerate((*labels.projects, "portfolio")):
        title = worded(labels.project_titles[unit]["en"], "en") if unit in labels.project_titles else unit
        own = [row["calls"] for row in rows if row["project"] == title]
        assert sum(own) == pytest.approx(flows[u, r].sum(), rel=1e-12)
        assert len(own) == len(set(labels.step_years))


def test_conditional__has_what_paths_bring_that_meet_the_condition(book, first):
    units = units_by_title(first.labels)
    rows = [{**row, "of": units[row["of"]]} for row in rows_below(book["Conditional"], "paths")]
    given = first.conditional
    called = {worded(condition_named(first, name), "en"): name for name in given.names}
    met = {name for name, n in zip(given.names, given.n_paths, strict=True) if n}
    assert {called[row["condition"]] for row in rows} == met
    for row in rows:
        condition = called[row["condition"]]
        i, s = given.names.index(condition), first.labels.series.index((row["of"], "npv_funder"))
        assert row["mean"] == pytest.approx(given.tables[i].mean[s], rel=DIGITS) and row["paths"] == given.n_paths[i]
        quantity, _, state = condition.partition(".")
        if quantity.startswith("outcome_"):
            names = dict(first.labels.events)[quantity.removeprefix("outcome_")]
            if state in names:
                on = first.series("scheme", quantity) == names.index(state)
                assert row["paths"] == on.sum()
                assert row["mean"] == pytest.approx(first.series(row["of"], "npv_funder")[on].mean(), rel=1e-9)


def test_scenarios__have_the_changes_of_the_dataset(book, made):
    outcomes = outcomes_of(read(made[2]))
    change = {worded(name, "en"): outcomes.change[i] for i, name in enumerate(outcomes.names)}
    for k, chart in enumerate(book["Scenarios"]._charts):
        (series,) = chart.series
        names, values = (referred(book, each.f) for each in (series.cat.strRef or series.cat.numRef, series.val.numRef))
        assert {"The port costs more", "The port costs <b>less</b>"} <= set(names)
        assert all(
            value == pytest.approx(change[name][k], rel=1e-12) for name, value in zip(names, values, strict=True)
        )


def test_charts__are_the_spreadsheets_own_and_take_everything_from_cells(book, file):
    references, count = of_charts(file)
    assert count == sum(len(sheet._charts) for sheet in book)
    kinds = {name: [type(chart).__name__ for chart in book[name]._charts] for name in book.sheetnames}
    assert kinds["Summary"] == ["BarChart", "ScatterChart"]
    assert kinds["Cash"] == ["BarChart", "ScatterChart", "ScatterChart"]
    assert set(kinds["Scenarios"]) == set(kinds["Tornado"]) == set(kinds["Bearers"]) == {"BarChart"}
    assert references and all(REFERENCE.fullmatch(each) for each in references)


def test_distribution__is_drawn_from_counted_paths(book, first):
    chart = book["Summary"]._charts[0]
    values, counted = first.series("portfolio", "npv_funder"), 0.0
    for series in chart.series:
        middles = np.array(referred(book, series.cat.numRef.f))
        half = 0.5 * (middles[1] - middles[0])
        for middle, height in zip(middles, referred(book, series.val.numRef.f), strict=True):
            if height is not None:
                inside = np.mean((values >= middle - half) & (values < middle + half))
                assert height == pytest.approx(inside, abs=1.5 / values.size)
                counted += height
    assert counted > 0.95


def test_errors__of_bars_are_lengths_in_cells(book):
    series = book["Scenarios"]._charts[0].series[0]
    below, above = (referred(book, end.numRef.f) for end in (series.errBars.minus, series.errBars.plus))
    assert len(below) == len(above) == len(referred(book, series.val.numRef.f))
    assert all(each is None or each >= 0.0 for each in (*below, *above)) and any(below)


def test_text__is_never_a_formula(tmp_path):
    study, port = FORMULAS
    titles = {"study.title": {"en": study}, "projects.port.title": {"en": port}}
    starter(tmp_path / "r.h5", paths=100, **titles)
    spvrisk.save_report(tmp_path / "r.h5", out=tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert not [cell for sheet in book for row in sheet for cell in row if cell.data_type == "f"]
    assert {study, port} <= texts(book)
    assert not [cell for sheet in book for row in sheet for cell in row if cell.hyperlink]
    references, _ = of_charts(tmp_path / "a.xlsx")
    assert all(REFERENCE.fullmatch(each) for each in references)


def test_titles__of_markup_are_text(book):
    assert {f"Study {HOSTILE}", f"Port {HOSTILE}"} <= texts(book)


def test_assumptions_and_units__say_what_numbers_rest_on(book, first):
    words = {row[""]: row for row in rows_below(book["Units"], "measured in")}
    assert words["npv_funder"]["measured in"] == "USD million" and words["calls"]["meaning"]
    assert len(list(rows_below(book["Assumptions"], "source"))) > 0


def test_book__of_a_result_that_cannot_be_replayed_says_what_is_left_out(tmp_path):
    write_small(tmp_path / "r.h5", n_paths=60)
    spvrisk.save_report(tmp_path / "r.h5", out=tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert any(text.startswith("Left out: ") for text in texts(book)) and book["Summary"]._charts


def test_book__of_scenarios_alone_has_what_they_tell(made, tmp_path):
    spvrisk.save_report(made[2], out=tmp_path / "a.xlsx")
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames == ["Minute", "Scenarios", "Tornado", "About"]


def test_bytes__are_the_same_for_the_same_results(made, file, tmp_path):
    spvrisk.save_report(*made, out=tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == file.read_bytes()


def test_file__is_replaced_only_where_report_wrote_it(made, file, tmp_path):
    out = tmp_path / "a.xlsx"
    out.write_bytes(file.read_bytes())
    refused = report(made[2], "-o", out)
    assert refused.exit_code == 2 and "--out: file exists" in refused.stderr
    assert report(made[2], "-o", out, "--overwrite", "--lang", "ja").exit_code == 0
    book = openpyxl.load_workbook(out)
    book.worksheets[0]["A1"] = "my own"
    book.save(out)
    before = out.read_bytes()
    refused = report(made[2], "-o", out, "--overwrite")
    assert refused.exit_code == 2 and "must be a workbook that report wrote" in refused.stderr
    assert out.read_bytes() == before


def test_missing_package__is_told_before_anything_is_read(made, tmp_path, monkeypatch):
    def none(name):
        if name.startswith("xlsxwriter"):
            raise ImportError(name)
        return import_module(name)

    monkeypatch.setattr(library, "import_module", none)
    done = report(made[0], "-o", tmp_path / "a.xlsx")
    assert done.exit_code == 2 and "install it: python -m pip install XlsxWriter" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_failure__leaves_nothing_behind(made, tmp_path, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    planned = contents._SHEETS[-1]._replace(parts=fails)
    monkeypatch.setattr(contents, "_SHEETS", (contents._SHEETS[0], planned))
    done = report(made[0], "-o", tmp_path / "a.xlsx")
    assert done.exit_code == 1 and "a.xlsx: cannot be written: No space left on device" in done.stderr
    assert list(tmp_path.iterdir()) == []


def words(text):
    return worded(text, "en")


@pytest.mark.parametrize(
    ("cell", "form", "expected"),
    [
        (Estimate(1234.5678, 0.25), "", {"a": (1234.5678, "#,##0.00"), "a ±": (0.25, "#,##0.00")}),
        (Estimate(41525.1, 274.9), "+", {"a": (41525.1, "+#,##0;-#,##0;#,##0"), "a ±": (274.9, "#,##0")}),
        (Rate(0.05, 0.01), "", {"a": (0.05, "0.0%"), "a ±": (0.01, "0.0%")}),
        (
            Share(0.9258, 0.9242, 0.9275),
            "",
            {"a": (0.9258, "0.0%"), "a, from": (0.9242, "0.0%"), "a, to": (0.9275, "0.0%")},
        ),
        (Range(1.0, 2000.0), "", {"a, from": (1.0, "#,##0.000"), "a, to": (2000.0, "#,##0")}),
        (Near(Estimate(10.0, 1.0), 0.1), "", {"a": (10.0, '"≈ "#,##0.0'), "a ±": (1.0, '"≈ "#,##0.0')}),
        (said("{:+}", Estimate(3.0, 1.0)), "", {"a": (3.0, "+#,##0.0;-#,##0.0;#,##0.0"), "a ±": (1.0, "#,##0.0")}),
        (2031, "d", {"a": (2031.0, "0")}),
        (1234.5, ",.1f x", {"a": (1234.5, '#,##0.0" x"')}),
        (0.123, ".0%", {"a": (0.123, "0%")}),
        (12.5, ",.12g", {"a": (12.5, "General")}),
        (float("inf"), "", {"a": "never"}),
        (None, "", {"a": None}),
        ("few paths", "", {"a": "few paths"}),
    ],
)
def test_figure__becomes_numbers_in_columns_of_their_own(cell, form, expected):
    found = {each.head: each.cells[0] for each in spread(Column("a", form), [cell], words)}
    assert found == {head: Number(*each) if isinstance(each, tuple) else each for head, each in expected.items()}


def test_columns__hold_what_any_of_their_rows_has():
    cells = [Estimate(1.0, 0.5), Share(0.5, 0.4, 0.6), Note("none")]
    found = list(spread(Column("a"), cells, words))
    assert [each.head for each in found] == ["a", "a ±", "a, from", "a, to"]
    assert found[0].cells[2] == "none" and found[1].cells[1:] == (None, None)
    assert shown(cells[1]).startswith("50 %")


def test_libreoffice__opens_it_with_the_same_numbers_and_all_charts(file, book, tmp_path):
    needed(shutil.which("soffice"), "LibreOffice (Debian: libreoffice-calc-nogui)")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)})
    again = openpyxl.load_workbook(tmp_path / "out" / file.name)
    assert again.sheetnames == book.sheetnames
    for sheet in book:
        assert len(again[sheet.title]._charts) == len(sheet._charts)
        for row in sheet:
            for cell in row:
                if isinstance(cell.value, int | float):
                    assert again[sheet.title][cell.coordinate].value == pytest.approx(cell.value, rel=1e-12)
