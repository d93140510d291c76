"""Every kind of mistake: its line is found by looking for the culprit in the text, not by the code under test."""

from pathlib import Path
from typing import NamedTuple

import pytest

from spvrisk.config import load_study
from spvrisk.errors import InputError

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")


class Mistake(NamedTuple):
    old: str
    new: str
    culprit: str
    path: str
    rule: str
    remedy: str


MISTAKES = {
    "misspelt key": Mistake(
        "spend_curve: {a: 2, b: 3}",
        "spend_kurve: {a: 2, b: 3}",
        "spend_kurve",
        "projects.gas_plant.construction.spend_kurve",
        "is not a key here",
        "did you mean spend_curve?",
    ),
    "per cent for a share": Mistake(
        "inflation_share: 0.3",
        "inflation_share: 55",
        "inflation_share: 55",
        "projects.gas_plant.construction.inflation_share",
        "must lie in [0, 1]",
        "write 0.55 for 55 %",
    ),
    "clock that leads nowhere": Mistake(
        "outcome: {settled: 0.6, high: 0.4}",
        "outcome: {temporary: 0.6, high: 0.4}",
        "outcome: {temporary",
        "regimes.trade.states.temporary.expires.outcome.temporary",
        "a clock must lead to another state",
        "define another state",
    ),
    "unknown factor": Mistake(
        "fuel: {factor: gas,",
        "fuel: {factor: gaz,",
        "gaz",
        "projects.gas_plant.operation.fuel.factor",
        "must name a factor",
        "did you mean gas?",
    ),
    "key twice": Mistake(
        "  port:",
        "  gas_plant: {}\n  port:",
        "  gas_plant: {}",
        "projects.gas_plant",
        "appears twice, first in line",
        "keep one",
    ),
    "tab": Mistake("  port:", "\tport:", "\tport:", "", "must be YAML 1.2", "spaces"),
    "colon in text": Mistake("currency: USD ", "currency: USD: x ", "USD: x", "", "must be YAML 1.2", "quotes"),
    "key missing": Mistake(
        "    budget: 400\n", "", "    sector: port", "projects.port.budget", "the key is missing", "money units"
    ),
    "stack of a project": Mistake(
        "    sector: port\n",
        "    sector: port\n    stack: {loans: 1}\n",
        "stack",
        "projects.port.stack",
        "is not a key here",
        "allowed",
    ),
    "probabilities": Mistake(
        "same_course: 0.5, new_course: 0.5",
        "same_course: 0.5, new_course: 0.6",
        "same_course: 0.5, new_course: 0.6",
        "events.election.probabilities.1.is",
        "probabilities must add up to 1",
        "change them by",
    ),
    "law parameter": Mistake(
        "{p10: 0.95, p90: 1.6}",
        "{p10: 1.6, p90: 0.95}",
        "p90: 0.95",
        "projects.port.construction.overrun.lognormal.p90",
        "must be at least p10",
        "put them in order",
    ),
    "spend curve without a table": Mistake(
        "spend_curve: {a: 2, b: 3}",
        "spend_curve: {a: 2, b: 0.1}",
        "b: 0.1}",
        "projects.gas_plant.construction.spend_curve.b",
        "must lie in [0.5, 100]",
        "write a number in [0.5, 100]",
    ),
    "money unit too small": Mistake(
        "money_unit: 1000000", "money_unit: 1.0e-300", "1.0e-300", "study.money_unit", "must lie in", "write a number"
    ),
    "budget too large": Mistake(
        "budget: 400", "budget: 1.0e+308", "1.0e+308", "projects.port.budget", "must lie in (0, 1e+12]", "write a"
    ),
    "outcome that is taken": Mistake(
        "      same_course: {moves: {}}\n",
        "      same_course: {moves: {}}\n      undefined: {moves: {}}\n",
        "undefined: {moves",
        "events.election.outcomes.undefined",
        "is reserved for an event that does not take place",
        "rename it",
    ),
    "thousands separator": Mistake(
        "budget: 1200 ",
        'budget: "1,200" ',
        '"1,200"',
        "projects.gas_plant.budget",
        "must be a number",
        "nothing between thousands",
    ),
    "thousands separator in braces": Mistake(
        "run: {paths: 20000, seed: 1}",
        "run: {paths: 20,000, seed: 1,234,567}",
        "20,000",
        "run.paths",
        "must be a whole number",
        "nothing between thousands",
    ),
    "thousands separators in braces": Mistake(
        "run: {paths: 20000, seed: 1}",
        "run: {paths: 20000, seed: 1,234,567}",
        "1,234,567",
        "run.seed",
        "must be a whole number",
        "write 1234567",
    ),
    "decimal comma in braces": Mistake(
        "sd: 0.05}",
        "sd: 0,05}",
        "sd: 0,05}",
        "projects.gas_plant.operation.availability.law.beta.sd",
        "must be a number",
        "write 0.05",
    ),
    "table without braces": Mistake(
        "projects:\n",
        "projects: projects.csv\nothers:\n",
        "projects: projects.csv",
        "projects",
        "must be a mapping by name",
        "write projects: {table: projects.csv, template: {...}}",
    ),
    "mean overrun as a multiple": Mistake(
        "reference_class: {mean: 0.16,",
        "reference_class: {mean: 1.16,",
        "mean: 1.16",
        "projects.gas_plant.construction.overrun.reference_class.mean",
        "must be the mean overrun, not cost over budget",
        "the mean is a share here, as is tail_mean: write 0.16",
    ),
    "infinity": Mistake("budget: 400", "budget: .inf", ".inf", "projects.port.budget", "finite number", "finite"),
    "date that is none": Mistake(
        "2026-03-02", "2026-02-30", "2026-02-30", "projects.gas_plant.notice_date", "must be a date", "year-month-day"
    ),
    "boolean for a number": Mistake(
        "budget: 400", "budget: true", "budget: true", "projects.port.budget", "must be a number", "plain number"
    ),
    "boolean for a choice": Mistake(
        "steps_per_year: 4", "steps_per_year: true", "steps_per_year", "study.steps_per_year", "one of 1, 2", "one of"
    ),
    "two families": Mistake(
        "price: 6 ",
        "price: {fixed: 6, normal: {mean: 6, sd: 1}}",
        "sd: 1}}",
        "projects.port.operation.contract.price.normal",
        "exactly one family",
        "null",
    ),
    "unknown family": Mistake(
        "price: 6 ",
        "price: {log_normal: {mean: 6, sd: 1}}",
        "log_normal",
        "projects.port.operation.contract.price.log_normal",
        "not a family of laws",
        "did you mean lognormal?",
    ),
    "inside a mixture": Mistake(
        "beta: {mean: 0.85, sd: 0.1}",
        "beta: {mean: 0.85, sd: 1.1}",
        "sd: 1.1",
        "projects.gas_plant.operation.contract.share.mixture.1.law.beta.sd",
        "must be below sqrt",
        "write less",
    ),
    "mixture weights": Mistake(
        "weight: 0.75",
        "weight: 0.7",
        "weight: 0.7,",
        "projects.gas_plant.operation.contract.share.mixture",
        "weights must add up to 1",
        "change them by 0.05",
    ),
    "availability above 1": Mistake(
        "law: {beta: {mean: 0.8, sd: 0.08}}",
        "law: {normal: {mean: 0.8, sd: 0.08}}",
        "normal: {mean: 0.8",
        "projects.port.operation.availability.law",
        "must lie in [0, 1]",
        "truncate: [0, 1]",
    ),
    "duration below 0": Mistake(
        "{pert: {min: 0.9,",
        "{pert: {min: -0.9,",
        "min: -0.9",
        "projects.port.construction.duration",
        "must be above 0",
        "truncate",
    ),
    "phases": Mistake(
        "planned_duration_years: 3.5",
        "phases: [{share: 0.5, planned_duration_years: 2}, {share: 0.6, planned_duration_years: 3.5}]",
        "phases:",
        "projects.gas_plant.construction.phases",
        "shares must add up to 1",
        "change them by -0.1",
    ),
    "two processes": Mistake(
        "gbm: {start: 0.9,",
        "vasicek: {start: 1, mean: 1, kappa: 1, sigma: 0.1}, gbm: {start: 0.9,",
        "kappa: 1, sigma: 0.1}, gbm",
        "factors.eur_per_usd.process",
        "exactly one process",
        "keep one",
    ),
    "gbm without drift": Mistake(
        "gbm: {start: 1, drift: 0.03, sigma: 0.02}",
        "gbm: {start: 1, sigma: 0.02}",
        "gbm: {start: 1, sigma",
        "factors.wages.process.gbm",
        "needs drift",
        "parity",
    ),
    "index that does not start at 1": Mistake(
        "gbm: {start: 1, drift",
        "gbm: {start: 2, drift",
        "indices: {wages: 0.5",
        "projects.gas_plant.construction.indices.wages",
        "must start at 1",
        "divide the factor's start",
    ),
    "rate in per cent": Mistake(
        "vasicek: {start: 0.04",
        "vasicek: {start: 4",
        "vasicek: {start: 4",
        "factors.base_rate.process.vasicek.start",
        "must lie in [-1, 1]",
        "write 0.04 for 4 %",
    ),
    "curve out of order": Mistake(
        "[10, 0.026], [30, 0.028]",
        "[10, 0.026], [3, 0.028]",
        "[3, 0.028]",
        "curves.eur.knots.2.0",
        "years must rise",
        "order the knots",
    ),
    "knot without a value": Mistake("[10, 0.026]", "[10]", "[10]", "curves.eur.knots.1", "2 items", "write them all"),
    "a word for a curve": Mistake(
        "mean: {value: 1, growth: 0.02}",
        "mean: one",
        "mean: one",
        "factors.steel.process.ou.mean",
        "a number or a curve",
        "{value: 4",
    ),
    "season": Mistake(
        "floor: 0.5}",
        "season: [1, 1.2, 1, 1]}",
        "season",
        "factors.gas.season",
        "must have mean 1",
        "divide each by 1.05",
    ),
    "pair twice": Mistake(
        "gas: {power: 0.6}",
        "gas: {power: 0.6}\n    power: {gas: 0.6}",
        "power: {gas",
        "correlation.pairs.power.gas",
        "each pair must be named once",
        "remove one",
    ),
    "correlation beyond 1": Mistake(
        "power: 0.6}", "power: 60}", "power: 60", "correlation.pairs.gas.power", "must lie in [-1, 1]", "write 0.6"
    ),
    "copula without nu": Mistake(
        "correlation:\n", "correlation:\n  copula: t\n", "copula: t", "correlation", "t", "add"
    ),
    "unknown initial state": Mistake(
        "state: temporary", "state: temp", "state: temp,", "regimes.trade.initial.state", "a state", "temporary"
    ),
    "expired initial state": Mistake(
        "since: 2026-02-24",
        "since: 2025-02-24",
        "since: 2025",
        "regimes.trade.initial.since",
        "would have expired on 2025-07-24",
        "state of the value date",
    ),
    "hazard to nowhere": Mistake(
        "high: {settled: 0.3}", "high: {gone: 0.3}", "gone", "regimes.trade.hazards.high.gone", "a state", "allowed"
    ),
    "negative hazard": Mistake(
        "high: {settled: 0.3}",
        "high: {settled: -0.3}",
        "settled: -0.3",
        "regimes.trade.hazards.high.settled",
        "must lie in [0, 1e+09]",
        "write",
    ),
    "attribute lacking": Mistake(
        "settled: {attributes: {equipment_tariff: 0.05}}",
        "settled: {}",
        "settled: {}",
        "regimes.trade.states.settled",
        "the same attributes",
        "add equipment_tariff",
    ),
    "unknown move": Mistake(
        "moves: {trade: settled}",
        "moves: {trade: setled}",
        "setled",
        "events.election.outcomes.new_course.moves.trade",
        "must name a state of trade",
        "did you mean settled?",
    ),
    "past event": Mistake(
        "date: 2028-11-07", "date: 2025-11-07", "date: 2025", "events.election.date", "before the value date", "out"
    ),
    "event that waits for itself": Mistake(
        "when: {regimes: {trade: high}}",
        "when: {outcomes: {election: new_course}}",
        "outcomes: {election",
        "events.election.probabilities.0.when.outcomes.election",
        "an event before this one",
        "remove the condition",
    ),
    "last rule has a condition": Mistake(
        "- {is: {same_course: 0.5",
        "- {when: {regimes: {trade: settled}}, is: {same_course: 0.5",
        "trade: settled}}, is",
        "events.election.probabilities.1.when",
        "last rule must have no `when`",
        "all other cases",
    ),
    "shares of the split": Mistake(
        "second_share: 0.1",
        "second_share: 0.6",
        "second_share: 0.6",
        "agreement.split.second_share",
        "at most first_share",
        "swap",
    ),
    "unknown mode": Mistake(
        "mode: periodic", "mode: peridic", "peridic", "agreement.split.mode", "must be one of", "did you mean periodic?"
    ),
    "keys of another mode": Mistake(
        "mode: periodic", "mode: none", "spread: 0.015", "agreement.split.spread", "is not a key", "funder_share"
    ),
    "party without fx": Mistake(", fx: eur_per_usd", "", "funder:", "parties.funder", "needs fx", "add fx"),
    "correlation of projects": Mistake(
        "{all: 0.2, class: 0.4, cost_delay: 0.6}\n      indices: {wages: 0.6",
        "{all: 0.5, class: 0.4, cost_delay: 0.6}\n      indices: {wages: 0.6",
        "all: 0.5",
        "projects.port.construction.correlation.class",
        "at least all (0.5)",
        "class",
    ),
    "imports without a tariff": Mistake(
        "      equipment_tariff: {regime: trade, attribute: equipment_tariff}\n",
        "",
        "imported_share",
        "projects.gas_plant.construction.imported_share",
        "needs equipment_tariff",
        "add equipment_tariff",
    ),
    "cost per MW of a port": Mistake(
        "{per_year: 18.0e6,",
        "{per_mw_year: 18,",
        "per_mw_year: 18",
        "projects.port.operation.fixed_om.per_mw_year",
        "needs capacity_mw",
        "per_year",
    ),
    "weights of indices": Mistake(
        "indices: {wages: 0.6, steel: 0.4}",
        "indices: {wages: 60, steel: 40}",
        "wages: 60",
        "projects.port.construction.indices.steel",
        "must lie in [0, 1]",
        "write 0.4 for 40 %",
    ),
    "weights that do not add up": Mistake(
        "indices: {wages: 0.6, steel: 0.4}",
        "indices: {wages: 0.6, steel: 0.3}",
        "wages: 0.6, steel: 0.3}",
        "projects.port.construction.indices",
        "weights must add up to 1",
        "change them by 0.1",
    ),
    "unknown attribute": Mistake(
        "{regime: trade, attribute: equipment_tariff}",
        "{regime: trade, attribute: tariff}",
        "attribute: tariff}",
        "projects.gas_plant.construction.equipment_tariff.attribute",
        "must name an attribute of trade",
        "did you mean equipment_tariff?",
    ),
    "unknown curve": Mistake(
        "discount: {study: usd, local: eur}",
        "discount: {study: usd, local: eu}",
        "local: eu}",
        "parties.funder.discount.local",
        "must name a curve",
        "did you mean eur?",
    ),
    "two capacities": Mistake(
        "capacity_mw: 600",
        "capacity_mw: 600\n    capacity: 3",
        "    capacity: 3",
        "projects.gas_plant.capacity",
        "either capacity_mw or capacity",
        "one of them",
    ),
    "bad name": Mistake("  port:\n", "  9port:\n", "9port", "projects.9port", "begins with a letter", "rename"),
    "name of a result": Mistake(
        "  port:\n", "  scheme:\n", "scheme", "projects.scheme", "unit of the results", "rename"
    ),
    "level": Mistake('"0.5"', '"50"', '"50"', "output.quantiles.1", "between 0 and 1", '"0.95"'),
    "half a step": Mistake(
        "horizon_years: 40", "horizon_years: 40.1", "40.1", "study.horizon_years", "whole number of steps", "round"
    ),
    "list for a mapping": Mistake("\nrun: {", "\nrun: []\nrunn: {", "run: []", "run", "must be a mapping", "indented"),
    "tag": Mistake("budget: 400", "budget: !!python/name:os.system 400", "!!python", "", "tags", "remove the tag"),
    "merge key": Mistake("  port:\n", "  port:\n    <<: {}\n", "<<", "projects.port.<<", "no merge keys", "include"),
    "alias of nothing": Mistake("budget: 400", "budget: *x", "*x", "", "needs an anchor", "&x"),
}


