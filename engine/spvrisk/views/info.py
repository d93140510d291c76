"""What a result file is, or one of scenarios."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from spvrisk.dataset.read import Result
from spvrisk.dataset.scenarios import Held
from spvrisk.plan.digest import SHOWN_DIGITS
from spvrisk.views.figures import Column, Figures, Row
from spvrisk.views.words import money_name


def facts(rows: dict[str, str | None], title: str = "") -> Figures:
    """Give facts by name.

    Parameters
    ----------
    rows
        What is told, by its name; None where it is unknown.
    title
        Of the table.
    """
    found = tuple(Row(name, (value,)) for name, value in rows.items())
    return Figures(title, (Column("", text=True),), found, shape="facts")


def info(result: Result) -> Figures:
    """Study, paths, versions, digests, sizes."""
    about, made = result.attributes, result.provenance
    announced = (name for name in result.labels.projects if name not in result.labels.pipelines)
    found = facts(
        {
            "study": about["title"],
            "file": result.place,
            "paths": f"{result.n_paths:,}",
            "seed": str(about["seed"]),
            "projects": ", ".join(announced),
            **({"pipelines": ", ".join(result.labels.pipelines)} if result.labels.pipelines else {}),
            "value date": about["value_date"],
            "money": money_name(result.labels),
            "created": made["created"],
            "duration": f"{made['duration_seconds']:.2f} s with {made['workers']} workers",
            **({"computed by": _machines(made["machines"])} if made.get("machines") else {}),
            "command": " ".join(made["command_line"]) or None,
            "overrides": " ".join(made["overrides"]) or None,
            "engine": f"{about['source']}, numbers version {about['numbers_version']}",
            "file schema": str(about["schema_version"]),
            "built with": ", ".join(f"{name} {made[name]}" for name in ("python", "numpy", "numba", "h5py")),
            "cpu": made["cpu"],
            "machine code": f"for {made['target']}, self-test {made['self_test']}",
            "features": made["features"] or None,
            "config": about["config_sha256"],
            "plan": about["plan_sha256"][:SHOWN_DIGITS],
            "content": about["content_sha256"],
            "path variables": ", ".join(result.path_names),
            **{f"size of /{name}": f"{size:,} bytes" for name, size in result.group_bytes.items()},
        }
    )
    return found._replace(shape="record")


def info_of_scenarios(found: Held) -> Figures:
    """Base, scenarios, measures, versions, digests of a dataset.

    Parameters
    ----------
    found
        As from `spvrisk.dataset.scenarios.held`.
    """
    about, origin = found.attributes, found.origin
    created, _, command = about["history"].partition(": ")
    named = found.scenarios[1:]
    told = facts(
        {
            "base": found.labels.title["en"],
            "file": found.place,
            "made from": f"{origin.file} by spvrisk {origin.command}",
            "scenarios": f"{len(named):,}: {', '.join(named)}" if named else "none but the base",
            **{f"failed: {name}": why for name, why in found.failed.items()},
            "measures": ", ".join(found.measures),
            "paths": f"{found.paths:,} of each",
            "seed": about["seed"],
            "value date": about["value_date"],
            "money": money_name(found.labels),
            "created": created,
            "command": command or None,
            "overrides": " ".join(origin.overrides) or None,
            "engine": f"spvrisk {about['engine_version']}, numbers version {about['numbers_version']}",
            "file schema": about["schema"],
            "sources": ", ".join(origin.sources),
            "content": about["content_sha256"],
        }
    )
    return told._replace(shape="record")


def _machines(workers: Sequence[dict[str, Any]]) -> str:
    """How many shards the workers of a cluster have computed on which machine."""
    shards = Counter[tuple[str, str, str]]()
    for worker in workers:
        shards[worker["host"], worker["target"], worker["self_test"]] += worker["shards"]
    return "; ".join(
        f"{host} {n} shards, machine code for {target}, self-test {self_test}"
        for (host, target, self_test), n in sorted(shards.items())
    )
