"""Every chart by name."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from spvrisk.charts import (
    bearers,
    compare,
    convergence,
    delivery,
    distribution,
    drivers,
    exceedance,
    fan,
    occupancy,
    uncertainty,
    waterfall,
    what_ifs,
)
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
    of_redraws
        Whether it may be of redraws, which no file holds, as well.
    """

    of: Kind
    chart: Callable[..., Chart]
    meaning: str
    of_redraws: bool = False


CHARTS: dict[str, Picture] = {
    "distribution": Picture("result", distribution.distribution, "how a quantity is distributed, and its tail"),
    "exceedance": Picture("result", exceedance.exceedance, "what is exceeded how rarely"),
    "uncertainty": Picture("result", uncertainty.uncertainty, "what is exceeded, over the uncertain inputs"),
    "fan": Picture("result", fan.fan, "the funder's cash over time"),
    "waterfall": Picture("result", waterfall.waterfall, "which projects bring the mean net present value about"),
    "bearers": Picture("result", bearers.bearers, "who bears the loss, on average and in the tail"),
    "tornado": Picture("scenarios", what_ifs.tornado, "which inputs move a measure most"),
    "drivers": Picture("result", drivers.drivers, "which inputs of the run explain most", True),
    "convergence": Picture("result", convergence.convergence, "how figures settle as paths are added"),
    "occupancy": Picture("result", occupancy.occupancy, "in which state regimes are over time, and the events"),
    "scurve": Picture("result", delivery.scurve, "how likely projects hold a cost and a date"),
    "jcl": Picture("result", delivery.jcl, "how likely both are held together"),
    "scenarios": Picture("scenarios", what_ifs.scenarios, "what each scenario changes"),
    "compare": Picture("results", compare.compare, "results side by side, and how they differ"),
}
"""Names of pictures, in the order in which they are listed."""
