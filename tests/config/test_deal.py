"""The clauses of a deal as models: what a file says, what is left out, and what looks like a slip."""

import json
from datetime import date
from pathlib import Path

import pytest

from spvrisk.config import Law, Study, load, load_study
from spvrisk.config.defaults import defaults
from spvrisk.config.study.clock import AttributeRef
from spvrisk.config.study.construction import FundingCap
from spvrisk.config.study.operation import Operation
from spvrisk.config.study.selection import DecisionShares, GoAhead
from spvrisk.errors import InputError, Problem
from spvrisk.plan.compile import compile_study
from spvrisk.plan.digest import plan_sha256

FILE = Path(__file__).parent / "data" / "deal.yaml"
TEXT = FILE.read_text(encoding="utf-8")
STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"


@pytest.fixture(scope="module")
def deal() -> Study:
    return load_study(FILE)


def changed(folder: Path, *edits: tuple[str, str]) -> Path:
    text = TEXT
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, *overrides: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load(path, overrides)
    return caught.value.problems


def value(law: Law | None) -> float:
    assert law is not None and law.family == "fixed"
    return float(law.parameters["value"])


def test_deal__loads_without_warnings() -> None:
    assert load(FILE).warnings == []


def test_funding__as_the_file_says(deal: Study) -> None:
    funding = deal.agreement.funding
    assert (funding.commitment, funding.annual_cap, funding.deadline) == (9000, 2500, date(2029, 1, 19))
    assert funding.slip is not None and funding.slip.bounds() == (0, 20)
    assert funding.take_up is not None and funding.take_up.family == "beta"
    decision = funding.decision
    assert decision is not None and (decision.regime, decision.delay_days) == ("deal", 183)
    assert decision.by_state["performing"] == DecisionShares(fund=0.9, delay=0.06, decline=0.04)
    assert [(row.probability, row.moves) for row in decision.triggers] == [
        (1, {"deal": "breach"}),
        (0.4, {"tariffs": "high"}),
    ]


def test_clock__as_the_file_says(deal: Study) -> None:
    states = deal.regimes["deal"].states
    assert [(state.stops_calls, state.arrival_multiplier) for state in states.values()] == [
        (False, 1.0),
        (False, 0.5),
        (True, 0.0),
    ]
    assert deal.events["summit"].outcomes["success"].scale_arrivals == {"more": 2}


def test_projects__as_the_file_says(deal: Study) -> None:
    plant, port = deal.projects.values()
    assert plant.go_ahead is not None and plant.go_ahead.probability == 0.8
    built = plant.construction
    assert built.funding_cap == FundingCap(multiple=1, above="share", funder_share=0.8, ceiling=3)
    assert built.review is not None and built.review.reveal == 1.5
    assert built.review.dates == (date(2027, 3, 31), date(2028, 3, 31), date(2029, 3, 31))
    assert built.subscription is not None and built.subscription.by == date(2028, 1, 1)
    assert (built.subscription.required, built.subscription.correlation) == (0.5, -0.5)
    assert built.termination_fee == 0.005
    run = plant.operation
    assert (run.ramp_up, run.degradation, run.volume_factor) == ((0.6, 0.9), 0.003, "flow_volume")
    assert (run.dispatch, run.abandon_after_years) == ("economic", 5)
    assert run.contract is not None and (run.contract.offtaker, run.contract.default_discount) == ("data_centre", 0.05)
    assert run.tax is not None and run.tax.nol_limit == 0.8
    assert run.senior_debt is not None and run.senior_debt.share == 0.4
    assert run.developer_fee is not None and run.developer_fee.tolerance == 0.05
    assert plant.side_flows["supply_chain"].while_ == {"deal": ("performing", "breach"), "tariffs": ("low",)}
    assert deal.side_flows["relief"].rate == AttributeRef(regime="tariffs", attribute="relief")
    assert deal.side_flows["goodwill"].rate == 0.5
    assert port.construction.review is not None and value(port.construction.review.threshold) == 2.5
    assert port.construction.review.dates is None


