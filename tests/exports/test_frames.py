"""Data frames of a result against the labelled arrays of its file."""

import numpy as np
import pytest

import spvrisk
from small_run import LEVELS, QUANTILES, make_labels, write_small
from spvrisk.dataset.tables import STATISTICS
from spvrisk.errors import InputError

LABELS = make_labels()
BESIDE = {"standard_error": "_se", "low": "_low", "high": "_high"}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("frames") / "r.h5"
    write_small(path, LABELS, 500)
    return spvrisk.open(path)


def same(found, expected) -> bool:
    return np.array_equal(np.float64(found), np.float64(expected), equal_nan=True)


def value_of(group, row, ending=""):
    """The number that a row is of, in the labelled arrays."""
    variable = group.get(f"{row.quantity}_{row.statistic}{ending}")
    if variable is None:
        return np.nan
    if row.statistic == "expected_shortfall_contribution":
        return variable.sel(project=row.unit, level=row.probability)
    at = {} if row.unit == "scheme" else {"unit": row.unit}
    if row.probability == row.probability:
        at["quantile" if row.statistic == "quantile" else "level"] = row.probability
    if isinstance(row.state, str):
        at[row.quantity.removeprefix("final_")] = row.state
    return variable.sel(at)


@pytest.mark.parametrize("table", ["summary", "conditional"])
def test_statistics__stand_beside_their_errors(results, table):
    frame, group = results.to_frame(table), getattr(results, table)
    keys = ["condition"] if table == "conditional" else []
    assert list(frame) == [
        *keys,
        *("unit", "quantity", "state", "statistic", "probability", "value"),
        *("standard_error", "low", "high", "measured_in"),
    ]
    assert not frame.duplicated([*keys, "unit", "quantity", "state", "statistic", "probability"]).any()
    for row in frame.iloc[:: 7 if keys else 1].itertuples():  # xarray takes a millisecond for each
        if row.quantity == "condition":
            continue
        chosen = group.sel(condition=row.condition) if keys else group
        assert same(row.value, value_of(chosen, row)), row
        for column, ending in BESIDE.items():
            assert same(getattr(row, column), value_of(chosen, row, ending)), (row, column)


def test_summary__has_every_statistic_once(results):
    frame = results.to_frame()
    own = {s.name for s in STATISTICS if not s.name.endswith(tuple(BESIDE.values()))}
    assert set(frame.statistic) == own | {"share", "expected_shortfall_contribution"}
    npv = frame.query("unit == 'smr' and quantity == 'npv_funder'")
    assert (npv.statistic == "quantile").sum() == len(QUANTILES)
    assert (npv.statistic == "value_at_risk").sum() == len(LEVELS)
    units = dict(zip(npv.statistic, npv.measured_in, strict=True))
    assert (units["mean"], units["n"], units["p_loss"]) == ("USD million", "paths", "1")


def test_conditional__has_the_probability_of_each_condition(results):
    frame = results.to_frame("conditional", quantity="condition")
    shares = frame[frame.statistic == "share"].set_index("condition")
    group = results.conditional
    for name in group.condition.values:
        found = shares.loc[name]
        expected = (group[f"share{ending}"].sel(condition=name) for ending in ("", "_low", "_high"))
        assert all(same(a, b) for a, b in zip((found.value, found.low, found.high), expected, strict=True))


def test_timeline__is_the_file_s_by_date(results):
    frame = results.to_frame("timeline", unit="smr")
    assert list(frame) == ["date", "unit", "quantity", "state", "statistic", "probability", "value", "measured_in"]
    for name, rows in frame.groupby("quantity"):
        expected = results.timeline[name].sel(project="smr")
        assert np.array_equal(rows.value, expected.values)
        assert (rows.date.to_numpy() == expected.time.values).all()
    fans = results.to_frame("timeline", quantity="net_flow")
    assert len(fans) == len(QUANTILES) * len(LABELS.step_ends)


def test_paths__are_the_file_s_with_words_for_states(results):
    frame = results.to_frame("paths")
    for (unit, quantity), rows in frame.groupby(["unit", "quantity"], observed=True):
        stored = results.values(quantity, unit)
        assert (rows.path == np.arange(500)).all()
        if quantity in LABELS.states:
            words = [LABELS.states[quantity][code] if code >= 0 else None for code in stored]
            assert [None if word != word else word for word in rows.state] == words
            assert (rows.value.isna() == (stored == -1)).all() and (rows.value == stored)[stored >= 0].all()
        else:
            assert rows.state.isna().all() and same(rows.value, stored.astype(float))
    assert len(frame) == 500 * len(results.tables().kept)
    assert frame[["unit", "quantity", "state", "measured_in"]].dtypes.map(str).eq("category").all()


def test_frame__rows_are_chosen_by_names(results):
    assert set(results.to_frame(unit="smr").unit) == {"smr"}
    chosen = results.to_frame("paths", unit=("gas", "smr"), quantity=["npv_funder"])
    assert set(chosen.unit) == {"gas", "smr"} and set(chosen.quantity) == {"npv_funder"} and len(chosen) == 1000
    for table in ("summary", "conditional", "timeline", "paths"):
        nothing = results.to_frame(table, unit=[])
        assert len(nothing) == 0 and list(nothing) == list(results.to_frame(table))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"table": "sumary"}, 'argument table: must be a table that can be a frame, got "sumary"; .*summary'),
        ({"table": 3}, "argument table: must be a text"),
        ({"unit": "smrr"}, "argument unit: must be a unit of the table, got smrr; .*smr"),
        ({"quantity": ["cost", "npv"]}, "argument quantity: must be a quantity of the table, got npv; .*npv_funder"),
        ({"table": "paths", "quantity": "cost"}, "argument quantity: must be a quantity of the table, got cost"),
        ({"table": "timeline", "quantity": "npv_funder"}, "must be a quantity of the table, got npv_funder"),
        ({"unit": 3}, "argument unit: must be a text, or several, got 3; write one, or a list of them"),
        ({"unit": ["smr", 3]}, "argument unit: must be a text, got 3"),
    ],
)
def test_frame__what_there_is_not_is_refused(results, asked, said):
    with pytest.raises(InputError, match=said):
        results.to_frame(**asked)


def test_frame__conditional_without_conditions_is_empty(tmp_path):
    write_small(tmp_path / "r.h5", LABELS._replace(regimes=(), events=()), 20)
    frame = spvrisk.open(tmp_path / "r.h5").to_frame("conditional")
    assert len(frame) == 0 and "standard_error" in frame
