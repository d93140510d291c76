"""``spvrisk goal``: the value of an input that brings a measure to a target."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import Number, Whole, set_option, study_argument, threads_option
from spvrisk.cli.output import say_document, say_stage, warn
from spvrisk.cli.progress import Stop
from spvrisk.errors import InputError, Problem

_GOAL = "--find agreement.split.first_share=x --so-that npv_funder:mean=0 --between 0.3 1"
_EXAMPLE = f"\b\nExample: spvrisk goal study.yaml {_GOAL} --paths 2000"


@click.command("goal", cls=Command, epilog=_EXAMPLE)
@study_argument
@click.option("--find", required=True, metavar="PATH=VALUE", help="Input, with an x where the number belongs.")
@click.option("--so-that", required=True, metavar="MEASURE=NUMBER", help="Target, e.g. npv_funder:es@0.99=1000.")
@click.option("--between", required=True, type=(Number(), Number()), metavar="LOW HIGH", help="Where x is sought.")
@click.option("--against", metavar="PATH=V1,V2,..", help="Find x for each of these values of another input.")
@click.option("--paths", type=Whole(1), help="Number of paths of each run; the study's run.paths if left out.")
@click.option("--seed", type=Whole(0, 2**64 - 1), help="Seed; the study's run.seed if left out.")
@threads_option
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON for programs.")
def command(
    study: str,
    find: str,
    so_that: str,
    between: tuple[float, float],
    against: str | None,
    paths: int | None,
    seed: int | None,
    on: api.Threads,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find the x in an input of STUDY that brings a measure to a target.

    The measure is taken on the same draws for every x, so that it moves with x alone; the error of x is that of the
    measure over its slope. That there is no such value between LOW and HIGH is an answer. With --against, x is found
    for each of several values of another input: a frontier.
    """
    stop = Stop()
    values = _values(against)
    loaded = api.load(study, overrides)
    warn(loaded.warnings)
    studies = [loaded if value is None else api.load(study, (*overrides, value)) for value in values]
    # loaded here: a mistake in the study is answered without waiting for the compiler
    from spvrisk.report import json, text
    from spvrisk.views.goal import frontier, goal

    announce = stop.heeding(say_stage)
    found = []
    for value, changed in zip(values, studies, strict=True):
        sought = api.goal(changed, find, so_that, between, paths=paths, seed=seed, on=on, announce=announce)
        found.append((value or "", sought))
    if as_json:
        say_document(json.goals_json(found))
    elif against is None:
        text.show(goal(found[0][1]))
    else:
        text.show([frontier(against.partition("=")[0], found)])


def _values(against: str | None) -> list[str | None]:
    """Changes that the values of another input make; None where there is no other."""
    if against is None:
        return [None]
    path, equals, values = against.partition("=")
    if not (path and equals and all(value.strip() for value in values.split(","))):
        remedy = "write e.g. agreement.split.first_share=0.4,0.5,0.6"
        raise InputError(Problem("--against", "", "must be a path and values", against, remedy))
    return [f"{path}={value.strip()}" for value in values.split(",")]
