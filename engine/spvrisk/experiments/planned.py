"""Scenarios that are planned: every study of theirs is sound, and what is measured of them is known."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from spvrisk.config import Loaded, load
from spvrisk.config.reading.overrides import Overrides
from spvrisk.config.scenarios import ScenarioFile, read_scenarios
from spvrisk.dataset.scenarios import Origin
from spvrisk.errors import InputError, Problem, argument
from spvrisk.experiments.task import helpers_of, threads_of
from spvrisk.experiments.variants import Variant, variants
from spvrisk.measures.named import Measure, measures_like
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import STACK
from spvrisk.runner.execute import make_ready
from spvrisk.runner.on import THREADS, On
from spvrisk.runner.shard import processors, seconds_per_path


class Planned(NamedTuple):
    """Scenarios that can be run: every study of theirs is sound.

    Attributes
    ----------
    variants
        The base, then the scenarios in the order of their file.
    measures
        What is measured of each.
    origin
        What they are made of.
    files
        Every file that was read.
    workers
        Threads that the base asks for; None: one for each processor.
    """

    variants: tuple[Variant, ...]
    measures: tuple[Measure, ...]
    origin: Origin
    files: tuple[Path, ...]
    workers: int | None

    @property
    def warnings(self) -> list[Problem]:
        """What is probably not meant in the changes; of one that several scenarios make, once."""
        found = [problem for variant in self.variants for problem in variant.warnings]
        return list({(problem.path, problem.rule): problem for problem in reversed(found)}.values())[::-1]

    @property
    def paths(self) -> int:
        """Of all runs together."""
        return sum(variant.job.paths for variant in self.variants)

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """What the measures need of each run, as in `Labels.series`."""
        return tuple(dict.fromkeys(each for measure in self.measures for each in measure.needs))

    @property
    def disk(self) -> int:
        """Bytes of what is kept of all runs where a dataset is written, about."""
        jobs = {variant.job.id: variant.job for variant in self.variants}.values()
        return sum(8 * job.paths * sum(name in job.labels.series for name in self.series) for job in jobs)

    def seconds(self, on: On = THREADS) -> float:
        """How long all runs take here, from a tenth of a second of the kernel.

        Parameters
        ----------
        on
            What computes.
        """
        base, threads = self.variants[0].job, threads_of(on, self.workers)
        make_ready(base.plan)
        return seconds_per_path(base) * self.paths / min(helpers_of(on, threads) or threads, processors())

    def __repr__(self) -> str:
        return f"<{len(self.variants) - 1} scenarios and their base, {len(self.measures)} measures>"


def planned_scenarios(
    path: Path, overrides: Overrides = (), paths: int | None = None, seed: int | None = None, of: Sequence[str] = ()
) -> Planned:
    """Read a file of scenarios and plan them all, before anything is run.

    Parameters
    ----------
    path
        Of the file.
    overrides
        Changes of the base, before those of the scenarios.
    paths, seed
        Of each run; None: as the file says, else the base.
    of
        Measures; none: those of the file, else the default ones.

    Raises
    ------
    InputError
        With every problem of every scenario, named.
    """
    file = read_scenarios(path)
    base = load(file.base, overrides)
    planned = variants(file, base, paths, seed)
    labels, asked = planned[0].job.labels, [(text, argument("of")) for text in of] or file.measures
    return planned_of(planned, measures_of(asked, default_measures(labels), labels), base, file)


def planned_of(
    planned: Sequence[Variant], measures: tuple[Measure, ...], base: Loaded, file: ScenarioFile | None = None
) -> Planned:
    """Give scenarios that are planned, with the files that were read for them.

    Parameters
    ----------
    planned
        The base, then the others.
    measures
        What is measured of each.
    base
        The study.
    file
        Of the scenarios; None where the study names them itself.
    """
    texts = _texts(file, base, planned)
    origin = _origin("stress" if file is None else "scenarios", texts, base)
    return Planned(tuple(planned), measures, origin, tuple(texts), base.study.run.workers)


def _texts(file: ScenarioFile | None, base: Loaded, planned: Sequence[Variant]) -> dict[Path, str]:
    """Every file that was read, with its text: that of the scenarios first."""
    texts, of_base = dict[Path, str](), base.folder.absolute()
    if file is not None:
        texts |= {file.path.absolute().parent / name: text for name, text in file.texts.items()}
    for each in planned:
        texts |= {of_base / name: text for name, text in each.texts.items()}
    return texts


def _origin(command: str, texts: Mapping[Path, str], base: Loaded) -> Origin:
    """The files by their names from the folder that has them all."""
    named = {os.path.normpath(path): text for path, text in texts.items()}
    root = os.path.commonpath([os.path.dirname(name) for name in named])
    sources = {Path(os.path.relpath(name, root)).as_posix(): text for name, text in named.items()}
    return Origin(command, next(iter(sources)), sources, base.overrides)


def measures_of(asked: Sequence[tuple[str, str]], otherwise: Sequence[str], labels: Labels) -> tuple[Measure, ...]:
    """Measures that are asked for, each once; else others.

    Parameters
    ----------
    asked
        Texts of measures, with the places where they are written.
    otherwise
        Texts of those that are taken where none is asked for.
    labels
        Of the base.

    Raises
    ------
    InputError
        With everything that is no measure.
    """
    found, problems = [], []
    for text, place in asked or [(text, "") for text in otherwise]:
        try:
            found += measures_like(text, labels, place)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return tuple({measure.text: measure for measure in found}.values())


def default_measures(labels: Labels) -> list[str]:
    """Measures of a committee's first questions: mean, probability of a loss, tail; who else bears it.

    Parameters
    ----------
    labels
        Of the base.
    """
    insurer = ["insurer_net:mean"] if STACK in labels.features else []
    return [
        "npv_funder:mean",
        "npv_funder:p_loss",
        "npv_funder:var@0.95",
        "npv_funder:es@0.99",
        *insurer,
        "pv_host:mean",
    ]
