"""Schedulers and workers of dask as processes of their own, which tests may kill."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import NamedTuple

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Scheduler(NamedTuple):
    process: subprocess.Popen
    address: str


def ended(process):
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()


@contextmanager
def scheduler(folder, host="127.0.0.1", port=0, within=()):
    """Start a scheduler; `within` is put before its command, as for another network namespace."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    options = ["--host", host, "--port", str(port), "--no-dashboard", "--no-show", "--scheduler-file", str(file)]
    line = [*within, sys.executable, "-m", "distributed.cli.dask_scheduler", *options]
    process = subprocess.Popen(line, **QUIET)
    try:
        yield Scheduler(process, address_in(file, process))
    finally:
        ended(process)


def address_in(file, process):
    for _ in range(300):
        with suppress(OSError, ValueError):
            return json.loads(file.read_text(encoding="utf-8"))["address"]
        assert process.poll() is None, "the scheduler ended"
        time.sleep(0.1)
    raise TimeoutError


def start_worker(address, threads=1, within=(), host="127.0.0.1", environment=()):
    """Start a worker without a nanny, so that nobody starts another when it is killed."""
    options = ["--nthreads", str(threads), "--no-nanny", "--no-dashboard", "--memory-limit", "0", "--host", host]
    line = [*within, sys.executable, "-m", "distributed.cli.dask_worker", address, *options]
    return subprocess.Popen(line, env={**os.environ, **dict(environment)}, **QUIET)


@contextmanager
def workers(address, n, **options):
    """Start so many workers; give their processes."""
    started = [start_worker(address, **options) for _ in range(n)]
    try:
        yield started
    finally:
        for process in started:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            ended(process)
