"""Which 95 % interval of an expected shortfall covers best, by how many paths its tail holds. Minutes: 3.

Samples are drawn by their largest losses alone: the others do not matter. Uniform order statistics are ratios of sums
of exponentials, and a law's quantile function makes losses of them; of a study that is its sorted losses. Ways are
written out here for many samples at once; that the engine's is the same is tested on one of them.
"""

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.integrate import quad
from scipy.special import stdtrit

import spvrisk
from spvrisk.config import load
from spvrisk.experiments.task import job_of
from spvrisk.measures.sample import Sample, shortfall
from spvrisk.runner.execute import make_ready, series_in_threads, series_of_many
from spvrisk.runner.shard import processors

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "validation" / "shortfall_intervals.md"
STUDIES = {
    "starter study": Path(spvrisk.__file__).parent / "data" / "starter.yaml",
    "main study": ROOT / "configs" / "japan_us_2026.yaml",
}
STUDY_PATHS = 400_000
LAWS = {
    "uniform": stats.uniform(),
    "normal": stats.norm(),
    "exponential": stats.expon(),
    "lognormal, 1": stats.lognorm(1.0),
    "t, 4": stats.t(4),
    "Pareto, 2.5": stats.pareto(2.5),
}
SIZES = [("0.95", n) for n in (200, 1024, 4096, 16384)] + [("0.99", n) for n in (1024, 4096, 16384)]
SAMPLES, RESAMPLES = 1000, 200
Z = stats.norm.ppf(0.975)
CHOSEN = "Hall, Student"


class Drawn:
    """Largest losses of many samples, the largest first, and what follows from them."""

    def __init__(self, losses, level, n):
        self.losses, self.n, self.p = losses, n, 1.0 - float(level)
        self.size = self.p * n
        self.k = int(self.size + 1e-9)
        worst, part = losses[..., : self.k], self.size - self.k
        self.at_risk = losses[..., n - max(1, ceil(float(level) * n - 1e-9))]
        self.value = (worst.sum(-1) + part * losses[..., self.k]) / self.size
        self.excess = np.maximum(losses[..., : self.k + 1] - self.at_risk[..., None], 0.0)
        first, second, third, fourth = ((self.excess**power).sum(-1) / n for power in (1, 2, 3, 4))
        variance = second - first**2
        self.error = np.sqrt(variance / (n - 1)) / self.p
        self.skew = (third - 3 * first * second + 2 * first**3) / variance**1.5 / np.sqrt(n)
        kurtosis = (fourth - 4 * third * first + 6 * second * first**2 - 3 * first**4) / variance**2
        self.degrees = 2 * n / np.maximum(kurtosis - 1 - n * self.skew**2, 1e-9)
        self.over = self.value - self.at_risk


def uniforms(rng, shape, n, m):
    """The m smallest of n uniform numbers, in ascending order."""
    sums = np.cumsum(rng.exponential(size=(*shape, m)), -1)
    return sums / (sums[..., -1:] + rng.gamma(n + 1 - m, size=(*shape, 1)))


def normal(drawn, _):
    return drawn.value - Z * drawn.error, drawn.value + Z * drawn.error


def student(drawn, _):
    reach = stdtrit(drawn.k - 1, 0.975) * drawn.error
    return drawn.value - reach, drawn.value + reach


def logarithm(drawn, _):
    """Of what the shortfall is beyond the value at risk, with Student's quantile."""
    ratio = np.exp(stdtrit(drawn.k - 1, 0.975) * drawn.error / drawn.over)
    return drawn.at_risk + drawn.over / ratio, drawn.at_risk + drawn.over * ratio


def hall(drawn, _, reach=Z):
    def back(x):
        return 3.0 / drawn.skew * (np.cbrt(1.0 + drawn.skew * (x - drawn.skew / 6.0)) - 1.0)

    return drawn.value - drawn.error * back(reach), drawn.value - drawn.error * back(-reach)


def hall_student(drawn, _):
    return hall(drawn, _, stdtrit(drawn.degrees, 0.975))


