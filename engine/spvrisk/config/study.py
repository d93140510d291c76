"""The study: the root of the config language."""

from collections.abc import Iterator, Mapping

from pydantic import Field, model_validator

from spvrisk.config.base import Model, Name, refusal
from spvrisk.config.checks import faults
from spvrisk.config.clock import Event, Layer
from spvrisk.config.draft import Path, draft_from, with_titles
from spvrisk.config.factors import Correlation, Factor, ZeroCurve
from spvrisk.config.flows import SideFlow
from spvrisk.config.operation import Offtaker
from spvrisk.config.projects import Pipeline, Project, ProjectTemplate
from spvrisk.config.stack import Stack
from spvrisk.config.terms import Agreement, FixedSplit, Output, Party, Run, StudyHead, TierSplit

__all__ = ["FixedSplit", "Study", "TierSplit"]


class Study(Model):
    """A whole study; its parts are checked against each other.

    Mappings by name keep the order of the file.
    """

    study: StudyHead
    curves: dict[Name, ZeroCurve] = Field(description="zero curves by name", min_length=1)
    parties: dict[Name, Party] = Field(description="`funder` and `host`")
    agreement: Agreement
    stack: Stack | None = Field(default=None, description="how the funder raises its calls; left out: it is one party")
    factors: dict[Name, Factor] = Field(description="by name; their order is that of the Cholesky factor", min_length=1)
    correlation: Correlation = Field(default_factory=lambda: Correlation())
    layers: dict[Name, Layer] = Field(default={}, description="by name")
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
        problems = faults(draft_from(self))
        if problems:
            raise refusal(*problems)
        return self

    def sites(self) -> Iterator[tuple[Path, ProjectTemplate]]:
        """Announced projects, and what those of pipelines are like, with their paths."""
        yield from ((("projects", name), project) for name, project in self.projects.items())
        yield from ((("pipelines", name, "template"), item.template) for name, item in self.pipelines.items())
