"""What a person writes: YAML 1.2 and CSV tables, read into strict models with the place of every mistake."""

from spvrisk.config.load import load_study
from spvrisk.config.models import Law, Study

__all__ = ["Law", "Study", "load_study"]
