"""``spvrisk summary``: the figures of a result."""

import json
import re
from dataclasses import replace

import click

from spvrisk.cli.output import say_json
from spvrisk.cli.render import console, render_summary, summary_json
from spvrisk.config.base import suggestion
from spvrisk.dataset.read import Given, Result, open_result
from spvrisk.errors import InputError, Problem


@click.command("summary", epilog="Example: spvrisk summary results/study.h5 --given ruling=upheld")
@click.argument("result", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of tables.")
@click.option(
    "--given",
    "conditions",
    metavar="NAME=VALUE",
    multiple=True,
    help="Only the paths on which this event had this outcome, or this layer this final state.",
)
def command(result: str, as_json: bool, conditions: tuple[str, ...]) -> None:
    """Print the figures of RESULT, each with its Monte Carlo standard error, probabilities with their 95 % interval.

    With --given, of the paths on which an event had one outcome (midterm_2026=opposition; =undefined where it did not
    take place), or on which a layer ended in one state (general=gap).
    """
    if len(conditions) > 1:
        remedy = "force one of them with `run --set events.<event>.outcome=..`, and ask for the other"
        raise InputError(Problem("--given", "", "may be used once", " ".join(conditions), remedy))
    opened = open_result(result)
    for given in conditions:
        opened = narrowed(opened, given)
    if as_json:
        say_json(json.dumps(summary_json(opened), ensure_ascii=False, allow_nan=False, indent=2))
    else:
        console().print(render_summary(opened))


def narrowed(result: Result, given: str) -> Result:
    """Give a result with the statistics of one condition in the place of those of all paths.

    Raises
    ------
    InputError
        There is no such condition, or no path that meets it.
    """
    table = result.conditional
    name, _, value = given.partition("=")
    wanted = [f"{prefix}{name}.{value}" for prefix in ("", "outcome_", "final_state_")]
    found = [i for i, condition in enumerate(table.names) if condition in wanted]
    if len(found) > 1:
        full = [table.names[i].replace(".", "=") for i in found]
        raise InputError(Problem("--given", "", "names an event and a layer", given, f"write {' or '.join(full)}"))
    if not found:
        known = [re.sub("^(final_state|outcome)_", "", condition).replace(".", "=") for condition in table.names]
        rule = "must be an event and an outcome, or a layer and a state"
        raise InputError(Problem("--given", "", rule, given, suggestion(given, known)))
    (i, *_) = found
    if table.n_paths[i] == 0:
        raise InputError(
            Problem("--given", "", "no path of this result meets it", given, "run more paths, if it can be")
        )
    shares = (float(each[i]) for each in (table.share, table.share_low, table.share_high))
    condition = Given(given, int(table.n_paths[i]), *shares)
    return replace(result, summary=table.tables[i], given=condition)
