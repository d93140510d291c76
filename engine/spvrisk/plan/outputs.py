"""THE table of outputs: everything that a run leaves of a path and of a step, a row each.

Kernel rows, labels of series, variables of the result file, what is kept by path, tables of the summary, comparisons,
checks of a run's sums and the page on the result file are all read off it. To add an output, add its row here and write
it in the clause that it tells of; where it adds up over projects (`SUM`), nothing else is needed.

A *series* is one output of one unit (a project, a pipeline, the portfolio, or the scheme).
"""

from collections.abc import Iterable
from typing import NamedTuple

UNIT, SCHEME, REGIME, EVENT = "unit", "scheme", "regime", "event"

PORTFOLIO, NPV = "portfolio", "npv_funder"
WHOLE = (PORTFOLIO, NPV)
"""Series of what all projects together are to the funder, to which parts add up."""
"""What an output is of: a project, pipeline or the portfolio; the scheme as a whole; each regime; each event."""

OWN, SUM = "own", "sum"
"""How a pipeline's or the portfolio's value comes about: by a rule of its own, or as the sum of the projects'."""

CATCH_UP, STACK, CAPITAL, CAPACITY = "catch_up", "stack", "capital", "capacity"
"""Features of a study, on which outputs depend: a decline has a catch-up, the funder a stack of loans, its insurer a
capital or a capacity."""

LOW, HIGH = "low", "high"
"""Sides of a quantity."""


class Output(NamedTuple):
    """One result of a path.

    Attributes
    ----------
    name
        Of the quantity. Those of regimes and events have ``{}`` in the place of the regime's or event's name.
    kind
        ``money``, ``ratio``, ``flag``, ``years``, ``months``, ``count`` or ``state``.
    meaning
        What it is, in one line.
    of
        `UNIT`, `SCHEME`, `REGIME` or `EVENT`.
    over
        `SUM` or `OWN`. A flag that adds up is a number of projects for a pipeline and the portfolio.
    exists
        Feature of the study without which there is no such output; empty: it always exists.
    kept
        What ``/paths`` keeps of it where the study does not say: ``units`` (projects and portfolio), ``portfolio`` or
        nothing; outputs of the scheme are always kept.
    never_negative
        Whether it is at least 0 on every path, whatever the study.
    view, head
        Table of the summary in which its mean stands, and the head of its column there.
    compared
        What `compare` calls the portfolio's (or the scheme's) mean; empty: it is not compared.
    bad
        The side on which it is bad for whom it is of, `LOW` or `HIGH`; empty where that depends on who asks.
    """

    name: str
    kind: str
    meaning: str
    of: str = UNIT
    over: str = OWN
    exists: str = ""
    kept: str = ""
    never_negative: bool = False
    view: str = ""
    head: str = ""
    compared: str = ""
    bad: str = ""


