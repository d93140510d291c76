"""Rows of a stored shard: as its parts say, in a few bytes; rows that are not alike are refused."""

import pytest

from spvrisk.runner.stored import Part, Rows

ALIKE = tuple(Part("<f8", (5,), 300 + 40 * i, 7 * i) for i in range(4))


@pytest.mark.parametrize("keys", [range(4), (9, 2, 5, 30)])
def test_rows__give_each_part_back(keys):
    rows = Rows(keys, ALIKE)
    assert tuple(rows.values()) == ALIKE and list(rows) == list(keys) and len(rows) == 4
    assert rows[list(keys)[2]] == ALIKE[2] and 77 not in rows and not Rows((), ())


@pytest.mark.parametrize(
    ("keys", "parts"),
    [
        (range(3), ALIKE),
        ((1, 1, 2, 3), ALIKE),
        (range(4), (*ALIKE[:3], ALIKE[3]._replace(shape=(6,)))),
        (range(4), (*ALIKE[:3], ALIKE[3]._replace(dtype="<f4"))),
    ],
)
def test_rows__refused(keys, parts):
    with pytest.raises(ValueError, match="not alike"):
        Rows(keys, parts)
