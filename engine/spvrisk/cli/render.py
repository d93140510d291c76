"""A result as people read it in a terminal, and as programs read it in JSON."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from spvrisk.cli.output import shown_in
from spvrisk.cli.words import counted
from spvrisk.config.laws import Law
from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import FEW_PATHS, SummaryTable
from spvrisk.dataset.variables import COUNTED, COUNTS, UNDEFINED, states_of, statistics_of
from spvrisk.plan.digest import SHOWN_DIGITS
from spvrisk.plan.laws import distribution
from spvrisk.plan.names import Labels

if TYPE_CHECKING:
    from spvrisk.runner.proof import Proof

SUMMARY_SCHEMA = "spvrisk.summary/2"
"""Format of `summary_json`; the number rises when a reader of the former would misread it."""

HEADED = Box(str(SIMPLE_HEAD), ascii=True)
"""Lines under heads, also where the stream has no such lines: `output.shown_in` finds their like, rich another form."""

WIDTH = 100
"""Columns where the output is no terminal."""

_NOTHING = 1e-9
"""Below it a number is taken for the rounding error of 0."""

NONE = "-"
"""Stands for an undefined number."""


class _Console(Console):
    """A console whose cells are as wide as what its encoding makes of them."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(shown_in(text, self.encoding), **options)


def console(width: int | None = None) -> Console:
    """Give a console on stdout, where that is a file or a pipe of a fixed width."""
    made = _Console(highlight=False, width=width)
    return made if width is not None or made.is_terminal else _Console(highlight=False, width=WIDTH)


def summary_json(result: Result) -> dict[str, Any]:
    """Give the summary as plain JSON values: NaN and infinities as null, floats with up to 17 digits.

    Keys are ``schema, study, paths, seed, numbers_version``, then ``scheme, portfolio, projects`` with the
    statistics of each quantity. Pipelines stand among the projects; where there are any, ``pipelines`` names them.
    """
    labels, table = result.labels, result.summary
    units: dict[str, dict[str, Any]] = {unit: {} for unit, _ in labels.series}
    for s, (unit, quantity) in enumerate(labels.series):
        units[unit][quantity] = _statistics_json(table, s, quantity, labels)
    for p, project in enumerate(labels.projects):
        part = _by_key(table.levels, table.contribution[p])
        units[project]["npv_funder"]["expected_shortfall_contribution"] = part
    for project, share in cap_shares(result).items():
        units[project]["overrun_drawn"]["cap_share"] = share
    return {
        "schema": SUMMARY_SCHEMA,
        "study": labels.title["en"],
        "paths": result.n_paths if result.given is None else result.given.n_paths,
        **_given_json(result),
        **({"pipelines": list(labels.pipelines)} if labels.pipelines else {}),
        "seed": int(result.attributes["seed"]),
        "numbers_version": result.attributes["numbers_version"],
        "scheme": units["scheme"],
        "portfolio": units["portfolio"],
        "projects": {project: units[project] for project in labels.projects},
    }


def _given_json(result: Result) -> dict[str, Any]:
    if result.given is None:
        return {}
    name, _, share, low, high = result.given
    return {"given": name, "share": share, "share_low": low, "share_high": high}


def render_summary(result: Result) -> RenderableType:
    """Give the tables of a result: value, loss, fate and construction, returns, side flows, what happened in law.

    Every number stands with its Monte Carlo standard error, a probability with its interval, to the digits that they
    allow.
    """
    losses = [_loss_table(result, a) for a in range(len(result.summary.levels))]
    tables = [
        *(_value_table(result), *losses),
        *(_fate_table(result), _construction_table(result)),
        *(_return_table(result), _time_table(result), _others_table(result)),
    ]
    if result.labels.stack:
        tables += [_means_table(result, title, named) for title, named in _STACK.items()]
    if result.summary.shares:
        tables.append(_share_table(result))
    heading = Text(result.labels.title["en"], style="bold")
    facts = Text(
        f"{_given(result)}{counted(result.n_paths, 'path')}, seed {result.attributes['seed']}, "
        f"values at {result.labels.value_date}. "
        "Figures after ± are Monte Carlo standard errors; after a probability stands its 95 % interval."
    )
    changes = result.provenance["overrides"]
    changed = [Text(f"Changed by --set: {'; '.join(changes)}")] if changes else []
    spaced = (item for table in tables for item in ("", table))
    return Group(heading, facts, *changed, "", *_headlines(result), *_cap_notes(result), *spaced)


