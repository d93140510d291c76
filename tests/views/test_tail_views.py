"""What tails are made of, and whether they hold enough paths, as the commands show it."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.measures.sample import Sample, shortfall
from spvrisk.measures.tail_size import TailSize
from spvrisk.report.words import english, sentence
from spvrisk.views.tails import thin

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
MAIN = Path(__file__).parents[2] / "configs" / "japan_us_2026.yaml"


def run(paths, out=None, changes=None):
    return spvrisk.run(spvrisk.load(STARTER, changes or {}), paths=paths, out=out)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tails") / "starter.h5"
    run(3000, path).close()
    return path


@pytest.fixture(scope="module")
def results(file):
    with spvrisk.open(file) as opened:
        yield opened


def show(*arguments):
    done = CliRunner().invoke(main, ["summary", *map(str, arguments)], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def test_parts__of_each_group_add_up_to_the_summary_s(results):
    figures, table = results.view("parts", level="0.95"), results.view("loss", level="0.95")
    whole = figures.rows[0]
    assert whole.cells[0].value == pytest.approx(table.rows[0].cells[2].value, rel=1e-12)
    assert whole.cells[2].value == table.rows[0].cells[0]
    groups = dict.fromkeys(english(row.head) for row in figures.rows[1:])
    assert list(groups) == ["projects", "election"]
    for group in groups:
        rows = [row for row in figures.rows if english(row.head) == group]
        for column, total in ((0, whole.cells[0].value), (1, 1.0), (2, whole.cells[2].value)):
            assert sum(row.cells[column].value for row in rows) == pytest.approx(total, rel=1e-9)
    npv = results.values("npv_funder")
    worst = np.argsort(npv, kind="stable")[:150]
    on = results.values("outcome_election")[worst] == 1
    row = next(row for row in figures.rows if english(row.name) == "new_course")
    assert row.cells[0].value == pytest.approx(-npv[worst][on].sum() / 150)
    # those of projects are the ones that the file holds, whose errors know the tail's paths alone
    stored = {english(row.name): row.cells[3] for row in table.rows[1:]}
    for row in figures.rows[1:3]:
        assert row.cells[0].value == pytest.approx(stored[english(row.name)].value, rel=1e-9)
        assert row.cells[0].error == pytest.approx(stored[english(row.name)].error, rel=0.1)


def test_alone__diversification_is_the_sum_less_the_whole(results):
    figures = results.view("alone", level="0.9")
    rows = {english(row.name): row.cells for row in figures.rows}
    for column in (0, 1):
        together = sum(rows[name][column].value for name in ("gas_plant", "port"))
        assert rows["all of them"][column].value == pytest.approx(together)
        assert rows["diversified"][column].value == pytest.approx(together - rows["portfolio"][column].value)
        assert 0 < rows["diversified"][column].error < rows["portfolio"][column].error
    npv = results.values("npv_funder")
    without = npv - results.values("npv_funder", "port")
    added = shortfall(Sample(npv), "0.9").value - shortfall(Sample(without), "0.9").value
    assert rows["port"][3].value == pytest.approx(added)
    low, high = rows["portfolio"][2]
    assert low < rows["portfolio"][1].value < high


@pytest.mark.parametrize(("study", "project"), [(STARTER, "port"), (MAIN, "smr")])
def test_added__is_what_a_scenario_without_the_project_changes(study, project, tmp_path):
    """Flows add up, nothing is selected, and no hazard reads what becomes of a funding."""
    shutil.copytree(study.parent, tmp_path / "studies", ignore=shutil.ignore_patterns("*.xz"))
    file = tmp_path / "studies" / "without.yaml"
    base = study.name
    if study == MAIN:
        base, read = "blind.yaml", "{general: {scaled_hazards: []}, deal: {scaled_hazards: []}}"
        late = "agreement: {funding: {decision: {late: null}}}"
        (tmp_path / "studies" / base).write_text(f"include: [{study.name}]\n{late}\nregimes: {read}\n")
    file.write_text(f"{{base: {base}, scenarios: {{without: {{projects.{project}: null}}}}}}")
    measures = ["npv_funder:es@0.95", *(f"{project}/npv_funder:{name}@0.95" for name in ("es_added", "es_part"))]
    found = spvrisk.scenarios(spvrisk.plan_scenarios(file, paths=2000, of=measures))
    base, without = found.outcomes
    assert without.changes[0].value == pytest.approx(-base.values[1], rel=1e-9)
    assert without.changes[0].error == pytest.approx(base.errors[1], rel=1e-6)
    assert np.isnan(without.values[1:]).all()
    assert [name for name, _ in found.tails] == ["base", "without"]


def test_scenarios__of_parts_alone_have_the_whole_too(tmp_path):
    (tmp_path / "study.yaml").write_bytes(STARTER.read_bytes())
    file = tmp_path / "dear.yaml"
    file.write_text("{base: study.yaml, scenarios: {dear: {projects.port.budget: {times: 1.5}}}}")
    found = spvrisk.scenarios(spvrisk.plan_scenarios(file, paths=2000, of=["port/npv_funder:var_part@0.95"]))
    assert found.outcomes[1].changes[0].value > 0 and not found.tails


def test_regimes__says_how_many_paths_their_shortfalls_need(results):
    (note,) = results.view("regimes").notes
    assert re.search("too small: some [1-9][0-9],000 paths would do", sentence(note))


def test_views__under_a_condition_are_of_its_paths(results):
    on = results.values("outcome_election") == 0
    figures = results.view("parts", given="election=same_course", level="0.95")
    assert figures.rows[0].cells[0].value == pytest.approx(
        shortfall(Sample(results.values("npv_funder")[on]), "0.95").value
    )
    assert {english(row.head) for row in figures.rows[1:]} == {"projects"}


@pytest.mark.parametrize(
    ("tails", "says"),
    [
        (
            [("", TailSize("0.99", 20.0, 0.0))],
            "The worst 1 % are 20 paths: too few for a sound error of their mean; 5,000 paths",
        ),
        (
            [("smr", TailSize("0.99", 60.0, 0.3))],
            r"The worst 1 % are 60 paths of a heavy tail \(smr\): .* 20,000 paths",
        ),
        ([("", TailSize("0.95", 60.0, 0.3))], "The worst 5 % are 60 paths of a heavy tail: .* 4,000 paths would do."),
        ([(x, TailSize("0.95", 60.0, 0.3)) for x in "abcde"], "heavy tail (a, b, c, 2 more)"),
        ([("a{0}", TailSize("0.95", 60.0, 0.3))], "heavy tail (a{0})"),
    ],
)
def test_thin__says_how_many_paths_would_be_enough(tails, says):
    (note,) = thin(tails)
    assert re.match(says, sentence(note)) or says in sentence(note)


def test_thin__says_nothing_of_what_is_enough():
    assert not list(thin([("", TailSize("0.99", 50.0, 0.0)), ("", None), ("", TailSize("0.99", 200.0, 0.4))]))


def test_summary__warns_of_thin_tails(file, results):
    code, out, _ = show(file)
    assert code == 0 and "The worst 1 % are 30 paths" in " ".join(out.split())
    found = json.loads(show(file, "--json")[1])
    assert [text[:30] for text in found["warnings"]] == [
        "The worst 5 % are 150 paths of",
        "The worst 1 % are 30 paths of ",
    ]
    assert any("The worst 1 %" in sentence(note) for note in results.view("headline").notes)


def test_summary__shows_views_by_name(file):
    code, out, _ = show(file, "--show", "parts", "--show", "alone", "--level", "0.9")
    assert code == 0 and "What makes the loss at 90 %" in out and "Loss of each project by itself at 90 %" in out
    assert "Status" not in out
    found = json.loads(show(file, "--show", "parts", "--json")[1])
    assert found["schema"] == "spvrisk.views/1" and found["views"]["parts"]["rows"][0]["name"] == "portfolio"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--show", "pats"], 'must be a view of a result, got "pats"; did you mean parts?'),
        (
            ["--show", "parts", "--level", "1.5"],
            "--level: must be a decimal number between 0 and 1, got 1.5; write 0.015 for 1.5 %",
        ),
        (["--level", "0.9"], "--level: is of tables of --show, got 0.9; name a table, e.g. --show parts"),
        (["--show", "status", "--level", "0.9"], "--level: is not a choice of the view status"),
    ],
)
def test_summary__refuses_with_a_remedy(file, arguments, says):
    code, out, err = show(file, *arguments)
    assert (code, out) == (2, "") and says in " ".join(err.split())


def test_parts__of_a_file_that_keeps_nothing_by_path(tmp_path):
    out = tmp_path / "bare.h5"
    run(300, out, {"output.paths": ["portfolio.npv_funder"]}).close()
    code, _, err = show(out, "--show", "parts")
    assert code == 2 and "npv_funder" in err and "output.paths" in err


def test_parts__groups_that_are_not_kept_by_path_are_left_out_and_named(tmp_path):
    out = tmp_path / "few.h5"
    run(400, out, {"output.paths": ["npv_funder"]}).close()
    code, shown, _ = show(out, "--show", "parts", "--level", "0.9")
    assert code == 0 and "projects" in shown and "new_course" not in shown
    assert "Left out, election: the file does not keep outcome_election by path." in " ".join(shown.split())
    code, _, err = show(out, "--show", "parts", "--given", "election=new_course")
    assert code == 2 and "run the study with outcome_election in output.paths" in " ".join(err.split())


def test_levels__are_the_same_as_numbers_and_as_digits(results):
    assert results.view("alone", level=0.00005) == results.view("alone", level="0.000050")
    (point,) = spvrisk.curve(results, levels=[0.00005]).points
    assert point.probability == "0.00005"
