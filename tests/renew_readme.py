"""Renew what README.md shows of the main study, summary and picture: ``python tests/renew_readme.py RESULT``."""

import sys
from pathlib import Path

import spvrisk
from spvrisk.report import text

README = Path(__file__).parents[1] / "README.md"
PICTURE = README.parent / "docs" / "figures" / "main_study.svg"
MARK = "<!-- summary -->"
SHOWN = ("opening", "answer", "caps", "value", "loss")
"""Views, in the order of the summary."""


def beginning(results: spvrisk.Results) -> str:
    """Give the first tables of a summary, as the README shows them."""
    return text.written([results.view(name) for name in SHOWN])


def shown() -> str:
    """Give what the README shows."""
    _, block, _ = README.read_text(encoding="utf-8").split(MARK)
    return block.partition("```text\n")[2].rpartition("```")[0]


def renew(results: spvrisk.Results) -> None:
    """Put a result's summary and its distribution in the place of the README's."""
    before, _, after = README.read_text(encoding="utf-8").split(MARK)
    block = f"\nThe start of the main study's summary:\n\n```text\n{beginning(results)}```\n"
    README.write_text(before + MARK + block + MARK + after, encoding="utf-8")
    spvrisk.plot("distribution", results, out=PICTURE, overwrite=True)


if __name__ == "__main__":
    with spvrisk.open(sys.argv[1]) as opened:
        renew(opened)