def cap_shares(result: Result) -> dict[str, float]:
    """Share of a project's overruns that the cap of its reference class cuts, by project or pipeline with one."""
    config = result.provenance["config"]
    templates = {name: pipeline["template"] for name, pipeline in config.get("pipelines", {}).items()}
    projects = {**config.get("projects", {}), **templates}
    laws = {name: Law.model_validate(project["construction"]["overrun"]) for name, project in projects.items()}
    shares = {name: distribution(law).cap_share for name, law in laws.items() if law.family == "reference_class"}
    return {name: share for name, share in shares.items() if share > 0.0}


def _cap_notes(result: Result) -> list[str]:
    """Say which risk measures lie where overruns are cut: what is beyond is not in them."""
    notes, t, rows = [], result.summary, _rows(result.labels, "funded")
    for name, share in cap_shares(result).items():
        if not t.mean[rows[name]] > 0.0:
            continue
        # of a pipeline's paths a larger share has a cut overrun: of several projects
        on_paths = share * max(1.0, t.mean[rows[name]] if name in result.labels.pipelines else 1.0)
        cut = [_percent(level) for level in t.levels if 1.0 - float(level) <= on_paths]
        if cut:
            levels = " and ".join(cut)
            notes.append(
                f"{name}: the cap of its class cuts {100 * share:.2g} % of its overruns. Its figures at {levels}, "
                "and the portfolio's as far as it brings them, are lower bounds."
            )
    return ["", *notes] if notes else []


def _given(result: Result) -> str:
    if result.given is None:
        return ""
    name, n_paths, *share = result.given
    return f"Given {name}: {counted(n_paths, 'path')}, {with_interval(*share)}, of "


def _headlines(result: Result) -> list[str]:
    """The answer in sentences: what the funder earns or loses, how bad it gets, and who brings that about."""
    labels, t = result.labels, result.summary
    s, money = _rows(labels, "npv_funder")["portfolio"], money_name(labels)
    lines = [
        f"The funder's net present value is {with_error(t.mean[s], t.mean_se[s])} {money} on average; "
        f"it loses money on {with_interval(t.p_loss[s], t.p_loss_low[s], t.p_loss_high[s])} of the paths."
    ]
    for a, level in enumerate(t.levels):
        shortfall, tail = t.expected_shortfall[s, a], _percent(f"{1 - Decimal(level)}")
        if _few(level, t.n[s]):
            lines.append(f"Too few paths for the worst {tail}: run more.")
            continue
        worst = f"Worst {tail} of paths: "
        if shortfall == 0.0:
            continue  # nothing is invested
        if not shortfall > 0.0:
            lines.append(f"{worst}no loss, but {with_error(-shortfall, t.expected_shortfall_se[s, a])} on average.")
            continue
        order = sorted(range(len(labels.projects)), key=lambda i: -t.contribution[i, a])[:3]
        parts = ", ".join(f"{labels.projects[i]} {100 * t.contribution[i, a] / shortfall:.0f} %" for i in order)
        error = t.expected_shortfall_se[s, a]
        lines.append(f"{worst}a loss of {with_error(shortfall, error)} on average, brought by {parts}.")
    return [*lines, *_scheme_lines(result)]


def _few(level: str, n: int) -> bool:
    """Whether the tail of n paths beyond a level says too little."""
    return (1 - Decimal(level)) * int(n) < FEW_PATHS


