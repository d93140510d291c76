"""Two thousand damaged studies: each is refused in words that help, or it is a study.

The same as `tests/config/test_mutations.py` in numbers (budget: 5 minutes).
"""

import sys
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

import spvrisk

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mutations import MOST_SECONDS, Damage, damages, placed, shared_tables, sources, verdict  # noqa: E402

COUNT, SEED = 2000, 2026
RUN_COUNT = 300
SOURCES = sources()


def test_damaged_studies__are_refused_in_words_or_run(tmp_path, capsys):
    found: Counter[str] = Counter()
    drawn = set()

    @seed(SEED)
    @settings(
        max_examples=COUNT,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a failure is told as it was found: most are one change anyway
        suppress_health_check=list(HealthCheck),
    )
    @given(damages(SOURCES))
    def campaign(damage: Damage) -> None:
        drawn.add(damage.what)
        found[verdict(placed(damage, SOURCES, tmp_path))] += 1

    with shared_tables():
        campaign()
    with capsys.disabled():
        print(f"\n{sum(found.values())} damaged studies, {len(drawn)} of them different: {dict(found)}")
    assert found["refused"] > COUNT / 2 and found["passed"] > COUNT / 50


def test_damaged_studies__what_validate_finds_sound_is_run(tmp_path, capsys):
    found: Counter[str] = Counter()

    @seed(SEED + 1)
    @settings(
        max_examples=RUN_COUNT,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(damages(SOURCES))
    def campaign(damage: Damage) -> None:
        began = time.perf_counter()
        study = spvrisk.validate(placed(damage, SOURCES, tmp_path)).study
        assert time.perf_counter() - began < MOST_SECONDS, damage.what
        if study is not None:
            spvrisk.run(study, paths=64).close()
        found["refused" if study is None else "run"] += 1

    with shared_tables():
        campaign()
    with capsys.disabled():
        print(f"\n{dict(found)}")
    assert found["run"] > RUN_COUNT / 20
