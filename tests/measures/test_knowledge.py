"""Lack of knowledge told from chance, against closed forms: outer means are normal, and so are paths."""

import numpy as np
import pytest

from spvrisk.measures.knowledge import explained, knowledge, over_inputs, probability_below, without_noise

OUTER = 200


def normal_normal(seed, inner, outer=OUTER, known=2.0, chance=30.0, mean=-1.0):
    """Means and their errors of outer runs: truths are normal, and each is seen through paths of its own."""
    rng = np.random.default_rng(seed)
    truths = mean + known * rng.standard_normal(outer)
    means = truths + chance / np.sqrt(inner) * rng.standard_normal(outer)
    squares = chance**2 * rng.chisquare(inner - 1, outer) / (inner - 1)
    return truths, means, np.sqrt(squares / inner)


@pytest.mark.parametrize("inner", [256, 4096])
def test_knowledge__is_unbiased_and_its_errors_cover(inner):
    found = [knowledge(*normal_normal(seed, inner)[1:], inner) for seed in range(400)]
    for name, truth in (("variance", 4.0), ("share", 4.0 / 904.0)):
        values = np.array([getattr(each, name).value for each in found])
        errors = np.array([getattr(each, name).error for each in found])
        assert abs(values.mean() - truth) < 3.0 * values.std() / np.sqrt(len(found))
        assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.15)
        assert 0.88 < np.mean(np.abs(values - truth) < 1.96 * errors) < 0.99


def test_knowledge__of_means_that_are_known_exactly_is_their_variance():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    assert knowledge(values, np.zeros(4)).variance.value == pytest.approx(np.var(values, ddof=1))
    assert np.isnan(knowledge(values, np.zeros(4)).share.value)


def test_knowledge__of_chance_alone_is_none_on_average():
    found = [knowledge(*normal_normal(seed, 256, known=0.0)[1:]).variance for seed in range(200)]
    assert abs(np.mean([each.value / each.error for each in found])) < 0.3


def test_knowledge__is_undefined_where_a_measure_is():
    assert np.isnan(knowledge(np.array([1.0, np.nan]), np.ones(2)).variance.value)
    assert np.isnan(over_inputs(np.array([1.0, np.nan]), np.ones(2), "0.5").value)
    assert np.isnan(probability_below(np.array([1.0, np.nan]), np.ones(2)).value)


def test_range__is_that_of_the_inputs_without_the_noise():
    """At 256 paths noise is as large as what is not known, and the raw range too wide by 40 %."""
    raw, own = [], []
    for seed in range(100):
        _, means, errors = normal_normal(seed, 225)
        own.append(over_inputs(means, errors, "0.95").value)
        raw.append(np.quantile(means, 0.95))
    assert np.mean(own) == pytest.approx(-1.0 + 1.645 * 2.0, abs=0.1)
    assert np.mean(raw) > 3.3


def test_noise__that_explains_all_leaves_the_mean():
    values = np.array([1.0, 2.0, 3.0])
    assert without_noise(values, np.full(3, 5.0)).tolist() == [2.0, 2.0, 2.0]


def test_probability__is_that_of_the_truths():
    found = [probability_below(*normal_normal(seed, 4096)[1:]) for seed in range(100)]
    truth = 0.6914624612740131  # that a normal number of mean -1 and standard deviation 2 is below 0
    assert np.mean([each.value for each in found]) == pytest.approx(truth, abs=0.015)
    assert np.mean([each.low <= truth <= each.high for each in found]) > 0.88


