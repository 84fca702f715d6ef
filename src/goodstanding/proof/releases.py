"""Checking a release of this software: that its files are those of which its maker's signed statement tells.

The statement is in-toto's (v1) in a signed note; its predicate, SLSA's provenance (v1), names commit and locks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Verifier, opened

NOTE = "provenance.note"
_STATEMENT = "https://in-toto.io/Statement/v1"


def check(folder: Path, known: Sequence[Verifier]) -> list[str]:
    """Return what holds of a folder with `NOTE` and the files of a release, a line each.

    Raises ProofError where no known key signed the statement, a file is missing, or is another; OSError where the
    statement cannot be read.
    """
    said = _statement(opened((folder / NOTE).read_text("utf-8"), known).text)
    told = []
    for name, digest in said:
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise ProofError(f"{name}: cannot be read ({error.strerror}), and the statement tells of it") from None
        if found != digest:
            raise ProofError(f"{name}: its SHA-256 is {found}, the statement says {digest}")
        told.append(f"{name}: as it was released")
    return told


def _statement(text: str) -> list[tuple[str, str]]:
    """Return the files and their SHA-256 (hexadecimal). Raises ProofError."""
    try:
        statement: dict[str, Any] = json.loads(text)
        files = [(str(one["name"]), str(one["digest"]["sha256"])) for one in statement["subject"]]
    except (ValueError, TypeError, KeyError):
        raise ProofError("the signed text is no statement of a release") from None
    if statement.get("_type") != _STATEMENT or not files:
        raise ProofError(f"the signed text is no statement of the form {_STATEMENT} about files")
    if any(Path(name).name != name for name, _ in files):
        raise ProofError("the statement names a file outside of its folder")
    return files
