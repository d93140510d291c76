"""Which keys of a study got their default."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from spvrisk.config.base import Key
from spvrisk.config.study import Study

_BY_NAME = ("parties", "factors", "regimes", "events", "offtakers", "pipelines", "projects", "side_flows")
# sections in which a null or nothing means something that a reader should know
_NULLS_COUNT = ("run", "output")


class Default(NamedTuple):
    """A default that was applied.

    Attributes
    ----------
    path
        Dotted path, with ``*`` for the names of what is named, and of the states of regimes.
    value
        The default.
    times, parts
        In how many of how many named parts; 1 of 1 where there is no ``*``.
    """

    path: str
    value: Any
    times: int
    parts: int


def defaults(study: Study, given: Mapping[str, Any]) -> list[Default]:
    """Defaults that were applied, in the order of the study, each once.

    Parameters
    ----------
    study
        The checked study.
    given
        What was written, as `spvrisk.config.Places.given` has it.
    """
    resolved = study.model_dump(mode="python", by_alias=True)
    counts: dict[tuple[str, str], int] = {}
    values: dict[tuple[str, str], Any] = {}
    for path, value in _missing(resolved, given, ()):
        if path[-1] == "arrival_multiplier" and not study.pipelines:  # nothing arrives
            continue
        key = _without_names(path), repr(value)
        counts[key] = counts.get(key, 0) + 1
        values[key] = value
    return [Default(path, values[path, text], count, _parts(study, path)) for (path, text), count in counts.items()]


def _without_names(path: tuple[Key, ...]) -> str:
    steps = list(map(str, path))
    if steps[0] in _BY_NAME and len(steps) > 2:
        steps[1] = "*"
        if steps[0] == "regimes" and steps[2] == "states" and len(steps) > 4:
            steps[3] = "*"
    return ".".join(steps)


def _parts(study: Study, path: str) -> int:
    """How many parts of a study a path with ``*`` may mean."""
    if path.startswith("regimes.*.states.*."):
        return sum(len(regime.states) for regime in study.regimes.values())
    return len(getattr(study, path.split(".")[0])) if ".*." in path else 1


def _missing(resolved: Any, given: Any, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], Any]]:
    """Leaves of what was resolved that were not given; where the two differ in form, nothing was left out."""
    if isinstance(resolved, Mapping) and isinstance(given, Mapping):
        if "family" in resolved and "parameters" in resolved:
            resolved = {resolved["family"]: resolved["parameters"]}
        for key, value in resolved.items():
            here = (*path, key)
            if key in given:
                yield from _missing(value, given[key], here)
            elif isinstance(value, Mapping) and value.get("family") == "fixed":
                yield here, value["parameters"]["value"]
            elif isinstance(value, Mapping) and value:
                yield from _missing(value, {}, here)
            elif _counts(here, value, given):
                yield here, value
    elif isinstance(resolved, list | tuple) and isinstance(given, list) and len(resolved) == len(given):
        for i, (value, item) in enumerate(zip(resolved, given, strict=True)):
            yield from _missing(value, item, (*path, i))


def _counts(path: tuple[Key, ...], value: Any, given: Mapping[str, Any]) -> bool:
    """Whether a default tells a reader anything."""
    if path[-1] == "values" and "csv" in given:  # read from the column, not a default
        return False
    if path[-1] == "growth" and "value" not in given:  # of a curve that is given in another form
        return False
    if path[-1] == "default_discount" and "offtaker" not in given:  # of a buyer that never defaults
        return False
    if path[-2:] == ("title", "en"):  # the name stands in
        return False
    return value not in (None, {}, (), []) or path[0] in _NULLS_COUNT
