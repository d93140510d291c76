"""Views give plain data, under the names by which they are registered."""

import inspect
import math
from datetime import date
from importlib import import_module
from pkgutil import iter_modules

import pytest

import spvrisk
from small_run import LEVELS, make_labels, write_small
from spvrisk import views
from spvrisk.report.words import english
from spvrisk.views.figures import Estimate, Figures, Named, Note, Range, Rate, Share
from spvrisk.views.registry import VIEWS

PIPELINES = ("more",)
OF_RESULTS = [name for name, view in VIEWS.items() if view.of == "result"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("views") / "small.h5"
    write_small(path, make_labels(pipelines=PIPELINES)._replace(features=("stack",)))
    with spvrisk.open(path) as opened:
        yield opened


def plain(cell) -> bool:
    """Whether a cell is data of its kind, undefined numbers as None."""
    if isinstance(cell, Note):
        return isinstance(cell.text, str) and all(map(plain, cell.figures))
    if isinstance(cell, Estimate | Rate | Share | Range):
        return all(part is None or (type(part) is float and not math.isnan(part)) for part in cell)
    if isinstance(cell, Named):
        return isinstance(cell.name, str)
    return cell is None or type(cell) in (str, int, date) or (type(cell) is float and not math.isnan(cell))


@pytest.mark.parametrize("name", OF_RESULTS)
def test_view__is_plain_data(results, name):
    figures = results.view(name)
    assert isinstance(figures, Figures)
    assert all(len(row.cells) == len(figures.columns) for row in figures.rows)
    assert all(plain(cell) for row in figures.rows for cell in row.cells)
    assert all(map(plain, figures.notes))


def test_views__are_all_registered():
    modules = [import_module(f"spvrisk.views.{module.name}") for module in iter_modules(views.__path__)]
    made = {
        function
        for module in modules
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
        if inspect.signature(function).return_annotation is Figures
    }
    helpers = {"changes", "facts", "means"}
    assert len(made) > 20
    assert {function.__name__ for function in made - {view.figures for view in VIEWS.values()}} == helpers


def test_value__has_means_errors_and_quantiles_of_the_summary(results):
    figures, t = results.view("value"), results.tables().summary
    labels = results.tables().labels
    for row in figures.rows[:-1]:
        s = labels.series.index((english(row.name), "npv_funder"))
        mean, sd, low, _, high, p_loss = row.cells
        assert (mean, sd) == (Estimate(t.mean[s], t.mean_se[s]), Estimate(t.sd[s], t.sd_se[s]))
        assert (low, high) == (t.quantile[s, 0], t.quantile[s, -1])
        assert p_loss == Share(t.p_loss[s], t.p_loss_low[s], t.p_loss_high[s])
    assert figures.unit == "USD million" and figures.rows[0].apart


def test_loss__of_the_level_that_is_asked_for(results):
    t, labels = results.tables().summary, results.tables().labels
    for a, level in enumerate(LEVELS):
        first = results.view("loss", level=level).rows[0]
        s = labels.series.index(("portfolio", "npv_funder"))
        assert first.cells[0] == t.value_at_risk[s, a]
    assert results.view("loss") == results.view("loss", level=LEVELS[0])


def test_loss__a_level_that_is_not_there(results):
    with pytest.raises(spvrisk.InputError, match=r"level: must be a level of the result, got 0\.9; .*0\.95"):
        results.view("loss", level="0.9")


def test_headline__agrees_with_the_answer(results):
    table, answer = results.view("headline"), results.view("answer")
    assert [row.cells[0] for row in table.rows[:2]] == [answer.notes[0].figures[i] for i in (0, 2)]


def test_regimes__groups_and_cases(results):
    rows = results.view("regimes").rows
    assert [(english(row.head), english(row.name)) for row in rows][:3] == [
        ("ruling", "upheld"),
        ("ruling", "struck_down"),
        ("ruling", "undefined"),
    ]
    given = results.view("regimes", given="ruling=upheld")
    assert [english(column.head) for column in given.columns] == ["probability"]
    assert given.rows[0].cells == (Share(1.0, *given.rows[0].cells[0][1:]),)


def test_view__unknown_name_is_told(results):
    with pytest.raises(spvrisk.InputError, match="argument name: must be a view of a result, got .valu.; did you mean"):
        results.view("valu")
