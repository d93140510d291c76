"""Words that several views use."""

import datetime
import math
from collections.abc import Sequence
from decimal import Decimal

from spvrisk.catalogue import WRITTEN
from spvrisk.config.study import Study
from spvrisk.config.units import money
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import UNDEFINED, quantity_of
from spvrisk.plan.inputs import BY_NAME as INPUTS
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import KNOWN, NPV, PORTFOLIO, SCHEME
from spvrisk.views.figures import Amount, Cell, Estimate, Named, Note, Text, said


def percent(decimal: str) -> Note:
    """Give a level in per cent: ``0.95`` is ``95 %``.

    Parameters
    ----------
    decimal
        In (0, 1), as text.
    """
    return said("{:g %}", 100.0 * float(decimal))


def tail_name(level: str) -> Note:
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


_MONEY = {
    1.0: "{}",
    1e3: "{} thousand",
    1e4: "{} ten thousand",
    1e6: "{} million",
    1e8: "{} hundred million",
    1e9: "{} billion",
    1e12: "{} trillion",
}
_CURRENCIES = {"EUR": "EUR", "JPY": "JPY", "KRW": "KRW", "TWD": "TWD", "USD": "USD"}
"""Those that have a name in another language than their code."""


def money_name(labels: Labels, currency: str = "") -> str:
    """Name the unit of money for programs, such as ``USD million``.

    Parameters
    ----------
    labels
        Of the result.
    currency
        In place of the study's.
    """
    return money(currency or labels.currency, labels.money_unit)


def money_in(labels: Labels, currency: str = "") -> Note:
    """Name the unit of money for people.

    Parameters
    ----------
    labels, currency
        As of `money_name`.
    """
    return sums_of(currency_named(currency or labels.currency), labels.money_unit)


def sums_of(currency: Text, unit: float) -> Note:
    """Name a unit of money for people: ``USD million``.

    Parameters
    ----------
    currency
        Its name.
    unit
        In the currency itself.
    """
    known = _MONEY.get(unit)
    return said(known, currency) if known else said("{} x {:,.0f}", currency, unit)


def currency_named(code: str) -> Text:
    """Name a currency.

    Parameters
    ----------
    code
        As the study has it.
    """
    return Note(_CURRENCIES[code]) if code in _CURRENCIES else code


def amount(labels: Labels, found: Estimate, currency: str = "") -> Amount:
    """Give money as a sentence tells it.

    Parameters
    ----------
    labels
        Of the result.
    found
        In its unit of money.
    currency
        In place of the study's.
    """
    value, error = (None if x is None else x * labels.money_unit for x in found)
    return Amount(value, error, currency_named(currency or labels.currency))


def readable_unit(amount: float, unit: float) -> float:
    """Give the unit of money in which an amount has at most five digits: a thousandfold as often as it takes.

    Parameters
    ----------
    amount, unit
        In the currency itself.
    """
    while math.isfinite(amount) and abs(amount) / unit >= 1e5:
        unit *= 1e3
    return unit


def unit_named(labels: Labels, unit: str) -> Text:
    """Name a project or pipeline, whose title stands beside its name; the portfolio by its word.

    Parameters
    ----------
    labels
        Of the result.
    unit
        A project, a pipeline, ``portfolio`` or ``scheme``.
    """
    return WHOLE.get(unit) or Named(unit, tuple(labels.project_titles.get(unit, {}).items()))


def unit_titled(labels: Labels, unit: str) -> Text:
    """Name a unit where its title stands in the place of its name: with the name where others have the same title.

    Parameters
    ----------
    labels, unit
        As of `unit_named`.
    """
    if unit in WHOLE:
        return WHOLE[unit]
    own, every = labels.project_titles.get(unit, {}), labels.project_titles.values()
    shared = {language for language, title in own.items() if sum(each.get(language) == title for each in every) > 1}
    return Named(unit, tuple((key, f"{title} ({unit})" if key in shared else title) for key, title in own.items()))


_OF_CLOCK = {"outcome_": ("events", "outcomes"), "final_state_": ("regimes", "states")}
"""Where studies have events and regimes, and what these may come to."""


def clock_named(result: Result, quantity: str, outcome: str = "") -> Note:
    """Name an event or a regime, or what it comes to; who shows titles calls it by its title, or in words.

    Parameters
    ----------
    result
        The result.
    quantity
        As ``outcome_ruling`` of an event, or ``final_state_general`` of a regime.
    outcome
        One of its outcomes or states; empty: the event or the regime itself.
    """
    if outcome == UNDEFINED:
        return Note("undefined")
    prefix = next(prefix for prefix in _OF_CLOCK if quantity.startswith(prefix))
    (section, inner), name = _OF_CLOCK[prefix], quantity.removeprefix(prefix)
    return part_named(result, section, name, *((inner, outcome) if outcome else ()))


