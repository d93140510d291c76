import json
import math
from dataclasses import replace

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from small_run import LEVELS, QUANTILES, make_labels, make_run, make_values, write_small
from spvrisk.cli import main
from spvrisk.cli.info import command as info
from spvrisk.cli.summary import command as summary
from spvrisk.dataset.opening import attributes_of
from spvrisk.dataset.read import open_result
from spvrisk.errors import InputError
from spvrisk.measures.given import narrowed
from spvrisk.measures.share import share_interval
from spvrisk.measures.table import summary as summarise
from spvrisk.report.json import summary_json
from spvrisk.report.words import plain, with_error, with_interval
from spvrisk.views.words import money_name

LABELS = make_labels()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "small.h5"
    write_small(path, LABELS, 5000)
    return path


@pytest.fixture(scope="module")
def table():
    sums, store = make_run(LABELS, 5000)
    return summarise(sums, store.values.__getitem__, LABELS, QUANTILES, LEVELS)


def output(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_summary_json__keys(file):
    found = json.loads(output(summary, file, "--json"))
    assert list(found) == [
        "schema",
        "study",
        "paths",
        "seed",
        "numbers_version",
        "warnings",
        "scheme",
        "portfolio",
        "projects",
    ]
    assert (found["study"], found["paths"], found["seed"]) == ("A made-up study", 5000, 20260331)
    assert list(found["projects"]) == ["gas", "smr"]
    npv = "n n_infinite n_undefined mean mean_se sd sd_se skewness quantile quantile_low quantile_high"
    loss = "p_loss p_loss_low p_loss_high value_at_risk value_at_risk_low value_at_risk_high expected_shortfall"
    loss += " expected_shortfall_se"
    assert set(found["portfolio"]["npv_funder"]) == {*npv.split(), *loss.split()}
    assert set(found["portfolio"]["irr_funder"]) == set(npv.split())
    assert set(found["scheme"]["outcome_ruling"]) == {*("n", "n_undefined", "share", "share_low", "share_high")}
    assert set(found["portfolio"]["payback_years"]) == {*npv.split(), "p_finite", "p_finite_low", "p_finite_high"}
    assert set(found["projects"]["gas"]["funded"]) == {*npv.split(), "mean_low", "mean_high"}


def test_summary_json__numbers_to_the_last_digit(file, table):
    found = json.loads(output(summary, file, "--json"))
    for s, (unit, quantity) in enumerate(LABELS.series):
        home = found[unit] if unit in found else found["projects"][unit]
        if "mean" in home[quantity]:
            assert home[quantity]["mean"] == table.mean[s]
            for q, level in enumerate(QUANTILES):
                expected = table.quantile[s, q]
                assert home[quantity]["quantile"][level] == (expected if math.isfinite(expected) else None)
    s = LABELS.series.index(("portfolio", "npv_funder"))
    assert found["portfolio"]["npv_funder"]["expected_shortfall"]["0.99"] == table.expected_shortfall[s, 1]
    parts = [found["projects"][p]["npv_funder"]["expected_shortfall_contribution"]["0.95"] for p in LABELS.projects]
    assert sum(parts) == pytest.approx(table.expected_shortfall[s, 0], rel=1e-12)
    assert found["scheme"]["outcome_ruling"]["share"]["upheld"] == table.shares["outcome_ruling"][0]


def test_summary__shows_portfolio_first_with_errors(file, table):
    text = output(summary, file, "--show", "all")
    s = LABELS.series.index(("portfolio", "npv_funder"))
    assert f"{table.mean[s]:,.0f} ± {table.mean_se[s]:,.0f}" in text
    table_text = text[text.index("Net present value to the funder") :]
    assert table_text.index("portfolio") < table_text.index("gas")
    assert "USD million" in text and "JPY million" in text
    for word in ("struck_down", "raised (", "value at risk", "expected shortfall", "5,000 paths"):
        assert word.removesuffix(" (") in text


def test_summary__begins_with_the_answer(file, table):
    text = output(summary, file, "--show", "all")
    s = LABELS.series.index(("portfolio", "npv_funder"))
    assert f"The funder's net present value is {table.mean[s]:,.0f} ± {table.mean_se[s]:,.0f} USD million" in text
    largest = max(range(len(LABELS.projects)), key=lambda p: table.contribution[p, 0])
    share = 100 * table.contribution[largest, 0] / table.expected_shortfall[s, 0]
    assert f"driven by {LABELS.projects[largest]} {share:.0f} %" in text


def test_summary__fits_its_width(file):
    assert max(len(line) for line in output(summary, file).splitlines()) <= 100


def test_info__says_what_the_file_is(file):
    text = output(info, file)
    for word in ("A made-up study", "5,000", "20260331", "gas, smr", "run.paths=10", "npv_funder", "/paths"):
        assert word in text


def test_info__json_is_what_the_file_says_of_itself(file):
    found = json.loads(output(info, file, "--json"), parse_constant=pytest.fail)
    with h5py.File(file) as held:
        about, made = held.attrs, held["provenance"].attrs
        for name in ("content_sha256", "plan_sha256", "config_sha256", "engine_version"):
            assert found[name] == attributes_of(held)[name]
        assert (found["paths"], str(found["seed"])) == (about["paths"], "20260331")
        assert found["duration_seconds"] == made["duration_seconds"]
        paths = held["paths"]
        assert set(found["path_variables"]) == set(paths) - {"path", "project"}
        assert found["bytes"]["paths"] == sum(each.id.get_storage_size() for each in paths.values())
    assert (found["schema"], found["kind"], found["file"]) == ("spvrisk.info/1", "result", str(file))
    assert (found["study"], found["projects"], found["pipelines"]) == ("A made-up study", ["gas", "smr"], [])
    assert found["overrides"] == ["run.paths=10"] and found["currency"] == "USD"


def test_info__json_is_not_for_files_given_back(file, tmp_path):
    done = CliRunner().invoke(info, [str(file), "--json", "--config", str(tmp_path / "new")])
    assert done.exit_code and not (tmp_path / "new").exists()
    assert str(done.exception) == "--json: cannot be used with --config; leave one of them out"


CONDITIONS = {
    "ruling=upheld": ("outcome_ruling", 0),
    "ruling=undefined": ("outcome_ruling", -1),
    "autos=raised": ("final_state_autos", 2),
}


def given(condition):
    """Values of the paths of a condition, by masking."""
    quantity, code = CONDITIONS[condition]
    values = make_values(LABELS, 5000)
    codes = np.nan_to_num(values[LABELS.series.index(("scheme", quantity))], nan=-1)
    return values[:, codes == code]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_summary_given__json_of_those_paths_alone(file, condition):
    whole = json.loads(output(summary, file, "--json"))
    found = json.loads(output(summary, file, "--json", "--given", condition), parse_constant=pytest.fail)
    some = given(condition)
    n, share = some.shape[1], some.shape[1] / 5000
    assert set(found) - set(whole) == {"given", "share", "share_low", "share_high"} and set(whole) <= set(found)
    assert (found["given"], found["paths"], found["share"]) == (condition, n, share)
    error = (share * (1 - share) / 5000) ** 0.5
    assert found["share_high"] - found["share_low"] == pytest.approx(2 * 1.96 * error, rel=0.03)
    assert (found["seed"], found["study"], found["schema"]) == (whole["seed"], whole["study"], whole["schema"])
    for unit in ("gas", "portfolio"):
        row = some[LABELS.series.index((unit, "npv_funder"))]
        npv = (found[unit] if unit == "portfolio" else found["projects"][unit])["npv_funder"]
        assert npv["n"] == n and npv["mean"] == pytest.approx(row.mean(), rel=1e-12)
        assert npv["quantile"]["0.05"] == np.quantile(row, 0.05, method="inverted_cdf")
        assert npv["p_loss"] == (row < 0).mean()
    outcome = found["scheme"]["outcome_ruling"]["share"]
    if condition == "ruling=upheld":
        assert outcome == {"upheld": 1.0, "struck_down": 0.0}
    if condition == "ruling=undefined":
        assert outcome == {"upheld": None, "struck_down": None}


def test_summary_given__table_says_what_is_given(file):
    text, some = output(summary, file, "--given", "ruling=upheld"), given("ruling=upheld")
    n, share = some.shape[1], some.shape[1] / 50
    assert f"Given ruling=upheld: {n:,} paths, {share:.0f} % (" in text
    assert "of 5,000 paths, seed 20260331" in " ".join(text.split())
    row = some[LABELS.series.index(("portfolio", "npv_funder"))]
    assert f"{row.mean():,.0f} ± {row.std(ddof=1) / n**0.5:,.0f}" in text
    assert max(len(line) for line in text.splitlines()) <= 100
    undefined = output(summary, file, "--given", "ruling=undefined")
    assert "nan" not in undefined.lower()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("ruling", ["did you mean ruling=upheld? allowed: "]),
        ("ruling=uphold", ["--given", "ruling=uphold", "did you mean ruling=upheld?", "general=gap"]),
        ("autos", ["an event and an outcome, or a regime and a state", "allowed: ruling=upheld"]),
        ("autos=undefined", ["got autos=undefined"]),  # a regime always is in a state
        ("=", ["allowed"]),
    ],
)
def test_summary_given__mistakes_are_told_with_a_remedy(file, wrong, words):
    done = CliRunner().invoke(main, ["summary", str(file), "--given", wrong])
    assert (done.exit_code, done.stdout) == (2, "")
    assert all(word in done.stderr for word in words), done.stderr


