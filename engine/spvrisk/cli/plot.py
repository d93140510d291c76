"""``spvrisk plot``: a picture of a result, of scenarios or of several results."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, lang_option
from spvrisk.cli.output import say_stage, tell

# a list, which click would join without the mark
_HELP = """Draw the picture NAME of RESULTS; its title is the answer.

\b
distribution  how a quantity is distributed, and its tail      --of
exceedance    what is exceeded how rarely                      --of
uncertainty   what is exceeded, over the uncertain inputs      --of
fan           the funder's cash over time
waterfall     which projects bring the mean about
bearers       who bears the loss, on average and in the tail   --level
tornado       which inputs move a measure most                 --of
drivers       which inputs of the run explain most             --of
convergence   how figures settle as paths are added
occupancy     in which state regimes are over time             --regime
scurve        how likely projects hold a cost and a date       --project
jcl           how likely both are held together                --project --joint
scenarios     what each scenario changes                       --of
compare       results side by side, and how they differ

tornado and scenarios are of a dataset of scenarios (scenarios --out), compare is of two results or more, all others of
one. What a result does not keep by path is found by replaying its paths.

Pictures need the package matplotlib (python -m pip install 'spvrisk[plot]'), --lang ja a font with Japanese letters.
"""

_EXAMPLE = """\b
Example: spvrisk plot distribution quick.h5 -o losses.png
         spvrisk plot scurve quick.h5 --project port -o port.svg"""


@click.command("plot", cls=Command, help=_HELP, epilog=_EXAMPLE)
@click.argument("name")
@click.argument("results", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, required=True, help="File to write: .png, .svg or .pdf.")
@click.option("--of", metavar="NAME", help="Quantity, as smr/cost; of scenarios a measure, as npv_funder:es@0.99.")
@click.option("--project", metavar="NAME", help="An announced project.")
@click.option("--regime", metavar="NAME", help="A regime of the clock.")
@click.option("--level", metavar="P", help="Level of the tail, as 0.99.")
@click.option("--joint", metavar="P", help="Probability that cost and date of the frontier hold. [default: 0.7]")
@lang_option
@click.option("--overwrite", is_flag=True, help="Replace the file if plot wrote it.")
def command(name: str, results: tuple[str, ...], out: str, overwrite: bool, **choices: str | None) -> None:
    """Draw a picture."""
    given = {choice: value for choice, value in choices.items() if value is not None}
    api.plot(name, *results, out=out, overwrite=overwrite, announce=say_stage, **given)
    tell("wrote {}", out)
