"""What comes before a study is run: a starter study, the schema for editors, machine code that is proved."""

import json
import os
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

from spvrisk import config
from spvrisk.arguments import called, file_name, text, wrong, yes_or_no
from spvrisk.catalogue import LANGUAGES, Chosen, phrase
from spvrisk.errors import suggestion
from spvrisk.files import Kind, atomic_write

if TYPE_CHECKING:
    from spvrisk.runner.execute import Announce
    from spvrisk.runner.proof import Proof


_AT_A_TIME = 2
"""Proofs that are worked out side by side, at most: two processes each, of a third of a GiB."""

_OTHER = "an edited or another file"


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
    if text("name", name) not in LANGUAGES:
        raise wrong("name", f"must be {' or '.join(LANGUAGES)}", name, "choose one of them")
    return Chosen(name)


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


KINDS = {"starter": "starter.yaml", "scenarios": "scenarios.yaml"}
"""What `init` writes, by kind."""


def init(file: str | os.PathLike[str], overwrite: bool = False, kind: str = "starter") -> None:
    """Write a commented file to work from: a starter study, or scenarios of it.

    Parameters
    ----------
    file
        Where to.
    overwrite
        Whether such a file that nobody has edited is replaced.
    kind
        ``starter``: a study; ``scenarios``: what-ifs of ``study.yaml``.

    Raises
    ------
    InputError
        There is no such kind, or the file cannot be written.
    """
    if text("kind", kind) not in KINDS:
        raise wrong("kind", "must be a kind of file", kind, suggestion(kind, KINDS))
    content = files("spvrisk").joinpath("data", KINDS[kind]).read_bytes()
    known = Kind("a starter file that nobody has edited", lambda path: path.read_bytes() == content, _OTHER)
    atomic_write(file_name("file", file), content, yes_or_no("overwrite", overwrite), kind=known)


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
        kind = Kind(
            "a JSON Schema of studies that nobody has edited", lambda path: is_as_made(path.read_bytes()), _OTHER
        )
        atomic_write(file_name("out", out), text + "\n", replaced, kind=kind)
    return found


def starter() -> Traversable:
    """Give the starter study, as it ships."""
    return files("spvrisk").joinpath("data", "starter.yaml")
