"""Drivers from one run: what the inputs that a result keeps by path tell of a measure.

Nothing is drawn again, so that inputs are seen as they are, correlated ones together: an input ranks also for what it
merely goes with. Redraws (`spvrisk.experiments.redraws`) take apart what is drawn apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from math import isnan, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem
from spvrisk.experiments.values import Series, values_by_path
from spvrisk.measures.drivers import Decomposed, decomposed
from spvrisk.measures.named import Measure
from spvrisk.measures.sensitivity import Index, Told, by_bins, rank_correlation, ranked
from spvrisk.measures.tail import CHANCE, Mark, mark_of
from spvrisk.plan.arrays import Floats
from spvrisk.plan.inputs import BY_NAME as INPUTS
from spvrisk.plan.outputs import SCHEME
from spvrisk.runner.execute import Announce, Progress
from spvrisk.runner.on import THREADS, On

INPUT, OUTCOME, FINAL_STATE = "input", "outcome", "final_state"
"""Kinds of what is looked at."""

_NO_RANK = Index(nan, nan)

Candidate = tuple[str, str, str, Floats]
"""Kind, unit, name and values ``(path,)``, of events and states their codes."""


class Seen(NamedTuple):
    """What an input tells.

    Attributes
    ----------
    kind
        `INPUT`, `OUTCOME` of an event or `FINAL_STATE` of a regime.
    unit, name
        Project, factor or offtaker, and the input's name; or the event or regime, and nothing.
    told
        Of each measure: the first-order index.
    ranks
        Of each measure: rank correlation with its quantity; NaN of states.
    marks
        Of each measure that has a tail: what the input is in it and outside; None of other measures and of states, or
        where it does not vary.
    telling
        Of each measure: whether the index is more than chance would have it, that being shared by all inputs.
    """

    kind: str
    unit: str
    name: str
    told: tuple[Told, ...]
    ranks: tuple[Index, ...]
    marks: tuple[Mark | None, ...]
    telling: tuple[bool, ...]


class InputsByPath(NamedTuple):
    """Drivers from one run.

    Attributes
    ----------
    result
        The result.
    decomposed
        What is decomposed of each measure.
    rows
        Inputs, outcomes and final states that vary, in the order of the result.
    same
        Regimes whose final state says no more than the outcome of an event, each with that event: they have no row.
    """

    result: Result
    decomposed: tuple[Decomposed, ...]
    rows: tuple[Seen, ...]
    same: tuple[tuple[str, str], ...]

    def telling(self, i: int) -> list[Seen]:
        """Inputs that tell of a measure, those that explain most first.

        Parameters
        ----------
        i
            Number of the measure.
        """
        return sorted((seen for seen in self.rows if seen.telling[i]), key=lambda seen: -seen.told[i].first.value)

    def __repr__(self) -> str:
        return f"<InputsByPath: {len(self.rows)} inputs, {len(self.decomposed)} measures>"


def inputs_by_path(
    result: Result,
    measures: Sequence[Measure],
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
    indices_alone: bool = False,
) -> InputsByPath:
    """Find what the inputs that a result keeps tell of measures.

    Parameters
    ----------
    result
        The result.
    measures
        Whose drivers are sought.
    on, progress, announce
        As of `values_by_path`.
    indices_alone
        Whether ranks and marks are left out, which take most of the time.

    Raises
    ------
    InputError
        The result keeps no inputs; a measure cannot be decomposed; or values cannot be had.
    RunError
        As of `values_by_path`.
    """
    if not result.input_names:
        remedy = "run the study with e.g. inputs.cost_multiple in output.paths, or give the study itself"
        raise InputError(Problem(result.place, "", "must keep inputs by path", "", remedy))
    values = values_by_path(result, [measure.series for measure in measures], on, progress, announce)
    found = [decomposed(measure, values[measure.series]) for measure in measures]
    ys = [each.of(values[each.measure.series]) for each in found]
    announce("comparing")
    states = tuple(_states(result))
    same = tuple(repeated(states))
    left_out = {(FINAL_STATE, regime) for regime, _ in same}
    candidates = (each for each in chain(_inputs(result), states) if each[:2] not in left_out)
    if indices_alone:
        seen = [_indices(*each, ys) for each in candidates]
    else:
        ranks = {measure.series: ranked(values[measure.series]) for measure in measures}
        seen = [_seen(_indices(*each, ys), each[-1], found, ranks, ys) for each in candidates]
    varying = [each for each in seen if any(told.p_value < 1.0 for told in each.told)]
    least = CHANCE / max(len(varying), 1)
    judged = [each._replace(telling=tuple(told.p_value < least for told in each.told)) for each in varying]
    return InputsByPath(result, tuple(found), tuple(judged), same)


def _inputs(result: Result) -> Iterator[Candidate]:
    """Inputs that are kept."""
    for name in sorted(result.input_names, key=list(INPUTS).index):
        columns = result.inputs(name).astype(np.float64)
        yield from ((INPUT, unit, name, columns[:, i]) for i, unit in enumerate(result.labels.columns(name)))


def _states(result: Result) -> Iterator[Candidate]:
    """Outcomes of events and final states of regimes."""
    for unit, quantity in result.kept:
        if unit == SCHEME and quantity in result.labels.states:
            kind = OUTCOME if quantity.startswith(f"{OUTCOME}_") else FINAL_STATE
            yield kind, quantity.removeprefix(f"{kind}_"), "", result.series(unit, quantity).astype(np.float64)


def repeated(states: Sequence[Candidate]) -> Iterator[tuple[str, str]]:
    """Find regimes whose final states part the paths as the outcomes of an event do, each with the first such event.

    Parameters
    ----------
    states
        Events and regimes.
    """
    events = [(event, np.unique(codes, return_inverse=True)) for kind, event, _, codes in states if kind == OUTCOME]
    for kind, regime, _, codes in states:
        own, i = np.unique(codes, return_inverse=True)
        if kind != FINAL_STATE or own.size < 2:
            continue
        alike = (event for event, (others, j) in events if own.size == others.size == _pairs(i, j))
        yield from ((regime, event) for event in islice(alike, 1))


def _pairs(a: NDArray[np.intp], b: NDArray[np.intp]) -> int:
    """Number of different pairs of codes."""
    return np.unique(a * (b.max() + 1) + b).size


def _indices(kind: str, unit: str, name: str, x: Floats, ys: Sequence[Floats]) -> Seen:
    """What an input explains of each measure."""
    n = len(ys)
    return Seen(kind, unit, name, tuple(by_bins(x, ys)), (_NO_RANK,) * n, (None,) * n, (False,) * n)


def _seen(
    seen: Seen, x: Floats, found: Sequence[Decomposed], ranks: Mapping[Series, Floats], ys: Sequence[Floats]
) -> Seen:
    """The same with ranks and marks; states have no order, and so neither."""
    if seen.kind != INPUT:
        return seen
    own = ranked(x)
    by_series = {series: rank_correlation(own, others) for series, others in ranks.items()}
    marks = (
        None if isnan(each.threshold) else mark_of(seen.kind, seen.unit, seen.name, x, y > 0.0)
        for each, y in zip(found, ys, strict=True)
    )
    return seen._replace(ranks=tuple(by_series[each.measure.series] for each in found), marks=tuple(marks))
