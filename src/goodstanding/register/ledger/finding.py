"""The index by which organisations of a register are looked up: kept in the cache folder, made from the ledger alone.

Only what may be published is in it: nobody who is a person, or may be one, is ever looked up by likeness. It stands
in parts, each over a range of subjects; subjects that came since make a part of their own, and small parts become one.
Every process maps the same files. A part whose last subject is not the register's (a backup was put back) is made anew.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl
import sqlalchemy as sa

from goodstanding.engine.compiled.running import cache_folder
from goodstanding.facts.errors import InputError
from goodstanding.linkage.lookup import Asked, Candidate, Entry, Lookup, build
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_out

_SMALLER = 4
"""A part is joined with the one after it unless it is so many times as large."""
_LOCK = threading.Lock()
_OPEN: dict[Path, tuple[tuple[_Part, ...], Lookup]] = {}


class _Part(NamedTuple):
    """A part over the subjects from `first` to `last`; `ends` names the content of the last."""

    first: int
    last: int
    ends: str

    @property
    def name(self) -> str:
        return f"{self.first}-{self.last}-{self.ends}"

    @property
    def size(self) -> int:
        return self.last - self.first + 1


def candidates(connection: sa.Connection, asked: Asked, limit: int) -> list[Candidate]:
    """Return the subjects that may be who is asked for, the likeliest first; the key of an entry is the subject's id.

    The first time in a register's life this reads all its organisations: minutes for a million. Raises InputError
    where the cache folder cannot be written to.
    """
    newest = connection.execute(sa.select(sa.func.max(schema.subject.c.id))).scalar_one() or 0
    return _current(connection, _folder(connection), newest).find(asked, limit)


def _folder(connection: sa.Connection) -> Path:
    """Return where the index of this register is kept, told from others by its salt."""
    salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
    return cache_folder() / "names" / hashlib.sha256(f"names {salt}".encode()).hexdigest()[:40]


def _current(connection: sa.Connection, folder: Path, newest: int) -> Lookup:
    """Return the look-up over all subjects up to the newest, with what is missing made first."""
    with _LOCK:
        parts, lookup = _OPEN.get(folder, ((), None))
        if lookup and parts and parts[-1].last == newest and _ends(connection, newest) == parts[-1].ends:
            return lookup
        try:
            parts = _made(connection, folder, newest)
            lookup = Lookup([folder / part.name for part in parts])
        except OSError as error:
            raise InputError(
                f"{folder}: the index of names cannot be kept there ({error.strerror}); "
                "let GOODSTANDING_CACHE name a folder that can be written to"
            ) from None
        _OPEN[folder] = parts, lookup
        return lookup


def _made(connection: sa.Connection, folder: Path, newest: int) -> tuple[_Part, ...]:
    """Return the parts that together hold every subject once, and make the last of them where it is not there."""
    parts: list[_Part] = []
    for part in _kept(folder):
        follows = part.first == (parts[-1].last + 1 if parts else 1)
        if follows and part.last <= newest and _ends(connection, part.last) == part.ends:
            parts.append(part)
    first = parts[-1].last + 1 if parts else 1
    if first > newest:
        return tuple(parts)
    joined: list[_Part] = []
    while parts and parts[-1].size < _SMALLER * (newest - first + 1):
        joined.append(parts.pop())
        first = joined[-1].first
    made = _Part(first, newest, _ends(connection, newest))
    build(_entries(connection, made), folder / made.name)
    for part in joined:
        shutil.rmtree(folder / part.name, ignore_errors=True)
    return (*parts, made)


def _kept(folder: Path) -> list[_Part]:
    """Return the parts on disk in order; of those that begin alike the longest comes first."""
    found = []
    for path in folder.glob("*-*-*") if folder.is_dir() else ():
        first, last, ends = path.name.split("-")
        if first.isdigit() and last.isdigit() and _whole(path):
            found.append(_Part(int(first), int(last), ends))
    return sorted(found, key=lambda part: (part.first, -part.last))


def _whole(path: Path) -> bool:
    try:
        Lookup([path])
    except InputError:
        return False
    return True


def _ends(connection: sa.Connection, id_: int) -> str:
    """Return what names the content of a subject: the beginning of its commitment; empty where there is none."""
    found = connection.execute(sa.select(schema.subject.c.commitment).where(schema.subject.c.id == id_)).scalar()
    return hashlib.sha256(str(found).encode()).hexdigest()[:16] if found is not None else ""


def _entries(connection: sa.Connection, part: _Part) -> Iterator[Entry]:
    """Yield the names of each subject of a part that may be published, in each script."""
    columns = {"id": pl.Int64, "name": pl.String, "latin": pl.String, "born": pl.String, "identifier": pl.String}
    query = (
        "SELECT id, name, latin, born::text, identifier FROM subject "
        "WHERE publishable AND id BETWEEN %(first)s AND %(last)s ORDER BY id"
    )
    told = copy_out(connection, query, columns, {"first": part.first, "last": part.last})
    for id_, name, latin, born, identifier in told.iter_rows():
        for one in dict.fromkeys((name, latin)):
            if one:
                yield Entry(str(id_), one, "", born or "", identifier)