def test_titles__names_stand_in(deal: Study) -> None:
    assert deal.offtakers["utility"].title.en == "utility"
    assert deal.offtakers["data_centre"].title.en == "A data centre"
    assert deal.pipelines["more"].template.title.en == "Plants to come"


def test_blocks__left_out_are_off() -> None:
    study = load_study(STARTER)
    funding = study.agreement.funding
    assert (funding.slip, funding.commitment, funding.take_up, funding.deadline) == (None,) * 4
    assert (funding.annual_cap, funding.decision) == (None, None)
    assert (study.offtakers, study.pipelines, study.side_flows) == ({}, {}, {})
    for project in study.projects.values():
        built, run = project.construction, project.operation
        assert (project.go_ahead, project.side_flows, built.termination_fee) == (None, {}, 0.0)
        assert (built.start_delay, built.uplift, built.funding_cap, built.review) == (None,) * 4
        assert (built.subscription, built.salvage, built.shortfall) == (None,) * 3
        assert (run.ramp_up, run.degradation, run.volume_factor, run.dispatch) == ((), 0.0, None, "must_run")
        assert (run.capacity_payment, run.output_credit, run.senior_debt, run.developer_fee) == (None,) * 4
        assert run.abandon_after_years is None and run.tax is not None and run.tax.nol_limit == 0.0


def test_go_ahead__is_of_the_whole_project_where_nothing_is_said() -> None:
    assert value(GoAhead(probability=0.5).size_share) == 1.0


def test_study__is_the_same_after_json(deal: Study) -> None:
    text = json.dumps(deal.model_dump(mode="json", by_alias=True))
    assert Study.model_validate(json.loads(text)) == deal


def test_defaults__say_nothing_of_what_is_left_out(tmp_path: Path) -> None:
    path = changed(tmp_path, (", size_share: {uniform: {min: 0.5, max: 1}}", ""))
    loaded = load(path)
    found = {default.path: default for default in defaults(loaded.study, loaded.places.given())}
    assert found["projects.*.go_ahead.size_share"][1:] == (1.0, 1, 2)
    assert found["pipelines.*.template.operation.dispatch"][1:] == ("must_run", 1, 1)
    assert found["projects.*.construction.review.reveal"][1:] == (1.0, 1, 2)
    assert found["regimes.*.states.*.arrival_multiplier"][1:] == (1.0, 3, 5)
    silent = [path for path, default in found.items() if default.value in (None, {}, ())]
    assert silent == ["run.workers", "run.memory_mib", "run.disk_mib", "run.uncertainty", "output.paths"]
    assert not [path for path in found if path.endswith((".title.en", ".ramp_up", "side_flows", ".scale_arrivals"))]


def test_set__reaches_the_new_keys() -> None:
    study = load(
        FILE,
        (
            "agreement.funding.commitment=5000",
            "pipelines.more.template.operation.dispatch=economic",
            "projects.port.go_ahead.probability=0.5",
            "side_flows.relief.rate.attribute=relief",
            "projects.plant.construction.review.dates=[2029-01-01]",
        ),
    ).study
    assert study.agreement.funding.commitment == 5000
    assert study.pipelines["more"].template.operation.dispatch == "economic"
    assert study.projects["port"].go_ahead is not None
    (found,) = problems(FILE, "pipelines.mor.max_count=3")
    assert "did you mean more?" in found.remedy
    (found,) = problems(FILE, "projects.port.construction.funding_cap.multipel=3")
    assert "did you mean multiple?" in found.remedy


def test_table__has_columns_for_the_new_keys(tmp_path: Path) -> None:
    head, _, rest = TEXT.partition("\nprojects:\n  plant:\n")
    plant, _, tail = rest.partition("  port:\n")
    template = "\nprojects:\n  table: p.csv\n  template:\n" + "".join(f"  {line}\n" for line in plant.splitlines())
    text = head + template + "\nside_flows:" + tail.partition("\nside_flows:")[2]
    text = text.replace("delays: {plant: 3}, ", "").replace(", offtaker: utility", "")
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    rows = "name,go_ahead.probability,construction.funding_cap.multiple,operation.ramp_up\na,0.5,1.5,\nb,,,[0.3]\n"
    (tmp_path / "p.csv").write_text(rows, encoding="utf-8")
    first, second = load_study(tmp_path / "s.yaml").projects.values()
    assert first.go_ahead is not None and first.go_ahead.probability == 0.5
    assert first.construction.funding_cap is not None and first.construction.funding_cap.multiple == 1.5
    assert (first.operation.ramp_up, second.operation.ramp_up) == ((0.6, 0.9), (0.3,))