# fmt: off
_ADDED = (
    Output("funded", "flag", "project was funded", view="status", head="funded"),
    Output("completed", "flag", "construction was completed within the horizon", view="status", head="completed"),
    Output("cancelled", "flag", "project was cancelled before its completion", view="status", head="cancelled"),
    Output("declined", "flag", "project's funding was declined", view="status", head="declined"),
    Output("cost", "money", "nominal construction spend, by all payers", never_negative=True, bad=HIGH),
    Output("npv_funder", "money", "net present value to the funder at the value date", kept="units", bad=LOW),
    Output(
        "pv_host", "money", "present value of distributions to the host, less what it pays of the cost",
        kept="portfolio", view="others", head="host", compared="host's present value", bad=LOW,
    ),
    Output(
        "developer_fee", "money", "present value of the developer's fee",
        never_negative=True, view="others", head="developer's fee",
    ),
    Output(
        "vendor_margin", "money", "present value of side flows to the funder in proportion to spend",
        view="others", head="vendor margin",
    ),
    Output(
        "supply_chain_benefit", "money", "present value of side flows to the funder in proportion to output",
        view="others", head="supply chain",
    ),
    Output(
        "deemed_open", "money", "tier-one amount unpaid at the end, due or not yet due", never_negative=True, bad=HIGH,
    ),
    Output(
        "caught_up", "money", "present value of the catch-up paid to the host out of the funder's share",
        exists=CATCH_UP, never_negative=True,
    ),
    Output(
        "npv_policy_bank", "money", "net present value to the policy bank at the value date",
        exists=STACK, kept="portfolio", view="bearers", head="policy bank with its equity",
        compared="policy bank and equity, net", bad=LOW,
    ),
    Output(
        "npv_banks", "money", "net present value to the commercial banks at the value date",
        exists=STACK, kept="portfolio", view="bearers", head="banks", compared="banks, net", bad=LOW,
    ),
    Output(
        "insurer_net", "money", "present value of premiums and recoveries, less claims paid",
        exists=STACK, kept="portfolio", view="bearers", head="insurer", compared="insurer, net", bad=LOW,
    ),
    Output(
        "insurer_claims", "money", "present value of claims paid by the insurer",
        exists=STACK, kept="portfolio", never_negative=True, view="claims", head="claims", compared="insurer's claims",
        bad=HIGH,
    ),
    Output(
        "bank_loss", "money", "present value of the banks' loan principal never repaid",
        exists=STACK, never_negative=True, view="claims", head="banks' loss", bad=HIGH,
    ),
    Output(
        "policy_bank_loss", "money", "present value of the policy bank's loan principal never repaid",
        exists=STACK, never_negative=True, view="claims", head="policy bank's loss", bad=HIGH,
    ),
)

_OWN = (
    Output("cost_overrun", "ratio", "cost over expected cost, minus 1; undefined unless completed", bad=HIGH),
    Output("overrun_sampled", "ratio", "drawn cost overrun without inflation, completed or not", bad=HIGH),
    Output("delay_months", "months", "delay of completion against plan; undefined unless completed", bad=HIGH),
    Output(
        "irr_funder", "ratio", "funder's internal rate of return per year; -1 where no step has receipts above calls",
        kept="portfolio", bad=LOW,
    ),
    Output("moic_funder", "ratio", "funder's receipts over calls, undiscounted", bad=LOW),
    Output(
        "payback_years", "years", "from the first call until receipts cover calls; infinite if never",
        kept="portfolio", bad=HIGH,
    ),
    Output(
        "recovery_years", "years", "from completion until the funder is made whole; infinite if never",
        kept="portfolio", bad=HIGH,
    ),
    Output(
        "deemed_share", "ratio",
        "tier one received / (received + unpaid at the end); cumulative: receipts up to the amount due, and balance",
        bad=LOW,
    ),
)

_SCHEME = (
    Output(
        "npv_funder_local", "money", "net present value to the funder in its own currency and on its own curve",
        of=SCHEME, bad=LOW,
    ),
    Output("tariff_relief", "money", "present value of side flows to the funder in proportion to time", of=SCHEME),
    Output(
        "scheme_value", "money", "net present value to the funder with all side flows",
        of=SCHEME, compared="scheme value", bad=LOW,
    ),
    Output(
        "scheme_value_local", "money", "scheme value in the funder's own currency and on its own curve",
        of=SCHEME, bad=LOW,
    ),
    Output(
        "insurer_breach", "flag", "the insurer's cumulative loss exceeds its capital at some step",
        of=SCHEME, exists=CAPITAL,
    ),
    Output(
        "insurer_capacity_breach", "flag", "the insurer's cover exceeds its capacity at some step",
        of=SCHEME, exists=CAPACITY,
    ),
    Output("net_commitments", "money", "budgets at notice, less those declined", of=SCHEME, never_negative=True),
    Output("final_state_{}", "state", "state of regime {} at the end", of=REGIME),
    Output("outcome_{}", "state", "outcome of event {}", of=EVENT),
)
# fmt: on

