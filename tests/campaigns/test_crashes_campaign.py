"""Runs that are killed, ended or starved of disk at random moments, and gone on with (budget: 15 minutes).

What was found is kept in ``docs/validation/crashes.md``.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import h5py
import pytest

import spvrisk
from spvrisk.dataset.place import run_folder

STARTER = str(Path(spvrisk.__file__).parent / "data" / "starter.yaml")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation" / "crashes.md"
KILLS, ENDS, FULL_DISKS = 100, 20, 20
PATHS, LEAVES, WORKERS = 600_000, 2, 2
SHARDS = -(-PATHS // (LEAVES * 4096))
BEFORE, SEED = 200_000, 2026

PHASES = {"computing": ("running", 1.5), "assembling": ("summarising", 0.6), "writing": ("writing", 0.4)}
"""Line after which a run is hit, and the seconds within which it is."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and file systems of Linux")


def command(out, paths=PATHS, *options):
    settings = ["--set", f"run.leaves_per_shard={LEAVES}", "--workers", str(WORKERS)]
    return [
        sys.executable,
        "-m",
        "spvrisk",
        "run",
        STARTER,
        "--paths",
        str(paths),
        "--out",
        str(out),
        *settings,
        *options,
    ]


def done(line):
    found = subprocess.run(line, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found


def content(file):
    with h5py.File(file) as result:
        return result.attrs["content_sha256"]


class Hit(NamedTuple):
    """How a run ended that was hit: its exit code, shards in its folder, and what it said."""

    code: int
    kept: int
    said: str


def hit(line, phase, sent, rng):
    """Start a run, send it a signal at a random moment of a phase, and see what is left."""
    stage, seconds = PHASES[phase]
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=heeding
    ) as run:
        assert run.stderr is not None
        said = []
        for text in run.stderr:
            said.append(text)
            if text.startswith(stage):
                break
        time.sleep(rng.uniform(0, seconds))
        run.send_signal(sent)
        said.append(run.stderr.read())
        code = run.wait()
    out = Path(line[line.index("--out") + 1])
    return Hit(code, len(list(run_folder(out).glob("*.shard"))), "".join(said))


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "r.h5"
    done(command(out))
    return content(out)


@pytest.fixture(scope="module")
def shorter(tmp_path_factory):
    """A finished run of fewer paths with its shards, to be extended."""
    out = tmp_path_factory.mktemp("shorter") / "r.h5"
    done(command(out, BEFORE, "--keep"))
    return out


@pytest.fixture(scope="module")
def report():
    """Lines of the page, written at the end."""
    lines: dict[str, str] = {}
    yield lines
    if len(lines) == 3:
        head = (
            "# Runs that crash\n\nMade by `make campaign` (tests/campaigns/test_crashes_campaign.py): "
            f"the starter study, {PATHS:,} paths in {SHARDS} shards on {WORKERS} threads.\n"
        )
        PAGE.write_text("\n".join([head, *lines.values()]) + "\n", encoding="utf-8")


def from_shorter(shorter, folder):
    """Copy the finished run and its shards."""
    subprocess.run(["cp", "-r", str(shorter), f"{shorter}.run", str(folder)], check=True)


def test_killed__at_any_moment_and_gone_on_with(expected, shorter, report):
    """What is there after a kill counts; nothing that is whole is computed again, and the content is the same."""
    rng, found, again = random.Random(SEED), Counter(), Counter()
    for n in range(KILLS):
        phase, extends = list(PHASES)[n % len(PHASES)], n % 4 == 3
        with tempfile.TemporaryDirectory() as name:
            out = Path(name) / "r.h5"
            if extends:
                from_shorter(shorter, Path(name))
            line = command(out, PATHS, "--keep")
            ended = hit(line, phase, signal.SIGKILL, rng)
            before = content(out) if out.exists() else None
            assert before in (None, expected) if not extends else before is not None
            journal = run_folder(out) / "journal.jsonl"
            whole = len(journal.read_text(encoding="utf-8").splitlines()) if journal.exists() else 0
            done([*line, "--resume"])
            assert content(out) == expected, (n, phase)
            lines = [json.loads(text) for text in journal.read_text(encoding="utf-8").splitlines()]
            twice = len(lines) - len({(text["first"], text["last"]) for text in lines})
            assert twice == 0 and whole <= len(lines)
            found["extending" if extends else phase] += 1
            again["finished" if ended.code == 0 else "killed"] += 1
    report["killed"] = (
        f"- **SIGKILL** at {KILLS} random moments ({', '.join(f'{k} {v}' for k, v in found.items())}; "
        f"{again['finished']} had just finished): {KILLS} of {KILLS} went on to the same `content_sha256`; "
        "no shard that was on the disk was computed again."
    )


