"""Damaged studies: what a slip of the hand, a broken editor or a bad merge may make of a study that is sound.

A mutation is drawn by hypothesis and applied either to the values of one of the study's files or to its bytes. Whatever
comes of it, `verdict` wants a compiled study or a list of problems that a person can act on.
"""

import json
import math
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st
from ruamel.yaml import YAML

from spvrisk.config import load
from spvrisk.errors import InputError
from spvrisk.plan import laws
from spvrisk.plan.compile import compile_study

ROOT = Path(__file__).resolve().parents[1]
STUDIES = [
    ROOT / "engine" / "spvrisk" / "data" / "starter.yaml",
    ROOT / "tests" / "data" / "tables" / "study.yaml",
    ROOT / "tests" / "config" / "data" / "deal.yaml",
    *sorted((ROOT / "configs").glob("*.yaml")),
]

DEEP: Any = 0
for _ in range(60):
    DEEP = [DEEP]
DEEP_MAPPING: Any = 0
for _ in range(30):
    DEEP_MAPPING = {"a": DEEP_MAPPING}

NASTY: list[Any] = [
    None, "", " ", -1, 0, 1, 2, 0.5, -0.0, 1e-300, 1e308, -1e308, math.nan, math.inf, -math.inf, 5e-324, 10**18,
    2**63, -(2**63), 2**64, 10**400, True, False, [], {}, [[]], [None], [0], [1, 2, 3], {"": None}, {"a": {"b": []}},
    "x" * 5000, "1", "1e3", "0x10", "1_000", "33,300", "55%", "0.5", "no", "~", "2026-13-01", "2026-02-30",
    "2026-03-31T00:00:00", "0001-01-01", date(2026, 3, 31), date(1900, 1, 1), date(2299, 12, 31), "\u0000", "\ud800",
    "\x1b[31m", "a\nb", "\u202e", "日本", "../x", "{}", "%s %d", "funder", "usd", "all", "scheme", "undefined", "none",
    {"fixed": 1}, {"normal": {"mean": 1, "sd": 0.1}}, {"normal": {"mean": 0, "sd": 1e308}},
    {"lognormal": {"mean": 1e-300, "sd": 1e300}}, {"beta": {"a": 1e-9, "b": 1e9}},
    {"scipy": {"name": "norm", "args": {}}}, {"empirical": {"csv": "none.csv", "column": "x"}}, {"table": "none.csv"},
    {"mixture": []}, {"discrete": {"values": [], "probabilities": []}}, {"knots": [[0, 1], [0, 2], [0, 3]]},
    {"value": 1, "growth": -1}, {"dates": {}}, {"regime": "deal", "attribute": "relief"}, {"fund": 1, "delay": 0},
    {"probability": 1, "moves": {}}, [date(2027, 3, 31), date(2027, 3, 31)], "must_run", "stop", DEEP, DEEP_MAPPING,
]  # fmt: skip
"""Values to plant anywhere."""

INTERNALS = (
    "Traceback",
    " at 0x",
    "pydantic",
    "NoneType",
    "<class",
    "ruamel",
    "numpy",
    "np.float64",
    "dtype",
    "codec",
    "Error",
)
"""What a message to a person never says."""

MOST_SECONDS = 10.0

Path_ = tuple[str | int, ...]


class Damage(NamedTuple):
    """One damaged file of a study."""

    study: Path
    file: str
    content: bytes
    what: str


# --- values ---


def emitted(value: Any) -> str:
    """YAML of a value, on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(str(key))}: {emitted(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(emitted, value)) + "]"
        case float() if not math.isfinite(value):
            return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
        case int() | float() | date() if not isinstance(value, bool):
            return repr(value) if not isinstance(value, date) else value.isoformat()
    # escapes reach the loader where the characters themselves would be refused as no text
    return json.dumps(value, ensure_ascii=isinstance(value, str) and not value.isprintable())


def document(values: dict[str, Any]) -> bytes:
    """A YAML file with a line for each key at the top."""
    text = "\n".join(f"{json.dumps(str(key))}: {emitted(item)}" for key, item in values.items())
    return text.encode("utf-8", "surrogatepass")


def paths_of(value: Any, at: Path_ = ()) -> Iterator[Path_]:
    """Paths of all values below one."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from paths_of(item, (*at, key))


