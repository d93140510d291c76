"""Changes of a study as scenarios write them -> overrides: values, multiples, sums, wildcards, probabilities."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config.base import Model, shown
from spvrisk.config.laws import Law
from spvrisk.config.laws.moved import NotOfTheFamilyError, plus, times
from spvrisk.config.loading import Loaded
from spvrisk.config.reading.nodes import Node
from spvrisk.config.reading.overrides import OPTION
from spvrisk.config.reading.places import plain_of
from spvrisk.config.reading.values import yaml_text
from spvrisk.config.study import Study
from spvrisk.config.study.curves import Curve, ZeroCurve, written
from spvrisk.config.study.events import Rule
from spvrisk.errors import InputError, Problem, nearest, suggestion

ANY = "*"
"""In a key: any characters, as in ``projects.*_gas.budget``; such a path leads to each key that is there and fits."""

TIMES, PLUS, REST, SCALE = "times", "plus", "rest", "scale"

_RELATIVE: Mapping[str, tuple[Callable[[Law, float], Any], Callable[[float, float], float]]] = {
    TIMES: (times, lambda value, factor: value * factor),
    PLUS: (plus, lambda value, number: value + number),
}
"""What is made of a law and of a number."""

_DIGITS = 15
"""Of a product: 0.8 times 0.8 is 0.64."""


class Change(NamedTuple):
    """One change.

    Attributes
    ----------
    path
        Dotted path of a key of the study; a ``*`` in it stands for any characters of a key that is there.
    value
        What the file says: the new value, ``{times: 1.2}``, ``{plus: 0.5}``, or probabilities with ``rest: scale``.
    """

    path: str
    value: Node


class Found(NamedTuple):
    """What a path leads to.

    Attributes
    ----------
    keys
        The path, wildcards filled in.
    value
        What the study has there; None where it has nothing.
    """

    keys: tuple[str, ...]
    value: Any

    @property
    def path(self) -> str:
        """As an override writes it."""
        return ".".join(self.keys)


def variant(base: Loaded, of: str, changes: Sequence[Change], overlays: Sequence[Node] = ()) -> Loaded:
    """Give the study that a scenario makes of its base; no file but the overlays is read.

    Parameters
    ----------
    base
        The base.
    of
        What changes it, for messages: ``scenario dear``.
    changes
        Applied one after the other; multiples and sums are of what the base has, overlays included.
    overlays
        Names of files in the base study's folder that are merged over it first, as includes are.

    Raises
    ------
    InputError
        With every problem of the changed study, at the place of the change that makes it.
    """
    source = base.source.over(overlays) if overlays else base.source
    study = base.study
    if overlays and not all(map(_is_absolute, changes)):
        # an overlay may make sense with the changes alone
        absolute = [_absolute(change) for change in changes if _is_absolute(change)]
        study = source.study((*base.overrides, *absolute)).study
    owned = [(text, change) for change in changes for text in _overrides(change, study, of)]
    try:
        return source.study((*base.overrides, *(text for text, _ in owned)))
    except InputError as error:
        owners, first = [change for _, change in owned], len(base.overrides) + 1
        raise InputError([_placed(problem, of, owners, first) for problem in error.problems]) from None


def _placed(problem: Problem, of: str, owners: Sequence[Change], first: int) -> Problem:
    """A problem of a changed study, at the change that makes it."""
    option = re.match(rf"{OPTION} ([0-9]+)", problem.place)
    k = int(option[1]) - first if option else -1
    if not 0 <= k < len(owners):
        return problem._replace(place=phrase("{} in {}:", problem.place, of))
    value = owners[k].value
    return problem._replace(place=phrase("{} in {}:", value.place, of), remedy=_meant(value) or problem.remedy)


def _meant(value: Node) -> str:
    """What a value that the study refuses may have been meant as, if it reads like ``times`` or ``plus``."""
    match value.value:
        case dict() as inner if len(inner) == 1 and (near := nearest(next(iter(inner)), _RELATIVE)):
            return phrase("did you mean {}?", near)
    return ""


def _is_absolute(change: Change) -> bool:
    """Whether a change says all by itself."""
    return ANY not in change.path and _is_plain(change.value)


def _is_plain(value: Node) -> bool:
    return _relative(value) is None and not _scales(value)


def _absolute(change: Change) -> str:
    return f"{change.path}={yaml_text(plain_of(change.value))}"


def _overrides(change: Change, study: Study, of: str) -> list[str]:
    """A change as overrides of a study."""
    if _is_absolute(change):
        return [_absolute(change)]
    value, keys = change.value, change.path.split(".")

    def wrong(path: str, rule: str, got: str = "", remedy: str = "") -> InputError:
        return InputError(Problem(phrase("{} in {}:", str(value.place), of), path, rule, got, remedy))

    found = list(_places(study, keys))
    if ANY in change.path and not _is_plain(value):
        found = [place for place in found if place.value is not None]
    if not found:
        raise wrong(change.path, "leads to nothing that the study has", "", _near(study, keys))
    new = _moved if _relative(value) else _scaled if _scales(value) else _replaced
    texts = []
    for place in found:
        try:
            texts.append(f"{place.path}={yaml_text(_plain(new(place.value, value)))}")
        except _UnfitError as error:
            raise wrong(place.path, *error.args) from None
    return texts


class _UnfitError(Exception):
    """What a study has cannot be changed so."""

    def __init__(self, rule: str, value: str, remedy: str) -> None:
        super().__init__(rule, value, remedy)


def _relative(value: Node) -> tuple[str, Node] | None:
    """``times`` or ``plus``, and its number."""
    match value.value:
        case dict() as inner if len(inner) == 1 and next(iter(inner)) in _RELATIVE:
            return next(iter(inner.items()))
    return None


def _scales(value: Node) -> bool:
    match value.value:
        case dict() as inner:
            return REST in inner and inner[REST].value == SCALE
    return False


def _plain(value: Any) -> Any:
    """A value whose numbers have no more digits than were meant."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _replaced(_: Any, value: Node) -> Any:
    return plain_of(value)


