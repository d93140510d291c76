"""What somebody with one minute wants to know: who stands to lose what, how sure that is, what would change it."""

from collections.abc import Iterator
from math import isnan

import numpy as np

from spvrisk.charts.what_ifs import better, effect, furthest, outcomes_of, tornado
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
from spvrisk.views.figures import (
    Estimate,
    Named,
    Note,
    Rate,
    Share,
    defined,
    error_of_quantile,
    mean_of,
    probability_of,
    said,
    share_of,
)
from spvrisk.views.loss import few, side_flows, warnings
from spvrisk.views.projects import caps
from spvrisk.views.tails import bearer_named
from spvrisk.views.uncertainty import committee
from spvrisk.views.words import amount, joined, money_in, part_named, study_named, tail_name, unit_titled

_NAMED, _LEADING = 4, 2
"""Projects whose parts are told, and that may lead together."""

_TOLD = 0.01
"""Side flows are told that are at least such a part of the largest."""

_BESIDE = "{}; {}"

_BREACH, _INSURER, _BANKS, _FUNDER = "insurer_breach", "insurer_net", "npv_banks", "funder"

_PAYS_ALL = "The model lets the insurer pay in full although its loss exceeds its capital on {} of the paths."
_GAIN_RESTS = (
    "The model lets the insurer pay in full although its loss exceeds its capital on {} of the paths: the banks' gain "
    "rests on that."
)


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
    average = mean_of(t, s)
    text = "The funder loses {} on average." if _loses(average) else "The funder earns {} on average."
    often = share_of(t.p_loss[s], t.p_loss_low[s], t.p_loss_high[s])
    more = [
        said("That is the net present value at {}; money is lost on {} of the paths.", result.labels.value_date, often)
    ]
    answer = said(text, amount(result.labels, _size(average)))
    return Answer(Note("What is to be expected?"), answer, (*more, *_beside(result), *_funder(result)), "loss")


def _beside(result: Result) -> Iterator[Note]:
    """What comes to the funder beside its projects, and what is left of the loss or the gain with it."""
    flows, labels = side_flows(result), result.labels
    if not flows:
        return
    most = max(abs(found.value or 0.0) for _, found in flows)
    flows = [flow for flow in flows if abs(flow[1].value or 0.0) >= _TOLD * most]
    whole = mean_of(result.summary, labels.series.index((SCHEME, "scheme_value")))
    told = [said("{} {}", name, amount(labels, found)) for name, found in flows]
    text = "With what it has beside the projects ({}) it loses {}."
    if not _loses(whole):
        text = "With what it has beside the projects ({}) it earns {}."
    yield said(text, joined(told, _BESIDE), amount(labels, _size(whole)))


def _funder(result: Result) -> Iterator[Note]:
    """Who the funder is, and what it has in its own currency."""
    labels, name = result.labels, part_named(result, "parties", _FUNDER)
    if labels.local_currency == labels.currency:
        yield said("The funder is {}.", name)
        return
    local = mean_of(result.summary, labels.series.index((SCHEME, f"{NPV}_local")))
    text = "The funder is {}: in its own currency it loses {} on average."
    if not _loses(local):
        text = "The funder is {}: in its own currency it earns {} on average."
    yield said(text, name, amount(labels, _size(local), labels.local_currency))


def _loses(found: Estimate) -> bool:
    return (found.value or 0.0) < 0.0


def _size(found: Estimate) -> Estimate:
    """Without its sign, which the sentence tells."""
    return Estimate(abs(found.value or 0.0), found.error)


def _range(result: Result) -> Answer:
    """Between which quantiles most paths lie, and how bad the worst are."""
    t = result.summary
    pairs = [(q, p) for q in t.quantiles for p in t.quantiles if abs(float(q) + float(p) - 1.0) < 1e-9 and q < p]
    low, high = min(pairs, key=lambda pair: abs(float(pair[0]) - 0.05), default=("", ""))
    worst = tuple(_worst(result, a) for a in range(len(t.levels)))
    question = Note("How bad may it be?")
    if not low:
        return Answer(question, Note("The study keeps no quantiles."), worst, "loss")
    first, last = (_quantile(result, q) for q in (low, high))
    share = float(high) - float(low)
    if _loses(last):
        ends = (_size(last), _size(first))
        text = "On {:.0%} of the paths it loses between {} and {}."
    else:
        ends, text = (first, last), "On {:.0%} of the paths its net present value lies between {} and {}."
    return Answer(question, said(text, share, *(amount(result.labels, end) for end in ends)), worst, "loss")


