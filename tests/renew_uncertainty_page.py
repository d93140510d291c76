"""Write docs/validation/uncertainty_2026.md: ``python tests/renew_uncertainty_page.py [RESULT]``.

RESULT is one of configs/japan_us_2026_uncertain.yaml; without it the study is run, which takes a minute.
"""

import sys
from collections.abc import Iterator
from math import sqrt
from pathlib import Path

import spvrisk
from spvrisk.dataset.read import Result
from spvrisk.measures.unknown import Unknown, explained_by, unknown
from spvrisk.report.text import written
from spvrisk.report.words import english
from spvrisk.views.uncertainty import MEAN, committee, inputs, uncertainty

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "configs" / "japan_us_2026_uncertain.yaml"
PAGE = ROOT / "docs" / "validation" / "uncertainty_2026.md"
WIDTH = 118
TOLD, BY_CHANCE = 8, 0.001


def prose(text: str) -> str:
    """Give a paragraph on one line."""
    return f"{' '.join(text.split())}\n"


def block(figures) -> str:
    """Give tables as the command prints them."""
    return f"```\n{written(figures, WIDTH)}```\n"


def bn(value: float) -> str:
    """Give an amount in billions."""
    return f"{value / 1000:,.1f} bn"


def width(found: Unknown) -> float:
    """From the 5 to the 95 % point over the inputs."""
    return found.over[2].value - found.over[0].value


def known(result: Result) -> Iterator[str]:
    table = result.uncertainty
    mean, tail, scheme = (unknown(result, table, text) for text in (MEAN, "npv_funder:es@0.99", "scheme_value:mean"))
    low, middle, high = (point.value for point in mean.over)
    yield "## What is known, and what is not\n"
    yield " ".join(english(note) for note in committee(result).notes) + "\n"
    yield prose(
        f"""
        **The sign is known**: on average the funder loses in every draw. **The size is known to some
        {bn(width(mean) / 2)} to either side**: {bn(low)} to {bn(high)}, where the Monte Carlo error of the study's own
        run would say ± {bn(mean.base_error)}. The study's own values are towards the bad end: half of the draws are
        above {bn(middle)}, against {bn(mean.base)}, since laws reach farther to the good side of prices, contracts and
        the reactors' costs than to the bad one. **The tail is known less well than the mean**: the mean of the worst
        1 % is a loss of {bn(tail.over[0].value)} to {bn(tail.over[2].value)}. **Whether the scheme is worth its price
        to Japan is not known**: with tariff relief it is worth {bn(scheme.over[0].value)} to
        {bn(scheme.over[2].value)}.
        """
    )
    yield block([uncertainty(result)._replace(notes=())])


def worth(result: Result) -> Iterator[str]:
    table, mean = result.uncertainty, unknown(result, result.uncertainty, MEAN)
    yield "## What it would be worth to know\n"
    yield prose(
        f"""
        Each input fixed at what it turns out to be, all others as unknown as they are: so much of the {bn(width(mean))}
        between the 5 and the 95 % point of the mean would be left on average. Shares and their errors are those of the
        table below.
        """
    )
    told = zip(table.inputs, explained_by(table, MEAN), strict=True)
    matter = sorted(
        (each for each in told if each[1].first.value > each[1].first.error), key=lambda x: -x[1].first.value
    )
    for about, found in matter[:TOLD]:
        left = width(mean) * sqrt(max(1.0 - found.first.value, 0.0))
        share = f"{100 * found.first.value:.0f} ± {100 * found.first.error:.0f} %"
        yield f"- {about.title['en']}: {bn(left)} left ({share})"
    yield ""
    yield prose(
        """
        Some of it can be known for the asking: who pays overruns, the contracts, the spread and the deemed life are
        terms that are agreed, not measured. The slopes tell what direction is good. An input with a slope and hardly a
        share moves with others that undo it: gas makes power dear, too.
        """
    )
    yield block([inputs(result)])


def main() -> None:
    """Open or run the study, and write the page."""
    opened = spvrisk.open(sys.argv[1]) if sys.argv[1:] else spvrisk.run(spvrisk.load(STUDY))
    with opened:
        result = opened.tables()
        parts = [
            "# Uncertainty of inputs, 2026: what is known of the main study\n",
            prose(
                """
                Made by `python tests/renew_uncertainty_page.py` from `configs/japan_us_2026_uncertain.yaml`; figures in
                the text are those of the tables. Ranges of inputs are judgements, each with what it rests on in the
                study; [Uncertain inputs](../uncertainty.md) says how to read the figures. Choices between readings of
                the agreement are no ranges: they are [scenarios](scenarios_2026.md) and [terms](terms_2026.md).
                """
            ),
            *known(result),
            *worth(result),
        ]
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
