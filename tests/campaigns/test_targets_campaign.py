"""Machine code of every target gives the same values, and wrong code is refused (`make campaign`; 20 minutes).

Writes ``docs/validation/targets.md``.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from llvmlite import binding

import spvrisk
from spvrisk.config import load
from spvrisk.kernel.cache import sources_digest
from spvrisk.kernel.target import FOREIGN, native
from spvrisk.plan.compile import compile_study
from spvrisk.runner.proof import packed_plans

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "validation" / "targets.md"
STUDIES = {
    "starter": ROOT / "engine" / "spvrisk" / "data" / "starter.yaml",
    "every_clause": ROOT / "tests" / "data" / "every_clause.yaml",
    "pipeline": ROOT / "tests" / "data" / "pipeline.yaml",
    "main": ROOT / "configs" / "japan_us_2026.yaml",
}
WIDE = {"x86-64-v4", "skylake-avx512", "icelake-server", "sapphirerapids", "znver4", "znver5"}
HAS_WIDE = binding.get_host_cpu_features().get("avx512vbmi2", False)
BY_NAME = {target.name: target for target in FOREIGN}
NARROW = [
    BY_NAME[name]._replace(name=f"{name}, 256-bit", features="+prefer-256-bit") for name in ("znver5", "skylake-avx512")
]
CASES = [
    *((target, "3") for target in FOREIGN),
    *((target, "3") for target in NARROW),
    *((BY_NAME[name], opt) for name in ("znver5", "skylake-avx512", "x86-64-v3") for opt in ("1", "2")),
]

PROGRAM = """
import hashlib, io, json, lzma, sys
import spvrisk.runner.proof as proof
own = proof.prove_here()
shipped = proof._shipped
proof._shipped = lambda name: open(sys.argv[1], "rb").read() if name.endswith(".xz") else shipped(name)
found = proof.digests(proof.shipped_plans())
digest = {name: hashlib.sha256(json.dumps(series).encode()).hexdigest()[:16] for name, series in found.items()}
print(json.dumps({"stamp": own.stamp, "digest": digest, "seconds": own.compile_seconds}))
"""


def environment(target, cache, package=ROOT / "engine", **more):
    env = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    return {**env, **target.environment(), "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(package), **more}


def plans_file(folder):
    plans = []
    for name, file in STUDIES.items():
        plan, labels, _ = compile_study(load(file).study)
        plans.append((name, plan, [f"{unit}/{quantity}" for unit, quantity in labels.series]))
    file = folder / "plans.xz"
    file.write_bytes(packed_plans(plans))
    return file


def row_of(case, plans, cache):
    """Cells of a target: where it ran, the kernel, what its self-test says, digests on the plans of whole studies.

    None where the machine lacks its instructions.
    """
    target, opt = case
    if target.cpu in WIDE and not HAS_WIDE:
        return None
    env = environment(target, cache, NUMBA_OPT=opt)
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(plans)], env=env, capture_output=True, text=True)
    if done.returncode:
        assert done.returncode == -4, done.stderr[-2000:]
        return None
    told = json.loads(done.stdout)
    return [binding.get_host_cpu_name(), sources_digest()[:8], told["stamp"][0], *told["digest"].values()]


def rows_of(page):
    """Cells of the rows of a page by target and level of the compiler."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("|")]
    return {(target, opt): rest for target, opt, *rest in cells[2:]}


def page(rows):
    """The table that is kept."""
    lines = [
        "# Machine code of every target",
        "",
        "Made by `make campaign`. Each target's code of the whole kernel, compiled and run, on the plans of the",
        "self-test and, 300 paths each, of four studies. Equal digests are equal bits of every series, timeline,",
        "occupancy and fan. NUMBA_OPT is the level of the compiler; 3 is the default. Rows of targets whose",
        "instructions the last machine lacks are of an earlier one: *run on* is the machine's own target, *kernel*",
        "the digest of the sources, where it starts.",
        "",
        "| target | NUMBA_OPT | run on | kernel | self-test | " + " | ".join(STUDIES) + " |",
        "|" + "---|" * (5 + len(STUDIES)),
    ]
    lines += [f"| {target} | {opt} | {' | '.join(rest)} |" for (target, opt), rest in rows.items()]
    return "\n".join(lines) + "\n"


def test_every_target__equal_values(tmp_path):
    plans = plans_file(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda case: row_of(case, plans, tmp_path / "cache"), CASES))
    earlier = rows_of(PAGE.read_text(encoding="utf-8"))
    names = [(target.name, opt) for target, opt in CASES]
    never = ["-", "-", "cannot run here", *["-"] * len(STUDIES)]
    rows = {name: row or earlier.get(name, never) for name, row in zip(names, found, strict=True)}
    PAGE.write_text(page(rows), encoding="utf-8")
    ran = [row for row in rows.values() if row is not never]
    assert any(found) and all(row[2] == "passed" for row in ran)
    assert all(row[3:] == ran[0][3:] for row in ran)


FALL_BACK = """
import json, warnings
from spvrisk.runner import proof
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    found = proof.prepare()
expected = json.loads(proof._shipped("self_test.json"))["digests"]
wrong = proof.differing(proof.digests(proof.shipped_plans()), expected)
print(json.dumps({"target": found.target.name, "said": [str(c.message) for c in caught], "wrong": wrong}))
"""


WRONG = """from spvrisk.kernel.cache import settled

_FACTOR = 1.0 + 2.0**-40 if settled().cpu == {cpu!r} else 1.0
"""


def test_wrong_code_for_one_target__is_refused_and_a_safer_one_used(tmp_path):
    """A copy of the package whose kernel computes the host's cash wrong for this machine's target alone."""
    package, target = tmp_path / "spvrisk", native()
    shutil.copytree(Path(spvrisk.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    split = package / "kernel" / "split.py"
    text, line = split.read_text(encoding="utf-8"), "    return tier, funder, cash - funder\n"
    assert text.count(line) == text.count("\n# ---- clauses\n") == 1
    text = text.replace("\n# ---- clauses\n", "\n" + WRONG.format(cpu=target.cpu))
    split.write_text(text.replace(line, "    return tier, funder, (cash - funder) * _FACTOR\n"), encoding="utf-8")
    shipped = package / "data" / "self_test.json"
    env = environment(target, tmp_path / "cache", tmp_path)
    program = "from spvrisk.kernel.cache import sources_digest; print(sources_digest())"
    own = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True).stdout
    released = shipped.read_text(encoding="utf-8")
    shipped.write_text(released.replace(sources_digest(), own.strip()), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", FALL_BACK], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    print(told)
    assert told["target"] != target.name and told["wrong"] == []
    assert len(told["said"]) == 1 and target.name in told["said"][0] and told["target"] in told["said"][0]
