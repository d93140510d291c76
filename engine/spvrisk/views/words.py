"""Words that several views use."""

import datetime
import math
from decimal import Decimal

from spvrisk.config.study import Study
from spvrisk.config.units import money
from spvrisk.plan.names import Labels


def counted(number: int, thing: str) -> str:
    """A number of things: ``1 path``, ``2,000 paths``.

    Parameters
    ----------
    number
        How many.
    thing
        In the singular, with an s in the plural.
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def percent(decimal: str) -> str:
    """Give a level in per cent: ``0.95`` is ``95 %``.

    Parameters
    ----------
    decimal
        In (0, 1), as text.
    """
    return f"{float(decimal) * 100:g} %"


def tail_name(level: str) -> str:
    """Give what lies beyond a level in per cent: of ``0.95`` it is ``5 %``.

    Parameters
    ----------
    level
        In (0, 1), as text.
    """
    return percent(f"{1 - Decimal(level)}")


def lasting(seconds: float) -> str:
    """Give how long something takes, rounded up: ``0:01:05``, hours, minutes and seconds.

    Parameters
    ----------
    seconds
        How long.
    """
    return f"{datetime.timedelta(seconds=math.ceil(seconds))}"


def rounded_up(number: float) -> int:
    """Give a large number as one that is easy to say, to its second digit: 110,025 is 120,000.

    Parameters
    ----------
    number
        Above 0.
    """
    unit: int = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return math.ceil(number / unit) * unit


def money_name(labels: Labels, currency: str = "") -> str:
    """Name the unit of money, such as ``USD million``.

    Parameters
    ----------
    labels
        Of the result.
    currency
        In place of the study's.
    """
    return money(currency or labels.currency, labels.money_unit)


def size_of(study: Study) -> str:
    """Count the parts of a study: ``6 projects, 8 factors, ...``."""
    counts = [
        counted(len(study.projects), "project"),
        *([counted(len(study.pipelines), "pipeline")] if study.pipelines else []),
        counted(len(study.factors), "factor"),
        counted(len(study.regimes), "regime"),
        counted(len(study.events), "event"),
        counted(study.study.steps, "step"),
    ]
    return ", ".join(counts)
