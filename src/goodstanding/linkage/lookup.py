"""Looking up an organisation by its name, place and date among a million: candidates, how far they agree, and why.

Never of persons: whoever builds an index puts organisations in it that may be found by anybody. A candidate is for a
person, or for a rule that asks for more, to decide on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from goodstanding.linkage.agreement import Agreement, Reason, agreement, reasons
from goodstanding.linkage.postings import Postings, begun_of, number_of, slips_of, weight, written
from goodstanding.linkage.spelling import TWO_NAMES, names_in
from goodstanding.linkage.wording import WHOLE, Wording, terms, text_of, worded, wording_of

_POSTINGS = 10_000
"""Rows that the rarest words of a name may propose; words beyond that only confirm."""
_CONFIRMED, _COMPARED = 1_000, 30
"""Rows in which the other words are looked for, and those that are compared letter by letter."""
_AT_LEAST, _SURE = 10, 0.9
"""Rows that are compared at least; the others only as long as none agrees so far."""
_BATCH = 10_000
_ONE_OF_TWO = 0.97
"""What is kept of a score where one of the two names that a side says ("A trading as B") agrees."""


class Asked(NamedTuple):
    """Who is looked for: what is empty is not known. `date` as YYYY-MM-DD."""

    name: str
    place: str = ""
    date: str = ""
    identifier: str = ""


class Entry(NamedTuple):
    """An organisation that may be found, under one of its names; `key` says which it is."""

    key: str
    name: str
    place: str = ""
    date: str = ""
    identifier: str = ""


class Candidate(NamedTuple):
    """An organisation that was found: `score` from 0 to 1; `whole`: whether every word that was asked has a partner."""

    entry: Entry
    score: float
    whole: bool
    reasons: tuple[Reason, ...]


class _Compared(NamedTuple):
    score: float
    entry: Entry
    asked: Wording
    found: Wording
    named: Agreement


def _told(asked: Asked, one: _Compared) -> Candidate:
    """Add the reasons."""
    told = reasons(one.asked, one.found, one.named)
    for what, same, *_ in _OTHERS:
        mine, theirs = getattr(asked, what), getattr(one.entry, what)
        if mine:
            how = "unknown" if not theirs else "same" if same(mine, theirs) else "other"
            told.append(Reason(f"{what}-{how}", mine, theirs))
    return Candidate(one.entry, one.score, one.named.whole, tuple(told))


def compared(asked: Asked, entry: Entry) -> Candidate:
    """Compare two names by themselves, beside no register: no word is taken to be rarer than another.

    `Candidate.score` is from 0 to 1 (`agreement.LIKELY`: likely the same); `reasons` say why.
    """
    return Lookup([]).compare(asked, entry)


def _wordings(name: str, wording: Wording) -> list[Wording]:
    """Return a name's words, and those of each of the two names that it may say."""
    if not any(word.letters in TWO_NAMES for word in wording.words):
        return [wording]
    return [wording, *map(worded, names_in(name))]


def build(entries: Iterable[Entry], folder: Path) -> None:
    """Write an index of entries into a folder, in place of what was there: minutes and 1 GB for a million."""
    written(_rows(entries), folder)


def _rows(entries: Iterable[Entry]) -> Iterator[tuple[Wording, str]]:
    left = iter(entries)
    while some := list(islice(left, _BATCH)):
        for entry in some:
            readable = [cell.encode("utf-8", "replace").decode() for cell in entry]
            wording = worded(entry.name)
            yield wording, json.dumps([*readable, text_of(wording)], ensure_ascii=False)


