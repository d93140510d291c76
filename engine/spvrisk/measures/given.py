"""A result narrowed to the paths on which an event had one outcome, or a regime ended in one state."""

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.sets import codes_of
from spvrisk.catalogue import joined, phrase
from spvrisk.dataset.read import Given, Result
from spvrisk.dataset.variables import conditions
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.plan.outputs import SCHEME


def narrowed(result: Result, given: str) -> Result:
    """Give a result with the statistics of one condition in the place of those of all paths.

    Parameters
    ----------
    result
        As from `spvrisk.dataset.read.open_result`.
    given
        Event and outcome, or regime and state, as ``ruling=upheld``.

    Raises
    ------
    InputError
        There is no such condition, or no path that meets it.
    """
    table, i = result.conditional, _place(result, given)
    if table.n_paths[i] == 0:
        raise InputError(
            Problem(
                argument("given"),
                "",
                "no path of this result meets the condition",
                given,
                "run more paths, if the condition is possible",
            )
        )
    shares = (float(each[i]) for each in (table.share, table.share_low, table.share_high))
    condition = Given(given, int(table.n_paths[i]), *shares)
    # outer runs are of all paths
    return replace(result, summary=table.tables[i], given=condition, uncertainty=None)


def paths_of(result: Result) -> NDArray[np.bool_]:
    """Tell which paths a result's statistics are of: all, or those that meet the condition that they are given.

    Parameters
    ----------
    result
        Of all paths, or as from `narrowed`.

    Returns
    -------
    ndarray
        ``(path,)`` bool.

    Raises
    ------
    InputError
        The file is damaged.
    """
    if result.given is None:
        return np.ones(result.n_paths, np.bool_)
    condition = conditions(result.labels)[_place(result, result.given.name)]
    codes = codes_of(result.series(SCHEME, condition.quantity).astype(np.float64))
    return condition.meets({condition.quantity: codes})


def _place(result: Result, given: str) -> int:
    """Number of a condition among the result's."""
    table = result.conditional
    name, _, value = given.partition("=")
    wanted = [f"{prefix}{name}.{value}" for prefix in ("", "outcome_", "final_state_")]
    found = [i for i, condition in enumerate(table.names) if condition in wanted]
    if len(found) > 1:
        full = [table.names[i].replace(".", "=") for i in found]
        rule = "is the name of both an event and a regime"
        raise InputError(Problem(argument("given"), "", rule, given, phrase("write {}", joined(full, "{} or {}"))))
    if not found:
        known = [re.sub("^(final_state|outcome)_", "", condition).replace(".", "=") for condition in table.names]
        rule = "must be an event and an outcome, or a regime and a state"
        # of a name alone, an outcome or state that has come out
        met = (one for one, n_paths in zip(known, table.n_paths, strict=True) if n_paths > 0)
        meant = given if value else next((one for one in met if one.startswith(f"{name}=")), given)
        raise InputError(Problem(argument("given"), "", rule, given, suggestion(meant, known)))
    return found[0]
