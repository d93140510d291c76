"""Projects of a study -> arrays (sections 5 to 8 of the model page)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import accumulate
from typing import Any

import numpy as np
from scipy.special import betainc

from spvrisk.config.laws import Law
from spvrisk.config.projects import Project
from spvrisk.config.study import Study, TierSplit
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import Baskets, Floats, Grid, Ints, Projects
from spvrisk.plan.calendar import business_day_after, holidays_of, time_of
from spvrisk.plan.compile_clock import Attribute
from spvrisk.plan.compile_factors import Compiled
from spvrisk.plan.correlation import score_correlation
from spvrisk.plan.distributions import LawError
from spvrisk.plan.tables import TableBook, spend_curve_table
from spvrisk.plan.streams import Streams

HOURS_A_YEAR = 8766.0


class BasketBook:
    """Weighted sums of factors, each kept once."""

    def __init__(self, factors: Iterable[str]) -> None:
        self._factor = {name: k for k, name in enumerate(factors)}
        self._number: dict[tuple[tuple[int, float], ...], int] = {}

    def add(self, weights: Mapping[str, float] | None) -> int:
        """Return the number of a basket; -1 for none."""
        if not weights:
            return -1
        key = tuple((self._factor[name], weight) for name, weight in weights.items())
        return self._number.setdefault(key, len(self._number))

    def arrays(self) -> Baskets:
        """All baskets in CSR form."""
        rows = list(self._number)
        return Baskets(
            start=np.array([0, *accumulate(len(row) for row in rows)], np.int64),
            factor=np.array([k for row in rows for k, _ in row], np.int64),
            weight=np.array([weight for row in rows for _, weight in row], np.float64),
        )


def due_dates(study: Study) -> dict[str, date]:
    """Date on which each project's funds are due: so many business days after its notice.

    Raises
    ------
    InputError
        A holiday calendar is unknown, or a due date lies before the value date.
    """
    funding, value_date = study.agreement.funding, study.study.value_date
    notices = [project.notice_date.year for project in study.projects.values()]
    span = range(min(notices), max(notices) + 2 + funding.lag_business_days // 200)
    try:
        closed = holidays_of(funding.holidays, span)
    except NotImplementedError as error:
        path = "agreement.funding.holidays"
        remedy = "use ISO country codes, e.g. [US, JP]"
        raise InputError(Problem("", path, "a calendar is not known", str(error), remedy)) from None
    due = {
        name: business_day_after(project.notice_date, funding.lag_business_days, closed)
        for name, project in study.projects.items()
    }
    early = [
        Problem(
            "",
            f"projects.{name}.notice_date",
            f"funds would be due on {day}, before the value date {value_date}",
            str(study.projects[name].notice_date),
            "move the value date to the notice, or leave the project out",
        )
        for name, day in due.items()
        if day < value_date
    ]
    if early:
        raise InputError(early)
    return due


def start_times(study: Study, grid: Grid) -> Floats:
    """Construction start of each project in years: the later of due date and planned start.

    Raises
    ------
    InputError
        A project would start after the horizon.
    """
    value_date = study.study.value_date
    horizon = grid.steps * grid.dt
    out, late = [], []
    for name, due in due_dates(study).items():
        planned = study.projects[name].construction.planned_start
        start = time_of(grid, value_date, max(due, planned or due))
        out.append(start)
        if start >= horizon:
            rule = f"construction must start before the horizon of {horizon:g} years"
            remedy = "lengthen study.horizon_years or leave the project out"
            late.append(Problem("", f"projects.{name}", rule, f"a start after {start:.2f} years", remedy))
    if late:
        raise InputError(late)
    return np.array(out)


def attributes_read(study: Study) -> list[Attribute]:
    """Attributes that projects read, each once, in config order."""
    refs = [project.construction.equipment_tariff for project in study.projects.values()]
    return list(dict.fromkeys((ref.layer, ref.attribute) for ref in refs if ref is not None))


def _law(book: TableBook, law: Law, path: str) -> int:
    try:
        return book.add(law)
    except LawError as error:
        raise InputError(Problem("", path, error.rule, error.value, error.remedy)) from None


def _loading(project: Project) -> list[float]:
    """Weights of the overall, the class and the own score."""
    c = project.construction.correlation
    overall, common = (score_correlation(r) if c.kind == "rank" else r for r in (c.all, c.class_))
    return [overall**0.5, max(common - overall, 0.0) ** 0.5, (1.0 - common) ** 0.5]


def _cost_delay(project: Project) -> float:
    c = project.construction.correlation
    return score_correlation(c.cost_delay) if c.kind == "rank" else c.cost_delay


def _phases(project: Project) -> list[tuple[float, float]]:
    c = project.construction
    if c.phases is None:
        return [(1.0, c.longest_years)]
    return [(phase.share, phase.planned_duration_years) for phase in c.phases]


def _composite(project: Project, factors: Mapping[str, Compiled]) -> Floats:
    """Expected cost index at the value date and the steps' ends ``(T + 1,)``."""
    weights = project.construction.indices
    means = np.array([factors[name].mean for name in weights])
    return np.concatenate(([1.0], np.array(list(weights.values())) @ means))


