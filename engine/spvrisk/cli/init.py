"""``spvrisk init``: a study to begin with."""

from shlex import quote

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE
from spvrisk.cli.output import tell

# lines, which click would join without the mark
_EXAMPLE = """\b
Example: spvrisk init study.yaml
         spvrisk init what_if.yaml --kind scenarios
         spvrisk init configs --kind japan_us"""

_NAMES = {"starter": "study.yaml", "japan_us": "configs", "scenarios": "what_if.yaml"}
"""Where to by default."""

_NEXT = {
    "starter": ("validate {main}", "run {main} --paths 4000"),
    "japan_us": ("assumptions {main}", "run {main}", "scenarios {folder}/scenarios/safeguards.yaml"),
    "scenarios": ("scenarios {main}",),
}
"""What to type next."""


@click.command("init", cls=Command, epilog=_EXAMPLE)
@click.argument("file", type=FILE, required=False)
@click.option("--kind", type=click.Choice(list(_NAMES)), default="starter", show_default=True, help="What to write.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is such a file that nobody has edited.")
def command(file: str | None, kind: str, overwrite: bool) -> None:
    """Write a commented study, or what-ifs, to FILE, and say what to type next.

    starter: a study of two fictional projects (to study.yaml, if FILE is left out). japan_us: the main study with the
    files that it includes, the terms of other countries and its scenarios (to a new folder, configs). scenarios:
    what-ifs of study.yaml (to what_if.yaml).
    """
    main = api.init(_NAMES[kind] if file is None else file, overwrite, kind)
    base = main.parent / _NAMES["starter"]
    names = {"main": quote(str(main)), "folder": quote(str(main.parent)), "base": quote(str(base))}
    tell("wrote {}; next:", main)
    before = ("init {base}",) if kind == "scenarios" and not base.exists() else ()
    for line in (*before, *_NEXT[kind]):
        tell("  spvrisk {}", line.format(**names))
