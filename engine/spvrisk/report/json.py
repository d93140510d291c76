"""What views are made from, and figures themselves, as plain JSON values: NaN and infinities as null."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import COUNTS, SummaryTable
from spvrisk.dataset.variables import statistics_of
from spvrisk.experiments.goal import Goal
from spvrisk.experiments.scenarios import Outcome, Scenarios
from spvrisk.measures.against import Against
from spvrisk.measures.agreement import Pair
from spvrisk.measures.compare import Difference
from spvrisk.measures.comparison import Compared, Comparison
from spvrisk.measures.sample import Figure
from spvrisk.measures.tail import Mean, Tail
from spvrisk.plan.names import Labels
from spvrisk.report.plain import by_key
from spvrisk.report.plain import finite as finite
from spvrisk.report.unknown import uncertainty_json
from spvrisk.report.words import english
from spvrisk.views.compare import warned
from spvrisk.views.exceedance import unit_of
from spvrisk.views.figures import Cell, Figures, Named, Near, Note
from spvrisk.views.loss import warnings
from spvrisk.views.projects import cap_shares
from spvrisk.views.tails import thin
from spvrisk.views.words import money_name

if TYPE_CHECKING:
    from spvrisk.experiments.timing.found import Bench
    from spvrisk.experiments.timing.turns import Spread
    from spvrisk.experiments.traced import Traced
    from spvrisk.experiments.verify import Verified
    from spvrisk.runner.proof import Proof

SUMMARY_SCHEMA = "spvrisk.summary/2"
COMPARE_SCHEMA = "spvrisk.compare/1"
AGAINST_SCHEMA = "spvrisk.against/1"
TAIL_SCHEMA = "spvrisk.tail/1"
TRACE_SCHEMA = "spvrisk.trace/2"
SELFTEST_SCHEMA = "spvrisk.selftest/1"
VERIFY_SCHEMA = "spvrisk.verify/1"
BENCH_SCHEMA = "spvrisk.bench/1"
SCENARIOS_SCHEMA = "spvrisk.scenarios/1"
GOAL_SCHEMA = "spvrisk.goal/1"
VIEWS_SCHEMA = "spvrisk.views/1"
"""Formats; a number rises when a reader of the former would misread it."""


def summary_json(result: Result) -> dict[str, Any]:
    """Give all statistics of a result.

    Keys are ``schema, study, paths, seed, numbers_version, warnings``, then ``scheme, portfolio, projects`` with the
    statistics of each quantity. Warnings are sentences, of tails that hold too few paths. Pipelines stand among the
    projects; where there are any, ``pipelines`` names them. Of outer runs, ``uncertainty`` tells before the warnings,
    see `uncertainty_json`.
    """
    labels, table = result.labels, result.summary
    units: dict[str, dict[str, Any]] = {unit: {} for unit, _ in labels.series}
    for s, (unit, quantity) in enumerate(labels.series):
        units[unit][quantity] = _statistics_json(table, s, quantity, labels)
    for p, project in enumerate(labels.projects):
        for end, parts in (("", table.contribution), ("_se", table.contribution_se)):
            part = by_key(table.levels, parts[p])
            units[project]["npv_funder"][f"expected_shortfall_contribution{end}"] = part
    for project, share in cap_shares(result).items():
        units[project]["overrun_sampled"]["cap_share"] = share
    return {
        "schema": SUMMARY_SCHEMA,
        "study": labels.title["en"],
        "paths": result.n_paths if result.given is None else result.given.n_paths,
        **_given_json(result),
        **({"pipelines": list(labels.pipelines)} if labels.pipelines else {}),
        "seed": int(result.attributes["seed"]),
        "numbers_version": result.attributes["numbers_version"],
        **uncertainty_json(result),
        "warnings": [english(note) for note in warnings(result)],
        "scheme": units["scheme"],
        "portfolio": units["portfolio"],
        "projects": {project: units[project] for project in labels.projects},
    }


def _given_json(result: Result) -> dict[str, Any]:
    if result.given is None:
        return {}
    name, _, share, low, high = result.given
    return {"given": name, "share": share, "share_low": low, "share_high": high}


def _statistics_json(table: SummaryTable, s: int, quantity: str, labels: Labels) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for statistic in statistics_of(quantity, labels, table.exact):
        value = getattr(table, statistic.name)[s]
        if statistic.name in COUNTS:
            out[statistic.name] = int(value)
        elif statistic.dim:
            out[statistic.name] = by_key(table.quantiles if statistic.dim == "quantile" else table.levels, value)
        else:
            out[statistic.name] = finite(value)
    states = labels.states.get(quantity)
    if states is not None:
        out["share"] = by_key(states, table.shares[quantity])
        out["share_low"] = by_key(states, table.shares_low[quantity])
        out["share_high"] = by_key(states, table.shares_high[quantity])
    return out


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
        "figures": {key: _figure_json(figure) for key, figure in row.figures.items()},
        "differences": {
            key: {
                "value": finite(d.value),
                "se": finite(d.error),
                **_ends_json(d.interval),
                "unpaired_se": finite(d.unpaired_error),
            }
            for key, d in row.differences.items()
        },
        "changes": [{"path": path, "first": a, "this": b} for path, a, b in row.changes],
    }


def _figure_json(figure: Figure) -> dict[str, float | None]:
    interval = {} if figure.interval is None else _ends_json(figure.interval)
    return {"value": finite(figure.value), "se": finite(figure.error), **interval}


def _ends_json(interval: tuple[float, float], of: str = "") -> dict[str, float | None]:
    """Ends of a 95 % interval."""
    low, high = map(finite, interval)
    return {f"{of}low": low, f"{of}high": high}


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


def goals_json(found: Sequence[tuple[str, Goal]]) -> dict[str, Any]:
    """Give what was found: ``schema``, then ``goals``, one for each value of another input.

    Each has ``against, find, measure, target, between, found, x, se, slope, paths, seed, warnings`` and ``tried``:
    ``x, value, se``.

    Parameters
    ----------
    found
        Changes that the other input's values make, and what was found with each.
    """
    return {"schema": GOAL_SCHEMA, "goals": [_goal_json(against, goal) for against, goal in found]}


def _goal_json(against: str, goal: Goal) -> dict[str, Any]:
    wanted = goal.wanted
    return {
        "against": against or None,
        "find": wanted.find,
        "measure": wanted.measure.text,
        "target": wanted.target,
        "between": [wanted.low, wanted.high],
        "found": goal.found,
        "x": finite(goal.x),
        "se": finite(goal.error),
        "slope": finite(goal.slope),
        "paths": goal.paths,
        "seed": goal.seed,
        "warnings": [english(note) for note in thin(goal.tails)],
        "tried": [{"x": t.x, "value": finite(t.value), "se": finite(t.error)} for t in goal.tried],
    }


def scenarios_json(found: Scenarios) -> dict[str, Any]:
    """Give scenarios.

    Keys are ``schema, study, money, paths, seed, warnings``, then ``scenarios``, the base first: ``name, title, axes,
    overrides, job_id, failed`` (null, or why there are no figures) and by measure ``value, se`` and, but for the base,
    ``change, change_se, change_low, change_high`` (a 95 % interval); of a tornado ``swings``: by input and measure
    ``swing, swing_se, swing_low, swing_high``, the high end less the low.
    """
    return {
        "schema": SCENARIOS_SCHEMA,
        "study": found.labels.title["en"],
        "money": money_name(found.labels),
        "paths": found.paths,
        "seed": found.seed,
        "warnings": [english(note) for note in thin(found.tails)],
        "scenarios": [_outcome_json(outcome, found) for outcome in found.outcomes],
        "swings": {name: _swing_json(swing, found) for name, swing in found.swings.items()},
    }


def _swing_json(swing: Sequence[Difference], found: Scenarios) -> dict[str, Any]:
    return {
        measure.text: {
            "swing": finite(each.value),
            "swing_se": finite(each.error),
            **_ends_json(each.interval, "swing_"),
        }
        for measure, each in zip(found.measures, swing, strict=True)
    }


def _outcome_json(outcome: Outcome, found: Scenarios) -> dict[str, Any]:
    measures: dict[str, dict[str, float | None]] = {}
    for i, measure in enumerate(found.measures):
        measures[measure.text] = {"value": finite(outcome.values[i]), "se": finite(outcome.errors[i])}
        if outcome.changes is not None:
            change = outcome.changes[i]
            ends = _ends_json(change.interval, "change_")
            measures[measure.text] |= {"change": finite(change.value), "change_se": finite(change.error), **ends}
    return {
        "name": outcome.scenario.name,
        "title": dict(outcome.scenario.title),
        "axes": dict(outcome.scenario.axes),
        "overrides": list(outcome.overrides),
        "job_id": outcome.job_id,
        "failed": outcome.failed or None,
        "measures": measures,
    }


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
    from spvrisk.experiments.trace import STEP_ROWS

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


def proofs_json(proofs: "Iterable[Proof]") -> dict[str, Any]:
    """Give the outcomes of self-tests.

    Parameters
    ----------
    proofs
        As from `spvrisk.selftest`.
    """
    return {"schema": SELFTEST_SCHEMA, "targets": [_proof_json(proof) for proof in proofs]}


def _proof_json(proof: "Proof") -> dict[str, Any]:
    return {
        "target": proof.target.name,
        "features": proof.target.features,
        "outcome": proof.stamp.outcome,
        "detail": proof.stamp.detail,
        "compile_seconds": proof.compile_seconds,
        "test_seconds": proof.test_seconds,
    }


def verified_json(found: "Verified") -> dict[str, Any]:
    """What was found of a result's soundness: ``sound``, and each check with its outcome.

    Parameters
    ----------
    found
        As from `spvrisk.verify`.
    """
    checks = [{"check": check.name, "sound": check.sound, "found": check.found} for check in found.checks]
    return {"schema": VERIFY_SCHEMA, "file": found.place, "sound": found.sound, "checks": checks}


def bench_json(found: "Bench") -> dict[str, Any]:
    """Give a benchmark.

    Keys end with their unit: ``us`` and ``ns`` are of a path and of what ``of`` names, bytes and seconds in whole
    words. What was measured in turns has ``median, low, high`` (quartiles) and ``turns``; what was not is null.
    """
    about, result, cold = found.machine, found.result, found.cold
    return {
        "schema": BENCH_SCHEMA,
        "machine": {
            "processor": about.processor,
            "processors": about.processors,
            "usable": about.usable,
            "target": about.target.name,
            "features": about.target.features,
            "vector_bits": about.vector_bits,
            "versions": about.versions,
            "load": about.load,
        },
        "study": found.study._asdict(),
        "self_test": _proof_json(found.proof),
        "kernel": {
            stage.name: {"us": _spread_json(stage.us), "ns": stage.ns, "of": stage.unit or None}
            for stage in found.stages
        },
        "threads": [
            {
                "threads": each.threads,
                "kernel_us": _spread_json(each.kernel_us),
                "kernel_gain": _spread_json(each.kernel_gain),
                "engine_us": _spread_json(each.engine_us),
                "engine_gain": _spread_json(each.engine_gain),
            }
            for each in found.threads
        ],
        "result": result
        and {
            "paths": result.paths,
            "statistics_seconds": _spread_json(result.statistics),
            "writing_seconds": _spread_json(result.writing),
            "file_bytes": result.size,
            "peak_bytes": result.peak,
        },
        "start": {
            "paths": found.start_paths,
            "seconds": found.start and _spread_json(found.start),
            "cold": cold and cold._asdict(),
        },
        "waited": found.waited,
        "busy": found.busy,
        "unsteady": found.unsteady,
        "left_out": {name: {"from_seconds": seconds} for name, seconds in found.left_out.items()},
        "seconds": found.seconds,
    }


def _spread_json(found: "Spread") -> dict[str, float]:
    return found._asdict()


def views_json(views: Mapping[str, Figures]) -> dict[str, Any]:
    """Give views: ``schema``, then ``views`` by name, each as of `figures_json`.

    Parameters
    ----------
    views
        By name.
    """
    return {"schema": VIEWS_SCHEMA, "views": {name: figures_json(figures) for name, figures in views.items()}}


def figures_json(figures: Figures) -> dict[str, Any]:
    """Give figures: estimates as ``value, error``, shares as ``value, low, high``, sentences in words."""
    return {
        "title": english(figures.title),
        "unit": figures.unit,
        "columns": [english(column.head) for column in figures.columns],
        "rows": [
            {"name": english(row.name), "head": english(row.head), "cells": [_cell_json(cell) for cell in row.cells]}
            for row in figures.rows
        ],
        "notes": [english(note) for note in figures.notes],
    }


def _cell_json(cell: Cell) -> Any:
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Note | Named):
        return english(cell)
    if isinstance(cell, Near):
        near = _cell_json(cell.cell)
        return {**(near if isinstance(near, dict) else {"value": near}), "bound": finite(cell.bound)}
    if isinstance(cell, tuple):
        return {name: None if value is None else finite(value) for name, value in cell._asdict().items()}
    return finite(cell) if isinstance(cell, float) else cell
