"""Proofs as JSON documents, checked with the document and the log's public key alone.

Four kinds, told apart by `goodstanding`: `record-receipt/1`, a record was in a delivery; `dossier-proof/1`, a dossier
is complete, or there is none; `merged-dossier-proof/1`, that of each subject of those that are one;
`consistency-proof/1`, the log only grew between two checkpoints. Hashes and salts are in hexadecimal digits, lower
case. docs/reference/proof.md gives every field.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

from goodstanding.facts.errors import InputError
from goodstanding.proof import checkpoints, commitments, dossiermap, merkle
from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Verifier

LARGEST = 256 << 20
"""A document that is longer is refused, in bytes."""


def _unhex(length: int) -> BeforeValidator:
    def read(value: Any) -> bytes:
        if isinstance(value, str) and re.fullmatch("[0-9a-f]{%d}" % (2 * length), value):  # noqa: UP031
            return bytes.fromhex(value)
        if isinstance(value, bytes) and len(value) == length:
            return value
        raise ValueError(f"expected {2 * length} hexadecimal digits in lower case")

    return BeforeValidator(read)


def _without_numbers(content: dict[str, Any]) -> dict[str, Any]:
    values: list[Any] = list(content.values())
    for value in values:
        if isinstance(value, dict | list):
            values.extend(value.values() if isinstance(value, dict) else value)
        elif not (value is None or isinstance(value, str | bool)):
            raise ValueError("expected numbers as text")
    return content


_AS_HEX = PlainSerializer(lambda value: value.hex(), return_type=str)
Hash = Annotated[bytes, _unhex(32), _AS_HEX]
Salt = Annotated[bytes, _unhex(16), _AS_HEX]
Index = Annotated[int, Field(ge=0, lt=1 << 63)]
Content = Annotated[dict[str, Any], AfterValidator(_without_numbers)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Event(_Model):
    """One leaf of the log, opened: what the log only has a commitment to."""

    content: Content
    """What happened, as `commitments.canonical` writes it: `event`, its kind, and `row`, the row of that table."""
    salt: Salt
    index: Index
    """Which leaf of the log it is, from 0."""
    inclusion: tuple[Hash, ...]
    """That the leaf is in the log of the checkpoint, nearest hash first."""


class Opening(_Model):
    """A record's commitment, and what it is of where the holder may know that."""

    commitment: Hash
    salt: Salt | None = None
    digest: Hash | None = None
    content: dict[str, str] | None = None
    """What the record says, column to text, as its digest covers it: see `commitments.record_digest`."""


class Erasure(_Model):
    """Why a record's content is no longer there. The register says this; the proof does not cover it."""

    clause: str
    on: dt.date


class Item(Opening):
    """One record of a dossier, in ledger order."""

    head: Hash
    """The dossier's head after this record."""
    erased: Erasure | None = None


class Leaf(_Model):
    """What the map has where the way of a key ends."""

    key: Hash
    records: Annotated[int, Field(ge=1, lt=1 << 63)]
    head: Hash


class Way(_Model):
    """A proof of the map: see `dossiermap.MapProof`."""

    siblings: tuple[Hash, ...]
    leaf: Leaf | None

    @classmethod
    def of(cls, proof: dossiermap.MapProof) -> Way:
        """Return the form for a document."""
        leaf = None
        if proof.end is not None:
            leaf = Leaf(key=proof.end[0], records=proof.end[1].records, head=proof.end[1].head)
        return cls(siblings=proof.siblings, leaf=leaf)

    @property
    def proof(self) -> dossiermap.MapProof:
        """The proof as `dossiermap.check` takes it."""
        if self.leaf is None:
            return dossiermap.MapProof(self.siblings, None)
        return dossiermap.MapProof(self.siblings, (self.leaf.key, dossiermap.Entry(self.leaf.records, self.leaf.head)))


class _Document(_Model):
    def text(self) -> str:
        """Return the document as JSON, ending in a newline; of a record, what is not shown is left out."""
        plain = self.model_dump(mode="json")
        for part in plain.get("dossiers", [plain]):
            for record in part.get("items", [part.get("record", {})]):
                for name in [name for name, value in record.items() if value is None]:
                    del record[name]
        return json.dumps(plain, ensure_ascii=False, indent=1) + "\n"


