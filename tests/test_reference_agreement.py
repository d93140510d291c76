"""The whole kernel against the independent reference, in the two passes of section 12 of the model page.

(a) words to scores: the kernel's inversion against the exact one. (b) from the kernel's scores onwards: correlation,
copula, tables, clock, every clause, every quantity, to 1e-9 max(|x|, 1e-3 budget); discrete outcomes are equal except
where the reference's own margin to a threshold is below 1e-9.
"""

import numpy as np
import pytest

import reference as ref
from engine_runs import KernelScores, compiled, run_block, table_values
from every_clause import STUDIES, example_study
from spvrisk.kernel.lanes import LANES
from tolerances import SEED, TOLERANCE, lowest_rate, scale_of

MOST_SMALL_MARGINS = 12
"""Discrete decisions so close to their threshold that they may fall either way, of all paths of a variant."""


@pytest.fixture(scope="module", params=sorted(STUDIES))
def pair(request, tmp_path_factory):
    """Kernel and reference on the same paths of one variant of the study that uses every clause."""
    study = STUDIES[request.param](example_study())
    done = compiled(study, tmp_path_factory.mktemp(request.param))
    first = 3 * LANES
    block = run_block(done, SEED, first, LANES)
    paths = np.arange(first, first + LANES)
    slow = ref.simulate(study, paths, KernelScores(SEED), table_values(study, done.plan))
    return study, done, block, slow


def assert_close(got, expected, scale, what):
    allowed = TOLERANCE * np.maximum(np.abs(expected), scale)
    with np.errstate(invalid="ignore"):
        off = np.abs(got - expected)
    same = (got == expected) | (np.isnan(got) & np.isnan(expected)) | (off <= allowed)
    assert same.all(), f"{what}: {got[~same][:3]} against {expected[~same][:3]}"


def test_factors__observed_values(pair):
    study, done, block, slow = pair
    for k, name in enumerate(study["factors"]):
        assert_close(block.factors[:, k], slow.factors[name], 1e-3, name)


def test_quantities__every_unit(pair):
    study, done, block, slow = pair
    compared = 0
    for (unit, quantity), got in block.quantities.items():
        if quantity.startswith("final_state_"):
            expected = slow.final_states[quantity.removeprefix("final_state_")].astype(float)
        elif quantity.startswith("outcome_"):
            expected = slow.outcomes[quantity.removeprefix("outcome_")].astype(float)
            expected[expected < 0] = np.nan
        elif quantity == "caught_up" and unit != "portfolio":
            compared += 1  # the reference tells it of all projects together
            continue
        else:
            expected = slow.quantities[unit][quantity]
        if quantity == "irr_funder":
            expected = np.where(expected > -1, np.maximum(expected, lowest_rate(study)), expected)
        assert_close(got, expected, scale_of(study, unit, quantity), f"{unit}.{quantity}")
        compared += 1
    assert compared == len(done.labels.series)


def test_timeline__sums_over_paths(pair):
    study, done, block, slow = pair
    for s, name in enumerate(done.labels.projects):
        for i, row in enumerate(done.labels.timeline):
            expected = slow.projects[name][row].sum(axis=1)
            scale = scale_of(study, name, "cost") * LANES
            assert_close(block.sums[s, i], expected, scale, f"{name}.{row}")


def test_occupancy__sums_over_paths(pair):
    study, done, block, slow = pair
    expected = np.concatenate([slow.occupancy[regime].sum(axis=2) for regime in study["regimes"]])
    assert_close(block.occupancy, expected, 1e-3 * LANES, "occupancy")


def test_inputs__as_drawn(pair):
    study, done, block, slow = pair
    plan, compared = done.plan.study[0], 0
    windows = {
        "construction_mean": slice(plan["building_first"], plan["building_end"]),
        "operation_mean": slice(plan["running_first"], None),
    }
    for (name, column), got in block.inputs.items():
        if name in windows:
            expected = slow.factors[column][windows[name]].mean(axis=0)
        elif name == "default_years":
            expected = slow.default_years[column]
        elif name in slow.inputs[column]:
            expected = slow.inputs[column][name]
        else:
            continue  # of a clause that another project has
        compared += 1
        # kept as float32
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6, err_msg=f"{name} of {column}")
    wanted = sum(map(len, slow.inputs.values())) + 2 * len(slow.factors) + len(slow.default_years)
    assert compared == wanted


def test_margins__few_are_small(pair):
    *_, slow = pair
    # a margin that is 0 on all paths compares two given numbers, not draws
    drawn = [margin for margin in slow.margins.values() if margin is not None and margin.any()]
    small = [int((margin < TOLERANCE).sum()) for margin in drawn]
    assert sum(small) <= MOST_SMALL_MARGINS


def test_scores__against_exact_inversion():
    words = np.concatenate(
        [np.arange(0, 2**32, 104729, dtype=np.uint64), [0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]]
    )
    draws = KernelScores(0)
    draws.words = lambda name, index, paths: words.astype(np.uint32)
    got, exact = draws.scores("x", 0, words), ref.score_from_word(words.astype(np.uint32))
    assert np.abs(got - exact)[np.abs(exact) < 5].max() <= 2e-6
    assert np.abs(got - exact).max() <= 2.5e-3
