"""Every value of a run in memory, for exact order statistics, and the memory that it takes."""

import numpy as np
from numpy.typing import NDArray

from spvrisk.errors import InputError, Problem
from spvrisk.plan.names import FAN_PATHS, FANS

MIB = 1 << 20


class PathStore:
    """All values of all series, and the first paths' portfolio rows, filled leaf by leaf in any order.

    Threads may write different leaves at the same time.

    Attributes
    ----------
    values
        ``(series, path)`` float64.
    fans
        ``(fan, step, path)`` float32, of the paths with numbers below ``FAN_PATHS``.
    """

    def __init__(self, n_series: int, n_paths: int, n_steps: int) -> None:
        self.values: NDArray[np.float64] = np.empty((n_series, n_paths), np.float64)
        self.fans: NDArray[np.float32] = np.empty((len(FANS), n_steps, min(n_paths, FAN_PATHS)), np.float32)

    def put(self, first: int, values: NDArray[np.float64], fans: NDArray[np.float32] | None = None) -> None:
        """Keep a leaf's (or any consecutive paths') values.

        Parameters
        ----------
        first
            Number of the first path.
        values
            ``(series, path)`` float64.
        fans
            ``(fan, step, path)`` float32; needed for leaves that begin below ``FAN_PATHS``.
        """
        self.values[:, first : first + values.shape[1]] = values
        if fans is not None:
            room = self.fans.shape[2] - first
            self.fans[:, :, first : first + fans.shape[2]] = fans[:, :, :room]


ORDERED_AT_ONCE = 4
"""Series whose paths are put in order at the same time, at most."""

_WORDS = 2 * ORDERED_AT_ONCE + 1


def required_bytes(n_series: int, n_paths: int, n_steps: int) -> int:
    """Memory that a run's stored values take at their peak, in bytes.

    Values, fans, and what the summary holds besides: two words a path of each series that is being put in order, and
    what the path meets of the conditions.
    """
    fans = 4 * len(FANS) * n_steps * min(n_paths, FAN_PATHS)
    return 8 * (n_series + _WORDS) * n_paths + fans


def check_memory(n_series: int, n_paths: int, n_steps: int, memory_mib: int) -> None:
    """Refuse a run whose values do not fit into its memory budget, before anything is computed.

    Raises
    ------
    InputError
        With the memory needed, the budget, and what to write instead.
    """
    need = required_bytes(n_series, n_paths, n_steps)
    have = memory_mib * MIB
    if need <= have:
        return
    most = _most_paths(n_series, n_steps, have)
    raise InputError(
        Problem(
            "",
            "run.memory_mib",
            f"{n_paths:,} paths of {n_series} series must fit: they need {_mib(need)} MiB",
            str(memory_mib),
            f"set run.memory_mib to {_mib(need)} or more, or run.paths to {most} or fewer",
        )
    )


def _mib(size: int) -> int:
    return -(-size // MIB)


def _most_paths(n_series: int, n_steps: int, have: int) -> int:
    """Largest number of paths whose values fit."""
    per_path = 8 * (n_series + _WORDS)
    per_fan_path = 4 * len(FANS) * n_steps
    few = have // (per_path + per_fan_path)
    if few <= FAN_PATHS:
        return few
    return (have - per_fan_path * FAN_PATHS) // per_path