class RecordReceipt(_Document):
    """A record was in a delivery, and the delivery is in the log."""

    goodstanding: Literal["record-receipt/1"] = "record-receipt/1"
    record: Opening
    index: Index
    """Which record of the delivery, from 0."""
    inclusion: tuple[Hash, ...]
    """That the commitment is a leaf of the delivery's tree."""
    delivery: Event
    """The event of kind `delivery`, whose row has `records_root` and `accepted`: root and size of its records' tree."""
    checkpoint: str
    """The signed note."""


class DossierProof(_Document):
    """All records of a dossier, or that the register has none of this subject."""

    goodstanding: Literal["dossier-proof/1"] = "dossier-proof/1"
    identifier: str
    """Whose dossier."""
    items: tuple[Item, ...]
    """Its records in ledger order; none: that there is no dossier is what is proved."""
    map: Way
    event: Event
    """The event of kind `map`, the last leaf of the log, whose row has `root`, `subjects` and `salt`."""
    checkpoint: str
    """The signed note."""


class MergedDossierProof(_Document):
    """The dossiers of subjects that were merged, each with its own head in the map, and what made them one."""

    goodstanding: Literal["merged-dossier-proof/1"] = "merged-dossier-proof/1"
    identifier: str
    """To whom the others lead."""
    dossiers: Annotated[tuple[DossierProof, ...], Field(min_length=2)]
    """One of each, under one checkpoint; the first is that of `identifier`."""
    merges: tuple[Event, ...]
    """The events of kind `same`, whose rows have `kept` and `merged`, places of subjects: one for each that leads."""

    @property
    def checkpoint(self) -> str:
        """The signed note."""
        return self.dossiers[0].checkpoint


class ConsistencyProof(_Document):
    """The log only grew from one checkpoint to another."""

    goodstanding: Literal["consistency-proof/1"] = "consistency-proof/1"
    old: str
    new: str
    """Both as signed notes."""
    proof: tuple[Hash, ...]


Bundle = RecordReceipt | DossierProof | MergedDossierProof | ConsistencyProof
_READ: TypeAdapter[Bundle] = TypeAdapter(Annotated[Bundle, Field(discriminator="goodstanding")])


def read(text: str) -> Bundle:
    """Read a document. Raises InputError that says where it is not of its form."""
    try:
        json.loads(text, object_pairs_hook=_once)
        return _READ.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(str(one) for one in first["loc"][1:]) or "the document"
        raise InputError(f"{at}: {first['msg']}, found {str(first['input'])[:60]!r}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"expected a document in JSON ({error})") from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object that has a name twice: readers would differ on what it says."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"the document has an object in which {twice!r} stands twice")


def check(bundle: Bundle, keys: Sequence[Verifier]) -> list[str]:
    """Check a document of any kind; return what was checked, in sentences. Raises ProofError."""
    if isinstance(bundle, RecordReceipt):
        return check_receipt(bundle, keys)
    if isinstance(bundle, DossierProof):
        return check_dossier(bundle, keys)
    if isinstance(bundle, MergedDossierProof):
        return check_merged(bundle, keys)
    return check_consistency(bundle, keys)


def checkpoint_of(bundle: Bundle) -> str:
    """Return the signed note that the document rests on; of two, the new one."""
    return bundle.new if isinstance(bundle, ConsistencyProof) else bundle.checkpoint


def check_receipt(receipt: RecordReceipt, keys: Sequence[Verifier]) -> list[str]:
    """Check that a record was in a delivery; return what was checked. Raises ProofError that names what is wrong."""
    verified = checkpoints.verify(receipt.checkpoint, keys)
    said = _signed(verified)
    _check_event(receipt.delivery, "delivery", verified.checkpoint)
    records = _count(receipt.delivery, "accepted")
    opened = _check_opening("the record", receipt.record)
    try:
        merkle.check_inclusion(
            receipt.record.commitment,
            receipt.index,
            records,
            receipt.inclusion,
            _hash(receipt.delivery, "records_root"),
        )
    except ProofError as error:
        raise ProofError(f"the record is not in the delivery: {error}") from None
    said.append(f"leaf {receipt.delivery.index} of the log is a delivery of {records:,} records")
    said.append(f"record {receipt.index + 1} of the delivery is {receipt.record.commitment.hex()}{opened}")
    return said


