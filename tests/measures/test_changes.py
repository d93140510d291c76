"""What counts as a difference between two studies, and what does not."""

from pathlib import Path
from typing import Any

import pytest

from spvrisk.config import load_study
from spvrisk.config.changes import changes

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "engine" / "spvrisk" / "data" / "starter.yaml"
STUDIES = [STARTER, ROOT / "configs" / "with_pipeline_2026.yaml", ROOT / "tests" / "data" / "every_clause.yaml"]


def resolved(file: Path) -> dict[str, Any]:
    dumped: dict[str, Any] = load_study(file).model_dump(mode="json", by_alias=True)
    return dumped


def retitled(part: Any) -> Any:
    """A part of a study with other titles throughout."""
    if not isinstance(part, dict):
        return part
    return {key: {"en": "Other"} if key == "title" else retitled(item) for key, item in part.items()}


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_changes__titles_and_sizes_of_runs_are_none(file: Path) -> None:
    study = resolved(file)
    assert changes(study, {**retitled(study), "run": {"paths": 3}, "output": None}) == []


@pytest.mark.parametrize("section", ["projects", "pipelines", "events", "factors", "regimes", "curves", "side_flows"])
def test_changes__of_a_part_that_is_named_title(section: str) -> None:
    base, other = ({"study": {"currency": "USD"}, section: {"title": {"title": {}, "budget": x}}} for x in (1, 2))
    assert changes(base, other) == [(f"{section}.title.budget", 1, 2)]


@pytest.mark.parametrize("path", ["events.ruling.outcomes.title", "curves.usd.title", "agreement.title", "title"])
def test_changes__a_key_named_title_elsewhere_counts(path: str) -> None:
    base: Any
    base, other = 1, 2
    for key in reversed(path.split(".")):
        base, other = {key: base}, {key: other}
    assert changes(base, other) == [(path, 1, 2)]
