"""What the worst paths have in common: figures by brute force, tests by those of scipy, noise that is quiet."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.stats
from click.testing import CliRunner

import spvrisk
from small_run import make_labels, write_small
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.measures.tail import CHANCE, _p_of_ranks, _p_of_share
from spvrisk.report.text import written
from spvrisk.views.tail import tail as page

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS, WORST = 4000, 0.05
KEPT = [
    "npv_funder",
    "funded",
    "outcome_election",
    "final_state_trade",
    "inputs.cost_multiple",
    "inputs.duration_multiple",
]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    out = tmp_path_factory.mktemp("tail") / "a.h5"
    changes = {"projects.gas_plant.go_ahead": {"probability": 0.8}, "regimes.trade.hazards.high.settled": 0.02}
    study = spvrisk.load(STARTER, {"output.paths": KEPT, **changes})
    spvrisk.run(study, paths=PATHS, out=out).close()
    return out


@pytest.fixture(scope="module")
def found(file):
    return spvrisk.tail(file, worst=WORST)


@pytest.fixture(scope="module")
def stored(file):
    with h5py.File(file) as opened:
        return {f"{group}/{name}": item[...] for group in ("paths", "inputs") for name, item in opened[group].items()}


def worst_of(npv):
    return np.isin(np.arange(npv.size), np.argsort(npv, kind="stable")[: round(WORST * npv.size)])


def mark(found, kind, unit, name):
    (only,) = (m for m in found.marks if (m.kind, m.unit, m.name) == (kind, unit, name))
    return only


def test_marks__are_those_of_the_paths(found, stored):
    worst = worst_of(stored["paths/portfolio_npv_funder"])
    assert found.n_worst == worst.sum() == 200
    candidates = {("input", "gas_plant", "cost_multiple"): stored["inputs/cost_multiple"][:, 0].astype(float)}
    candidates["input", "port", "duration_multiple"] = stored["inputs/duration_multiple"][:, 1].astype(float)
    candidates["outcome", "election", "new_course"] = (stored["paths/outcome_election"] == 1).astype(float)
    candidates["final_state", "trade", "high"] = (stored["paths/final_state_trade"] == 2).astype(float)
    candidates["flag", "gas_plant", "funded"] = stored["paths/funded"][:, 0].astype(float)
    for key, x in candidates.items():
        m = mark(found, *key)
        assert m.worst.value == pytest.approx(x[worst].mean(), rel=1e-12)
        assert m.others.value == pytest.approx(x[~worst].mean(), rel=1e-12)
        assert m.worst.median == np.median(x[worst]) and m.others.median == np.median(x[~worst])
        assert m.shift == pytest.approx((x[worst].mean() - x[~worst].mean()) / x.std(ddof=1), rel=1e-9)
        rng, shifts = np.random.default_rng(3), []
        for _ in range(400):  # the bootstrap of both sets
            a, b = (rng.choice(x[some], some.sum()) for some in (worst, ~worst))
            shifts.append((a.mean() - b.mean()) / np.append(a, b).std(ddof=1))
        least = (key[0] != "input") / worst.sum() / x.std(ddof=1)
        assert m.shift_error == pytest.approx(np.hypot(np.std(shifts), least), rel=0.12)
    assert [abs(m.shift) for m in found.marks] == sorted((abs(m.shift) for m in found.marks), reverse=True)
    # funded on each path: nothing to tell
    assert not [m for m in found.marks if (m.unit, m.name) == ("port", "funded")]


def test_marks__a_plant_that_is_built_and_dear_tells(found):
    dear, built = mark(found, "input", "gas_plant", "cost_multiple"), mark(found, "flag", "gas_plant", "funded")
    assert dear.telling and dear.shift > 0.5 and built.telling and built.shift > 0
    ratio, error = built.times
    p, q = built.worst.value, built.others.value
    assert ratio == pytest.approx(p / q)
    k, n = found.n_worst, PATHS - found.n_worst
    assert error == pytest.approx(ratio * np.sqrt((1 - p) / p / k + (1 - q) / q / n), rel=0.2)


def test_parts__add_up_to_the_difference(found, stored):
    npv, each = stored["paths/portfolio_npv_funder"], stored["paths/npv_funder"]
    worst = worst_of(npv)
    gap = npv[worst].mean() - npv[~worst].mean()
    assert sum(part.share for part in found.parts) == pytest.approx(1.0)
    for part in found.parts:
        x = each[:, ["gas_plant", "port"].index(part.project)]
        assert part.share == pytest.approx((x[worst].mean() - x[~worst].mean()) / gap, rel=1e-9)
    rng, shares = np.random.default_rng(3), []
    bad, good = np.flatnonzero(worst), np.flatnonzero(~worst)
    for _ in range(400):  # the bootstrap of both sets
        a, b = rng.choice(bad, bad.size), rng.choice(good, good.size)
        shares.append((each[a, 0].mean() - each[b, 0].mean()) / (npv[a].mean() - npv[b].mean()))
    (gas,) = (part for part in found.parts if part.project == "gas_plant")
    assert gas.share_error == pytest.approx(np.std(shares), rel=0.15)


@pytest.fixture(scope="module")
def all_kept(tmp_path_factory):
    """The same paths, of which more is kept."""
    out = tmp_path_factory.mktemp("kept") / "b.h5"
    more = ["cost", "delay_months", "payback_years", "inputs.cost_multiple"]
    changes = {"projects.gas_plant.go_ahead": {"probability": 0.8}, "regimes.trade.hazards.high.settled": 0.02}
    spvrisk.run(spvrisk.load(STARTER, {"output.paths": more, **changes}), paths=PATHS, out=out).close()
    with h5py.File(out) as opened:
        return {name: opened[f"paths/{name}"][...] for name in opened["paths"]}


def test_tail__of_a_cost_that_is_not_kept_is_its_high_side(file, all_kept, stored):
    stages = []
    found = spvrisk.tail(file, "cost", WORST, announce=stages.append)
    cost, each = (all_kept[name].astype(float) for name in ("portfolio_cost", "cost"))
    worst = np.isin(np.arange(PATHS), np.argsort(-cost, kind="stable")[:200])
    assert stages[0] == "replaying" and (found.side, found.n_worst, found.n_paths) == ("high", 200, PATHS)
    assert found.worst.value == pytest.approx(cost[worst].mean(), rel=1e-6)
    x = stored["inputs/cost_multiple"][:, 0].astype(float)
    m = mark(found, "input", "gas_plant", "cost_multiple")
    assert m.worst.value == pytest.approx(x[worst].mean(), rel=1e-9) and m.telling and m.shift > 1.0
    gap = cost[worst].mean() - cost[~worst].mean()
    for part in found.parts:
        own = each[:, ["gas_plant", "port"].index(part.project)]
        assert part.share == pytest.approx((own[worst].mean() - own[~worst].mean()) / gap, rel=1e-5)
    told = " ".join(written(page(found), 80).split())
    assert "The worst 5 % by cost, the highest: 200 of 4,000 paths" in told and "Which projects make the cost" in told
    cheap = spvrisk.tail(file, "cost", WORST, side="low")
    assert cheap.worst.value == pytest.approx(np.sort(cost)[:200].mean(), rel=1e-6)


def test_tail__leaves_out_paths_on_which_the_quantity_is_undefined(file, all_kept, stored):
    found = spvrisk.tail(file, "gas_plant/delay_months", WORST)
    delay = all_kept["delay_months"][:, 0].astype(float)
    defined = np.flatnonzero(~np.isnan(delay))
    n = round(WORST * defined.size)
    assert 0 < defined.size < PATHS and (found.n_paths, found.n_worst, found.side) == (defined.size, n, "high")
    worst = defined[np.argsort(-delay[defined], kind="stable")[:n]]
    others = np.setdiff1d(defined, worst)
    x = stored["inputs/cost_multiple"][:, 0].astype(float)
    m = mark(found, "input", "gas_plant", "cost_multiple")
    assert (m.worst.value, m.others.value) == pytest.approx((x[worst].mean(), x[others].mean()), rel=1e-9)
    told = " ".join(written(page(found), 80).split())
    assert f"On {PATHS - defined.size:,} paths it is undefined: these are left out." in told
    assert "months against" in told and not found.parts


def test_tail__of_what_never_comes(file, all_kept):
    never = np.isinf(all_kept["portfolio_payback_years"])
    assert never.sum() > 40
    found = spvrisk.tail(file, "payback_years", 0.01)
    assert found.n_worst == 40 and found.tied == never.sum() - 40 and np.isnan(found.worst.value)
    told = " ".join(written(page(found), 80).split())
    assert "on average never against" in told and f"{found.tied:,} paths more have the value of the last" in told


def test_p_values__are_those_of_scipy():
    rng = np.random.default_rng(5)
    for n, k in ((400, 30), (3000, 30)):
        worst = np.zeros(n, bool)
        worst[:k] = True
        for x in (rng.normal(size=n), rng.integers(0, 4, n).astype(float), np.where(rng.random(n) < 0.2, np.inf, 1.0)):
            x[:k] += 0.3
            wanted = scipy.stats.mannwhitneyu(x[worst], x[~worst], use_continuity=False, method="asymptotic").pvalue
            assert _p_of_ranks(x, worst) == pytest.approx(wanted, rel=1e-9)
        for many in (0, 1, 5, k):
            flags = (rng.random(n) < 0.1).astype(float)
            flags[:k] = np.arange(k) < many
            law = scipy.stats.binom(k, flags.mean())
            wanted = min(1.0, 2 * min(law.sf(many - 1), law.cdf(many)))
            assert _p_of_share(flags, worst) == pytest.approx(wanted, rel=1e-9)


def test_noise__does_not_tell():
    """Of 400 draws of 40 candidates that tell nothing, 5 % at the most have one that does."""
    rng, n, k, tried = np.random.default_rng(7), 2000, 20, 40
    worst, alarms = np.arange(n) < k, 0
    for _ in range(400):
        numbers, flags = rng.lognormal(0, 2, (tried // 2, n)), rng.random((tried // 2, n)) < 0.01
        p_values = [_p_of_ranks(x, worst) for x in numbers] + [_p_of_share(x.astype(float), worst) for x in flags]
        alarms += min(p_values) < CHANCE / tried
    assert alarms <= scipy.stats.binom(400, CHANCE).ppf(0.999)


def test_noise__of_a_made_up_run_is_quiet(tmp_path):
    """Outcomes and states that have nothing to do with the values."""
    write_small(tmp_path / "small.h5", make_labels(), n_paths=5000)
    found = spvrisk.tail(tmp_path / "small.h5", worst=0.02)
    assert len(found.marks) >= 7 and not any(mark.telling for mark in found.marks)
    told = written(page(found), 80)
    assert "0 of them differ by more than chance" in told and "keeps no inputs by path" in told


def test_marks__tell_against_chance_over_all_of_them(tmp_path):
    """Of made-up runs, some candidate would tell if it were the only one."""
    write_small(tmp_path / "small.h5", make_labels(), n_paths=5000)
    between = 0
    for worst in np.linspace(0.02, 0.5, 13):
        marks = spvrisk.tail(tmp_path / "small.h5", worst=worst).marks
        assert [mark.telling for mark in marks] == [mark.p_value < 0.05 / len(marks) for mark in marks]
        between += sum(0.05 / len(marks) < mark.p_value < 0.05 for mark in marks)
    assert between


def test_page__says_it_in_words(file, found):
    told = " ".join(written(page(found), 80).split())
    dear = mark(found, "input", "gas_plant", "cost_multiple")
    ratio = dear.worst.median / dear.others.median
    assert f"gas_plant: cost multiple: {ratio:.2f} times the others' (median" in told
    assert "gas_plant: funded: on" in told and "times as often." in told
    assert "The worst 5 % by npv_funder: 200 of 4,000 paths, on average" in told
    assert all(len(line) <= 80 for line in written(page(found), 80).splitlines())


def test_command__json_has_all_that_was_looked_at(file, found):
    done = CliRunner().invoke(main, ["tail", str(file), "--worst", str(WORST), "--json"], catch_exceptions=False)
    document = json.loads(done.stdout)
    assert document["schema"] == "spvrisk.tail/1" and document["worst_paths"] == 200
    assert [m["p_value"] for m in document["marks"]] == [m.p_value for m in found.marks]
    assert document["parts"][0]["share"] == found.parts[0].share
    shown = CliRunner().invoke(main, ["tail", str(file), "--of", "port/npv_funder", "--worst", "0.1"])
    assert shown.exit_code == 0 and "Which projects lose" not in shown.stdout and "port/npv_funder" in shown.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            ["--worst", "0.001"],
            "--worst: must be at least 20 of the 4,000 paths, got 4 paths; run more paths, or write",
        ),
        (["--worst", "0"], "--worst: must be a share in (0, 0.5], got 0; write e.g. 0.01 for 1 %"),
        (["--worst", "1"], "--worst: must be a share in (0, 0.5], got 1"),
        (["--worst", "nan"], "'--worst': must be a number, got nan"),
        (["--worst", "1%"], "'--worst': must be a number, got 1%; write 0.01"),
        (["--of", "npv_fund"], "did you mean npv_funder"),
        (["--of", "gas_plant/funded"], "--of: must be a number that tells paths apart, got gas_plant/funded; name one"),
        (["--of", "completed"], "--of: must be a number that tells paths apart, got completed; name one such as"),
        (["--of", "outcome_election"], "--of: must be a number, got outcome_election"),
        (["--of", "developer_fee"], "--side: is needed: neither side of developer_fee is bad for everyone, got none;"),
        (["--side", "up"], "--side: must be low or high, got up; name one of the two"),
        (["--of", "npv_funder:mean"], "--of: must be a quantity, without a statistic, got npv_funder:mean; write npv"),
    ],
)
def test_tail__refused(file, options, says):
    done = CliRunner().invoke(main, ["tail", str(file), *options], catch_exceptions=False)
    assert done.exit_code == 2 and not done.stdout and says in done.stderr and "Traceback" not in done.stderr


def test_tail__arguments(file):
    with pytest.raises(InputError, match="argument worst: must be a number"):
        spvrisk.tail(file, worst="1%")
    assert spvrisk.tail(file, worst=np.float32(0.25)).n_worst == 1000
