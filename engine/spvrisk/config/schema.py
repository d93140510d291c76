"""JSON Schema of the config language, for editors: what a file says, includes and tables too."""

import hashlib
import json
from typing import Any

from spvrisk.config.laws.families import FAMILIES, OWN_UNIT
from spvrisk.config.loading import STRESSES, UNCERTAIN
from spvrisk.config.reading.grounds import CONFIDENCE, CONFIDENCES, KEYS, SOURCE, VALUE, WITHOUT_SOURCE
from spvrisk.config.scenarios.uncertain import CORRELATION
from spvrisk.config.study import Study

Schema = dict[str, Any]


def json_schema() -> Schema:
    """Schema (draft 2020-12) of a study file.

    Examples
    --------
    >>> json_schema()["title"]
    'Study'
    """
    schema: Schema = Study.model_json_schema(by_alias=True)
    parts: dict[str, Schema] = schema["$defs"]
    parts["Law"] = _law()
    parts["Curve"] = _curve(parts["Curve"])
    parts["ZeroCurve"] = _zero_curve(parts["ZeroCurve"])
    parts["Correlation"]["properties"]["table"] = _file(
        "a square with names, or three columns first,second,value; instead of pairs"
    )
    for part in ("Party", "Regime", "Event", "Offtaker", "Pipeline", "Project", "ProjectTemplate"):
        parts[part]["required"].remove("title")  # the name stands in
    parts["Regime"]["required"].remove("initial")  # the including study may say in which state a regime begins
    parts["Agreement"].pop("required")  # or how cash is split
    parts["Timing"] = _timing(parts["Timing"])
    parts["Shift"] = _shift(parts["Shift"])
    parts["SideFlow"]["properties"]["rate"] = _any_of(parts["SideFlow"]["properties"]["rate"])
    parts["Process"] |= {"minProperties": 1, "maxProperties": 1}
    parts["Event"]["properties"]["probabilities"] = _probabilities(parts["Event"]["properties"]["probabilities"])
    properties = schema["properties"]
    properties["projects"] = _projects(properties["projects"])
    names = {"type": "array", "items": {"type": "string"}}
    properties[STRESSES] = _stresses(names)
    properties[UNCERTAIN] = _uncertain()
    properties["include"] = {**names, "description": "files merged in before this one, relative to this file"}
    schema.pop("required", None)  # a file may hold any part of a study and be included by another
    whole = {key: schema.pop(key) for key in ("type", "properties", "additionalProperties")}
    changes = _demanding_nothing(whole)
    parts |= {_CHANGES + name: _demanding_nothing(part) for name, part in parts.items() if name not in _WHOLES}
    one, other = (parts[_CHANGES + name]["properties"] for name in ("TierSplit", "FixedSplit"))
    for properties, taken_out in ((one, other), (other, one)):
        gone = {"type": "null", "description": "removes the key of an included split of another mode"}
        properties |= {key: gone for key in taken_out if key not in properties}
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    made = _with_grounds({**dialect, **schema, "if": {"required": ["include"]}, "then": changes, "else": whole})
    return {**made, "$comment": _comment(made)}


