"""How two resolved studies differ."""

import re
from typing import Any

Change = tuple[str, Any, Any]
"""Path of a key, its value in the first study and in the other."""

_APART = re.compile(
    r"run|output|study\.title|(events|offtakers|parties|pipelines|projects|regimes)\.[^.]+\.title"
    r"|pipelines\.[^.]+\.template\.title|events\.[^.]+\.outcomes\.[^.]+\.title|regimes\.[^.]+\.states\.[^.]+\.title"
)
"""Paths of what is no difference. Titles are known by their places: a part of a study may be named ``title``."""


def changes(base: Any, other: Any, path: str = "") -> list[Change]:
    """Paths at which two resolved studies differ, with both values; titles and sizes of runs are no difference.

    Parameters
    ----------
    base, other
        Studies, or parts of them, as their ``config_json`` reads; None where a side has no such part.
    path
        Dotted path of the part from the study.
    """
    blocks = [item for item in (base, other) if isinstance(item, dict)]
    if blocks and all(item is None or isinstance(item, dict) for item in (base, other)):
        out: list[Change] = []
        for key in dict.fromkeys(key for block in blocks for key in block):
            here = f"{path}.{key}".lstrip(".")
            if not _APART.fullmatch(here):
                out += changes((base or {}).get(key), (other or {}).get(key), here)
        return out
    return [] if base == other else [(path, base, other)]
