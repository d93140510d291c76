"""How many paths a row of the workspace holds: a constant of the compiled code."""

LANES = 64
"""Paths per row; results are the same bits for any power of two from 16 to 4096 (``docs/performance.md`` says why
not more)."""