def _expected_cost(project: Project, start: float, index: Floats, grid: Grid) -> float:
    """Spend with expected indices on the plan; what a nominal budget contains, and a real one does not."""
    c = project.construction
    if c.budget_basis == "nominal":
        return project.budget
    ends = grid.dt * np.arange(1, grid.steps + 1)
    progress = np.clip((ends - start) / c.longest_years, 0.0, 1.0)
    spent = betainc(c.spend_curve.a, c.spend_curve.b, progress)
    return float(project.budget * np.sum(np.diff(spent, prepend=0.0) * index[1:]))


def _tariff_start(study: Study, project: Project) -> float:
    ref = project.construction.equipment_tariff
    if ref is None:
        return 0.0
    layer = study.layers[ref.layer]
    return layer.states[layer.initial.state].attributes[ref.attribute]


def _yearly_fixed(project: Project) -> float:
    fixed = project.operation.fixed_om
    if fixed is None:
        return 0.0
    return fixed.per_year if fixed.per_year is not None else (fixed.per_mw_year or 0.0) * (project.capacity_mw or 0.0)


def _escalation(project: Project, ends: Floats) -> Floats:
    contract = project.operation.contract
    rate = contract.escalator if contract is not None and contract.escalator is not None else 0.0
    return np.asarray((1.0 + rate) ** ends)


