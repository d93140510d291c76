"""Results compared with the first of them: figures, differences with their errors, and how the studies differ."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import PurePath
from typing import Any

from spvrisk.dataset.read import Result
from spvrisk.dataset.write import PACKAGES
from spvrisk.measures.agreement import TOLERANCE, Pair
from spvrisk.measures.comparison import P_LOSS, P_WHOLE, Compared, Comparison, Measure
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import BY_NAME, NPV, PORTFOLIO, SCHEME
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Rate, Row, Text, defined, heads, said, share_of
from spvrisk.views.selftest import outcome_named
from spvrisk.views.tails import thin
from spvrisk.views.words import joined, money_in, money_name, percent, unit_named

SHOWN_CHANGES, FEW_CHANGES = 16, 2
"""Differences of studies that are told, in full and in short; JSON has all."""

_NAME_WIDTH = 34
_QUANTILE, _SHORTFALL = "quantile_", "expected_shortfall_"


def compare(found: Comparison) -> list[Figures]:
    """Give the page in short: what is shared, the matrix, what is missing, and in a line each how studies differ."""
    lines = tuple(_in_a_line(name, row) for name, row in _others(found))
    return [shared(found), matrix(found), *_missing(found), Figures("", notes=lines)]


def details(found: Comparison) -> list[Figures]:
    """Give the whole page: what is shared, all figures, what is missing, and how each study differs."""
    return [shared(found), differences(found), *_missing(found), *(_changed(*row) for row in _others(found))]


def _others(found: Comparison) -> Iterator[tuple[str, Compared]]:
    """Results but the first, by name."""
    yield from list(zip(names_of(found), found.results, strict=True))[1:]


def shared(found: Comparison) -> Figures:
    """Which results share their draws, and how those agree that should; who disagrees stands in the title."""
    files = _files(found)
    title = [_disagreement(found, pair, files) for pair in found.disagreements]
    if found.strict:
        title += [_unchecked(pair, files) for pair in found.unchecked]
    bits = _bits(found, files) if found.strict else ()
    notes = (*_pairing(found, files), *_agreements(found, files), *bits)
    return Figures(joined(title, "{} {}") if title else "", notes=notes)


def matrix(found: Comparison) -> Figures:
    """A committee's measures by rows: what the first result has, and what each other has more."""
    names, labels = names_of(found), found.results[0].result.labels
    shortfalls = [measure.key for measure in found.measures if measure.key.startswith(_SHORTFALL)]
    wanted = {NPV, P_LOSS, *shortfalls[-1:]}
    first, *others = found.results
    rows = tuple(
        Row(
            _head(labels, each),
            (_plain_figure(first, each), *(said("{:+}", _difference(other, each)) for other in others)),
        )
        for each in found.measures
        if each.key in wanted or each.series[0] not in (PORTFOLIO, SCHEME)
    )
    columns = tuple(Column(name) for name in names)
    title = said("Net present values in {}: {}, and what others have more", money_in(labels), names[0])
    return Figures(title, columns, rows, unit=money_name(labels))


def _head(labels: Labels, measure: Measure) -> Text:
    """Of a measure's row in the matrix."""
    if measure.key.startswith(_SHORTFALL):
        return said("shortfall {}", percent(measure.key.removeprefix(_SHORTFALL)))
    own = {NPV: Note("mean"), P_LOSS: Note("P(loss)")}
    return own.get(measure.key) or unit_named(labels, measure.series[0])


def _title(measure: Measure) -> Note:
    """Of a measure's rows in the whole page."""
    unit, quantity = measure.series
    if measure.key.startswith(_SHORTFALL):
        return said("funder's expected shortfall at {}", percent(measure.key.removeprefix(_SHORTFALL)))
    if unit not in (PORTFOLIO, SCHEME):
        return said("net present value of {}", unit)
    own = {NPV: "funder's net present value", P_LOSS: "P(loss)", P_WHOLE: "P(made whole)"}
    return Note(own[measure.key]) if measure.key in own else Note(BY_NAME[quantity].compared)