@pytest.mark.parametrize(
    ("old", "new", "path", "rule"),
    [
        ("degradation: 0.003", "degradation: 0.3", "projects.plant.operation.degradation", "more than 5% a year"),
        ("termination_fee: 0.005", "termination_fee: 0.6", "projects.plant.construction.termination_fee", "above 0.5"),
        ("default_hazard: 0.002}", "default_hazard: 2}", "offtakers.utility.default_hazard", "above 1 a year"),
        ("{mean: 0.75}", "{mean: 12}", "projects.plant.construction.start_delay", "a mean above 10 years"),
        ("{mean: 0.5}", "{mean: 18}", "pipelines.more.template.construction.start_delay", "a mean above 10 years"),
        ("multiple: 1,", "multiple: 0.01,", "projects.plant.construction.funding_cap.multiple", "outside [0.5, 10]"),
        ("multiple: 1.2", "multiple: 120", "pipelines.more.template.construction.funding_cap.multiple", "outside"),
        ("[0, 5, 20]", "[0, 5, 9000]", "agreement.funding.slip", "a mean above 250 business days"),
        ("commitment: 9000", "commitment: 900", "agreement.funding.commitment",
         "less than the announced budgets (1600)"),
        ("min_size: 250", "min_size: 5000", "pipelines.more.min_size", "above the largest size (3000)"),
        ("initial: {state: performing,", "initial: {state: terminated,", "regimes.deal.initial.state",
         "stops calls from the value date on"),
        (", offtaker: utility", "", "offtakers.utility", "no contract names the offtaker"),
        ("rate: 0.008", "rate: 8", "projects.plant.side_flows.vendor_margin.rate", "more than the whole spend"),
        ("{factor: capacity_price, credit: 0.65}", "null", "factors.capacity_price", "no project or party uses"),
        ("volume_factor: flow_volume", "volume_factor: null", "factors.flow_volume", "no project or party uses"),
        ("horizon_years: 40}", "horizon_years: 25}", "pipelines.more.template", "ends before the deemed life"),
        ("years: 10, escalator: 0.02", "years: 10, escalator: 0.9",
         "projects.plant.operation.output_credit.escalator", "more than 50% a year"),
        ("annual_cap: 2500", "annual_cap: 100", "agreement.funding.annual_cap", "a tenth of the largest budget (1200)"),
        ("mean: 8000, sd: 1000, min: 4000", "mean: 1500, sd: 100, min: 400", "agreement.funding.take_up",
         "a mean below the announced budgets (1600)"),
        ("max_count: 20", "max_count: 9", "pipelines.more.max_count", "too few: 7.02 arrivals are expected"),
        ("arrivals_per_year: 2.5", "arrivals_per_year: 0", "pipelines.more.arrivals_per_year",
         "lets no project arrive"),
        ("{fund: 0.9, delay: 0.06, decline: 0.04}\n        breach: {fund: 0.5, delay: 0.3, decline: 0.2}\n"
         "        terminated: {fund: 0, delay: 0, decline: 1}",
         "{delay: 1}\n        breach: {delay: 1}\n        terminated: {delay: 1}",
         "agreement.funding.decision.by_state", "delays in every state"),
        ("{fund: 0.9, delay: 0.06, decline: 0.04}\n        breach: {fund: 0.5, delay: 0.3, decline: 0.2}\n"
         "        terminated: {fund: 0, delay: 0, decline: 1}",
         "{fund: 1}\n        breach: {fund: 1}\n        terminated: {fund: 1}",
         "agreement.funding.decision.triggers", "no state ever declines"),
        ("[2027-03-31, 2028-03-31, 2029-03-31]", "[2041-03-31]", "projects.plant.construction.review.dates",
         "no date while the project is built"),
        ("dates: [2027-03-31, 2028-03-31, 2029-03-31]}\n      subscription: {share: {beta: {mean: 0.7, sd: 0.15}}, "
         "required: 0.5, by: 2028-01-01",
         "dates: [2027-03-31, 2045-03-31]}\n      subscription: {share: {beta: {mean: 0.7, sd: 0.15}}, "
         "required: 0.5, by: 2044-01-01", "projects.plant.construction.subscription.by", "lies after the works"),
        ("{triangular: {min: 1, mode: 1.1, max: 1.5}}", "{triangular: {min: 1, mode: 11, max: 15}}",
         "projects.plant.construction.uplift", "a mean above 5"),
        ("overrun: {lognormal: {mean: 1.2, sd: 0.2}}", "overrun: {lognormal: {mean: 120, sd: 20}}",
         "pipelines.more.template.construction.overrun", "a mean above 5"),
        ("ou: {start: 1, mean: 1,", "ou: {start: 0.01, mean: 1,", "projects.plant.operation.volume_factor",
         "starts outside [0.1, 10]"),
        ("{uniform: {min: 20, max: 60}}", "{uniform: {min: 2000, max: 6000}}",
         "projects.plant.operation.developer_fee.amount", "a mean above 50% of the budget (1200)"),
        ("years: 18, tolerance", "years: 38, tolerance", "projects.plant.operation.developer_fee.years",
         "longer than the life (30 years)"),
        ("tenor_years: 17", "tenor_years: 45", "stack.tenor_years", "longer than the horizon (40 years)"),
        ("wait_years: 0.5", "wait_years: 50", "stack.insurer.wait_years", "nothing is ever claimed"),
        ("premium: 0.007, ", "", "stack.insurer", "charges no premium"),
        ("premium: 0.007", "premium: 0.7", "stack.insurer.premium", "above 5% a year"),
        ("policy_loan: {share: 0.32, margin: 0.011}\n  policy_equity: {share: 0.02}\n  commercial_loan: {share: 0.66,",
         "policy_loan: {share: 0.98, margin: 0.011}\n  policy_equity: {share: 0.02}\n  commercial_loan: {share: 0,",
         "stack.insurer", "no commercial loan to insure"),
        ("after_years: 18", "after_years: 48", "agreement.split.adjust.after_years", "the shares never change"),
        ("years: 3}", "years: 0.1}", "agreement.catch_up.years", "shorter than a step"),
        ("{fund: 0.9, delay: 0.06, decline: 0.04}\n        breach: {fund: 0.5, delay: 0.3, decline: 0.2}\n"
         "        terminated: {fund: 0, delay: 0, decline: 1}",
         "{fund: 1}\n        breach: {fund: 1}\n        terminated: {fund: 1}",
         "agreement.catch_up", "no state ever declines"),
        ("price: 75", "price: {normal: {mean: 75, sd: 9}}", "projects.plant.operation.contract.price",
         "may be negative"),
        ("life_years: 25", "life_years: 15", "pipelines.more.template.operation.life_years", "shorter than the deemed"),
        ("notice_date: 2026-03-16", "notice_date: 2029-03-16", "projects.port.notice_date", "after the deadline"),
    ],
)  # fmt: skip
def test_odd_value__is_a_warning(old: str, new: str, path: str, rule: str, tmp_path: Path) -> None:
    warnings = load(changed(tmp_path, (old, new))).warnings
    found = [warning for warning in warnings if warning.path == path]
    assert found and rule in found[0].rule and found[0].remedy, warnings
    assert found[0].place.startswith("s.yaml:")


