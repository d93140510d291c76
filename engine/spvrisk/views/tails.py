"""Whether tails hold enough paths, and what they are made of."""

from collections.abc import Iterable, Iterator

from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument
from spvrisk.measures.breakdown import Risk, contributions, diversified
from spvrisk.measures.named import level_named
from spvrisk.measures.sample import Figure
from spvrisk.measures.tail_size import TailSize
from spvrisk.plan.outputs import PORTFOLIO
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Range, Rate, Row, defined, said
from spvrisk.views.words import counted, money_name, percent, tail_name

_NAMED = 3
"""Heavy tails that are named."""

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
    found, money = contributions(result, _level(result, level)), money_name(result.labels)
    whole = Row(PORTFOLIO, (_estimate(found.whole.shortfall), None, _estimate(found.whole.value_at_risk)), apart=True)
    rows = (
        Row(p.name, (_estimate(p.risk.shortfall), _rate(p.share), _estimate(p.risk.value_at_risk)), p.group)
        for p in found.parts
    )
    notes = [*thin([("", found.whole.shortfall.tail)])]
    for group, lacking in found.lacking.items():
        notes.append(said("Left out, {}: the file does not keep {} by path.", group, ", ".join(lacking)))
    notes.append(said("The parts of each group add up. Those of an outcome are of the paths on which it came out."))
    heads = ("expected shortfall", "of it", "value at risk")
    title = f"What makes the loss at {percent(found.level)}: parts of the portfolio's (Euler), {money}"
    return Figures(title, tuple(map(Column, heads)), (whole, *rows), tuple(notes), money)


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
    found, money = diversified(result, _level(result, level)), money_name(result.labels)
    projects = tuple(Row(each.name, _risk(each.risk, each.added)) for each in found.projects)
    ends = (("all of them", found.together), (PORTFOLIO, found.whole), ("diversified", found.benefit))
    rows = (*projects, *(Row(name, _risk(risk), apart=name == PORTFOLIO) for name, risk in ends))
    tails = [(each.name, each.risk.shortfall.tail) for each in found.projects]
    notes = (*thin([(PORTFOLIO, found.whole.shortfall.tail), *tails]), said(_LEAVES_OUT))
    heads = ("value at risk", "expected shortfall", "95 % interval", "adds to shortfall")
    title = f"Loss of each project by itself at {percent(found.level)}, {money}"
    return Figures(title, tuple(map(Column, heads)), rows, notes, money)


def thin(tails: Iterable[tuple[str, TailSize | None]]) -> Iterator[Note]:
    """Say of which levels the tails hold too few paths for a sound error of their mean, and how many would be enough.

    Parameters
    ----------
    tails
        With what each is of; None is passed over.
    """
    found: dict[str, dict[str, TailSize]] = {}
    for name, tail in tails:
        if tail is not None and tail.thin:
            found.setdefault(tail.level, {})[name] = tail
    for level, few in found.items():
        heavy = [name for name, tail in few.items() if tail.heavy]
        held = counted(int(min(tail.paths for tail in few.values())), "path")
        what = f"The worst {tail_name(level)} are {held}{_of(heavy)}: too few for a sound error of their mean"
        yield said("{}; {:path} would do.", what, max(tail.enough for tail in few.values()))


def _of(heavy: list[str]) -> str:
    """Whose tail is heavy, if any is."""
    if not heavy:
        return ""
    named = [name for name in heavy if name]
    more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return " of a heavy tail" + (f" ({', '.join([*named[:_NAMED], *more])})" if named else "")


def _level(result: Result, level: str | None) -> str:
    """The level that is asked for, as its shortest decimals."""
    if level is not None:
        return level_named(level, argument("level"))
    if not result.summary.levels:
        rule = "is needed: the study has no level"
        raise InputError(Problem(argument("level"), "", rule, "none", "give e.g. 0.95"))
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
