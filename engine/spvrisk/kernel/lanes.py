"""How many paths a row of the workspace holds: a constant of the compiled code."""

import os

from spvrisk.plan.names import LANES as DEFAULT

_ALLOWED = (64, 128, 256)

LANES = int(os.environ.get("SPVRISK_LANES", DEFAULT))
"""Paths per row. Set by the environment variable ``SPVRISK_LANES`` (64, 128 or 256) before the kernel is first
imported; results are
the same bits for each."""

if LANES not in _ALLOWED:
    raise ValueError(f"SPVRISK_LANES must be one of {_ALLOWED}, got {LANES}")
