"""The catalogue of texts: whole, as the sources have it, and the only place from which a page gets its words."""

import gettext
from string import Formatter

import pytest

from renew_catalogue import TEMPLATE, TRANSLATED, po, read, template
from spvrisk.catalogue import Chosen, asked_for, counted, current, in_language, phrase, translated
from spvrisk.report.wording import worded
from spvrisk.views.figures import said
from texts import Module, fields_of, modules, texts

pytest.importorskip("babel")


def messages(language):
    """Each text with its translation, plurals apart."""
    for message in read(language):
        if message.id:
            ids, strings = (
                text if isinstance(text, tuple | list) else (text,) for text in (message.id, message.string)
            )
            yield tuple(ids), tuple(strings), message


def test_texts__are_literals_that_the_catalogue_can_have():
    found = [wrong for module in modules() for wrong in module.wrong()]
    assert not found, "\n".join(found)
    assert len(texts()) > 700


def test_texts__that_are_none_are_found(tmp_path, monkeypatch):
    source = tmp_path / "views" / "some.py"
    source.parent.mkdir()
    source.write_text(
        'def f(x):\n    Row("name", (1,))\n    said(f"{x} a")\n    Figures(said("a {}", x), ())\n'
        '    said(x)\n    heads(x, "b")\n    announce(f"{x}")\n    Column(f\'{x:,}\')\n'
        'def Problem(rule, value, remedy="c"): pass\n'
        'def g(x):\n    Problem(f"is {x} wide", "none", "d")\n    Problem("e", x, "f {x}")\n    phrase("g {}", "h i")\n'
        '    rule = "j" if x else phrase("k")\n    Problem(rule, x or phrase("l"), phrase("m {}", x))\n'
    )
    monkeypatch.setattr("texts.PACKAGE", tmp_path)
    lines = [int(wrong.split(":")[1]) for wrong in Module(source).wrong()]
    assert sorted(lines) == [2, 3, 5, 6, 7, 11, 11, 12, 13]
    assert {text.text for text in Module(source).texts()} == {"a {}", *"bcdejkl", "f {x}", "g {}", "m {}"}


def test_template__has_the_texts_of_the_sources():
    with TEMPLATE.open("rb") as file:
        known = {str(message.id) for message in _read(file)}
    assert known == {str(message.id) for message in template()}, "python tests/renew_catalogue.py"


def _read(file):
    from babel.messages.pofile import read_po

    return list(read_po(file))


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations__are_whole_and_none_is_doubtful(language):
    assert {str(message.id) for message in read(language)} == {str(message.id) for message in template()}
    lacking = [ids[0] for ids, strings, message in messages(language) if not all(strings) or message.fuzzy]
    assert not lacking


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations__have_the_figures_of_their_texts(language):
    wrong = []
    for ids, strings, _ in messages(language):
        for string in strings:
            fields = [field for _, field, *_ in Formatter().parse(string) if field is not None]
            mixed = any(fields) and not all(fields)
            if mixed or _figures(string) != _figures(ids[-1]):
                wrong.append((ids[0], string))
    assert not wrong


def _figures(text):
    """Places of figures with their forms; by names of figures their forms are the language's own."""
    return [(field, form if field.isdecimal() else "") for field, form in fields_of(text)]


@pytest.mark.parametrize("language", TRANSLATED)
def test_compiled__is_what_the_translations_say(language):
    with po(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for ids, strings, _ in messages(language):
        found = compiled.ngettext(*ids, 2) if len(ids) == 2 else compiled.gettext(ids[0])
        assert found == strings[-1], "python tests/renew_catalogue.py"


def test_chosen__at_once_and_until_the_end_of_a_block():
    assert current() == "en"
    with Chosen("ja"):
        assert (current(), translated("mean"), counted(2000, "path")) == ("ja", "平均", "2,000パス")
        with Chosen("en"):
            assert translated("mean") == "mean"
        assert current() == "ja"
    assert (current(), counted(1, "path"), counted(2, "path")) == ("en", "1 path", "2 paths")


def test_phrase__is_english_to_all_and_others_to_who_asks():
    inner = phrase("about {}", "0:00:01")
    with Chosen("ja"):
        text = phrase("{:path} take {}; statistics are {}", 20_000, inner, phrase("exact"))
        assert text == "20,000 paths take about 0:00:01; statistics are exact"
        assert in_language(text) == "20,000パスの所要：約0:00:01。統計量は厳密"
        assert in_language("as it is") == "as it is" and translated("no text of ours") == "no text of ours"
    assert in_language(text) == text


@pytest.mark.parametrize("show", [Chosen, lambda language: worded(said("mean"), language)], ids=["chosen", "worded"])
def test_language__that_there_is_none_is_told_with_those_there_are(show):
    before = current()
    with pytest.raises(ValueError, match="^there are no texts in 'fr': languages are en, ja$"):
        show("fr")
    assert current() == before


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja"}, "ja"),
        ({"LC_ALL": "", "LANG": "ja"}, "ja"),
        ({"LC_ALL": "C.UTF-8", "LC_MESSAGES": "ja", "LANG": "ja"}, "en"),
    ],
)
def test_asked_for__the_first_of_the_variables_that_is_set(environment, language):
    assert asked_for(environment) == language