def _quantile(result: Result, level: str) -> Estimate:
    t, s = result.summary, _whole(result)
    q = t.quantiles.index(level)
    return Estimate(defined(t.quantile[s, q]), defined(error_of_quantile(t, s, q)))


def _worst(result: Result, a: int) -> Note:
    t, s = result.summary, _whole(result)
    level = t.levels[a]
    if few(level, t.n[s]):
        return said("There are too few paths for the worst {}.", tail_name(level))
    loss, error = float(t.expected_shortfall[s, a]), defined(t.expected_shortfall_se[s, a])
    text = "On the worst {} it loses {} on average." if loss > 0.0 else "On the worst {} it still earns {} on average."
    return said(text, tail_name(level), amount(result.labels, Estimate(abs(loss), error)))


def _makers(result: Result) -> Iterator[Answer]:
    """Who bears the loss, and which project drives the tail."""
    try:
        parts = [contributions(result, level) for level in result.summary.levels or ("0.95",)]
    except InputError:
        return
    losing = [each for each in parts if each.whole.shortfall.value > 0.0]
    if losing:
        yield _bearers(result, losing[0])
        yield _drivers(result, losing)


def _bearers(result: Result, parts: Contributions) -> Answer:
    """Shares of the mean, and of the tail."""
    question, tail = Note("Who bears it?"), tail_name(parts.level)
    own = _ranked(parts, BEARERS)
    if not own:
        return Answer(question, Note("The funder alone, as far as the study says."), (), "bearers")
    of_mean = _shares_of_mean(result, [part.name for part in own])
    more = [said("On the worst {}: {}.", tail, joined([_borne(part.name, part.share) for part in own], _BESIDE))]
    if of_mean:
        average = [_borne(part.name, of_mean[part.name]) for part in own]
        more.insert(0, said("On average: {}.", joined(average, _BESIDE)))
    more.insert(0, Note("These are the funder: its loss is shared among them."))
    beyond = _beyond_capital(result)
    if beyond is not None:
        gaining = {part.name for part in own if min(part.share.value, of_mean.get(part.name, part.share).value) < 0.0}
        more.append(said(_GAIN_RESTS if _BANKS in gaining else _PAYS_ALL, beyond))
    return Answer(question, _most(own[0], of_mean, tail, beyond), tuple(more), "bearers")


def _most(part: Part, of_mean: dict[str, Figure], tail: Note, beyond: Share | None) -> Note:
    """Who bears most; of an insurer, whether it can."""
    name, share = bearer_named(part.name), part.share.value
    if part.name not in of_mean:
        return said("The {}: {:.0%} of the loss on the worst {} of the paths.", name, share, tail)
    figures = (name, of_mean[part.name].value, share, tail)
    if part.name != _INSURER or beyond is None:
        return said("The {}: {:.0%} of the loss on average, {:.0%} on the worst {} of the paths.", *figures)
    text = (
        "The {}, on paper: {:.0%} of the loss on average, {:.0%} on the worst {} of the paths; but on {:.0%} of all "
        "paths that is more than its capital, and who pays then is open."
    )
    return said(text, *figures, beyond.value)


def _beyond_capital(result: Result) -> Share | None:
    """On how many paths the insurer loses more than it has; None where it does on none."""
    if _BREACH not in result.labels.scheme:
        return None
    often = probability_of(result.summary, result.labels.series.index((SCHEME, _BREACH)))
    return often if often.value else None


def _shares_of_mean(result: Result, quantities: list[str]) -> dict[str, Figure]:
    """Of the mean loss what bearers have; none where it is a gain."""
    whole = _mean_loss(result, NPV)
    if not whole.value > 0.0:
        return {}
    return {quantity: ratio(_mean_loss(result, quantity), whole) for quantity in quantities}


def _mean_loss(result: Result, quantity: str) -> Figure:
    return mean(Sample(-result.series(PORTFOLIO, quantity).astype(np.float64)))


def _borne(quantity: str, share: Figure) -> Note:
    """What one bears: of a loss that it does not share it gains."""
    name = bearer_named(quantity)
    if share.value < 0.0:
        return said("{}: a gain as large as {} of the loss", name, Rate(-share.value, defined(share.error)))
    return said("{}: {}", name, _rate(share))


