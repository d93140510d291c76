"""What pictures show, against what NumPy makes of the values by path."""

from datetime import date
from math import isnan

import numpy as np
import pytest
from scipy import stats

import spvrisk
from decision_runs import STACK, starter
from large import table_study
from spvrisk.charts.chart import Band, Bars, Cells, Histogram, Line, Points, Ranges, Reference, Stack
from spvrisk.charts.distribution import bin_edges
from spvrisk.charts.gathering import gathered
from spvrisk.charts.registry import CHARTS
from spvrisk.charts.words import decimal_year
from spvrisk.errors import InputError
from spvrisk.report.wording import worded
from spvrisk.report.words import sentence
from spvrisk.views.words import unit_titled

DELIVERY = ["funded", "cost_overrun", "delay_months"]
KEPT = [*DELIVERY, "cost", "npv_funder", "pv_host", "payback_years", "completed", "outcome_election"]
REVIEW = {"projects.gas_plant.construction.review": {"threshold": 1.15, "reveal": 0.5}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("charts")


@pytest.fixture(scope="module")
def results(folder):
    """The gas plant is cancelled on many paths; two projects, one event, one regime."""
    with spvrisk.open(starter(folder / "a.h5", **REVIEW, **{"output.paths": KEPT})) as opened:
        yield opened


@pytest.fixture(scope="module")
def financed(folder):
    """Who shares in it: a policy bank, banks, an insurer."""
    bearers = ["npv_funder", "npv_policy_bank", "npv_banks", "insurer_net"]
    with spvrisk.open(starter(folder / "s.h5", **STACK, **{"output.paths": bearers})) as opened:
        yield opened


@pytest.fixture(scope="module")
def many(folder):
    """Thirty projects of one title."""
    study = spvrisk.load(table_study(folder, 30))
    with spvrisk.run(study, paths=400, on=spvrisk.Threads(1)) as opened:
        yield opened


def chart(name, results, **choices):
    return CHARTS[name].chart(results.tables(), **choices)


def marks_of(chart, kind, panel=0):
    return [mark for mark in chart.panels[panel].marks if isinstance(mark, kind)]


def delivery_of(results, project):
    """Whether it was funded, its overrun and its delay, by path."""
    funded, overrun, delay = (results.values(name, project).astype(float) for name in DELIVERY)
    return funded > 0.0, overrun, delay


def near(values):
    return pytest.approx(values, rel=1e-12, abs=1e-9)


def test_distribution__bins_count_paths(results):
    values, found = results.values("npv_funder"), chart("distribution", results)
    bins = marks_of(found, Histogram)
    assert [each.role for each in bins] == ["loss", "gain"] and bins[0].edges[-1] == bins[1].edges[0] == 0.0
    for each in bins:
        counts = [np.sum((values >= a) & (values < b)) for a, b in zip(each.edges, each.edges[1:], strict=False)]
        assert [round(height * values.size) for height in each.heights] == counts
    outside = np.sum(values < bins[0].edges[0]) + np.sum(values > bins[1].edges[-1])
    assert sum(map(sum, (each.heights for each in bins))) == near(1.0 - outside / values.size)
    assert f"{outside} path" in sentence(found.notes[0])


@pytest.mark.parametrize("losses", [np.linspace(-9.0, -1.0, 40), np.full(40, -3.0), np.array([])])
def test_bin_edges__a_value_of_zero_is_in_no_bin_of_losses(losses):
    values = np.concatenate([losses, np.zeros(60)])
    edges = np.array(bin_edges(values, []))
    counts = np.histogram(values, edges)[0]
    assert counts[edges[:-1] < 0.0].sum() == losses.size and counts[edges[:-1] >= 0.0].sum() == 60


def test_distribution__marks_mean_and_tail(results):
    values = np.sort(results.values("npv_funder"))
    average, at_risk, shortfall = marks_of(chart("distribution", results), Reference)
    n, error = values.size, stats.sem(values)
    assert (average.at, average.low, average.high) == near(
        (values.mean(), *stats.norm.interval(0.95, values.mean(), error))
    )
    assert at_risk.at == values[n // 100] and at_risk.low < at_risk.at < at_risk.high
    assert shortfall.at == near(values[: n // 100].mean()) and shortfall.low < shortfall.at < shortfall.high


def test_distribution__title_is_the_answer(results):
    values, text = results.values("npv_funder"), sentence(chart("distribution", results).title)
    assert text.startswith("The funder loses" if values.mean() < 0.0 else "The funder earns")
    assert f"{abs(values.mean()):,.1f} ± " in text and f"{100 * np.mean(values < 0):.0f} %" in text


def test_distribution__of_counts_has_a_bin_for_each_number(results):
    values = results.values("completed")
    (bins,) = marks_of(chart("distribution", results, of="completed"), Histogram)
    counted = {a + 0.5: height for a, height in zip(bins.edges, bins.heights, strict=False) if height}
    numbers, counts = np.unique(values, return_counts=True)
    assert counted == {number: near(count / values.size) for number, count in zip(numbers, counts, strict=True)}


def test_distribution__of_what_may_never_come_tells_how_often(tmp_path):
    """With three tenths of the cash to the funder its calls come back on some paths alone."""
    results = spvrisk.open(starter(tmp_path / "never.h5", paths=1000, **{"agreement.split.first_share": 0.3}))
    values = results.values("payback_years").astype(float)
    found = chart("distribution", results, of="payback_years")
    never, (*_, last) = int(np.isinf(values).sum()), marks_of(found, Reference)
    assert never and f"Never on {never} paths." in [sentence(note) for note in found.notes]
    assert sentence(last.label).startswith("P50: ") and found.panels[0].x.unit.text == "years"
    assert np.mean(values <= last.at) >= 0.5 > np.mean(values < last.at)
    title = f"years on half of the paths, never on {100 * never / values.size:.0f} %"
    assert title in sentence(found.title) and never > 0.1 * values.size


def test_exceedance__a_point_is_exceeded_so_often(results):
    losses = -results.values("npv_funder")
    curve, beyond = marks_of(chart("exceedance", results), Line)
    for one_in, value, low, high, mean in zip(curve.x, curve.y, curve.low, curve.high, beyond.y, strict=True):
        assert np.sum(losses > value) == pytest.approx(losses.size / one_in, abs=1.0)
        assert low <= value <= high and mean >= value
    assert beyond.y[0] == near(np.sort(losses)[-losses.size // 2 :].mean())
    assert curve.x[-1] == pytest.approx(losses.size / 10, rel=0.01)


def test_fan__is_what_the_timeline_has(results):
    found, timeline = chart("fan", results), results.timeline
    for panel, name in enumerate(("fan_portfolio_cumulated_funder_flow", "fan_portfolio_net_flow")):
        (band,), (median,) = marks_of(found, Band, panel), marks_of(found, Line, panel)
        low, middle, high = (timeline[name].sel(quantile=q).values for q in (0.05, 0.5, 0.95))
        assert (band.low, median.y, band.high) == tuple(map(near, (tuple(low), tuple(middle), tuple(high))))
        assert band.within == near(0.9) and len(band.x) == len(results.tables().labels.step_ends)
        assert np.all(np.array(median.low) <= middle) and np.all(middle <= np.array(median.high))


def test_fan__interval_of_the_median_holds_as_many_paths_as_ranks_say(results):
    """Within the binomial's 95 % about the middle, a straight line between the quantiles that are kept."""
    (median,) = marks_of(chart("fan", results), Line)
    low, high = results.timeline["fan_portfolio_cumulated_funder_flow"].sel(quantile=[0.05, 0.95]).values[:, -1]
    reach = stats.norm.ppf(0.975) * np.sqrt(0.25 / 3000) / 0.45
    assert median.low[-1] == near(median.y[-1] - reach * (median.y[-1] - low))
    assert median.high[-1] == near(median.y[-1] + reach * (high - median.y[-1]))


def test_fan__title_says_when_most_is_out_of_pocket(results):
    median = results.timeline["fan_portfolio_cumulated_funder_flow"].sel(quantile=0.5)
    worst = str(median.time[int(np.argmin(median.values))].values)[:4]
    text = sentence(chart("fan", results).title)
    assert f" in {worst}, the most" in text and f"{-float(median.min()):,.0f}"[:3] in text


def test_waterfall__steps_lead_to_the_portfolio(results):
    labels = results.tables().labels
    *steps, total = marks_of(chart("waterfall", results), Bars)
    means = {name: results.values("npv_funder", name).mean() for name in labels.projects}
    order = sorted(means, key=lambda name: -abs(means[name]))
    parts = {
        int(at): (base, value) for each in steps for at, base, value in zip(each.at, each.base, each.value, strict=True)
    }
    assert [parts[k][1] - parts[k][0] for k in range(2)] == near([means[name] for name in order])
    assert parts[0][0] == 0.0 and parts[1][0] == near(parts[0][1])
    assert total.value[0] == near(parts[1][1]) == near(results.values("npv_funder").mean())
    assert all(
        (value > base) == (each.role == "gain")
        for each in steps
        for base, value in zip(each.base, each.value, strict=True)
    )


def test_waterfall__many_are_gathered_with_the_error_of_their_sum(many):
    labels = many.tables().labels
    values = {name: many.values("npv_funder", name) for name in labels.projects}
    found = chart("waterfall", many)
    names = found.panels[0].y.names
    shown = [name.name for name in names[:11]]
    assert len(names) == 13 and sentence(names[11]) == "19 others"
    assert set(shown) == set(sorted(values, key=lambda name: -abs(values[name].mean()))[:11])
    rest = sum(own for name, own in values.items() if name not in shown)
    (text,) = (
        text for each in marks_of(found, Bars) for at, text in zip(each.at, each.texts, strict=True) if at == 11.0
    )
    assert (text.value, text.error) == (pytest.approx(rest.mean()), pytest.approx(stats.sem(rest)))
    best = max(values, key=lambda name: values[name].mean() * np.sign(many.values("npv_funder").mean()))
    assert found.title.figures[0].name == best


def test_bearers__add_up_on_average_and_on_the_worst_paths(financed):
    whole = financed.values("npv_funder")
    worst = np.argsort(whole)[: whole.size // 20]
    found = chart("bearers", financed)
    assert sentence(found.title).startswith("Worst 5 % of the paths: ")
    series = [("portfolio", name) for name in ("npv_policy_bank", "npv_banks", "insurer_net")]
    for panel, paths in enumerate((slice(None), worst)):
        shown = {
            int(at): value
            for each in marks_of(found, Bars, panel)
            for at, value in zip(each.at, each.value, strict=True)
        }
        parts = [-financed.values(name, unit)[paths].astype(float).mean() for unit, name in series]
        assert [shown[k] for k in range(3)] == pytest.approx(parts, rel=1e-6)
        assert sum(parts) == pytest.approx(shown[max(shown)], rel=1e-6)
        projects = {each.name: k for k, each in enumerate(found.panels[0].y.names) if k > 3 and hasattr(each, "name")}
        for name, k in projects.items():
            assert shown[k] == near(-financed.values("npv_funder", name)[paths].mean())
        assert shown[max(shown)] == near(-whole[paths].mean())


def test_bearers__without_a_stack_the_funder_bears_it_alone(results):
    assert "the funder bears the loss alone" in sentence(chart("bearers", results, level="0.9").title)
    with pytest.raises(InputError, match=r"argument level: must be a decimal number between 0 and 1, got 1.2"):
        chart("bearers", results, level="1.2")


def test_convergence__figures_are_those_of_the_first_paths(results):
    values, found = results.values("npv_funder"), chart("convergence", results)
    (average,), (tail,) = marks_of(found, Line), marks_of(found, Line, 1)
    for n, value, low, high in zip(average.x, average.y, average.low, average.high, strict=True):
        first = values[: int(n)]
        error = first.std() / np.sqrt(n - 1)
        assert (value, high - low) == near((first.mean(), 2 * stats.norm.ppf(0.975) * error))
    for n, value, low, high in zip(tail.x, tail.y, tail.low, tail.high, strict=True):
        worst = np.sort(values[: int(n)])[: int(np.ceil(n / 100))]
        last = 1.0 - (np.ceil(n / 100) - n / 100)
        weights = np.append(np.ones(worst.size - 1), last)
        assert value == near(-np.average(worst, weights=weights)) and low < value < high
    assert average.x[-1] == tail.x[-1] == values.size and tail.x[0] >= 1000.0


def test_occupancy__states_fill_the_time(results):
    found, labels = chart("occupancy", results), results.tables().labels
    (name, states) = labels.regimes[0]
    (stack,) = marks_of(found, Stack, 1)
    assert tuple(map(sentence, stack.names)) == states and sentence(found.title).startswith(f"{name} at the end: ")
    assert np.sum(stack.heights, axis=0) == pytest.approx(np.ones(len(stack.x)))
    assert np.array(stack.heights) == near(results.tables().timeline.occupancy[: len(states)])
    (event,), (mark,) = marks_of(found, Points), marks_of(found, Reference, 1)
    assert event.x == (mark.at,) and mark.at == pytest.approx(2028.85, abs=0.05)
    k = int(np.argmax(np.bincount(results.values("outcome_election"))))
    named = dict(labels.events)["election"][k].replace("_", " ")
    assert "_" not in named and worded(event.texts[0], "en").startswith(f"{named} ")


def test_occupancy__calls_events_regimes_and_what_they_come_to_by_their_titles(folder):
    titled = {
        "regimes.trade.title": {"en": "Trade", "ja": "通商"},
        "regimes.trade.states.high.title": {"en": "High tariffs", "ja": "高関税"},
        "events.election.title.ja": "選挙",
        "events.election.probabilities": {"same_course": 0.1, "new_course": 0.9},
        "events.election.outcomes.new_course.title": {"en": "A new course"},
    }
    with spvrisk.open(starter(folder / "titled.h5", paths=400, **titled)) as opened:
        found = chart("occupancy", opened)
    stack, event = marks_of(found, Stack, 1)[0], marks_of(found, Points)[0]
    assert [worded(name, "en") for name in stack.names] == ["temporary", "settled", "High tariffs"]
    assert [worded(name, "ja") for name in stack.names] == ["temporary", "settled", "高関税"]
    assert worded(found.panels[1].title, "ja") == "通商" and worded(found.panels[0].y.names[0], "ja") == "選挙"
    assert worded(event.texts[0], "ja").startswith("A new course ")
    assert worded(found.title, "ja").startswith("通商が最終的に")


def test_occupancy__ends_where_no_part_moves_any_more(results):
    found, parts = chart("occupancy", results), results.tables().timeline.occupancy
    (stack,), (begin, end) = marks_of(found, Stack, 1), found.panels[1].x.ends
    apart = [x for x, column in zip(stack.x, parts.T, strict=True) if np.abs(column - parts[:, -1]).max() > 0.02]
    assert apart[-1] < end < stack.x[-1] and end == near(begin + 1.25 * (apart[-1] - begin))


def test_occupancy__of_a_regime_that_is_not_there(results):
    with pytest.raises(
        InputError, match=r"argument regime: must be a regime of the result, got trad; did you mean trade"
    ):
        chart("occupancy", results, regime="trad")


def test_scurve__counts_the_paths_that_fund_it(results):
    labels, found = results.tables().labels, chart("scurve", results)
    for k, name in enumerate(labels.projects):
        funded, overrun, delay = (
            results.values(q, name).astype(float) for q in ("funded", "cost_overrun", "delay_months")
        )
        there = funded > 0.0
        costs, dates = marks_of(found, Line)[k], marks_of(found, Line, 1)[k]
        assert costs.name.name == dates.name.name == name
        for x, y, low, high in zip(costs.x, costs.y, costs.low, costs.high, strict=True):
            held = int(np.sum(1.0 + overrun[there] <= x))
            assert (y, low, high) == near(
                (held / there.sum(), *stats.binomtest(held, int(there.sum())).proportion_ci(0.95))
            ) or y in (0.0, 1.0)
        months = (np.array(dates.x) - dates.x[0]) * 12.0
        late = np.sort(delay[there & ~np.isnan(delay)])
        first = np.quantile(late, 0.002)
        assert dates.y == near(tuple(np.sum(delay[there] <= first + m + 1e-9) / there.sum() for m in months))
    assert max(marks_of(found, Line)[0].y) < 0.95  # the plant is cancelled on many paths


def test_jcl__corners_are_parts_of_the_paths_that_fund_it(results):
    found = chart("jcl", results, project="gas_plant", joint="0.3")
    funded, overrun, delay = (
        results.values(q, "gas_plant").astype(float) for q in ("funded", "cost_overrun", "delay_months")
    )
    there = funded > 0.0
    within, on_time, done = overrun[there] <= 1e-6, delay[there] <= 1e-6, ~np.isnan(delay[there])
    (corners,) = marks_of(found, Cells)
    expected = [[on_time & within, on_time & ~within], [done & ~on_time & within, done & ~on_time & ~within]]
    assert np.array(corners.values) == near(np.mean(expected, axis=-1))
    assert np.sum(corners.values) == near(done.mean())
    (cloud,), (frontier,) = marks_of(found, Points), marks_of(found, Line)
    assert len(cloud.x) == 800 and np.array(cloud.x) == near(1.0 + overrun[there & ~np.isnan(delay)][:800])
    planned = corners.y[1]
    for cost, day, low, high in zip(frontier.x, frontier.y, frontier.low, frontier.high, strict=True):
        if isnan(high):
            continue
        held = np.mean((1.0 + overrun[there] <= cost) & (planned + delay[there] / 12.0 <= day + 1e-9))
        assert 0.3 <= held <= 0.3 + 2.0 / there.sum() and low <= day <= high
    both = f"{100 * np.mean(on_time & within):.0f} %"
    assert f"both on {both}" in sentence(found.title)


def test_compare__differences_are_paired(results, folder):
    with spvrisk.open(starter(folder / "b.h5", **{"projects.port.budget": 700})) as dear:
        found = CHARTS["compare"].chart([results.tables(), dear.tables()])
        a, b = results.values("npv_funder"), dear.values("npv_funder")
    wide, narrow = marks_of(found, Ranges)
    (average,), (more, tail) = marks_of(found, Points), marks_of(found, Points, 1)
    assert [name.name for name in found.panels[0].y.names] == ["a", "b"]
    assert average.x == near((a.mean(), b.mean()))
    for band, levels in ((wide, (0.05, 0.95)), (narrow, (0.25, 0.75))):
        ends = [tuple(np.sort(values)[int(np.ceil(level * a.size)) - 1] for values in (a, b)) for level in levels]
        assert [band.low, band.high] == ends
    assert (more.x, more.y) == (near((np.mean(b - a),)), (1.0 - 0.18,))
    assert more.high[0] - more.low[0] == pytest.approx(2 * stats.norm.ppf(0.975) * stats.sem(b - a))
    worst = [np.sort(values)[: a.size // 100].mean() for values in (a, b)]
    assert tail.x == near((worst[0] - worst[1],))
    assert f"b leaves the funder {abs(np.mean(b - a)):.1f}"[:30] in sentence(found.title)


def test_compare__of_one_result_says_what_it_needs(results):
    with pytest.raises(InputError, match="needs two results"):
        CHARTS["compare"].chart([results.tables()])


def test_units__of_one_title_have_their_names_beside_it(many):
    labels = many.tables().labels
    assert len(set(labels.project_titles["p1"].values()) & set(labels.project_titles["p2"].values())) > 0
    assert dict(unit_titled(labels, "p1").titles)["en"].endswith("(p1)")


def test_gathered__one_alone_is_no_others():
    assert gathered({"a": 1.0, "b": -3.0, "c": float("nan")}, 3) == (["b", "a", "c"], [])
    assert gathered({str(k): float(k) for k in range(5)}, 3) == (["4", "3"], ["2", "1", "0"])


def test_decimal_year__first_of_january_is_whole():
    assert decimal_year(date(2028, 1, 1)) == 2028.0 and decimal_year(date(2028, 12, 31)) == near(2028 + 365 / 366)
