"""What a page is made of, before any of it is HTML."""

from typing import NamedTuple, Union

from spvrisk.charts.chart import Chart
from spvrisk.views.figures import Figures, Note, Text


class Answer(NamedTuple):
    """What somebody with one minute wants to know.

    Attributes
    ----------
    question
        In a few words.
    answer
        In a sentence.
    more
        What is to be said of it besides.
    section
        Name of the section that has the rest.
    """

    question: Note
    answer: Note
    more: tuple[Note, ...]
    section: str


class Option(NamedTuple):
    """One of those that a reader chooses among.

    Attributes
    ----------
    name
        What stands in the control.
    blocks
        What is shown.
    """

    name: Text
    blocks: "tuple[Block, ...]"


class Choice(NamedTuple):
    """Options of which one is shown at a time; all are, where there is no script.

    Attributes
    ----------
    name
        Of the choice, in addresses of the page.
    label
        What is chosen.
    options
        The first is shown at first.
    shown
        Number of the option that is shown at first.
    """

    name: str
    label: Note
    options: tuple[Option, ...]
    shown: int = 0


class Pick(NamedTuple):
    """A place on x from which an option of a choice is reached.

    Attributes
    ----------
    at
        The place.
    name
        What the place is called.
    option
        Number of the option.
    """

    at: float
    name: Note
    option: int


class Picked(NamedTuple):
    """A chart from which options of a choice are reached.

    Attributes
    ----------
    chart
        The chart.
    label
        What is reached.
    choice
        Name of the choice.
    picks
        Places on the x of its first panel.
    """

    chart: Chart
    label: Note
    choice: str
    picks: tuple[Pick, ...]


class More(NamedTuple):
    """What is shown when it is asked for.

    Attributes
    ----------
    title
        What it is.
    blocks
        What is shown.
    """

    title: Text
    blocks: "tuple[Block, ...]"


Block = Union[Note, Answer, Figures, Chart, Picked, Choice, More]  # noqa: UP007 - of classes that name it
"""A part of a section."""


class Section(NamedTuple):
    """A section of the page.

    Attributes
    ----------
    name
        In addresses.
    title
        Its heading.
    blocks
        What is in it.
    """

    name: str
    title: Note
    blocks: tuple[Block, ...]
