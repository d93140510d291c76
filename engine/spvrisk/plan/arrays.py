"""The plan: a study as records and one array of constants, which is all that the kernel sees.

Scalars sit in records (one structured array per kind of thing); whatever has a length of its own (tables, curves,
lists) sits in one flat array of float64, the constants, and records hold its *offset* there. So a compiled clause
receives a handful of plain arrays and pointers.

Times are years from the value date. Money is in the study's unit. Offsets are positions in ``Plan.constants``; -1 =
there is none.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Records = NDArray[np.void]

SPLIT_PERIODIC, SPLIT_CUMULATIVE, SPLIT_NONE = 0, 1, 2
"""Values of a study's `mode`."""

_INT, _REAL, _WORD = np.int64, np.float64, np.uint32

STUDY = np.dtype(
    [
        ("steps", _INT),  # T
        ("dt", _REAL),  # step length, years
        ("per_year", _REAL),  # steps a year
        ("times", _INT),  # offset (T + 1): bounds of the steps, years
        ("days", _INT),  # offset (T + 1): first day of each step from the value date; last, the day after the horizon
        ("money_unit", _REAL),
        # correlated scores
        ("cholesky", _INT),  # offset (r, r), lower triangular
        ("tail_nu", _REAL),  # degrees of freedom of the t copula; 0 = Gaussian
        ("tail_stream", _WORD),  # the common W
        ("tail_root", _INT),  # table of sqrt(W) over its score
        ("tail_bits", _INT),  # mantissa bits that number the bins of the map Phi^-1(T_nu(y))
        ("tail_map", _INT),  # offset (bin, 4): cubics of the map's ratio to y, by bins of 1 + y^2 / nu
        ("tail_last", _INT),  # last bin
        # clock
        ("step_means", _INT),  # number of rows that the clock leaves: attributes that something reads, and shifts
        ("hazards", _INT),  # number of passages that have a hazard
        # offset of rows: size; n, n pairs (regime, state); m, m pairs (event, outcome); declines, delays; k, k pairs
        # (passage, factor)
        ("rules", _INT),
        ("n_rules", _INT),  # by which hazards are scaled while something is so
        ("pauses", _INT),  # number of standstills of all projects that outcomes may bring
        ("products", _INT),  # offset of a list: n, n pairs (step mean, offset of a factor for each state)
        ("n_products", _INT),
        # selection and funding
        ("lag", _INT),  # business days from notice to due date
        ("business", _INT),  # offset: number of business days up to each day, from `first_day` on
        ("open_days", _INT),  # offset: day of each business day by its number
        ("n_open_days", _INT),
        ("first_day", _INT),
        ("new_years", _INT),  # offset of a list: n, days of 1 January, the first not after `first_day`
        ("slip_law", _INT),  # business days, rounded up; -1 = none
        ("commitment", _REAL),  # ceiling on what is noticed; infinite if there is none
        ("take_up_law", _INT),  # another ceiling; -1 = none
        ("take_up_stream", _WORD),
        ("deadline", _INT),  # last day of a notice
        ("annual_cap", _REAL),  # on notices; infinite if there is none
        ("call_cap", _REAL),  # on what is called in a calendar year; infinite if there is none
        ("call_years", _INT),  # offset (t): 1 where a step is the first that ends in its calendar year
        ("decision_first", _INT),  # first state of the regime by which fundings are decided; -1 = all are paid
        ("decision_regime", _INT),
        ("decisions", _INT),  # offset of pairs (P(fund), P(fund or delay)) by state of that regime
        ("delay_days", _INT),
        ("triggers", _INT),  # offset of rows (size, probability, offset of factors by state, n, n states)
        ("n_triggers", _INT),  # of a decline; one of lateness follows
        ("late_days", _INT),  # since the due date beyond which a delay is late; -1 = never
        ("consult_law", _INT),  # days of talks before a decline; -1 = none
        ("consult_funds", _REAL),  # P(fund) after them
        ("consult_pays", _REAL),  # P(fund or renegotiate)
        ("renegotiated_size", _REAL),
        ("renegotiated_spread", _REAL),
        ("defaults", _INT),  # offset of pairs (stream, yearly hazard) of the offtakers
        ("n_defaults", _INT),
        # results
        ("quantities", _INT),  # of a unit
        ("sums", _INT),  # offset of a list: n, n numbers of the outputs that add up over projects, of `SUMS`
        ("scheme_values", _INT),  # quantities of the scheme before what is committed
        ("timeline_rows", _INT),
        ("units", _INT),  # projects that have been announced, and pipelines
        ("announced", _INT),
        ("relief", _INT),  # offset of a list of side flows in time: n, n pairs (money a year, step mean or -1)
        ("building_first", _INT),  # steps over which factors' means are kept: those of planned construction, ..
        ("building_end", _INT),
        ("running_first", _INT),  # .. and from here to the horizon, of planned operation
        # construction
        ("all_cost_stream", _WORD),
        ("all_delay_stream", _WORD),
        # split
        ("mode", _INT),
        ("first_share", _REAL),
        ("second_share", _REAL),
        ("funder_share", _REAL),  # of all cash, in mode none
        ("reference_factor", _INT),
        ("carry_bears_interest", _INT),
        ("interest_before_completion", _INT),
        ("adjusts", _INT),  # 1: the shares may change
        ("adjust_years", _REAL),  # from completion
        ("adjusted_first", _REAL),
        ("adjusted_second", _REAL),
        ("coupled", _INT),  # 1: projects share cash, by pooling or catch-up
        ("pooled", _INT),
        ("catch_share", _REAL),  # of the funder's part that goes to the host; 0 = none
        ("catch_steps", _INT),  # for which it does so; -1 = until what was declined is made up for
        # the funder's stack
        ("stack", _INT),  # 1: there is one
        ("stack_factor", _INT),  # reference rate
        ("repayments", _INT),  # steps
        ("sweep", _REAL),
        ("policy_share", _REAL),
        ("policy_law", _INT),  # of its part of what both loans are of a call; -1 = as the shares say
        ("policy_stream", _WORD),
        ("policy_margin", _REAL),
        ("equity_share", _REAL),
        ("bank_share", _REAL),
        ("bank_margin", _REAL),
        ("insured", _INT),
        ("cover", _REAL),
        ("wait", _INT),  # steps
        ("premium", _REAL),  # a year
        ("capital", _REAL),  # and reserves, funder's money; infinite = no test
        ("book_law", _INT),  # loss of a year on what is in force on the value date; -1 = nothing is
        ("book_stream", _WORD),
        ("book", _INT),  # offset (t): what is in force of it, funder's money, times the step's length
        ("capacity", _REAL),
        # discounting
        ("fx_factor", _INT),  # -1: the funder's currency is the study's
        ("discount_funder", _INT),  # offset (t)
        ("discount_host", _INT),  # offset (t)
        ("discount_local", _INT),  # offset (t): the funder's own currency
    ],
    align=True,
)

