"""Includes, tables, overrides, warnings and provenance."""

import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from spvrisk.config import load, load_study
from spvrisk.errors import InputError, Problem

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")
HEAD, REST = TEXT.split("projects:\n")
PROJECTS, TAIL = REST.split("\nrun:")
GAS_PLANT = PROJECTS.split("  port:")[0].partition("\n")[2]
TEMPLATE = (
    HEAD + "projects:\n  table: projects.csv\n  template:\n" + "".join(f"  {line}\n" for line in GAS_PLANT.splitlines())
)


def study(folder: Path, text: str = TEXT, **files: str) -> Path:
    for name, content in files.items():
        target = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_yaml", ".yaml")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, *overrides: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load(path, overrides)
    return caught.value.problems


def test_starter__loads_without_warnings() -> None:
    loaded = load(STARTER)
    assert loaded.warnings == []
    assert list(loaded.texts) == ["starter.yaml"]
    assert list(loaded.study.projects) == ["gas_plant", "port"]
    assert loaded.study.projects["gas_plant"].notice_date == date(2026, 3, 2)
    assert loaded.study.factors["steel"].process.kind == "ou"


def test_law__reads_a_number_a_family_and_a_mixture() -> None:
    loaded = load_study(STARTER)
    gas, port = loaded.projects["gas_plant"], loaded.projects["port"]
    assert port.operation.contract is not None and gas.operation.contract is not None
    assert port.operation.contract.price.family == "fixed"
    assert port.operation.contract.price.parameters == {"value": 6.0}
    assert gas.construction.duration.truncate == (0.85, 3.0)
    assert gas.construction.overrun.parameters == {
        "mean": 0.16,
        "tail_share": 0.14,
        "tail_mean": 1.09,
        "cap": 10.0,
        "body": (0.7, 1.5),
    }
    share = gas.operation.contract.share
    assert share.parameters["weights"] == (0.25, 0.75)
    assert [law.family for law in share.parameters["laws"]] == ["fixed", "beta"]


def test_digest__depends_on_meaning_and_order_not_on_layout(tmp_path: Path) -> None:
    base = load(study(tmp_path)).digest
    assert load(study(tmp_path, TEXT.replace("budget: 400", "budget:    400.0 # other"))).digest == base
    assert load(study(tmp_path, TEXT.replace("budget: 400", "budget: 401"))).digest != base
    port = PROJECTS.split("  port:")[1]
    swapped = f"{HEAD}projects:\n  port:{port}  gas_plant:\n{GAS_PLANT}\nrun:{TAIL}"
    assert load(study(tmp_path, swapped)).digest != base


def test_digest__depends_on_paths_and_seed_not_on_the_machinery(tmp_path: Path) -> None:
    path = study(tmp_path)
    base = load(path).digest
    machinery = ["run.workers=3", "run.leaves_per_shard=1", "run.memory_mib=2000"]
    assert load(path, machinery).digest == base
    assert len({base, load(path, ["run.paths=7"]).digest, load(path, ["run.seed=7"]).digest}) == 3


# --- includes ---


def test_include__own_keys_win_and_null_deletes(tmp_path: Path) -> None:
    own = "include: [base.yaml]\nstudy: {horizon_years: 50}\nprojects: {port: null}\nevents: {election: null}\n"
    loaded = load(study(tmp_path, own, base_yaml=TEXT))
    assert loaded.study.study.horizon_years == 50
    assert loaded.study.study.currency == "USD"
    assert list(loaded.study.projects) == ["gas_plant"]
    assert loaded.study.events == {}
    assert list(loaded.texts) == ["s.yaml", "base.yaml"]


def test_include__later_files_win_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    first = "run: {paths: 11}\noutput: {risk_levels: ['0.9']}\n"
    path = study(
        tmp_path,
        "include: [parts/one.yaml, two.yaml]\n" + TEXT.replace("run: {paths: 20000, seed: 1}", ""),
        parts__one_yaml="include: [inner.yaml]\n" + first,
        parts__inner_yaml="run: {paths: 10, seed: 99}\n",
        two_yaml="run: {paths: 12}\n",
    )
    loaded = load_study(path)
    assert (loaded.run.paths, loaded.run.seed) == (12, 99)
    assert loaded.output.risk_levels == ("0.95", "0.99")