def _scheme_lines(result: Result) -> list[str]:
    """What is said of the scheme's money beside the net present value."""
    labels, t = result.labels, result.summary
    committed, relief = (labels.series.index(("scheme", name)) for name in ("committed", "tariff_relief"))
    lines = [f"Budgets noticed and not declined: {with_error(t.mean[committed], t.mean_se[committed])} on average."]
    if t.sd[relief] > 0.0 or t.mean[relief] != 0.0:
        worth = with_error(t.mean[relief], t.mean_se[relief])
        lines.append(f"Tariff relief and other side flows in time are worth {worth} more to the funder.")
    value = labels.series.index(("scheme", "scheme_value"))
    if t.mean[value] != t.mean[_rows(labels, "npv_funder")["portfolio"]]:
        lines.append(f"With all side flows the scheme is worth {with_error(t.mean[value], t.mean_se[value])}.")
    return [*lines, *_insurer_lines(result)]


def _insurer_lines(result: Result) -> list[str]:
    """How often the insurer comes to its limits."""
    labels, t = result.labels, result.summary
    told = {
        "insurer_breach": "The insurer's loss is above its capital at some time",
        "insurer_capacity_breach": "What it covers is above its capacity at some time",
    }
    if not t.mean[_rows(labels, "cost")["portfolio"]] > 0.0:
        return []
    rows = {name: labels.series.index(("scheme", name)) for name in labels.limits}
    return [f"{told[name]} on {_probability(t, s)} of the paths." for name, s in rows.items()]


def _probability(t: SummaryTable, s: int) -> str:
    """The mean of what is 0 or 1."""
    return with_interval(t.mean[s], t.mean_low[s], t.mean_high[s])


def render_info(result: Result) -> RenderableType:
    """Give what a result file is: study, paths, versions, digests, sizes."""
    about, made = result.attributes, result.provenance
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows = {
        "study": about["title"],
        "file": str(result.path),
        "paths": f"{result.n_paths:,}",
        "seed": about["seed"],
        "projects": ", ".join(name for name in result.labels.projects if name not in result.labels.pipelines),
        **({"pipelines": ", ".join(result.labels.pipelines)} if result.labels.pipelines else {}),
        "value date": about["value_date"],
        "money": money_name(result.labels),
        "created": made["created"],
        "duration": f"{made['duration_seconds']:.2f} s with {made['workers']} workers",
        "command": " ".join(made["command_line"]) or NONE,
        "overrides": " ".join(made["overrides"]) or NONE,
        "engine": f"{about['source']}, numbers version {about['numbers_version']}",
        "file schema": str(about["schema_version"]),
        "built with": ", ".join(f"{name} {made[name]}" for name in ("python", "numpy", "numba", "h5py")),
        "cpu": made["cpu"],
        "machine code": f"for {made['target']}, self-test {made['self_test']}",
        "features": made["features"] or NONE,
        "config": about["config_sha256"],
        "plan": about["plan_sha256"][:SHOWN_DIGITS],
        "content": about["content_sha256"],
        "path variables": ", ".join(result.path_names),
        **{f"size of /{name}": f"{size:,} bytes" for name, size in result.group_bytes.items()},
    }
    for name, value in rows.items():
        table.add_row(name, Text(str(value)))
    return table


def render_proofs(proofs: "Sequence[Proof]") -> RenderableType:
    """Give the outcomes of self-tests, a target a line."""
    table = figures_table(
        "Self-test of the kernel's machine code", ["outcome", "detail", "compiling", "test"], left=True
    )
    for proof in proofs:
        times = [NONE if t is None else f"{t:.1f} s" for t in (proof.compile_seconds, proof.test_seconds)]
        table.add_row(proof.target.name, proof.stamp.outcome, proof.stamp.detail, *times)
    return table


def money_name(labels: Labels, currency: str = "") -> str:
    """Name the unit of money, such as ``USD million``."""
    words = {1: "", 1e3: "thousand", 1e6: "million", 1e9: "billion", 1e12: "trillion"}
    word = words.get(labels.money_unit, f"x {labels.money_unit:,.0f}")
    return f"{currency or labels.currency} {word}".strip()


def with_error(value: float, error: float, scale: float = 1.0) -> str:
    """Give a number and its standard error, with as many decimals (at most 3) as show two digits of the error."""
    value, error = value * scale, error * scale
    if not math.isfinite(value):
        return plain(value)
    if not math.isfinite(error):
        return f"{plain(value)} ± {NONE}"
    if error <= _NOTHING:
        return plain(value)
    decimals = min(3, max(0, 1 - math.floor(math.log10(error))))
    return f"{value:,.{decimals}f} ± {error:,.{decimals}f}"


