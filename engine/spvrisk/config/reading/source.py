"""YAML 1.2 text to nodes that remember their place; YAML is read once, from the parser's events."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from spvrisk.catalogue import phrase
from spvrisk.config.base import MOST_DIGITS, Key, shown
from spvrisk.config.reading.grounds import has_grounds, read_grounds
from spvrisk.config.reading.nodes import Node, Place, Scalar
from spvrisk.errors import Problem, dotted

MAX_DEPTH = 40
MAX_NODES = 300_000
"""Largest number of values in a file once its aliases are written out."""

_INT = re.compile(r"[-+]?[0-9]+\Z")
_CUT = re.compile(r"[-+]?[0-9]+(,[0-9]+)*\Z")
"""A number up to a comma that has ended it."""
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_NO_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def no_text(text: str) -> int | None:
    """Position of the first character that no text has, None where all are sound.

    They are controls, ends of lines and changes of direction that are not seen, and halves of characters. A study's
    texts go to terminals and into result files, which are ruined or crash by them; and it should be what it looks like.

    Parameters
    ----------
    text
        Content of a file.
    """
    found = _NO_TEXT.search(text)
    return None if found is None else found.start()


def scalar(text: str) -> Scalar:
    """Read an unquoted scalar by the core schema of YAML 1.2, and ISO dates as dates.

    Parameters
    ----------
    text
        As it stands in the file.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text) if len(text) <= MOST_DIGITS else float("inf")
    if _FLOAT.match(text):
        return _exact(text, float(text))
    if _INFINITE.match(text):
        return float(text.replace(".", "", 1))
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text


def _exact(text: str, value: float) -> int | float:
    """The number, as an integer where it is a whole one that a float may round: seeds have 64 bits."""
    if not 2**53 <= abs(value) < 2**65:
        return value
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else value