def test_include__mistakes_keep_the_line_of_their_file(tmp_path: Path) -> None:
    base = TEXT.replace("inflation_share: 0.3", "inflation_share: 3")
    (problem,) = problems(study(tmp_path, "include: [base.yaml]\n", base_yaml=base))
    line = next(i for i, text in enumerate(base.splitlines(), 1) if "inflation_share: 3" in text)
    assert problem.place == f"base.yaml:{line}"


def test_include__circle_is_refused(tmp_path: Path) -> None:
    found = problems(study(tmp_path, "include: [a.yaml]\n" + TEXT, a_yaml="include: [s.yaml]\n"))
    assert found[0].place == "a.yaml:1"
    assert "circle" in found[0].rule
    assert found[0].value == "s.yaml includes a.yaml includes s.yaml"


@pytest.mark.parametrize("name", ["../other.yaml", "/etc/hostname", "a/../../x.yaml"])
def test_include__above_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    found = problems(study(tmp_path / "in", f"include: ['{name}']\n" + TEXT))
    assert found[0].place == "s.yaml:1"
    assert "in its folder or below" in found[0].rule


def test_include__a_file_that_is_included_twice_is_read_once(tmp_path: Path) -> None:
    """Each of 20 files includes the next twice: two to the twentieth times the last, if they were read anew."""
    files = {f"f{i}_yaml": f"include: [f{i + 1}.yaml, f{i + 1}.yaml]\n" for i in range(1, 19)}
    last = "run: {leaves_per_shard: 2}\n"
    path = study(tmp_path, "include: [f1.yaml, f1.yaml]\n" + TEXT, **files, f19_yaml=last)
    assert load_study(path).run.leaves_per_shard == 2


def test_include__too_deep_or_too_many(tmp_path: Path) -> None:
    deep = {f"f{i}_yaml": f"include: [f{i + 1}.yaml]\n" for i in range(1, 2000)}
    (found,) = problems(study(tmp_path / "deep", "include: [f1.yaml]\n" + TEXT, **deep))
    assert (found.place, found.value) == ("f20.yaml:1", '"f21.yaml"') and "20 deep at the most" in found.rule
    many = {f"f{i}_yaml": "run: {}\n" for i in range(300)}
    names = ", ".join(f"f{i}.yaml" for i in range(300))
    (found,) = problems(study(tmp_path / "many", f"include: [{names}]\n" + TEXT, **many))
    assert (found.place, found.value) == ("s.yaml:1", '"f200.yaml"') and "200 files at the most" in found.rule


def test_include__missing_file_and_wrong_kind(tmp_path: Path) -> None:
    (found,) = problems(study(tmp_path, "# first\ninclude:\n  - no.yaml\n" + TEXT))
    assert found.place == "s.yaml:3" and "cannot be read no.yaml" in found.rule
    (found,) = problems(study(tmp_path, "include: no.yaml\n" + TEXT))
    assert "must be a list of file names" in found.rule


# --- tables ---


def test_project_table__rows_go_over_the_template(tmp_path: Path) -> None:
    table = (
        "\ufeffname,title.en,budget,construction.overrun,construction.duration.lognormal,operation.contract\n"
        'a,"Plant, first",33300,"{lognormal: {p10: 0.9, p90: 1.6}}",,\n'
        '\nb,Plant: second,,1.1,"{mean: 1.3, sd: 0.2}",null\n'
    )
    loaded = load_study(study(tmp_path, TEMPLATE, projects_csv=table))
    a, b = loaded.projects["a"], loaded.projects["b"]
    assert (a.title.en, b.title.en) == ("Plant, first", "Plant: second")
    assert (a.budget, b.budget) == (33300, 1200)
    assert a.construction.overrun.parameters == {"p10": 0.9, "p90": 1.6}
    assert b.construction.overrun.family == "fixed"
    assert a.construction.duration.parameters == {"mean": 1.2, "sd": 0.25}
    assert b.construction.duration.parameters == {"mean": 1.3, "sd": 0.2}
    assert b.construction.duration.truncate == (0.85, 3.0)
    assert a.operation.contract is not None and b.operation.contract is None


