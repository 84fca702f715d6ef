"""A name of an organisation as words that can be looked up: letters, what they stand for, the character they sound.

Words, legal forms and what words stand for ("intl", "international") come from `rigour`; Han characters are read by
their sound, one word each, and keep the character, since names that sound alike are different names.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from goodstanding.linkage import names, spelling

_HAN = re.compile(f"[{names.HAN}]")
_OTHER = re.compile(r"[^a-z0-9]+")
_STANDS_FOR = ("SYMBOL", "DOMAIN", "NUM")
_MOST_WORDS = 40
_INITIALS = (3, 6)
"""Words of a name that is found by its initials, at least and at most."""
WHOLE = ("=", "@")
"""What terms begin with that are no word of a name: all its letters, its initials."""


class Word(NamedTuple):
    """`letters` in lower case; `means`: what it stands for, empty where it is a word like any; `own`: its character.

    `bones`: the consonants, where it is from a script in which the vowels are not written.
    """

    letters: str
    means: str = ""
    own: str = ""
    bones: str = ""


class Wording(NamedTuple):
    """A name in words, and the legal forms that stood in it."""

    words: tuple[Word, ...]
    forms: frozenset[str]


def worded(name: str) -> Wording:
    """Return the words of a name, of which no more than `names.LONGEST` characters are looked at; perhaps none."""
    plain = names.readable(name)
    return _han(plain) if _HAN.search(plain) else _tagged(plain)


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

    read = analyze_names(NameTypeTag.ORG, [spelling.plain(name)], phonetics=False)
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
    words = [_word(part.form, part.comparable, means.get(part.index, "")) for part in kept]
    words = [word for word in words if word.letters][:_MOST_WORDS]
    if found := spelling.form_at([word.letters for word in words]):
        del words[found[0]]
        forms.add(found[1])
    return Wording(tuple(_counted(words)), frozenset(forms)) if words else _plain(name)


def _word(form: str, comparable: str, means: str) -> Word:
    from rigour.text.translit import ascii_text

    if form.isascii():
        letters = _bare(comparable) or _bare(form)
    else:
        letters = spelling.romanised(form) or _bare(comparable) or _bare(ascii_text(form))
    if not means and letters in spelling.NUMBERS:
        means = f"N:{spelling.NUMBERS[letters]}"
    if form.isascii() or not spelling.vowelless(form):
        return Word(letters, means)
    return Word(letters, means, "", spelling.bones(spelling.without_article(form, letters)))


def _counted(words: list[Word]) -> list[Word]:
    """Make one word of the words of one number: forty-four is 44, two hundred 200."""
    found: list[Word] = []
    for word in words:
        before, number = _number(found[-1]) if found else 0, _number(word)
        if before in range(20, 100, 10) and number in range(1, 10):
            before += number
        elif before in range(1, 10) and number == 100:
            before *= number
        else:
            found.append(word)
            continue
        found[-1] = Word(str(before), f"N:{before}")
    return found


def _number(word: Word) -> int:
    told = word.means.removeprefix("N:")
    return int(told) if told != word.means and told.isdecimal() else 0


def _plain(name: str) -> Wording:
    from rigour.text.translit import ascii_text

    return Wording(tuple(Word(word) for word in _bare(ascii_text(name), " ").split()[:_MOST_WORDS]), frozenset())


def _han(name: str) -> Wording:
    """Put simplified characters beside their sounds, without the legal form."""
    from rigour.names import remove_org_types
    from rigour.text.translit import ascii_text

    core, form = names.bare_organisation(remove_org_types(name.lower()).strip() or name)
    read = names.syllables(core)
    words = []
    for run in re.finditer(rf"{_HAN.pattern}|[^\W{names.HAN}]+", core):
        own = run[0] if _HAN.match(run[0]) else ""
        words.append(Word(_bare(read[run.start()] if own else ascii_text(run[0])), "", own))
    words = [word for word in words if word.letters]
    return Wording(tuple(words[:_MOST_WORDS]), frozenset([form] if form else []))


def _bare(text: str, gap: str = "") -> str:
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return _OTHER.sub(gap, folded)
