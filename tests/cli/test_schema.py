"""``spvrisk schema``: the schema is checked against the starter study by a small validator of its own."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from spvrisk.cli import main

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
STUDIES = [STARTER, *sorted((STARTER.parents[3] / "configs").glob("*.yaml"))]


def mismatches(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "") -> list[str]:
    """What of a value does not fit a JSON Schema (the keywords that ours uses for structure)."""
    if "$ref" in schema:
        return mismatches(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if "anyOf" in schema:
        found = [mismatches(value, choice, root, at) for choice in schema["anyOf"]]
        return [] if [] in found else min(found, key=len)
    if "oneOf" in schema and "discriminator" in schema:
        return min((mismatches(value, choice, root, at) for choice in schema["oneOf"]), key=len)
    if isinstance(value, dict):
        if schema.get("type", "object") != "object":
            return [f"{at}: mapping"]
        known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        patterns = schema.get("patternProperties", {})
        out = [f"{at}: lacks {key}" for key in schema.get("required", []) if key not in value]
        if "oneOf" in schema and sum(set(form["required"]) <= set(value) for form in schema["oneOf"]) != 1:
            out.append(f"{at}: not one form")
        for key, item in value.items():
            matching = [inner for pattern, inner in patterns.items() if re.search(pattern, key)]
            for inner in [*([known[key]] if key in known else []), *matching] or [rest]:
                if inner is False:
                    out.append(f"{at}.{key}: unknown")
                elif isinstance(inner, dict):
                    out += mismatches(item, inner, root, f"{at}.{key}")
        return out
    if isinstance(value, list):
        items = schema.get("items", {})
        if schema.get("type", "array") != "array":
            return [f"{at}: list"]
        return [text for i, item in enumerate(value) for text in mismatches(item, items, root, f"{at}[{i}]")]
    kinds = {"number": (int, float), "integer": int, "string": (str,), "boolean": bool, "null": type(None)}
    wanted = schema.get("type")
    plain = str(value) if not isinstance(value, int | float | bool | type(None)) else value
    return [] if wanted is None or isinstance(plain, kinds.get(wanted, ())) else [f"{at}: {value!r} is no {wanted}"]


def schema() -> dict[str, Any]:
    result = CliRunner().invoke(main, ["schema"])
    assert result.exit_code == 0
    read: dict[str, Any] = json.loads(result.stdout)
    return read


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_schema__fits_studies_that_load(path: Path) -> None:
    read = schema()
    study = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    assert mismatches(study, read, read) == []


def test_schema__finds_mistakes() -> None:
    read = schema()
    study = YAML(typ="safe", pure=True).load(STARTER.read_text(encoding="utf-8"))
    study["projects"]["port"]["budgett"] = 3
    study["projects"]["port"]["budget"] = "much"
    study["projects"]["port"]["construction"]["duration"]["normal"] = {"mean": 1, "sd": 0.1}
    study["factors"]["gas"]["process"]["ou"].pop("kappa")
    assert len(mismatches(study, read, read)) == 4


def test_schema__describes_every_key_with_a_number() -> None:
    read = schema()
    lacking = [
        f"{name}.{key}"
        for name, part in read["$defs"].items()
        for key, value in part.get("properties", {}).items()
        if value.get("type") in ("number", "integer") and not value.get("description")
    ]
    assert lacking == []


def test_schema__is_written_to_a_file_once(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    runner = CliRunner()
    assert runner.invoke(main, ["schema", "--out", str(path)]).exit_code == 0
    assert json.loads(path.read_text(encoding="utf-8")) == schema()
    again = runner.invoke(main, ["schema", "--out", str(path)])
    assert again.exit_code == 2 and "is there already" in again.stderr
    assert runner.invoke(main, ["schema", "--out", str(path), "--overwrite"]).exit_code == 0
    assert list(tmp_path.iterdir()) == [path]