def write(folder: Path, mistake: Mistake) -> Path:
    assert mistake.old in TEXT
    path = folder / "s.yaml"
    path.write_text(TEXT.replace(mistake.old, mistake.new, 1), encoding="utf-8")
    return path


def line_of(path: Path, culprit: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if culprit in line]
    return number


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistake__names_place_rule_and_remedy(mistake: Mistake, tmp_path: Path) -> None:
    path = write(tmp_path, mistake)
    with pytest.raises(InputError) as caught:
        load_study(path)
    found = [problem for problem in caught.value.problems if problem.path == mistake.path]
    assert found, str(caught.value)
    assert any(mistake.rule in problem.rule and mistake.remedy in problem.remedy for problem in found), found
    file, line = found[0].place.split(":")
    assert file == "s.yaml"
    assert abs(int(line) - line_of(path, mistake.culprit)) <= 2
    assert all(problem.remedy for problem in caught.value.problems)


def test_mistakes__are_reported_all_at_once_in_order_of_place(tmp_path: Path) -> None:
    text = TEXT
    for name in ("per cent for a share", "unknown factor", "probabilities", "past event", "unknown mode"):
        text = text.replace(MISTAKES[name].old, MISTAKES[name].new, 1)
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_study(path)
    places = [int(problem.place.split(":")[1]) for problem in caught.value.problems]
    paths = {problem.path for problem in caught.value.problems}
    assert places == sorted(places)
    assert paths >= {
        "projects.gas_plant.construction.inflation_share",
        "projects.gas_plant.operation.fuel.factor",
        "events.election.probabilities.1.is",
        "agreement.split.mode",
    }


