"""Texts of the package as its catalogue has them, found in its sources, and texts that no catalogue can have.

A text stands as a literal in the call that makes it, or in a table or a name of the same module; see `TEXTS`.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from string import Formatter
from typing import NamedTuple
from unittest.mock import patch

import click

from spvrisk.catalogue import LANGUAGES, Chosen, forms, is_thing
from spvrisk.cli import COMMANDS, main
from spvrisk.views.figures import TITLE
from spvrisk.views.words import in_words

PACKAGE = Path(__file__).parents[1] / "engine" / "spvrisk"

TEXTS = {"said": 0, "Note": 0, "phrase": 0, "say_text": 0, "fact": 0, "means": 1, "joined": 1}
"""Functions that take a text, and at which place."""

PASSED_ON = ("translated", "announce", "_announce", "tell")
"""Functions that take a text, whoever has written it."""

HEADS = "heads"
"""Function all of whose arguments are texts, or notes."""

NOTES = ("said", "Note", "percent", "tail_name", "head", "money_in", "joined", "in_words")
"""Functions that give notes; their texts are their own."""

THINGS = ("counted", "progress_bar")
"""Functions whose second argument is a thing that is counted."""

LOOKED_UP = ("rule", "remedy", "otherwise")
"""Arguments of whatever function that tell of a mistake, and are looked up; a `phrase` where they have figures."""

AS_THEY_ARE = ("value", "what", "got")
"""Arguments beside these that are a user's own; words among them are a `phrase`."""

MISTAKES = {"RunError": {"rule": 0}, "add_note": {"rule": 0}}
"""Functions of other places that take such arguments."""

ENGLISH = {
    "aggregate/": "contradictions of a run's sums are reported to us",
    "config/schema.py": "the JSON Schema",
    "dataset/layout.py": "attributes of result files",
    "dataset/scenarios.py": "attributes of datasets",
    "dataset/tables.py": "attributes of result files",
    "dataset/variables.py": "attributes of result files",
    "dataset/write.py": "attributes of result files",
    "experiments/changes.py": "codes of causes, which views put in words",
    "experiments/failed.py": "what is reported to us",
    "experiments/timing/": "programs of other processes, and what these print",
    "exports/netcdf_file.py": "attributes of files",
    "exports/paths.py": "units in tables for programs",
    "exports/units.py": "units in tables for programs",
    "report/page/document.py": "HTML",
    "report/page/drawing.py": "HTML",
    "report/page/dress.py": "HTML",
    "report/page/sections/ground.py": "names of programs with their versions",
    "runner/cluster.py": "versions, which workers and we tell each other",
    "runner/proof.py": "findings that are kept with machine code",
    "runner/remote.py": "versions, which workers and we tell each other",
    "views/bench.py": "names of programs with their versions",
    "views/info.py": "names of programs with their versions",
}
"""Sources that may compose English by f-strings, and what that is."""

VIEWS = ("views/", "charts/", "report/page/sections/", "report/book/")
"""Floors that make figures."""

NO_TEXTS = {"Column": {0: "head"}, "Row": {0: "name", 2: "head"}, "Figures": {0: "title", 6: "names"}}
"""What is made of notes and of names; a literal there would stay in English."""

TABLES = {
    "Output": ("name", "kind", "meaning", "of", "over", "exists", "kept", "never_negative", "view", "head", "compared"),
    "StepOutput": ("name", "meaning"),
    "Input": ("name", "kind", "meaning"),
    "Statistic": ("name", "at", "of", "applies", "kind", "title"),
}
"""Records of tables of words, with their fields; read as attributes, these are texts wherever they are used."""

WORDS = ("name", "at", "meaning", "head", "compared", "title")

FORMS = {"Column": (1, "form")}
"""Where the form of a number stands apart from its text."""


class Text(NamedTuple):
    """A text of the catalogue: where it is, and its plural where it has one."""

    file: str
    text: str
    plural: str = ""


