"""Results beside the first of them: figures, differences with their errors, and how the studies differ."""

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from spvrisk.dataset.read import Result
from spvrisk.dataset.write import PACKAGES
from spvrisk.measures.agreement import TOLERANCE
from spvrisk.measures.comparison import Compared, Comparison, Measure
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Rate, Row, defined, said, share_of
from spvrisk.views.words import money_name

SHOWN_CHANGES = 16
"""Differences of studies that are told; JSON has all."""

_NAME_WIDTH = 34
_QUANTILE = "quantile_"


def compare(found: Comparison) -> list[Figures]:
    """Give the page: what is shared, the figures, what is missing, and how each study differs."""
    names = _names(found)
    others = zip(names[1:], found.results[1:], strict=True)
    return [shared(found), differences(found), *_missing(found), *(_changed(name, row) for name, row in others)]


def shared(found: Comparison) -> Figures:
    """Which results share their draws, and how those agree that should; who disagrees stands in the title."""
    base, *others = found.results
    disagree = "\n".join(_disagreement(base, row) for row in others if row.disagrees)
    return Figures(disagree, notes=(*_pairing(base, others), *_agreements(others)))


def differences(found: Comparison) -> Figures:
    """Figures and differences, measure by measure; quantiles are left to JSON."""
    names, money = _names(found), money_name(found.results[0].result.labels)
    columns = (Column("figure"), Column(f"less {names[0]}", "+"), Column("pairing gains", ",.1f x"))
    rows = (
        Row(name, (_figure(row, measure), _difference(row, measure), _gain(row, measure)), measure.title)
        for measure in found.measures
        if not measure.key.startswith(_QUANTILE)
        for name, row in zip(names, found.results, strict=True)
    )
    return Figures(f"{money}; ± standard error", columns, tuple(rows), unit=money)


def _names(found: Comparison) -> list[str]:
    """File names without their ending, or whole paths where two are alike; their ends where they are long."""
    names = [PurePath(row.result.name).stem for row in found.results]
    names = names if len(set(names)) == len(names) else [row.result.place for row in found.results]
    return [name if len(name) <= _NAME_WIDTH else "…" + name[1 - _NAME_WIDTH :] for name in names]


def _disagreement(base: Compared, row: Compared) -> str:
    """Name results that should have the same bits and have not, with what made them."""
    return (
        f"The machines or versions disagree: {base.result.name} and {row.result.name} have the same "
        f"plan, seed and paths but other content. {_made(base.result)}; {_made(row.result)}."
    )


def _made(result: Result) -> str:
    """What a result was made with."""
    made = result.provenance
    versions = ", ".join(f"{name} {made[name]}" for name in ("python", *PACKAGES))
    return f"{result.name}: cpu {made['cpu']}, {result.attributes['source']}, {versions}"


def _agreements(others: list[Compared]) -> Iterator[Note]:
    """How results of the same study by another plan agree, path by path."""
    for row in others:
        if row.agreement is None:
            continue
        paths, flipped, apart, largest = row.agreement
        same = "{} is the same study by another plan: another discrete outcome on {:,d} of {:path}; "
        if apart:
            differ = "values differ by up to {:.1g}, on {:,d} of the others by more than {:g}."
            yield said(same + differ, row.result.name, flipped, paths, largest, apart, TOLERANCE)
        else:
            yield said(same + "all values of the others agree to {:g}.", row.result.name, flipped, paths, TOLERANCE)


def _pairing(base: Compared, others: list[Compared]) -> Iterator[Note]:
    """Which results share their draws, and over how many paths."""
    seed, date = (str(base.result.attributes[key]) for key in ("seed", "value_date"))
    yield said("{}: {:path}, seed {}, values at {}.", base.result.name, base.result.n_paths, seed, date)
    for row in others:
        name, n_paths = row.result.name, row.result.n_paths
        if not row.paired:
            because = "{} does not share its draws ({}): errors of differences are large."
            yield said(because, name, row.unpaired_because)
        elif row.paths < max(base.result.n_paths, n_paths):
            yield said("{} has {:path}: differences are over the first {:,d}.", name, n_paths, row.paths)
        if row.other_projects:
            yield said("{} has other projects.", name)
    if all(row.paired for row in others):
        yield said("All share their draws: differences are path by path. The last column says how many times")
        yield said("larger their errors would be if they were not.")


def _figure(row: Compared, measure: Measure) -> Cell:
    figure = row.figures.get(measure.key)
    if figure is None:
        return None
    if figure.interval is not None:
        return share_of(figure.value, *figure.interval)
    return Estimate(defined(figure.value), defined(figure.error))


def _difference(row: Compared, measure: Measure) -> Cell:
    found = row.differences.get(measure.key)
    if found is None:
        return ""
    kind = Estimate if measure.money else Rate
    return kind(defined(found.value), defined(found.error))


def _gain(row: Compared, measure: Measure) -> Cell:
    found = row.differences.get(measure.key)
    return found.ratio if row.paired and found is not None and found.ratio >= 0 else ""


def _missing(found: Comparison) -> Iterator[Figures]:
    """Say what results do not hold by path, and how to keep it."""
    for row in found.results:
        if row.missing:
            named = ", ".join(name.replace("portfolio_", "portfolio.", 1) for name in row.missing)
            lacks = said("{} does not hold {} by path: add it to output.paths.", row.result.name, named)
            yield Figures("", notes=(lacks,))


def _changed(name: str, row: Compared) -> Figures:
    """How a study differs from the first, what is written nearest to the top of a study first."""
    if not row.changes:
        return Figures("", notes=(said("{}: the same study.", name),))
    notes = [said("  {}: {} -> {}", path, _short(a), _short(b)) for path, a, b in row.changes[:SHOWN_CHANGES]]
    if len(row.changes) > SHOWN_CHANGES:
        notes.append(said("  and {:d} more: see --json", len(row.changes) - SHOWN_CHANGES))
    return Figures(f"{name} differs in", notes=tuple(notes))


def _short(value: Any) -> str:
    text = "(nothing)" if value is None else f"{value:.9g}" if isinstance(value, float) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
