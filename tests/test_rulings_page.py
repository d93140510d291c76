"""The studies that docs/rulings.md builds step by step are sound."""

import re
import shutil
from pathlib import Path

import pytest

import spvrisk

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "rulings.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
STUDIES = {text.partition("\n")[0].removeprefix("# "): text for text in SNIPPETS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The snippets under the names in their first lines, beside the folder ``configs``: as the page says."""
    made = tmp_path_factory.mktemp("rulings")
    shutil.copytree(ROOT / "configs", made / "configs")
    for name, text in STUDIES.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


def test_snippets__are_named_by_their_first_line() -> None:
    assert len(STUDIES) == len(SNIPPETS) >= 6
    assert all(name.endswith(".yaml") for name in STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_snippet__is_a_sound_study(name: str, folder: Path) -> None:
    found = spvrisk.validate(folder / name)
    assert (found.errors, found.warnings) == ([], [])
