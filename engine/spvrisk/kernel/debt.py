"""Senior debt of a project: interest and service (sections 6 and 7 of the model page).

Index legend: l = lane; ``p`` is the project's record.
"""

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, clause


@clause
def accrue_debt(w, rate, p, begin, dt):
    """Interest on senior debt: until completion it joins the debt with what is drawn, from then on it is due in cash.

    Principal is paid in equal parts over the tenor, so that the debt less what has fallen due is outstanding.
    """
    margin, tenor = p.debt_margin, p.debt_tenor
    for l in range(L):
        r = max(w[rate + l] + margin, 0.0)
        debt, begun, ended = w[R.DEBT + l], w[R.AGE + l], w[R.AGE_END + l]
        outstanding = debt * max(1.0 - begun / tenor, 0.0) + w[R.DEBT_ARREARS + l]
        w[R.INTEREST + l] = r * outstanding * (ended - begun)
        w[R.DEBT + l] = debt + r * debt * min(max(w[R.WORK_END + l] - begin, 0.0), dt) + w[R.LENT + l]