def _drivers(result: Result, tails: list[Contributions]) -> Answer:
    """The project with the largest part of each tail, and one whose part may be as large."""
    leading = _leading(tails)
    names = [unit_titled(result.labels, name) for name in leading]
    shares = [_of_level(each, leading) for each in tails]
    answer = said("{}: {}.", joined(names, "{} and {}"), joined(shares, "{}, {}"))
    more = (_by_project(result, each) for each in tails)
    return Answer(Note("Which project drives the tail?"), answer, tuple(more), "tail")


def _leading(tails: list[Contributions]) -> list[str]:
    """Projects that no other one surely exceeds at one of the levels; two at most."""
    found = []
    for each in tails:
        first, *rest = _ranked(each, PROJECTS)
        found += [first.name, *(part.name for part in rest if _alike(first.share, part.share))]
    return list(dict.fromkeys(found))[:_LEADING]


def _of_level(parts: Contributions, names: list[str]) -> Note:
    own = {part.name: part.share.value for part in parts.parts if part.group == PROJECTS}
    shares = joined([said("{:.0%}", defined(own[name])) for name in names], "{} and {}")
    return said("{} of the loss on the worst {} of the paths", shares, tail_name(parts.level))


def _by_project(result: Result, parts: Contributions) -> Note:
    own = _ranked(parts, PROJECTS)[:_NAMED]
    told = [said("{}: {}", unit_titled(result.labels, part.name), _rate(part.share)) for part in own]
    return said("On the worst {}: {}.", tail_name(parts.level), joined(told, _BESIDE))


def _alike(one: Figure, other: Figure) -> bool:
    """Whether two shares of the same paths differ by no more than chance, as far as that is known."""
    apart = Figure(one.value - other.value, one.influence - other.influence)
    return bool(abs(apart.value) <= NORMAL_95 * apart.error)


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


_QUESTIONS = (
    ("What would help most on average?", "mean", 1),
    ("What would help most on the worst {} of the paths?", "es", 1),
    ("What would harm most on the worst {} of the paths?", "es", -1),
)
"""What is asked of scenarios, of which statistic, and whether for the better or the worse."""


def _of_scenarios(found: Combined) -> Iterator[Answer]:
    """The scenario that helps the mean most, the one that helps the tail most, and the one that harms the tail most."""
    outcomes = outcomes_of(found)
    rows = [i for i, axes in enumerate(outcomes.axes) if i and INPUT not in axes]
    measures = {
        measure.statistic.name: k for k, measure in reversed(list(enumerate(outcomes.measures))) if better(measure)
    }
    text = (
        "Of {:d} scenarios that were run on the same draws this does most; their base has paths of its own ({:path} of "
        "seed {})."
    )
    more: tuple[Note, ...] = (said(text, len(rows), found.paths, str(found.seed)),)
    for question, name, sign in _QUESTIONS:
        k = measures.get(name)
        i = None if k is None else furthest(outcomes, rows, k, sign)
        if k is not None and i is not None:
            told = effect(found, outcomes, i, k)
            worst = said(question, tail_name(outcomes.measures[k].at)) if name == "es" else Note(question)
            yield Answer(worst, said("{}.", told), more, "scenarios")
            more = ()


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


_JUDGED = (
    "By the number of paths alone the mean may be off by up to {} (19 times of 20). What is assumed may move it by "
    "more: {:,d} of {:,d} registered inputs are judgement."
)


def _judged(subject: Subject) -> tuple[int, int] | None:
    """How many inputs are judgement, and of how many; None where the study says it of none."""
    try:
        register = subject.register
    except InputError:
        return None
    judged = register.how_many("judgement")
    return (judged, len(register.assumptions)) if judged else None


def _sure(result: Result, subject: Subject) -> Answer:
    """What the figures rest on."""
    average = mean_of(result.summary, _whole(result))
    reach = float(f"{NORMAL_95 * (average.error or 0.0):.2g}")
    text = (
        "By the number of paths alone the mean may be off by up to {} (19 times of 20). What is assumed may move it by "
        "more."
    )
    own = amount(result.labels, Estimate(reach, None))
    judged = _judged(subject)
    answer = said(_JUDGED, own, *judged) if judged else said(text, own)
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
