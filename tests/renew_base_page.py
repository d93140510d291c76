"""Write docs/validation/base_2026_12.md: from one base to the next (``python tests/renew_base_page.py``)."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import spvrisk
from spvrisk.dataset.read import Result

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "configs" / "japan_us_2026.yaml"
PAGE = ROOT / "docs" / "validation" / "base_2026_12.md"
PATHS = 50_000

GAS = ("ohio_gas", "texas_gas", "pennsylvania_gas")
OLD = ("-53,391 ± 77", "141.9 ± .7", ".929", ".591", "-10.2")
"""Of the base before, as its last run had them: 100,000 paths, `numbers_version` 5."""


HEADS = (
    "change",
    "why",
    "change of the mean NPV",
    "mean NPV",
    "shortfall at 99 %, USD bn",
    "insurer in breach",
    "projects cancelled",
    "scheme value, USD bn",
)


class Step(NamedTuple):
    """A change, why it was made, and what takes it back."""

    what: str
    why: str
    back: dict[str, object]


def of(projects: tuple[str, ...], key: str, value: object) -> dict[str, object]:
    return {f"projects.{name}.{key}": value for name in projects}


def tri(low: float, mode: float, high: float) -> dict[str, object]:
    return {"triangular": {"min": low, "mode": mode, "max": high}}


def share(none: float, mean: float, sd: float) -> dict[str, object]:
    return {"mixture": [{"weight": none, "law": 0}, {"weight": 1 - none, "law": {"beta": {"mean": mean, "sd": sd}}}]}


ALL = (*GAS, "smr", "gulflink", "diamond")
STEPS = (
    Step(
        "the plan contains permits",
        "everybody expects them (decision 41)",
        of(ALL, "construction.planned_start_delay_years", 0),
    ),
    Step(
        "thresholds as limits on the cost to come",
        "they had been judged for whole estimates (decision 40)",
        of((*GAS, "gulflink", "diamond"), "construction.review.threshold", tri(1.6, 2.2, 3.5))
        | of(("smr",), "construction.review.threshold", tri(1.5, 2.2, 4.0)),
    ),
    Step(
        "the ruling takes the deal's basis away",
        "as in the study before the ruling, where it counts too",
        {
            f"events.{event}.outcomes.{outcome}.scale_hazards": {}
            for event, outcome in (("ieepa_ruling", "struck_down"), ("s122_expiry", "s301_deal"))
        },
    ),
    Step(
        "talks before a decline; lateness and hazards that see the deal",
        "Japan consults first; a promise that is not kept is answered (memorandum, Korea)",
        {
            "agreement.funding.decision.consult": None,
            "agreement.funding.decision.late": None,
            "regimes.general.scaled_hazards": [],
            "regimes.deal.scaled_hazards": [],
        },
    ),
    Step(
        "offtake of the first three",
        "the bank's governor, 2026-02-26; a quarter without a contract is a scenario now",
        of(("ohio_gas",), "operation.contract.share", share(0.25, 0.85, 0.12))
        | of(("gulflink",), "operation.contract.share", share(0.22, 0.65, 0.15))
        | of(("diamond",), "operation.contract.share", share(0.15, 0.60, 0.20)),
    ),
    Step(
        "Henry Hub at 3.76 and 3.85",
        "STEO of 2026-03-10; prices net of fuel that is passed through follow",
        {
            "factors.henry_hub.process.ou.start": 3.9,
            "factors.henry_hub.process.ou.mean.value": 4.0,
            "projects.ohio_gas.operation.contract.price": tri(43.36, 61.36, 83.36),
            "projects.texas_gas.operation.contract.price": tri(46.01, 61.01, 86.01),
            "projects.pennsylvania_gas.operation.contract.price": tri(51.84, 67.84, 91.84),
        },
    ),
    Step(
        "reactors of 5,000 MW, fixed O&M 136 USD/kW",
        "NREL, ATB 2024: 8,000 USD/kW; the capacity had been worked back from another estimate",
        of(("smr",), "capacity_mw", 3190) | of(("smr",), "operation.fixed_om.per_mw_year", 175_000),
    ),
    Step(
        "spreads by project, years of the fee, who lends how much",
        "negotiated; 15 to 20 years; undecided (FT 2026-03-19)",
        {
            "agreement.split.spread": 0.0175,
            "projects.ohio_gas.operation.developer_fee.years": 18,
            "stack.policy_share": None,
        },
    ),
    Step(
        "the insurer's capital, reserves and book",
        "1.78 + 0.1 tn yen are funded for FY2026, 17.2 tn are in force",
        {"stack.insurer.capital": 3_000_000, "stack.insurer.reserves": 0, "stack.insurer.book": None},
    ),
)


def result_of(taken_back: tuple[Step, ...]) -> Result:
    changes = {path: value for step in taken_back for path, value in step.back.items()}
    with spvrisk.run(spvrisk.load(STUDY, changes), paths=PATHS) as found:
        return found.tables()


def figures(result: Result) -> tuple[str, ...]:
    t, index = result.summary, result.labels.series.index
    whole, last = index(("portfolio", "npv_funder")), len(t.levels) - 1
    breach, value = index(("scheme", "insurer_breach")), index(("scheme", "scheme_value"))
    return (
        f"{t.mean[whole]:,.0f} ± {t.mean_se[whole]:.0f}",
        f"{t.expected_shortfall[whole, last] / 1e3:.1f} ± {t.expected_shortfall_se[whole, last] / 1e3:.1f}",
        f"{t.mean[breach]:.3f}",
        f"{t.mean[index(('portfolio', 'cancelled'))]:.3f}",
        f"{t.mean[value] / 1e3:.1f}",
    )


def values(result: Result) -> np.ndarray:
    return result.series("portfolio", "npv_funder").astype(np.float64)


def rows() -> Iterator[str]:
    before = result_of(STEPS)
    yield row("base before", "`numbers_version` 5", "", OLD)
    yield row("reviews leave sunk cost alone", "half-finished works were stopped (decision 40)", "", figures(before))
    for i, step in enumerate(STEPS):
        now = result_of(STEPS[i + 1 :])
        change = values(now) - values(before)
        error = change.std(ddof=1) / np.sqrt(change.size)
        yield row(step.what, step.why, f"{change.mean():+,.0f} ± {error:.0f}", figures(now))
        before = now


def row(what: str, why: str, change: str, cells: tuple[str, ...]) -> str:
    return f"| {what} | {why} | {change} | {' | '.join(cells)} |"


def page() -> str:
    told = f"""
        Made by `python tests/renew_base_page.py`. Each row is the main study with its change and all those above it,
        {PATHS:,} paths of the study's seed; the change of the mean is that of the same paths, USD million, with its
        standard error. The first row is of the last run before. [What was expected](expectations_2026_12.md) of the new
        base, and [what came](comparison_2026_12.md).
        """
    lines = ["# From the base before to today's, one change at a time", "", " ".join(told.split()), ""]
    return "\n".join([*lines, f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|", *rows()]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
