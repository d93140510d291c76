"""What is told of what is not known: each figure against the file's arrays, in tables, sentences, JSON and picture."""

import json
import lzma
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

import spvrisk
from make_results import uncertain
from spvrisk.charts.uncertainty import uncertainty as chart_of
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.measures.unknown import unknown, unknowns
from spvrisk.report.words import sentence, shown
from spvrisk.views.figures import Estimate, Rate

KEPT = Path(__file__).parents[1] / "data" / "schema8"
OUTER, INNER = 30, 128


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A result with outer runs over two inputs."""
    path = tmp_path_factory.mktemp("uncertain") / "u.h5"
    path.write_bytes(lzma.decompress((KEPT / "uncertain.h5.xz").read_bytes()))
    return path


@pytest.fixture(scope="module")
def result(file):
    with spvrisk.open(file) as opened:
        yield opened.tables()


def printed(*words) -> str:
    done = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split())


def by_hand(file, measure="npv_funder:mean"):
    """Measures of the runs, drawn together by their noise, and the variance of what is not known."""
    with spvrisk.open(file) as opened:
        values = opened.uncertainty.measure_value.sel(measure=measure).values
        errors = opened.uncertainty.measure_error.sel(measure=measure).values
    variance = values.var(ddof=1) - np.mean(errors**2)
    return np.sort(values.mean() + np.sqrt(variance / values.var(ddof=1)) * (values - values.mean())), errors, variance


def test_table__has_range_and_share_of_each_measure(file, result):
    figures = spvrisk.open(file).view("uncertainty")
    assert len(figures.rows) == len(result.uncertainty.measures)
    ordered, errors, variance = by_hand(file)
    own, *over, share = figures.rows[0].cells
    assert own.value == result.summary.mean[result.labels.series.index(("portfolio", "npv_funder"))]
    assert over == pytest.approx([ordered[1], ordered[14], ordered[28]])  # ranks 2, 15 and 29 of 30
    assert isinstance(share, Rate)
    assert share.value == pytest.approx(variance / (variance + INNER * np.mean(errors**2)))


def test_own_values__are_those_of_the_tables(result):
    t, s = result.summary, result.labels.series.index(("portfolio", "npv_funder"))
    found = {each.measure.text: each.base for each in unknowns(result, result.uncertainty)}
    assert found["npv_funder:es@0.95"] == t.expected_shortfall[s, t.levels.index("0.95")]
    assert found["npv_funder:var@0.99"] == t.value_at_risk[s, t.levels.index("0.99")]
    assert found["npv_funder:quantile@0.05"] == t.quantile[s, t.quantiles.index("0.05")]
    assert found["npv_funder:p_loss"] == t.p_loss[s] and found["npv_funder:sd"] == t.sd[s]


def test_probability__that_no_run_doubts_has_no_lack_of_knowledge(result):
    table = result.uncertainty
    i = table.measures.index("npv_funder:p_loss")
    values = table.values.copy()
    values[:, i] = 1.0
    told = unknown(result, table._replace(values=values), "npv_funder:p_loss").knowledge
    assert told.variance.value == 0.0 and np.isnan(told.share.value)


def test_sentence__comes_before_the_sampling_error(file):
    text = printed("summary", file)
    ordered, *_ = by_hand(file)
    assert (
        f"on average between {ordered[1]:.1f} USD million and {ordered[28]:.1f} USD million in 90 % of 30 draws" in text
    )
    assert text.index("Over what is held possible of 2 inputs") < text.index("The funder's net present value is -")
    assert "mostly about Port, budget (" in text and "--show uncertainty, unknowns, value" in text


def test_inputs__the_dearer_port_is_worse(file):
    rows = {str(row.name.figures[0].name): row.cells for row in spvrisk.open(file).view("unknowns").rows}
    assert set(rows) == {"port_cost", "gas"}
    assert rows["port_cost"][2].value < -3 * rows["port_cost"][2].error
    assert 0.0 < rows["port_cost"][1].value < 1.1


def test_json__has_all_of_it(file, result):
    read = json.loads(CliRunner().invoke(main, ["summary", str(file), "--json"]).stdout)
    found = read["uncertainty"]
    assert (found["outer"], found["inner"], [*found["measures"]]) == (OUTER, INNER, [*result.uncertainty.measures])
    mean, (_, _, variance) = found["measures"]["npv_funder:mean"], by_hand(file)
    assert mean["variance"] == pytest.approx(variance) and [*mean["inputs"]] == ["port_cost", "gas"]
    assert [*read].index("uncertainty") < [*read].index("portfolio")


def test_condition__has_nothing_to_do_with_it(file):
    given = ("summary", file, "--given", "election=new_course")
    assert "held possible" not in printed(*given)
    assert "uncertainty" not in json.loads(CliRunner().invoke(main, [*map(str, given), "--json"]).stdout)


def test_picture__bands_are_quantiles_of_the_curves(result):
    chart = chart_of(result)
    wide, narrow, *_ = chart.panels[0].marks
    k = wide.x.index(10.0)
    losses = -result.uncertainty.curve()[:, result.uncertainty.quantiles.index("0.1")]
    assert (wide.low[k], wide.high[k]) == pytest.approx(tuple(np.quantile(losses, [0.05, 0.95])))
    assert wide.low[k] < narrow.low[k] < narrow.high[k] < wide.high[k]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A result as it is written today, with curves of each project."""
    with spvrisk.run(uncertain(tmp_path_factory.mktemp("fresh")), paths=400) as opened:
        yield opened.tables()


