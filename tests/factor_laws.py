"""A study with every process of a factor, and its moments in closed form; shared by tests and campaigns."""

from itertools import combinations

import numpy as np
from scipy import stats
from scipy.integrate import quad, simpson

from studies import BARE, changed

M, T = 4, 8
DT = 1 / M
TIMES = np.arange(1, T + 1) / M
NU = 5.0
RHO = {("a", "o"): 0.6, ("a", "j"): -0.4, ("fx", "r"): 0.5, ("o", "c"): 0.3, ("r", "j"): 0.2, ("a", "fx"): 0.35}
SEASON = [0.8, 1.2, 1.1, 0.9]
SUMMAND = [0.001, -0.001, 0.002, -0.002]
FACTORS = {
    "price": {"unit": "USD/t", "process": {"deterministic": {"curve": {"value": 3, "growth": 0.02}}}},
    "a": {"unit": "1", "process": {"gbm": {"start": 2, "drift": 0.05, "sigma": 0.3}}},
    "fx": {"unit": "JPY/USD", "process": {"gbm": {"start": 150, "sigma": 0.1}}},
    "o": {
        "unit": "1",
        "process": {"ou": {"start": 3, "mean": {"value": 4, "growth": 0.02}, "kappa": 0.9, "sigma": 0.5}},
        "season": SEASON,
    },
    "r": {
        "unit": "1",
        "process": {"vasicek": {"start": 0.03, "mean": {"knots": [[0, 0.04], [2, 0.05]]}, "kappa": 0.6, "sigma": 0.02}},
        "season": SUMMAND,
    },
    "j": {
        "unit": "1",
        "process": {
            "merton": {
                "start": 1.5,
                "drift": 0.04,
                "sigma": 0.15,
                "jump_intensity": 2,
                "jump_mean": 0.1,
                "jump_sd": 0.2,
            }
        },
    },
    "c": {
        "unit": "1",
        "process": {"gbm": {"start": 1, "drift": 0.02, "sigma": 0.4}},
        "floor": 0.9,
        "cap": {"knots": [[0, 1.1], [1.1, 1.1], [1.1, 2.5]]},
    },
}
NAMES = list(FACTORS)


def factor_study(copula="gaussian"):
    """The study; a t copula has `NU` degrees of freedom."""
    pairs = {}
    for (first, second), rho in RHO.items():
        pairs.setdefault(first, {})[second] = rho
    correlation = {"pairs": pairs}
    if copula == "t":
        correlation.update(copula="t", degrees_of_freedom=NU)
    funder = {"currency": "JPY", "discount": {"study": "usd", "local": "jpy"}, "fx": "fx"}
    return changed(
        BARE,
        factors={"price": None, **FACTORS},
        correlation=correlation,
        curves={"jpy": {"knots": [[0, 0.01], [2, 0.03]]}},
        parties={"funder": funder},
    )


def t_expectation(f, rho, low=-9.0, high=9.0, nu=NU, nodes=901):
    """E[f(e1, e2)] for the t copula's innovations, by Simpson's rule over the normal margins' plane."""
    a = np.linspace(low, high, nodes)
    x = np.sign(a) * stats.t.isf(stats.norm.sf(np.abs(a)), nu)
    first, second = x[:, None], x[None, :]
    quadratic = (first**2 - 2 * rho * first * second + second**2) / (1 - rho**2)
    joint = (1 + quadratic / nu) ** (-(nu + 2) / 2) / (2 * np.pi * np.sqrt(1 - rho**2))
    copula = joint / (stats.t.pdf(x, nu)[:, None] * stats.t.pdf(x, nu)[None, :])
    weight = copula * stats.norm.pdf(a)[:, None] * stats.norm.pdf(a)[None, :]
    return simpson(simpson(f(a[:, None], a[None, :]) * weight, x=a), x=a)


def normal_expectation(f, rho, low=-9.0, high=9.0, nodes=901):
    """E[f(e1, e2)] for correlated normal innovations."""
    a = np.linspace(low, high, nodes)
    first, second = a[:, None], a[None, :]
    weight = np.exp(-(first**2 - 2 * rho * first * second + second**2) / (2 * (1 - rho**2)))
    weight /= 2 * np.pi * np.sqrt(1 - rho**2)
    return simpson(simpson(f(first, second) * weight, x=a), x=a)


def expectation(copula):
    """The expectation rule of a copula."""
    return t_expectation if copula == "t" else normal_expectation


def deflate(rate, t):
    return (1 + rate) ** -t


def closed_forms():
    """Mean of X, mean and variance of the Gaussian (or jump) coordinate, by factor, at the steps' ends."""
    p, t = {name: next(iter(f["process"].values())) for name, f in FACTORS.items()}, TIMES
    out = {}
    g = p["a"]
    out["a"] = (
        2 * np.exp(0.05 * t),
        np.log(2) + (0.05 - 0.5 * g["sigma"] ** 2) * t,
        g["sigma"] ** 2 * t,
    )
    parity = 150 * deflate(0.05, t) / deflate(0.01 + 0.01 * t, t)
    out["fx"] = (parity, np.log(parity) - 0.5 * 0.1**2 * t, 0.1**2 * t)
    kappa, sigma = 0.9, 0.5
    variance = sigma**2 * (1 - np.exp(-2 * kappa * t)) / (2 * kappa)
    level = np.log(4 * 1.02**t) - sigma**2 / (4 * kappa)
    y0 = np.log(3) - (np.log(4) - sigma**2 / (4 * kappa))
    centre = level + y0 * np.exp(-kappa * t) + np.log(np.resize(SEASON, T))
    out["o"] = (np.exp(centre + variance / 2), centre, variance)
    kappa, sigma = 0.6, 0.02
    variance = sigma**2 * (1 - np.exp(-2 * kappa * t)) / (2 * kappa)
    centre = 0.04 + 0.005 * t + (0.03 - 0.04) * np.exp(-kappa * t) + np.resize(SUMMAND, T)
    out["r"] = (centre, centre, variance)
    j, s, lam = 0.1, 0.2, 2.0
    drift = 0.04 - 0.15**2 / 2 - lam * (np.exp(j + s**2 / 2) - 1)
    out["j"] = (1.5 * np.exp(0.04 * t), np.log(1.5) + drift * t + lam * t * j, (0.15**2 + lam * (j**2 + s**2)) * t)
    return out


