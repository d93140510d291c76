"""Checks of parties and of the agreement against the rest of a study."""

from collections.abc import Iterator

from spvrisk.config.base import shown, suggestion
from spvrisk.config.checks_factors import rate_factor
from spvrisk.config.draft import Draft, Path, in_states, known, sound
from spvrisk.config.terms import Decision, FixedSplit, Party
from spvrisk.errors import Problem


def parties(draft: Draft) -> Iterator[Problem]:
    """Problems of the parties, their money and their curves."""
    for name in ("funder", "host"):
        if draft.parties and name not in draft.parties:
            yield Problem.at(("parties",), f"needs the party {name}", ", ".join(draft.parties), f"add {name}: {{..}}")
    for name, party in sound(draft.parties):
        at: Path = ("parties", name)
        if name not in ("funder", "host"):
            yield Problem.at(at, "is not a party", "", suggestion(name, ("funder", "host")))
        yield from known((*at, "discount", "study"), party.discount.study, draft.curves, "a curve")
        if party.discount.local is not None:
            yield from known((*at, "discount", "local"), party.discount.local, draft.curves, "a curve")
        if party.fx is not None:
            yield from known((*at, "fx"), party.fx, draft.factors, "a factor")
        if draft.study is not None:
            yield from _party_money(at, party, draft.study.currency)
    yield from _fx_once(draft)


def _party_money(at: Path, party: Party, currency: str) -> Iterator[Problem]:
    own = party.currency == currency
    for key, value, path in (
        ("discount.local", party.discount.local, (*at, "discount", "local")),
        ("fx", party.fx, (*at, "fx")),
    ):
        if own and value is not None:
            yield Problem.at(path, "belongs to a party with money of its own", party.currency, "take it out")
        if not own and value is None:
            rule = f"a party whose money ({party.currency}) is not the study's ({currency}) needs {key}"
            yield Problem.at(at, rule, "", f"add {key}")


def _fx_once(draft: Draft) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for name, party in sound(draft.parties):
        if party.fx is not None and owner.setdefault(party.fx, name) != name:
            rule = f"is the fx of {owner[party.fx]} already"
            yield Problem.at(("parties", name, "fx"), rule, party.fx, "give each party a factor of its own")


def agreement(draft: Draft) -> Iterator[Problem]:
    """Problems of the funding and of the split."""
    yield from _funding(draft)
    if draft.agreement is not None and not isinstance(draft.agreement.split, FixedSplit):
        at = ("agreement", "split", "reference_rate")
        yield from rate_factor(at, draft.agreement.split.reference_rate, draft)
    if draft.agreement is not None and draft.agreement.catch_up is not None:
        decision = draft.agreement.funding.decision
        if decision is None:
            yield Problem.at(
                ("agreement", "catch_up"), "needs agreement.funding.decision", "none", "add it, or take this out"
            )
    if draft.stack is not None:
        yield from rate_factor(("stack", "reference_rate"), draft.stack.reference_rate, draft)


def _funding(draft: Draft) -> Iterator[Problem]:
    if draft.funding is None:
        return
    at: Path = ("agreement", "funding")
    deadline = draft.funding.deadline
    if draft.pipelines and deadline is None:
        remedy = "add deadline: the last day on which a notice can be given"
        yield Problem.at(at, "a study with pipelines needs deadline", ", ".join(draft.pipelines), remedy)
    if draft.pipelines and deadline is not None and draft.study is not None and deadline < draft.study.value_date:
        rule = f"must not be before the value date ({draft.study.value_date}) with pipelines"
        yield Problem.at(
            (*at, "deadline"), rule, shown(deadline), "nothing would come of them: move it, or take them out"
        )
    if draft.funding.decision is not None:
        yield from _decision((*at, "decision"), draft.funding.decision, draft)


def _decision(at: Path, found: Decision, draft: Draft) -> Iterator[Problem]:
    yield from known((*at, "layer"), found.layer, draft.layers, "a layer")
    layer = draft.layers.get(found.layer)
    if layer is not None:
        for state in found.by_state:
            yield from known((*at, "by_state", state), state, layer.states, f"a state of {found.layer}")
        lacking = [state for state in layer.states if state not in found.by_state]
        if lacking:
            remedy = "add e.g. {fund: 1, delay: 0, decline: 0}"
            yield Problem.at(
                (*at, "by_state"), "gives each state its probabilities", f"none for {', '.join(lacking)}", remedy
            )
    for i, trigger in enumerate(found.triggers):
        yield from in_states((*at, "triggers", i, "moves"), trigger.moves, draft)
        yield from in_states((*at, "triggers", i, "while"), trigger.while_, draft)