def bootstrap(drawn, rng):
    """Studentized, of the tail: resamples are drawn by their largest losses too."""
    low, high = np.empty(drawn.value.size), np.empty(drawn.value.size)
    level = str(round(1.0 - drawn.p, 6))
    for i, losses in enumerate(drawn.losses):
        u = uniforms(rng, (RESAMPLES,), drawn.n, drawn.k + 2)
        again = Drawn(losses[np.minimum((u * drawn.n).astype(int), losses.size - 1)], level, drawn.n)
        with np.errstate(divide="ignore", invalid="ignore"):
            ts = np.nan_to_num((again.value - drawn.value[i]) / again.error, nan=0.0)
        bottom, top = np.quantile(ts, [0.025, 0.975])
        low[i], high[i] = drawn.value[i] - drawn.error[i] * top, drawn.value[i] - drawn.error[i] * bottom
    return low, high


def likelihood(drawn, _):
    """Empirical, of the mean excess over the value at risk, which is taken as known (Baysal and Staum, 2008)."""
    x = drawn.excess / drawn.p
    zeros = drawn.n - x.shape[-1]
    mean, most = x.sum(-1) / drawn.n, x.max(-1)

    def statistic(mu):
        apart = x - mu[:, None]
        a, b = -1.0 / (most - mu), 1.0 / mu
        for _ in range(30):
            middle = (a + b) / 2
            slope = (apart / (1.0 + middle[:, None] * apart)).sum(-1) - zeros * mu / (1.0 - middle * mu)
            a, b = np.where(slope > 0, middle, a), np.where(slope > 0, b, middle)
        middle = (a + b) / 2
        return 2 * (np.log1p(middle[:, None] * apart).sum(-1) + zeros * np.log1p(-middle * mu))

    def end(beyond):
        inner, outer = mean.copy(), np.full(mean.size, 1.0) * beyond
        for _ in range(25):
            middle = (inner + outer) / 2
            inside = statistic(middle) < Z * Z
            inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
        return inner

    return drawn.at_risk + end(mean * 1e-3), drawn.at_risk + end(np.minimum(mean * 20.0, most * 0.999))


def pareto(drawn, _):
    """Generalised Pareto law of the largest 4 k losses (Zhang and Stephens, 2009), delta method."""
    m = drawn.losses.shape[-1] - 1
    u = drawn.losses[:, m]
    x = np.sort(drawn.losses[:, :m] - u[:, None], -1)
    grid = 30 + int(np.sqrt(m))
    j = np.arange(1, grid + 1)
    quarter = x[:, int(m / 4 + 0.5) - 1]
    b = 1.0 / x[:, -1:] + (1.0 - np.sqrt(grid / (j - 0.5))) / (3.0 * quarter[:, None])
    shapes = np.stack([np.log1p(-b[:, [i]] * x).mean(-1) for i in range(grid)], -1)
    profile = m * (np.log(-b / shapes) - shapes - 1.0)
    with np.errstate(over="ignore"):
        weight = 1.0 / np.exp(profile[:, None, :] - profile[:, :, None]).sum(-1)
    theta = (weight * b).sum(-1)
    shape = np.log1p(-theta[:, None] * x).mean(-1)
    scale = -shape / theta
    shape = np.clip(shape, -0.9, 0.9)
    ratio = m / drawn.size

    def of(shape, scale, ratio):
        safe = np.where(np.abs(shape) < 1e-6, 1e-6, shape)
        beyond = scale / safe * (ratio**safe - 1.0)
        return u + beyond + (scale + safe * beyond) / (1.0 - safe)

    value, h = of(shape, scale, ratio), 1e-5
    by_shape = (of(shape + h, scale, ratio) - value) / h
    by_scale = (of(shape, scale * (1 + h), ratio) - value) / h
    by_ratio = (of(shape, scale, ratio * (1 + h)) - value) / h
    variance = (1 + shape) ** 2 * by_shape**2 + 2 * (1 + shape) * (by_scale**2 - by_shape * by_scale)
    error = np.sqrt(np.maximum(variance + by_ratio**2 * (1 - m / drawn.n), 0.0) / m)
    return value - Z * error, value + Z * error


WAYS: dict[str, Callable] = {
    "± 1.96": normal,
    "Student": student,
    "log, Student": logarithm,
    "Hall": hall,
    CHOSEN: hall_student,
    "bootstrap-t": bootstrap,
    "likelihood": likelihood,
    "Pareto": pareto,
}


