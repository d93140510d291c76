"""Study -> Plan: everything that is known before a path is drawn."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from spvrisk.config.study import Study
from spvrisk.config.study.split import FixedSplit, TierSplit
from spvrisk.config.study.stack import Book, Insurer
from spvrisk.plan import inputs
from spvrisk.plan.arrays import (
    EVENT,
    PROJECT,
    SPLIT_CUMULATIVE,
    SPLIT_NONE,
    SPLIT_PERIODIC,
    STUDY,
    Constants,
    Plan,
    records,
)
from spvrisk.plan.calendar import Grid, make_grid, step_ends
from spvrisk.plan.compile_clock import Products, compile_clock
from spvrisk.plan.compile_factors import compile_factors
from spvrisk.plan.compile_projects import attributes_read, compile_projects, relief_flows, windows
from spvrisk.plan.compile_selection import compile_funding, compile_pipelines
from spvrisk.plan.curves import discount_factors
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import CAPACITY, CAPITAL, CATCH_UP, STACK, SUMS
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import NO_LAW, TableBook
from spvrisk.plan.tools import BasketBook, Tools

_MODES = {"periodic": SPLIT_PERIODIC, "cumulative": SPLIT_CUMULATIVE}


class Compiled(NamedTuple):
    """A compiled study."""

    plan: Plan
    labels: Labels
    book: TableBook
    """The laws of the study, for reports on their tables."""


def _calendar(grid: Grid, constants: Constants) -> dict[str, Any]:
    """Fields on steps and times."""
    return {
        "steps": grid.steps,
        "dt": grid.dt,
        "per_year": float(grid.steps_per_year),
        # looked up, never computed as t dt: for monthly steps that product is inexact
        "times": constants.add(np.append(0.0, grid.ends)),
        "days": constants.add(grid.day),
    }


def _products(products: Products, step_means: int, constants: Constants) -> dict[str, int]:
    """Fields on the rows that the clock leaves: its step means, then products of what states contribute."""
    return {
        "step_means": step_means + products.count,
        "products": constants.add(products.offsets),
        "n_products": products.count,
    }


def _common_streams(streams: Streams) -> dict[str, int]:
    return {f"all_{what}_stream": streams(f"construction/all/{what}", "projects") for what in ("cost", "delay")}


def _split(study: Study) -> dict[str, Any]:
    split = study.agreement.split
    if isinstance(split, FixedSplit):
        return {
            "mode": SPLIT_NONE,
            "first_share": 1.0,
            "second_share": 1.0,
            "funder_share": split.funder_share,
            "reference_factor": 0,
            "carry_bears_interest": 0,
            "interest_before_completion": 0,
        }
    return {
        "mode": _MODES[split.mode],
        "first_share": split.first_share,
        "second_share": split.second_share,
        "funder_share": 0.0,
        "reference_factor": list(study.factors).index(split.reference_rate),
        "carry_bears_interest": int(split.carry_interest == "deemed_rate"),
        "interest_before_completion": int(split.interest_before_completion),
    }


def _terms(study: Study) -> dict[str, Any]:
    """Fields on what changes the shares, and on what couples projects."""
    agreement = study.agreement
    adjust = agreement.split.adjust if isinstance(agreement.split, TierSplit) else None
    catch_up, steps = agreement.catch_up, -1
    if catch_up is not None and catch_up.years is not None:
        steps = math.floor(catch_up.years * study.study.steps_per_year + 1e-9)
    return {
        "adjusts": int(adjust is not None),
        "adjust_years": adjust.after_years if adjust else np.inf,
        "adjusted_first": adjust.first_share if adjust else 1.0,
        "adjusted_second": adjust.second_share if adjust else 1.0,
        "coupled": int(agreement.coupled),
        "pooled": int(isinstance(agreement.split, TierSplit) and agreement.split.pooling == "umbrella"),
        "catch_share": catch_up.share if catch_up else 0.0,
        "catch_steps": steps,
    }


def _stack(tools: Tools) -> dict[str, Any]:
    """Fields on the funder's stack."""
    study = tools.study
    stack, per_year = study.stack, study.study.steps_per_year
    if stack is None:
        real = ("sweep", "policy_share", "policy_margin", "equity_share", "bank_share", "bank_margin", "cover")
        whole = {
            "stack": 0,
            "stack_factor": 0,
            "repayments": 1,
            "insured": 0,
            "wait": 0,
            "policy_law": -1,
            "policy_stream": 0,
        }
        none = {**dict.fromkeys(real, 0.0), **whole, **_book(None, tools)}
        return {**none, "premium": 0.0, "capital": np.inf, "capacity": np.inf}
    insurer = stack.insurer or Insurer(cover=0.0)
    return {
        "stack": 1,
        "stack_factor": list(study.factors).index(stack.reference_rate),
        "repayments": max(round(stack.tenor_years * per_year), 1),
        "sweep": stack.sweep,
        "policy_share": stack.policy_loan.share,
        "policy_law": tools.law(stack.policy_share, "stack.policy_share"),
        "policy_stream": tools.streams("stack/policy_share", "stack"),
        "policy_margin": stack.policy_loan.margin,
        "equity_share": stack.policy_equity.share,
        "bank_share": stack.commercial_loan.share,
        "bank_margin": stack.commercial_loan.margin,
        "insured": int(stack.insurer is not None),
        "cover": insurer.cover,
        "wait": math.ceil(insurer.wait_years * per_year - 1e-9),
        "premium": insurer.premium,
        "capital": np.inf if insurer.capital is None else insurer.capital + insurer.reserves,
        **_book(insurer.book, tools),
        "capacity": np.inf if insurer.capacity is None else insurer.capacity,
    }


