"""What click says by itself, in the current language: its own translations know only that of the environment."""

import re
from functools import cache

from spvrisk.catalogue import WRITTEN, current, translated

CLICKS = (
    "Error: {}",
    "Try {} for help.",
    "Invalid value for {}: {}",
    "Missing argument {}.",
    "Missing option {}.",
    "{} Did you mean {}?",
    "{} (Did you mean one of: {}?)",
    "No such option {}.",
    "Got unexpected extra argument {}",
    "Got unexpected extra arguments {}",
    "Option {} requires an argument.",
    "Option {} requires {} arguments.",
    "Option {} does not take a value.",
    "{} is not in the range {}.",
    "{} is not one of {}.",
    "{} is not {}.",
    "Options",
    "Show this message and exit.",
    "Show the version and exit.",
    "default: {}",
    "required",
)
"""Texts of click that can be met here; where there are several, the first that fits counts."""


def of_click(text: str) -> str:
    """A text of click in the current language; as it is if it is none that we know.

    Parameters
    ----------
    text
        In English, with its figures.
    """
    if current() == WRITTEN:
        return text
    for template in CLICKS:
        if found := _form(template).fullmatch(text):
            return translated(template).format(*map(of_click, found.groups()))
    return text


@cache
def _form(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(r"\{\}", "(.+?)"))
