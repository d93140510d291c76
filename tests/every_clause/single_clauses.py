"""Clauses that stand alone: each as a change of the study, in the config language."""

from collections.abc import Mapping
from typing import Any

from every_clause.changes import with_text

START_DELAYS = """
projects:
  gas:                   # nominal: its budget bears the escalation up to the mode, cut to what is possible
    construction: {start_delay: {pert: {min: 0, mode: 0.2, max: 3}, truncate: [0.5, 2]}}
  port:                  # the median
    construction: {start_delay: {lognormal: {median: 0.6, sigma: 0.5}}}
  mine:                  # stated: what is likelier is late
    construction: {planned_start_delay_years: 0.3, start_delay: {triangular: {min: 0, mode: 0.9, max: 2}}}
"""


REVIEWS = """
projects:
  gas:
    construction: {review: {threshold: {lognormal: {median: 0.8, sigma: 0.4}}}}
  port:
    construction: {review: {threshold: 0.9, reveal: 0, dates: [2027-01-01, 2027-04-01, 2027-08-15, 2028-02-29]}}
  mine:
    construction: {review: {threshold: {uniform: {min: 0.2, max: 1.3}}, reveal: 2}}
"""


SPREADS = """
projects:
  gas:
    split: {spread: {triangular: {min: -0.01, mode: 0.0175, max: 0.05}}}
  mine:                  # the rate is often cut at 0
    split: {spread: {normal: {mean: 0.0, sd: 0.03}, truncate: [-0.08, 0.08]}}
"""


FEE_YEARS = """
projects:
  gas:
    operation: {developer_fee: {amount: 30, years: {uniform: {min: 0.2, max: 5}}, tolerance: 0}}
  port:
    operation:
      developer_fee:
        amount: {uniform: {min: 5, max: 25}}
        years: {discrete: {values: [1, 2.5, 20], probabilities: [0.3, 0.4, 0.3]}}
"""


POLICY_SHARE = """
stack:
  policy_share:
    mixture: [{weight: 0.1, law: 0}, {weight: 0.8, law: {beta: {mean: 0.4, sd: 0.2}}}, {weight: 0.1, law: 1}]
"""


BOOK = """
stack:
  insurer:
    reserves: 6000
    book: {in_force: 400000, loss_rate: {normal: {mean: 0.003, sd: 0.02}}, run_off_years: 5.3}
"""


ENTRIES = """
events:
  prelude:               # in the past: what it moved is no entry
    date: 2026-02-03
    outcomes: {struck: {moves: {relations: breach, tariffs: deal}}, stay: {}}
    probabilities: {struck: 0.5, stay: 0.5}
    outcome: struck
  amends:                # on the day of the return to the state of the value date, before all others of that day
    date: {after: {enters: {relations: performing}}, days: 0}
    outcomes: {thaw: {moves: {tariffs: deal}}, frost: {shifts: {ore: 0.95}}}
    probabilities:
      - {when: {outcomes: {retort: mended}}, is: {thaw: 0.8, frost: 0.2}}
      - {is: {thaw: 0.3, frost: 0.7}}
  retort:                # after the first breach, be it over or not
    date: {after: {enters: {relations: breach}}, days: {uniform: {min: 0, max: 400}}}
    outcomes:
      mended: {moves: {relations: performing}, delays: {port: 2}}
      worse:
        moves: {tariffs: punitive}
        shifts: {steel: 1.04}
        scale_hazards: {relations: {performing: {breach: 2}}}
    probabilities:
      - {when: {regimes: {relations: breach}}, is: {mended: 0.7, worse: 0.3}}
      - {is: {mended: 0.2, worse: 0.8}}
  hearing:               # the president's day, before what the president moves sets off
    date: 2029-01-20
    outcomes: {held: {delays: {mine: 2}}, put_off: {}}
    probabilities:
      - {when: {outcomes: {alarm: loud}}, is: {held: 0, put_off: 1}}
      - {is: {held: 0.6, put_off: 0.4}}
  alarm:
    date: {after: {enters: {tariffs: punitive}}, days: 0}
    outcomes: {loud: {shifts: {power: {value: 1.1, lasting_years: 1.2}}}, faint: {}}
    probabilities:
      - {when: {outcomes: {hearing: held}}, is: {loud: 0.9, faint: 0.1}}
      - {is: {loud: 0.4, faint: 0.6}}
  relief:                # entered by a clock, a hazard or an event
    date: {after: {enters: {tariffs: deal}}, days: {exponential: {mean: 250}}}
    outcomes: {granted: {scale_hazards: {tariffs: {deal: {punitive: 0.5}}}}, refused: {delays: {gas: 3, mine: 2}}}
    probabilities: {granted: 0.5, refused: 0.5}
  sequel:
    date: {after: relief, days: {gamma: {shape: 2, scale: 60}}}
    outcomes: {calm: {}, strife: {moves: {relations: breach}}}
    probabilities: {calm: 0.5, strife: 0.5}
  collapse:              # forced; its date is drawn
    date: {after: {enters: {relations: lapsed}}, days: {discrete: {values: [0, 40.5], probabilities: [0.5, 0.5]}}}
    outcomes: {clean: {}, messy: {moves: {relations: breach}, delays: {mine: 4}}}
    probabilities: {clean: 0.5, messy: 0.5}
    outcome: messy
"""


def with_start_delays(study: Mapping) -> dict[str, Any]:
    """Return a copy whose plans contain a delay of the start: a clipped mode, a median, a number."""
    return with_text(study, START_DELAYS)


def with_reviews(study: Mapping) -> dict[str, Any]:
    """Return a copy whose projects are reviewed on the cost to come."""
    return with_text(study, REVIEWS)


def with_spreads(study: Mapping) -> dict[str, Any]:
    """Return a copy in which two projects draw the spread of their deemed allocation."""
    return with_text(study, SPREADS)


def with_fee_years(study: Mapping) -> dict[str, Any]:
    """Return a copy in which two projects draw the years over which their fee is paid."""
    return with_text(study, FEE_YEARS)


def with_policy_share(study: Mapping) -> dict[str, Any]:
    """Return a copy of a study with a stack, in which the split between the lenders is drawn."""
    return with_text(study, POLICY_SHARE)


def with_book(study: Mapping) -> dict[str, Any]:
    """Return a copy of a study with an insured stack, whose insurer has reserves and a book of its own."""
    return with_text(study, BOOK)


def with_entries(study: Mapping) -> dict[str, Any]:
    """Return a copy with events that count from the first entry into a state."""
    return with_text(study, ENTRIES)
