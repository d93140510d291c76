"""Version of the package, and of the numbers that it computes."""

__version__ = "0.1.0"

NUMBERS_VERSION = 6
"""Rises whenever the same study and seed give other numbers; stored in every result."""
