"""The variants with one clause each: the clause bites, and in the study of every clause too."""

import numpy as np
import pytest

import reference as ref
from each_venture import ventures
from every_clause import SINGLE_VARIANTS, STUDIES


@pytest.fixture(scope="module")
def played(example):
    """Return each variant with a single clause, and that with all of them: study and simulation."""
    changes = {**SINGLE_VARIANTS, "everything": STUDIES["everything"]}
    found = {name: change(example) for name, change in changes.items()}
    return {name: (study, ref.simulate(study, np.arange(100, 180))) for name, study in found.items()}


@pytest.mark.parametrize("variant", SINGLE_VARIANTS)
def test_single_clause__cash_is_conserved(played, variant):
    study, sim = played[variant]
    cash, split = (
        sum(sum(flows[row] for row in rows) for _, _, flows, _ in ventures(sim))
        for rows in (("available_cash",), ("distribution_funder", "distribution_host"))
    )
    assert np.allclose(cash, split)
    for _, _, flows, q in ventures(sim):
        assert np.allclose(flows["spend"].sum(axis=0), q["cost"])
        assert np.allclose(np.diff(flows["fee_owed"], axis=0, prepend=0), flows["fee_part"] - flows["fee_paid"])


@pytest.mark.parametrize("variant", ["start_delays", "start_delays_pipelines", "everything"])
def test_start_delays__plans_contain_a_part(played, variant):
    study, sim = played[variant]
    early, late = (
        sum((s.start < s.plan_start).sum() for s in sim.sites.values()),
        sum((np.isfinite(s.start) & (s.start > s.plan_start)).sum() for s in sim.sites.values()),
    )
    assert early >= 10 and late >= 10
    if variant == "start_delays":
        lags = [np.unique(np.round(s.start - s.plan_start, 9)).size for s in sim.sites.values()]
        assert lags == [80, 80, 80]  # a draw on each path, against one planned date


@pytest.mark.parametrize("variant", ["reviews", "reviews_monthly", "everything"])
def test_reviews__stop_some_and_spare_some_that_the_whole_cost_would_stop(played, variant):
    study, sim = played[variant]
    stopped = sum((s.causes["review"] & (s.funded > 0)).sum() for s in sim.sites.values())
    assert 5 <= stopped < 0.9 * 80 * len(sim.sites)
    if variant == "reviews":
        limit = study["projects"]["port"]["construction"]["review"]["threshold"]
        site = sim.sites["port"]
        spared = (site.overrun > 1.1 * limit) & np.isfinite(site.completion) & (site.progress[5] > 0)
        assert spared.sum() >= 2 and site.causes["review"].sum() >= 5


@pytest.mark.parametrize("variant", ["spreads", "spreads_cumulative", "everything"])
def test_spreads__are_drawn_for_each_and_cut_at_no_interest(played, variant):
    _, sim = played[variant]
    rates = {name: rows["rate"] for name, rows in sim.projects.items() if name in ("gas", "port", "mine")}
    sofr = np.vstack([np.full(80, sim.factor_start["sofr"]), sim.factors["sofr"][:-1]])
    for name, own in rates.items():
        highest, lowest = (
            np.where(own > 0, own - sofr, -np.inf).max(axis=0),
            np.where(own > 0, own - sofr, np.inf).min(axis=0),
        )
        some = (own > 0).any(axis=0)
        assert (highest - lowest)[some].max() < 1e-12  # one spread a path
        assert (np.unique(np.round(lowest[some], 9)).size > 60) == (name != "port")
    assert (rates["mine"] == 0).any(axis=0).sum() >= 5


@pytest.mark.parametrize("variant", ["fee_years", "everything"])
def test_fee_years__are_more_or_fewer(played, variant):
    _, sim = played[variant]
    steps = (sim.projects["gas"]["fee_part"] > 0).sum(axis=0)
    assert np.unique(steps[steps > 0]).size >= 4