def found(root: Any, path: Path_) -> Any:
    for key in path:
        root = root[key]
    return root


def changed(root: Any, path: Path_, change: Callable[[Any, Any], Any]) -> Any:
    """Copy of a value in which the collection that holds a path's end is what `change` makes of it."""
    key, *rest = path
    copy = root.copy()
    if rest:
        copy[key] = changed(copy[key], tuple(rest), change)
        return copy
    return change(copy, key)


def _set(value: Any) -> Callable[[Any, Any], Any]:
    def change(holder: Any, key: Any) -> Any:
        holder[key] = value
        return holder

    return change


def _deleted(holder: Any, key: Any) -> Any:
    del holder[key]
    return holder


def _named(name: str, keep: bool) -> Callable[[Any, Any], Any]:
    """Give an entry another name, in its place, or put a copy of it beside it."""

    def change(holder: Any, key: Any) -> Any:
        if isinstance(holder, list):
            return [*holder[: key + 1], holder[key], *holder[key + 1 :]]
        out = {}
        for old, item in holder.items():
            if old != key or keep:
                out[old] = item
            if old == key:
                out[name] = item
        return out

    return change


SCALES = [-1e6, -1.0, 1e-300, 1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.99, 1.01, 2.0, 10.0, 1e3, 1e6, 1e12, 1e300]
"""What numbers are multiplied by: most stay within their range, and go wrong only later if at all."""


def _moves(value: Any) -> bool:
    return isinstance(value, int | float | date) and not isinstance(value, bool)


def _moved(value: Any, scale: float) -> Any:
    """A number times something, or a date moved by as many years."""
    if isinstance(value, date):
        return date(min(max(value.year + round(min(max(scale, -200), 200)), 1), 9999), value.month, min(value.day, 28))
    if not _moves(value):
        return value
    product = value * scale
    return round(product) if isinstance(value, int) and abs(product) >= 1 and math.isfinite(product) else product


NAMES = [
    "", " ", "x", "port", "all", "scheme", "undefined", "1", "a.b", "a b", "budjet", "mean", "sd", "value", "table",
    "template", "include", "go_ahead", "projects", "x" * 300, "日本", "__class__", "<<", "mode", "class", "is", "while",
    "portfolio", "template", "review", "pipelines",
]  # fmt: skip


@st.composite
def _values_damaged(draw: st.DrawFn, root: dict[str, Any]) -> tuple[bytes, str]:
    """One to three changes of values and keys."""
    said = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        paths = list(paths_of(root))
        if not paths:
            break
        path = draw(st.sampled_from(paths))
        kind = draw(
            st.sampled_from(["delete", "plant", "plant", "scale", "scale", "scale", "duplicate", "rename", "swap"])
        )
        if kind == "delete":
            root, how = changed(root, path, _deleted), ""
        elif kind == "plant":
            value = draw(st.sampled_from(NASTY))
            root, how = changed(root, path, _set(value)), repr(value)[:40]
        elif kind == "scale":
            path = draw(st.sampled_from([other for other in paths if _moves(found(root, other))] or paths))
            value = _moved(found(root, path), draw(st.sampled_from(SCALES)))
            root, how = changed(root, path, _set(value)), repr(value)[:40]
        elif kind == "swap":
            other = draw(st.sampled_from(paths))
            if path == other[: len(path)] or other == path[: len(other)]:
                continue
            first, second = found(root, path), found(root, other)
            root = changed(changed(root, path, _set(second)), other, _set(first))
            how = repr(other)
        else:
            name = draw(st.sampled_from(NAMES))
            root, how = changed(root, path, _named(name, kind == "duplicate")), repr(name)[:40]
        said.append(f"{kind} {'.'.join(map(str, path))} {how}")
    return document(root), "; ".join(said)


# --- bytes ---