class Module:
    """A source and the texts in it."""

    def __init__(self, file: Path) -> None:
        self.name = file.relative_to(PACKAGE).as_posix()
        self.tree = ast.parse(file.read_text(encoding="utf-8"))

    @cached_property
    def _constants(self) -> dict[str, list[ast.expr]]:
        return _assigned(self.tree.body, {})

    def texts(self) -> Iterator[Text]:
        """All texts, with those that their braces ask for."""
        yield from (Text(self.name, text) for text in self._defaults())
        for call, function in self._calls():
            for text in chain(self._literals(call, function), self._tables(call, function)):
                yield Text(self.name, text)
                yield from (Text(self.name, *found) for found in _of_braces(text))
            yield from (Text(self.name, text) for text in self._of_mistakes(call, function, LOOKED_UP))
            if function in FORMS:
                form = _argument(call, *FORMS[function])
                if isinstance(form, ast.Constant) and isinstance(form.value, str):
                    yield from (Text(self.name, *found) for found in _of_form(form.value))
            if function in THINGS and len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
                yield Text(self.name, *forms(str(call.args[1].value)))

    def _defaults(self) -> Iterator[str]:
        """Literals that tell of a mistake where none is given."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                named = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
                given = (each for argument, each in named if argument.arg in LOOKED_UP)
                yield from (str(each.value) for each in given if isinstance(each, ast.Constant) and each.value)

    def wrong(self) -> Iterator[str]:
        """Texts that cannot be found, and literals where there should be a text of the catalogue."""
        yield from (f"{self.name}:{line}: compose it by phrase: {text}" for line, text in self._composed())
        for call, function in self._calls():
            own = (text for text in self._as_they_are(call, function) if _has_words(ast.Constant(text)))
            braced = (text for text in self._of_mistakes(call, function, LOOKED_UP) if "{" in text or "}" in text)
            yield from (f"{self.name}:{call.lineno}: {function} takes a phrase: {text}" for text in (*own, *braced))
            if function in PASSED_ON[1:] and call.args and isinstance(call.args[0], ast.JoinedStr):
                yield f"{self.name}:{call.lineno}: {function} takes no literal: {ast.unparse(call.args[0])}"
            for place, expression in self._taken(call, function):
                if self._resolved(expression, call) is None and not self._is_passed_on(expression, call):
                    yield f"{self.name}:{call.lineno}: {function} takes no literal: {ast.unparse(expression)} ({place})"
            for place, name in NO_TEXTS.get(function, {}).items() if self.name.startswith(VIEWS) else ():
                given = _argument(call, place, name)
                if given is not None and _has_words(given):
                    yield f"{self.name}:{call.lineno}: {name} of a {function} is no note: {ast.unparse(given)}"

    def _of_mistakes(self, call: ast.Call, function: str, names: Iterable[str]) -> Iterator[str]:
        """Literals that tell of a mistake, given to a function as an argument; constants are names of ours."""
        places = {**_taking_mistakes(PACKAGE), **self._imported, **self.taking_mistakes, **MISTAKES}.get(function, {})
        for name in set(names) & set(places):
            given = _argument(call, places[name], name)
            known = frozenset(self._constants if name in AS_THEY_ARE else ())
            yield from sorted(self._possible(given, call, known)) if given is not None else ()

    def _as_they_are(self, call: ast.Call, function: str) -> Iterator[str]:
        """Literals among what is told of a user's own, and among the figures of a phrase."""
        yield from self._of_mistakes(call, function, AS_THEY_ARE)
        for figure in call.args[1:] if function == "phrase" else ():
            found = self._possible(figure, call, frozenset(self._constants))
            yield from sorted(text for text in found if " " in text.strip())

    def _possible(self, expression: ast.expr, at: ast.AST, known: frozenset[str] = frozenset()) -> set[str]:
        """Literals that an expression may be, besides others; names that are known are looked at already."""
        match expression:
            case ast.Constant(value=str(text)) if text:
                return {text}
            case ast.IfExp(body=body, orelse=orelse):
                return self._possible(body, at, known) | self._possible(orelse, at, known)
            case ast.BoolOp(values=values):
                return set().union(*(self._possible(each, at, known) for each in values))
            case ast.Name(id=name) if name not in known:
                return set().union(*(self._possible(each, at, known | {name}) for each in self._meant(name, at)))
        return set()

    @cached_property
    def _imported(self) -> dict[str, dict[str, int]]:
        """Those that other modules have, and this one imports."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("spvrisk."):
                file = PACKAGE.joinpath(*str(node.module).split(".")[1:]).with_suffix(".py")
                there = _module(file).taking_mistakes if file.exists() else {}
                found |= {each.name: there[each.name] for each in node.names if each.name in there}
        return found

    @cached_property
    def taking_mistakes(self) -> dict[str, dict[str, int]]:
        """Functions and records of the module, with the places of their arguments where they tell of a mistake."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                inits = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
                names = _parameters(inits[0] if inits and isinstance(node, ast.ClassDef) else node)
                tells = bool(set(names) & set(LOOKED_UP))
                found[node.name] = {name: i for i, name in enumerate(names) if tells}
        return found

    def _composed(self) -> Iterator[tuple[int, str]]:
        """Words that an f-string composes, in functions that tell them to people."""
        own = {node for raised in self._raised() for node in ast.walk(raised)}
        for node, function in self._functions.items():
            told = function.name not in ("__repr__", "__str__") and node not in own
            if isinstance(node, ast.JoinedStr) and told and not self.name.startswith(tuple(ENGLISH)):
                text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
                if re.search(r"[A-Za-z]{2,} |\s[A-Za-z]{2,}", text):
                    yield node.lineno, ast.unparse(node)

    def _raised(self) -> Iterator[ast.Raise]:
        """Where errors are raised that no user is told."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
                if node.exc.func.id in dir(builtins):
                    yield node

    def _calls(self) -> Iterator[tuple[ast.Call, str]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                function = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                yield node, function

    def _taken(self, call: ast.Call, function: str) -> Iterator[tuple[int, ast.expr]]:
        """What is given to a call as a text."""
        if function == HEADS:
            yield from ((i, each) for i, each in enumerate(call.args) if not isinstance(each, ast.Starred))
        elif function in TEXTS and len(call.args) > TEXTS[function]:
            yield TEXTS[function], call.args[TEXTS[function]]
        elif function in PASSED_ON and call.args and self._resolved(call.args[0], call) is not None:
            yield 0, call.args[0]

    def _literals(self, call: ast.Call, function: str) -> Iterator[str]:
        for _, expression in self._taken(call, function):
            yield from sorted(self._resolved(expression, call) or ())

    def _tables(self, call: ast.Call, function: str) -> Iterator[str]:
        fields = TABLES.get(function, ())
        for i, field in enumerate(fields):
            given = _argument(call, i, field)
            if field in WORDS and isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value:
                if field != "name":
                    yield given.value
                elif function in ("Output", "StepOutput", "Input") and "{" not in given.value:
                    yield in_words(given.value)

    def _resolved(self, expression: ast.expr, at: ast.AST) -> set[str] | None:
        """Literals that an expression may be; a note has its own, a word of a table is found there. None: unknown."""
        match expression:
            case ast.Constant(value=str(text)):
                return {text} if text else set()
            case ast.Call(func=ast.Name(id=made)) if made in NOTES:
                return set()
            case ast.Attribute(attr=name) if name in WORDS:
                return set()
            case ast.IfExp(body=body, orelse=orelse):
                return _union([self._resolved(body, at), self._resolved(orelse, at)])
            case ast.Subscript(value=ast.Name(id=table)):
                return self._values(table, at)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr="get"), args=[_, *others]):
                return _union([self._values(table, at), *(self._resolved(each, at) for each in others)])
            case ast.Name(id=name):
                return self._of_name(name, at)
        return None

    def _of_name(self, name: str, at: ast.AST) -> set[str] | None:
        """Literals that a name may stand for."""
        found = self._meant(name, at)
        return _union([self._resolved(each, at) for each in found]) if found else None

    def _values(self, table: str, at: ast.AST) -> set[str] | None:
        """Literals of a dictionary."""
        found = self._meant(table, at)
        if not found or not isinstance(found[0], ast.Dict):
            return None
        return _union([self._resolved(each, at) for each in found[0].values])

    def _meant(self, name: str, at: ast.AST) -> list[ast.expr]:
        """What a name stands for: in the function around it, else in the module."""
        function = self._functions.get(at)
        here = _assigned(ast.walk(function), self._constants).get(name) if function is not None else None
        return here or self._constants.get(name, [])

    def _is_passed_on(self, expression: ast.expr, at: ast.AST) -> bool:
        """Whether a function that takes a text hands it on."""
        function = self._functions.get(at)
        names = {*TEXTS, *PASSED_ON, HEADS}
        return (
            function is not None
            and function.name in names
            and any(isinstance(node, ast.arg) for node in ast.walk(function.args))
            and not isinstance(expression, ast.JoinedStr | ast.Constant)
        )

    @cached_property
    def _functions(self) -> dict[ast.AST, ast.FunctionDef]:
        """The innermost function around each node."""
        found: dict[ast.AST, ast.FunctionDef] = {}
        for function in ast.walk(self.tree):
            if isinstance(function, ast.FunctionDef):
                found |= dict.fromkeys(ast.walk(function), function)
        return found


@cache
def _module(file: Path) -> Module:
    return Module(file)


@cache
def _taking_mistakes(_: Path) -> dict[str, dict[str, int]]:
    """Functions and records of a package that tell of a mistake: methods are known by their names alone."""
    found: dict[str, dict[str, int]] = {}
    for module in modules():
        found |= {name: places for name, places in module.taking_mistakes.items() if places}
    return found


def modules() -> list[Module]:
    """All sources of the package but the kernel's, which says nothing."""
    return [_module(file) for file in sorted(PACKAGE.rglob("*.py")) if file.parent != PACKAGE / "kernel"]