OUTPUTS = (*(output._replace(over=SUM) for output in _ADDED), *_OWN, *_SCHEME)
"""All outputs of a path, in the order of the series: those of units that add up, the others of units, the scheme's."""

BY_NAME = {output.name: output for output in OUTPUTS}


TOTAL, LAST = "total", "last"
"""What a year has of its steps: the total of a flow, the last of a balance."""


class StepOutput(NamedTuple):
    """What a run leaves of each step: the mean over the paths of a project's flow or balance, and their sum. All money.

    Attributes
    ----------
    name, meaning, exists, never_negative
        As of an `Output`.
    of_year
        What a year has of it: `TOTAL` of its steps, the `LAST` of them, or nothing, if it counts what is carried anew
        in each step.
    """

    name: str
    meaning: str
    exists: str = ""
    never_negative: bool = True
    of_year: str = TOTAL


STEP_OUTPUTS = (
    StepOutput("calls", "funding calls in the step"),
    StepOutput("spend", "construction spend in the step"),
    # a price may be negative
    StepOutput("revenue", "revenue in the step", never_negative=False),
    StepOutput("available_cash", "cash available for distribution in the step"),
    StepOutput("distribution_funder", "distributions to the funder in the step"),
    StepOutput("distribution_host", "distributions to the host in the step"),
    StepOutput("due", "tier one due in the step, carry included", of_year=""),
    StepOutput("carry", "tier one due and unpaid at the end of the step", of_year=LAST),
    StepOutput("deemed_balance", "deemed balance at the end of the step", of_year=LAST),
    StepOutput(
        "loan_balance",
        "balance of the loans to the funder, arrears included, at the end of the step",
        exists=STACK,
        of_year=LAST,
    ),
    StepOutput("claims", "claims paid by the insurer in the step", exists=STACK),
)
"""Rows of the timeline."""

FANS = {
    "net_flow": "funder's net flow in the step",
    "cumulated_funder_flow": "funder's cumulative net flow to the end of the step",
    "calls": "funding calls in the step",
}
"""Rows of the portfolio that are kept by path, for fan quantiles. All money."""

KNOWN = (*BY_NAME, *(row.name for row in STEP_OUTPUTS))
"""Names of all outputs of a path and of a step. A result's labels hold those that the version knew which made it."""

SUMS = tuple(output.name for output in OUTPUTS if output.over == SUM)
"""Outputs that add up over projects, in the order of the kernel's rows."""

RULED = tuple(output.name for output in OUTPUTS if output.of == UNIT and output.over == OWN)
"""Outputs of units with a rule of their own, in the order of the kernel's rows."""


def existing(of: str, features: Iterable[str]) -> list[Output]:
    """Outputs that a study has, in the order of the table.

    Parameters
    ----------
    of
        `UNIT`, `SCHEME`, `REGIME` or `EVENT`.
    features
        Of the study, such as `STACK`.
    """
    return [output for output in OUTPUTS if output.of == of and output.exists in ("", *features)]


def step_rows(features: Iterable[str]) -> tuple[str, ...]:
    """Names of the timeline's rows, in the order of the table.

    Parameters
    ----------
    features
        Of the study, such as `STACK`.
    """
    return tuple(row.name for row in STEP_OUTPUTS if row.exists in ("", *features))


def viewed(view: str, features: Iterable[str]) -> dict[str, str]:
    """Heads of a table of the summary by output.

    Parameters
    ----------
    view
        The table, such as ``bearers``.
    features
        Of the study, such as `STACK`.
    """
    return {output.name: output.head for output in existing(UNIT, features) if output.view == view}


def layout_of_rows() -> str:
    """Say in what order the kernel writes: compiled code depends on it."""
    return repr((SUMS, RULED, [row.name for row in STEP_OUTPUTS], list(FANS), [o.name for o in OUTPUTS]))
