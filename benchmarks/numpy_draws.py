"""Laws and random numbers of the NumPy version: its own for speed, the kernel's to compare both path by path."""

import numpy as np
from numba import njit, uint64

from frozen_kernel import U, score, unit, word

_TAILS = 60.0


class Table:
    """Equidistant linear interpolation by direct indexing, flat beyond its ends.

    A tenth of the time of `np.interp`, which has to search. Kept by cell: value = a + b position.
    """

    cells = 1 << 14

    def __init__(self, low, high, values):
        cells = len(values) - 1
        self.per_unit = cells / (high - low)
        self.first = 1.0 - low * self.per_unit  # cell 0 is what lies below the table
        self.slope = np.concatenate([[0.0], np.diff(values), [0.0]])
        self.value = np.concatenate([values[:1], values]) - self.slope * np.arange(cells + 2)

    def __call__(self, x):
        return self.at(x * self.per_unit)

    def at(self, position):
        """The same in cells per unit; overwrites them."""
        position += self.first
        cell = position.astype(np.intp)
        out = self.slope.take(cell, mode="clip")
        out *= position
        out += self.value.take(cell, mode="clip")
        return out


class Searched:
    """The same by `np.interp`, with fewer cells, for which it is faster."""

    cells = 1 << 10
    per_unit = 1.0

    def __init__(self, low, high, values):
        self.x, self.values = np.linspace(low, high, len(values)), np.asarray(values)

    def __call__(self, x):
        return np.interp(x, self.x, self.values)

    at = __call__


class Cubics:
    """A law or curve of the plan as the plan has it."""

    def __init__(self, pool, offset):
        count, self.location, self.scale = int(pool[offset]), pool[offset + 1], pool[offset + 2]
        self.pool, self.segments = pool, pool[offset + 3 : offset + 3 + 4 * count].reshape(count, 4)

    def __call__(self, x):
        out = np.empty_like(x)
        for number, (lower, per_unit, last, cubics) in enumerate(self.segments):
            here = x >= lower if number else np.ones(x.shape, bool)
            position = (x[here] - lower) * per_unit
            cell = np.clip(np.floor(position), 0, last)
            s = np.clip(position - cell, 0.0, 1.0)
            c = self.pool[(int(cubics) + 4 * cell.astype(int))[:, None] + np.arange(4)].T
            out[here] = self.location + self.scale * (c[0] + s * (c[1] + s * (c[2] + s * c[3])))
        return out

    def read_off(self, low, high, table):
        """The same, linear between equidistant points; itself without a kind of `table`."""
        return table(low, high, self(np.linspace(low, high, table.cells + 1))) if table else self


class Constant:
    """A law that is one number: nothing is drawn."""

    def __init__(self, value):
        self.value = value


def law(pool, offset, table):
    """A law over its score; None where there is none."""
    if offset < 0:
        return None
    cubics = Cubics(pool, int(offset))
    values = cubics(np.linspace(-7.0, 7.0, Table.cells + 1))
    if values.min() == values.max():
        return Constant(values[0])
    return cubics.read_off(-7.0, 7.0, table)


def curve(pool, offset, table):
    """A curve over [0, 1]."""
    return Cubics(pool, int(offset)).read_off(0.0, 1.0, table)


class TailMap:
    """Phi^-1(T_nu(y)), y scores times sqrt(W), from the plan's table of its ratio to y."""

    per_unit = 1.0

    def __init__(self, plan):
        g = plan.study[0]
        self.nu, self.bits, last = float(g["tail_nu"]), int(g["tail_bits"]), int(g["tail_last"])
        offset = int(g["tail_map"])
        self.last, self.cubics = last, plan.constants[offset : offset + 4 * (last + 1)].reshape(-1, 4)

    def at(self, y):
        bits = (1.0 + y * y / self.nu).view(np.int64)
        cell = np.minimum((bits - np.float64(1.0).view(np.int64)) >> (52 - self.bits), self.last)
        below = 52 - self.bits
        place = (bits & ((1 << below) - 1)) / float(1 << below)
        c = [self.cubics[:, power][cell] for power in range(4)]
        return y * (c[0] + place * (c[1] + place * (c[2] + place * c[3])))

    def read_off(self, table):
        """The same, linear between equidistant points; itself without a kind of `table`."""
        return table(-_TAILS, _TAILS, self.at(np.linspace(-_TAILS, _TAILS, 4 * table.cells + 1))) if table else self