def texts() -> dict[str, tuple[str, list[str]]]:
    """All texts with their plurals and the files that have them."""
    found: dict[str, tuple[str, list[str]]] = {}
    for text in chain((each for module in modules() for each in module.texts()), help_texts()):
        if _is_text(text.text):
            _, files = found.setdefault(text.text, (text.plural, []))
            files += [text.file] * (text.file not in files)
    return found


def help_texts() -> Iterator[Text]:
    """Texts of the commands' help: all that is looked up where it is laid out, of the first command that has it."""
    known = set()
    for name in ("__init__", *COMMANDS):
        context = click.Context(main, info_name="spvrisk")
        command = main.get_command(context, name) or main
        with patch("spvrisk.cli.language.translated", wraps=str) as looked_up, Chosen(LANGUAGES[-1]):
            command.get_help(command.context_class(command, context, name))
        new = [text for call in looked_up.call_args_list for text in call.args if text not in known]
        yield from (Text(f"cli/{name}.py", text) for text in new)
        known |= set(new)


def fields_of(text: str) -> list[tuple[str, str]]:
    """Places of a template's braces, numbered where they are not, with what they hold."""
    fields = [(field, form or "") for _, field, form, _ in Formatter().parse(text) if field is not None]
    return sorted((field or str(i), form) for i, (field, form) in enumerate(fields))


