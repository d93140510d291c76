"""Events that use every key: laws of dates, shifts, scales, delays, cancellations, known outcomes."""

from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from every_clause.changes import merged

RULINGS = """
regimes:
  tariffs:
    states:
      s122: {shifts: {steel: 1.05, sofr: 0.002}}
      again: {shifts: {steel: 1.05}}
      deal: {shifts: {steel: 1.02, wages: 1.01}}
      punitive: {shifts: {steel: 1.12, power: 1.04, sofr: 0.003}}
  relations:
    states:
      breach: {shifts: {usdjpy: 1.03, sofr: 0.001}}
events:
  old_ruling:            # in the past: its moves, delays and cancels are in the plans already
    date: 2026-02-20
    outcomes:
      upheld: {}
      struck_down:
        moves: {tariffs: gap, relations: lapsed}
        scale_hazards: {tariffs: {s122: {gap: 1.6}}}
        shifts:
          equipment: 1.04
          henry_hub: {value: 0.9, lasting_years: 0.8}
          sofr: {value: 0.0015, lasting_years: 1.4}
        delays: {gas: 9, mine: 9}
        cancels: [port]
    probabilities: {upheld: 0.5, struck_down: 0.5}
    outcome: struck_down
  remedy:                # a law after a past event
    date: {after: old_ruling, days: {uniform: {min: 45, max: 260}}}
    outcomes:
      refunds: {moves: {tariffs: again}, shifts: {cpi: {value: 0.99, lasting_years: 0.5}}, delays: {port: 3}}
      none: {}
    probabilities:
      - {when: {outcomes: {old_ruling: upheld}}, is: {refunds: 0, none: 1}}
      - {is: {refunds: 0.4, none: 0.6}}
  recount:               # 31 days
    date: {after: midterm, days: 30.5}
    outcomes: {confirmed: {}, reversed: {moves: {relations: performing}, shifts: {usdjpy: 0.98}}}
    probabilities: {confirmed: 0.7, reversed: 0.3}
  midterm:
    date: 2026-11-03
    outcomes:
      opposition: {moves: {}}
      government: {moves: {}, scale_hazards: {relations: {performing: {breach: 0.5}}}}
    probabilities: {opposition: 0.7, government: 0.3}
  ruling:                # a law of dates, from before the value date
    date: {from: 2026-03-16, days: {lognormal: {median: 220, sigma: 0.7}, truncate: [15, 4000]}}
    outcomes:
      struck_down:
        moves: {tariffs: gap, relations: breach}
        scale_hazards:
          tariffs: {gap: {again: 2.5, punitive: 3}, deal: {punitive: 0}}
          relations: {performing: {breach: 1.5}}
        shifts:
          power: 1.1
          steel: {value: 0.95, lasting_years: 2}
          sofr: -0.004
          wages: {value: 1.02, lasting_years: 0.3}
        delays: {gas: 4, port: 2}
      upheld: {delays: {mine: 7}}
    probabilities:
      - {when: {regimes: {tariffs: s122}, outcomes: {midterm: opposition}}, is: {struck_down: 0.8, upheld: 0.2}}
      - {is: {struck_down: 0.6, upheld: 0.4}}
  appeal:
    date: {after: ruling, days: {gamma: {shape: 2, scale: 90}}}
    outcomes:
      stayed:
        moves: {tariffs: again}
        scale_hazards: {tariffs: {gap: {again: 0.5}}, relations: {breach: {performing: 0}}}
      lost: {delays: {gas: 5, port: 2.5, mine: 3}, shifts: {ore: {value: 0.9, lasting_years: 3}}}
      won: {cancels: [mine], shifts: {ore: 1.1}}
    probabilities:
      - {when: {outcomes: {ruling: struck_down, recount: confirmed}}, is: {stayed: 0.5, lost: 0.4, won: 0.1}}
      - {is: {stayed: 0.2, lost: 0.5, won: 0.3}}
  echo:                  # before the event that it follows, on its day
    date: {after: president, days: 0}
    outcomes: {loud: {shifts: {henry_hub: 1.15}, delays: {mine: 4}}, faint: {delays: {mine: 1}}}
    probabilities:
      - {when: {outcomes: {budget: tight}}, is: {loud: 0, faint: 1}}
      - {when: {outcomes: {president: raise}}, is: {loud: 0.9, faint: 0.1}}
      - {is: {loud: 0.4, faint: 0.6}}
  president:
    date: 2029-01-20
    outcomes:
      keep: {moves: {}}
      cut: {moves: {tariffs: gap}, shifts: {equipment: {value: 0.97, lasting_years: 1.1}}}
      raise: {moves: {tariffs: punitive, relations: lapsed}, delays: {mine: 3}, cancels: [gas]}
    probabilities:
      - {when: {regimes: {relations: breach}, outcomes: {midterm: opposition}}, is: {keep: 0.2, cut: 0.2, raise: 0.6}}
      - {when: {outcomes: {midterm: opposition}}, is: {keep: 0.3, cut: 0.5, raise: 0.2}}
      - {is: {keep: 0.4, cut: 0.2, raise: 0.4}}
  budget:                # the president's day, behind president and echo
    date: 2029-01-20
    outcomes: {tight: {delays: {gas: 2}}, loose: {shifts: {cpi: 1.01}}}
    probabilities:
      - {when: {outcomes: {echo: loud}}, is: {tight: 0.9, loose: 0.1}}
      - {is: {tight: 0.2, loose: 0.8}}
  court:                 # forced; its date is drawn
    date: {from: 2026-04-15, days: {discrete: {values: [20, 300, 1100, 5000], probabilities: [0.2, 0.4, 0.3, 0.1]}}}
    outcomes:
      wide: {cancels: [gas, port, mine]}
      narrow: {moves: {relations: performing}, scale_hazards: {relations: {performing: {breach: 2}}}, delays: {port: 6}}
    probabilities: {wide: 0.9, narrow: 0.1}
    outcome: narrow
  review:                # the host withdraws: before funding, before building, while building, or too late
    date: {from: 2026-04-01, days: {lognormal: {p10: 30, p90: 2500}}}
    outcomes: {withdraw: {cancels: [port, gas, mine]}, stay: {}}
    probabilities: {withdraw: 0.55, stay: 0.45}
  aftermath:
    date: {after: review, days: {exponential: {mean: 300}}}
    outcomes: {quiet: {}, loud: {moves: {tariffs: punitive}, shifts: {sofr: {value: 0.003, lasting_years: 1}}}}
    probabilities:
      - {when: {outcomes: {review: withdraw}}, is: {quiet: 0.2, loud: 0.8}}
      - {is: {quiet: 0.8, loud: 0.2}}
"""


def with_rulings(study: Mapping) -> dict[str, Any]:
    """Return a copy whose events use every key: laws of dates, shifts, scales, delays, cancels, known outcomes."""
    changes = YAML(typ="safe", pure=True).load(RULINGS)
    return {**merged(study, {"regimes": changes["regimes"]}), "events": changes["events"]}