FACTOR = np.dtype(
    [
        ("stream", _WORD),  # innovations
        ("row", _INT),  # row of the correlation matrix; -1 = deterministic
        ("decay", _REAL),  # y' = decay y + sd e
        ("sd", _REAL),
        ("start", _REAL),  # y at the value date
        ("observed_start", _REAL),  # observed value at the value date
        ("shift", _INT),  # offset (t): observed = exp(y + shift), or y + shift
        ("shifters", _INT),  # offset of a list: n, n step means that shift what is observed
        ("adds_shifts", _INT),  # 1: step means are added to it; 0: it is multiplied by 1 + step mean
        ("is_level", _INT),  # 1: y + shift itself
        ("floor", _INT),  # offset (t)
        ("cap", _INT),  # offset (t); floor and cap both or neither
    ],
    align=True,
)

JUMP = np.dtype(
    [
        ("factor", _INT),  # the factor that jumps
        ("count_stream", _WORD),
        ("size_stream", _WORD),
        ("cdf", _INT),  # offset: cdf of the number of jumps in a step
        ("counts", _INT),  # length of the cdf
        ("mean", _REAL),  # of one jump of the logarithm
        ("sd", _REAL),
    ],
    align=True,
)

REGIME = np.dtype(
    [
        ("first", _INT),  # its first state, in the numbering of all states
        ("initial", _INT),
        ("since", _INT),  # day on which the initial state was entered, from the value date (<= 0)
        ("hold_stream", _WORD),
        ("to_stream", _WORD),
        ("clock_stream", _WORD),
    ],
    align=True,
)

STATE = np.dtype(
    [
        ("regime", _INT),
        ("hazard", _INT),  # its first passage, in the numbering of all passages
        ("targets", _INT),  # offset of pairs (state, yearly intensity)
        ("n_targets", _INT),
        ("expiry_days", _INT),  # after entry; -1 = never
        ("successors", _INT),  # offset of pairs (state, running sum of probabilities)
        ("n_successors", _INT),
        ("step_means", _INT),  # offset of a list: n, n pairs (step mean, value while the state lasts)
        ("stops_calls", _INT),
        ("starts", _INT),  # 1: events count from the first entry
        ("arrivals", _REAL),  # multiple of the intensity of arrivals
    ],
    align=True,
)