def compile_projects(
    study: Study, grid: Grid, streams: Streams, book: TableBook, factors: Mapping[str, Compiled]
) -> tuple[Projects, Baskets]:
    """Turn projects into arrays.

    Raises
    ------
    InputError
        A date, calendar or law cannot be.
    """
    projects = list(study.projects.items())
    classes = list(dict.fromkeys(project.construction.class_ for _, project in projects))
    names = {name: k for k, name in enumerate(study.factors)}
    attributes = attributes_read(study)
    baskets = BasketBook(study.factors)
    start = start_times(study, grid)
    composites = [_composite(project, factors) for _, project in projects]
    ends = grid.dt * np.arange(1, grid.steps + 1)

    def each(value: Callable[[Project], Any]) -> Floats:
        return np.array([value(project) for _, project in projects], np.float64)

    def number(value: Callable[[Project], Any]) -> Ints:
        return np.array([value(project) for _, project in projects], np.int64)

    def words(pattern: str, keys: Iterable[str]) -> Any:
        return np.array([streams(pattern.format(key)) for key in keys], np.uint32)

    def laws(key: str, value: Callable[[Project], Law | None]) -> Ints:
        found = [(f"projects.{name}.{key}", value(project)) for name, project in projects]
        return np.array([-1 if law is None else _law(book, law, path) for path, law in found], np.int64)

    def basis(i: int) -> Floats:
        nominal = projects[i][1].construction.budget_basis == "nominal"
        return composites[i] if nominal else np.ones_like(composites[i])

    phases = [_phases(project) for _, project in projects]
    arrays = Projects(
        cost_stream=words("project/{}/cost", study.projects),
        delay_stream=words("project/{}/delay", study.projects),
        contract_stream=words("project/{}/contract", study.projects),
        share_stream=words("project/{}/subscription", study.projects),
        availability_stream=words("project/{}/availability", study.projects),
        class_of=number(lambda p: classes.index(p.construction.class_)),
        class_cost_stream=words("construction/{}/cost", classes),
        class_delay_stream=words("construction/{}/delay", classes),
        all_cost_stream=streams("construction/all/cost"),
        all_delay_stream=streams("construction/all/delay"),
        loading=np.array([_loading(project) for _, project in projects]),
        cost_delay=each(_cost_delay),
        overrun_law=laws("construction.overrun", lambda p: p.construction.overrun),
        inflation_share=each(lambda p: p.construction.inflation_share),
        duration_law=laws("construction.duration", lambda p: p.construction.duration),
        budget=each(lambda p: p.budget),
        expected_cost=np.array(
            [
                _expected_cost(project, float(s0), composite, grid)
                for (_, project), s0, composite in zip(projects, start, composites, strict=True)
            ]
        ),
        start=start,
        duration=each(lambda p: p.construction.longest_years),
        phase_start=np.array([0, *accumulate(len(rows) for rows in phases)], np.int64),
        phase_share=np.array([share for rows in phases for share, _ in rows]),
        phase_duration=np.array([duration for rows in phases for _, duration in rows]),
        spend_curve=number(
            lambda p: spend_curve_table(book, p.construction.spend_curve.a, p.construction.spend_curve.b)
        ),
        cost_basket=number(lambda p: baskets.add(p.construction.indices)),
        expected_index=np.array([basis(i) for i in range(len(projects))]),
        tariff_attribute=number(
            lambda p: attributes.index((ref.layer, ref.attribute)) if (ref := p.construction.equipment_tariff) else -1
        ),
        imported_share=each(lambda p: p.construction.imported_share),
        tariff_start=each(lambda p: _tariff_start(study, p)),
        life=each(lambda p: p.operation.life_years),
        output=each(lambda p: (p.capacity_mw * HOURS_A_YEAR if p.capacity_mw else p.capacity) * grid.dt),
        availability_law=laws("operation.availability.law", lambda p: p.operation.availability.law),
        persistence=each(lambda p: p.operation.availability.persistence**grid.dt),
        price_law=laws("operation.contract.price", lambda p: c.price if (c := p.operation.contract) else None),
        share_law=laws("operation.contract.share", lambda p: c.share if (c := p.operation.contract) else None),
        price_basket=number(lambda p: baskets.add(c.indices if (c := p.operation.contract) else None)),
        escalation=np.array([_escalation(project, ends) for _, project in projects]),
        tenor=each(lambda p: c.tenor_years if (c := p.operation.contract) else 0.0),
        merchant_factor=number(lambda p: names[p.operation.merchant.factor]),
        merchant_basis=each(lambda p: p.operation.merchant.basis),
        fuel_factor=number(lambda p: names[f.factor] if (f := p.operation.fuel) else -1),
        fuel_rate=each(lambda p: f.heat_rate * f.basis if (f := p.operation.fuel) else 0.0),
        pass_through=each(lambda p: c.fuel_pass_through if (c := p.operation.contract) else 0.0),
        variable_om=each(lambda p: v.per_output if (v := p.operation.variable_om) else 0.0),
        variable_basket=number(lambda p: baskets.add(v.indices if (v := p.operation.variable_om) else None)),
        fixed_om=each(lambda p: _yearly_fixed(p) * grid.dt),
        fixed_basket=number(lambda p: baskets.add(f.indices if (f := p.operation.fixed_om) else None)),
        tax_rate=each(lambda p: t.rate if (t := p.operation.tax) else 0.0),
        tax_life=each(lambda p: t.life_years if (t := p.operation.tax) else 1.0),
        spread=each(lambda p: _of_split(study, p, "spread", 0.0)),
        deemed_life=each(lambda p: _of_split(study, p, "deemed_life_years", 1.0)),
    )
    return arrays, baskets.arrays()


def _of_split(study: Study, project: Project, key: str, without: float) -> float:
    """A term of the split: the project's own, else the agreement's."""
    split = study.agreement.split
    if not isinstance(split, TierSplit):
        return without
    own = getattr(project.split, key, None)
    return float(getattr(split, key) if own is None else own)
