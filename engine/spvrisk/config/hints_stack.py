"""Warnings about the funder's stack and about terms that never take effect."""

from collections.abc import Iterator

from spvrisk.config.base import shown
from spvrisk.config.reading.numerals import per_cent_remedy
from spvrisk.config.study import Study
from spvrisk.config.terms import TierSplit
from spvrisk.errors import Problem

HIGH_PREMIUM = 0.05


def stack(study: Study) -> Iterator[Problem]:
    """Insurance that is free, dear, late or of nothing, and loans that outlast the horizon."""
    if study.stack is None:
        return
    horizon, found, at = study.study.horizon_years, study.stack, ("stack",)
    if found.tenor_years > horizon:
        rule = f"is longer than the horizon ({horizon:g} years): what is not due by then counts as lost"
        yield Problem.at((*at, "tenor_years"), rule, shown(found.tenor_years), "raise study.horizon_years")
    insurer, place = found.insurer, (*at, "insurer")
    if insurer is None:
        return
    if found.commercial_loan.share == 0:
        yield Problem.at(place, "has no commercial loan to insure", "", "take it out, or give commercial_loan a share")
    if insurer.premium == 0 and insurer.cover > 0:
        yield Problem.at(place, "asks for no premium", "", "add premium: 0.008 for 0.8 % a year, or leave it free")
    if insurer.premium > HIGH_PREMIUM:
        rule, rate = f"is above {HIGH_PREMIUM:.0%} a year", insurer.premium
        yield Problem.at((*place, "premium"), rule, shown(rate), per_cent_remedy(rate))
    if insurer.wait_years >= horizon:
        rule = f"is not shorter than the horizon ({horizon:g} years): nothing is ever claimed"
        yield Problem.at((*place, "wait_years"), rule, shown(insurer.wait_years), "write it in years")


def terms(study: Study) -> Iterator[Problem]:
    """Adjustments and catch-ups that never come."""
    horizon, split = study.study.horizon_years, study.agreement.split
    adjust = split.adjust if isinstance(split, TierSplit) else None
    if adjust is not None and adjust.after_years >= horizon:
        rule = f"is not shorter than the horizon ({horizon:g} years): the shares never change"
        yield Problem.at(("agreement", "split", "adjust", "after_years"), rule, shown(adjust.after_years), "write less")
    catch_up, decision = study.agreement.catch_up, study.agreement.funding.decision
    if catch_up is None or decision is None:
        return
    at = ("agreement", "catch_up")
    if all(share.decline == 0 for share in decision.by_state.values()):
        yield Problem.at(at, "no state ever declines", "", "take it out, or add decline to agreement.funding.decision")
    if catch_up.years is not None and catch_up.years * study.study.steps_per_year < 1:
        rule = "is shorter than a step: nothing goes to the host"
        yield Problem.at((*at, "years"), rule, shown(catch_up.years), "years are rounded down to whole steps")