def with_interval(share: float, low: float, high: float) -> str:
    """Give a probability in per cent with its 95 % interval, to the digit of the interval's half width.

    Examples
    --------
    >>> with_interval(0.92583, 0.92419, 0.92745), with_interval(1.0, 0.99997, 1.0)
    ('92.6 % (92.4-92.7)', '100 % (99.997-100)')
    """
    if math.isnan(share):
        return NONE
    decimals = min(9, max(0, -math.floor(math.log10(50.0 * (high - low)))))
    point, *ends = (f"{100 * x:.{0 if x in (0.0, 1.0) else decimals}f}" for x in (share, low, high))
    return f"{point} % ({'-'.join(ends)})"


def plain(value: float, scale: float = 1.0) -> str:
    """Give a number without an error: four digits or all of its whole part."""
    value = value * scale
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "never" if value > 0 else "-inf"
    if abs(value) < _NOTHING:
        return "0"
    decimals = min(3, max(0, 3 - math.floor(math.log10(abs(value)))))
    return f"{value:,.{decimals}f}"


def _statistics_json(table: SummaryTable, s: int, quantity: str, labels: Labels) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for statistic in statistics_of(quantity, labels):
        value = getattr(table, statistic.name)[s]
        if statistic.name in COUNTS:
            out[statistic.name] = int(value)
        elif statistic.dim:
            out[statistic.name] = _by_key(table.quantiles if statistic.dim == "quantile" else table.levels, value)
        else:
            out[statistic.name] = finite(value)
    states = states_of(quantity, labels)
    if states is not None:
        out["share"] = _by_key(states, table.shares[quantity])
        out["share_low"] = _by_key(states, table.shares_low[quantity])
        out["share_high"] = _by_key(states, table.shares_high[quantity])
    return out


def _by_key(keys: Sequence[str], values: Iterable[float]) -> dict[str, float | None]:
    return {key: finite(value) for key, value in zip(keys, values, strict=True)}


def finite(value: float) -> float | None:
    """Give a number as JSON can say it: NaN and infinities as null."""
    return float(value) if math.isfinite(value) else None


def _rows(labels: Labels, quantity: str) -> dict[str, int]:
    """Rows of a quantity's series by unit, the portfolio first."""
    rows = {unit: s for s, (unit, name) in enumerate(labels.series) if name == quantity}
    return {"portfolio": rows.pop("portfolio"), **rows}


