"""Pages of the documentation that are played: what their blocks show is written, run and printed, in their order.

A block with a title is a file, ``sh`` are commands, ``python`` is run, ``text`` is what the block before it printed.
"""

import configparser
import contextlib
import io
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from spvrisk.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PLAYED = [
    DOCS / name
    for name in (
        "tutorial.md",
        "own_portfolio.md",
        "howto/project.md",
        "howto/table.md",
        "howto/ruling.md",
        "howto/law_from_csv.md",
        "howto/scenarios.md",
        "howto/reading.md",
    )
]

_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
_TEXT = re.compile(r"<text[^>]*>(.*?)</text>", re.DOTALL)
_REFUSED = "# refused"
"""Ends a command that is to fail because of its input: its message is what it prints."""


def played(text: str) -> str:
    """Play a page in the working directory, and give it with what it printed."""
    printed = ""
    names: dict[str, Any] = {}

    def block(found: re.Match[str]) -> str:
        nonlocal printed
        kind, title, body = found.groups()
        if title:
            Path(title).parent.mkdir(parents=True, exist_ok=True)
            Path(title).write_text(body, encoding="utf-8")
        elif kind == "text":
            assert printed, f"nothing was printed: {body}"
            return f"```text\n{printed}```"
        elif kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(body, "page", "exec"), names)
            printed = out.getvalue()
        else:
            assert kind == "sh", f"a {kind} block that nothing runs: {body}"
            for line in body.replace("\\\n", "").splitlines():
                printed = _obeyed(line)
        return found[0]

    return _BLOCK.sub(block, text)


def _obeyed(line: str) -> str:
    """What a command prints, without spaces at the ends of its lines."""
    program, *words = shlex.split(line, comments=True)
    if program != "spvrisk":
        _ASIDE[program](*words)
        return ""
    done = CliRunner().invoke(main, words)
    refused = line.endswith(_REFUSED)
    assert done.exit_code == (2 if refused else 0), (line, done.output)
    shown = done.stderr if refused else done.stdout
    return "".join(f"{each.rstrip()}\n" for each in shown.splitlines())


def _check_install(install: str, *parts: str) -> None:
    """Of an installation, which is not repeated, that the package has the extras it names."""
    assert install == "install"
    declared = configparser.ConfigParser()
    declared.read(ROOT / "setup.cfg", encoding="utf-8")
    for part in parts:
        found = re.fullmatch(r"\.(?:\[(\w+)\])?", part)
        assert found, part
        assert found[1] is None or declared.has_option("options.extras_require", found[1]), part


_ASIDE: dict[str, Callable[..., object]] = {"pip": _check_install, "mkdir": os.mkdir, "cd": os.chdir}
"""What else a page may ask for."""


def pictures(page: Path) -> list[Path]:
    """Pictures that a page shows; each is a file of the same name that its commands have made."""
    return [page.parent / name for name in _PICTURE.findall(page.read_text(encoding="utf-8"))]


def words(picture: Path) -> list[str]:
    """Texts of a picture in SVG, in which its title and its figures are."""
    return [re.sub(r"<[^>]*>", "", text).strip() for text in _TEXT.findall(picture.read_text(encoding="utf-8"))]
