"""What a study comes to before a path is drawn, as people read it."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spvrisk.cli.plan_laws import law_reports
from spvrisk.cli.render import HEADED, NONE, money_name
from spvrisk.cli.words import counted
from spvrisk.config import Loaded, Study
from spvrisk.config.defaults import Default, defaults
from spvrisk.config.models import FixedSplit, Funding, ProjectTemplate, TierSplit
from spvrisk.dataset.layout import default_paths
from spvrisk.plan.calendar import add_months
from spvrisk.plan.compile import Compiled, compile_study
from spvrisk.plan.digest import SHOWN_DIGITS, plan_sha256
from spvrisk.plan.names import FAN_PATHS, FANS, Labels
from spvrisk.plan.overview import pairs, project_dates, smallest_eigenvalue
from spvrisk.runner.execute import processors
from spvrisk.runner.ledger import required_bytes, waiting

_MIB = 1 << 20


def render_plan(loaded: Loaded) -> RenderableType:
    """Give the calendar, terms, projects, pipelines, laws, correlations, memory and defaults of a study.

    Raises
    ------
    InputError
        What only planning finds out, with its place.
    """
    with loaded.places.filled_in():
        compiled = compile_study(loaded.study)
    study, labels = loaded.study, compiled.labels
    parts = [
        Text(study.study.title.en, style="bold"),
        _calendar(study, compiled),
        "",
        *_decisions(study),
        _projects(study, labels),
        *_go_ahead(study),
        "",
        *_pipelines(study, labels),
        *_offtakers(study),
        _laws(study, compiled),
        "",
        *_correlations(study),
        "",
        _size(study, compiled),
        "",
        _defaults(defaults(study, loaded.places.given())),
    ]
    return Group(*parts)


def _table(title: str, texts: Iterable[str], numbers: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="", box=HEADED)
    table.show_edge, table.padding = False, (0, 1, 0, 0)
    for column in texts:
        table.add_column(column, no_wrap=True)
    for column in numbers:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _facts(rows: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def _calendar(study: Study, compiled: Compiled) -> Table:
    head = study.study
    end = add_months(head.value_date, head.steps * 12 // head.steps_per_year)
    funding, labels, g = study.agreement.funding, compiled.labels, compiled.plan.study[0]
    slip = " and a slip that is drawn" if funding.slip is not None else ""
    return _facts(
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
            "plan digest": plan_sha256(compiled.plan)[:SHOWN_DIGITS],
        }
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
    """Adjustment of the shares and catch-up, where there are any, in whole steps as they run."""
    out = {}
    adjust = study.agreement.split.adjust if isinstance(study.agreement.split, TierSplit) else None
    if adjust is not None:
        shares = f"{_share(adjust.first_share)}, then {_share(adjust.second_share)}"
        out["adjustment"] = f"{shares}, if anything is overdue {adjust.after_years:g} years after completion"
    catch_up = study.agreement.catch_up
    if catch_up is not None:
        made_up = "until the declined budgets are made up for"
        steps = made_up if catch_steps < 0 else f"for {counted(catch_steps, 'step')}"
        out["catch-up"] = f"{_share(catch_up.share)} of the funder's part to the host after a decline, {steps}"
    return out


def _stack(study: Study, repayments: int, wait: int) -> dict[str, str]:
    """How the funder raises its calls, in whole steps as they run."""
    stack = study.stack
    if stack is None:
        return {}
    loans = (("policy bank", stack.policy_loan), ("banks", stack.commercial_loan))
    parts = [f"{name} {_share(loan.share)} at {stack.reference_rate} + {_share(loan.margin)}" for name, loan in loans]
    parts.append(f"equity {_share(stack.policy_equity.share)}")
    out = {"raised by": f"{', '.join(parts)}; repaid in {counted(repayments, 'step')}, sweep {_share(stack.sweep)}"}
    insurer = stack.insurer
    if insurer is not None:
        out["insurer"] = (
            f"covers {_share(insurer.cover)} of the banks' loans after {counted(wait, 'step')}, "
            f"for {_share(insurer.premium)} a year"
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
        **({"noticed at most": " or ".join(ceilings) + (", the lower" if ceilings[1:] else "")} if ceilings else {}),
        **({} if funding.annual_cap is None else {"in a year": f"{funding.annual_cap:,.6g} {money}"}),
        **({} if funding.deadline is None else {"last notice": f"{funding.deadline}"}),
    }


def _decisions(study: Study) -> list[RenderableType]:
    """What becomes of due funds, by the state of a layer, and what a decline sets off."""
    decision = study.agreement.funding.decision
    if decision is None:
        return []
    table = _table(f"Decisions on due funds, by the state of {decision.layer}", [""], ("fund", "delay", "decline"))
    for state, shares in decision.by_state.items():
        table.add_row(state, *(f"{100 * x:.6g} %" for x in (shares.fund, shares.delay, shares.decline)))
    lines = [f"A delayed decision comes back after {decision.delay_days} days."] if decision.delay_days else []
    for trigger in decision.triggers:
        moves = ", ".join(f"{layer} to {state}" for layer, state in trigger.moves.items())
        held = " and ".join(f"{layer} is {' or '.join(states)}" for layer, states in trigger.while_.items())
        lines.append(f"A decline{held and f' while {held}'} moves, with probability {trigger.probability:g}, {moves}.")
    return [table, *lines, ""]


def _projects(study: Study, labels: Labels) -> Table:
    columns = ("notice", "funds due", "start", "completion", "budget", "capacity")
    table = _table(f"Projects, if all goes to plan (budgets in {money_name(labels)})", [""], columns)
    for name, dates in project_dates(study).items():
        project = study.projects[name]
        row = (f"{dates.notice}", f"{dates.due}", f"{dates.start}", f"{dates.completion}", f"{project.budget:,.6g}")
        table.add_row(name, *row, _capacity(project))
    table.add_section()
    total = sum(project.budget for project in study.projects.values())
    table.add_row("portfolio", "", "", "", "", f"{total:,.6g}", "")
    return table


def _go_ahead(study: Study) -> list[RenderableType]:
    chances = [
        f"{name} {100 * project.go_ahead.probability:.6g} %"
        for name, project in study.projects.items()
        if project.go_ahead is not None
    ]
    others = "; the others for certain" if len(chances) < len(study.projects) else ""
    return [f"Chances of a go-ahead: {', '.join(chances)}{others}."] if chances else []


def _pipelines(study: Study, labels: Labels) -> list[RenderableType]:
    """Projects that are not yet known; their sizes are in the table of laws."""
    if not study.pipelines:
        return []
    columns = ("arrivals a year", "at most", "smallest", "template's budget", "its capacity")
    table = _table(f"Pipelines (money in {money_name(labels)})", [""], columns)
    for name, pipeline in study.pipelines.items():
        template = pipeline.template
        row = (f"{pipeline.arrivals_per_year:g}", f"{pipeline.max_count}", f"{pipeline.min_size:,.6g}")
        table.add_row(name, *row, f"{template.budget:,.6g}", _capacity(template))
    return [table, ""]


def _offtakers(study: Study) -> list[RenderableType]:
    if not study.offtakers:
        return []
    templates = {name: pipeline.template for name, pipeline in study.pipelines.items()}
    buyers = {
        name: project.operation.contract.offtaker
        for name, project in {**study.projects, **templates}.items()
        if project.operation.contract is not None
    }
    table = _table("Offtakers", ["", "buys from"], ("defaults a year",))
    for name, offtaker in study.offtakers.items():
        sellers = ", ".join(seller for seller, buyer in buyers.items() if buyer == name)
        table.add_row(name, sellers or NONE, f"{offtaker.default_hazard:g}")
    return [table, ""]


def _capacity(project: ProjectTemplate) -> str:
    if project.capacity_mw is not None:
        return f"{project.capacity_mw:,.6g} MW"
    return f"{project.capacity or 0.0:,.6g} {project.output_unit}/year"


def _laws(study: Study, compiled: Compiled) -> Table:
    numbers = ("nodes", "mean", "table's", "sd", "table's", "at the cap")
    table = _table("Laws, and the tables that stand for them", ["", "family"], numbers)
    above = ""
    for project, quantity, family, report in law_reports(study, compiled.book):
        if project != above:
            table.add_section()
            table.add_row(project)
        figures = (report.mean, report.table_mean, report.sd, report.table_sd)
        cap = f"{100 * report.cap_share:.3g} %" if report.cap_share else NONE
        table.add_row(f"  {quantity}", family, f"{report.nodes}", *(f"{x:.6g}" for x in figures), cap)
        above = project
    return table


def _correlations(study: Study) -> list[RenderableType]:
    found, what = pairs(study), study.correlation
    kind = "Spearman's" if what.kind == "rank" else "of scores"
    copula = "Gaussian copula"
    if what.degrees_of_freedom is not None:
        copula = f"t copula with {what.degrees_of_freedom:g} degrees of freedom"
    line = f"{copula}; smallest eigenvalue of the scores' matrix {smallest_eigenvalue(study):.4g}"
    if not found:
        return [Text("Correlation of the factors: none", style="bold"), line]
    moved = sum(pair.used != pair.entered for pair in found)
    table = _table(
        "Correlation of the factors",
        ["", ""],
        (f"entered ({kind})", *(["repaired"] if moved else []), "scores", "innovations"),
    )
    for pair in found:
        repaired = [f"{pair.used:.6g}" if pair.used != pair.entered else NONE] if moved else []
        figures = (f"{pair.entered:.4g}", *repaired, f"{pair.score:.4f}", f"{pair.innovation:.4f}")
        table.add_row(pair.first, pair.second, *figures)
    said = f"Repaired: {moved} of {counted(len(found), 'pair')} changed to the nearest that make a correlation matrix."
    return [table, *([said] if moved else []), line]


def _size(study: Study, compiled: Compiled) -> Group:
    run, labels, output = study.run, compiled.labels, study.output
    steps, series, paths = study.study.steps, len(labels.series), counted(run.paths, "path")
    on_the_way = waiting(run.workers or processors(), run.leaves_per_shard)
    need = required_bytes(series, steps, run.paths, on_the_way) / _MIB
    kept = output.paths or default_paths(labels)
    fans = ", ".join(f"fan_portfolio_{name}" for name in FANS)
    rows = {
        "paths": f"{run.paths:,}, seed {run.seed}",
        "memory": f"{need:,.0f} MiB for {series} series of {paths} (run.memory_mib: {run.memory_mib:,})",
        "workspace": f"{_workspace(compiled) / _MIB:,.1f} MiB for each thread",
        "plan": f"{compiled.plan.constants.nbytes / _MIB:,.2f} MiB of constants",
        "kept by path": ", ".join(kept),
        "fans": f"{fans}: quantiles {', '.join(output.quantiles)} of the first {min(run.paths, FAN_PATHS):,} paths",
    }
    return Group(Text("Size", style="bold"), _facts(rows))


def _workspace(compiled: Compiled) -> int:
    """Bytes of a thread's workspace and of the leaf that it works on."""
    from spvrisk.kernel.run import make_leaf, make_work  # loaded here: nothing else of a plan needs the kernel

    _, work = make_work(compiled.plan)
    leaf = make_leaf(compiled.plan, len(compiled.labels.series), True)
    return sum(array.nbytes for array in (*work, *leaf))


def _defaults(found: list[Default]) -> Group:
    table = Table.grid(padding=(0, 2, 0, 0))
    for item in found:
        value = "null" if item.value is None else "none" if item.value in ({}, ()) else _plain(item.value)
        table.add_row(item.path, value, f"{item.times} of {item.parts}" if ".*." in item.path else "")
    return Group(Text("Defaults that were applied", style="bold"), table)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value).lower()
