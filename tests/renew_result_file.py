"""Write the tables of outputs into docs/result_file.md: ``python tests/renew_result_file.py``."""

from pathlib import Path

from spvrisk.dataset.variables import UNITS
from spvrisk.plan.inputs import INPUTS, ROOM, TELLING
from spvrisk.plan.outputs import (
    CAPACITY,
    CAPITAL,
    CATCH_UP,
    EVENT,
    FANS,
    OUTPUTS,
    REGIME,
    SCHEME,
    STACK,
    STEP_OUTPUTS,
    SUM,
    UNIT,
    Output,
)

PAGE = Path(__file__).parents[1] / "docs" / "result_file.md"
WITH = {
    "": "",
    CATCH_UP: "with a catch-up",
    STACK: "with a stack",
    CAPITAL: "where the insurer's capital is given",
    CAPACITY: "where the insurer's capacity is given",
}
OF = {UNIT: "", SCHEME: "scheme", REGIME: "scheme", EVENT: "scheme"}
PORTFOLIO = {"flag": "number of projects", "money": "sum"}


def table(*rows: tuple[str, ...]) -> str:
    """Give rows, the first of them the head, as a table."""
    head, *others = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *others))


def output_row(output: Output) -> tuple[str, ...]:
    name = output.name.format(f"<{output.of}>")
    unit = "money" if output.kind == "money" else UNITS[output.kind]
    where = ", ".join(filter(None, (OF[output.of], WITH[output.exists])))
    portfolio = PORTFOLIO[output.kind] if output.over == SUM else ""
    return f"`{name}`", unit, output.meaning.format(f"<{output.of}>"), portfolio, where


def outputs() -> str:
    """Give the quantities of a path."""
    return table(("quantity", "unit", "what", "portfolio", "where"), *map(output_row, OUTPUTS))


def steps() -> str:
    """Give the rows of the timeline."""
    return table(("row", "what", "where"), *((f"`{row.name}`", row.meaning, WITH[row.exists]) for row in STEP_OUTPUTS))


def fans() -> str:
    """Give the rows with fan quantiles."""
    return table(("fan", "what"), *((f"`fan_portfolio_{name}`", meaning) for name, meaning in FANS.items()))


def kept() -> str:
    """Give what is kept by path where a study does not say."""

    def named(kept: str, exists: bool) -> str:
        found = [f"`{o.name}`" for o in OUTPUTS if o.kept == kept and bool(o.exists) is exists]
        return ", ".join(found)

    whole, always, stack = named("units", False), named("portfolio", False), named("portfolio", True)
    return (
        f"By default: {whole}; of the portfolio {always} and, with a stack, {stack}; and all quantities of the scheme."
    )


def inputs() -> str:
    """Give the inputs of a path."""
    unit = {"price": "currency per unit of output", "own": "its factor's"}
    return table(
        ("input", "of each", "unit", "what"),
        *((f"`{i.name}`", i.of, unit.get(i.kind, UNITS[i.kind]), i.meaning) for i in INPUTS),
    )


def telling_inputs() -> str:
    """Give what is kept of them where a study does not say."""
    named = ", ".join(f"`{name}`" for name in TELLING)
    return f"By default the first of these that fit in {ROOM} bytes a path are kept: {named}."


PARTS = {"outputs": outputs, "steps": steps, "fans": fans, "kept": kept, "inputs": inputs, "telling": telling_inputs}


def renewed(page: str) -> str:
    """Give the page with its tables as they are now."""
    for name, part in PARTS.items():
        mark = f"<!-- {name} -->"
        before, _, after = page.split(mark)
        page = f"{before}{mark}\n{part()}\n{mark}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
