"""Numbers, days, names and codes as the policy language writes them: ASCII only, of a sane size, never guessed at."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from goodstanding.policy.expressions import EARLIEST, WORDS, character

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18}|/[0-9]{1,18})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_SIZE = 100
"""Characters of a name or a code at most."""


def number(text: Any) -> Fraction:
    """Read an exact number: 12, -0.5 or 1/3, of at most 18 digits on either side. Raises ValueError."""
    if isinstance(text, int | Fraction) and not isinstance(text, bool):
        return Fraction(text)
    if isinstance(text, str) and _NUMBER.fullmatch(text):
        over, _, under = text.partition("/")
        if not under or int(under):
            return Fraction(over) / int(under or 1)
    raise ValueError("expected a number as 12, -0.5 or 1/3, of at most 18 digits" + _strange(text, "digits"))


def positive(text: Any) -> Fraction:
    """Read an exact number above zero. Raises ValueError."""
    value = number(text)
    if value <= 0:
        raise ValueError("expected a number above zero")
    return value


def day(text: Any) -> dt.date:
    """Read a day of the calendar from 1900 to 9999, as 2020-02-29. Raises ValueError."""
    found = text
    if isinstance(text, str) and _DAY.fullmatch(text):
        try:
            found = dt.date.fromisoformat(text)
        except ValueError:
            raise ValueError("expected a day that the calendar has, as 2020-02-29") from None
    if isinstance(found, dt.date) and not isinstance(found, dt.datetime) and found.year >= EARLIEST:
        return found
    raise ValueError(f"expected a day from {EARLIEST} to 9999, as 2020-02-29" + _strange(text, "digits"))


def wrong_name(text: str) -> str | None:
    """Return why the text is no name for rules, accounts, values, tables and measures, or None."""
    if text in WORDS:
        return f"found {text!r}, a word of the language; expected another name"
    return _wrong(text, _NAME, "a name of ASCII letters, digits and '_', a letter first")


def wrong_code(text: str) -> str | None:
    """Return why the text is no id, code or grade, or None."""
    return _wrong(text, _CODE, "a code of ASCII letters, digits and '_.+-'")


def _wrong(text: str, form: re.Pattern[str], expected: str) -> str | None:
    if form.fullmatch(text) and len(text) <= _SIZE:
        return None
    if len(text) > _SIZE:
        return f"found {len(text):,} characters, expected at most {_SIZE}"
    return f"found {text!r}, expected {expected}" + _strange(text, "characters")


def _strange(text: Any, what: str) -> str:
    """Name the first character that is not ASCII, for it may look like one that is."""
    for at, one in enumerate(text if isinstance(text, str) else "", start=1):
        if not one.isascii():
            return f"; character {at} is {character(one)}, not one of the ASCII {what}"
    return ""


def refused(text: str) -> str | None:
    """Return the first character that no text of a policy may hold, or None.

    Control and format characters (those that turn a line about among them), line separators and noncharacters.
    """
    if text.isprintable():
        return None
    wrong = {
        one
        for one in set(text) - {"\n", "\r", "\t"}
        if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") or one in "\ufffe\uffff"
    }
    return min(wrong, key=text.index, default=None)


Exact = Annotated[Fraction, BeforeValidator(number), WithJsonSchema({"type": ["number", "string"]})]
Positive = Annotated[Fraction, BeforeValidator(positive), WithJsonSchema({"type": ["number", "string"]})]
Day = Annotated[dt.date, BeforeValidator(day)]