def figures_table(title: str, columns: Sequence[str], left: bool = False) -> Table:
    """Give an empty table of figures, the first column for names."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="",
        box=HEADED,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("", no_wrap=True)
    for column in columns:
        # room for a figure with its sign and thousands: on narrow screens errors go to a second line
        table.add_column(column, justify="left" if left else "right", min_width=8)
    return table


def _fill(table: Table, labels: Labels, cells: Callable[[str], Sequence[str]]) -> Table:
    for unit in ("portfolio", *labels.projects):
        table.add_row(unit, *cells(unit), style="bold" if unit == "portfolio" else "", end_section=unit == "portfolio")
    return table


def _percent(decimal: str) -> str:
    return f"{float(decimal) * 100:g} %"


def _value_table(result: Result) -> Table:
    labels, t = result.labels, result.summary
    rows = _rows(labels, "npv_funder")
    shown = sorted({0, len(t.quantiles) // 2, len(t.quantiles) - 1}) if t.quantiles else []
    columns = ["mean", "std. dev.", *(_percent(t.quantiles[q]) for q in shown), "P(loss)"]
    title = f"Net present value to the funder, {money_name(labels)} (with quantiles: the lowest is the bad end)"
    table = figures_table(title, columns)

    def cells(s: int, scale: float = 1.0) -> list[str]:
        quantiles = [plain(t.quantile[s, q], scale) for q in shown]
        loss = with_interval(t.p_loss[s], t.p_loss_low[s], t.p_loss_high[s])
        return [with_error(t.mean[s], t.mean_se[s], scale), with_error(t.sd[s], t.sd_se[s], scale), *quantiles, loss]

    _fill(table, labels, lambda unit: cells(rows[unit]))
    if labels.local_currency != labels.currency:
        local = labels.series.index(("scheme", "npv_funder_local"))
        unit = _readable_unit(t.mean[local] * labels.money_unit, labels.money_unit)
        table.add_section()
        name = f"in {money_name(labels._replace(money_unit=unit), labels.local_currency)}"
        table.add_row(name, *cells(local, labels.money_unit / unit))
    return table


def _readable_unit(amount: float, unit: float) -> float:
    """Unit of money, a thousandfold of `unit` as often as it takes, in which an amount has at most five digits."""
    while math.isfinite(amount) and abs(amount) / unit >= 1e5:
        unit *= 1e3
    return unit


def _loss_table(result: Result, a: int) -> Table:
    labels, t = result.labels, result.summary
    rows = _rows(labels, "npv_funder")
    title = f"Loss to the funder at {_percent(t.levels[a])} (minus net present value), {money_name(labels)}"
    columns = ["value at risk", "95 % interval", "expected shortfall", "part in portfolio's"]
    table = figures_table(title, columns)

    def cells(unit: str) -> list[str]:
        s = rows[unit]
        whole = unit == "portfolio"
        part = t.expected_shortfall[s, a] if whole else t.contribution[labels.projects.index(unit), a]
        return [
            plain(t.value_at_risk[s, a]),
            f"{plain(t.value_at_risk_low[s, a])} to {plain(t.value_at_risk_high[s, a])}",
            with_error(t.expected_shortfall[s, a], t.expected_shortfall_se[s, a]),
            plain(part),
        ]

    return _fill(table, labels, cells)


def _fate_table(result: Result) -> Table:
    """How many projects were funded, completed, cancelled and declined: of one project its probability."""
    labels, t = result.labels, result.summary
    rows = {name: _rows(labels, name) for name in COUNTED}
    table = figures_table("What became of the projects (without %: mean numbers)", COUNTED)

    def cells(unit: str) -> list[str]:
        found = [rows[name][unit] for name in COUNTED]
        if unit in ("portfolio", *labels.pipelines):
            return [with_error(t.mean[s], t.mean_se[s]) for s in found]
        return [_probability(t, s) for s in found]

    return _fill(table, labels, cells)


def _construction_table(result: Result) -> Table:
    labels, t = result.labels, result.summary
    scales = {"cost": (1, ""), "cost_overrun": (100, " %"), "delay_months": (1, ""), "overrun_drawn": (100, " %")}
    rows = {name: _rows(labels, name) for name in scales}
    columns = [f"cost, {money_name(labels)}", "cost overrun", "delay, months", "overrun drawn"]
    table = figures_table("Construction (overrun and delay of the completed; drawn: of the funded)", columns)

    def cells(unit: str) -> list[str]:
        found = ((rows[name][unit], *scale) for name, scale in scales.items())
        return [with_error(t.mean[s], t.mean_se[s], scale) + sign for s, scale, sign in found]

    return _fill(table, labels, cells)


_OTHERS = {
    "pv_host": "host",
    "developer_fee": "developer's fee",
    "vendor_margin": "vendor margin",
    "supply_chain_benefit": "supply chain",
}
"""Present values beside the funder's, and what they are called; side flows to the funder come last."""


def _others_table(result: Result) -> Table:
    """What the host and the developer get, and the funder beside its distributions, where there is any."""
    labels, t = result.labels, result.summary
    rows = {name: _rows(labels, name) for name in _OTHERS}
    kept = [name for name in _OTHERS if name == "pv_host" or t.mean[rows[name]["portfolio"]] != 0.0]
    side = ", and side flows to the funder" if set(kept) & {"vendor_margin", "supply_chain_benefit"} else ""
    return _means_table(result, f"Present values of others{side}", {name: _OTHERS[name] for name in kept})