def test_mistakes__of_all_parts_are_told_at_once(tmp_path: Path) -> None:
    edits = (
        ("offtaker: utility", "offtaker: utilty"),
        ("scale_arrivals: {more: 2}", "scale_arrivals: {mor: 2}"),
        ("max_count: 20", "max_count: 0"),
        ("reference_rate: base_rate, margin", "reference_rate: power, margin"),
        ("commitment: 9000", "commitment: 0"),
        ("{base: spend, rate: 0.008}", "{base: time, rate: 0.008}"),
        ("{tariffs: high}", "{tariffs: hihg}"),
        ("lag_business_days: 45", "lag_business_days: 45.5"),
        ("merchant: {factor: power}\n\nprojects:", "merchant: {factor: pwr}\n\nprojects:"),
    )
    found = problems(changed(tmp_path, *edits))
    paths = {problem.path for problem in found}
    assert paths >= {
        "projects.port.operation.contract.offtaker",
        "events.summit.outcomes.success.scale_arrivals.mor",
        "pipelines.more.max_count",
        "projects.plant.operation.senior_debt.reference_rate",
        "agreement.funding.commitment",
        "projects.plant.side_flows.vendor_margin.base",
        "agreement.funding.lag_business_days",
        "pipelines.more.template.operation.merchant.factor",
    }
    assert all(problem.place and problem.remedy for problem in found)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("process: {ou: {start: 1, mean: 1, kappa: 0.5, sigma: 0.1}}", "process: {deterministic: {curve: -1}}",
         "a multiple of output must not fall below 0"),
        ("[performing, breach]", "[performing, performing]", "is listed twice"),
        ("dates: [2027-03-31, 2028-03-31, 2029-03-31]", "dates: []", "needs a date"),
        ("rate: 0.5}", "rate: true}", "must be a number or an attribute"),
        ("rate: 0.5}", "rate: 1.0e+13}", "must lie in [-1e+12, 1e+12]"),
        ("rate: 0.5}", "rate: .nan}", "must be a finite number"),
        ("rate: 0.5}", "rate: {regime: tarifs, attribute: relief}}", "must name a regime"),
        ("attribute: relief}, while", "attribute: relief, of: 1}, while", "is not a key here"),
        ("size: {lognormal: {mean: 900, sd: 400}, truncate: [200, 3000]}",
         "size: {discrete: {values: [0, 900], probabilities: [0.5, 0.5]}}", "must be above 0"),
        ("size: {lognormal: {mean: 900, sd: 400}, truncate: [200, 3000]}",
         "size: {scipy: {name: gamma, args: {a: 2, scale: 400}}}", "must be above 0"),
    ],
)  # fmt: skip
def test_mistake__of_a_rarer_kind(old: str, new: str, rule: str, tmp_path: Path) -> None:
    found = problems(changed(tmp_path, (old, new)))
    assert [problem for problem in found if rule in problem.rule and problem.remedy]


