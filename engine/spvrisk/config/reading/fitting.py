"""Which key of a block is meant where a plain value stands for the whole block."""

import math
from collections.abc import Iterator
from datetime import date
from difflib import SequenceMatcher

from spvrisk.catalogue import joined, phrase
from spvrisk.config.base import Path, keys_of
from spvrisk.config.reading.messages import models_at, takes
from spvrisk.config.reading.nodes import Node, Scalar
from spvrisk.errors import dotted

_ANY_TEXT = "?!"
_SHOWN = 3
_DEEPEST = 4


def fitting_remedy(path: Path, value: Scalar, block: Node | None) -> str | None:
    """Remedy that names the keys inside a block which take a value; None where there are none.

    Parameters
    ----------
    path
        Of the block.
    value
        What stands in its place.
    block
        What stood there before, if anything: of its keys the one whose value is nearest comes first. Otherwise the keys
        that the block must have are looked at.
    """
    leaves = list(_leaves(path, block)) if block is not None else []
    alike = [(at, leaf) for at, leaf in leaves if _same_kind(leaf, value) and takes(at, value)]
    # keys that take few texts first; of equally near ones the deeper: a level is rather the mean than the start
    text = isinstance(value, str)
    alike.sort(key=lambda item: (text and takes(item[0], _ANY_TEXT), _distance(item[1], value), -len(item[0])))
    found = [at for at, _ in alike] or list(_required(path, value))
    if not found:
        return None
    best, *others = (dotted(at) for at in found[:_SHOWN])
    if not others:
        return phrase("name the key in it that is meant: {}", best)
    return phrase("name the key in it that is meant: {}, or {}", best, joined(others, "{} or {}"))


def _leaves(path: Path, node: Node) -> Iterator[tuple[Path, Scalar]]:
    match node.value:
        case dict() as inner:
            for key, item in inner.items():
                yield from _leaves((*path, key), item)
        case list():
            return
        case leaf:
            yield path, leaf


def _same_kind(one: Scalar, other: Scalar) -> bool:
    kinds = (bool, int | float, str, date)
    return next((isinstance(other, kind) for kind in kinds if isinstance(one, kind)), False)


def _distance(one: Scalar, other: Scalar) -> float:
    """How far two values of a kind are from each other: numbers by their ratio, texts by their letters."""
    if isinstance(one, str) and isinstance(other, str):
        return 1.0 - SequenceMatcher(None, one, other).ratio()
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(math.log(other / one)) if one * other > 0 else math.inf
    return 0.0


def _required(path: Path, value: Scalar, depth: int = 1) -> Iterator[Path]:
    """Keys that a block must have, or that blocks in it must have, and that take a value."""
    for model in models_at(path):
        for key, field in keys_of(model).items():
            at = (*path, key)
            if not field.is_required():
                continue
            if takes(at, value):
                yield at
            elif depth < _DEEPEST:
                yield from _required(at, value, depth + 1)
