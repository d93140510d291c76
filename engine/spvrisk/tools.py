"""What comes before a study is run: a starter study, the schema for editors, machine code that is proved."""

import json
import os
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spvrisk import config
from spvrisk.files import Kind, atomic_write

if TYPE_CHECKING:
    from spvrisk.runner.execute import Announce
    from spvrisk.runner.proof import Proof


def selftest(all_targets: bool = False, announce: "Announce" = lambda _: None) -> "list[Proof]":
    """Prove the kernel's machine code on this machine.

    Parameters
    ----------
    all_targets
        Whether also the code that other processors would run: a minute or two each.
    announce
        Called with each outcome, in a line.

    Raises
    ------
    RunError
        A proof ended without an outcome.
    """
    from concurrent.futures import ThreadPoolExecutor

    from spvrisk.kernel.target import FOREIGN, native
    from spvrisk.runner.execute import processors
    from spvrisk.runner.proof import proved

    found = []
    with ThreadPoolExecutor(processors()) as pool:
        for proof in pool.map(proved, [native(), *(FOREIGN if all_targets else ())]):
            announce(f"{proof.target.name}: {proof.stamp.outcome}")
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

    with as_file(_starter()) as starter:
        plan = compile_study(config.load(starter).study).plan
    make_ready(plan)


def init(file: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write a commented starter study to work from.

    Parameters
    ----------
    file
        Where to.
    overwrite
        Whether a file that begins as a starter study is replaced.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    text = _starter().read_text(encoding="utf-8")
    first = text.partition("\n")[0].encode()

    def begins_so(path: Path) -> bool:
        with path.open("rb") as found:
            return found.readline().rstrip() == first

    atomic_write(file, text, overwrite, kind=Kind("a starter study (known by its first line)", begins_so))


def schema(out: str | os.PathLike[str] | None = None, overwrite: bool = False) -> dict[str, Any]:
    """Give the JSON Schema of study files, with the meaning and unit of every key, for editors.

    Parameters
    ----------
    out
        Where to write it.
    overwrite
        Whether a JSON Schema of studies that is there is replaced.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    from spvrisk.config.schema import json_schema

    found = json_schema()

    def is_one(path: Path) -> bool:
        try:
            there = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return False
        return isinstance(there, dict) and all(there.get(key) == found[key] for key in ("$schema", "title"))

    if out is not None:
        text = json.dumps(found, ensure_ascii=False, indent=2)
        atomic_write(out, text + "\n", overwrite, kind=Kind("a JSON Schema of studies", is_one))
    return found


def _starter() -> Traversable:
    return files("spvrisk").joinpath("data", "starter.yaml")