def test_split__of_a_template_has_no_meaning_without_tiers(tmp_path: Path) -> None:
    start = TEXT.index("  split:\n    mode")
    tiers = TEXT[start : TEXT.index("  catch_up:")]
    edits = (
        (tiers, "  split: {mode: none, funder_share: 0.5}\n"),
        ("      budget: 1000\n", "      budget: 1000\n      split: {spread: 0.01}\n"),
    )
    (found,) = problems(changed(tmp_path, *edits))
    assert found.path == "pipelines.more.template.split" and "no meaning with split mode none" in found.rule


def test_law_of_scipy__is_not_said_to_reach_a_number(tmp_path: Path) -> None:
    edit = ("slip: {discrete: {values: [0, 5, 20], probabilities: [0.6, 0.3, 0.1]}}",
            "slip: {scipy: {name: poisson, args: {mu: 5}}}")  # fmt: skip
    (found,) = problems(changed(tmp_path, edit))
    assert found.value == "a law of scipy without a known lower end" and "truncate" in found.remedy
    event = ("date: 2027-05-20", "date: {from: 2027-05-20, days: {scipy: {name: norm, args: {scale: 90}}}}")
    (found,) = problems(changed(tmp_path, event))
    assert found.value == "a law of scipy without a known lower end" and "truncate: [-415, 3235]" in found.remedy


