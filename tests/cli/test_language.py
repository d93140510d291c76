"""``--lang``, ``--quiet``, ``--verbose``, colours and completion: what all commands share."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

import spvrisk
from make_results import STARTER
from masked import Masked, words_of
from small_run import make_labels, write_small
from spvrisk.catalogue import current
from spvrisk.cli import COMMANDS, main
from spvrisk.cli.options import COMMON
from spvrisk.report.text import written
from spvrisk.views.summary import screen

RUN = [sys.executable, "-m", "spvrisk"]
ANSWER, JA = "The funder's net present value is", "資金提供者の正味現在価値は"
NOBODY_ASKS = dict.fromkeys(("LC_ALL", "LC_MESSAGES", "LANG"))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("language") / "small.h5"
    write_small(path, make_labels(), 2000)
    return str(path)


def call(*arguments, charset="utf-8", **environment):
    done = CliRunner(charset=charset).invoke(main, arguments, env={**NOBODY_ASKS, **environment})
    assert done.exit_code == 0, done.output
    return done.stdout_bytes.decode(charset), done.stderr_bytes.decode(charset)


@pytest.mark.parametrize("name", COMMANDS)
def test_common__options_are_those_of_every_command(name):
    help_of = call(name, "--help")[0]
    for option in ("--lang [en|ja]", "-v, --verbose", "-q, --quiet"):
        assert help_of.count(option) == 1, option
    assert help_of.index("--lang") < help_of.index("--help")
    assert len(COMMON) == 3


@pytest.mark.parametrize(
    ("option", "environment", "shown"),
    [
        ((), {}, ANSWER),
        (("--lang", "ja"), {}, JA),
        ((), {"LANG": "ja_JP.UTF-8"}, JA),
        ((), {"LC_ALL": "C.UTF-8", "LANG": "ja_JP.UTF-8"}, ANSWER),
        (("--lang", "en"), {"LANG": "ja_JP.UTF-8"}, ANSWER),
    ],
)
def test_lang__is_the_option_s_else_that_of_the_environment(file, option, environment, shown):
    assert shown in call("summary", file, *option, **environment)[0]
    assert current() == "en"


def test_lang__json_is_the_same_in_every_language(file):
    for arguments in (
        ("--json",),
        ("--json", "--show", "loss", "--show", "regimes"),
        ("--json", "--given", "ruling=upheld"),
    ):
        english, japanese = (call("summary", file, *arguments, "--lang", language)[0] for language in ("en", "ja"))
        assert english == japanese and json.loads(english)


def test_lang__that_the_output_cannot_show_gives_way_to_english(file):
    text, told = call("summary", file, "--lang", "ja", charset="ascii")
    assert ANSWER in text and told == "warning: ascii has no characters of ja: shown in English\n"
    text, told = call("summary", file, charset="cp1252", LANG="ja_JP.UTF-8")
    assert ANSWER in text and told == ""
    assert JA in call("summary", file, "--lang", "ja", charset="cp932")[0]


KEPT = {"main", "starter", "scenarios", "local", "en", "ja", "low", "high", "checked", *COMMANDS}


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help__shows_no_word_that_the_catalogue_lacks(name, monkeypatch):
    plain = call(*name.split(), "--help")[0]
    japanese = call(*name.split(), "--help", LANG="ja_JP.UTF-8")[0]
    assert max(map(cell_len, japanese.rsplit("\n\n", 1)[0].splitlines())) <= 80
    assert options(plain) == options(japanese)
    monkeypatch.setattr("spvrisk.catalogue._catalogue", lambda language: Masked())
    shown, example = call(*name.split(), "--help", LANG="ja_JP.UTF-8")[0].rsplit("\n\n", 1)
    assert words_of(shown) - KEPT == set()
    assert example.split() == ["·······:", *plain.rsplit("\n\n", 1)[1].split()[1:]]


def options(text):
    """Names of the options in a command's help."""
    return re.findall(r"^  (-\w, --[\w-]+|--[\w-]+)", re.split("Options:|オプション：", text)[1], re.MULTILINE)


