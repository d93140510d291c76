"""Comparison of results: which share their draws, how their figures differ, and how their studies."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.config.changes import Change, changes
from spvrisk.dataset.paths import kept_as
from spvrisk.dataset.read import Result
from spvrisk.dataset.soundness import check_contents
from spvrisk.errors import InputError, Problem
from spvrisk.measures.agreement import Pair, pairs_of
from spvrisk.measures.compare import Difference, difference
from spvrisk.measures.sample import Figure, Sample, mean, quantile, share, share_finite, shortfall
from spvrisk.plan.outputs import NPV, OUTPUTS, PORTFOLIO, SCHEME, UNIT, WHOLE

Float = NDArray[np.float64]

P_LOSS, P_WHOLE = "p_loss", "p_whole"


class Measure(NamedTuple):
    """A figure by which results are compared.

    Attributes
    ----------
    key
        Its name.
    series
        ``(unit, quantity)``, as in `Labels.series`.
    of
        From the sample to the figure.
    money
        Whether it is money of the study.
    """

    key: str
    series: tuple[str, str]
    of: Callable[[Sample], Figure]
    money: bool = True

    @property
    def kept_as(self) -> str:
        """What ``output.paths`` calls its values."""
        return kept_as(*self.series)


class Compared(NamedTuple):
    """One result beside the first."""

    result: Result
    paired: bool
    unpaired_because: str
    """Empty if it is paired."""
    paths: int
    """Paths over which differences are taken: the common ones where it is paired."""
    figures: dict[str, Figure]
    """Over all its paths."""
    differences: dict[str, Difference]
    """Of what both results hold; empty for the first."""
    missing: list[str]
    """What it does not hold by path though its study has it, as ``output.paths`` calls it."""
    other_projects: bool
    changes: list[Change]
    """``(path, first, this)`` of the resolved studies; empty for the first."""


class Comparison(NamedTuple):
    """Results beside the first of them, and each beside each other as far as they should have the same bits."""

    measures: list[Measure]
    results: list[Compared]
    pairs: list[Pair]
    strict: bool
    """Whether the contents were checked against their digests."""

    @property
    def disagreements(self) -> list[Pair]:
        """Pairs whose bits differ and should be the same."""
        return [pair for pair in self.pairs if pair.differ]

    @property
    def unchecked(self) -> list[Pair]:
        """Pairs of one study that could not be compared, one of which could be compared with no other either."""
        checked = {number for pair in self.pairs if pair.compared for number in (pair.first, pair.second)}
        apart = (pair for pair in self.pairs if pair.same_study and not pair.compared)
        return [pair for pair in apart if not checked.issuperset((pair.first, pair.second))]

    @property
    def agrees(self) -> bool:
        """Whether all results of one study could be compared, and none disagrees; other studies do not count.

        Of one study by two plans discrete outcomes may flip on a few paths; all other values must agree.
        """
        apart = any(pair.agreement is not None and not pair.agreement.close for pair in self.pairs)
        return not (self.disagreements or self.unchecked or apart)

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(row.result.name for row in self.results)}>"


def _measures(result: Result) -> list[Measure]:
    """All measures that a result may be asked for."""
    summary = result.summary
    out = [
        Measure(NPV, WHOLE, mean),
        Measure(P_LOSS, WHOLE, lambda sample: share(sample, sample.values < 0.0), money=False),
    ]
    for level in summary.levels:
        out.append(Measure(f"expected_shortfall_{level}", WHOLE, partial(shortfall, level=level)))
    for level in summary.quantiles:
        out.append(Measure(f"quantile_{level}", WHOLE, partial(quantile, level=level)))
    others, projects = [output for output in OUTPUTS if output.compared], result.labels.projects
    return [
        *out,
        *(Measure(o.name, (PORTFOLIO, o.name), mean) for o in others if o.of == UNIT),
        Measure(P_WHOLE, (PORTFOLIO, "recovery_years"), share_finite, money=False),
        *(Measure(o.name, (SCHEME, o.name), mean) for o in others if o.of == SCHEME),
        *(Measure(f"{name}/{NPV}", (name, NPV), mean) for name in projects),
    ]


def compared(results: Sequence[Result], strict: bool = False) -> Comparison:
    """Set results beside the first, and see whether any two disagree.

    Parameters
    ----------
    results
        Two or more.
    strict
        Whether to read them whole and refuse one whose content is not that of its digest.

    Raises
    ------
    InputError
        They are fewer than two, not in the same money, or, if `strict`, damaged.
    """
    if len(results) < 2:
        given = ", ".join(result.place for result in results) or phrase("none")
        remedy = "name two or more result files, the one to compare with first"
        raise InputError(Problem("compare", "", "needs two results", given, remedy))
    base = results[0]
    for result in results[1:]:
        _check_money(base, result)
    if strict:
        check_contents(results)
    measures = _measures(base)
    rows = [_beside(base, result, measures) for result in results]
    kept = [measure for measure in measures if any(measure.key in row.figures for row in rows)]
    return Comparison(kept, rows, pairs_of(results), strict)


def _beside(base: Result, result: Result, measures: Sequence[Measure]) -> Compared:
    reason = _unpaired(base, result)
    figures, paths = _figures(result, measures), min(base.n_paths, result.n_paths)
    missing = sorted({m.kept_as for m in measures if m.series not in result.kept and m.series in result.labels.series})
    if result is base:
        return Compared(base, True, "", base.n_paths, figures, {}, missing, False, [])
    # of runs of different length the first paths are the same draws
    a, b = (_figures(item, measures, None if reason else paths) for item in (base, result))
    changed = sorted(changes(base.provenance["config"], result.provenance["config"]), key=lambda c: c[0].count("."))
    differences = {key: difference(b[key], a[key], not reason, same=not changed) for key in b if key in a}
    other = base.labels.projects != result.labels.projects
    return Compared(result, not reason, reason, paths, figures, differences, missing, other, changed)


def _check_money(base: Result, result: Result) -> None:
    for key in ("currency", "money_unit"):
        found, wanted = getattr(result.labels, key), getattr(base.labels, key)
        if found != wanted:
            rule = phrase("must have the {} of {} ({})", key, base.place, wanted)
            raise InputError(Problem(result.place, "", rule, str(found), "run both studies in the same money"))


def _unpaired(base: Result, result: Result) -> str:
    """Why two results do not share their draws; empty if they do."""
    for key, text in _DIFFERENT:
        if str(base.attributes[key]) != str(result.attributes[key]):
            return phrase(text)
    if base.labels.steps_per_year != result.labels.steps_per_year:
        return phrase("different steps")
    return ""


_DIFFERENT = (
    ("seed", "different seed"),
    ("numbers_version", "different numbers version"),
    ("value_date", "different value date"),
)


def _figures(result: Result, measures: Sequence[Measure], paths: int | None = None) -> dict[str, Figure]:
    """Figures of what a result holds by path, over its first paths; what is undefined on all of them is left out."""
    out: dict[str, Figure] = {}
    values: dict[tuple[str, str], Float] = {}
    for measure in measures:
        if measure.series not in result.kept:
            continue
        if measure.series not in values:
            values[measure.series] = result.series(*measure.series)[:paths].astype(np.float64)
        figure = measure.of(Sample(values[measure.series]))
        if not np.isnan(figure.value):
            out[measure.key] = figure
    return out