def parse(text: str, file: str, at: Place | None = None) -> tuple[Node | None, list[Problem]]:
    """Parse a YAML document.

    Parameters
    ----------
    text
        The document.
    file
        Name of its file in messages.
    at
        One place for all nodes, for texts from a table's cell or an option.

    Returns
    -------
    node, problems
        The node is None where the text is no YAML at all.
    """
    if at is not None and (_INT.match(text) or _FLOAT.match(text)):
        return Node(scalar(text), at), []  # as most overrides are: YAML takes a millisecond to find the same
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    builder = _Builder(file, at)
    try:
        return builder.document(iter(YAML(typ="safe", pure=True).parse(text))), builder.problems
    except YAMLError as error:
        builder.problems.append(_broken(error, text, file, at))
    except _RefusedError as error:
        builder.problems.append(error.problem)
    return None, builder.problems


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Builder:
    """Builds nodes from one document's events."""

    def __init__(self, file: str, at: Place | None) -> None:
        self.file = file
        self.at = at
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.count = 0

    def document(self, events: Iterator[Any]) -> Node:
        from ruamel.yaml import events as kinds

        next(events)  # stream start
        start = next(events)
        if isinstance(start, kinds.StreamEndEvent):
            self.refuse(Place(self.file, 1), "a study file must not be empty", phrase("nothing"), "see `spvrisk init`")
        if start.version not in (None, (1, 2)):
            self.refuse(self.place(start), "must be YAML 1.2", phrase("another version"), "remove the %YAML line")
        root = self.node(next(events), events, None, ())
        next(events)  # document end
        follow = next(events)
        if not isinstance(follow, kinds.StreamEndEvent):
            self.refuse(self.place(follow), "a file holds one document", phrase("a second ---"), "remove it")
        return root

    def node(self, event: Any, events: Iterator[Any], key: Place | None, path: tuple[Key, ...]) -> Node:
        from ruamel.yaml import events as kinds

        here = self.place(event)
        self.grow(1, here)
        if isinstance(event, kinds.AliasEvent):
            return self.alias(event.anchor, here)
        if event.ctag is not None:
            self.refuse(here, "tags are not part of the language", str(event.ctag), "remove the tag")
        if len(path) > MAX_DEPTH:
            self.refuse(
                here, phrase("must not nest deeper than {} levels", MAX_DEPTH), "", "check brackets and indentation"
            )
        before = self.count
        if isinstance(event, kinds.ScalarEvent):
            plain = event.style is None
            self.check_text(event.value, here, path)
            built = Node(scalar(event.value) if plain else event.value, here)
        elif isinstance(event, kinds.MappingStartEvent):
            built = Node(self.mapping(events, path), key or here)
        else:
            built = Node(self.sequence(events, path), key or here)
        built = self.without_grounds(built, path)
        if event.anchor:
            self.anchors[event.anchor] = built, self.count - before + 1
        return built

    def mapping(self, events: Iterator[Any], path: tuple[Key, ...]) -> dict[str, Node]:
        from ruamel.yaml import events as kinds

        out: dict[str, Node] = {}
        lines: dict[str, Place] = {}
        while not isinstance(event := next(events), kinds.MappingEndEvent):
            here = self.place(event)
            if not isinstance(event, kinds.ScalarEvent):
                self.refuse(here, "a key must be a plain name", "", phrase("put text with [ ] {{ }} * in quotes"))
            name = event.value
            self.check_text(name, here, path)
            value = self.node(next(events), events, here, (*path, name))
            last = next(reversed(out), "")
            if (
                value.value is None
                and _INT.match(name)
                and lines.get(last) == here
                and _CUT.match(str(out[last].value))
            ):
                # {paths: 1,000} has a key 000 without a value: as a text it is refused with what it may mean
                out[last] = Node(f"{out[last].value},{name}", out[last].place)
                continue
            if name in lines:
                rule = phrase("the key appears twice, first in line {}", lines[name].line)
                self.problems.append(Problem(str(here), dotted((*path, name)), rule, "", "keep one of them"))
            elif name == "<<":
                remedy = "use `include`, or a table of projects with a template"
                self.problems.append(
                    Problem(str(here), dotted((*path, name)), "YAML 1.2 has no merge keys", "", remedy)
                )
            else:
                out[name] = value
            lines.setdefault(name, here)
        return out

    def without_grounds(self, node: Node, path: tuple[Key, ...]) -> Node:
        """The value alone where a mapping says what it rests on; a whole file is no value."""
        if not isinstance(node.value, dict) or not has_grounds(node.value) or not (path or self.at):
            return node
        grounds, wrong = read_grounds(node.value, node.place, path)
        value = node.value.get("value")
        if value is None:
            raise _RefusedError(wrong[0])
        self.problems += wrong
        return Node(value.value, value.place, grounds)

    def sequence(self, events: Iterator[Any], path: tuple[Key, ...]) -> list[Node]:
        from ruamel.yaml import events as kinds

        out: list[Node] = []
        while not isinstance(event := next(events), kinds.SequenceEndEvent):
            out.append(self.node(event, events, None, (*path, len(out))))
        return out

    def alias(self, name: str, here: Place) -> Node:
        if name not in self.anchors:
            self.refuse(
                here, "an alias needs an anchor before it", f"*{name}", phrase("write &{} first, or quotes", name)
            )
        node, size = self.anchors[name]
        self.grow(size - 1, here)
        return node

    def check_text(self, text: str, here: Place, path: tuple[Key, ...]) -> None:
        if no_text(text) is not None:
            rule = "text must not hold control characters"
            self.problems.append(Problem(str(here), dotted(path), rule, shown(text), "remove the escapes"))

    def grow(self, nodes: int, here: Place) -> None:
        self.count += nodes
        if self.count > MAX_NODES:
            rule = phrase("a file must not hold more than {} values, aliases written out", MAX_NODES)
            self.refuse(here, rule, "", "use a table for many projects, and fewer aliases")

    def place(self, event: Any) -> Place:
        return self.at or Place(self.file, event.start_mark.line + 1)

    def refuse(self, place: Place, rule: str, value: str, remedy: str) -> None:
        raise _RefusedError(Problem(str(place), "", rule, value, remedy))


_HINTS = (
    ("'\\t'", phrase("indent with spaces, not with tabs")),
    ("mapping values are not allowed", phrase("put text that has a colon in quotes, and check the indentation")),
    ("expected ',' or", phrase("close the bracket, and put text with special characters in quotes")),
    ("unexpected end of stream", phrase("close the quotes")),
    ("expected '<document start>'", phrase("check the indentation: the keys at the top begin in the first column")),
    ("special characters", phrase("remove the invisible characters, or save the file as UTF-8 text")),
    ("cannot start any token", phrase("put the text in quotes")),
    ("could not find expected ':'", phrase("write `key: value`, and check the indentation")),
    ("expected <block end>", phrase("check the indentation")),
)


def _broken(error: Exception, text: str, file: str, at: Place | None) -> Problem:
    """Turn ruamel's error into a problem."""
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or phrase("not readable")
    if mark is not None:
        line = mark.line + 1
    else:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
    remedy = next((hint for part, hint in _HINTS if part in str(reason)), phrase("check the line and the one before"))
    return Problem(str(at or Place(file, line)), "", phrase("must be YAML 1.2: {}", reason), "", remedy)
