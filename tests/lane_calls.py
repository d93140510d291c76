"""Parts of the kernel made callable from Python; their machine code is kept in the kernel's own cache folder."""

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.clock import next_change
from spvrisk.kernel.draws import PHILOX, Draws, four_scores
from spvrisk.kernel.irr import irr
from spvrisk.kernel.maths import L, entry, exp, log
from spvrisk.kernel.operation import age
from spvrisk.kernel.philox import fill_words, philox, word
from spvrisk.kernel.scores import score, score_rows
from spvrisk.kernel.split import distribute, fall_due, settle
from spvrisk.kernel.whole_rows import fill
from spvrisk.kernel.workspace import EVENT_STATE, LEDGER, PIPELINE_NOW, REGIME_NOW
from spvrisk.plan.arrays import PROJECT, SPLIT_CUMULATIVE, SPLIT_PERIODIC, STUDY

LANES = int(L)
NET = R.N_FIXED * LANES
ROWS = np.array([R.DUE, R.FUNDER, R.HOST, R.CARRY, R.DEEMED], np.uint64)


@entry
def philox_words(counter, key, out):  # type: ignore[no-untyped-def]
    """The kernel's generator on one counter and key."""
    a, b, c, d = philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])
    out[0], out[1], out[2], out[3] = a, b, c, d


@entry
def one_word(seed, path, stream, index):  # type: ignore[no-untyped-def]
    """One word by path, stream and index."""
    return word(seed, path, stream, index)


@entry
def block_words(u, seed, path, stream, block):  # type: ignore[no-untyped-def]
    """Words of four draws on a row of lanes."""
    fill_words(u, seed, path, stream, block)


@entry
def block_scores(w, u, seed, path, stream, block):  # type: ignore[no-untyped-def]
    """Scores of four draws on a row of lanes."""
    four_scores(Draws(PHILOX, seed, uint64(0), path, u), w, uint64(0), L, stream, block)


@entry
def scores_of(words, out):  # type: ignore[no-untyped-def]
    """Scores of given words."""
    for i in range(words.size):
        out[i] = score(words[i])


@entry
def scores_in_rows(w, words):  # type: ignore[no-untyped-def]
    """Scores of a row of given words, as rows of lanes have them."""
    score_rows(w, uint64(0), L, words, 1)


@entry
def scores_from(first, step, out):  # type: ignore[no-untyped-def]
    """Scores of the words first, first + step, ..."""
    for i in range(out.size):
        out[i] = score(np.uint32(first + uint64(i) * step))


@entry
def logs_and_exps(x, y, logs, exps):  # type: ignore[no-untyped-def]
    """Logarithms of `x`, exponentials of `y`."""
    for i in range(x.size):
        logs[i] = log(x[i])
    for i in range(y.size):
        exps[i] = exp(y[i])


@entry
def split_lanes(w, study, projects, available, rates, spend, rows, out):  # type: ignore[no-untyped-def]
    """The split of `available (step, lane)` under the kernel's own clauses; `rows` are kept in `out`."""
    g, p = study[0], projects[0]
    for t in range(uint64(available.shape[0])):
        begin = t * g.dt
        fill(w, R.START_RATE, rates[t])
        for l in range(L):
            w[R.AVAILABLE + l] = available[t, l]
            w[R.CALL + l] = spend[t, l]
            w[R.PAID + l] += spend[t, l]
        age(w, begin, begin + g.dt)
        fall_due(w, g, p, R.START_RATE)
        distribute(w, g)
        settle(w, g, R.START_RATE, begin)
        for i in range(rows.size):
            for l in range(L):
                out[t, i, l] = w[rows[i] + l]


@entry
def irr_lanes(w, steps, steps_per_year):  # type: ignore[no-untyped-def]
    """Rates of return of the flows in the rows from `NET` on, into the row `IRR`."""
    irr(w, uint64(NET), steps, steps_per_year)


