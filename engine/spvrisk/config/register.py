"""The register of a study's assumptions: each value that says what it rests on, and the numbers that do not."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from spvrisk.config.loading import Loaded
from spvrisk.config.reading.nodes import Grounds, Node
from spvrisk.config.reading.places import plain_of
from spvrisk.config.units import unit_of

SETTINGS = frozenset({"study", "run", "output"})
"""Sections whose numbers say how a study is computed, and assume nothing of the world."""

_Path = tuple[str, ...]


class Assumption(NamedTuple):
    """A value with what it rests on.

    Attributes
    ----------
    path
        Dotted path from the study.
    value
        As a file says it; lists and mappings for laws, curves and whole blocks.
    unit
        As far as it is known, else empty.
    source
        Where the value is from; empty of a judgement without one, and where nothing was said.
    confidence
        ``checked``, ``reported``, ``judgement``; empty where nothing was said.
    changed
        Where the value, or a part of it, was replaced since: source and confidence are those of what was there before.
        Empty where it is as its source has it.
    place
        File and line, or the number of the change.
    """

    path: str
    value: Any
    unit: str
    source: str
    confidence: str
    changed: str
    place: str


class Register(NamedTuple):
    """Assumptions of a study.

    Attributes
    ----------
    titles
        Of the study, by language.
    assumptions
        In the order of the study; those inside a block that has a source, too, follow it.
    without_source
        Dotted paths of the keys with numbers that nothing is said of; of `SETTINGS` none.
    """

    titles: dict[str, str]
    assumptions: tuple[Assumption, ...]
    without_source: tuple[str, ...]

    @property
    def title(self) -> str:
        """The study's, in English."""
        return self.titles["en"]

    def how_many(self, confidence: str) -> int:
        """How many values are as their source has them, and of a confidence.

        Parameters
        ----------
        confidence
            As of `Assumption`.
        """
        return sum(each.confidence == confidence and not each.changed for each in self.assumptions)

    @property
    def changed(self) -> int:
        """How many values are no longer as their source has them, or were set by a change."""
        return sum(bool(each.changed) for each in self.assumptions)


def register(loaded: Loaded) -> Register:
    """Give the register of a study, overrides included.

    Parameters
    ----------
    loaded
        The study.
    """
    root, study = loaded.places.root, loaded.study
    assumptions = tuple(
        Assumption(
            ".".join(path),
            plain_of(node),
            unit_of(path, study) if _has_numbers(node) else "",
            grounds.source,
            grounds.confidence,
            str(grounds.changed or ""),
            str(node.place),
        )
        for path, node, grounds in _grounded(root, ())
    )
    titles = study.study.title.model_dump(exclude_none=True)
    return Register(titles, assumptions, tuple(map(".".join, dict.fromkeys(_bare(root, ())))))


def _grounded(node: Node, path: _Path) -> Iterator[tuple[_Path, Node, Grounds]]:
    """Every node that says what it rests on."""
    if node.grounds is not None:
        yield path, node, node.grounds
    for key, item in _inside(node):
        yield from _grounded(item, (*path, key))


def _bare(node: Node, path: _Path) -> Iterator[_Path]:
    """Paths of keys with numbers outside of all that says what it rests on."""
    if node.grounds is not None or path[:1] and path[0] in SETTINGS:
        return
    if _is_number(node):
        yield tuple(key for key in path if not key.isdecimal())
    for key, item in _inside(node):
        yield from _bare(item, (*path, key))


def _has_numbers(node: Node) -> bool:
    return _is_number(node) or any(_has_numbers(item) for _, item in _inside(node))


def _is_number(node: Node) -> bool:
    return isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _inside(node: Node) -> list[tuple[str, Node]]:
    match node.value:
        case dict() as mapping:
            return list(mapping.items())
        case list() as items:
            return [(str(i), item) for i, item in enumerate(items)]
    return []