def test_summary_given__names_are_suggested_as_they_are(file):
    result = open_result(file)
    names = tuple(name.replace("outcome_ruling", "outcome_state_vote") for name in result.conditional.names)
    named = replace(result, conditional=result.conditional._replace(names=names))
    with pytest.raises(InputError, match=r"did you mean state_vote=upheld\?"):
        narrowed(named, "state_vote=uphold")


def test_summary__names_that_look_like_others(file):
    """A regime and an event of one name, and a regime whose name begins as the quantities of events do."""
    result, (general, autos) = open_result(file), LABELS.regimes
    labels = LABELS._replace(regimes=(("ruling", general[1]), ("outcome_autos", autos[1])))
    new = {"final_state_general": "final_state_ruling", "final_state_autos": "final_state_outcome_autos"}
    summary = result.summary
    shares, low, high = (
        {new.get(k, k): v for k, v in x.items()} for x in (summary.shares, summary.shares_low, summary.shares_high)
    )
    names = tuple(new.get(q, q) + "." + value for q, value in (name.split(".") for name in result.conditional.names))
    named = replace(
        result,
        labels=labels,
        summary=result.summary._replace(shares=shares, shares_low=low, shares_high=high),
        conditional=result.conditional._replace(names=names),
    )
    scheme = summary_json(named)["scheme"]
    assert list(scheme["final_state_ruling"]["share"]) == list(general[1])
    assert list(scheme["outcome_ruling"]["share"]) == ["upheld", "struck_down"]
    assert list(scheme["final_state_outcome_autos"]["share"]) == list(autos[1])
    with pytest.raises(InputError, match=r"did you mean outcome_autos=kept\?"):
        narrowed(named, "outcome_autos=kep")


