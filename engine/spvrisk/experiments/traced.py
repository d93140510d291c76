"""A path of a result, asked for by its number or by its rank, and checked against what the result holds."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.config.reading.numerals import meant
from spvrisk.dataset.paths import UNDEFINED_CODE, as_stored, path_series
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import has_loss
from spvrisk.errors import InputError, Problem, RunError, argument, suggestion
from spvrisk.experiments.trace import Trace, Tracer, tracer_of
from spvrisk.measures.order import rank

DEFAULT_RANK, DEFAULT_BY = "0.99", "npv_funder"
"""What is traced where nothing is asked for: the 99 % loss path."""


class Rank(NamedTuple):
    """A place in the order of a quantity: for a net present value in the order of loss, else of the value."""

    level: str
    """Decimal string in [0, 1]."""
    unit: str
    quantity: str


class Traced(NamedTuple):
    """A path of a result.

    Attributes
    ----------
    trace
        All that happened on it.
    result
        The result that it belongs to.
    rank
        How it was asked for; None if by its number.
    """

    trace: Trace
    result: Result
    rank: Rank | None


def traced(result: Result, path: int | None = None, level: str | None = None, by: str = DEFAULT_BY) -> Traced:
    """Replay a path of a result.

    Parameters
    ----------
    result
        The result.
    path
        Its number.
    level
        In place of a number its rank, 0.99 if neither is given.
    by
        Quantity of the rank, such as ``npv_funder`` or ``smr.cost``.

    Raises
    ------
    InputError
        There is no such path or quantity.
    RunError
        The replay differs from what the result holds.
    """
    wanted = None
    if path is None:
        checked = _level(DEFAULT_RANK if level is None else level)
        tracer = tracer_of(result)
        wanted = Rank(checked, *series_of(result, by))
        path = path_of_rank(result, tracer, wanted)
    else:
        _check_number(path, level, result.n_paths)
        tracer = tracer_of(result)
    trace = tracer.trace(path)
    check_bits(trace, result)
    return Traced(trace, result, wanted)


def traced_at(result: Result, levels: Sequence[str], by: str = DEFAULT_BY) -> Iterator[Traced]:
    """Replay the paths at some ranks, each once: of levels that lead to the same path, the first.

    Parameters
    ----------
    result
        The result.
    levels
        Ranks, decimal strings in [0, 1].
    by
        As of `traced`.

    Raises
    ------
    InputError, RunError
        As of `traced`.
    """
    tracer, told = tracer_of(result), set[int]()
    for level in levels:
        wanted = Rank(_level(level), *series_of(result, by))
        path = path_of_rank(result, tracer, wanted)
        if path not in told:
            told.add(path)
            trace = tracer.trace(path)
            check_bits(trace, result)
            yield Traced(trace, result, wanted)


def _check_number(path: int, level: str | None, n_paths: int) -> None:
    if level is not None:
        raise InputError(Problem(argument("rank"), "", "cannot be used with path", level, "leave one of them out"))
    if not 0 <= path < n_paths:
        rule = phrase("must be below {}, the number of paths", n_paths)
        raise InputError(Problem(argument("path"), "", rule, str(path), "paths count from 0"))


def _level(text: str) -> str:
    """A rank as given, checked."""
    if not _is_level(text):
        number = meant(text)
        remedy = phrase("write {}", number) if number is not None and _is_level(number) else "write e.g. 0.99"
        raise InputError(Problem(argument("rank"), "", "must be a number in [0, 1]", text, remedy))
    return text


def _is_level(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False


def path_of_rank(result: Result, tracer: Tracer, wanted: Rank) -> int:
    """Number of the path at a rank of a quantity, k = ceil(level n), ties by path number.

    Values that agree to their stored digits are told apart by replaying their paths.

    Raises
    ------
    InputError
        The quantity is nowhere defined.
    """
    stored, sign = _values(result, tracer, wanted), -1.0 if has_loss(wanted.quantity) else 1.0
    codes = stored.dtype.kind == "i"
    defined = np.flatnonzero(stored != UNDEFINED_CODE if codes else ~np.isnan(stored))
    if not defined.size:
        raise InputError(
            Problem(argument("by"), "", "is undefined on every path", wanted.quantity, "name another quantity")
        )
    keys = sign * stored[defined].astype(np.float64)
    k = rank(wanted.level, defined.size) - 1
    key = np.partition(keys, k)[k]
    tied, within = defined[keys == key], k - int(np.count_nonzero(keys < key))
    if stored.dtype == np.float32 and tied.size > 1 and math.isfinite(key):
        exact = sign * tracer.values_of((wanted.unit, wanted.quantity), tied)
        tied = tied[np.argsort(exact, kind="stable")]
    return int(tied[within])


def _values(result: Result, tracer: Tracer, wanted: Rank) -> NDArray[Any]:
    """A quantity on all paths: as stored, else by replaying them all."""
    series = (wanted.unit, wanted.quantity)
    if series in result.kept:
        return result.series(*series)
    return tracer.values_of(series, np.arange(result.n_paths))


def series_of(result: Result, by: str) -> tuple[str, str]:
    """Unit and quantity of a name such as ``npv_funder`` (the portfolio's), ``smr.cost`` or ``npv_funder_local``.

    Parameters
    ----------
    result
        What it is a quantity of.
    by
        The name.

    Raises
    ------
    InputError
        There is no such series.
    """
    labels = result.labels
    unit, _, quantity = by.rpartition(".")
    found = ("scheme", by) if by in labels.scheme else (unit or "portfolio", quantity)
    if found not in labels.series:
        known = [f"{unit}.{name}".removeprefix("portfolio.").removeprefix("scheme.") for unit, name in labels.series]
        raise InputError(Problem(argument("by"), "", "must be a quantity of a unit", by, suggestion(by, known)))
    return found


_DIFFERS = "{}: the replay differs from the result: another version, or a machine that computes differently: {}"


def check_bits(trace: Trace, result: Result) -> None:
    """Refuse a trace that does not give what the result holds.

    Raises
    ------
    RunError
        A stored value differs: the result comes from another version, or from a machine that computes otherwise.
    """
    for name in result.path_names:
        stored = result.paths(name, trace.path, trace.path + 1).reshape(-1)
        for (unit, quantity), value in zip(path_series(name, trace.labels), stored, strict=True):
            (got,) = as_stored(np.array([trace.values[unit, quantity]]), value.dtype)
            if got.tobytes() != value.tobytes() and not (np.isnan(got) and np.isnan(value)):
                raise RunError(
                    phrase(_DIFFERS, result.place, phrase("{} {} is {}, stored {}", unit, quantity, got, value))
                )