def _is_text(text: str) -> bool:
    """Whether there is anything to translate: more than a figure by itself."""
    return any(literal for literal, *_ in Formatter().parse(text))


def _of_braces(text: str) -> Iterator[tuple[str, str]]:
    for _, form in fields_of(text):
        yield from _of_form(form)


def _of_form(form: str) -> Iterator[tuple[str, str]]:
    """Texts that the form of a number asks for: a thing that is counted, or its unit."""
    specification, _, unit = form.partition(" ")
    if is_thing(form) and form != TITLE:
        yield forms(form)
    elif unit or specification.endswith("%"):
        yield f"{{}} {unit or '%'}", ""


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return named[0] if named else call.args[place] if len(call.args) > place else None


def _parameters(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """Names that are given to a function by place, or to a record."""
    if isinstance(node, ast.FunctionDef):
        return [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
    fields = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
    return [each.id for each in fields if isinstance(each, ast.Name)]


def _assigned(nodes: Iterable[ast.AST], known: dict[str, list[ast.expr]]) -> dict[str, list[ast.expr]]:
    """What names stand for, also where there are several, or a loop goes over a tuple."""
    found: dict[str, list[ast.expr]] = {}
    loops = []
    for node in nodes:
        if isinstance(node, ast.Assign):
            _assign(found, node.targets[0], node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            _assign(found, node.target, node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            loops.append(node)
    for loop in loops:
        named = {**known, **found}.get(loop.iter.id, [loop.iter]) if isinstance(loop.iter, ast.Name) else [loop.iter]
        (over, *_) = named
        for each in over.elts if isinstance(over, ast.Tuple | ast.List) else ():
            _assign(found, loop.target, each)
    return found


def _assign(found: dict[str, list[ast.expr]], target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        found.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            _assign(found, one, its)


def _union(found: list[set[str] | None]) -> set[str] | None:
    return None if any(each is None for each in found) else set().union(*(each or set() for each in found))


def _has_words(given: ast.expr) -> bool:
    """Whether an expression is a literal, or holds one, with letters that are seen."""
    parts = given.values if isinstance(given, ast.JoinedStr) else [given]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return any(character.isalpha() for text in texts for character in text)
