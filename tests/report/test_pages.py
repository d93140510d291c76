"""Every page in both languages: no word that no catalogue has, no figure parted from its error, no column lost."""

import re

import pytest
from llvmlite import binding
from rich.cells import cell_len

import spvrisk
from all_pages import SOURCES, all_pages
from make_results import ROOT, STARTER, everything, pipeline
from masked import Masked, words_of
from spvrisk.catalogue import LANGUAGES, Chosen
from spvrisk.plan.inputs import INPUTS
from spvrisk.plan.outputs import OUTPUTS
from spvrisk.report.text import written
from spvrisk.report.words import shown, worded
from spvrisk.views.figures import Estimate, Named, Near, Note, Range, Rate, Share
from spvrisk.views.registry import VIEWS

WIDE = 2000

FAMILIES = "beta discrete exponential fixed lognormal mixture normal pert poisson triangular uniform weibull gamma"
"""Laws as a study names them."""

TECHNICAL = (
    "spvrisk Python NumPy numba LLVM python numpy h5py A made up study processor",  # of benchmarks and results
    "everything pipeline starter base dear same low high Dear works of",  # names of files and scenarios
    "null none true false run output study paths seed score ask gaussian availability",  # keys and values of studies
    "days US JP MW MWh GWh bbl carat unit",  # units of a study's own
    FAMILIES,
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return all_pages(tmp_path_factory.mktemp("pages"))


def titles(page):
    """Titles of studies, projects and scenarios."""
    for figures in page:
        for text in (figures.title, *(row.name for row in figures.rows)):
            named = text.figures[:1] if isinstance(text, Note) else (text,)
            yield from (title for each in named if isinstance(each, Named) for _, title in each.titles)


def own_names(study):
    """Names of a study's parts, states and outcomes."""
    config = study.config
    parts = (config.projects, config.pipelines, config.factors, config.regimes, config.events, config.offtakers)
    names = {name for part in parts for name in part}
    names |= {state for regime in config.regimes.values() for state in regime.states}
    return names | {outcome for event in config.events.values() for outcome in event.outcomes}


def test_pages__show_no_word_that_the_catalogue_lacks(pages, tmp_path, monkeypatch):
    main = spvrisk.load(ROOT / "configs" / "japan_us_2026.yaml")
    studies = (spvrisk.load(STARTER), main, everything(tmp_path), pipeline(tmp_path))
    own = set(" ".join(TECHNICAL).split()).union(*map(own_names, studies))
    own |= {each.name for each in (*OUTPUTS, *INPUTS)} | VIEWS.keys() | {binding.get_host_cpu_name()}
    own |= set(re.findall(r"\w+", " ".join(title for page in pages.values() for title in titles(page))))
    monkeypatch.setattr("spvrisk.catalogue._catalogue", lambda language: Masked())
    found = {}
    for name, page in pages.items():
        if name == SOURCES:
            continue
        words = words_of(written(page, WIDE)) - own
        if words:
            found[name] = sorted(words)
    assert not found, "; ".join(f"{name}: {words}" for name, words in found.items())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_pages__fit_and_lose_nothing(pages, language, width):
    with Chosen(language):
        for name, page in pages.items():
            text = written(page, width)
            assert max(map(cell_len, text.splitlines())) <= width, name
            assert "…" not in text, name
            joined = " ".join(text.split())
            for figures in page:
                for text_of in wanted(figures):
                    assert text_of in joined, (name, text_of)
                for column in figures.columns:
                    head = worded(column.head)
                    assert set(re.findall(r"\w", head)) <= set(joined), (name, head)


def wanted(figures):
    """Figures that must be seen whole: each number with its error, with its unit; ends of an interval together."""
    for row in figures.rows:
        for cell, column in zip(row.cells, figures.columns, strict=True):
            if isinstance(cell, Estimate | Rate | Range | float | int | Near):
                yield shown(cell, column.form)
            elif isinstance(cell, Share):
                yield from shown(cell).split(" (")[:1]
    for note in figures.notes:
        yield from (shown(cell) for cell in note.figures if isinstance(cell, Estimate | Rate | Share | Near))
