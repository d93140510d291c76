"""From pydantic's errors to problems, and the places of problems."""

import math
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from spvrisk.catalogue import phrase
from spvrisk.config.base import Key, choices, is_model, keys_of, shown
from spvrisk.config.reading.nodes import Node, Place, child
from spvrisk.config.reading.numerals import meant, number_remedy
from spvrisk.config.reading.places import Places
from spvrisk.config.study import Study
from spvrisk.errors import Problem, dotted, nearest, suggestion

# rule and remedy by pydantic's type of error, where nothing better is known
_PLAIN = {
    "float_type": (phrase("must be a number"), phrase("write a plain number, e.g. 0.5")),
    "finite_number": (phrase("must be a finite number"), phrase("write a finite number")),
    "int_type": (phrase("must be a whole number"), phrase("write a plain whole number")),
    "int_from_float": (phrase("must be a whole number"), phrase("round it")),
    "string_type": (phrase("must be text"), phrase("put it in quotes")),
    "bool_type": (phrase("must be true or false"), phrase("write true or false")),
    "date_type": (phrase("must be a date"), phrase("write year-month-day, e.g. 2026-03-31")),
    "model_type": (phrase("must be a mapping of keys"), phrase("write its keys below it, indented")),
    "model_attributes_type": (phrase("must be a mapping of keys"), phrase("write its keys below it, indented")),
    "dict_type": (phrase("must be a mapping by name"), phrase("write names below it, indented; {{}} for none")),
    "tuple_type": (phrase("must be a list"), phrase("write [first, second]")),
}

GONE = {
    "run.lanes": phrase(
        "no longer needed: the kernel has one width, 64 paths, and results do not depend on it; remove it"
    ),
    "stresses": phrase("stresses stand beside the study in its file: change them there, or choose with --only"),
    "uncertain": phrase("uncertain inputs stand beside the study in its file: change them there"),
}
"""Keys that there have been, or that only files have, by path: why they are none, and what to do."""

BY_NAME = _PLAIN["dict_type"][0]
BLOCK_RULES = {_PLAIN[kind][0] for kind in ("model_type", "model_attributes_type", "dict_type")}
"""Rules that a plain value breaks which stands for a block."""


def locate(root: Node, path: Iterable[Key], missing: bool = False) -> tuple[Place, str]:
    """Find the place of a path and the dotted path as the file has it.

    Steps that only the models know (rules of a plain mapping, the mode of a split) are left out. The last step of a
    path to a missing key stays, with the place of what should hold it.

    Parameters
    ----------
    root
        The study as it was read.
    path
        Keys and positions from the root.
    missing
        Whether the last key is one that should be there and is not.
    """
    node, steps = root, list(map(str, path))
    end, walked = len(steps) - missing, []
    here = 0
    while here < end:
        found = child(node, steps[here:end])
        if found is not None:
            node, count = found
            walked += steps[here : here + count]
            here += count
        else:
            here += 1
    return node.place, dotted((*walked, *steps[end:]))


def placed(root: Node, problems: Iterable[Problem], above: tuple[Key, ...] = ()) -> list[Problem]:
    """Fill in the places of problems whose paths begin at `above` in the study.

    Parameters
    ----------
    root
        As of `locate`.
    problems
        Problems without a place.
    above
        Path from the root to where their own paths begin.
    """
    out = []
    for problem in problems:
        place, path = locate(root, (*above, *problem.path.split(".")) if problem.path else above)
        out.append(problem._replace(place=str(place), path=path))
    return out


def model_problems(error: ValidationError, places: Places) -> list[Problem]:
    """Turn pydantic's errors into problems in our words.

    Parameters
    ----------
    error
        What the models found.
    places
        Where what was checked was written.
    """
    root, out = places.root, list[Problem]()
    for item in error.errors(include_url=False):
        loc: tuple[Key, ...] = item["loc"]
        if item["type"] == "problems":
            out += placed(root, item["ctx"]["problems"], loc)
        elif item["type"] == "missing" and isinstance(loc[-1], int):
            place, path = locate(root, loc[:-1])
            rule, remedy = phrase("must have at least {} items", loc[-1] + 1), "write them all"
            out.append(Problem(str(place), path, rule, "", remedy))
        elif item["type"] in ("missing", "union_tag_not_found"):
            at = loc if item["type"] == "missing" else (*loc, "mode")
            place, path = locate(root, at, missing=True)
            place = places.deleted.get(path, place)
            out.append(Problem(str(place), path, "the key is missing", "", _addition(at)))
        elif item["type"] == "extra_forbidden":
            out.append(_unknown(root, loc))
        else:
            at = (*loc, "mode") if item["type"] == "union_tag_invalid" else loc
            place, path = locate(root, at)
            value = item["input"].get("mode") if item["type"] == "union_tag_invalid" else item["input"]
            rule, remedy = _words(item["type"], item.get("ctx", {}), value)
            if loc == ("projects",) and isinstance(value, str) and value.lower().endswith(".csv"):
                remedy = phrase("write projects: {{table: {}, template: {{...}}}}", value)
            if isinstance(value, str) and item["type"] in ("float_type", "int_type"):
                remedy = _as_number(loc, value, item["type"] == "int_type", remedy)
            out.append(Problem(str(place), path, rule, shown(value), remedy))
    return out


