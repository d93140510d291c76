"""On what shards are computed: threads of this process, processes of this machine, or the workers of a cluster.

None of it changes a number.
"""

from typing import NamedTuple

LOCAL = "local"
"""In the place of a scheduler's address: workers on this machine, which are started for the run."""


class Threads(NamedTuple):
    """Threads of this process.

    Attributes
    ----------
    threads
        How many, for the shards and for the statistics; None: what the study says under ``run``, else one for each
        processor.
    """

    threads: int | None = None


class Processes(NamedTuple):
    """Processes of this machine.

    Attributes
    ----------
    processes
        How many; None: one for each processor.
    threads
        Of this process, for the statistics; see `Threads`.
    """

    processes: int | None = None
    threads: int | None = None


class Cluster(NamedTuple):
    """Workers of a dask cluster.

    Attributes
    ----------
    address
        Of its scheduler, as ``tcp://10.0.0.1:8786``; ``local``: a cluster on this machine, for this call alone.
    workers
        How many are started if it is ``local``; None: as many as threads.
    threads
        Of this process, for the statistics; see `Threads`.
    """

    address: str = LOCAL
    workers: int | None = None
    threads: int | None = None


On = Threads | Processes | Cluster

THREADS = Threads()
"""What computes where nothing else is asked for."""