def test_ended__by_sigterm_and_gone_on_with(expected, report):
    """Exit code 143, a word on how to go on, and the shards kept, also where they were in memory."""
    rng, kept = random.Random(SEED + 1), []
    for n in range(ENDS):
        with tempfile.TemporaryDirectory() as name:
            out = Path(name) / "r.h5"
            line = command(out, PATHS, *(["--keep"] if n % 2 else []))
            ended = hit(line, list(PHASES)[n % len(PHASES)], signal.SIGTERM, rng)
            if ended.code:
                if out.exists():  # -15: Python was about to leave, and had given its signals back
                    assert content(out) == expected and ended.code in (143, -15), ended
                    continue
                assert ended.code == 143, ended
                assert f"{ended.kept} of {SHARDS} shards are kept" in ended.said or "Nothing was done" in ended.said
                kept.append(ended.kept)
            done([*line, "--resume"])
            assert content(out) == expected
    report["ended"] = (
        f"- **SIGTERM** {ENDS} times, shards in memory and on the disk in turn: {len(kept)} runs were ended with exit "
        f"code 143 and kept {min(kept)} to {max(kept)} shards, the others had finished; "
        "all went on to the same content."
    )


@contextmanager
def disk(size):
    """A file system of so many bytes."""
    with tempfile.TemporaryDirectory() as name:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", name], capture_output=True, check=False
        )
        if made.returncode:
            pytest.skip("file systems cannot be mounted here")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


def test_full_disk__is_told_and_loses_nothing(expected, report):
    """Disks that take hardly the result up to those that take all: exit 1 or 2, a sentence, no half-written file."""
    whole, codes = SHARDS * LEAVES * 4096 * 8 * 64, Counter()
    for n in range(FULL_DISKS):
        with disk(int(whole * (0.03 + 1.9 * n / FULL_DISKS))) as folder:
            out = folder / "r.h5"
            # a disk budget that is beyond the disk: it fills up meanwhile
            line = command(out, PATHS, "--keep", "--set", "run.disk_mib=100000")
            ended = subprocess.run(line, capture_output=True, text=True, check=False)
            codes[ended.returncode] += 1
            assert "Traceback" not in ended.stderr, ended.stderr
            assert out.exists() == (ended.returncode == 0)
            if ended.returncode:
                assert "space" in ended.stderr, ended.stderr
                assert not list(folder.glob("r.h5.run/*.part")) and not list(folder.glob("r.h5.run/.*.tmp"))
                subprocess.run(["mount", "-o", f"remount,size={3 * whole}", str(folder)], check=True)
                done([*line, "--resume"])
            assert content(out) == expected
    report["full"] = (
        f"- **Full disks** ({FULL_DISKS} of different sizes): {codes[1]} runs ended with exit code 1 and a sentence, "
        f"{codes[2]} were refused before they started, {codes[0]} had room; "
        "with more room each went on to the same content."
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts")
def test_read_only__is_told_at_once():
    with disk(10**7) as folder:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        ended = subprocess.run(command(folder / "r.h5"), capture_output=True, text=True, check=False)
        assert ended.returncode in (1, 2) and "Traceback" not in ended.stderr
        assert "read-only" in ended.stderr or "writable" in ended.stderr
        assert "running" not in ended.stderr
