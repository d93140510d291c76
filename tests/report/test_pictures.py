"""Pictures: what is written in them, that nothing is cut off, that print and the colour-blind lose nothing."""

import io
import itertools
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image

import spvrisk
from decision_runs import STARTER, starter
from large import table_study
from spvrisk.charts.chart import Axis, Bars, Cells, Chart, Histogram, Line, Panel, Points, Reference, Stack
from spvrisk.charts.registry import CHARTS
from spvrisk.errors import InputError
from spvrisk.report.looks import FILLS, LAYERS, PENS, luminance
from spvrisk.report.pictures import fonts
from spvrisk.report.pictures.asked import write
from spvrisk.report.pictures.page import drawn
from spvrisk.report.wording import worded, wrapped
from spvrisk.views.figures import Estimate, Named, Note, said

OF_A_RESULT = [name for name, picture in CHARTS.items() if picture.of == "result" and name != "uncertainty"]
"""But for that of outer runs, which few results have: see `tests/views/test_uncertainty_views.py`."""
NAME = "a project whose name is so long that it fills two lines of any picture and part of a third one as well"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    with spvrisk.open(starter(tmp_path_factory.mktemp("pictures") / "a.h5", paths=400)) as opened:
        yield opened.tables()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    study = spvrisk.load(table_study(tmp_path_factory.mktemp("many"), 300))
    with spvrisk.run(study, paths=64, on=spvrisk.Threads(1)) as opened:
        yield opened.tables()


def made_chart(names=("a", "b"), title=None, **changes):
    """One of each mark that stands beside names."""
    at = tuple(map(float, range(len(names))))
    ends = tuple(10.0 * k + 5.0 for k in at)
    bars = Bars(Note("bars"), at, (0.0,) * len(at), ends, texts=tuple(Estimate(x, 1.0) for x in ends), role="loss")
    axis = Axis(Note("value"), Note("USD million"))
    panel = Panel(axis, Axis("", scale="names", names=names), (bars, Reference("x", 3.0, said("mean: {}", 3.0))))
    chart = Chart("made", title or Note("The answer"), Named("Study"), (panel,), 1000, "7", (Note("A note."),))
    return chart._replace(**changes)


def texts_of(figure):
    """What is written in a picture, line by line, as its SVG has it."""
    target = io.BytesIO()
    write(figure, target, "svg")
    root = ElementTree.fromstring(target.getvalue())
    return [" ".join("".join(text.itertext()).split()) for text in root.iter("{http://www.w3.org/2000/svg}text")]


def is_cut_off(figure):
    """Whether anything reaches over the rim of a picture."""
    box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    width, height = figure.get_size_inches()
    return box.x0 < 0.0 or box.y0 < 0.0 or box.x1 > width or box.y1 > height


@pytest.mark.parametrize("name", OF_A_RESULT)
def test_picture__has_its_title_study_paths_and_axes(name, result):
    chart = CHARTS[name].chart(result)
    said_by = " ".join(texts_of(drawn(chart)))
    assert worded(chart.title, "en") in said_by and "Starter study: a gas plant and a port" in said_by
    assert "400 paths, seed 1." in said_by
    for panel in chart.panels:
        label, unit = (worded(each, "en") for each in (panel.x.label, panel.x.unit))
        assert (f"{label}, {unit}" if unit else label) in said_by


@pytest.mark.parametrize("name", OF_A_RESULT)
def test_picture__cuts_nothing_off(name, result):
    assert not is_cut_off(drawn(CHARTS[name].chart(result)))


@pytest.mark.parametrize("name", ["waterfall", "bearers", "jcl"])
def test_picture__of_300_projects_is_no_larger_than_one_of_twelve(name, many):
    figure = drawn(CHARTS[name].chart(many))
    assert not is_cut_off(figure)
    assert figure.get_figwidth() == 8.0 and figure.get_figheight() < 14.0


@pytest.mark.filterwarnings("error")
def test_picture__of_a_path_says_so():
    with spvrisk.run(spvrisk.load(STARTER), paths=1, on=spvrisk.Threads(1)) as opened:
        tables = opened.tables()
        charts = [CHARTS[name].chart(tables) for name in OF_A_RESULT]
        titles = {chart.name: worded(chart.title, "en") for chart in charts}
        assert not any(is_cut_off(drawn(chart)) for chart in charts if chart.name in ("fan", "convergence", "jcl"))
    assert titles["exceedance"] == "loss: too few paths for a curve"
    assert titles["bearers"] == "Too few paths for the worst 5 % of them"
    assert "too few for a tail of 1 %" in titles["convergence"]
    assert worded(CHARTS["compare"].chart([tables, tables]).title, "en") == "All are one and the same result"


