"""What all modules of the reference share: types, and keys that may be missing."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray


LawValue = Callable[[str, Any, Array], Array]


def given(mapping: Mapping | None, key: str, default: Any = None) -> Any:
    """Return a key's value; a missing key, a missing mapping and a null are the same thing."""
    value = None if mapping is None else mapping.get(key)
    return default if value is None else value
