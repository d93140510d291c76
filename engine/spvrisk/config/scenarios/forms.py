"""What stands in many places of files beside a study: mappings, texts, whole numbers, titles."""

from collections.abc import Mapping

from spvrisk.catalogue import phrase
from spvrisk.config.base import shown
from spvrisk.config.reading.files import Files
from spvrisk.config.reading.nodes import Node
from spvrisk.config.reading.places import plain_of
from spvrisk.errors import suggestion


class Forms:
    """Reads parts of files; what is wrong is kept with the files' problems, and something empty given in its place.

    Parameters
    ----------
    files
        The files.
    """

    def __init__(self, files: Files) -> None:
        self.files = files

    def wrong(self, node: Node, rule: str, remedy: str) -> None:
        """Note that a part is wrong.

        Parameters
        ----------
        node
            The part.
        rule, remedy
            As of a `Problem`.
        """
        self.files.problem(node.place, rule, shown(plain_of(node)), remedy)

    def known(self, keys: Mapping[str, Node], allowed: tuple[str, ...], of: str) -> None:
        """Note keys that are not known.

        Parameters
        ----------
        keys
            As the file has them.
        allowed
            Those that are known.
        of
            What they are keys of.
        """
        for key, node in keys.items():
            if key not in allowed:
                self.files.problem(node.place, phrase("{} is not a key of {}", key, of), "", suggestion(key, allowed))

    def mapping(self, node: Node | None, example: str) -> Mapping[str, Node]:
        """Give a mapping; none where nothing stands.

        Parameters
        ----------
        node
            What stands there.
        example
            Of such a mapping.
        """
        if node is None:
            return {}
        if isinstance(node.value, dict):
            return node.value
        self.wrong(node, "must be a mapping", phrase("write e.g. {}", example))
        return {}

    def text(self, node: Node) -> str:
        """Give a text.

        Parameters
        ----------
        node
            What stands there.
        """
        if isinstance(node.value, str):
            return node.value
        self.wrong(node, "must be text", "put it in quotes")
        return ""

    def whole(self, node: Node | None, least: int) -> int | None:
        """Give a whole number; None where nothing stands.

        Parameters
        ----------
        node
            What stands there.
        least
            The least that it may be.
        """
        if node is None or node.value is None:
            return None
        if type(node.value) is int and node.value >= least:
            return node.value
        self.wrong(node, phrase("must be a whole number of at least {}", least), "write e.g. 20000")
        return None

    def title(self, node: Node | None) -> dict[str, str]:
        """Give a title by language: a plain text is English.

        Parameters
        ----------
        node
            What stands there.
        """
        if node is not None and isinstance(node.value, str):
            return {"en": node.value}
        return {key: self.text(item) for key, item in self.mapping(node, "{en: Gas twice as dear}").items()}
