"""Figures as text: a figure stays beside its error, however narrow the screen."""

import re

import pytest
from rich.cells import cell_len

from small_run import make_labels, write_small
from spvrisk.catalogue import Chosen
from spvrisk.dataset.read import open_result
from spvrisk.report.lines import wrapped
from spvrisk.report.text import written
from spvrisk.views.figures import Column, Estimate, Figures, Named, Note, Range, Rate, Row, Share, said
from spvrisk.views.summary import summary

FIGURE = re.compile(r"[\d,.]+ ± [\d,.]+")


def table(n: int = 6) -> Figures:
    cells = (*(Estimate(123456.0 + i, 789.0) for i in range(n)), Share(0.123456, 0.123, 0.124))
    columns = (*(Column(f"head {i}") for i in range(n)), Column("P"))
    rows = (Row("portfolio", cells, apart=True), Row("a_project", cells))
    return Figures("Title, USD million", columns, rows)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "small.h5"
    labels = make_labels(projects=("a_project_with_a_long_name", "gas"), pipelines=("more",))
    write_small(path, labels._replace(features=("stack",)))
    return summary(open_result(path))


@pytest.mark.parametrize("width", range(8, 24))
def test_wrapped__no_line_ends_with_an_opening_bracket(width):
    text = "小型炉（BWRX-300）は「計画」（案件の合計）を超える（「予算」の話）"
    lines = wrapped(text, width)
    assert "".join(lines) == text and not [line for line in lines if line.endswith("（")]
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize("width", [60, 70, 80, 90, 100])
def test_summary__no_figure_is_broken_from_its_error(page, width):
    tables = [figures for figures in page if figures.columns]
    wide, narrow = (FIGURE.findall(written(tables, columns)) for columns in (400, width))
    assert len(wide) > 50 and sorted(narrow) == sorted(wide)
    assert max(map(len, written(page, width).splitlines())) <= width


def test_table__columns_without_room_go_below_with_the_names_again():
    text = written([table()], 60)
    assert text.count("portfolio") == text.count("a_project") == 3
    assert text.count("Title, USD million") == 1
    assert text.index("head 0") < text.index("head 5") and all(text.count(f"head {i}") == 1 for i in range(6))
    assert written([table()], 200).count("portfolio") == 1


def test_table__probabilities_give_way_first():
    wide = written([table(2)], 200)
    full = max(map(len, wide.splitlines()))
    narrow = written([table(2)], full - 3)
    assert "12.35 % (12.30-12.40)" in wide
    assert "12.35 % (" not in narrow and "12.35 %" in narrow and "(12.30-12.40)" in narrow
    assert narrow.count("portfolio") == 1


def test_list__what_was_given_is_neither_broken_nor_cut():
    day, budget, words = "2026-02-17", "33,300.25 USD", "8 carats a year"
    heads = ("notice given", "budget", "completion", "capacity")
    found = Figures("T", tuple(map(Column, heads)), (Row("a_project", (day, budget, day, words)),), shape="list")
    text = written([found], 40)
    assert max(map(len, text.splitlines())) <= 40 and "…" not in text
    assert text.count(day) == 2 and budget in text and words in text and text.count("a_project") == 2


@pytest.mark.parametrize("shape", ["table", "list", "facts"])
def test_words__that_are_wider_than_the_screen_are_folded_and_nothing_is_lost(shape):
    name, path = "a" * 50, "b" * 50
    text = written([Figures("", (Column("", text=True),), (Row(name, (path,)),), shape=shape)], 60)
    assert max(map(len, text.splitlines())) <= 60 and "…" not in text
    assert text.count("a") == text.count("b") == 50


def test_title__is_as_wide_as_the_screen_not_as_its_table():
    title = "Values of an input with a long name that were tried"
    narrow = Row("a", (1.0,))
    for shape in ("table", "list"):
        found = Figures(title, (Column("f"),), (narrow,), shape=shape)
        assert written([found], 80).splitlines()[0] == title
        assert max(map(len, written([found], 30).splitlines())) <= 30


def test_figure__that_is_rounded_to_nothing_has_no_sign():
    assert "0 ± 1,200" in written([Figures("", (Column("f"),), (Row("a", (Estimate(-30.0, 1200.0),)),))])


def test_table__groups_totals_and_repeated_names():
    rows = (Row("x", (1.0,), "one"), Row("y", (2.0,), "one"), Row("x", (None,), "two"))
    above = written([Figures("T", (Column("f"),), rows)])
    assert [line.split() for line in above.splitlines()][3:] == [
        ["one"],
        *(["x", "1.000"], ["y", "2.000"], []),
        *(["two"], ["x", "-"]),
    ]
    beside = written([Figures("T", (Column("f"),), rows, names="case")])
    assert [line.split() for line in beside.splitlines()][3:] == [
        *(["one", "x", "1.000"], ["y", "2.000"], [], ["two", "x", "-"])
    ]


def test_page__blocks_have_a_line_between_them():
    blocks = [
        Figures("Head", notes=(Note("n = {:d}", (3,)), Note("{:path}, {}", (1, Rate(0.5, 0.01)), indent=4))),
        Figures("", (Column("", text=True),), (Row("a", ("[b]",)),), shape="facts"),
        Figures("", notes=(Note("{}", (Range(1.0, None),)),)),
    ]
    assert written(blocks) == "Head\nn = 3\n    1 path, 50.0 ± 1.0 %\n\na  [b]\n\n1.000 to n/a\n"


def test_titles__once_a_page_beside_the_names_or_below_where_there_is_no_room():
    named = (Named("gas", (("en", "Gas-fired plant, Ohio"), ("ja", "ガス火力"))), Named("mine", (("en", "mine"),)))
    few = Figures("T", (Column("f"),), tuple(Row(name, (1.0,)) for name in named))
    many = Figures("U", tuple(Column(f"head {i}") for i in range(6)), tuple(Row(name, (1.0,) * 6) for name in named))
    beside = written([many, few, few], 60)
    assert beside.count("Gas-fired plant, Ohio") == 1 and "gas   Gas-fired plant, Ohio     1.000" in beside
    assert beside.count("mine") == 4  # what has no title but its name has none
    below = written([many], 60)
    assert below.endswith("\n\ngas  Gas-fired plant, Ohio\n")
    with Chosen("ja"):
        assert written([many], 60).endswith("\n\ngas  ガス火力\n")


def test_sentence__of_japanese_is_broken_between_phrases_and_not_in_a_figure():
    note = said(
        "資金提供者の正味現在価値は平均{}、損失となる確率は{}です。",
        Estimate(-53520.0, 170.0),
        Share(1.0, 0.99985, 1.0),
    )
    for width in range(24, 80):
        lines = written([Figures("", notes=(note,))], width).splitlines()
        assert max(map(cell_len, lines)) <= width
        assert "-53,520 ± 170" in "\n".join(lines) and "100 % (99.985-100)" in "\n".join(lines)
        assert not any(line[0] in "、。ー" for line in lines)
    short = Figures("", notes=(said("損失は、平均で3百万円です。"),))
    assert written([short], 14) == "損失は、平均で\n3百万円です。\n"
    assert written([short], 12) == "損失は、\n平均で\n3百万円で\nす。\n"
