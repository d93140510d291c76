"""A result on one screen; and its whole page: value, loss, status, construction, returns, flows, events, regimes."""

from datetime import date

import numpy as np

from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import BOUNDS, SummaryTable
from spvrisk.plan.outputs import STACK
from spvrisk.views.bearers import bearers, claims
from spvrisk.views.clock import regimes
from spvrisk.views.figures import Figures, Note, said, share_of
from spvrisk.views.loss import answer, brief, each_project, loss, value
from spvrisk.views.projects import caps, construction, status
from spvrisk.views.terms import others, returns, times
from spvrisk.views.uncertainty import committee, inputs, uncertainty
from spvrisk.views.words import study_named

_ERRORS = Note("Figures after ± are Monte Carlo standard errors; a probability has its 95 % interval in brackets.")


_TABLES = ("value", "loss", "status", "construction", "returns", "times", "others")
_OF_STACK = ("bearers", "claims")
_OF_OUTER_RUNS = ("uncertainty", "unknowns")
_FROM_PATHS = ("parts", "alone")
"""Names of the tables, as the registry has them: of every result, of one with a stack, of one with outer runs, from the
values by path."""


def screen(result: Result) -> list[Figures]:
    """Give what a screen has room for: the answer, the projects, and how to see more.

    Parameters
    ----------
    result
        The result, of all paths or of a condition.
    """
    tables = [*_TABLES, *(_OF_STACK if STACK in result.labels.features else ())]
    tables += [*(["regimes"] if result.summary.shares else []), *_FROM_PATHS]
    tables = [*(_OF_OUTER_RUNS if result.uncertainty is not None else ()), *tables]
    more = (
        said("All tables: spvrisk summary {} --show all", result.place),
        said("Single ones: --show {}", ", ".join(tables)),
    )
    said_first = brief(result)
    not_known = committee(result).notes if result.uncertainty is not None else ()
    said_first = said_first._replace(notes=(*not_known, *said_first.notes, *caps(result).notes))
    return [opening(result), said_first, each_project(result), Figures("", notes=more)]


def summary(result: Result) -> list[Figures]:
    """Give all of a result's figures.

    Every number stands with its Monte Carlo standard error, a probability with its interval.
    """
    tables = [
        value(result),
        *(loss(result, level) for level in result.summary.levels),
        *(view(result) for view in (status, construction, returns, times, others)),
    ]
    if STACK in result.labels.features:
        tables += [bearers(result), claims(result)]
    if result.summary.shares:
        tables.append(regimes(result))
    not_known = [uncertainty(result), inputs(result)] if result.uncertainty is not None else []
    return [opening(result), *not_known, answer(result), *([cut] if (cut := caps(result)).notes else []), *tables]


def opening(result: Result) -> Figures:
    """What was run, and how to read the figures."""
    seed, day = str(result.attributes["seed"]), date.fromisoformat(result.labels.value_date)
    run = said("{:path}, seed {}, values at {}. {}", result.n_paths, seed, day, _ERRORS)
    if result.given is not None:
        name, n_paths, *share = result.given
        run = said("Given {}: {:path}, {}, of {}", name, n_paths, share_of(*share), run)
    return Figures(study_named(result.labels), notes=(run, *_bounds(result.summary), *overridden(result)))


def _bounds(table: SummaryTable) -> tuple[Note, ...]:
    """How near the figures are that are not exact."""
    if table.exact:
        return ()
    farthest = max(
        float(np.nanmax(np.abs(bounds[bounds > 0.0] / values[bounds > 0.0]), initial=0.0))
        for values, bounds in ((getattr(table, each.of), getattr(table, each.name)) for each in BOUNDS)
    )
    text = (
        "Figures after ≈ are not exact, since the values of all paths were too many to be kept: each is off by at most "
        "{:.1g} of its size, whatever its Monte Carlo error. The file says by how much."
    )
    return (said(text, farthest),)


def overridden(result: Result) -> tuple[Note, ...]:
    """What ``--set`` has changed, if anything."""
    changes = result.provenance["overrides"]
    return (said("Changed by --set: {}", "; ".join(changes)),) if changes else ()
