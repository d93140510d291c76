"""Renew what README.md shows of the main study, its screen and picture: ``python tests/renew_readme.py RESULT``."""

import sys
from pathlib import Path

import spvrisk
from spvrisk.report import text
from spvrisk.views.summary import screen

README = Path(__file__).parents[1] / "README.md"
PICTURE = README.parent / "docs" / "figures" / "main_study.svg"
MARK = "<!-- summary -->"
FILE = "results/japan_us_2026.h5"
"""Where `make run` puts the result."""


def beginning(results: spvrisk.Results) -> str:
    """Give the screen of a result, as the README shows it."""
    page = text.written(screen(results.tables()))
    return page.replace(results.tables().place, FILE)


def shown() -> str:
    """Give what the README shows."""
    _, block, _ = README.read_text(encoding="utf-8").split(MARK)
    return block.partition("```text\n")[2].rpartition("```")[0]


def renew(results: spvrisk.Results) -> None:
    """Put a result's screen and its distribution in the place of the README's."""
    before, _, after = README.read_text(encoding="utf-8").split(MARK)
    block = f"\nThe main study on a screen; `--show all` has all tables:\n\n```text\n{beginning(results)}```\n"
    README.write_text(before + MARK + block + MARK + after, encoding="utf-8")
    spvrisk.plot("distribution", results, out=PICTURE, overwrite=True)


if __name__ == "__main__":
    with spvrisk.open(sys.argv[1]) as opened:
        renew(opened)