def check_dossier(dossier: DossierProof, keys: Sequence[Verifier]) -> list[str]:
    """Check that a dossier is complete, or that there is none; return what was checked. Raises ProofError.

    The message names the record that was withheld, added or changed where the heads tell which.
    """
    verified = checkpoints.verify(dossier.checkpoint, keys)
    said = _signed(verified)
    size = verified.checkpoint.size
    if dossier.event.index != size - 1:
        raise ProofError(f"the map is leaf {dossier.event.index} of the log, and must be its last: {size - 1}")
    _check_event(dossier.event, "map", verified.checkpoint)
    subjects = _count(dossier.event, "subjects")
    salt = _text(dossier.event, "salt")
    if not re.fullmatch("(?:[0-9a-f]{2}){16,64}", salt):
        raise ProofError("the event of the map: expected `salt`, 16 to 64 bytes in hexadecimal digits")
    entry = dossiermap.check(
        dossier.map.proof,
        dossiermap.key(bytes.fromhex(salt), dossier.identifier),
        _hash(dossier.event, "root"),
    )
    said.append(f"the map of the checkpoint has {subjects:,} subjects")
    if entry is None:
        if dossier.items:
            raise ProofError(
                f"the map has no dossier of {dossier.identifier!r}, and {len(dossier.items)} records are shown"
            )
        said.append(f"there is no dossier of {dossier.identifier!r}")
        return said
    opened = _check_items(dossier, entry)
    erased = sum(item.erased is not None for item in dossier.items)
    said.append(
        f"the dossier of {dossier.identifier!r} has {entry.records:,} records, and all are here, in their order"
    )
    said.append(f"{opened:,} of them have the content that was committed to; {erased:,} were erased since")
    return said


def check_merged(bundle: MergedDossierProof, keys: Sequence[Verifier]) -> list[str]:
    """Check the dossiers of subjects that are one, and that their merges are in the log; return what was checked.

    Which place in the register is whose the register says; nor is it proved that no merge was made besides or undone.
    Raises ProofError.
    """
    names = [one.identifier for one in bundle.dossiers]
    if names[0] != bundle.identifier or len({*names}) < len(names):
        raise ProofError(f"expected one dossier of each subject, that of {bundle.identifier!r} first")
    if len({one.checkpoint for one in bundle.dossiers}) > 1:
        raise ProofError("the dossiers are proved under different checkpoints")
    said = check_dossier(bundle.dossiers[0], keys)
    for one in bundle.dossiers[1:]:
        said += check_dossier(one, keys)[-2:]
    checkpoint = checkpoints.verify(bundle.checkpoint, keys).checkpoint
    leads = {}
    for event in bundle.merges:
        _check_event(event, "same", checkpoint)
        leads[_count(event, "merged")] = _count(event, "kept")
    kept = {*leads.values()} - leads.keys()
    if len(leads) != len(bundle.merges) or len(leads) != len(names) - 1 or len(kept) != 1:
        raise ProofError(f"{len(bundle.merges)} merges are shown that do not make {len(names)} subjects one")
    leaves = ", ".join(str(event.index) for event in bundle.merges)
    return [*dict.fromkeys(said), f"{len(names)} subjects are one by the merges that are leaves {leaves} of the log"]


def check_consistency(bundle: ConsistencyProof, keys: Sequence[Verifier]) -> list[str]:
    """Check that the log only grew between two checkpoints; return what was checked. Raises ProofError."""
    old, new = (_verified(name, note, keys) for name, note in (("old", bundle.old), ("new", bundle.new)))
    checkpoints.compare(old.checkpoint, new.checkpoint, bundle.proof)
    grew = new.checkpoint.size - old.checkpoint.size
    return [*_signed(old), *_signed(new), f"the new log is the old one with {grew:,} leaves added, and nothing changed"]


def check_grown(old: DossierProof | MergedDossierProof, new: DossierProof | MergedDossierProof) -> str:
    """Check that a dossier only grew between two proofs of it, each of which holds; return what was checked.

    Of subjects that were merged since, or split, those that both proofs show are compared. Raises ProofError that names
    the first record which was there before and is not there now.
    """
    before, after = ({one.identifier: one for one in _parts(proof)} for proof in (old, new))
    if not before.keys() & after.keys():
        raise ProofError(f"the dossiers are of two subjects: {old.identifier!r} and {new.identifier!r}")
    return "; ".join(_check_grown(before[name], after[name]) for name in before if name in after)


def _parts(proof: DossierProof | MergedDossierProof) -> tuple[DossierProof, ...]:
    return proof.dossiers if isinstance(proof, MergedDossierProof) else (proof,)


def _check_grown(old: DossierProof, new: DossierProof) -> str:
    for number, item in enumerate(old.items, 1):
        if number > len(new.items) or new.items[number - 1].commitment != item.commitment:
            raise ProofError(f"record {number} of the dossier was there before, and is not there now")
    added = len(new.items) - len(old.items)
    return f"the dossier of {old.identifier!r} is the old one with {added:,} records added"


