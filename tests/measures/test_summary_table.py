from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import beta

from small_run import COUNTED, LEVELS, QUANTILES, make_labels, make_run
from spvrisk.aggregate.state import RunState
from spvrisk.measures.table import summary, timeline
from spvrisk.plan.outputs import FANS

LABELS = make_labels()
ROW = {key: s for s, key in enumerate(LABELS.series)}


@pytest.fixture(scope="module")
def run():
    sums, store = make_run(LABELS, 9000)
    return store.values, summary(sums, store.values.__getitem__, LABELS, QUANTILES, LEVELS)


def table_of(values):
    """Summary of given values of the first series, the others zero."""
    everything = np.zeros((len(LABELS.series), values.size))
    everything[0] = values
    state = RunState()
    state.update(0, everything, *[np.zeros((1, 1))] * 3)
    return summary(state.finish(), everything.__getitem__, LABELS, ("0.5", "0.9"), ("0.5",))


def test_summary__counts_of_undefined_and_infinite(run):
    values, table = run
    assert table.n.tolist() == (~np.isnan(values)).sum(axis=1).tolist()
    assert table.n_infinite.tolist() == np.isinf(values).sum(axis=1).tolist()
    assert (table.n + table.n_undefined == 9000).all()
    assert table.n_infinite[ROW["gas", "payback_years"]] > 0
    assert table.n_undefined[ROW["gas", "irr_funder"]] > 0


def test_summary__moments_over_the_finite(run):
    values, table = run
    for s, (_, quantity) in enumerate(LABELS.series):
        if quantity.startswith(("final_state", "outcome")):
            assert np.isnan(table.mean[s])
            continue
        x = values[s][np.isfinite(values[s])]
        assert table.mean[s] == pytest.approx(x.mean(), rel=1e-12)
        assert table.sd[s] == pytest.approx(x.std(ddof=1), rel=1e-12)
        assert table.mean_se[s] == pytest.approx(x.std(ddof=1) / np.sqrt(x.size), rel=1e-12)
        assert table.skewness[s] == pytest.approx(((x - x.mean()) ** 3).mean() / x.std() ** 3, rel=1e-9, abs=1e-12)