@pytest.mark.parametrize(
    ("table", "place", "path", "rule"),
    [
        ("name,budget\na,1\nb,x\n", "projects.csv:3:2", "projects.b.budget", "must be a number"),
        ("name,budget\na,1\nb,-1\n", "projects.csv:3:2", "projects.b.budget", "must lie in (0, 1e+12]"),
        ("name,budjet\na,1\n", "projects.csv:1:2", "budjet", "is not a key of a project"),
        ("name,budget,budget\na,1,2\n", "projects.csv:1:3", "budget", "appears twice"),
        ("name,slip\na,1\n", "projects.csv:1:2", "slip", "is not a key of a project"),
        ("id,budget\na,1\n", "projects.csv:1:1", "", "first column"),
        ("name,budget\na,1\na,2\n", "projects.csv:3:1", "projects.a", "appears twice, first in row 2"),
        ("name,budget\na,1,3\n", "projects.csv:2", "", "must have 2 cells"),
        ("name;budget\na;1\n", "projects.csv:1", "", "separated by commas"),
        ('name,construction.overrun\na,"{lognormal: {p10: 0.9"\n', "projects.csv:2:2", "", "must be YAML"),
        ('name,construction.overrun\na,"{lognormal: {p10: 2, p90: 1}}"\n', "projects.csv:2:2",
         "projects.a.construction.overrun.lognormal.p90", "at least p10"),
        ('name,budget\na,"1\n', "projects.csv:2", "", "must be CSV"),
        ("name,budget\nscheme,1\n", "projects.csv:2", "projects.scheme", "unit of the results"),
        ("", "projects.csv:1", "", "needs a header"),
    ],
)  # fmt: skip
def test_project_table__mistakes(table: str, place: str, path: str, rule: str, tmp_path: Path) -> None:
    found = problems(study(tmp_path, TEMPLATE, projects_csv=table))
    assert (found[0].place, found[0].path) == (place, path), found
    assert rule in found[0].rule and found[0].remedy


def test_project_table__mistake_in_the_template_is_said_once(tmp_path: Path) -> None:
    text = TEMPLATE.replace("inflation_share: 0.3", "inflation_share: 3")
    (found,) = problems(study(tmp_path, text, projects_csv="name,budget\na,1\nb,2\nc,3\n"))
    assert found.path == "projects.a.construction.inflation_share"
    assert found.place.startswith("s.yaml:")


def test_project_table__300_projects_in_a_second(tmp_path: Path) -> None:
    rows = ["name,budget,construction.overrun,operation.life_years"]
    rows += [f'p{i},{1000 + i},"{{lognormal: {{p10: 0.9, p90: {1.5 + i / 1e3}}}}}",30' for i in range(300)]
    path = study(tmp_path, TEMPLATE, projects_csv="\n".join(rows))
    start = time.process_time()
    assert len(load_study(path).projects) == 300
    assert time.process_time() - start < 1.0


def test_curve_table__is_read_beside_the_file_that_names_it(tmp_path: Path) -> None:
    text = TEXT.replace("  eur: {knots: [[0, 0.02], [10, 0.026], [30, 0.028]]}\n", "")
    path = study(
        tmp_path,
        "include: [sub/curves.yaml]\n" + text,
        sub__curves_yaml="curves: {eur: {table: eur.csv}}\n",
        sub__eur_csv="years,rate\n0,0.02\n30,0.028\n",
    )
    loaded = load(path)
    assert loaded.study.curves["eur"].knots == ((0.0, 0.02), (30.0, 0.028))
    assert "sub/eur.csv" in loaded.texts
    (tmp_path / "sub" / "eur.csv").write_text("years,rate\n0,0.02\n30,2.8\n", encoding="utf-8")
    (found,) = problems(path)
    assert found.place == "sub/eur.csv:3:2" and "write 0.028 for 2.8 %" in found.remedy


