"""Results where an outcome or a final state is given: against NumPy on the masked values, and through the file."""

import json
from math import ceil, floor

import numpy as np
import pytest
from click.testing import CliRunner

from every_clause import VARIANTS, example_study
from in_memory import simulate, values_of
from small_run import LEVELS, QUANTILES, make_labels, make_values
from spvrisk.aggregate.sets import Condition, codes_of
from spvrisk.cli.summary import command as summary_command
from spvrisk.config import load
from spvrisk.dataset.read import open_result
from spvrisk.dataset.soundness import content_of_file
from spvrisk.dataset.tables import SummaryTable
from spvrisk.errors import InputError
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import settings_of
from spvrisk.measures.conditional import conditional, distinct
from spvrisk.plan.compile import compile_study
from spvrisk.plan.shared import LEAF
from studies import BARE, changed, write_study

PATHS = 2 * LEAF + 321


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    study = VARIANTS["rulings"](example_study())
    # an outcome that nothing leads to, and a state without a way in
    study["regimes"]["relations"]["states"]["suspended"] = {"attributes": {"pace": 0.5}}
    study["events"]["midterm"]["outcomes"]["tie"] = {}
    study["events"]["midterm"]["probabilities"]["tie"] = 0
    study["output"]["paths"] = ["npv_funder", "outcome_ruling", "final_state_tariffs"]
    return load(write_study(study, tmp_path_factory.mktemp("conditional") / "study.yaml"))


@pytest.fixture(scope="module")
def ran(loaded):
    """Labels, values, and the table of a run."""
    plan, labels, _ = compile_study(loaded.study)
    values = values_of(simulate(plan, labels, PATHS, 5, 1, 1))
    output = loaded.study.output
    return labels, values, conditional(values.__getitem__, labels, output.quantiles, output.risk_levels)


def masks(labels, values):
    """Paths of every condition by name, in the order of the model page: events, then regimes."""
    row = {quantity: values[s] for s, (_, quantity) in enumerate(labels.series)}
    out = {}
    for event, outcomes in labels.events:
        codes = row[f"outcome_{event}"]
        out |= {f"outcome_{event}.{name}": codes == k for k, name in enumerate(outcomes)}
        out[f"outcome_{event}.undefined"] = np.isnan(codes)
    for regime, states in labels.regimes:
        out |= {f"final_state_{regime}.{name}": row[f"final_state_{regime}"] == k for k, name in enumerate(states)}
    return out


def test_conditions__cover_every_path_once_per_event_and_regime(ran):
    labels, values, table = ran
    expected = masks(labels, values)
    assert list(table.names) == list(expected)
    assert table.n_paths.tolist() == [int(mask.sum()) for mask in expected.values()]
    for prefix in (*(f"outcome_{e}." for e, _ in labels.events), *(f"final_state_{l}." for l, _ in labels.regimes)):
        own = [i for i, name in enumerate(table.names) if name.startswith(prefix)]
        assert table.n_paths[own].sum() == PATHS, prefix
    p = table.n_paths / PATHS
    np.testing.assert_allclose(table.share, p, rtol=1e-15)
    some = (table.n_paths > 100) & (table.n_paths < PATHS)
    error = np.sqrt(p * (1 - p) / PATHS)[some]
    np.testing.assert_allclose((table.share_high - table.share_low)[some], 2 * 1.96 * error, rtol=0.05)
    assert 0 in table.n_paths and (table.n_paths > 100).sum() > 20


def test_distinct__conditions_of_the_same_paths_are_gone_through_once():
    a, b = np.array([0.0, 1.0, 1.0, 0.0]), np.array([3.0, 2.0, 2.0, 3.0])
    codes = {name: codes_of(values) for name, values in {"a": a, "b": b, "all": np.zeros(4)}.items()}
    given = [("a", 0), ("a", 1), ("a", -1), ("b", 2), ("b", 3), ("b", 4), ("all", 0)]
    conditions = [Condition(f"{quantity}.{code}", quantity, code) for quantity, code in given]
    assert distinct(conditions, [codes], with_all=True) == ([0, 1, 2], [1, 2, 3, 2, 1, 3, 0])
    assert distinct(conditions, [codes], with_all=False) == ([0, 1, 2, 6], [1, 2, 3, 2, 1, 3, 4])