@pytest.mark.parametrize(
    "arguments", ["--lang ja --help", "--help --lang ja", "--lang ja run --help", "run --help --lang=ja"]
)
def test_help__is_in_the_language_that_is_asked_for(arguments):
    assert "このヘルプを表示して終了" in call(*arguments.split())[0]
    assert "Show this message and exit." in call(*arguments.replace("ja", "en").split(), LANG="ja")[0]
    assert "Show this message and exit." in call(*arguments.split(), charset="ascii")[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("nonsense", "エラー：'nonsense'というコマンドはありません。"),
        ("run", "エラー：引数'STUDY'がありません。"),
        ("plot fan r.h5", "エラー：オプション'--out'"),
        ("run --log-fil a", "エラー：'--log-fil'というオプションはありません。'--log-file'の誤りではありませんか。"),
        ("run --pathz 1", "エラー：'--pathz'というオプションはありません。（候補：'--max-paths', '--paths'）"),
        ("run a b", "エラー：余分な引数があります：(b)"),
        ("run --seed", "エラー：オプション'--seed'には値が必要です。"),
        ("run a --paths 0", "エラー：'--paths'の値が正しくありません：0は範囲外です（x>=1）。"),
        ("run a --paths 2,5", "エラー：'--paths'の値が正しくありません：整数でなければなりません（入力値：2,5）。"),
        ("run a --cluster x", "エラー：'--cluster'の値が正しくありません：'x'は'local'ではありません。"),
        ("init a --kind x", "エラー：'--kind'の値が正しくありません：'x'は'starter', 'japan_us', 'scenarios'の"),
    ],
)
def test_wrong_command_line__is_refused_in_the_language_that_is_asked_for(arguments, said):
    by_environment = CliRunner().invoke(main, arguments.split(), env={**NOBODY_ASKS, "LANG": "ja"})
    assert by_environment.exit_code == 2 and said in by_environment.stderr
    by_option = CliRunner().invoke(main, ["--lang", "ja", *arguments.split()], env=NOBODY_ASKS)
    assert by_option.stderr == by_environment.stderr


def test_wrong_command_line__is_refused_in_the_language_of_its_own_option():
    done = CliRunner().invoke(main, ["run", "--nonsense", "--lang", "ja"], env=NOBODY_ASKS)
    assert "エラー：'--nonsense'というオプションはありません。" in done.stderr


def test_mistakes__are_told_in_the_language_that_is_asked_for_and_as_json_in_english(tmp_path):
    wrong = ["validate", str(STARTER), "--set", "run.paths=0", "--set", "run.sed=1"]
    asked = {**NOBODY_ASKS, "LANG": "ja_JP.UTF-8"}
    said = CliRunner().invoke(main, wrong, env=asked).stderr.splitlines()
    allowed = "[1, 2147483647]の範囲"
    assert f"--set 1 run.paths：{allowed}でなければなりません（入力値：0）。{allowed}の数値を書いてください" in said
    assert "--set 2 run.sed：このスタディのキーではありません。seedの誤りではありませんか。" in "\n".join(said)
    english, japanese = (CliRunner().invoke(main, [*wrong, "--json"], env=each) for each in (NOBODY_ASKS, asked))
    assert english.stdout == japanese.stdout and json.loads(english.stdout)["errors"]
    missing = CliRunner().invoke(main, ["summary", str(tmp_path / "none.h5")], env=asked)
    assert missing.exit_code == 2 and missing.stderr.endswith("none.h5：ファイルがありません\n")
    wrong_option = CliRunner().invoke(main, ["cash", str(tmp_path / "none.h5"), "--levels", "2"], env=asked)
    assert wrong_option.exit_code == 2 and not re.search("[A-Za-z]{3,} [a-z]{2,}", wrong_option.stderr)


def test_lang__unknown_is_refused_with_those_there_are(file):
    done = CliRunner().invoke(main, ["summary", file, "--lang", "de"])
    assert done.exit_code == 2 and "'en', 'ja'" in done.stderr


def test_python__shows_in_the_language_that_is_chosen(file):
    with spvrisk.open(file) as results:
        with spvrisk.language("ja"):
            assert "損失確率" in str(results.view("value")) and "損失確率" in results._repr_html_()
        assert "P(loss)" in str(results.view("value"))
        with pytest.raises(spvrisk.InputError, match=r"name: must be en or ja, got .de."):
            spvrisk.language("de")


