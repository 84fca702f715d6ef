"""A name of an organisation as words that can be looked up: letters, what they stand for, the character they sound.

Words, legal forms and what words stand for ("intl", "international") come from `rigour`; Han characters are read by
their sound, one word each, and keep the character, since names that sound alike are different names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from goodstanding.linkage import names

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_OTHER = re.compile(r"[^a-z0-9]+")
_STANDS_FOR = ("SYMBOL", "DOMAIN", "NUM")
_MOST_WORDS = 40
_INITIALS = (3, 6)
"""Words of a name that is found by its initials, at least and at most."""
WHOLE = ("=", "@")
"""What terms begin with that are no word of a name: all its letters, its initials."""


class Word(NamedTuple):
    """`letters` in lower case; `means`: what it stands for, empty where it is a word like any; `own`: its character."""

    letters: str
    means: str = ""
    own: str = ""


class Wording(NamedTuple):
    """A name in words, and the legal forms that stood in it."""

    words: tuple[Word, ...]
    forms: frozenset[str]


def worded(name: str) -> Wording:
    """Return the words of a name, of which no more than `names.LONGEST` characters are looked at; perhaps none."""
    return worded_all([name])[0]


def worded_all(named: Sequence[str]) -> list[Wording]:
    """Return the words of each name; many Han names are read much faster at once."""
    plain = [_cut(name) for name in named]
    han = [at for at, name in enumerate(plain) if _HAN.search(name)]
    sounds = names.organisation(pl.Series([plain[at] for at in han], dtype=pl.String)).to_list() if han else []
    read = {at: _han(plain[at], (sound or "").split()) for at, sound in zip(han, sounds, strict=True)}
    return [read[at] if at in read else _tagged(name) for at, name in enumerate(plain)]


def _cut(name: str) -> str:
    readable = name[: names.LONGEST].encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFKC", readable).replace("\0", " ")[: names.LONGEST]


def text_of(wording: Wording) -> str:
    """Return a wording as one line, which `wording_of` reads."""
    return " ".join("~".join(word) for word in wording.words) + "|" + " ".join(sorted(wording.forms))


@lru_cache(maxsize=10_000)
def wording_of(text: str) -> Wording:
    """Read a line that `text_of` wrote."""
    words, _, forms = text.partition("|")
    return Wording(tuple(Word(*word.split("~")) for word in words.split()), frozenset(forms.split()))


def terms(wording: Wording) -> list[str]:
    """Return what a name is found by: words, or what they stand for; neighbouring sounds; initials; all letters."""
    found = [word.means or word.letters for word in wording.words if not word.own]
    sounds = [word.letters for word in wording.words if word.own]
    found += ["".join(sounds[at : at + n]) for n in (2, 3) for at in range(len(sounds) - n + 1)]
    first = "".join(word.letters[0] for word in wording.words if not word.own)
    found += [f"@{first}"] if _INITIALS[0] <= len(first) <= _INITIALS[1] else []
    return [*dict.fromkeys([*found, "=" + "".join(word.letters for word in wording.words)])]


def _tagged(name: str) -> Wording:
    from rigour.names import NameTypeTag, analyze_names
    from rigour.text.translit import ascii_text

    read = analyze_names(NameTypeTag.ORG, [name], phonetics=False)
    if not read:
        return _plain(name)
    parts = max(read, key=lambda one: len(one.parts))
    means: dict[int, str] = {}
    forms, legal = set(), set()
    for span in parts.spans:
        category = str(span.symbol.category.value)
        if category == "ORGCLS":
            forms.add(str(span.symbol.id).replace(" ", "_"))
            legal |= {part.index for part in span.parts}
        elif category in _STANDS_FOR and len(span.parts) == 1:
            means.setdefault(span.parts[0].index, f"{category[0]}:{span.symbol.id}".replace(" ", "_"))
    kept = [part for part in parts.parts if part.index not in legal] or list(parts.parts)
    words = [Word(_bare(part.comparable) or _bare(ascii_text(part.form)), means.get(part.index, "")) for part in kept]
    words = [word for word in words if word.letters][:_MOST_WORDS]
    return Wording(tuple(words), frozenset(forms)) if words else _plain(name)


def _plain(name: str) -> Wording:
    from rigour.text.translit import ascii_text

    return Wording(tuple(Word(word) for word in _bare(ascii_text(name), " ").split()[:_MOST_WORDS]), frozenset())


def _han(name: str, sounds: list[str]) -> Wording:
    """Put characters beside their sounds; what is left at the end, without a sound, is the legal form."""
    own = re.findall(rf"{_HAN.pattern}|[^\W\u3400-\u9fff\uf900-\ufaff]+", name)
    words = [Word(_bare(sound), "", own[at]) for at, sound in enumerate(sounds) if at < len(own)]
    words = [word._replace(own=word.own if _HAN.match(word.own) else "") for word in words if word.letters]
    form = "".join(own[len(sounds) :])
    return Wording(tuple(words[:_MOST_WORDS]), frozenset([form] if form else []))


def _bare(text: str, gap: str = "") -> str:
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return _OTHER.sub(gap, folded)
