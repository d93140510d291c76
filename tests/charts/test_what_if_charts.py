"""Pictures of scenarios, against the dataset as xarray reads it."""

import h5py
import numpy as np
import pytest
import xarray
from scipy import stats

import spvrisk
from decision_runs import STARTER
from spvrisk.charts.chart import Bars, Points, Reference
from spvrisk.charts.registry import CHARTS
from spvrisk.charts.what_ifs import Outcomes, effect, furthest, outcomes_of
from spvrisk.dataset.scenarios import lacking, read
from spvrisk.errors import InputError
from spvrisk.measures.named import measure_of
from spvrisk.report.words import sentence
from spvrisk.views.figures import Named

TEXT = """
base: starter.yaml
paths: 600
measures: [npv_funder:p_loss, npv_funder:mean, port/npv_funder:es@0.95]
scenarios:
  dear: {title: {en: "A dear port", ja: "高い港湾"}, projects.port.budget: {times: 1.5}}
  cheap: {projects.*.budget: {times: 0.9}}
tornado:
  projects.port.budget: {title: {en: "Budget of the port", ja: "港湾の予算"}, low: {times: 0.8}, high: {times: 1.3}}
  projects.gas_plant.construction.duration: {low: {times: 0.9}, high: {times: 1.2}}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("what_ifs")
    (folder / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "w.yaml").write_text(TEXT, encoding="utf-8")
    planned = spvrisk.plan_scenarios(folder / "w.yaml")
    return spvrisk.scenarios(planned, on=spvrisk.Threads(1), out=folder / "w.h5"), folder / "w.h5"


@pytest.fixture
def dataset(file):
    with xarray.open_dataset(file[1]) as opened:
        yield opened


def test_read__gives_back_what_was_written(file):
    found, path = file
    written, back = found.combined(), read(path)
    assert back[1:] == written[1:] and len(back.variables) == len(written.variables)
    for own, other in zip(written.variables, back.variables, strict=True):
        assert own[:4] == other[:4] and np.array_equal(own.data, other.data, equal_nan=own.data.dtype != object)


def test_scenarios__have_their_changes_with_intervals(file, dataset):
    found = CHARTS["scenarios"].chart(read(file[1]))
    names = found.panels[0].y.names
    assert [name.name for name in names] == ["dear", "cheap"]
    assert [dict(name.titles) for name in names] == [{"en": "A dear port", "ja": "高い港湾"}, {}]
    for panel, measure in zip(found.panels, ("npv_funder:mean", "port/npv_funder:es@0.95"), strict=True):
        (points,), (base,) = ([m for m in panel.marks if isinstance(m, kind)] for kind in (Points, Reference))
        of = dataset.sel(measure=measure)
        changes = of.change.sel(scenario=["dear", "cheap"]).values
        assert points.x == tuple(changes) and base.at == 0.0
        half = stats.norm.ppf(0.975) * of.change_error.sel(scenario=["dear", "cheap"]).values
        assert np.array(points.high) == pytest.approx(changes + half) and points.y == (0.0, 1.0)
        assert base.label.figures[0].value == of.value.sel(scenario="base").item()
    assert sentence(found.panels[1].title) == "port: funder's net present value, expected shortfall 95 %"
    largest = dataset.change.sel(measure="npv_funder:mean", scenario=["dear", "cheap"])
    i = int(abs(largest.values).argmax())
    change, base = largest.values[i], dataset.value.sel(measure="npv_funder:mean", scenario="base").item()
    verb = "cuts" if (change > 0.0) == (base < 0.0) else "raises"
    start = f"{('dear', 'cheap')[i]}: {verb} the mean {'loss' if base < 0.0 else 'gain'} by "
    said = sentence(found.title)
    size = said.removeprefix(start).partition(" ± ")[0]
    assert (
        said.startswith(start)
        and said.endswith(", the largest change")
        and float(size.replace(",", "")) == pytest.approx(abs(change), rel=0.01)
    )


@pytest.mark.parametrize(
    ("measure", "base", "change", "said"),
    [
        ("npv_funder:mean", -50.0, 20.0, "other: cuts the mean loss by 20.0 ± 1.0"),
        ("npv_funder:mean", -50.0, -20.0, "other: raises the mean loss by 20.0 ± 1.0"),
        ("npv_funder:mean", 50.0, 20.0, "other: raises the mean gain by 20.0 ± 1.0"),
        ("npv_funder:es@0.95", 50.0, -20.0, "other: cuts the mean loss of the worst 5 % by 20.0 ± 1.0"),
        ("npv_funder:es@0.95", 50.0, 20.0, "other: raises the mean loss of the worst 5 % by 20.0 ± 1.0"),
        ("npv_funder:es@0.95", -50.0, 20.0, "other: cuts the mean gain of the worst 5 % by 20.0 ± 1.0"),
    ],
)
def test_effect__is_said_in_the_direction_of_the_loss(file, measure, base, change, said):
    held, of = read(file[1]), measure_of(measure, read(file[1]).labels, "of")
    value, moved = np.array([[base], [base + change]]), np.array([[0.0], [change]])
    outcomes = Outcomes((Named("base"), Named("other")), ({}, {}), (of,), value, value, moved, np.ones((2, 1)))
    assert sentence(effect(held, outcomes, 1, 0)) == f"{said} USD million"
    helps = 1 if "cuts the mean loss" in said or "raises the mean gain" in said else -1
    assert furthest(outcomes, [1], 0, helps) == 1 and furthest(outcomes, [1], 0, -helps) is None


def test_scenarios__of_one_measure(file, dataset):
    (panel,) = CHARTS["scenarios"].chart(read(file[1]), of="npv_funder:p_loss").panels
    assert panel.x.percent and sentence(panel.title) == "funder's net present value, P(loss)"
    with pytest.raises(InputError, match=r"argument of: must be a measure of the dataset, got npv:mean; did you mean"):
        CHARTS["scenarios"].chart(read(file[1]), of="npv:mean")


def test_tornado__has_the_largest_swing_first(file, dataset):
    found = CHARTS["tornado"].chart(read(file[1]), of="npv_funder:mean")
    low, high = (mark for mark in found.panels[0].marks if isinstance(mark, Bars))
    of = dataset.sel(measure="npv_funder:mean")
    paths = [name.name for name in found.panels[0].y.names]
    swings = {path: of.value.sel(scenario=f"{path} high") - of.value.sel(scenario=f"{path} low") for path in paths}
    assert paths == sorted(swings, key=lambda path: -abs(swings[path].item())) and len(paths) == 2
    for bars, end in ((low, "low"), (high, "high")):
        ends = [of.value.sel(scenario=f"{path} {end}").item() for path in paths]
        assert bars.value == pytest.approx(ends) and bars.role == end
        assert bars.base == (of.value.sel(scenario="base").item(),) * 2
    titles = {name.name: dict(name.titles) for name in found.panels[0].y.names}
    port = {"en": "Budget of the port", "ja": "港湾の予算"}
    assert titles == {"projects.port.budget": port, "projects.gas_plant.construction.duration": {}}


def test_what_ifs__without_what_is_asked_for(file):
    found = file[0]
    with pytest.raises(InputError, match=r"must be of a dataset that has a tornado; draw scenarios, or run"):
        CHARTS["tornado"].chart(found._replace(outcomes=found.outcomes[:3]).combined())
    with pytest.raises(InputError, match=r"must be of a dataset that has scenarios beside the base; draw tornado"):
        CHARTS["scenarios"].chart(found._replace(outcomes=found.outcomes[:1]).combined())


@pytest.mark.parametrize("name", ["value", "measure", "provenance/labels_json"])
def test_read__of_a_file_that_lacks_something_is_refused(file, tmp_path, name):
    broken = tmp_path / "broken.h5"
    broken.write_bytes(file[1].read_bytes())
    with h5py.File(broken, "r+") as opened:
        kept = opened[name][:1]
        del opened[name]
        if name == "value":
            opened[name] = kept
    with pytest.raises(InputError, match="is damaged"):
        read(broken)


@pytest.fixture
def older(file, tmp_path):
    """A dataset of a version that kept English titles alone."""
    older = tmp_path / "older.h5"
    older.write_bytes(file[1].read_bytes())
    with h5py.File(older, "r+") as opened:
        del opened["titles"]
    return older


def test_read__of_an_older_file_has_its_english_titles(file, older):
    base, dear, cheap = outcomes_of(read(older)).names[:3]
    title = file[0].labels.title["en"]
    assert [each.titles for each in (base, dear, cheap)] == [(("en", title),), (("en", "A dear port"),), ()]
    assert lacking(older) == lacking(file[1]) == []


@pytest.mark.parametrize(
    ("name", "text"), [("titles", b"[]"), ("titles", b'{"en": 1}'), ("axes", b"{"), ("axes", b"1")]
)
def test_read__of_a_file_whose_texts_are_no_maps_is_refused(file, tmp_path, name, text):
    broken = tmp_path / "broken.h5"
    broken.write_bytes(file[1].read_bytes())
    with h5py.File(broken, "r+") as opened:
        width = opened[name].shape[1]
        opened[name][1] = np.frombuffer(text.ljust(width, b"\0"), "S1")
    with pytest.raises(InputError, match="is damaged"):
        read(broken)