class Draws:
    """Random numbers of a chunk: from one generator, in the order in which they are asked for."""

    def __init__(self, rng, n, normals):
        self.rng, self.n, self.normals, self.scores = rng, n, normals, {}

    def score(self, stream):
        """Scores drawn once a path; projects may share them."""
        stream = int(stream)
        if stream not in self.scores:
            self.scores[stream] = self.rng.standard_normal(self.n)
        return self.scores[stream]

    def uniform(self, stream):
        """Uniform numbers drawn once a path."""
        return self.rng.random(self.n)

    def uniforms(self, streams, index, paths):
        """Uniform numbers of some paths, of streams and by numbers of their own."""
        return self.rng.random(paths.size)

    def exponentials(self, streams, index, paths):
        """Unit exponentials, likewise."""
        return self.rng.standard_exponential(paths.size)

    def innovations(self, streams, t, v, out):
        """Scores of the factors in a step, ``(row, path)``, for a slice of the paths."""
        self.normals(self.rng, out)

    def root_score(self, stream, t, v):
        """Scores of the copula's W in a step."""
        return self.normals(self.rng, np.empty(v.stop - v.start))

    def availability(self, p, paths):
        """Scores of a project's availability, step by step, for slices of `paths` that only move on."""
        return _Availability(self, p.persistence, paths.size)


def own_normals(rng, out):
    """The generator's own."""
    return rng.standard_normal(out=out)


def box_muller(rng, out):
    """By Box and Muller: two thirds of the time of the generator's own, since sines of float32 are vectorised.

    The angle has the 24 bits of a float32, as have the kernel's scores; the radius has all.
    """
    half, flat = out.size // 2, out.reshape(-1)
    if out.size % 2:
        flat[-1] = rng.standard_normal()
    cosines, sines = flat[:half], flat[half : 2 * half]
    angle = rng.random(out=sines).astype(np.float32)
    angle *= np.float32(2.0 * np.pi)
    radius = rng.standard_exponential(half)
    radius *= 2.0
    np.sqrt(radius, out=radius)
    np.multiply(radius, np.cos(angle), out=cosines)
    np.multiply(radius, np.sin(angle), out=sines)
    return out


class _Availability:
    """A stationary first-order process that paths may enter at any step."""

    def __init__(self, draws, keep, n):
        self.draws, self.keep, self.new, self.state, self.seen = draws, keep, np.sqrt(1.0 - keep * keep), np.empty(n), 0

    def __call__(self, t, low, high):
        state, seen = self.state[low:high], max(self.seen - low, 0)
        old, fresh = state[:seen], state[seen:]
        old *= self.keep
        scores = self.draws.normals(self.draws.rng, np.empty(high - low))
        fresh[:] = scores[seen:]
        scores *= self.new
        old += scores[:seen]
        self.seen = max(high, self.seen)
        return state


_compiled = njit(fastmath={"contract"}, error_model="numpy")


@_compiled
def _words(out, seed, streams, index, paths):
    for i in range(out.size):
        out[i] = word(seed, uint64(paths[i]), streams[i], index[i])


@_compiled
def _scores(out, words):
    for i in range(out.size):
        out[i] = score(words[i])


@_compiled
def _units(out, words):
    for i in range(out.size):
        out[i] = unit(words[i])


class Replay:
    """The kernel's random numbers of the first `n` paths, to compare the two path by path."""

    def __init__(self, plan, seed, n):
        self.seed, self.n, self.plan = U(seed), n, plan
        self.paths = np.arange(n)

    def _words(self, streams, index, paths):
        shape = paths.shape
        out, streams = np.empty(shape, np.uint32), np.broadcast_to(np.asarray(streams, np.int64), shape)
        _words(out, self.seed, streams, np.broadcast_to(np.asarray(index, np.int64), shape), paths)
        return out

    def _scores(self, streams, index, paths):
        out = np.empty(paths.size)
        _scores(out, self._words(streams, index, paths))
        return out

    def score(self, stream):
        return self._scores(stream, 0, self.paths)

    def uniform(self, stream):
        return self.uniforms(stream, 0, self.paths)

    def uniforms(self, streams, index, paths):
        out = np.empty(paths.size)
        _units(out, self._words(streams, index, paths))
        return out

    def exponentials(self, streams, index, paths):
        return -np.log(1.0 - self.uniforms(streams, index, paths))

    def innovations(self, streams, t, v, out):
        for row, stream in zip(out, streams, strict=True):
            row[:] = self._scores(stream, t, self.paths[v])

    def root_score(self, stream, t, v):
        return self._scores(stream, t, self.paths[v])

    def availability(self, p, paths):
        steps, keep = int(self.plan.study[0]["steps"]), p.persistence
        out = np.empty((steps, paths.size))
        for t in range(steps):
            out[t] = self._scores(p.availability_stream, t, paths)
            if t:
                out[t] = keep * out[t - 1] + np.sqrt(1.0 - keep * keep) * out[t]
        return lambda t, low, high: out[t, low:high]
