"""Drivers from one run: what the inputs that a result keeps by path tell of a measure.

Nothing is drawn again, so that inputs are seen as they are, correlated ones together: an input ranks also for what it
merely goes with. Redraws (`spvrisk.experiments.redraws`) take apart what is drawn apart.
"""

from collections.abc import Iterator, Sequence
from math import isnan, nan
from typing import NamedTuple

import numpy as np

from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem
from spvrisk.experiments.values import values_by_path
from spvrisk.measures.drivers import Decomposed, decomposed
from spvrisk.measures.named import Measure
from spvrisk.measures.sensitivity import Index, Told, by_bins, rank_correlation
from spvrisk.measures.tail import CHANCE, Mark, mark_of
from spvrisk.plan.arrays import Floats
from spvrisk.plan.inputs import BY_NAME as INPUTS
from spvrisk.plan.outputs import SCHEME
from spvrisk.runner.execute import Announce, Progress
from spvrisk.runner.on import THREADS, On

INPUT, OUTCOME, FINAL_STATE = "input", "outcome", "final_state"
"""Kinds of what is looked at."""

_NO_RANK = Index(nan, nan)


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
    """

    result: Result
    decomposed: tuple[Decomposed, ...]
    rows: tuple[Seen, ...]

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
    rows = [values[measure.series] for measure in measures]
    found = [decomposed(measure, row) for measure, row in zip(measures, rows, strict=True)]
    ys = [each.of(row) for each, row in zip(found, rows, strict=True)]
    announce("comparing")
    seen = [_seen(kind, unit, name, x, found, rows, ys) for kind, unit, name, x in _candidates(result)]
    varying = [each for each in seen if any(told.p_value < 1.0 for told in each.told)]
    least = CHANCE / max(len(varying), 1)
    judged = [each._replace(telling=tuple(told.p_value < least for told in each.told)) for each in varying]
    return InputsByPath(result, tuple(found), tuple(judged))


def _candidates(result: Result) -> Iterator[tuple[str, str, str, Floats]]:
    """Kind, unit, name and values ``(path,)`` of inputs, of outcomes of events and of final states, by their codes."""
    for name in sorted(result.input_names, key=list(INPUTS).index):
        columns = result.inputs(name).astype(np.float64)
        yield from ((INPUT, unit, name, columns[:, i]) for i, unit in enumerate(result.labels.columns(name)))
    for unit, quantity in result.kept:
        if unit == SCHEME and quantity in result.labels.states:
            kind = OUTCOME if quantity.startswith(f"{OUTCOME}_") else FINAL_STATE
            yield kind, quantity.removeprefix(f"{kind}_"), "", result.series(unit, quantity).astype(np.float64)


def _seen(
    kind: str,
    unit: str,
    name: str,
    x: Floats,
    found: Sequence[Decomposed],
    rows: Sequence[Floats],
    ys: Sequence[Floats],
) -> Seen:
    """What an input tells of each measure; states have no order, and so neither rank nor mean."""
    ordered = kind == INPUT
    ranks = tuple(rank_correlation(x, row) if ordered else _NO_RANK for row in rows)
    marks = tuple(
        mark_of(kind, unit, name, x, y > 0.0) if ordered and not isnan(each.threshold) else None
        for each, y in zip(found, ys, strict=True)
    )
    return Seen(kind, unit, name, tuple(by_bins(x, ys)), ranks, marks, (False,) * len(ys))
