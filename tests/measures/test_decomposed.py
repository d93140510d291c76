"""What is decomposed of a measure, and what has no drivers."""

import numpy as np
import pytest

from spvrisk.errors import InputError
from spvrisk.measures.drivers import decomposed
from spvrisk.measures.named import measure_of
from studies import BARE, compile_in


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    return compile_in(BARE, tmp_path_factory.mktemp("labels")).labels


@pytest.mark.parametrize(
    ("text", "share", "said"),
    [
        ("npv_funder:es@0.95", 0.03, "must begin a tail, but 100 % of the paths have its first value or worse"),
        ("npv_funder:quantile@0.05", 0.03, "must begin a tail, but 100 % of the paths"),
        ("npv_funder:mean", 0.0, "is the same on all paths: nothing drives it"),
        ("npv_funder:p_loss", 0.0, "is the same on all paths: nothing drives it"),
    ],
)
def test_decomposed__what_many_paths_have_is_no_tail(labels, text, share, said):
    """Of a thousand paths a share loses, and all others have 0."""
    values = np.zeros(1000)
    values[: int(1000 * share)] = -1.0 - np.arange(int(1000 * share))
    with pytest.raises(InputError, match=said):
        decomposed(measure_of(text, labels, ""), values)


def test_decomposed__a_tail_that_holds_its_level_has_its_paths(labels):
    values = np.zeros(1000)
    values[:60] = -1.0 - np.arange(60)
    found = decomposed(measure_of("npv_funder:es@0.95", labels, ""), values)
    assert np.flatnonzero(found.of(values)).tolist() == list(range(10, 60))
