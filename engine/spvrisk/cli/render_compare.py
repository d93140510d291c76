"""A comparison as people read it in a terminal, and as programs read it in JSON."""

import json
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from spvrisk.cli.render import NONE, figures_table, finite, money_name, with_error, with_interval
from spvrisk.cli.words import counted
from spvrisk.dataset.read import Result
from spvrisk.dataset.write import PACKAGES
from spvrisk.measures.sample import Figure
from spvrisk.runner.agreement import TOLERANCE
from spvrisk.runner.compare import Compared, Comparison, Measure

SCHEMA = "spvrisk.compare/1"
"""Format of `comparison_json`."""

SHOWN_CHANGES = 16
"""Differences of studies that are told; JSON has all."""

_NAME_WIDTH = 34


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Give a comparison as plain JSON values.

    ``results`` has for each file ``file, study, paired, unpaired_because, disagrees, agreement, paths_compared,
    figures, differences, changes``; a difference has ``value, se, unpaired_se``, a figure ``value, se``, a share
    ``low, high`` too, an agreement with the same study by another plan ``paths, flipped, apart, largest``.
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
        "unpaired_because": row.unpaired_because or None,
        "disagrees": row.disagrees,
        "agreement": None if row.agreement is None else row.agreement._asdict(),
        "paths_compared": row.paths,
        "figures": {key: _figure_json(figure) for key, figure in row.figures.items()},
        "differences": {
            key: {"value": finite(d.value), "se": finite(d.error), "unpaired_se": finite(d.unpaired_error)}
            for key, d in row.differences.items()
        },
        "changes": [{"path": path, "first": a, "this": b} for path, a, b in row.changes],
    }


def _figure_json(figure: Figure) -> dict[str, float | None]:
    interval = {} if figure.interval is None else dict(zip(("low", "high"), map(finite, figure.interval), strict=True))
    return {"value": finite(figure.value), "se": finite(figure.error), **interval}


def render_comparison(found: Comparison) -> RenderableType:
    """Give the table of figures and differences, measure by measure, and how the studies differ."""
    base, *others = found.results
    names = _names(found)
    table = figures_table(
        f"{money_name(base.result.labels)}; ± standard error", ["figure", f"less {names[0]}", "pairing gains"]
    )
    for measure in found.measures:
        if measure.key.startswith("quantile_"):
            continue  # in JSON
        table.add_row(measure.title, style="bold")
        for name, row in zip(names, found.results, strict=True):
            table.add_row(f"  {name}", _figure(row, measure), _difference(row, measure), _gain(row, measure))
        table.add_section()
    lines: list[RenderableType] = [*_disagreements(base, others), *_pairing(base, others)]
    lines += [*_agreements(others), "", table, *_missing(found)]
    for name, row in zip(names[1:], others, strict=True):
        lines += ["", *_changed(name, row)]
    return Group(*lines)


def _names(found: Comparison) -> list[str]:
    """File names without their ending, or whole paths where two are alike; their ends where they are long."""
    names = [row.result.path.stem for row in found.results]
    names = names if len(set(names)) == len(names) else [str(row.result.path) for row in found.results]
    return [name if len(name) <= _NAME_WIDTH else "…" + name[1 - _NAME_WIDTH :] for name in names]


def _disagreements(base: Compared, others: list[Compared]) -> list[RenderableType]:
    """Name results that should have the same bits and have not, with what made them."""
    return [
        Text(
            f"The machines or versions disagree: {base.result.path.name} and {row.result.path.name} have the same "
            f"plan, seed and paths but other content. {_made(base.result)}; {_made(row.result)}.",
            style="bold",
        )
        for row in others
        if row.disagrees
    ]


def _made(result: Result) -> str:
    """What a result was made with."""
    made = result.provenance
    versions = ", ".join(f"{name} {made[name]}" for name in ("python", *PACKAGES))
    return f"{result.path.name}: cpu {made['cpu']}, {result.attributes['source']}, {versions}"


def _agreements(others: list[Compared]) -> list[RenderableType]:
    """How results of the same study by another plan agree, path by path."""
    lines: list[RenderableType] = []
    for row in others:
        if row.agreement is None:
            continue
        paths, flipped, apart, largest = row.agreement
        told = f"{row.result.path.name} is the same study by another plan: another discrete outcome on {flipped:,} of "
        told += f"{counted(paths, 'path')}; "
        if apart:
            told += f"values differ by up to {largest:.1g}, on {apart:,} of the others by more than {TOLERANCE:g}."
        else:
            told += f"all values of the others agree to {TOLERANCE:g}."
        lines.append(Text(told))
    return lines


def _pairing(base: Compared, others: list[Compared]) -> list[RenderableType]:
    """Which results share their draws, and over how many paths."""
    attributes = base.result.attributes
    shared = f"{counted(base.result.n_paths, 'path')}, seed {attributes['seed']}, values at {attributes['value_date']}"
    lines = [f"{base.result.path.name}: {shared}."]
    for row in others:
        name = row.result.path.name
        if not row.paired:
            lines.append(f"{name} does not share its draws ({row.unpaired_because}): errors of differences are large.")
        elif row.paths < max(base.result.n_paths, row.result.n_paths):
            lines.append(
                f"{name} has {counted(row.result.n_paths, 'path')}: differences are over the first {row.paths:,}."
            )
        if row.other_projects:
            lines.append(f"{name} has other projects.")
    if all(row.paired for row in others):
        lines.append("All share their draws: differences are path by path. The last column says how many times")
        lines.append("larger their errors would be if they were not.")
    return [Text(line) for line in lines]


def _scale(measure: Measure) -> tuple[float, str]:
    return (1.0, "") if measure.money else (100.0, " %")


def _figure(row: Compared, measure: Measure) -> str:
    figure = row.figures.get(measure.key)
    if figure is None:
        return NONE
    if figure.interval is not None:
        return with_interval(figure.value, *figure.interval)
    return with_error(figure.value, figure.error)


def _difference(row: Compared, measure: Measure) -> str:
    scale, sign = _scale(measure)
    found = row.differences.get(measure.key)
    if found is None:
        return ""
    return ("+" if found.value > 0 else "") + with_error(found.value, found.error, scale) + sign


def _gain(row: Compared, measure: Measure) -> str:
    found = row.differences.get(measure.key)
    return f"{found.ratio:,.1f} x" if row.paired and found is not None and found.ratio >= 0 else ""


def _missing(found: Comparison) -> list[RenderableType]:
    """Say what results do not hold by path, and how to keep it."""
    lines: list[RenderableType] = []
    for row in found.results:
        if row.missing:
            named = ", ".join(name.replace("portfolio_", "portfolio.", 1) for name in row.missing)
            lines += ["", Text(f"{row.result.path.name} does not hold {named} by path: add it to output.paths.")]
    return lines


def _changed(name: str, row: Compared) -> list[RenderableType]:
    """How a study differs from the first, what is written nearest to the top of a study first."""
    if not row.changes:
        return [Text(f"{name}: the same study.")]
    out: list[RenderableType] = [Text(f"{name} differs in", style="bold")]
    for path, a, b in row.changes[:SHOWN_CHANGES]:
        out.append(Text(f"  {path}: {_short(a)} -> {_short(b)}"))
    if len(row.changes) > SHOWN_CHANGES:
        out.append(Text(f"  and {len(row.changes) - SHOWN_CHANGES} more: see --json"))
    return out


def _short(value: Any) -> str:
    text = "(nothing)" if value is None else f"{value:.9g}" if isinstance(value, float) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
