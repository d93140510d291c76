"""An independent reference of the model: plain NumPy and SciPy, written from the mathematics alone.

Nothing here imports the engine, and nothing here was written from it; nor does it know any study. Clarity comes before
speed: the paths are the last axis of every array, the legal and political clock is a Python event loop per path, and
laws are exact quantile functions. The modules follow the sections of ``docs/model.md``; `stages` runs them all.

Shapes: ``T`` steps, ``n`` paths; rows over time are ``(T, n)``; what is drawn once a path is ``(n,)``.
``NaN`` is *undefined*.

Hooks for comparing the stages after the scores (and not the scores or the tables themselves):

* every normal score is asked of ``draws.scores(name, index, paths)``, every uniform of
  ``draws.uniforms(name, index, paths)``;
* every function that an engine may tabulate is asked of ``law_value(key, law, z)``. Keys, laws and arguments:

  - ``projects.<p>.construction.overrun``, ``projects.<p>.construction.duration``,
    ``projects.<p>.operation.availability.law``, ``projects.<p>.operation.contract.price``,
    ``projects.<p>.operation.contract.share``: the law as the study writes it, at the normal score;
  - likewise ``projects.<p>.go_ahead.size_share``, ``projects.<p>.construction.`` and ``start_delay``, ``uplift``,
    ``review.threshold``, ``subscription.share``, ``salvage`` or ``shortfall``,
    ``projects.<p>.operation.developer_fee.`` and ``amount`` or ``years``, ``projects.<p>.split.spread`` (the
    agreement's law, where a project has none of its own), ``agreement.funding.slip``,
    ``agreement.funding.decision.consult.days``, ``agreement.funding.take_up``, ``stack.policy_share``,
    ``stack.insurer.book.loss_rate`` (a score each year), ``pipelines.<n>.size``; the laws of a pipeline's slots have
    the keys of a project's behind ``pipelines.<n>.template`` instead of ``projects.<p>``, the same for all slots;
  - ``events.<e>.date``: the law of the days from a date, after another event or after an entry, likewise (a number is
    a fixed law);
  - ``projects.<p>.construction.spend_curve``: ``{"beta_cdf": {"a": a, "b": b}}`` at the progress in [0, 1];
  - ``correlation.tail``: ``{"t_tail": {"degrees_of_freedom": nu}}``, from the score to sqrt(W);
  - ``correlation.score``: ``{"t_score": {"degrees_of_freedom": nu}}``, from g sqrt(W) to e.
"""

from reference.clock import simulate_world
from reference.construction import working_time
from reference.context import Context, Site
from reference.curves import curve_at, discount_factors
from reference.dates import Calendar, add_months, as_date, due_date
from reference.draws import LOW_32, Draws, choice, philox4x32_10, score_from_word, stream, uniform_from_word, words
from reference.exact_split import split_exact
from reference.factors import Factors, cholesky, innovations, poisson_counts, process_of, simulate_factors
from reference.laws import exact_value, make_law, pareto_index
from reference.operation import CASH_ROWS
from reference.pool import split_all, split_cash
from reference.quantities import irr, payback
from reference.simulation import Simulation
from reference.split import split_of
from reference.stack import STACK_LOSSES, STACK_VALUES, run_stack
from reference.stages import simulate

__all__ = [
    "CASH_ROWS",
    "Calendar",
    "Context",
    "Draws",
    "Factors",
    "LOW_32",
    "STACK_LOSSES",
    "STACK_VALUES",
    "Simulation",
    "Site",
    "add_months",
    "as_date",
    "choice",
    "cholesky",
    "curve_at",
    "discount_factors",
    "due_date",
    "exact_value",
    "innovations",
    "irr",
    "make_law",
    "pareto_index",
    "payback",
    "philox4x32_10",
    "poisson_counts",
    "process_of",
    "run_stack",
    "score_from_word",
    "simulate",
    "simulate_factors",
    "simulate_world",
    "split_all",
    "split_cash",
    "split_exact",
    "split_of",
    "stream",
    "uniform_from_word",
    "words",
    "working_time",
]
