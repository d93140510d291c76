"""`--set path=value`: changes of a study on the command line, after includes and tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from spvrisk.catalogue import phrase
from spvrisk.config.base import choices, is_model, keys_of, shown
from spvrisk.config.laws import Law
from spvrisk.config.reading.messages import GONE, model_problems
from spvrisk.config.reading.nodes import Grounds, Node, Place, node_at
from spvrisk.config.reading.places import Places
from spvrisk.config.reading.source import parse
from spvrisk.config.reading.tables import put
from spvrisk.config.reading.values import plain, plain_if_any, yaml_text
from spvrisk.config.study import Study
from spvrisk.config.study.run import Run
from spvrisk.errors import InputError, Problem, dotted, suggestion

OPTION = "--set"
"""How places of overrides begin."""

Overrides = Sequence[str] | Mapping[str, Any]
"""Changes as ``path=value``, or paths with their values."""


def override_texts(overrides: Overrides) -> tuple[str, ...]:
    """Overrides as ``path=value``; values of a mapping are written as YAML.

    Parameters
    ----------
    overrides
        Texts ``path=value`` as the command takes them, or values by path.

    Raises
    ------
    InputError
        A value is nothing that a study could say.

    Examples
    --------
    >>> from datetime import date
    >>> override_texts({"run.paths": 10, "run.workers": None, "study.value_date": date(2026, 4, 1)})
    ('run.paths=10', 'run.workers=null', 'study.value_date="2026-04-01"')
    """
    if isinstance(overrides, Mapping):
        return tuple(f"{_path(path)}={yaml_text(plain(value, (path,)))}" for path, value in overrides.items())
    if isinstance(overrides, str) or not isinstance(overrides, Iterable):
        raise _no_changes(overrides)
    texts = tuple(overrides)
    for text in texts:
        if not isinstance(text, str):
            raise _no_changes(text)
    return texts


def _no_changes(value: object) -> InputError:
    remedy = phrase('write ["run.paths=10000"] or {{"run.paths": 10000}}')
    return InputError(Problem("overrides", "", "must be a list of texts or a mapping", shown(value), remedy))


def _path(path: object) -> str:
    """A key of the mapping."""
    if not isinstance(path, str) or "=" in path:
        raise InputError(
            Problem("overrides", "", "its keys must be dotted paths", shown(path), 'write e.g. "run.paths"')
        )
    return path


def apply(root: Node, overrides: Sequence[str], problems: list[Problem]) -> tuple[Node, dict[str, Place]]:
    """Apply overrides in order.

    Parameters
    ----------
    root
        The study as it was read; it is not changed.
    overrides
        Texts ``path=value``.
    problems
        Takes what is wrong with them; such an override is left out.

    Returns
    -------
    root, deleted
        The changed nodes, and the place of the override that removed a key, by its dotted path.
    """
    deleted: dict[str, Place] = {}
    for number, text in enumerate(overrides, start=1):
        place = Place(f"{OPTION} {number}")
        key, equals, value = text.partition("=")
        path = tuple(key.strip().split("."))
        if not equals or not all(path):
            remedy = "write e.g. --set run.paths=10000"
            problems.append(Problem(str(place), "", "must be path=value", shown(text), remedy))
            continue
        refused = unknown(root, path)
        if refused is not None:
            problems.append(Problem(str(place), key.strip(), "is not a key of this study", "", refused))
            continue
        if not value.strip():  # of a variable of the shell that is not set, say
            rule, remedy = "must have a value", "write null if the key is to be removed"
            problems.append(Problem(str(place), key.strip(), rule, "", remedy))
            continue
        node, wrong = parse(value, str(place), place)
        problems += wrong
        if node is not None:
            root = put(root, path, _in_place_of(node_at(root, path), node))
            deleted |= {dotted(path): place} if node.value is None else {}
    return root, deleted


def _in_place_of(old: Node | None, new: Node) -> Node:
    """A new value that says, unless it has grounds of its own, what was there before it rested on."""
    if new.grounds is not None:
        return new
    before = Grounds() if old is None or old.grounds is None else old.grounds
    return Node(new.value, new.place, before._replace(changed=new.place))


def unknown(root: Node, path: Sequence[str], start: Any = Study) -> str | None:
    """Give the remedy for a path that a study cannot have, else None.

    Names of projects, factors and the like must be there already; keys may be those of the models; in a law that is
    there only the last key may be new.

    Parameters
    ----------
    root
        The study as it was read.
    path
        Keys of the override.
    start
        Model that the path starts from.
    """
    node: Node | None = root
    kinds: list[Any] = [start]
    for depth, key in enumerate(path):
        last = depth == len(path) - 1
        here = node.value if node else None
        if isinstance(here, list):
            return phrase("lists are replaced whole: set {}", dotted(tuple(path[:depth])))
        inside = here if isinstance(here, dict) else {}
        if key not in inside and node is not None and here is not None and not isinstance(here, dict):
            return phrase("{} is {} here: replace it whole", dotted(tuple(path[:depth])), shown(here))
        if key not in inside:
            allowed = _allowed(kinds, inside, last)
            if allowed is not None and key not in allowed:
                return GONE.get(".".join(path[: depth + 1])) or suggestion(key, allowed)
        node = inside.get(key)
        kinds = [inner for kind in kinds for inner in _inner(kind, key)]
    return None


def _allowed(kinds: list[Any], inside: dict[str, Node], last: bool) -> list[str] | None:
    """Keys that may be set although they are not there yet; None for any."""
    models = [kind for kind in kinds if is_model(kind) and kind is not Law]
    if models:
        return [*(key for model in models for key in keys_of(model)), *inside]
    mappings = [kind for kind in kinds if getattr(kind, "__origin__", None) is dict]
    if mappings:
        return list(inside) if any(is_model(item) for kind in mappings for item in _inner(kind, "")) else None
    return None if last or not inside else list(inside)


def _inner(kind: Any, key: str) -> list[Any]:
    if kind is Law:
        return []
    if is_model(kind):
        field = keys_of(kind).get(key)
        return choices(field.annotation) if field else []
    if getattr(kind, "__origin__", None) is dict:
        return choices(kind.__args__[1])
    return []


def changed_run(run: Run, arguments: Mapping[str, Any]) -> Run:
    """Settings of a run with some of them replaced by arguments, checked like those of a file.

    Parameters
    ----------
    run
        Settings as the study has them.
    arguments
        Values by key of ``run``, of any type.

    Raises
    ------
    InputError
        An argument is out of range.
    """
    place = Place("argument")
    given = {key: plain_if_any(value) for key, value in arguments.items()}
    try:
        return Run.model_validate({**run.model_dump(), **given})
    except ValidationError as error:
        root = Node({key: Node(value, place) for key, value in given.items()}, place)
        raise InputError(model_problems(error, Places(root, {}))) from None