def test_picture__of_long_names_cuts_nothing_off():
    chart = made_chart(tuple(Named(f"{NAME} {k}") for k in range(12)), said("{} is the answer", " ".join([NAME] * 3)))
    figure = drawn(chart)
    assert not is_cut_off(figure)
    written = texts_of(figure)
    assert sum(text.endswith("…") for text in written) == 12 and any(text.endswith("is the answer") for text in written)


def test_picture__that_is_cut_off_is_seen():
    figure = drawn(made_chart())
    assert not is_cut_off(figure)
    figure.text(0.99, 0.5, "far too long for what is left")
    assert is_cut_off(figure)


def test_picture__is_the_same_whenever_it_is_drawn(result):
    chart = CHARTS["distribution"].chart(result)
    svg = [io.BytesIO(), io.BytesIO()]
    for target in svg:
        write(drawn(chart), target, "svg")
    assert svg[0].getvalue() == svg[1].getvalue() and b"<dc:date>" not in svg[0].getvalue()


def test_picture__heeds_no_settings_of_the_user(result):
    import matplotlib

    chart = CHARTS["fan"].chart(result)
    plain = texts_of(drawn(chart))
    with matplotlib.rc_context({"font.size": 30, "figure.figsize": (2, 2), "axes.facecolor": "red"}):
        figure = drawn(chart)
        assert texts_of(figure) == plain
    assert figure.axes[0].get_facecolor()[:3] == to_rgb("white")


def test_picture__draws_a_dollar_as_it_is():
    assert "Costs of $5 and $6" in texts_of(drawn(made_chart(title=said("Costs of {} and {}", "$5", "$6"))))


def test_picture__obeys_no_text(result):
    written = texts_of(drawn(made_chart((Named("<script>alert(1)</script>"), Named("a\x1b[2Jb")))))
    assert "<script>alert(1)</script>" in written and "a\\x1b[2Jb" in written


def test_colours__are_told_apart_without_colour():
    for looks in (PENS, LAYERS):
        greys = [luminance(each.colour) for each in looks]
        assert greys == sorted(greys) and min(np.diff(greys)) > 0.01
    assert len({pen.dash for pen in PENS}) == len({pen.marker for pen in PENS}) == len(PENS)
    assert all(a.hatch != b.hatch for a, b in itertools.pairwise(LAYERS))
    for one, other in (("loss", "gain"), ("low", "high"), ("total", "loss"), ("total", "gain")):
        apart = abs(luminance(FILLS[one].colour) - luminance(FILLS[other].colour))
        assert apart > (0.1 if FILLS[one].hatch != FILLS[other].hatch else 0.3)


def test_colours__contrast_with_paper():
    """Three to one, as WCAG has it of graphics, for whatever is drawn as a line."""
    ratios = {pen.colour: 1.05 / (luminance(pen.colour) + 0.05) for pen in PENS[:5]}
    assert min(ratios.values()) > 3.0 and luminance("#ffffff") == pytest.approx(1.0) and luminance("#000000") == 0.0


def test_losses__are_drawn_where_they_are():
    bins = (Histogram(Note("loss"), (-2.0, -1.0, 0.0), (0.25, 0.25), "loss"), Histogram("", (0.0, 1.0), (0.5,), "gain"))
    panel = Panel(Axis(Note("x")), Axis(Note("y"), percent=True), bins)
    figure = drawn(made_chart(panels=(panel,)))
    heights = [(patch.get_data().values.tolist(), patch.get_facecolor()[:3]) for patch in figure.axes[0].patches]
    assert heights == [([0.25, 0.25], to_rgb("#D55E00")), ([0.5], to_rgb("#56B4E9"))]
    assert [text for text in texts_of(figure) if text.endswith("%")][:2] == ["0 %", "10 %"]