@pytest.mark.parametrize(
    ("of", "sign", "level", "told"),
    [
        ("port/npv_funder", -1.0, "0.1", "loss: minus Port: net present value to the funder"),
        ("pv_host", 1.0, "0.9", "present value of distributions to the host"),
        ("npv_funder_local", -1.0, "0.1", "loss: minus net present value to the funder in its own currency"),
    ],
)
def test_picture__of_another_quantity(fresh, of, sign, level, told):
    table, chart = fresh.uncertainty, chart_of(fresh, of)
    wide, _, middle, own = chart.panels[0].marks
    k = wide.x.index(10.0)
    ends = np.quantile(sign * table.curve(of)[:, table.quantiles.index(level)], [0.05, 0.5, 0.95])
    assert (wide.low[k], middle.y[k], wide.high[k]) == pytest.approx(tuple(ends))
    unit = {"port/npv_funder": "port", "pv_host": "portfolio"}.get(of, "scheme")
    s, q = fresh.labels.series.index((unit, of.rpartition("/")[2])), "0.5"
    assert own.y[own.x.index(2.0)] == sign * fresh.summary.quantile[s, fresh.summary.quantiles.index(q)]
    assert told.lower() in sentence(chart.title).lower()
    assert ("EUR" in sentence(chart.title)) == (of == "npv_funder_local")


def test_picture__of_what_has_no_curves_is_refused(fresh):
    with pytest.raises(InputError, match="of: must be a quantity of which the outer runs have curves, got port/cost"):
        chart_of(fresh, "port/cost")


def test_picture__title_has_the_digits_that_its_errors_support(result):
    """The error of an end is by the binomial ranks, which scipy finds as well."""
    k = result.uncertainty.quantiles.index("0.1")
    losses = np.sort(-result.uncertainty.curve()[:, k])
    end = np.quantile(losses, 0.95)
    # of 30 draws P95 is bounded from below alone: the 26th value, since P(B < 26) is at most 2.5 %
    assert stats.binom.cdf(25, OUTER, 0.95) <= 0.025 < stats.binom.cdf(26, OUTER, 0.95)
    error = (end - losses[25]) / stats.norm.ppf(0.975)
    assert f"{shown(Estimate(end, error))} USD million" in sentence(chart_of(result).title)


def test_result__without_outer_runs_says_so(tmp_path):
    path = tmp_path / "s.h5"
    path.write_bytes(lzma.decompress((KEPT / "starter.h5.xz").read_bytes()))
    with spvrisk.open(path) as plain:
        assert plain.tables().uncertainty is None and not plain.view("uncertainty").rows
        with pytest.raises(InputError, match="has no outer runs, which tell of what is not known"):
            chart_of(plain.tables())
    assert "held possible" not in printed("summary", path)