def test_summary__quantiles_over_the_defined_infinities_included(run):
    values, table = run
    x = np.sort(values[ROW["gas", "payback_years"]])
    assert table.quantile[ROW["gas", "payback_years"], QUANTILES.index("0.5")] == x[4499]
    assert table.quantile[ROW["gas", "payback_years"], QUANTILES.index("0.95")] == np.inf
    x = values[ROW["gas", "irr_funder"]]
    x = np.sort(x[~np.isnan(x)])
    assert table.quantile[ROW["gas", "irr_funder"], 0] == x[-(-x.size // 100) - 1]


def test_summary__by_hand():
    table = table_of(np.array([1.0, np.nan, 4.0, np.inf, 7.0]))
    assert (table.n[0], table.n_infinite[0], table.n_undefined[0]) == (4, 1, 1)
    assert (table.mean[0], table.sd[0], table.skewness[0]) == (4.0, 3.0, 0.0)
    assert table.mean_se[0] == pytest.approx(3**0.5)
    assert table.quantile[0].tolist() == [4.0, np.inf]


@pytest.mark.parametrize(("values", "sd"), [([5.0, 5.0, 5.0], 0.0), ([5.0], np.nan), ([np.nan], np.nan)])
def test_summary__no_spread_has_no_skewness(values, sd):
    table = table_of(np.array(values))
    assert table.sd[0] == pytest.approx(sd, nan_ok=True)
    assert table.sd_se[0] == pytest.approx(sd, nan_ok=True)
    assert np.isnan(table.skewness[0])


def test_summary__risk_of_net_present_values_only(run):
    _, table = run
    for s, (_, quantity) in enumerate(LABELS.series):
        assert np.isfinite(table.p_loss[s]) == quantity.startswith("npv_")
        assert np.isfinite(table.expected_shortfall[s]).all() == quantity.startswith("npv_")
        assert np.isfinite(table.value_at_risk[s]).all() == quantity.startswith("npv_")


def test_summary__probabilities_of_flags_and_of_times_have_intervals(run):
    values, table = run
    for s, (unit, quantity) in enumerate(LABELS.series):
        flag = quantity in COUNTED and unit != "portfolio"
        assert np.isfinite([table.mean_low[s], table.mean_high[s]]).all() == flag
        if flag:
            assert (table.mean_low[s], table.mean_high[s]) == interval(np.count_nonzero(values[s] == 1), values[s].size)
        time = quantity in ("payback_years", "recovery_years")
        assert np.isfinite(table.p_finite[s]) == time
        if time:
            n, ever = np.count_nonzero(~np.isnan(values[s])), np.count_nonzero(np.isfinite(values[s]))
            assert table.p_finite[s] == ever / n
            assert (table.p_finite_low[s], table.p_finite_high[s]) == interval(ever, n)


def interval(count, n):
    """Ends of the interval of a share by the quantiles of the beta law."""
    return pytest.approx((beta.ppf(0.025, count, n - count + 1), beta.ppf(0.975, count + 1, n - count)), rel=1e-9)


def test_summary__risk_by_sorting_losses(run):
    values, table = run
    s = ROW["portfolio", "npv_funder"]
    losses = np.sort(-values[s])
    assert table.value_at_risk[s].tolist() == [losses[8549], losses[8909]]
    assert table.expected_shortfall[s] == pytest.approx([losses[8550:].mean(), losses[8910:].mean()], rel=1e-12)
    assert table.p_loss[s] == (losses > 0).mean()


def test_summary__contributions_add_up(run):
    _, table = run
    s = ROW["portfolio", "npv_funder"]
    assert table.contribution.sum(axis=0) == pytest.approx(table.expected_shortfall[s], rel=1e-12)


def test_summary__shares_of_states_over_the_defined(run):
    values, table = run
    codes = values[ROW["scheme", "outcome_ruling"]]
    defined = codes[~np.isnan(codes)]
    share = np.array([(defined == k).mean() for k in (0, 1)])
    assert table.shares["outcome_ruling"] == pytest.approx(share, rel=1e-15)
    width = table.shares_high["outcome_ruling"] - table.shares_low["outcome_ruling"]
    assert width == pytest.approx(2 * 1.96 * np.sqrt(share * (1 - share) / defined.size), rel=0.02)
    assert (table.shares_low["outcome_ruling"] < share).all() and (share < table.shares_high["outcome_ruling"]).all()
    assert table.shares["final_state_autos"].sum() == pytest.approx(1.0)
    assert set(table.shares) == {"outcome_ruling", "final_state_autos", "final_state_general"}


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_summary__errors_match_repeated_samples(draw):
    rng = np.random.default_rng(21)
    numbers = slice(0, ROW["scheme", "npv_funder_local"])
    sample = []
    for _ in range(400 // numbers.stop + 1):
        values = getattr(rng, draw)(size=(len(LABELS.series), 2000))
        state = RunState()
        state.update(0, values, *[np.zeros((1, 1))] * 3)
        values[numbers.stop + 1 :] = 0.0
        table = summary(state.finish(), values.__getitem__, LABELS, ("0.5",), ("0.9",))
        sample.append(np.stack([table.mean, table.mean_se, table.sd, table.sd_se])[:, numbers])
    mean, mean_se, sd, sd_se = np.concatenate(sample, axis=1)
    assert mean.size >= 400
    assert mean_se.mean() == pytest.approx(mean.std(ddof=1), rel=0.12)
    assert sd_se.mean() == pytest.approx(sd.std(ddof=1), rel=0.12)


def test_timeline__means_and_fans():
    rng = np.random.default_rng(2)
    units, steps, states = len(LABELS.projects) + 1, 4, 5
    rows = rng.random((units * len(LABELS.timeline), steps))
    occupancy = rng.random((states, steps))
    state = RunState()
    state.update(0, np.zeros((len(LABELS.series), 10)), rows, occupancy, np.zeros((0, 1)))
    fans = np.broadcast_to(np.arange(9.0, -1.0, -1.0), (len(FANS), steps, 10)).astype(np.float32)
    table = timeline(state.finish(), fans, LABELS, ("0.1", "0.5", "0.51"))
    assert table.mean.shape == (units, len(LABELS.timeline), steps)
    assert table.mean[1, 2].tolist() == (rows[len(LABELS.timeline) + 2] / 10).tolist()
    assert table.occupancy.tolist() == (occupancy / 10).tolist()
    assert table.fans[0, :, 0].tolist() == [0.0, 4.0, 5.0]
    assert len(LABELS.quantities) * units == ROW["scheme", "npv_funder_local"]


def test_summary__error_of_a_deviation_by_hand():
    # mean 0, so mu4 = 338 / 4 and the sample variance 26 / 3; (n - 3) / (n - 1) = 1 / 3
    values = [-3.0, -1.0, 0.0, 4.0]
    fourth, variance = Fraction(81 + 1 + 256, 4), Fraction(26, 3)
    spread = (fourth - variance**2 * Fraction(1, 3)) / 4
    table = table_of(np.array(values))
    assert table.sd_se[0] == pytest.approx(float(spread) ** 0.5 / (2 * float(variance) ** 0.5), rel=1e-14)


def test_summary__contributions_take_tied_paths_by_number():
    rng = np.random.default_rng(4)
    rows = [ROW[unit, "npv_funder"] for unit in ("gas", "smr", "portfolio")]
    values = np.zeros((len(LABELS.series), 2000))
    values[rows[0]] = rng.integers(-3, 4, 2000) * 1.0
    values[rows[1]] = rng.integers(-3, 4, 2000) * 1.0
    values[rows[2]] = values[rows[0]] + values[rows[1]]
    state = RunState()
    state.update(0, values, *[np.zeros((1, 1))] * 3)
    table = summary(state.finish(), values.__getitem__, LABELS, ("0.5",), ("0.85",))
    worst = sorted(range(2000), key=lambda path: (values[rows[2], path], path))[:300]
    for p in (0, 1):
        assert table.contribution[p, 0] == pytest.approx(-values[rows[p], worst].mean(), rel=1e-14)
