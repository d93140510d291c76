"""The files of one study: read once, with their includes and tables."""

import os
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from spvrisk.catalogue import joined, phrase
from spvrisk.config.base import shown
from spvrisk.config.reading.messages import takes_text
from spvrisk.config.reading.nodes import Node, Place, Scalar
from spvrisk.config.reading.overrides import unknown
from spvrisk.config.reading.source import no_text, parse
from spvrisk.config.reading.tables import (
    Table,
    column_values,
    correlation_pairs,
    curve_knots,
    project_rows,
    read_table,
)
from spvrisk.config.study.projects import Project
from spvrisk.errors import InputError, Problem
from spvrisk.files import NotPlainError, read_plain

MAX_BYTES = 64 << 20
"""Largest file of a study."""

MAX_YAML_BYTES = 8 << 20
"""Largest size of all that are in YAML, which takes seconds a MiB; tables are read faster."""

MAX_ALL_BYTES = 256 << 20
"""Largest size of all files of a study."""

DEEPEST, MOST_FILES = 20, 200
"""How deep files of a study may include each other, and how many may be included."""

HDF5 = b"\x89HDF\r\n\x1a\n"
"""How result files begin."""

ARCHIVES = {
    b"PK\x03\x04": phrase("a workbook or another zip file"),
    b"\xd0\xcf\x11\xe0": phrase("an old Excel workbook"),
    b"\x1f\x8b": phrase("a compressed file"),
}
"""How files begin that are named where a text belongs, and what they are."""


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, as results are.

    Parameters
    ----------
    path
        The file; it need not be there.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as file:
            return file.read(len(HDF5)) == HDF5
    except (OSError, ValueError):
        return False


class Plain(NamedTuple):
    """Values of a study.

    Attributes
    ----------
    value
        The values, without their places.
    lost
        What keeps columns from being read.
    texts
        Content of the files with the columns, by name.
    """

    value: Any
    lost: list[Problem]
    texts: dict[str, str]


