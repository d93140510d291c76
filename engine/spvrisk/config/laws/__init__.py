"""Laws of random quantities: their families, how a study writes them, and the ranges in which they must lie."""

from spvrisk.config.laws.families import FAMILIES
from spvrisk.config.laws.law import Law, fixed
from spvrisk.config.laws.ranges import Measure, Measured, ShareLaw, Values, plain_measure, reach

__all__ = ["FAMILIES", "Law", "Measure", "Measured", "ShareLaw", "Values", "fixed", "plain_measure", "reach"]
