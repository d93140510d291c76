"""CSV tables: projects, curves, correlations and the columns of empirical laws."""

import csv
import io
import math
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import NamedTuple, NoReturn

from spvrisk.catalogue import joined, phrase
from spvrisk.config.base import shown
from spvrisk.config.reading.nodes import Grounds, Node, Place, Scalar
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.config.reading.source import parse, scalar
from spvrisk.errors import InputError, Problem, suggestion

_TOLERANCE = 1e-9
"""Rounding of a computed correlation matrix: how far its diagonal may be from 1 and its halves from each other."""


class Table(NamedTuple):
    """A CSV file: its header, its rows with their line numbers, and what they rest on."""

    file: str
    header: list[str]
    rows: list[tuple[int, list[str]]]
    grounds: Grounds | None = None


def _fail(place: Place, rule: str, value: str = "", remedy: str = "") -> NoReturn:
    raise InputError(Problem(str(place), "", rule, value, remedy))


def read_table(text: str, file: str) -> Table:
    """Split a CSV text into a header and rows of its length.

    Blank lines are skipped, and so are columns at the end that hold nothing and have no name: spreadsheets write them.

    Parameters
    ----------
    text
        Content of the file.
    file
        Its path from the study's folder, for places.

    Raises
    ------
    InputError
        It is no CSV, is empty, or has rows of another length than the header.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        _fail(Place(file, line), phrase("must be CSV: {}", error), "", 'write " inside quotes as ""')
    if not rows:
        _fail(
            Place(file, 1), "a table needs a header and rows", phrase("an empty file"), "write the column names first"
        )
    _check_first_line(file, *rows[0])
    header = _without_empty_end(rows[0][1], 0)
    body = [(number, _without_empty_end(cells, len(header))) for number, cells in rows[1:]]
    for number, cells in body:
        if len(cells) != len(header):
            _fail(Place(file, number), *_wrong_length(cells, len(header)))
    return Table(file, header, body)


_SEPARATORS = {";": phrase("semicolons"), "\t": phrase("tabs"), "|": phrase("bars")}


def _check_first_line(file: str, line: int, header: list[str]) -> None:
    """Refuse a first line that holds no column names, and other separators than commas."""
    first = header[0].lower()
    rule = "the first line of a table holds the column names"
    if first.startswith("sep="):
        has_commas = first == "sep=" and len(header) > 1
        remedy = "remove the line" if has_commas else "remove the line, and save the table with commas"
        _fail(Place(file, line), rule, shown(",".join(header)), remedy)
    if first.startswith("#"):
        remedy = "remove the line, or its # if the column names follow it"
        _fail(Place(file, line), rule, shown(",".join(header)), remedy)
    named = next((name for mark, name in _SEPARATORS.items() if mark in first), None)
    if len(header) == 1 and named is not None:
        _fail(Place(file, line), "columns are separated by commas", named, "save the table with commas")


def _without_empty_end(cells: list[str], width: int) -> list[str]:
    """A row without the empty cells that it has at its end, beyond a width."""
    end = len(cells)
    while end > width and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _wrong_length(cells: list[str], width: int) -> tuple[str, str, str]:
    """Rule, value and remedy of a row that is longer or shorter than the header."""
    if cells[0].startswith("#"):
        return phrase("a table has no comments"), shown(",".join(cells)), phrase("remove the line")
    rule = phrase("must have {} cells, one for each name in the header", width)
    if len(cells) > width:
        return rule, str(len(cells)), phrase("put cells that contain a comma in double quotes, and name every column")
    return rule, str(len(cells)), phrase("write the commas of empty cells too")


def _number(table: Table, line: int, column: int, text: str) -> float:
    value = scalar(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        _fail(
            Place(table.file, line, column + 1),
            "must be a number",
            shown(text),
            number_remedy(text, "write a plain number"),
        )
    return value


def _column(table: Table, name: str) -> int:
    if table.header.count(name) > 1:
        _fail(Place(table.file, 1), phrase("has the column {} twice", name), "", "keep one of them")
    if name not in table.header:
        _fail(Place(table.file, 1), phrase("has no column {}", name), "", suggestion(name, table.header))
    return table.header.index(name)


def _own_column(table: Table, name: str) -> int:
    """A column whose name is fixed: it is the table that must be changed where it has another."""
    if name not in table.header:
        near = get_close_matches(name, [other.lower() for other in table.header], n=1)
        found = [other for other in table.header if other.lower() in near]
        remedy = phrase("name the column {} so", found[0]) if found else "name a column so"
        _fail(Place(table.file, 1), phrase("has no column {}", name), shown(",".join(table.header)), remedy)
    return _column(table, name)


def column_values(table: Table, name: str) -> list[float]:
    """Numbers of one column; empty cells are left out, as columns may differ in length.

    Parameters
    ----------
    table
        As from `read_table`.
    name
        Of the column, as in the header.

    Raises
    ------
    InputError
        There is no such column, or it has no numbers or something else than numbers.
    """
    column = _column(table, name)
    values = [_number(table, line, column, cells[column]) for line, cells in table.rows if cells[column]]
    if not values:
        _fail(Place(table.file, 1), phrase("column {} has no numbers", name), "", "fill it")
    return values


def curve_knots(table: Table) -> Node:
    """Knots of a zero curve from the columns years and rate."""
    years, rate = _own_column(table, "years"), _own_column(table, "rate")
    knots = []
    for line, cells in table.rows:
        pair = [
            Node(_number(table, line, column, cells[column]), Place(table.file, line, column + 1))
            for column in (years, rate)
        ]
        knots.append(Node(list(pair), Place(table.file, line)))
    return Node(list(knots), Place(table.file, 1), table.grounds)


def correlation_pairs(table: Table) -> Node:
    """Pairs of a correlation table: columns first, second and value, or a square with names."""
    listed = [name.lower() for name in table.header] == ["first", "second", "value"]
    entries = _listed(table) if listed else _square(table)
    pairs: dict[str, Node] = {}
    for first, second, node in entries:
        inner = pairs.setdefault(first, Node({}, node.place)).value
        assert isinstance(inner, dict)
        if second in inner:
            _fail(node.place, phrase("the pair {}, {} appears twice", first, second), "", "keep one of them")
        inner[second] = node
    return Node(pairs, Place(table.file, 1), table.grounds)


def _listed(table: Table) -> Iterator[tuple[str, str, Node]]:
    for line, (first, second, value) in table.rows:
        yield first, second, Node(_within_one(_number(table, line, 2, value)), Place(table.file, line, 3))


def _square(table: Table) -> Iterator[tuple[str, str, Node]]:
    names = table.header[1:]
    if [cells[0] for _, cells in table.rows] != names:
        remedy = "name rows and columns alike, or write the columns first,second,value"
        _fail(Place(table.file, 1), "a square table has the same names down as across", "", remedy)
    for i, (line, cells) in enumerate(table.rows):
        if cells[i + 1] and abs(_number(table, line, i + 1, cells[i + 1]) - 1) > _TOLERANCE:
            _fail(Place(table.file, line, i + 2), "the diagonal must be 1", cells[i + 1], "write 1")
        for j in range(i):
            place = Place(table.file, line, j + 2)
            above, upper = table.rows[j]
            found = [_number(table, line, j + 1, cells[j + 1])] if cells[j + 1] else []
            found += [_number(table, above, i + 1, upper[i + 1])] if upper[i + 1] else []
            if found and max(found) - min(found) > _TOLERANCE:
                _fail(place, "must equal its mirror image", joined(map(shown, found), "{} and {}"), "leave one empty")
            value = _within_one(sum(found) / len(found)) if found else 0.0  # two may differ by rounding
            if value != 0:
                yield names[j], names[i], Node(value, place)


def _within_one(value: float) -> float:
    """A correlation without the rounding that computed ones have beyond 1."""
    return math.copysign(1.0, value) if 1 < abs(value) <= 1 + _TOLERANCE else value


def project_rows(
    table: Table,
    template: Node,
    known: Callable[[tuple[str, ...]], str | None],
    is_text: Callable[[tuple[str, ...]], bool],
    problems: list[Problem],
) -> dict[str, Node]:
    """Projects of a table: each row over a copy of the template.

    Parameters
    ----------
    table
        Its first column is ``name``, the others are dotted keys of a project.
    template
        Mapping with the keys that rows share.
    known
        Gives the remedy for a dotted key that a project does not have, else None.
    is_text
        Whether a key takes text alone: CSV has no quotes that would tell the text 007 from the number.
    problems
        Grows by what is wrong.
    """
    columns = _project_columns(table, known, problems)
    cells = _read_cells(table, {column: is_text(path) for column, path in columns}, problems)
    out: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for line, row in table.rows:
        name = row[0]
        if name in lines:
            rule = phrase("the project appears twice, first in row {}", lines[name])
            problems.append(Problem(str(Place(table.file, line, 1)), f"projects.{name}", rule, "", "rename one"))
            continue
        lines[name] = line
        node = Node(template.value, Place(table.file, line), template.grounds)
        for column, path in columns:
            if (line, column) in cells:
                node = put(node, path, cells[line, column])
        out[name] = node
    return out


def _project_columns(
    table: Table, known: Callable[[tuple[str, ...]], str | None], problems: list[Problem]
) -> list[tuple[int, tuple[str, ...]]]:
    if table.header[0] != "name":
        rule = "the first column of a table of projects is `name`"
        advice = "write it so" if table.header[0].lower() == "name" else "put the projects' names first"
        _fail(Place(table.file, 1, 1), rule, shown(table.header[0]), advice)
    columns = []
    for column, key in list(enumerate(table.header))[1:]:
        path = tuple(key.split("."))
        place = Place(table.file, 1, column + 1)
        if not key:
            if any(cells[column] for _, cells in table.rows):
                problems.append(Problem(str(place), "", "the column has no name", "", "name it, or remove it"))
            continue
        remedy = known(path)
        if remedy is not None:
            problems.append(Problem(str(place), key, "is not a key of a project", "", remedy))
        elif key in table.header[:column]:
            problems.append(Problem(str(place), key, "the column appears twice", "", "keep one of them"))
        else:
            columns.append((column, path))
    return columns


def _read_cells(table: Table, columns: dict[int, bool], problems: list[Problem]) -> dict[tuple[int, int], Node]:
    """Values of the cells that are not empty; flow mappings and quoted texts of all cells are parsed in one go.

    Parameters
    ----------
    columns
        Whether each column holds text alone.
    """
    out: dict[tuple[int, int], Node] = {}
    flows: list[tuple[int, int, str]] = []
    for line, row in table.rows:
        for column, texts_only in columns.items():
            text = row[column]
            if text and text[0] in "{[\"'":
                flows.append((line, column, text))
            elif text:
                value = scalar(text)
                value = text if texts_only and value is not None else value
                out[line, column] = Node(value, Place(table.file, line, column + 1), table.grounds)
    texts = list(dict.fromkeys(text for _, _, text in flows))
    read = dict(zip(texts, _parse_flows(texts), strict=True))
    for line, column, text in flows:
        place = Place(table.file, line, column + 1)
        node = read[text]
        if node is None:
            node, wrong = parse(text, table.file, place)
            problems.extend(wrong)
        if node is None:
            continue
        placed = _placed(node, place)
        out[line, column] = placed if placed.grounds else Node(placed.value, place, table.grounds)
    return out


def _parse_flows(texts: list[str]) -> list[Node | None]:
    """Parse flow values as one list, which costs a tenth of parsing each; None where that fails."""
    whole, wrong = parse("\n".join(f"- {text}" for text in texts), "") if texts else (None, [])
    if whole is None or wrong or not isinstance(whole.value, list) or len(whole.value) != len(texts):
        return [None for _ in texts]
    return list(whole.value)


def _placed(node: Node, place: Place) -> Node:
    match node.value:
        case dict():
            return Node({key: _placed(item, place) for key, item in node.value.items()}, place, node.grounds)
        case list():
            return Node([_placed(item, place) for item in node.value], place, node.grounds)
    return Node(node.value, place, node.grounds)


def put(node: Node, path: tuple[str, ...], new: Node) -> Node:
    """Copy of a mapping with the value at a path replaced (or removed, where the new value is null).

    Parameters
    ----------
    node
        The mapping, or a scalar that becomes one.
    path
        Keys down to the value; mappings on the way are made where they are missing.
    new
        The value.
    """
    inner: Scalar | dict[str, Node] | list[Node] = node.value
    copy = dict(inner) if isinstance(inner, dict) else {}
    key, *rest = path
    if rest:
        copy[key] = put(copy.get(key, Node({}, new.place)), tuple(rest), new)
    elif new.value is None:
        copy.pop(key, None)
    else:
        copy[key] = new
    return node.with_part(copy, new.place)
