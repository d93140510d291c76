"""What the projects of a study are compiled with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from spvrisk.config.base import Model
from spvrisk.config.laws import Law
from spvrisk.config.study import Study
from spvrisk.plan.arrays import PROJECT, Constants
from spvrisk.plan.calendar import Grid
from spvrisk.plan.compile_clock import Attribute, Interruptions, Products
from spvrisk.plan.compile_factors import Compiled
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import Offset, TableBook, law_offset


class BasketBook:
    """Weighted sums of factors among the constants, each kept once.

    Parameters
    ----------
    factors
        Names in the order of the plan.
    constants
        Takes the baskets.
    """

    def __init__(self, factors: Iterable[str], constants: Constants) -> None:
        self._factor = {name: k for k, name in enumerate(factors)}
        self._address: dict[tuple[tuple[int, float], ...], int] = {}
        self._constants = constants

    def add(self, weights: Mapping[str, float] | None) -> int:
        """Return the offset of a basket; -1 for none.

        Parameters
        ----------
        weights
            By factor.
        """
        if not weights:
            return -1
        key = tuple((self._factor[name], weight) for name, weight in weights.items())
        if key not in self._address:
            self._address[key] = self._constants.add([len(key), *(x for pair in key for x in pair)])
        return self._address[key]


class Tools(NamedTuple):
    """What the projects of a study are compiled with."""

    study: Study
    grid: Grid
    streams: Streams
    book: TableBook
    constants: Constants
    baskets: BasketBook
    factors: Mapping[str, Compiled]
    attributes: Sequence[Attribute]
    interruptions: Interruptions
    products: Products

    @property
    def number(self) -> dict[str, int]:
        """Position of each factor."""
        return {name: k for k, name in enumerate(self.study.factors)}

    def law(self, law: Law | None, path: str) -> Offset | int:
        """Offset of a law, -1 for none.

        Parameters
        ----------
        law
            None where the study has none.
        path
            Where the study has it, for messages.
        """
        return law_offset(self.book, law, path)

    def number_or_law(self, field: str, law: Law, path: str) -> dict[str, Any]:
        """Fields of a number of a project that may be a law: its value, or the law's offset.

        Parameters
        ----------
        field
            Its name in the record; that of the law is ``<field>_law``.
        law
            A known value is drawn by nobody.
        path
            Where the study has it, for messages.
        """
        if law.family == "fixed":
            return {field: law.parameters["value"], f"{field}_law": -1}
        return {field: 0.0, f"{field}_law": self.law(law, path)}

    def laws(self, part: Model, path: str) -> dict[str, Offset | int]:
        """Fields of a project's record that are laws of a part of the study by the same name, ``<key>_law``.

        Parameters
        ----------
        part
            Such as a project's operation.
        path
            Of the part in the study.
        """
        values = ((key, getattr(part, key)) for key in type(part).model_fields if f"{key}_law" in (PROJECT.names or ()))
        return {
            f"{key}_law": self.law(law, f"{path}.{key}") for key, law in values if law is None or isinstance(law, Law)
        }