def _plain_figure(row: Compared, measure: Measure) -> Cell:
    """A figure with its standard error, also where it is a share."""
    figure = row.figures.get(measure.key)
    if figure is None:
        return None
    kind = Estimate if measure.money else Rate
    return kind(defined(figure.value), defined(figure.error))


def differences(found: Comparison) -> Figures:
    """Figures and differences, measure by measure; quantiles are left to JSON."""
    names, labels = names_of(found), found.results[0].result.labels
    minus = Column(said("minus {}", names[0]), "+")
    columns = (*heads("figure"), minus, Column(Note("gain from pairing"), ",.1f x"))
    rows = (
        Row(name, (_figure(row, measure), _difference(row, measure), _gain(row, measure)), _title(measure))
        for measure in found.measures
        if not measure.key.startswith(_QUANTILE)
        for name, row in zip(names, found.results, strict=True)
    )
    gain = said("Gain from pairing: how many times larger the difference's error would be without it.")
    title = said("{}; ± standard error", money_in(labels))
    return Figures(title, columns, tuple(rows), (gain, *warned(found)), unit=money_name(labels))


def warned(found: Comparison) -> tuple[Note, ...]:
    """Say of which levels tails hold too few paths."""
    figures = zip(names_of(found), found.results, strict=True)
    return tuple(thin((name, figure.tail) for name, row in figures for figure in row.figures.values()))


def _files(found: Comparison) -> list[str]:
    """File names; whole paths where two are alike, with their numbers where these are too."""
    results = [row.result for row in found.results]
    for names in ([result.name for result in results], [result.place for result in results]):
        if len(set(names)) == len(names):
            return names
    return [f"{result.place} ({number})" for number, result in enumerate(results, start=1)]


def names_of(found: Comparison) -> list[str]:
    """Name results by their files, without folder and ending where that tells them apart; of long names the ends.

    Parameters
    ----------
    found
        As from `spvrisk.measures.comparison.compared`.
    """
    files = _files(found)
    names = [PurePath(file).stem for file in files]
    names = names if len(set(names)) == len(names) else files
    return [name if len(name) <= _NAME_WIDTH else "…" + name[1 - _NAME_WIDTH :] for name in names]


def _disagreement(found: Comparison, pair: Pair, files: list[str]) -> Note:
    """Name results that should have the same bits and have not, with what made them."""
    first, second = (found.results[number].result for number in (pair.first, pair.second))
    text = "The machines or versions disagree: {} have the same plan, seed and paths but different content. {}; {}."
    if first.n_paths != second.n_paths:
        text = (
            "The machines or versions disagree: {} have the same plan and seed but different values of their first "
            "{:path}. {}; {}."
        )
    made = (_made(files[pair.first], first, second), _made(files[pair.second], second, first))
    return said(text, _both(pair, files), *([] if first.n_paths == second.n_paths else [pair.paths]), *made)


def _unchecked(pair: Pair, files: list[str]) -> Note:
    """Name results of one study of which nothing is known."""
    text = (
        "Whether {} agree is not known: they are results of the same study but could not be compared bit by bit ({})."
    )
    return said(text, _both(pair, files), pair.because)


def _both(pair: Pair, files: list[str]) -> Note:
    return said("{} and {}", files[pair.first], files[pair.second])


def _made(file: str, result: Result, other: Result) -> Note:
    """What a result was made with."""
    made = result.provenance
    target = _target(made["target"], made["features"], other.provenance["features"])
    versions = ", ".join(f"{name} {made[name]}" for name in ("python", *PACKAGES))
    test, source = outcome_named(made["self_test"]), result.attributes["source"]
    return said("{}: cpu {}, {}, self-test {}, {}, {}", file, made["cpu"], target, test, source, versions)


def _target(name: str, own: str, other: str) -> Note:
    """A target, with features that another one lacks; where a target lists none, it has those of its name."""
    if own == other or not other:
        return said("target {}", name)
    if not own:
        return said("target {} without a list of features", name)
    used, of_other = ({word[1:] for word in text.split(",") if word.startswith("+")} for text in (own, other))
    only = sorted(used - of_other)
    return said("target {} with {}", name, ", ".join(only)) if only else said("target {}", name)


