"""A catalogue whose every text is dots: what is seen of words has not come from it."""

import re
from string import Formatter


class Masked:
    """Stands for the translations into a language."""

    def gettext(self, text):
        parts = Formatter().parse(text)
        return "".join(_dots(literal) + _braces(field, form) for literal, field, form, _ in parts)

    def ngettext(self, one, many, _):
        return self.gettext(one)


def _dots(literal):
    return re.sub(r"[^\W\d_]", "·", literal.replace("{", "{{").replace("}", "}}"))


def _braces(field, form):
    return "" if field is None else f"{{{field}{':' * bool(form)}{form or ''}}}"


def words_of(text):
    """Words of a text that are no options, files or names of several parts."""
    return set(re.findall(r"(?<![\w./*:@=+-])[A-Za-z][a-z]+(?![\w./*:@=(-])", text))
