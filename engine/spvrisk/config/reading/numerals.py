"""Numbers as people write them: what a text must mean, and hundredths to the last digit.

A message that tells somebody what to write must not name another number than the one that was meant. A text is read in
every way in which numbers are written; where more than one number comes out, none is named.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from spvrisk.catalogue import phrase

_DIGITS = r"[0-9]+"
_EXPONENT = r"(?:[eE][-+]?[0-9]{1,3})?"
_TAIL = rf"(?P<exponent>{_EXPONENT})(?P<per_cent> ?%)?"
_GROUPED = r"[0-9]{1,3}(?:SEPARATOR[0-9]{3})+"

_POINT = re.compile(rf"(?P<whole>{_DIGITS}|)(?:\.(?P<part>[0-9]*))?{_TAIL}")
_COMMA = re.compile(rf"(?P<whole>{_DIGITS}|),(?P<part>{_DIGITS}){_TAIL}")
_READINGS = (
    _POINT,
    _COMMA,
    *(re.compile(rf"(?P<whole>{_GROUPED.replace('SEPARATOR', s)})(?:[.,](?P<part>[0-9]+))?{_TAIL}") for s in " '_"),
    re.compile(rf"(?P<whole>{_GROUPED.replace('SEPARATOR', ',')})(?:\.(?P<part>[0-9]+))?{_TAIL}"),
    re.compile(rf"(?P<whole>{_GROUPED.replace('SEPARATOR', '[.]')})(?:,(?P<part>[0-9]+))?{_TAIL}"),
)
"""A point, a comma; groups of three between spaces, apostrophes or lines; between commas; between points."""

_LONGEST = 40
"""Characters of a number that a message names."""
_OTHER_MEANING = ("<super>", "<sub>", "<circle>", "<fraction>")
"""Characters that stand for a digit in another place than the digit itself does: a square is no 2."""


def written(number: Decimal) -> str:
    """Write a number in full, without a trailing zero: ``0.05``.

    Parameters
    ----------
    number
        Of any exponent.

    Examples
    --------
    >>> written(Decimal("400.50")), written(Decimal("2e4")), written(Decimal("-0.0"))
    ('400.5', '20000', '0')
    """
    if not number:
        return "0"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def hundredth(value: float) -> str:
    """Write a hundredth of a value, to the last digit that the value was written with.

    Parameters
    ----------
    value
        As it was read from the study.

    Examples
    --------
    >>> hundredth(12.3456789), hundredth(55.0), hundredth(3)
    ('0.123456789', '0.55', '0.03')
    """
    return multiple(value, "0.01")


def per_cent_remedy(value: float) -> str:
    """Remedy for a number that may have been meant as a percentage.

    Parameters
    ----------
    value
        As it was read from the study.

    Examples
    --------
    >>> per_cent_remedy(0.75)
    'for 0.75 % write 0.0075'
    """
    return phrase("for {} % write {}", multiple(value, "1"), hundredth(value))


def multiple(value: float, factor: str) -> str:
    """Write a decimal multiple of a value, to the last digit.

    Parameters
    ----------
    value
        As it was read from the study.
    factor
        In decimals, so that no digit is rounded.

    Examples
    --------
    >>> multiple(33.3456789, "1000")
    '33345.6789'
    """
    return written(Decimal(repr(value)) * Decimal(factor))


def meant(text: str, whole: bool = False) -> str | None:
    """Write the number that a text must mean as a study file has it; None where it may mean several, or none.

    Parameters
    ----------
    text
        What somebody wrote, such as ``0,05``, ``1 234,5`` or ``5 %``.
    whole
        Whether the number can only be a whole one.

    Examples
    --------
    >>> meant("0,05"), meant("1.234,5"), meant("1 234,5"), meant("\uff14\uff10\uff10"), meant("12,5 %")
    ('0.05', '1234.5', '1234.5', '400', '0.125')
    >>> meant("1,200") is None, meant("1,200", whole=True), meant("10,000", whole=True) is None
    (True, '1200', True)
    """
    found = _meanings(text, whole)
    return found.pop() if len(found) == 1 else None


def number_remedy(value: object, otherwise: str, whole: bool = False) -> str:
    """Remedy for what should be a number: that number where it is certain, else `otherwise`.

    Parameters
    ----------
    value
        What the study has in a number's place.
    otherwise
        What to say where it can be read as no number.
    whole
        Whether only a whole number would do.

    Examples
    --------
    >>> number_remedy("0,05", "write a plain number")
    'write 0.05'
    >>> number_remedy("1,200", "write a plain number")
    'write a point before decimals and nothing between thousands'
    """
    found = _meanings(value, whole) if isinstance(value, str) else set()
    if len(found) == 1:
        return phrase("write {}", found.pop())
    return phrase("write a point before decimals and nothing between thousands") if found else otherwise


def _meanings(text: str, whole: bool) -> set[str]:
    """Numbers that a text may mean."""
    plain = _plain(text)
    if len(plain) > _LONGEST:
        return set()
    sign = "-" if plain.startswith("-") else ""
    found = (Decimal(sign + "1") * number for number in _readings(plain.removeprefix(sign or "+")))
    texts = {written(number) for number in found if not whole or number == number.to_integral_value()}
    return {text for text in texts if len(text) <= _LONGEST}


def _plain(text: str) -> str:
    """Text with the digits, spaces and signs of a keyboard in place of full-width digits, thin spaces and the like."""
    if any(unicodedata.decomposition(c).startswith(_OTHER_MEANING) for c in text):
        return text
    folded = unicodedata.normalize("NFKC", text).translate({0x2212: "-", 0x2019: "'", 0x066B: ".", 0x066C: "'"})
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded).strip()


def _readings(text: str) -> Iterator[Decimal]:
    """Numbers that an unsigned text may mean; a text that the language of study files reads means that."""
    is_plain = _POINT.fullmatch(text) and re.search("[0-9]", text)
    for form in (_POINT,) if is_plain else _READINGS:
        match = form.fullmatch(text)
        if match is None or not (match["whole"] or match["part"]):
            continue
        if form is not _POINT and form is not _COMMA and match["whole"].startswith("0"):
            continue  # nobody groups the digits of 0.050
        digits = re.sub("[^0-9]", "", match["whole"]) or "0"
        number = Decimal(f"{digits}.{match['part'] or '0'}{match['exponent']}")
        yield number / 100 if match["per_cent"] else number
