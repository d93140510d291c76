"""What is measured of a result beyond its tables; what it does not keep is found by replaying its paths."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spvrisk.api.arguments import called, on_what, text, texts, whole, wrong, yes_or_no
from spvrisk.api.arguments import levels as probabilities
from spvrisk.api.results import Results, opened
from spvrisk.config.reading.values import plain_if_any
from spvrisk.errors import argument
from spvrisk.runner.on import THREADS, On, Threads

if TYPE_CHECKING:
    from spvrisk.experiments.cash import Cash
    from spvrisk.experiments.confidence import Confidences
    from spvrisk.experiments.exceeded import Curve
    from spvrisk.experiments.obligors import Obligors
    from spvrisk.measures.tail import Tail
    from spvrisk.runner.execute import Announce, Progress

REPLAYED = 2000
"""Paths whose flows `cash` replays."""


def tail(
    result: Results | str | os.PathLike[str],
    of: str = "npv_funder",
    worst: float = 0.01,
    side: str | None = None,
    announce: "Announce" = lambda _: None,
) -> "Tail":
    """Find what the worst paths of a result have in common against the others: a reverse stress.

    Parameters
    ----------
    result
        Opened, or as a file.
    of
        ``[unit/]quantity`` by which paths are the worst: any number, ``npv_funder``, ``smr/cost``, ``payback_years``.
    worst
        Share of the paths on which it is defined, in (0, 0.5]; at least 20 paths.
    side
        Which end is bad, ``low`` or ``high``; None where that is clear: of values and returns the low one, of costs,
        delays, losses and times the high one.
    announce
        Called with a word where what the result does not keep is found by replaying its paths.

    Returns
    -------
    Tail
        With inputs, outcomes, final states and flags in ``marks``, the largest standardised shift of the mean first,
        and projects in ``parts``; ``telling`` of a mark is whether it differs by more than chance, all taken together.

    Raises
    ------
    InputError
        The result cannot be read, there is no such quantity, no side is bad, or the worst paths are too few.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=2000) as results:
    ...     found = spvrisk.tail(results, worst=0.05)
    >>> found.n_worst, found.marks[0].telling, f"{sum(part.share for part in found.parts):.6f}"
    (100, True, '1.000000')
    """
    from spvrisk.experiments.worst import worst_paths

    share, end = plain_if_any(worst), None if side is None else text("side", side)
    if isinstance(share, bool) or not isinstance(share, int | float):
        raise wrong("worst", "must be a number", worst, "write e.g. 0.01 for 1 %")
    tables, told = opened("result", result).tables(), called("announce", announce)
    with tables.held():
        return worst_paths(tables, text("of", of), float(share), end, told)


def curve(
    result: Results | str | os.PathLike[str],
    of: str = "npv_funder",
    levels: Sequence[str | float] | None = None,
    *,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Curve":
    """Give the exceedance curve of a quantity: of a net present value that of the loss.

    Parameters
    ----------
    result
        Opened, or as a file.
    of
        ``npv_funder``, ``smr/cost``.
    levels
        Probabilities of exceeding, digits or numbers; 0.5 to 0.004 if left out.
    on, progress, announce
        As of `run`, where what the result does not keep is found by replaying its paths.

    Returns
    -------
    Curve
        With a point for each probability in ``points``: the value, its 95 % interval, the mean beyond.

    Raises
    ------
    InputError
        The result, the quantity or a level cannot be used.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     found = spvrisk.curve(results, "port/npv_funder", levels=[0.5, 0.05])
    >>> [point.one_in for point in found.points], found.of_loss
    ([2.0, 20.0], True)
    """
    from spvrisk.experiments.exceeded import DEFAULT_LEVELS, curve

    read = _levels("levels", levels, DEFAULT_LEVELS)
    return curve(opened("result", result).tables(), text("of", of), read, *_told(on, progress, announce))


def confidence(
    result: Results | str | os.PathLike[str],
    project: str | None = None,
    levels: Sequence[str | float] | None = None,
    joint: str | float = "0.7",
    completed_only: bool = False,
    *,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Confidences":
    """Give percentiles of cost and completion by project, and joint confidence of the two (JCL).

    Parameters
    ----------
    result
        Opened, or as a file.
    project
        An announced one; all if left out.
    levels
        Of the percentiles and the grid, digits or numbers; P50, P70, P80, P90 if left out.
    joint
        Probability that the pairs of the frontier hold.
    completed_only
        Whether percentiles leave out paths on which a project is never completed; else these count as never.
    on, progress, announce
        As of `curve`.

    Returns
    -------
    Confidences
        By project in ``projects``: ``cost, delay`` by level, ``joint`` for budget and plan, ``grid``, ``frontier``.

    Raises
    ------
    InputError
        The result, the project or a level cannot be used.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     (port,) = spvrisk.confidence(results, "port").projects
    >>> port.funded, [each.level for each in port.cost], port.joint.value <= port.on_time.value
    (500, ['0.5', '0.7', '0.8', '0.9'], True)
    """
    from spvrisk.experiments.confidence import DEFAULT_LEVELS, confidence

    read = _levels("levels", levels, DEFAULT_LEVELS)
    (level_joint,) = _levels("joint", [joint], ())
    name, only = None if project is None else text("project", project), yes_or_no("completed_only", completed_only)
    told = _told(on, progress, announce)
    return confidence(opened("result", result).tables(), name, read, level_joint, only, *told)


def obligors(
    result: Results | str | os.PathLike[str],
    of: str = "npv_funder",
    failures: Sequence[str] = (),
    *,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Obligors":
    """Give the expected loss by obligor: offtakers, outcomes that are failures, projects as borrowers.

    Parameters
    ----------
    result
        Opened, or as a file.
    of
        What is lost by offtakers and failures: ``npv_funder``, ``pv_host``, ``npv_policy_bank``, ``npv_banks`` or
        ``insurer_net``.
    failures
        Outcomes of events and final states of regimes that are taken for a default, as ``deal_2029=terminated``.
    on, progress, announce
        As of `curve`.

    Returns
    -------
    Obligors
        In ``found`` each obligor with its ``loss``: ``probability``, ``severity``, ``expected``, and their errors.

    Raises
    ------
    InputError
        The result or a name cannot be used.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     (found,) = spvrisk.obligors(results, failures=["election=new_course"]).found
    >>> found.name, abs(found.loss.expected - found.loss.probability * found.loss.severity) < 1e-9
    ('election=new_course', True)
    """
    from spvrisk.experiments.obligors import obligors

    tables, named = opened("result", result).tables(), texts("failures", failures)
    return obligors(tables, text("of", of), named, *_told(on, progress, announce))


def cash(
    result: Results | str | os.PathLike[str],
    levels: Sequence[str | float] | None = None,
    paths: int = REPLAYED,
    gross: bool = False,
    party: str | None = None,
    *,
    on: Threads = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Cash":
    """Give the cash that each party needs by calendar year, from paths that are replayed.

    Parameters
    ----------
    result
        Opened, or as a file.
    levels
        Of the needs, digits or numbers; 0.5, 0.95, 0.99 if left out.
    paths
        How many of the result's paths, the first, are replayed at most: some tenths of a millisecond each.
    gross
        Whether needs are payments alone; else receipts of the same year are taken off, down to nothing.
    party
        ``funder``, ``host``, and with a stack ``policy_bank``, ``banks``, ``insurer``; all if left out.
    on
        Threads that replay them, as ``spvrisk.Threads(2)``.
    progress, announce
        As of `run`.

    Returns
    -------
    Cash
        By party in ``parties``: the largest year, then year by year, with quantiles and their 95 % intervals.

    Raises
    ------
    InputError
        The result or an argument cannot be used.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     found = spvrisk.cash(results, levels=[0.5, 0.95], paths=100)
    >>> list(found.parties), found.parties["funder"][1].year
    (['funder', 'host'], 2026)
    """
    from spvrisk.experiments.cash import DEFAULT_LEVELS, cash

    read = _levels("levels", levels, DEFAULT_LEVELS)
    tables, most, alone = opened("result", result).tables(), whole("paths", paths), yes_or_no("gross", gross)
    if most < 1:
        raise wrong("paths", "must be at least 1", paths, "name how many paths to replay")
    if not isinstance(on, Threads):
        raise wrong("on", "must be Threads: flows are replayed in this process", on, "give e.g. spvrisk.Threads(2)")
    one = None if party is None else text("party", party)
    return cash(tables, read, most, alone, one, *_told(on, progress, announce))


def _told(on: Any, progress: Any, announce: Any) -> "tuple[Any, Progress, Announce]":
    """What computes, and what is told of it, checked."""
    return on_what("on", on), called("progress", progress), called("announce", announce)


def _levels(name: str, value: Any, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Probabilities, each once; others where the argument is left out."""
    from spvrisk.measures.named import levels_of

    return otherwise if value is None else levels_of(probabilities(name, value), argument(name))
