"""What a page is of, and what of it cannot be had."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from spvrisk.catalogue import looked_up
from spvrisk.config.register import Register
from spvrisk.dataset.read import Result
from spvrisk.dataset.scenarios import Combined
from spvrisk.errors import InputError, RunError
from spvrisk.experiments.assumptions import assumptions_of
from spvrisk.experiments.traced import Traced, traced_at
from spvrisk.plan.names import Labels
from spvrisk.report.page.parts import Block
from spvrisk.runner.execute import Announce
from spvrisk.views.assumptions import page
from spvrisk.views.figures import Figures, Note, said

RANKS = {
    "1": Note("worst"),
    "0.99": Note("1 %"),
    "0.95": Note("5 %"),
    "0.75": Note("25 %"),
    "0.5": Note("50 %"),
    "0.25": Note("75 %"),
    "0.05": Note("95 %"),
    "0.01": Note("99 %"),
}
"""Paths that are told: their ranks in the order of loss, and which quantiles of the net present value these are."""


class Subject:
    """Results and datasets of scenarios, and what is found out about them once.

    Parameters
    ----------
    results
        The first is what the page is of; others are set beside it.
    scenarios
        What was changed of it.
    announce
        Told of what takes long.
    """

    def __init__(
        self, results: Sequence[Result], scenarios: Sequence[Combined], announce: Announce = lambda _: None
    ) -> None:
        self.results, self.scenarios, self.announce = tuple(results), tuple(scenarios), announce

    @property
    def result(self) -> Result | None:
        """What the page is of; None where it is of scenarios alone."""
        return self.results[0] if self.results else None

    @property
    def labels(self) -> Labels:
        """Names of all that it is of."""
        return self.results[0].labels if self.results else self.scenarios[0].labels

    def told(self) -> Iterator[Note]:
        """Say what the report is of: what stands under its title."""
        labels = self.labels
        if self.results:
            result = self.results[0]
            paths, seed = result.n_paths, str(result.attributes["seed"])
        else:
            paths, seed = self.scenarios[0].paths, str(self.scenarios[0].seed)
        yield said("Values at {}; {:path}, seed {}.", labels.value_date, paths, seed)
        others = [each.name for each in self.results[1:]]
        if others:
            yield said("Beside it: {}.", ", ".join(others))

    @cached_property
    def paths(self) -> list[tuple[Note, Traced]]:
        """Paths at some quantiles, each once, with all that happened on them.

        Raises
        ------
        InputError, RunError
            They cannot be replayed.
        """
        self.announce("replaying paths")
        return [(RANKS[told.rank.level], told) for told in traced_at(self.results[0], tuple(RANKS)) if told.rank]

    @cached_property
    def register(self) -> Register:
        """What the study assumes.

        Raises
        ------
        InputError
            Its files are no study of this version.
        """
        return assumptions_of(self.results[0])

    @cached_property
    def assumptions(self) -> list[Figures]:
        """The register: a table for each of the study's parts, then how much of it is how sure, as sentences.

        Raises
        ------
        InputError
            As of `register`.
        """
        return page(self.register)[1:]


def found(make: Callable[..., Block], *arguments: object, **named: object) -> tuple[Block, ...]:
    """Give a block, or say why it cannot be had: a page with less is better than none.

    Parameters
    ----------
    make
        Gives the block.
    arguments, named
        That it takes.
    """
    try:
        return (make(*arguments, **named),)
    except (InputError, RunError) as error:
        return (left_out(error),)


def left_out(error: InputError | RunError) -> Note:
    """Say why something cannot be had, without the places of files, which concern no reader.

    Parameters
    ----------
    error
        What it met with.
    """
    if isinstance(error, RunError):
        return said("Left out: {}", error.told())
    wrong, rule = error.problems[0], looked_up(error.problems[0].rule)
    return said("Left out: {}, got {}.", rule, wrong.value) if wrong.value else said("Left out: {}.", rule)
