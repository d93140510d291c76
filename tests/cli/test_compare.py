"""`spvrisk compare`: results beside the first of them."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from small_run import renew_metadata
from spvrisk import api
from spvrisk.cli import main
from spvrisk.dataset.content import TABLE_GROUPS, tables_digest
from spvrisk.dataset.soundness import content_of_file
from spvrisk.report.text import written
from spvrisk.views.compare import compare

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
    ends = apart.mean() + np.array([-1.96, 1.96]) * difference["se"]
    assert [difference["low"], difference["high"]] == pytest.approx(ends, rel=1e-3)  # of 3,000 paths skewness is little
    unpaired = np.sqrt(sum(x.var(ddof=1) / x.size for x in paths))
    assert difference["unpaired_se"] == pytest.approx(unpaired, rel=1e-9) and unpaired > 3 * difference["se"]
    assert dearer["changes"] == [{"path": "projects.port.budget", "first": 400.0, "this": 480.0}]
    for name, value in (("base", paths[0]), ("dearer", paths[1])):
        row = base if name == "base" else dearer
        assert row["figures"]["npv_funder"]["value"] == pytest.approx(value.mean(), rel=1e-12)
    assert {"expected_shortfall_0.99", "quantile_0.5", "pv_host", "p_whole", "scheme_value"} <= set(row["figures"])


def test_compare__table_says_what_is_shared_and_what_differs(files: dict[str, str]) -> None:
    code, text, _ = spvrisk("compare", files["base"], files["dearer"], files["again"], files["other_seed"])
    shared = "other_seed.h5 does not share the draws of the first (different seed)"
    assert code == 0 and shared in " ".join(text.split())
    assert "projects.port.budget: 400 -> 480" in text and "again: the same study." in text
    assert all(len(line) <= 100 for line in text.splitlines())
    _, text, _ = spvrisk("compare", files["base"], files["dearer"], "--details")
    assert "minus base" in text and "P(made whole)" in text and "projects.port.budget: 400 -> 480" in text
    assert "3,000 paths, seed 1" in text and "All share their draws" in text and "gain from pairing" in text


def digits(figure: dict[str, float]) -> int:
    """Decimals that show two digits of an error."""
    return max(0, 1 - int(np.floor(np.log10(figure["se"]))))


def test_compare__matrix_has_the_loss_and_the_projects_of_the_paths(files: dict[str, str]) -> None:
    _, text, _ = spvrisk("compare", files["base"], files["dearer"], files["again"], files["other_seed"], "--json")
    rows = json.loads(text)["results"]
    for name, row in zip(("base", "dearer", "again", "other_seed"), rows, strict=True):
        with h5py.File(files[name]) as opened:
            npv, each = opened["paths/portfolio_npv_funder"][...], opened["paths/npv_funder"][...]
        assert row["figures"]["p_loss"]["value"] == pytest.approx((npv < 0).mean(), rel=1e-12)
        for column, project in enumerate(("gas_plant", "port")):
            figure = row["figures"][f"{project}/npv_funder"]
            assert figure["value"] == pytest.approx(each[:, column].mean(), rel=1e-12)
            assert figure["se"] == pytest.approx(each[:, column].std(ddof=1) / np.sqrt(len(each)), rel=1e-9)
    found = api.compare(files["base"], files["dearer"], files["again"], files["other_seed"])
    shown = written(compare(found), 80)
    assert max(map(len, shown.splitlines())) <= 80 and len(shown.splitlines()) < 30
    for head, key in (("mean", "npv_funder"), ("port", "port/npv_funder")):
        line = next(line for line in shown.splitlines() if line.startswith(f"{head} "))
        own, dearer = (rows[0]["figures"][key], rows[1]["differences"][key])
        assert f" {own['value']:.{digits(own)}f} ± " in line and f" {dearer['value']:+.{digits(dearer)}f} ± " in line
    assert "P(loss)" in shown and "shortfall 99 %" in shown


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
    assert "bare.h5 does not keep portfolio.pv_host, portfolio.recovery_years, scheme_value by path" in told


def changed(file: str, copy: Path, name: str, path: int, value: float, **attributes: str) -> str:
    """A copy of a result with one value of one path changed, as another machine might have left it."""
    shutil.copy(file, copy)
    with h5py.File(copy, "a") as opened:
        opened["paths"][name][path] = value
        for key, text in attributes.items():
            opened.attrs[key] = np.bytes_(text)
    return sealed(copy)


def sealed(file: Path) -> str:
    """A file with the digests of what it holds."""
    with h5py.File(file, "a") as opened:
        tables = {
            group: {name: item[...] for name, item in opened[group].items() if item.dtype.str != ">f4"}
            for group in TABLE_GROUPS
            if group in opened
        }
        digest = tables_digest(bytes(opened["provenance/labels_json"][...]), tables)
        opened.attrs["tables_sha256"] = np.bytes_(digest)
        renew_metadata(opened)
    content = content_of_file(file)
    with h5py.File(file, "a") as opened:
        opened.attrs["content_sha256"] = np.bytes_(content)
        renew_metadata(opened)
    return str(file)


def next_up(file: str, copy: Path, name: str = "scheme_value") -> str:
    """A copy of a result with the last bit of path 5 changed."""
    return changed(file, copy, name, 5, np.nextafter(stored(file, name)[5], np.inf))


def verdicts(*arguments: str) -> list[tuple[int, int, str, str | None]]:
    _, text, _ = spvrisk("compare", *arguments, "--json")
    return [(x["first"], x["second"], x["verdict"], x["because"]) for x in json.loads(text)["pairs"]]


def stored(file: str, name: str) -> np.ndarray:
    with h5py.File(file) as opened:
        return np.asarray(opened["paths"][name])


def test_compare__same_plan_with_other_bits_is_said_first(files: dict[str, str], tmp_path: Path) -> None:
    other = next_up(files["base"], tmp_path / "other.h5")
    code, text, _ = spvrisk("compare", files["base"], files["again"], other)
    assert code == 0 and text.startswith("The machines or versions disagree: base.h5 and other.h5 have the same plan")
    assert f"numpy {np.__version__}" in " ".join(text.split())
    assert all(len(line) <= 100 for line in text.splitlines())
    code, text, _ = spvrisk("compare", files["base"], other, "--strict")
    assert code == 1 and text.startswith("The machines or versions disagree")
    code, text, _ = spvrisk("compare", files["base"], other, "--json", "--strict")
    found = json.loads(text)
    assert code == 1 and [row["disagrees"] for row in found["results"]] == [False, True]
    assert not found["agree"] and found["contents_checked"]


def test_compare__other_statistics_of_the_same_paths_are_a_disagreement(files: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(files["base"], tmp_path / "statistics.h5")
    with h5py.File(tmp_path / "statistics.h5", "a") as opened:
        opened["summary/npv_funder_mean"][-1] *= 1.01
    assert spvrisk("compare", files["base"], sealed(tmp_path / "statistics.h5"), "--strict")[0] == 1


def test_compare__any_two_may_disagree(files: dict[str, str], tmp_path: Path) -> None:
    """The first is of another study, and so is beside the point."""
    other = next_up(files["base"], tmp_path / "other.h5")
    given = (files["dearer"], files["base"], files["again"], other)
    code, text, _ = spvrisk("compare", *given, "--strict")
    told = " ".join(text.split())
    assert code == 1 and text.startswith("The machines or versions disagree: base.h5 and other.h5 have the same plan,")
    assert "disagree: again.h5 and other.h5 have" in told and told.count("disagree:") == 2
    study = "different studies"
    assert verdicts(*given) == [
        (0, 1, "not_compared", study),
        (0, 2, "not_compared", study),
        (0, 3, "not_compared", study),
        (1, 2, "same", None),
        (1, 3, "differ", None),
        (2, 3, "differ", None),
    ]


def test_compare__who_disagrees_is_told_apart_by_folder(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    other = next_up(files["base"], tmp_path / "b" / "base.h5")
    _, text, _ = spvrisk("compare", files["base"], other)
    start = f"The machines or versions disagree: {files['base']} and {other} have the same plan"
    assert "".join(text.split()).startswith("".join(start.split()))


def test_compare__disagreement_names_what_made_the_two(files: dict[str, str], tmp_path: Path) -> None:
    other = next_up(files["base"], tmp_path / "other.h5")
    for file, attributes in (
        (shutil.copy(files["base"], tmp_path / "one.h5"), ("znver5", "+avx2,+avx512f,-amx", "passed")),
        (other, ("skylake", "+avx2,-avx512f,+adx,+aes", "not proven")),
        (next_up(files["base"], tmp_path / "plain.h5"), ("x86-64-v3", "", "passed")),
    ):
        with h5py.File(file, "a") as opened:
            for key, text in zip(("target", "features", "self_test"), attributes, strict=True):
                opened["provenance"].attrs[key] = np.bytes_(text)
            opened["provenance"].attrs["cpu"] = np.bytes_(f"cpu-of-{attributes[0]}")
            renew_metadata(opened)
    _, text, _ = spvrisk("compare", str(tmp_path / "one.h5"), other)
    told = " ".join(text.split())
    assert "one.h5: cpu cpu-of-znver5, target znver5 with avx512f, self-test passed, spvrisk" in told
    assert "other.h5: cpu cpu-of-skylake, target skylake with adx, aes, self-test not proven, spvrisk" in told
    _, text, _ = spvrisk("compare", str(tmp_path / "one.h5"), str(tmp_path / "plain.h5"))
    told = " ".join(text.split())
    assert "target znver5, self-test" in told and "target x86-64-v3 without a list of features, self-test" in told


def test_compare__common_paths_of_runs_of_other_lengths_have_the_same_bits(
    files: dict[str, str], tmp_path: Path
) -> None:
    """Zeros of either sign are equal, as in the digest."""
    short = str(tmp_path / "short.h5")
    assert spvrisk("run", STARTER, "--paths", "1000", "--out", short)[0] == 0
    assert stored(short, "tariff_relief")[5] == 0.0
    signs = changed(short, tmp_path / "signs.h5", "tariff_relief", 5, -0.0)
    code, text, _ = spvrisk("compare", files["base"], short, signs, "--strict")
    assert code == 0 and "base.h5 and short.h5 (1,000 paths)" in " ".join(text.split())
    beyond = changed(files["base"], tmp_path / "beyond.h5", "scheme_value", 1000, 0.0)
    assert spvrisk("compare", beyond, short, "--strict")[0] == 0
    other = next_up(short, tmp_path / "other.h5")
    for given in ((files["base"], other), (other, files["base"])):
        code, text, _ = spvrisk("compare", *given, "--strict")
        assert code == 1 and text.startswith("The machines or versions disagree")
        assert "same plan and seed but different values of their first 1,000 paths." in " ".join(text.split())
        assert spvrisk("compare", *given)[0] == 0 and verdicts(*given) == [(0, 1, "differ", None)]


def test_compare__what_may_differ_is_no_disagreement(files: dict[str, str], tmp_path: Path) -> None:
    """Another study or number of paths, or the same values of which a file holds fewer."""
    bare, short = str(tmp_path / "bare.h5"), str(tmp_path / "short.h5")
    options = ("--set", "output.paths=[npv_funder]", "--set", "study.title.en=Other")
    assert spvrisk("run", STARTER, "--paths", "3000", "--out", bare, *options)[0] == 0
    assert spvrisk("run", STARTER, "--paths", "1000", "--out", short)[0] == 0
    others = [files["again"], files["dearer"], bare, short]
    code, text, _ = spvrisk("compare", files["base"], *others, "--strict")
    assert code == 0 and "disagree" not in text and "different plan" not in text
    other = next_up(bare, tmp_path / "other.h5", "portfolio_npv_funder")
    code, text, _ = spvrisk("compare", files["base"], other, "--strict")
    assert code == 1 and text.startswith("The machines or versions disagree")


def test_compare__strict_says_what_was_not_compared(files: dict[str, str], tmp_path: Path) -> None:
    """Other studies are no failure; a result that nothing of its own study could be held against is one."""
    seed, dearer = files["other_seed"], files["dearer"]
    version = changed(files["base"], tmp_path / "version.h5", "scheme_value", 5, 0.0)
    with h5py.File(version, "a") as opened:
        opened.attrs["numbers_version"] = np.int32(99)
        renew_metadata(opened)
    kept = {name: str(tmp_path / f"{name}.h5") for name in ("npv_funder", "pv_host")}
    for name, file in kept.items():
        assert spvrisk("run", STARTER, "--paths", "500", "--out", file, "--set", f"output.paths=[{name}]")[0] == 0
    for given, expected, because in (
        ((files["base"], dearer), 0, "different studies"),
        ((files["base"], seed), 1, "different seed"),
        ((files["base"], version), 1, "different numbers version"),
        (tuple(kept.values()), 1, "no variable of /paths in common"),
        ((dearer, seed), 0, "different studies"),
        ((files["base"], files["again"], seed), 1, "different seed"),
        ((files["base"], files["again"], seed, shutil.copy(seed, tmp_path / "seed.h5")), 0, "different seed"),
    ):
        code, text, _ = spvrisk("compare", *map(str, given), "--strict")
        told = " ".join(text.split())
        assert code == expected and f"Not compared bit by bit ({because}): " in told, given
        unknown = f"are results of the same study but could not be compared bit by bit ({because})."
        assert (unknown in told) == (expected == 1) == told.startswith("Whether ")
        code, text, _ = spvrisk("compare", *map(str, given))
        assert code == 0 and "bit by bit" not in text


@pytest.mark.parametrize("which", [0, 1])
def test_compare__strict_refuses_a_content_that_is_not_its_digests(
    files: dict[str, str], tmp_path: Path, which: int
) -> None:
    shutil.copy(files["again"], tmp_path / "again.h5")
    with h5py.File(tmp_path / "again.h5", "a") as opened:
        opened["paths/scheme_value"][5] += 1.0
    given = [files["base"], str(tmp_path / "again.h5")][:: -1 if which == 0 else 1]
    assert spvrisk("compare", *given)[0] == 0
    code, out, err = spvrisk("compare", *given, "--strict")
    damage = "again.h5: the result is damaged: its content does not match content_sha256; run the study again"
    assert (code, out) == (2, "") and damage in err and "base.h5" not in err and "Traceback" not in err


def test_compare__the_same_study_by_another_plan(files: dict[str, str], tmp_path: Path) -> None:
    name, plan, third, fourth, fifth = "scheme_value", *({"plan_sha256": digit * 64} for digit in "1234")
    value = stored(files["base"], name)
    size = max(abs(value[5]), float(np.abs(value).mean()))
    near = changed(files["base"], tmp_path / "near.h5", name, 5, value[5] + 0.9e-9 * size, **plan)
    far = changed(near, tmp_path / "far.h5", name, 7, value[7] + 3e-6 * max(abs(value[7]), size), **third)
    event = "outcome_election"
    flipped = changed(far, tmp_path / "flipped.h5", event, 7, 1 - stored(files["base"], event)[7], **fourth)
    years = stored(files["base"], "portfolio_payback_years")
    never = changed(near, tmp_path / "never.h5", "portfolio_payback_years", 9, np.inf, **fifth)
    assert np.isfinite(years[9])
    assert spvrisk("compare", files["base"], near, flipped, never, "--strict")[0] == 0
    code, text, _ = spvrisk("compare", files["base"], near, far, flipped, never, "--strict")
    told = " ".join(text.split())
    start = "is the same study under a different plan: discrete outcomes differ on"
    assert code == 1 and "disagree" not in told
    assert f"near.h5 {start} 0 of 3,000 paths; on the others all values agree to 1e-09." in told
    assert f"far.h5 {start} 0 of 3,000 paths; on the others values differ by up to 3e-06, on 1 of them by more" in told
    assert f"flipped.h5 {start} 1 of 3,000 paths; on the others all values agree to 1e-09." in told
    assert f"never.h5 {start} 1 of 3,000 paths; on the others all values" in told
    assert told.count("under a different plan") == 4
    _, text, _ = spvrisk("compare", files["dearer"], files["base"], far, "--json")
    found = json.loads(text)
    row = found["pairs"][2]["agreement"]
    assert (row["paths"], row["flipped"], row["apart"]) == (3000, 0, 1) and found["results"][2]["agreement"] is None
    _, text, _ = spvrisk("compare", files["dearer"], files["base"], far)
    assert "far.h5 is the same study as base.h5 under a different plan: discrete" in " ".join(text.split())


def test_compare__another_plan_and_length(files: dict[str, str], tmp_path: Path) -> None:
    short = str(tmp_path / "short.h5")
    assert spvrisk("run", STARTER, "--paths", "1000", "--out", short)[0] == 0
    other = changed(short, tmp_path / "other.h5", "scheme_value", 5, 0.0, plan_sha256="1" * 64)
    code, text, _ = spvrisk("compare", files["base"], other, "--strict", "--json")
    (pair,) = json.loads(text)["pairs"]
    row = pair["agreement"]
    assert code == 1 and (pair["verdict"], pair["because"], pair["paths"]) == ("not_compared", "different plan", 0)
    assert (row["paths"], row["flipped"], row["apart"]) == (1000, 0, 1)


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
        assert (code, out) == (2, "") and "its tables do not match tables_sha256; run the study again" in err


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
