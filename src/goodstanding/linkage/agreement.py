"""How far two names of organisations agree, from 0 to 1, and why: word by word, each weighed by how rare it is.

A word with a slip counts for less the further it is from the other, and for much less where somebody else bears the
word as it was written. What one name merely leaves out counts for less than what the two say differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from goodstanding.linkage import spelling
from goodstanding.linkage.wording import Word, Wording

LIKELY = 0.7
"""The agreement from which a candidate is shown as likely."""
_SLIP, _STOOD_FOR, _JOINED, _SHORTENED, _INITIAL, _SOUND = 0.7, 0.95, 0.97, 0.8, 0.4, 0.3
"""What a word counts for: the least similarity of a slip; standing for the same; joined; cut short; initial; sound."""
_ALL_INITIALS = 0.75
_OMITTED, _DIFFERENT, _OMITTED_CHARACTER, _OTHER_CHARACTER = 1.2, 1.3, 1.5, 3.0
"""How much words without a partner weigh: where one name only has such, where both have; and characters."""
_TELLING = 8.0
"""Bits that a word weighs at least, however common, where the other name says something else."""
_NUMBERS = (1.0, 0.85, 0.6)
"""What is kept of a score where none, one, both of the names have a number that the other has not."""
_TURNED, _TURNED_CHARACTERS, _OTHER_FORM = 0.97, 0.85, 0.95
"""And where the words stand in another order, the characters do, the legal form is another."""
_HEARD = 0.65
"""And where a character only sounds like the other: names that sound alike are different names."""
_KNOWN, _MANY = 0.55, 4.0
"""What is left of the worth of a slip where the word as written is many others', and how many bits lighter that is."""
_SLIP_OF_FOUR = 0.45
"""The worth of a slip in a word of four letters or fewer, most of which make another word."""
_HEARD_ALIKE, _BONES = 0.88, 0.85
"""The worth of words that are spelt otherwise and said alike, and of those with the same consonants."""
_SMALL = 0.25
"""The weight of an article or a preposition, beside other words as rare."""
_COMMON = 0.35
"""The weight of words that say what kind of business it is, beside others as rare."""

Weigh = Callable[[str], float]
"""The weight of a term in bits: the rarer the heavier."""


class Reason(NamedTuple):
    """One thing that speaks for or against: a code (`REASONS`), what was asked and what was found."""

    code: str
    asked: str
    found: str


REASONS: tuple[str, ...] = (
    *("same", "stands-for", "slip", "joined", "shortened", "initials", "sound", "order", "asked-only", "found-only"),
    *("form-same", "form-other", "place-same", "place-other", "place-unknown"),
    *("date-same", "date-other", "date-unknown", "identifier-same", "identifier-other", "identifier-unknown"),
)


class Pairing(NamedTuple):
    """Words that belong together, by place; `worth` from 0 to 1."""

    asked: tuple[int, ...]
    found: tuple[int, ...]
    worth: float
    code: str


class Agreement(NamedTuple):
    """`score` from 0 to 1; `pairs`: words that belong together; `left`: places of those without a partner, by side."""

    score: float
    pairs: tuple[Pairing, ...]
    left: tuple[tuple[int, ...], tuple[int, ...]]

    @property
    def whole(self) -> bool:
        """Whether every word that was asked has its partner."""
        return bool(self.pairs) and not self.left[0]


def agreement(asked: Wording, found: Wording, weigh: Weigh) -> Agreement:
    """Compare a name that was asked with one that was found."""
    pairs, free = _pairings(asked.words, found.words, weigh)
    left = (tuple(sorted(free[0])), tuple(sorted(free[1])))
    shared = there = 0.0
    for pair in pairs:
        both = sum(_weight(asked.words[at], weigh) for at in pair.asked)
        both += sum(_weight(found.words[at], weigh) for at in pair.found)
        shared += pair.worth * both
        there += both
    if not pairs:
        return Agreement(0.0, (), left)
    score = shared / (there + _lacking(asked, found, left, weigh))
    numbers = [any(_numeric(side.words[at]) for at in left[n]) for n, side in enumerate((asked, found))]
    score *= _NUMBERS[sum(numbers)]
    if _turned(pairs):
        score *= _TURNED_CHARACTERS if asked.words[0].own else _TURNED
    if any(pair.code == "sound" and asked.words[pair.asked[0]].own for pair in pairs):
        score *= _HEARD
    if _forms(asked, found) == "form-other":
        score *= _OTHER_FORM
    return Agreement(min(1.0, score), tuple(pairs), left)


