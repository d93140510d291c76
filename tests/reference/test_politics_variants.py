"""The variants with politics: what the clauses promise holds, and each bites, in the study of every clause too."""

import datetime as dt

import numpy as np
import pytest

import reference as ref
from each_venture import ventures
from every_clause import POLITICS_VARIANTS, STUDIES

PATHS = np.arange(100, 180)
CAPPED = [name for name in POLITICS_VARIANTS if name.startswith("call_cap")]


@pytest.fixture(scope="module")
def played(example):
    """Return each variant, and that with every clause: study and simulation."""
    changes = {**POLITICS_VARIANTS, "everything": STUDIES["everything"]}
    found = {name: change(example) for name, change in changes.items()}
    return {name: (study, ref.simulate(study, PATHS)) for name, study in found.items()}


def notes_of(sim, *kinds):
    return [(i, *note) for i, notes in enumerate(sim.notes) for note in notes if note[1] in kinds]


@pytest.mark.parametrize("variant", [*CAPPED, "everything"])
def test_call_cap__binds_and_nothing_is_lost(played, variant):
    study, sim = played[variant]
    cap, head = study["agreement"]["funding"]["annual_call_cap"], study["study"]
    clock = ref.Calendar(head["value_date"], head["steps_per_year"], head["horizon_years"])
    years = np.array([(clock.step_start(t + 1) - dt.timedelta(days=1)).year for t in range(clock.steps)])
    rows = {name: flows for name, _, flows, _ in ventures(sim)}
    called, paid, bridged = (sum(flows[row] for flows in rows.values()) for row in ("called", "capital", "bridged"))
    assert np.allclose(called, paid + bridged)
    by_year = np.array([paid[years == year].sum(axis=0) for year in np.unique(years)])
    assert by_year.max() <= cap + 1e-9
    waiting = np.cumsum(bridged, axis=0)
    used_up = np.array(
        [paid[(years == years[t]) & (np.arange(len(years)) <= t)].sum(axis=0) for t in range(len(years))]
    )
    assert (waiting >= -1e-9).all() and np.allclose(used_up[waiting > 1e-6], cap)
    assert (np.isclose(by_year, cap).any(axis=0)).sum() >= 20
    late = 0
    for _, site, flows, _ in ventures(sim):
        assert np.allclose(flows["spend"], flows["called"] + flows["host_spend"] + flows["lender_spend"])
        assert np.allclose(flows["calls"], flows["capital"] + flows["termination_fee"])
        over = np.minimum(site.completion, site.gone)
        late += ((flows["capital"] > 1e-6) & (sim.times[:, None] - 1 / clock.m > over)).any(axis=0).sum()
    assert late >= 20


def test_call_cap__cancelled_projects_are_paid_for_too(played):
    for variant in ("call_cap_cancelled", "everything"):
        _, sim = played[variant]
        after = 0
        for _, site, flows, _ in ventures(sim):
            ended = np.cumsum(site.settled, axis=0) - site.settled > 0
            after += ((flows["capital"] > 1e-6) & ended).any(axis=0).sum()
        assert after >= 10, variant


@pytest.mark.parametrize("variant", ["consult", "consult_pipelines", "everything"])
def test_consult__every_end_of_talks(played, variant):
    study, sim = played[variant]
    talks, changed = notes_of(sim, "talks"), notes_of(sim, "renegotiated")
    size = study["agreement"]["funding"]["decision"]["consult"]["changes"]["size"]
    ends = {}
    for i, time, _, name in talks:
        ends.setdefault((i, name), time)
    assert len(ends) == len(talks) >= 40  # once a project
    chosen = sim.selections
    states = [(chosen[name].funded[i], chosen[name].declined[i], np.isfinite(chosen[name].stop[i])) for i, name in ends]
    assert states.count((1, 0, 0)) >= 3 and states.count((0, 1, 0)) >= 3
    assert variant == "consult_pipelines" or states.count((0, 0, 1)) >= 3  # by a state that stops calls
    days = [chosen[name].due[i] - time for (i, name), time in ends.items()]
    assert sum(day == 0 for day in days) >= 5 and sum(day > 0.1 for day in days) >= 20
    for i, _, _, name in changed:
        assert chosen[name].funded[i] and chosen[name].more_spread[i] == 0.02
        notice = [note for note in sim.notes[i] if note[1:] == ("cut", name)]
        assert notice or "/" in name or chosen[name].budget[i] <= size * study["projects"][name]["budget"] + 1e-9
    assert len(changed) >= 10
    assert all(
        end[1] != "declined" or end[2] in {n for j, n in ends if j == i}
        for i, notes in enumerate(sim.notes)
        for end in notes
    )


