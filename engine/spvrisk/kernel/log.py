"""The log of a traced path: what its clock did, in order of time.

An entry has the columns of `workspace.CHANGE`. Where an event takes place: its number, -1, its outcome. Of a move: what
caused it (an event, an expiry, a hazard, a declined or a late funding), the regime, the states before and after. Of a
project: its number, -1, what becomes of it.
"""

from spvrisk.kernel.maths import fused

HAPPENED, BY_EVENT, BY_EXPIRY, BY_HAZARD, BY_DECLINE, BY_DEAL, BY_ARRIVAL, BY_LATENESS = 0, 1, 2, 3, 4, 5, 6, 7
"""Causes: all but the first, a project's turn and an arrival are causes of moves."""
FUNDED, DELAYED, DECLINED, NOTICED, DROPPED, WAITING, STOPPED, CONSULTED, RENEGOTIATED = 0, 1, 2, 3, 4, 5, 6, 7, 8
"""What may become of a project."""


@fused
def note(log, time, cause, item, before, after):
    """Keep a change of a path that is traced."""
    if log.shape[0] > 0:
        n = int(log[0, 0]) + 1
        log[0, 0] = n
        if n < log.shape[0]:
            log[n, 0] = time
            log[n, 1] = cause
            log[n, 2] = item
            log[n, 3] = before
            log[n, 4] = after
