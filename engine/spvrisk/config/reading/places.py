"""Where each part of a study was written: for messages about what only planning or running finds out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from spvrisk.config.reading.nodes import Node, Place, child
from spvrisk.errors import InputError, dotted


class Places(NamedTuple):
    """The nodes of a study after includes, tables and overrides.

    Attributes
    ----------
    root
        Node of the whole study.
    deleted
        Place of the override that removed a key, by its dotted path.
    """

    root: Node
    deleted: Mapping[str, Place]

    def place_of(self, path: str) -> str:
        """Place of a dotted path as a message shows it, such as ``study.yaml:12`` or ``--set 2``.

        A path that the files do not have gets the place of the nearest part above it that they do have.

        Parameters
        ----------
        path
            Keys and positions in lists, such as ``projects.smr.operation.life_years`` or ``output.paths.0``.
        """
        node, steps = self.root, path.split(".") if path else []
        here = 0
        while here < len(steps):
            found = child(node, steps[here:])
            if found is None:
                return str(self.deleted.get(dotted(steps[: here + 1]), node.place))
            node, count = found
            here += count
        return str(node.place)

    @contextmanager
    def filled_in(self) -> Iterator[None]:
        """Give every problem that is raised inside without a place the place of its path.

        Raises
        ------
        InputError
            As raised inside, its problems with their places.
        """
        try:
            yield
        except InputError as error:
            found = [item if item.place else item._replace(place=self.place_of(item.path)) for item in error.problems]
            raise InputError(found) from None

    def given(self) -> dict[str, Any]:
        """What was written, without places; nothing that was left out is in it."""
        plain = plain_of(self.root)
        return plain if isinstance(plain, dict) else {}


def plain_of(node: Node) -> Any:
    """A node's value without places.

    Parameters
    ----------
    node
        Any.
    """
    match node.value:
        case dict() as mapping:
            return {key: plain_of(item) for key, item in mapping.items()}
        case list() as items:
            return [plain_of(item) for item in items]
    return node.value
