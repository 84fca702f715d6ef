"""The keys of a log: private ones in files, public ones enrolled in the register, and witnesses' cosignatures."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from goodstanding.facts.errors import InputError
from goodstanding.proof import checkpoints, notes
from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Kind, Signer, Verifier
from goodstanding.register.log import events, sequence
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register


def make_key(register: Register, file: Path) -> Verifier:
    """Make a key for this register's log: private in a new file that only its owner reads, public in the register.

    Raises InputError where the file is there already or cannot be written.
    """
    with register.engine.begin() as connection:
        key = Signer.generate(sequence.origin(connection))
        events.add(connection, "log_key", [{"verifier": str(key.verifier)}])
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise InputError(f"{file}: no key is written there ({error.strerror}); expected a new file") from None
        with os.fdopen(handle, "w") as writing:
            writing.write(f"{key}\n")
            writing.flush()
            os.fsync(writing.fileno())
    return key.verifier


def read_key(file: Path) -> Signer:
    """Read a private key. Raises InputError where it is none, or others than its owner may read it."""
    try:
        if file.stat().st_mode & 0o077:
            raise InputError(f"{file}: others may read this private key; make it yours alone with chmod 600")
        return Signer.parse(file.read_text())
    except (ProofError, UnicodeDecodeError):
        raise InputError(f"{file}: found no private key; make one with goodstanding register key FILE") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); expected a private key") from None


def keys(connection: sa.Connection) -> list[Verifier]:
    """Return the public keys of the log, in the order in which they were enrolled."""
    verifier = schema.log_key.c
    found = connection.execute(sa.select(verifier.verifier).order_by(verifier.number)).scalars()
    return [Verifier.parse(one) for one in found]


def cosign(register: Register, note: str, witness: Verifier) -> int:
    """Keep the cosignature of a witness on one of this register's checkpoints; return the checkpoint's size.

    One that is kept already is left as it is. Raises InputError where the note is not one of its checkpoints, or has
    no cosignature of this witness that holds.
    """
    if witness.kind is not Kind.COSIGNATURE:
        raise InputError(f"{witness.name}: found the key of a log, expected that of a witness (type 4)")
    try:
        opened = notes.opened(note, [witness])
        checkpoint = checkpoints.parse(opened.text)
        lines = zip(note[len(opened.text) + 1 :].splitlines(keepends=True), notes.split(note)[1], strict=True)
        line = next(line for line, one in lines if (one.name, one.id) == (witness.name, witness.id))
    except ProofError as error:
        raise InputError(f"the cosigned checkpoint: {error}") from None
    kept = schema.checkpoint.c
    with register.engine.begin() as connection:
        own = connection.execute(sa.select(kept.note).where(kept.size == checkpoint.size)).scalar_one_or_none()
        if own is None or notes.split(own)[0] != opened.text:
            raise InputError(f"this register signed no such checkpoint of {checkpoint.size} leaves")
        row = {"size": checkpoint.size, "verifier": str(witness), "line": line}
        connection.execute(insert(schema.cosignature).values(row).on_conflict_do_nothing())
    return checkpoint.size