def reasons(asked: Wording, found: Wording, agreed: Agreement) -> list[Reason]:
    """Return what speaks for and against, word by word, then order and legal form."""
    told = [Reason(one.code, _said(asked.words, one.asked), _said(found.words, one.found)) for one in agreed.pairs]
    told += [Reason("asked-only", _said(asked.words, [at]), "") for at in agreed.left[0]]
    told += [Reason("found-only", "", _said(found.words, [at])) for at in agreed.left[1]]
    told += [Reason("order", "", "")] if _turned(agreed.pairs) else []
    form = _forms(asked, found)
    return told + ([Reason(form, " ".join(sorted(asked.forms)), " ".join(sorted(found.forms)))] if form else [])


def _lacking(asked: Wording, found: Wording, left: tuple[tuple[int, ...], tuple[int, ...]], weigh: Weigh) -> float:
    """Return what the words without a partner weigh: more where both names have such, and say different things."""
    words = [[side.words[at] for at in left[n]] for n, side in enumerate((asked, found))]
    sums = [sum(_weight(word, weigh) for word in side) for side in words]
    sounds = any(word.own for side in words for word in side)
    omitted = (_OMITTED_CHARACTER if sounds else _OMITTED) * sum(sums)
    if not all(words):
        return omitted
    against = min(sum(_against(word, weigh) for word in side) for side in words)
    return max(omitted, 2 * against * (_OTHER_CHARACTER if sounds else _DIFFERENT))


def _against(word: Word, weigh: Weigh) -> float:
    """Return what a word weighs where the other name says another: another trade is another business."""
    weight = _weight(word, weigh)
    if word.own or len(word.letters) < 3:
        return weight
    return max(weight, _TELLING / 2 if word.means.startswith("S:") else _TELLING)


def _turned(pairs: Sequence[Pairing]) -> bool:
    places = [pair.found[0] for pair in sorted(pairs, key=lambda pair: pair.asked[0])]
    return places != sorted(places)


def _forms(asked: Wording, found: Wording) -> str:
    """Return the code of what legal forms say; forms in characters are too seldom written in full to differ."""
    if not asked.forms or not found.forms:
        return ""
    if asked.forms & found.forms:
        return "form-same"
    return "form-other" if all(form.isascii() for form in asked.forms | found.forms) else ""


def _pairings(asked: Sequence[Word], found: Sequence[Word], weigh: Weigh) -> tuple[list[Pairing], list[set[int]]]:
    """Pair the words of two names, the surest first; a word has one partner. Return pairs, and what is left over."""
    free = [set(range(len(asked))), set(range(len(found)))]
    pairs: list[Pairing] = []
    for same, worth, code in _EQUAL:
        for at in sorted(free[0]) if free[1] else ():
            near = [to for to in free[1] if same(asked[at], found[to])]
            if near:
                to = near[0] if len(near) == 1 else min(near, key=lambda to: abs(to - at))
                pairs.append(Pairing((at,), (to,), worth, code))
                free[0].discard(at)
                free[1].discard(to)
    if all(free):
        _take(_joined(asked, found, free), pairs, free)
    if all(free):
        _take(_close(asked, found, free, weigh), pairs, free)
    if all(free):
        _take(_initials(asked, found, free), pairs, free)
    return sorted(pairs, key=lambda pair: pair.asked), free


def _take(offered: Iterable[Pairing], pairs: list[Pairing], free: list[set[int]]) -> None:
    """Take those of the pairs whose words are free still, the first ones first."""
    for pair in offered:
        if free[0].issuperset(pair.asked) and free[1].issuperset(pair.found):
            pairs.append(pair)
            free[0].difference_update(pair.asked)
            free[1].difference_update(pair.found)


def _close(asked: Sequence[Word], found: Sequence[Word], free: list[set[int]], weigh: Weigh) -> list[Pairing]:
    """Return words that may be one word written twice, the closest first."""
    close = []
    for at in free[0]:
        for to in free[1]:
            worth, code = _closeness(asked[at], found[to], weigh)
            if worth:
                close.append(Pairing((at,), (to,), worth, code))
    return sorted(close, key=lambda pair: (-pair.worth, pair.asked, pair.found))


_EQUAL: tuple[tuple[Callable[[Word, Word], bool], float, str], ...] = (
    (lambda a, b: a.letters == b.letters and (not a.own or not b.own or a.own == b.own), 1.0, "same"),
    (lambda a, b: bool(a.means) and a.means == b.means, _STOOD_FOR, "stands-for"),
    (lambda a, b: a.letters == b.letters, _SOUND, "sound"),
)


def _joined(asked: Sequence[Word], found: Sequence[Word], free: list[set[int]]) -> list[Pairing]:
    """Return words of one name that are several words of the other, written together."""
    pairs = []
    for at in sorted(free[0]) if len(free[1]) > 1 else ():
        for places in _runs(found, free[1], asked[at].letters):
            pairs.append(Pairing((at,), places, _JOINED, "joined"))
    for to in sorted(free[1]) if len(free[0]) > 1 else ():
        for places in _runs(asked, free[0], found[to].letters):
            pairs.append(Pairing(places, (to,), _JOINED, "joined"))
    return pairs


