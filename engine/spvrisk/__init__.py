"""Risk engine for portfolios of investment SPVs."""

from spvrisk._version import __version__

__all__ = ["__version__"]
