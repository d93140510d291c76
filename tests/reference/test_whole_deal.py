"""The variants of the whole deal: cash is conserved, and every kind of decision occurs."""

import numpy as np
import pytest

import reference as ref
from each_venture import ventures
from every_clause import WHOLE_DEAL_VARIANTS


@pytest.fixture(scope="module")
def deals(example):
    """Return each variant of the whole deal: its study and its simulation."""
    found = {}
    for name, change in WHOLE_DEAL_VARIANTS.items():
        study = change(example)
        found[name] = study, ref.simulate(study, np.arange(100, 180))
    return found


def split_terms(study, name):
    project = study["pipelines"][name.split("/")[0]]["template"] if "/" in name else study["projects"][name]
    return ref.split_of(study, project)


@pytest.mark.parametrize("variant", WHOLE_DEAL_VARIANTS)
def test_whole_deal__cash_is_conserved(deals, variant):
    study, sim = deals[variant]

    def change(row):
        return np.diff(row, axis=0, prepend=0.0)

    for name, _, f, q in ventures(sim):
        tolerance = dict(rtol=1e-9, atol=1e-9)
        assert np.allclose(f["spend"], f["capital"] + f["host_spend"] + f["lender_spend"], **tolerance)
        assert np.allclose(f["calls"], f["capital"] + f["termination_fee"], **tolerance)
        costs = f["fuel"] + f["om"] + f["tax"] + f["debt_paid"] + f["fee_paid"]
        owed = change(f["arrears"]) + f["arrears_ended"]
        kept = f["revenue"] - costs + owed + f["salvage"] - f["salvage_to_debt"]
        assert np.allclose(kept, f["available_cash"], **tolerance)
        debt = f["lender_spend"] + f["debt_capitalised"] + f["debt_interest"] - f["debt_paid"] - f["salvage_to_debt"]
        assert np.allclose(change(f["debt_balance"]), debt, **tolerance)
        assert np.allclose(change(f["fee_owed"]), f["fee_part"] - f["fee_paid"], **tolerance)
        A, funder = f["available_cash"], f["distribution_funder"]
        assert np.allclose(funder + f["distribution_host"], A, **tolerance)
        terms = split_terms(study, name)
        assert (funder >= terms["second_share"] * A - 1e-9).all() and (funder <= terms["first_share"] * A + 1e-9).all()
        least = -1e-9
        for row in (*ref.CASH_ROWS, "spend", "capital", "host_spend", "lender_spend", "termination_fee", "carry"):
            assert (f[row] >= least).all(), row
        assert all(np.isfinite(row).all() for row in f.values())
        unfunded = q["funded"] == 0
        assert not any(row[:, unfunded].any() for row_name, row in f.items() if row_name != "rate")
        assert not (q["funded"] * q["declined"]).any() and not (q["completed"] * q["cancelled"]).any()
        assert (q["completed"] <= q["funded"]).all() and not (q["declined"] * q["cancelled"]).any()
    for unit, rows in sim.projects.items():
        parts = sim.slots.get(unit)
        if parts:
            assert np.allclose(rows["calls"], sum(part.flows["calls"] for part in parts))
        assert np.allclose(rows["spend"].sum(axis=0), sim.quantities[unit]["cost"])
    money = ("cost", "npv_funder", "pv_host", "deemed_open", "vendor_margin", "supply_chain_benefit", "developer_fee")
    for quantity in (*money, "funded", "completed", "cancelled", "declined"):
        total = sum(sim.quantities[unit][quantity] for unit in sim.projects)
        assert np.allclose(sim.quantities["portfolio"][quantity], total, rtol=1e-9, atol=1e-9), quantity
    left = sum(s.budget * (1 - s.declined) for s in sim.selections.values())
    assert np.allclose(sim.quantities["scheme"]["net_commitments"], left)