def condition_named(result: Result, condition: str) -> Note:
    """Name a condition as an event or a regime and what it came to.

    Parameters
    ----------
    result
        The result.
    condition
        As the table of conditions has it: ``outcome_ruling.upheld``.
    """
    quantity, _, outcome = condition.partition(".")
    name = clock_named(result, quantity)
    if outcome == UNDEFINED:
        return said("{}: does not take place", name)
    text = "{}: {}" if quantity.startswith("outcome_") else "{} at the end: {}"
    return said(text, name, clock_named(result, quantity, outcome))


def part_named(result: Result, *path: str) -> Note:
    """Name a part of the study that a result was made of; who shows titles calls it by its title, or in words.

    Parameters
    ----------
    result
        The result.
    path
        Keys that lead to the part; the last one is its name.
    """
    found = result.provenance["config"]
    for key in (*path, "title"):
        found = found.get(key) if isinstance(found, dict) else None
    given = found if isinstance(found, dict) else {}
    titles = {key: title for key, title in given.items() if isinstance(title, str) and title != path[-1]}
    return said("{}", Named(path[-1], tuple({WRITTEN: in_words(path[-1]), **titles}.items())))


WHOLE: dict[str, Text] = {PORTFOLIO: Note("portfolio"), SCHEME: Note("scheme")}
"""Units that have no names of a study's own."""


TIMES = {"years": Note("years"), "months": Note("months")}
"""Units of quantities by their kind."""


def measured_in(labels: Labels, series: tuple[str, str]) -> Note | None:
    """Give what a series is measured in, for people; None where it has no unit.

    Parameters
    ----------
    labels
        Of the result.
    series
        Unit and quantity.
    """
    kind = quantity_of(*series, labels).kind
    if kind == "money":
        return money_in(labels, labels.local_currency if series[1].endswith("_local") else "")
    return TIMES.get(kind)


def study_named(labels: Labels) -> Named:
    """Name a study by its titles.

    Parameters
    ----------
    labels
        Of its result.
    """
    return Named(labels.title["en"], tuple(labels.title.items()))


def quantity_named(name: str) -> Text:
    """Name an output, of a path or of a step, or an input in words.

    Parameters
    ----------
    name
        Of the quantity.
    """
    for prefix in ("outcome_", "final_state_"):
        if name.startswith(prefix):
            return said(_OF_SCHEME[prefix], name.removeprefix(prefix))
    return Note(in_words(name)) if name in KNOWN or name in INPUTS else name


def output_in_words(labels: Labels, series: tuple[str, str]) -> Note:
    """Name an output as a sentence does, of a project with its title.

    Parameters
    ----------
    labels
        Of the result.
    series
        Unit and quantity.
    """
    unit, quantity = series
    output = quantity_of(unit, quantity, labels)
    named = output.compared if output.compared else output.meaning
    what = Note("funder's net present value" if quantity == NPV else named)
    return what if unit in WHOLE else said("{}: {}", unit_titled(labels, unit), what)


_OF_SCHEME = {"outcome_": "outcome {}", "final_state_": "final state {}"}


def in_words(name: str) -> str:
    """Give a name of the tables of outputs and inputs as the catalogue has it.

    Parameters
    ----------
    name
        Such as ``npv_funder``.
    """
    return name.replace("_", " ")


def joined(cells: Sequence[Cell], text: str = "{}, {}") -> Note:
    """Give several as one.

    Parameters
    ----------
    cells
        At least one.
    text
        That holds two, such as ``{} and {}``.
    """
    *others, last = cells
    found = last if isinstance(last, Note) else said("{}", last)
    for cell in reversed(others):
        found = said(text, cell, found)
    return found


def size_of(study: Study) -> Note:
    """Count the parts of a study: ``6 projects, 8 factors, ...``."""
    counts = [
        said("{:project}", len(study.projects)),
        *([said("{:pipeline}", len(study.pipelines))] if study.pipelines else []),
        said("{:factor}", len(study.factors)),
        said("{:regime}", len(study.regimes)),
        said("{:event}", len(study.events)),
        said("{:step}", study.study.steps),
    ]
    return joined(counts)
