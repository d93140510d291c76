"""Stresses that a study names: each is a scenario beside the study itself, on the same draws."""

from collections.abc import Sequence

from spvrisk.catalogue import phrase
from spvrisk.config import Loaded
from spvrisk.config.scenarios import Scenario, stresses_of
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.experiments.planned import Planned, measures_of, planned_of
from spvrisk.experiments.task import settings_of
from spvrisk.experiments.variants import beside
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import STACK


def planned_stresses(
    base: Loaded, only: Sequence[str] = (), paths: int | None = None, seed: int | None = None, of: Sequence[str] = ()
) -> Planned:
    """Plan the stresses of a study, before anything is run.

    Parameters
    ----------
    base
        The study.
    only
        Names of those that are wanted; none: all.
    paths, seed
        Of each run; None: the study's.
    of
        Measures; none: `stress_measures`.

    Raises
    ------
    InputError
        The study names no stress, or none of a name that is wanted; or with every problem of every stress, named.
    """
    planned = beside(base, _wanted(base, only), settings_of(base, paths, seed))
    labels = planned[0].job.labels
    measures = measures_of([(text, argument("of")) for text in of], stress_measures(labels), labels)
    return planned_of(planned, measures, base)


def check_stresses(base: Loaded) -> None:
    """Plan every stress of a study that names some.

    Parameters
    ----------
    base
        The study.

    Raises
    ------
    InputError
        With every problem of every stress, named.
    """
    if base.source.stresses is not None:
        beside(base, stresses_of(base), settings_of(base, None, None))


def stress_measures(labels: Labels) -> list[str]:
    """Measures of a table of stresses: as many as 80 columns have room for.

    Parameters
    ----------
    labels
        Of the study.
    """
    bearer = "insurer_net:mean" if STACK in labels.features else "pv_host:mean"
    return ["npv_funder:mean", "npv_funder:es@0.99", bearer]


def _wanted(base: Loaded, only: Sequence[str]) -> tuple[Scenario, ...]:
    """Stresses of these names, in the study's order."""
    found = stresses_of(base)
    if not found:
        remedy = phrase("write e.g. stresses: {{gas_x2: {{factors.gas.process.ou.mean.value: {{times: 2}}}}}}")
        raise InputError(Problem(base.source.files.name, "stresses", "the study names no stresses", "", remedy))
    names = [each.name for each in found]
    unknown = [name for name in only if name not in names]
    if unknown:
        rule = "must be a stress of the study"
        raise InputError([Problem(argument("only"), "", rule, name, suggestion(name, names)) for name in unknown])
    return tuple(each for each in found if not only or each.name in only)
