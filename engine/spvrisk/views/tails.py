"""Whether tails hold enough paths, and what they are made of."""

from collections.abc import Iterable, Iterator

from spvrisk.catalogue import phrase
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument
from spvrisk.measures.breakdown import BEARERS, PROJECTS, Part, Risk, contributions, diversified
from spvrisk.measures.named import level_named
from spvrisk.measures.sample import Figure
from spvrisk.measures.tail_size import TailSize
from spvrisk.plan.outputs import BY_NAME, PORTFOLIO
from spvrisk.views.figures import Cell, Estimate, Figures, Note, Range, Rate, Row, Text, defined, heads, said
from spvrisk.views.words import clock_named, joined, money_in, money_name, percent, tail_name, unit_named

_NAMED = 3
"""Heavy tails that are named."""

_GROUPS = {PROJECTS: "projects", BEARERS: "who bears it"}

_LEAVES_OUT = (
    "What a project adds is the portfolio's shortfall less that of the other projects, on the same paths. It leaves "
    "out what these would do without it, where flows are pooled or projects selected: for that run a scenario with "
    "projects.<name>: null."
)


def parts(result: Result, level: str | None = None) -> Figures:
    """Euler contributions to value at risk and expected shortfall: of projects, of bearers, of the outcomes of events.

    Parameters
    ----------
    result
        The result, of all paths or of a condition; it holds net present values by path.
    level
        Decimal string, whatever the study's own levels; None: the first of these.

    Raises
    ------
    InputError
        It is no level, or the result does not hold what is needed.
    """
    labels, found = result.labels, contributions(result, _level(result, level))
    whole = Row(
        unit_named(labels, PORTFOLIO),
        (_estimate(found.whole.shortfall), None, _estimate(found.whole.value_at_risk)),
        apart=True,
    )
    rows = (
        Row(
            _part(result, p),
            (_estimate(p.risk.shortfall), _rate(p.share), _estimate(p.risk.value_at_risk)),
            _group(result, p.group),
        )
        for p in found.parts
    )
    notes = [*thin([("", found.whole.shortfall.tail)])]
    for group, lacking in found.lacking.items():
        notes.append(
            said("Left out, {}: the file does not keep {} by path.", _group(result, group), ", ".join(lacking))
        )
    notes.append(said("The parts of each group add up. Those of an outcome are of the paths on which it came out."))
    columns = heads("expected shortfall", "of it", "value at risk")
    text = "What makes the loss at {}: parts of the portfolio's (Euler), {}"
    title = said(text, percent(found.level), money_in(labels))
    return Figures(title, columns, (whole, *rows), tuple(notes), money_name(labels))


def _group(result: Result, group: str) -> Note:
    """Heading of parts; events go by their own names."""
    return Note(_GROUPS[group]) if group in _GROUPS else clock_named(result, f"outcome_{group}")


def bearer_named(quantity: str) -> Note:
    """Name a bearer of the funder's net present value as the head of its column does.

    Parameters
    ----------
    quantity
        What it has of it.
    """
    return Note(BY_NAME[quantity].head)


def _part(result: Result, part: Part) -> Text:
    """Name of a project, a bearer or an outcome."""
    if part.group == BEARERS:
        return bearer_named(part.name)
    if part.group == PROJECTS:
        return unit_named(result.labels, part.name)
    return clock_named(result, f"outcome_{part.group}", part.name)


def alone(result: Result, level: str | None = None) -> Figures:
    """Risk of each project by itself, what it adds to the portfolio's, and what they diversify.

    Parameters
    ----------
    result, level
        As of `parts`.

    Raises
    ------
    InputError
        As by `parts`.
    """
    labels, found = result.labels, diversified(result, _level(result, level))
    rows = (
        *(Row(unit_named(labels, each.name), _risk(each.risk, each.added)) for each in found.projects),
        Row(Note("all of them"), _risk(found.together)),
        Row(unit_named(labels, PORTFOLIO), _risk(found.whole), apart=True),
        Row(Note("diversified"), _risk(found.benefit)),
    )
    tails = [(unit_named(labels, each.name), each.risk.shortfall.tail) for each in found.projects]
    notes = (*thin([(unit_named(labels, PORTFOLIO), found.whole.shortfall.tail), *tails]), said(_LEAVES_OUT))
    columns = heads("value at risk", "expected shortfall", "95 % interval", "adds to shortfall")
    title = said("Loss of each project by itself at {}, {}", percent(found.level), money_in(labels))
    return Figures(title, columns, rows, notes, money_name(labels))


def thin(tails: Iterable[tuple[Text, TailSize | None]]) -> Iterator[Note]:
    """Say of which levels the tails hold too few paths for a sound error of their mean, and how many would be enough.

    Parameters
    ----------
    tails
        With what each is of; None is passed over.
    """
    found: dict[str, dict[Text, TailSize]] = {}
    for name, tail in tails:
        if tail is not None and tail.thin:
            found.setdefault(tail.level, {})[name] = tail
    for level, few in found.items():
        heavy = [name for name, tail in few.items() if tail.heavy]
        held, enough = int(min(tail.paths for tail in few.values())), max(tail.enough for tail in few.values())
        what = _held(held, heavy) if heavy else said("{:path}", held)
        text = "The worst {} are {}: too few for a sound error of their mean; {:path} would do."
        yield said(text, tail_name(level), what, enough)


def _held(paths: int, heavy: list[Text]) -> Note:
    """How many paths tails hold that are heavy, and whose these are, as far as they have names."""
    named = [name for name in heavy if name]
    if not named:
        return said("{:path} of a heavy tail", paths)
    more = [said("{:d} more", len(named) - _NAMED)] if len(named) > _NAMED else []
    return said("{:path} of a heavy tail ({})", paths, joined([*named[:_NAMED], *more]))


def _level(result: Result, level: str | None) -> str:
    """The level that is asked for, as its shortest decimals."""
    if level is not None:
        return level_named(level, argument("level"))
    if not result.summary.levels:
        rule = "is needed: the study has no level"
        raise InputError(Problem(argument("level"), "", rule, phrase("none"), "give e.g. 0.95"))
    return result.summary.levels[0]


def _estimate(figure: Figure) -> Estimate:
    return Estimate(defined(figure.value), defined(figure.error))


def _rate(figure: Figure) -> Rate:
    return Rate(defined(figure.value), defined(figure.error))


def _risk(own: Risk, added: Risk | None = None) -> tuple[Cell, ...]:
    interval = own.shortfall.interval
    return (
        _estimate(own.value_at_risk),
        _estimate(own.shortfall),
        Range(*map(defined, interval)) if interval is not None else "",
        _estimate(added.shortfall) if added is not None else "",
    )
