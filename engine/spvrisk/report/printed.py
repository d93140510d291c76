"""Figures that Python prints as the commands do, and notebooks show as a table."""

from spvrisk.views.figures import Figures


class Printed(Figures):
    """Figures whose `str` is their table as text, and which a notebook shows as HTML."""

    __slots__ = ()

    def __str__(self) -> str:
        # loaded here: who reads the numbers needs no tables of text
        from spvrisk.report.text import written

        return written([self]).removesuffix("\n")

    def _repr_html_(self) -> str:
        from spvrisk.report.html import table

        return table(self)
