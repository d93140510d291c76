"""Laws as a study writes them, each with its oracle: scipy.stats, conditioning and mixing by their definitions."""

import numpy as np
from scipy import stats

# ---- oracles: scipy.stats, and conditioning and mixing written from their definitions ---------------------------


class Conditioned:
    def __init__(self, base, low, high):
        self.base, self.low, self.high = base, low, high
        self.below, self.above = base.cdf(low), base.sf(high)
        # from whichever tail loses no digits
        right, left = base.sf(low) - self.above, base.cdf(high) - self.below
        self.mass = right if self.below > 0.5 else left

    def cdf(self, x):
        left = self.below < 0.5
        inside = self.base.cdf(x) - self.below if left else self.base.sf(self.low) - self.base.sf(x)
        return np.clip(inside / self.mass, 0, 1)

    def sf(self, x):
        right = self.above < 0.5
        inside = self.base.sf(x) - self.above if right else self.base.cdf(self.high) - self.base.cdf(x)
        return np.clip(inside / self.mass, 0, 1)


class Mixed:
    def __init__(self, *parts):
        self.parts = parts

    def cdf(self, x):
        return sum(weight * part.cdf(x) for weight, part in self.parts)

    def sf(self, x):
        return sum(weight * part.sf(x) for weight, part in self.parts)


class Atom:
    def __init__(self, at):
        self.at = at

    def cdf(self, x):
        return np.where(x >= self.at, 1.0, 0.0)

    def sf(self, x):
        return np.where(x >= self.at, 0.0, 1.0)