@pytest.mark.parametrize("variant", ["policy_share", "everything"])
def test_policy_share__is_one_for_all_and_takes_its_ends(played, variant):
    study, sim = played[variant]
    loans = study["stack"]["policy_loan"]["share"] + study["stack"]["commercial_loan"]["share"]
    found = {}
    for name, rows in sim.stacks.items():
        policy, banks = rows["call_policy"].sum(axis=0), rows["call_commercial"].sum(axis=0)
        for i in np.flatnonzero(policy + banks > 0):
            found.setdefault(i, []).append(policy[i] / (policy + banks)[i])
        calls = next(flows["calls"] for other, _, flows, _ in ventures(sim) if other == name)
        assert np.allclose(rows["call_policy"] + rows["call_commercial"], loans * calls)
    assert all(np.ptp(shares) < 1e-12 for shares in found.values())
    ends = np.array([shares[0] for shares in found.values()])
    assert (ends == 0).sum() >= 2 and (ends == 1).sum() >= 2 and ((ends > 0) & (ends < 1)).sum() >= 50


@pytest.mark.parametrize("variant", ["book", "book_monthly", "everything"])
def test_book__decides_on_some_paths(played, variant):
    study, sim = played[variant]
    insurer = study["stack"]["insurer"]
    flow = np.cumsum(sum(rows["insurer"] for rows in sim.stacks.values()) * sim.factors["usdjpy"], axis=0)
    without = flow.min(axis=0) < -(insurer["capital"] + insurer["reserves"])
    broken = sim.quantities["scheme"]["insurer_breach"] > 0
    assert (broken & ~without).sum() >= 1 and (broken != without).sum() < 80 and (~broken).sum() >= 5


@pytest.mark.parametrize("variant", ["entries", "entries_yearly", "everything"])
def test_entries__every_way_in_and_every_outcome(played, variant):
    study, sim = played[variant]
    causes = set()
    for name, event in study["events"].items():
        after = event["date"].get("after") if isinstance(event["date"], dict) else None
        if not isinstance(after, dict):
            continue
        ((regime, state),) = after["enters"].items()
        seen = np.unique(sim.outcomes[name][sim.outcomes[name] >= 0])
        assert len(seen) == (1 if "outcome" in event else len(event["outcomes"])), name
        for i, jumps in enumerate(sim.regimes):
            entries = [(time, cause) for time, r, _, to, cause in jumps if (r, to) == (regime, state)]
            assert (sim.outcomes[name][i] < 0) or entries[0][0] <= sim.happened[name][i]
            causes |= {cause.partition(":")[0] for _, cause in entries[:1]}
            if event["date"]["days"] == 0 and entries:
                day = 1 / 350 if entries[0][1] == "hazard" else 0.0
                assert 0 <= sim.happened[name][i] - entries[0][0] <= day or entries[0][0] > 8 - 1 / 350
    assert {"clock", "event", "hazard"} <= causes and ("decline" in causes) == (variant == "everything")
    assert sim.outcomes["hearing"].size and (sim.happened["alarm"] == sim.happened["hearing"]).sum() >= 2


def test_single_clauses__streams_and_laws_go_through_the_hooks(example):
    asked, laws = set(), set()

    class Spy(ref.Draws):
        def scores(self, name, index, paths):
            asked.add((name, np.size(index)))
            return super().scores(name, index, paths)

    def law_value(key, law, z):
        laws.add(key)
        return ref.exact_value(key, law, z)

    ref.simulate(STUDIES["everything"](example), np.arange(4), Spy(3), law_value)
    once = "project/gas/spread project/wells/1/spread project/port/fee_years stack/policy_share event/retort/delay"
    assert {(name, 1) for name in once.split()} | {("insurer/book", 8)} <= asked
    assert {
        "projects.gas.split.spread",
        "pipelines.wells.template.split.spread",
        "projects.port.operation.developer_fee.years",
        "stack.policy_share",
        "stack.insurer.book.loss_rate",
        "events.retort.date",
    } <= laws
