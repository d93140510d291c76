"""``spvrisk trace``: the story of one path."""

import csv
import io
import json
from pathlib import Path

import click

from spvrisk.cli.options import Whole
from spvrisk.cli.output import say, say_json
from spvrisk.cli.render import console
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.dataset.read import open_result
from spvrisk.dataset.write import check_output
from spvrisk.errors import InputError, Problem
from spvrisk.files import Kind, atomic_write

_WIDEST = 400

_FIRST_COLUMNS = b"project,step,date,"


def _is_steps(path: Path) -> bool:
    with path.open("rb") as file:
        return file.readline().startswith(_FIRST_COLUMNS)


STEPS = Kind("a table of steps that trace has written", _is_steps)


@click.command("trace", epilog="Example: spvrisk trace results/study.h5 --rank 0.99 --by npv_funder")
@click.argument("result", type=click.Path())
@click.option("--path", "number", type=Whole(0), help="Number of the path.")
@click.option("--rank", metavar="LEVEL", help="Instead of a number: 0.99 is the 99 % loss path. [default: 0.99]")
@click.option("--by", default="npv_funder", show_default=True, help="Quantity of the rank: npv_funder, smr.cost, ...")
@click.option("--steps", is_flag=True, help="Print the flows of every step as tables.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON for programs.")
@click.option(
    "--out", type=click.Path(), help="Write all states, scores, flows and balances of all steps to this CSV file."
)
@click.option("--overwrite", is_flag=True, help="Replace the file if trace has written it.")
def command(
    result: str,
    number: int | None,
    rank: str | None,
    by: str,
    steps: bool,
    as_json: bool,
    out: str | None,
    overwrite: bool,
) -> None:
    """Tell what happened on one path of RESULT: the law, what overran, what was built, who got what.

    The path is given by its number, or by its rank. Paths are ranked by loss where the quantity is a net present value
    (the last is the worst), else by its value, of the paths on which it is defined.
    """
    if number is not None and rank is not None:
        raise InputError(Problem("--rank", "", "has no meaning beside --path", rank, "leave one of them out"))
    if out is not None:
        check_output(out, overwrite, STEPS, reads=[result])
    opened = open_result(result)
    # loaded here: a problem in the arguments is answered at once
    from spvrisk.cli.render_trace import render_steps, render_story, steps_table, trace_json
    from spvrisk.runner.trace import Rank, Tracer, check_bits, path_of_rank, series_of, study_of

    if number is not None and number >= opened.n_paths:
        rule = f"must be below {opened.n_paths}, the number of paths"
        raise InputError(Problem("--path", "", rule, str(number), "paths count from 0"))
    level = None if number is not None else _level(rank or "0.99")
    tracer = Tracer(study_of(opened), int(opened.attributes["seed"]))
    wanted = None if level is None else Rank(level, *series_of(opened, by))
    found = number if wanted is None else path_of_rank(opened, tracer, wanted)
    assert found is not None
    trace = tracer.trace(found)
    check_bits(trace, opened)
    if out is not None:
        header, rows = steps_table(trace)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        atomic_write(out, text.getvalue(), overwrite, kind=STEPS, reads=[result])
    if as_json:
        say_json(json.dumps(trace_json(trace, wanted), ensure_ascii=False, allow_nan=False, indent=1))
        return
    console().print(render_story(trace, opened, wanted))
    if steps:
        # as wide as it is: figures that are cut off are of no use
        console(_WIDEST).print(render_steps(trace))
    if out is not None:
        say(f"Steps: {out}")


def _level(text: str) -> str:
    """A rank as given, checked."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        remedy = number_remedy(text, "write e.g. 0.99")
        raise InputError(Problem("--rank", "", "must be a number in [0, 1]", text, remedy))
    return text