def _runs(words: Sequence[Word], free: set[int], letters: str) -> list[tuple[int, ...]]:
    """Return runs of two to four free words whose letters together are those given, or nearly so."""
    found = []
    for first in sorted(free):
        if first + 1 not in free:
            continue
        whole = ""
        for last in range(first, min(first + 5, len(words))):
            whole += words[last].letters
            if last not in free or len(whole) > len(letters) + 1:
                break
            slip = len(letters) >= 8 and not words[last].own and OSA.distance(whole, letters, score_cutoff=1) <= 1
            near = whole == letters or slip
            if last > first and near:
                found.append(tuple(range(first, last + 1)))
    return found


def _closeness(asked: Word, found: Word, weigh: Weigh) -> tuple[float, str]:
    a, b = asked.letters, found.letters
    if _numeric(asked) or _numeric(found) or asked.own or found.own:
        return 0.0, ""
    shorter, longer = sorted((a, b), key=len)
    if len(shorter) == 1 and longer.startswith(shorter) and len(longer) > 1:
        return _INITIAL, "initials"
    if (asked.bones or found.bones) and _same_bones(asked, found):
        return _BONES, "slip"
    least = _SLIP if len(longer) >= 5 else 0.75
    alike = OSA.normalized_similarity(a, b, score_cutoff=least)
    if len(shorter) >= 3 and alike >= least:
        worth = _SLIP_OF_FOUR if len(longer) <= 4 else alike if a[0] == b[0] else alike**2
        return _said_alike(worth, a, b) * (1 if _plural(shorter, longer) else _unborne(asked, weigh)), "slip"
    if len(shorter) >= 3 and longer.startswith(shorter):
        return _SHORTENED * (len(shorter) / len(longer)) ** 0.5, "shortened"
    if len(shorter) >= 4 and spelling.heard(a) == spelling.heard(b):
        return _HEARD_ALIKE * _unborne(asked, weigh), "slip"
    return 0.0, ""


def _same_bones(asked: Word, found: Word) -> bool:
    one = asked.bones or spelling.bones(asked.letters)
    return len(one) >= 2 and one == (found.bones or spelling.bones(found.letters))


def _said_alike(worth: float, a: str, b: str) -> float:
    return max(worth, _HEARD_ALIKE) if spelling.heard(a) == spelling.heard(b) else worth


def _plural(shorter: str, longer: str) -> bool:
    return longer in (f"{shorter}s", f"{shorter}es", f"{shorter}e", f"{shorter}n", f"{shorter}en")


def _unborne(word: Word, weigh: Weigh) -> float:
    """Return what is left of the worth of a slip: less, the more others bear the word as it was written."""
    if word.means or word.letters in spelling.countries():
        return _KNOWN
    return 1 - (1 - _KNOWN) * min(1.0, (weigh("") - weigh(word.letters)) / _MANY)


def _initials(asked: Sequence[Word], found: Sequence[Word], free: list[set[int]]) -> list[Pairing]:
    """Pair a short word with the first letters of all that is left of the other name, small words counted or not."""
    one, other = (tuple(sorted(side)) for side in free)
    pairs = [Pairing((at,), other, _ALL_INITIALS, "initials") for at in one if _stands(asked[at], found, other)]
    return pairs + [Pairing(one, (to,), _ALL_INITIALS, "initials") for to in other if _stands(found[to], asked, one)]


def _stands(word: Word, words: Sequence[Word], places: tuple[int, ...]) -> bool:
    """Whether a word is the first letters of the others."""
    if not 1 < len(word.letters) <= len(places):
        return False
    chosen = [words[at].letters for at in places]
    large = "".join(one[0] for one in chosen if one not in spelling.SMALL)
    return word.letters == "".join(one[0] for one in chosen) or word.letters == large


def _weight(word: Word, weigh: Weigh) -> float:
    if word.own:
        return 4.0
    if word.letters in spelling.SMALL:
        return _SMALL * weigh(word.letters)
    if word.means and not _numeric(word):
        return _COMMON * weigh(word.means)
    return weigh(word.means or word.letters) * (1 if len(word.letters) > 2 else 0.5)


def _numeric(word: Word) -> bool:
    return word.means.startswith("N:") or word.letters.isdigit()


def _said(words: Sequence[Word], places: Sequence[int]) -> str:
    chosen = [words[at] for at in places]
    return ("" if all(word.own for word in chosen) else " ").join(word.own or word.letters for word in chosen)