def _verified(name: str, note: str, keys: Sequence[Verifier]) -> checkpoints.Verified:
    try:
        return checkpoints.verify(note, keys)
    except ProofError as error:
        raise ProofError(f"the {name} checkpoint: {error}") from None


def _signed(verified: checkpoints.Verified) -> list[str]:
    checkpoint = verified.checkpoint
    said = [f"{checkpoint.origin} signed a log of {checkpoint.size:,} leaves with the root {checkpoint.root.hex()}"]
    for witness in verified.witnesses:
        at = dt.datetime.fromtimestamp(min(witness.at or 0, 253402300799), dt.UTC)
        said.append(f"the witness {witness.key.name} saw it at {at:%Y-%m-%d %H:%M:%S} UTC")
    return said


def _check_event(event: Event, kind: str, checkpoint: checkpoints.Checkpoint) -> None:
    if _kind(event) != kind:
        raise ProofError(f"leaf {event.index} of the log is shown as {_kind(event)!r}, expected {kind!r}")
    committed = commitments.commitment(event.salt, commitments.canonical(event.content))
    try:
        merkle.check_inclusion(
            merkle.leaf_hash(committed), event.index, checkpoint.size, event.inclusion, checkpoint.root
        )
    except ProofError as error:
        raise ProofError(f"the event of kind {kind} is not in the log as it is shown: {error}") from None


def _check_items(dossier: DossierProof, entry: dossiermap.Entry) -> int:
    """Check the records against the map; return how many have their content."""
    before, opened = dossiermap.NONE, 0
    for number, item in enumerate(dossier.items, 1):
        what = f"record {number} of the dossier"
        before = dossiermap.chain(before, item.commitment)
        if before != item.head:
            raise ProofError(f"{what} is withheld, added or changed: the head after it does not come out")
        _check_item(what, item, dossier.identifier)
        opened += item.salt is not None
    shown = len(dossier.items)
    if shown != entry.records:
        wrong = "withheld" if shown < entry.records else "added"
        raise ProofError(f"the dossier is shown with {shown} records, and has {entry.records}: some are {wrong}")
    if before != entry.head:
        raise ProofError("the records shown do not lead to the dossier's head in the map: some are not its own")
    return opened


def _check_item(what: str, item: Item, identifier: str) -> None:
    if (item.salt is None) == (item.erased is None):
        raise ProofError(f"{what}: expected its salt and digest, or by which clause and when it was erased")
    _check_opening(what, item)
    if item.content is not None and item.content.get("subject") != identifier:
        raise ProofError(f"{what} is about {item.content.get('subject')!r}, not about {identifier!r}")


def _check_opening(what: str, record: Opening) -> str:
    """Check a record's commitment against what is shown of it; return what is shown, as the end of a sentence."""
    if (record.salt is None) != (record.digest is None) or (record.content is not None and record.digest is None):
        raise ProofError(f"{what}: expected a salt and a digest together, and a content only with them")
    if record.salt is None or record.digest is None:
        return ", its content not shown"
    if commitments.commitment(record.salt, record.digest) != record.commitment:
        raise ProofError(f"{what}: its salt and its digest do not give its commitment; one of them was changed")
    if record.content is None:
        return f", with the digest {record.digest.hex()}"
    if _digest(record.content) != record.digest:
        raise ProofError(f"{what}: what it says does not give its digest; it was changed")
    return f", with the digest {record.digest.hex()}, which is that of its content"


def _digest(content: Mapping[str, str]) -> bytes | None:
    try:
        return commitments.record_digest(content)
    except ValueError:
        return None


def _kind(event: Event) -> Any:
    return event.content.get("event")


def _text(event: Event, name: str) -> str:
    row = event.content.get("row")
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        raise ProofError(f"the event of kind {_kind(event)} has no {name}")
    return value


def _hash(event: Event, name: str) -> bytes:
    value = _text(event, name)
    if not re.fullmatch("[0-9a-f]{64}", value):
        raise ProofError(f"the event of kind {_kind(event)}: {name} is not a hash")
    return bytes.fromhex(value)


def _count(event: Event, name: str) -> int:
    value = _text(event, name)
    if not re.fullmatch("0|[1-9][0-9]{0,17}", value):
        raise ProofError(f"the event of kind {_kind(event)}: {name} is not a whole number")
    return int(value)
