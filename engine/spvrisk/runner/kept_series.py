"""Series of whole jobs in a folder: what many jobs are compared by, so that none is computed twice.

A file a job, by its id and its paths, written aside and renamed; it has the form of what is left of a shard, that of a
shard which has all paths of the job.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from spvrisk.files import remove, replacing
from spvrisk.plan.arrays import Floats
from spvrisk.plan.shared import LEAF
from spvrisk.runner.job import Job
from spvrisk.runner.stored import rows_bytes, rows_of

_SERIES, _HALF_WRITTEN = ".series", ".*.tmp"


class KeptSeries:
    """Series that are kept in a folder.

    Parameters
    ----------
    folder
        Is there, and nobody else writes to it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for file in folder.glob(_HALF_WRITTEN):  # of processes that were killed
            remove(file)

    def get(self, job: Job, series: Sequence[int]) -> Floats | None:
        """Give series of a job, ``(series, path)`` float64; None where one of them is not there, or not whole.

        Parameters
        ----------
        job
            The job; of another number of paths nothing counts, nor of a plan that differs in last digits.
        series
            Their numbers, in the order of `Labels.series`.
        """
        with suppress(OSError, ValueError):
            return rows_of(self._file(job).read_bytes(), _whole(job), 0, series)
        return None

    def has(self, job: Job) -> bool:
        """Tell whether series of a job are there, be they those that are wanted or not.

        Parameters
        ----------
        job
            As of `get`.
        """
        return self._file(job).exists()

    def put(self, job: Job, series: Sequence[int], values: Floats) -> None:
        """Keep series of a job, in the place of those that are there.

        Parameters
        ----------
        job, series
            As of `get`.
        values
            ``(series, path)`` float64.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        with replacing(self._file(job)) as temporary, temporary.open("wb") as file:
            file.writelines(rows_bytes(dict(zip(series, values, strict=True)), _whole(job), 0))

    def keep_only(self, jobs: Iterable[Job]) -> None:
        """Remove what is kept of other jobs.

        Parameters
        ----------
        jobs
            Those that are still of use.
        """
        of_use = {self._file(job) for job in jobs}
        for file in set(self._folder.glob(f"*{_SERIES}")) - of_use:
            remove(file)

    def _file(self, job: Job) -> Path:
        return self._folder / f"{job.id[:32]}-{job.paths}{_SERIES}"


def _whole(job: Job) -> Job:
    """The job with a single shard."""
    return replace(job, leaves_per_shard=-(-job.paths // LEAF), inputs=())
