"""Every chart by name."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from spvrisk.charts import distribution, exceedance, fan
from spvrisk.charts.chart import Chart

Kind = Literal["result", "scenarios", "results"]


class Picture(NamedTuple):
    """A picture.

    Attributes
    ----------
    of
        What it is of: a result, a dataset of scenarios, or several results.
    chart
        Gives what it shows; what it leaves open are its further arguments.
    meaning
        In a line.
    """

    of: Kind
    chart: Callable[..., Chart]
    meaning: str


CHARTS: dict[str, Picture] = {
    "distribution": Picture("result", distribution.distribution, "how a quantity is distributed, and its tail"),
    "exceedance": Picture("result", exceedance.exceedance, "what is exceeded how rarely"),
    "fan": Picture("result", fan.fan, "the funder's cash over time"),
}
"""Names of pictures, in the order in which they are listed."""
