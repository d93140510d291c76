"""A study in parts, for checks between them: each part as far as it is sound by itself."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from spvrisk.catalogue import phrase
from spvrisk.config.base import Model, Path, choices, derives, is_model, shown
from spvrisk.errors import Problem, suggestion

K = TypeVar("K")
M = TypeVar("M", bound=Model)


class Parts:
    """Parts of a study by their models, each None where it is faulty by itself; names are known all the same.

    Parameters
    ----------
    root
        Model of the whole; where its parts are follows from its fields.
    study
        The study: a sound one, or what its file says.
    """

    def __init__(self, root: type[Model], study: Model | Mapping[str, Any]) -> None:
        self._root, self._study = root, study
        self._placed: dict[type[Model], dict[Path, Any]] = {}
        self._named: dict[type[Model], dict[str, Any]] = {}

    def names(self, section: str) -> tuple[str, ...]:
        """Names in a section at the top of the study.

        Parameters
        ----------
        section
            Key at the top of the study.
        """
        found = _inside(self._study, section, self._root.model_fields[section])
        return tuple(found) if isinstance(found, Mapping) else ()

    def placed(self, model: type[M]) -> Mapping[Path, M | None]:
        """All parts of a model by their paths.

        Parameters
        ----------
        model
            Class of the parts; those that are not sound are None.
        """
        if model not in self._placed:
            self._placed[model] = dict(_parts(self._root, self._study, (), model))
        return self._placed[model]

    def named(self, model: type[M]) -> Mapping[str, M | None]:
        """The parts of a model that are a section of their own, by their names.

        Parameters
        ----------
        model
            As of `placed`.
        """
        if model not in self._named:
            self._named[model] = {str(at[1]): part for at, part in self.placed(model).items() if len(at) == 2}
        return self._named[model]

    def one(self, model: type[M]) -> M | None:
        """The part of a model of which there is one at most.

        Parameters
        ----------
        model
            As of `placed`.
        """
        return next(iter(self.placed(model).values()), None)


def _parts(kind: type[Model], value: Any, at: Path, wanted: type[M]) -> Iterator[tuple[Path, M | None]]:
    """Parts of a model inside a value of a kind, with their paths."""
    if derives(kind, wanted):
        yield at, _sound(cast(type[M], kind), value)
    elif isinstance(value, Model | Mapping):
        for name, field in kind.model_fields.items():
            for inner, many in _leading(kind, name, wanted):
                found, here = _inside(value, name, field), (*at, field.alias or name)
                if not many:
                    items = {} if found is None else {here: found}
                else:
                    items = {(*here, key): item for key, item in found.items()} if isinstance(found, Mapping) else {}
                for path, item in items.items():
                    yield from _parts(inner, item, path, wanted)


@cache
def _leading(kind: type[Model], name: str, wanted: type[Model]) -> list[tuple[type[Model], bool]]:
    """Models in a field of a model that are the wanted one or hold it, and whether the field has many by name."""
    out: list[tuple[type[Model], bool]] = []
    for choice in choices(kind.model_fields[name].annotation):
        if is_model(choice):
            out.append((choice, False))
        elif choice.__origin__ is dict:
            out += [(inner, True) for inner in choices(choice.__args__[1]) if is_model(inner)]
    return [
        (inner, many)
        for inner, many in out
        if derives(inner, wanted) or any(_leading(inner, name, wanted) for name in inner.model_fields)
    ]


def _inside(value: Any, name: str, field: FieldInfo) -> Any:
    """What a model or a mapping has in a field, its default where that is left out."""
    if isinstance(value, Model):
        return getattr(value, name)
    key = field.alias or name
    if key in value or field.is_required():
        return value.get(key)
    return field.get_default(call_default_factory=True)


def _sound(kind: type[M], value: Any) -> M | None:
    if isinstance(value, Model):
        return cast(M, value)
    try:
        return kind.model_validate(value)
    except ValidationError:
        return None


def sound(items: Mapping[K, M | None]) -> Iterator[tuple[K, M]]:
    """Entries that are sound by themselves.

    Parameters
    ----------
    items
        Parts by name, None where one is not sound.
    """
    return ((name, item) for name, item in items.items() if item is not None)


def known(at: Path, name: str, names: Collection[str], what: str) -> Iterator[Problem]:
    """Problem of a name that is none of those allowed.

    Parameters
    ----------
    at
        Path of the name.
    name
        As the study has it.
    names
        Those that are defined.
    what
        What it should name, with an article: ``a factor``.
    """
    if not names and what in ("a curve", "a factor"):
        return  # a study without any of them is told so, once
    if name not in names:
        yield Problem.at(at, phrase("must name {}", what), shown(name), suggestion(name, names))
