"""What shipped studies compute stays, bit for bit, while the code around it is turned over.

Each study's digest is that of the data of all variables of its result, whatever they are called and in whatever order;
the series of ``/conditional`` are put in the order in which the digests were taken.
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
from spvrisk.experiments.run import run_study, settings_of

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "tests" / "data" / "digests.json"
STUDIES = sorted([*ROOT.glob("configs/*.yaml"), *ROOT.glob("tests/data/*.yaml")])
PATHS = 2000
ORDER = """
funded completed cancelled declined cost cost_overrun overrun_sampled delay_months npv_funder pv_host developer_fee
vendor_margin supply_chain_benefit irr_funder moic_funder payback_years recovery_years deemed_share deemed_open
caught_up insurer_claims insurer_net npv_banks npv_policy_bank bank_loss policy_bank_loss
""".split()
"""Outputs of a unit in the order in which the digests were taken."""


def in_order(item: h5py.Dataset) -> np.ndarray:
    """Data of a variable, its series in the order of the digests."""
    data = item[...]
    if item.ndim < 2 or not len(item.dims[1]) or item.dims[1][0].name != "/conditional/series":
        return data
    names = [name.rpartition(".") for name in item.dims[1][0].attrs["flag_meanings"].decode().split()]
    units = list(dict.fromkeys(unit for unit, _, _ in names))
    places = [
        (units.index(unit), ORDER.index(quantity) if quantity in ORDER else s)
        for s, (unit, _, quantity) in enumerate(names)
    ]
    return data[:, np.array(sorted(range(len(names)), key=places.__getitem__))]


def digest_of(study: Path, folder: Path) -> str:
    """Digest of the data of a short run."""
    loaded = load(study)
    out = run_study(loaded, folder / "r.h5", settings_of(loaded, PATHS, None, None), overwrite=True)
    found: list[str] = []

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("provenance") and item.size:
            data = np.ascontiguousarray(in_order(item))
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
