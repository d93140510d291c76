"""What makes a result's tail, from its values by path: parts of projects, bearers and outcomes; what stands alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.paths import UNDEFINED_CODE, kept_as
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import UNDEFINED
from spvrisk.measures.given import paths_of
from spvrisk.measures.parts import Whole, combined, ratio
from spvrisk.measures.sample import Figure, Sample, shortfall, value_at_risk
from spvrisk.plan.outputs import NPV, PORTFOLIO, SCHEME, WHOLE

PROJECTS, BEARERS = "projects", "who bears it"
"""Groups of parts, beside events and regimes."""


class Risk(NamedTuple):
    """Value at risk and expected shortfall, or what a part has of them."""

    value_at_risk: Figure
    shortfall: Figure


class Part(NamedTuple):
    """What adds up, with others of its group, to the portfolio.

    Attributes
    ----------
    group
        `PROJECTS`, `BEARERS`, or an event.
    name
        Of the project, the outcome, or the quantity that a bearer has.
    risk
        Its Euler contributions.
    share
        Of the portfolio's expected shortfall; undefined where that is a gain.
    """

    group: str
    name: str
    risk: Risk
    share: Figure


class Contributions(NamedTuple):
    """The portfolio's risk at a level, and its parts.

    Attributes
    ----------
    level
        Decimal string.
    whole
        Of the portfolio.
    parts
        Group by group; those of each add up to the portfolio's.
    lacking
        Groups that are left out, with what the file does not keep by path for them, as ``output.paths`` calls it.
    """

    level: str
    whole: Risk
    parts: tuple[Part, ...]
    lacking: dict[str, tuple[str, ...]]


class Alone(NamedTuple):
    """A project by itself.

    Attributes
    ----------
    name
        Of the project.
    risk
        Of its own loss.
    added
        The portfolio's less that of the portfolio without it.
    """

    name: str
    risk: Risk
    added: Risk


class Diversified(NamedTuple):
    """Projects by themselves, and the portfolio.

    Attributes
    ----------
    level
        Decimal string.
    projects
        Each by itself.
    together
        Sum of these.
    whole
        Of the portfolio.
    benefit
        What the portfolio has less than that sum, paired path by path.
    """

    level: str
    projects: tuple[Alone, ...]
    together: Risk
    whole: Risk
    benefit: Risk


def contributions(result: Result, level: str) -> Contributions:
    """Break the portfolio's value at risk and expected shortfall down, by Euler's principle.

    Parameters
    ----------
    result
        That holds net present values of projects and portfolio by path.
    level
        Decimal string in (0, 1).

    Raises
    ------
    InputError
        The file does not hold them.
    """
    paths, labels = paths_of(result), result.labels
    whole = _values(result, *WHOLE, paths)
    of_whole, parts = Whole(whole, level), list[Part]()
    risk = Risk(of_whole.value_at_risk, of_whole.shortfall)

    def add(group: str, name: str, own: Sample) -> None:
        part = Risk(of_whole.at_risk_part(own), of_whole.shortfall_part(own))
        parts.append(Part(group, name, part, ratio(part.shortfall, risk.shortfall)))

    for project in labels.projects:
        add(PROJECTS, project, _values(result, project, NPV, paths))
    bearers = labels.viewed("bearers")
    events = dict(labels.events) if result.given is None else {}
    needed = {BEARERS: [(PORTFOLIO, name) for name in bearers], **{event: [_codes_of(event)] for event in events}}
    lacking = {group: names for group, series in needed.items() if (names := _not_kept(result, series))}
    for name in bearers if BEARERS not in lacking else ():
        add(BEARERS, name, _values(result, PORTFOLIO, name, paths))
    for event in (event for event in events if event not in lacking):
        for name, on in _outcomes(result, event, events[event], paths):
            add(event, name, whole._replace(values=np.where(on, whole.values, 0.0)))
    return Contributions(level, risk, tuple(parts), lacking)


def diversified(result: Result, level: str) -> Diversified:
    """Set the risk of projects by themselves beside the portfolio's.

    Parameters
    ----------
    result, level
        As of `contributions`.

    Raises
    ------
    InputError
        The file does not hold net present values of projects and portfolio by path.
    """
    paths = paths_of(result)
    whole = Whole(_values(result, *WHOLE, paths), level)
    projects = []
    for project in result.labels.projects:
        own = _values(result, project, NPV, paths)
        added = Risk(whole.at_risk_added(own), whole.shortfall_added(own))
        projects.append(Alone(project, _risk(own, level), added))
    risk = Risk(whole.value_at_risk, whole.shortfall)
    together = _sum([(1.0, alone.risk) for alone in projects])
    return Diversified(level, tuple(projects), together, risk, _sum([(1.0, together), (-1.0, risk)]))


def _risk(own: Sample, level: str) -> Risk:
    return Risk(value_at_risk(own, level), shortfall(own, level))


def _sum(terms: list[tuple[float, Risk]]) -> Risk:
    """Sum of multiples of both."""
    return Risk(
        combined([(times, risk.value_at_risk) for times, risk in terms]),
        combined([(times, risk.shortfall) for times, risk in terms]),
    )


def _values(result: Result, unit: str, quantity: str, paths: NDArray[np.bool_]) -> Sample:
    """Values of a series on some paths."""
    return Sample(result.series(unit, quantity)[paths].astype(np.float64))


def _not_kept(result: Result, series: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Which of some series the file does not hold by path, as ``output.paths`` calls them."""
    return tuple(kept_as(*each) for each in series if each not in result.kept)


def _codes_of(event: str) -> tuple[str, str]:
    """Series of an event's outcomes."""
    return SCHEME, f"outcome_{event}"


def _outcomes(
    result: Result, event: str, names: Sequence[str], paths: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Outcomes of an event that have come out on some path, and on which."""
    codes = result.series(*_codes_of(event))[paths]
    for code, name in (*enumerate(names), (UNDEFINED_CODE, UNDEFINED)):
        on = codes == code
        if on.any():
            yield name, on
