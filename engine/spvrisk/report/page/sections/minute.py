"""What somebody with one minute wants to know: who stands to lose what, how sure that is, what would change it."""

from collections.abc import Iterator
from math import isnan

import numpy as np

from spvrisk.charts.what_ifs import better, effect, furthest, outcomes_of, tornado
from spvrisk.charts.words import error_of_interval
from spvrisk.dataset.read import Result
from spvrisk.dataset.scenarios import Combined
from spvrisk.errors import InputError
from spvrisk.experiments.variants import INPUT
from spvrisk.measures.breakdown import BEARERS, PROJECTS, Contributions, Part, contributions
from spvrisk.measures.comparison import Comparison, compared
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.parts import ratio
from spvrisk.measures.sample import Figure, Sample, mean
from spvrisk.plan.outputs import NPV, PORTFOLIO, SCHEME, WHOLE
from spvrisk.report.page.parts import Answer, Block
from spvrisk.report.page.sections.clock import most_telling
from spvrisk.report.page.subject import Subject
from spvrisk.views.compare import names_of
from spvrisk.views.figures import Estimate, Named, Note, Rate, defined, mean_of, probability_of, said, share_of
from spvrisk.views.loss import few, readable_unit, warnings
from spvrisk.views.projects import caps
from spvrisk.views.tails import bearer_named
from spvrisk.views.uncertainty import committee
from spvrisk.views.words import joined, money_in, part_named, study_named, tail_name, unit_titled

_NAMED = 4
"""Projects whose parts are told."""

_BESIDE = "{}; {}"

_BREACH, _BANKS, _FUNDER = "insurer_breach", "npv_banks", "funder"


def minute(subject: Subject) -> Iterator[Block]:
    """Give the section.

    Parameters
    ----------
    subject
        Of any kind.
    """
    if subject.results:
        result = subject.results[0]
        if result.uncertainty is not None:
            yield committee(result)
        yield _average(result)
        yield _range(result)
        yield from _makers(result)
    yield from _changes(subject)
    if subject.results:
        yield _sure(subject.results[0], subject)


def _average(result: Result) -> Answer:
    t, s = result.summary, _whole(result)
    average, unit = mean_of(t, s), money_in(result.labels)
    size, loses = Estimate(abs(average.value or 0.0), average.error), (average.value or 0.0) < 0.0
    text = "The funder loses {} {} on average." if loses else "The funder earns {} {} on average."
    often = share_of(t.p_loss[s], t.p_loss_low[s], t.p_loss_high[s])
    more = [
        said("That is the net present value at {}; money is lost on {} of the paths.", result.labels.value_date, often)
    ]
    scheme = result.labels.series.index(("scheme", "scheme_value"))
    if t.mean[scheme] != t.mean[s]:
        more.append(said("Including all side flows, the scheme is worth {} {}.", mean_of(t, scheme), unit))
    return Answer(Note("What is to be expected?"), said(text, size, unit), (*more, *_funder(result)), "loss")


def _funder(result: Result) -> Iterator[Note]:
    """Who the funder is, and what it has in its own currency."""
    labels, name = result.labels, part_named(result, "parties", _FUNDER)
    if labels.local_currency == labels.currency:
        yield said("The funder is {}.", name)
        return
    local = mean_of(result.summary, labels.series.index((SCHEME, f"{NPV}_local")))
    unit = readable_unit((local.value or 0.0) * labels.money_unit, labels.money_unit)
    scale = labels.money_unit / unit
    size = Estimate(abs(local.value or 0.0) * scale, None if local.error is None else local.error * scale)
    text = "The funder is {}: in its own currency it loses {} {} on average."
    if (local.value or 0.0) >= 0.0:
        text = "The funder is {}: in its own currency it earns {} {} on average."
    yield said(text, name, size, money_in(labels._replace(money_unit=unit), labels.local_currency))


def _range(result: Result) -> Answer:
    """Between which quantiles most paths lie, and how bad the worst are."""
    t, unit = result.summary, money_in(result.labels)
    pairs = [(q, p) for q in t.quantiles for p in t.quantiles if abs(float(q) + float(p) - 1.0) < 1e-9 and q < p]
    low, high = min(pairs, key=lambda pair: abs(float(pair[0]) - 0.05), default=("", ""))
    worst = tuple(_worst(result, a) for a in range(len(t.levels)))
    question = Note("How bad may it be?")
    if not low:
        return Answer(question, Note("The study keeps no quantiles."), worst, "loss")
    first, last = (_quantile(result, q) for q in (low, high))
    share = float(high) - float(low)
    if (last.value or 0.0) < 0.0:
        ends = (last._replace(value=-(last.value or 0.0)), first._replace(value=-(first.value or 0.0)))
        text = "On {:.0%} of the paths it loses between {} and {} {}."
    else:
        ends, text = (first, last), "On {:.0%} of the paths its net present value lies between {} and {} {}."
    return Answer(question, said(text, share, *ends, unit), worst, "loss")


