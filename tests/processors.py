"""What NumPy uses of this processor."""

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__


def features() -> list[str]:
    """Features for which NumPy has other loops, as far as this process uses them."""
    return [name for name in __cpu_dispatch__ if __cpu_features__[name]]
