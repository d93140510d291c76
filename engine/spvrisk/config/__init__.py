"""What a person writes: YAML 1.2 and CSV tables, read into strict models with the place of every problem."""

from spvrisk.config.laws import Law
from spvrisk.config.loading import Loaded, digest_of, load, load_study, warnings_of
from spvrisk.config.reading.overrides import changed_run
from spvrisk.config.reading.places import Places
from spvrisk.config.study import Study
from spvrisk.config.study.curves import Curve
from spvrisk.config.study.projects import Project

__all__ = [
    "Curve",
    "Law",
    "Loaded",
    "Places",
    "Project",
    "Study",
    "changed_run",
    "digest_of",
    "load",
    "load_study",
    "warnings_of",
]
