"""Reports in Chromium: every chart drawn and whole, controls by mouse and keyboard, nothing fetched, no barrier.

Needs Chromium, Node.js and ``npm ci`` in tools/report. Where one is missing the tests are skipped, unless the
environment variable SPVRISK_PROGRAMS is ``required``.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from pages import HOSTILE
from programs import needed

import spvrisk
from spvrisk.report.page import contents

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
TOOLS = ROOT / "tools" / "report"
CONFIGS = ROOT / "configs"
UNKNOWN = "\U000ffffe"
"""What browse.mjs has among the characters that no font has, so that it is seen to find them."""


class Look(NamedTuple):
    """A report that is opened: which, in which language, and how wide the screen is."""

    page: str
    lang: str
    width: int


LOOKS = [Look(page, lang, width) for page in ("main", "terms") for lang in ("en", "ja") for width in (1280, 400)]
LOOKS += [Look("starter", "en", 1280), Look("starter", "ja", 400)]
"""``main``: the main study and its safeguards; ``terms``: scenarios alone; ``starter``: titles that may break one."""

WHOLE = LOOKS[-2]
"""The look at which all of a page is searched for barriers, and printed, which takes long."""


@pytest.fixture(scope="module")
def looked(made, tmp_path_factory):
    """What a browser finds, by look."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    there = node and chromium and (TOOLS / "node_modules" / "playwright-core").is_dir()
    needed(there, "Chromium, Node.js and npm ci in tools/report")
    folder = tmp_path_factory.mktemp("browser")
    of = {"starter": made, "main": made_main(folder), "terms": [what_ifs("terms_and_prices", folder)]}
    for page, lang in dict.fromkeys(look[:2] for look in LOOKS):
        spvrisk.save_report(*of[page], out=folder / f"{page}_{lang}.html", lang=lang)
    files = [str(folder / f"{look.page}_{look.lang}.html") for look in LOOKS]
    looks = zip(files, LOOKS, strict=True)
    asked = [{"file": file, "width": look.width, "whole": look == WHOLE} for file, look in looks]
    command = [node, str(HERE / "browse.mjs"), str(TOOLS), chromium, json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return dict(zip(LOOKS, json.loads(done.stdout), strict=True))


def made_main(folder):
    """A result of the main study, and its safeguards."""
    spvrisk.run(spvrisk.load(CONFIGS / "japan_us_2026.yaml"), paths=2200, out=folder / "main.h5").close()
    return [folder / "main.h5", what_ifs("safeguards", folder)]


def what_ifs(name, folder):
    """Scenarios that ship, of a few paths."""
    planned = spvrisk.plan_scenarios(CONFIGS / "scenarios" / f"{name}.yaml", paths=200)
    spvrisk.scenarios(planned, out=folder / f"{name}.h5")
    return folder / f"{name}.h5"


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look.page}-{look.lang}-{look.width}")
def look(request):
    return request.param


@pytest.fixture
def page(looked, look):
    return looked[look]


def test_page__says_nothing_on_the_console_and_asks_for_nothing(page):
    assert (page["said"], page["asked"], page["dialogs"]) == ([], [], [])


def test_page__is_in_its_language_and_no_character_lacks_its_glyph(page, look):
    assert page["language"] == look.lang and page["missing"] == [UNKNOWN]


def test_page__is_not_scrolled_sideways(page):
    assert (page["wide"], page["open"]) == (0, 0)


def test_chart__is_drawn_has_its_name_and_its_figures(page, look):
    assert len(page["charts"]) >= (4 if look.page == "terms" else 13)
    for chart in page["charts"]:
        assert chart["panels"] and chart["rows"], chart["title"]
        assert all(panel["shapes"] >= 3 for panel in chart["panels"]), chart["title"]
        assert all(panel["name"].startswith(chart["title"]) for panel in chart["panels"])


def test_chart__nothing_that_is_written_in_it_is_cut_off(page):
    assert {chart["title"]: panel["cut"] for chart in page["charts"] for panel in chart["panels"] if panel["cut"]} == {}


def test_chart__panels_beside_each_other_have_their_rows_beside_each_other(looked):
    rows = [chart for chart in looked[WHOLE]["charts"] if chart["row"] and chart["shown"]]
    several = [chart for chart in rows if len(chart["panels"]) > 1]
    assert {chart["title"][:6] for chart in several} >= {"Worst ", "second"}
    for chart in several:
        assert len({tuple(panel["place"]) for panel in chart["panels"]}) == 1, chart["title"]


def test_choice__every_option_is_reached_by_keys_one_at_a_time_and_by_the_mouse(page, look):
    of_result = {"loss-of", "given", "path", "tail-of", "parts-of"}
    of_scenarios = {"scenarios-0"}
    wanted = {"main": of_result | of_scenarios, "terms": of_scenarios, "starter": of_result | of_scenarios}
    assert {choice["id"] for choice in page["choices"]} >= wanted[look.page]
    for choice in page["choices"]:
        seen = [shown for (shown,) in choice["seen"]]
        assert sorted(set(seen)) == sorted(f"{choice['id']}-{i}" for i in range(choice["options"])), choice["id"]
        assert choice["last"], choice["id"]


def test_figures__are_read_along_a_chart_by_keys_and_by_the_pointer(page):
    read = page["read"]
    assert (read["home"], read["end"], read["escaped"], read["left"]) == (read["first"], read["last"], None, None)
    assert read["before"][0] == read["before"][1] and read["hovered"] is not None


def test_path__is_reached_by_a_click_on_the_distribution_and_by_a_link(page, look):
    picks = page["picks"]
    if look.page == "terms":
        assert picks is None
        return
    assert len(picks["clicked"]) == 1 and picks["clicked"] == [picks["focused"]]
    assert picks["followed"] == [picks["wanted"].removeprefix("#")] and picks["hash"] == picks["wanted"]


def test_contents__lead_to_every_section(page):
    found = page["contents"]
    assert found["links"] == found["sections"] <= len(contents._SECTIONS) and found["top"]


def test_axe__finds_nothing(page):
    assert page["faults"] == []


def test_titles__are_read_as_they_are(looked):
    assert f"Port {HOSTILE}" in looked[WHOLE]["text"]


def test_print__is_some_pages_of_paper(looked):
    assert 8 <= looked[WHOLE]["pages"] <= 20
