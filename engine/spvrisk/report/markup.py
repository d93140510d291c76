"""HTML that cannot be broken by what stands in it: whatever is not made here is escaped."""

import json
from html import escape
from typing import Any

_VOID = frozenset({"br", "link", "meta"})
"""Elements without an end."""


class Html(str):
    """What is HTML already."""

    __slots__ = ()


def element(tag: str, *children: str | None, **attributes: str | float | bool | None) -> Html:
    """Make an element.

    Parameters
    ----------
    tag
        Its name.
    children
        What is in it: text, which is escaped, or `Html`, which is not; None is left out.
    attributes
        An underscore stands for a hyphen, at the end for nothing: ``class_``. True is an attribute without a value;
        None and False are left out.

    Examples
    --------
    >>> element("p", "1 < 2", element("b", "so"), class_="note", hidden=True)
    '<p class="note" hidden>1 &lt; 2<b>so</b></p>'
    """
    given = "".join(_attribute(name, value) for name, value in attributes.items())
    end = "" if tag in _VOID else f"</{tag}>"
    return Html(f"<{tag}{given}>{concatenated(*children)}{end}")


def concatenated(*children: str | None) -> Html:
    """Put what may stand in an element behind each other.

    Parameters
    ----------
    children
        As of `element`.
    """
    return Html("".join(each if isinstance(each, Html) else escape(each) for each in children if each is not None))


def script_data(found: Any, name: str) -> Html:
    r"""Make an element with data for a script, out of which no text can come.

    Parameters
    ----------
    found
        Plain values.
    name
        Class of the element.

    Examples
    --------
    >>> script_data({"title": "</script>"}, "chart")
    '<script type="application/json" class="chart">{"title":"\\u003c/script>"}</script>'
    """
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return element("script", Html(text), type="application/json", class_=name)


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    named = name.rstrip("_").replace("_", "-")
    return f" {named}" if value is True else f' {named}="{escape(str(value))}"'