def _quantile(result: Result, level: str) -> Estimate:
    t, s = result.summary, _whole(result)
    q = t.quantiles.index(level)
    error = error_of_interval(t.quantile_low[s, q], t.quantile_high[s, q])
    return Estimate(defined(t.quantile[s, q]), defined(error))


def _worst(result: Result, a: int) -> Note:
    t, s = result.summary, _whole(result)
    level = t.levels[a]
    if few(level, t.n[s]):
        return said("There are too few paths for the worst {}.", tail_name(level))
    loss, error = float(t.expected_shortfall[s, a]), defined(t.expected_shortfall_se[s, a])
    text = "On the worst {} it loses {} on average." if loss > 0.0 else "On the worst {} it still earns {} on average."
    return said(text, tail_name(level), Estimate(abs(loss), error))


def _makers(result: Result) -> Iterator[Answer]:
    """Who bears the loss, and which project drives the tail."""
    level = (*result.summary.levels, "0.95")[0]
    try:
        parts = contributions(result, level)
    except InputError:
        return
    if parts.whole.shortfall.value > 0.0:
        yield _bearers(result, parts)
        yield _drivers(result, parts)


def _bearers(result: Result, parts: Contributions) -> Answer:
    """Shares of the mean, and of the tail."""
    question, tail = Note("Who bears it?"), tail_name(parts.level)
    own = _ranked(parts, BEARERS)
    if not own:
        return Answer(question, Note("The funder alone, as far as the study says."), (), "bearers")
    of_mean = _shares_of_mean(result, [part.name for part in own])
    first, name = own[0], bearer_named(own[0].name)
    answer = said("The {}: {:.0%} of the loss on the worst {} of the paths.", name, first.share.value, tail)
    if first.name in of_mean:
        text = "The {}: {:.0%} of the loss on average, {:.0%} on the worst {} of the paths."
        answer = said(text, name, of_mean[first.name].value, first.share.value, tail)
    worst = [_borne(bearer_named(part.name), part.share) for part in own]
    more = [said("On the worst {}: {}.", tail, joined(worst, _BESIDE))]
    if of_mean:
        average = [_borne(bearer_named(part.name), of_mean[part.name]) for part in own]
        more.insert(0, said("On average: {}.", joined(average, _BESIDE)))
    shares = [*((part.name, part.share) for part in own), *of_mean.items()]
    gaining = {name for name, share in shares if share.value < 0.0}
    return Answer(question, answer, (*more, *_insurer(result, gaining)), "bearers")


def _insurer(result: Result, gaining: set[str]) -> Iterator[Note]:
    """Say what rests on it that the insurer pays whatever it loses."""
    if _BREACH not in result.labels.scheme:
        return
    often = probability_of(result.summary, result.labels.series.index((SCHEME, _BREACH)))
    if often.value:
        text = "The model lets the insurer pay in full although its loss exceeds its capital on {} of the paths."
        if _BANKS in gaining:
            text = (
                "The model lets the insurer pay in full although its loss exceeds its capital on {} of the paths: the "
                "banks' gain rests on that."
            )
        yield said(text, often)


def _shares_of_mean(result: Result, quantities: list[str]) -> dict[str, Figure]:
    """Of the mean loss what bearers have; none where it is a gain."""
    whole = _mean_loss(result, NPV)
    if not whole.value > 0.0:
        return {}
    return {quantity: ratio(_mean_loss(result, quantity), whole) for quantity in quantities}


def _mean_loss(result: Result, quantity: str) -> Figure:
    return mean(Sample(-result.series(PORTFOLIO, quantity).astype(np.float64)))


def _borne(name: Note, share: Figure) -> Note:
    """What another one bears: of a loss that it does not share it gains."""
    if share.value < 0.0:
        return said("{}: a gain as large as {} of the loss", name, Rate(-share.value, defined(share.error)))
    return said("{}: {}", name, _rate(share))


def _drivers(result: Result, parts: Contributions) -> Answer:
    """The project with the largest part of the tail, unless another one's is as large."""
    own, tail, labels = _ranked(parts, PROJECTS), tail_name(parts.level), result.labels
    first, *rest = own[:_NAMED]
    name, share = unit_titled(labels, first.name), first.share.value
    answer = said("{}: {:.0%} of the loss on the worst {} of the paths.", name, share, tail)
    if rest and not _differ(first.share, rest[0].share):
        second = unit_titled(labels, rest[0].name), rest[0].share.value
        text = "{} and {}: {:.0%} and {:.0%} of the loss on the worst {} of the paths."
        answer = said(text, name, second[0], share, second[1], tail)
    told = [said("{}: {}", unit_titled(labels, part.name), _rate(part.share)) for part in own[:_NAMED]]
    return Answer(Note("Which project drives the tail?"), answer, (said("{}.", joined(told, _BESIDE)),), "tail")


def _differ(one: Figure, other: Figure) -> bool:
    """Whether two shares of the same paths differ by more than chance."""
    apart = Figure(one.value - other.value, one.influence - other.influence)
    return bool(abs(apart.value) > NORMAL_95 * apart.error)