class Files:
    """The files of one study: reads each once, keeps texts and problems.

    Parameters
    ----------
    path
        The study's file.
    """

    def __init__(self, path: Path) -> None:
        self.folder = _folder_of(path)
        self.name = path.name or str(path)
        self.texts: dict[str, str] = {}
        self._asked: dict[str, str] = {}
        self._documents: dict[str, Node | None] = {}
        self._full = False
        self._bytes = self._yaml_bytes = 0
        self.problems: list[Problem] = []
        self.broken = False
        """Whether a part of the study is lost, so that checking the rest would blame the wrong lines."""

    def study(self) -> Node | None:
        """The study with its includes merged in and its tables written out; None where it is no mapping."""
        root = self.document(self.name, Place(self.name), ())
        if root is None or not isinstance(root.value, dict):
            if root is not None and not self.problems:
                rule = "a study must be a mapping of keys"
                self.problem(root.place, rule, shown(self.plain(root).value), "see `spvrisk init`")
            return None
        return self.with_tables(root)

    def plain(self, root: Node) -> Plain:
        """Values without their places, with the columns of empirical laws."""
        known, self._asked = len(self.problems), {}
        value = self._plain(root, {})
        lost = self.problems[known:]
        del self.problems[known:]
        return Plain(value, lost, self._asked)

    def _plain(self, node: Node, done: dict[int, Any]) -> Any:
        """Values of a node; nodes that are shared stay shared."""
        if id(node) in done:
            return done[id(node)]
        inner = node.value
        value: Any = inner
        if isinstance(inner, dict):
            value = {key: self._plain(item, done) for key, item in inner.items()}
            column = value.get("empirical")
            if isinstance(column, dict) and isinstance(column.get("csv"), str):
                value["empirical"] = self.with_column(column, inner["empirical"])
        elif isinstance(inner, list):
            value = [self._plain(item, done) for item in inner]
        done[id(node)] = value
        return value

    def text(self, file: str, said: Place) -> str | None:
        """Content of a file of the study's folder, or None with a problem at the place that names it.

        Parameters
        ----------
        file
            Path from the study's folder.
        said
            Where a file of the study names it.
        """
        if file not in self.texts:
            text = self._read(file, said)
            if text is None:
                return None
            self.texts[file] = text
        self._asked[file] = self.texts[file]
        return self.texts[file]

    def _read(self, file: str, said: Place) -> str | None:
        at = said if said.line or said.file != file else Place(file)
        content = self._content(file, at)
        if content is None:
            return None
        self._bytes += len(content)
        if self._bytes > MAX_ALL_BYTES:
            rule = phrase("files of a study may have {} MiB together", MAX_ALL_BYTES >> 20)
            self.problem(at, rule, shown(file), "leave out what the study does not use")
            return None
        archive = next((name for start, name in ARCHIVES.items() if content.startswith(start)), None)
        if archive is not None:
            remedy = "save the table as CSV in UTF-8 and name that file"
            remedy = "name a study in YAML" if file == self.name else remedy
            self.problem(Place(file, 1), "must be a text file", archive, remedy)
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if content.startswith(HDF5):
                remedy = phrase("name what it was made from; `spvrisk info {} --config DIR` gives that back", file)
                self.problem(Place(file, 1), "must be a text file", phrase("a result (HDF5)"), remedy)
                return None
            line = content[: error.start].count(b"\n") + 1
            self.problem(Place(file, line), "must be UTF-8 text", phrase("other bytes"), "save the file as UTF-8")
            return None
        bad = no_text(text)
        if bad is not None:
            line = text.count("\n", 0, bad) + 1
            rule, remedy = "must be text without control characters", "remove them, or save the file as UTF-8"
            self.problem(Place(file, line), rule, repr(text[bad]), remedy)
            return None
        return text

    def _content(self, file: str, at: Place) -> bytes | None:
        """Bytes of a file in the study's folder or below it."""
        path = self.folder / file
        try:
            if file != self.name and not path.resolve().is_relative_to(self.folder):
                rule = "files of a study must lie in its folder or below"
                self.problem(at, rule, file, "move the file, or move the study file above it")
                return None
            return read_plain(path, MAX_BYTES)
        except NotPlainError:
            rule = phrase("must be a plain file of at most {} MiB", MAX_BYTES >> 20)
            self.problem(at, rule, file, "name another file")
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a circle of links
            said = (getattr(error, "strerror", None) or str(error)).lower().removesuffix(" or directory")
            reason = phrase("not a file name") if isinstance(error, ValueError) else said
            named = file if file == file.strip() and 0 < len(file) <= 255 else shown(file)
            rule = phrase("cannot be read {}: {}", named, reason)
            self.problem(at, phrase("cannot be read: {}", reason) if at.file == file else rule, "", "check the path")
        return None

    def problem(self, place: Place, rule: str, value: str = "", remedy: str = "") -> None:
        """Note a problem that leaves a part of the study unread.

        Parameters
        ----------
        place
            Where it is.
        rule, value, remedy
            As of `spvrisk.errors.Problem`.
        """
        self.problems.append(Problem(str(place), "", rule, value, remedy))
        self.broken = True

    def beside(self, place: Place, name: str) -> str:
        """Path of a file from the study's folder, as named by a file of the study (or by an override).

        Parameters
        ----------
        place
            Where the name stands; names in a file start from its folder, those of an override from the study's.
        name
            As it is written there.
        """
        folder = PurePosixPath(place.file).parent if place.line else PurePosixPath()
        return os.path.normpath(folder / name).replace(os.sep, "/")

    def document(self, file: str, said: Place, above: tuple[str, ...]) -> Node | None:
        """Node of a YAML file with its includes merged in.

        Parameters
        ----------
        file, said
            As of `text`.
        above
            Files that include this one, the outermost first: it must be none of them.
        """
        if file in above:
            chain = joined([*above[above.index(file) :], file], "{} includes {}")
            self.problem(said, "includes must not form a circle", chain, "remove one of them")
            return None
        if file not in self._documents:
            too_deep, too_many = len(above) > DEEPEST, len(self._documents) + len(above) > MOST_FILES
            if too_many and self._full:
                return None  # said once
            if too_deep or too_many:
                self._full |= too_many
                deep = phrase("includes may be {} deep at the most", DEEPEST)
                rule = deep if too_deep else phrase("a study may include {} files at the most", MOST_FILES)
                self.problem(said, rule, shown(file), "write what it says into a file further up")
                return None
            self._documents[file] = self._merged(file, said, above)
        return self._documents[file]

    def _merged(self, file: str, said: Place, above: tuple[str, ...]) -> Node | None:
        """Node of a YAML file that has not been read yet."""
        text = self.text(file, said)
        if text is None:
            return None
        self._yaml_bytes += len(text.encode())
        if self._yaml_bytes > MAX_YAML_BYTES:
            rule = phrase("files in YAML may have {} MiB together", MAX_YAML_BYTES >> 20)
            self.problem(Place(file, 1), rule, "", "use a table for many projects")
            return None
        node, wrong = parse(text, file)
        self.problems += wrong
        self.broken |= node is None
        if node is None or not isinstance(node.value, dict) or "include" not in node.value:
            return node
        own = dict(node.value)
        included = self.included(own.pop("include"), (*above, file))
        merged = Node({}, node.place)
        for part in (*included, Node(own, node.place)):
            merged = merge(merged, part)
        return merged

    def included(self, names: Node, above: tuple[str, ...]) -> list[Node]:
        """Nodes of the included files.

        Parameters
        ----------
        names
            What stands under ``include``.
        above
            As of `document`, with the file that includes.
        """
        if not isinstance(names.value, list) or any(not isinstance(item.value, str) for item in names.value):
            self.problem(names.place, "include must be a list of file names", "", "write include: [factors.yaml]")
            return []
        out = []
        for item in names.value:
            node = self.document(self.beside(item.place, str(item.value)), item.place, above)
            if node is not None and not isinstance(node.value, dict):
                self.problem(node.place, "an included file must be a mapping of keys", "", "see `spvrisk schema`")
            elif node is not None:
                out.append(node)
        return out

    def named(self, name: Node) -> Node | None:
        """Node of a file that is named from outside of the study, by its path from the study's folder.

        Parameters
        ----------
        name
            Its name, where it is written.
        """
        if not isinstance(name.value, str):
            self.problem(name.place, "must be the name of a file", shown(self.plain(name).value), "write a.yaml")
            return None
        file = os.path.normpath(name.value).replace(os.sep, "/")
        known = len(self.problems)
        node = self.document(file, name.place, ())
        if node is None and len(self.problems) > known and not (self.folder / file).exists():
            remedy = phrase("it is looked for from the study's folder, {}", self.folder)
            self.problems[known] = self.problems[known]._replace(remedy=remedy)
        if node is not None and not isinstance(node.value, dict):
            self.problem(node.place, "a file of a study must be a mapping of keys", "", "see `spvrisk schema`")
            return None
        return node

    def table(self, name: Node) -> Table | None:
        """Table that a node names."""
        if not isinstance(name.value, str):
            self.problem(name.place, "a table is named by its CSV file", "", "write table: file.csv")
            return None
        file = self.beside(name.place, name.value)
        text = self.text(file, name.place)
        return None if text is None else read_table(text, file)._replace(grounds=name.grounds)

    def with_column(self, law: dict[str, Any], node: Node) -> dict[str, Any]:
        """Parameters of an empirical law with its values, read from the column.

        Parameters
        ----------
        law
            Parameters of the law as the study has them, ``csv`` and ``column`` among them.
        node
            What they were read from, for the places of problems.
        """
        place = node.value["csv"].place if isinstance(node.value, dict) else node.place
        try:
            table = self.table(Node(law["csv"], place))
            column = law.get("column")
            return {**law, "values": column_values(table, column)} if table and isinstance(column, str) else law
        except InputError as error:
            self.problems += error.problems
            self.broken = True
            return law

    def with_tables(self, root: Node) -> Node:
        """Study with the tables of curves, correlations and projects written out."""
        assert isinstance(root.value, dict)
        out = dict(root.value)
        for key, expand in (
            ("curves", self._curves),
            ("correlation", self._correlation),
            ("projects", self._projects),
        ):
            section = out.get(key)
            if section is not None and isinstance(section.value, dict):
                try:
                    out[key] = Node(expand(section.value, section.place), section.place, section.grounds)
                except InputError as error:
                    self.problems += error.problems
                    self.broken = True
        return Node(out, root.place)

    def _curves(self, curves: dict[str, Node], place: Place) -> dict[str, Node]:
        return {name: self._curve(node) for name, node in curves.items()}

    def _curve(self, node: Node) -> Node:
        inner = node.value
        if not isinstance(inner, dict) or set(inner) != {"table"}:
            return node
        table = self.table(inner["table"])
        return node if table is None else Node({"knots": curve_knots(table)}, node.place, node.grounds)

    def _correlation(self, section: dict[str, Node], place: Place) -> dict[str, Node]:
        if "table" not in section:
            return section
        if "pairs" in section:
            self.problem(
                section["table"].place, "a correlation has pairs or a table", phrase("both"), "keep one of them"
            )
        out = {key: node for key, node in section.items() if key != "table"}
        table = self.table(section["table"])
        return out if table is None else {**out, "pairs": correlation_pairs(table)}

    def _projects(self, section: dict[str, Node], place: Place) -> dict[str, Node]:
        if "table" not in section:
            if "template" in section:
                self.problem(section["template"].place, "a template belongs to a table", "", "add table: file.csv")
            return {key: node for key, node in section.items() if key != "template"}
        table = self.table(section["table"])
        if table is None:
            return {}
        template = section.get("template", Node({}, place))
        rows = project_rows(
            table,
            template,
            lambda path: unknown(template, path, Project),
            lambda path: takes_text(("projects", "", *path)),
            self.problems,
        )
        own = {key: node for key, node in section.items() if key not in ("table", "template")}
        for name in own.keys() & rows.keys():
            self.problem(own[name].place, phrase("the project {} is in the table too", name), "", "rename one")
        return {**rows, **own}


def _folder_of(path: Path) -> Path:
    try:
        return path.parent.resolve()
    except (OSError, RuntimeError) as error:  # the working directory is gone; a circle of links
        rule, remedy = "cannot be read: its folder cannot be found", "check the path and the working directory"
        raise InputError(Problem(str(path), "", rule, "", remedy)) from error


def merge(base: Node, over: Node) -> Node:
    """Merge two nodes: mappings key by key, the later wins, a null deletes what was there.

    Parameters
    ----------
    base
        What was there before.
    over
        What comes later, and whose place the outcome has.
    """
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    out: dict[str, Node] = dict(base.value)
    for key, node in over.value.items():
        here: Scalar | dict[str, Node] | list[Node] = node.value
        if here is None and key in out:
            del out[key]
        else:
            out[key] = merge(out[key], node) if key in out else node
    if over.grounds is not None or base.grounds is None:
        return Node(out, over.place, over.grounds)
    return Node(out, over.place, base.with_part(out, over.place).grounds)
