"""What a study would run, before any path is simulated."""

from collections.abc import Iterable

from spvrisk.config.study import Study
from spvrisk.config.study.projects import ProjectTemplate
from spvrisk.config.study.selection import Funding
from spvrisk.config.study.split import FixedSplit, TierSplit
from spvrisk.experiments.overview import Overview
from spvrisk.plan.calendar import add_months
from spvrisk.plan.digest import SHOWN_DIGITS
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS
from spvrisk.views.figures import Cell, Column, Figures, Note, Row, said
from spvrisk.views.info import facts
from spvrisk.views.words import counted, lasting, money_name

_MIB = 1 << 20


def plan(found: Overview) -> list[Figures]:
    """Give the page: calendar and terms, projects, pipelines, laws, correlations, memory and defaults."""
    views = (calendar, decisions, projects, pipelines, offtakers, laws, correlations, size, defaults)
    return [figures for view in views if (figures := view(found)).title or figures.rows]


_NONE = Figures("")


def _list(
    title: str, heads: Iterable[Column], rows: Iterable[Row], notes: Iterable[Note] = (), unit: str = ""
) -> Figures:
    return Figures(title, tuple(heads), tuple(rows), tuple(notes), unit, "list")


def calendar(found: Overview) -> Figures:
    """Dates, terms and stack, in whole steps as they run."""
    study, labels, g = found.study, found.compiled.labels, found.compiled.plan.study[0]
    head, funding = study.study, study.agreement.funding
    end = add_months(head.value_date, head.steps * 12 // head.steps_per_year)
    slip = " plus a drawn slip" if funding.slip is not None else ""
    return facts(
        {
            "value date": f"{head.value_date}",
            "horizon": f"{head.horizon_years:g} years, to {end}",
            "steps": f"{head.steps}, {head.steps_per_year} a year",
            "funds due": f"{funding.lag_business_days} business days after notice{slip} "
            f"(holidays: {', '.join(map(str, funding.holidays)) or 'none'})",
            **_limits(funding, labels),
            "split": _split(study.agreement.split),
            **_terms(study, int(g["catch_steps"])),
            **_stack(study, int(g["repayments"]), int(g["wait"])),
            "plan digest": found.plan_sha256[:SHOWN_DIGITS],
        },
        head.title.en,
    )


def _split(split: TierSplit | FixedSplit) -> str:
    if isinstance(split, FixedSplit):
        return f"none: {_share(split.funder_share)} of the cash to the funder"
    pooled = ", all projects in one pool" if split.pooling == "umbrella" else ""
    rate = f"{split.reference_rate} + {_share(split.spread)} over {split.deemed_life_years:g} years"
    tiers = (
        f"{_share(split.first_share)} to the funder until the deemed amount is paid, then {_share(split.second_share)}"
    )
    return f"{split.mode}: {tiers}; {rate}{pooled}"


def _terms(study: Study, catch_steps: int) -> dict[str, str]:
    """Adjustment of the shares and catch-up, where there are any."""
    out = {}
    adjust = study.agreement.split.adjust if isinstance(study.agreement.split, TierSplit) else None
    if adjust is not None:
        shares = f"{_share(adjust.first_share)}, then {_share(adjust.second_share)}"
        out["adjustment"] = f"{shares}, if anything is overdue {adjust.after_years:g} years after completion"
    catch_up = study.agreement.catch_up
    if catch_up is not None:
        made_up = "until the declined budgets are made up"
        steps = made_up if catch_steps < 0 else f"for {counted(catch_steps, 'step')}"
        out["catch-up"] = f"{_share(catch_up.share)} of the funder's part to the host after a decline, {steps}"
    return out


def _stack(study: Study, repayments: int, wait: int) -> dict[str, str]:
    """How the funder finances its calls."""
    stack = study.stack
    if stack is None:
        return {}
    loans = (("policy bank", stack.policy_loan), ("banks", stack.commercial_loan))
    parts = [f"{name} {_share(loan.share)} at {stack.reference_rate} + {_share(loan.margin)}" for name, loan in loans]
    parts.append(f"equity {_share(stack.policy_equity.share)}")
    out = {
        "calls funded by": f"{', '.join(parts)}; repaid in {counted(repayments, 'step')}, sweep {_share(stack.sweep)}"
    }
    insurer = stack.insurer
    if insurer is not None:
        out["insurer"] = (
            f"covers {_share(insurer.cover)} of the banks' loans after a wait of {counted(wait, 'step')}, "
            f"for a premium of {_share(insurer.premium)} a year"
        )
    return out


def _share(value: float) -> str:
    return f"{100 * value:.6g} %"


def _limits(funding: Funding, labels: Labels) -> dict[str, str]:
    """How much may be noticed, and until when; only what the study says."""
    money = money_name(labels)
    ceilings = [] if funding.commitment is None else [f"{funding.commitment:,.6g} {money}"]
    ceilings += [] if funding.take_up is None else ["a take-up that is drawn"]
    return {
        **({"notices at most": " or ".join(ceilings) + (", the lower" if ceilings[1:] else "")} if ceilings else {}),
        **({} if funding.annual_cap is None else {"notices in a year at most": f"{funding.annual_cap:,.6g} {money}"}),
        **({} if funding.deadline is None else {"last notice": f"{funding.deadline}"}),
    }


def decisions(found: Overview) -> Figures:
    """What becomes of due funds, by the state of a regime, and what a decline sets off."""
    decision = found.study.agreement.funding.decision
    if decision is None:
        return _NONE
    rows = (
        Row(state, (100 * shares.fund, 100 * shares.delay, 100 * shares.decline))
        for state, shares in decision.by_state.items()
    )
    lines = (
        [said(f"A delayed decision is taken again after {decision.delay_days} days.")] if decision.delay_days else []
    )
    for trigger in decision.triggers:
        moves = ", ".join(f"{regime} to {state}" for regime, state in trigger.moves.items())
        held = " and ".join(f"{regime} is {' or '.join(states)}" for regime, states in trigger.while_.items())
        sets_off = f"A decline{held and f' while {held}'} moves {moves} with probability {{:g}}."
        lines.append(said(sets_off, trigger.probability))
    heads = (Column(name, ".6g %") for name in ("fund", "delay", "decline"))
    return _list(f"Decisions on due funds, by the state of {decision.regime}", heads, rows, lines)


def projects(found: Overview) -> Figures:
    """Announced projects with their dates if all goes to plan."""
    study, money = found.study, money_name(found.compiled.labels)
    rows = [
        Row(name, (*(f"{day}" for day in dates), study.projects[name].budget, _capacity(study.projects[name])))
        for name, dates in found.dates.items()
    ]
    total = sum(project.budget for project in study.projects.values())
    rows.append(Row("portfolio", ("", "", "", "", total, ""), apart=True))
    heads = (
        *map(Column, ("notice", "funds due", "start", "completion")),
        Column("budget", ",.6g"),
        Column("capacity"),
    )
    return _list(f"Projects, if all goes to plan (budgets in {money})", heads, rows, _go_ahead(study), money)


def _go_ahead(study: Study) -> list[Note]:
    chances = [
        f"{name} {_share(project.go_ahead.probability)}"
        for name, project in study.projects.items()
        if project.go_ahead is not None
    ]
    others = "; the others are certain" if len(chances) < len(study.projects) else ""
    return [said(f"Chances of a go-ahead: {', '.join(chances)}{others}.")] if chances else []


def pipelines(found: Overview) -> Figures:
    """Projects that are not yet known; their sizes are in the table of laws."""
    if not found.study.pipelines:
        return _NONE
    money = money_name(found.compiled.labels)
    rows = (
        Row(
            name,
            (
                pipeline.arrivals_per_year,
                pipeline.max_count,
                pipeline.min_size,
                pipeline.template.budget,
                _capacity(pipeline.template),
            ),
        )
        for name, pipeline in found.study.pipelines.items()
    )
    heads = (
        *(Column("arrivals a year", "g"), Column("most", "d"), Column("smallest budget", ",.6g")),
        *(Column("template budget", ",.6g"), Column("template capacity")),
    )
    return _list(f"Pipelines (money in {money})", heads, rows, unit=money)


def offtakers(found: Overview) -> Figures:
    """Who buys, and how often they default."""
    study = found.study
    if not study.offtakers:
        return _NONE
    templates = {name: pipeline.template for name, pipeline in study.pipelines.items()}
    buyers = {
        name: project.operation.contract.offtaker
        for name, project in {**study.projects, **templates}.items()
        if project.operation.contract is not None
    }
    rows = (
        Row(name, (", ".join(seller for seller, buyer in buyers.items() if buyer == name) or None, each.default_hazard))
        for name, each in study.offtakers.items()
    )
    return _list("Offtakers", (Column("buys from", text=True), Column("default hazard a year", "g")), rows)


def _capacity(project: ProjectTemplate) -> str:
    if project.capacity_mw is not None:
        return f"{project.capacity_mw:,.6g} MW"
    return f"{project.capacity or 0.0:,.6g} {project.output_unit}/year"


def laws(found: Overview) -> Figures:
    """Laws, and the tables that stand for them."""
    rows = (
        Row(
            law.quantity,
            (
                *(law.family, law.report.nodes, law.report.mean, law.report.table_mean),
                *(law.report.sd, law.report.table_sd, 100 * law.report.cap_share if law.report.cap_share else None),
            ),
            law.owner,
        )
        for law in found.laws
    )
    moments = (Column(head, ".6g") for head in ("mean", "(table)", "sd", "(table)"))
    heads = (Column("family", text=True), Column("nodes", "d"), *moments, Column("at the cap", ".3g %"))
    return _list("Laws (distributions), exact and as tabulated", heads, rows)


def correlations(found: Overview) -> Figures:
    """Correlations that the study names, what they are repaired to, and what the copula makes of them."""
    what, pairs = found.study.correlation, found.pairs
    copula = "Gaussian copula"
    if what.degrees_of_freedom is not None:
        copula = f"t copula with {what.degrees_of_freedom:g} degrees of freedom"
    notes = [said(f"{copula}; smallest eigenvalue of the scores' matrix {{:.4g}}", found.smallest_eigenvalue)]
    if not pairs:
        return Figures("Correlation of the factors: none", notes=tuple(notes))
    moved = sum(pair.used != pair.entered for pair in pairs)
    if moved:
        many = f"{moved} of {counted(len(pairs), 'pair')}"
        notes.insert(0, said(f"Repaired: {many} changed to form the nearest correlation matrix."))

    def figures(entered: float, used: float, *reached: float) -> tuple[Cell, ...]:
        return (entered, *([used if used != entered else None] if moved else []), *reached)

    rows = (
        Row(pair.first, (pair.second, *figures(pair.entered, pair.used, pair.score, pair.innovation))) for pair in pairs
    )
    kind = "Spearman's" if what.kind == "rank" else "of scores"
    repaired = [Column("repaired", ".6g")] if moved else []
    heads = (Column(f"entered ({kind})", ".4g"), *repaired, Column("scores", ".4f"), Column("innovations", ".4f"))
    return _list("Correlation of the factors", (Column("", text=True), *heads), rows, notes)


def size(found: Overview) -> Figures:
    """What a run would need, and what it would keep."""
    run, output, series = found.study.run, found.study.output, len(found.compiled.labels.series)
    fans = ", ".join(f"fan_portfolio_{name}" for name in FANS)
    of = "half of what this machine gives" if run.memory_mib is None else "run.memory_mib"
    rows = {
        "paths": f"{run.paths:,}, seed {run.seed}",
        "time": "not known before the kernel is compiled (spvrisk warmup)"
        if found.seconds is None
        else f"about {lasting(found.seconds)} to draw the paths",
        "memory": f"{found.need.in_memory / _MIB:,.0f} MiB for {series} series of {counted(run.paths, 'path')}, "
        f"{found.need.from_disk / _MIB:,.0f} MiB with shards on the disk",
        "memory budget": f"{found.budget / _MIB:,.0f} MiB ({of})",
        "disk": f"{found.need.disk / _MIB:,.0f} MiB for shards, if they are kept on the disk",
        "statistics": found.statistics,
        "plan": f"{found.compiled.plan.constants.nbytes / _MIB:,.2f} MiB of constants",
        "kept by path": ", ".join(found.kept),
        "fans": f"{fans}: quantiles {', '.join(output.quantiles)} of the first {min(run.paths, FAN_PATHS):,} paths",
    }
    return facts(dict(rows), "Size")


def defaults(found: Overview) -> Figures:
    """Defaults that were applied."""
    rows = (
        Row(item.path, (_worded(item.value), f"{item.times} of {item.parts}" if ".*." in item.path else ""))
        for item in found.defaults
    )
    columns = (Column("", text=True), Column("", text=True))
    return Figures("Defaults applied", columns, tuple(rows), shape="facts")


def _worded(value: object) -> str:
    return "null" if value is None else "none" if value in ({}, ()) else _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value).lower()
