"""The result of a simulation."""

from dataclasses import dataclass, field

from reference.basics import Array
from reference.context import Site
from reference.quantities import Part
from reference.split import Account
from reference.world import Selection


@dataclass
class Simulation:
    """What the reference yields, path by path.

    Attributes
    ----------
    times : ndarray
        Time of each step's end, years ``(T,)``.
    factors, factor_start, factor_expected : dict
        Factor -> observed ``(T, n)``, observed at the value date, and expected ``(T,)``.
    regimes : list
        Per path: (time, regime, from, to, cause) in order.
    attributes, occupancy : dict
        (regime, attribute) -> ``(T, n)``; regime -> share of each step in each state ``(S, T, n)``.
    outcomes, final_states : dict
        Event -> outcome's index (-1: not within the horizon), regime -> state's index ``(n,)``.
    happened : dict
        Event -> time at which it took place, years ``(n,)``; undefined if it did not.
    projects : dict
        Project or pipeline (the sum of its slots) -> row -> ``(T, n)``: spend (by all) = called (the funder's K) +
        host_spend + lender_spend; capital (what it pays of K) = called - bridged (by the host, under a yearly cap);
        calls = capital + termination_fee; revenue (capacity_payment and output_credit
        among it), fuel, om, tax, arrears, arrears_ended (what a cancellation ends), debt_interest, debt_capitalised,
        debt_principal, debt_paid, debt_arrears, debt_balance, fee_part, fee_paid, fee_owed, salvage,
        salvage_to_debt, depreciation, losses (carried forward), available_cash, due, paid, carry, deemed_balance,
        distribution_funder, distribution_host, rate, output (output_contracted, output_merchant, output_defaulted;
        idle, with economic dispatch), operating, contracted, age_start, age_end, closed, vendor_margin,
        supply_chain_benefit; with a stack loan_balance, claims.
    sites : dict
        Project -> its `Site`.
    slots : dict
        Pipeline -> its slots by number, each a `Part` with ``site``, ``flows``, ``quantities``.
    stacks : dict
        Venture -> the rows of its stack, see `run_stack`; none without a stack.
    accounts : dict
        Venture -> its `Account` of the deemed allocation; its rows are those before any catch-up.
    selections : dict
        Venture (projects, ``<pipeline>/<slot>``) -> its `Selection`.
    notes : list
        Per path, what selection and funding decided, see `World`.
    relief : ndarray
        The scheme's side flows by time ``(T, n)``.
    diverted : ndarray
        What catch-up takes from the funder's distributions and gives to the host ``(T, n)``.
    quantities : dict
        Unit (projects, pipelines, ``portfolio``, ``scheme``) -> quantity -> ``(n,)``.
    margins : dict
        Smallest margin of a discrete decision ``(n,)``: ``clock_order`` (years), ``clock_choice``, ``clock_date``,
        ``clock_days`` (days), ``clock_go_ahead``, ``clock_funding``, ``clock_consult``, ``clock_trigger``,
        ``clock_ceiling``, ``clock_annual``, ``merton_count``; for each venture ``completion/<p>``, ``cancel/<p>``,
        ``delay/<p>`` (years),
        ``review/<p>``, ``review_end/<p>``, ``subscription/<p>``, ``cap/<p>``, ``dispatch/<p>``, ``fee/<p>``,
        ``abandon/<p>``, ``whole/<p>``, with a stack ``repayment/<p>`` (years: the completion against a step's start);
        ``payback/<unit>``, ``irr/<unit>``; ``adjust/<p>`` or ``adjust/pool`` (the lesser of years of age and of what is
        open in shares of what was paid in); ``insurer_wait`` (steps), ``insurer_breach``, ``insurer_capacity_breach``
        (share of the capital, of the capacity).
    inputs : dict
        Project -> what is drawn of it, see `project_inputs`.
    default_years : dict
        Offtaker -> time of its default, years ``(n,)``.
    """

    times: Array
    factors: dict[str, Array]
    factor_start: dict[str, float]
    factor_expected: dict[str, Array]
    regimes: list[list[tuple]]
    attributes: dict[tuple[str, str], Array]
    occupancy: dict[str, Array]
    outcomes: dict[str, Array]
    final_states: dict[str, Array]
    happened: dict[str, Array]
    projects: dict[str, dict[str, Array]] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    slots: dict[str, list[Part]] = field(default_factory=dict)
    stacks: dict[str, dict[str, Array]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    selections: dict[str, Selection] = field(default_factory=dict)
    notes: list[list[tuple]] = field(default_factory=list)
    relief: Array | float = 0.0
    diverted: Array | float = 0.0
    quantities: dict[str, dict[str, Array]] = field(default_factory=dict)
    margins: dict[str, Array] = field(default_factory=dict)
    inputs: dict[str, dict[str, Array]] = field(default_factory=dict)
    default_years: dict[str, Array] = field(default_factory=dict)
