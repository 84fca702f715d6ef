"""The languages of the pages: which one a visitor gets, the messages, and dates and numbers as each writes them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, get_args

import yaml
from babel.dates import format_date, format_datetime
from litestar.connection import ASGIConnection

from goodstanding.facts.catalogue import Language, Words
from goodstanding.policy.phrases import LOCALES, number

LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: dict[Language, str] = {"en": "English", "nl": "Nederlands", "zh": "中文"}
TAGS: dict[Language, str] = {"en": "en", "nl": "nl", "zh": "zh-Hans"}
COOKIE = "language"


@cache
def messages() -> Mapping[str, Words]:
    """Return every message of the pages, by key."""
    content = files("goodstanding.portal").joinpath("words.yaml").read_bytes()
    loaded: dict[str, Words] = yaml.load(content, Loader=yaml.CSafeLoader)
    return loaded


NUMBER = re.compile(r"-?\d+(\.\d+|/\d+)?")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Voice:
    """Speaks one language."""

    language: Language

    @property
    def tag(self) -> str:
        """The language tag for `lang` attributes."""
        return TAGS[self.language]

    def say(self, key: str, /, **parts: object) -> str:
        """Return the message of a key, with its parts filled in."""
        return messages()[key][self.language].format(**parts)

    def code(self, family: str, code: str) -> str:
        """Return the message of a code, `family.code`, or the code itself where it is none of ours."""
        key = f"{family}.{code}"
        return self.say(key) if key in messages() else code

    def word(self, words: Words) -> str:
        """Return words in this language."""
        return words[self.language]

    def date(self, day: dt.date) -> str:
        """Write a calendar day in full."""
        return format_date(day, "long", locale=LOCALES[self.language])

    def moment(self, at: dt.datetime) -> str:
        """Write a moment, to the minute, with its zone."""
        return format_datetime(at, "d MMM y HH:mm z", locale=LOCALES[self.language])

    def month(self, day: dt.date) -> str:
        """Write a month and its year, short."""
        return format_date(day, "yyyy年M月" if self.language == "zh" else "MMM y", locale=LOCALES[self.language])

    def number(self, exact: str | int) -> str:
        """Write an exact number, given as text."""
        return number(Fraction(exact), self.language)

    def signed(self, exact: str) -> str:
        """Write an exact number with its sign; one that is unknown as `?`."""
        if exact == "?":
            return exact
        return ("+" if Fraction(exact) > 0 else "") + self.number(exact)

    def points(self, exact: str, direction: str) -> str:
        """Write points: with their sign where they count for or against, bare where they are a finding."""
        return self.exact(exact) if direction == "neutral" and exact != "?" else self.signed(exact)

    def exact(self, result: str) -> str:
        """Write a result of the arithmetic: a number, a flag, a day or a code, or that it is unknown."""
        if result in ("true", "false"):
            return self.say(f"fact.{result}")
        if DAY.fullmatch(result):
            return self.date(dt.date.fromisoformat(result))
        if result == "?":
            return self.say("entry.unknown")
        return self.number(result) if NUMBER.fullmatch(result) else result

    def sum(self, filled: str) -> str:
        """Write arithmetic with the signs that people write; days stay as they are."""
        return "".join(
            part if DAY.fullmatch(part) else part.replace("-", "−").replace("*", "×") for part in DAYS.split(filled)
        )

    def listed(self, words: Iterable[Words]) -> str:
        """Join words with the comma of the language."""
        return ("、" if self.language == "zh" else ", ").join(dict.fromkeys(word[self.language] for word in words))

    def share(self, exact: str) -> str:
        """Write a share, given as decimal text, in per cent."""
        return number(Fraction(exact) * 100, self.language) + " %"


def language_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Language:
    """Return the visitor's language: asked for in the address, kept in the cookie, or preferred by the browser."""
    wishes = [connection.query_params.get("lang"), connection.cookies.get(COOKIE)]
    wishes += _accepted(connection.headers.get("accept-language", ""))
    return next((language for wish in wishes for language in LANGUAGES if wish == language), "en")


def _accepted(header: str) -> list[str]:
    """Return the languages of an Accept-Language header, without regions, the most wanted first."""
    weighted = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag.partition("-")[0].lower()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]
