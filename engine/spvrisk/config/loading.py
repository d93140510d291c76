"""From a study file to a checked `Study`: includes, tables, overrides, models, cross checks, warnings."""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from pydantic import ValidationError

from spvrisk.config.base import Key, shown
from spvrisk.config.checks import faults
from spvrisk.config.draft import draft_of
from spvrisk.config.fitting import fitting_remedy
from spvrisk.config.hints import hints
from spvrisk.config.laws import Measure, plain_measure
from spvrisk.config.messages import BLOCK_RULES, BY_NAME, flaw_problems, model_problems, takes_text
from spvrisk.config.overrides import OPTION, Overrides, apply, override_texts, unknown
from spvrisk.config.places import Places
from spvrisk.config.projects import Project
from spvrisk.config.source import Node, Place, Scalar, no_text, node_at, parse
from spvrisk.config.study import Study
from spvrisk.config.tables import (
    Table,
    column_values,
    correlation_pairs,
    curve_knots,
    project_rows,
    read_table,
)
from spvrisk.errors import InputError, Problem

MAX_BYTES = 64 << 20
"""Largest file of a study."""

HDF5 = b"\x89HDF\r\n\x1a\n"
"""How result files begin."""

_LONGEST_OVERRIDE = 80
"""Characters of an override that a message shows."""

ARCHIVES = {
    b"PK\x03\x04": "a workbook or another zip file",
    b"\xd0\xcf\x11\xe0": "a workbook of an old Excel",
    b"\x1f\x8b": "a compressed file",
}
"""How files begin that are named where a text belongs, and what they are."""

MACHINERY = {"leaves_per_shard", "memory_mib", "workers"}
"""Keys of ``run`` that change no number."""


class Loaded(NamedTuple):
    """A study with what was found on the way to it.

    Attributes
    ----------
    study
        The checked study.
    warnings
        What is allowed but looks like a slip, as far as it is seen without the tables of laws;
        `spvrisk.plan.warnings` has all.
    texts
        Content of every file that was read, by its path from the study's folder, the study file first.
    digest
        See `digest_of`.
    places
        Where each part of the study was written.
    overrides
        The changes that were asked for, as ``path=value``.
    folder
        The study's folder.
    """

    study: Study
    warnings: list[Problem]
    texts: dict[str, str]
    digest: str
    places: Places
    overrides: tuple[str, ...] = ()
    folder: Path = Path()

    @property
    def files(self) -> list[Path]:
        """Every file that was read: the study, what it includes, its tables."""
        return [self.folder / name for name in self.texts]


def load_study(path: str | os.PathLike[str], overrides: Overrides = ()) -> Study:
    """Load and check a study.

    Parameters
    ----------
    path
        YAML file of the study.
    overrides
        Changes as ``path=value``, or a mapping of paths to values; applied in order, after includes and tables.

    Raises
    ------
    InputError
        With every problem found.

    Examples
    --------
    >>> load_study("configs/nowhere.yaml")
    Traceback (most recent call last):
    spvrisk.errors.InputError: nowhere.yaml: cannot be read: no such file; check the path
    """
    return load(path, overrides).study


def load(path: str | os.PathLike[str], overrides: Overrides = ()) -> Loaded:
    """Load and check a study, and keep warnings and provenance; see `load_study`."""
    files = _Files(Path(path))
    root = files.document(files.name, Place(files.name), ())
    problems = files.problems
    if root is None or not isinstance(root.value, dict):
        if root is not None and not problems:
            rule = "a study must be a mapping of keys"
            problems = [Problem(str(root.place), "", rule, shown(_plain(root, files, {})), "see `spvrisk init`")]
        raise InputError(problems)
    root = files.with_tables(root)
    if files.broken:
        raise InputError(_in_order(problems, list(files.texts)))
    texts = override_texts(overrides)
    changed = _changed(root, texts, files)
    problems += _with_causes(changed.problems, root, texts, files)
    if problems or changed.study is None:
        raise InputError(_in_order(problems, list(files.texts)))
    study, places = changed.study, changed.places
    loaded = Loaded(study, [], files.texts, digest_of(study), places, texts, files.folder)
    return loaded._replace(warnings=warnings_of(loaded, plain_measure))


def warnings_of(loaded: Loaded, measure: Measure) -> list[Problem]:
    """All warnings of a study in the order of its files, its laws measured by `measure`."""
    return _in_order(flaw_problems(loaded.places.root, hints(loaded.study, measure)), list(loaded.texts))


class _Changed(NamedTuple):
    """A study with overrides applied, None if it has problems."""

    study: Study | None
    places: Places
    problems: list[Problem]