def is_as_made(text: bytes) -> bool:
    """Whether a text is a JSON Schema of studies, of whatever version, that nobody has edited.

    Parameters
    ----------
    text
        Bytes of the file, which may be anything.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.pop("$comment", None) == _comment(found)


def _comment(schema: Schema) -> str:
    """What tells of all the rest of a schema whether it is as it was made."""
    text = json.dumps(schema, sort_keys=True)
    return f"made by `spvrisk schema`, sha256 {hashlib.sha256(text.encode()).hexdigest()}"


_CHANGES = "ChangesOf"
_WHOLES = ("Law", "Curve", "ZeroCurve", "Timing", "Shift")
"""Parts that are given in one of several forms; the keys of a form belong together."""


def _demanding_nothing(node: Any) -> Any:
    """The same schema for a file that includes others: what it does not say may stand in those."""
    if isinstance(node, list):
        return [_demanding_nothing(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {
        key: _demanding_nothing(value) for key, value in node.items() if key != "required" or "properties" not in node
    }
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        out["$ref"] = node["$ref"] if name in _WHOLES else f"#/$defs/{_CHANGES}{name}"
    return out


_HAS, _WITH, _PERHAPS = "HasGrounds", "WithGrounds", "PerhapsWithGrounds"


def _with_grounds(schema: Schema) -> Schema:
    """The same schema, in which every value may be one that says what it rests on."""
    out: Schema = _opened(schema)
    for name, part in out["$defs"].items():
        out["$defs"][name] = _told_apart(part, properties={VALUE: {"$ref": f"#/$defs/{name}/else"}})
    return {**out, "$defs": {**out["$defs"], **_grounds()}}


def _opened(node: Any) -> Any:
    """A schema, in which every value inside may have grounds; what the parts of a study allow is left to them."""
    if isinstance(node, list):
        return [_opened(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: _opened(value) for key, value in node.items()}
    for key in ("properties", "patternProperties"):
        out |= {key: {name: _either(value) for name, value in out[key].items()}} if key in node else {}
    for key in ("items", "additionalProperties"):
        out |= {key: _either(out[key])} if isinstance(node.get(key), dict) else {}
    return out | ({"prefixItems": list(map(_either, out["prefixItems"]))} if "prefixItems" in node else {})


def _either(value: Schema) -> Schema:
    """A value, or one with its grounds, whose value is checked where it is one of a few words, or a part of `$defs`."""
    if "anyOf" in value:
        return {**value, "anyOf": list(map(_either, value["anyOf"]))}
    if "type" not in value or value["type"] == "null":
        return value
    words = {key: value[key] for key in ("enum", "const") if key in value}
    if value["type"] == "object" or words:
        return _told_apart(value, properties={VALUE: words})
    types = value["type"] if isinstance(value["type"], list) else [value["type"]]
    return {**value, "type": [*types, "object"], "$ref": f"#/$defs/{_PERHAPS}"}


def _told_apart(value: Schema, **of_value: Schema) -> Schema:
    """A value, or one with its grounds; what is wrong is then said of one of the two."""
    return {
        "if": {"$ref": f"#/$defs/{_HAS}"},
        "then": {"allOf": [{"$ref": f"#/$defs/{_WITH}"}], **of_value},
        "else": value,
    }


def _grounds() -> dict[str, Schema]:
    beside = [{"required": [key]} for key in (SOURCE, CONFIDENCE)]
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in CONFIDENCES.items())
    keys = {
        VALUE: {"description": "what would stand here alone"},
        SOURCE: {"type": "string", "minLength": 1, "description": "where the value is from"},
        CONFIDENCE: {"enum": list(CONFIDENCES), "description": f"how sure it is; {meanings}"},
    }
    return {
        _HAS: {"type": "object", "required": [VALUE], "anyOf": beside},
        _PERHAPS: {"if": {"type": "object"}, "then": {"$ref": f"#/$defs/{_WITH}"}},
        _WITH: {
            "type": "object",
            "description": "A value with its source and how sure it is.",
            "properties": keys,
            "required": [VALUE, CONFIDENCE],
            "if": {"properties": {CONFIDENCE: {"const": WITHOUT_SOURCE, "description": "needs no source"}}},
            "else": {"required": [SOURCE]},
            "propertyNames": {"enum": list(KEYS)},
        },
    }


def _file(meaning: str) -> Schema:
    return {"type": "string", "description": f"CSV file, relative to this file: {meaning}"}


def _stresses(names: Schema) -> Schema:
    """Named changes of the study: what stands under a path depends on what the study has there."""
    text: Schema = {"type": "string"}
    own = {
        "title": {"anyOf": [text, {"type": "object", "additionalProperties": text}], "description": "by language"},
        "overlay": {"anyOf": [text, names], "description": "files in the study's folder, merged over it first"},
    }
    one = {"type": "object", "properties": own, "description": "new values, multiples and sums by dotted path"}
    meaning = "stresses by name: changes of the study, which `spvrisk stress` runs beside it"
    return {"type": "object", "additionalProperties": {**one, "additionalProperties": True}, "description": meaning}


def _uncertain() -> Schema:
    """Uncertain inputs: what their changes may be depends on what the study has there."""
    text: Schema = {"type": "string"}
    own = {
        "title": {"anyOf": [text, {"type": "object", "additionalProperties": text}], "description": "by language"},
        "law": {"$ref": "#/$defs/Law"},
        "moves": {"type": "object", "description": "changes by dotted path, with x where the draw belongs"},
    }
    one = {"type": "object", "properties": own, "required": ["law", "moves"], "additionalProperties": False}
    row = {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": -1, "exclusiveMaximum": 1}}
    pairs = {
        "type": "object",
        "additionalProperties": row,
        "description": "correlation of normal scores, by input and input",
    }
    meaning = "what is not known of the study, by name, each with its law: run.uncertainty has the number of draws"
    return {"type": "object", "properties": {CORRELATION: pairs}, "additionalProperties": one, "description": meaning}


def _law() -> Schema:
    families: dict[str, Any] = {"fixed": {"type": "number", "description": f"One value, {OWN_UNIT}."}}
    mappings = {name: family for name, family in FAMILIES.items() if family.forms}
    for name, family in mappings.items():
        families[name] = {
            "type": "object",
            "description": family.meaning,
            "properties": {
                key: {**found.kind.schema, "description": found.meaning} for key, found in family.parameters.items()
            },
            "anyOf": [{"required": list(form)} for form in family.forms],
            "additionalProperties": False,
        }
    families["mixture"] = {
        "type": "array",
        "description": FAMILIES["mixture"].meaning,
        "items": {
            "type": "object",
            "properties": {
                "weight": {"type": "number", "minimum": 0, "maximum": 1, "description": "share of the law"},
                "law": {"$ref": "#/$defs/Law"},
            },
            "required": ["weight", "law"],
            "additionalProperties": False,
        },
    }
    truncate = {
        "type": "array",
        "items": {"type": ["number", "null"]},
        "description": f"Condition the law on [low, high], {OWN_UNIT}; null (or .inf, -.inf) for no end.",
        "minItems": 2,
        "maxItems": 2,
    }
    mapping = {
        "type": "object",
        "properties": {**families, "truncate": truncate},
        "oneOf": [{"required": [name]} for name in families],
        "additionalProperties": False,
    }
    return {"description": "Law of a random quantity: a number, or one family.", "anyOf": [{"type": "number"}, mapping]}


def _curve(mapping: Schema) -> Schema:
    forms = [{"required": [key]} for key in ("value", "knots", "dates")]
    return {"description": "A number or a curve over time.", "anyOf": [{"type": "number"}, {**mapping, "oneOf": forms}]}


def _zero_curve(mapping: Schema) -> Schema:
    out = {key: value for key, value in mapping.items() if key != "required"}
    out["properties"] = {**mapping["properties"], "table": _file("the columns years and rate")}
    return {**out, "oneOf": [{"required": ["knots"]}, {"required": ["table"]}]}


def _timing(mapping: Schema) -> Schema:
    meaning = "A date, or days counted from a date or from another event."
    forms = [{"required": [key]} for key in ("on", "from", "after")]
    return {"description": meaning, "anyOf": [{"type": "string", "format": "date"}, {**mapping, "oneOf": forms}]}


def _shift(mapping: Schema) -> Schema:
    meaning = "Shift of a factor by an outcome: a number for a permanent shift, or a value for some years."
    return {"description": meaning, "anyOf": [{"type": "number"}, mapping]}


def _any_of(choice: Schema) -> Schema:
    """What pydantic tells apart by a function: editors need no more than the choices."""
    return {"anyOf" if key == "oneOf" else key: value for key, value in choice.items()}


def _probabilities(rules: Schema) -> Schema:
    meaning = rules.pop("description")
    one = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}}
    return {"description": meaning, "anyOf": [one, rules]}


def _projects(mapping: Schema) -> Schema:
    table = _file("first column `name`, then dotted keys of a project")
    template = {"type": "object", "description": "what the rows of the table share: any keys of a project"}
    ((pattern, project),) = mapping["patternProperties"].items()
    names = {pattern.replace("^", "^(?!(table|template)$)", 1): project}
    return {**mapping, "patternProperties": names, "properties": {"table": table, "template": template}}
