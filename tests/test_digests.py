"""What shipped studies compute stays, bit for bit, while the code around it is turned over.

Each study's digest is that of the data of all variables of its result but its inputs, whatever they are called and in
whatever order.
``python tests/test_digests.py`` writes the digests anew; a change of them belongs to a new `numbers_version`.
"""

import hashlib
import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from spvrisk.config import load
from spvrisk.dataset.content import canonical_bytes
from spvrisk.experiments.kept import Manner
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import settings_of

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "tests" / "data" / "digests.json"
STUDIES = sorted([*ROOT.glob("configs/*.yaml"), *ROOT.glob("tests/data/*.yaml")])
PATHS = 2000


def digest_of(study: Path, folder: Path) -> str:
    """Digest of the data of a short run, without its outer runs."""
    loaded = load(study, {"run.uncertainty": None})
    out = run_study(loaded, folder / "r.h5", settings_of(loaded, PATHS, None), Manner(overwrite=True))
    found: list[str] = []

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith(("provenance", "inputs")) and item.size:
            data = np.ascontiguousarray(item[...])
            found.append(hashlib.sha256(canonical_bytes(data)).hexdigest())

    with h5py.File(out) as file:
        file.visititems(note)
    return hashlib.sha256("".join(sorted(found)).encode()).hexdigest()


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.stem)
def test_digest__is_what_it_was(study, tmp_path):
    assert digest_of(study, tmp_path) == json.loads(FILE.read_text(encoding="utf-8"))[study.stem]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        digests = {study.stem: digest_of(study, Path(name)) for study in STUDIES}
    FILE.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
    print(f"{len(digests)} studies", file=sys.stderr)
