"""Run as a program: prints the features of the processor that NumPy uses here, and digests of plans and of tables.

The user's cache must be another one for each way of running it, or what one has made is compared with itself.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from law_cases import CASES

import spvrisk
from processors import features
from spvrisk.config import load
from spvrisk.config.laws import Law
from spvrisk.plan.compile import compile_study
from spvrisk.plan.copula import copula_map, sqrt_w_table
from spvrisk.plan.digest import plan_sha256
from spvrisk.plan.tables import TableBook

ROOT = Path(__file__).resolve().parents[2]
STUDIES = [
    *sorted((ROOT / "configs").glob("*.yaml")),
    *sorted((ROOT / "tests" / "data").glob("*.yaml")),
    Path(spvrisk.__file__).parent / "data" / "starter.yaml",
]
MORE_LAWS = {
    "poisson": {"poisson": {"mean": 30}},
    "reference_class": {"reference_class": {"mean": 0.39, "tail_share": 0.23, "tail_mean": 1.0}},
}
DEGREES = (2.1, 4.0, 33.0)


def _digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def _of_law(law: dict[str, object]) -> str:
    book = TableBook()
    book.add(Law.model_validate(law))
    return _digest(*book.tables())


def _of_copula(nu: float) -> str:
    book = TableBook()
    sqrt_w_table(book, nu)
    return _digest(*book.tables(), copula_map(nu).coefficient)


def main() -> None:
    """Print one JSON object."""
    laws = {name: law for name, (law, *_) in CASES.items()} | MORE_LAWS
    digests = {path.stem: plan_sha256(compile_study(load(path).study).plan) for path in STUDIES}
    digests |= {f"law {name}": _of_law(law) for name, law in laws.items()}
    digests |= {f"copula {nu:g}": _of_copula(nu) for nu in DEGREES}
    print(json.dumps({"features": features(), "digests": digests}))


if __name__ == "__main__":
    main()
