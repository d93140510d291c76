"""Cash that each party needs in a calendar year: its payments of that year less its receipts, path by path."""

from threading import local
from typing import NamedTuple

import numpy as np

from spvrisk.config.study import Study
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.experiments.task import threads_of
from spvrisk.experiments.trace import Tracer, at_once, compiled_of, study_of
from spvrisk.experiments.values import check_replay
from spvrisk.measures.order import Percentile, percentiles
from spvrisk.measures.sample import Sample, mean
from spvrisk.plan.arrays import Floats
from spvrisk.plan.outputs import STACK
from spvrisk.runner.execute import Announce, Progress, by_threads, make_ready
from spvrisk.runner.on import THREADS, Threads
from spvrisk.runner.shard import Advance

DEFAULT_LEVELS = ("0.5", "0.95", "0.99")
"""Levels of the needs."""

_FLOWS = ("calls", "distribution_funder", "host_cost", "distribution_host")
_OF_STACK = ("premium", "claims", "recoveries", "to_policy_loan", "to_equity", "to_banks")
"""Columns of the steps from which flows are made, see `flows_of`."""

PARTIES, LENDERS = ("funder", "host"), ("policy_bank", "banks", "insurer")
"""Of every study, and of one with a stack."""


class Flows(NamedTuple):
    """Payments and receipts of a party by path and step, or by path and year, ``(path, ..)``; in money."""

    paid: Floats
    received: Floats


class Need(NamedTuple):
    """What a party needs in a year.

    Attributes
    ----------
    year
        Calendar year; None for the largest of all years of a path.
    mean, error
        Over the paths, and its standard error.
    levels
        Quantiles with their 95 % intervals.
    """

    year: int | None
    mean: float
    error: float
    levels: tuple[Percentile, ...]


class Cash(NamedTuple):
    """Needs of all parties.

    Attributes
    ----------
    result
        The result.
    paths
        How many of its paths, the first, were replayed.
    gross
        Whether needs are payments alone; else receipts of the same year are taken off, down to nothing.
    parties
        By party that was asked for its needs: the largest year, then year by year.
    """

    result: Result
    paths: int
    gross: bool
    parties: dict[str, tuple[Need, ...]]


def cash(
    result: Result,
    levels: tuple[str, ...],
    paths: int,
    gross: bool,
    party: str | None,
    on: Threads = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Cash:
    """Replay paths and give what each party, or one of them, needs by calendar year.

    Parameters
    ----------
    result
        The result.
    levels
        Decimal strings in (0, 1).
    paths
        How many at most.
    gross
        As in `Cash`.
    party
        The only one that is asked for; None: all.
    on
        Threads that replay them.
    progress, announce
        Called with the number of paths done since the last call, and with a word for each stage.

    Raises
    ------
    InputError
        There is no such party, or the plan in the result is of another version.
    RunError
        The replay differs from what the result holds, or its study does not suit this version.
    """
    there = PARTIES + (LENDERS if STACK in result.labels.features else ())
    if party is not None and party not in there:
        raise InputError(
            Problem(argument("party"), "", "must be a party of the study", party, suggestion(party, there))
        )
    n, years = min(paths, result.n_paths), np.array(result.labels.step_years)
    flows = _replayed(result, n, threads_of(on), progress, announce)
    asked = {name: each for name, each in flows.items() if party in (None, name)}
    needs = {name: each.paid if gross else np.maximum(each.paid - each.received, 0.0) for name, each in asked.items()}
    named = np.unique(years).tolist()
    return Cash(result, n, gross, {name: _needs(each, named, levels) for name, each in needs.items()})


def columns_of(study: Study) -> tuple[str, ...]:
    """Give the columns of the steps that `flows_of` needs."""
    return _FLOWS + (_OF_STACK if study.stack is not None else ())


def flows_of(total: dict[str, Floats], study: Study) -> dict[str, Flows]:
    """Give what each party pays and receives, all projects together.

    Parameters
    ----------
    total
        Of paths, ``(path, step)`` by column, as `spvrisk.experiments.trace.Tracer.totals_of` gives them.
    study
        With the shares of the stack.

    Returns
    -------
    dict
        By party its flows, ``(path, step)``: ``funder`` and ``host``; with a stack ``policy_bank``, ``banks`` and
        ``insurer``, which together pay and receive what the funder does.
    """
    calls, stack = total["calls"], study.stack
    found = {
        "funder": Flows(calls, total["distribution_funder"]),
        "host": Flows(total["host_cost"], total["distribution_host"]),
    }
    if stack is None:
        return found
    of_policy, premium, claims = stack.policy_loan.share + stack.policy_equity.share, total["premium"], total["claims"]
    return {
        **found,
        "policy_bank": Flows(of_policy * calls, total["to_policy_loan"] + total["to_equity"]),
        "banks": Flows(stack.commercial_loan.share * calls + premium, total["to_banks"] + claims),
        "insurer": Flows(claims, premium + total["recoveries"]),
    }


class _Replayed(NamedTuple):
    """Paths in a row: values of a series that the result keeps, ``(path,)``, flows of each party ``(path, year)``."""

    kept: Floats
    flows: dict[str, Flows]


def _replayed(result: Result, n: int, threads: int, progress: Progress, announce: Announce) -> dict[str, Flows]:
    """Flows of the first paths by year, which threads replay some at a time."""
    announce("replaying")
    study, kept, here = study_of(result), next(iter(result.kept), None), local()
    plan, seed = compiled_of(result, study).plan, int(result.attributes["seed"])
    columns, starts = columns_of(study), np.flatnonzero(np.diff(result.labels.step_years, prepend=-1))

    def replayed(first: int, advance: Advance) -> _Replayed:
        tracer = here.tracer = getattr(here, "tracer", None) or Tracer(study, seed, plan)
        paths = range(first, min(first + size, n))
        values, total = tracer.totals_of(paths, columns, result.n_paths)
        by_year = {
            party: Flows(*(np.add.reduceat(flow, starts, axis=1) for flow in each))
            for party, each in flows_of(total, study).items()
        }
        advance(len(paths))
        # a copy: a view would keep the whole leaf
        own = values[result.labels.series.index(kept)].copy() if kept else np.empty(0)
        return _Replayed(own, by_year)

    make_ready(plan, announce)
    announce("running")
    size = at_once(plan, columns)
    pieces = dict(by_threads(replayed, range(0, n, size), threads, progress))
    ordered = [pieces[first] for first in sorted(pieces)]
    if kept:
        check_replay(result, kept, np.concatenate([piece.kept for piece in ordered]))
    return {
        party: Flows(*(np.concatenate(each) for each in zip(*(piece.flows[party] for piece in ordered), strict=True)))
        for party in ordered[0].flows
    }


def _needs(needs: Floats, years: list[int], levels: tuple[str, ...]) -> tuple[Need, ...]:
    """Needs of a party: of the largest year, and of each."""
    columns = [(None, needs.max(axis=1)), *zip(years, needs.T, strict=True)]
    return tuple(_need(year, values, levels) for year, values in columns)


def _need(year: int | None, values: Floats, levels: tuple[str, ...]) -> Need:
    middle = mean(Sample(values))
    return Need(year, middle.value, middle.error, percentiles(values, levels))
