"""What became of the projects, what they cost, and where their overruns are cut."""

from collections.abc import Iterator
from typing import Any

from spvrisk.config.laws import Law
from spvrisk.dataset.opening import sound
from spvrisk.dataset.read import Result
from spvrisk.plan.laws import distribution
from spvrisk.views.figures import Cell, Figures, Note, heads, mean_of, probability_of, rate_of, said
from spvrisk.views.units import by_unit, heads_of, rows_of
from spvrisk.views.words import joined, money_in, money_name, percent, unit_named


def status(result: Result) -> Figures:
    """How many projects were funded, completed, cancelled and declined: of one project its probability."""
    labels, t = result.labels, result.summary
    columns = labels.viewed("status")
    rows = [rows_of(labels, name) for name in columns]

    def cells(unit: str) -> tuple[Cell, ...]:
        of_many = unit in ("portfolio", *labels.pipelines)
        return tuple(mean_of(t, row[unit]) if of_many else probability_of(t, row[unit]) for row in rows)

    title = Note("What became of the projects (without %: mean number of projects)")
    return Figures(title, heads_of(columns), by_unit(labels, cells))


def construction(result: Result) -> Figures:
    """Cost, overrun and delay."""
    labels, t = result.labels, result.summary
    cost, overrun, delay, drawn = (
        rows_of(labels, name) for name in ("cost", "cost_overrun", "delay_months", "overrun_sampled")
    )

    def cells(unit: str) -> tuple[Cell, ...]:
        return mean_of(t, cost[unit]), rate_of(t, overrun[unit]), mean_of(t, delay[unit]), rate_of(t, drawn[unit])

    columns = heads(said("cost, {}", money_in(labels)), "cost overrun", "delay, months", "overrun drawn")
    title = Note("Construction (overrun and delay: completed projects; overrun drawn: funded projects)")
    return Figures(title, columns, by_unit(labels, cells), unit=money_name(labels))


def cap_shares(result: Result) -> dict[str, float]:
    """Share of a project's overruns that the cap of its reference class cuts, by project or pipeline with one."""
    with sound(result.source):
        laws = _overruns(result.provenance["config"])
    shares = {name: distribution(law).cap_share for name, law in laws.items() if law.family == "reference_class"}
    return {name: share for name, share in shares.items() if share > 0.0}


def _overruns(config: dict[str, Any]) -> dict[str, Law]:
    """Laws of the overruns of a study that was read as JSON."""
    templates = {name: pipeline["template"] for name, pipeline in config.get("pipelines", {}).items()}
    projects = {**config.get("projects", {}), **templates}
    return {name: Law.model_validate(project["construction"]["overrun"]) for name, project in projects.items()}


def caps(result: Result) -> Figures:
    """Which risk measures lie where overruns are cut: what is beyond is not in them."""
    return Figures("", notes=tuple(_caps(result)))


def _caps(result: Result) -> Iterator[Note]:
    t, rows = result.summary, rows_of(result.labels, "funded")
    for name, share in cap_shares(result).items():
        funded = t.mean[rows[name]]
        if not funded > 0.0:
            continue
        # of a pipeline's paths a larger share has a cut overrun: of several projects
        on_paths = share * max(1.0, funded if name in result.labels.pipelines else 1.0)
        cut = [percent(level) for level in t.levels if 1.0 - float(level) <= on_paths]
        if cut:
            yield said(
                "{:.2g %} of the overruns of {} are at the upper limit of their distribution: its figures at {}, and "
                "the portfolio's as far as it drives them, may be too low.",
                100 * share,
                unit_named(result.labels, name),
                joined(cut, "{} and {}"),
            )
