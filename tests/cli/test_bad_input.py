"""Kinds of bad input, through the real command: exit code 2, no traceback, the place, the rule, the value, a remedy.

Each is a small edit of the starter study, or a set of files beside it. The culprit's line is found by looking for it
in the text, not by the code under test. What each key of the language refuses is tested in
`tests/config/test_mistakes.py`; what only planning or `run` can see, in `test_run_mistakes.py`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from mutations import INTERNALS
from spvrisk.cli import main

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")
DEAL = (Path(__file__).parents[1] / "config" / "data" / "deal.yaml").read_text(encoding="utf-8")
"""A study with every clause of selection, funding, cancellation and operation, and side flows."""
HEAD, PROJECTS = TEXT.split("projects:\n")
PROJECTS, TAIL = PROJECTS.split("\nrun:")
GAS_PLANT = PROJECTS.split("  port:")[0].partition("\n")[2]
TABLE = HEAD + "projects:\n  table: projects.csv\n  template:\n"
TABLE += "".join(f"  {line}\n" for line in GAS_PLANT.splitlines())
"""The starter study with its projects in a table."""

PAIRS = "  pairs:\n    wages: {steel: 0.3}\n    gas: {power: 0.6}\n"
BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
BOMB += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30))


class Bad(NamedTuple):
    """One kind of bad input.

    Attributes
    ----------
    edits
        What is changed in `text`: pairs of old and new.
    rule, value, remedy
        Parts of the message, in this order.
    culprit
        Text that stands in the wrong line, and in no other.
    place
        Beginning of the message instead, for what is in no line.
    text
        The study before the edits.
    files
        Further files.
    arguments
        What follows the study on the command line.
    command
        The command.
    """

    edits: Mapping[str, str]
    rule: str
    value: str
    remedy: str
    culprit: str = ""
    place: str = ""
    text: str | bytes = TEXT
    files: Mapping[str, str | bytes] = {}
    arguments: tuple[str, ...] = ()
    command: str = "validate"

    def write(self, folder: Path) -> str:
        """Write all files and give the study's text."""
        text = self.text
        for old, new in self.edits.items():
            assert isinstance(text, str) and text.count(old) == 1, f"{old!r} must be there once"
            text = text.replace(old, new)
        for name, content in {**self.files, "study.yaml": text}.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return text if isinstance(text, str) else ""


def edit(old: str, new: str, rule: str, value: str, remedy: str, culprit: str = "") -> Bad:
    """An edit of the starter study; the culprit is the new text if nothing else is said."""
    return Bad({old: new}, rule, value, remedy, culprit or new)


def deal(old: str, new: str, rule: str, value: str, remedy: str, culprit: str = "") -> Bad:
    """An edit of the study with every clause of a deal."""
    return Bad({old: new}, rule, value, remedy, culprit or new, text=DEAL)


def whole(text: str | bytes, rule: str, value: str, remedy: str, place: str) -> Bad:
    """A file that is no study from its beginning to its end."""
    return Bad({}, rule, value, remedy, place=place, text=text)


def option(given: str, rule: str, value: str, remedy: str, path: str = "") -> Bad:
    """A mistake in the second of two --set."""
    where = f"--set 2 {path}:" if path else "--set 2:"
    return Bad({}, rule, value, remedy, place=where, arguments=("--set", "run.seed=3", "--set", given))


def output(name: str, rule: str, value: str, remedy: str) -> Bad:
    """A place where no result can be written."""
    return Bad(
        {}, rule, value, remedy, place="--out:", files={"there.h5": ""}, arguments=("--out", name), command="run"
    )


def projects(table: str, rule: str, value: str, remedy: str, place: str) -> Bad:
    """A mistake in a table of projects."""
    return Bad({}, rule, value, remedy, place=place, text=TABLE, files={"projects.csv": table})


def correlations(table: str, rule: str, value: str, remedy: str, place: str) -> Bad:
    """A mistake in a table of correlations."""
    edits = {PAIRS: "  table: corr.csv\n"}
    return Bad(edits, rule, value, remedy, place=place, files={"corr.csv": table})


def include(name: str, rule: str, value: str, remedy: str, files: Mapping[str, str | bytes], place: str = "") -> Bad:
    """A mistake with an included file, told where it is named if no place is given."""
    line = f"include: ['{name}']"
    return Bad({"\nstudy:\n": f"\n{line}\nstudy:\n"}, rule, value, remedy, "" if place else line, place, files=files)


NOTICE, WHEN = "notice_date: 2026-03-02", "write year-month-day, e.g. 2026-03-31"