def _moved(old: Any, value: Node) -> Any:
    """A number, a law or a curve, multiplied or moved."""
    relative = _relative(value)
    assert relative is not None  # as the caller has seen
    word, node = relative
    number = node.value
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise _UnfitError(phrase("{} needs a number", word), shown(plain_of(node)), phrase("write {{{}: 1.2}}", word))
    if word == TIMES and isinstance(old, Law) and number <= 0:
        raise _UnfitError("a law can be multiplied by numbers above 0", shown(number), "write the new law")
    of_law, of_number = _RELATIVE[word]
    if isinstance(old, Law):
        try:
            return of_law(old, float(number))
        except NotOfTheFamilyError as error:
            text = "a {} law cannot be multiplied" if word == TIMES else "a {} law cannot be moved"
            raise _UnfitError(phrase(text, error), "", "write the new law, or change a number inside") from None
    if isinstance(old, Curve | ZeroCurve):
        if word == PLUS and isinstance(old, Curve) and old.growth:
            raise _UnfitError("a curve that grows cannot be moved", shown(old.growth), "write the new curve")
        return written(old, lambda value: of_number(value, number))
    if isinstance(old, bool) or not isinstance(old, int | float):
        rule = phrase("{} changes a number, a law or a curve", word)
        raise _UnfitError(rule, shown(old), "name a number inside it, or write the new value")
    changed = of_number(old, number)
    return int(changed) if isinstance(old, int) and float(changed).is_integer() else changed


def _scaled(old: Any, value: Node) -> Any:
    """Probabilities some of which are given; the others keep their proportions, under each condition of an event."""
    if isinstance(old, tuple) and old and all(isinstance(rule, Rule) for rule in old):
        rules = []
        for rule in old:
            when = {} if rule.when is None else {"when": rule.when.model_dump(by_alias=True, exclude_none=True)}
            rules.append({**when, "is": _scaled(rule.is_, value)})
        return rules
    if not isinstance(old, Mapping) or not all(isinstance(p, float | int) for p in old.values()):
        raise _UnfitError("rest: scale needs probabilities by name", shown(old), "write all of them")
    given = plain_of(value)
    del given[REST]
    for key, p in given.items():
        if key not in old:
            raise _UnfitError("is none of the names that have probabilities", key, suggestion(key, old))
        if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
            raise _UnfitError("must be a probability in [0, 1]", shown(p), "write e.g. 0.2")
    left, others = 1.0 - math.fsum(given.values()), [key for key in old if key not in given]
    before = math.fsum(old[key] for key in others)
    if left < -1e-9 or (before == 0.0 and left > 1e-9):
        rule = "leaves nothing for the others" if left < 0 else "the others have no probability to be scaled"
        raise _UnfitError(rule, shown(1.0 - left), "write all of them")
    share = max(left, 0.0) / before if before else 0.0
    return {key: float(given[key]) if key in given else old[key] * share for key in old}


def places(study: Study, path: str) -> list[Found]:
    """Every place of a study that a path leads to.

    Parameters
    ----------
    study
        The study.
    path
        Dotted; ``*`` stands for each key that is there.
    """
    return list(_places(study, path.split(".")))


def passed_over(study: Study, change: Change, of: str) -> Problem | None:
    """Warn of a wildcard that changes some of the keys that fit it, and not the others, which lack what is changed.

    Parameters
    ----------
    study
        The base.
    change
        The change.
    of
        What makes it, as of `variant`.
    """
    keys = change.path.split(".")
    first = next((depth for depth, key in enumerate(keys) if ANY in key), None)
    if first is None:
        return None
    found = _places(study, keys)
    reached = {place.keys[first] for place in found if _is_plain(change.value) or place.value is not None}
    fit = dict.fromkeys(place.keys[first] for place in _places(study, keys[: first + 1]))
    others = [name for name in fit if name not in reached]
    if not reached or not others:
        return None
    rule = phrase("passes over {}, which have no such key", ", ".join(others))
    remedy = phrase("if they are meant, name each with its value")
    return Problem(phrase("{} in {}:", str(change.value.place), of), change.path, rule, "", remedy, "warning")


def _places(study: Any, keys: Sequence[str]) -> Iterator[Found]:
    """Every place that a path leads to: all its blocks are there; its last key may have nothing."""
    here = [Found((), study)]
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        here = [
            Found((*place.keys, name), inner)
            for place in here
            for name, inner in _inside(place.value).items()
            if fnmatchcase(name, key) and (inner is not None or (last and ANY not in key))
        ]
    yield from here


def _inside(value: Any) -> dict[str, Any]:
    """What has a key of its own."""
    if isinstance(value, Law):
        return {value.family: value.parameters}
    if isinstance(value, Model):
        fields = type(value).model_fields
        return {field.alias or name: getattr(value, name) for name, field in fields.items()}
    return dict(value) if isinstance(value, Mapping) else {}


def _near(study: Any, keys: Sequence[str]) -> str:
    """Remedy for a path that leads nowhere: keys that are there where it goes wrong."""
    here: list[Any] = [study]
    for key in keys:
        inside = {name: inner for value in here for name, inner in _inside(value).items() if inner is not None}
        if ANY not in key and key not in inside:
            return suggestion(key, inside)
        here = [inner for value in here for name, inner in _inside(value).items() if fnmatchcase(name, key)]
    return "check the path"
