"""Drivers of measures as plain JSON values."""

from typing import Any

from spvrisk.experiments.inputs_by_path import InputsByPath, Seen
from spvrisk.experiments.redraws import Redrawn, Redraws
from spvrisk.measures.drivers import Decomposed
from spvrisk.measures.sensitivity import Index
from spvrisk.report.json.values import finite

DRIVERS_SCHEMA = "spvrisk.drivers/1"
REDRAWS_SCHEMA = "spvrisk.redraws/1"
"""Formats; a number rises when a reader of the former would misread it."""


def drivers_json(found: InputsByPath) -> dict[str, Any]:
    """Give what inputs tell.

    Keys are ``schema, file, same``, then ``measures``: by measure ``threshold`` (where its tail begins, else null) and
    ``inputs``: ``kind, unit, name, first, first_se, p_value, telling, rank, rank_se, shift, shift_se`` (of a tail; null
    of states and of other measures), in the order of the result. ``same`` has by regime the event whose outcome its
    final state repeats: it is no input of its own.
    """
    return {
        "schema": DRIVERS_SCHEMA,
        "file": found.result.place,
        "same": dict(found.same),
        "measures": {
            each.measure.text: {**_threshold(each), "inputs": [_input_json(seen, i) for seen in found.rows]}
            for i, each in enumerate(found.decomposed)
        },
    }


def _threshold(each: Decomposed) -> dict[str, float | None]:
    return {"threshold": finite(each.threshold)}


def _input_json(seen: Seen, i: int) -> dict[str, Any]:
    mark = seen.marks[i]
    return {
        "kind": seen.kind,
        "unit": seen.unit,
        "name": seen.name,
        **_index("first", seen.told[i].first),
        "p_value": finite(seen.told[i].p_value),
        "telling": seen.telling[i],
        **_index("rank", seen.ranks[i]),
        "shift": None if mark is None else finite(mark.shift),
        "shift_se": None if mark is None else finite(mark.shift_error),
    }


def redraws_json(found: Redraws) -> dict[str, Any]:
    """Give what groups of streams have.

    Keys are ``schema, study, paths, seed``, then ``measures``: by measure ``threshold`` (where its tail begins, else
    null) and ``groups``: ``kind, name, streams, first, first_se, total, total_se``.
    """
    return {
        "schema": REDRAWS_SCHEMA,
        "study": found.labels.title["en"],
        "paths": found.paths,
        "seed": found.seed,
        "measures": {
            each.measure.text: {**_threshold(each), "groups": [_group_json(row, i) for row in found.rows]}
            for i, each in enumerate(found.decomposed)
        },
    }


def _group_json(row: Redrawn, i: int) -> dict[str, Any]:
    return {
        "kind": row.group.kind,
        "name": row.group.name,
        "streams": list(row.group.patterns),
        **_index("first", row.first[i]),
        **_index("total", row.total[i]),
    }


def _index(name: str, index: Index) -> dict[str, float | None]:
    return {name: finite(index.value), f"{name}_se": finite(index.error)}
