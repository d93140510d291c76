import numpy as np
import pytest

from renew_result_file import PAGE, renewed
from small_run import LEVELS, QUANTILES, block_of, make_labels, make_run, make_values
from spvrisk.dataset.kept import check_paths, default_paths
from spvrisk.dataset.layout import (
    conditional_variables,
    label_variables,
    project_coordinate,
    summary_variables,
    timeline_variables,
)
from spvrisk.dataset.paths import path_series, path_variables
from spvrisk.dataset.tables import STATISTICS, SummaryTable
from spvrisk.dataset.variables import UNITS, quantity_of
from spvrisk.errors import InputError
from spvrisk.measures.conditional import conditional
from spvrisk.measures.table import summary, timeline

LABELS = make_labels()
BARE = LABELS._replace(regimes=(), events=())


def test_statistics__are_fields_of_the_table():
    assert {s.name for s in STATISTICS} <= set(SummaryTable._fields)


def test_quantities__have_a_known_kind_and_a_meaning():
    for unit, name in LABELS.series:
        quantity = quantity_of(unit, name, LABELS)
        assert quantity.kind in UNITS
        assert quantity.meaning
    assert quantity_of("gas", "completed", LABELS).kind == "flag"
    assert quantity_of("portfolio", "completed", LABELS).kind == "count"
    assert quantity_of("more", "completed", make_labels(pipelines=("more",))).kind == "count"


@pytest.fixture(scope="module")
def variables():
    sums, store = make_run(LABELS, 5000)
    tables = [
        *summary_variables(summary(sums, store.values.__getitem__, LABELS, QUANTILES, LEVELS), LABELS),
        *conditional_variables(conditional(store.values.__getitem__, LABELS, QUANTILES, LEVELS), LABELS),
        *timeline_variables(timeline(sums, store.fans, LABELS, QUANTILES), LABELS),
        project_coordinate("paths", LABELS),
    ]
    return [*tables, *label_variables(tables)]


def test_variables__shapes_agree_with_dimensions(variables):
    for group in ("summary", "conditional", "timeline", "zlabels"):
        lengths = {}
        for variable in variables:
            if variable.group == group:
                assert len(variable.dims) == variable.data.ndim, variable.name
                for dim, length in zip(variable.dims, variable.data.shape, strict=True):
                    assert lengths.setdefault(dim, length) == length, variable.name


def test_variables__names_are_unique_and_plain(variables):
    names = [(v.group, v.name) for v in variables]
    assert len(set(names)) == len(names)
    assert all(name.replace("_", "a").isalnum() and name[0].isalpha() for _, name in names)


def test_variables__money_has_units_one_and_a_currency(variables):
    by_name = {v.name: v.attributes for v in variables if v.group == "summary"}
    assert by_name["npv_funder_mean"]["units"] == "1"
    assert by_name["npv_funder_mean"]["currency"] == "USD"
    assert by_name["npv_funder_mean"]["money_unit"] == 1e6
    assert by_name["npv_funder_local_mean"]["currency"] == "JPY"
    assert "currency" not in by_name["npv_funder_skewness"]
    assert by_name["payback_years_mean"]["units"] == "year"


def test_variables__values_come_from_their_rows(variables):
    sums, store = make_run(LABELS, 5000)
    table = summary(sums, store.values.__getitem__, LABELS, QUANTILES, LEVELS)
    by_name = {v.name: v.data for v in variables if v.group == "summary"}
    for (unit, quantity), mean in zip(LABELS.series, table.mean, strict=True):
        if unit == "scheme":
            continue
        u = (*LABELS.projects, "portfolio").index(unit)
        assert by_name[f"{quantity}_mean"][u] == mean
    s = LABELS.series.index(("scheme", "npv_funder_local"))
    assert by_name["npv_funder_local_quantile"].tolist() == table.quantile[s].tolist()


def test_conditional__has_the_variables_of_the_summary_along_conditions(variables):
    of_all = {v.name: v for v in variables if v.group == "summary"}
    by_name = {v.name: v for v in variables if v.group == "conditional"}
    assert set(by_name) == {*of_all, "condition", "n_paths", "share", "share_low", "share_high"}
    for name, variable in of_all.items():
        lead = () if variable.dims == (name,) else ("condition",)
        assert by_name[name].dims == (*lead, *variable.dims), name
        for said in ("units", "currency", "money_unit", "long_name", "comment"):
            assert by_name[name].attributes.get(said) == variable.attributes.get(said), name
    assert (
        conditional_variables(conditional(np.empty((len(BARE.series), 5)).__getitem__, BARE, QUANTILES, LEVELS), BARE)
        == []
    )


def test_moments__of_times_say_that_they_are_of_finite_values(variables):
    by_name = {v.name: v.attributes for v in variables if v.group == "summary"}
    said = {name.removeprefix("payback_years_") for name, about in by_name.items() if "comment" in about}
    assert {"mean", "mean_se", "sd", "sd_se", "skewness"} == {name for name in said if "recovery" not in name}
    assert not any("comment" in about for name, about in by_name.items() if "years" not in name)


