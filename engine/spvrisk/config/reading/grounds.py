"""What a value rests on, as files say it: ``{value: 0.12, source: "FT 2026-03-19", confidence: checked}`` for 0.12."""

from collections.abc import Iterator, Mapping

from spvrisk.catalogue import joined, phrase
from spvrisk.config.base import Key, shown
from spvrisk.config.reading.nodes import Grounds, Node, Place
from spvrisk.errors import Problem, dotted, nearest, suggestion

VALUE, SOURCE, CONFIDENCE = KEYS = ("value", "source", "confidence")

CONFIDENCES = {
    "checked": phrase("the source itself has been read"),
    "reported": phrase("others report it of the source"),
    "judgement": phrase("an estimate of whoever wrote the study"),
}
"""How sure a value is, and what that means."""

WITHOUT_SOURCE = "judgement"
"""The confidence of what needs no source."""


def has_grounds(mapping: Mapping[str, Node]) -> bool:
    """Whether a mapping stands for a value and says what it rests on.

    Parameters
    ----------
    mapping
        Any of a study. No key of the language has these names, so only what a study itself has named may be mistaken.
    """
    if VALUE in mapping:
        return SOURCE in mapping or CONFIDENCE in mapping
    return CONFIDENCE in mapping and _confidence(mapping) in CONFIDENCES


def read_grounds(
    mapping: Mapping[str, Node], place: Place, path: tuple[Key, ...]
) -> tuple[Grounds | None, list[Problem]]:
    """Read what a value rests on.

    Parameters
    ----------
    mapping
        One that has grounds.
    place, path
        Where it stands.

    Returns
    -------
    grounds, problems
        None where there are problems.
    """
    wrong = list(_problems(mapping, place, path))
    if wrong:
        return None, wrong
    source = mapping.get(SOURCE)
    return Grounds("" if source is None else str(source.value).strip(), _confidence(mapping)), []


def _confidence(mapping: Mapping[str, Node]) -> str:
    node = mapping.get(CONFIDENCE)
    return node.value if node is not None and isinstance(node.value, str) else ""


def _problems(mapping: Mapping[str, Node], place: Place, path: tuple[Key, ...]) -> Iterator[Problem]:
    """What is wrong with it; that there is no value comes first."""
    if VALUE not in mapping:
        remedy = phrase("write {{value: .., source: .., confidence: ..}}, all that they belong to under value")
        yield Problem(str(place), dotted(path), "has a confidence and no value", "", remedy)
    for key, node in mapping.items():
        if key not in KEYS:
            other = "put it under value, with all that the source is of"
            remedy = other if nearest(key, KEYS) is None else suggestion(key, KEYS)
            rule = "is not a key beside a source or confidence"
            yield Problem(str(node.place), dotted((*path, key)), rule, "", remedy)
    source = mapping.get(SOURCE)
    if source is not None and not (isinstance(source.value, str) and source.value.strip()):
        remedy = "put it in quotes, or rename what is called source"
        yield Problem(str(source.place), dotted((*path, SOURCE)), "must be text", shown(source.value), remedy)
    confidence = _confidence(mapping)
    if confidence not in CONFIDENCES:
        given = mapping.get(CONFIDENCE)
        at, value = (place, "") if given is None else (given.place, shown(given.value))
        rule = phrase("must be one of {}", ", ".join(CONFIDENCES)) if value else "the key is missing"
        meanings = joined((phrase("{}: {}", *each) for each in CONFIDENCES.items()), "{}; {}")
        yield Problem(str(at), dotted((*path, CONFIDENCE)), rule, value, phrase("take one ({})", meanings))
    elif source is None and confidence != WITHOUT_SOURCE:
        remedy = phrase("add source: where it is from; or write confidence: {}", WITHOUT_SOURCE)
        yield Problem(
            str(place), dotted((*path, SOURCE)), phrase("a value that is {} has a source", confidence), "", remedy
        )