KINDS = {
    # the file as a whole
    "alias bomb": whole(
        BOMB, "a file must not hold more than 300000 values, aliases written out", "", "fewer aliases", "study.yaml:6"
    ),
    "empty file": whole("", "a study file must not be empty", "nothing", "see `spvrisk init`", "study.yaml:1:"),
    "only a comment": whole("# soon\n", "must not be empty", "nothing", "see `spvrisk init`", "study.yaml:1:"),
    "list at the top": whole(
        "- a\n- b\n", "a study must be a mapping", "a list", "see `spvrisk init`", "study.yaml:1:",
    ),
    "text at the top": whole("a study\n", "a study must be a mapping", '"a study"', "see `spvrisk", "study.yaml:1:"),
    "binary file": whole(b"\x89PNG\r\n\x1a\n\x00", "must be UTF-8 text", "other bytes", "save", "study.yaml:1:"),
    "result file": whole(
        b"\x89HDF\r\n\x1a\n\x00", "must be a text file", "a result (HDF5)", "name what it was made", "study.yaml:1:"
    ),
    "not UTF-8": whole(b"study:\n  title: \xe9t\xe9\n", "must be UTF-8 text", "other bytes", "save", "study.yaml:2:"),
    "UTF-16": whole(TEXT.encode("utf-16"), "must be UTF-8 text", "other bytes", "save the file as", "study.yaml:1:"),
    "null bytes": whole("a: 1\nb: \0\n", "without control characters", r"'\x00'", "remove them", "study.yaml:2:"),
    "two documents": whole("a: 1\n---\nb: 2\n", "a file holds one document", "a second ---", "remove", "study.yaml:2:"),
    "YAML 1.1": whole("%YAML 1.1\n---\na: 1\n", "must be YAML 1.2", "another version", "remove the %", "study.yaml:2:"),
    "deep nesting": whole("[" * 99, "must not nest deeper than 40 levels", "", "check brackets", "study.yaml:1:"),
    # YAML
    "duplicate key": edit(
        "  port:\n", "  gas_plant: {}\n  port:\n", "appears twice, first in line 76", "", "keep one", "gas_plant: {}"
    ),
    "tab": edit("  port:\n", "\tport:\n", "must be YAML 1.2: found character '\\t'", "", "indent with spaces"),
    "open bracket": edit(
        "quantiles: [", "quantiles: [[", "must be YAML 1.2: expected ',' or ']'", "", "close the bracket"
    ),
    "open quotes": whole('a: 1\nb: "x\n', "must be YAML 1.2: ", "", "close the quotes", "study.yaml:"),
    "merge key": edit("  port:\n", "  port:\n    <<: {}\n", "no merge keys", "", "use `include`", "<<"),
    "tag": edit(
        "budget: 400", "budget: !!python/name:os.system 400", "tags are not part",
        "tag:yaml.org,2002:python/name:os.system", "remove the tag",
    ),
    "escaped control": edit(
        "{en: Host}", r'{en: "\e[31mHost"}', "text must not hold control", r'"\x1b[31mHost"', "remove the escapes"
    ),
    # files that belong to others
    "include in a circle": include(
        "a.yaml", "includes must not form a circle", "study.yaml includes a.yaml includes study.yaml", "remove one of",
        {"a.yaml": "include: [study.yaml]\n"}, "a.yaml:1",
    ),
    "include outside": include("../b.yaml", "lie in its folder or below", "../b.yaml", "move the file", {}),
    "include missing": include("no.yaml", "cannot be read no.yaml: no such file", "", "check the path", {}),
    "include a folder": include("sub", "cannot be read sub: is a directory", "", "check the path", {"sub/x": ""}),
    "include nothing": include("a.yaml", "must not be empty", "nothing", "`spvrisk init`", {"a.yaml": ""}, "a.yaml:1"),
    "include a list": include("a.yaml", "must be a mapping of keys", "", "schema", {"a.yaml": "- 1\n"}, "a.yaml:1"),
    "include by a word": edit(
        "\nstudy:\n", "\ninclude: no.yaml\nstudy:\n", "must be a list of file names", "", "[factors.yaml]", "include:"
    ),
    # keys
    "unknown key": edit(
        "spend_curve: {a: 2, b: 3}", "spend_kurve: {a: 2, b: 3}", "is not a key here", "", "did you mean spend_curve?"
    ),
    "missing key": edit(
        "    budget: 400\n", "", "the key is missing", "", "add budget: announced cost", "sector: port",
    ),
    "unknown family": edit(
        "{beta: {mean: 0.8,", "{betta: {mean: 0.8,", "not a family of laws", "", "did you mean beta?",
    ),
    "unknown mode": edit(
        "mode: periodic", "mode: peridic", "must be one of periodic", '"peridic"', "did you mean periodic?",
    ),
    "list for a mapping": edit(
        "variable_om: {", "variable_om: [1]\n      fuell: {", "a mapping of keys", "a list", "write its keys",
        "variable_om: [1]",
    ),
    # dates
    "date with slashes": edit(NOTICE, "notice_date: 2026/03/31", "must be a date", '"2026/03/31"', WHEN),
    "date that begins with the day": edit(NOTICE, "notice_date: 31-03-2026", "must be a date", '"31-03-2026"', WHEN),
    "date that is none": edit(NOTICE, "notice_date: 2026-02-30", "must be a date", '"2026-02-30"', WHEN),
    "date with a time": edit(
        NOTICE, "notice_date: 2026-03-02T09:00:00", "must be a date", '"2026-03-02T09:00:00"', WHEN,
    ),
    "date as a number": edit(NOTICE, "notice_date: 20260302", "must be a date", "20260302", WHEN),
    "date of another century": edit(
        NOTICE, "notice_date: 0026-03-02", "years 1900 and 2300", "0026-03-02", "check the year",
    ),
    "horizon too short": edit(
        "horizon_years: 40 ", "horizon_years: 0.25 ", "before the horizon of 0.25 years", "a start after 0.42 years",
        "lengthen study.horizon_years",
        "planned_start:",
    ),
    "part of a step": edit(
        "horizon_years: 40 ", "horizon_years: 40.1 ", "a whole number of steps of 1/4", "40.1", "round it",
    ),
    # numbers
    "not a number": edit("budget: 400", "budget: .nan", "must be a finite number", "nan", "write a finite number"),
    "infinity": edit("budget: 400", "budget: -.inf", "must be a finite number", "-inf", "write a finite number"),
    "endless integer": edit("seed: 1}", f"seed: {'9' * 400}}}", "must be a", "inf", "number", "seed: 999"),
    "thousands separator": edit("budget: 400", 'budget: "33,300"', "must be a number", '"33,300"', "a point before"),
    "percent for a share": edit("inflation_share: 0.3", "inflation_share: 30", "in [0, 1]", "30", "write 0.3 for 30 %"),
    "percent in a law": edit(
        "{beta: {mean: 0.8,", "{beta: {mean: 80,", "must lie in (0, 1)", "80", "write 0.8 for 80 %"
    ),
    "probabilities": edit(
        "same_course: 0.5, new_course: 0.5", "same_course: 0.5, new_course: 0.6", "must add up to 1", "a sum of 1.1",
        "change them by -0.1",
    ),
    "negative hazard": edit("{settled: 0.3}", "{settled: -0.3}", "must lie in [0, 1e+09]", "-0.3", "write a number in"),
    "law cut away": edit("[0.85, 3]", "[850, 3000]", "must leave some probability", "", "check the bounds' unit"),
    # names
    "clock to an unknown state": edit(
        "{settled: 0.6, high: 0.4}", "{setled: 0.6, high: 0.4}", "must name a state",
        '"setled"', "did you mean settled?"
    ),
    "move to an unknown state": edit(
        "{trade: settled}", "{trade: setled}", "must name a state of trade", '"setled"', "did you mean settled?"
    ),
    "rule with an unknown outcome": edit(
        "same_course: 0.4", "same_curse: 0.4", "must name an outcome", '"same_curse"', "did you mean same_course?"
    ),
    "unknown factor": edit(
        "fuel: {factor: gas,", "fuel: {factor: gaz,", "must name a factor", '"gaz"', "did you mean gas?",
    ),
    "unknown holidays": edit("[US]", "[US, XX]", "a calendar is not known", '"XX"', "ISO country codes"),
    "a month for a country": edit("[US]", "[MAR]", "a calendar is not known", '"MAR"', "did you mean MA or"),
    "bank days of no country": edit(
        "[US]", "[US, {category: bank}]", "must have country and category, or dates", "category", "{country: JP,"
    ),
    "a country without its category": edit(
        "[US]", "[{country: US}]", "must have country and category, or dates", "country", "{country: JP,"
    ),
    "listed days of a country": edit(
        "[US]", "[{country: JP, category: bank, dates: [2028-12-29]}]", "must have country and category, or dates",
        "country, category, dates", "{dates:",
    ),
    "a category that is none": edit(
        "[US]", "[{country: JP, category: banks}]", "no such category", '"banks"', "did you mean bank?"
    ),
    "no listed day": edit("[US]", "[{dates: []}]", "needs a date", "an empty list", "write the days"),
    "a listed day that is none": edit(
        "[US]", "[{dates: [2028-13-29]}]", "must be a date", '"2028-13-29"', "year-month"
    ),
    "a listed day twice": edit(
        "[US]", "[{dates: [2028-12-29, 2028-12-29]}]", "is listed twice", "2028-12-29", "leave one out"
    ),
    "bank days twice": edit(
        "[US]", "[{country: JP, category: bank}, {country: JP, category: bank}]", "is listed twice", "a mapping",
        "leave one out",
    ),
    "a misspelt key of bank days": edit(
        "[US]", "[{contry: JP, category: bank}]", "is not a key here", "", "did you mean country?"
    ),
    "a number for a calendar": edit("[US]", "[81]", "must be a calendar's code", "81", "{country: JP,"),
    "a date for a calendar": edit("[US]", "[2028-12-29]", "must be a calendar's code", "2028-12-29", "{dates:"),
    "one calendar, not a list": edit("holidays: [US]", "holidays: US", "must be a list", '"US"', "[first, second]"),
    "unknown quantity": edit(
        "output: {", "output: {paths: [npv_fundr], ", "name of a path quantity", "npv_fundr",
        "did you mean npv_funder?"
    ),
    "foreign party without fx": edit(
        ", fx: eur_per_usd", "", "(EUR) is not the study's (USD) needs fx", "", "add fx", "funder: {",
    ),
    # two names that were found to share the first four bytes of the digests of their streams
    "colliding streams": Bad(
        {"  gas_plant:\n": "  plant29292:\n", "  port:\n": "  plant56706:\n"},
        "draws from the random stream project/plant56706/cost, which has the number of project/plant29292/cost",
        "", "rename one of the two", "plant56706:",
    ),
    # correlations
    "not positive definite": edit(
        PAIRS.removeprefix("  pairs:\n"), "    wages: {steel: 0.9, gas: 0.9}\n    steel: {gas: -0.5}\n",
        # by hand: the roots of (1 - x)(0.5 - x) = 2 * 0.9^2
        "the matrix must be positive definite", "smallest eigenvalue -0.547, mostly of wages, ",
        # by hand: 1 / 1.547 = 0.646; with -0.5, 0.9 leaves -0.45 +- sqrt(0.19 * 0.75) for the third
        "multiply all pairs by 0.646 or less (wages, steel: 0.581), or put wages, steel into [-0.827, -0.073]",
        "wages: {steel",
    ),
    "pair of an unknown factor": edit(
        "{power: 0.6}", "{pwer: 0.6}", "must name a factor", '"pwer"', "did you mean power?",
    ),
    "pair twice": edit(
        "gas: {power: 0.6}", "gas: {power: 0.6}\n    power: {gas: 0.6}", "named once", "power, gas twice", "remove one",
        "power: {gas",
    ),
    "asymmetric table": correlations(
        ",wages,gas\nwages,1,0.3\ngas,0.4,1\n", "must equal its mirror image", "0.4 and 0.3", "leave one empty",
        "corr.csv:3:2:"
    ),
    "ragged table": correlations(
        ",wages,gas\nwages,1\ngas,0.4,1\n", "must have 3 cells, one for each", "2", "commas of empty", "corr.csv:2:"
    ),
    "table with a word": correlations(
        "first,second,value\nwages,gas,high\n", "must be a number", '"high"', "write a plain number", "corr.csv:2:3:"
    ),
    "table that is not positive definite": correlations(
        ",wages,steel,gas\nwages,1,0.9,0.9\nsteel,,1,-0.5\ngas,,,1\n", "must be positive definite",
        "smallest eigenvalue -0.547", "multiply all pairs by 0.646", "corr.csv:3:2 correlation.pairs.wages.steel:",
    ),
    # tables of projects
    "unknown header": projects(
        "name,budjet\na,1\n", "is not a key of a project", "", "did you mean budget?", "projects.csv:1:2",
    ),
    "header of one cell": projects(
        "name;budget\na;1\n", "separated by commas", "semicolons", "save", "projects.csv:1:",
    ),
    "no header": projects("", "needs a header", "an empty file", "column names first", "projects.csv:1:"),
    "no header but nearly": projects(
        "Name,budget\na,1\n", "the first column", '"Name"', "write it so", "projects.csv:1:1"
    ),
    "project twice": projects(
        "name,budget\na,1\na,2\n", "appears twice, first in row 2", "", "rename one", "projects.csv:3:1",
    ),
    "word for a budget": projects("name,budget\na,much\n", "must be a number", '"much"', "write a", "projects.csv:2:2"),
    "open quotes in a table": projects('name,budget\na,"1\n', "must be CSV", "", 'write " inside', "projects.csv:2:"),
    "table missing": Bad(
        {}, "cannot be read projects.csv: no such file", "", "check the path", "table: projects.csv", text=TABLE
    ),
    "project of table and file": Bad(
        {"  template:\n": "  port: {}\n  template:\n"}, "is in the table too", "", "rename one", "port: {}",
        text=TABLE, files={"projects.csv": "name,budget\nport,1\n"},
    ),
    # --set
    "set an unknown path": option("run.pahts=7", "is not a key of this study", "", "did you mean paths?", "run.pahts"),
    "set an unknown name": option("factors.gaz.unit=x", "is not a key", "", "did you mean gas?", "factors.gaz.unit"),
    "set bad YAML": option("run.paths={", "must be YAML", "", "check"),
    "set nothing": option("run.paths", "must be path=value", '"run.paths"', "write e.g. --set run.paths=10000"),
    "set a wrong value": option("run.paths=2.5", "must be a whole number", "2.5", "round it", "run.paths"),
    "set what does not fit": option(
        "projects.port.operation.merchant.factor=gaz", "must name a factor", '"gaz"', "did you mean gas?",
        "projects.port.operation.merchant.factor",
    ),
    "set null": option("study.currency=null", "the key is missing", "", "add currency", "study.currency"),
    # selection and funding
    "go-ahead in per cent": deal(
        "{probability: 0.8,", "{probability: 80,", "must lie in [0, 1]", "80", "write 0.8 for 80 %"
    ),
    "size share above 1": deal(
        "min: 0.5, max: 1}", "min: 0.5, max: 1.5}", "must lie in [0, 1]", "a law that reaches 1.5", "truncate: [0, 1]"
    ),
    "slip backwards": deal(
        "values: [0, 5, 20]", "values: [-5, 5, 20]", "must be at least 0", "a law that reaches -5", "truncate: [0, 250]"
    ),
    "commitment of nothing": deal("commitment: 9000", "commitment: 0", "must lie in (0, 1e+12]", "0", "write a number"),
    "annual cap below 0": deal("annual_cap: 2500", "annual_cap: -1", "must lie in (0, 1e+12]", "-1", "write a number"),
    "take-up below 0": deal(
        "take_up: {beta: {mean: 8000, sd: 1000, min: 4000, max: 9000}}", "take_up: {normal: {mean: 8000, sd: 1000}}",
        "must be at least 0", "a law that reaches -inf", "truncate: [0, 1000000]",
    ),
    "decision that does not add up": deal(
        "delay: 0.06,", "delay: 0.16,", "probabilities must add up to 1", "a sum of 1.1", "change them by -0.1"
    ),
    "decision by an unknown regime": deal(
        "regime: deal\n", "regime: dael\n", "must name a regime", '"dael"', "did you mean deal?"
    ),
    "decision by an unknown state": deal(
        "breach: {fund", "breech: {fund", "must name a state of deal", '"breech"', "did you mean breach?"
    ),
    "decision without a state": deal(
        "        terminated: {fund: 0, delay: 0, decline: 1}\n", "", "must give each state its probabilities",
        "none for terminated", "add e.g. {fund: 1", "by_state:",
    ),
    "delay without days": deal(
        "      delay_days: 183\n", "", "needs delay_days", "0.06", "add e.g. delay_days: 90", "performing: {fund"
    ),
    "trigger to an unknown state": deal(
        "{tariffs: high}", "{tariffs: hihg}", "must name a state of tariffs", '"hihg"', "did you mean high?"
    ),
    "trigger while in an unknown state": deal(
        "while: {deal: [breach, performing]}, moves", "while: {deal: [breech]}, moves", "must name a state of deal",
        '"breech"', "did you mean breach?",
    ),
    "a holiday calendar twice": deal("holidays: [US]", "holidays: [US, US]", "is listed twice", '"US"', "leave one"),
    "a negative basis": deal("basis: 5", "basis: -5", "must be at least 0", "-5", "write a number"),
    "fuel passed on without fuel": deal(
        "tenor_years: 35, offtaker", "tenor_years: 35, fuel_pass_through: 0.5, offtaker",
        "needs fuel, whose cost the buyer pays", "0.5", "add fuel, or remove it", "contract: {price: 6",
    ),
    "an overrun that may be nothing": deal(
        "overrun: {lognormal: {p10: 0.95, p90: 1.6}}", "overrun: {normal: {mean: 1.2, sd: 0.3}}",
        "actual / budget must be above 0", "a law that reaches -inf", "add e.g. truncate",
    ),
    "a price as a reference rate": Bad(
        {
            "    reference_rate: base_rate\n    spread": "    reference_rate: gas\n    spread",
            "process: {ou: {start: 4, mean: 4, kappa: 0.9, sigma: 0.4}}": "process: {deterministic: {curve: 4}}",
        },
        "must be a rate, in 1/year", "gas, in USD/MMBtu", "name an interest rate", "reference_rate: gas", text=DEAL,
    ),
    "stack that does not add up": deal(
        "policy_equity: {share: 0.02}", "policy_equity: {share: 0.2}",
        "shares of policy_loan, policy_equity and commercial_loan must add up to 1", "a sum of 1.18",
        "change them by -0.18", "stack:",
    ),
    "cover in per cent": deal("cover: 0.95", "cover: 95", "must lie in [0, 1]", "95", "write 0.95 for 95 %"),
    "stack by an unknown rate": deal(
        "stack:\n  reference_rate: base_rate", "stack:\n  reference_rate: base_rte", "must name a factor",
        '"base_rte"', "did you mean base_rate?", "reference_rate: base_rte",
    ),
    "umbrella misspelt": deal(
        "pooling: umbrella", "pooling: umbrela", "must be one of none, umbrella", '"umbrela"', "did you mean umbrella?"
    ),
    "adjusted shares in the wrong order": deal(
        "first_share: 0.6, second_share: 0.2", "first_share: 0.2, second_share: 0.6",
        "must be at most first_share (0.2)", "0.6", "swap them",
    ),
    "catch-up without years": deal(
        "until: years, years: 3", "until: years", "until: years needs years", "", "add e.g. years: 5"
    ),
    "catch-up of an amount with years": deal(
        "until: years, years: 3", "until: amount, years: 3", "has no meaning with until: amount", "3", "remove it"
    ),
    "phases without a phase": deal(
        "planned_duration_years: 2.5", "phases: []", "needs a phase", "an empty list", "write planned_duration_years"
    ),
    "trigger of nothing": deal(
        "moves: {tariffs: high}", "moves: {}", "must not be empty", "a mapping", "at least one"
    ),
    "pipelines without a deadline": deal(
        "    deadline: 2029-01-19\n", "", "a study with pipelines needs deadline", "more", "add deadline: the last day",
        "  funding:",
    ),
    "deadline before the value date": deal(
        "2029-01-19", "2019-01-19", "must not be before the value date (2026-03-31) with pipelines", "2019-01-19",
        "move it",
    ),
    "state with a negative multiplier": deal(
        "{arrival_multiplier: 0.5}", "{arrival_multiplier: -0.5}", "must lie in [0, 1000]", "-0.5", "write a number"
    ),
    "stopped calls in words": deal(
        "stops_calls: true", "stops_calls: yes", "must be true or false", '"yes"', "write true or false"
    ),
    "scale of an unknown pipeline": deal(
        "scale_arrivals: {more: 2}", "scale_arrivals: {mroe: 2}", "must name a pipeline", '"mroe"', "did you mean more?"
    ),
    "delay of a pipeline": deal(
        "delays: {plant: 3}", "delays: {more: 3}", "must name an announced project", 'the pipeline "more"',
        "use scale_arrivals",
    ),
    "arrivals every few hours": deal(
        "arrivals_per_year: 2.5", "arrivals_per_year: 9e8", "must be at most 1e+09 a year",
        "900000000 scaled by up to 2", "lower scale_arrivals",
    ),
    "pipeline of none": deal("max_count: 20", "max_count: 0", "must lie in [1, 1000]", "0", "write a number"),
    "pipeline with the name of a project": deal(
        "  port:\n", "  more:\n", "is also the name of a project", "more", "rename one of the two", "Plants to come"
    ),
    "pipeline with the name of a unit": deal(
        "  more:\n", "  portfolio:\n", "is reserved for a unit of the results", "portfolio", "rename it"
    ),
    "size of nothing": deal(
        "size: {lognormal: {mean: 900, sd: 400}, truncate: [200, 3000]}", "size: 0", "must be above 0", "0",
        "write a number above 0",
    ),
    "template with a notice": deal(
        "      budget: 1000\n", "      budget: 1000\n      notice_date: 2026-03-02\n", "is not a key here", "",
        "allowed: title", "budget: 1000",
    ),
    # construction
    "start before the start": deal(
        "{exponential: {mean: 0.75}}", "{normal: {mean: 0.75, sd: 1}}", "must be at least 0", "a law that reaches -inf",
        "truncate: [0, 5]",
    ),
    "uplift to nothing": deal(
        "{triangular: {min: 1,", "{triangular: {min: -1,", "must be above 0", "a law that reaches -1", "truncate: [0.5"
    ),
    "cap without the funder's share": deal(
        "above: share, funder_share: 0.8,", "above: share,", "above: share needs funder_share", "", "funder_share: 0.5"
    ),
    "share above a stop": deal(
        "above: stop}", "above: stop, funder_share: 0.5}", "has no meaning with above: stop", "0.5", "remove it"
    ),
    "ceiling below the cap": deal("ceiling: 3}", "ceiling: 0.5}", "must be at least multiple (1)", "0.5", "swap them"),
    "threshold below 0": deal(
        "{threshold: 2.5}", "{threshold: -1}", "cost to come / budget must be above 0", "-1", "write a number above 0"
    ),
    "reviews out of order": deal(
        "2028-03-31, 2029-03-31", "2029-03-31, 2028-03-31", "dates must rise", "2028-03-31 after 2029-03-31", "order"
    ),
    "review in the past": deal(
        "[2027-03-31,", "[2026-03-31,", "must be after the value date (2026-03-31)", "2026-03-31", "remove it"
    ),
    "subscription without a review": deal(
        "      review: {threshold: {lognormal: {mean: 2, sd: 0.3}}, reveal: 1.5, dates: [2027-03-31, 2028-03-31,"
        " 2029-03-31]}\n",
        "", "needs review", "", "add e.g. review: {threshold: 2}", "subscription: {",
    ),
    "subscription after the last review": deal(
        "by: 2028-01-01", "by: 2030-01-01", "must not be after the last review date (2029-03-31)", "2030-01-01",
        "add a later review",
    ),
    "correlation a little above 1": deal(
        "correlation: -0.5}", "correlation: 1.6}", "must lie in [-1, 1]", "1.6", "write a number in [-1, 1]"
    ),
    "salvage in per cent": deal(
        "salvage: {beta: {mean: 0.2, sd: 0.1}}", "salvage: 20", "must lie in [0, 1]", "20", "write 0.2 for 20 %"
    ),
    "shortfall in per cent": deal(
        "{min: 0, max: 0.2}", "{min: 0, max: 20}", "must lie in [0, 1]", "a law that reaches 20", "truncate: [0, 1]"
    ),
    "termination fee in per cent": deal(
        "termination_fee: 0.005", "termination_fee: 5", "must lie in [0, 1]", "5", "write 0.05 for 5 %"
    ),
    # operation
    "ramp-up in per cent": deal("[0.6, 0.9]", "[60, 0.9]", "must lie in [0, 1]", "60", "write 0.6 for 60 %"),
    "degradation to nothing": deal("degradation: 0.003", "degradation: 1", "must lie in [0, 1)", "1", "write a number"),
    "volume that is a rate": deal(
        "volume_factor: flow_volume", "volume_factor: base_rate", "a multiple of output must not fall below 0",
        "base_rate with process vasicek", "name a factor with process gbm",
    ),
    "unknown dispatch": deal(
        "dispatch: economic", "dispatch: econmic", "must be one of must_run, economic", '"econmic"', "mean economic?"
    ),
    "unknown offtaker": deal(
        "offtaker: utility", "offtaker: utilty", "must name an offtaker", '"utilty"', "did you mean utility?"
    ),
    "discount without an offtaker": deal(
        "        offtaker: data_centre\n", "", "needs offtaker", "0.05", "add offtaker", "default_discount: 0.05"
    ),
    "capacity payment of a port": deal(
        "      merchant: {factor: wages, basis: 5}\n",
        "      merchant: {factor: wages, basis: 5}\n      capacity_payment: {factor: capacity_price, credit: 1}\n",
        "needs capacity_mw", "", "write capacity_mw", "credit: 1}",
    ),
    "capacity payment by an unknown factor": deal(
        "factor: capacity_price,", "factor: capacity_prise,", "must name a factor", '"capacity_prise"',
        "did you mean capacity_price?",
    ),
    "credit below 0": deal("{per_output: 12,", "{per_output: -12,", "must be at least 0", "-12", "write a number"),
    "debt at a price": deal(
        "reference_rate: base_rate, margin", "reference_rate: power, margin", "must be a rate", "power with process ou",
        "vasicek or deterministic",
    ),
    "debt for everything": deal(
        "{share: 0.4, reference_rate", "{share: 1, reference_rate", "must lie in [0, 1)", "1", "a number in [0, 1)"
    ),
    "fee below 0": deal(
        "{min: 20, max: 60}", "{min: -20, max: 60}", "must be at least 0", "a law that reaches -20", "truncate"
    ),
    "losses in per cent": deal("nol_limit: 0.8", "nol_limit: 80", "must lie in [0, 1]", "80", "write 0.8 for 80 %"),
    "abandoned at once": deal(
        "abandon_after_years: 5", "abandon_after_years: 0", "must lie in (0, 200]", "0", "write a number in (0, 200]"
    ),
    # side flows
    "side flow of a project in proportion to time": deal(
        "{base: spend, rate: 0.008}", "{base: time, rate: 0.008}", "a side flow of a project has base spend or output",
        "time", "move it to the side_flows of the study",
    ),
    "side flow of the scheme in proportion to spend": deal(
        "{base: time, rate: 0.5}", "{base: spend, rate: 0.5}", "a side flow of the whole scheme has base time", "spend",
        "move it to the side_flows of a project",
    ),
    "side flow at a word": deal(
        "rate: 0.5}", "rate: half}", "must be a number or an attribute of a regime", '"half"', "write e.g. 0.05"
    ),
    "side flow at an unknown attribute": deal(
        "attribute: relief}", "attribute: releif}", "must name an attribute of tariffs", '"releif"', "mean relief?"
    ),
    "side flow at half an attribute": deal(
        "{regime: tariffs, attribute: relief}", "{regime: tariffs}", "the key is missing", "", "add attribute: name of"
    ),
    "side flow in an unknown state": deal(
        "[performing, breach]", "[performing, breech]", "must name a state of deal", '"breech"', "did you mean breach?"
    ),
    "side flow in no state": deal("tariffs: [low]", "tariffs: []", "needs a state", "an empty list", "name the states"),
    "attribute of one state only": deal(
        "high: {attributes: {relief: 900}}", "high: {}", "all states of a regime must give the same attributes",
        "none for relief", "add relief",
    ),
    # outputs
    "existing output": output("there.h5", "file exists", "there.h5", "use --overwrite"),
    "output in no folder": output(
        "no/such/r.h5", "must lie in a folder that exists", "no/such/r.h5", "create it first",
    ),
    "output below a file": output(
        "there.h5/r.h5", "must lie in a folder that exists", "there.h5/r.h5", "create it first",
    ),
    "output with a name that is too long": output(
        "x" * 300, "must be a name that the file system takes (file name too long)", "xxx", "choose another name"
    ),
    "output that is a folder": output(".", "must be a file, not a folder", ".", "name a file in it"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(*arguments: str) -> list[str]:
    """Lines of what a command says that ends with code 2 and no traceback."""
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert not [word for word in INTERNALS if word in result.stderr]
    return result.stderr.splitlines()


def line_of(culprit: str, text: str) -> int:
    found = [number for number, line in enumerate(text.splitlines(), start=1) if culprit in line]
    assert len(found) == 1, f"{culprit!r} must be in one line, is in {found}"
    return found[0]


@pytest.mark.parametrize("bad", KINDS.values(), ids=KINDS)
def test_bad_input__is_told_with_place_rule_value_and_remedy(bad: Bad, folder: Path) -> None:
    text = bad.write(folder)
    lines = refused(bad.command, "study.yaml", *bad.arguments)
    got = f", got {bad.value}" if bad.value else ""
    form = re.compile(f"{re.escape(bad.rule)}.*{re.escape(got)}.*; .*{re.escape(bad.remedy)}")
    found = [line for line in lines if form.search(line)]
    assert found, lines
    if bad.place:
        assert found[0].startswith(bad.place), found[0]
    else:
        place = re.match(r"study\.yaml:(\d+)[: ]", found[0])
        assert place and abs(int(place[1]) - line_of(bad.culprit.strip(), text)) <= 2, found[0]


def test_bad_input__kinds_are_many() -> None:
    assert len(KINDS) >= 125


@pytest.mark.parametrize("command", ["validate", "plan", "run"])
@pytest.mark.parametrize("name", [".", "nowhere.yaml", "study.yaml/x"])
def test_study__that_cannot_be_read(name: str, command: str, folder: Path) -> None:
    (folder / "study.yaml").write_text(TEXT, encoding="utf-8")
    (line,) = refused(command, name)
    assert "cannot be read: " in line and line.endswith("; check the path")


def test_output__in_a_folder_of_somebody_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by `os.access`, since permissions do not bind an administrator, who may be running this."""
    (folder / "study.yaml").write_text(TEXT, encoding="utf-8")
    allowed = os.access
    monkeypatch.setattr("os.access", lambda path, mode: str(path) != str(folder.resolve()) and allowed(path, mode))
    (line,) = refused("run", "study.yaml", "--out", "r.h5")
    assert line.startswith("--out: must lie in a folder that is writable, got r.h5; name a folder")


@pytest.mark.parametrize(
    ("old", "new", "path", "rule", "remedy"),
    [
        ("budget: 400", "budget: 33.3", "projects.port.budget", "is small beside the other budgets", "write 33300"),
        ("horizon_years: 40 ", "horizon_years: 3 ", "projects.gas_plant.construction.planned_duration_years",
         "the horizon (3 years) ends before the planned completion", "raise study.horizon_years"),
    ],
    ids=["wrong unit", "horizon shorter than construction"],
)  # fmt: skip
def test_odd_input__is_a_warning(old: str, new: str, path: str, rule: str, remedy: str, folder: Path) -> None:
    text = TEXT.replace(old, new)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["validate", "study.yaml"])
    assert result.exit_code == 0 and result.stdout.startswith("ok: ")
    (line,) = [each for each in result.stderr.splitlines() if f" {path}: " in each]
    place = re.match(r"warning: study\.yaml:(\d+) ", line)
    culprit = new if "budget" in path else "planned_duration_years: 3.5"
    assert place and abs(int(place[1]) - line_of(culprit.strip(), text)) <= 2
    assert rule in line and remedy in line