def _book(book: Book | None, tools: Tools) -> dict[str, Any]:
    """Fields on what the insurer has in force on the value date; it runs off from step to step."""
    if book is None:
        return {"book_law": -1, "book_stream": 0, "book": 0}
    grid = tools.grid
    in_force = book.in_force * np.maximum(1.0 - (grid.ends - grid.dt) / book.run_off_years, 0.0)
    return {
        "book_law": tools.law(book.loss_rate, "stack.insurer.book.loss_rate"),
        "book_stream": tools.streams("insurer/book", "stack.insurer"),
        "book": tools.constants.add(in_force * grid.dt),
    }


def _results(labels: Labels, constants: Constants) -> dict[str, Any]:
    """Fields on what the kernel writes."""
    added = [SUMS.index(name) for name in labels.quantities if name in SUMS]
    return {
        "quantities": len(labels.quantities),
        "sums": constants.add([len(added), *added]),
        "scheme_values": labels.scheme.index("net_commitments"),
        "timeline_rows": len(labels.timeline),
    }


def _agreement(tools: Tools) -> dict[str, Any]:
    """Fields on who has what of the cash, and who raises the calls."""
    return {**_split(tools.study), **_terms(tools.study), **_stack(tools)}


def _discounting(study: Study, grid: Grid, constants: Constants) -> dict[str, Any]:
    funder, host = study.parties["funder"], study.parties["host"]

    def factors(curve: str) -> int:
        return constants.add(discount_factors(study.curves[curve], grid.ends))

    return {
        "fx_factor": list(study.factors).index(funder.fx) if funder.fx is not None else -1,
        "discount_funder": factors(funder.discount.study),
        "discount_host": factors(host.discount.study),
        "discount_local": factors(funder.discount.local or funder.discount.study),
    }


