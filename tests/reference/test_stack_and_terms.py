"""The variants with stack, pooling, adjusted shares and catch-up."""

import math

import numpy as np
import pytest

import reference as ref
from each_venture import ventures
from every_clause import SINGLE_VARIANTS, STACK_VARIANTS, with_cumulative, with_split, with_stack

VARIANTS = {**STACK_VARIANTS, **{name: SINGLE_VARIANTS[name] for name in ("policy_share", "book", "book_monthly")}}


@pytest.fixture(scope="module")
def stacks(example):
    """Return each variant of the stack and the terms: its study and its simulation."""
    found = {}
    for name, change in VARIANTS.items():
        study = change(example)
        found[name] = study, ref.simulate(study, np.arange(100, 180))
    return found


@pytest.mark.parametrize("variant", STACK_VARIANTS)
def test_terms__split_and_catch_up_hold(stacks, variant):
    study, sim = stacks[variant]
    split, clause = study["agreement"]["split"], study["agreement"].get("catch_up")
    accounts = sim.accounts.values()
    close = dict(rtol=1e-9, atol=1e-9)
    A = sum(account.flows["available_cash"] for account in accounts)
    funder, host, paid, due = (
        sum(account.rows[row] for account in accounts)
        for row in ("distribution_funder", "distribution_host", "paid", "due")
    )
    assert np.allclose(funder + host, A, **close)
    assert all((account.rows[row] >= -1e-9).all() for account in accounts for row in ("carry", "deemed_balance"))
    if split["mode"] != "none":
        pairs = [(split["first_share"], split["second_share"])]
        if "adjust" in split:
            pairs.append((split["adjust"]["first_share"], split["adjust"]["second_share"]))
        pooled = split.get("pooling") == "umbrella"
        least, most = min(s2 for _, s2 in pairs), max(s1 for s1, _ in pairs)
        for account in accounts:
            rows, cash = account.rows, account.flows["available_cash"]
            own = rows["distribution_funder"] + rows["distribution_host"]
            assert (rows["distribution_funder"] <= most * own + 1e-9).all()
            assert (rows["distribution_funder"] >= least * own - 1e-9).all()
            assert pooled or np.allclose(own, cash, **close)
            assert (rows["paid"] <= rows["due"] + 1e-9).all()
        if pooled:
            adjusted = next(iter(accounts)).adjusted
            s1 = np.where(adjusted, most, split["first_share"])  # at any time, at most
            assert (funder <= s1 * A + 1e-9).all() and (funder >= least * A - 1e-9).all()
            if "adjust" not in split:
                assert np.allclose(paid, np.minimum(split["first_share"] * A, due), **close)
                rest = A - np.minimum(A, due / split["first_share"])
                assert np.allclose(funder, paid + split["second_share"] * rest, **close)
    after = sum(rows["distribution_funder"] for rows in sim.projects.values())
    assert np.allclose(after + sum(rows["distribution_host"] for rows in sim.projects.values()), A, **close)
    if clause is None:
        assert np.array_equal(sim.diverted, 0.0) and np.allclose(after, funder, **close)
        assert "caught_up" not in sim.quantities["portfolio"]
        return
    assert np.allclose(after, funder - sim.diverted, **close)
    assert (sim.diverted >= 0).all() and (sim.diverted <= clause["share"] * funder + 1e-9).all()
    forgone = np.zeros_like(A)
    for chosen in sim.selections.values():
        for i in np.flatnonzero(chosen.declined):
            forgone[round(math.floor(chosen.due[i] * study["study"]["steps_per_year"] + 1e-9)), i] += chosen.budget[i]
    if clause["until"] == "amount":
        assert (np.cumsum(sim.diverted, axis=0) <= np.cumsum(forgone, axis=0) + 1e-9).all()
        left = np.cumsum(forgone, axis=0) - np.cumsum(sim.diverted, axis=0)
        short = sim.diverted < clause["share"] * funder - 1e-9
        assert np.allclose(left[short], 0.0, atol=1e-8)
        assert np.isclose(sim.diverted.sum(axis=0), forgone.sum(axis=0)).sum() >= 5  # some are used up, some are not
        assert (sim.diverted.sum(axis=0) < forgone.sum(axis=0) - 1).sum() >= 5
    else:
        window = round(clause["years"] * study["study"]["steps_per_year"])
        for i in range(A.shape[1]):
            steps = {d + 1 + k for d in np.flatnonzero(forgone[:, i]) for k in range(window)}
            inside = np.isin(np.arange(len(A)), list(steps))
            assert np.allclose(sim.diverted[:, i], np.where(inside, clause["share"] * funder[:, i], 0.0), **close)
    assert (sim.diverted > 1e-9).any(axis=0).sum() >= 8
    factors = ref.discount_factors(study["curves"]["usd"], sim.times)[:, None]
    assert np.allclose(sim.quantities["portfolio"]["caught_up"], (factors * sim.diverted).sum(axis=0))


WITH_STACK = [name for name in VARIANTS if name.startswith(("stack", "everything", "policy_share", "book"))]