def test_series__has_its_pen_in_every_panel():
    one, two = (Line(Note(name), (0.0, 1.0), (0.0, 1.0)) for name in ("one", "two"))
    dots = Points(Note("two"), (0.5,), (0.5,))
    axes = Axis(Note("x")), Axis(Note("y"))
    figure = drawn(made_chart(panels=(Panel(*axes, (one, two)), Panel(*axes, (dots,)))))
    first, second = figure.axes
    assert [line.get_color() for line in first.lines] == [PENS[0].colour, PENS[1].colour]
    assert second.lines[0].get_color() == PENS[1].colour and second.lines[0].get_marker() == PENS[1].marker


def test_stack__has_a_legend_from_top_to_bottom():
    stack = Stack(("low", "high"), (0.0, 1.0), ((0.4, 0.6), (0.6, 0.4)))
    figure = drawn(made_chart(panels=(Panel(Axis(Note("x")), Axis(Note("y"), ends=(0.0, 1.0)), (stack,)),)))
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["high", "low"]
    lower, upper = figure.axes[0].collections
    assert lower.get_paths()[0].vertices[:, 1].max() == 0.6 and upper.get_paths()[0].vertices[:, 1].max() == 1.0


def test_cells__have_their_figures():
    cells = Cells("", (0.0, 1.0, 2.0), (0.0, 1.0, 2.0), ((0.1, 0.2), (0.3, 0.4)), (("a", "b"), ("c", "d")))
    figure = drawn(made_chart(panels=(Panel(Axis(Note("x")), Axis(Note("y")), (cells,)),)))
    assert {"a", "b", "c", "d"} <= set(texts_of(figure))


def test_ticks__that_would_touch_are_left_out():
    ticks = tuple((float(k), Note(f"a tick of a long name, {k}")) for k in range(11))
    panel = Panel(Axis(Note("x"), ends=(0.0, 10.0), ticks=ticks), Axis(Note("y")), (Line("", (0.0, 10.0), (0.0, 1.0)),))
    figure = drawn(made_chart(panels=(panel,)))
    FigureCanvasAgg(figure).draw()
    boxes = [each.get_window_extent() for each in figure.axes[0].get_xticklabels()]
    assert 2 < len(boxes) < 11 and all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_figures__stand_beside_their_names():
    written = texts_of(drawn(made_chart()))
    assert {"5.0 ± 1.0", "15.0 ± 1.0", "mean: 3.000", "value, USD million"} <= set(written)


def test_wrapped__keeps_what_must_not_begin_a_line():
    def width(text):
        return float(len(text))

    assert wrapped("小型炉（甲、乙）の費用", 5, width) == "小型炉\n（甲、乙）\nの費用"
    assert wrapped("a bb ccc dddd", 6, width) == "a bb\nccc\ndddd"
    assert wrapped("abcdefgh i", 4, width, lines=2) == "abcd\nefg…"
    assert wrapped("7.5% (7.1〜7.9)", 9, width) == "7.5%\n(7.1〜7.9)"
    assert wrapped("", 4, width) == ""


def test_worded__takes_the_title_of_the_language():
    title = Named("smr", (("en", "Reactor"), ("ja", "小型炉")))
    assert [worded(title, language) for language in ("en", "ja")] == ["Reactor", "小型炉"]
    assert worded(Named("smr", (("en", "Reactor"),)), "ja") == "Reactor" and worded(Named("smr"), "ja") == "smr"


def test_japanese__without_a_font_says_which_to_install(monkeypatch):
    chart = made_chart(study=Named("Study", (("ja", "日本の研究"),)))
    fonts.japanese.cache_clear()
    monkeypatch.setattr(fonts.font_manager.fontManager, "ttflist", [])
    monkeypatch.setattr(fonts.font_manager, "findSystemFonts", list)
    with pytest.raises(InputError, match=r"argument lang: .* none is installed; install one, such as fonts-noto-cjk"):
        drawn(chart, "ja")
    fonts.japanese.cache_clear()


def test_japanese__is_drawn_with_letters(monkeypatch):
    if fonts.japanese() is None:
        pytest.skip("no font with Japanese letters is installed")
    drawn_ja = drawn(made_chart(study=Named("Study", (("ja", "日本の研究"),))), "ja")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONWARNINGS", "error")
        assert "日本の研究" in texts_of(drawn_ja)


def test_png__is_as_large_as_it_says__as_a_notebook_shows_it(result):
    with Image.open(io.BytesIO(drawn(CHARTS["fan"].chart(result))._repr_png_())) as image:
        assert image.width == 1280 and image.info["Software"] == "spvrisk plot"
