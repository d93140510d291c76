"""``spvrisk schema``: what fits it, what does not, and what it says of every key."""

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from spvrisk.cli import main

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
ROOT = STARTER.parents[3]
DEAL = ROOT / "tests" / "config" / "data" / "deal.yaml"
CONFIGS = (file for file in (ROOT / "configs").rglob("*.yaml") if file.parent.name != "scenarios")
FILES = [STARTER, DEAL, *sorted(CONFIGS)]
"""Included files too: a file may hold any part of a study."""


def mismatches(study: Any, read: dict[str, Any]) -> list[str]:
    """What of a study does not fit a JSON Schema."""
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(read).iter_errors(plain(study))]


def schema() -> dict[str, Any]:
    result = CliRunner().invoke(main, ["schema"])
    assert result.exit_code == 0
    read: dict[str, Any] = json.loads(result.stdout)
    return read


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_schema__fits_studies_that_load(path: Path) -> None:
    read = schema()
    study = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    assert mismatches(study, read) == []


def test_schema__finds_mistakes() -> None:
    read = schema()
    study = YAML(typ="safe", pure=True).load(STARTER.read_text(encoding="utf-8"))
    study["projects"]["port"]["budgett"] = 3
    study["projects"]["port"]["budget"] = "much"
    study["projects"]["port"]["construction"]["duration"]["normal"] = {"mean": 1, "sd": 0.1}
    study["factors"]["gas"]["process"]["ou"].pop("kappa")
    assert len(mismatches(study, read)) == 4


def test_schema__demands_nothing_of_a_file_that_includes_others() -> None:
    read = schema()
    study = {"include": ["base.yaml"], "projects": {"port": {"operation": {"developer_fee": {"amount": 1}}}}}
    assert mismatches(study, read) == []
    study["projects"]["port"]["operation"]["developer_fee"]["amuont"] = 1
    assert mismatches(study, read) != []
    assert len(mismatches({"projects": study["projects"]}, read)) > 4


PLACES = """
projects.port.budget projects.port.output_unit projects.port.construction.overrun
projects.port.construction.overrun.lognormal.p90 projects.port.construction.budget_basis
projects.port.operation.contract
projects.port projects curves.usd.knots curves.usd agreement.split regimes.trade.hazards
regimes.trade.hazards.high.settled factors.gas.process.ou.mean study.value_date agreement.funding.holidays
""".split()


@pytest.mark.parametrize(
    ("grounds", "wrong"),
    [
        ({"source": "FT", "confidence": "checked"}, 0),
        ({"confidence": "judgement"}, 0),
        ({"source": "FT", "confidence": "sure"}, 1),
        ({"source": "FT"}, 1),
        ({"confidence": "checked"}, 1),
        ({"source": 3, "confidence": "checked"}, 1),
        ({"source": "FT", "confidence": "checked", "page": 3}, 1),
    ],
)
def test_schema__lets_any_value_have_its_grounds(grounds: dict[str, Any], wrong: int) -> None:
    read = schema()
    for place in PLACES:
        study = YAML(typ="safe", pure=True).load(STARTER.read_text(encoding="utf-8"))
        *above, key = place.split(".")
        block = reduce(getitem, above, study)
        block[key] = {"value": block[key], **grounds}
        assert len(mismatches(study, read)) == wrong, place


def test_schema__checks_laws_and_blocks_that_have_grounds() -> None:
    read = schema()
    study = YAML(typ="safe", pure=True).load(STARTER.read_text(encoding="utf-8"))
    port, grounds = study["projects"]["port"], {"source": "FT", "confidence": "checked"}
    port["operation"]["contract"] = {"value": {**port["operation"]["contract"], "tneor_years": 3}, **grounds}
    port["construction"]["overrun"] = {"value": {"lognormall": {}}, **grounds}
    assert len(mismatches(study, read)) == 2


def test_schema__finds_mistakes_in_the_clauses_of_a_deal() -> None:
    read = schema()
    study = YAML(typ="safe", pure=True).load(DEAL.read_text(encoding="utf-8"))
    study["pipelines"]["more"]["template"]["notice_date"] = "2026-03-02"
    study["projects"]["plant"]["go_ahead"].pop("probability")
    study["projects"]["plant"]["side_flows"]["vendor_margin"]["rate"] = {"regime": "deal"}
    study["agreement"]["funding"]["decision"]["by_state"]["breach"]["fnud"] = 0.5
    study["offtakers"]["utility"]["default_hazard"] = "low"
    assert len(mismatches(study, read)) == 5