def _unknown(root: Node, loc: tuple[Key, ...]) -> Problem:
    place, path = locate(root, loc)
    key = str(loc[-1])
    models = models_at(loc[:-1])
    allowed = [name for model in models for name in keys_of(model)]
    return Problem(str(place), path, "is not a key here", "", GONE.get(path) or suggestion(key, allowed))


def _addition(loc: tuple[Key, ...]) -> str:
    """Remedy for a missing key: what it means, from its description."""
    key = str(loc[-1])
    fields = [keys_of(model).get(key) for model in models_at(loc[:-1])]
    meaning = next((field.description for field in fields if field and field.description), None)
    return phrase("add {}: {}", key, meaning) if meaning else phrase("add {}", key)


def _words(kind: str, ctx: Mapping[str, Any], value: object) -> tuple[str, str]:
    """Rule and remedy of one of pydantic's errors."""
    if kind in ("literal_error", "union_tag_invalid"):
        allowed = re.findall(r"'([^']*)'", str(ctx.get("expected", ctx.get("expected_tags", ""))))
        names = allowed or re.findall(r"\d+", str(ctx.get("expected", "")))
        near = nearest(str(value), names)
        remedy = phrase("take one of them") if near is None else phrase("did you mean {}?", near)
        return phrase("must be one of {}", ", ".join(names)), remedy
    if kind in ("too_short", "too_long"):
        if ctx.get("field_type") == "Tuple" or kind == "too_long":
            length = ctx.get("max_length", ctx.get("min_length"))
            return phrase("must have {} items, has {}", length, ctx.get("actual_length")), phrase(
                "write exactly that many"
            )
        return phrase("must not be empty"), phrase("write at least one")
    rule, remedy = _PLAIN.get(
        kind, (phrase("is not valid ({})", kind.replace("_", " ")), phrase("see `spvrisk schema`"))
    )
    if kind == "int_type" and isinstance(value, float) and math.isfinite(value):
        return rule, phrase("round it")
    if value is None:
        return rule, phrase("write a value, or remove the key")
    return rule, remedy


def _as_number(loc: tuple[Key, ...], text: str, whole: bool, otherwise: str) -> str:
    """Remedy for a number that is written for people; one that would be refused in its turn is not named."""
    number = meant(text, whole)
    if number is not None and not takes(loc, int(number) if whole else float(number)):
        return otherwise
    return number_remedy(text, otherwise, whole)


def takes(path: tuple[Key, ...], value: object) -> bool:
    """Whether a value may stand at a path of a study, as far as its key alone tells.

    Parameters
    ----------
    path
        Keys from the root; the last is the one in question.
    value
        What would stand there.
    """
    fields = [keys_of(model).get(str(path[-1])) for model in models_at(path[:-1])]
    return any(_valid(field, value) for field in fields if field is not None) or not any(fields)


def takes_text(path: tuple[Key, ...]) -> bool:
    """Whether a key takes text and nothing else: a title, say, may be 007.

    Parameters
    ----------
    path
        Keys from the root; the last is the one in question.
    """
    fields = [keys_of(model).get(str(path[-1])) for model in models_at(path[:-1])]
    kinds = {kind for field in fields if field is not None for kind in _plain_types(field.annotation)}
    return str in kinds and kinds <= {str, type(None)}


def _plain_types(annotation: Any) -> set[Any]:
    """Types of a union, without what is annotated to them."""
    if hasattr(annotation, "__metadata__"):
        return _plain_types(annotation.__origin__)
    parts = get_args(annotation) if isinstance(annotation, UnionType) or get_origin(annotation) is Union else ()
    return {kind for part in parts for kind in _plain_types(part)} if parts else {annotation}


def _valid(field: FieldInfo, value: object) -> bool:
    kind: Any = Annotated[(field.annotation, *field.metadata, None)]
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def models_at(path: Iterable[Key]) -> list[type[BaseModel]]:
    """Models that may stand at a path of a study; empty where the path leads out of the models.

    Parameters
    ----------
    path
        Keys from the root.
    """
    kinds: list[Any] = [Study]
    for step in path:
        kinds = [inner for kind in kinds for inner in _step(kind, step)]
    return [kind for kind in kinds if is_model(kind)]


def _step(kind: Any, step: Key) -> list[Any]:
    if is_model(kind):
        field = keys_of(kind).get(str(step))
        if field is not None:
            return choices(field.annotation)
        # pydantic names the chosen member of a union by its mode
        mode = kind.model_fields.get("mode")
        return [kind] if mode is None or step in get_args(mode.annotation) else []
    if getattr(kind, "__origin__", None) is dict:
        return choices(get_args(kind)[1])
    if getattr(kind, "__origin__", None) is tuple:
        return choices(get_args(kind)[0])
    return []