def _ranked(parts: Contributions, group: str) -> list[Part]:
    own = [part for part in parts.parts if part.group == group and not isnan(part.share.value)]
    return sorted(own, key=lambda part: -part.share.value)


def _changes(subject: Subject) -> Iterator[Answer]:
    """What would help most: of scenarios, of inputs, of other terms; else what of the world to come matters most."""
    answers = [answer for each in subject.scenarios for answer in _of_scenarios(each)]
    if len(subject.results) > 1:
        answers += _of_results(subject)
    answers += [answer for each in subject.scenarios for answer in _of_inputs(each)]
    if not answers and subject.results:
        answers.append(_of_the_world(subject.results[0]))
    yield from answers


def _of_inputs(found: Combined) -> Iterator[Answer]:
    """Which input of a tornado moves its first measure most."""
    if any(INPUT in axes for axes in outcomes_of(found).axes):
        yield Answer(Note("Which input matters most?"), said("{}.", tornado(found).title), (), "tornado")


def _of_scenarios(found: Combined) -> Iterator[Answer]:
    """The scenario that helps the mean most, the one that helps the tail most, and the one that harms the tail most."""
    outcomes = outcomes_of(found)
    rows = [i for i, axes in enumerate(outcomes.axes) if i and INPUT not in axes]
    measures = {
        measure.statistic.name: k for k, measure in reversed(list(enumerate(outcomes.measures))) if better(measure)
    }
    told = [
        effect(found, outcomes, best, measures[name])
        for name in ("mean", "es")
        if name in measures and (best := furthest(outcomes, rows, measures[name], 1)) is not None
    ]
    if not told:
        return
    first, *more = told
    others = [said("{}.", each) for each in more]
    last = measures.get("es", measures.get("mean", 0))
    worst = furthest(outcomes, rows, last, -1)
    if worst is not None:
        others.append(said("{}. Of all this would harm most.", effect(found, outcomes, worst, last)))
    text = (
        "Of {:d} scenarios that were run on the same draws these do most; their base has paths of its own ({:path} of "
        "seed {})."
    )
    others.append(said(text, len(rows), found.paths, str(found.seed)))
    yield Answer(Note("What would help most?"), said("{}.", first), tuple(others), "scenarios")


def _of_results(subject: Subject) -> Iterator[Answer]:
    """What each result has more than the first on average, the most first."""
    found = compared(subject.results)
    names = _titles(found)
    rows = [
        (name, row.differences[NPV])
        for name, row in zip(names[1:], found.results[1:], strict=True)
        if NPV in row.differences
    ]
    rows.sort(key=lambda row: -row[1].value)
    unit = money_in(subject.labels)
    told = [said("{}: {:+} {} on average", name, Estimate(own.value, defined(own.error)), unit) for name, own in rows]
    if told:
        more = (*(said("{}.", each) for each in told[1:]), said("All against {}.", names[0]))
        yield Answer(Note("What would other terms change?"), said("{}.", told[0]), more, "compare")


def _titles(found: Comparison) -> list[Named]:
    """Results by the titles of their studies where these tell them apart, else by their files."""
    titles = [row.result.labels.title for row in found.results]
    if len({title["en"] for title in titles}) < len(titles):
        return [Named(name) for name in names_of(found)]
    return [study_named(row.result.labels) for row in found.results]


def _of_the_world(result: Result) -> Answer:
    """The outcome with which the mean goes furthest from that of all paths."""
    told = most_telling(result) or Note("No outcome of an event moves the mean by more than chance.")
    hint = Note("No scenarios were given: a dataset of them beside the result says what would help.")
    return Answer(Note("What would change it?"), told, (hint,), "clock" if result.conditional.names else "loss")


def _sure(result: Result, subject: Subject) -> Answer:
    """What the figures rest on."""
    average = mean_of(result.summary, _whole(result))
    reach = float(f"{NORMAL_95 * (average.error or 0.0):.2g}")
    text = (
        "By the number of paths alone the mean may be off by up to {:,.6g} {} (19 times of 20). What is assumed may "
        "move it by more."
    )
    answer = said(text, reach, money_in(result.labels))
    more = (
        said(
            "{:path} were drawn; ± is the standard error of that. No ± covers what may be wrong with the inputs.",
            result.n_paths,
        ),
        *_grounds(subject),
        *warnings(result),
        *caps(result).notes,
    )
    return Answer(Note("How sure is that?"), answer, more, "assumptions")


def _grounds(subject: Subject) -> Iterator[Note]:
    """How many of the assumptions are of which confidence, where the study says so."""
    try:
        *tables, counted = subject.assumptions
    except InputError:
        return
    if tables:
        yield said("Of what is assumed: {}", counted.notes[0])


def _rate(share: Figure) -> Rate:
    return Rate(defined(share.value), defined(share.error))


def _whole(result: Result) -> int:
    return result.labels.series.index(WHOLE)
