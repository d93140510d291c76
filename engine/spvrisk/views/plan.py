"""What a study would run, before any path is simulated."""

from collections.abc import Iterable, Iterator, Sequence

from spvrisk.config.laws import Law
from spvrisk.config.study import Study
from spvrisk.config.study.projects import ProjectTemplate
from spvrisk.config.study.run import Uncertainty
from spvrisk.config.study.selection import Funding, Trigger
from spvrisk.config.study.split import FixedSplit, TierSplit
from spvrisk.experiments.overview import Overview
from spvrisk.plan.calendar import add_months
from spvrisk.plan.digest import SHOWN_DIGITS
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS, PORTFOLIO
from spvrisk.plan.shared import FAN_PATHS
from spvrisk.views.figures import Cell, Column, Figures, Named, Note, Row, Text, heads, said
from spvrisk.views.info import fact, facts
from spvrisk.views.words import joined, lasting, money_in, money_name, unit_named

_MIB = 1 << 20


def plan(found: Overview) -> list[Figures]:
    """Give the page: calendar and terms, projects, pipelines, laws, correlations, memory and defaults."""
    views = (calendar, decisions, projects, pipelines, offtakers, laws, correlations, size, defaults)
    return [figures for view in views if (figures := view(found)).title or figures.rows]


_NONE = Figures("")


def _list(
    title: Text, columns: Iterable[Column], rows: Iterable[Row], notes: Iterable[Note] = (), unit: str = ""
) -> Figures:
    return Figures(title, tuple(columns), tuple(rows), tuple(notes), unit, "list")


def calendar(found: Overview) -> Figures:
    """Dates, terms and stack, in whole steps as they run."""
    study, labels, g = found.study, found.compiled.labels, found.compiled.plan.study[0]
    head, funding = study.study, study.agreement.funding
    end = add_months(head.value_date, head.steps * 12 // head.steps_per_year)
    titles = head.title.model_dump(exclude_none=True)
    rows = (
        fact("value date", head.value_date),
        fact("horizon", said("{:g} years, to {}", head.horizon_years, end)),
        fact("steps", said("{:,d}, {:d} a year", head.steps, head.steps_per_year)),
        fact("funds due", _due(funding)),
        *_limits(funding, labels),
        fact("split", _split(study.agreement.split)),
        *_terms(study, int(g["catch_steps"])),
        *_stack(study, int(g["repayments"]), int(g["wait"])),
        fact("plan digest", found.plan_sha256[:SHOWN_DIGITS]),
    )
    return facts(rows, Named(head.title.en, tuple(titles.items())))


def _due(funding: Funding) -> Note:
    text = "{:d} business days after notice (holidays: {})"
    if funding.slip is not None:
        text = "{:d} business days after notice plus a drawn slip (holidays: {})"
    holidays = ", ".join(map(str, funding.holidays))
    return said(text, funding.lag_business_days, holidays or Note("none"))


def _split(split: TierSplit | FixedSplit) -> Note:
    if isinstance(split, FixedSplit):
        return said("none: {} of the cash to the funder", _share(split.funder_share))
    text = "{} to the funder until the deemed amount is paid, then {}"
    tiers = said(text, _share(split.first_share), _share(split.second_share))
    text = "{} + {} over {:g} years"
    if split.pooling == "umbrella":
        text = "{} + {} over {:g} years, all projects in one pool"
    rate = said(text, split.reference_rate, _spread(split.spread), split.deemed_life_years)
    return said("{}: {}; {}", Note(_MODES[split.mode]), tiers, rate)


_MODES = {"periodic": "periodic", "cumulative": "cumulative"}


def _terms(study: Study, catch_steps: int) -> Iterator[Row]:
    """Adjustment of the shares and catch-up, where there are any."""
    adjust = study.agreement.split.adjust if isinstance(study.agreement.split, TierSplit) else None
    if adjust is not None:
        text = "{}, then {}, if anything is overdue {:g} years after completion"
        shares = (_share(adjust.first_share), _share(adjust.second_share))
        yield fact("adjustment", said(text, *shares, adjust.after_years))
    catch_up = study.agreement.catch_up
    if catch_up is not None:
        until = said("for {:step}", catch_steps)
        if catch_steps < 0:
            until = Note("until the declined budgets are made up")
        text = "{} of the funder's part to the host after a decline, {}"
        yield fact("catch-up", said(text, _share(catch_up.share), until))


def _stack(study: Study, repayments: int, wait: int) -> Iterator[Row]:
    """How the funder finances its calls."""
    stack = study.stack
    if stack is None:
        return
    loans = (
        ("policy bank {} at {} + {}", stack.policy_loan),
        ("banks {} at {} + {}", stack.commercial_loan),
    )
    parts = [said(text, _share(loan.share), stack.reference_rate, _share(loan.margin)) for text, loan in loans]
    parts.append(said("equity {}", _share(stack.policy_equity.share)))
    text = "{}; repaid in {:step}, sweep {}"
    yield fact("calls funded by", said(text, joined(parts), repayments, _share(stack.sweep)))
    insurer = stack.insurer
    if insurer is not None:
        text = "covers {} of the banks' loans after a wait of {:step}, for a premium of {} a year"
        yield fact("insurer", said(text, _share(insurer.cover), wait, _share(insurer.premium)))


def _spread(law: Law) -> Note:
    low, high = map(_share, law.bounds())
    return low if law.family == "fixed" else said("{} to {} by project", low, high)


def _share(value: float) -> Note:
    return said("{:.6g %}", 100.0 * value)


def _limits(funding: Funding, labels: Labels) -> Iterator[Row]:
    """How much may be noticed, and until when; only what the study says."""
    money = money_in(labels)
    ceilings = [] if funding.commitment is None else [said("{:,.6g} {}", funding.commitment, money)]
    ceilings += [] if funding.take_up is None else [Note("a take-up that is drawn")]
    if ceilings:
        yield fact("notices at most", ceilings[0] if len(ceilings) == 1 else said("{} or {}, the lower", *ceilings))
    if funding.annual_cap is not None:
        yield fact("notices in a year at most", said("{:,.6g} {}", funding.annual_cap, money))
    if funding.annual_call_cap is not None:
        yield fact("calls paid in a year at most", said("{:,.6g} {}", funding.annual_call_cap, money))
    if funding.deadline is not None:
        yield fact("last notice", funding.deadline)


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
        [said("A delayed decision is taken again after {:day}.", decision.delay_days)] if decision.delay_days else []
    )
    if decision.consult is not None:
        shares = decision.consult.outcomes
        text = "Before a decline there are talks: with probability {:g} it is paid, with {:g} on changed terms."
        lines.append(said(text, shares.fund, shares.renegotiate))
    lines += [_triggered(trigger) for trigger in decision.triggers]
    if decision.late is not None:
        text = "More than {:day} of delay moves {} with probability {:g}."
        lines.append(said(text, decision.late.after_days, _moves(decision.late), decision.late.probability))
    columns = (Column(head, ".6g %") for head in (Note("fund"), Note("delay"), Note("decline")))
    return _list(said("Decisions on due funds, by the state of {}", decision.regime), columns, rows, lines)