def _agreements(found: Comparison, files: list[str]) -> Iterator[Note]:
    """How results of the same study by another plan agree, path by path: each beside the first that it can be."""
    told: set[int] = set()
    for pair in found.pairs:
        if pair.agreement is None or pair.second in told:
            continue
        told.add(pair.second)
        paths, flipped, apart, largest = pair.agreement
        file = files[pair.second]
        same = said("{} is the same study under a different plan", file)
        if pair.first != 0:
            same = said("{} is the same study as {} under a different plan", file, files[pair.first])
        differ = "{}: discrete outcomes differ on {:,d} of {:path}; {}."
        others = said("on the others all values agree to {:g}", TOLERANCE)
        if apart:
            text = "on the others values differ by up to {:.1g}, on {:,d} of them by more than {:g}"
            others = said(text, largest, apart, TOLERANCE)
        yield said(differ, same, flipped, paths, others)


def _bits(found: Comparison, files: list[str]) -> Iterator[Note]:
    """Which results were compared bit by bit, and why the others were not."""
    done = [said("{} ({:path})", _both(pair, files), pair.paths) for pair in found.pairs if not pair.because]
    text = "All contents match their digests. Compared bit by bit: {}."
    yield said(text, joined(done, "{}; {}") if done else Note("none"))
    for because in dict.fromkeys(pair.because for pair in found.pairs if pair.because):
        which = [_both(pair, files) for pair in found.pairs if pair.because == because]
        yield said("Not compared bit by bit ({}): {}.", because, joined(which, "{}; {}"))


def _pairing(found: Comparison, files: list[str]) -> Iterator[Note]:
    """Which results share their draws, and over how many paths."""
    base, *others = found.results
    seed, day = str(base.result.attributes["seed"]), date.fromisoformat(base.result.labels.value_date)
    yield said("{}: {:path}, seed {}, values at {}.", files[0], base.result.n_paths, seed, day)
    for name, row in zip(files[1:], others, strict=True):
        n_paths = row.result.n_paths
        if not row.paired:
            because = "{} does not share the draws of the first ({}): errors of differences are large."
            yield said(because, name, row.unpaired_because)
        elif row.paths < max(base.result.n_paths, n_paths):
            yield said("{} has {:path}: differences are over the first {:,d}.", name, n_paths, row.paths)
        if row.other_projects:
            yield said("{} has other projects.", name)
    if all(row.paired for row in others):
        yield said("All share their draws: differences are paired path by path. ± is a standard error.")


def _figure(row: Compared, measure: Measure) -> Cell:
    figure = row.figures.get(measure.key)
    if figure is None:
        return None
    if figure.interval is not None and not measure.money:
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
    for file, row in zip(_files(found), found.results, strict=True):
        if row.missing:
            lacks = said("{} does not keep {} by path: add it to output.paths.", file, ", ".join(row.missing))
            yield Figures("", notes=(lacks,))


def _in_a_line(name: str, row: Compared) -> Note:
    """How a study differs from the first, in short."""
    if not row.changes:
        return said("{}: the same study.", name)
    told: list[Cell] = [_change(*change) for change in row.changes[:FEW_CHANGES]]
    if (more := len(row.changes) - FEW_CHANGES) > 0:
        told.append(said("and {:d} more (--details)", more))
    return said("{}: {}.", name, joined(told))


def _changed(name: str, row: Compared) -> Figures:
    """How a study differs from the first, what is written nearest to the top of a study first."""
    if not row.changes:
        return Figures("", notes=(said("{}: the same study.", name),))
    notes = [_change(*change)._replace(indent=2) for change in row.changes[:SHOWN_CHANGES]]
    if len(row.changes) > SHOWN_CHANGES:
        notes.append(said("and {:d} more: see --json", len(row.changes) - SHOWN_CHANGES)._replace(indent=2))
    return Figures(said("How {} differs", name), notes=tuple(notes))


def _change(path: str, first: Any, this: Any) -> Note:
    return said("{}: {} -> {}", path, _short(first), _short(this))


def _short(value: Any) -> Text:
    if value is None:
        return Note("(absent)")
    text = f"{value:.9g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
