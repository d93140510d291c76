"""Remedies for names that are not known."""

import pytest

from spvrisk.errors import suggestion

KNOWN = ("smr.moic_funder", "moic_funder", "net_commitments", "overrun_sampled", "regimes")
REMEDIES = {
    "layers": "it is called regimes now",
    "committed": "it is called net_commitments now",
    "smr.multiple_funder": "it is called smr.moic_funder now",
    "mine.multiple_funder": "it is called moic_funder now",
    "portfolio.committed": "it is called net_commitments now",
    "scheme.committed": "it is called net_commitments now",
    "mine.committed": "it is called net_commitments now",
    "whole_years": "allowed: " + ", ".join(KNOWN),  # its new name would not do here
    "regime": "did you mean regimes? allowed: " + ", ".join(KNOWN),
}


@pytest.mark.parametrize("wrong", REMEDIES)
def test_suggestion__new_name_or_nearest(wrong: str) -> None:
    assert suggestion(wrong, KNOWN) == REMEDIES[wrong]


@pytest.mark.parametrize("wrong", ["paths", "unit.paths"])
def test_suggestion__a_name_that_was_never_renamed_has_no_new_one(wrong: str) -> None:
    assert "is called" not in suggestion(wrong, ["None", "unit.None"])


def test_suggestion__a_key_of_one_regime_too() -> None:
    assert suggestion("layer", ["regime", "attribute"]) == "it is called regime now"
