"""The whole deal: changes in which every clause of sections 5 to 7, and the side flows, bite."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ruamel.yaml import YAML

from every_clause.changes import merged, with_text

SELECTION = """
agreement:
  funding:
    slip: {exponential: {mean: 12}, truncate: [0, 90]}
    commitment: 1900
    take_up: {triangular: {min: 700, mode: 1500, max: 2400}}
    deadline: 2028-09-30
    annual_cap: 1250
    decision:
      regime: relations
      by_state:
        performing: {fund: 0.7, delay: 0.15, decline: 0.15}
        breach: {fund: 0.3, delay: 0.4, decline: 0.3}
        lapsed: {fund: 0.5, delay: 0.4, decline: 0.1}
      delay_days: 100
      triggers:
        - {probability: 0.6, while: {relations: [performing, lapsed]}, moves: {relations: breach}}
        - {probability: 0.4, moves: {tariffs: punitive, relations: lapsed}}
regimes:
  relations:
    states:
      lapsed: {stops_calls: true}
    hazards:
      performing: {breach: 0.3, lapsed: 0.05}
      breach: {performing: 1.0, lapsed: 0.3}
      lapsed: {performing: 0.9}
events:
  petition:                # before the notice, before the decision, while building, or too late
    date: {from: 2026-04-01, days: {exponential: {mean: 700}}}
    outcomes: {stay: {}, withdraw: {cancels: [quarry, mine, dock]}}
    probabilities: {stay: 0.6, withdraw: 0.4}
projects:
  gas:
    go_ahead: {probability: 0.85, size_share: {discrete: {values: [0, 0.6, 1.0], probabilities: [0.05, 0.25, 0.7]}}}
    construction: {start_delay: {gamma: {shape: 1.5, scale: 0.2}}}
  port:
    go_ahead: {probability: 0.75, size_share: {beta: {mean: 0.7, sd: 0.15}}}
    construction: {start_delay: 0.25}
  mine:
    construction:
      start_delay: {mixture: [{weight: 0.5, law: 0}, {weight: 0.5, law: {uniform: {min: 0, max: 1}}}]}
      planned_start_delay_years: 0.2
  dock:
    notice_date: 2026-10-01
    budget: 420
    go_ahead: {probability: 0.9}
    construction:
      planned_start: 2027-02-01
      start_delay: {triangular: {min: 0, mode: 0.3, max: 1}}
      budget_basis: nominal
  quarry:
    notice_date: 2027-05-03
    budget: 160
    go_ahead: {probability: 0.8, size_share: {uniform: {min: 0.4, max: 1}}}
  pit:
    notice_date: 2028-10-02   # after the deadline
"""


PIPELINES = """
agreement:
  funding:
    slip: {discrete: {values: [0, 4, 15.5], probabilities: [0.4, 0.3, 0.3]}}
    commitment: 2300
    deadline: 2029-06-29
    annual_cap: 1600
    decision:
      regime: relations
      by_state:
        performing: {fund: 0.8, delay: 0.1, decline: 0.1}
        breach: {fund: 0.5, delay: 0.3, decline: 0.2}
        lapsed: {fund: 0.6, delay: 0, decline: 0.4}
      delay_days: 60
      triggers:
        - {probability: 0.3, moves: {relations: lapsed}}
regimes:
  tariffs:
    states:
      punitive: {arrival_multiplier: 1.5}
      gap: {arrival_multiplier: 0.6}
  relations:
    states:
      breach: {arrival_multiplier: 0.3}
      lapsed: {arrival_multiplier: 0.0}
    hazards:
      lapsed: {performing: 1.2}
events:
  midterm:
    outcomes:
      opposition: {scale_arrivals: {sites: 0.7}}
      government: {scale_arrivals: {sites: 1.6, wells: 1.3}}
  president:
    outcomes:
      cut: {scale_arrivals: {wells: 0.5}}
