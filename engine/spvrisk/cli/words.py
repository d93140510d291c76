"""Words that several commands write."""


def counted(number: int, thing: str) -> str:
    """A number of things: ``1 path``, ``2,000 paths``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
