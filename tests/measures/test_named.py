"""The grammar of measures: what it reads, what it refuses with which remedy, that figures are the summary's."""

import numpy as np
import pytest

from small_run import LEVELS, QUANTILES, make_labels, make_run
from spvrisk.errors import InputError
from spvrisk.measures.named import STATISTICS, measure_of, measures_like
from spvrisk.measures.sample import Sample
from spvrisk.measures.table import summary

LABELS = make_labels(pipelines=("more",))
N = 5000


@pytest.fixture(scope="module")
def run():
    sums, (values, _) = make_run(LABELS, N)
    return summary(sums, values.__getitem__, LABELS, QUANTILES, LEVELS), dict(zip(LABELS.series, values, strict=True))


def read(text):
    return measure_of(text, LABELS, "--of")


@pytest.mark.parametrize(
    ("text", "series", "statistic", "at", "kind"),
    [
        ("npv_funder:es@0.99", ("portfolio", "npv_funder"), "es", "0.99", "money"),
        ("portfolio/npv_funder:es@.990", ("portfolio", "npv_funder"), "es", "0.99", "money"),
        ("smr/delay_months:quantile@0.9", ("smr", "delay_months"), "quantile", "0.9", "months"),
        ("more/npv_funder:p_loss", ("more", "npv_funder"), "p_loss", "", "flag"),
        ("npv_funder_local:mean", ("scheme", "npv_funder_local"), "mean", "", "money"),
        ("scheme/npv_funder_local:sd", ("scheme", "npv_funder_local"), "sd", "", "money"),
        ("npv_funder:p_below@-1e3", ("portfolio", "npv_funder"), "p_below", "-1e3", "flag"),
        ("npv_funder:skewness", ("portfolio", "npv_funder"), "skewness", "", "ratio"),
        ("recovery_years:p_finite", ("portfolio", "recovery_years"), "p_finite", "", "flag"),
        ("smr/npv_funder:es_part@0.99", ("smr", "npv_funder"), "es_part", "0.99", "money"),
        ("more/npv_funder:var_added@0.95", ("more", "npv_funder"), "var_added", "0.95", "money"),
    ],
)
def test_measure__reads(text, series, statistic, at, kind):
    found = read(text)
    assert (found.series, found.statistic.name, found.at, found.kind) == (series, statistic, at, kind)
    assert read(found.text) == found


def test_measure__of_a_state_is_its_share(run):
    _, values = run
    regime, states = LABELS.regimes[0]
    found = read(f"final_state_{regime}:share@{states[1]}")
    series = values["scheme", f"final_state_{regime}"]
    assert found.figure(Sample(series)).value == np.mean(series == 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be a measure"),
        ("npv_funder", "must be a measure"),
        (":mean", "must be a measure"),
        ("npv_funder:", "must be a measure"),
        ("npv_fundre:mean", "did you mean npv_funder"),
        ("smrr/npv_funder:mean", "did you mean smr"),
        ("smr/npv_funder_local:mean", "must be of a quantity of smr"),
        ("npv_funder:media", "must be a statistic that npv_funder has"),
        ("cost:es@0.99", "must be a statistic that cost has"),
        ("npv_funder:es", "write npv_funder:es@0.95"),
        ("npv_funder:mean@0.5", "takes nothing behind @"),
        ("npv_funder:es@1.5", "between 0 and 1"),
        ("npv_funder:es@", "between 0 and 1"),
        ("npv_funder:p_below@x", "a number behind @"),
        ("npv_funder:p_below@inf", "a number behind @"),
        ("npv_funder:es_part@0.99", "must be a statistic that npv_funder has"),
        ("smr/cost:es_part@0.99", "must be a statistic that cost has"),
        ("smr/npv_funder:es_part", "write smr/npv_funder:es_part@0.95"),
        ("final_state_general:mean", "must be a statistic that final_state_general has"),
        ("final_state_general:share@gone", "must be a state or outcome of final_state_general"),
        ("final_state_general:share", "write final_state_general:share@"),
    ],
)
def test_measure__refuses_with_a_remedy(text, says):
    with pytest.raises(InputError) as error:
        read(text)
    assert str(error.value).startswith("--of: ") and says in str(error.value)


def test_measure__of_a_part_takes_the_whole_too(run):
    table, values = run
    found, whole = 0.0, ("portfolio", "npv_funder")
    for project in LABELS.projects:
        measure = read(f"{project}/npv_funder:es_part@{LEVELS[0]}")
        assert measure.needs == ((project, "npv_funder"), whole)
        figure = measure.figure(*(Sample(values[series]) for series in measure.needs))
        p = LABELS.projects.index(project)
        np.testing.assert_allclose(figure.value, table.contribution[p, 0], rtol=1e-9)
        np.testing.assert_allclose(figure.error, table.contribution_se[p, 0], rtol=0.1)
        found += figure.value
    assert found == pytest.approx(read(f"npv_funder:es@{LEVELS[0]}").figure(Sample(values[whole])).value)
    assert read("npv_funder:es@0.99").needs == (whole,)


def test_measure__bearers_are_parts():
    labels = LABELS._replace(features=("stack",))
    assert measure_of("insurer_net:es_part@0.99", labels, "").needs[0] == ("portfolio", "insurer_net")


FIELDS = {
    "mean": ("mean", "mean_se"),
    "sd": ("sd", "sd_se"),
    "skewness": ("skewness", None),
    "p_loss": ("p_loss", None),
    "p_finite": ("p_finite", None),
    "quantile": ("quantile", None),
    "var": ("value_at_risk", None),
    "es": ("expected_shortfall", "expected_shortfall_se"),
}


@pytest.mark.parametrize("statistic", [s for s in STATISTICS if s.name in FIELDS], ids=lambda s: s.name)
def test_measure__is_the_summarys(run, statistic):
    table, values = run
    value, error = FIELDS[statistic.name]
    compared = 0
    for s, (unit, quantity) in enumerate(LABELS.series):
        try:
            at = {"": "", "level": "@" + (QUANTILES if statistic.name == "quantile" else LEVELS)[1]}[statistic.at]
            measure = measure_of(f"{unit}/{quantity}:{statistic.name}{at}", LABELS, "")
        except InputError:
            continue
        figure, place = measure.figure(Sample(values[unit, quantity])), (s, 1) if at else s
        np.testing.assert_allclose(figure.value, getattr(table, value)[place], rtol=1e-12, atol=1e-12)
        if error and np.isfinite(figure.value):
            np.testing.assert_allclose(figure.error, getattr(table, error)[place], rtol=2e-3)
        compared += 1
    assert compared >= 1


def test_measures__of_every_unit_that_fits():
    def texts(text):
        return [measure.text for measure in measures_like(text, LABELS, "--of")]

    projects = LABELS.projects
    assert texts("*/npv_funder:es@0.9") == [f"{name}/npv_funder:es@0.9" for name in projects] and len(projects) > 2
    assert texts("sm*/cost:mean") == ["smr/cost:mean"]
    assert texts("npv_funder:mean") == ["npv_funder:mean"]
    for text, says in (("x*/cost:mean", "that is there"), ("*/costs:mean", "did you mean cost"), ("*/cost", "measure")):
        with pytest.raises(InputError, match=says):
            texts(text)
