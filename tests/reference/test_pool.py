"""Pooling, adjusted shares and catch-up on paper."""

import datetime as dt

import numpy as np
import pytest
from scipy import special

import reference as ref
from paper_deal import decided, drawn, paper_study, play, two_more


def split_together(A, K, completions, m=1, rate=0.08, own=(), **terms):
    """Split the cash of projects of one path, operating for ever; return each one's rows and the margins."""
    base = dict(mode="periodic", first_share=0.5, second_share=0.1, reference_rate="r", spread=0.02)
    base |= dict(deemed_life_years=2) | terms
    T = len(A[0])
    ends = np.arange(1, T + 1)[:, None] / m
    ctx = ref.Context(
        {"agreement": {"split": base}},
        ref.Calendar(dt.date(2026, 3, 31), m, T / m),
        np.arange(1),
        None,
        None,
        ref.Factors({"r": np.full((T, 1), rate)}, {"r": rate}, {}, None),
        None,
    )
    ventures = []
    for i, completion in enumerate(completions):
        age = np.maximum(ends - completion, 0)
        flows = {
            "available_cash": np.array(A[i], dtype=float)[:, None],
            "capital": np.array(K[i], dtype=float)[:, None],
            "age_start": np.maximum(ends - 1 / m - completion, 0),
            "age_end": age,
        }
        site = ref.Site(0.0, 1.0, np.array([float(completion)]), [], None, None, 0.0)
        ventures.append((base | own[i] if i < len(own) else base, site, flows))
    accounts, margins = ref.split_all(ctx, ventures)
    return [{name: row[:, 0] for name, row in account.rows.items()} for account in accounts], margins


def test_pooling__periodic_on_paper():
    A, K = [[0, 200, 300], [0, 0, 100]], [[100, 0, 0]] * 2
    (p, q), _ = split_together(A, K, [1, 1], pooling="umbrella")
    # due 60 + 60, cash 200 all in tier one, carry 10 each; due 65 + 65, tier one 260, the rest 140 by 300 : 100
    assert p["due"] == pytest.approx([0, 60, 65]) and q["due"] == pytest.approx([0, 60, 65])
    assert p["distribution_funder"] == pytest.approx([0, 50, 65 + 10.5])
    assert q["distribution_funder"] == pytest.approx([0, 50, 65 + 3.5])
    assert p["distribution_host"] == pytest.approx([0, 50, 65 + 94.5])
    assert q["distribution_host"] == pytest.approx([0, 50, 65 + 31.5])
    assert p["carry"] == pytest.approx([0, 10, 0]) and q["carry"][2] == 0
    (p, q), _ = split_together(A, K, [1, 1])
    assert p["distribution_funder"] == pytest.approx([0, 60 + 8, 55 + 0.1 * 190])
    assert q["distribution_funder"] == pytest.approx([0, 0, 50]) and q["carry"] == pytest.approx([0, 60, 65])


def test_pooling__cumulative_on_paper_with_a_spread_of_its_own():
    A, K = [[0, 200, 400], [0, 0, 0]], [[100, 0, 0]] * 2
    terms = dict(mode="cumulative", pooling="umbrella")
    (p, q), _ = split_together(A, K, [1, 9], own=[{}, {"spread": 0.12}], **terms)
    # due 110 and 120; tier one 200 by 110 : 120; balances 110 - 1100/23 and 120 - 1200/23; then both in full
    assert p["distribution_funder"][1] == pytest.approx(1100 / 23) and p["deemed_balance"][1] == pytest.approx(
        1430 / 23
    )
    due = [1.1 * 1430 / 23, 1.2 * 1560 / 23]
    assert [p["due"][2], q["due"][2]] == pytest.approx(due)
    rest = 400 - 2 * sum(due)
    assert p["distribution_funder"][2] == pytest.approx(due[0] + 0.1 * rest)
    assert p["distribution_host"][2] == pytest.approx(due[0] + 0.9 * rest)
    assert q["distribution_funder"][2] == pytest.approx(due[1]) and q["distribution_host"][2] == pytest.approx(due[1])
    assert p["deemed_balance"][2] == q["deemed_balance"][2] == 0  # exactly: rounding leaves nothing open


