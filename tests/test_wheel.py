"""What the wheel carries: the studies of configs/, from which `init` gives them outside of a clone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import spvrisk

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
TELL = "import spvrisk; print(spvrisk.__file__, spvrisk.load(spvrisk.init('mine', kind='japan_us')).digest)"


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.yaml")}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """What a wheel would hold."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def test_wheel__has_the_studies_as_they_are(built):
    assert files(built / "spvrisk" / "studies") == files(CONFIGS)
    assert len(files(CONFIGS)) > 25
    assert (built / "spvrisk" / "py.typed").exists() and (built / "spvrisk" / "data" / "starter.yaml").exists()


def test_wheel__has_what_draws_reports(built):
    page = built / "spvrisk" / "report" / "page"
    assert {file.name for file in page.iterdir()} >= {"page.css", "page.js", "plot.min.js"}


def test_init__outside_of_a_clone_writes_the_main_study(built, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(built)}
    command = [sys.executable, "-P", "-c", TELL]
    out = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True).stdout
    assert out.split() == [
        str(built / "spvrisk" / "__init__.py"),
        spvrisk.load(CONFIGS / "japan_us_2026.yaml").digest,
    ]


def test_source__has_the_studies_too():
    assert (ROOT / "MANIFEST.in").read_text(encoding="utf-8").split() == ["recursive-include", "configs", "*.yaml"]
    assert all(path.suffix == ".yaml" for path in CONFIGS.rglob("*") if path.is_file())
