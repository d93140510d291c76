"""Keys of the model that the engine does not act on yet, and where docs/model.md describes them."""

RESERVED: dict[str, int] = {
    "pooling": 8,
    "adjust": 8,
    "catch_up": 8,
    "stack": 9,
    "insurer": 9,
    "loans": 9,
}
"""Section of docs/model.md by key."""


def not_yet(key: str) -> str | None:
    """Rule that a reserved key breaks, or None if the key is not reserved."""
    section = RESERVED.get(key)
    return None if section is None else f"not supported yet (section {section} of docs/model.md)"
