"""The studies that a file of scenarios makes of its base, each checked and planned before anything is run."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.config import Law, Loaded
from spvrisk.config.base import inner_problems
from spvrisk.config.reading.nodes import Node, Place
from spvrisk.config.reading.places import plain_of
from spvrisk.config.scenarios import Change, Scenario, Swing, variant
from spvrisk.config.scenarios.changes import passed_over, places
from spvrisk.config.scenarios.reading import BASE, Design, ScenarioFile
from spvrisk.config.study.run import Run
from spvrisk.errors import InputError, Problem
from spvrisk.experiments.task import job_of, settings_of
from spvrisk.plan.arrays import Floats
from spvrisk.runner.job import Job


class Variant(NamedTuple):
    """A scenario that is to be run.

    Attributes
    ----------
    scenario
        Its name, title and axes.
    job
        What is computed; its paths are the same draws as those of the base.
    overrides
        The changes of the base, as the study takes them.
    texts
        Content of every file that its study was read from, overlays too, by its path from the base's folder.
    warnings
        What is probably not meant in its changes.
    """

    scenario: Scenario
    job: Job
    overrides: tuple[str, ...]
    texts: Mapping[str, str]
    warnings: tuple[Problem, ...] = ()


def variants(file: ScenarioFile, base: Loaded, paths: int | None = None, seed: int | None = None) -> list[Variant]:
    """Plan a file's scenarios, the unchanged base first.

    Parameters
    ----------
    file
        As from `read_scenarios`.
    base
        The study that it changes.
    paths, seed
        Of each run, in place of the file's; None leaves those.

    Raises
    ------
    InputError
        With every problem of every scenario, named.
    """
    settings = settings_of(base, file.paths if paths is None else paths, file.seed if seed is None else seed)
    return beside(base, (*file.scenarios, *_points(file.design), *_ends(file.swings, base)), settings)


def beside(base: Loaded, scenarios: Iterable[Scenario], settings: Run) -> list[Variant]:
    """Plan scenarios of a study, the unchanged study first.

    Parameters
    ----------
    base
        The study.
    scenarios
        Its changes.
    settings
        Of each run.

    Raises
    ------
    InputError
        With every problem of every scenario, named.
    """
    unchanged = Scenario(BASE, base.study.study.title.model_dump(exclude_none=True))
    planned, problems = [_planned(base, unchanged, base, settings)], list[Problem]()
    for scenario in scenarios:
        try:
            planned.append(planned_variant(base, scenario, settings))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return planned


def planned_variant(base: Loaded, scenario: Scenario, settings: Run) -> Variant:
    """Plan a scenario of a study.

    Parameters
    ----------
    base, settings
        As of `beside`.
    scenario
        Its changes.

    Raises
    ------
    InputError
        With every problem of the scenario.
    """
    changed = variant(base, scenario.called, scenario.changes, scenario.overlays)
    return _planned(base, scenario, changed, settings)


def _planned(base: Loaded, scenario: Scenario, changed: Loaded, settings: Run) -> Variant:
    """Compile a scenario's study; what only planning sees is told with its name."""
    try:
        with changed.places.filled_in():
            job = job_of(changed.study, settings)
    except InputError as error:
        named = [
            problem._replace(place=phrase("{} in {}:", problem.place, scenario.called)) for problem in error.problems
        ]
        raise InputError(named if scenario.name != BASE else error.problems) from None
    # shards of a leaf each fill the threads evenly, and make no other numbers
    own = changed.overrides[len(base.overrides) :]
    found = (passed_over(base.study, change, scenario.called) for change in scenario.changes)
    warnings = tuple(problem for problem in found if problem is not None)
    return Variant(scenario, replace(job, leaves_per_shard=1, inputs=()), own, changed.texts, warnings)


INPUT, END, LOW, HIGH = "input", "end", "low", "high"
"""Axes of a tornado, and the levels of the second."""


def _ends(swings: Sequence[Swing], base: Loaded) -> Iterator[Scenario]:
    """Two scenarios of each input of a tornado."""
    for swing in swings:
        for end, value, u in ((LOW, swing.low, 0.1), (HIGH, swing.high, 0.9)):
            changes = _at_point(swing, base, u) if value is None else (Change(swing.path, value),)
            name, axes = f"{swing.path} {end}", {INPUT: swing.path, END: end}
            yield Scenario(name, {key: f"{text}, {end}" for key, text in swing.title.items()}, axes, changes)


def _at_point(swing: Swing, base: Loaded, u: float) -> tuple[Change, ...]:
    """An input fixed at a point of its law."""
    found = places(base.study, swing.path)
    laws = [place for place in found if isinstance(place.value, Law)]
    if not laws:
        rule = "must be a law of the base, whose 10 and 90 % points are wanted"
        raise InputError(Problem(str(swing.place), swing.path, rule, "", "give two ends, as [3, 5]"))
    points = ((place.path, _quantile(place.value, swing.place, swing.path)(u)) for place in laws)
    return tuple(Change(path, Node(value, swing.place)) for path, value in points)


def _points(design: Design | None) -> Iterator[Scenario]:
    """Scenarios of a design: each path has the quantile of its law that the point's coordinate says."""
    if design is None:
        return
    laws = {path: quantile_of(node, path) for path, node in design.over.items()}
    for n, point in enumerate(_unit_cube(design, len(laws))):
        values = {path: of(u) for (path, of), u in zip(laws.items(), point, strict=True)}
        changes = tuple(Change(path, Node(value, design.over[path].place)) for path, value in values.items())
        yield Scenario(f"{design.method}-{n}", {}, {path: f"{value:.6g}" for path, value in values.items()}, changes)


def _unit_cube(design: Design, dimensions: int) -> Floats:
    """Points in the unit cube."""
    from scipy.stats import qmc  # loaded here: it takes half a second, and only designs need it

    if design.method == "lhs":
        return np.asarray(qmc.LatinHypercube(dimensions, rng=design.seed).random(design.points))
    sequence = qmc.Sobol(dimensions, rng=design.seed)
    return np.asarray(sequence.random(1 << (design.points - 1).bit_length())[: design.points])


def quantile_of(node: Node, path: str) -> Callable[[float], float]:
    """Give the quantile function of a law, to nine digits.

    Parameters
    ----------
    node
        The law as a file has it.
    path
        Of what it is the law, for messages.

    Raises
    ------
    InputError
        It is no law.
    """
    from pydantic import ValidationError

    try:
        return _quantile(Law.model_validate(plain_of(node)), node.place, path)
    except ValidationError as error:
        raise InputError(
            [each.under((path,))._replace(place=str(node.place)) for each in inner_problems(error)]
        ) from None


def _quantile(law: Law, place: Place, path: str) -> Callable[[float], float]:
    """Quantile function of a law, to nine digits."""
    from spvrisk.plan.distributions import LawError
    from spvrisk.plan.laws import distribution

    try:
        found = distribution(law)
    except LawError as error:
        raise _no_law(place, path, str(error)) from None
    return lambda u: float(f"{found.quantile(np.array([u]), np.array([1.0 - u]))[0]:.9g}")


def _no_law(place: Place, path: str, got: str) -> InputError:
    return InputError(
        Problem(str(place), path, "must be a law", got, phrase("write e.g. {{uniform: {{min: 3, max: 5}}}}"))
    )
