"""From a study file to a checked `Study`: what is read once, and what comes of it under any changes."""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from spvrisk.catalogue import phrase
from spvrisk.config.laws import Measure, plain_measure
from spvrisk.config.reading.files import Files, merge
from spvrisk.config.reading.fitting import fitting_remedy
from spvrisk.config.reading.messages import BLOCK_RULES, BY_NAME, model_problems, placed
from spvrisk.config.reading.nodes import Node, node_at
from spvrisk.config.reading.overrides import OPTION, Overrides, apply, override_texts
from spvrisk.config.reading.places import Places
from spvrisk.config.study import Study
from spvrisk.config.study.root import check_parts, warnings
from spvrisk.errors import InputError, Problem

_LONGEST_OVERRIDE = 80
"""Characters of an override that a message shows."""

STRESSES = "stresses"
"""Key of a study's file beside the study's own: named changes of it, which are no part of what is run."""

UNCERTAIN = "uncertain"
"""Another: numbers of it that are not known, which are no part of what is run either."""

OF_STUDIES = frozenset({"study", "parties", "agreement", "projects"})
"""Keys by which a study is known from a file of scenarios, which has a base."""

MACHINERY = {"disk_mib", "leaves_per_shard", "memory_mib", "resume", "uncertainty", "workers"}
"""Keys of ``run`` that change no number of the study's own run."""


class Loaded(NamedTuple):
    """A study with what was found on the way to it.

    Attributes
    ----------
    study
        The checked study.
    warnings
        What is allowed but is probably not meant, as far as it is seen without the tables of laws;
        `spvrisk.plan.warnings` has all.
    texts
        Content of every file that was read, by its path from the study's folder, the study file first.
    digest
        See `digest_of`.
    places
        Where each part of the study was written.
    overrides
        The changes that were asked for, as ``path=value``.
    source
        What was read, from which other studies come by other changes.
    """

    study: Study
    warnings: list[Problem]
    texts: dict[str, str]
    digest: str
    places: Places
    overrides: tuple[str, ...]
    source: "Source"

    @property
    def files(self) -> list[Path]:
        """Every file that was read: the study, what it includes, its tables."""
        return [self.folder / name for name in self.texts]

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.source.files.folder

    def changed(self, changes: Overrides) -> "Loaded":
        """The study with further changes, as loading it with all of them would give it; no file is read again.

        Parameters
        ----------
        changes
            As in `load_study`; they follow those that the study has already.

        Raises
        ------
        InputError
            With every problem found.
        """
        return self.source.study((*self.overrides, *override_texts(changes)))


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
    """Load and check a study, and keep warnings and provenance; see `load_study`.

    Parameters
    ----------
    path, overrides
        As of `load_study`.

    Raises
    ------
    InputError
        With every problem found.
    """
    files = Files(Path(path))
    root = files.study()
    if root is None or files.broken:
        raise InputError(_in_order(files.problems, list(files.texts)))
    if isinstance(root.value, dict) and "base" in root.value and not OF_STUDIES & set(root.value):
        remedy = phrase("run it with `spvrisk scenarios {}`", path)
        raise InputError(Problem(files.name, "", "is a file of scenarios, not a study", "", remedy))
    return Source.of(root, files).study(overrides)


