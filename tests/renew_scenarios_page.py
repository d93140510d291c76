"""Write docs/validation/scenarios_2026.md from the scenarios that ship: ``python tests/renew_scenarios_page.py``."""

from collections.abc import Iterator
from pathlib import Path

import spvrisk
from spvrisk.experiments.scenarios import Outcome, Scenarios
from spvrisk.report.text import written
from spvrisk.views.scenarios import scenarios, tornado

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "validation" / "scenarios_2026.md"
WIDTH = 110
SHOWN_INPUTS = 12


def run(name: str) -> Scenarios:
    """Run a file that ships."""
    planned = spvrisk.plan_scenarios(ROOT / "configs" / "scenarios" / f"{name}.yaml")
    return spvrisk.scenarios(planned)


def prose(text: str) -> str:
    """Give a paragraph on one line."""
    return f"{' '.join(text.split())}\n"


def block(figures) -> str:
    """Give tables as the command prints them."""
    return f"```\n{written(figures, WIDTH)}```"


def money(value: float, error: float) -> str:
    """Give an amount in billions with its standard error."""
    return f"{value / 1000:+,.1f} ± {error / 1000:.1f} bn"


def of(found: Scenarios, name: str) -> Outcome:
    return next(each for each in found.outcomes if each.scenario.name == name)


def change(found: Scenarios, name: str, measure: str) -> str:
    """Give what a scenario changes of a measure."""
    i = [each.text for each in found.measures].index(measure)
    found_change = of(found, name).changes[i]
    return money(found_change.value, found_change.error)


def safeguards(found: Scenarios) -> Iterator[str]:
    mean, tail = "npv_funder:mean", "npv_funder:es@0.99"
    yield "## What each safeguard is worth\n"
    yield prose(
        f"""
        For the tail one matters most, **who pays overruns**: were it the host alone, the funder's mean would change by
        {change(found, "full_cap", mean)}, and its expected shortfall at 99 % by {
            change(found, "full_cap", tail)
        }. **Reviews that stop works** come next: without them the mean changes by
        {change(found, "no_review", mean)} and the tail by {change(found, "no_review", tail)}; reviews a
        quarter stricter are worth {change(found, "strict_review", mean)}, and change the tail by
        {change(found, "strict_review", tail)}. The first share moves the mean, the tail less: each
        tenth is worth {change(found, "more_first", mean)}, all of the cash {change(found, "all_first", mean)},
        and even then the funder loses on average. The second
        share and the spread hardly matter, since tier one is hardly ever paid off.
        Cover and sweep move money between insurer, banks and policy bank, who on every path add up to the funder
        (section 9 of docs/model.md), so that they change its figures by exactly nothing.
        """
    )
    yield block(scenarios(found)) + "\n"


def terms(found: Scenarios) -> Iterator[str]:
    mean = "npv_funder:mean"
    yield "## Five agreements, three gas prices, two views of costs\n"
    yield prose(
        f"""
        **The agreement weighs more than the price of gas or the view of costs.** At the gas price and costs
        of the main study the EU's terms are worth {change(found, "eu/gas_4/classes", mean)} to the funder
        against Japan's, Korea's {change(found, "korea/gas_4/classes", mean)}, Taiwan's {
            change(found, "taiwan/gas_4/classes", mean)
        }, the cumulative reading {
            change(found, "cumulative/gas_4/classes", mean)
        }. Gas at 6 in the place of 4 USD/MMBtu makes {change(found, "japan/gas_6/classes", mean)}
        under Japan's terms, costs at the upper end {change(found, "japan/gas_4/adverse", mean)}.
        """
    )
    yield block(scenarios(found)) + "\n"


def inputs(found: Scenarios) -> Iterator[str]:
    yield "## Which inputs matter\n"
    yield prose(
        """
        Each of 37 inputs between a low and a high end, all else as it is. The shares of the agreement, gas,
        who pays overruns and what contracts escalate by move the mean; who pays overruns moves the tail far
        more than anything else. What hardly moves either need not be argued about: spread, second share,
        margins, premium, tenor, tail of the copula.
        """
    )
    for i in range(len(found.measures)):
        page = tornado(found, i)
        yield block([page._replace(rows=page.rows[:SHOWN_INPUTS])]) + "\n"
    yield f"The first {SHOWN_INPUTS} of each; the command shows all.\n"


def readings(found: Scenarios) -> Iterator[str]:
    mean, breach = "npv_funder:mean", "insurer_breach:mean"
    yield "## Other readings of the inputs\n"
    i = [each.text for each in found.measures].index(breach)
    left = of(found, "full_bonds").values[i]
    yield prose(
        f"""
        What the public record leaves open, one at a time. Reactors of 3,190 MW in place of 5,000 change the mean by
        {change(found, "small_reactors", mean)}, gas plants without a contract on a quarter of the paths by
        {change(found, "no_contract", mean)}, a credit on the reactors' output by {change(found, "credit", mean)},
        expensing by {change(found, "expensing", mean)}. With all grant bonds funded the insurer still loses more than
        it has on {left:.1%} of the paths.
        """
    )
    yield block(scenarios(found)) + "\n"


def main() -> None:
    """Run what ships and write the page."""
    parts = [
        "# Scenarios of 2026: what a committee learns from them\n",
        prose(
            """
            Made by `python tests/renew_scenarios_page.py` from `configs/scenarios/`; figures in the text are those of
            the tables, in billions. ± is a standard error of the sampling alone: inputs are judgement where the studies
            say so.
            """
        ),
        *safeguards(run("safeguards")),
        *readings(run("inputs_2026")),
        *terms(run("terms_and_prices")),
        *inputs(run("tornado_2026")),
    ]
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