@pytest.mark.parametrize("variant", WHOLE_DEAL_VARIANTS)
def test_whole_deal__every_kind_of_decision_occurs(deals, variant):
    study, sim = deals[variant]
    whole, said = variant.startswith("whole_deal"), {what for path in sim.notes for _, what, _ in path}
    many = 2 if whole else 5

    def on_paths(row):
        return sum((f[row] > 1e-9).any(axis=0) for _, _, f, _ in ventures(sim) if row in f)

    def cancelled_by(cause):
        return sum(site.causes[cause] & (site.funded > 0) for _, site, _, _ in ventures(sim))

    if variant == "selection" or whole:
        wanted = {"no_go_ahead", "waits", "cut", "dropped", "too_late", "notice", "funded", "delayed", "declined"}
        assert wanted | {"stopped", "trigger"} <= said
        assert cancelled_by("world").sum() >= many
        early = sum((site.funded == 0) & np.isfinite(site.stop) for _, site, _, _ in ventures(sim))
        assert early.sum() >= many
        assert sum((0 < site.size) & (site.size < 1) for _, site, _, _ in ventures(sim)).sum() >= many
        delays = [[name for _, what, name in path if what == "delayed"] for path in sim.notes]
        assert sum(len(names) > len(set(names)) for names in delays) >= 2  # one venture, delayed twice
    if variant == "pipelines" or whole:
        assert {"cut", "dropped", "too_late", "waits", "declined"} <= said
        for parts in sim.slots.values():
            assert (sum(part.site.funded for part in parts) >= 2).sum() >= many
            assert (sim.quantities[parts[0].venture.pipeline]["funded"] == 0).sum() >= 1
    if variant == "building" or whole:
        for cause in ("world", "review", "subscription", "cap"):
            assert cancelled_by(cause).sum() >= many, cause
        gas, port = sim.sites["gas"], sim.sites["port"]
        assert on_paths("host_spend").sum() >= many
        assert (gas.spend.sum(axis=0) > 1.3 * gas.budget).sum() >= 2  # beyond the ceiling
        assert (gas.shortfall > 0).sum() >= many and (gas.shortfall == 0).sum() >= many
        assert (port.shortfall > 0).all() and on_paths("salvage").sum() >= many
        assert on_paths("termination_fee").sum() >= many
        assert sum((length > 0).sum() for _, length in gas.standstills) >= many
        assert on_paths("arrears_ended").sum() >= 2 or whole
    if variant == "operating" or whole:
        rows = (
            "arrears closed debt_arrears fee_owed fee_paid losses idle output_defaulted capacity_payment output_credit"
        )
        for row in (*rows.split(), "salvage_to_debt", "tax"):
            assert on_paths(row).sum() >= many, row
        gas = sim.projects["gas"]
        assert (gas["fee_part"].sum(axis=0) > 0).sum() >= many
        open_ = sim.sites["gas"].completion < 7
        assert ((gas["fee_part"].sum(axis=0) == 0) & open_).sum() >= 2
        idle, sold = gas["idle"] > 0, gas["output_merchant"] > 0
        assert idle.any(axis=0).sum() >= many and sold.any(axis=0).sum() >= many
        mine = sim.projects["mine"]
        assert ((mine["closed"][-1] > 0) & (sim.quantities["mine"]["completed"] > 0)).sum() >= many or whole
    if variant == "operating":
        both = (gas["salvage"] - gas["salvage_to_debt"] > 1e-9) & (gas["salvage_to_debt"] > 0)
        assert both.any()
    if variant == "side_flows" or whole:
        assert on_paths("vendor_margin").sum() >= many and on_paths("supply_chain_benefit").sum() >= many
        assert (sim.relief.std(axis=1) > 0).all()


def test_whole_deal__laws_and_streams_go_through_the_hooks(example):
    asked, laws = set(), set()

    class Spy(ref.Draws):
        def uniforms(self, name, index, paths):
            asked.add(("u", name))
            return super().uniforms(name, index, paths)

        def scores(self, name, index, paths):
            asked.add(("z", name))
            return super().scores(name, index, paths)

    def law_value(key, law, z):
        laws.add(key)
        return ref.exact_value(key, law, z)

    ref.simulate(WHOLE_DEAL_VARIANTS["whole_deal"](example), np.arange(40), Spy(3), law_value)
    scores = "size start_delay slip threshold subscription shortfall uplift salvage fee".split()
    assert {("z", f"project/gas/{name}") for name in scores if name != "subscription"} <= asked
    assert {("z", f"project/sites/1/{name}") for name in ("size", "cost", "slip", "shortfall", "subscription")} <= asked
    assert {("u", f"project/gas/{name}") for name in ("go_ahead", "funding", "trigger")} <= asked
    assert {("u", "offtaker/data_centre/default"), ("u", "pipeline/wells/gap"), ("z", "scheme/take_up")} <= asked
    construction = "start_delay uplift review.threshold salvage shortfall spend_curve overrun duration".split()
    assert {f"projects.gas.construction.{name}" for name in construction} <= laws
    assert {
        "projects.gas.go_ahead.size_share",
        "projects.port.construction.subscription.share",
        "projects.gas.operation.developer_fee.amount",
        "agreement.funding.slip",
        "agreement.funding.take_up",
        "pipelines.sites.size",
        "pipelines.sites.template.construction.subscription.share",
        "pipelines.wells.template.operation.contract.price",
    } <= laws


def test_whole_deal__paths_are_drawn_each_alone(example):
    study = WHOLE_DEAL_VARIANTS["whole_deal"](example)
    together, alone = ref.simulate(study, np.array([3, 9, 12])), ref.simulate(study, np.array([9]))
    for unit, quantities in alone.quantities.items():
        for name, value in quantities.items():
            assert np.allclose(value, together.quantities[unit][name][1:2], rtol=1e-13, equal_nan=True), (unit, name)
