"""Reports in Chromium: every chart drawn and whole, controls by mouse and keyboard, nothing fetched, no barrier.

Needs Chromium, Node.js and ``npm ci`` in tools/report. Where one is missing the tests are skipped, unless the
environment variable SPVRISK_BROWSER is ``required``.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pages import HOSTILE, make_files

import spvrisk
from spvrisk.report.page import contents

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
TOOLS = ROOT / "tools" / "report"
WIDTHS = (1280, 400)
PAGES = ("starter", "main")


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """What a browser finds, by page and width."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    if not (node and chromium and (TOOLS / "node_modules" / "playwright-core").is_dir()):
        wanted = "needs Chromium, Node.js and npm ci in tools/report"
        assert os.environ.get("SPVRISK_BROWSER") != "required", wanted
        pytest.skip(wanted)
    folder = tmp_path_factory.mktemp("browser")
    spvrisk.save_report(*make_files(folder), out=folder / "starter.html")
    study = spvrisk.load(ROOT / "configs" / "japan_us_2026.yaml")
    with spvrisk.run(study, paths=2200) as results:
        spvrisk.save_report(results, out=folder / "main.html")
    files = [str(folder / f"{name}.html") for name in PAGES]
    command = [node, str(HERE / "browse.mjs"), str(TOOLS), chromium, ",".join(map(str, WIDTHS)), *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    pages = zip(PAGES, files, strict=True)
    return {(name, width): found[f"{file} {width}"] for name, file in pages for width in WIDTHS}


@pytest.fixture(params=[(name, width) for name in PAGES for width in WIDTHS], ids=lambda each: f"{each[0]}-{each[1]}")
def page(looked, request):
    return looked[request.param]


def test_page__says_nothing_on_the_console_and_asks_for_nothing(page):
    assert (page["said"], page["asked"], page["dialogs"]) == ([], [], [])


def test_page__is_not_scrolled_sideways(page):
    assert (page["wide"], page["open"]) == (0, 0)


def test_chart__is_drawn_has_its_name_and_its_figures(page):
    assert len(page["charts"]) > 12
    for chart in page["charts"]:
        assert chart["panels"] and chart["rows"], chart["title"]
        assert all(panel["shapes"] >= 3 for panel in chart["panels"]), chart["title"]
        assert all(panel["name"].startswith(chart["title"]) for panel in chart["panels"])


def test_chart__nothing_that_is_written_in_it_is_cut_off(page):
    assert {chart["title"]: panel["cut"] for chart in page["charts"] for panel in chart["panels"] if panel["cut"]} == {}


def test_chart__panels_beside_each_other_have_their_rows_beside_each_other(looked):
    rows = [chart for chart in looked["starter", 1280]["charts"] if chart["row"] and chart["shown"]]
    several = [chart for chart in rows if len(chart["panels"]) > 1]
    assert {chart["title"][:6] for chart in several} >= {"Worst ", "second"}
    for chart in several:
        assert len({tuple(panel["place"]) for panel in chart["panels"]}) == 1, chart["title"]


def test_choice__every_option_is_reached_by_keys_one_at_a_time(page):
    assert {choice["id"] for choice in page["choices"]} >= {"loss-of", "given", "path", "tail-of", "parts-of"}
    for choice in page["choices"]:
        seen = [shown for (shown,) in choice["seen"]]
        assert sorted(set(seen)) == sorted(f"{choice['id']}-{i}" for i in range(choice["options"])), choice["id"]


def test_figures__are_read_along_a_chart_by_keys_and_by_the_pointer(page):
    read = page["read"]
    assert (read["home"], read["end"], read["escaped"], read["left"]) == (read["first"], read["last"], None, None)
    assert read["before"][0] == read["before"][1] and read["hovered"] is not None


def test_path__is_reached_by_a_click_on_the_distribution_and_by_a_link(page):
    picks = page["picks"]
    assert len(picks["clicked"]) == 1 and picks["clicked"] == [picks["focused"]]
    assert picks["followed"] == [picks["wanted"].removeprefix("#")] and picks["hash"] == picks["wanted"]


def test_contents__lead_to_every_section(page):
    found = page["contents"]
    assert found["links"] == found["sections"] <= len(contents._SECTIONS) and found["top"]


def test_axe__finds_nothing(page):
    assert page["faults"] == []


def test_titles__are_read_as_they_are(looked):
    assert f"Port {HOSTILE}" in looked["starter", 1280]["text"]


def test_print__is_some_pages_of_paper(looked):
    assert 8 <= looked["starter", 1280]["pages"] <= 20 and 12 <= looked["main", 1280]["pages"] <= 26
