"""The study that uses every clause, and small changes of it."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from reference.basics import given

EXAMPLE_FILE = Path(__file__).parents[1] / "data" / "every_clause.yaml"


def example_study() -> dict[str, Any]:
    """Return the compact study that uses every clause of the slice."""
    return YAML(typ="safe", pure=True).load(EXAMPLE_FILE.read_text(encoding="utf-8"))


def merged(base: Mapping, changes: Mapping) -> dict[str, Any]:
    """Return a copy of a mapping with another merged into it."""
    out = deepcopy(dict(base))
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = merged(out[key], value) if both else deepcopy(value)
    return out


def with_text(study: Mapping, text: str) -> dict[str, Any]:
    """Return a copy with the changes that a text in the config language makes."""
    return merged(study, YAML(typ="safe", pure=True).load(text))


def with_split(study: Mapping, **changes: Any) -> dict[str, Any]:
    """Return a copy with changed keys of ``agreement.split``."""
    changed = deepcopy(dict(study))
    changed["agreement"]["split"].update(changes)
    return changed


def with_cumulative(study: Mapping) -> dict[str, Any]:
    """Return a copy whose split is cumulative, without the clause that only the periodic split reads."""
    return with_split(study, mode="cumulative", interest_before_completion=False)


def with_no_split(study: Mapping, funder_share: float = 1.0) -> dict[str, Any]:
    """Return a copy with fixed shares."""
    changed = deepcopy(dict(study))
    changed["agreement"]["split"] = {"mode": "none", "funder_share": funder_share}
    for project in changed["projects"].values():
        project.pop("split", None)
    return changed


def with_carry_interest(study: Mapping) -> dict[str, Any]:
    """Return a copy whose carry bears the deemed rate."""
    return with_split(study, carry_interest="deemed_rate")


def with_gaussian(study: Mapping) -> dict[str, Any]:
    """Return a copy with the Gaussian copula, its correlations entered as rank correlations."""
    changed = deepcopy(dict(study))
    changed["correlation"] = {"copula": "gaussian", "kind": "rank", "pairs": changed["correlation"]["pairs"]}
    return changed


def with_steps(study: Mapping, m: int) -> dict[str, Any]:
    """Return a copy with another number of steps a year; seasons are replaced by waves of the same kind."""
    changed = deepcopy(dict(study))
    changed["study"]["steps_per_year"] = m
    for factor in changed["factors"].values():
        if given(factor, "season") is not None:
            additive = "vasicek" in factor["process"]
            size = 0.0 if m == 1 else (0.001 if additive else 0.1)
            signs = [1 if i % 2 == 0 else -1 for i in range(m)]
            factor["season"] = [(0.0 if additive else 1.0) + size * sign for sign in signs]
    return changed


def with_horizon(study: Mapping, years: float) -> dict[str, Any]:
    """Change where the study ends; what lies beyond never happens."""
    out = deepcopy(dict(study))
    out["study"]["horizon_years"] = years
    return out
