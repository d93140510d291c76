"""Which result files this version reads, and what it must not pass over in them.

Every file of `OLDEST` or later is read for ever. To change the schema: raise `SCHEMA_VERSION`, make files of it with
``tests/make_results.py`` beside those that are there, and have this module bring the groups of older files to
the present form before `spvrisk.dataset.assembly` makes tables of them; nothing else may ask for a file's number. An
output that older files lack needs no more than the new number: their labels say which outputs they know.
"""

from collections.abc import Mapping
from typing import Any

import h5py

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem

SCHEMA_VERSION = 8
"""Rises whenever a reader of the former version would misread or refuse the file."""

OLDEST = 7
"""Files before it were never promised to be read: they lack outputs, digests or bounds."""

OF_EVERY_FILE = {
    "Conventions": "CF-1.11",
    "references": "docs/model.md and docs/result_file.md of spvrisk",
    "comment": "Money has units 1: currency names its currency, money_unit says how many of that make one. NaN is "
    "undefined, infinity never; averages leave both out.",
}
"""Attributes that are the same in all files of this schema."""

OF_SCENARIOS = "spvrisk.scenarios/1"
"""Schema of a dataset of scenarios."""

PLAIN = "plain"
"""Sampling of independent paths of equal weight, the only one whose figures are made here."""

RESERVED = ("paths/weight", "paths/replicate")
"""Variables that samplings to come will have: figures that were made without them would be wrong."""

OUTER = "outer"
"""Dimension of runs whose uncertain inputs differ: known in ``/uncertainty`` alone."""


def of_scenarios(file: h5py.File) -> bool:
    """Tell whether a file is a dataset of scenarios.

    Parameters
    ----------
    file
        Opened to read.
    """
    return bool(file.attrs.get("schema", b"") in (OF_SCENARIOS, OF_SCENARIOS.encode()))


def check_schema(place: str, ours: bool, attributes: Mapping[str, Any]) -> None:
    """Refuse a file that is no result, or one of a schema that is not read.

    Parameters
    ----------
    place
        Where the file is, in words.
    ours
        Whether its source says that it is a result.
    attributes
        Of the file.

    Raises
    ------
    InputError
        It is no result, or older or newer than what is read.
    """
    if attributes.get("schema") == OF_SCENARIOS:
        again = phrase("the command that made it, with --out {}, shows its table again", place)
        remedy = phrase("`spvrisk info {}` says what it is; {}", place, again)
        raise InputError(Problem(place, "", "is a dataset of scenarios, not a result of a run", "", remedy))
    if not ours or "schema_version" not in attributes:
        raise InputError(Problem(place, "", "is not a result of spvrisk", "", "name a file that `spvrisk run` wrote"))
    found, version = int(attributes["schema_version"]), attributes.get("engine_version", "")
    if found > SCHEMA_VERSION:
        rule = phrase("must be at most {}, the newest that this spvrisk reads", SCHEMA_VERSION)
        remedy = phrase("open it with spvrisk {} or later", version)
        raise InputError(Problem(place, "schema_version", rule, str(found), remedy))
    if found < OLDEST:
        rule = phrase("must be at least {}, the oldest that this spvrisk reads", OLDEST)
        remedy = phrase("run the study again, or open it with the spvrisk that wrote it ({})", version)
        raise InputError(Problem(place, "schema_version", rule, str(found), remedy))


def check_sampling(place: str, file: h5py.File, method: object) -> None:
    """Refuse a file whose paths do not count alike: figures made of them as if they did would be wrong.

    Parameters
    ----------
    place
        Where the file is, in words.
    file
        Whose structure has been checked.
    method
        As its group ``/sampling`` says.

    Raises
    ------
    InputError
        The method is not known here, or the file has weights, replicates, or outer runs among its own figures.
    """
    remedy = phrase("open it with a spvrisk that knows it: {} wrote it", file.attrs["engine_version"].decode())
    if method != PLAIN:
        rule = phrase("must be {}, the only way of sampling whose paths this spvrisk weighs rightly", PLAIN)
        raise InputError(Problem(place, "/sampling method", rule, str(method), remedy))
    held = (name for group in file for name in file[group] if _weighs(group, name))
    for name in held:
        rule = phrase("has {}, without which its paths would be weighed wrongly", name)
        raise InputError(Problem(place, "", rule, "", remedy))


def _weighs(group: str, name: str) -> bool:
    """Whether paths do not count alike where a file has such a variable."""
    return (name == OUTER and group != "uncertainty") or f"{group}/{name}" in RESERVED
