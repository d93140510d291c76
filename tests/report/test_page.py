"""The page of a report: what it says, that nothing in it can break it, and how its file comes to be."""

import hashlib
import json
import re
from base64 import b64encode
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner
from pages import HOSTILE

import spvrisk
from small_run import write_small
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.experiments.assumptions import assumptions_of
from spvrisk.report.page import contents
from spvrisk.report.words import shown
from spvrisk.views.figures import mean_of
from spvrisk.views.words import amount


class Read(HTMLParser):
    """A page taken apart: elements with their attributes and text, as a browser would find them."""

    def __init__(self, page):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), []))
        if tag not in ("br", "meta", "link"):
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        assert self.elements[self._open[-1]][0] == tag, f"{tag} ends, but is not what is open"
        self._open.pop()

    def handle_data(self, data):
        for number in self._open:
            self.elements[number][2].append(data)

    def all(self, tag, **wanted):
        return [
            (attributes, "".join(texts))
            for name, attributes, texts in self.elements
            if name == tag and all(attributes.get(key.rstrip("_")) == value for key, value in wanted.items())
        ]


@pytest.fixture(scope="module")
def file(made):
    out = made[0].parent / "report.html"
    spvrisk.save_report(*made, out=out)
    return out


@pytest.fixture(scope="module")
def page(file):
    return Read(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def first(made):
    with spvrisk.open(made[0]) as opened:
        yield opened.tables()


def broken(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def answers(page):
    """What the page says in a minute: by question the answer, and what is said besides."""
    (text,) = [text for attributes, text in page.all("section") if attributes["id"] == "minute"]
    questions = [broken(q) for _, q in page.all("h3") if q in text and q.endswith("?")]
    pieces = re.split("|".join(map(re.escape, questions)), broken(text))[1:]
    return dict(zip(questions, pieces, strict=True))


def test_page__is_whole_html_in_its_language(page, file):
    assert page._open == []
    (html,) = page.all("html")
    assert html[0]["lang"] == "en"
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for attributes, _ in page.all("a")]
    assert links and {link.removeprefix("#") for link in links} <= set(ids)
    assert file.stat().st_size < 5_000_000


def test_page__has_its_sections_in_their_order(page):
    found = [attributes["id"] for attributes, _ in page.all("section")]
    assert found == [planned.name for planned in contents._SECTIONS]
    assert [text for _, text in page.all("h2")][1:] == [planned.title.text for planned in contents._SECTIONS]


def test_minute__tells_the_figures_of_the_result(page, first):
    told, table = answers(page), first.summary
    npv = first.series("portfolio", "npv_funder")
    average = mean_of(table, first.labels.series.index(("portfolio", "npv_funder")))
    loss = shown(amount(first.labels, average._replace(value=abs(npv.mean()))))
    assert loss.endswith(" USD million") and f"{loss} on average" in told["What is to be expected?"]
    low, high = np.sort(npv)[[round(400 * 0.05) - 1, round(400 * 0.95) - 1]]
    ends = re.findall(r"(-?[\d,]+)(?:\.\d+)? ± ", told["How bad may it be?"].partition("On the worst")[0])
    assert [float(end.replace(",", "")) for end in ends] == pytest.approx([low, high], rel=0.05, abs=3.0)
    assert "The funder alone" in told["Who bears it?"]


def test_minute__names_the_project_whose_part_of_the_tail_is_largest(page, first):
    values = {name: first.series(name, "npv_funder") for name in first.labels.projects}
    worst = np.argsort(first.series("portfolio", "npv_funder"))[:20]
    losses = {name: -own[worst].mean() for name, own in values.items()}
    largest = max(losses, key=losses.get)
    title = first.labels.project_titles[largest]["en"]
    share = losses[largest] / sum(losses.values())
    assert f"{title}: {share:.0%}".replace("%", " %") in answers(page)["Which project drives the tail?"]


def test_minute__names_the_scenario_that_helps_most(page):
    told = answers(page)["What would help most on average?"]
    assert re.match("The port costs <b>less</b>: (cuts the mean loss|raises the mean gain) by [0-9]", told)
    assert "scenarios that were run on the same draws this does most" in told
    assert "Budget of the port moves most" in answers(page)["Which input matters most?"]


def test_clock__calls_outcomes_and_states_in_words(page):
    (clock,) = [text for attributes, text in page.all("section") if attributes["id"] == "clock"]
    assert "new course" in clock and "trade (at the end)" in clock and "new_course" not in clock


def test_assumptions__are_counted_and_shown_with_what_they_rest_on(page, first):
    (section,) = [text for attributes, text in page.all("section") if attributes["id"] == "assumptions"]
    register = assumptions_of(first)
    counts = f"{register.how_many('checked')} checked, {register.how_many('reported')} reported"
    sure = answers(page)["How sure is that?"]
    judged = f"{register.how_many('judgement')} of {len(register.assumptions)} registered inputs are judgement"
    assert register.assumptions and counts in section and counts in sure and judged in sure
    assert all(each.source in section for each in register.assumptions)


def test_provenance__does_not_tell_where_files_lie(page, made):
    (text,) = [text for attributes, text in page.all("section") if attributes["id"] == "provenance"]
    assert made[0].name in text and str(made[0].parent) not in text


def test_page__asks_nothing_of_any_network(page, file):
    text = file.read_text(encoding="utf-8")
    (policy,) = [a["content"] for a, _ in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and rules["img-src"] == "data:" and "connect-src" not in rules
    scripts = [body for attributes, body in page.all("script") if "type" not in attributes]
    hashes = [b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert rules["script-src"] == " ".join(f"'sha256-{each}'" for each in hashes) and len(scripts) == 2
    addresses = [a[key] for _, a, _ in page.elements for key in ("src", "href") if key in a]
    assert all(address.startswith("#") or address == "data:," for address in addresses)
    assert "@import" not in text and "url(" not in "".join(body for _, body in page.all("style"))


def test_titles__are_text_wherever_they_stand(page):
    tags = {tag for tag, _, _ in page.elements}
    assert "img" not in tags and not [a for _, a, _ in page.elements if any(key.startswith("on") for key in a)]
    data = [json.loads(body) for a, body in page.all("script") if a.get("type") == "application/json"]
    assert len(data) == len(page.all("figure")) + 1
    assert page.all("h1")[0][1] == f"Study {HOSTILE}"
    titles = [text for _, text in page.all("figcaption")]
    assert any(HOSTILE in title for title in titles) and f"Port {HOSTILE}" in [text for _, text in page.all("h3")]
    names = {name for chart in data for panel in chart.get("panels", ()) for name in panel["y"]["names"]}
    assert f"Port {HOSTILE}" in names
    assert any(f"Port {HOSTILE}" in text for _, text in page.all("th"))


def test_charts__have_their_figures_as_tables(page, first):
    """Of the distribution, held against NumPy."""
    (chart,) = [a for a, _ in page.all("figure") if a["id"] == "figure-1"]
    assert chart["aria-labelledby"] == "figure-1-title"
    data = json.loads(next(body for a, body in page.all("script") if a.get("class") == "chart"))
    histograms = [mark for panel in data["panels"] for mark in panel["marks"] if mark["mark"] == "Histogram"]
    values = first.series("portfolio", "npv_funder")
    for mark in histograms:
        counted = np.histogram(values, mark["edges"])[0] / values.size
        assert mark["heights"] == pytest.approx(counted.tolist(), abs=1e-6)
    rows = [a for a, _ in page.all("tr") if "data-at" in a]
    assert len(rows) > 100 and all(np.isfinite(float(a["data-at"])) for a in rows)


def test_page__without_scenarios_tells_what_of_the_world_matters(made, tmp_path):
    spvrisk.save_report(made[0], out=tmp_path / "a.html")
    told = answers(Read((tmp_path / "a.html").read_text(encoding="utf-8")))
    assert "What would help most?" not in told and "No scenarios were given" in told["What would change it?"]


def test_page__of_scenarios_alone_has_what_they_tell(made, tmp_path):
    spvrisk.save_report(made[2], out=tmp_path / "a.html")
    page = Read((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert [a["id"] for a, _ in page.all("section")] == ["minute", "scenarios", "tornado", "provenance"]


def test_page__of_a_result_that_cannot_be_replayed_says_what_is_left_out(tmp_path):
    write_small(tmp_path / "r.h5", n_paths=60)
    spvrisk.save_report(tmp_path / "r.h5", out=tmp_path / "a.html")
    page = Read((tmp_path / "a.html").read_text(encoding="utf-8"))
    by_name = {a["id"]: text for a, text in page.all("section")}
    assert "Left out: " in by_name["story"] and "Left out: " in by_name["tail"]
    assert len(page.all("figure")) >= 6


def test_bytes__are_the_same_for_the_same_results(made, file, tmp_path):
    again = tmp_path / "again.html"
    with spvrisk.open(made[0]) as opened:
        spvrisk.save_report(opened, *made[1:], out=again)
    assert again.read_bytes() == file.read_bytes()


def report(*arguments):
    return CliRunner().invoke(main, ["report", *map(str, arguments)])


def test_command__tells_its_stages_and_where_the_page_is(made, tmp_path):
    out = tmp_path / "a.html"
    done = report(made[0], "-o", out)
    assert (done.exit_code, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert lines[0] == "In a minute ..." and lines[-1] == f"wrote {out}" and "replaying paths ..." in lines


def test_language__is_that_of_the_page(made, tmp_path):
    assert report(made[1], "-o", tmp_path / "a.html", "--lang", "ja").exit_code == 0
    page = Read((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert page.all("html")[0][0]["lang"] == "ja"


def test_file__is_replaced_only_where_it_is_a_report(made, tmp_path):
    out = tmp_path / "a.html"
    assert report(made[1], "-o", out).exit_code == 0
    before = out.read_bytes()
    refused = report(made[1], "-o", out)
    assert refused.exit_code == 2 and "--out: file exists" in refused.stderr
    assert report(made[1], "-o", out, "--overwrite").exit_code == 0 and out.read_bytes() == before
    out.write_text("<!DOCTYPE html>\n<p>my own</p>", encoding="utf-8")
    refused = report(made[1], "-o", out, "--overwrite")
    assert refused.exit_code == 2 and "must be a report" in refused.stderr
    assert "my own" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "a.html"], "RESULT|SCENARIOS...: must name a result, or a dataset of scenarios, got nothing"),
        (["first.h5", "-o", "a.pdf"], "--out: must end with .html or .xlsx, got a.pdf; name e.g. report.html"),
        (["first.h5", "-o", "a.html", "--lang", "fr"], "'fr' is not one of 'en', 'ja'"),
        (["none.h5", "-o", "a.html"], "none.h5: "),
        (["first.h5", "-o", "none/a.html"], "--out: must lie in a folder that exists"),
        (["first.h5"], "Missing option '--out'"),
    ],
)
def test_mistake__is_told_and_nothing_is_written(arguments, said, made, monkeypatch):
    monkeypatch.chdir(made[0].parent)
    before = sorted(made[0].parent.iterdir())
    done = report(*arguments)
    assert done.exit_code == 2 and said in done.stderr and "Traceback" not in done.stderr
    assert sorted(made[0].parent.iterdir()) == before


def test_failure__leaves_nothing_behind(made, tmp_path, monkeypatch):
    def fails(_):
        yield from ()
        raise OSError(28, "No space left on device")

    planned = contents._SECTIONS[-1]._replace(blocks=fails)
    monkeypatch.setattr(contents, "_SECTIONS", (planned,))
    done = report(made[0], "-o", tmp_path / "a.html")
    assert done.exit_code == 1 and "a.html: cannot be written: No space left on device" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"out": 3}, "argument out: must be the name of a file"),
        ({"out": "a.html", "lang": 3}, "argument lang: must be a text"),
        ({"out": "a.html", "overwrite": "no"}, "argument overwrite: must be True or False"),
    ],
)
def test_function__tells_what_an_argument_must_be(arguments, said, made):
    with pytest.raises(InputError, match=said):
        spvrisk.save_report(made[0], **arguments)
