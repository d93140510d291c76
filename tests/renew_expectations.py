"""Write docs/validation/comparison_2026_12.md: ``python tests/renew_expectations.py RESULT [PAGE]``.

RESULT is one of configs/japan_us_2026.yaml; PAGE is written in the place of that page. What stands on it to explain
a miss is kept.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from math import floor, hypot, isfinite, log10, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

import spvrisk
from spvrisk.dataset.read import Result
from spvrisk.measures.given import narrowed
from spvrisk.measures.held import Held, held
from spvrisk.measures.named import measure_of

VALIDATION = Path(__file__).parents[1] / "docs" / "validation"
EXPECTED = VALIDATION / "expectations_2026_12.md"
PAGE = VALIDATION / "comparison_2026_12.md"

UNITS = {
    "USD bn": 1e-3,
    "USD m": 1.0,
    "JPY tn": 1e-6,
    "share": 1.0,
    "ratio": 1.0,
    "%": 100.0,
    "months": 1.0,
    "projects": 1.0,
}
"""By what a figure of the result, whose money is in millions, is multiplied to be in the unit."""

EXPLAINED = "## Misses, and why"
TO_EXPLAIN = "*Not explained yet.*"

_ROW = re.compile(r"\| (?P<words>[^|]+) \| `(?P<measure>[^`]+)` \| (?P<unit>[^|]+) \| (?P<low>\S+) \| (?P<high>\S+) \|")
_OCCUPANCY = re.compile(r"occupancy (\w+)=(\w+) to (\S+)")


class Statement(NamedTuple):
    """A bet: a figure in words, its measure, and the interval in the unit."""

    topic: str
    words: str
    measure: str
    unit: str
    low: float
    high: float


class Found(NamedTuple):
    """What came of a statement, in its unit."""

    statement: Statement
    value: float
    error: float

    @property
    def hit(self) -> bool:
        return self.statement.low <= self.value <= self.statement.high


def statements(page: str) -> Iterator[Statement]:
    """Read the statements of the page of expectations."""
    topic = ""
    for line in page.splitlines():
        topic = line.removeprefix("### ") if line.startswith("### ") else topic
        if row := _ROW.fullmatch(line):
            low, high = float(row["low"]), float(row["high"])
            yield Statement(topic, row["words"], row["measure"], row["unit"], low, high)


def occupancy(result: Result, regime: str, state: str, end: str) -> Held:
    """Give the share of a step that a state lasts; the error is that of a step spent in it wholly or not at all."""
    table, labels = result.timeline, result.labels
    rows = [(name, one) for name, states in labels.regimes for one in states]
    share = float(table.occupancy[rows.index((regime, state)), labels.step_ends.index(end)])
    return Held(share, sqrt(share * (1.0 - share) / result.n_paths))


def figure(result: Result, text: str) -> Held:
    """Give a measure of a result, in the result's units; the page of expectations says what may be written."""
    if match := _OCCUPANCY.fullmatch(text):
        return occupancy(result, *match.groups())
    text, _, condition = text.partition(" given ")
    return held(narrowed(result, condition) if condition else result, measure_of(text, result.labels, ""))


def found(result: Result, statement: Statement) -> Found:
    """Give what came of a statement."""
    text, _, old = statement.measure.partition(" minus ")
    old_value, old_error = map(float, old.split(" ± ")) if old else (0.0, 0.0)
    value, error = (UNITS[statement.unit] * each for each in figure(result, text))
    return Found(statement, value - old_value, hypot(error, old_error))


def explanations(page: str) -> dict[str, str]:
    """Read what explains misses on a page of comparison, by the words of their statements."""
    _, _, text = page.partition(EXPLAINED)
    sections = (section.partition("\n") for section in text.split("\n### ")[1:])
    told = {words.strip(): why.strip() for words, _, why in sections}
    return {words: why for words, why in told.items() if why != TO_EXPLAIN}


def rounded(value: float, error: float) -> str:
    """Give a figure and its error to the error's second digit."""
    digits = max(1 - floor(log10(error)), 0) if error > 0.0 else 4
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def told(each: Found) -> str:
    """Give a row of the comparison."""
    words, unit, low, high = each.statement.words, each.statement.unit, each.statement.low, each.statement.high
    outcome = "in" if each.hit else "**out**"
    return f"| {words} | {unit} | {low:g} to {high:g} | {rounded(each.value, each.error)} | {outcome} |"


def counted(all_found: Iterable[Found]) -> str:
    """Say how many statements came true."""
    hits = [each.hit for each in all_found]
    return f"{sum(hits)} of {len(hits)}"


def comparison(result: Result, all_found: list[Found], why: dict[str, str]) -> Iterator[str]:
    """Give the page, paragraph by paragraph."""
    topics = {each.statement.topic: [] for each in all_found}
    for each in all_found:
        topics[each.statement.topic].append(each)
    share = 100 * np.mean([each.hit for each in all_found])
    yield "# The new base of the main study compared with what was expected\n"
    yield (
        "Made by `python tests/renew_expectations.py RESULT`. [What we expected](expectations_2026_12.md) was written "
        f"before the first run. Here are the figures of {result.n_paths:,} paths, seed {result.attributes['seed']}, "
        f"`numbers_version` {result.attributes['numbers_version']}. Behind ± stands one Monte Carlo standard error; an "
        "occupancy's is an upper bound, and that of a change has the old base's in it as if the runs shared no draws.\n"
    )
    parts = ", ".join(f"{topic.lower()} {counted(rows)}" for topic, rows in topics.items())
    yield f"**{counted(all_found)} statements came true, {share:.0f} %, where 80 % were promised**: {parts}.\n"
    for topic, rows in topics.items():
        yield f"## {topic}\n"
        yield "| figure | unit | expected | result | |\n|---|---|---|---|---|\n" + "\n".join(map(told, rows)) + "\n"
    yield f"{EXPLAINED}\n"
    for each in all_found:
        words = each.statement.words
        if words in why or not each.hit:
            yield f"### {words}\n\n{why.get(words, TO_EXPLAIN)}\n"


def main() -> None:
    """Compare, and write the page."""
    source, *other = sys.argv[1:]
    page = Path(other[0]) if other else PAGE
    with spvrisk.open(source) as opened:
        result = opened.tables()
        all_found = [found(result, each) for each in statements(EXPECTED.read_text(encoding="utf-8"))]
        missing = [each.statement.measure for each in all_found if not isfinite(each.value)]
        if missing:
            sys.exit(f"undefined in {source}: {', '.join(missing)}")
        why = explanations(page.read_text(encoding="utf-8")) if page.exists() else {}
        page.write_text("\n".join(comparison(result, all_found, why)), encoding="utf-8")


if __name__ == "__main__":
    main()
