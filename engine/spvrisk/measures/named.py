"""One grammar for measures, wherever one is named: ``[unit/]quantity:statistic[@level]``.

``npv_funder:es@0.99`` is the expected shortfall of the portfolio's loss, ``smr/delay_months:quantile@0.9`` a quantile
of one project's delay, ``insurer_breach:mean`` a probability, ``outcome_ruling:share@upheld`` that of an outcome,
``smr/npv_funder:es_part@0.99`` what a project contributes to the portfolio's expected shortfall.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from math import isfinite, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.config.study.output import level_of
from spvrisk.dataset.variables import has_loss, quantity_of
from spvrisk.errors import InputError, Problem, suggestion
from spvrisk.measures.parts import at_risk_added, at_risk_part, shortfall_added, shortfall_part
from spvrisk.measures.sample import (
    Figure,
    Sample,
    mean,
    quantile,
    sd,
    share,
    shortfall,
    skewness,
    value_at_risk,
)
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import PORTFOLIO, SCHEME, WHOLE

ANY = "*"
"""In a unit: any characters, as in ``*_gas/npv_funder:mean``; such a text is a measure of each unit that fits."""


class Statistic(NamedTuple):
    """A statistic that measures may have.

    Attributes
    ----------
    name
        In the grammar.
    at
        What stands behind ``@``: ``level`` (a probability), ``number``, ``state`` or nothing.
    of
        From a sample and what stands there to the figure; of ``parts`` from the part's and the whole's.
    applies
        ``numbers``, ``losses`` (net present values), ``parts`` (what adds up to the portfolio's), ``times`` or
        ``states``.
    kind
        What it is measured in, as of an output, whatever the quantity; empty: as that.
    title
        In words, with braces for what stands behind ``@``.
    """

    name: str
    at: str
    of: Callable[..., Figure]
    applies: str
    kind: str
    title: str


EVENTS: dict[str, Callable[[NDArray[np.float64], str], NDArray[np.bool_]]] = {
    "p_below": lambda values, at: values < float(at),
    "p_above": lambda values, at: values > float(at),
    "p_finite": lambda values, _: np.isfinite(values),
    "p_loss": lambda values, _: values < 0.0,
    "share": lambda values, at: values == float(at),
}
"""On which paths comes to pass what a probability is of, by statistic: from values and what stands behind ``@``."""


def _probability(name: str) -> Callable[[Sample, str], Figure]:
    return lambda sample, at: share(sample, EVENTS[name](sample.values, at))


def _no_level(of: Callable[[Sample], Figure]) -> Callable[[Sample, str], Figure]:
    return lambda sample, _: of(sample)


# fmt: off
STATISTICS = (
    Statistic("mean", "", _no_level(mean), "numbers", "", "mean"),
    Statistic("sd", "", _no_level(sd), "numbers", "", "standard deviation"),
    Statistic("skewness", "", _no_level(skewness), "numbers", "ratio", "skewness"),
    Statistic("quantile", "level", quantile, "numbers", "", "quantile {}"),
    Statistic("p_below", "number", _probability("p_below"), "numbers", "flag", "P(below {})"),
    Statistic("p_above", "number", _probability("p_above"), "numbers", "flag", "P(above {})"),
    Statistic("p_finite", "", _probability("p_finite"), "times", "flag", "P(ever)"),
    Statistic("p_loss", "", _probability("p_loss"), "losses", "flag", "P(loss)"),
    Statistic("var", "level", value_at_risk, "losses", "", "value at risk {}"),
    Statistic("es", "level", shortfall, "losses", "", "expected shortfall {}"),
    Statistic("var_part", "level", at_risk_part, "parts", "", "part in value at risk {}"),
    Statistic("es_part", "level", shortfall_part, "parts", "", "part in expected shortfall {}"),
    Statistic("var_added", "level", at_risk_added, "parts", "", "adds to value at risk {}"),
    Statistic("es_added", "level", shortfall_added, "parts", "", "adds to expected shortfall {}"),
    Statistic("share", "state", _probability("share"), "states", "flag", "P({})"),
)
# fmt: on
"""All statistics of the grammar."""

BY_NAME = {statistic.name: statistic for statistic in STATISTICS}


class Measure(NamedTuple):
    """A measure of a study's results.

    Attributes
    ----------
    text
        As the grammar writes it, the unit left out where that is the portfolio or the scheme.
    series
        ``(unit, quantity)``, as in `Labels.series`.
    statistic
        What is taken of it.
    at
        What stands behind ``@``; empty if nothing does.
    code
        What the statistic takes for it: a state's number in the place of its name.
    kind
        What it is measured in, as of an output: ``money``, ``ratio``, ``years``, ``months``, ``count``; ``flag`` of a
        probability.
    """

    text: str
    series: tuple[str, str]
    statistic: Statistic
    at: str
    code: str
    kind: str

    @property
    def title(self) -> str:
        """In words, without the quantity's."""
        return self.statistic.title.format(self.at)

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """Series of whose values it is: its own, and the portfolio's of a part."""
        return (self.series, WHOLE) if self.statistic.applies == "parts" else (self.series,)

    def figure(self, *samples: Sample) -> Figure:
        """Take it of samples of its series.

        Parameters
        ----------
        samples
            Values of all paths, in the quantity's unit: of each series that it `needs`.
        """
        return self.statistic.of(*samples, self.code)


def measure_of(text: str, labels: Labels, place: str) -> Measure:
    """Read a measure.

    Parameters
    ----------
    text
        As the grammar has it.
    labels
        Of the study whose results it is of.
    place
        Where it was written, for messages, such as ``--of``.

    Raises
    ------
    InputError
        It is no measure, or none of this study's results.
    """
    return _Reading(text, labels, place).measure()


def measures_like(text: str, labels: Labels, place: str) -> list[Measure]:
    """Read a measure, or that of each project and pipeline where the unit has a ``*``, which is any characters.

    Parameters
    ----------
    text
        As the grammar has it, or ``*/npv_funder:mean``; of what has no such quantity there is no such measure.
    labels, place
        As of `measure_of`.

    Raises
    ------
    InputError
        As of `measure_of`; or there is no such unit.
    """
    unit, _, rest = text.strip().partition("/")
    if ANY not in unit or not rest:
        return [measure_of(text, labels, place)]
    units = [name for name in labels.projects if fnmatchcase(name, unit)]
    if not units:
        rule = "must be of a project or a pipeline that is there"
        raise InputError(Problem(place, "", rule, text, suggestion(unit, labels.projects)))
    having = [name for name in units if (name, rest.partition(":")[0]) in labels.series]
    return [measure_of(f"{name}/{rest}", labels, place) for name in having or units[:1]]


def series_named(text: str, labels: Labels, place: str) -> tuple[str, str]:
    """Read a quantity of a unit, as the grammar has it before the colon: ``npv_funder``, ``smr/cost``.

    Parameters
    ----------
    text
        As the grammar has it.
    labels
        Of the result that it is of.
    place
        Where it was written, for messages, such as ``--of``.

    Raises
    ------
    InputError
        There is no such unit or quantity, or its values are states, which have no order.
    """
    reading = _Reading(text, labels, place)
    head, colon, _ = text.strip().partition(":")
    if colon:
        raise reading.wrong("must be a quantity, without a statistic", phrase("write {}", head))
    unit, quantity = reading.series(head)
    if quantity in labels.states:
        raise reading.wrong("must be a number", "name a quantity such as npv_funder or smr/cost")
    return unit, quantity


def levels_of(levels: list[str], place: str) -> tuple[str, ...]:
    """Read probabilities, each once.

    Parameters
    ----------
    levels
        As a user writes them, such as ``0.010``.
    place
        Where they were written, for messages.

    Raises
    ------
    InputError
        One is no decimal number between 0 and 1, or there is none.
    """
    if not levels:
        raise InputError(Problem(place, "", "must name a probability", phrase("nothing"), "write e.g. 0.5,0.1,0.01"))
    return tuple(dict.fromkeys(level_named(text, place) for text in levels))


def level_named(text: str, place: str) -> str:
    """Read a probability, as its shortest decimals.

    Parameters
    ----------
    text, place
        As of `levels_of`.

    Raises
    ------
    InputError
        It is no decimal number between 0 and 1.
    """
    level = level_of(text)
    if level is None:
        number = number_of(text.strip().removesuffix("%"))
        remedy = (
            phrase("write {:g} for {:g} %", number / 100, number) if 0 < number < 100 else "write e.g. 0.05 for 5 %"
        )
        raise InputError(Problem(place, "", "must be a decimal number between 0 and 1", text, remedy))
    return level


class _Reading(NamedTuple):
    """A measure that is being read: its text, and what it may be of."""

    text: str
    labels: Labels
    place: str

    def measure(self) -> Measure:
        head, colon, tail = self.text.strip().partition(":")
        name, sign, at = tail.partition("@")
        if not (head and colon and name):
            form = (
                "write [unit/]quantity:statistic[@level], such as npv_funder:es@0.99 or smr/delay_months:quantile@0.9"
            )
            raise self.wrong("must be a measure", form)
        unit, quantity = self.series(head)
        statistic = self.statistic(name, unit, quantity)
        if bool(sign) != bool(statistic.at):
            takes = phrase("@ and a {}", phrase(statistic.at)) if statistic.at else phrase("nothing behind @")
            raise self.wrong(
                phrase("{} takes {}", name, takes),
                phrase("write {}:{}{}", head, name, self.example(statistic.at, quantity)),
            )
        at, code = self.behind(statistic.at, at, quantity)
        shown = head.removeprefix(f"{PORTFOLIO}/").removeprefix(f"{SCHEME}/")
        kind = statistic.kind or quantity_of(unit, quantity, self.labels).kind
        return Measure(f"{shown}:{name}{sign}{at}", (unit, quantity), statistic, at, code, kind)

    def wrong(self, rule: str, remedy: str) -> InputError:
        return InputError(Problem(self.place, "", rule, self.text, remedy))

    def series(self, head: str) -> tuple[str, str]:
        """Unit and quantity."""
        labels, (unit, slash, quantity) = self.labels, head.rpartition("/")
        unit = unit if slash else (SCHEME if quantity in labels.scheme else PORTFOLIO)
        if (unit, quantity) in labels.series:
            return unit, quantity
        units = (PORTFOLIO, *labels.projects)
        if unit not in (*units, SCHEME):
            raise self.wrong("must be of a project, a pipeline or the portfolio", suggestion(unit, units))
        known = (
            (labels.scheme if unit == SCHEME else labels.quantities) if slash else (*labels.quantities, *labels.scheme)
        )
        raise self.wrong(phrase("must be of a quantity of {}", unit), suggestion(quantity, known))

    def statistic(self, name: str, unit: str, quantity: str) -> Statistic:
        """The statistic, if it is one of what the quantity is."""
        allowed = [statistic.name for statistic in STATISTICS if statistic.applies in self.kinds(unit, quantity)]
        if name not in allowed:
            raise self.wrong(phrase("must be a statistic that {} has", quantity), suggestion(name, allowed))
        return BY_NAME[name]

    def kinds(self, unit: str, quantity: str) -> set[str]:
        """What statistics may apply to."""
        if quantity in self.labels.states:
            return {"states"}
        times = quantity_of(unit, quantity, self.labels).kind == "years"
        part = (quantity == WHOLE[1] and unit != PORTFOLIO) or quantity in self.labels.viewed("bearers")
        named = {"times": times, "losses": has_loss(quantity), "parts": part}
        return {"numbers", *(name for name, applies in named.items() if applies)}

    def example(self, at: str, quantity: str) -> str:
        """What might stand behind a statistic."""
        state = next(iter(self.labels.states.get(quantity, ())), "")
        return {"": "", "level": "@0.95", "number": "@-1000", "state": f"@{state}"}[at]

    def behind(self, what: str, at: str, quantity: str) -> tuple[str, str]:
        """What stands behind ``@``: as it is shown, and as the statistic takes it."""
        if what == "level":
            level = level_of(at)
            if level is None:
                raise self.wrong("must have a level between 0 and 1", "write e.g. @0.95")
            return level, level
        if what == "number":
            if not isfinite(number := number_of(at)):
                raise self.wrong("must have a number behind @", "write e.g. @-1000")
            return at.strip(), repr(number)
        if what == "state":
            states = self.labels.states[quantity]
            if at not in states:
                raise self.wrong(phrase("must be a state or outcome of {}", quantity), suggestion(at, states))
            return at, str(states.index(at))
        return "", ""


def number_of(text: str) -> float:
    """Number that a text is; NaN if it is none.

    Parameters
    ----------
    text
        Any.
    """
    try:
        return float(text)
    except ValueError:
        return nan
