"""Every study that ships loads and runs, and its events can be forced."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import spvrisk
from in_memory import simulate, values_of
from spvrisk.catalogue import LANGUAGES
from spvrisk.config import load
from spvrisk.plan.compile import compile_study
from spvrisk.plan.warnings import warnings_of

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
STUDIES = sorted(CONFIGS.glob("*.yaml"))


def open_events(path):
    return [name for name, event in load(path).study.events.items() if event.outcome is None]


# studies of terms have the events of the main study
WORLDS = [path for path in STUDIES if not path.stem.startswith(("terms_", "near_hurdle_", "no_deal_"))]
EVENTS = [(path, event) for path in WORLDS for event in open_events(path)]


@cache
def values(path, *overrides):
    """Values by path of every quantity, by its unit and name, and the outcomes' names by event."""
    loaded = load(path, overrides)
    plan, labels, _ = compile_study(loaded.study)
    ledger = simulate(plan, labels, 2000, 1)
    assert ledger.sums().n_paths == 2000
    names = {name: list(event.outcomes) for name, event in loaded.study.events.items()}
    return dict(zip(labels.series, values_of(ledger), strict=True)), names


# what cost and time have to say of these two does not depend on how long the plant runs
KNOWN = {
    "nuscale_2023": {"projects.cfpp.operation.life_years": "the horizon (40 years) cuts off the last 28.8 years"},
    "vogtle_2009": {"projects.vogtle.operation.life_years": "the horizon (40 years) cuts off the last 28.0 years"},
}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_configs__warnings_are_known_ones(path):
    assert {warning.path: warning.rule for warning in warnings_of(load(path))} == KNOWN.get(path.stem, {})


def test_configs__there_is_a_main_study():
    assert CONFIGS / "japan_us_2026.yaml" in STUDIES


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_configs__load_and_run(path):
    drawn, _ = values(path)
    assert np.isfinite(drawn["portfolio", "npv_funder"]).all()


@pytest.mark.parametrize(("path", "event"), EVENTS, ids=[f"{path.stem}-{event}" for path, event in EVENTS])
def test_configs__paths_on_which_an_outcome_is_drawn_do_not_change_when_it_is_forced(path, event):
    drawn, names = values(path)
    key = "scheme", f"outcome_{event}"
    for code, outcome in enumerate(names[event][:2]):
        forced, _ = values(path, f"events.{event}.outcome={outcome}")
        as_drawn = drawn[key] == code
        assert 0 < as_drawn.sum() < as_drawn.size
        assert (forced[key] == code).all()
        for series, row in drawn.items():
            np.testing.assert_array_equal(forced[series][as_drawn], row[as_drawn], err_msg=str(series))


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("scenarios/*.yaml")), ids=lambda file: file.stem)
def test_scenarios__that_ship_run(file):
    planned = spvrisk.plan_scenarios(file, paths=64)
    assert not planned.warnings
    found = spvrisk.scenarios(planned)
    assert all(set(LANGUAGES) <= set(outcome.scenario.title) for outcome in found.outcomes)
    assert len(found.outcomes) > 8
    # each of them changes something, but for what the base is already
    same = [outcome.scenario.name for outcome in found.outcomes[1:] if outcome.job_id == found.outcomes[0].job_id]
    assert same in ([], ["japan/gas_4/classes"])


def test_configs__uncertain_inputs_are_drawn_and_run():
    """At a few draws: what 200 of them tell is in docs/validation/uncertainty_2026.md."""
    sets = {"run.uncertainty": {"outer": 4, "inner": 64}}
    with spvrisk.run(spvrisk.load(CONFIGS / "japan_us_2026_uncertain.yaml", sets), paths=64) as results:
        found = results.tables().uncertainty
    assert found.values.shape == (4, len(found.measures)) and found.drawn.shape == (4, len(found.inputs))
    assert len(found.inputs) > 20 and np.isfinite(found.values[:, found.measures.index("npv_funder:mean")]).all()
    assert all(each.title.keys() == {"en", "ja"} and each.confidence == "judgement" for each in found.inputs)
    assert np.ptp(found.drawn, axis=0).min() > 0.0
