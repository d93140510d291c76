"""What a run keeps."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from spvrisk.catalogue import phrase
from spvrisk.config.base import Lax, Model, distinct, refusal, shown
from spvrisk.config.reading.numerals import meant
from spvrisk.errors import Problem


def _decimal(value: object) -> object:
    """Let a number stand for the decimal text that it prints as."""
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def level_of(text: str) -> str | None:
    """A probability in (0, 1) as the shortest decimal text, or None if it is none.

    Parameters
    ----------
    text
        As a user writes it, such as ``.950``.
    """
    digits = text.strip()
    if not digits.replace(".", "", 1).isdecimal() or not 0 < float(digits) < 1:
        return None
    return "0." + digits.partition(".")[2].rstrip("0")


def _level(text: str) -> str:
    level = level_of(text)
    if level is None:
        number = meant(text)
        fits = number is not None and 0 < float(number) < 1
        remedy = phrase('write "{}"', number) if fits else 'write e.g. "0.95"'
        raise refusal(Problem.at((), "must be a decimal number between 0 and 1", shown(text), remedy))
    return level


Level = Annotated[str, AfterValidator(_level), BeforeValidator(_decimal)]


Levels = Annotated[tuple[Level, ...], AfterValidator(distinct), Lax]


class Output(Model):
    """What a run keeps."""

    quantiles: Levels = Field(
        default=("0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99"),
        description="probabilities of the quantiles, as decimal texts",
    )
    risk_levels: Levels = Field(default=("0.95", "0.99"), description="levels of value at risk and expected shortfall")
    paths: Annotated[tuple[str, ...], AfterValidator(distinct), Lax] | None = Field(
        default=None,
        description="what is kept by path: quantities of every project and the portfolio (npv_funder), of the "
        "portfolio only (portfolio.irr_funder), or of the scheme (npv_funder_local), and inputs "
        "(inputs.cost_multiple); null: a short default list",
    )
