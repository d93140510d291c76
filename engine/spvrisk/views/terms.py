"""What the terms give: the funder's returns, when it has its money back, and what others get."""

from spvrisk.dataset.read import Result
from spvrisk.views.figures import (
    Cell,
    Figures,
    Note,
    Rate,
    defined,
    error_of_quantile,
    heads,
    mean_of,
    rate_of,
    share_of,
)
from spvrisk.views.units import by_unit, means, rows_of

_SIDE_FLOWS = {"vendor_margin", "supply_chain_benefit"}


_MEDIAN, _ITS_MEDIAN = "0.5", Note("its median")


def returns(result: Result) -> Figures:
    """Rate of return, its median where the result has it, and multiple."""
    labels, t = result.labels, result.summary
    irr, multiple = rows_of(labels, "irr_funder"), rows_of(labels, "moic_funder")
    q = t.quantiles.index(_MEDIAN) if _MEDIAN in t.quantiles else None

    def cells(unit: str) -> tuple[Cell, ...]:
        s = irr[unit]
        median = () if q is None else (Rate(*map(defined, (t.quantile[s, q], error_of_quantile(t, s, q)))),)
        return rate_of(t, s), *median, mean_of(t, multiple[unit])

    columns = heads("rate of return", *([] if q is None else [_ITS_MEDIAN]), "receipts / calls")
    note = Note("Where nothing comes back a rate of return is -100 %: that draws the mean down, not the median.")
    return Figures(Note("Returns to the funder (means)"), columns, by_unit(labels, cells), (note,))


def times(result: Result) -> Figures:
    """When the funder has its money back, and the deemed amount: how often at all, and after how long."""
    labels, t = result.labels, result.summary
    payback, whole = rows_of(labels, "payback_years"), rows_of(labels, "recovery_years")

    def reached(s: int) -> tuple[Cell, Cell]:
        return share_of(t.p_finite[s], t.p_finite_low[s], t.p_finite_high[s]), mean_of(t, s)

    columns = heads("paid back", "years from first call", "deemed amount received", "years from completion")
    title = Note("Payback of calls, and recovery of the deemed amount (mean years over the paths that reach it)")
    rows = by_unit(labels, lambda unit: (*reached(payback[unit]), *reached(whole[unit])))
    text = (
        "That the deemed amount was received says nothing of solvency: what is carried over bears interest only where "
        "the agreement says so, and received late it may be a loss at present value."
    )
    return Figures(title, columns, rows, (Note(text),))


def others(result: Result) -> Figures:
    """What the host and the developer get, and the funder beside its distributions, where there is any."""
    labels, t = result.labels, result.summary
    kept = [
        name
        for name in labels.viewed("others")
        if name == "pv_host" or t.mean[rows_of(labels, name)["portfolio"]] != 0.0
    ]
    if _SIDE_FLOWS.intersection(kept):
        return means(result, "Present values to other parties, and side flows to the funder, {}", kept)
    return means(result, "Present values to other parties, {}", kept)
