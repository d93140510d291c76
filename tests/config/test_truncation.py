"""How a study writes laws: ends of a truncation."""

import json
import math

import pytest
from pydantic import ValidationError

from spvrisk.config.base import inner_problems
from spvrisk.config.laws import Law

LOGNORMAL = {"lognormal": {"mean": 1.2, "sd": 0.25}}


@pytest.mark.parametrize(
    ("written", "kept", "interval"),
    [
        ([0.85, 3], (0.85, 3.0), (0.85, 3.0)),
        ([0.85, None], (0.85, None), (0.85, math.inf)),
        ([0.85, math.inf], (0.85, None), (0.85, math.inf)),
        ([None, 3], (None, 3.0), (-math.inf, 3.0)),
        ([-math.inf, 3], (None, 3.0), (-math.inf, 3.0)),
    ],
)
def test_truncation__an_end_may_be_open(written, kept, interval):
    law = Law.model_validate({**LOGNORMAL, "truncate": written})
    assert law.truncate == kept and law.interval == interval
    assert law.bounds() == (max(0.0, interval[0]), interval[1])
    assert Law.model_validate(json.loads(law.model_dump_json())) == law


@pytest.mark.parametrize(
    ("written", "at", "rule", "remedy"),
    [
        ([3, 0.85], ("truncate",), "low < high", "put them in order"),
        ([math.inf, 3], ("truncate",), "low < high", "put them in order"),
        ([0.85, -math.inf], ("truncate",), "low < high", "put them in order"),
        ([None, None], ("truncate",), "cuts nothing off", "leave truncate out"),
        ([-math.inf, math.inf], ("truncate",), "cuts nothing off", "leave truncate out"),
        ([0.85, "inf"], ("truncate", 1), "must be a number", "null or .inf"),
        ([True, 3], ("truncate", 0), "must be a number", "plain number"),
        ([math.nan, 3], ("truncate", 0), "must be a finite number", "smaller"),
        ([0.85, 1e101], ("truncate", 1), "must be a finite number", "smaller"),
        ([0.85], ("truncate",), "must be two ends", "null for no end"),
        ([0.85, 2, 3], ("truncate",), "must be two ends", "null for no end"),
        (0.85, ("truncate",), "must be two ends", "null for no end"),
        (None, ("truncate",), "must be two ends", "null for no end"),
    ],
)
def test_truncation__what_is_no_interval_is_refused(written, at, rule, remedy):
    with pytest.raises(ValidationError) as caught:
        Law.model_validate({**LOGNORMAL, "truncate": written})
    (problem,) = inner_problems(caught.value)
    assert problem.path == ".".join(map(str, at)) and rule in problem.rule and remedy in problem.remedy