def test_explained__is_the_closed_form_of_a_linear_measure():
    """Y = 3 a + 4 b of independent normal inputs, c beside them: slopes 0.6 and 0.8, indices 0.36 and 0.64."""
    truth = np.array([0.36, 0.64, 0.0])
    slopes, firsts, errors, chances = [], [], [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        inputs = rng.standard_normal((OUTER, 3))
        values = inputs @ [3.0, 4.0, 0.0] + 0.5 * rng.standard_normal(OUTER)
        found = explained(inputs, values, np.full(OUTER, 0.5))
        slopes.append([each.slope.value for each in found])
        firsts.append([each.first.value for each in found])
        errors.append([each.first.error for each in found])
        chances.append([each.p_value for each in found])
    assert np.mean(slopes, axis=0) == pytest.approx([0.6, 0.8, 0.0], abs=0.02)
    assert np.mean(firsts, axis=0) == pytest.approx(truth, abs=0.01)
    assert np.max(np.std(firsts, axis=0)) < 0.05
    covered = np.abs(np.array(firsts) - truth) < 1.96 * np.array(errors)
    assert (np.mean(covered, axis=0) > 0.88).all()
    assert np.max(np.array(chances)[:, :2]) < 1e-6 and np.mean(np.array(chances)[:, 2] < 0.05) < 0.12


def test_explained__of_what_bends_is_told_by_the_bins():
    """Y = a + b^2: of b no slope, and two parts in three of the variance."""
    rng = np.random.default_rng(2)
    inputs = rng.standard_normal((1000, 2))
    found = explained(inputs, inputs[:, 0] + inputs[:, 1] ** 2, np.zeros(1000))
    assert abs(found[1].slope.value) < 0.1
    for each, truth in zip(found, (1 / 3, 2 / 3), strict=True):
        assert abs(each.first.value - truth) < 2.5 * each.first.error and each.first.error < 0.1


def test_explained__by_correlated_inputs_tells_slopes_from_indices():
    """Y = a alone; b moves with it at 0.8, and is told of by its index, not by its slope."""
    rng = np.random.default_rng(1)
    a, other = rng.standard_normal((2, 2000))
    inputs = np.stack([a, 0.8 * a + 0.6 * other], axis=1)
    values, r = a + 0.1 * rng.standard_normal(2000), np.array([[1.0, 0.8], [0.8, 1.0]])
    one, two = explained(inputs, values, np.full(2000, 0.1), r)
    assert one.slope.value == pytest.approx(0.995, abs=0.01) and abs(two.slope.value) < 4 * two.slope.error
    assert one.first.value == pytest.approx(1.0, abs=0.01) and two.first.value == pytest.approx(0.64, abs=0.02)


def test_explained__of_inputs_that_do_not_matter_is_nothing_on_average():
    """Few runs, of which chance alone would seem to explain a thirtieth by each input."""
    firsts = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        found = explained(rng.standard_normal((32, 4)), rng.standard_normal(32), np.zeros(32))
        firsts.append([each.first.value for each in found])
    assert abs(np.mean(firsts)) < 0.01


def test_explained__an_input_that_never_moves_takes_nothing_from_the_others():
    rng = np.random.default_rng(9)
    x, errors = rng.standard_normal((200, 2)), np.full(200, 0.1)
    values = 2.0 * x[:, 0] + x[:, 1] + 0.1 * rng.standard_normal(200)
    alone = explained(x, values, errors)
    first, still, second = explained(np.insert(x, 1, 1.0, axis=1), values, errors)
    for found, wanted in zip([first, second], alone, strict=True):
        assert found.slope == pytest.approx(wanted.slope) and found.first == pytest.approx(wanted.first)
    assert (still.first.value, still.slope.value, still.p_value) == (0.0, 0.0, 1.0)


def test_explained__of_many_inputs_and_few_runs_keeps_its_size():
    """Two thirds and a third of what varies, whatever the other eight inputs seem to have by chance."""
    rng, found = np.random.default_rng(5), []
    for _ in range(200):
        x = rng.standard_normal((30, 10))
        values = np.sqrt(2.0) * x[:, 0] + x[:, 1]
        found.append(
            [each.first.value for each in explained(x, values + 0.5 * rng.standard_normal(30), np.full(30, 0.5))]
        )
    assert np.median(found, axis=0)[:2] == pytest.approx([2 / 3, 1 / 3], abs=0.06)


def test_interval__is_not_told_where_noise_is_much_of_what_varies():
    rng = np.random.default_rng(2)
    truth = rng.standard_normal(200)
    for noise, told in ((0.3, True), (1.0, False)):
        errors = np.full(200, noise)
        values = truth + errors * rng.standard_normal(200)
        assert np.isfinite(over_inputs(values, errors, "0.05").low) == told
        assert np.isfinite(probability_below(values, errors).high) == told


def test_explained__by_too_few_runs_is_not_told():
    found = explained(np.arange(6.0).reshape(3, 2) ** 2, np.array([1.0, 2.0, 3.0]), np.zeros(3))
    assert np.isnan(found[0].slope.value)
