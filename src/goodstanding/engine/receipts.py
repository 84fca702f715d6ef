"""Receipts: all that is needed to compute a standing again and to see whether it comes out the same, as a JSON file.

A receipt names the policy by its hash, the records by their digests and the catalogue by its digest, and says what came
out. `sha256` is over the canonical JSON of all the rest: keys sorted, no spaces, UTF-8. It names no subject.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from goodstanding.engine.standing import Standing, number_text, states
from goodstanding.facts.catalogue import Catalogue, Subject
from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.policy.model import Policy
from goodstanding.policy.reader import Loaded, PolicyError, read_policy


class Result(BaseModel):
    """What a standing came to; exact numbers are text, measures are pending or imposed, decisions have outcomes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    outcome: str
    score: str | None
    grade: str | None
    reason: str | None
    missing: tuple[str, ...]
    measures: dict[str, str]
    decisions: dict[str, str]


class Named(BaseModel):
    """A policy, as a receipt names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: str
    hash: str


class ReceiptFile(BaseModel):
    """A receipt as it stands in its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    receipt: Literal["1"] = "1"
    policy: Named
    engine: str
    catalogue: str
    subject: Subject
    on: dt.date
    known_on: dt.date
    records: tuple[str, ...]
    result: Result
    sha256: str = ""

    def sealed(self) -> ReceiptFile:
        """Return the receipt with the hash over what it says."""
        return self.model_copy(update={"sha256": self.digest})

    @property
    def digest(self) -> str:
        """The hash over what the receipt says."""
        said = self.model_dump(mode="json", exclude={"sha256"})
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def receipt_of(policy: Policy, catalogue: Catalogue, subject: Subject, standing: Standing) -> ReceiptFile:
    """Return the receipt of a standing."""
    made = standing.receipt
    return ReceiptFile(
        policy=Named(id=policy.id, version=policy.version, hash=made.policy),
        engine=made.engine,
        catalogue=catalogue.digest,
        subject=subject,
        on=made.on,
        known_on=made.known_on,
        records=made.records,
        result=Result(
            outcome=standing.outcome.value,
            score=None if standing.score is None else number_text(standing.score),
            grade=standing.grade,
            reason=standing.reason,
            missing=standing.missing,
            measures=states(standing),
            decisions=dict(standing.decisions),
        ),
    ).sealed()


def write_receipt(receipt: ReceiptFile, file: Path) -> None:
    """Write a receipt as JSON. Raises InputError where the file cannot be written."""
    try:
        file.write_text(receipt.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from None


def read_receipt(file: Path) -> ReceiptFile:
    """Read a receipt, changed since or not. Raises InputError where the file is missing or is none."""
    try:
        return ReceiptFile.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise InputError(f"{file}: {where}: {first['msg']}; expected a receipt as policy explain writes it") from None


def shipped_policy(receipt: ReceiptFile) -> Loaded:
    """Return the shipped policy of a receipt by its hash, or, where none has that hash, the one of the same name.

    Raises InputError where there is neither.
    """
    folders = sorted(shipped("policies").iterdir(), key=lambda folder: folder.name != receipt.policy.id)
    found: Loaded | None = None
    for folder in folders:
        loaded = _readable(folder)
        if loaded is not None and loaded.hash == receipt.policy.hash:
            return loaded
        if loaded is not None and loaded.policy.id == receipt.policy.id:
            found = loaded
    if found is None:
        raise InputError(f"no shipped policy has the hash {receipt.policy.hash[:16]}...; name its folder with --policy")
    return found


def _readable(folder: Path) -> Loaded | None:
    try:
        return read_policy(folder)
    except PolicyError:
        return None


def differences(receipt: ReceiptFile, again: ReceiptFile) -> Iterator[str]:
    """Yield what differs between a receipt and the one that was made again; nothing where they agree."""
    if receipt.sha256 != receipt.digest:
        yield "the receipt was changed: its sha256 is not that of what it says"
    for name, said, found in (
        ("policy", receipt.policy.hash, again.policy.hash),
        ("engine", receipt.engine, again.engine),
        ("catalogue", receipt.catalogue, again.catalogue),
        ("subject", receipt.subject, again.subject),
    ):
        if said != found:
            yield f"{name}: the receipt has {said}, found {found}"
    for digest in sorted(set(receipt.records) - set(again.records)):
        yield f"record {digest}: in the receipt, not found among the records"
    for digest in sorted(set(again.records) - set(receipt.records)):
        yield f"record {digest}: found among the records, not in the receipt"
    yield from _results(receipt.result.model_dump(), again.result.model_dump())


def _results(said: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, value in said.items():
        if value != found[name]:
            yield f"{name}: the receipt has {_text(value)}, computed {_text(found[name])}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "nothing"
    return ", ".join(value) or "nothing" if isinstance(value, tuple) else str(value or "nothing")
