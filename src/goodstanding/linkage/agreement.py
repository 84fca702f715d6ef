"""How far two names of organisations agree, from 0 to 1, and why: word by word, each weighed by how rare it is.

A word with a slip counts for less the further it is from the other, and for much less where somebody else bears the
word as it was written. What one name merely leaves out counts for less than what the two say differently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from goodstanding.linkage.wording import Word, Wording

LIKELY = 0.7
"""The agreement from which a candidate is shown as likely."""
_SLIP, _STOOD_FOR, _JOINED, _SHORTENED, _INITIAL, _SOUND = 0.7, 0.95, 0.97, 0.8, 0.4, 0.55
"""What a word counts for: the least similarity of a slip; standing for the same; joined; cut short; initial; sound."""
_LEFT_OUT, _DIFFERENT, _OTHER_CHARACTER = 0.55, 1.3, 2.5
"""How much words without a partner weigh: where one name only has such, where both have, and characters."""
_KNOWN = 0.55
"""What is left of the worth of a slip where the word as written is a name's word elsewhere."""
_COMMON = 0.35
"""The weight of words that say what kind of business it is, beside others as rare."""

Weigh = Callable[[str], float]
"""The weight of a term in bits: the rarer the heavier."""


class Reason(NamedTuple):
    """One thing that speaks for or against: a code (`REASONS`), what was asked and what was found."""

    code: str
    asked: str
    found: str


REASONS = ("same", "stands-for", "slip", "joined", "shortened", "initials", "sound", "order", "asked-only", "found-only")
REASONS += ("number-other", "form-same", "form-other", "place-same", "place-other", "date-same", "date-other")
REASONS += ("identifier-same", "identifier-other")


class Agreement(NamedTuple):
    """`score` from 0 to 1; `whole`: whether every word that was asked has its partner."""

    score: float
    whole: bool
    reasons: tuple[Reason, ...]


class Pairing(NamedTuple):
    """Words that belong together, by place; `worth` from 0 to 1."""

    asked: tuple[int, ...]
    found: tuple[int, ...]
    worth: float
    code: str


def agreement(asked: Wording, found: Wording, weigh: Weigh) -> Agreement:
    """Compare a name that was asked with one that was found."""
    pairs = _pairings(asked.words, found.words, weigh)
    weights = [[_weight(word, weigh) for word in side.words] for side in (asked, found)]
    left = [
        [at for at in range(len(side.words)) if not any(at in pair[which] for pair in pairs)]
        for which, side in enumerate((asked, found))
    ]
    shared = sum(
        pair.worth * (sum(weights[0][at] for at in pair.asked) + sum(weights[1][at] for at in pair.found))
        for pair in pairs
    )
    there = sum(
        sum(weights[0][at] for at in pair.asked) + sum(weights[1][at] for at in pair.found) for pair in pairs
    )
    lacking = _lacking(asked, found, left, weights)
    score = shared / (there + lacking) if there else 0.0
    reasons = [
        Reason(pair.code, _said(asked.words, pair.asked), _said(found.words, pair.found)) for pair in pairs
    ]
    reasons += [Reason("asked-only", _said([asked.words[at]], [0]), "") for at in left[0]]
    reasons += [Reason("found-only", "", _said([found.words[at]], [0])) for at in left[1]]
    score, more = _corrected(score, asked, found, pairs, left)
    return Agreement(max(0.0, min(1.0, score)), not left[0] and bool(pairs), tuple(reasons + more))


def _lacking(asked: Wording, found: Wording, left: list[list[int]], weights: list[list[float]]) -> float:
    """Return what the words without a partner weigh."""
    sums = [sum(weights[side][at] for at in left[side]) for side in (0, 1)]
    if not all(sums):
        return _LEFT_OUT * sum(sums)
    against = min(sums)
    sounds = any(asked.words[at].own for at in left[0]) or any(found.words[at].own for at in left[1])
    factor = _OTHER_CHARACTER if sounds else _DIFFERENT
    return factor * 2 * against + _LEFT_OUT * (sum(sums) - 2 * against)


def _corrected(
    score: float, asked: Wording, found: Wording, pairs: Sequence[Pairing], left: list[list[int]]
) -> tuple[float, list[Reason]]:
    more: list[Reason] = []
    numbers = [{side.words[at].letters for at in left[n] if _numeric(side.words[at])} for n, side in enumerate((asked, found))]
    if all(numbers):
        score *= 0.6
        more.append(Reason("number-other", " ".join(sorted(numbers[0])), " ".join(sorted(numbers[1]))))
    elif any(numbers):
        score *= 0.85
    in_order = [pair.found[0] for pair in sorted(pairs, key=lambda pair: pair.asked[0])]
    if in_order != sorted(in_order):
        score *= 0.85 if asked.words[0].own else 0.97
        more.append(Reason("order", "", ""))
    if asked.forms and found.forms:
        same = bool(asked.forms & found.forms) or any(not form.isascii() for form in asked.forms ^ found.forms)
        score *= 1 if same else 0.95
        if asked.forms & found.forms:
            more.append(Reason("form-same", " ".join(sorted(asked.forms)), " ".join(sorted(found.forms))))
        elif not same:
            more.append(Reason("form-other", " ".join(sorted(asked.forms)), " ".join(sorted(found.forms))))
    return score, more


