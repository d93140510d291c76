"""A comparison as people read it in a terminal, and as programs read it in JSON."""

import json
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from spvrisk.cli.render import NONE, figures_table, finite, money_name, plain, with_error
from spvrisk.cli.words import counted
from spvrisk.runner.compare import Compared, Comparison, Measure

SCHEMA = "spvrisk.compare/1"
"""Format of `comparison_json`."""

SHOWN_CHANGES = 12
"""Differences of studies that are told; JSON has all."""


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Give a comparison as plain JSON values.

    ``results`` has for each file ``file, study, paired, figures, differences, changes``; a difference has ``value, se,
    unpaired_se``.
    """
    return {
        "schema": SCHEMA,
        "money": money_name(found.results[0].result.labels),
        "results": [_result_json(row) for row in found.results],
    }


def _result_json(row: Compared) -> dict[str, Any]:
    return {
        "file": str(row.result.path),
        "study": row.result.labels.title["en"],
        "paired": row.paired,
        "figures": {key: {"value": finite(f.value), "se": finite(f.error)} for key, f in row.figures.items()},
        "differences": {
            key: {"value": finite(d.value), "se": finite(d.error), "unpaired_se": finite(d.unpaired_error)}
            for key, d in row.differences.items()
        },
        "changes": [{"path": path, "first": a, "this": b} for path, a, b in row.changes],
    }


def render_comparison(found: Comparison) -> RenderableType:
    """Give the table of figures and differences, and how the studies differ."""
    base, *others = found.results
    measures = _shown(found)
    names = _names(found)
    title = f"{money_name(base.result.labels)}; differences to {names[0]}; ± standard error"
    table = figures_table(title, [measure.title for measure in measures])
    for name, row in zip(names, found.results, strict=True):
        table.add_row(name, *(_figure(row, measure) for measure in measures), style="bold")
        if row is not base:
            table.add_row("  difference", *(_difference(row, measure) for measure in measures))
            table.add_row("  error if unpaired", *(_ratio(row, measure) for measure in measures), end_section=True)
    lines: list[RenderableType] = [_pairing(base, others), "", table]
    for name, row in zip(names[1:], others, strict=True):
        lines += ["", *_changed(name, row)]
    return Group(*lines)


def _shown(found: Comparison) -> list[Measure]:
    """Measures for people: the mean, the worst shortfall, and what others bear; quantiles are in JSON."""
    shortfalls = [measure for measure in found.measures if measure.key.startswith("expected_shortfall_")]
    left_out = {measure.key for measure in shortfalls[:-1]} | {"insurer_net"}
    return [m for m in found.measures if m.key not in left_out and not m.key.startswith("quantile_")]


def _names(found: Comparison) -> list[str]:
    """File names without their ending, or whole paths where two are alike."""
    names = [row.result.path.stem for row in found.results]
    return names if len(set(names)) == len(names) else [str(row.result.path) for row in found.results]


def _pairing(base: Compared, others: list[Compared]) -> Text:
    apart = [f"{row.result.path.name} ({row.unpaired_because})" for row in others if not row.paired]
    shared = f"{counted(base.result.n_paths, 'path')}, seed {base.result.attributes['seed']}"
    if not apart:
        return Text(f"All results share their draws: {shared}. Differences are path by path.")
    return Text(f"{shared}. Drawn independently, so that errors of differences are large: {', '.join(apart)}.")


def _scale(measure: Measure) -> tuple[float, str]:
    return (1.0, "") if measure.money else (100.0, " %")


def _figure(row: Compared, measure: Measure) -> str:
    scale, sign = _scale(measure)
    figure = row.figures.get(measure.key)
    return NONE if figure is None else with_error(figure.value, figure.error, scale) + sign


def _difference(row: Compared, measure: Measure) -> str:
    scale, sign = _scale(measure)
    found = row.differences.get(measure.key)
    if found is None:
        return NONE
    return ("+" if found.value > 0 else "") + with_error(found.value, found.error, scale) + sign


def _ratio(row: Compared, measure: Measure) -> str:
    found = row.differences.get(measure.key)
    return NONE if found is None or not found.ratio >= 0 else f"{plain(found.ratio)} x"


def _changed(name: str, row: Compared) -> list[RenderableType]:
    """How a study differs from the first."""
    if not row.changes:
        return [Text(f"{name}: the same study.")]
    out: list[RenderableType] = [Text(f"{name} differs in", style="bold")]
    for path, a, b in row.changes[:SHOWN_CHANGES]:
        out.append(Text(f"  {path}: {_short(a)} -> {_short(b)}"))
    if len(row.changes) > SHOWN_CHANGES:
        out.append(Text(f"  and {len(row.changes) - SHOWN_CHANGES} more: see --json"))
    return out


def _short(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