def test_means__weighted_give_those_of_all_paths(ran):
    labels, values, table = ran
    finite = np.isfinite(values)
    total = np.array([row[ok].sum() for row, ok in zip(values, finite, strict=True)])
    size = np.array([np.abs(row[ok]).sum() for row, ok in zip(values, finite, strict=True)])
    numbers = [s for s, (_, q) in enumerate(labels.series) if not q.startswith(("final_state_", "outcome_"))]
    for prefix in (*(f"outcome_{e}." for e, _ in labels.events), *(f"final_state_{l}." for l, _ in labels.regimes)):
        own = [table.tables[i] for i, name in enumerate(table.names) if name.startswith(prefix)]
        counts = np.array([each.n - each.n_infinite for each in own])
        assert (counts.sum(axis=0) == finite.sum(axis=1)).all()
        assert (sum(each.n_undefined for each in own) == np.isnan(values).sum(axis=1)).all()
        weighted = np.nansum(counts * np.array([each.mean for each in own]), axis=0)
        assert (np.abs(weighted - total)[numbers] <= 1e-12 * size[numbers]).all()


def var_and_shortfall(npv, level):
    """The k-th smallest loss, k = ceil(a n), and the mean of the worst (1 - a) n with a fractional last path."""
    losses, n = np.sort(-npv), npv.size
    worst, size = losses[::-1], round((1 - level) * n, 9)
    whole = floor(size)
    total = worst[:whole].sum() + ((size - whole) * worst[whole] if size > whole else 0.0)
    return losses[ceil(round(level * n, 9)) - 1], total / size


def test_statistics__as_numpy_on_the_masked_values(ran):
    labels, values, table = ran
    seen = 0
    for name, mask in masks(labels, values).items():
        each = table.tables[table.names.index(name)]
        if mask.sum() < 2:
            continue
        for s, (_, quantity) in enumerate(labels.series):
            row = values[s, mask]
            defined, finite = row[~np.isnan(row)], row[np.isfinite(row)]
            assert (each.n[s], each.n_infinite[s]) == (defined.size, defined.size - finite.size)
            if quantity.startswith(("final_state_", "outcome_")):
                states = dict(labels.regimes + labels.events)[
                    quantity.removeprefix("final_state_").removeprefix("outcome_")
                ]
                if defined.size:
                    shares = np.array([(defined == k).mean() for k in range(len(states))])
                    np.testing.assert_allclose(each.shares[quantity], shares, rtol=1e-14)
                continue
            if defined.size:
                expected = np.quantile(defined, [float(q) for q in each.quantiles], method="inverted_cdf")
                np.testing.assert_array_equal(each.quantile[s], expected, err_msg=f"{name} {quantity}")
            if finite.size > 1:
                sd = finite.std(ddof=1)
                np.testing.assert_allclose(each.mean[s], finite.mean(), rtol=1e-12, atol=1e-13 * max(sd, 1e-300))
                np.testing.assert_allclose(each.sd[s], sd, rtol=1e-10, atol=1e-13 * abs(finite.mean()))
                np.testing.assert_allclose(each.mean_se[s], each.sd[s] / np.sqrt(finite.size), rtol=1e-14)
            if quantity.startswith("npv_"):
                assert each.p_loss[s] == (row < 0).mean()
                for a, level in enumerate(each.levels):
                    var, shortfall = var_and_shortfall(row, float(level))
                    assert each.value_at_risk[s, a] == var
                    np.testing.assert_allclose(each.expected_shortfall[s, a], shortfall, rtol=1e-12)
                seen += 1
        whole = each.expected_shortfall[labels.series.index(("portfolio", "npv_funder"))]
        np.testing.assert_allclose(each.contribution.sum(axis=0), whole, rtol=1e-11)
    assert seen > 100


