"""The register of assumptions as plain JSON values."""

from datetime import date
from typing import Any

from spvrisk.config.reading.grounds import CONFIDENCES
from spvrisk.config.register import Register

ASSUMPTIONS_SCHEMA = "spvrisk.assumptions/1"
"""Format; its number rises when a reader of the former would misread it."""


def assumptions_json(found: Register) -> dict[str, Any]:
    """Give the register.

    ``assumptions`` has ``path, value, unit, source, confidence, changed, place``; what is empty is null. ``counts`` are
    by confidence, with ``changed`` and ``without_source``; the latter's paths are listed under that name, too.
    """
    return {
        "schema": ASSUMPTIONS_SCHEMA,
        "study": found.title,
        "counts": {
            **{name: found.how_many(name) for name in CONFIDENCES},
            "changed": found.changed,
            "without_source": len(found.without_source),
        },
        "assumptions": [
            {**{key: item or None for key, item in each._asdict().items()}, "value": _plain(each.value)}
            for each in found.assumptions
        ],
        "without_source": list(found.without_source),
    }


def _plain(value: Any) -> Any:
    """A value without what JSON cannot say: dates as texts, what is infinite as null."""
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case date():
            return value.isoformat()
        case float() if value - value != 0.0:
            return None
    return value