@pytest.mark.parametrize(
    ("content", "line", "rule"),
    [
        (b"", 1, "must not be empty"),
        (b"# only a comment\n", 1, "must not be empty"),
        (b"- a\n- b\n", 1, "must be a mapping of keys"),
        (b"study: {}\nx: \xff\xfe\n", 2, "must be UTF-8"),
        (b"study: {}\nx: \x00\n", 2, "must be text without control characters"),
        (b"a: 1\n---\nb: 2\n", 2, "one document"),
        (b"a: 1\nb: [1, 2\n", 2, "must be YAML 1.2"),
        (b'a: 1\nb: "x\n', 2, "must be YAML 1.2"),
        (b"a: 1\n? [b]\n: 2\n", 2, "a key must be a plain name"),
        (b"[" * 5000, 1, "must not nest deeper"),
        (b"a: &a [*a]\n", 1, "needs an anchor before it"),
        (b"%YAML 1.1\n---\na: 1\n", 2, "must be YAML 1.2"),
    ],
    ids=lambda value: str(value)[:16],
)
def test_file__that_is_no_study(content: bytes, line: int, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_study(path)
    (problem,) = caught.value.problems
    assert rule in problem.rule and problem.remedy
    assert abs(int(problem.place.removeprefix("s.yaml:")) - line) <= 2


def test_file__bomb_of_aliases_is_refused(tmp_path: Path) -> None:
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    path = tmp_path / "s.yaml"
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match="must not hold more than 300000 values"):
        load_study(path)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_file__that_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read.*check the path"):
        load_study(tmp_path / name)
