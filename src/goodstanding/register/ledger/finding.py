"""The index by which organisations of a register are looked up: kept in the cache folder, made from the ledger alone.

Only what may be published is in it: nobody who is a person, or may be one, is ever looked up by likeness. It stands
in parts, each over a range of subjects; subjects that came since make a part of their own, and small parts become one.
Every process maps the same files, and one at a time makes them. A part whose last subject is not the register's (a
backup was put back) is made anew. Who does not want to wait is told that the index is being made (`Building`).
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
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
_SOON = 2_000
"""Subjects that are added while whoever asks waits: a fraction of a second."""
_LOCK = threading.Lock()
_MAKING: dict[Path, Future[None]] = {}
_OPEN: dict[Path, tuple[tuple[_Part, ...], Lookup]] = {}


class Building(Exception):  # noqa: N818 a state, and nobody's error
    """The index is being made, which takes minutes for a million organisations: ask again later, or by number."""


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


def candidates(connection: sa.Connection, asked: Asked, limit: int, *, wait: bool = True) -> list[Candidate]:
    """Return the subjects that may be who is asked for, the likeliest first; the key of an entry is the subject's id.

    Where many subjects are not in the index, they are put there first; without `wait` that is begun in the background,
    and Building raised until it is done. Raises InputError where the cache folder cannot be written to.
    """
    folder, newest = _folder(connection), _newest(connection)
    lookup = _opened(connection, folder, newest)
    if lookup is None:
        if not wait and _lacking(connection, folder, newest) > _SOON:
            _begin(connection.engine, folder)
            raise Building
        lookup = _current(connection, folder, newest)
    return lookup.find(asked, limit)


def whole(connection: sa.Connection) -> Lookup:
    """Return the look-up over all subjects, for whoever asks it many times; what is missing is made first.

    Raises InputError where the cache folder cannot be written to.
    """
    folder, newest = _folder(connection), _newest(connection)
    return _opened(connection, folder, newest) or _current(connection, folder, newest)


def prepare(engine: sa.Engine) -> None:
    """Put every subject into the index that is not in it. Raises InputError where it cannot be kept."""
    with engine.connect() as connection:
        _current(connection, _folder(connection), _newest(connection))


def begin(engine: sa.Engine) -> None:
    """Begin `prepare` in the background, for a process that will be asked."""
    with engine.connect() as connection:
        _begin(engine, _folder(connection))


def _begin(engine: sa.Engine, folder: Path) -> None:
    """Begin, unless that was done. Raises InputError where what was begun before could not be done."""
    with _LOCK:
        known = _MAKING.get(folder)
        if known is not None:
            if known.done():
                del _MAKING[folder]
                known.result()
            return
        making: Future[None] = Future()
        _MAKING[folder] = making
    threading.Thread(target=_finish, args=(engine, making), name="names", daemon=True).start()


def _finish(engine: sa.Engine, making: Future[None]) -> None:
    try:
        prepare(engine)
    except Exception as error:  # it is raised where the next one asks
        making.set_exception(error)
    else:
        making.set_result(None)


def _newest(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.max(schema.subject.c.id))).scalar_one() or 0


def _folder(connection: sa.Connection) -> Path:
    """Return where the index of this register is kept, told from others by its salt."""
    salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
    return cache_folder() / "names" / hashlib.sha256(f"names {salt}".encode()).hexdigest()[:40]


def _opened(connection: sa.Connection, folder: Path, newest: int) -> Lookup | None:
    """Return the look-up where it is open and holds all subjects up to the newest."""
    parts, lookup = _OPEN.get(folder, ((), None))
    return lookup if parts and parts[-1].last == newest and _ends(connection, newest) == parts[-1].ends else None


def _current(connection: sa.Connection, folder: Path, newest: int) -> Lookup:
    """Return the look-up over all subjects up to the newest, with what is missing made first."""
    with suppress(InputError):  # a part that another process puts into a larger one in this moment
        parts = tuple(_standing(connection, folder, newest))
        if newest == (parts[-1].last if parts else 0):
            return _opening(folder, parts)
    try:
        with _alone(folder):
            parts = _made(connection, folder, newest)
            return _opening(folder, parts)
    except OSError as error:
        raise InputError(
            f"{folder}: the index of names cannot be kept there ({error.strerror}); "
            "let GOODSTANDING_CACHE name a folder that can be written to"
        ) from None


def _opening(folder: Path, parts: tuple[_Part, ...]) -> Lookup:
    lookup = Lookup([folder / part.name for part in parts])
    _OPEN[folder] = parts, lookup
    return lookup


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process and one thread at a time make parts."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lacking(connection: sa.Connection, folder: Path, newest: int) -> int:
    """Return how many subjects are not in the parts on disk."""
    parts = _standing(connection, folder, newest)
    return newest - (parts[-1].last if parts else 0)


def _made(connection: sa.Connection, folder: Path, newest: int) -> tuple[_Part, ...]:
    """Return the parts that together hold every subject once, and make the last of them where it is not there."""
    parts = _standing(connection, folder, newest)
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


def _standing(connection: sa.Connection, folder: Path, newest: int) -> list[_Part]:
    """Return the parts on disk that follow each other from the first subject on, and are of this register."""
    parts: list[_Part] = []
    for part in _kept(folder):
        follows = part.first == (parts[-1].last + 1 if parts else 1)
        if follows and part.last <= newest and _ends(connection, part.last) == part.ends:
            parts.append(part)
    return parts


def _kept(folder: Path) -> list[_Part]:
    """Return the parts on disk in order; of those that begin alike the longest comes first."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        named = re.fullmatch(r"(\d+)-(\d+)-([0-9a-f]*)", path.name)
        if named and _whole(path):
            found.append(_Part(int(named[1]), int(named[2]), named[3]))
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
    columns = dict.fromkeys(("id", "name", "latin", "seat", "born", "identifier"), pl.String)
    query = (
        "SELECT id::text, name, latin, seat, born::text, identifier FROM subject "
        "WHERE publishable AND id BETWEEN %(first)s AND %(last)s ORDER BY id"
    )
    told = copy_out(connection, query, columns, {"first": part.first, "last": part.last})
    for id_, name, latin, *others in told.iter_rows():
        for one in dict.fromkeys((name, latin)):
            if one:
                yield Entry(id_, one, *(cell or "" for cell in others))
