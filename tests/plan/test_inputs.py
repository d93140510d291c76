"""The table of inputs: rows of the kernel, what a study has of them, what is kept where it does not say."""

import pytest

from spvrisk.kernel import inputs as kernel_inputs
from spvrisk.plan import inputs
from spvrisk.plan.inputs import FACTOR, INPUTS, OF_PROJECTS, OFFTAKER, PROJECT


def test_kernel_row__each_input_has_its_own_and_none_is_left_over():
    sizes = {PROJECT: 3, FACTOR: 4, OFFTAKER: 2}
    rows = [
        inputs.kernel_row(each.name, column, sizes[PROJECT], sizes[FACTOR])
        for each in INPUTS
        for column in range(sizes[each.of])
    ]
    assert sorted(rows) == list(range(inputs.rows(*sizes.values())))


def test_kernel__writes_the_rows_of_the_table_in_its_order():
    named = {value: name for name, value in kernel_inputs._ROW_OF.items()}
    kept = [named[row] for row in kernel_inputs._ROWS]
    assert [*kept, "size"] == [each.name for each in OF_PROJECTS]


def test_existing__only_what_some_project_draws():
    of = {PROJECT: 2, FACTOR: 1, OFFTAKER: 0}
    found = inputs.existing(of, ["price_law"])
    assert "contract_price" in found and "salvage_share" not in found and "default_years" not in found
    assert {"cost_multiple", "duration_multiple", "size", "operation_mean"} <= set(found)
    assert not {each.name for each in OF_PROJECTS} & set(inputs.existing({**of, PROJECT: 0}, []))


@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        ({"operation_mean": 14, "cost_multiple": 6, "duration_multiple": 6}, ["cost_multiple", "operation_mean"]),
        ({"operation_mean": 2, "cost_multiple": 1, "duration_multiple": 1, "size": 1}, 3),
        ({"operation_mean": 8, "cost_multiple": 300, "duration_multiple": 300}, ["operation_mean"]),
        ({}, []),
    ],
)
def test_telling__the_most_telling_that_fit(columns, kept):
    found = inputs.telling(columns)
    assert sum(4 * columns[name] for name in found) <= 100
    assert len(found) == kept if isinstance(kept, int) else list(found) == kept
