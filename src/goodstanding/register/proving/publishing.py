"""A log as files that any web server can serve: C2SP tiles, bundles of entries, the keys and the newest checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

from goodstanding.facts.errors import InputError
from goodstanding.proof import checkpoints, notes, tiles
from goodstanding.proof.errors import ProofError
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import sequence
from goodstanding.register.store.database import Register


def publish(register: Register, folder: Path) -> int:
    """Write what is new into a folder, the checkpoint last; return the size of the log that is published.

    Whoever reads while it is written finds the checkpoint of before, with all of its tiles. Raises InputError where
    nothing was signed yet, or the folder cannot be written or holds another log.
    """
    with sequence.reading(register) as connection:
        newest = sequence.latest(connection)
        if newest is None:
            raise InputError("this register has signed no checkpoint yet; sign one with goodstanding register sign")
        size, note = newest
        origin, fetch = sequence.origin(connection), sequence.fetch(connection)
        try:
            since = _published(folder / "checkpoint", origin)
            for tile in [*tiles.tiles(size, since), *tiles.tiles(size, since, entries=True)]:
                _write(folder / tile.path, fetch(tile.path))
            _write(folder / "key", "".join(f"{key}\n" for key in log_keys.keys(connection)).encode())
            _write(folder / "checkpoint", note.encode())
        except OSError as error:
            raise InputError(f"{folder}: the log cannot be written there ({error.strerror})") from None
    return size


def _published(file: Path, origin: str) -> int:
    """The size of the log that the folder has; 0 where it has none."""
    try:
        found = checkpoints.parse(notes.split(file.read_text())[0])
    except FileNotFoundError:
        return 0
    except (ProofError, UnicodeDecodeError):
        raise InputError(f"{file}: is no checkpoint; give a folder of its own") from None
    if found.origin != origin:
        raise InputError(f"{file}: is of another log, {found.origin}; give a folder of its own")
    return found.size


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(content)
    os.replace(new, file)
