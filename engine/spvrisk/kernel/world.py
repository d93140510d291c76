"""Contexts: what a stage works on, borrowed once and handed on as one.

A context is a named tuple of arrays without their owners (`maths.borrow`), so that passing it costs no reference
counts. It cannot be changed; where something in it does, another is made. An array that is written is handed on in the
context alone and goes by one name there: the compiler is told that arguments do not overlap.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from spvrisk.kernel import draws as draw
from spvrisk.kernel.draws import PHILOX, Draws
from spvrisk.kernel.maths import L, U, borrow, inline
from spvrisk.kernel.rows import Region
from spvrisk.kernel.workspace import Leaf, Offsets, Work, deal_of
from spvrisk.plan.arrays import Floats, Plan, Records

Record = Any
"""One record of an array."""


class Paths(NamedTuple):
    """Which paths are run."""

    seed: np.uint64
    first: np.uint64
    """Number of the first: a multiple of the lane count."""
    column: np.uint64
    """Column of the leaf for the first."""
    n: np.uint64
    """How many."""


class Block(NamedTuple):
    """A row of paths."""

    w: Floats
    """The workspace."""
    at: Offsets
    """Its regions."""
    plan: Plan
    c: Floats
    """The plan's constants."""
    g: Record
    """`arrays.STUDY`."""
    work: Work
    leaf: Leaf
    draws: Draws
    column: np.uint64
    """Column of the leaf for the first path."""
    n: np.uint64
    """Lanes that are paths: the first so many."""


class World(NamedTuple):
    """One path of the clock and of selection."""

    w: Floats
    at: Offsets
    c: Floats
    g: Record
    draws: Draws
    lane: np.uint64
    regimes: Records
    """Of the plan; so with the next four."""
    states: Records
    events: Records
    pipelines: Records
    projects: Records
    now: Records
    """Of the path, see `workspace.Work`; so with the next eight."""
    event_states: Records
    scales: Floats
    weights: Floats
    held: Records
    deals: Records
    turns: NDArray[np.int64]
    flow: Records
    ledger: Record
    occupancy: Floats
    log: Floats
    """No entries where the path is not traced."""


class Site(NamedTuple):
    """A project on a row of paths."""

    w: Floats
    at: Offsets
    c: Floats
    g: Record
    p: Record
    """`arrays.PROJECT`."""
    s: int
    """Its number."""
    deal: np.uint64
    """First element of its rows in the region `deal`."""
    factors: Records
    draws: Draws


class Step(NamedTuple):
    """A step of time."""

    t: np.uint64
    begin: float
    """Years."""
    end: float
    x: np.uint64
    """First element of the factors' rows."""


class Account(NamedTuple):
    """Whose flows and sums a project joins: the portfolio's, or its pipeline's."""

    calls: Region
    receipts: Region
    sums: Region


class Line(NamedTuple):
    """Where a step of a unit stands in the timeline's partial sums."""

    sums: Floats
    first: np.uint64
    """Partial sums of the first row of the timeline; those of the others follow."""
    n: np.uint64
    """Lanes that are paths."""


@inline
def borrowed_plan(plan):
    """A plan without its owner."""
    return Plan(
        borrow(plan.study),
        borrow(plan.constants),
        borrow(plan.factors),
        borrow(plan.rows),
        borrow(plan.jumps),
        borrow(plan.regimes),
        borrow(plan.states),
        borrow(plan.events),
        borrow(plan.pipelines),
        borrow(plan.projects),
    )


@inline
def borrowed_work(work):
    """A thread's scratch without its owner."""
    return Work(
        borrow(work.w),
        borrow(work.words),
        borrow(work.now),
        borrow(work.event_states),
        borrow(work.scales),
        borrow(work.weights),
        borrow(work.held),
        borrow(work.deals),
        borrow(work.turns),
        borrow(work.flow),
        borrow(work.ledger),
    )


@inline
def borrowed_leaf(leaf):
    """Results of a leaf without their owner."""
    return Leaf(
        borrow(leaf.values),
        borrow(leaf.inputs),
        borrow(leaf.partial),
        borrow(leaf.occupancy),
        borrow(leaf.step_means),
        borrow(leaf.fans),
        borrow(leaf.traced),
        borrow(leaf.trace),
        borrow(leaf.log),
    )


@inline
def block_of(plan, at, work, leaf, paths):
    """A row of paths, whose arrays are taken apart here, once, and without their owners.

    Each call would count the references to every array.
    """
    plan, work, leaf = borrowed_plan(plan), borrowed_work(work), borrowed_leaf(leaf)
    draws = Draws(PHILOX, paths.seed, U(0), paths.first, work.words)
    return Block(work.w, at, plan, plan.constants, plan.study[0], work, leaf, draws, paths.column, paths.n)


@inline
def world_of(block, l):
    """One path of a block; the clock of the first is logged where one is."""
    plan, work, leaf = block.plan, block.work, block.leaf
    return World(
        block.w,
        block.at,
        block.c,
        block.g,
        draw.of_lane(block.draws, l),
        l,
        plan.regimes,
        plan.states,
        plan.events,
        plan.pipelines,
        plan.projects,
        work.now,
        work.event_states,
        work.scales,
        work.weights,
        work.held,
        work.deals,
        work.turns,
        work.flow,
        work.ledger[0],
        leaf.occupancy,
        leaf.log if l == 0 else leaf.log[:0],
    )


@inline
def site_of(block, s):
    """A project of a block."""
    projects, deal = block.plan.projects, deal_of(block.at, s)
    return Site(block.w, block.at, block.c, block.g, projects[s], s, deal, block.plan.factors, block.draws)


@inline
def step_of(at, c, g, factors, t):
    """A step."""
    now, n = uint64(g.times) + t, uint64(factors.size)
    return Step(t, c[now], c[now + U(1)], at.factor.first + t * n * L)