def _moves(trigger: Trigger) -> Note:
    return joined([said("{0} to {1}", regime, state) for regime, state in trigger.moves.items()])


def _triggered(trigger: Trigger) -> Note:
    """What a decline sets off."""
    held = [said("{} is {}", regime, _either(states)) for regime, states in trigger.while_.items()]
    if not held:
        return said("A decline moves {} with probability {:g}.", _moves(trigger), trigger.probability)
    text = "A decline while {} moves {} with probability {:g}."
    return said(text, joined(held, "{} and {}"), _moves(trigger), trigger.probability)


def _either(states: Sequence[str]) -> Cell:
    return joined(states, "{} or {}")


def projects(found: Overview) -> Figures:
    """Announced projects with their dates if all goes to plan."""
    study, labels = found.study, found.compiled.labels
    rows = [
        Row(
            unit_named(labels, name),
            (*(f"{day}" for day in dates), study.projects[name].budget, _capacity(study.projects[name])),
        )
        for name, dates in found.dates.items()
    ]
    total = sum(project.budget for project in study.projects.values())
    rows.append(Row(unit_named(labels, PORTFOLIO), ("", "", "", "", total, ""), apart=True))
    columns = (
        *heads("notice", "funds due", "start", "completion"),
        Column(Note("budget"), ",.6g"),
        *heads("capacity"),
    )
    title = said("Projects, if all goes to plan (budgets in {})", money_in(labels))
    return _list(title, columns, rows, _go_ahead(study), money_name(labels))


def _go_ahead(study: Study) -> list[Note]:
    chances = [
        said("{} {}", name, _share(project.go_ahead.probability))
        for name, project in study.projects.items()
        if project.go_ahead is not None
    ]
    if not chances:
        return []
    text = "Chances of a go-ahead: {}."
    if len(chances) < len(study.projects):
        text = "Chances of a go-ahead: {}; the others are certain."
    return [said(text, joined(chances))]