def test_pooling__needs_one_pair_of_shares():
    with pytest.raises(ValueError, match="one mode and one pair of shares"):
        split_together([[0], [0]], [[0], [0]], [1, 1], own=[{}, {"first_share": 0.6}], pooling="umbrella")


def test_pooling__one_project_is_as_without():
    rng = np.random.default_rng(8)
    A, K = [rng.gamma(1, 30, 12) * (np.arange(12) > 2)], [np.where(np.arange(12) < 3, 30.0, 0.0)]
    for mode in ("periodic", "cumulative"):
        (pool,), _ = split_together(A, K, [2.3], mode=mode, pooling="umbrella")
        (alone,), _ = split_together(A, K, [2.3], mode=mode)
        for name, row in alone.items():
            assert np.allclose(pool[name], row, rtol=1e-12, atol=1e-12), name


ADJUST = {"after_years": 1, "first_share": 0.4, "second_share": 0.05}


def test_adjust__tested_once_on_paper():
    (p,), (margin,) = split_together([[0, 100, 200, 200]], [[100, 0, 0, 0]], [1], adjust=ADJUST)
    # due 60, paid 50, carry 10 at the age of one: due 65 from 200 at 0.4 and 0.05; then nothing is due
    assert p["distribution_funder"] == pytest.approx([0, 50, 65 + 0.05 * (200 - 65 / 0.4), 10])
    assert p["carry"] == pytest.approx([0, 10, 0, 0]) and margin[0] == pytest.approx(1e-9, rel=1e-6)
    (p,), _ = split_together([[0, 120, 0, 200]], [[100, 0, 0, 0]], [1], adjust=ADJUST)
    assert p["carry"] == pytest.approx([0, 0, 55, 0])  # open later, not at the test
    assert p["distribution_funder"] == pytest.approx([0, 60, 0, 55 + 0.1 * 90])
    (p,), (margin,) = split_together([[0, 100, 130, 0, 200]], [[100, 0, 0, 0, 0]], [1.5], adjust=ADJUST)
    assert p["due"] == pytest.approx([0, 30, 57.5, 27.5, 27.5])  # age 0.5 at the start of step 2, 1.5 of step 3
    assert p["distribution_funder"][3:] == pytest.approx([0, 27.5 + 0.1 * 145]) and margin[0] == pytest.approx(0.075)
    terms = dict(mode="cumulative", adjust=ADJUST)
    (p,), _ = split_together([[0, 100, 400, 400]], [[100, 0, 0, 0]], [1], **terms)
    # balance 100, due 110, paid 50, 60 open: due 66 at 0.4, then the second share is 0.05 for good
    assert p["distribution_funder"] == pytest.approx([0, 50, 66 + 0.05 * (400 - 165), 20])
    (p,), _ = split_together([[0, 300, 400, 400]], [[100, 0, 0, 0]], [1], **terms)
    assert p["distribution_funder"] == pytest.approx([0, 110 + 8, 40, 40])


def test_adjust__of_a_pool_counts_from_its_first_completion():
    A, K = [[0, 240, 100, 100], [0, 0, 0, 200]], [[100, 0, 0, 0]] * 2
    terms = dict(pooling="umbrella", adjust=ADJUST)
    (p, q), margins = split_together(A, K, [1, 3], **terms)
    # at the age of one of p nothing is open: q owes nothing yet
    assert p["distribution_funder"] == pytest.approx([0, 60 + 12, 50, 5 + 0.1 * 170 / 3])
    assert q["distribution_funder"] == pytest.approx([0, 0, 0, 60 + 0.1 * 340 / 3]) and len(margins) == 1
    (p, q), _ = split_together(A, K, [1, 3], mode="cumulative", **terms)
    # due 110 + 110 of 240: 120 paid by halves, 50 each open; so 0.4 of 100 for 55 + 55 due
    assert p["deemed_balance"][1] == pytest.approx(50)
    assert p["distribution_funder"][2] == q["distribution_funder"][2] == pytest.approx(20)