@pytest.mark.parametrize(
    ("header", "column", "remedy"),
    [
        ("Year,rate", "years", "name the column Year so"),
        ("Years,rate", "years", "name the column Years so"),
        ("years,Rate", "rate", "name the column Rate so"),
        ("x,rate", "years", "name a column so"),
    ],
)
def test_curve_table__says_how_its_columns_must_be_named(header: str, column: str, remedy: str, tmp_path: Path) -> None:
    text = STARTER.read_text(encoding="utf-8")
    knots = "{knots: [[0, 0.04], [10, 0.042], [30, 0.045]]}"
    assert knots in text
    path = study(tmp_path, text.replace(knots, "{table: usd.csv}"), usd_csv=f"{header}\n0,0.02\n30,0.03\n")
    (found,) = problems(path)
    assert found.place == "usd.csv:1" and found.rule == f"has no column {column}"
    assert (found.value, found.remedy) == (f'"{header}"', remedy)


SQUARE = ",wages,steel,gas\nwages,1,0.3,0\nsteel,0.3,1,\ngas,0,-0.2,1\n"
LISTED = "first,second,value\nwages,steel,0.3\nsteel,gas,-0.2\n"


@pytest.mark.parametrize("table", [SQUARE, LISTED], ids=["square", "listed"])
def test_correlation_table__gives_pairs(table: str, tmp_path: Path) -> None:
    text = TEXT.replace("  pairs:\n    wages: {steel: 0.3}\n    gas: {power: 0.6}\n", "  table: c.csv\n")
    loaded = load_study(study(tmp_path, text, c_csv=table))
    pairs = {frozenset((a, b)): r for a, row in loaded.correlation.pairs.items() for b, r in row.items()}
    assert pairs == {frozenset(("wages", "steel")): 0.3, frozenset(("steel", "gas")): -0.2}


@pytest.mark.parametrize(
    ("table", "place", "rule"),
    [
        (SQUARE.replace("gas,0,", "gas,0.1,"), "c.csv:4:2", "mirror image"),
        (SQUARE.replace("steel,0.3,1", "steel,0.3,2"), "c.csv:3:3", "diagonal must be 1"),
        (SQUARE.replace("\ngas,", "\npower,"), "c.csv:1", "same names down as across"),
        (LISTED + "wages,steel,0.1\n", "c.csv:4:3", "appears twice"),
        (LISTED + "steel,wages,0.1\n", "c.csv:4:3", "each pair must be named once"),
        (LISTED + "steel,power,x\n", "c.csv:4:3", "must be a number"),
        (LISTED + "steel,power,30\n", "c.csv:4:3", "must lie in [-1, 1]"),
        (LISTED + "steel,pouwer,0.3\n", "c.csv:4:3", "must name a factor"),
    ],
)
def test_correlation_table__mistakes(table: str, place: str, rule: str, tmp_path: Path) -> None:
    text = TEXT.replace("  pairs:\n    wages: {steel: 0.3}\n    gas: {power: 0.6}\n", "  table: c.csv\n")
    found = problems(study(tmp_path, text, c_csv=table))
    assert found[0].place == place and rule in found[0].rule and found[0].remedy


def test_empirical_law__reads_its_column(tmp_path: Path) -> None:
    text = TEXT.replace("{pert: {min: 0.9, mode: 1.1, max: 2}}", "{empirical: {csv: d.csv, column: ratio}}")
    loaded = load(study(tmp_path, text, d_csv="id,ratio\n1,1.1\n2,1.3\n3,\n"))
    law = loaded.study.projects["port"].construction.duration
    assert law.parameters == {"csv": "d.csv", "column": "ratio", "values": (1.1, 1.3)}
    found = problems(study(tmp_path, text, d_csv="id,ratoi\n1,1.1\n"))
    assert found[0].place == "d.csv:1" and "did you mean ratoi" in found[0].remedy


# --- overrides ---


