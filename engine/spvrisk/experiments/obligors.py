"""What the defaults of those that owe cost, as far as the paths of a result tell."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from spvrisk.config.study import Study
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.experiments.trace import study_of
from spvrisk.experiments.values import Series, values_by_path
from spvrisk.measures.obligors import ExpectedLoss, loss_by_default, loss_of_principal
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import PORTFOLIO, SCHEME
from spvrisk.runner.execute import Announce, Progress
from spvrisk.runner.on import THREADS, On

VALUES = ("npv_funder", "pv_host", "npv_policy_bank", "npv_banks", "insurer_net")
"""Quantities that are what a party has of the deal: those that lose by a default."""

LENDERS = ("bank_loss", "policy_bank_loss", "insurer_claims")
"""Quantities that are what a project costs those that lend to it, or insure its loans."""

OFFTAKER, FAILURE, BORROWER = "offtaker", "failure", "borrower"
"""Kinds of obligors."""

_DEFAULTS = "default_years"


class Obligor(NamedTuple):
    """One that owes.

    Attributes
    ----------
    kind
        `OFFTAKER`, `FAILURE` (an outcome or a final state that is taken for one) or `BORROWER` (a project).
    name
        Of the offtaker, outcome or project.
    units
        Projects that it owes to, the portfolio where that is all; of a borrower itself.
    quantity
        Whose loss it is.
    loss
        Probability, severity and expected loss.
    """

    kind: str
    name: str
    units: tuple[str, ...]
    quantity: str
    loss: ExpectedLoss


class Obligors(NamedTuple):
    """All of them.

    Attributes
    ----------
    result
        The result.
    of
        Quantity whose loss by offtakers and failures it is, one of `VALUES`.
    found
        Offtakers, failures, then borrowers by lender.
    """

    result: Result
    of: str
    found: tuple[Obligor, ...]


class _Claim(NamedTuple):
    """What a loss is measured on: an obligor, the series whose sum is looked at, and what tells of its default."""

    kind: str
    name: str
    series: tuple[Series, ...]
    told_by: Series | None = None
    code: int = 0


def obligors(
    result: Result,
    of: str,
    failures: Sequence[str],
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Obligors:
    """Give what defaults cost.

    Parameters
    ----------
    result
        The result.
    of
        One of `VALUES`.
    failures
        Outcomes and final states that are failures of an obligor, as ``deal_2029=terminated``.
    on, progress, announce
        As of `values_by_path`.

    Raises
    ------
    InputError
        There is no such quantity, outcome or state; or as of `values_by_path`.
    RunError
        As of `values_by_path`; or the result's study does not suit this version.
    """
    labels = result.labels
    known = [name for name in VALUES if name in labels.quantities]
    if of not in known:
        raise InputError(Problem(argument("of"), "", "must be what a party has of the deal", of, suggestion(of, known)))
    claims = [
        *_offtakers(study_of(result), labels, of),
        *(_failure(failure, labels, of) for failure in failures),
        *_borrowers(labels),
    ]
    wanted = [series for claim in claims for series in (*claim.series, *([claim.told_by] if claim.told_by else []))]
    values = values_by_path(result, wanted, on, progress, announce)
    return Obligors(result, of, tuple(_measured(claim, values, labels) for claim in claims))


def _offtakers(study: Study, labels: Labels, of: str) -> Iterator[_Claim]:
    """Each with the units whose contracts name it; with all, where what one has changes what others have."""
    contracts = {str(path[1]): site.operation.contract for path, site in study.sites()}
    for name in labels.offtakers:
        units = [unit for unit, contract in contracts.items() if contract is not None and contract.offtaker == name]
        if units:
            changed = [PORTFOLIO] if study.agreement.coupled else units
            yield _Claim(OFFTAKER, name, tuple((unit, of) for unit in changed), (name, _DEFAULTS))


def _failure(text: str, labels: Labels, of: str) -> _Claim:
    """An outcome or a state that is a failure."""
    codes = {
        f"{quantity.removeprefix(prefix)}={state}": (quantity, code)
        for prefix in ("final_state_", "outcome_")  # an event's goes before a regime's of its name
        for quantity, states in labels.states.items()
        if quantity.startswith(prefix)
        for code, state in enumerate(states)
    }
    if text not in codes:
        rule = "must be an event and an outcome, or a regime and a state"
        raise InputError(
            Problem(argument("failures"), "", rule, text, suggestion(text, codes) if codes else "there are none")
        )
    quantity, code = codes[text]
    return _Claim(FAILURE, text, ((PORTFOLIO, of),), (SCHEME, quantity), code)


def _borrowers(labels: Labels) -> Iterator[_Claim]:
    for lender in LENDERS:
        if lender in labels.quantities:
            yield from (_Claim(BORROWER, unit, ((unit, lender),)) for unit in labels.projects)


def _measured(claim: _Claim, values: dict[Series, Floats], labels: Labels) -> Obligor:
    total = np.sum([values[series] for series in claim.series], axis=0)
    units, quantity = tuple(unit for unit, _ in claim.series), claim.series[0][1]
    if claim.told_by is None:
        return Obligor(claim.kind, claim.name, units, quantity, loss_of_principal(total))
    horizon, told = len(labels.step_ends) / labels.steps_per_year, values[claim.told_by]
    defaulted = told < horizon if claim.kind == OFFTAKER else told == claim.code
    return Obligor(claim.kind, claim.name, units, quantity, loss_by_default(total, defaulted))
