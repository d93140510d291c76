"""Funding terms, pipelines and offtakers of a study -> fields and records (section 5 of the model page)."""

from bisect import bisect_left
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.config.study import Study
from spvrisk.config.study.selection import Consult, Decision, Funding, Trigger
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import PIPELINE, Constants, Ints, Records, records
from spvrisk.plan.calendar import Grid, UnknownDaysError, business_day_after, holidays_of, step_ends
from spvrisk.plan.compile_clock import States, listed
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import TableBook, law_offset

_LONGEST_SLIP = 2000  # business days: eight years; what slips by more than the calendar holds is never due


def _closed(funding: Funding, first: int, last: int) -> set[date]:
    """Holidays of the years from `first` to `last`, and days that the study lists.

    Raises
    ------
    InputError
        A holiday calendar is unknown.
    """
    try:
        return holidays_of(funding.holidays, range(first, last + 1))
    except UnknownDaysError as error:
        path = "agreement.funding.holidays"
        raise InputError(Problem("", path, error.rule, error.value, error.remedy)) from None


def due_dates(study: Study) -> dict[str, date]:
    """Date on which each project's funds are due, without slip: so many business days after its notice.

    Raises
    ------
    InputError
        A holiday calendar is unknown, or a due date lies before the value date.
    """
    funding, value_date = study.agreement.funding, study.study.value_date
    notices = [project.notice_date.year for project in study.projects.values()] or [value_date.year]
    closed = _closed(funding, min(notices), max(notices) + 1 + funding.lag_business_days // 200)
    due = {
        name: business_day_after(project.notice_date, funding.lag_business_days, closed)
        for name, project in study.projects.items()
    }
    early = [
        Problem(
            "",
            f"projects.{name}.notice_date",
            phrase("funds would be due on {}, before the value date {}", day, value_date),
            str(study.projects[name].notice_date),
            "move the value date to the notice, or leave the project out",
        )
        for name, day in due.items()
        if day < value_date
    ]
    if early:
        raise InputError(early)
    return due


def _longest_lag(funding: Funding) -> int:
    """Most business days from a notice to its due date."""
    slip = 0.0 if funding.slip is None else funding.slip.bounds()[1]
    return funding.lag_business_days + int(np.ceil(min(slip, _LONGEST_SLIP)))


def _last_notice(study: Study) -> date:
    """Last day on which a notice may be given."""
    funding, head = study.agreement.funding, study.study
    announced = max((project.notice_date for project in study.projects.values()), default=head.value_date)
    if funding.deadline is not None:
        return funding.deadline
    horizon = head.value_date + timedelta(days=int(366 * head.horizon_years) + 1)
    return max(announced, horizon) if study.pipelines or funding.annual_cap is not None else announced


def _business_days(study: Study, constants: Constants) -> dict[str, int]:
    """Tables that lead from a notice's day to its due day, and from a day to the calendar year."""
    funding, value_date = study.agreement.funding, study.study.value_date
    first = min([value_date, *(project.notice_date for project in study.projects.values())])
    notice = max(_last_notice(study), value_date)
    # two weeks for each of the business days of one, and some more: enough for any run of holidays
    last = notice + timedelta(days=60 + 2 * _longest_lag(funding))
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    holidays = np.array(sorted(_closed(funding, first.year, last.year)), "datetime64[D]")
    is_open = np.is_busday(days, holidays=holidays)
    start = (first - value_date).days
    new_years = [(date(year, 1, 1) - value_date).days for year in range(first.year + 1, notice.year + 2)]
    return {
        "business": constants.add(np.cumsum(is_open)),
        "open_days": constants.add(start + np.flatnonzero(is_open)),
        "n_open_days": int(np.count_nonzero(is_open)),
        "first_day": start,
        "new_years": constants.add([len(new_years), *new_years]),
        "deadline": (notice - value_date).days,
    }


def _trigger(trigger: Trigger, states: States, constants: Constants) -> list[float]:
    """A trigger as constants: size, probability, offset of factors by state, states to move to."""
    moves = listed([(states.number[move],) for move in trigger.moves.items()])
    return [3.0 + len(moves), trigger.probability, float(constants.add(states.within(trigger.while_))), *moves]


def _talks(consult: Consult | None, book: TableBook) -> dict[str, Any]:
    """Fields on what comes before a decline."""
    if consult is None:
        none = dict.fromkeys(("consult_funds", "consult_pays", "renegotiated_spread"), 0.0)
        return {**none, "consult_law": -1, "renegotiated_size": 1.0}
    shares = consult.outcomes
    return {
        "consult_law": law_offset(book, consult.days, "agreement.funding.decision.consult.days"),
        "consult_funds": 1.0 if shares.renegotiate == shares.decline == 0.0 else shares.fund,
        "consult_pays": 1.0 if shares.decline == 0.0 else 1.0 - shares.decline,
        "renegotiated_size": consult.changes.size,
        "renegotiated_spread": consult.changes.spread,
    }


def _decision(decision: Decision | None, states: States, book: TableBook, constants: Constants) -> dict[str, Any]:
    """Fields on who decides what."""
    if decision is None:
        none = {"decision_first": -1, "decision_regime": 0, "decisions": 0, "delay_days": 0, "late_days": -1}
        return {**none, "triggers": 0, "n_triggers": 0, **_talks(None, book)}
    names = [state for regime, state in states.number if regime == decision.regime]
    shares = [decision.by_state[name] for name in names]
    # what cannot happen is left out exactly: sums of shares are rounded
    pairs = [
        (1.0 if s.delay == s.decline == 0.0 else s.fund, 1.0 if s.decline == 0.0 else 1.0 - s.decline) for s in shares
    ]
    late = decision.late
    rows = (_trigger(trigger, states, constants) for trigger in (*decision.triggers, *([late] if late else [])))
    triggers = [x for row in rows for x in row]
    return {
        **_talks(decision.consult, book),
        "late_days": -1 if late is None else late.after_days,
        "decision_first": states.number[decision.regime, names[0]],
        "decision_regime": states.regime[decision.regime],
        "decisions": constants.add(pairs),
        "delay_days": decision.delay_days or 0,
        "triggers": constants.add(triggers),
        "n_triggers": len(decision.triggers),
    }


def compile_funding(
    study: Study, grid: Grid, streams: Streams, book: TableBook, constants: Constants, states: States
) -> dict[str, Any]:
    """Fields of the study's record on funding and offtakers.

    Raises
    ------
    InputError
        A holiday calendar is unknown, or a law cannot be tabulated.
    """
    funding = study.agreement.funding
    defaults = [
        (streams(f"offtaker/{name}/default", f"offtakers.{name}"), offtaker.default_hazard)
        for name, offtaker in study.offtakers.items()
    ]
    path = "agreement.funding"
    return {
        "lag": funding.lag_business_days,
        **_business_days(study, constants),
        "slip_law": law_offset(book, funding.slip, f"{path}.slip"),
        "commitment": np.inf if funding.commitment is None else funding.commitment,
        "take_up_law": law_offset(book, funding.take_up, f"{path}.take_up"),
        "take_up_stream": streams("scheme/take_up", path),
        "annual_cap": np.inf if funding.annual_cap is None else funding.annual_cap,
        "call_cap": np.inf if funding.annual_call_cap is None else funding.annual_call_cap,
        "call_years": constants.add(_new_years(study, grid)),
        **_decision(funding.decision, states, book, constants),
        "defaults": constants.add(defaults),
        "n_defaults": len(defaults),
        "units": len(study.projects) + len(study.pipelines),
        "announced": len(study.projects),
    }


def _new_years(study: Study, grid: Grid) -> NDArray[np.bool_]:
    """Whether each step is the first whose last day lies in its calendar year."""
    ends = (date.fromisoformat(end) for end in step_ends(grid, study.study.value_date))
    years = [(end - timedelta(days=1)).year for end in ends]
    return np.diff(years, prepend=0) > 0


def compile_pipelines(study: Study, streams: Streams) -> Records:
    """Turn pipelines into records, ``(pipeline,)`` of dtype `PIPELINE`; their slots follow the announced projects."""
    rows, first = [], len(study.projects)
    for name, pipeline in study.pipelines.items():
        rows.append(
            {
                "stream": streams(f"pipeline/{name}/gap", f"pipelines.{name}"),
                "rate": pipeline.arrivals_per_year,
                "first": first,
                "slots": pipeline.max_count,
            }
        )
        first += pipeline.max_count
    return records(PIPELINE, rows)


def review_steps(study: Study, grid: Grid, dates: tuple[date, ...] | None, by: date | None) -> Ints:
    """Which steps start with a review, ``(step,)`` int64: 1, or 2 where it looks at subscriptions too; 0 elsewhere.

    Parameters
    ----------
    study, grid
        The study and its steps.
    dates
        Of the reviews; None = the anniversaries of the value date.
    by
        From when on reviews look at subscriptions; None = never.
    """
    starts = [study.study.value_date + timedelta(days=int(day)) for day in grid.day[:-1]]
    yearly = range(grid.steps_per_year, grid.steps, grid.steps_per_year)
    days = [starts[t] for t in yearly] if dates is None else dates
    out = np.zeros(grid.steps, np.int64)
    for day in days:
        t = bisect_left(starts, day)
        if t < grid.steps:
            out[t] = max(out[t], 2 if by is not None and day >= by else 1)
    return out


def planned_dues(study: Study, notice: date) -> list[date]:
    """Days on which funds may be due without slip: after the notice, or a New Year for which it may have waited.

    Parameters
    ----------
    study
        The study.
    notice
        Day of the notice.
    """
    funding, notices = study.agreement.funding, [notice]
    if funding.annual_cap is not None:
        notices += [date(year, 1, 1) for year in range(notice.year + 1, _last_notice(study).year + 1)]
    closed = _closed(funding, notices[0].year, notices[-1].year + 1 + funding.lag_business_days // 200)
    return [business_day_after(day, funding.lag_business_days, closed) for day in notices]
