"""What a study's files say, as nodes that remember their place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from spvrisk.config.base import Key

Scalar = None | bool | int | float | str | date


class Place(NamedTuple):
    """Where something was written: a file with line and column (0: not counted), or an option."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])


class Grounds(NamedTuple):
    """What a value rests on.

    Attributes
    ----------
    source
        Where it is from, in words; empty where nothing was said, as of a judgement.
    confidence
        ``checked``, ``reported`` or ``judgement``; empty where nothing was said.
    changed
        Where the value, or a part of it, was replaced by another since; the grounds are those of what was there before.
    """

    source: str = ""
    confidence: str = ""
    changed: Place | None = None


@dataclass(slots=True)
class Node:
    """A value with its place.

    Attributes
    ----------
    value
        A scalar, or a dict or list of nodes. Never changed once it is shared.
    place
        Of a scalar, where it stands; of a collection, where its key stands.
    grounds
        What it rests on, where that was said.
    """

    value: "Scalar | dict[str, Node] | list[Node]"
    place: Place
    grounds: Grounds | None = None

    def with_part(self, value: "Scalar | dict[str, Node] | list[Node]", part: Place) -> "Node":
        """The same with a new value, a part of which has been replaced.

        Parameters
        ----------
        value
            The whole new value.
        part
            Where the new part stands.
        """
        grounds = None if self.grounds is None else self.grounds._replace(changed=part)
        return Node(value, self.place, grounds)


def node_at(root: Node, path: Iterable[Key]) -> Node | None:
    """Node at a path of keys, or None.

    Parameters
    ----------
    root
        The study as it was read.
    path
        Keys of mappings; a list is entered by none.
    """
    node: Node | None = root
    for key in path:
        inner = node.value if node is not None else None
        node = inner.get(str(key)) if isinstance(inner, dict) else None
    return node


def child(node: Node, steps: Sequence[str]) -> tuple[Node, int] | None:
    """Part of a node to which the first of some steps lead, and how many do: a key may hold the dots of a path.

    Parameters
    ----------
    node
        A mapping or a list; anything else has no parts.
    steps
        Keys and positions, as text; at least one.
    """
    match node.value:
        case dict() as mapping:
            for count in range(1, len(steps) + 1):
                if (key := ".".join(steps[:count])) in mapping:
                    return mapping[key], count
        case list() as items if steps[0].isdecimal() and int(steps[0]) < len(items):
            return items[int(steps[0])], 1
    return None