def test_operation__needs_no_fuel_for_economic_dispatch(deal: Study) -> None:
    port = deal.projects["port"].operation
    assert Operation.model_validate({**port.model_dump(by_alias=True), "dispatch": "economic"}).fuel is None


def test_capacity_factor__is_availability_by_another_name(tmp_path: Path) -> None:
    starter = STARTER.read_text(encoding="utf-8")
    first = starter.index("availability:")
    text = starter[:first] + starter[first:].replace("availability:", "capacity_factor:", 1)
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    ours, theirs = compile_study(load_study(tmp_path / "s.yaml")), compile_study(load_study(STARTER))
    assert plan_sha256(ours.plan) == plan_sha256(theirs.plan)


@pytest.mark.parametrize(
    ("override", "got", "path"),
    [
        ("projects.port.operation.availability=null", "neither", "projects.port.operation"),
        (
            "projects.port.operation.capacity_factor={law: 0.4, persistence: 0.5}",
            "both",
            "projects.port.operation.capacity_factor",
        ),
    ],
)
def test_operation__needs_one_of_availability_and_capacity_factor(override: str, got: str, path: str) -> None:
    (problem,) = problems(STARTER, override)
    assert (problem.path, problem.value, problem.rule) == (path, got, "needs either availability or capacity_factor")


DELAY = "      start_delay: {exponential: {mean: 0.75}}\n"
SWEEP = "  sweep: 0.9\n"
CAPITAL = "capital: 3000,"
SUMMIT = "date: 2027-05-20"
PORT = "  port:\n    notice_date: 2026-03-16\n"


def after_entry(entry: str, days: str = "30") -> str:
    return f"date: {{after: {entry}, days: {days}}}"


def with_book(in_force: str = "9000", loss_rate: str = "0.002", run_off_years: str = "15") -> str:
    return f"{CAPITAL} book: {{in_force: {in_force}, loss_rate: {loss_rate}, run_off_years: {run_off_years}}},"


def test_drawn_terms__as_the_file_says(tmp_path: Path) -> None:
    edits = (
        (DELAY, f"{DELAY}      planned_start_delay_years: 0\n"),
        (SWEEP, f"{SWEEP}  policy_share: {{beta: {{mean: 0.3, sd: 0.1}}}}\n"),
        (CAPITAL, with_book(loss_rate="{normal: {mean: 0.002, sd: 0.01}}").replace("3000,", "3000, reserves: 500,")),
        (SUMMIT, after_entry("{enters: {deal: breach}}")),
        (PORT, f"{PORT}    split: {{spread: {{uniform: {{min: 0.01, max: 0.02}}}}}}\n"),
        ("years: 18, tolerance", "years: {uniform: {min: 15, max: 20}}, tolerance"),
    )
    loaded = load(changed(tmp_path, *edits))
    study = loaded.study
    assert loaded.warnings == [] and study.stack is not None and study.stack.insurer is not None
    assert study.projects["plant"].construction.planned_start_delay_years == 0
    assert study.projects["port"].construction.planned_start_delay_years is None
    assert study.stack.policy_share is not None and study.stack.policy_share.family == "beta"
    insurer, timing = study.stack.insurer, study.events["summit"].date
    assert insurer.reserves == 500 and insurer.book is not None
    assert (insurer.book.in_force, insurer.book.loss_rate.family, insurer.book.run_off_years) == (9000, "normal", 15)
    assert (timing.event, timing.entered) == (None, ("deal", "breach"))
    split, fee = study.projects["port"].split, study.projects["plant"].operation.developer_fee
    assert split is not None and split.spread is not None and split.spread.bounds() == (0.01, 0.02)
    assert fee is not None and fee.years.bounds() == (15, 20)
    assert Study.model_validate(json.loads(study.model_dump_json(by_alias=True, exclude_none=True))) == study


