"""Senior debt of a project: its balance and its interest (sections 6 and 7 of the model page).

Its service stands where cash is distributed (`kernel.operation`).
Index legend: l = lane; ``p`` is the project's record.
"""

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.simd import WIDE, larger, load, smaller, store


@fused
def interest_of(debt, arrears, rate, age, age_end, tenor):
    """Interest that is due in cash, from completion on.

    Principal is paid in equal parts over the tenor, so that the debt less what has fallen due is outstanding.
    """
    outstanding = debt * larger(1.0 - age / tenor, 0.0) + arrears
    return rate * outstanding * (age_end - age)


@fused
def grown(debt, lent, rate, building):
    """Debt with what is drawn and, for the part of the step before completion, the interest on it."""
    return debt + rate * debt * building + lent


@fused
def accrue_debt(w, rate, p, begin, dt):
    """Until completion interest joins the debt with what is drawn, from then on it is due in cash."""
    for l in range(U(0), L, U(WIDE)):
        debt, age, age_end = load(w, R.DEBT + l), load(w, R.AGE + l), load(w, R.AGE_END + l)
        r, building = larger(load(w, rate + l) + p.debt_margin, 0.0), load(w, R.WORK_END + l) - begin
        store(w, R.INTEREST + l, interest_of(debt, load(w, R.DEBT_ARREARS + l), r, age, age_end, p.debt_tenor))
        store(w, R.DEBT + l, grown(debt, load(w, R.LENT + l), r, smaller(larger(building, 0.0), dt)))