def _pairings(asked: Sequence[Word], found: Sequence[Word], weigh: Weigh) -> list[Pairing]:
    """Pair the words of two names, the surest first; a word has one partner."""
    free = [set(range(len(asked))), set(range(len(found)))]
    pairs: list[Pairing] = []

    def take(pair: Pairing) -> None:
        pairs.append(pair)
        free[0].difference_update(pair.asked)
        free[1].difference_update(pair.found)

    for same, worth, code in _EQUAL:
        for at in sorted(free[0]):
            near = sorted(free[1], key=lambda to: abs(to - at))
            if (to := next((to for to in near if same(asked[at], found[to])), None)) is not None:
                take(Pairing((at,), (to,), worth, code))
    for pair in _joined(asked, found, free):
        if set(pair.asked) <= free[0] and set(pair.found) <= free[1]:
            take(pair)
    close = [
        Pairing((at,), (to,), worth, code)
        for at in free[0]
        for to in free[1]
        for worth, code in [_closeness(asked[at], found[to], weigh)]
        if worth > 0
    ]
    for pair in sorted(close, key=lambda pair: (-pair.worth, pair.asked, pair.found)):
        if set(pair.asked) <= free[0] and set(pair.found) <= free[1]:
            take(pair)
    if initials := _initials(asked, found, free):
        take(initials)
    return sorted(pairs, key=lambda pair: pair.asked)


_EQUAL: tuple[tuple[Callable[[Word, Word], bool], float, str], ...] = (
    (lambda a, b: a.letters == b.letters and (not a.own or not b.own or a.own == b.own), 1.0, "same"),
    (lambda a, b: bool(a.means) and a.means == b.means, _STOOD_FOR, "stands-for"),
    (lambda a, b: a.letters == b.letters, _SOUND, "sound"),
)


def _joined(asked: Sequence[Word], found: Sequence[Word], free: list[set[int]]) -> list[Pairing]:
    """Return words of one name that are several words of the other, written together."""
    pairs = []
    for at in sorted(free[0]):
        for places in _runs(found, free[1], asked[at].letters):
            pairs.append(Pairing((at,), places, _JOINED, "joined"))
    for to in sorted(free[1]):
        for places in _runs(asked, free[0], found[to].letters):
            pairs.append(Pairing(places, (to,), _JOINED, "joined"))
    return pairs


def _runs(words: Sequence[Word], free: set[int], letters: str) -> list[tuple[int, ...]]:
    """Return runs of two to four free words whose letters together are those given, or nearly so."""
    found = []
    for first in sorted(free):
        whole = ""
        for last in range(first, min(first + 5, len(words))):
            whole += words[last].letters
            if last not in free or len(whole) > len(letters) + 1:
                break
            near = whole == letters or (len(letters) >= 8 and OSA.distance(whole, letters, score_cutoff=1) <= 1)
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
    least = _SLIP if len(longer) >= 5 else 0.75
    alike = OSA.normalized_similarity(a, b, score_cutoff=least)
    if len(shorter) >= 3 and alike >= least:
        worth = alike if a[0] == b[0] else alike**2
        return worth * (_KNOWN if _borne(asked, weigh) and not _plural(shorter, longer) else 1), "slip"
    if len(shorter) >= 3 and longer.startswith(shorter):
        return _SHORTENED * (0.75 if _borne(asked, weigh) else 1), "shortened"
    return 0.0, ""


def _plural(shorter: str, longer: str) -> bool:
    return longer in (f"{shorter}s", f"{shorter}es", f"{shorter}e", f"{shorter}n", f"{shorter}en")


def _borne(word: Word, weigh: Weigh) -> bool:
    """Whether others bear the word as it was written."""
    return bool(word.means) or weigh(word.letters) < weigh("") - 1


def _initials(asked: Sequence[Word], found: Sequence[Word], free: list[set[int]]) -> Pairing | None:
    """Pair one short word with the first letters of all that is left of the other name."""
    for mine, theirs, turned in ((0, 1, False), (1, 0, True)):
        sides = (asked, found)
        if len(free[mine]) != 1 or len(free[theirs]) < 2:
            continue
        (one,), many = tuple(free[mine]), tuple(sorted(free[theirs]))
        if sides[mine][one].letters == "".join(sides[theirs][at].letters[0] for at in many):
            return Pairing(many, (one,), 0.75, "initials") if turned else Pairing((one,), many, 0.75, "initials")
    return None


def _weight(word: Word, weigh: Weigh) -> float:
    if word.own:
        return 4.0
    if word.means and not _numeric(word):
        return _COMMON * weigh(word.means)
    return weigh(word.means or word.letters) * (1 if len(word.letters) > 2 else 0.5)


def _numeric(word: Word) -> bool:
    return word.means.startswith("N:") or word.letters.isdigit()


def _said(words: Sequence[Word], places: Sequence[int]) -> str:
    chosen = [words[at] for at in places]
    return ("" if all(word.own for word in chosen) else " ").join(word.own or word.letters for word in chosen)
