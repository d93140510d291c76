"""The command ``spvrisk``: commands are imported only when they are called."""

import gc
import os
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from spvrisk._version import __version__
from spvrisk.catalogue import WRITTEN, Chosen, asked_for, in_language, looked_up, phrase, translated
from spvrisk.cli.language import LANGUAGE, Command
from spvrisk.cli.output import can_show, say, say_refusal, use_streams
from spvrisk.cli.progress import Interrupted
from spvrisk.errors import InputError, Problem, RunError, argument

COMMANDS = {
    "init": "Write a starter study to work from.",
    "schema": "Print the JSON Schema of study files, for editors.",
    "validate": "Check a study and list every problem in it.",
    "plan": "Show what a study would run, before any path is simulated.",
    "assumptions": "Print what the numbers of a study rest on.",
    "warmup": "Compile the kernel ahead of the first run.",
    "selftest": "Prove that the kernel computes correctly on this machine.",
    "run": "Run a study and print its summary.",
    "scenarios": "Run what-ifs of a study on the same draws, in one table.",
    "stress": "Run the stresses that a study names, in one table.",
    "goal": "Find the value of an input that brings a measure to a target.",
    "summary": "Print the figures of a result.",
    "curve": "Print what a quantity exceeds with given probabilities.",
    "confidence": "Print how likely projects hold a cost and a date.",
    "obligors": "Print the expected loss by obligor.",
    "cash": "Print the cash that each party needs by year.",
    "compare": "Compare results: differences and their standard errors.",
    "drivers": "Say which inputs drive a measure.",
    "tail": "Say what the worst paths of a result have in common.",
    "trace": "Show what happened on one path of a result.",
    "plot": "Draw a picture whose title is the answer.",
    "report": "Write a report: one page with charts, for committees.",
    "export": "Write a result for spreadsheets, databases and R.",
    "verify": "Check that a result is what was written.",
    "info": "Describe a result file and how it was made.",
    "bench": "Measure how long paths take on this machine.",
}
"""Commands in the order of work, with their line in the help; each is `command` of the module of its name."""


_CTRL_C = 130
"""Exit code where nothing says which signal it was."""


def _say(message: Warning | str, *_: object) -> None:
    """A warning of the library, as a line for people."""
    said = message.args[0] if isinstance(message, Warning) and message.args else message
    say(in_language(phrase("warning: {}", said)), err=True)


class _Commands(Command, click.Group):
    """A group that knows its commands by name, and turns every error into lines and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return _with_common(found)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names and options; click's own way would import every command."""
        names = [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            # click's own guess at the name would import every command
            text = phrase("No such command {!r}. Commands: {}.", args[0], ", ".join(COMMANDS))
            ctx.fail(in_language(text))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what is wrong with an argument of the API is told of the option or argument of that name."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand or "")
            raise InputError([_of_command(problem, command) for problem in error.problems]) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands, in the order of use"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, and leave with 0 (done), 1 (failed run), 2 (wrong input) or 128 and the signal that ended it."""
        # imports make many objects and no garbage: looking for it takes a tenth of a start
        gc.set_threshold(100_000)
        warnings.showwarning = _say  # type: ignore[assignment]
        use_streams()
        asked = asked_for(os.environ)
        with Chosen(asked if can_show(asked) else WRITTEN):
            self._main(*args, **extra)

    def _main(self, *args: Any, **extra: Any) -> None:
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
            if sys.stdout is not None:
                sys.stdout.flush()
        except InputError as error:
            say(_with_notes(error.told(), error), err=True)
            code = 2
        except RunError as error:
            say(_with_notes(error.told(), error), err=True)
            code = 1
        except click.ClickException as error:
            say_refusal(error)
            code = 2
        except (KeyboardInterrupt, click.Abort) as error:
            if isinstance(error.__cause__, EOFError):  # click takes it for an interruption
                raise error.__cause__ from None
            with suppress(OSError):  # the terminal may be gone
                say(_with_notes(translated("interrupted"), error), err=True)
            code = _signal_code(error) or _CTRL_C
        except BrokenPipeError:
            code = _mute()
        except OSError as error:
            code = _of_system(error)
        # what is left goes with the process: looking for garbage in it takes the interpreter a third of a second
        gc.freeze()
        sys.exit(code if isinstance(code, int) else 0)


def _with_common(command: click.Command) -> click.Command:
    """A command with the options of all commands, before its help."""
    # loaded here: who asks for the list of commands has no use for it
    from spvrisk.cli.options import COMMON

    own = [option for option in command.params if option not in COMMON]
    named = {option.name for option in own}  # pictures and pages have any language, whatever the terminal shows
    command.params = [*own, *(option for option in COMMON if option.name not in named)]
    return command


def _of_command(problem: Problem, command: click.Command | None) -> Problem:
    """A problem at the option or argument of a command that was passed on."""
    for parameter in [] if command is None else command.params:
        place = argument(parameter.name or "")
        if problem.place == place or problem.place.startswith(f"{place} "):
            said = parameter.human_readable_name if isinstance(parameter, click.Argument) else parameter.opts[0]
            return problem._replace(place=said + problem.place.removeprefix(place))
    return problem


def _with_notes(text: str, error: BaseException) -> str:
    """What happened, and what is to be said of it besides."""
    notes: list[str] = []
    cause: BaseException | None = error  # click wraps an interruption
    while cause is not None:
        notes += map(looked_up, getattr(cause, "__notes__", ()))
        cause = cause.__cause__
    return "\n".join((text, *notes))


def _of_system(error: OSError) -> int:
    """Say what the system refused, and give the exit code."""
    if _nowhere():
        say(translated("the working directory is gone; change into a folder that is there"), err=True)
        return 2
    if error.filename is not None:  # not of stdout
        raise error
    if (ended := _signal_code(error)) is not None:  # nothing more can be shown on a terminal that is closed
        os._exit(ended)
    if error.errno is None:  # of the loader, which has no other words: most likely memory is limited
        text = "a library cannot be loaded, most likely for want of memory: {}"
        say(in_language(phrase(text, error)), err=True)
        return 1
    reason = (error.strerror or str(error)).lower()
    say(in_language(phrase("the output cannot be written: {}", reason)), err=True)
    return _mute()


def _nowhere() -> bool:
    """Whether the working directory has been removed."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _signal_code(error: BaseException | None) -> int | None:
    """Exit code of the signal that an error is, or during whose handling it came up; None if there was none."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return None if error is None else error.code


def _mute() -> int:
    """Nothing more can be said on stdout, also not at exit: its reader is gone, or its disk full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


@click.group(
    cls=_Commands,
    params=[LANGUAGE],
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: spvrisk init study.yaml",
)
@click.version_option(__version__, prog_name="spvrisk", message="%(prog)s %(version)s")
def main() -> None:
    """Monte Carlo risk of portfolios of investment SPVs under an international agreement."""