pipelines:
  sites:
    arrivals_per_year: 1.8
    max_count: 4
    size: {lognormal: {median: 320, sigma: 0.5}}
    min_size: 180
    template: {budget: 300}
  wells:
    arrivals_per_year: 1.5
    max_count: 3
    size: {uniform: {min: 5, max: 200}}
    template: {budget: 110}
"""


BUILDING = """
events:
  permit:
    date: 2028-02-15
    outcomes:
      smooth: {}
      contested: {delays: {gas: 5, mine: 4, port: 2}}
      revoked: {cancels: [gas, port]}
    probabilities: {smooth: 0.4, contested: 0.45, revoked: 0.15}
projects:
  gas:
    construction:
      uplift: {pert: {min: 0.95, mode: 1.05, max: 1.4}}
      funding_cap: {multiple: 1.05, above: share, funder_share: 0.7, ceiling: 1.3}
      review: {threshold: {lognormal: {median: 0.9, sigma: 0.4}}}
      salvage: {beta: {mean: 0.3, sd: 0.15}}
      termination_fee: 0.02
      shortfall: {mixture: [{weight: 0.6, law: 0}, {weight: 0.4, law: {beta: {mean: 0.12, sd: 0.06}}}]}
    operation:
      fixed_om: {per_mw_year: 110000}
  port:
    construction:
      funding_cap: {multiple: 1.25, above: stop}
      review: {threshold: 1.0, reveal: 2.0, dates: [2026-12-31, 2027-05-10, 2027-11-30, 2028-06-15, 2028-07-01]}
      subscription: {share: {beta: {mean: 0.6, sd: 0.15}}, required: 0.45, by: 2027-05-31, correlation: -0.6}
      salvage: 0.25
      termination_fee: 0.01
      shortfall: {triangular: {min: 0, mode: 0.02, max: 0.2}}
    operation:
      contract: {share: {uniform: {min: 0.2, max: 0.9}}}
  mine:
    construction:
      uplift: 1.1
      funding_cap: {multiple: 1.1, above: share, funder_share: 0.5}
      review: {threshold: {uniform: {min: 1.3, max: 2.2}}, reveal: 0}
      salvage: {discrete: {values: [0, 0.4], probabilities: [0.5, 0.5]}}
"""


OPERATING = """
factors:
  capacity_price:
    unit: USD/MW-day
    process: {ou: {start: 180, mean: 200, kappa: 0.5, sigma: 0.3}}
    cap: 325
  volumes: {unit: "1", process: {gbm: {start: 1, drift: -0.03, sigma: 0.08}}}
offtakers:
  data_centre: {default_hazard: 0.12}
  steady: {default_hazard: 0}
projects:
  gas:
    operation:
      ramp_up: [0.6, 0.85]
      degradation: 0.02
      dispatch: economic
      capacity_payment: {factor: capacity_price, credit: 0.7}
      output_credit: {per_output: 3, years: 1.6, escalator: 0.03}
      contract: {price: {triangular: {min: 65, mode: 85, max: 110}}, offtaker: data_centre, default_discount: 0.2}
      tax: {nol_limit: 0.8}
      senior_debt: {share: 0.4, reference_rate: sofr, margin: 0.0225, tenor_years: 3.3}
      developer_fee: {amount: {uniform: {min: 20, max: 40}}, years: {uniform: {min: 0.3, max: 6}}, tolerance: 0.05}
      abandon_after_years: 1
    construction:
      shortfall: {mixture: [{weight: 0.7, law: 0}, {weight: 0.3, law: {uniform: {min: 0.01, max: 0.2}}}]}
      funding_cap: {multiple: 1.4, above: stop}
      salvage: {uniform: {min: 0.2, max: 0.65}}
  port:
    operation:
      ramp_up: [0.5]
      degradation: 0.01
      volume_factor: volumes
      contract: {offtaker: data_centre, default_discount: 0.05}
      tax: {nol_limit: 1.0}
      developer_fee: {amount: 15, years: {uniform: {min: 0.5, max: 18}}, tolerance: 0}
      senior_debt: {share: 0.25, reference_rate: sofr, margin: 0.03, tenor_years: 12}
  mine:
    operation:
      ramp_up: [0.3, 0.7, 0.9]
      contract: {price: {normal: {mean: 95, sd: 15}}, escalator: 0, share: 0.5, tenor_years: 2, offtaker: steady}
      dispatch: economic
      variable_om: {per_output: 70, indices: {cpi: 1}}
      fixed_om: {per_year: 9.0e+6}
      abandon_after_years: 0.5
      tax: {rate: 0.25, life_years: 6, nol_limit: 0.5}
      output_credit: {per_output: 4, years: 0.8}
