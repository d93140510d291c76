"""Runs on clusters whose workers and schedulers are killed, and who computes what (budget: 5 minutes).

What was found is kept in ``docs/validation/cluster.md``.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import h5py
import pytest

import spvrisk
from dask_nodes import ended, scheduler, start_worker, workers
from namespaces import namespaces, without

STARTER = str(Path(spvrisk.__file__).parent / "data" / "starter.yaml")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation" / "cluster.md"
PATHS, LEAVES, SEED = 400_000, 2, 2026
SHARDS = -(-PATHS // (LEAVES * 4096))
WORKERS_KILLED, SCHEDULERS_KILLED = 20, 5
OTHER = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": ""}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and namespaces of Linux")


def command(out, *options):
    settings = ["--set", f"run.leaves_per_shard={LEAVES}", "--paths", str(PATHS), "--out", str(out)]
    return [sys.executable, "-m", "spvrisk", "run", STARTER, *settings, *map(str, options)]


def started(line):
    """Start a run that heeds Ctrl-C, also where whoever runs the tests does not."""
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=heeding)


def done(line):
    found = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
    assert found.returncode == 0, found.stderr
    return found


def content(file):
    with h5py.File(file) as result:
        return result.attrs["content_sha256"]


def machines(file):
    with h5py.File(file) as result:
        return json.loads(bytes(result["provenance/machines_json"][...]))


def shards_of(out):
    return len(list(Path(f"{out}.run").glob("*.shard")))


def until_shards(out, n, run):
    """Wait until a run has put so many shards into its folder, or has ended."""
    while shards_of(out) < n and run.poll() is None:
        time.sleep(0.02)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "r.h5"
    done(command(out, "--workers", 1))
    return content(out)


@pytest.fixture(scope="module")
def report():
    """Lines of the page, written at the end."""
    lines: dict[str, str] = {}
    yield lines
    if len(lines) == 5:
        head = (
            "# Runs on clusters\n\nMade by `make campaign` (tests/campaigns/test_cluster_campaign.py): the starter "
            f"study, {PATHS:,} paths in {SHARDS} shards; all machines of these clusters are processes of one, so that "
            "nothing here tells of speed.\n"
        )
        PAGE.write_text("\n".join([head, *lines.values()]) + "\n", encoding="utf-8")


def test_content__whoever_computes(expected, report, tmp_path):
    ways = [("--workers", 2), ("--processes", 2), ("--processes", 4)]
    ways += [("--cluster", "local", "--workers", n, *keep) for n in (2, 4) for keep in ((), ("--keep",))]
    for i, way in enumerate(ways):
        done(command(tmp_path / f"{i}.h5", *way))
        assert content(tmp_path / f"{i}.h5") == expected, way
    told = "; ".join(" ".join(map(str, way)) for way in ways)
    report["equal"] = f"- **Equal content**: `--workers 1` and each of `{told}` gave the same `content_sha256`."


def test_content__in_namespaces(expected, report, tmp_path):
    """A scheduler and two machines: a worker of one sees no shared folder, one of the other has another target."""
    with ExitStack() as stack:
        try:
            chief, first, second = stack.enter_context(namespaces(3))
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("namespaces cannot be made here")
        warmup = [sys.executable, "-m", "spvrisk", "warmup"]
        subprocess.run(warmup, env={**os.environ, **OTHER}, check=True, capture_output=True)
        address = stack.enter_context(scheduler(tmp_path, chief.host, 0, chief.within)).address
        shared = tmp_path / "shared"
        shared.mkdir()
        for node, within, environment in (
            (first, first.within, {}),
            (first, without(shared, first.within), {}),
            (second, second.within, OTHER),
            (second, without(shared, second.within), OTHER),
        ):
            there = {"within": within, "host": node.host, "environment": environment}
            stack.enter_context(workers(address, 1, **there))
        out, found = shared / "r.h5", []
        # a run goes on while a worker gets ready: until all of them take part
        for _ in range(30):
            done(command(out, "--scheduler", address, "--keep", "--overwrite"))
            assert content(out) == expected
            found, pids = machines(out), journal_pids(out)
            for file in Path(f"{out}.run").iterdir():
                file.unlink()
            if len(found) == 4:
                break
        targets = sorted({machine["target"] for machine in found})
        assert len(found) == 4 and len(targets) == 2 and {machine["self_test"] for machine in found} == {"passed"}
        assert len(pids) == 3  # two workers with the folder, and the run itself for those without
    report["namespaces"] = (
        f"- **Three network namespaces** (scheduler, two machines with two workers each; one of each does not see the "
        f"folder, those of the second make code for {OTHER['NUMBA_CPU_NAME']}): the same `content_sha256`; /provenance "
        f"names four workers and the targets {' and '.join(targets)}."
    )


def journal_pids(out):
    text = (Path(f"{out}.run") / "journal.jsonl").read_text(encoding="utf-8")
    return {json.loads(line)["pid"] for line in text.splitlines()}


def test_killed__workers(expected, report, tmp_path):
    """Workers are killed at random moments, and others join for them."""
    rng, killed, runs = random.Random(SEED), 0, 0
    with scheduler(tmp_path) as chief, ExitStack() as stack:
        crew = [start_worker(chief.address) for _ in range(3)]
        stack.callback(lambda: [ended(worker) for worker in crew])
        while killed < WORKERS_KILLED:
            out = tmp_path / f"{runs}.h5"
            run = started(command(out, "--scheduler", chief.address, *(["--keep"] if runs % 2 else [])))
            timer = threading.Timer(240, run.kill)
            timer.start()
            while run.poll() is None:
                time.sleep(rng.uniform(0.3, 1.5))
                if run.poll() is None and killed < WORKERS_KILLED:
                    i = rng.randrange(len(crew))
                    ended(crew[i])
                    killed, crew[i] = killed + 1, start_worker(chief.address)
            timer.cancel()
            assert run.returncode == 0, run.stderr.read()
            assert content(out) == expected
            runs += 1
    report["workers"] = (
        f"- **SIGKILL of a worker** {killed} times at random moments of {runs} runs on three workers, another joining "
        "each time, shards in the folder and as messages in turn: all runs ended well, with the same content."
    )


def test_killed__schedulers(expected, report, tmp_path):
    """The run ends with code 1 and a sentence; what was done is kept, and gone on with by another cluster."""
    rng, kept = random.Random(SEED + 1), []
    for n in range(SCHEDULERS_KILLED):
        out = tmp_path / f"{n}.h5"
        with scheduler(tmp_path) as chief, workers(chief.address, 2):
            run = started(command(out, "--scheduler", chief.address, "--keep"))
            until_shards(out, rng.randint(1, SHARDS * 2 // 3), run)
            chief.process.kill()
            said = run.communicate(timeout=60)[1]
            assert run.returncode == 1 and not out.exists(), said
            assert "the scheduler of the cluster has ended" in said and "Traceback" not in said
            told = int(re.search(rf"(\d+) of {SHARDS} shards are kept", said).group(1))
            assert told <= shards_of(out) <= told + 2  # workers outlive the scheduler, and end what they are at
            kept.append(told)
        done(command(out, *(["--cluster", "local"] if n % 2 else []), "--workers", 2, "--resume"))
        assert content(out) == expected
    report["schedulers"] = (
        f"- **SIGKILL of the scheduler** {SCHEDULERS_KILLED} times: exit code 1 and a sentence, {min(kept)} to "
        f"{max(kept)} of {SHARDS} shards kept; `--resume`, on threads and on another cluster in turn, came to "
        "the same content."
    )


def test_stopped__a_worker_and_the_run(expected, report, tmp_path):
    """A worker that hangs does not hold the end; Ctrl-C leaves workers that are free for others."""
    with scheduler(tmp_path) as chief, workers(chief.address, 2) as (first, _):
        out = tmp_path / "hangs.h5"
        run = started(command(out, "--scheduler", chief.address, "--keep"))
        until_shards(out, 5, run)
        first.send_signal(signal.SIGSTOP)
        said = run.communicate(timeout=120)[1]
        first.send_signal(signal.SIGCONT)
        assert run.returncode == 0 and content(out) == expected, said
        out = tmp_path / "stopped.h5"
        run = started(command(out, "--scheduler", chief.address, "--keep"))
        until_shards(out, 5, run)
        run.send_signal(signal.SIGINT)
        began, said = time.monotonic(), run.communicate(timeout=60)[1]
        seconds = time.monotonic() - began
        assert run.returncode == 130 and "shards are kept" in said and seconds < 10, said
        done(command(out, "--scheduler", chief.address, "--resume"))
        assert content(out) == expected
    report["stopped"] = (
        "- **SIGSTOP of one worker of two**: the run ended well without it. **Ctrl-C**: exit code 130, shards kept; "
        "the same workers then went on with `--resume`, to the same content."
    )
