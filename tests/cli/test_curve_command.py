"""`spvrisk curve`."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from decision_runs import starter
from spvrisk.cli import main


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return starter(tmp_path_factory.mktemp("curve") / "quick.h5")


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_curve__is_of_the_loss_and_agrees_with_the_summary(file):
    with spvrisk.open(file) as results:
        found, t = spvrisk.curve(results, levels=[0.05]), results.tables().summary
        losses = -results.values("npv_funder")
        s = results.tables().labels.series.index(("portfolio", "npv_funder"))
    (point,) = found.points
    assert point.value == t.value_at_risk[s, 0] and point.beyond == t.expected_shortfall[s, 0]
    assert np.mean(losses > point.value) == 0.05


def test_curve__of_a_quantity_that_is_not_kept_is_replayed(file):
    words = ("curve", file, "--of", "port/cost", "--levels", "0.2,.050", "--json")
    done = run(*words)
    assert done.exit_code == 0 and "replaying ..." in done.stderr and done.stderr.endswith("running ...\n")
    assert run(*words, "--workers", 1).stdout == done.stdout
    found = json.loads(done.stdout)
    assert [point["probability"] for point in found["points"]] == ["0.2", "0.05"]
    assert not found["of_loss"] and found["points"][0]["value"] < found["points"][1]["value"]


def test_curve__table_says_what_it_is_of(file):
    text = run("curve", file, "--levels", "0.001").stdout
    assert "Loss exceeded, npv funder of portfolio" in text and "1 in 1000" in text
    assert "not of a hundred" in " ".join(text.split())
    assert "Fewer than 10 paths lie beyond 1 in 1000" in " ".join(text.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--of", "prot/npv_funder"), "--of: must be of a project, a pipeline or the portfolio, got prot/npv_funder"),
        (("--of", "port/csot"), "--of: must be of a quantity of port, got port/csot; did you mean cost"),
        (("--of", "outcome_election"), "--of: must be a number, got outcome_election; name a quantity"),
        (("--levels", "1.5"), "--levels: must be a decimal number between 0 and 1, got 1.5; write 0.015 for 1.5 %"),
        (("--levels", "95%"), "got 95%; write 0.95 for 95 %"),
        (("--levels", "one"), "got one; write e.g. 0.05 for 5 %"),
        (("--levels", ""), "--levels: must be a decimal number between 0 and 1"),
    ],
)
def test_curve__wrong_input_is_told(file, options, message):
    done = run("curve", file, *options)
    assert done.exit_code == 2 and done.stdout == ""
    assert message in done.stderr