def test_labels__are_the_names_of_all_codes(variables):
    names = {v.name: [b"".join(row).decode() for row in v.data] for v in variables if v.group == "zlabels"}
    codes = {v.name: v.attributes["flag_meanings"].split() for v in variables if "flag_meanings" in v.attributes}
    assert names == codes and len(codes) == 6
    assert {"unit", "project", "condition", "outcome_ruling", "state_general", "state_autos"} == set(codes)


def test_timeline__bounds_are_the_midnights_around_each_step(variables):
    by_name = {v.name: v.data for v in variables if v.group == "timeline"}
    # from 2026-03-31 to 2026-06-30 are 91 days
    assert by_name["time"][0] == 91
    assert by_name["time_bnds"][:2].tolist() == [[0, 91], [91, by_name["time"][1]]]
    assert (by_name["time_bnds"][1:, 0] == by_name["time_bnds"][:-1, 1]).all()


def paths(names, n_paths=100):
    values = make_values(LABELS, n_paths)
    return values, {v.name: v for v in path_variables(block_of(values), values.shape[1], LABELS, names)}


def test_paths__quantity_gives_projects_and_portfolio():
    values, made = paths(["npv_funder"])
    assert list(made) == ["path", "portfolio_npv_funder", "npv_funder"]
    block = made["npv_funder"].block(10, 30)
    assert block.dtype == "<f8"
    assert block.shape == (20, 2)
    row = LABELS.series.index(("smr", "npv_funder"))
    assert block[:, 1].tolist() == values[row, 10:30].tolist()
    row = LABELS.series.index(("portfolio", "npv_funder"))
    assert made["portfolio_npv_funder"].block(0, 100).tolist() == values[row].tolist()


def test_paths__portfolio_alone_and_types():
    _, made = paths(["portfolio.irr_funder", "completed", "outcome_ruling", "final_state_autos"])
    assert "irr_funder" not in made
    types = {name: variable.dtype for name, variable in made.items()}
    assert types == {
        "path": "<i4",
        "portfolio_irr_funder": "<f4",
        "completed": "|i1",
        "portfolio_completed": "<i4",
        "outcome_ruling": "|i1",
        "final_state_autos": "|i1",
    }


def test_paths__flags_are_counts_where_there_are_pipelines():
    labels = make_labels(pipelines=("more",))
    values = make_values(labels, 100)
    made = {
        v.name: v for v in path_variables(block_of(values), values.shape[1], labels, ["funded", "declined", "cost"])
    }
    for name in ("funded", "declined"):
        block = made[name].block(0, 100)
        assert made[name].dtype == "<i4" and "flag_values" not in made[name].attributes
        rows = [labels.series.index((unit, name)) for unit in ("gas", "smr", "more")]
        np.testing.assert_array_equal(block, values[rows].T)
    assert made["cost"].dtype == "<f4"


def test_paths__undefined_outcome_is_minus_one():
    values, made = paths(["outcome_ruling"], 1000)
    codes = values[LABELS.series.index(("scheme", "outcome_ruling"))]
    block = made["outcome_ruling"].block(0, 1000)
    assert ((block == -1) == np.isnan(codes)).all()
    assert (block[block >= 0] == codes[~np.isnan(codes)]).all()
    assert made["outcome_ruling"].attributes["flag_meanings"] == "undefined upheld struck_down"
    assert made["outcome_ruling"].attributes["flag_values"].tolist() == [-1, 0, 1]


def test_paths__default_takes_at_most_200_bytes_a_path_for_ten_projects():
    labels = make_labels(projects=[f"p{k}" for k in range(10)])
    made = path_variables(block_of(make_values(labels, 10)), 10, labels, default_paths(labels))
    assert sum(v.block(0, 10).nbytes for v in made) / 10 <= 200


def test_path_series__are_the_columns_of_the_variables():
    values, made = paths(["npv_funder", "portfolio.irr_funder", "completed", "npv_funder_local", "outcome_ruling"], 50)
    for name, variable in made.items():
        if name == "path":
            continue
        columns = np.atleast_2d(variable.block(0, 50).T)
        held = path_series(name, LABELS)
        assert len(held) == len(columns)
        for series, column in zip(held, columns, strict=True):
            expected = np.nan_to_num(
                values[LABELS.series.index(series)], nan=-1 if column.dtype.kind == "i" else np.nan
            )
            np.testing.assert_array_equal(column, expected.astype(column.dtype), err_msg=f"{name} {series}")


@pytest.mark.parametrize("name", ["npv_fundr", "portfolio.outcome_ruling", "portfolio_npv_funder", ""])
def test_paths__unknown_name_is_refused_with_the_nearest(name):
    with pytest.raises(InputError) as caught:
        check_paths(["npv_funder", name], LABELS)
    (problem,) = caught.value.problems
    assert (problem.place, problem.path) == ("", "output.paths.1")
    assert problem.remedy
    if name == "npv_fundr":
        assert problem.remedy.startswith("did you mean npv_funder?")


def test_docs__describe_every_quantity_statistic_and_row():
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "make docs-figures"
    for name in (s.name for s in STATISTICS):
        assert f"`{name}" in page