LOG = stats.lognorm(s=np.sqrt(np.log1p((0.25 / 1.2) ** 2)), scale=1.2 / np.sqrt(1 + (0.25 / 1.2) ** 2))
BETA = stats.beta(0.85 * (0.85 * 0.15 / 0.12**2 - 1), 0.15 * (0.85 * 0.15 / 0.12**2 - 1))
CASES = {
    "normal": ({"normal": {"mean": 5, "sd": 2}}, stats.norm(5, 2)),
    "lognormal_mean_sd": ({"lognormal": {"mean": 1.2, "sd": 0.25}}, LOG),
    "lognormal_median_sigma": ({"lognormal": {"median": 2, "sigma": 0.8}}, stats.lognorm(s=0.8, scale=2)),
    "lognormal_p10_p90": (
        {"lognormal": {"p10": 2, "p90": 3}},
        stats.lognorm(s=np.log(1.5) / (2 * stats.norm.ppf(0.9)), scale=np.sqrt(6)),
    ),
    "lognormal_wide": ({"lognormal": {"median": 1, "sigma": 3}}, stats.lognorm(s=3)),
    "uniform": ({"uniform": {"min": -1, "max": 3}}, stats.uniform(-1, 4)),
    "triangular": ({"triangular": {"min": 70, "mode": 88, "max": 110}}, stats.triang(18 / 40, 70, 40)),
    "triangular_one_sided": ({"triangular": {"min": 0, "mode": 0, "max": 2}}, stats.triang(0, 0, 2)),
    "triangular_other_side": ({"triangular": {"min": 0, "mode": 2, "max": 2}}, stats.triang(1, 0, 2)),
    "pert": ({"pert": {"min": 1, "mode": 2, "max": 5}}, stats.beta(2, 4, 1, 4)),
    "beta_mean_sd": ({"beta": {"mean": 0.85, "sd": 0.12}}, BETA),
    "beta_between": ({"beta": {"a": 2, "b": 3, "min": 10, "max": 30}}, stats.beta(2, 3, 10, 20)),
    "beta_u_shaped": ({"beta": {"a": 0.5, "b": 0.4}}, stats.beta(0.5, 0.4)),
    "beta_extreme": ({"beta": {"a": 0.05, "b": 0.7}}, stats.beta(0.05, 0.7)),
    "gamma": ({"gamma": {"shape": 2.5, "scale": 3}}, stats.gamma(2.5, scale=3)),
    "gamma_small_shape": ({"gamma": {"shape": 0.1, "scale": 3}}, stats.gamma(0.1, scale=3)),
    "weibull": ({"weibull": {"shape": 1.7, "scale": 2}}, stats.weibull_min(1.7, scale=2)),
    "weibull_heavy": ({"weibull": {"shape": 0.4, "scale": 2}}, stats.weibull_min(0.4, scale=2)),
    "exponential": ({"exponential": {"mean": 2}}, stats.expon(scale=2)),
    "student_t": (
        {"student_t": {"degrees_of_freedom": 5, "location": 1, "scale": 2}},
        stats.t(5, 1, 2),
    ),
    "student_t_heavy": (
        {"student_t": {"degrees_of_freedom": 1.5, "location": 100, "scale": 2}},
        stats.t(1.5, 100, 2),
    ),
    "scipy_genextreme": (
        {"scipy": {"name": "genextreme", "args": {"c": 0.1, "loc": 2, "scale": 3}}},
        stats.genextreme(0.1, 2, 3),
    ),
    "scipy_laplace": ({"scipy": {"name": "laplace", "args": {"scale": 2}}}, stats.laplace(0, 2)),
    "truncated_lognormal": ({"lognormal": {"mean": 1.2, "sd": 0.25}, "truncate": [0.85, 3]}, Conditioned(LOG, 0.85, 3)),
    "truncated_normal_tail": (
        {"normal": {"mean": 0, "sd": 1}, "truncate": [6, 9]},
        Conditioned(stats.norm(), 6, 9),
    ),
    "truncated_normal_left_tail": (
        {"normal": {"mean": 0, "sd": 1}, "truncate": [-9, -6]},
        Conditioned(stats.norm(), -9, -6),
    ),
    "truncated_normal_far": ({"normal": {"mean": 0, "sd": 1}, "truncate": [9, 12]}, Conditioned(stats.norm(), 9, 12)),
    "truncated_normal_far_left": (
        {"normal": {"mean": 0, "sd": 1}, "truncate": [-12, -9]},
        Conditioned(stats.norm(), -12, -9),
    ),
    "truncated_mixture_of_truncated": (
        {
            "mixture": [
                {"weight": 0.5, "law": {"normal": {"mean": 0, "sd": 1}, "truncate": [-1, 1]}},
                {"weight": 0.5, "law": {"normal": {"mean": 3, "sd": 1}}},
            ],
            "truncate": [0, 4],
        },
        Conditioned(Mixed((0.5, Conditioned(stats.norm(), -1, 1)), (0.5, stats.norm(3))), 0, 4),
    ),
    "truncated_triangular": (
        {"triangular": {"min": 0, "mode": 1, "max": 3}, "truncate": [0.5, 2]},
        Conditioned(stats.triang(1 / 3, 0, 3), 0.5, 2),
    ),
    "subscription": (
        {"mixture": [{"weight": 0.25, "law": 0}, {"weight": 0.75, "law": {"beta": {"mean": 0.85, "sd": 0.12}}}]},
        Mixed((0.25, Atom(0)), (0.75, BETA)),
    ),
    "mixture_overlapping": (
        {
            "mixture": [
                {"weight": 0.3, "law": {"lognormal": {"median": 1, "sigma": 0.5}}},
                {"weight": 0.7, "law": {"triangular": {"min": 0.5, "mode": 2, "max": 3}}},
            ]
        },
        Mixed((0.3, stats.lognorm(s=0.5)), (0.7, stats.triang(0.6, 0.5, 2.5))),
    ),
    "mixture_bimodal": (
        {
            "mixture": [
                {"weight": 0.25, "law": {"normal": {"mean": 0, "sd": 1}}},
                {"weight": 0.75, "law": {"normal": {"mean": 10, "sd": 1}}},
            ]
        },
        Mixed((0.25, stats.norm()), (0.75, stats.norm(10))),
    ),
    "mixture_with_gap_and_atoms": (
        {
            "mixture": [
                {"weight": 0.2, "law": {"uniform": {"min": 0, "max": 1}}},
                {"weight": 0.3, "law": {"uniform": {"min": 4, "max": 5}}},
                {"weight": 0.1, "law": {"discrete": {"values": [0.5, 7], "probabilities": [0.4, 0.6]}}},
                {"weight": 0.4, "law": {"mixture": [{"weight": 1, "law": {"gamma": {"shape": 3, "scale": 1}}}]}},
            ]
        },
        Mixed(
            (0.2, stats.uniform()), (0.3, stats.uniform(4)), (0.04, Atom(0.5)), (0.06, Atom(7)), (0.4, stats.gamma(3))
        ),
    ),
    "mixture_truncated": (
        {
            "mixture": [
                {"weight": 0.5, "law": {"normal": {"mean": 0, "sd": 1}}},
                {"weight": 0.5, "law": {"normal": {"mean": 3, "sd": 1}}},
            ],
            "truncate": [0, 4],
        },
        Conditioned(Mixed((0.5, stats.norm()), (0.5, stats.norm(3))), 0, 4),
    ),
    "fixed": (3.5, Atom(3.5)),
}
