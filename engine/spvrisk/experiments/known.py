"""What knowing an input would change: the study with it fixed at its mean, beside the study, on the same draws."""

from collections.abc import Iterator, Sequence
from math import isfinite

from spvrisk.config import Law, Loaded
from spvrisk.config.reading.nodes import Node, Place
from spvrisk.config.scenarios import Change, Scenario
from spvrisk.config.scenarios.changes import places
from spvrisk.errors import InputError, Problem, argument
from spvrisk.experiments.planned import Planned, measures_of, planned_of
from spvrisk.experiments.task import settings_of
from spvrisk.experiments.variants import beside
from spvrisk.plan.laws import distribution

_DIGITS = 9
"""Of a mean."""


def planned_known(
    loaded: Loaded,
    inputs: Sequence[str],
    of: Sequence[str],
    paths: int | None = None,
    seed: int | None = None,
) -> Planned:
    """Plan a study with inputs fixed at their means, one after the other.

    Parameters
    ----------
    loaded
        The study.
    inputs
        Paths of laws in it; a ``*`` stands for any characters, and fixes all that it leads to together.
    of
        Measures of each.
    paths, seed
        Of each run; None: the study's.

    Raises
    ------
    InputError
        A path leads to no law, or to one without a mean; a measure is none; or a study that would come of it is not
        sound.
    """
    scenarios = [Scenario(path, {}, {}, tuple(_at_mean(loaded, path))) for path in inputs]
    planned = beside(loaded, scenarios, settings_of(loaded, paths, seed))
    measures = measures_of([(text, argument("of")) for text in of], (), planned[0].job.labels)
    return planned_of(planned, measures, loaded)


def _at_mean(loaded: Loaded, path: str) -> Iterator[Change]:
    """Changes that fix the laws that a path leads to."""
    place = Place(argument("inputs"), 0)
    laws = [found for found in places(loaded.study, path) if isinstance(found.value, Law)]
    if not laws:
        remedy = "write the path of a law, e.g. projects.smr.operation.contract.price"
        raise InputError(Problem(argument("inputs"), "", "must lead to a law of the study", path, remedy))
    for found in laws:
        mean, _ = distribution(found.value).moments
        if not isfinite(mean):
            raise InputError(Problem(argument("inputs"), found.path, "must be of a law that has a mean", path, ""))
        yield Change(found.path, Node(float(f"{mean:.{_DIGITS}g}"), place))
