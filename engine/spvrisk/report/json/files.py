"""What a file is, and whether it is sound, as plain JSON values."""

from typing import TYPE_CHECKING, Any

from spvrisk.dataset.read import Result
from spvrisk.dataset.scenarios import Held
from spvrisk.plan.names import Labels

if TYPE_CHECKING:
    from spvrisk.experiments.verify import Verified

INFO_SCHEMA = "spvrisk.info/1"
VERIFY_SCHEMA = "spvrisk.verify/1"
"""Formats; a number rises when a reader of the former would misread it."""


def info_json(found: Result | Held) -> dict[str, Any]:
    """Give what a result is, or a dataset of scenarios.

    Keys are ``schema, kind`` (``result`` or ``scenarios``), ``file, study, paths, seed, value_date, currency,
    money_unit, created, overrides, engine_version, numbers_version, schema_version, content_sha256``; then of a result
    ``projects, pipelines, duration_seconds, workers, machines, command_line, built_with, cpu, target, self_test,
    features, config_sha256, plan_sha256, path_variables, input_variables, bytes`` (by group), and of a dataset
    ``command, made_from, scenarios`` (the base first), ``failed`` (why, by name), ``measures, sources``.

    Parameters
    ----------
    found
        As from `spvrisk.dataset.read.open_result` or `spvrisk.dataset.scenarios.held`.
    """
    own = _result_json(found) if isinstance(found, Result) else _scenarios_json(found)
    return {"schema": INFO_SCHEMA, **own}


def _result_json(result: Result) -> dict[str, Any]:
    about, made, labels = result.attributes, result.provenance, result.labels
    return {
        "kind": "result",
        "file": result.place,
        **_study_json(labels),
        "paths": result.n_paths,
        "seed": int(about["seed"]),
        "projects": list(labels.announced),
        "pipelines": list(labels.pipelines),
        **{name: made[name] for name in ("created", "duration_seconds", "workers", "command_line", "overrides")},
        "machines": made.get("machines") or [],
        **{name: about[name] for name in ("engine_version", "numbers_version", "schema_version")},
        "built_with": {name: made[name] for name in ("python", "numpy", "numba", "h5py")},
        **{name: made[name] for name in ("cpu", "target", "self_test", "features")},
        **{name: about[name] for name in ("config_sha256", "plan_sha256", "content_sha256")},
        "path_variables": list(result.path_names),
        "input_variables": list(result.input_names),
        "bytes": result.group_bytes,
    }


def _scenarios_json(found: Held) -> dict[str, Any]:
    about, origin = found.attributes, found.origin
    created, _, command = about["history"].partition(": ")
    return {
        "kind": "scenarios",
        "file": found.place,
        **_study_json(found.labels),
        "paths": found.paths,
        "seed": found.seed,
        "scenarios": list(found.scenarios),
        "failed": dict(found.failed),
        "measures": list(found.measures),
        "created": created,
        "command": command or None,
        "overrides": list(origin.overrides),
        "made_from": origin.file,
        "sources": list(origin.sources),
        **{name: about[name] for name in ("engine_version", "numbers_version")},
        "schema_version": about["schema"],
        "content_sha256": about["content_sha256"],
    }


def _study_json(labels: Labels) -> dict[str, Any]:
    return {
        "study": labels.title["en"],
        "value_date": labels.value_date,
        "currency": labels.currency,
        "money_unit": labels.money_unit,
    }


def verified_json(found: "Verified") -> dict[str, Any]:
    """What was found of a result's soundness: ``sound``, and each check with its outcome.

    Parameters
    ----------
    found
        As from `spvrisk.verify`.
    """
    checks = [{"check": check.name, "sound": check.sound, "found": check.found} for check in found.checks]
    return {"schema": VERIFY_SCHEMA, "file": found.place, "sound": found.sound, "checks": checks}