@pytest.mark.parametrize("variant", ["late", "everything"])
def test_late__some_move_and_some_do_not(played, variant):
    _, sim = played[variant]
    late = notes_of(sim, "late")
    assert len({(i, name) for i, *_, name in late}) == len(late) >= 10
    moved = {(i, jump[4]) for i, jumps in enumerate(sim.regimes) for jump in jumps if jump[4].startswith("late:")}
    assert 3 <= len(moved) < len(late)
    delays = {}
    for i, _, _, name in notes_of(sim, "delayed"):
        delays[i, name] = delays.get((i, name), 0) + 1
    assert {key for key, count in delays.items() if count >= 2} == {(i, name) for i, *_, name in late}


@pytest.mark.parametrize("variant", ["scaled_hazards", "scaled_hazards_rulings", "everything"])
def test_scaled_hazards__each_rule_changes_something(played, variant):
    study, sim = played[variant]
    for name, regime in study["regimes"].items():
        for k, rule in enumerate(regime.get("scaled_hazards", [])):
            if variant == "scaled_hazards_rulings" and "count" in rule["when"]:
                continue  # nothing is decided there
            rules = [other for i, other in enumerate(regime["scaled_hazards"]) if i != k]
            less = {**study, "regimes": {**study["regimes"], name: {**regime, "scaled_hazards": rules}}}
            assert ref.simulate(less, PATHS[:30]).regimes != sim.regimes[:30], (name, k)


@pytest.mark.parametrize("variant", ["common_spread", "common_spread_pipelines", "everything"])
def test_common_spread__is_drawn_by_each(played, variant):
    study, sim = played[variant]
    drawn = {}
    for name, _, flows, _ in ventures(sim):
        clause = study["pipelines"][name.split("/")[0]]["template"] if "/" in name else study["projects"][name]
        sofr = np.vstack([np.full(80, sim.factor_start["sofr"]), sim.factors["sofr"][:-1]])
        spread = np.where(flows["rate"] > 0, flows["rate"] - sofr, -np.inf).max(axis=0)
        if (clause.get("split") or {}).get("spread") is None:
            drawn[name] = np.round(spread[np.isfinite(spread)], 9)
    assert len(drawn) >= 2 and all(np.unique(spreads).size >= 50 for spreads in drawn.values())
    for first, second in zip(list(drawn.values())[:-1], list(drawn.values())[1:], strict=True):
        assert not np.intersect1d(first, second).size


def test_politics__streams_and_laws_go_through_the_hooks(example):
    asked, laws = set(), set()

    class Spy(ref.Draws):
        def uniforms(self, name, index, paths):
            asked.add((name, index) if np.ndim(index) == 0 else name)
            return super().uniforms(name, index, paths)

        def scores(self, name, index, paths):
            asked.add((name, index) if np.ndim(index) == 0 else name)
            return super().scores(name, index, paths)

    def law_value(key, law, z):
        laws.add(key)
        return ref.exact_value(key, law, z)

    ref.simulate(STUDIES["everything"](example), np.arange(20), Spy(3), law_value)
    names = {"project/gas/consult", "project/gas/consult_days", "project/quarry/spread", "project/wells/0/spread"}
    assert {(name, 0) for name in names} <= asked
    assert any(("project/" + name + "/trigger", 1) in asked for name in ("gas", "port", "mine", "dock", "quarry"))
    assert {"agreement.funding.decision.consult.days", "projects.quarry.split.spread"} <= laws