def law_of(losses):
    """Quantile function of a study's losses by the share above, and their truth at a level."""
    ordered = np.sort(losses)[::-1]
    return lambda u: ordered[np.minimum((u * ordered.size).astype(int), ordered.size - 1)]


def worlds():
    """Each law by name: losses from the share above, and the true shortfall at a level."""
    for name, law in LAWS.items():
        yield name, law.isf, lambda level, law=law: quad(law.isf, 0.0, 1 - level, limit=500)[0] / (1 - level)
    for name, file in STUDIES.items():
        study = load(file).study
        job = replace(job_of(study, study.run), paths=STUDY_PATHS, inputs=())
        make_ready(job.plan)
        wanted = [(job, [job.labels.series.index(("portfolio", "npv_funder"))])]
        ((_, values),) = series_of_many(wanted, series_in_threads(processors()))
        of = law_of(-values[0])
        yield name, of, lambda level, of=of: float(np.mean(of((np.arange(10**6) + 0.5) / 10**6 * (1 - level))))


def drawn_of(rng, of, level, n):
    k = int((1 - float(level)) * n + 1e-9)
    return Drawn(of(uniforms(rng, (SAMPLES,), n, min(4 * k, n - 1) + 1)), level, n)


def test_chosen__is_what_the_engine_states():
    rng = np.random.default_rng(3)
    losses = -np.sort(-rng.standard_t(4, (1, 4096)))
    low, high = hall_student(Drawn(losses, "0.99", 4096), rng)
    found = shortfall(Sample(-losses[0]), "0.99")
    np.testing.assert_allclose(found.interval, (low[0], high[0]), rtol=1e-9)


def test_intervals__chosen_covers_best():
    rng = np.random.default_rng(29)
    covered, lengths = {}, {}
    for name, of, truth in worlds():
        for level, n in SIZES:
            drawn, true = drawn_of(rng, of, level, n), truth(float(level))
            for way, interval in WAYS.items():
                low, high = interval(drawn, rng)
                key = name, level, n, way
                covered[key] = float(np.mean((low <= true) & (true <= high)))
                lengths[key] = float(np.median(high - low) / np.median(2 * Z * drawn.error))
    note(covered, lengths)
    mine = {key: share for key, share in covered.items() if key[3] == CHOSEN}
    assert all(0.905 <= share <= 0.98 for share in mine.values()), mine
    assert all(0.92 <= share <= 0.97 for (_, _, n, _), share in mine.items() if n > 4096), mine
    misses = {way: np.mean([(s - 0.95) ** 2 for key, s in covered.items() if key[3] == way]) for way in WAYS}
    assert min(misses, key=misses.__getitem__) == CHOSEN, misses


def note(covered, lengths):
    """Keep what was found."""
    said = f"""
        Made by `make campaign` (tests/campaigns/test_shortfall_intervals_campaign.py): how often 95 % intervals of
        expected shortfall hold the truth, in per cent of {SAMPLES:,} samples of each law; by chance alone within 1.4 of
        the share nineteen times in twenty. Studies are resampled from {STUDY_PATHS:,} paths. Decision 31 chose
        Hall's, decision 32 {CHOSEN}.
    """
    text = f"# Intervals of expected shortfall\n\n{' '.join(said.split())}\n"
    head = f"| law | level | paths | in the tail | {' | '.join(WAYS)} |\n|{' --- |' * (len(WAYS) + 4)}\n"
    for title, table, times, form in (
        ("Coverage, %", covered, 100.0, ".1f"),
        ("Median length, as a multiple of ± 1.96 standard errors", lengths, 1.0, ".2f"),
    ):
        rows = dict.fromkeys(key[:3] for key in table)
        lines = [
            f"| {name} | {level} | {n:,} | {round((1 - float(level)) * n)} | "
            + " | ".join(format(times * table[name, level, n, way], form) for way in WAYS)
            + " |"
            for name, level, n in rows
        ]
        text += f"\n## {title}\n\n{head}" + "\n".join(lines) + "\n"
    PAGE.write_text(text, encoding="utf-8")
