"""One path, and the worst of them, as plain JSON values."""

import math
from typing import TYPE_CHECKING, Any

from spvrisk.experiments.step_rows import STEP_ROWS
from spvrisk.measures.tail import Mean, Tail
from spvrisk.report.json.values import finite
from spvrisk.views.exceedance import unit_of
from spvrisk.views.words import money_name

if TYPE_CHECKING:
    from spvrisk.experiments.traced import Traced

TAIL_SCHEMA = "spvrisk.tail/1"
TRACE_SCHEMA = "spvrisk.trace/2"
"""Formats; a number rises when a reader of the former would misread it."""


def tail_json(found: Tail) -> dict[str, Any]:
    """Give what the worst paths have in common.

    Keys are ``schema, file, money, of, unit`` (money, years or months, else empty), ``side, share, paths`` (on which it
    is defined), ``worst_paths, tied_paths, worst, others``, then ``marks`` (``kind, unit, name,
    worst, others, shift, shift_se, p_value, telling``), the largest shift first, and ``parts``: ``project, worst,
    others, share, share_se``. ``worst`` and ``others`` have ``mean, se, median``.
    """
    return {
        "schema": TAIL_SCHEMA,
        "file": found.result.place,
        "money": money_name(found.result.labels),
        "of": "/".join(found.of),
        "unit": unit_of(found.result, found.of),
        "side": found.side,
        "share": found.share,
        "paths": found.n_paths,
        "worst_paths": found.n_worst,
        "tied_paths": found.tied,
        "worst": _mean_json(found.worst),
        "others": _mean_json(found.others),
        "marks": [
            {
                "kind": mark.kind,
                "unit": mark.unit,
                "name": mark.name,
                "worst": _mean_json(mark.worst),
                "others": _mean_json(mark.others),
                "shift": finite(mark.shift),
                "shift_se": finite(mark.shift_error),
                "p_value": mark.p_value,
                "telling": mark.telling,
            }
            for mark in found.marks
        ],
        "parts": [
            {
                "project": part.project,
                "worst": _mean_json(part.worst),
                "others": _mean_json(part.others),
                "share": finite(part.share),
                "share_se": finite(part.share_error),
            }
            for part in found.parts
        ],
    }


def _mean_json(mean: Mean) -> dict[str, float | None]:
    return {"mean": finite(mean.value), "se": finite(mean.error), "median": finite(mean.median)}


def trace_json(told: "Traced") -> dict[str, Any]:
    """Give all of a path."""
    trace, labels = told.trace, told.trace.labels
    units: dict[str, dict[str, Any]] = {unit: {} for unit, _ in labels.series}
    for (unit, quantity), value in trace.values.items():
        states = labels.states.get(quantity)
        if states is None:
            units[unit][quantity] = finite(value)
        else:
            units[unit][quantity] = None if math.isnan(value) else states[int(value)]
    return {
        "schema": TRACE_SCHEMA,
        "study": labels.title["en"],
        "path": trace.path,
        **({} if told.rank is None else {"rank": told.rank._asdict()}),
        "scheme": units["scheme"],
        "portfolio": units["portfolio"],
        "projects": {name: units[name] for name in labels.projects},
        "changes": [change._asdict() for change in trace.changes],
        "steps": {
            "dates": list(labels.step_ends),
            "factors": {name: trace.factors[:, k].tolist() for k, name in enumerate(labels.factors)},
            "states": {regime: list(states) for regime, states in trace.states.items()},
            "projects": {
                name: {column: [finite(x) for x in trace.steps[p, i].tolist()] for i, column in enumerate(STEP_ROWS)}
                for p, name in enumerate(trace.sites)
            },
        },
    }
