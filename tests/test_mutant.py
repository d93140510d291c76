"""The comparison with the reference can fail: one mutant of a clause turns it red (more in the campaign)."""

from mutants import mutants_of, survives


def test_reference__notices_a_wrong_tier(tmp_path):
    wanted = ("tiers", "min became max")
    (mutant,) = (found for found in mutants_of("split") if (found.function, found.change) == wanted)
    assert not survives(mutant, tmp_path, "quantities and as_written")
