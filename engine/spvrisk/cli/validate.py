"""``spvrisk validate``: check a study."""

import json

import click

from spvrisk.cli.options import set_option, study_argument
from spvrisk.cli.output import say, say_json
from spvrisk.cli.words import counted
from spvrisk.config import Loaded, load
from spvrisk.errors import InputError, Problem

SCHEMA = "spvrisk.validate/1"


@click.command("validate", epilog="Example: spvrisk validate study.yaml --set run.paths=1000")
@study_argument
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(study: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check STUDY and list every problem with its place, the rule and the remedy.

    Errors end with exit code 2; warnings do not.
    """
    try:
        loaded = load(study, overrides)
        warnings = _plan(loaded)
    except InputError as error:
        if as_json:
            say_json(_report(error.problems, []))
            raise click.exceptions.Exit(2) from None
        raise
    if as_json:
        say_json(_report([], warnings, loaded.digest))
        return
    for warning in warnings:
        say(f"warning: {warning}", err=True)
    say(f"ok: {_counts(loaded)}; {counted(len(warnings), 'warning')}")


def _plan(loaded: Loaded) -> list[Problem]:
    """Refuse what only planning sees: laws that cannot be, dates against the calendar, names of results; warnings."""
    from spvrisk.dataset.layout import check_names, check_paths
    from spvrisk.plan.compile import compile_study
    from spvrisk.plan.warnings import warnings_of

    with loaded.places.filled_in():
        labels = compile_study(loaded.study).labels
        check_paths(loaded.study.output.paths or (), labels)
        check_names(labels)
    return warnings_of(loaded)


def _counts(loaded: Loaded) -> str:
    study = loaded.study
    counts = [
        counted(len(study.projects), "project"),
        *([counted(len(study.pipelines), "pipeline")] if study.pipelines else []),
        counted(len(study.factors), "factor"),
        counted(len(study.layers), "layer"),
        counted(len(study.events), "event"),
        counted(study.study.steps, "step"),
    ]
    return ", ".join(counts)


def _report(errors: list[Problem], warnings: list[Problem], digest: str | None = None) -> str:
    report = {
        "schema": SCHEMA,
        "ok": not errors,
        "digest": digest,
        "errors": [problem._asdict() for problem in errors],
        "warnings": [problem._asdict() for problem in warnings],
    }
    return json.dumps(report, ensure_ascii=False, indent=2)