def test_set__changes_values_in_order_and_removes(tmp_path: Path) -> None:
    loaded = load_study(
        STARTER,
        [
            "run.paths=7",
            "run.memory_mib=128",
            "projects.port.budget=500",
            "projects.port.budget=600",
            "projects.port.construction.duration={lognormal: {mean: 1.2, sd: 0.2}}",
            "factors.gas.floor=null",
            "regimes.trade.hazards.settled.high=0.2",
            "agreement.split.mode=cumulative",
            'output.quantiles=["0.1"]',
            "projects.port.split.deemed_life_years=15",
        ],
    )
    port = loaded.projects["port"]
    assert (loaded.run.paths, loaded.run.memory_mib, port.budget) == (7, 128, 600)
    assert port.construction.duration.family == "lognormal"
    assert loaded.factors["gas"].floor is None
    assert loaded.regimes["trade"].hazards["settled"] == {"high": 0.2}
    assert loaded.agreement.split.mode == "cumulative"
    assert loaded.output.quantiles == ("0.1",)
    assert port.split is not None and port.split.deemed_life_years == 15


@pytest.mark.parametrize(
    ("override", "rule", "remedy"),
    [
        ("run.pahts=7", "is not a key", "did you mean paths?"),
        ("projects.prot.budget=7", "is not a key", "did you mean port?"),
        ("projects.new={}", "is not a key", "allowed: gas_plant, port"),
        ("projects.port.construction.duration.normal.mean=1", "is not a key", "allowed: pert"),
        ("projects.port.construction.duration.pert.mod=1", "is not a key of pert", "did you mean mode?"),
        ("curves.usd.knots.0=1", "is not a key", "lists are replaced whole"),
        ("factors.gas.floor.value=1", "is not a key", "replace it whole"),
        ("agreement.split.pooling=umbrela", "must be one of none, umbrella", "did you mean umbrella?"),
        ("run.paths", "must be path=value", "--set run.paths=10000"),
        ("run.paths={", "must be YAML", "check"),
        ("run.paths=2.5", "must be a whole number", "round it"),
        ("run.paths=0", "must lie in [1, 2147483647]", "write a number"),
        ("projects.port.budget=null", "the key is missing", "add budget"),
        ("projects.port.operation.merchant.factor=gaz", "must name a factor", "did you mean gas?"),
    ],
)
def test_set__mistakes_name_the_option(override: str, rule: str, remedy: str) -> None:
    (found,) = problems(STARTER, "run.seed=3", override)
    assert found.place == "--set 2"
    assert rule in found.rule and remedy in found.remedy


def test_set__that_leaves_a_correlation_without_innovations() -> None:
    (found,) = problems(STARTER, "factors.power.process={deterministic: {curve: 55}}")
    assert found.path == "correlation.pairs.gas.power"
    assert "no innovations" in found.rule


# --- warnings ---


@pytest.mark.parametrize(
    ("overrides", "path", "rule", "remedy"),
    [
        (["projects.gas_plant.budget=33300", "projects.port.budget=2.1"], "projects.port.budget", "small", "2100"),
        (["projects.port.operation.life_years=15"], "projects.port.operation.life_years", "deemed life", "check"),
        (["study.horizon_years=20"], "projects.gas_plant", "ends before the deemed life", "horizon_years"),
        (["factors.wages.process.gbm.drift=0.6"], "factors.wages.process.gbm.drift", "more than 50%", "0.006"),
        (["projects.gas_plant.operation.merchant.factor=gas"], "factors.power", "no project", "remove it"),
        (
            ["projects.port.operation.availability.law=0.02"],
            "projects.port.operation.availability.law",
            "0.05",
            "share",
        ),
        (["events.election.date=2090-01-01"], "events.election.date", "beyond the horizon", "never"),
    ],
)
def test_warning__for_what_looks_like_a_slip(overrides: list[str], path: str, rule: str, remedy: str) -> None:
    found = [warning for warning in load(STARTER, overrides).warnings if warning.path == path]
    assert found and rule in found[0].rule and remedy in found[0].remedy


def test_import__of_the_config_is_light() -> None:
    heavy = ["xarray", "scipy", "numba", "h5py", "matplotlib", "pandas"]
    code = f"import sys, spvrisk.config; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_include__of_a_name_as_long_as_a_page_is_told_in_short(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(f"include: [{'x' * 4000}.yaml]\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(tmp_path / "s.yaml")
    assert all(len(str(problem)) < 300 and "cannot be read" in problem.rule for problem in caught.value.problems[:1])