def _changed(base: Node, overrides: Sequence[str], files: "_Files") -> _Changed:
    """Apply overrides to the study of the files and check what comes out."""
    problems: list[Problem] = []
    root, deleted = apply(base, overrides, problems)
    known = len(files.problems)
    plain = _plain(root, files, {})
    lost = files.problems[known:]
    del files.problems[known:]
    if lost:  # checking the rest would blame the wrong lines
        return _Changed(None, Places(root, deleted), problems + lost)
    study = _checked(plain, root, deleted, problems, base)
    return _Changed(study, Places(root, deleted), problems)


def _with_causes(found: list[Problem], base: Node, overrides: Sequence[str], files: "_Files") -> list[Problem]:
    """Problems with the override with which they first appear, in place of the line of a file that is not at fault."""
    if all(problem.place.startswith(OPTION) for problem in found):
        return found
    causes = {_what(problem): len(overrides) for problem in found}
    for count in reversed(range(len(overrides))):
        causes |= {_what(problem): count for problem in _changed(base, overrides[:count], files).problems}

    def placed(problem: Problem) -> Problem:
        cause = causes[_what(problem)]
        if not cause or problem.place.startswith(OPTION):
            return problem
        return problem._replace(place=f"{OPTION} {cause} ({overrides[cause - 1]:.{_LONGEST_OVERRIDE}})")

    return [placed(problem) for problem in found]


def _what(problem: Problem) -> tuple[str, ...]:
    return problem.path, problem.rule, problem.value


def digest_of(study: Study) -> str:
    """SHA-256 of a resolved study as compact JSON, in file order, without what changes no number."""
    plain = study.model_dump(mode="json", by_alias=True, exclude={"run": MACHINERY})
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(
    plain: Any, root: Node, deleted: dict[tuple[Key, ...], Place], problems: list[Problem], base: Node | None = None
) -> Study | None:
    """Check the models; where they fail, check what is sound against the rest, so that all is reported at once.

    `base` is the study before its overrides.
    """
    try:
        return Study.model_validate(plain)
    except ValidationError as error:
        found = [_fitting(problem, root, base) for problem in model_problems(root, error, deleted)]
        problems += found
        if any(item["loc"] for item in error.errors(include_url=False)):
            problems += flaw_problems(root, faults(draft_of(plain)))
    return None


def _fitting(problem: Problem, root: Node, base: Node | None) -> Problem:
    """The problem of a plain value in the place of a block, with the key inside that is meant."""
    if problem.rule not in BLOCK_RULES:
        return problem
    path = tuple(problem.path.split("."))
    value = node_at(root, path)
    if value is None or value.value is None or isinstance(value.value, dict | list):
        return problem
    block = node_at(base, path) if base is not None else None
    if problem.rule == BY_NAME and any(isinstance(item.value, dict) for item in _items(block)):
        return problem  # a whole section: any key would be a guess
    remedy = fitting_remedy(path, value.value, block if block is not None and block is not value else None)
    return problem if remedy is None else problem._replace(remedy=remedy)


def _items(node: Node | None) -> list[Node]:
    return list(node.value.values()) if node is not None and isinstance(node.value, dict) else []


def _in_order(problems: list[Problem], files: list[str]) -> list[Problem]:
    """Order by place; what a template gives to many projects is said once, of the first."""

    def same(problem: Problem) -> tuple[str, ...]:
        of_project = problem.path.startswith("projects.")
        path = problem.path.split(".", 2)[-1] if of_project else problem.path
        return problem.place, path, problem.rule, problem.value

    once = {same(problem): problem for problem in reversed(problems)}

    def rank(problem: Problem) -> tuple[int, list[int]]:
        option = re.match(rf"{OPTION} ([0-9]+)", problem.place)
        if option is not None:
            return len(files), [int(option[1])]
        file, _, numbers = problem.place.partition(":")
        known = files.index(file) if file in files else len(files)
        return known, [int(part) for part in numbers.split(":") if part.isdecimal()]

    return sorted(reversed(once.values()), key=rank)


def _plain(node: Node, files: "_Files", done: dict[int, Any]) -> Any:
    """Values without their places; nodes that are shared stay shared."""
    if id(node) in done:
        return done[id(node)]
    inner = node.value
    value: Any = inner
    if isinstance(inner, dict):
        value = {key: _plain(item, files, done) for key, item in inner.items()}
        column = value.get("empirical")
        if isinstance(column, dict) and isinstance(column.get("csv"), str):
            value["empirical"] = files.with_column(column, inner["empirical"])
    elif isinstance(inner, list):
        value = [_plain(item, files, done) for item in inner]
    done[id(node)] = value
    return value