EVENT = np.dtype(
    [
        ("day", _INT),  # of a fixed date, or from which a law counts; negative: past
        ("time", _REAL),  # of a fixed date
        ("after", _INT),  # event from which the law counts; -1: from `day`
        ("entered", _INT),  # state from whose first entry the law counts; -1: none
        ("days_law", _INT),  # law of days, rounded up; -1: none
        ("days_stream", _WORD),
        ("stream", _WORD),
        ("rules", _INT),  # offset of rules: size, n, n pairs (regime, state), m, m pairs (event, outcome), running sums
        ("n_outcomes", _INT),
        ("outcome", _INT),  # known or forced; -1: drawn
        # offset of a list for each outcome: size; n moves (state); n scales (passage, factor); n shifts (step mean,
        # value, years); n delays (first pause, pauses, years); n stops (project); n arrivals (pipeline, factor)
        ("effects", _INT),
    ],
    align=True,
)

PIPELINE = np.dtype(
    [
        ("stream", _WORD),  # gaps between arrivals
        ("rate", _REAL),  # arrivals a year
        ("first", _INT),  # the project of its first slot
        ("slots", _INT),
    ],
    align=True,
)

PROJECT = np.dtype(
    [
        ("unit", _INT),  # of results: its own, or its pipeline's
        # selection and funding
        ("notice", _INT),  # day of an announced notice
        ("go_ahead", _REAL),  # probability
        ("go_ahead_stream", _WORD),
        ("size_law", _INT),  # multiple of the budget; -1 = 1
        ("size_scale", _REAL),  # its unit, parts of the budget
        ("size_stream", _WORD),
        ("min_size", _REAL),  # money
        ("slip_stream", _WORD),
        ("funding_stream", _WORD),
        ("trigger_stream", _WORD),
        ("consult_stream", _WORD),
        ("consult_days_stream", _WORD),
        ("planned_start", _REAL),  # time before which construction does not start; -infinite if none
        ("start_delay_law", _INT),
        ("planned_delay", _REAL),  # part of it that the plan contains, years
        ("start_delay_stream", _WORD),
        ("cost_stream", _WORD),
        ("delay_stream", _WORD),
        ("class_cost_stream", _WORD),
        ("class_delay_stream", _WORD),
        ("contract_stream", _WORD),
        ("subscription_stream", _WORD),
        ("availability_stream", _WORD),
        # construction
        ("loading_all", _REAL),  # weights of the overall, the class and the own score
        ("loading_class", _REAL),
        ("loading_own", _REAL),
        ("cost_delay", _REAL),  # correlation of the duration's score with the overrun's
        ("overrun_law", _INT),
        ("inflation_share", _REAL),
        ("uplift_law", _INT),  # -1 = none; so with the laws below
        ("uplift_stream", _WORD),
        ("duration_law", _INT),
        ("budget", _REAL),
        # offset: n, n planned starts, n costs with expected indices, no overrun and no delay, parts of the budget
        ("expected_costs", _INT),
        ("pause", _INT),  # its first pause
        ("n_pauses", _INT),
        ("duration", _REAL),  # planned, of the longest phase
        ("phases", _INT),  # offset of pairs (share, planned duration)
        ("n_phases", _INT),
        ("spend_curve", _INT),  # table of the cumulative share of spend over progress
        ("cost_basket", _INT),
        ("expected_index", _INT),  # offset (T + 1): divisor of the index at the planned date; -1 on a real basis
        ("tariff_attribute", _INT),  # row of the tariff on equipment; -1 = none
        ("imported_share", _REAL),
        ("tariff_start", _REAL),  # tau_0
        ("cap", _REAL),  # multiple of the budget up to which the funder pays all; infinite = always
        ("cap_share", _REAL),  # funder's share above it
        ("cap_ceiling", _REAL),  # multiple of the budget above which the host pays all
        ("cap_stops", _INT),  # 1: cancelled where the cost would pass the cap
        (
            "reviews",
            _INT,
        ),  # offset (t): 1 where there is a review at the step's start, 2 of subscriptions too; -1 = none
        ("threshold_law", _INT),
        ("threshold_stream", _WORD),
        ("reveal", _REAL),  # g
        ("subscription_law", _INT),
        ("subscription_rho", _REAL),  # correlation of its score with the overrun's
        ("required", _REAL),
        ("salvage_law", _INT),
        ("salvage_stream", _WORD),
        ("termination_fee", _REAL),  # part of the budget
        ("shortfall_law", _INT),
        ("shortfall_stream", _WORD),
        # operation
        ("life", _REAL),
        ("output", _REAL),  # full output of a step, units
        ("availability_law", _INT),
        ("persistence", _REAL),  # of the availability score over one step
        ("price_law", _INT),
        ("share_law", _INT),  # -1: no contract
        ("price_basket", _INT),  # -1: the escalator alone
        ("escalation", _INT),  # offset (t)
        ("tenor", _REAL),
        ("offtaker", _INT),  # -1 = none that may default
        ("default_discount", _REAL),
        ("ramp_up", _INT),  # offset of a list: n, shares of full output lost in the first n years
        ("degradation", _REAL),  # yearly change of the logarithm of output
        ("volume_factor", _INT),  # -1 = none
        ("economic", _INT),  # 1: merchant output only where it pays
        ("payment_factor", _INT),  # -1 = no payment for capacity
        ("capacity_rate", _REAL),  # capacity times days a year times credit
        ("credit", _REAL),  # currency per unit of output
        ("credit_years", _REAL),
        ("credit_escalation", _INT),  # offset (t)
        ("merchant_factor", _INT),
        ("merchant_basis", _REAL),
        ("fuel_factor", _INT),  # -1: no fuel
        ("fuel_rate", _REAL),  # heat rate times basis
        ("pass_through", _REAL),
        ("variable_om", _REAL),  # currency per unit of output
        ("variable_basket", _INT),
        ("fixed_om", _REAL),  # currency per full step of operation
        ("fixed_basket", _INT),
        ("tax_rate", _REAL),
        ("tax_life", _REAL),
        ("nol_limit", _REAL),  # share of income that losses carried forward may offset; 0 = none are
        ("debt_share", _REAL),  # of spend, lent by others; 0 = none
        ("debt_factor", _INT),
        ("debt_margin", _REAL),
        ("debt_tenor", _REAL),
        ("fee_law", _INT),  # developer's fee in all
        ("fee_stream", _WORD),
        ("fee_years", _REAL),
        ("fee_years_law", _INT),  # -1: so many
        ("fee_years_stream", _WORD),
        ("fee_tolerance", _REAL),  # largest shortfall for which it is paid
        ("abandon_years", _REAL),  # of unpaid arrears; infinite = never
        # side flows: offsets of lists: n, n pairs (rate, step mean of the condition or -1)
        ("spend_flows", _INT),
        ("output_flows", _INT),
        # split
        ("spread", _REAL),
        ("spread_law", _INT),  # -1: so much
        ("spread_stream", _WORD),
        ("deemed_life", _REAL),
    ],
    align=True,
)


