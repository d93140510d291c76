"""Pages of one, six and three hundred projects, at every width, in every language, on streams of every kind."""

import io
import re
import sys

import pytest
from rich.cells import cell_len

from small_run import make_labels, write_small
from spvrisk.catalogue import LANGUAGES, Chosen
from spvrisk.cli.output import use_readable
from spvrisk.dataset.read import open_result
from spvrisk.report.text import show, written
from spvrisk.report.words import shown
from spvrisk.views.figures import Estimate, Rate
from spvrisk.views.summary import screen, summary

SIZES = {1: 3000, 6: 3000, 300: 100}
"""Projects, and paths of the result."""

TITLES = {"en": "Gas-fired plant, Ohio", "ja": "オハイオ州のガス火力"}


@pytest.fixture(scope="module", params=SIZES)
def result(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("sizes") / "small.h5"
    labels = make_labels(projects=tuple(f"plant_{i:03d}" for i in range(request.param)))
    labels = labels._replace(project_titles=dict.fromkeys(labels.projects, TITLES), features=("stack",))
    write_small(path, labels, SIZES[request.param])
    return open_result(path)


def figures(page):
    """Numbers with their errors, as they are to be seen."""
    for each in page:
        for row in each.rows:
            cells = zip(row.cells, each.columns, strict=True)
            yield from (shown(cell, column.form) for cell, column in cells if isinstance(cell, Estimate | Rate))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_summary__of_any_size_fits_and_has_every_figure_with_its_error(result, language, width):
    with Chosen(language):
        for page in (screen(result), summary(result)):
            text = written(page, width)
            assert max(map(cell_len, text.splitlines())) <= width and "…" not in text
            joined = " ".join(text.split())
            assert all(figure in joined for figure in figures(page))


@pytest.mark.parametrize("language", LANGUAGES)
def test_screen__is_one_also_of_many_projects(result, language):
    with Chosen(language):
        text = written(screen(result), 80)
        assert len(text.splitlines()) <= 48
        n = len(result.labels.projects)
        assert len(set(re.findall(r"plant_\d+", text))) == min(n, 10)
        assert ("290" in text) == (n == 300)
        assert text.count(TITLES[language]) == min(n, 10)


def test_screen__of_many_has_those_that_lose_most_where_it_is_worst(result):
    text, t = written(screen(result), 80), result.summary
    order = sorted(range(len(result.labels.projects)), key=lambda p: -t.contribution[p, -1])[:10]
    for p in order:
        assert result.labels.projects[p] in text


@pytest.mark.parametrize(
    ("language", "encoding"), [("en", "ascii"), ("en", "cp932"), ("ja", "cp932"), ("ja", "euc-jp")]
)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_streams__of_other_encodings_keep_the_columns(result, language, encoding, width, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    use_readable()
    with Chosen(language):
        show(screen(result), width)
        stream.seek(0)
        text = stream.read()
        plain = "+-" if encoding == "ascii" else "±"
        found = [figure.replace("±", plain) for figure in figures(screen(result))]
    assert max(map(cell_len, text.splitlines())) <= width
    assert "?" not in text and all(figure in text for figure in found)
