"""An index from the words of names to the rows that have them: files that are mapped, so that processes share them.

Words stand in it as hashes; a word that was written with one slip is found by the hashes of what is left of it when a
letter is taken away. What is found is a candidate only: `agreement` compares it letter by letter.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import numpy.typing as npt

from goodstanding.facts.errors import InputError
from goodstanding.linkage.wording import WHOLE, Wording, terms

FORM = 3
"""The form of these files: an index of another form is made again."""
_PRIME = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_INVERSE = pow(_PRIME, -1, 1 << 64)
LEAST = 1000
"""Rows that a small index is taken to have: in a few rows nothing can be seen to be common."""
_LONGEST = 24
_SHORTEST = 4
"""Letters of a word that may have been written with a slip."""
_BEGUN = 5
"""Places of letters up to which the beginning of a word is found by itself, from the third on."""
_NAMES: dict[str, type[np.generic]] = {
    "terms": np.uint64,
    "starts": np.int64,
    "rows": np.int32,
    "slips": np.uint64,
    "slipped": np.int32,
    "offsets": np.int64,
    "weights": np.float32,
}
"""The columns of an index, each in a file of its own, and what they hold."""
_ATTEMPTS, _PAUSE = 10, 0.01
"""How often an index that is replaced in this moment is opened, and the seconds between."""
_OPENING = threading.Lock()
"""NumPy reads headers with `ast`, which fails in Python 3.11 where two threads do so at once."""

Numbers = npt.NDArray[np.generic]


def number_of(term: str) -> int:
    """Return the hash of a term, 64 bits: the sum of its bytes, each times a power of one odd number."""
    total = 0
    for byte in reversed(term.encode()):
        total = (total + byte) * _PRIME & _MASK
    return total


def _less_one(word: str) -> list[int]:
    """Return the hashes of a word with one letter taken away, each letter in turn."""
    return [number_of(word[:at] + word[at + 1 :]) for at in range(len(word))]


def slips_of(word: str) -> list[int]:
    """Return the hashes that a word shares with those that one slip makes of it; none for short words."""
    return [number_of(word), *_less_one(word)] if _SHORTEST <= len(word) <= _LONGEST and word.isalpha() else []


def begun_of(word: str) -> list[int]:
    """Return the hash that words which begin with this one share; none for fewer than three letters."""
    return [number_of("^" + word[: _BEGUN + 1])] if len(word) >= 3 and word.isalpha() else []


def weight(rows: Any, size: int) -> Any:
    """Return how much a term weighs that so many of `size` rows have, in bits; numbers or arrays of them."""
    return np.log2((max(size, LEAST) + 1) / (rows + 0.5))


class Postings:
    """A mapped index: rows of a term, terms with one slip, and the line that is kept of each row.

    Raises InputError where the folder holds no index of this form.
    """

    def __init__(self, folder: Path) -> None:
        for _ in range(_ATTEMPTS):
            with _OPENING:
                before, wrong = _which(folder), self._mapped(folder)
                if before == _which(folder) is not None:
                    break
            time.sleep(_PAUSE)
            wrong = wrong or ValueError("it is replaced again and again")
        if wrong:
            raise InputError(f"{folder}: not an index of names ({wrong}); remove the folder, it is made again")

    def _mapped(self, folder: Path) -> Exception | None:
        """Map the files; return what is wrong with them."""
        try:
            self._map(folder)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            return error
        return None

    def _map(self, folder: Path) -> None:
        """Map the files. Raises ValueError and others where they are not whole, or not of this form."""
        told = json.loads((folder / "index.json").read_text())
        if told["form"] != FORM:
            raise ValueError(f"form {told['form']}, expected {FORM}")
        self.size = int(told["rows"])
        self._lines = np.asarray(np.memmap(folder / "lines.bin", mode="r")) if self.size else np.zeros(0, np.uint8)
        for name, kind in _NAMES.items():
            column = np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
            if column.dtype != kind or column.ndim != 1:
                raise ValueError(f"{name}.npy: found {column.dtype}, expected {np.dtype(kind)}")
            setattr(self, f"_{name}", column)
        lengths = {
            "offsets": (len(self._offsets), self.size + 1),
            "weights": (len(self._weights), self.size),
            "starts": (len(self._starts), len(self._terms) + 1),
            "slipped": (len(self._slipped), len(self._slips)),
            "rows": (len(self._rows), int(self._starts[-1])),
            "lines": (len(self._lines), int(self._offsets[-1])),
        }
        for name, (found, expected) in lengths.items():
            if found != expected:
                raise ValueError(f"{name}: found {found}, expected {expected}")

    _terms: npt.NDArray[np.uint64]
    _starts: npt.NDArray[np.int64]
    _rows: npt.NDArray[np.int32]
    _slips: npt.NDArray[np.uint64]
    _slipped: npt.NDArray[np.int32]
    _offsets: npt.NDArray[np.int64]
    _weights: npt.NDArray[np.float32]

    def rows(self, number: int) -> npt.NDArray[np.int32]:
        """Return the rows that have a term, in order; none where the term is unknown."""
        at = int(np.searchsorted(self._terms, np.uint64(number)))
        if at >= len(self._terms) or int(self._terms[at]) != number:
            return self._rows[:0]
        return self._rows[self._starts[at] : self._starts[at + 1]]

    def alike(self, numbers: Sequence[int]) -> Iterator[npt.NDArray[np.int32]]:
        """Yield the rows of each term that shares one of the hashes of a word and its slips."""
        if not numbers:
            return
        sought = np.array(numbers, dtype=np.uint64)
        first, last = np.searchsorted(self._slips, sought), np.searchsorted(self._slips, sought, side="right")
        met = [self._slipped[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True) if a < b]
        for at in np.unique(np.concatenate(met))[:200] if met else ():
            yield self._rows[self._starts[at] : self._starts[at + 1]]

    def weights(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Return how much the words of each row weigh together, in bits."""
        return self._weights[rows]

    def line(self, row: int) -> str:
        """Return the line that was kept of a row."""
        return self._lines[self._offsets[row] : self._offsets[row + 1]].tobytes().decode()


