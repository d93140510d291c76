"""``spvrisk drivers``: which inputs make a measure what it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, Whole, on_options, set_option
from spvrisk.cli.output import say_document, warn
from spvrisk.cli.progress import Stop, progress_bar
from spvrisk.errors import InputError, Problem

if TYPE_CHECKING:
    from spvrisk.experiments.planned import Planned
    from spvrisk.experiments.redraws import PlannedRedraws
    from spvrisk.views.figures import Figures

_EXAMPLE = """\b
Example: spvrisk drivers quick.h5 --of npv_funder:es@0.95
         spvrisk drivers study.yaml --of npv_funder:mean --paths 500
         spvrisk drivers study.yaml --known projects.*.operation.contract.price --paths 500"""


@click.command("drivers", cls=Command, epilog=_EXAMPLE)
@click.argument("subject", metavar="RESULT|STUDY", type=FILE)
@click.option(
    "--of", metavar="MEASURE", multiple=True, help="E.g. npv_funder:es@0.99. [default: its mean and its es@0.99]"
)
@click.option("--groups", metavar="NAME=STREAMS", multiple=True, help="Draw these anew, e.g. costs=*/cost,*/uplift.")
@click.option("--known", "inputs", metavar="PATH", multiple=True, help="Fix this law at its mean; may hold a *.")
@click.option("--paths", type=Whole(1), help="Number of paths of each run; the study's run.paths if left out.")
@click.option("--seed", type=Whole(0, 2**64 - 1), help="Seed; the study's run.seed if left out.")
@on_options
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON for programs.")
def command(
    subject: str,
    of: tuple[str, ...],
    groups: tuple[str, ...],
    inputs: tuple[str, ...],
    paths: int | None,
    seed: int | None,
    on: api.On,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say which inputs drive a measure.

    Of a RESULT it is told what the inputs that it keeps by path explain; nothing is drawn again. Of a STUDY, groups of
    its random streams are drawn anew one after the other: each cause, ruling, regime, factor, offtaker and project, or
    the groups that are named; what each has by itself and with others follows. With --known, laws of the study are
    fixed at their means one after the other: what it would change to know them.
    """
    stop, of = Stop(), of or api.DRIVEN
    if not api.is_result(subject):
        study = api.load(subject, overrides)
        warn(study.warnings)
        if inputs:
            _refuse({"--groups": groups}, "is of no use with --known", "ask for one after the other")
            pages, document = _known(api.plan_known(study, inputs, of, paths, seed), on, stop)
        else:
            pages, document = _redrawn(api.plan_redraws(study, of, groups, paths, seed), on, stop)
    else:
        given = {"--groups": groups, "--known": inputs, "--set": overrides, "--paths": paths, "--seed": seed}
        _refuse(given, "is of no use with a result", "give the study")
        pages, document = _kept(subject, of, on, stop)
    if as_json:
        say_document(document())
        return
    from spvrisk.report import text

    text.show(pages())


def _refuse(given: Mapping[str, object], rule: str, remedy: str) -> None:
    """Refuse options that are given."""
    named = [option for option, value in given.items() if value not in (None, ())]
    if named:
        raise InputError([Problem(option, "", rule, "", remedy) for option in named])


_Found = tuple[Callable[[], "list[Figures]"], Callable[[], dict[str, Any]]]
"""Pages and document of what was found, for whichever is wanted."""


def _kept(result: str, of: Sequence[str], on: api.On, stop: Stop) -> _Found:
    """What the inputs of a result tell."""
    opened = api.open(result)
    with progress_bar(opened.tables().n_paths) as (advance, announce):
        found = api.drivers(opened, of, on=on, progress=advance, announce=stop.heeding(announce))
    from spvrisk.report import json
    from spvrisk.views import drivers as views

    return lambda: views.drivers(found), lambda: json.drivers_json(found)


def _redrawn(planned: "PlannedRedraws", on: api.On, stop: Stop) -> _Found:
    """What drawing groups anew tells."""
    with progress_bar(planned.paths) as (advance, announce):
        found = api.redraws(planned, on=on, progress=advance, announce=stop.heeding(announce))
    from spvrisk.report import json
    from spvrisk.views import drivers as views

    return lambda: views.redraws(found), lambda: json.redraws_json(found)


def _known(planned: "Planned", on: api.On, stop: Stop) -> _Found:
    """What knowing inputs would change."""
    with progress_bar(planned.paths) as (advance, announce):
        found = api.scenarios(planned, on=on, progress=advance, announce=stop.heeding(announce))
    from spvrisk.report import json
    from spvrisk.views import drivers as views

    return lambda: [views.known(found)], lambda: json.scenarios_json(found)
