"""Sections as HTML."""

import re
from collections.abc import Iterator

from spvrisk.charts.chart import Chart
from spvrisk.report.html import bare
from spvrisk.report.markup import Html, concatenated, element
from spvrisk.report.page.drawing import figure
from spvrisk.report.page.parts import Answer, Block, Choice, More, Picked, Section
from spvrisk.report.wording import worded
from spvrisk.views.figures import Cell, Figures, Note

_NUMBERS = re.compile(r"(?<=\d) (?=[%±])|(?<=±) (?=\d)")
"""Spaces inside of numbers, where no line may end."""

_LONG = 25
"""Rows from which a table may be broken between pages of paper."""


class Dress:
    """Makes HTML of sections in their order, and numbers their figures.

    Parameters
    ----------
    language
        Of all texts.
    """

    def __init__(self, language: str) -> None:
        self._language, self._figures = language, 0

    def words(self, text: Cell) -> str:
        """Give a text in the page's language: every text of it passes through here, or through `figure`.

        Parameters
        ----------
        text
            Any.
        """
        return _NUMBERS.sub("\N{NO-BREAK SPACE}", worded(text, self._language))

    def section(self, section: Section) -> Html:
        """Make a section.

        Parameters
        ----------
        section
            What is in it.
        """
        title = f"{section.name}-title"
        head = element("h2", self.words(section.title), id=title)
        return element("section", head, *self._blocks(section.blocks), id=section.name, aria_labelledby=title)

    def _blocks(self, blocks: tuple[Block, ...]) -> Iterator[Html]:
        return map(self._block, blocks)

    def _block(self, block: Block) -> Html:
        match block:
            case Answer():
                return self._answer(block)
            case Figures():
                return self._figures_of_a_view(block)
            case Chart():
                return figure(block, self._number(), self._language)
            case Picked():
                return self._picked(block)
            case Choice():
                return self._choice(block)
            case More():
                inside = self._blocks(block.blocks)
                return element("details", element("summary", self.words(block.title)), *inside, class_="more")
            case _:
                return self._note(block)

    def _number(self) -> int:
        self._figures += 1
        return self._figures

    def _note(self, note: Note) -> Html:
        style = f"margin-left: {note.indent / 2}rem" if note.indent else None
        return element("p", self.words(note), style=style)

    def _answer(self, block: Answer) -> Html:
        more = (element("p", self.words(note)) for note in block.more)
        question = element("h3", element("a", self.words(block.question), href=f"#{block.section}"))
        return element("div", question, element("p", self.words(block.answer), class_="key"), *more, class_="answer")

    def _figures_of_a_view(self, figures: Figures) -> Html:
        notes = map(self._note, figures.notes)
        if not figures.columns:
            title = element("h3", self.words(figures.title)) if figures.title else None
            return element("div", title, *notes, class_="said")
        label = self.words(figures.title) or None
        kind = "scroll long" if len(figures.rows) > _LONG else "scroll"
        held = element("div", bare(figures), class_=kind, role="group" if label else None, aria_label=label)
        return concatenated(held, element("div", *notes, class_="fine") if figures.notes else None)

    def _picked(self, block: Picked) -> Html:
        """A chart, and under it a link to each option: what a click on the chart does, a key does."""
        links = (
            element("a", self.words(pick.name), href=f"#{_address(block.choice, pick.option)}") for pick in block.picks
        )
        label = self.words(block.label)
        below = element("nav", element("span", label), *links, class_="picks", aria_label=label)
        places = [{"at": pick.at, "option": pick.option, "name": self.words(pick.name)} for pick in block.picks]
        data = {"choice": block.choice, "picks": places}
        return figure(block.chart, self._number(), self._language, below, **data)

    def _choice(self, block: Choice) -> Html:
        options = (
            element(
                "div",
                element("h3", self.words(option.name)),
                *self._blocks(option.blocks),
                class_="option",
                id=_address(block.name, number),
                tabindex="-1",
            )
            for number, option in enumerate(block.options)
        )
        label = self.words(block.label)
        return element("div", *options, class_="choice", id=block.name, data_label=label, data_shown=str(block.shown))


def _address(choice: str, option: int) -> str:
    return f"{choice}-{option}"
