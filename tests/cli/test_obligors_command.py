"""`spvrisk obligors`."""

import json
from math import exp

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from decision_runs import STACK, starter
from spvrisk.cli import main

HAZARD = 0.05
BUYER = {
    "offtakers": {"buyer": {"title": {"en": "Buyer"}, "default_hazard": HAZARD}},
    "projects.gas_plant.operation.contract.offtaker": "buyer",
    "projects.gas_plant.operation.contract.default_discount": 0.5,
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return starter(tmp_path_factory.mktemp("obligors") / "quick.h5", paths=8000, **BUYER)


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_obligors__an_offtaker_costs_what_a_run_without_its_default_has_more(file, tmp_path):
    """Same draws, hazard 0: the mean of what each path has more is what the default costs, with a far smaller error."""
    spared = starter(tmp_path / "spared.h5", paths=8000, **{**BUYER, "offtakers.buyer.default_hazard": 0.0})
    (found,) = spvrisk.obligors(file).found
    with spvrisk.open(file) as bad, spvrisk.open(spared) as good:
        more = good.values("npv_funder", "gas_plant") - bad.values("npv_funder", "gas_plant")
    assert (found.kind, found.name, found.units) == ("offtaker", "buyer", ("gas_plant",))
    assert found.loss.low < 1 - exp(-40 * HAZARD) < found.loss.high
    assert more.mean() > 20 * more.std() / np.sqrt(more.size)
    assert abs(found.loss.expected - more.mean()) < 3 * found.loss.expected_error < more.mean()


@pytest.mark.parametrize("kept", ["npv_funder", "pv_host"])
def test_obligors__is_the_same_where_inputs_or_values_are_not_kept(file, kept, tmp_path):
    """Paths are replayed once, whatever is missing of them."""
    bare, told, done = starter(tmp_path / "bare.h5", paths=8000, **BUYER, **{"output.paths": [kept]}), [], []
    found = spvrisk.obligors(bare, progress=done.append, announce=told.append).found
    assert found == spvrisk.obligors(file).found
    assert told.count("replaying") == told.count("running") == 1 and sum(done) == 8000


def test_obligors__an_outcome_that_is_named_is_a_failure(file):
    (_, found) = spvrisk.obligors(file, failures=["election=new_course"]).found
    with spvrisk.open(file) as results:
        new = results.values("outcome_election") == results.tables().labels.states["outcome_election"].index(
            "new_course"
        )
        npv = results.values("npv_funder")
    assert found.loss.probability == new.mean()
    assert found.loss.severity == pytest.approx(npv[~new].mean() - npv[new].mean())


def test_obligors__projects_owe_to_the_lenders(tmp_path):
    file = starter(tmp_path / "stack.h5", paths=640, **STACK)
    with spvrisk.open(file) as results:
        found = spvrisk.obligors(results)
        t, labels = results.tables().summary, results.tables().labels
    borrowers = [each for each in found.found if each.kind == "borrower"]
    lenders = {"bank_loss", "policy_bank_loss", "insurer_claims"} & set(labels.quantities)
    assert {(each.name, each.quantity) for each in borrowers} == {(u, q) for u in labels.projects for q in lenders}
    for each in borrowers:
        assert each.loss.expected == pytest.approx(t.mean[labels.series.index((each.name, each.quantity))], rel=1e-9)
    assert len(lenders) == 3


def test_obligors__where_projects_share_cash_all_of_it_is_looked_at(tmp_path):
    file = starter(tmp_path / "pooled.h5", paths=640, **BUYER, **{"agreement.split.pooling": "umbrella"})
    assert spvrisk.obligors(file).found[0].units == ("portfolio",)


def test_obligors__page_and_json(file):
    page = " ".join(run("obligors", file, "--failure", "election=new_course").stdout.split())
    assert "offtakers, loss of npv_funder" in page and "election=new_course" in page
    assert "not drawn independently" in page and "contractors" in page
    (found,) = json.loads(run("obligors", file, "--of", "pv_host", "--json").stdout)["obligors"]
    assert found["quantity"] == "pv_host" and found["expected_loss_se"] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--of", "cost"), "--of: must be what a party has of the deal, got cost; allowed: npv_funder, pv_host"),
        (
            ("--failure", "election"),
            "--failure: must be an event and an outcome, or a regime and a state, got election",
        ),
    ],
)
def test_obligors__wrong_input_is_told(file, options, message):
    done = run("obligors", file, *options)
    assert done.exit_code == 2 and done.stdout == "" and message in done.stderr