def test_condition__that_no_path_meets_is_undefined(ran):
    labels, _, table = ran
    empty = [i for i, n in enumerate(table.n_paths) if n == 0]
    names = {table.names[i] for i in empty}
    assert {"outcome_midterm.tie", "final_state_relations.suspended", "outcome_president.undefined"} <= names
    for i in empty:
        each = table.tables[i]
        assert (table.share[i], table.share_low[i]) == (0.0, 0.0)
        assert (1 - table.share_high[i]) ** PATHS == pytest.approx(0.05)
        assert not each.n.any() and not each.n_undefined.any()
        for field in set(SummaryTable._fields) - {"quantiles", "levels", "n", "n_infinite", "n_undefined"}:
            value = getattr(each, field)
            for array in value.values() if isinstance(value, dict) else [value]:
                assert np.isnan(array).all(), field


def test_condition__of_one_path_has_its_values_and_no_spread():
    labels = make_labels()
    values = make_values(labels, 50)
    row = labels.series.index(("scheme", "outcome_ruling"))
    values[row] = 1.0
    values[row, 17] = 0.0
    table = conditional(values.__getitem__, labels, QUANTILES, LEVELS)
    each = table.tables[table.names.index("outcome_ruling.upheld")]
    s = labels.series.index(("portfolio", "npv_funder"))
    assert table.n_paths[0] == 1 and each.mean[s] == values[s, 17] and (each.quantile[s] == values[s, 17]).all()
    assert (each.value_at_risk[s] == -values[s, 17]).all() and (each.expected_shortfall[s] == -values[s, 17]).all()
    assert np.isnan(each.sd[s]) and np.isnan(each.mean_se[s])


@pytest.fixture(scope="module")
def files(loaded, tmp_path_factory):
    """The same run by one and by two threads."""
    folder = tmp_path_factory.mktemp("files")
    settings = [settings_of(loaded, PATHS, 5).model_copy(update={"workers": n, "leaves_per_shard": 1}) for n in (1, 2)]
    return [run_study(loaded, folder / f"{each.workers}.h5", each) for each in settings]


def test_file__gives_back_the_tables(ran, files):
    _, _, table = ran
    found = open_result(files[0]).conditional
    assert found.names == table.names
    for field in ("n_paths", "share", "share_low", "share_high"):
        np.testing.assert_array_equal(getattr(found, field), getattr(table, field))
    for name, a, b in zip(table.names, found.tables, table.tables, strict=True):
        for field in SummaryTable._fields:
            np.testing.assert_equal(getattr(a, field), getattr(b, field), err_msg=f"{name} {field}")


def test_content__same_for_one_and_two_threads(files):
    digests = {open_result(file).attributes["content_sha256"] for file in files}
    assert len(digests) == 1 and digests == {content_of_file(file) for file in files}


def test_command__every_condition_of_a_run(ran, files):
    """Each is printed, or refused as one that no path meets; JSON has no NaN."""
    labels, values, table = ran
    s, runner = labels.series.index(("portfolio", "npv_funder")), CliRunner()
    for name, mask in list(masks(labels, values).items())[::4]:
        given = name.removeprefix("outcome_").removeprefix("final_state_").replace(".", "=")
        done = runner.invoke(summary_command, [str(files[0]), "--json", "--given", given])
        if not mask.any():
            assert isinstance(done.exception, InputError) and "no path of this result meets the condition" in str(
                done.exception
            )
            continue
        found = json.loads(done.stdout, parse_constant=pytest.fail)
        assert (found["given"], found["paths"], found["share"]) == (given, mask.sum(), mask.sum() / PATHS)
        assert found["portfolio"]["npv_funder"]["mean"] == pytest.approx(values[s, mask].mean(), rel=1e-12)
        if mask.sum() > 1:
            shown = runner.invoke(summary_command, [str(files[0]), "--given", given], catch_exceptions=False).stdout
            assert f"Given {given}: {mask.sum():,} paths" in shown


def test_study__without_regimes_and_events_has_no_conditions(tmp_path):
    loaded = load(write_study(changed(BARE), tmp_path / "bare.yaml"))
    file = run_study(loaded, tmp_path / "bare.h5", settings_of(loaded, 70, 1))
    result = open_result(file)
    assert result.conditional.names == () and "conditional" not in result.group_bytes
    done = CliRunner().invoke(summary_command, [str(file), "--given", "ruling=upheld"])
    (problem,) = done.exception.problems
    assert (problem.place, problem.value, problem.remedy) == ("argument given", "ruling=upheld", "none is defined")
