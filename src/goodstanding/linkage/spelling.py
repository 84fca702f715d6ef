"""How one organisation may be spelt in several ways: cut short, numbers in words, letters of another script.

What holds for every name stands in `spelling.yaml`. Nothing here decides; `agreement` says what a spelling is worth.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from goodstanding.linkage.names import LONGEST

_TOLD: dict[str, Any] = yaml.safe_load(
    files("goodstanding.linkage").joinpath("spelling.yaml").read_text(encoding="utf-8")
)
SMALL: frozenset[str] = frozenset(_TOLD["small"])
"""Words that say next to nothing: articles, prepositions."""
NUMBERS: dict[str, int] = _TOLD["numbers"]
"""Words for numbers that `rigour` does not list."""
_SHORT: dict[str, str] = _TOLD["short"]
_ENDED = rf"\s*[(,]?\s*\b(?:{'|'.join(_TOLD['ended'])})(?:\)|$)"
_PLAIN = re.compile(
    rf"(?P<short>(?<![\w.])(?:{'|'.join(sorted(map(re.escape, _SHORT), key=len, reverse=True))})(?!\w)\.?)"
    rf"|(?P<saint>^st\b\.?(?=\s))|(?P<second>\bii\b)|(?P<the>,\s*the\s*$)|(?P<ended>{_ENDED})",
    re.IGNORECASE,
)
_GLUED = re.compile(rf"(?<=[a-z]{{3}})(?=(?:{'|'.join(_TOLD['glued'])})\.?(?:\s|$))")
_TWO_NAMES = re.compile(
    rf"\s*[(,]?\s*(?<!\w)(?:{'|'.join(sorted(_TOLD['two_names'], key=len, reverse=True))})(?!\w)[:.]?\s*", re.IGNORECASE
)
TWO_NAMES: frozenset[str] = frozenset(
    word for told in _TOLD["two_names"] for word in (re.split(r"\W+", told)[0], re.sub(r"\W", "", told))
)
"""Words with which `names_in` may find two names: without one of them it need not be asked."""
_FORMS: tuple[tuple[tuple[str, ...], str], ...] = tuple(
    (tuple(str(form).split()), kind) for kind, forms in _TOLD["forms"].items() for form in forms
)
_FOLDED: dict[str, str] = _TOLD["folded"]
_FOLD = re.compile("|".join(map(re.escape, sorted(_FOLDED, key=len, reverse=True))))
_BONES = str.maketrans(_TOLD["bones"])
_INITIALS, _VOWELS, _FINALS = (tuple(text.split(" ")) for text in _TOLD["hangul"])
_HANGUL = range(0xAC00, 0xD7A4)
_VOWELLESS = re.compile(r"[\u0590-\u08ff\u0900-\u0dff]")
"""Scripts in which short vowels are not written, or are where nobody says them: Hebrew, Arabic, those of India."""


def plain(name: str) -> str:
    """Return a name with what was cut short written out, and no number that can be taken for a legal form."""
    return _PLAIN.sub(_written_out, _GLUED.sub(" ", " ".join(name.split())))


def _written_out(found: re.Match[str]) -> str:
    short = found["short"]
    if short:
        return _SHORT.get(short.lower()) or _SHORT[short.lower().rstrip(".")]
    return "saint" if found["saint"] else "2" if found["second"] else ""


def names_in(name: str) -> tuple[str, ...]:
    """Return the two names in "A trading as B" or "A, formerly B"; none where there is one."""
    parts = _TWO_NAMES.split(" ".join(name[:LONGEST].split()), maxsplit=1)
    both = tuple(part.strip(" ()") for part in parts)
    return both if len(both) == 2 and all(both) else ()


def form_at(words: list[str]) -> tuple[slice, str] | None:
    """Return where a legal form stands that `rigour` does not list, first or last among words, and what kind it is."""
    for form, kind in _FORMS:
        size = len(form)
        if size < len(words) and tuple(words[-size:]) == form:
            return slice(len(words) - size, len(words)), kind
        if 1 < size < len(words) and tuple(words[:size]) == form:
            return slice(0, size), kind
    return None


def vowelless(form: str) -> bool:
    """Whether a word is in a script of which the Latin letters are known without the vowels."""
    return bool(_VOWELLESS.search(form))


def without_article(form: str, letters: str) -> str:
    """Return the Latin letters of a word without the Arabic article that is written to it."""
    return letters[2:] if form.startswith("\u0627\u0644") and len(letters) > 4 else letters


@lru_cache(maxsize=50_000)
def heard(letters: str) -> str:
    """Return one spelling for those that transliterations give one word: Belaja, Belaya; Merkantor, Mercantor."""
    return re.sub(r"(.)\1+", r"\1", _FOLD.sub(lambda found: _FOLDED[found[0]], letters))


@lru_cache(maxsize=50_000)
def bones(letters: str) -> str:
    """Return the consonants of a word, those as one that scripts do not tell apart."""
    return re.sub(r"(.)\1+", r"\1", letters).translate(_BONES)


def romanised(text: str) -> str:
    """Return Hangul syllables in Latin letters, each by itself (Revised Romanisation); empty where one is none."""
    said = []
    for letter in text:
        at = ord(letter) - _HANGUL.start
        if ord(letter) not in _HANGUL:
            return ""
        said.append(_INITIALS[at // 588] + _VOWELS[at % 588 // 28] + _FINALS[at % 28])
    return "".join(said).replace("-", "")


@cache
def countries() -> frozenset[str]:
    """Return the names of countries and territories that are one word, in English and lower case."""
    from rigour.territories import get_territories

    return frozenset(one.name.lower() for one in get_territories() if one.name.isalpha())
