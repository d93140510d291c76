"""The workers of a run on a cluster, as far as the run knows them."""

from spvrisk.runner.crew import Crew, Machine

MADE = Machine("one", "znver4", "znver4", "passed", "1.0", 2)


def test_crew__asks_those_who_are_there_and_were_taken_on():
    crew = Crew()
    crew.see({"a": 2, "b": 1})
    assert crew.unknown() == {"a", "b"} and crew.threads == 0 and crew.strangers
    crew.take_on("a", MADE)
    assert crew.unknown() == {"b"} and crew.able == {"a": 2} and crew.strangers
    crew.take_on("b", MADE)
    assert crew.threads == 3 and not crew.strangers
    crew.see({"b": 1})
    assert crew.able == {"b": 1} and crew.threads == 1


def test_crew__a_refused_one_is_neither_asked_nor_greeted_again():
    crew = Crew()
    crew.see({"a": 2})
    crew.refuse("a", "too old")
    assert crew.threads == 0 and crew.unknown() == set() and crew.strangers and crew.refused() == ["too old"]
    crew.see({})
    assert crew.refused() == []


def test_crew__one_that_has_forgotten_the_run_is_greeted_again():
    crew = Crew()
    crew.see({"a": 2})
    crew.take_on("a", MADE)
    crew.count("a")
    crew.forget("a")
    assert crew.threads == 0 and crew.unknown() == {"a"}
    crew.take_on("a", MADE)
    crew.count("a")
    assert crew.threads == 2 and crew.machines() == [MADE._replace(shards=2)]
