"""`spvrisk cash`."""

import json

import pytest
from click.testing import CliRunner

from decision_runs import starter
from spvrisk.cli import main


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return starter(tmp_path_factory.mktemp("cash") / "quick.h5", paths=256)


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_cash__page_and_json(file):
    done = run("cash", file, "--paths", 64)
    page = " ".join(done.stdout.split())
    assert done.exit_code == 0 and "Cash needed by year: funder, USD million" in page and "largest year" in page
    assert "64 paths of seed 1." in page and "Too few paths for 99 %" in page
    found = json.loads(run("cash", file, "--paths", 64, "--gross", "--json").stdout)
    assert (found["schema"], found["replayed"], found["gross"]) == ("spvrisk.cash/1", 64, True)
    assert list(found["parties"]) == ["funder", "host"]
    largest, first, *_ = found["parties"]["funder"]
    assert largest["year"] is None and first["year"] == 2026
    assert [each["level"] for each in largest["levels"]] == ["0.5", "0.95", "0.99"]


def test_cash__more_paths_than_there_are_is_all_of_them(file):
    assert json.loads(run("cash", file, "--json").stdout)["replayed"] == 256


def test_cash__of_one_party(file):
    every, one = (run("cash", file, "--paths", 64, "--json", *words).stdout for words in ([], ["--party", "host"]))
    assert json.loads(one)["parties"] == {"host": json.loads(every)["parties"]["host"]}
    page = run("cash", file, "--paths", 64, "--party", "host").stdout
    assert "by year: host" in page and "by year: funder" not in page and "64 paths of seed 1." in page


def test_cash__an_end_for_which_paths_are_too_few_is_told(file):
    page = run("cash", file, "--paths", 64, "--party", "funder").stdout
    assert "-n/a)" in page and "--)" not in page


def test_cash__wrong_input_is_told(file):
    done = run("cash", file, "--party", "insurer")
    assert done.exit_code == 2 and "--party: must be a party of the study, got insurer; allowed: funder, host" in (
        done.stderr
    )
    done = run("cash", file, "--levels", "99")
    assert done.exit_code == 2 and "got 99; write 0.99 for 99 %" in done.stderr
    assert run("cash", file, "--paths", "0").exit_code == 2
