"""What comes before a study is run: a starter study, the schema for editors, machine code that is proved and timed."""

import json
import os
from collections.abc import Iterable
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spvrisk import config
from spvrisk.api.arguments import called, file_name, language_of, text, within, wrong, yes_or_no
from spvrisk.api.studies import Overrides, Study, given_study
from spvrisk.catalogue import Chosen, phrase
from spvrisk.errors import InputError, Problem, suggestion
from spvrisk.files import Kind, atomic_write
from spvrisk.folders import write_folder

if TYPE_CHECKING:
    from spvrisk.experiments.timing.found import Bench
    from spvrisk.runner.execute import Announce, Progress
    from spvrisk.runner.proof import Proof


_AT_A_TIME = 2
"""Proofs that are worked out side by side, at most: two processes each, of a third of a GiB."""

_OTHER = phrase("an edited or another file")


def language(name: str) -> Chosen:
    """Show figures in a language: from now on, or as long as a ``with`` block lasts.

    It is that of ``print`` and of notebooks; numbers, names and JSON stay as they are. Each thread has its own.

    Parameters
    ----------
    name
        ``en`` or ``ja``.

    Raises
    ------
    InputError
        There is no such language.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results, spvrisk.language("ja"):
    ...     print(str(results.view("headline")).splitlines()[0])
    資金提供者の正味現在価値（百万米ドル）
    """
    return Chosen(language_of("name", name))


