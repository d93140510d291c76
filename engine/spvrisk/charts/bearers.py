"""Who bears the loss, and which projects bring it: on average and in the tail."""

from collections.abc import Iterator
from math import isnan
from typing import NamedTuple

import numpy as np

from spvrisk.charts.chart import Axis, Bars, Chart, Panel, Reference, Role
from spvrisk.charts.gathering import gathered, others
from spvrisk.charts.words import ERRORS, seed_of
from spvrisk.dataset.read import Result
from spvrisk.errors import argument
from spvrisk.measures.breakdown import BEARERS, PROJECTS, Contributions, contributions
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.named import level_named
from spvrisk.measures.parts import combined
from spvrisk.measures.sample import Figure, Sample, mean
from spvrisk.plan.outputs import NPV, PORTFOLIO
from spvrisk.views.figures import Estimate, Note, Rate, Text, defined, said
from spvrisk.views.tails import bearer_named, thin
from spvrisk.views.words import money_in, study_named, tail_name, unit_titled

_MOST = 10
"""Projects that have a bar of their own."""


class _Party(NamedTuple):
    """A bearer, a project, or the whole.

    Attributes
    ----------
    name
        Of it; empty of a gap.
    average, worst
        Its mean loss over all paths and over the worst.
    """

    name: Text
    average: Figure | None = None
    worst: Figure | None = None


def bearers(result: Result, level: str | None = None) -> Chart:
    """Show who bears the portfolio's loss and which projects bring it, on average and over the worst paths.

    Parameters
    ----------
    result
        That holds net present values by path.
    level
        Decimal string: the worst are the rest of the paths; None: the study's first.

    Raises
    ------
    InputError
        It is no level, or the result does not hold what is needed.
    """
    at = level_named(level, argument("level")) if level is not None else (*result.summary.levels, "0.95")[0]
    found = contributions(result, at)
    groups = [_bearers(result, found), _projects(result, found)]
    parties = [party for group in groups if group for party in (*group, _Party(""))]
    whole = _average(result, (PORTFOLIO, NPV))
    parties.append(_Party(unit_titled(result.labels, PORTFOLIO), whole, found.whole.shortfall))
    names = Axis("", scale="names", names=tuple(party.name for party in parties))
    axis = Axis(Note("mean loss"), money_in(result.labels))
    panels = tuple(
        Panel(axis, names, (Reference("x", 0.0, ""), *_bars([getattr(party, of) for party in parties])), title)
        for of, title in (("average", Note("all paths")), ("worst", said("worst {} of the paths", tail_name(at))))
    )
    notes = (*_lacking(found), *thin([("", found.whole.shortfall.tail)]), ERRORS)
    title = _title(result, found)
    return Chart("bearers", title, study_named(result.labels), panels, result.n_paths, seed_of(result), notes, "row")


def _average(result: Result, series: tuple[str, str]) -> Figure:
    """Mean loss of a series."""
    return mean(Sample(-result.series(*series).astype(np.float64)))


def _bearers(result: Result, found: Contributions) -> list[_Party]:
    """Those that share the loss; none where the funder bears it alone, or the file does not hold what they have."""
    worst = {part.name: part.risk.shortfall for part in found.parts if part.group == BEARERS}
    return [
        _Party(bearer_named(quantity), _average(result, (PORTFOLIO, quantity)), worst[quantity])
        for quantity in result.labels.viewed("bearers")
        if quantity in worst
    ]


def _projects(result: Result, found: Contributions) -> list[_Party]:
    """Projects, the largest part of the tail first; of many the small ones together."""
    worst = {part.name: part.risk.shortfall for part in found.parts if part.group == PROJECTS}
    shown, rest = gathered({name: figure.value for name, figure in worst.items()}, _MOST)
    parties = [_Party(unit_titled(result.labels, name), _average(result, (name, NPV)), worst[name]) for name in shown]
    if rest:
        together = [combined([(1.0, figure) for figure in figures]) for figures in _of(rest, result, worst)]
        parties.append(_Party(others(len(rest)), *together))
    return parties


def _of(names: list[str], result: Result, worst: dict[str, Figure]) -> tuple[list[Figure], list[Figure]]:
    return [_average(result, (name, NPV)) for name in names], [worst[name] for name in names]


def _bars(figures: list[Figure | None]) -> Iterator[Bars]:
    """Bars by what they are: of the whole, which stands last, of losses, of gains."""
    known = [(place, figure) for place, figure in enumerate(figures) if figure is not None]
    last = len(figures) - 1
    kinds: tuple[tuple[Role, Text], ...] = (("loss", Note("loss")), ("gain", Note("gain")), ("total", ""))
    for role, name in kinds:
        own = [(place, each) for place, each in known if _role(each.value, place == last) == role]
        if own:
            yield _bar(own, name, role)


def _role(loss: float, whole: bool) -> Role:
    return "total" if whole else "loss" if loss > 0.0 else "gain"


def _bar(own: list[tuple[int, Figure]], name: Text, role: Role) -> Bars:
    at, values = tuple(float(place) for place, _ in own), tuple(each.value for _, each in own)
    halves = [NORMAL_95 * each.error for _, each in own]
    low, high = (tuple(v + sign * half for v, half in zip(values, halves, strict=True)) for sign in (-1.0, 1.0))
    texts = tuple(Estimate(defined(each.value), defined(each.error)) for _, each in own)
    return Bars(name, at, (0.0,) * len(at), values, low, high, texts, role)


def _title(result: Result, found: Contributions) -> Note:
    """The answer: who bears most of the tail, and which project brings most of it."""
    tail = tail_name(found.level)
    first = {
        group: max(
            (part for part in found.parts if part.group == group and not isnan(part.share.value)),
            key=lambda part: part.share.value,
            default=None,
        )
        for group in (BEARERS, PROJECTS)
    }
    bearer, project = first[BEARERS], first[PROJECTS]
    if project is None:
        gain = found.whole.shortfall.value <= 0.0
        return said(
            "The worst {} of the paths lose nothing" if gain else "Too few paths for the worst {} of them", tail
        )
    name, part = unit_titled(result.labels, project.name), _rate(project.share)
    if bearer is None:
        return said("Worst {} of the paths: the funder bears the loss alone; {} brings {} of it", tail, name, part)
    text = "Worst {} of the paths: {} bears {} of the loss, {} brings {}"
    return said(text, tail, bearer_named(bearer.name), _rate(bearer.share), name, part)


def _rate(share: Figure) -> Rate:
    return Rate(defined(share.value), defined(share.error))


def _lacking(found: Contributions) -> Iterator[Note]:
    """What the file does not hold."""
    if BEARERS in found.lacking:
        yield said("Bearers are left out: the file does not keep {} by path.", ", ".join(found.lacking[BEARERS]))
