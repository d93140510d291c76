"""Uncertain inputs of a study: numbers of it that are not known, each with the law of what is held possible.

They stand beside the study in its file. Each is drawn once for a whole run, and moves one number of the study or
several by changes as scenarios write them, with ``x`` where the draw belongs, or ``1 - x``.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config.base import shown
from spvrisk.config.definite import definite_problem
from spvrisk.config.loading import Loaded
from spvrisk.config.reading.nodes import Grounds, Node, Place
from spvrisk.config.reading.places import plain_of
from spvrisk.config.scenarios.changes import Change
from spvrisk.config.scenarios.forms import Forms
from spvrisk.errors import InputError, suggestion

UNKNOWN, REST = "x", "1 - x"
"""Stand in the changes of an input for the draw, and for what a share leaves to others."""

_DIGITS = 15
"""Of what is left: 1 - 0.9 is 0.1."""

CORRELATION = "correlation"
"""Key among the inputs' names: correlations of their normal scores, by name and name."""

_KEYS = ("law", "moves", "title")

_EXAMPLE = "{gas_price: {law: {triangular: {min: 0.8, mode: 1, max: 1.4}}, moves: {factors.gas.mean: {times: x}}}}"


class Uncertain(NamedTuple):
    """An uncertain input.

    Attributes
    ----------
    name
        Unique in the study.
    title
        By language; empty where the file has none.
    law
        As the file has it.
    moves
        Changes of the study, with `UNKNOWN` or `REST` where the draw belongs.
    grounds
        What the law rests on.
    place
        Where it is written.
    """

    name: str
    title: Mapping[str, str]
    law: Node
    moves: tuple[Change, ...]
    grounds: Grounds
    place: Place

    def changes(self, value: float) -> tuple[Change, ...]:
        """Changes of the study by which the input has a value.

        Parameters
        ----------
        value
            Of the input.
        """
        return tuple(Change(move.path, _with(move.value, value)) for move in self.moves)


class UncertainInputs(NamedTuple):
    """All uncertain inputs of a study.

    Attributes
    ----------
    inputs
        In the order of the file.
    correlation
        Of normal scores, by name and name; pairs left out are 0.
    """

    inputs: tuple[Uncertain, ...]
    correlation: Mapping[str, Mapping[str, float]]


def uncertain_of(loaded: Loaded) -> UncertainInputs:
    """Read the uncertain inputs of a study; neither their laws nor their changes are looked at yet.

    Parameters
    ----------
    loaded
        The study.

    Raises
    ------
    InputError
        With every problem of their form, and where correlations make no positive definite matrix.
    """
    files = loaded.source.files
    known, forms = len(files.problems), Forms(files)
    named = dict(forms.mapping(loaded.source.uncertain, _EXAMPLE))
    pairs = named.pop(CORRELATION, None)
    inputs = tuple(_input(forms, name, node) for name, node in named.items())
    correlation = _correlation(forms, pairs, tuple(named))
    problems = files.problems[known:]
    del files.problems[known:]
    if problems:
        raise InputError(problems)
    return UncertainInputs(inputs, correlation)


_LAW = "law: {uniform: {min: 0.8, max: 1.2}}"


def _input(forms: Forms, name: str, node: Node) -> Uncertain:
    inside = forms.mapping(node, "{law: {uniform: {min: 0.8, max: 1.2}}, moves: {factors.gas.mean: {times: x}}}")
    forms.known(inside, _KEYS, "an uncertain input")
    if not name.isidentifier():
        forms.files.problem(
            node.place, phrase("must have a name of letters, digits and _"), shown(name), phrase("rename it")
        )
    if "law" not in inside:
        remedy = phrase("write e.g. {}", _LAW)
        forms.files.problem(node.place, phrase("{} needs a law", name), "", remedy)
    moves = tuple(_moves(forms, name, inside.get("moves"), node))
    law = inside.get("law", node)
    return Uncertain(name, forms.title(inside.get("title")), law, moves, law.grounds or Grounds(), node.place)


def _moves(forms: Forms, name: str, moves: Node | None, node: Node) -> Iterator[Change]:
    example = "{factors.gas.mean: {times: x}}"
    if moves is None or not moves.value:
        remedy = phrase("name what it changes, e.g. {}", f"moves: {example}")
        forms.files.problem(node.place, phrase("{} moves nothing", name), "", remedy)
        return
    for path, value in forms.mapping(moves, example).items():
        if not _has_unknown(value):
            remedy = phrase("write e.g. {}, or what does not depend on it into the study", f"{{times: {UNKNOWN}}}")
            forms.wrong(value, phrase("must have {} where the draw belongs", UNKNOWN), remedy)
        yield Change(path, value)


def _has_unknown(node: Node) -> bool:
    match node.value:
        case dict() as mapping:
            return any(map(_has_unknown, mapping.values()))
        case list() as items:
            return any(map(_has_unknown, items))
    return node.value in (UNKNOWN, REST)


def _with(node: Node, value: float) -> Node:
    """A node with a number in the place of the unknown."""
    match node.value:
        case dict() as mapping:
            return Node({key: _with(item, value) for key, item in mapping.items()}, node.place)
        case list() as items:
            return Node([_with(item, value) for item in items], node.place)
    if node.value == REST:
        return Node(float(f"{1.0 - value:.{_DIGITS}g}"), node.place)
    return Node(value, node.place) if node.value == UNKNOWN else node


def _correlation(forms: Forms, node: Node | None, names: tuple[str, ...]) -> Mapping[str, Mapping[str, float]]:
    """Correlations by name and name, each pair once."""
    out: dict[str, dict[str, float]] = {}
    seen: set[frozenset[str]] = set()
    example = "{gas_price: {power_price: 0.5}}"
    for first, row in forms.mapping(node, example).items():
        for second, value in forms.mapping(row, example).items():
            problem = _pair_problem(first, second, value, names, seen)
            if problem is not None:
                forms.files.problem(value.place, *problem)
                continue
            seen.add(frozenset((first, second)))
            out.setdefault(first, {})[second] = float(value.value)  # type: ignore[arg-type]  # a number, as was seen
    if (found := definite_problem(out, "score")) is not None and node is not None:
        forms.files.problem(node.place, found.rule, found.value, found.remedy)
    return out


def _pair_problem(
    first: str, second: str, value: Node, names: tuple[str, ...], seen: set[frozenset[str]]
) -> tuple[str, str, str] | None:
    """What is wrong with a pair: rule, value, remedy."""
    for name in (first, second):
        if name not in names:
            return phrase("must be of uncertain inputs"), name, suggestion(name, names)
    if frozenset((first, second)) in seen or first == second:
        return phrase("must name each pair of two inputs once"), f"{first}, {second}", phrase("remove one")
    number = value.value
    if isinstance(number, bool) or not isinstance(number, int | float) or not -1.0 < number < 1.0:
        rule = phrase("must be a correlation between -1 and 1")
        return rule, shown(plain_of(value)), phrase("write e.g. {}", "0.3")
    return None
