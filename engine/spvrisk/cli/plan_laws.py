"""Every law of a study, where it stands and what it is called."""

from collections.abc import Iterator

from spvrisk.config.laws import Law
from spvrisk.config.study import Study
from spvrisk.config.study.projects import ProjectTemplate
from spvrisk.plan.laws import LawReport
from spvrisk.plan.tables import TableBook

SCHEME = "agreement"
"""Owner of the laws that belong to no project."""


def law_reports(study: Study, book: TableBook) -> Iterator[tuple[str, str, str, LawReport]]:
    """Give owner, quantity, family and report of each law; `book` is the compiled study's, which has them all."""
    for owner, quantity, law in _owned(study):
        if law is not None:
            yield owner, quantity, law.family, book.report(book.add(law))


def _owned(study: Study) -> Iterator[tuple[str, str, Law | None]]:
    funding = study.agreement.funding
    yield SCHEME, "slip, business days", funding.slip
    yield SCHEME, "take-up", funding.take_up
    for name, project in study.projects.items():
        certain = project.go_ahead is None or project.go_ahead.size_share.bounds() == (1.0, 1.0)
        yield name, "size share", None if certain or project.go_ahead is None else project.go_ahead.size_share
        yield from ((name, quantity, law) for quantity, law in _of_project(project))
    for name, pipeline in study.pipelines.items():
        yield name, "size", pipeline.size
        yield from ((name, quantity, law) for quantity, law in _of_project(pipeline.template))


def _of_project(project: ProjectTemplate) -> Iterator[tuple[str, Law | None]]:
    c, o = project.construction, project.operation
    yield "start delay, years", c.start_delay
    yield "overrun", c.overrun
    yield "uplift", c.uplift
    yield "duration", c.duration
    yield "review threshold", c.review.threshold if c.review else None
    yield "subscribed share", c.subscription.share if c.subscription else None
    yield "salvage", c.salvage
    yield "shortfall", c.shortfall
    yield "availability", o.availability.law
    yield "contract price", o.contract.price if o.contract else None
    yield "contracted share", o.contract.share if o.contract else None
    yield "developer's fee", o.developer_fee.amount if o.developer_fee else None
