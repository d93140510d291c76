"""Expected loss from the default of an obligor: its probability, its severity, and their product, with errors."""

from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.measures.intervals import error_of
from spvrisk.measures.share import share_interval

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]

NO_LOSS = 1e-9
"""Loss up to which a loan counts as repaid: what is left of it for rounding."""


class ExpectedLoss(NamedTuple):
    """What an obligor's default costs on average.

    Attributes
    ----------
    probability, low, high
        Share of the paths with a default, and the ends of its 95 % interval.
    severity, severity_error
        Loss where it defaults, in the study's money, and its standard error; NaN where nothing tells it.
    expected, expected_error
        Probability times severity, and its standard error.
    """

    probability: float
    low: float
    high: float
    severity: float
    severity_error: float
    expected: float
    expected_error: float


def loss_by_default(values: Float, defaulted: Flags) -> ExpectedLoss:
    """Give the loss of value where an obligor defaults against where it does not.

    Severity is m0 - m1, the means of the value without and with default; expected loss p (m0 - m1) = m0 - m, m the mean
    of all paths. Where the default is drawn independently of all else, this is the mean of what the default takes from
    each path. Errors are those of two independent means, and of m0 - m by its influence function.

    Parameters
    ----------
    values
        Value to whoever bears the loss, higher is better, ``(path,)``.
    defaulted
        ``(path,)``.

    References
    ----------
    Basel Committee on Banking Supervision (2005). An explanatory note on the Basel II IRB risk weight functions: EL =
    PD x LGD x EAD. Imbens, G. W. and Rubin, D. B. (2015). Causal Inference, chapter 6 (Neyman's estimate of an average
    effect and its error).
    """
    share = _share(defaulted)
    with_it, without = values[defaulted], values[~defaulted]
    if not with_it.size:
        return ExpectedLoss(*share, nan, nan, 0.0, nan)
    if not without.size:
        return ExpectedLoss(*share, nan, nan, nan, nan)
    spared = float(np.mean(without))
    severity, expected = spared - float(np.mean(with_it)), spared - float(np.mean(values))
    if min(with_it.size, without.size) < FEW_PATHS:
        return ExpectedLoss(*share, severity, nan, expected, nan)
    error = sqrt(np.var(with_it, ddof=1) / with_it.size + np.var(without, ddof=1) / without.size)
    influence = np.where(defaulted, 0.0, (values - spared) / (1.0 - share[0])) - (values - np.mean(values))
    return ExpectedLoss(*share, severity, error, expected, error_of(influence, None))


def loss_of_principal(losses: Float) -> ExpectedLoss:
    """Give the loss on a loan that is not repaid in full.

    Parameters
    ----------
    losses
        ``(path,)``, at least 0.
    """
    lost = losses > NO_LOSS
    share, hit = _share(lost), losses[lost]
    expected, error = float(np.mean(losses)), error_of(losses - np.mean(losses), None)
    severity = float(np.mean(hit)) if hit.size else nan
    if hit.size < FEW_PATHS:
        return ExpectedLoss(*share, severity, nan, expected, nan)
    return ExpectedLoss(*share, severity, sqrt(np.var(hit, ddof=1) / hit.size), expected, error)


def _share(flags: Flags) -> tuple[float, float, float]:
    value, low, high = share_interval(np.count_nonzero(flags), flags.size)
    return float(value), float(low), float(high)
