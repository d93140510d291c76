import numpy as np
import pytest
from lookup import look_up
from scipy import stats

from spvrisk.config.laws import Law
from spvrisk.config.study.construction import SpendCurve
from spvrisk.plan import laws, tables
from spvrisk.plan.tables import TableBook, spend_curve_table


def curve(a, b):
    book = TableBook()
    index = spend_curve_table(book, a, b)
    return book.tables(), index


@pytest.mark.parametrize(("a", "b"), [(2, 3), (1, 1), (1.5, 1.2), (3.3, 5), (30, 2), (1, 4)])
def test_spend_curve__is_the_beta_cdf(a, b):
    tables, index = curve(a, b)
    x = np.concatenate([np.linspace(0, 1, 50001), np.geomspace(1e-9, 1e-2, 2000), 1 - np.geomspace(1e-9, 1e-2, 2000)])
    np.testing.assert_allclose(look_up(tables, index, x), stats.beta.cdf(x, a, b), atol=1.05e-11, rtol=0)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (0.8, 3)])
def test_spend_curve__with_an_infinite_slope_is_the_beta_cdf_away_from_it(a, b):
    tables, index = curve(a, b)
    x = np.linspace(1e-6, 1 - 1e-6, 50001)
    np.testing.assert_allclose(look_up(tables, index, x), stats.beta.cdf(x, a, b), atol=1.05e-11, rtol=0)


def test_spend_curve__all_that_the_schema_allows_have_a_table():
    book = TableBook()
    exponents = [0.5, 0.50001, 0.6, 0.8, 0.999, 1, 1.001, 1.2, 1.5, 2, 2.001, 3, 5, 10, 30, 99, 100]
    for a in exponents:
        for b in exponents:
            SpendCurve(a=a, b=b)
            spend_curve_table(book, a, b)


@pytest.mark.parametrize(("a", "b"), [(2, 3), (0.5, 0.5), (30, 2)])
def test_spend_curve__is_monotone_and_spends_all(a, b):
    tables, index = curve(a, b)
    assert np.diff(look_up(tables, index, np.linspace(0, 1, 300001))).min() >= -3e-16
    assert look_up(tables, index, [-0.5, 0.0]).tolist() == [0.0, 0.0]
    np.testing.assert_allclose(look_up(tables, index, [1.0, 1.5]), 1.0, rtol=0, atol=3e-16)


def test_book__packs_tables_one_after_the_other():
    book = TableBook()
    ids = [
        spend_curve_table(book, 2, 3),
        book.add(Law.model_validate(7)),
        book.add(Law.model_validate({"normal": {"mean": 1, "sd": 2}})),
        spend_curve_table(book, 2, 3),
    ]
    tables = book.tables()
    assert ids == [0, 1, 2, 0]
    assert tables.law.dtype == np.int64 and tables.law.tolist() == [[0, 1], [1, 1], [2, 1]]
    assert tables.affine.tolist() == [[0, 1], [7, 1], [1, 2]]
    assert tables.segment[:, 3].tolist() == [0, *np.cumsum(tables.segment[:-1, 2] + 1)]
    assert len(tables.coefficient) == tables.segment[:, 2].sum() + len(tables.segment)


def test_book__empty_has_the_shapes():
    tables = TableBook().tables()
    assert [part.shape for part in tables] == [(0, 2), (0, 2), (0, 4), (0, 4)]


def test_book__only_laws_have_a_report():
    book = TableBook()
    with pytest.raises(ValueError, match="is not a law"):
        book.report(spend_curve_table(book, 2, 3))


def test_kept_segments__are_made_once_and_the_same_to_the_bit(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    law = Law.model_validate({"reference_class": {"mean": 1.2, "tail_share": 0.55, "tail_mean": 2.04}})
    base, calls = laws.distribution(law).base, []

    def build():
        calls.append(1)
        return laws.quantile_segments(base)

    first, again = tables.kept_segments(base, build), tables.kept_segments(base, build)
    assert len(calls) == 1
    for made, kept, fresh in zip(first, again, laws.quantile_segments(base), strict=True):
        assert (made.lower, made.upper) == (kept.lower, kept.upper) == (fresh.lower, fresh.upper)
        assert made.coefficient.tobytes() == kept.coefficient.tobytes() == fresh.coefficient.tobytes()
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-3])
    assert tables.kept_segments(base, build)[0].coefficient.tobytes() == first[0].coefficient.tobytes()
    assert len(calls) == 2