@pytest.mark.parametrize(
    ("old", "new", "path", "rule", "got", "remedy"),
    [
        (DELAY, f"{DELAY}      planned_start_delay_years: -1\n",
         "projects.plant.construction.planned_start_delay_years", "must lie in [0, 100]", "-1", "a number in [0, 100]"),
        (DELAY, f"{DELAY}      planned_start_delay_years: {{uniform: {{min: 0, max: 1}}}}\n",
         "projects.plant.construction.planned_start_delay_years", "must be a number", "a mapping", "a plain number"),
        (DELAY, f"{DELAY}      planned_start_delay: 1\n",
         "projects.plant.construction.planned_start_delay", "is not a key here", "", "mean planned_start_delay_years?"),
        (SWEEP, f"{SWEEP}  policy_share: 33\n", "stack.policy_share", "must lie in [0, 1]", "33", "0.33 for 33 %"),
        (SWEEP, f"{SWEEP}  policy_share: {{uniform: {{min: 0.2, max: 1.4}}}}\n",
         "stack.policy_share", "must lie in [0, 1]", "a law that reaches 1.4", "truncate: [0, 1]"),
        (CAPITAL, f"{CAPITAL} reserves: -5,", "stack.insurer.reserves", "must lie in [0, 1e+15]", "-5", "a number in"),
        (CAPITAL, with_book(in_force="-9000"),
         "stack.insurer.book.in_force", "must lie in (0, 1e+15]", "-9000", "a number in (0, 1e+15]"),
        (CAPITAL, with_book(run_off_years="0"),
         "stack.insurer.book.run_off_years", "must lie in (0, 200]", "0", "a number in (0, 200]"),
        (CAPITAL, with_book().replace(", run_off_years: 15", ""),
         "stack.insurer.book.run_off_years", "the key is missing", "", "add run_off_years"),
        (CAPITAL, with_book(loss_rate="0.2 %"),
         "stack.insurer.book.loss_rate", "must be a law", '"0.2 %"', "write 0.002"),
        (PORT, f"{PORT}    split: {{spread: {{uniform: {{min: 1, max: 2}}}}}}\n",
         "projects.port.split.spread", "must lie in [-1, 1]", "a law that reaches 2", "0.015 for 1.5 %"),
        ("years: 18, tolerance", "years: 0, tolerance",
         "projects.plant.operation.developer_fee.years", "must be above 0", "0", "a number above 0"),
        ("years: 18, tolerance", "years: {normal: {mean: 17, sd: 2}}, tolerance",
         "projects.plant.operation.developer_fee.years", "must be above 0", "a law that reaches -inf", "truncate"),
        (SUMMIT, after_entry("{enters: {deal: breech}}"),
         "events.summit.date.after.enters.deal", "must name a state of deal", '"breech"', "did you mean breach?"),
        (SUMMIT, after_entry("{enters: {del: breach}}"),
         "events.summit.date.after.enters.del", "must name a regime", '"del"', "did you mean deal?"),
        (SUMMIT, after_entry("{enters: {deal: breach, tariffs: high}}"),
         "events.summit.date.after.enters", "must name one regime", "a mapping", "{deal: breach}"),
        (SUMMIT, after_entry("{entered: {deal: breach}}"),
         "events.summit.date.after.entered", "is not a key here", "", "did you mean enters?"),
        (SUMMIT, after_entry("{enters: {deal: breach}}", "-30"),
         "events.summit.date.days", "a delay must be at least 0", "a law that reaches -30", "truncate: [0,"),
        (SUMMIT, "date: {after: {enters: {deal: breach}}}",
         "events.summit.date", "`after` needs days", "", "days: <law>"),
        (SUMMIT, after_entry("{enters: {deal: breach}}, from: 2027-01-01"),
         "events.summit.date", "exactly one of on, from and after", "from, after", "write a date"),
    ],
)  # fmt: skip
def test_mistake__in_a_drawn_term(
    old: str, new: str, path: str, rule: str, got: str, remedy: str, tmp_path: Path
) -> None:
    file = changed(tmp_path, (old, new))
    found = [problem for problem in problems(file) if problem.path == path]
    assert found and rule in found[0].rule and remedy in found[0].remedy
    assert found[0].value == got
    line = next(n for n, text in enumerate(file.read_text("utf-8").splitlines(), 1) if text not in TEXT.splitlines())
    assert found[0].place == f"s.yaml:{line}"
