"""What a result says of itself, with the types and sizes that its readers count on: its file may come from anybody."""

import datetime
import math
from collections.abc import Mapping
from typing import Any

import h5py

from spvrisk.dataset.content import metadata_digest
from spvrisk.dataset.opening import attributes_of
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import KNOWN

_ATTRIBUTES: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("title", "source", "history", "engine_version", "seed", "value_date", "currency"), str),
    **dict.fromkeys(("numbers_version", "paths"), int),
    "money_unit": (int, float),
    "content_sha256": str,
}
_OF_RUN: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("config_sha256", "plan_sha256", "tables_sha256", "metadata_sha256", "job_id"), str),
    "schema_version": int,
}
_PROVENANCE: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("created", "python", "cpu", "target", "features", "self_test", "numpy", "numba", "h5py"), str),
    "duration_seconds": (int, float),
    "workers": int,
    "config": dict,
}


def check_attributes(attributes: Mapping[str, Any], of_run: bool = True) -> None:
    """Refuse a file whose attributes are not of the types that results, or datasets of scenarios, have.

    Parameters
    ----------
    attributes
        Of the file.
    of_run
        Whether it is the result of a run.

    Raises
    ------
    KeyError
        One is missing.
    ValueError
        One has another type or range.
    """
    _check_types(attributes, {**_ATTRIBUTES, **(_OF_RUN if of_run else {})})
    if not attributes["seed"].isdecimal() or len(attributes["seed"]) > 20 or int(attributes["seed"]) >= 2**64:
        raise ValueError("its seed is no number of 64 bits")
    if attributes["paths"] < 1:
        raise ValueError("it has no paths")


def metadata_of(file: h5py.File) -> str:
    """Compute ``metadata_sha256`` anew from what a result, or a dataset of scenarios, says of itself.

    Parameters
    ----------
    file
        Opened to read.
    """
    own = {name: value for name, value in attributes_of(file).items() if name != "metadata_sha256"}
    texts = {name: bytes(dataset[...]) for name, dataset in file["provenance"].items() if name.endswith("_json")}
    about = {group: attributes_of(file[group]) for group in ("provenance", "sampling") if group in file}
    return metadata_digest({"": own, **about}, texts)


def check_provenance(provenance: Mapping[str, Any]) -> None:
    """Refuse a file whose provenance is not of the types that results have.

    Parameters
    ----------
    provenance
        Attributes of the group, and its texts read as JSON.

    Raises
    ------
    KeyError
        A part is missing.
    ValueError
        A part has another type.
    """
    _check_types(provenance, _PROVENANCE)
    for key in ("overrides", "command_line"):
        check_texts(key, provenance[key])
    check_sources(provenance["sources"])


def check_sources(sources: Any) -> None:
    """Refuse what are no files by name, each with its text; there is one at least.

    Parameters
    ----------
    sources
        As JSON has them.

    Raises
    ------
    ValueError
        They are none.
    """
    if not isinstance(sources, dict) or not sources:
        raise ValueError("its sources are no files")
    check_texts("sources", [*sources.values()])


def check_texts(name: str, values: Any) -> None:
    """Refuse what is no list of texts.

    Parameters
    ----------
    name
        What they are, for the message.
    values
        As JSON has them.

    Raises
    ------
    ValueError
        It is none.
    """
    if not isinstance(values, list) or not all(isinstance(text, str) for text in values):
        raise ValueError(f"its {name} are no texts")


def _check_types(found: Mapping[str, Any], types: Mapping[str, type | tuple[type, ...]]) -> None:
    for key, wanted in types.items():
        if not isinstance(found[key], wanted):
            raise ValueError(f"{key} has another type")


def labels_from(fields: Any) -> Labels:
    """Labels from what JSON made of them.

    Parameters
    ----------
    fields
        A mapping, if all is well.

    Raises
    ------
    KeyError
        One is missing.
    TypeError
        They are not those of a result.
    """
    labels = Labels(
        title=_titles(fields["title"]),
        currency=_text(fields["currency"]),
        money_unit=_number(fields["money_unit"]),
        local_currency=_text(fields["local_currency"]),
        projects=_names(fields["projects"]),
        pipelines=_names(fields["pipelines"]),
        project_titles={name: _titles(title) for name, title in fields["project_titles"].items()},
        regimes=_groups(fields["regimes"]),
        events=_groups(fields["events"]),
        factors=_names(fields["factors"]),
        value_date=_day(fields["value_date"]),
        step_ends=tuple(map(_day, fields["step_ends"])),
        steps_per_year=int(_number(fields["steps_per_year"])),
        features=tuple(map(_text, fields["features"])),
        offtakers=_names(fields["offtakers"]),
        inputs=tuple(map(_text, fields["inputs"])),
        outputs=tuple(map(_text, fields["outputs"])),
    )
    if not set(labels.outputs) <= set(KNOWN):
        raise TypeError
    if not set(labels.pipelines) <= set(labels.projects) == set(labels.project_titles) or not labels.step_ends:
        raise TypeError
    return labels


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise TypeError
    return value


def _day(value: Any) -> str:
    datetime.date.fromisoformat(value)
    return _text(value)


def _names(values: Any) -> tuple[str, ...]:
    """Names: they become parts of sentences that are formatted, and of names of variables."""
    if not isinstance(values, list) or not all(_text(name).isidentifier() for name in values):
        raise TypeError
    return tuple(values)


def _groups(pairs: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    (*names,) = _names([name for name, _ in pairs])
    return tuple(zip(names, (_names(inner) for _, inner in pairs), strict=True))


def _titles(by_language: Any) -> dict[str, str]:
    return {"en": _text(by_language["en"]), **{_text(key): _text(title) for key, title in by_language.items()}}
