"""What a family says of its laws: where they may lie, their plain means, and which keys it knows."""

import math
from pathlib import Path

import pytest

from spvrisk.config import load
from spvrisk.config.laws import FAMILIES, Law
from spvrisk.errors import InputError

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
LAWS = [
    (3, (3, 3), 3),
    ({"normal": {"mean": 2, "sd": 1}}, (-math.inf, math.inf), 2),
    ({"lognormal": {"median": 2, "sigma": 1}}, (0, math.inf), None),
    ({"uniform": {"min": 2, "max": 4}}, (2, 4), 3),
    ({"triangular": {"min": 0, "mode": 1, "max": 5}}, (0, 5), 2),
    ({"pert": {"min": 0, "mode": 1, "max": 8}}, (0, 8), 2),
    ({"beta": {"a": 1, "b": 3}}, (0, 1), 0.25),
    ({"beta": {"mean": 0.4, "sd": 0.1}}, (0, 1), 0.4),
    ({"gamma": {"shape": 2, "scale": 1}}, (0, math.inf), None),
    ({"weibull": {"shape": 2, "scale": 1}}, (0, math.inf), None),
    ({"exponential": {"mean": 2}}, (0, math.inf), 2),
    ({"poisson": {"mean": 2}}, (0, math.inf), 2),
    ({"student_t": {"degrees_of_freedom": 5, "location": 1, "scale": 1}}, (-math.inf, math.inf), None),
    ({"discrete": {"values": [1, 4], "probabilities": [0.5, 0.5]}}, (1, 4), 2.5),
    ({"empirical": {"values": [1, 4]}}, (1, 4), None),
    ({"reference_class": {"mean": 0.3, "tail_share": 0.1, "tail_mean": 1}}, (0.7, 10), 1.3),
    ({"scipy": {"name": "norm"}}, (-math.inf, math.inf), None),
    (
        {"mixture": [{"weight": 0.5, "law": 1}, {"weight": 0.5, "law": {"exponential": {"mean": 2}}}]},
        (0, math.inf),
        1.5,
    ),
]


@pytest.mark.parametrize(("written", "bounds", "mean"), LAWS, ids=[str(law) for law, _, _ in LAWS])
def test_law__has_the_support_and_the_mean_of_its_family(written, bounds, mean):
    law = Law.model_validate(written)
    assert law.bounds() == bounds
    assert law.plain_mean() == (None if mean is None else pytest.approx(mean))


def test_laws__are_of_every_family():
    assert {Law.model_validate(law).family for law, _, _ in LAWS} == set(FAMILIES)


def test_law__a_truncated_one_has_no_plain_mean():
    law = Law.model_validate({"uniform": {"min": 2, "max": 4}, "truncate": [3, None]})
    assert law.plain_mean() is None and law.bounds() == (3, 4)


def test_slip__may_be_poisson():
    assert load(STARTER, {"agreement.funding.slip": {"poisson": {"mean": 3}}}).study.agreement.funding.slip is not None


def test_problem__of_a_key_that_holds_a_dot(tmp_path):
    text = STARTER.read_text(encoding="utf-8")
    lines = text.split("\n")
    at = next(i for i, line in enumerate(lines) if line.strip().startswith("overrun:"))
    lines[at] = lines[at].partition(":")[0] + ": {\n      log.normal: {mean: 1, sd: 1}}"
    (tmp_path / "study.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(tmp_path / "study.yaml")
    problem = next(item for item in caught.value.problems if item.rule == "is not a family of laws")
    assert problem.path.endswith(".construction.overrun.log.normal") and problem.place == f"study.yaml:{at + 2}"