def _which(folder: Path) -> int | None:
    """Return what tells a folder from another that takes its place; None where there is none."""
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def written(rows: Iterable[tuple[Wording, str]], folder: Path) -> None:
    """Write an index of rows, each with a line to keep, into a folder; whole or not at all, in place of what was there.

    Memory: about 100 bytes for each row and 300 for each different word.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made, old = (Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)) for _ in range(2))
    try:
        _fill(rows, made)
        if folder.exists():
            with suppress(OSError):  # another process put it away in the same moment
                os.rename(folder, old / folder.name)
        try:
            os.rename(made, folder)
        except OSError:
            if not (folder / "index.json").exists():  # else another process made it in the same moment
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _fill(rows: Iterable[tuple[Wording, str]], folder: Path) -> None:
    numbered: dict[str, int] = {}
    of, to, offsets, end = array("i"), array("i"), array("q", [0]), 0
    with (folder / "lines.bin").open("wb") as lines:
        for row, (wording, line) in enumerate(rows):
            for term in terms(wording):
                of.append(numbered.setdefault(term, len(numbered)))
                to.append(row)
            end += lines.write(line.encode())
            offsets.append(end)
    hashes = np.fromiter(map(number_of, numbered), np.uint64, len(numbered))
    order = np.argsort(hashes, kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    own = place[np.frombuffer(of, np.int32)] if of else np.zeros(0, np.int32)
    sort = np.argsort(own, kind="stable")
    slips, slipped = _slips(numbered, place)
    counts = np.bincount(own, minlength=len(order))
    size = len(offsets) - 1
    alone = np.fromiter((not term.startswith(WHOLE) for term in numbered), bool, len(numbered))
    bits = np.zeros(len(order))
    bits[place[alone]] = weight(counts[place[alone]], size)
    weights = np.bincount(np.frombuffer(to, np.int32) if to else own, bits[own], size)
    columns: dict[str, npt.NDArray[Any]] = {
        "weights": weights.astype(np.float32),
        "terms": hashes[order],
        "starts": np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        "rows": (np.frombuffer(to, np.int32) if to else own)[sort],
        "slips": slips,
        "slipped": slipped,
        "offsets": np.frombuffer(offsets, np.int64),
    }
    for name, column in columns.items():
        np.save(folder / f"{name}.npy", column)
    (folder / "index.json").write_text(json.dumps({"form": FORM, "rows": size}))


def _slips(numbered: dict[str, int], place: Numbers) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """Return hashes of words and of what one letter less leaves of them, in order, with the term of each."""
    lengths: dict[int, tuple[list[str], list[int]]] = {}
    for word, at in numbered.items():
        if _SHORTEST <= len(word) <= _LONGEST and word.isascii() and word.isalpha():
            words, terms_ = lengths.setdefault(len(word), ([], []))
            words.append(word)
            terms_.append(at)
    hashes, found = [np.zeros(0, np.uint64)], [np.zeros(0, np.int32)]
    for length, (words, terms_) in lengths.items():
        letters = np.frombuffer("".join(words).encode(), np.uint8).reshape(-1, length).astype(np.uint64)
        powers = np.array([pow(_PRIME, at + 1, 1 << 64) for at in range(length)], np.uint64)
        sums = np.cumsum(letters * powers, axis=1, dtype=np.uint64)
        whole = sums[:, -1:]
        before = np.concatenate((np.zeros_like(whole), sums[:, :-1]), axis=1)
        less = before + (whole - sums) * np.uint64(_INVERSE)
        begun = (sums[:, 2 : _BEGUN + 1] + np.uint64(ord("^"))) * np.uint64(_PRIME)
        own = np.concatenate((whole, less, begun), axis=1)
        hashes.append(own.ravel())
        found.append(np.repeat(place[np.array(terms_)], own.shape[1]).astype(np.int32))
    joined, of = np.concatenate(hashes), np.concatenate(found)
    order = np.argsort(joined, kind="stable")
    return joined[order], of[order]
