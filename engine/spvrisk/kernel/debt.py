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


@clause
def service_debt(w, p):
    """Senior debt: interest, level principal over the tenor, arrears; as far as there is cash."""
    tenor = p.debt_tenor
    for l in range(L):
        principal = w[R.DEBT + l] * (min(w[R.AGE_END + l], tenor) - min(w[R.AGE + l], tenor)) / tenor
        due = w[R.INTEREST + l] + principal + w[R.DEBT_ARREARS + l]
        paid = min(due, w[R.AVAILABLE + l])
        w[R.DEBT_SERVICE + l] = paid
        w[R.DEBT_ARREARS + l] = due - paid
        w[R.AVAILABLE + l] -= paid