@dataclass(frozen=True)
class Source:
    """What the files of a study say.

    Attributes
    ----------
    root
        The study of the files, includes and tables written out.
    files
        The files; they may have problems that leave all of the study readable.
    texts
        Content of the files that say so, by name; columns of laws may come from others.
    stresses
        What stands under ``stresses``, unread; None where nothing does.
    uncertain
        What stands under ``uncertain``, unread; None where nothing does.
    """

    root: Node = field(repr=False)
    files: Files = field(repr=False, compare=False)
    texts: dict[str, str] = field(repr=False)
    stresses: Node | None = field(default=None, repr=False)
    uncertain: Node | None = field(default=None, repr=False)

    @classmethod
    def of(cls, root: Node, files: Files) -> "Source":
        """Tell a study from its stresses and uncertain inputs, which change neither its digest nor its own run.

        Parameters
        ----------
        root
            All that the files say, includes and tables written out.
        files
            The files.
        """
        said = root.value if isinstance(root.value, dict) else {}
        study = {key: node for key, node in said.items() if key not in (STRESSES, UNCERTAIN)}
        return cls(Node(study, root.place), files, dict(files.texts), said.get(STRESSES), said.get(UNCERTAIN))

    def over(self, names: Sequence[Node]) -> "Source":
        """What the study says with further files merged over it, as includes are.

        Parameters
        ----------
        names
            Of files in the study's folder or below, with the places where they are named.

        Raises
        ------
        InputError
            One cannot be read, or is none that a study could include.
        """
        root, known = self.root, len(self.files.problems)
        for name in names:
            found = self.files.named(name)
            root = root if found is None else merge(root, found)
        problems = self.files.problems[known:]
        del self.files.problems[known:]
        if problems:
            raise InputError(problems)
        return Source.of(self.files.with_tables(root), self.files)

    def study(self, overrides: Overrides = ()) -> Loaded:
        """Check the study that comes of overrides; see `load_study`.

        Parameters
        ----------
        overrides
            As of `load_study`.

        Raises
        ------
        InputError
            With every problem found.
        """
        texts = override_texts(overrides)
        changed = self._changed(texts)
        problems = [*self.files.problems, *self._with_causes(changed.problems, texts)]
        if problems or changed.study is None:
            raise InputError(_in_order(problems, list(changed.texts)))
        study = changed.study
        loaded = Loaded(study, [], changed.texts, digest_of(study), changed.places, texts, self)
        return loaded._replace(warnings=warnings_of(loaded, plain_measure))

    def _changed(self, overrides: Sequence[str]) -> "_Changed":
        """Apply overrides to the study of the files and check what comes out."""
        problems: list[Problem] = []
        root, deleted = apply(self.root, overrides, problems)
        places = Places(root, deleted)
        plain = self.files.plain(root)
        texts = self.texts | plain.texts
        if plain.lost:  # checking the rest would blame the wrong lines
            return _Changed(None, places, texts, problems + plain.lost)
        study, found = checked(plain.value, places, self.root)
        return _Changed(study, places, texts, problems + found)

    def _with_causes(self, found: list[Problem], overrides: Sequence[str]) -> list[Problem]:
        """Problems with the override with which they first appear, in place of a line that is not to blame."""
        if all(problem.place.startswith(OPTION) for problem in found):
            return found
        causes = {_what(problem): len(overrides) for problem in found}
        for count in reversed(range(len(overrides))):
            causes |= {_what(problem): count for problem in self._changed(overrides[:count]).problems}

        def caused(problem: Problem) -> Problem:
            cause = causes[_what(problem)]
            if not cause or problem.place.startswith(OPTION):
                return problem
            return problem._replace(place=f"{OPTION} {cause} ({overrides[cause - 1]:.{_LONGEST_OVERRIDE}})")

        return [caused(problem) for problem in found]


def warnings_of(loaded: Loaded, measure: Measure) -> list[Problem]:
    """All warnings of a study in the order of its files, its laws measured by `measure`."""
    return _in_order(placed(loaded.places.root, warnings(loaded.study, measure)), list(loaded.texts))


class _Changed(NamedTuple):
    """A study with overrides applied, None if it has problems."""

    study: Study | None
    places: Places
    texts: dict[str, str]
    problems: list[Problem]


def _what(problem: Problem) -> tuple[str, ...]:
    return problem.path, problem.rule, problem.value


def digest_of(study: Study) -> str:
    """SHA-256 of a resolved study as compact JSON, in file order, without what changes no number."""
    plain = study.model_dump(mode="json", by_alias=True, exclude={"run": MACHINERY})
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def checked(plain: Any, places: Places, base: Node | None = None) -> tuple[Study | None, list[Problem]]:
    """Check the models; where they fail, check what is sound against the rest, so that all is reported at once.

    Parameters
    ----------
    plain
        Values of the study.
    places
        Where they were written.
    base
        The study before its overrides.
    """
    try:
        return Study.model_validate(plain), []
    except ValidationError as error:
        problems = [_fitting(problem, places.root, base) for problem in model_problems(error, places)]
        if any(item["loc"] for item in error.errors(include_url=False)):
            problems += placed(places.root, check_parts(plain))
    return None, problems


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
