"""The plan: a study as flat arrays, which is all that the kernel sees.

Index legend: ``s`` = project, ``k`` = factor (config order), ``r`` = stochastic factor (row of the correlation matrix), ``t`` = step,
``q`` = state (all layers' states, numbered through in config order). Times are years from the value date.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint32]

SPLIT_PERIODIC, SPLIT_CUMULATIVE, SPLIT_NONE = 0, 1, 2
"""Values of `Agreement.mode`."""


class Grid(NamedTuple):
    """The time grid."""

    steps: int
    """T, number of steps."""
    dt: float
    """Step length, years."""
    day: Ints
    """``(T + 1)``: first day of each step, days from the value date; the last entry is the day after the horizon."""


class LawTables(NamedTuple):
    """Interpolation tables in the kernel's flat form (see `plan.tables.Tables`)."""

    law: Ints
    """``(n, 2)``: first segment, number of segments."""
    affine: Floats
    """``(n, 2)``: location, scale."""
    segment: Floats
    """``(n_segments, 4)``: lower abscissa, cells per unit, last cell, first row of coefficients."""
    coefficient: Floats
    """``(4 n_cells,)``: cubics, lowest power first."""


class Factors(NamedTuple):
    """Factor processes: y' = decay y + sd e, observed exp(y + shift) or y + shift, between floor and cap."""

    stream: Words
    """``(k,)`` innovations."""
    row: Ints
    """``(k,)``: row in the correlation matrix; -1 for a deterministic factor."""
    factor: Ints
    """``(r,)``: the factor of each row."""
    cholesky: Floats
    """``(r, r)``, lower triangular."""
    decay: Floats
    """``(k,)``."""
    sd: Floats
    """``(k,)``: standard deviation of a step's innovation."""
    start: Floats
    """``(k,)``: y at the value date."""
    observed_start: Floats
    """``(k,)``: observed value at the value date."""
    shift: Floats
    """``(k, t)``: added to y at the step's end: drift, long-run mean, season."""
    is_level: Ints
    """``(k,)``: 1 where the observed value is y + shift itself, 0 where its exponential."""
    is_bounded: Ints
    """``(k,)``: 1 where a floor or a cap is set."""
    floor: Floats
    """``(k, t)``."""
    cap: Floats
    """``(k, t)``."""
    jump_factor: Ints
    """``(j,)``: the factors that jump."""
    jump_count_stream: Words
    """``(j,)``."""
    jump_size_stream: Words
    """``(j,)``."""
    jump_cdf: Floats
    """``(j, n)``: cdf of the number of jumps in a step, up to 1."""
    jump_mean: Floats
    """``(j,)``."""
    jump_sd: Floats
    """``(j,)``."""
    tail_nu: float
    """Degrees of freedom of the t copula; 0 for the Gaussian."""
    tail_stream: int
    """Stream of the common W."""
    tail_root: int
    """Law table of sqrt(W) over its score."""
    tail_bits: int
    """Mantissa bits that number the bins of the map Phi^-1(T_nu(x))."""
    tail_map: Floats
    """``(4 n_bins,)``: cubics of the map's ratio to x, by bins of 1 + x^2 / nu."""


class Clock(NamedTuple):
    """Layers, hazards, expiries and dated events. Lists are in CSR form: ``*_start`` has one entry more than the rows it divides."""

    layer_start: Ints
    """``(layer + 1,)``: first state of each layer."""
    initial: Ints
    """``(layer,)``: initial state (numbered through)."""
    since: Ints
    """``(layer,)``: day on which the initial state was entered, days from the value date (<= 0)."""
    hold_stream: Words
    to_stream: Words
    clock_stream: Words
    hazard_start: Ints
    """``(q + 1,)``."""
    hazard_target: Ints
    hazard_cumulative: Floats
    """Running sum of the intensities of a state, per year."""
    expiry_days: Ints
    """``(q,)``: days after entry on which the state ends; -1 = never."""
    expiry_start: Ints
    expiry_target: Ints
    expiry_cumulative: Floats
    event_time: Floats
    """``(event,)``, in order of time."""
    event_day: Ints
    event_row: Ints
    """``(event,)``: position of the event in the config."""
    event_stream: Words
    rule_start: Ints
    """``(event + 1,)``: rules of each event (events in order of time)."""
    rule_layer_start: Ints
    rule_layer: Ints
    rule_state: Ints
    rule_outcome_start: Ints
    rule_event: Ints
    """Config position of an earlier event on whose outcome the rule depends."""
    rule_outcome: Ints
    rule_cumulative: Floats
    """``(rule, outcome)``: cumulative probabilities, 1 beyond the last outcome."""
    move_start: Ints
    """``(event * max_outcomes + 1,)``: moves of each outcome (events in order of time)."""
    move_state: Ints
    """State (numbered through) that a move enters; its layer is that of the state."""
    layer_of: Ints
    """``(q,)``."""
    attribute: Floats
    """``(attribute, q)``: value of each attribute that something reads; 0 in other layers' states."""


