"""Figures that Python prints as the commands do."""

from spvrisk.views.figures import Figures


class Printed(Figures):
    """Figures whose `str` is their table as text."""

    __slots__ = ()

    def __str__(self) -> str:
        # loaded here: who reads the numbers needs no tables of text
        from spvrisk.report.text import written

        return written([self]).removesuffix("\n")