def compile_study(study: Study, streams: Streams | None = None) -> Compiled:
    """Compile a checked study.

    Parameters
    ----------
    study
        The study.
    streams
        That hands out the numbers of random streams, and knows the names of all that is drawn afterwards; None: one
        that draws each under its own name.

    Raises
    ------
    InputError
        What only planning can see: dates against the value date, laws that cannot be, a correlation matrix that is
        not positive definite.
    """
    head = study.study
    grid = make_grid(head.value_date, head.steps, head.steps_per_year)
    streams, book, constants = streams or Streams(), TableBook(), Constants()
    read = attributes_read(study)
    clock = compile_clock(study, grid, streams, book, constants, read)
    products = Products(study, clock.numbers, clock.step_means.size, constants)
    factors = compile_factors(study, grid, streams, book, constants, clock.step_means)
    baskets = BasketBook(study.factors, constants)
    tools = Tools(
        study, grid, streams, book, constants, baskets, factors.processes, read, clock.interruptions, products
    )
    projects, relief = compile_projects(tools), relief_flows(tools)
    labels = labels_of(study, grid, _inputs(study, projects))
    funding = compile_funding(study, grid, streams, book, constants, clock.numbers)
    agreement = _agreement(tools)
    book.fill(constants)
    row = {
        **_calendar(grid, constants),
        "money_unit": float(head.money_unit),
        **factors.study,
        **clock.study,
        **_products(products, clock.step_means.size, constants),
        **funding,
        "relief": relief,
        **windows(tools),
        **_common_streams(streams),
        **agreement,
        **_results(labels, constants),
        **_discounting(study, grid, constants),
    }
    plan = Plan(
        study=records(STUDY, [row]),
        constants=constants.array(),
        factors=factors.factors,
        rows=factors.rows,
        jumps=factors.jumps,
        regimes=clock.regimes,
        states=clock.states,
        events=records(EVENT, clock.events),
        pipelines=compile_pipelines(study, streams),
        projects=records(PROJECT, projects),
    )
    return Compiled(plan, labels, book)


def sites_of(study: Study) -> tuple[str, ...]:
    """Names of the plan's projects: the announced ones, then the slots of each pipeline as ``<pipeline>/<number>``."""
    slots = (f"{name}/{k}" for name, pipeline in study.pipelines.items() for k in range(pipeline.max_count))
    return (*study.projects, *slots)


def _inputs(study: Study, projects: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Inputs that a study has."""
    announced = projects[: len(study.projects)]
    laws = {field for field in PROJECT.names or () if field.endswith("_law")}
    of = {inputs.PROJECT: len(announced), inputs.FACTOR: len(study.factors), inputs.OFFTAKER: len(study.offtakers)}
    return inputs.existing(of, {law for law in laws for project in announced if project[law] != NO_LAW})


def labels_of(study: Study, grid: Grid, drawn: tuple[str, ...] = ()) -> Labels:
    """Names that go with a plan's arrays.

    Parameters
    ----------
    study, grid
        The study, and its steps.
    drawn
        Inputs that it has; none are known before its projects are compiled.
    """
    head = study.study
    titles = {name: project.title for name, project in study.projects.items()}
    titles |= {name: pipeline.title for name, pipeline in study.pipelines.items()}
    return Labels(
        title=head.title.model_dump(exclude_none=True),
        currency=head.currency,
        money_unit=float(head.money_unit),
        local_currency=study.parties["funder"].currency,
        projects=tuple(titles),
        pipelines=tuple(study.pipelines),
        project_titles={name: title.model_dump(exclude_none=True) for name, title in titles.items()},
        regimes=tuple((name, tuple(regime.states)) for name, regime in study.regimes.items()),
        events=tuple((name, tuple(event.outcomes)) for name, event in study.events.items()),
        factors=tuple(study.factors),
        value_date=head.value_date.isoformat(),
        step_ends=step_ends(grid, head.value_date),
        steps_per_year=head.steps_per_year,
        features=_features(study),
        offtakers=tuple(study.offtakers),
        inputs=drawn,
    )


def _features(study: Study) -> tuple[str, ...]:
    """What outputs depend on."""
    insurer = study.stack.insurer if study.stack else None
    has = {
        CATCH_UP: study.agreement.catch_up is not None,
        STACK: study.stack is not None,
        CAPITAL: insurer is not None and insurer.capital is not None,
        CAPACITY: insurer is not None and insurer.capacity is not None,
    }
    return tuple(name for name, there in has.items() if there)