class _Files:
    """The files of one study: reads each once, keeps texts and problems."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent.resolve()
        self.name = path.name or str(path)
        self.texts: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.broken = False
        """Whether a part of the study is lost, so that checking the rest would blame the wrong lines."""

    def text(self, file: str, said: Place) -> str | None:
        """Content of a file of the study's folder, or None with a problem at the place that names it."""
        if file in self.texts:
            return self.texts[file]
        path = self.folder / file
        at = said if said.line or said.file != file else Place(file)
        try:
            if file != self.name and not path.resolve().is_relative_to(self.folder):
                rule = "files of a study lie in its folder or below"
                self.problem(at, rule, file, "move the file, or put the study file above it")
                return None
            if path.stat().st_size > MAX_BYTES or not (path.is_file() or path.is_dir()):
                rule = f"must be a plain file of at most {MAX_BYTES >> 20} MiB"
                self.problem(at, rule, file, "name another file")
                return None
            content = path.read_bytes()
            archive = next((name for start, name in ARCHIVES.items() if content.startswith(start)), None)
            if archive is not None:
                remedy = "save the table as CSV in UTF-8 and name that file"
                remedy = "name a study in YAML" if file == self.name else remedy
                self.problem(Place(file, 1), "must be a text file", archive, remedy)
                return None
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if path.read_bytes().startswith(HDF5):
                remedy = "name the study; `spvrisk summary` shows a result file"
                self.problem(Place(file, 1), "must be a study file", "a result file (HDF5)", remedy)
                return None
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            self.problem(Place(file, line), "must be UTF-8 text", "other bytes", "save the file as UTF-8")
            return None
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a circle of links
            own_words = "not a file name" if isinstance(error, ValueError) else str(error)
            reason = (getattr(error, "strerror", None) or own_words).lower()
            named = file if file == file.strip() and 0 < len(file) <= 255 else shown(file)
            what = "" if at.file == file else f" {named}"
            self.problem(at, f"cannot be read{what}: {reason.removesuffix(' or directory')}", "", "check the path")
            return None
        bad = no_text(text)
        if bad is not None:
            line = text.count("\n", 0, bad) + 1
            rule, remedy = "must be text without control characters", "take them out, or save the file as UTF-8"
            self.problem(Place(file, line), rule, repr(text[bad]), remedy)
            return None
        self.texts[file] = text
        return text

    def problem(self, place: Place, rule: str, value: str = "", remedy: str = "") -> None:
        self.problems.append(Problem(str(place), "", rule, value, remedy))
        self.broken = True

    def beside(self, place: Place, name: str) -> str:
        """Path of a file from the study's folder, as named by a file of the study (or by an override)."""
        folder = PurePosixPath(place.file).parent if place.line else PurePosixPath()
        return os.path.normpath(folder / name).replace(os.sep, "/")

    def document(self, file: str, said: Place, above: tuple[str, ...]) -> Node | None:
        """Node of a YAML file with its includes merged in."""
        if file in above:
            chain = " includes ".join([*above[above.index(file) :], file])
            self.problem(said, "includes must not go in a circle", chain, "take one of them out")
            return None
        text = self.text(file, said)
        if text is None:
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
        """Nodes of the included files."""
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

    def table(self, name: Node) -> Table | None:
        """Table that a node names."""
        if not isinstance(name.value, str):
            self.problem(name.place, "a table is named by its CSV file", "", "write table: file.csv")
            return None
        file = self.beside(name.place, name.value)
        text = self.text(file, name.place)
        return None if text is None else read_table(text, file)

    def with_column(self, law: dict[str, Any], node: Node) -> dict[str, Any]:
        """Parameters of an empirical law with its values, read from the column."""
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
                    out[key] = Node(expand(section.value, section.place), section.place)
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
        return node if table is None else Node({"knots": curve_knots(table)}, node.place)

    def _correlation(self, section: dict[str, Node], place: Place) -> dict[str, Node]:
        if "table" not in section:
            return section
        if "pairs" in section:
            self.problem(section["table"].place, "a correlation has pairs or a table", "both", "keep one of them")
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
            self.problem(own[name].place, f"the project {name} is in the table too", "", "rename one")
        return {**rows, **own}


def merge(base: Node, over: Node) -> Node:
    """Merge two nodes: mappings key by key, the later wins, a null deletes what was there."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    out: dict[str, Node] = dict(base.value)
    for key, node in over.value.items():
        here: Scalar | dict[str, Node] | list[Node] = node.value
        if here is None and key in out:
            del out[key]
        else:
            out[key] = merge(out[key], node) if key in out else node
    return Node(out, over.place)
