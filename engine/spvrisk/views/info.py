"""What a result file is, or one of scenarios."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from spvrisk.dataset.read import Result
from spvrisk.dataset.scenarios import Held
from spvrisk.plan.digest import SHOWN_DIGITS
from spvrisk.views.figures import Cell, Column, Figures, Note, Row, Text, said
from spvrisk.views.selftest import outcome_named
from spvrisk.views.words import joined, money_in, study_named


def facts(rows: Iterable[Row], title: Text = "") -> Figures:
    """Give facts below each other.

    Parameters
    ----------
    rows
        As of `fact`.
    title
        Of the table.
    """
    return Figures(title, (Column("", text=True),), tuple(rows), shape="facts")


def fact(name: str | Note, value: Cell) -> Row:
    """Give a fact.

    Parameters
    ----------
    name
        Of what is told, as the text of a `Note`.
    value
        What is told; None where it is unknown.
    """
    return Row(Note(name) if isinstance(name, str) else name, (value,))


def info(result: Result) -> Figures:
    """Study, paths, versions, digests, sizes."""
    about, made = result.attributes, result.provenance
    announced = (name for name in result.labels.projects if name not in result.labels.pipelines)
    rows = [
        fact("study", said("{:title}", study_named(result.labels))),
        fact("file", result.place),
        fact("paths", f"{result.n_paths:,}"),
        fact("seed", str(about["seed"])),
        fact("projects", ", ".join(announced)),
        *([fact("pipelines", ", ".join(result.labels.pipelines))] if result.labels.pipelines else []),
        fact("value date", date.fromisoformat(about["value_date"])),
        fact("money", money_in(result.labels)),
        fact("created", made["created"]),
        fact("time taken", said("{:.2f s} with {:worker}", made["duration_seconds"], made["workers"])),
        *([fact("computed by", _machines(made["machines"]))] if made.get("machines") else []),
        fact("command", " ".join(made["command_line"]) or None),
        fact("overrides", " ".join(made["overrides"]) or None),
        fact("engine", said("{}, numbers version {}", about["source"], str(about["numbers_version"]))),
        fact("file schema", str(about["schema_version"])),
        fact("built with", ", ".join(f"{name} {made[name]}" for name in ("python", "numpy", "numba", "h5py"))),
        fact("cpu", made["cpu"]),
        fact("machine code", said("for {}, self-test {}", made["target"], outcome_named(made["self_test"]))),
        fact("features", made["features"] or None),
        fact("config", about["config_sha256"]),
        fact("plan", about["plan_sha256"][:SHOWN_DIGITS]),
        fact("content", about["content_sha256"]),
        fact("path variables", ", ".join(result.path_names)),
        *(fact(said("size of {}", f"/{name}"), said("{:byte}", size)) for name, size in result.group_bytes.items()),
    ]
    return facts(rows)._replace(shape="record")


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
    rows = [
        fact("base", said("{:title}", study_named(found.labels))),
        fact("file", found.place),
        fact("made from", said("{} by spvrisk {}", origin.file, origin.command)),
        fact("scenarios", said("{}: {}", f"{len(named):,}", ", ".join(named)) if named else Note("none but the base")),
        *(fact(said("failed: {}", name), why) for name, why in found.failed.items()),
        fact("measures", ", ".join(found.measures)),
        fact("paths", said("{} of each", f"{found.paths:,}")),
        fact("seed", str(about["seed"])),
        fact("value date", date.fromisoformat(about["value_date"])),
        fact("money", money_in(found.labels)),
        fact("created", created),
        fact("command", command or None),
        fact("overrides", " ".join(origin.overrides) or None),
        fact(
            "engine",
            said("{}, numbers version {}", f"spvrisk {about['engine_version']}", str(about["numbers_version"])),
        ),
        fact("file schema", about["schema"]),
        fact("sources", ", ".join(origin.sources)),
        fact("content", about["content_sha256"]),
    ]
    return facts(rows)._replace(shape="record")


def _machines(workers: Sequence[dict[str, Any]]) -> Cell:
    """How many shards the workers of a cluster have computed on which machine."""
    shards = Counter[tuple[str, str, str]]()
    for worker in workers:
        shards[worker["host"], worker["target"], worker["self_test"]] += worker["shards"]
    text = "{} {:shard}, machine code for {}, self-test {}"
    each = (said(text, host, n, target, outcome_named(test)) for (host, target, test), n in sorted(shards.items()))
    return joined(list(each), "{}; {}")