def selftest(all_targets: bool = False, announce: "Announce" = lambda _: None) -> "list[Proof]":
    """Prove the kernel's machine code on this machine.

    Parameters
    ----------
    all_targets
        Whether also the code that other processors would run: a minute or two each.
    announce
        Called with each outcome, in a line.

    Returns
    -------
    list of Proof
        Of each target; a proof that could not be done is one of outcome ``failed``.
    """
    from concurrent.futures import ThreadPoolExecutor

    from spvrisk.kernel.target import FOREIGN, native
    from spvrisk.runner.proof import tried
    from spvrisk.runner.shard import processors

    every, announce, found = yes_or_no("all_targets", all_targets), called("announce", announce), []
    with ThreadPoolExecutor(min(max(processors() // 2, 1), _AT_A_TIME)) as pool:
        for proof in pool.map(tried, [native(), *(FOREIGN if every else ())]):
            announce(phrase("{}: {}", proof.target.name, proof.stamp.outcome))
            found.append(proof)
    return found


def warmup() -> None:
    """Compile the kernel, prove it, and keep its machine code, so that the next run starts at once.

    Raises
    ------
    RunError
        No machine code of the kernel is right.
    """
    from spvrisk.plan.compile import compile_study
    from spvrisk.runner.execute import make_ready

    with as_file(starter()) as file:
        plan = compile_study(config.load(file).study).plan
    make_ready(plan)


_FILES = {"starter": "starter.yaml", "scenarios": "scenarios.yaml"}
_STUDIES = {"japan_us": ("japan_us_2026.yaml", "shared", "agreements", "scenarios")}
"""Of the studies that ship: the main file, and the folders with what goes with it."""

KINDS = ("starter", "japan_us", "scenarios")
"""What `init` writes."""


def init(file: str | os.PathLike[str], overwrite: bool = False, kind: str = "starter") -> Path:
    """Write commented files to work from: a starter study, scenarios of it, or a study that ships.

    Parameters
    ----------
    file
        Where to: a file; for ``japan_us`` a folder, new or empty.
    overwrite
        Whether such a file that nobody has edited is replaced.
    kind
        ``starter``: a study; ``scenarios``: what-ifs of ``study.yaml``; ``japan_us``: the main study with all that it
        includes, the terms of other countries and its scenarios, in folders as they name each other.

    Returns
    -------
    Path
        The file; of a study that ships its main one.

    Raises
    ------
    InputError
        There is no such kind, or nothing can be written there.

    Examples
    --------
    >>> import tempfile
    >>> import spvrisk
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = spvrisk.load(spvrisk.init(f"{folder}/configs", kind="japan_us"))
    >>> study
    <Study 'Japan-US Strategic Investment Initiative: the six announced projects (2026)', 6 projects>
    """
    if text("kind", kind) not in KINDS:
        raise wrong("kind", "must be a kind of file", kind, suggestion(kind, KINDS))
    target, replaced = Path(file_name("file", file)), yes_or_no("overwrite", overwrite)
    if kind in _STUDIES:
        if replaced:
            raise wrong("overwrite", "is for a single file", True, "name a new folder")
        main, *folders = _STUDIES[kind]
        write_folder(target, _shipped(main, folders))
        return target / main
    content = files("spvrisk").joinpath("data", _FILES[kind]).read_bytes()
    known = Kind(phrase("a starter file that nobody has edited"), lambda path: path.read_bytes() == content, _OTHER)
    atomic_write(target, content, replaced, kind=known)
    return target


def _shipped(main: str, folders: Iterable[str]) -> dict[str, bytes]:
    """Content of a study that ships, by file, and of the files in some of the folders beside it."""
    there = studies()
    found = {f"{name}/{file.name}": file for name in folders for file in (there / name).iterdir()}
    return {name: file.read_bytes() for name, file in {main: there / main, **dict(sorted(found.items()))}.items()}


def studies() -> Traversable:
    """Give the folder of the studies that ship: in the package, or of an installation to edit where they are written.

    Raises
    ------
    InputError
        This installation has none.
    """
    for folder in (files("spvrisk") / "studies", Path(__file__).parents[3] / "configs"):
        if folder.is_dir():
            return folder
    rule, remedy = "carries no studies", "install spvrisk again from its wheel or its repository"
    raise InputError(Problem("this installation", "", rule, "", remedy))


def schema(out: str | os.PathLike[str] | None = None, overwrite: bool = False) -> dict[str, Any]:
    """Give the JSON Schema of study files, with the meaning and unit of every key, for editors.

    Parameters
    ----------
    out
        Where to write it.
    overwrite
        Whether a JSON Schema of studies, of this version or another, is replaced; one that was edited is not.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    from spvrisk.config.schema import is_as_made, json_schema

    found, replaced = json_schema(), yes_or_no("overwrite", overwrite)
    if out is not None:
        text = json.dumps(found, ensure_ascii=False, indent=2)
        name = phrase("a JSON Schema of studies that nobody has edited")
        kind = Kind(name, lambda path: is_as_made(path.read_bytes()), _OTHER)
        atomic_write(file_name("out", out), text + "\n", replaced, kind=kind)
    return found


def starter() -> Traversable:
    """Give the starter study, as it ships."""
    return files("spvrisk").joinpath("data", "starter.yaml")


def bench(
    study: Study | None = None,
    seconds: int = 60,
    cold: bool = False,
    overrides: Overrides = (),
    progress: "Progress | None" = None,
    announce: "Announce" = lambda _: None,
) -> "Bench":
    """Measure how long paths of a study take on this machine.

    Timed in turn are the kernel by stages, the whole engine by threads, statistics and the file of a result, and the
    command, started for a short run. Nothing else should run meanwhile.

    Parameters
    ----------
    study
        As from `load`; its file must still be there, for the command. None is the starter study.
    seconds
        How long to measure, about; 5 to 3600. What has to be compiled first comes on top.
    cold
        Whether the command is also started with nothing kept, which takes about a minute more.
    overrides
        Changes of the starter study.
    progress
        Called with the number of whole seconds since the last call.
    announce
        Called with a word for each stage.

    Returns
    -------
    Bench
        Medians of turns with their quartiles; `spvrisk.views.bench` makes the card of it.

    Raises
    ------
    InputError
        The study or an argument cannot be used.
    RunError
        No machine code of the kernel is right, or a process that was to be timed failed.
    """
    from spvrisk.experiments.timing.bench import bench

    lasts, compiles = within("seconds", seconds, 5, 3600), yes_or_no("cold", cold)
    told, announce = called("progress", progress or (lambda _: None)), called("announce", announce)
    if study is not None:
        if overrides:
            raise wrong("overrides", "changes the starter study alone", overrides, "give it to load")
        return bench(given_study(study).loaded, lasts, compiles, told, announce)
    with as_file(starter()) as file:
        return bench(config.load(file, overrides), lasts, compiles, told, announce)
