"""What a person writes: YAML 1.2 and CSV tables, read into strict models with the place of every mistake."""

from spvrisk.config.loading import Loaded, digest_of, load, load_study
from spvrisk.config.models import Curve, Law, Project, Study
from spvrisk.config.reading.overrides import changed_run
from spvrisk.config.reading.places import Places

__all__ = ["Curve", "Law", "Loaded", "Places", "Project", "Study", "changed_run", "digest_of", "load", "load_study"]