def pipelines(found: Overview) -> Figures:
    """Projects that are not yet known; their sizes are in the table of laws."""
    if not found.study.pipelines:
        return _NONE
    labels = found.compiled.labels
    rows = (
        Row(
            unit_named(labels, name),
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
    columns = (
        *(Column(Note("arrivals a year"), "g"), Column(Note("most"), "d"), Column(Note("smallest budget"), ",.6g")),
        *(Column(Note("template budget"), ",.6g"), Column(Note("template capacity"))),
    )
    title = said("Pipelines (money in {})", money_in(labels))
    return _list(title, columns, rows, unit=money_name(labels))


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
    columns = (Column(Note("buys from"), text=True), Column(Note("default hazard a year"), "g"))
    return _list(Note("Offtakers"), columns, rows)


def _capacity(project: ProjectTemplate) -> Cell:
    if project.capacity_mw is not None:
        return said("{:,.6g MW}", project.capacity_mw)
    return said("{:,.6g} {}/year", project.capacity or 0.0, project.output_unit)


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
    moments = (Column(head, ".6g") for head in (Note("mean"), Note("(table)"), Note("sd"), Note("(table)")))
    ends = (
        Column(Note("family"), text=True),
        Column(Note("nodes"), "d"),
        *moments,
        Column(Note("at the cap"), ".3g %"),
    )
    return _list(Note("Laws (distributions), exact and as tabulated"), ends, rows)


def correlations(found: Overview) -> Figures:
    """Correlations that the study names, what they are repaired to, and what the copula makes of them."""
    what, pairs = found.study.correlation, found.pairs
    copula = Note("Gaussian copula")
    if what.degrees_of_freedom is not None:
        copula = said("t copula with {:g} degrees of freedom", what.degrees_of_freedom)
    notes = [said("{}; smallest eigenvalue of the scores' matrix {:.4g}", copula, found.smallest_eigenvalue)]
    if not pairs:
        return Figures(Note("Correlation of the factors: none"), notes=tuple(notes))
    moved = sum(pair.used != pair.entered for pair in pairs)
    if moved:
        text = "Repaired: {:d} of {:pair} changed to form the nearest correlation matrix."
        notes.insert(0, said(text, moved, len(pairs)))

    def figures(entered: float, used: float, *reached: float) -> tuple[Cell, ...]:
        return (entered, *([used if used != entered else None] if moved else []), *reached)

    rows = (
        Row(pair.first, (pair.second, *figures(pair.entered, pair.used, pair.score, pair.innovation))) for pair in pairs
    )
    entered = Note("entered (Spearman's)") if what.kind == "rank" else Note("entered (of scores)")
    repaired = [Column(Note("repaired"), ".6g")] if moved else []
    columns = (
        *(Column("", text=True), Column(entered, ".4g"), *repaired),
        *(Column(Note("scores"), ".4f"), Column(Note("innovations"), ".4f")),
    )
    return _list(Note("Correlation of the factors"), columns, rows, notes)


def size(found: Overview) -> Figures:
    """What a run would need, and what it would keep."""
    run, output, series = found.study.run, found.study.output, len(found.compiled.labels.series)
    fans = ", ".join(f"fan_portfolio_{name}" for name in FANS)
    quantiles, of_fans = ", ".join(output.quantiles), min(run.paths, FAN_PATHS)
    budget = (
        "{:,.0f MiB} (half of what this machine gives)" if run.memory_mib is None else "{:,.0f MiB} (run.memory_mib)"
    )
    memory = "{:,.0f MiB} for {:,d} series of {:path}, {:,.0f MiB} with shards on the disk"
    need = found.need
    rows = (
        fact("paths", said("{:,d}, seed {}", run.paths, str(run.seed))),
        fact("time", _time(found.seconds)),
        *([fact("outer runs", _outer(run.uncertainty, found.outer_seconds))] if run.uncertainty else []),
        fact("memory", said(memory, need.in_memory / _MIB, series, run.paths, need.from_disk / _MIB)),
        fact("memory budget", said(budget, found.budget / _MIB)),
        fact("disk", said("{:,.0f MiB} for shards, if they are kept on the disk", need.disk / _MIB)),
        fact("statistics", found.statistics),
        fact("plan", said("{:,.2f MiB} of constants", found.compiled.plan.constants.nbytes / _MIB)),
        fact("kept by path", ", ".join(found.kept)),
        fact("fans", said("{}: quantiles {} of the first {:path}", fans, quantiles, of_fans)),
    )
    return facts(rows, Note("Size"))


_NOT_KNOWN = Note("not known before the kernel is compiled (spvrisk warmup)")


def _time(seconds: float | None) -> Note:
    return _NOT_KNOWN if seconds is None else said("about {} to draw the paths", lasting(seconds))


def _outer(asked: Uncertainty, seconds: float | None) -> Note:
    takes = _NOT_KNOWN if seconds is None else said("about {} more", lasting(seconds))
    return said("{:d} of {:,} paths each; time: {}", asked.outer, asked.inner, takes)


def defaults(found: Overview) -> Figures:
    """Defaults that were applied."""
    rows = (
        Row(
            item.path, (_worded(item.value), said("{:d} of {:d}", item.times, item.parts) if ".*." in item.path else "")
        )
        for item in found.defaults
    )
    columns = (Column("", text=True), Column("", text=True))
    return Figures(Note("Defaults applied"), columns, tuple(rows), shape="facts")


def _worded(value: object) -> Text:
    return "null" if value is None else Note("none") if value in ({}, ()) else _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value).lower()
