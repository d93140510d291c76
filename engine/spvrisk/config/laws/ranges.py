"""Ranges of what a law may bring, and what warnings judge a law by."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from spvrisk.catalogue import phrase
from spvrisk.config.base import Within, refusal, shown
from spvrisk.config.laws.law import Law
from spvrisk.errors import Problem


@dataclass(frozen=True)
class Values:
    """Range of what a law may bring; an annotation like `Within`.

    Attributes
    ----------
    within
        The range; an end that is left out of it may be the end of the law's support, if there is no atom.
    remedy
        What to write instead of a law that reaches out of it.
    what
        What is drawn, where the key does not say it.
    """

    within: Within
    remedy: str
    what: str = ""

    def checked(self, law: Law) -> Law:
        """Return the law, or raise the problem.

        Raises
        ------
        PydanticCustomError
            The law may leave the range.
        """
        problem = self._problem(law)
        if problem is not None:
            raise refusal(problem)
        return law

    def _problem(self, law: Law) -> Problem | None:
        rule = phrase("{0} {1}", self.what, self.within.rule) if self.what else self.within.rule
        if law.family == "fixed":
            value = law.parameters["value"]
            return None if self.within.holds(value) else Problem.at((), rule, shown(value), self.within.remedy(value))
        low, high = law.bounds()
        least, most = self.within.low, self.within.high
        atom = self.within.open_low and low == least == 0 and law.atom_at_zero()
        if least is not None and (low < least or atom):
            return Problem.at((), rule, reach(law, low, "lower"), self.remedy)
        if most is not None and high > most:
            return Problem.at((), rule, reach(law, high, "upper"), self.remedy)
        return None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.checked, handler(source))


_UNKNOWN = {
    "lower": phrase("a law of scipy without a known lower end"),
    "upper": phrase("a law of scipy without a known upper end"),
}


def reach(law: Law, end: float, which: str) -> str:
    """Say how far a law reaches; scipy's laws are not asked.

    Parameters
    ----------
    law
        Law whose support is too wide.
    end
        The end of its support; infinite where there is none.
    which
        ``lower`` or ``upper``.
    """
    unknown = math.isinf(end) and law.family == "scipy"
    return _UNKNOWN[which] if unknown else phrase("a law that reaches {:g}", end)


ShareLaw = Annotated[Law, Values(Within(0, 1), "use beta, or add truncate: [0, 1]")]
"""Law of a share."""


class Measured(NamedTuple):
    """What warnings judge a law by.

    Attributes
    ----------
    mean
        Its mean.
    kept
        Probability that truncation keeps of it, 1 where it is not truncated.
    """

    mean: float
    kept: float = 1.0


Measure = Callable[[Law], Measured | None]
"""Way of measuring laws; None where a law cannot be measured."""


def plain_measure(law: Law) -> Measured | None:
    """Measure a law whose mean is plain arithmetic; see `Law.plain_mean`."""
    mean = law.plain_mean()
    return None if mean is None else Measured(mean)