def test_screen__says_how_to_see_more(file):
    text = call("summary", file)[0]
    assert "spvrisk summary " in text and "--show all" in text
    with spvrisk.open(file) as results:
        assert text.split() == written(screen(results.tables())).split()
    whole = call("summary", file, "--show", "all")[0]
    assert len(whole.splitlines()) > 2 * len(text.splitlines())
    for name in re.findall(r"--show ((?:\w+, )+\w+)", " ".join(text.split()))[0].split(", "):
        assert name in ("parts", "alone") or call("summary", file, "--show", name)[0]


@pytest.fixture
def small(tmp_path):
    return ["run", str(STARTER), "--paths", "20", "--out", str(tmp_path / "r.h5")]


def test_progress__quiet_verbose_and_as_usual(small):
    usual, quiet, verbose = (call(*small, "--overwrite", *how)[1] for how in ((), ("-q",), ("--verbose",)))
    assert quiet == "" and "running ...\n" in usual
    stages = [line for line in usual.splitlines() if line.endswith(" ...")]
    assert [re.sub(r"^ *\d+\.\d\d s  ", "", line) for line in verbose.splitlines()][-4:] == stages[-4:]
    assert all(re.match(r" *\d+\.\d\d s  ", line) for line in verbose.splitlines())


def test_progress__in_japanese(small):
    text, told = call(*small, "--lang", "ja")
    assert "実行中 ..." in told and "書込み中 ..." in told and "結果ファイル：" in text
    assert not re.search(r"[a-z]{5}", told)


def test_quiet__warnings_and_mistakes_are_told_all_the_same(tmp_path):
    done = CliRunner().invoke(main, ["run", str(tmp_path / "none.yaml"), "-q"])
    assert done.exit_code == 2 and "none.yaml" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals")
@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour__on_a_terminal_alone_and_not_where_it_is_unwanted(file, environment, coloured):
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    assert b"\x1b" not in subprocess.run([*RUN, "summary", file], capture_output=True, env=clean, check=True).stdout
    seen = _on_terminal([*RUN, "verify", file, "--rerun", "0"], {**clean, "TERM": "xterm-256color", **environment})
    assert bool(re.search(rb"\x1b\[[0-9;]*(?:3[0-9]|9[0-7]|38;5)[0-9;]*m", seen)) == coloured


def _on_terminal(command, environment):
    """What a command writes to a terminal."""
    import pty

    ours, its = pty.openpty()
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment) as process:
        os.close(its)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # it has ended
                break
            if not piece:
                break
            seen += piece
        process.wait()
    os.close(ours)
    return seen


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion__of_each_shell(shell):
    asked = {"_SPVRISK_COMPLETE": f"{shell}_source", **os.environ}
    script = subprocess.run(RUN, capture_output=True, text=True, env=asked).stdout
    assert "_SPVRISK_COMPLETE" in script and "spvrisk" in script


def test_completion__of_commands_and_options_and_without_loading_them():
    def complete(words, place, **extra):
        asked = {"_SPVRISK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place), **os.environ}
        done = subprocess.run([sys.executable, "-X", "importtime", *RUN[1:]], capture_output=True, text=True, env=asked)
        return [line.partition(",")[2] for line in done.stdout.splitlines()], done.stderr

    names, loaded = complete("spvrisk s", 1)
    assert names == [name for name in COMMANDS if name.startswith("s")]
    assert "pydantic" not in loaded and "spvrisk.api" not in loaded
    assert {"--lang", "--show", "--given"} <= set(complete("spvrisk summary --", 2)[0])
    assert complete("spvrisk summary --lang ", 3)[0] == ["en", "ja"]


def test_catalogue__is_in_the_package():
    root = Path(spvrisk.__file__).parent
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text(encoding="utf-8")
    assert "locale/*/LC_MESSAGES/*.mo" in setup
    assert (root / "locale" / "ja" / "LC_MESSAGES" / "spvrisk.mo").is_file()