def book_losses(study, T, paths):
    """Return what the insurer's book loses, step by step, in the funder's money."""
    out, book, m = np.zeros((T, len(paths))), study["stack"]["insurer"].get("book"), study["study"]["steps_per_year"]
    for t in range(T if book is not None else 0):
        score = ref.Draws(study["run"]["seed"]).scores("insurer/book", t // m, paths)
        left = max(0.0, 1 - t / m / book["run_off_years"])
        out[t] = book["in_force"] * left / m * ref.make_law(book["loss_rate"]).at_score(score)
    return out


@pytest.mark.parametrize("variant", WITH_STACK)
def test_stack__flows_and_balances_hold(stacks, variant):
    study, sim = stacks[variant]
    insurer = study["stack"].get("insurer")
    cover = insurer["cover"] if insurer else 0.0
    for name, site, flows, q in ventures(sim):
        rows = sim.stacks[name]
        K, Y = flows["calls"], flows["distribution_funder"]
        assert np.abs(rows["banks"] + rows["policy_bank"] + rows["insurer"] - (Y - K)).max() <= 1e-9 * (K + Y).max()
        scale = 1e-9 * np.maximum(K.sum(axis=0), 1.0)
        U = rows["due_commercial"] - rows["paid_commercial"] - rows["claimed"]
        assert (np.abs(rows["arrears_unclaimed"] - U) <= scale).all()
        states = [row for row in rows if row.startswith(("balance", "arrears", "taken", "unrepaid", "loan", "claims"))]
        assert all((rows[row] >= -scale).all() and np.isfinite(rows[row]).all() for row in states)
        # what the insurer has taken over is what it paid, less what it recovered
        taken = np.cumsum(rows["claims"] - rows["recoveries"], axis=0)
        assert (np.abs(rows["taken_over"] - taken) <= scale).all()
        assert np.allclose(rows["claims"].sum(axis=0), cover * rows["claimed"][-1])
        for loan, arrears in (("policy", "arrears_policy"), ("commercial", "arrears_unclaimed")):
            owed = rows[f"balance_{loan}"] + rows[arrears]
            owed = owed + (rows["arrears_retained"] if loan == "commercial" else 0.0)
            assert (rows[f"unrepaid_{loan}"] <= np.minimum(owed, np.cumsum(rows[f"call_{loan}"], axis=0)) + scale).all()
        building = np.arange(len(K))[:, None] / study["study"]["steps_per_year"] < site.completion
        ended = np.cumsum(site.settled | (flows["closed"] > 0), axis=0) > 0
        early = building & ~ended
        assert not rows["due_policy"][early].any() and not rows["arrears_policy"][early].any()
        assert not rows["balance_commercial"][ended].any() and not rows["balance_policy"][ended].any()
        if "npv_funder" in q:  # a slot of a pipeline has none
            assert np.allclose(q["npv_banks"] + q["npv_policy_bank"] + q["insurer_net"], q["npv_funder"])
        unfunded = q["funded"] == 0
        assert not any(row[:, unfunded].any() for row in rows.values())
        assert (q["bank_loss"] >= 0).all() and not q["policy_bank_loss"][unfunded].any()
    for quantity in (*ref.STACK_VALUES, *ref.STACK_LOSSES):
        total = sum(sim.quantities[unit][quantity] for unit in sim.projects)
        assert np.allclose(sim.quantities["portfolio"][quantity], total, rtol=1e-9, atol=1e-9), quantity
    assert np.allclose(
        sim.quantities["portfolio"]["npv_funder"],
        sum(sim.quantities["portfolio"][name] for name in ("npv_banks", "npv_policy_bank", "insurer_net")),
    )
    scheme = sim.quantities["scheme"]
    if insurer is None:
        assert "insurer_breach" not in scheme and "insurer_capacity_breach" not in scheme
        assert not sim.quantities["portfolio"]["insurer_claims"].any()
        return
    fx = sim.factors["usdjpy"]
    flow = sum(rows["insurer"] for rows in sim.stacks.values()) * fx - book_losses(study, len(fx), np.arange(100, 180))
    bearable = insurer["capital"] + insurer.get("reserves", 0.0)
    assert np.array_equal(scheme["insurer_breach"], np.cumsum(flow, axis=0).min(axis=0) < -bearable)
    insured = sum(rows["insured"] for rows in sim.stacks.values()) * fx
    assert np.array_equal(scheme["insurer_capacity_breach"], insured.max(axis=0) > insurer["capacity"])
    if cover > 0:
        assert 5 <= scheme["insurer_breach"].sum() <= 75 and 5 <= scheme["insurer_capacity_breach"].sum() <= 75


@pytest.mark.parametrize("variant", WITH_STACK)
def test_stack__every_kind_of_thing_occurs(stacks, variant):
    study, sim = stacks[variant]
    insurer = study["stack"].get("insurer")

    def count(row):
        return [int((rows[row] > 1e-6).any(axis=0).sum()) for rows in sim.stacks.values()]

    assert max(count("arrears_policy")) >= 20 and max(count("late_policy")) >= 20
    assert max(count("equity")) >= 3
    assert (max(count("prepaid")) >= 10) == (study["stack"].get("sweep", 1) > 0)
    if insurer is not None and insurer["cover"] > 0:
        assert max(count("claims")) >= 20 and max(count("recoveries")) >= 4
        assert any(5 <= number <= 75 for number in count("claims"))
    if variant in ("stack_cancelled", "stack_given_up") or variant.startswith("everything"):
        before = after = 0
        for _, site, flows, _ in ventures(sim):
            settled, closed = site.settled.any(axis=0), (flows["closed"] > 0).any(axis=0)
            before, after = before + settled.sum(), after + (closed & ~settled & (site.completion < 8)).sum()
        assert before >= 10 and (after >= 10 or variant == "stack_cancelled")


def test_stack__cover_of_nothing_and_sweep(stacks, example):
    bare, none = stacks["stack_uninsured"][1], stacks["stack_cover_none"][1]
    for quantity in ("npv_banks", "npv_policy_bank", "bank_loss", "policy_bank_loss"):
        assert np.allclose(bare.quantities["portfolio"][quantity], none.quantities["portfolio"][quantity]), quantity
    for name, rows in none.stacks.items():
        kept = rows["arrears_retained"] + rows["arrears_unclaimed"]
        assert np.allclose(kept, bare.stacks[name]["arrears_unclaimed"]) and kept.any()
    # all that is overdue is paid for at once: nothing is late, and the banks lose what is not due by the horizon
    whole = stacks["stack_cover_all"][1]
    for name, rows in whole.stacks.items():
        assert np.abs(rows["late_commercial"]).max() < 1e-9 and rows["taken_over"].any(), name
        lost, uninsured = (s.quantities[name]["bank_loss"] for s in (whole, bare))
        assert (lost <= uninsured + 1e-9).all() and lost.mean() < 0.5 * uninsured.mean()
    # in the end it is one balance that earns at most what the deemed one earns: where the one is paid, so is the other
    study = with_stack(with_split(with_cumulative(example), spread=0.0175), {"premium": 0.01})
    for project in study["projects"].values():
        project.pop("split", None)
    sim = ref.simulate(study, np.arange(100, 180))
    paid = 0
    for name, flows in sim.projects.items():
        rows = sim.stacks[name]
        settled = (flows["deemed_balance"] == 0) & (np.cumsum(flows["capital"], axis=0) > 0)
        assert np.allclose((flows["loan_balance"] + rows["taken_over"])[settled], 0.0, atol=1e-8)
        paid += settled.any(axis=0).sum()
    assert paid >= 40


def test_adjust__some_are_and_some_are_not(stacks):
    for variant, (study, sim) in stacks.items():
        clause = study["agreement"]["split"].get("adjust")
        assert (clause is not None) == any(name.startswith("adjust/") for name in sim.margins)
        if clause is None:
            continue
        done = np.array([np.broadcast_to(site.completion, (80,)) for _, site, _, _ in ventures(sim)])
        accounts = list(sim.accounts.values())
        if study["agreement"]["split"].get("pooling") == "umbrella":
            accounts, done = accounts[:1], done.min(axis=0, keepdims=True)
            assert [name for name in sim.margins if name.startswith("adjust/")] == ["adjust/pool"]
        last = 8 - 1 / study["study"]["steps_per_year"]
        held = [
            (a.adjusted.sum(), (c + clause["after_years"] <= last).sum()) for a, c in zip(accounts, done, strict=True)
        ]
        # a pool with pipelines whose balance is open from the first call on is always adjusted
        spared = 0 if variant == "everything_cumulative" else 3
        assert any(yes >= 10 and tested - yes >= spared for yes, tested in held), (variant, held)


def test_pooling__moves_money_between_projects(stacks, example):
    for variant, mode in (("umbrella", "periodic"), ("umbrella_cumulative", "cumulative")):
        sim = stacks[variant][1]
        alone = ref.simulate(
            with_split(example, mode=mode, interest_before_completion=mode == "periodic"), np.arange(100, 180)
        )
        assert np.array_equal(sim.projects["gas"]["calls"], alone.projects["gas"]["calls"])
        got, was = (sum(rows["distribution_funder"].sum(axis=0) for rows in s.projects.values()) for s in (sim, alone))
        assert (np.abs(got - was) > 1).mean() > 0.5 and (got >= was - 1e-6).mean() > 0.5
        moved = sum(
            np.abs(rows["distribution_funder"] + rows["distribution_host"] - rows["available_cash"]).sum(axis=0)
            for rows in sim.projects.values()
        )
        assert (moved > 1).mean() > 0.9


def test_terms__paths_are_drawn_each_alone(example):
    study = STACK_VARIANTS["everything"](example)
    together, alone = ref.simulate(study, np.array([3, 9, 12])), ref.simulate(study, np.array([9]))
    for unit, quantities in alone.quantities.items():
        for name, value in quantities.items():
            assert np.allclose(value, together.quantities[unit][name][1:2], rtol=1e-12, equal_nan=True), (unit, name)