def with_a_decline(notice):
    """Return a study of p and r that receive 20 each in steps 3 to 5, while q's 30 are declined."""
    study, draws = decided({"project/p/funding": 0.0, "project/q/funding": 0.9, "project/r/funding": 0.0})
    study = two_more(study, (30, 60), (notice, dt.date(2026, 12, 1)))
    for project in study["projects"].values():
        project["operation"] = {**project["operation"], "tax": None}
    return study, draws


def caught(study, draws, **clause):
    study["agreement"]["catch_up"] = clause
    sim = ref.simulate(study, np.array([0]), draws)
    assert sim.quantities["q"]["declined"][0] == 1
    for name in "pr":
        rows = {row: values[:, 0] for row, values in sim.projects[name].items()}
        diverted = sim.diverted[:, 0] / 2
        assert rows["distribution_funder"] == pytest.approx(np.array([0, 0, 0, 20, 20, 20, 0]) - diverted)
        assert rows["distribution_host"] == pytest.approx(np.array([0, 0, 0, 20, 20, 20, 0]) + diverted)
        assert rows["carry"][3] == pytest.approx({"p": 40, "r": 16}[name])  # as if it had been received
    pv = (sim.diverted[:, 0] * 1.1 ** -np.arange(1, 8)).sum()
    assert sim.quantities["portfolio"]["caught_up"][0] == pytest.approx(pv)
    return sim.diverted[3:, 0]


def test_catch_up__until_amount_on_paper():
    study, draws = with_a_decline(dt.date(2029, 3, 1))  # declined in step 2
    assert caught(study, draws, share=1, until="amount") == pytest.approx([30, 0, 0, 0])
    assert caught(study, draws, share=0.5, until="amount") == pytest.approx([20, 10, 0, 0])
    assert caught(study, draws, share=0.1, until="amount") == pytest.approx([4, 4, 4, 0])
    study, draws = with_a_decline(dt.date(2031, 1, 2))  # declined in step 4, from which on it is forgone
    assert caught(study, draws, share=0.5, until="amount") == pytest.approx([0, 20, 10, 0])


def test_catch_up__until_years_on_paper():
    study, draws = with_a_decline(dt.date(2029, 3, 1))
    assert caught(study, draws, share=0.5, until="years", years=1) == pytest.approx([20, 0, 0, 0])
    assert caught(study, draws, share=1, until="years", years=2) == pytest.approx([40, 40, 0, 0])
    study, draws = with_a_decline(dt.date(2030, 3, 1))  # declined in step 3: from the next one on
    assert caught(study, draws, share=0.5, until="years", years=1) == pytest.approx([0, 20, 0, 0])


def test_spread__drawn_for_each_project_once_a_path():
    study = two_more(paper_study())
    law = {"uniform": {"min": -0.2, "max": 0.2}}
    study["projects"]["p"]["split"], study["projects"]["q"]["split"] = {"spread": law}, {"spread": 0.03}
    for u, rate in ((0.75, 0.18), (0.6, 0.12), (0.2, 0.0)):  # 8 % and -20 % + 40 % u, not below 0
        sim, rows, _ = play(study, drawn(project__p__spread=float(special.ndtri(u))))
        assert rows["rate"] == pytest.approx([rate] * 7)
        assert sim.projects["q"]["rate"][:, 0] == pytest.approx([0.11] * 7)
        assert sim.projects["r"]["rate"][:, 0] == pytest.approx([0.10] * 7)
        # in the first year of operation interest on all that is paid in, and half of it
        assert rows["due"][3] == pytest.approx(100 * rate + 50)
