"""A file of scenarios, read: its base, what is asked of each, and the scenarios by list, grid, table or design."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config.loading import OF_STUDIES, Loaded
from spvrisk.config.reading.files import Files
from spvrisk.config.reading.nodes import Node, Place
from spvrisk.config.reading.places import plain_of
from spvrisk.config.reading.source import parse
from spvrisk.config.reading.tables import Table
from spvrisk.config.scenarios.changes import Change
from spvrisk.config.scenarios.forms import Forms
from spvrisk.errors import InputError, Problem

_KINDS = ("scenarios", "grid", "table", "design", "tornado")
_KEYS = ("base", "title", "paths", "seed", "measures", *_KINDS)
_OWN = ("title", "overlay")
"""Keys of a scenario that are no changes."""

BASE = "base"
"""What the unchanged study is called."""

POINTS = "p10_p90"
"""Of an input whose ends are the 10 and 90 % points of its law."""

MOST_SCENARIOS = 100_000


_MEASURES = "[npv_funder:mean, npv_funder:es@0.99]"

_CALLED = {"scenario": "scenario {}", "stress": "stress {}", "outer run": "outer run {}"}
"""What messages call scenarios by their kind."""


class Scenario(NamedTuple):
    """A named set of changes.

    Attributes
    ----------
    name
        Unique in its file.
    title
        By language; empty where the file has none. Of a scenario of a grid, those of its levels.
    axes
        Of a scenario of a grid, the name of its level by axis; of one of a design, its values by path.
    changes
        In order.
    overlays
        Names of files that are merged over the base first.
    kind
        ``scenario``, ``stress`` or ``outer run``.
    """

    name: str
    title: Mapping[str, str] = {}
    axes: Mapping[str, str] = {}
    changes: tuple[Change, ...] = ()
    overlays: tuple[Node, ...] = ()
    kind: str = "scenario"

    @property
    def called(self) -> str:
        """What messages call it."""
        return phrase(_CALLED[self.kind], self.name)


class Design(NamedTuple):
    """Points that are spread over laws.

    Attributes
    ----------
    method
        ``sobol`` or ``lhs``.
    points
        How many.
    seed
        Of their randomisation.
    over
        Law of each path, as the file has it.
    place
        Where it is written.
    """

    method: str
    points: int
    seed: int
    over: Mapping[str, Node]
    place: Place


class Swing(NamedTuple):
    """An input of a tornado: what it is at its low and at its high end.

    Attributes
    ----------
    path
        Of the input; ``*`` stands for each key that is there.
    title
        By language; empty where the file has none.
    low, high
        Values as of a `Change`; None: the 10 and the 90 % point of the law that the base has there.
    place
        Where it is written.
    """

    path: str
    title: Mapping[str, str]
    low: Node | None
    high: Node | None
    place: Place


class ScenarioFile(NamedTuple):
    """A file of scenarios.

    Attributes
    ----------
    path
        Of the file.
    title
        By language.
    base
        Path of the study.
    paths, seed
        Of each run; None: the study's.
    measures
        Texts of the measures, with their places; none: the default ones.
    scenarios
        Of list, grid and table, in this order.
    design
        Further ones, which take laws to write out.
    swings
        Inputs of a tornado, each of which makes two more.
    texts
        Content of the files that were read, by name.
    """

    path: Path
    title: Mapping[str, str]
    base: Path
    paths: int | None
    seed: int | None
    measures: tuple[tuple[str, str], ...]
    scenarios: tuple[Scenario, ...]
    design: Design | None
    swings: tuple[Swing, ...]
    texts: Mapping[str, str]


def read_scenarios(path: Path) -> ScenarioFile:
    """Read a file of scenarios.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    InputError
        With every problem found.
    """
    files = Files(path)
    root = files.document(files.name, Place(files.name), ())
    if root is not None and not isinstance(root.value, dict):
        files.problem(root.place, "a file of scenarios must be a mapping of keys", "", "begin with base: study.yaml")
    if root is None or files.problems or not isinstance(root.value, dict):
        raise InputError(files.problems)
    if "base" not in root.value and OF_STUDIES & set(root.value):
        remedy = phrase(
            "name it in one, as base: {}; `spvrisk init what_if.yaml --kind scenarios` writes one", files.name
        )
        raise InputError(Problem(files.name, "", "is a study, not a file of scenarios", "", remedy))
    reader = _Reader(files)
    found = reader.file(path, root.value)
    if files.problems:
        raise InputError(files.problems)
    return found


def stresses_of(loaded: Loaded) -> tuple[Scenario, ...]:
    """Stresses that a study names, in their order; their changes are not looked at yet.

    Parameters
    ----------
    loaded
        The study.

    Raises
    ------
    InputError
        With every problem of their form.
    """
    files = loaded.source.files
    known = len(files.problems)
    found = [each._replace(kind="stress") for each in _Reader(files).listed(loaded.source.stresses)]
    problems = files.problems[known:]
    del files.problems[known:]
    if problems:
        raise InputError(problems)
    return tuple(found)


class _Reader(Forms):
    """Reads the parts of a file."""

    def file(self, path: Path, root: Mapping[str, Node]) -> ScenarioFile:
        self.known(root, _KEYS, phrase("a file of scenarios"))
        if "base" not in root:
            self.files.problem(Place(self.files.name, 1), "needs a base", "", "write base: study.yaml")
        if not set(_KINDS) & set(root):
            remedy = phrase("write one of {}", ", ".join(f"{kind}:" for kind in _KINDS))
            self.files.problem(Place(self.files.name, 1), "has no scenarios", "", remedy)
        scenarios = [
            *self.listed(root.get("scenarios")),
            *self.grid(root.get("grid")),
            *self.table(root.get("table")),
        ]
        self.distinct(scenarios)
        return ScenarioFile(
            path,
            self.title(root.get("title")),
            self.files.folder / (self.text(root["base"]) if "base" in root else ""),
            self.whole(root.get("paths"), 1),
            self.whole(root.get("seed"), 0),
            tuple(self.measures(root.get("measures"))),
            tuple(scenarios),
            self.design(root.get("design")),
            tuple(self.swings(root.get("tornado"))),
            dict(self.files.texts),
        )

    def measures(self, node: Node | None) -> Iterator[tuple[str, str]]:
        if node is None:
            return
        if not isinstance(node.value, list) or not node.value:
            self.wrong(node, "must be a list of measures", phrase("write e.g. {}", _MEASURES))
            return
        for item in node.value:
            yield self.text(item), str(item.place)

    def distinct(self, scenarios: list[Scenario]) -> None:
        seen = {BASE}
        for scenario in scenarios:
            if scenario.name in seen:
                place = scenario.changes[0].value.place if scenario.changes else Place(self.files.name)
                self.files.problem(place, "scenarios must have distinct names", scenario.name, "rename one of them")
            seen.add(scenario.name)

    # ---- scenarios

    def listed(self, node: Node | None) -> Iterator[Scenario]:
        for name, item in self.mapping(node, "{gas_up: {factors.gas.mean: {times: 1.2}}}").items():
            yield self.scenario(name, item)

    def scenario(self, name: str, node: Node) -> Scenario:
        """A mapping of paths to values, with its own keys."""
        inside = self.mapping(node, "{factors.gas.mean: {times: 1.2}}")
        changes = tuple(Change(path, value) for path, value in inside.items() if path not in _OWN)
        return Scenario(name, self.title(inside.get("title")), {}, changes, self.overlays(inside.get("overlay")))

    def overlays(self, node: Node | None) -> tuple[Node, ...]:
        if node is None:
            return ()
        items = node.value if isinstance(node.value, list) else [node]
        for item in items:
            self.text(item)
        return tuple(items)

    def grid(self, node: Node | None) -> Iterator[Scenario]:
        """Every choice of a level on each axis."""
        axes = {name: list(self.levels(name, item)) for name, item in self.mapping(node, "{gas: {low: {..}}}").items()}
        if not axes:
            return
        for levels in itertools.islice(itertools.product(*axes.values()), MOST_SCENARIOS):
            yield Scenario(
                "/".join(level.name for level in levels),
                _together(levels),
                dict(zip(axes, (level.name for level in levels), strict=True)),
                tuple(change for level in levels for change in level.changes),
                tuple(name for level in levels for name in level.overlays),
            )

    def levels(self, axis: str, node: Node) -> Iterator[Scenario]:
        """Values of a path, or named sets of changes."""
        if isinstance(node.value, list):
            for value in node.value:
                yield Scenario(_said(value), {}, {}, (Change(axis, value),))
        else:
            yield from self.listed(node)

    def table(self, node: Node | None) -> Iterator[Scenario]:
        """A scenario a row: its name, then a value for each path; an empty cell changes nothing."""
        table = None if node is None else self.rows(node)
        if table is None:
            return
        for line, cells in table.rows:
            row = dict(zip(table.header, cells, strict=True))
            changes = [self.cell(path, text, table, line) for path, text in row.items() if text and path not in _NAMES]
            title = {"en": row["title"]} if row.get("title") else {}
            yield Scenario(row["scenario"], title, {}, tuple(change for change in changes if change is not None))

    def rows(self, node: Node) -> Table | None:
        try:
            table = self.files.table(node)
        except InputError as error:
            self.files.problems += error.problems
            return None
        if table is not None and "scenario" not in table.header:
            self.files.problem(Place(table.file, 1), "has no column scenario", "", "name the column of the names so")
            return None
        return table

    def cell(self, path: str, text: str, table: Table, line: int) -> Change | None:
        """A cell's value, as YAML."""
        place = Place(table.file, line, table.header.index(path) + 1)
        value, problems = parse(text, table.file, place)
        self.files.problems += problems
        return None if value is None else Change(path, value)

    def design(self, node: Node | None) -> Design | None:
        if node is None:
            return None
        inside = self.mapping(node, "{sobol: 64, over: {factors.gas.mean: {uniform: {min: 3, max: 5}}}}")
        self.known(inside, ("sobol", "lhs", "over", "seed"), phrase("a design"))
        methods = [key for key in ("sobol", "lhs") if key in inside]
        over = self.mapping(inside.get("over"), "{factors.gas.mean: {uniform: {min: 3, max: 5}}}")
        if len(methods) != 1 or not over:
            self.wrong(
                node,
                "needs a method and laws",
                phrase("write {{sobol: 64, over: {{factors.gas.mean: {{uniform: ..}}}}}}"),
            )
            return None
        points = self.whole(inside[methods[0]], 1) or 1
        return Design(methods[0], points, self.whole(inside.get("seed"), 0) or 0, over, node.place)

    def swings(self, node: Node | None) -> Iterator[Swing]:
        """Inputs of a tornado: two ends, or `POINTS` of the law that is there."""
        for path, item in self.mapping(node, "{factors.gas.mean: [3, 5]}").items():
            if item.value == POINTS:
                yield Swing(path, {}, None, None, item.place)
            elif isinstance(item.value, list) and len(item.value) == 2:
                low, high = item.value
                yield Swing(path, {}, low, high, item.place)
            elif isinstance(item.value, dict):
                yield self.swing(path, item.value, item.place)
            else:
                self.wrong(item, "must be two ends", phrase("write e.g. [3, 5], or {} for those of its law", POINTS))

    def swing(self, path: str, inside: Mapping[str, Node], place: Place) -> Swing:
        """An input with a title."""
        self.known(inside, ("title", "low", "high"), phrase("an input of a tornado"))
        ends = [inside.get(key) for key in ("low", "high")]
        if (ends[0] is None) != (ends[1] is None):
            self.files.problem(place, "needs both ends, or none", "", phrase("write {{low: 3, high: 5}}"))
        return Swing(path, self.title(inside.get("title")), ends[0], ends[1], place)


def _together(levels: Sequence[Scenario]) -> dict[str, str]:
    """Titles of levels as one, in each language that one has; what has no title is called by its name."""
    languages = dict.fromkeys(language for level in levels for language in level.title)

    def called(level: Scenario, language: str) -> str:
        return level.title.get(language) or level.title.get("en") or level.name

    return {language: " / ".join(called(level, language) for level in levels) for language in languages}


_NAMES = ("scenario", "title")
"""Columns of a table that are no paths."""


def _said(node: Node) -> str:
    """A level's name: its value, as a table of figures can show it."""
    value = plain_of(node)
    if isinstance(value, dict) and len(value) == 1:
        ((word, inner),) = value.items()
        signed = f"{inner:+}" if isinstance(inner, int | float) else str(inner)
        return {"times": f"x{inner}", "plus": signed}.get(str(word), str(word))
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