def test_summary__of_one_path(tmp_path):
    write_small(tmp_path / "one.h5", LABELS, 1)
    text = output(summary, tmp_path / "one.h5")
    assert "\n1 path, seed 20260331" in text and "1 paths" not in text


def test_summary_given__no_path_meets_it(tmp_path):
    write_small(tmp_path / "one.h5", LABELS, 1)
    ruling = make_values(LABELS, 1)[LABELS.series.index(("scheme", "outcome_ruling"))][0]
    other = "struck_down" if ruling == 0 else "upheld"
    done = CliRunner().invoke(main, ["summary", str(tmp_path / "one.h5"), "--given", f"ruling={other}"])
    assert done.exit_code == 2
    assert f"no path of this result meets the condition, got ruling={other}; run more paths" in done.stderr


def test_summary_given__without_regimes_and_events(tmp_path):
    write_small(tmp_path / "none.h5", LABELS._replace(regimes=(), events=()), 10)
    done = CliRunner().invoke(main, ["summary", str(tmp_path / "none.h5"), "--given", "ruling=upheld"])
    assert done.exit_code == 2
    assert "--given: must be an event and an outcome, or a regime and a state, got ruling=upheld; none is defined" in (
        done.stderr
    )


@pytest.mark.parametrize("command", ["summary", "info", "trace"])
def test_commands__a_study_in_the_place_of_a_result(command, tmp_path):
    (tmp_path / "my_study.yaml").write_text("study: {}\n")
    done = CliRunner().invoke(main, [command, str(tmp_path / "my_study.yaml")])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "my_study.yaml: is a study, not a result; run it with `spvrisk run " in done.stderr


def test_summary__an_unknown_table_is_told_of_its_option(file):
    done = CliRunner().invoke(main, ["summary", str(file), "--show", "part"])
    assert done.exit_code == 2 and done.stderr.startswith(
        '--show: must be a view of a result, got "part"; did you mean'
    )


@pytest.mark.parametrize("command", [summary, info])
def test_commands__wrong_file_is_an_input_error(command, tmp_path):
    with pytest.raises(InputError):
        CliRunner().invoke(command, [str(tmp_path / "no.h5")], catch_exceptions=False)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1234567.8, 345.6, "1,234,570 ± 350"),
        (12.3456, 0.0234, "12.346 ± 0.023"),
        (-5.0, 1.26, "-5.0 ± 1.3"),
        (0.5, 0.0, "0.500"),
        (np.nan, np.nan, "-"),
        (np.inf, np.nan, "never"),
        (3.0, np.nan, "3.000 ± n/a"),
    ],
)
def test_with_error__digits_follow_the_error(value, error, text):
    assert with_error(value, error) == text


@pytest.mark.parametrize(
    ("count", "n", "text"),
    [
        (0, 100_000, "0 % (0-0.003)"),
        (100_000, 100_000, "100 % (99.997-100)"),
        (99_995, 100_000, "99.995 % (99.988-99.998)"),
        (92_583, 100_000, "92.6 % (92.4-92.7)"),
        (9, 20, "45 % (23-68)"),
        (1, 1, "100 % (5-100)"),
        (3, 10**8, "0.000003 % (0.000001-0.000009)"),
        (0, 0, "-"),
    ],
)
def test_with_interval__digits_follow_the_interval(count, n, text):
    assert with_interval(*share_interval(count, n)) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (123456.7, "123,457"), (12.34567, "12.35"), (0.001234, "0.001")]
)
def test_plain__four_digits(value, text):
    assert plain(value) == text


@pytest.mark.parametrize(("unit", "name"), [(1.0, "USD"), (1e6, "USD million"), (500.0, "USD x 500")])
def test_money_name__says_the_unit(unit, name):
    assert money_name(LABELS._replace(money_unit=unit)) == name
