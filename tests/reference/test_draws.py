"""Random numbers: published vectors, the layout of the words, scores."""

import numpy as np
import pytest
from scipy import stats

import reference as ref


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox__random123_vectors(counter, key, expected):
    assert " ".join(f"{int(word):08x}" for word in ref.philox4x32_10(counter, key)) == expected


def test_words__layout():
    seed, path, name = 0x0123456789ABCDEF, (7 << 32) + 5, "factor/henry_hub"
    block = ref.philox4x32_10([5, 7, ref.stream(name), 3], [0x89ABCDEF, 0x01234567])
    assert [int(ref.words(seed, path, name, 12 + i)) for i in range(4)] == [int(word) for word in block]
    many = ref.Draws(seed).words(name, np.arange(9), np.array([path, 1, 2]))
    assert many.shape == (9, 3) and many.dtype == np.uint32
    assert many[6, 0] == ref.words(seed, path, name, 6)


def test_scores__symmetric_and_monotone():
    word = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1])
    z = ref.score_from_word(word)
    assert np.array_equal(z, -z[::-1])
    assert (np.diff(z) > 0).all() and 6.3 < z[-1] <= 6.34
    assert np.allclose(stats.norm.cdf(z[:3]), ref.uniform_from_word(word[:3]), rtol=1e-14)


def test_choice__first_beyond_u():
    assert ref.choice([0.2, 0.5, 1.0], 0.2)[0] == 1
    assert ref.choice([0.2, 0.5, 1.0], 0.1999)[0] == 0
    assert ref.choice([0.2, 0.5, 1.0], 0.45) == (1, pytest.approx(0.05))
