"""Figures as JSON and as HTML."""

import json
import math

from spvrisk.report.html import table
from spvrisk.report.json import figures_json
from spvrisk.report.text import written
from spvrisk.views.figures import Column, Estimate, Figures, Named, Note, Row, Share, said

FIGURES = Figures(
    "Title <USD>",
    (Column("mean"), Column("P"), Column("n", "d"), Column("when")),
    (Row("a & b", (Estimate(1.5, 0.25), Share(0.5, 0.4, 0.6), 7, math.inf)), Row("c", (None, "few", 0, 2.0), "group")),
    (Note("It is {}.", (Estimate(1.5, 0.25),)),),
    "USD",
)


def test_figures_json__numbers_with_their_errors():
    found = json.loads(json.dumps(figures_json(FIGURES), allow_nan=False))
    assert found["title"] == "Title <USD>" and found["unit"] == "USD" and found["notes"] == ["It is 1.50 ± 0.25."]
    assert found["columns"] == ["mean", "P", "n", "when"]
    first = [{"value": 1.5, "error": 0.25}, {"value": 0.5, "low": 0.4, "high": 0.6}, 7, None]
    assert found["rows"][0] == {"name": "a & b", "head": "", "cells": first}
    assert found["rows"][1] == {"name": "c", "head": "group", "cells": [None, "few", 0, 2.0]}


def test_table__is_html_of_all_figures():
    html = table(FIGURES)
    assert "<caption><span>Title &lt;USD&gt;</span></caption>" in html and '<th scope="row">a &amp; b</th>' in html
    for shown in ("1.50 ± 0.25", "50 % (40-60)", "never", "few", "<td>-</td>", "<p>It is 1.50 ± 0.25.</p>"):
        assert shown in html.replace("\N{NO-BREAK SPACE}", " ")


def test_table__groups_stand_over_their_rows_or_beside_them():
    over, beside = table(FIGURES), table(FIGURES._replace(names="of"))
    assert '<tr class="group"><th colspan="5" scope="rowgroup">group</th></tr><tr><th scope="row">c</th>' in over
    assert '<td></td><th scope="col" class="words">of</th><th scope="col">mean</th>' in beside
    assert '<th rowspan="1" scope="rowgroup" class="group">group</th><th scope="row">c</th>' in beside


def test_table__calls_things_by_their_titles_where_terminals_call_them_by_name():
    gas, upheld = Named("gas", (("en", "Gas & port"),)), Named("upheld", (("en", "It is upheld"),))
    rows = (Row(gas, (upheld,), said("{} at last", upheld)), Row(said("{}", upheld), (said("{} 2", gas),)))
    figures = Figures("", (Column("what", text=True),), rows)
    html, text = table(figures), written([figures])
    assert '<th scope="row">gas<br><small>Gas &amp; port</small></th>' in html and ">It is upheld at last</th>" in html
    assert '<th scope="row">It is upheld</th>' in html and "upheld</td>" in html and "Gas &amp; port 2</td>" in html
    assert "It is upheld" not in text and "upheld at last" in text and "gas 2" in text
