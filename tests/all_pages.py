"""Every page that a command prints, of results that are small or lie ready."""

import lzma
from collections.abc import Iterator
from pathlib import Path

import spvrisk
from made_bench import make_bench
from make_results import FOLDER, ROOT, STARTER, everything, pipeline
from spvrisk.dataset.schema import SCHEMA_VERSION
from spvrisk.experiments.scenarios import Scenarios
from spvrisk.views import (
    against,
    assumptions,
    bench,
    cash,
    compare,
    confidence,
    exceedance,
    goal,
    obligors,
    plan,
    precision,
    selftest,
    stress,
    summary,
    tail,
    trace,
    verify,
)
from spvrisk.views import scenarios as what_ifs
from spvrisk.views.figures import Figures

Pages = Iterator[tuple[str, list[Figures]]]

SOURCES = "assumptions"
"""Page whose cells are a study's own words."""

WHAT_IFS = """\
base: {base}
measures: [npv_funder:mean, npv_funder:p_loss, npv_funder:es@0.9, port/delay_months:quantile@0.9]
scenarios:
  dear: {{title: {{en: Dear works, ja: 高い工事}}, projects.port.budget: {{times: 1.5}}}}
  same: {{}}
tornado:
  projects.port.budget: {{title: Budget of the port, low: {{times: 0.9}}, high: {{times: 1.1}}}}
"""


def packed(name: str, folder: Path) -> Path:
    """A result that lies ready, unpacked."""
    file = folder / f"{name}.h5"
    if not file.exists():
        file.write_bytes(lzma.decompress((FOLDER / f"schema{SCHEMA_VERSION}" / f"{name}.h5.xz").read_bytes()))
    return file


def of_results(folder: Path) -> Pages:
    """Pages of results."""
    for name in ("everything", "starter", "pipeline"):
        with spvrisk.open(packed(name, folder)) as result:
            tables = result.tables()
            yield f"screen of {name}", summary.screen(tables)
            yield f"summary of {name}", summary.summary(tables)
            if name != "pipeline":
                yield f"tails of {name}", [result.view(view, level="0.9") for view in ("parts", "alone")]
            yield f"info of {name}", [result.view("info")]
    with spvrisk.open(packed("starter", folder)) as result:
        yield "given", summary.summary(result.tables("election=new_course"))
    starter, table = packed("starter", folder), folder / "table.csv"
    yield "curve", [exceedance.exceedance(spvrisk.curve(starter, of)) for of in ("npv_funder", "port/delay_months")]
    yield "tail", tail.tail(spvrisk.tail(starter, worst=0.3))
    yield "verify", [verify.verify(spvrisk.verify(starter))]
    spvrisk.save_table(starter, table, overwrite=True)
    yield "against", [against.against(spvrisk.compare_table(starter, table))]
    found = spvrisk.compare(starter, packed("pipeline", folder), packed("everything", folder), strict=False)
    yield "compare", compare.compare(found)
    yield "details", compare.details(found)


def of_replays(folder: Path) -> Pages:
    """Pages for which paths are computed once more."""
    everything_, starter = packed("everything", folder), packed("starter", folder)
    yield "confidence", confidence.confidence(spvrisk.confidence(starter), detailed=True)
    yield "obligors", [obligors.obligors(spvrisk.obligors(everything_))]
    yield "cash", cash.cash(spvrisk.cash(everything_, paths=20))
    for name in ("everything", "pipeline", "starter"):
        yield f"trace of {name}", trace.trace(spvrisk.trace(packed(name, folder), path=3), whole=True)
        yield f"clock of {name}", [trace.happened(spvrisk.trace(packed(name, folder), rank="0.9"))]


def of_studies(folder: Path) -> Pages:
    """Pages of studies that are run, or would be."""
    starter = spvrisk.load(STARTER)
    for study in (starter, pipeline(folder), everything(folder), spvrisk.load(ROOT / "configs" / "japan_us_2026.yaml")):
        yield f"plan of {study.config.study.title.en}", plan.plan(spvrisk.overview(study))
    yield SOURCES, assumptions.page(spvrisk.assumptions(study))
    (folder / "what_if.yaml").write_text(WHAT_IFS.format(base=STARTER), encoding="utf-8")
    planned = spvrisk.plan_scenarios(folder / "what_if.yaml", paths=64)
    found = spvrisk.scenarios(planned)
    yield "planned", [what_ifs.listed(planned, 65.0)]
    yield "scenarios", what_ifs.scenarios(found)
    yield "stress", [stress.stress(_without_ends(found))]
    sought = spvrisk.goal(starter, "projects.port.budget=x", "npv_funder:mean=0", (100, 900), paths=64)
    none = spvrisk.goal(starter, "projects.port.budget=x", "npv_funder:mean=1e9", (100, 900), paths=64)
    yield "goal", [*goal.goal(sought), *goal.goal(none), goal.frontier("run.seed", [("run.seed=1", sought)])]
    targets, look, seconds = spvrisk.needed(starter, ["npv_funder:es@0.95=1%"])
    yield "needed", [precision.foreseen(look, targets, seconds, found.labels)]


def of_machines() -> Pages:
    """Pages of this machine, made up."""
    busy = make_bench(waited=1.5, left_out={"peak": 20}, result=None, cold=None)
    yield "bench", [*bench.bench(make_bench()), *bench.bench(busy)]
    yield "selftest", [selftest.selftest([make_bench().proof])]


def all_pages(folder: Path) -> dict[str, list[Figures]]:
    """All pages by name."""
    return dict([*of_results(folder), *of_replays(folder), *of_studies(folder), *of_machines()])


def _without_ends(found: Scenarios) -> Scenarios:
    return found._replace(outcomes=tuple(each for each in found.outcomes if not each.scenario.axes))
