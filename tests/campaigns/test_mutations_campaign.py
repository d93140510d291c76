"""Ten thousand damaged studies: each is refused in words that help, or it is a study; a thousand of these are run.

The same as `tests/config/test_mutations.py` in numbers (budget: 40 minutes). What was found is kept in
``docs/validation/mutations.md``.
"""

import sys
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

import spvrisk

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from mutations import Damage, damages, placed, shared_tables, sources, verdict  # noqa: E402

PAGE = ROOT / "docs" / "validation" / "mutations.md"
COUNT, RUNS, PATHS, SEED = 10_000, 1_000, 64, 2026
MOST_SECONDS = 5.0
"""Of processor time, within which there is a result or a sentence."""

SOURCES = sources()


def seconds_of(what, *arguments):
    """Give what a function returns, and the processor time that it takes."""
    began = time.process_time()
    return what(*arguments), time.process_time() - began


def run(path):
    """Run what is found sound, if validate finds it so too."""
    study = spvrisk.validate(path).study
    if study is not None:
        if study.config.run.uncertainty is not None:  # two hundred runs of it are no hang
            study = spvrisk.load(path, {"run.uncertainty": {"outer": 2, "inner": PATHS}})
        spvrisk.run(study, paths=PATHS).close()
    return "refused" if study is None else "run"


def test_damaged_studies__are_refused_in_words_or_run(tmp_path):
    found, drawn, slowest = Counter[str](), set[str](), [0.0]

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
        path = placed(damage, SOURCES, tmp_path)
        what, seconds = seconds_of(verdict, path)
        slowest.append(seconds)
        if what == "passed" and found["run"] < RUNS:
            what, seconds = seconds_of(run, path)
            slowest.append(seconds)
        assert seconds < MOST_SECONDS, damage.what
        found[what] += 1

    spvrisk.warmup()  # compiling is no study's fault
    with shared_tables():
        campaign()
    assert found["refused"] > COUNT / 2 and found["run"] == RUNS
    report(found, len(drawn), max(slowest))


def report(found, different, slowest):
    """Write the page."""
    text = (
        "# Damaged studies\n\nMade by `make campaign` (tests/campaigns/test_mutations_campaign.py): every file of the "
        "studies that ship and of three that the tests use, with one to three values or keys changed, or a change of "
        f"its bytes.\n\n- **{found.total():,} damaged studies**, {different:,} of them different: {found['refused']:,} "
        f"were refused with place, rule and remedy, {found['run'] + found['passed']:,} were studies still.\n"
        f"- **{found['run']:,} of these were run**, with {PATHS} paths each: every one gave a result.\n"
        f"- The slowest took {slowest:.1f} s of processor time; none may take more than {MOST_SECONDS:g} s.\n"
    )
    PAGE.write_text(text, encoding="utf-8")
