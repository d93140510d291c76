"""Worlds of the reference on paper: regimes and events whose uniforms and scores are given."""

import datetime as dt

import numpy as np

import reference as ref


class Fixed(ref.Draws):
    """Uniforms from a table by (name, index), 0.5 otherwise; scores all 0."""

    def __init__(self, table=()):
        super().__init__(0)
        self.table = dict(table)

    def uniforms(self, name, index, paths):
        return np.full(
            np.shape(index) + (len(paths),),
            self.table.get((name, index if np.ndim(index) == 0 else None), 0.5),
        )

    def scores(self, name, index, paths):
        return np.zeros(np.shape(index) + (len(paths),))


def world(regimes, events=None, draws=None, n=1, years=4, m=4):
    clock = ref.Calendar(dt.date(2026, 3, 31), m, years)
    return ref.simulate_world({"regimes": regimes, "events": events}, clock, np.arange(n), draws or Fixed())


STATES = {"a": {"attributes": {"x": 0.0}}, "b": {"attributes": {"x": 1.0}}, "c": {"attributes": {"x": 4.0}}}


CLOCK = ref.Calendar(dt.date(2026, 3, 31), 4, 4)


STAY = {"outcomes": {"o": {}}, "probabilities": {"o": 1.0}}


def known(date, outcome, **more):
    """Return an event with one outcome."""
    return {"date": date, "outcomes": {"o": outcome, "other": {}}, "outcome": "o", **more}