_STACK = {
    "Who bears the funder's net present value": {
        "npv_policy_bank": "policy bank, equity",
        "npv_banks": "banks",
        "insurer_net": "insurer",
    },
    "Claims paid and principal lost, present value": {
        "insurer_claims": "claims",
        "bank_loss": "banks' loss",
        "policy_bank_loss": "policy bank's loss",
    },
}
"""Tables of the stack: quantities, and what they are called."""


def _means_table(result: Result, title: str, named: Mapping[str, str]) -> Table:
    """Means of some quantities in money."""
    labels, t = result.labels, result.summary
    rows = {name: _rows(labels, name) for name in named}
    table = figures_table(f"{title}, {money_name(labels)}", list(named.values()))

    def cells(unit: str) -> list[str]:
        found = (rows[name][unit] for name in named)
        return [with_error(t.mean[s], t.mean_se[s]) for s in found]

    return _fill(table, labels, cells)


def _return_table(result: Result) -> Table:
    labels, t = result.labels, result.summary
    irr, multiple = _rows(labels, "irr_funder"), _rows(labels, "multiple_funder")
    table = figures_table("Returns to the funder (means)", ["rate of return", "receipts / calls"])

    def cells(unit: str) -> list[str]:
        a, b = irr[unit], multiple[unit]
        return [with_error(t.mean[a], t.mean_se[a], 100) + " %", with_error(t.mean[b], t.mean_se[b])]

    return _fill(table, labels, cells)


def _time_table(result: Result) -> Table:
    labels, t = result.labels, result.summary
    payback, whole = _rows(labels, "payback_years"), _rows(labels, "whole_years")
    columns = ["paid back", "years from first call", "made whole", "years from completion"]
    table = figures_table(
        "When the funder has its money back, and when the deemed amount (mean years of those)", columns
    )

    def reached(s: int) -> list[str]:
        """Share of the defined paths on which it happens at all, and when."""
        chance = with_interval(t.p_finite[s], t.p_finite_low[s], t.p_finite_high[s])
        return [chance, with_error(t.mean[s], t.mean_se[s])]

    return _fill(table, labels, lambda unit: [*reached(payback[unit]), *reached(whole[unit])])


def _share_table(result: Result) -> Table:
    """Probability of each outcome and final state, and what the portfolio is worth where it comes out."""
    labels = result.labels
    columns = ["outcome or state", "probability"]
    if result.given is None:
        columns += ["mean NPV", *(f"shortfall {_percent(level)}" for level in result.summary.levels[-1:])]
    title = f"Events, the law at the end, and the funder's portfolio in each case, {money_name(labels)}"
    table = figures_table(title if result.given is None else "Events and the law at the end", columns)
    groups = [(f"outcome_{name}", name, (*names, UNDEFINED)) for name, names in labels.events]
    groups += [(f"final_state_{name}", f"{name} (at the end)", names) for name, names in labels.layers]
    for quantity, head, names in groups:
        for k, name in enumerate(names):
            cells = _case(result, quantity, k, name)
            if cells:
                table.add_row("" if k else head, name, *cells, end_section=k == len(names) - 1)
        table.add_section()
    return table


def _case(result: Result, quantity: str, k: int, name: str) -> list[str]:
    """Cells of one outcome or state; none where an event always takes place, and the row would say that it did."""
    given, s = result.conditional, _rows(result.labels, "npv_funder")["portfolio"]
    if result.given is not None:
        if name == UNDEFINED:
            return []
        t = result.summary
        return [with_interval(*(each[quantity][k] for each in (t.shares, t.shares_low, t.shares_high)))]
    i = given.names.index(f"{quantity}.{name}")
    if name == UNDEFINED and not given.n_paths[i]:
        return []
    table = given.tables[i]
    shortfalls = [
        "few paths"
        if _few(level, given.n_paths[i])
        else with_error(table.expected_shortfall[s, -1], table.expected_shortfall_se[s, -1])
        for level in table.levels[-1:]
    ]
    share = with_interval(given.share[i], given.share_low[i], given.share_high[i])
    return [share, with_error(table.mean[s], table.mean_se[s]), *shortfalls]
