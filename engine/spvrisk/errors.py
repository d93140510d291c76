"""Messages that a person can act on: place, rule, value, remedy."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal, NamedTuple

from spvrisk.catalogue import WRITTEN, Chosen, in_language, looked_up, phrase, translated

_LONGEST = 400
"""Characters of each part of a message that are shown."""

_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a terminal does not print but obeys: controls, ends of lines, changes of the direction of writing."""


class Problem(NamedTuple):
    """One thing that is wrong with what the user gave, or probably not what was meant.

    Who checks a part of a study knows no file: such a problem is made by `Problem.at`, its path begins at that part,
    and its place is filled in later.

    Attributes
    ----------
    place
        File and line (``japan_us.yaml:214``), ``--set 2``, or an `argument`; ``""`` while it is not known.
    path
        Dotted path of the key, or ``""``.
    rule
        What must hold, e.g. ``must lie in [0, 1]``.
    value
        What was found, as text; ``""`` if there is nothing to show.
    remedy
        What to write instead; ``""`` only where the rule says it already.
    severity
        ``error``: the input is refused; ``warning``: it is allowed.
    """

    place: str
    path: str
    rule: str
    value: str = ""
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"

    @classmethod
    def at(cls, path: Iterable[str | int], rule: str, value: str = "", remedy: str = "") -> "Problem":
        """Problem without a place, at a path of keys and positions in lists from what was checked.

        Parameters
        ----------
        path
            From what was checked to what is wrong.
        rule, value, remedy
            As the attributes.
        """
        return cls("", dotted(path), rule, value, remedy)

    def under(self, path: Iterable[str | int]) -> "Problem":
        """The problem of a part as one of what holds it.

        Parameters
        ----------
        path
            From what holds the part to the part.
        """
        return self._replace(path=dotted((*path, *filter(None, [self.path]))))

    def shortened(self) -> "Problem":
        """The problem in English, of texts as long as a file their beginnings."""
        with Chosen(WRITTEN):
            place, path, rule, value, remedy = map(shortened, self[:5])
        return Problem(place, path, rule, value, remedy, self.severity)

    def told(self) -> str:
        """The problem in a line, in the current language."""
        names, texts = map(in_language, (self.place, self.path, self.value)), map(looked_up, (self.rule, self.remedy))
        place, path, value, rule, remedy = map(shortened, (*names, *texts))
        where = f"{place} {path}".strip()
        if value:
            rule = translated("{}, got {}").format(rule, value)
        if remedy:
            rule = translated("{0}; {1}").format(rule, remedy)
        return _on_one_line(translated("{}: {}").format(where, rule) if where else rule)

    def __str__(self) -> str:
        with Chosen(WRITTEN):
            return self.told()


RENAMED = {
    "layer": "regime",
    "layers": "regimes",
    "committed": "net_commitments",
    "multiple_funder": "moic_funder",
    "overrun_drawn": "overrun_sampled",
    "whole_years": "recovery_years",
}
"""Names that keys and outputs have had, and what they are called now."""


def argument(name: str) -> str:
    """Place of a problem with what a caller gave; a command tells it by its own option of that name.

    Parameters
    ----------
    name
        Of the argument, as Python's callers write it.
    """
    return phrase("argument {}", name)


def suggestion(wrong: str, allowed: Iterable[str]) -> str:
    """Remedy for an unknown name: its new name, or the nearest allowed one, then the allowed ones.

    Parameters
    ----------
    wrong
        The name as the user wrote it.
    allowed
        Names that would do, in the order in which they are listed.
    """
    names = list(dict.fromkeys(allowed))
    if not names:
        return phrase("none is defined")
    unit, dot, name = wrong.rpartition(".")
    if now := RENAMED.get(name):
        for called in (f"{unit}{dot}{now}", now):  # of that unit; else the unit was wrong as well
            if called in names:
                return phrase("it is called {} now", called)
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    near = nearest(wrong, names)
    return phrase("did you mean {}? allowed: {}", near, listed) if near else phrase("allowed: {}", listed)


def nearest(wrong: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that is most like a wrong one; None where none is.

    Parameters
    ----------
    wrong, allowed
        As of `suggestion`.
    """
    names = list(allowed)
    lower = [name.lower() for name in names]
    near = get_close_matches(wrong.lower(), lower, n=1, cutoff=0.6)
    near = near or [name for name in lower if len(wrong) > 3 and wrong.lower() in name][:1]
    return next((name for name in names if near and name.lower() == near[0]), None)


def dotted(path: Iterable[str | int]) -> str:
    """Path as a message shows it.

    Parameters
    ----------
    path
        Keys and positions in lists.
    """
    return ".".join(map(str, path))


def harmless(text: str) -> str:
    r"""Text with escapes for what a terminal would obey: it may come from a file of anybody.

    Parameters
    ----------
    text
        A line.

    Examples
    --------
    >>> print(harmless("\x1b[2J 日本"))
    \x1b[2J 日本
    """
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def shortened(text: str) -> str:
    """The beginning of a text that is too long for a message, and its length.

    Parameters
    ----------
    text
        What a user gave, or what is said of it.
    """
    end = translated("... ({} characters)").format(len(text))
    return text if len(text) <= _LONGEST else text[: _LONGEST - len(end)] + end


def _on_one_line(text: str) -> str:
    """Text with escapes for what a terminal would not print as it stands: line ends, controls, odd spaces."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


class InputError(Exception):
    """The user's input is wrong (exit code 2); carries every problem found, not only the first.

    Parameters
    ----------
    problems
        What is wrong, in the order of the file.
    """

    def __init__(self, problems: Problem | list[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def told(self) -> str:
        """The problems in the current language, a line each."""
        return "\n".join(problem.told() for problem in self.problems)


class RunError(Exception):
    """A run failed for a reason that is not in the user's input (exit code 1).

    Parameters
    ----------
    reason
        In words, a `spvrisk.catalogue.phrase` where it has figures.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)

    def told(self) -> str:
        """The reason in the current language."""
        return looked_up(self.args[0])
