"""A result held against a table of reference values: another engine's, a closed form's, or its own of a former run."""

from collections.abc import Sequence
from math import hypot, isfinite, nan
from typing import NamedTuple

from spvrisk.dataset.read import Result
from spvrisk.measures.held import held
from spvrisk.measures.named import Measure

WITHIN = 3.0
"""Standard errors of the difference that are allowed where a row has no tolerance."""


class Tolerance(NamedTuple):
    """How far a figure may be off.

    Attributes
    ----------
    size
        In the measure's unit, or as a fraction of the reference value.
    relative
        Whether it is such a fraction.
    """

    size: float
    relative: bool

    def of(self, value: float) -> float:
        """In the measure's unit.

        Parameters
        ----------
        value
            Of the reference.
        """
        return self.size * abs(value) if self.relative else self.size


class Reference(NamedTuple):
    """A row of a table of reference values.

    Attributes
    ----------
    measure
        What it is of.
    value
        Its value; may be infinite.
    error
        Its standard error; 0 where it is exact, or has none.
    tolerance
        How far the result may be off; None: `WITHIN` standard errors of the difference.
    """

    measure: Measure
    value: float
    error: float = 0.0
    tolerance: Tolerance | None = None


class Check(NamedTuple):
    """A figure of the result beside its reference.

    Attributes
    ----------
    reference
        The row.
    value, error
        Of the result; NaN where undefined.
    difference
        Result less reference; 0 where both are the same infinity.
    allowed
        How large the difference may be; NaN where that is not known.
    """

    reference: Reference
    value: float
    error: float
    difference: float
    allowed: float

    @property
    def in_errors(self) -> float:
        """The difference in its standard errors; NaN where there are none."""
        error = hypot(self.error, self.reference.error)
        return self.difference / error if error > 0.0 else nan

    @property
    def inside(self) -> bool:
        """Whether the difference is one that is allowed."""
        return self.difference == 0.0 or (isfinite(self.difference) and abs(self.difference) <= self.allowed)


class Against(NamedTuple):
    """A result held against a table.

    Attributes
    ----------
    result
        The result.
    table
        Name of the table's file.
    checks
        In the order of its rows.
    """

    result: Result
    table: str
    checks: tuple[Check, ...]

    @property
    def agrees(self) -> bool:
        """Whether all rows are inside."""
        return all(check.inside for check in self.checks)

    def __repr__(self) -> str:
        outside = sum(not check.inside for check in self.checks)
        return f"<{self.result.name} against {self.table}: {outside} of {len(self.checks)} rows outside>"


def held_against(result: Result, table: str, references: Sequence[Reference]) -> Against:
    """Hold a result against reference values.

    Parameters
    ----------
    result
        The result.
    table
        Name of the file that they come from.
    references
        The rows.

    Raises
    ------
    InputError
        The result does not hold one of the measures.
    """
    return Against(result, table, tuple(_check(result, each) for each in references))


def _check(result: Result, reference: Reference) -> Check:
    found = held(result, reference.measure)
    difference = found.value - reference.value if isfinite(found.value) or isfinite(reference.value) else nan
    if found.value == reference.value:
        difference = 0.0  # also of infinities
    return Check(reference, found.value, found.error, difference, _allowed(reference, found.error))


def _allowed(reference: Reference, error: float) -> float:
    """How far a figure may be off; where the result has no error, that of the reference counts."""
    if reference.tolerance is not None:
        return reference.tolerance.of(reference.value)
    return WITHIN * hypot(error if isfinite(error) else 0.0, reference.error)
