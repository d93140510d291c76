"""docs/deal.md names keys that the studies have and tests that there are, and gives each sentence its place."""

import re
from functools import cache
from typing import Any, NamedTuple

import pytest

from every_clause import STUDIES
from played_pages import DOCS, ROOT
from spvrisk.config.reading.files import Files
from spvrisk.config.reading.places import plain_of

MAIN = "japan_us_2026.yaml"
_NAMED = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """A sentence, or several that say the same."""

    source: str
    says: str
    place: str
    keys: str
    tests: str


def rows() -> list[Row]:
    page = (DOCS / "deal.md").read_text(encoding="utf-8")
    cells = [line[1:-1].split("|") for line in page.splitlines() if re.match(r"\| S\d L", line)]
    return [Row(*(cell.strip() for cell in line)) for line in cells]


def named(cell: str) -> list[str]:
    """What a cell names."""
    return _NAMED.findall(cell)


@cache
def study(file: str) -> Any:
    """What a study says with its includes, stresses and uncertain inputs among it."""
    files = Files(ROOT / "configs" / file)
    root = files.study()
    assert root is not None and not files.problems, files.problems
    return plain_of(root)


def has(value: Any, path: list[str]) -> bool:
    """Whether a path leads to something; a star in a key stands for any letters."""
    if not path:
        return value is not None
    wanted = re.compile(re.escape(path[0]).replace(r"\*", ".*"))
    return isinstance(value, dict) and any(has(value[key], path[1:]) for key in value if wanted.fullmatch(key))


def is_key(name: str) -> bool:
    file, colon, path = name.rpartition(": ")
    return has(study(file if colon else MAIN), path.split("."))


def is_test(name: str) -> bool:
    file, function, variant = re.fullmatch(r"([\w/]+\.py)::(\w+)(?:\[(\w+)\])?", name).groups()
    there = re.search(rf"^def {function}\(", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE)
    return there is not None and (variant is None or variant in STUDIES)


def test_rows__have_their_place():
    """What is in the model has a key and a test, what is there in part says what is missing, what is not says why."""
    found = rows()
    assert {row.source[:2] for row in found} == {"S0", "S1", "S2", "S3", "S4"}
    for row in found:
        assert re.match(r"S\d L\d.*, 20\d\d-\d\d", row.source) and row.says, row
        if row.place.startswith("**Left out**"):
            assert "because" in row.place and not row.keys and not row.tests, row
        else:
            assert re.match(r"\*\*(In|Partly)\*\*", row.place) and named(row.keys) and named(row.tests), row
            assert "Missing: " in row.place or not row.place.startswith("**Partly**"), row


def test_keys__are_those_of_the_studies():
    assert [name for row in rows() for name in named(row.keys) if not is_key(name)] == []


def test_tests__are_there():
    assert [name for row in rows() for name in named(row.tests) if not is_test(name)] == []


@pytest.mark.parametrize("name", ["agreement.split.first", "no_deal_2026.yaml: projects.*.nothing", "parties.x*.fx"])
def test_key__that_is_not_there(name):
    assert not is_key(name)


@pytest.mark.parametrize("name", ["test_configs.py::test_nothing", "test_reference_agreement.py::pair[nothing]"])
def test_test__that_is_not_there(name):
    assert not is_test(name)