@entry
def next_of(now, event_states, flow, ledger, horizon):  # type: ignore[no-untyped-def]
    """What happens next on a path."""
    return next_change(now, event_states, flow, ledger[0], horizon)


def record(dtype, **fields):
    """One record, zero but for the given fields."""
    row = np.zeros(1, dtype)
    for name, value in fields.items():
        row[name] = value
    return row


def split(
    available,
    *,
    mode,
    rates,
    life=1.0,
    spread=0.0,
    m=1,
    s1=0.5,
    s2=0.1,
    calls=None,
    paid_in=0.0,
    completion=0.0,
    plant_life=1e3,
    carry_interest=False,
    before_completion=False,
):
    """Run the kernel's split on ``available (step, path)``, a row of lanes or fewer paths.

    Returns
    -------
    dict
        due, funder, host, carry, balance: ``(step, path)`` at the steps' ends.
    """
    available = np.atleast_2d(np.asarray(available, float))
    steps, n = available.shape
    lanes = np.zeros((steps, LANES))
    lanes[:, :n] = available
    spend = np.zeros((steps, LANES))
    if calls is not None:
        spend[:, :n] = np.asarray(calls, float).reshape(steps, -1)
    w, out = np.zeros(NET), np.zeros((steps, len(ROWS), LANES))
    rows = w.reshape(-1, LANES)

    def put(row, value):
        rows[int(row) // LANES] = value

    put(R.PAID, paid_in)
    put(R.COMPLETION, completion)
    put(R.WORK_END, completion)
    put(R.LIFE, plant_life)
    put(R.SPREAD, spread)
    if mode == "cumulative":
        put(R.DEEMED, paid_in)
    study = record(
        STUDY,
        steps=steps,
        dt=1.0 / m,
        mode={"periodic": SPLIT_PERIODIC, "cumulative": SPLIT_CUMULATIVE}[mode],
        first_share=s1,
        second_share=s2,
        carry_bears_interest=int(carry_interest),
        interest_before_completion=int(before_completion),
    )
    project = record(PROJECT, deemed_life=life)
    rates = np.broadcast_to(np.asarray(rates, float), (steps,)).copy()
    split_lanes(w, study, project, lanes, rates, spend, ROWS, out)
    return {name: out[:, i, :n] for i, name in enumerate(("due", "funder", "host", "carry", "balance"))}


def rates_of_return(flows, m):
    """Rates of return of ``flows (step, path)``, as the kernel finds them, a row of lanes or fewer paths."""
    flows = np.asarray(flows, float)
    steps, n = flows.shape
    w = np.zeros(NET + (steps + 3) // 4 * 4 * LANES)
    rows = w[NET:].reshape(-1, LANES)
    rows[:steps, :n] = flows
    rows[:steps, n:] = flows[:, :1]
    irr_lanes(w, steps, float(m))
    return w[int(R.IRR) :][:n].copy()


def regimes_now(*rows):
    """Records of the regimes of one path: intensity, expires, threshold."""
    now = np.zeros(len(rows), REGIME_NOW)
    for i, (intensity, expires, threshold) in enumerate(rows):
        now[i]["expires"], now[i]["next_jump"] = expires, threshold / intensity if intensity else np.inf
    return now


def pipelines_now(*rows):
    """Records of the pipelines of one path: intensity, threshold."""
    flow = np.zeros(len(rows), PIPELINE_NOW)
    for n, (intensity, threshold) in enumerate(rows):
        flow[n]["next_jump"] = threshold / intensity
    return flow


def deal_at(time=np.inf, project=0):
    """What is next to happen to a project."""
    ledger = np.zeros(1, LEDGER)
    ledger["time"], ledger["project"] = time, project
    return ledger


def events_at(*times):
    """Records of the events of one path, to take place at times."""
    event_states = np.zeros(len(times), EVENT_STATE)
    event_states["time"] = times
    return event_states