class Plan(NamedTuple):
    """Everything that the kernel needs, apart from the seed."""

    study: Records
    """``(1,)`` `STUDY`."""
    constants: Floats
    """One array of constants.

    A law or curve table: number of segments, location, scale, then for each segment its lower abscissa, cells per
    unit, last cell and the offset of its first cell's cubic (four coefficients, lowest power first). A basket:
    number of factors, then pairs (factor, weight).
    """
    factors: Records
    """``(k,)`` `FACTOR`, config order."""
    rows: Ints
    """``(r,)``: the factor of each row of the correlation matrix."""
    jumps: Records
    """``(j,)`` `JUMP`."""
    regimes: Records
    """``(i,)`` `REGIME`."""
    states: Records
    """``(q,)`` `STATE`, all regimes' states numbered through."""
    events: Records
    """``(e,)`` `EVENT`, config order."""
    pipelines: Records
    """``(n,)`` `PIPELINE`, config order."""
    projects: Records
    """``(s,)`` `PROJECT`: the announced ones in config order, then the slots of each pipeline."""


class Constants:
    """Collects the constants of a plan."""

    def __init__(self) -> None:
        self._parts: list[Floats] = []
        self._size = 0

    def add(self, values: ArrayLike) -> int:
        """Add values and return their offset.

        Parameters
        ----------
        values
            Numbers of any shape; they are kept in C order.
        """
        part = np.array(values, np.float64).ravel()
        offset = self._size
        self._parts.append(part)
        self._size += part.size
        return offset

    def array(self) -> Floats:
        """All of them as one array ``(n,)`` float64, never empty."""
        return np.concatenate([*self._parts, np.zeros(4)])


def records(dtype: np.dtype[np.void], rows: Iterable[dict[str, Any]]) -> Records:
    """Structured array ``(row,)`` of a dtype.

    Parameters
    ----------
    dtype
        Of a kind of record, such as `PROJECT`.
    rows
        Values by field; every field must be given.
    """
    filled = [tuple(row[name] for name in dtype.names or ()) for row in rows]
    return np.array(filled, dtype)
