"""`spvrisk compare`: results beside the first of them."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from spvrisk.cli import main

STARTER = str(Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml")


def spvrisk(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    return found.exit_code, found.stdout, found.stderr


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("compare")
    runs = {
        "base": [],
        "dearer": ["--set", "projects.port.budget=480"],
        "again": [],
        "other_seed": ["--seed", "7"],
        "other_money": ["--set", "study.money_unit=1000"],
    }
    out = {}
    for name, options in runs.items():
        out[name] = str(folder / f"{name}.h5")
        code, _, err = spvrisk("run", STARTER, "--paths", "3000", "--out", out[name], *options)
        assert code == 0, err
    return out


def test_compare__paired_differences_are_those_of_the_paths(files: dict[str, str]) -> None:
    code, text, _ = spvrisk("compare", files["base"], files["dearer"], "--json")
    found = json.loads(text)
    base, dearer = found["results"]
    assert code == 0 and found["schema"] == "spvrisk.compare/1" and dearer["paired"] and not base["differences"]
    paths = [h5py.File(files[name])["paths/portfolio_npv_funder"][...] for name in ("base", "dearer")]
    apart = paths[1] - paths[0]
    difference = dearer["differences"]["npv_funder"]
    assert difference["value"] == pytest.approx(apart.mean(), rel=1e-12)
    assert difference["se"] == pytest.approx(apart.std(ddof=1) / np.sqrt(apart.size), rel=1e-9)
    unpaired = np.sqrt(sum(x.var(ddof=1) / x.size for x in paths))
    assert difference["unpaired_se"] == pytest.approx(unpaired, rel=1e-9) and unpaired > 3 * difference["se"]
    assert dearer["changes"] == [{"path": "projects.port.budget", "first": 400.0, "this": 480.0}]
    for name, value in (("base", paths[0]), ("dearer", paths[1])):
        row = base if name == "base" else dearer
        assert row["figures"]["npv_funder"]["value"] == pytest.approx(value.mean(), rel=1e-12)
    assert {"expected_shortfall_0.99", "quantile_0.5", "pv_host", "p_whole", "scheme_value"} <= set(row["figures"])


def test_compare__table_says_what_is_shared_and_what_differs(files: dict[str, str]) -> None:
    code, text, _ = spvrisk("compare", files["base"], files["dearer"], files["again"], files["other_seed"])
    assert code == 0 and "other_seed.h5 does not share its draws (another seed)" in " ".join(text.split())
    assert "projects.port.budget: 400 -> 480" in text and "again: the same study." in text
    assert "less base" in text and "P(whole)" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    _, text, _ = spvrisk("compare", files["base"], files["dearer"])
    assert "3,000 paths, seed 1" in text and "All share their draws" in text and "pairing gains" in text


def test_compare__runs_of_other_lengths_are_paired_on_their_common_paths(files: dict[str, str], tmp_path: Path) -> None:
    short = str(tmp_path / "short.h5")
    assert spvrisk("run", STARTER, "--paths", "1000", "--out", short)[0] == 0
    code, text, _ = spvrisk("compare", files["base"], short, "--json")
    row = json.loads(text)["results"][1]
    assert code == 0 and row["paired"] and row["paths_compared"] == 1000
    for key, difference in row["differences"].items():
        assert difference["value"] == 0 and difference["se"] in (0, None), key
    _, text, _ = spvrisk("compare", files["base"], short)
    assert "short.h5 has 1,000 paths: differences are over the first 1,000" in text


def test_compare__says_what_a_result_does_not_hold(files: dict[str, str], tmp_path: Path) -> None:
    bare = str(tmp_path / "bare.h5")
    run = ("run", STARTER, "--paths", "3000", "--out", bare, "--set", "output.paths=[npv_funder]")
    assert spvrisk(*run)[0] == 0
    _, text, _ = spvrisk("compare", files["base"], bare)
    told = " ".join(text.split())
    assert "bare.h5 does not hold portfolio.pv_host, portfolio.whole_years, scheme_value by path" in told


def changed(file: str, copy: Path, name: str, path: int, value: float, **attributes: str) -> str:
    """A copy of a result with one value of one path changed, as another machine might have left it."""
    shutil.copy(file, copy)
    with h5py.File(copy, "a") as opened:
        opened["paths"][name][path] = value
        opened["provenance"].attrs["cpu"] = np.bytes_("skylake")
        for key, text in {"content_sha256": "0" * 64, **attributes}.items():
            opened.attrs[key] = np.bytes_(text)
    return str(copy)


def stored(file: str, name: str) -> np.ndarray:
    with h5py.File(file) as opened:
        return np.asarray(opened["paths"][name])


def test_compare__same_plan_with_other_bits_is_said_first(files: dict[str, str], tmp_path: Path) -> None:
    value = np.nextafter(stored(files["base"], "scheme_value")[5], np.inf)
    other = changed(files["base"], tmp_path / "other.h5", "scheme_value", 5, value)
    code, text, _ = spvrisk("compare", files["base"], files["again"], other)
    assert code == 0 and text.startswith("The machines or versions disagree: base.h5 and other.h5 have the same plan")
    told = " ".join(text.split())
    assert (
        "other.h5: cpu skylake, spvrisk" in told and f"numpy {np.__version__}" in told and "again.h5: cpu" not in told
    )
    assert all(len(line) <= 100 for line in text.splitlines())
    code, text, _ = spvrisk("compare", files["base"], other, "--strict")
    assert code == 1 and text.startswith("The machines or versions disagree")
    code, text, _ = spvrisk("compare", files["base"], other, "--json", "--strict")
    assert code == 1 and [row["disagrees"] for row in json.loads(text)["results"]] == [False, True]
    # the same paths, and other statistics of them
    same = stored(files["base"], "scheme_value")[5]
    other = changed(files["base"], tmp_path / "statistics.h5", "scheme_value", 5, same)
    assert spvrisk("compare", files["base"], other, "--strict")[0] == 1


def test_compare__what_may_differ_is_no_disagreement(files: dict[str, str], tmp_path: Path) -> None:
    """Another study, seed or number of paths, or the same values of which a file holds fewer."""
    bare, short = str(tmp_path / "bare.h5"), str(tmp_path / "short.h5")
    options = ("--set", "output.paths=[npv_funder]", "--set", "study.title.en=Other")
    assert spvrisk("run", STARTER, "--paths", "3000", "--out", bare, *options)[0] == 0
    assert spvrisk("run", STARTER, "--paths", "1000", "--out", short)[0] == 0
    others = [files["again"], files["dearer"], files["other_seed"], bare, short]
    code, text, _ = spvrisk("compare", files["base"], *others, "--strict")
    assert code == 0 and "disagree" not in text and "another plan" not in text
    value = np.nextafter(stored(bare, "portfolio_npv_funder")[5], np.inf)
    other = changed(bare, tmp_path / "other.h5", "portfolio_npv_funder", 5, value)
    code, text, _ = spvrisk("compare", files["base"], other, "--strict")
    assert code == 1 and text.startswith("The machines or versions disagree")


def test_compare__the_same_study_by_another_plan(files: dict[str, str], tmp_path: Path) -> None:
    name, plan = "scheme_value", {"plan_sha256": "1" * 64}
    value = stored(files["base"], name)
    size = max(abs(value[5]), float(np.abs(value).mean()))
    near = changed(files["base"], tmp_path / "near.h5", name, 5, value[5] + 0.9e-9 * size, **plan)
    far = changed(near, tmp_path / "far.h5", name, 7, value[7] + 3e-6 * max(abs(value[7]), size), **plan)
    event = "outcome_election"
    flipped = changed(far, tmp_path / "flipped.h5", event, 7, 1 - stored(files["base"], event)[7], **plan)
    years = stored(files["base"], "portfolio_payback_years")
    never = changed(near, tmp_path / "never.h5", "portfolio_payback_years", 9, np.inf, **plan)
    assert np.isfinite(years[9])
    code, text, _ = spvrisk("compare", files["base"], near, far, flipped, never, "--strict")
    told = " ".join(text.split())
    start = "is the same study by another plan: another discrete outcome on"
    assert code == 0 and "disagree" not in told
    assert f"near.h5 {start} 0 of 3,000 paths; all values of the others agree to 1e-09." in told
    assert f"far.h5 {start} 0 of 3,000 paths; values differ by up to 3e-06, on 1 of the others by more" in told
    assert f"flipped.h5 {start} 1 of 3,000 paths; all values of the others agree to 1e-09." in told
    assert f"never.h5 {start} 1 of 3,000 paths; all values" in told
    _, text, _ = spvrisk("compare", files["base"], far, "--json")
    row = json.loads(text)["results"][1]["agreement"]
    assert (row["paths"], row["flipped"], row["apart"]) == (3000, 0, 1)


def test_plan_and_info__show_the_digest_of_the_plan(files: dict[str, str]) -> None:
    with h5py.File(files["base"]) as opened:
        digest = opened.attrs["plan_sha256"].decode()
    for command, label in ((("plan", STARTER), "plan digest "), (("info", files["base"]), "plan  ")):
        _, text, _ = spvrisk(*command)
        (line,) = (line for line in text.splitlines() if line.startswith(label))
        assert line.split()[-1] == digest[:12] and len(digest) == 64


def test_compare__a_table_that_was_changed_is_refused(files: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(files["again"], tmp_path / "again.h5")
    with h5py.File(tmp_path / "again.h5", "a") as opened:
        opened["summary/npv_funder_mean"][-1] *= 1.01
    for command in (("compare", files["base"]), ("summary",), ("info",), ("trace",)):
        code, out, err = spvrisk(*command, str(tmp_path / "again.h5"))
        assert (code, out) == (2, "") and "its tables are not those of tables_sha256; run the study again" in err


def test_compare__mistakes(files: dict[str, str], tmp_path: Path) -> None:
    for arguments, told in (
        ([files["base"]], "needs two results"),
        ([], "needs two results"),
        ([files["base"], str(tmp_path / "none.h5")], "there is no such file"),
        ([files["base"], STARTER], "is a study, not a result"),
        ([files["base"], str(tmp_path)], "is a folder, not a result"),
        ([files["base"], files["other_money"]], "must have the money_unit of"),
    ):
        code, out, err = spvrisk("compare", *arguments)
        assert code == 2 and told in err and not out and "Traceback" not in err


def test_compare__help_has_an_example() -> None:
    code, out, _ = spvrisk("compare", "--help")
    assert code == 0 and "Example: spvrisk compare" in out
