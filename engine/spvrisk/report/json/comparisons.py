"""Results beside each other, or beside a table, as plain JSON values."""

from typing import Any

from spvrisk.measures.against import Against
from spvrisk.measures.agreement import Pair
from spvrisk.measures.comparison import Compared, Comparison
from spvrisk.report.json.values import ends_json, figure_json, finite
from spvrisk.report.words import english
from spvrisk.views.compare import warned
from spvrisk.views.words import money_name

COMPARE_SCHEMA = "spvrisk.compare/1"
AGAINST_SCHEMA = "spvrisk.against/1"
"""Formats; a number rises when a reader of the former would misread it."""


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Give a comparison.

    ``results`` has for each file ``file, study, paired, unpaired_because, disagrees, agreement, paths_compared,
    figures, differences, changes``; a difference has ``value, se, unpaired_se``, a figure ``value, se``, a share
    ``low, high`` too, an agreement with the same study by another plan ``paths, flipped, apart, largest``.
    ``disagrees`` and ``agreement`` are with the first; those of every two are in ``pairs``: ``first, second`` (places
    in ``results``, from 0), ``verdict`` (same, differ, not_compared: of bits), ``because``, ``same_study``, ``paths``
    compared bit by bit, ``agreement``. ``agree`` is what ``--strict`` asks for, ``contents_checked`` whether the
    contents are known to be those of the digests, ``warnings`` what tails hold too few paths, in sentences.
    """
    with_first: list[Pair | None] = [None, *(pair for pair in found.pairs if pair.first == 0)]
    return {
        "schema": COMPARE_SCHEMA,
        "money": money_name(found.results[0].result.labels),
        "agree": found.agrees,
        "contents_checked": found.strict,
        "warnings": [english(note) for note in warned(found)],
        "pairs": [_pair_json(pair) for pair in found.pairs],
        "results": [_result_json(row, pair) for row, pair in zip(found.results, with_first, strict=True)],
    }


def _pair_json(pair: Pair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "same_study": pair.same_study,
        "verdict": "not_compared" if pair.because else "differ" if pair.differ else "same",
        "because": pair.because or None,
        "paths": pair.paths,
        "agreement": _agreement_json(pair),
    }


def _agreement_json(pair: Pair | None) -> dict[str, Any] | None:
    return None if pair is None or pair.agreement is None else pair.agreement._asdict()


def _result_json(row: Compared, with_first: Pair | None) -> dict[str, Any]:
    return {
        "file": row.result.place,
        "study": row.result.labels.title["en"],
        "paired": row.paired,
        "unpaired_because": row.unpaired_because or None,
        "disagrees": with_first is not None and with_first.differ,
        "agreement": _agreement_json(with_first),
        "paths_compared": row.paths,
        "figures": {key: figure_json(figure) for key, figure in row.figures.items()},
        "differences": {
            key: {
                "value": finite(d.value),
                "se": finite(d.error),
                **ends_json(d.interval),
                "unpaired_se": finite(d.unpaired_error),
            }
            for key, d in row.differences.items()
        },
        "changes": [{"path": path, "first": a, "this": b} for path, a, b in row.changes],
    }


def against_json(found: Against) -> dict[str, Any]:
    """Give a result held against a table.

    Keys are ``schema, file, table, money, agree``, then ``rows``: ``measure, value, se`` of the result, ``reference,
    reference_se``, ``difference, in_errors, allowed, inside``.
    """
    return {
        "schema": AGAINST_SCHEMA,
        "file": found.result.place,
        "table": found.table,
        "money": money_name(found.result.labels),
        "agree": found.agrees,
        "rows": [
            {
                "measure": check.reference.measure.text,
                "value": finite(check.value),
                "se": finite(check.error),
                "reference": finite(check.reference.value),
                "reference_se": finite(check.reference.error),
                "difference": finite(check.difference),
                "in_errors": finite(check.in_errors),
                "allowed": finite(check.allowed),
                "inside": check.inside,
            }
            for check in found.checks
        ],
    }
