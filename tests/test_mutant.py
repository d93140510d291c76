"""The comparison with the reference can fail: faults in two clauses turn it red (more in the campaign)."""

import pytest

from mutants import cases_of, court, judge, mutants_of


@pytest.fixture(scope="module")
def judges():
    return court(cases_of("as_written", blocks=1))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("split", "split.tiers: `smaller(first * cash, due)` became `larger(first * cash, due)`"),
        ("construction", "construction.spend_of: without `store(w, R.SPENT + l, now)`"),
    ],
)
def test_reference__notices_a_fault(judges, file, name):
    (mutant,) = (found for found in mutants_of(file) if found.name == name)
    assert judge(mutant, judges).by == "as_written"