class Lookup:
    """One or more indexes that are asked together; they may be shared by threads and processes."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._parts = [Postings(folder) for folder in folders]
        self.size = sum(part.size for part in self._parts)
        self._weigh = lru_cache(maxsize=100_000)(self._weight)
        self._scratch = threading.local()

    def find(self, asked: Asked, limit: int = 10, least: float = 0.0) -> list[Candidate]:
        """Return those that may be who is asked for, the likeliest first; none for a name without letters.

        Takes the same time for any text: only `names.LONGEST` characters are looked at.
        """
        wording = worded(asked.name)
        if not wording.words:
            return []
        best: dict[str, _Compared] = {}
        wordings = _wordings(asked.name, wording)
        for part in self._parts:
            for seen, row in enumerate(self._proposed(part, wording, max(limit, _COMPARED))):
                if seen >= max(limit, _AT_LEAST) and any(one.score >= _SURE for one in best.values()):
                    break
                *cells, text = json.loads(part.line(row))
                found = self._compared(asked, wordings, Entry(*cells), wording_of(text))
                known = best.get(found.entry.key)
                if found.score >= least and (known is None or found.score > known.score):
                    best[found.entry.key] = found
        chosen = sorted(best.values(), key=lambda one: (-one.score, one.entry.name, one.entry.key))[:limit]
        return [_told(asked, one) for one in chosen]

    def compare(self, asked: Asked, entry: Entry) -> Candidate:
        """Compare who is asked for with an entry that need not be in the index, whose words weigh as they do in it."""
        wordings = _wordings(asked.name, worded(asked.name))
        return _told(asked, self._compared(asked, wordings, entry, worded(entry.name)))

    def _compared(self, asked: Asked, wordings: list[Wording], entry: Entry, found: Wording) -> _Compared:
        mine_, theirs_, named = self._named(wordings, _wordings(entry.name, found))
        score = named.score
        for what, same, gain, loss in _OTHERS:
            mine, theirs = getattr(asked, what), getattr(entry, what)
            if mine and theirs:
                score = score + (1 - score) * gain * score if same(mine, theirs) else score * loss
        return _Compared(round(score, 4), entry, mine_, theirs_, named)

    def _named(self, asked: list[Wording], found: list[Wording]) -> tuple[Wording, Wording, Agreement]:
        """Return the names of both sides that agree best, and how far."""
        best = asked[0], found[0], agreement(asked[0], found[0], self._weigh)
        for at, one in enumerate(asked):
            for to, other in enumerate(found):
                if at or to:
                    named = agreement(one, other, self._weigh)
                    if named.score * _ONE_OF_TWO > best[2].score:
                        best = one, other, named._replace(score=named.score * _ONE_OF_TWO)
        return best

    def _weight(self, term: str) -> float:
        rows = sum(len(part.rows(number_of(term))) for part in self._parts) if term else 0
        return float(weight(rows, self.size))

    def _proposed(self, part: Postings, wording: Wording, most: int) -> list[int]:
        """Return the rows of a part that share most, by rarity: the rarest words propose, the others confirm."""
        lists = sorted(self._lists(part, wording), key=lambda one: len(one[0]))
        ends = np.cumsum([len(rows) for rows, _ in lists])
        taken = max(1, int(np.searchsorted(ends, _POSTINGS, side="right")))
        offered = [rows[:_POSTINGS] for rows, _ in lists[:taken]]
        if not offered:
            return []
        sums = self._sums(part.size)
        for rows, bits in zip(offered, (bits for _, bits in lists), strict=False):
            sums[rows] += bits
        rows = np.concatenate(offered)
        own = sum(self._weigh(term) for term in terms(wording) if not term.startswith(WHOLE))
        found, shares = _best(rows, sums[rows], own + part.weights(rows), _CONFIRMED)
        sums[rows] = 0
        for more, bits in lists[taken:]:
            at = np.minimum(np.searchsorted(more, found), len(more) - 1)
            shares += bits * (more[at] == found)
        return [int(row) for row in _best(found, shares, own + part.weights(found), most)[0]]

    def _sums(self, size: int) -> npt.NDArray[np.float32]:
        """Return zeros for each row, kept for this thread."""
        kept = self._scratch.__dict__.setdefault("sums", {})
        if size not in kept:
            kept[size] = np.zeros(size, np.float32)
        zeros: npt.NDArray[np.float32] = kept[size]
        return zeros

    def _lists(self, part: Postings, wording: Wording) -> Iterator[tuple[npt.NDArray[np.int32], float]]:
        """Yield the rows that each word, its slips, its parts and its neighbours lead to, with what that weighs."""
        plain = [word.letters for word in wording.words if not word.own]
        together = ["".join(pair) for n in (2, 3) for pair in zip(*(plain[at:] for at in range(n)), strict=False)]
        for term in dict.fromkeys([*terms(wording), *together]):
            rows = part.rows(number_of(term))
            if len(rows):
                yield rows, float(weight(len(rows), part.size))
        if len(plain) == 1 and len(rows := part.rows(number_of(f"@{plain[0]}"))):
            yield rows, float(weight(len(rows), part.size))
        for at, letters in enumerate(plain):
            begun = begun_of(letters) if at == len(plain) - 1 else []
            for rows in part.alike([*slips_of(letters), *begun]):
                yield rows, 0.6 * float(weight(len(rows), part.size))
            if len(letters) >= 6 and not len(part.rows(number_of(letters))):
                for cut in range(3, len(letters) - 2):
                    for half in (letters[:cut], letters[cut:]):
                        rows = part.rows(number_of(half))
                        if len(rows):
                            yield rows, 0.4 * float(weight(len(rows), part.size))


def _best(
    rows: npt.NDArray[np.int32], shares: npt.NDArray[np.float32], whole: npt.NDArray[np.float32], most: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return the different rows with the largest share of what the words of both names weigh, and what they share."""
    value = shares / (whole + 1)
    if len(rows) > 4 * most:
        chosen = np.argpartition(-value, 4 * most)[: 4 * most]
        rows, shares, value = rows[chosen], shares[chosen], value[chosen]
    rows, first = np.unique(rows, return_index=True)
    order = np.argsort(-value[first], kind="stable")[:most]
    return rows[order], shares[first][order]


def _near(one: str, other: str) -> bool:
    a, b = ("".join(word.letters for word in worded(text).words) for text in (one, other))
    return a == b or (bool(a and b) and (OSA.normalized_similarity(a, b) >= 0.8 or a in b or b in a))


def _same_number(one: str, other: str) -> bool:
    a, b = ("".join(filter(str.isalnum, text)).upper() for text in (one, other))
    return a == b


_OTHERS = (
    ("place", _near, 0.3, 0.85),
    ("date", _same_number, 0.5, 0.75),
    ("identifier", _same_number, 0.9, 0.5),
)
"""What else is compared: how, what is gained where it is the same, and kept where it is another."""
