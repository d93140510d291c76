"""Tutorials and how-to pages: played in an empty folder they print, word by word, and draw what they show."""

from pathlib import Path

import pytest

from played_pages import DOCS, PLAYED, ROOT, pictures, played, words


@pytest.mark.parametrize("page", PLAYED, ids=lambda page: page.stem)
def test_page__prints_and_draws_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert played(text) == text, "make docs-figures"
    for picture in pictures(page):
        assert words(picture) == words(Path(picture.name)) != [], "make docs-figures"


def test_pages__none_is_left_out():
    assert sorted(DOCS.glob("howto/*.md")) == sorted(page for page in PLAYED if page.parent.name == "howto")


def test_pictures__are_small():
    shown = {picture.resolve() for page in [*PLAYED, ROOT / "README.md"] for picture in pictures(page)}
    assert {picture.resolve() for picture in (DOCS / "figures").iterdir()} == shown
    assert all(picture.stat().st_size < 100_000 for picture in shown)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("```sh\nspvrisk nonsense\n```\n", "nonsense"),
        ("```sh\nls\n```\n", "ls"),
        ("```sh\npip install .[nonsense]\n```\n", "nonsense"),
        ("```json\n{}\n```\n", "json"),
    ],
)
def test_played__refuses_what_does_not_run(text, wrong, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((AssertionError, KeyError), match=wrong):
        played(text)


def test_played__shows_what_was_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = '```csv title="a/b.csv"\nx\n1\n```\n\n```python\nprint(open("a/b.csv").read())\n```\n\n```text\n{}```\n'
    assert played(page.format("typed\n")) == page.format("x\n1\n\n")
