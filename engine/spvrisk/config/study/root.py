"""The study: the root of the config language, and what its sections have to say of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, model_validator

from spvrisk.config.base import Model, Name, Path, choices, is_model, refusal
from spvrisk.config.laws import Measure
from spvrisk.config.laws.warnings import truncations
from spvrisk.config.study import (
    clock,
    construction,
    curves,
    debt,
    events,
    factors,
    flows,
    head,
    operation,
    projects,
    selection,
    split,
    stack,
)
from spvrisk.config.study.clock import Regime
from spvrisk.config.study.curves import ZeroCurve
from spvrisk.config.study.events import Event
from spvrisk.config.study.factors import Correlation, Factor
from spvrisk.config.study.flows import SideFlow
from spvrisk.config.study.head import Party, StudyHead
from spvrisk.config.study.operation import Offtaker
from spvrisk.config.study.output import Output
from spvrisk.config.study.parts import Parts
from spvrisk.config.study.projects import Pipeline, Project, ProjectTemplate
from spvrisk.config.study.run import Run
from spvrisk.config.study.split import Agreement
from spvrisk.config.study.stack import Stack
from spvrisk.errors import Problem

CHECKS = (
    head.checks,
    selection.checks,
    split.checks,
    stack.checks,
    factors.checks,
    clock.checks,
    events.checks,
    projects.checks,
    construction.checks,
    operation.checks,
    debt.checks,
    flows.checks,
)
WARNINGS = (
    curves.warnings,
    factors.warnings,
    clock.warnings,
    events.warnings,
    selection.warnings,
    split.warnings,
    stack.warnings,
    projects.warnings,
    construction.warnings,
    operation.warnings,
    debt.warnings,
    flows.warnings,
)


class Study(Model):
    """A whole study; its parts are checked against each other.

    Mappings by name keep the order of the file.
    """

    study: StudyHead
    curves: dict[Name, ZeroCurve] = Field(description="zero curves by name", min_length=1)
    parties: dict[Name, Party] = Field(description="`funder` and `host`")
    agreement: Agreement
    stack: Stack | None = Field(default=None, description="how the funder finances its calls; left out: as one party")
    factors: dict[Name, Factor] = Field(description="by name; the Cholesky factor follows their order", min_length=1)
    correlation: Correlation = Field(default_factory=lambda: Correlation())
    regimes: dict[Name, Regime] = Field(default={}, description="by name")
    events: dict[Name, Event] = Field(default={}, description="by name")
    offtakers: dict[Name, Offtaker] = Field(default={}, description="buyers that contracts may name, by name")
    pipelines: dict[Name, Pipeline] = Field(default={}, description="projects that are not yet known, by name")
    projects: dict[Name, Project] = Field(default={}, description="announced projects, by name; or pipelines")
    side_flows: dict[Name, SideFlow] = Field(
        default={}, description="by name; flows of the whole scheme to the funder, in proportion to time"
    )
    run: Run = Field(default_factory=lambda: Run())
    output: Output = Field(default_factory=lambda: Output())

    @model_validator(mode="before")
    @classmethod
    def _titles(cls, data: object) -> object:
        return with_titles(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _coherent(self) -> "Study":
        problems = check_parts(self)
        if problems:
            raise refusal(*problems)
        return self

    def sites(self) -> Iterator[tuple[Path, ProjectTemplate]]:
        """Announced projects, and what those of pipelines are like, with their paths."""
        yield from ((("projects", name), project) for name, project in self.projects.items())
        yield from ((("pipelines", name, "template"), item.template) for name, item in self.pipelines.items())


def check_parts(study: Study | Mapping[str, Any]) -> list[Problem]:
    """All problems between the parts of a study, or of what its file says, as far as parts are sound by themselves.

    Parameters
    ----------
    study
        The study, or nested mappings as its file has them.
    """
    parts = Parts(Study, study if isinstance(study, Study) else with_titles(study))
    return [problem for check in CHECKS for problem in check(parts)]


def warnings(study: Study, measure: Measure) -> list[Problem]:
    """All warnings of a sound study, its laws measured by `measure`."""
    found = [problem for section in WARNINGS for problem in section(study, measure)]
    return [problem._replace(severity="warning") for problem in (*found, *truncations(study, measure))]


def with_titles(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Study as a file says it, where what has no title is titled by its name, and a template by its pipeline.

    Parameters
    ----------
    plain
        Nested mappings as the study's file has them; not changed.
    """
    out = dict(plain)
    for key in _titled_sections():
        section = plain.get(key)
        if isinstance(section, dict):
            out[key] = {name: _titled(item, {"en": name}) for name, item in section.items()}
    pipelines = out.get("pipelines")
    if isinstance(pipelines, dict):
        out["pipelines"] = {name: _template_titled(item) for name, item in pipelines.items()}
    return out


def _titled_sections() -> Iterator[str]:
    """Sections whose entries have a title."""
    for key, field in Study.model_fields.items():
        mappings = [kind for kind in choices(field.annotation) if not is_model(kind)]
        if any("title" in kind.__args__[1].model_fields for kind in mappings):
            yield key


def _titled(item: Any, title: Any) -> Any:
    return {"title": title, **item} if isinstance(item, dict) else item


def _template_titled(pipeline: Any) -> Any:
    if not isinstance(pipeline, dict) or "template" not in pipeline:
        return pipeline
    return {**pipeline, "template": _titled(pipeline["template"], pipeline["title"])}