@st.composite
def _bytes_damaged(draw: st.DrawFn, content: bytes) -> tuple[bytes, str]:
    """One change of the raw text."""
    kind = draw(st.sampled_from(["truncate", "insert", "replace", "indent", "cut line", "double line", "swap lines"]))
    if kind in ("truncate", "insert", "replace"):
        at = draw(st.integers(0, len(content) - 1))
        byte = b"" if kind == "truncate" else draw(st.binary(min_size=1, max_size=1) | st.sampled_from(list(_SIGNS)))
        rest = {"truncate": b"", "insert": content[at:], "replace": content[at + 1 :]}[kind]
        return content[:at] + byte + rest, f"{kind} {byte!r} at {at}"
    lines = content.split(b"\n")
    i = draw(st.integers(0, len(lines) - 1))
    if kind == "indent":
        width = draw(st.sampled_from([-2, -1, 1, 2, 4]))
        lines[i] = b" " * width + lines[i] if width > 0 else lines[i][-width:]
    elif kind == "cut line":
        del lines[i]
    elif kind == "double line":
        lines.insert(i, lines[i])
    else:
        j = draw(st.integers(0, len(lines) - 1))
        lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines), f"{kind} {i + 1}"


_SIGNS = [bytes([c]) for c in b"\t\n\r :-#{}[],&*!|>'\"%@`?<=~.0\x00\x1b\x85\xff"] + [b"\xef\xbb\xbf", b"\xe2\x80\xa8"]


# --- studies ---


class Sources(NamedTuple):
    """The files of the studies: their content, and their values."""

    content: dict[tuple[Path, str], bytes]
    values: dict[tuple[Path, str], dict[str, Any]]


def sources() -> Sources:
    """Every file of every shipped study."""
    content = {(study, file): (study.parent / file).read_bytes() for study in STUDIES for file in load(study).texts}
    yaml = YAML(typ="safe", pure=True)
    values = {key: yaml.load(text.decode()) for key, text in content.items() if key[1].endswith(".yaml")}
    return Sources(content, values)


@st.composite
def damages(draw: st.DrawFn, source: Sources) -> Damage:
    """One study with one file damaged."""
    study, file = draw(st.sampled_from(list(source.content)))
    raw = (study, file) not in source.values or draw(st.sampled_from([True, False, False]))
    part = _bytes_damaged(source.content[study, file]) if raw else _values_damaged(source.values[study, file])
    content, what = draw(part)
    return Damage(study, file, content, f"{file}: {what}")


def placed(damage: Damage, source: Sources, folder: Path) -> Path:
    """Write a damaged study into a folder of its own and return its path."""
    for study, file in source.content:
        if study == damage.study:
            target = folder / damage.study.stem / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(damage.content if file == damage.file else source.content[study, file])
    return folder / damage.study.stem / damage.study.name


class TooSlowError(Exception):
    """Neither a study nor a problem in time."""


@contextmanager
def shared_tables() -> Iterator[None]:
    """Keep the tables of laws from one study to the next: most are those of the study before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(laws, "quantile_segments", lru_cache(maxsize=None)(laws.quantile_segments))
        yield


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End what takes too long of the processor, which others may be using too, if it comes back to Python at all."""

    def late(*_: object) -> None:
        raise TooSlowError(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def verdict(path: Path) -> str:
    """Load and compile a study: ``passed`` or ``refused``; an assertion fails where a refusal helps nobody."""
    with limited(MOST_SECONDS):
        try:
            loaded = load(path)
            with loaded.places.filled_in():
                compile_study(loaded.study)
        except InputError as error:
            assert error.problems
            for problem in error.problems:
                assert problem.place, f"no place: {problem}"
                assert problem.rule, f"no rule: {problem}"
                assert problem.remedy, f"no remedy: {problem}"
                assert len(str(problem)) < 2000, f"too long: {problem}"
            said = str(error)
            assert len(said.splitlines()) == len(error.problems), f"a problem of more than one line: {said}"
            assert not [word for word in INTERNALS if word in said], said
            return "refused"
    return "passed"