class Baskets(NamedTuple):
    """Weighted sums of factors (cost and price indices), CSR."""

    start: Ints
    factor: Ints
    weight: Floats


class Projects(NamedTuple):
    """One entry per project ``(s,)`` unless said otherwise. Money in the study's unit."""

    cost_stream: Words
    delay_stream: Words
    contract_stream: Words
    share_stream: Words
    availability_stream: Words
    class_of: Ints
    """Construction class, an index into the streams below."""
    class_cost_stream: Words
    """``(class,)``."""
    class_delay_stream: Words
    """``(class,)``."""
    all_cost_stream: int
    all_delay_stream: int
    loading: Floats
    """``(s, 3)``: weights of the overall, the class and the own score."""
    cost_delay: Floats
    """Correlation of the duration's score with the overrun's."""
    overrun_law: Ints
    inflation_share: Floats
    duration_law: Ints
    budget: Floats
    expected_cost: Floats
    """Spend with expected indices, no overrun and no delay."""
    start: Floats
    """Construction start, years."""
    duration: Floats
    """Planned duration, years."""
    phase_start: Ints
    phase_share: Floats
    phase_duration: Floats
    spend_curve: Ints
    """Table of the cumulative share of spend over progress."""
    cost_basket: Ints
    expected_index: Floats
    """``(s, T + 1)``: divisor of the cost index at the planned date, from time 0; ones on real basis."""
    tariff_attribute: Ints
    """Row of the tariff on equipment; -1 = none."""
    imported_share: Floats
    tariff_start: Floats
    """tau_0."""
    life: Floats
    """Operating life, years."""
    output: Floats
    """Full output of a step, units."""
    availability_law: Ints
    persistence: Floats
    """Autocorrelation of the availability score over one step."""
    price_law: Ints
    share_law: Ints
    """-1: no contract."""
    price_basket: Ints
    """-1: the escalator alone."""
    escalation: Floats
    """``(s, t)``."""
    tenor: Floats
    merchant_factor: Ints
    merchant_basis: Floats
    fuel_factor: Ints
    """-1: no fuel."""
    fuel_rate: Floats
    """Heat rate times basis: fuel price units per unit of output."""
    pass_through: Floats
    variable_om: Floats
    variable_basket: Ints
    """-1: not indexed."""
    fixed_om: Floats
    """Per full step of operation, in currency units."""
    fixed_basket: Ints
    tax_rate: Floats
    tax_life: Floats
    spread: Floats
    deemed_life: Floats


class Agreement(NamedTuple):
    """The split between the parties and their discounting."""

    mode: int
    first_share: float
    second_share: float
    funder_share: float
    """Share of all cash in mode `none`."""
    reference_factor: int
    """-1 in mode `none`."""
    carry_bears_interest: int
    interest_before_completion: int
    fx_factor: int
    """-1: the funder's currency is the study's."""
    discount_funder: Floats
    """``(t,)``, study money."""
    discount_host: Floats
    discount_local: Floats
    """``(t,)``, the funder's own currency."""


class Plan(NamedTuple):
    """Everything that the kernel needs, apart from the seed."""

    grid: Grid
    tables: LawTables
    factors: Factors
    clock: Clock
    baskets: Baskets
    projects: Projects
    agreement: Agreement
    money_unit: float