"""


SIDE_FLOWS = """
side_flows:
  relief_general:
    base: time
    rate: {regime: tariffs, attribute: goods_tariff}
    while: {relations: [performing, breach], tariffs: [deal, gap, again]}
  relief_fixed: {base: time, rate: 12.5, while: {relations: [performing]}}
projects:
  gas:
    side_flows:
      turbines: {base: spend, rate: 0.05}
      steel: {base: spend, rate: {regime: tariffs, attribute: equipment_tariff}, while: {tariffs: [deal, punitive]}}
      power: {base: output, rate: 0.4, while: {relations: [breach, lapsed]}}
  port:
    side_flows:
      cargo: {base: output, rate: 0.02}
  mine:
    side_flows:
      grit: {base: output, rate: {regime: tariffs, attribute: goods_tariff}, while: {relations: [performing]}}
      trucks: {base: spend, rate: 0.01, while: {relations: [performing], tariffs: [s122, gap, deal]}}
"""


def with_selection(study: Mapping) -> dict[str, Any]:
    """Return a copy whose projects have to be selected and funded; with three more projects."""
    study = deepcopy(dict(study))
    for name, like in (("dock", "port"), ("quarry", "mine"), ("pit", "mine")):
        study["projects"][name] = deepcopy(study["projects"][like])
    return with_text(study, SELECTION)


def with_pipelines(study: Mapping) -> dict[str, Any]:
    """Return a copy with two pipelines, of sites like the port and of wells like the mine."""
    out = with_text(study, PIPELINES)
    for name, like in (("sites", "port"), ("wells", "mine")):
        template = {
            key: value for key, value in study["projects"][like].items() if key not in ("notice_date", "go_ahead")
        }
        if name == "sites":
            template["construction"] = {k: v for k, v in template["construction"].items() if k != "planned_start"}
        out["pipelines"][name]["template"] = merged(template, out["pipelines"][name]["template"])
    return out


def with_building(study: Mapping) -> dict[str, Any]:
    """Return a copy with all that may happen to a project while it is built."""
    return with_text(study, BUILDING)


def with_operating(study: Mapping) -> dict[str, Any]:
    """Return a copy with all that may happen to a project while it operates."""
    return with_text(study, OPERATING)


def with_side_flows(study: Mapping) -> dict[str, Any]:
    """Return a copy with side flows of the projects and of the scheme."""
    return with_text(study, SIDE_FLOWS)


def with_whole_deal(study: Mapping) -> dict[str, Any]:
    """Return a copy with all of it; the pipelines' templates have the clauses of their models.

    Where two parts write the same law, one gives way: a merge would leave both families in it.
    """
    loader = YAML(typ="safe", pure=True)
    operating = loader.load(OPERATING)
    del operating["projects"]["gas"]["construction"]
    study = with_side_flows(merged(with_building(study), operating))
    study = with_selection(study)
    study["agreement"]["funding"].pop("slip")
    study = with_pipelines(study)
    # the ceiling has to make room for the pipelines beside the six projects
    study["agreement"]["funding"].update(commitment=2600, take_up={"uniform": {"min": 1500, "max": 4000}})
    return study
