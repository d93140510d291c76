"""Messages that a person can act on: place, rule, value, remedy."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong with what the user gave.

    Attributes
    ----------
    place
        File and line (``japan_us.yaml:214``), ``--set 2``, or an option's name.
    path
        Dotted path of the key, or ``""``.
    rule
        What must hold, e.g. ``must lie in [0, 1]``.
    value
        What was found, as text; ``""`` if there is nothing to show.
    remedy
        What to write instead; ``""`` only where the rule says it already.
    """

    place: str
    path: str
    rule: str
    value: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        head = f"{self.place} {self.path}".strip()
        got = f", got {self.value}" if self.value else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return _on_one_line(f"{head}: {self.rule}{got}{remedy}")


def _on_one_line(text: str) -> str:
    """Text with escapes for what a terminal would not print as it stands: line ends, controls, odd spaces."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


class InputError(Exception):
    """The user's input is wrong (exit code 2); carries every problem found, not only the first."""

    def __init__(self, problems: Problem | list[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RunError(Exception):
    """A run failed for a reason that is not in the user's input (exit code 1)."""
