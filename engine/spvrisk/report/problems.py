"""Mistakes and warnings of a study as plain JSON values."""

from collections.abc import Iterable
from typing import Any

from spvrisk.errors import Problem

SCHEMA = "spvrisk.validate/1"
"""Format; the number rises when a reader of the former would misread it."""


def problems_json(digest: str | None, errors: Iterable[Problem], warnings: Iterable[Problem]) -> dict[str, Any]:
    """Give what `spvrisk.validate` found.

    Parameters
    ----------
    digest
        Of the study; None where there are errors.
    errors
        What must be mended.
    warnings
        What is allowed but probably not meant.
    """
    return {
        "schema": SCHEMA,
        "ok": digest is not None,
        "digest": digest,
        "errors": [problem.shortened()._asdict() for problem in errors],
        "warnings": [problem.shortened()._asdict() for problem in warnings],
    }