def capped_means():
    """E[min(max(X, 0.9), cap)] of the factor `c`, by quadrature."""
    out = []
    for t in TIMES:
        cap, mu, sd = (1.1 if t < 1.1 else 2.5), (0.02 - 0.08) * t, 0.4 * np.sqrt(t)
        low, high = (np.log(0.9) - mu) / sd, (np.log(cap) - mu) / sd
        inner = quad(lambda z, mu=mu, sd=sd: np.exp(mu + sd * z) * stats.norm.pdf(z), low, high, epsabs=1e-12)[0]
        out.append(0.9 * stats.norm.cdf(low) + inner + cap * stats.norm.sf(high))
    return np.array(out)


DECAY = {"a": 1.0, "fx": 1.0, "j": 1.0, "o": np.exp(-0.9 * DT), "r": np.exp(-0.6 * DT)}


def coordinates(x):
    """Log of each factor (the rate itself), about its mean, ``(step, path)`` by name."""
    forms = closed_forms()
    return {
        name: (x[:, NAMES.index(name)] if name == "r" else np.log(x[:, NAMES.index(name)])) - forms[name][1][:, None]
        for name in forms
    }


def innovations(y):
    """Standardised innovations of a step, from the coordinates; of `j` with its jumps, not standardised."""
    sd = {
        "a": 0.3 * np.sqrt(DT),
        "fx": 0.1 * np.sqrt(DT),
        "o": 0.5 * np.sqrt((1 - np.exp(-1.8 * DT)) / 1.8),
        "r": 0.02 * np.sqrt((1 - np.exp(-1.2 * DT)) / 1.2),
        "j": 1.0,
    }
    out = {}
    for name, rows in y.items():
        before = np.vstack([np.zeros((1, rows.shape[1])), rows[:-1]])
        out[name] = (rows - DECAY[name] * before) / sd[name]
    return out


def rho_of(first, second):
    return RHO.get((first, second), RHO.get((second, first), 0.0))


def margin_checks(x):
    """Means, variances, autocovariances, third moment of the jumps, caps."""
    forms, y, out = closed_forms(), coordinates(x), {}
    for name, (mean, _, variance) in forms.items():
        out[f"mean of {name}"] = (x[:, NAMES.index(name)], mean)
        out[f"coordinate of {name}"] = (y[name], np.zeros(T))
        out[f"variance of {name}"] = (y[name] ** 2, variance)
        out[f"autocovariance of {name}"] = (y[name][1:] * y[name][:-1], DECAY[name] * variance[:-1])
        lag = 5
        out[f"autocovariance of {name} at lag 5"] = (
            y[name][lag:] * y[name][:-lag],
            DECAY[name] ** lag * variance[:-lag],
        )
    out["third moment of j"] = (y["j"] ** 3, 2.0 * TIMES * (0.1**3 + 3 * 0.1 * 0.2**2))
    out["capped c"] = (x[:, NAMES.index("c")], capped_means())
    return out


def plain(e1, e2):
    return e1 * e2


def squared(e1, e2):
    return e1**2 * e2**2


def both(e1, e2):
    return np.ones_like(e1 * e2)


def copula_expectations(copula):
    """Expected products, products of squares and joint exceedances of 2 standard deviations, by pair."""
    expect, out = expectation(copula), {}
    for pair in combinations(("a", "fx", "o", "r"), 2):
        rho = rho_of(*pair)
        out[pair] = (expect(plain, rho), expect(squared, rho), expect(both, rho, low=2.0))
    return out


def copula_checks(x, copula, expected):
    """How a step's innovations move together (means over the steps), and that steps are independent."""
    e, out = innovations(coordinates(x)), {}
    expect = expectation(copula)
    for (first, second), (product, squares, beyond) in expected.items():
        name = f"{first} and {second}"
        out[f"product of {name}"] = ((e[first] * e[second]).mean(axis=0)[None], [product])
        out[f"squares of {name}"] = ((e[first] ** 2 * e[second] ** 2).mean(axis=0)[None], [squares])
        out[f"high tails of {name}"] = (((e[first] > 2) & (e[second] > 2)).mean(axis=0)[None], [beyond])
        out[f"low tails of {name}"] = (((e[first] < -2) & (e[second] < -2)).mean(axis=0)[None], [beyond])
        out[f"next step of {name}"] = ((e[first][1:] * e[second][:-1]).mean(axis=0)[None], [0.0])
    for name in ("a", "r"):  # the jumps of j are independent of its innovation
        product = expect(plain, rho_of(name, "j")) * 0.15 * np.sqrt(DT)
        out[f"product of {name} and j"] = ((e[name] * e["j"]).mean(axis=0)[None], [product])
    for name in ("a", "fx", "o", "r"):
        out[f"next step of {name}"] = ((e[name][1:] * e[name][:-1]).mean(axis=0)[None], [0.0])
        out[f"squares of {name}, next step"] = ((e[name][1:] ** 2 * e[name][:-1] ** 2).mean(axis=0)[None], [1.0])
    return out
