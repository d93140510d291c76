"""Whatever stands in a study, the answer is a study or a list of problems, never a crash."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spvrisk.config.loading import checked
from spvrisk.config.reading.nodes import Node, Place
from spvrisk.config.reading.places import Places
from spvrisk.config.reading.source import parse
from spvrisk.config.reading.tables import put

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
ROOT, _ = parse(STARTER.read_text(encoding="utf-8"), "starter.yaml")
HERE = Place("planted", 7)


def paths(node: Node, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(node.value, dict):
        for key, item in node.value.items():
            yield (*at, key)
            yield from paths(item, (*at, key))


def node_of(value: Any) -> Node:
    if isinstance(value, dict):
        return Node({key: node_of(item) for key, item in value.items()}, HERE)
    if isinstance(value, list):
        return Node([node_of(item) for item in value], HERE)
    return Node(value, HERE)


@pytest.mark.parametrize(
    "value",
    [True, "", "text", -1e300, 1e300, 10**280, float("nan"), [], [[]], [None], {}, {"mean": []}, {"x": {"y": [1]}}, 0],
    ids=repr,
)
def test_study__survives_any_value_anywhere(value: Any) -> None:
    assert ROOT is not None
    for path in paths(ROOT):
        root = put(ROOT, path, node_of(value))
        places = Places(root, {})
        study, problems = checked(places.given(), places)
        assert (study is None) == bool(problems), path
        assert all(problem.rule and problem.remedy for problem in problems), problems
        assert all(problem.place for problem in problems)
