"""What was found of a file's soundness as plain JSON values."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spvrisk.experiments.verify import Verified

VERIFY_SCHEMA = "spvrisk.verify/1"
"""Format; the number rises when a reader of the former would misread it."""


def verified_json(found: "Verified") -> dict[str, Any]:
    """What was found of a result's soundness: ``sound``, and each check with its outcome.

    Parameters
    ----------
    found
        As from `spvrisk.verify`.
    """
    checks = [{"check": check.name, "sound": check.sound, "found": check.found} for check in found.checks]
    return {"schema": VERIFY_SCHEMA, "file": found.place, "sound": found.sound, "checks": checks}