def without_grounds(node: Any) -> Any:
    """A schema in which no value may say what it rests on."""
    if isinstance(node, list):
        return [without_grounds(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("if") == {"$ref": "#/$defs/HasGrounds"}:
        return without_grounds(node["else"])
    out = {key: without_grounds(value) for key, value in node.items()}
    if node.get("$ref") == "#/$defs/PerhapsWithGrounds":
        first, *others = [kind for kind in out["type"] if kind != "object"]
        out = {key: value for key, value in out.items() if key != "$ref"} | {
            "type": [first, *others] if others else first
        }
    return out


def test_schema__has_the_ranges_of_the_clauses_of_a_deal() -> None:
    parts = without_grounds(schema())["$defs"]
    assert parts["SeniorDebt"]["properties"]["share"] | {"title": "", "description": ""} == {
        "type": "number", "minimum": 0, "exclusiveMaximum": 1, "title": "", "description": "",
    }  # fmt: skip
    assert parts["FundingCap"]["properties"]["above"]["enum"] == ["share", "stop"]
    assert parts["Operation"]["properties"]["dispatch"]["enum"] == ["must_run", "economic"]
    assert parts["Operation"]["properties"]["ramp_up"]["items"]["maximum"] == 1
    assert "title" not in parts["Pipeline"]["required"] + parts["Offtaker"]["required"]


def parts(node: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property anywhere in a schema, with its path."""
    if isinstance(node, dict):
        named = node.get("properties", {})
        yield from ((f"{at}.{key}", value) for key, value in named.items())
        for key, value in node.items():
            if key in ("properties", "patternProperties", "$defs"):
                for name, inner in value.items():
                    yield from parts(inner, f"{at}.{name}")
            else:
                yield from parts(value, at)
    elif isinstance(node, list):
        for item in node:
            yield from parts(item, at)


def described(node: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether a part says what it is: itself, or the one part that it refers to (or null)."""
    if node.get("description"):
        return True
    if "$ref" in node:
        return described(root["$defs"][node["$ref"].rpartition("/")[2]], root)
    choices = [choice for choice in node.get("anyOf", []) if choice.get("type") != "null"]
    return len(choices) == 1 and described(choices[0], root)


def is_numeric(node: dict[str, Any]) -> bool:
    """Whether a part is a number, or a list or mapping of numbers."""
    inner = [*node.get("anyOf", []), *node.get("prefixItems", []), *node.get("patternProperties", {}).values()]
    inner += [node[key] for key in ("items", "additionalProperties") if isinstance(node.get(key), dict)]
    return node.get("type") in ("number", "integer") or any(map(is_numeric, inner))


UNIT = re.compile(
    r"\byears?\b|\byearly\b|\bmonths?\b|\bdays\b|\bMW\b|\bMiB\b|\bunits?\b|\bcurrency\b"  # with a dimension
    r"|\bshares?\b|\bparts?\b|\bmultiples?\b|\bmultiplier\b|\bweights?\b|\bprobabilit|\bcorrelation\b|\bnumber of\b"
    r"|\bnumbers that hold\b|\bseed\b|\bno unit\b"  # without
)


def test_schema__describes_every_key() -> None:
    read = without_grounds(schema())
    found = list(parts(read))
    assert len(found) > 230
    assert [at for at, part in found if not described(part, read)] == []


def test_schema__says_the_unit_of_every_number() -> None:
    numbers = [(at, part.get("description", "")) for at, part in parts(without_grounds(schema())) if is_numeric(part)]
    assert len(numbers) > 130
    assert [(at, text) for at, text in numbers if not UNIT.search(text)] == []


def test_schema__finds_what_says_nothing() -> None:
    read = without_grounds(schema())
    read["$defs"]["Project"]["properties"]["budget"].pop("description")
    read["$defs"]["Law"]["anyOf"][1]["properties"]["beta"]["properties"]["sd"]["description"] = "spread"
    assert [at for at, part in parts(read) if not described(part, read)] == [".Project.budget"]
    silent = [at for at, part in parts(read) if is_numeric(part) and not UNIT.search(part.get("description", ""))]
    assert sorted(silent) == [".Law.beta.sd", ".Project.budget"]


def plain(value: Any) -> Any:
    """What JSON would hold of a study: dates as texts."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def test_schema__is_one() -> None:
    Draft202012Validator.check_schema(schema())


def test_schema__is_written_to_a_file_once(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    runner = CliRunner()
    assert runner.invoke(main, ["schema", "--out", str(path)]).exit_code == 0
    assert json.loads(path.read_text(encoding="utf-8")) == schema()
    again = runner.invoke(main, ["schema", "--out", str(path)])
    assert again.exit_code == 2 and "exists already" in again.stderr
    assert runner.invoke(main, ["schema", "--out", str(path), "--overwrite"]).exit_code == 0
    assert list(tmp_path.iterdir()) == [path]
