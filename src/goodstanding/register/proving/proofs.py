"""Proofs out of a register, under its newest checkpoint, for whoever is entitled to them: see `proof.bundles`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.records import CONTENT
from goodstanding.proof import bundles, checkpoints, dossiermap, merkle, tiles
from goodstanding.proof.errors import ProofError
from goodstanding.register.ledger.records import recorded
from goodstanding.register.log import events, maps, sequence
from goodstanding.register.log import keys as log_keys
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

_EVENT, _LEAF = schema.event.c, schema.leaf.c


def prove_dossier(register: Register, identifier: str) -> bundles.DossierProof | bundles.MergedDossierProof:
    """Prove that the records of a subject, and of all who are one with it, are all there are, or that there are none.

    Records and merges that came after the newest checkpoint are not among them. Raises InputError where nothing was
    signed yet.
    """
    with sequence.reading(register) as connection:
        size, note = _newest(connection)
        facts = _merges(connection, identifier, size)
        if not facts:
            return _own(connection, register.catalogue, identifier, (size, note))
        subjects = schema.subject.c
        query = sa.select(subjects.id, subjects.identifier)
        names = dict(
            connection.execute(query.where(subjects.id.in_({one for pair in facts.values() for one in pair}))).all()
        )
        (first,) = {kept for kept, _ in facts.values()} - {merged for _, merged in facts.values()}
        order = [first, *sorted(names.keys() - {first})]
        return bundles.MergedDossierProof(
            identifier=names[first],
            dossiers=tuple(_own(connection, register.catalogue, names[one], (size, note)) for one in order),
            merges=tuple(_event(connection, "same", str(number), size) for number in sorted(facts)),
        )


def _merges(connection: sa.Connection, identifier: str, size: int) -> dict[int, tuple[int, int]]:
    """Return the merges under a checkpoint by which a subject is one with others: kept and merged, by number."""
    found = connection.execute(_SIGNED, {"identifier": identifier, "size": size}).all()
    edges = {row.number: (row.kept, row.merged) for row in found}
    one, grown = {row.id for row in found}, True
    while grown:  # those merged before the checkpoint, who may be one only by a merge after it
        near = {place for pair in edges.values() if one & {*pair} for place in pair}
        grown = bool(near - one)
        one |= near
    return {number: pair for number, pair in edges.items() if one & {*pair}}


_SIGNED = sa.text("""
    SELECT same.number, same.kept, same.merged, subject.id FROM subject
    CROSS JOIN LATERAL group_of(subject.id, NULL) AS own (id)
    JOIN same_then(NULL) AS same ON same.merged = own.id
    JOIN event ON event.kind = 'same' AND event.key = same.number::text JOIN leaf ON leaf.event = event.number
    WHERE subject.identifier = :identifier AND leaf.index < :size ORDER BY same.number""")


def _own(
    connection: sa.Connection, catalogue: Catalogue, identifier: str, signed: tuple[int, str]
) -> bundles.DossierProof:
    """Prove the dossier of a subject alone, under a checkpoint of a size and a note."""
    size, note = signed
    salt = maps.salt_of(connection)
    through = sequence.through(connection, size)
    way = maps.top(connection, through).prove(
        dossiermap.key(salt, identifier), lambda bucket: maps.entries(connection, [bucket], through)
    )
    return bundles.DossierProof(
        identifier=identifier,
        items=tuple(_items(connection, catalogue, identifier, size)),
        map=bundles.Way.of(way),
        event=_event(connection, "map", str(size - 1), size),
        checkpoint=note,
    )


def prove_record(register: Register, delivery: int, row: int) -> bundles.RecordReceipt:
    """Prove that a record, named by delivery and row, was accepted: a receipt.

    Raises InputError where there is no such record, or its delivery is under no checkpoint yet.
    """
    with sequence.reading(register) as connection:
        size, note = _newest(connection)
        record = schema.record.c
        own = sa.select(record.row, record.commitment).where(record.delivery == delivery).order_by(record.row)
        leaves = connection.execute(own).all()
        index = next((place for place, one in enumerate(leaves) if one.row == row), None)
        if index is None:
            raise InputError(f"delivery {delivery} row {row}: the register has no such record")
        condition = {"delivery": delivery, "row": row}
        found = recorded(
            connection, register.catalogue, "record.delivery = %(delivery)s AND record.row = %(row)s", condition
        )
        hashes = [bytes(one.commitment) for one in leaves]
        return bundles.RecordReceipt(
            record=bundles.Opening(commitment=hashes[index], **_opened(found.row(0, named=True), register.catalogue)),
            index=index,
            inclusion=tuple(merkle.inclusion(index, len(hashes), _over(hashes))),
            delivery=_event(connection, "delivery", str(delivery), size),
            checkpoint=note,
        )


def prove_consistency(register: Register, old: str) -> bundles.ConsistencyProof:
    """Prove that the log only grew since a checkpoint that this register signed, given as its note.

    Raises InputError where it is none of this register's, or the log is smaller than it.
    """
    with sequence.reading(register) as connection:
        size, note = _newest(connection)
        try:
            before = checkpoints.verify(old, log_keys.keys(connection)).checkpoint
        except ProofError as error:
            raise InputError(f"the old checkpoint: {error}") from None
        if before.size > size:
            raise InputError(f"the old checkpoint has {before.size} leaves, and the log of this register {size}")
        read = tiles.reader(size, sequence.fetch(connection))
        return bundles.ConsistencyProof(old=old, new=note, proof=tuple(merkle.consistency(before.size, size, read)))


def _newest(connection: sa.Connection) -> tuple[int, str]:
    newest = sequence.latest(connection)
    if newest is None:
        raise InputError("this register has signed no checkpoint yet; sign one with goodstanding register sign")
    return newest


def _event(connection: sa.Connection, kind: str, key: str, size: int) -> bundles.Event:
    """The event of a row, opened, with the proof that it is in the log of a size."""
    query = sa.select(_EVENT.salt, _LEAF.index.label("place")).join(schema.leaf, _LEAF.event == _EVENT.number)
    found = connection.execute(query.where(_EVENT.kind == kind, _EVENT.key == key, _LEAF.index < size)).one_or_none()
    if found is None:
        raise InputError(f"{kind} {key}: is under no checkpoint yet; try again after the next one")
    content = events.content(kind, events.row_of(connection, kind, key))
    read = tiles.reader(size, sequence.fetch(connection))
    return bundles.Event(
        content=json.loads(content),
        salt=bytes(found.salt),
        index=found.place,
        inclusion=tuple(merkle.inclusion(found.place, size, read)),
    )


def _items(connection: sa.Connection, catalogue: Catalogue, identifier: str, size: int) -> list[bundles.Item]:
    """The records of a subject whose deliveries are under a checkpoint, in ledger order."""
    frame = recorded(connection, catalogue, _OWN, {"identifier": identifier, "size": size})
    commitments = [bytes.fromhex(one[2:]) for one in frame["commitment"]]
    erased = _erasures(connection, identifier)
    items = []
    for row, commitment, head in zip(
        frame.iter_rows(named=True), commitments, dossiermap.heads(commitments), strict=True
    ):
        erasure = erased.get((row["delivery"], row["row"]))
        shown = {"erased": erasure} if erasure else _opened(row, catalogue)
        items.append(bundles.Item(commitment=commitment, head=head, **shown))
    return items


_OWN = """
    subject.identifier = %(identifier)s AND EXISTS (
        SELECT FROM event JOIN leaf ON leaf.event = event.number
        WHERE kind = 'delivery' AND key = record.delivery::text AND leaf.index < %(size)s
    )"""


def _erasures(connection: sa.Connection, identifier: str) -> dict[tuple[int, int], bundles.Erasure]:
    erasure, subject = schema.erasure.c, schema.subject.c
    own = sa.select(subject.id).where(subject.identifier == identifier).scalar_subquery()
    query = sa.select(erasure.delivery, erasure.row, erasure.clause, erasure.at).where(erasure.subject_id == own)
    return {
        (row.delivery, row.row): bundles.Erasure(clause=row.clause, on=row.at.date())
        for row in connection.execute(query)
    }


def _opened(row: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """What a record's commitment is of; nothing where it was erased."""
    if row["salt"] is None:
        return {}
    said = pl.DataFrame([row], infer_schema_length=None).select(sorted([*CONTENT, *catalogue.attributes]))
    cells = said.select(pl.all().cast(pl.String)).row(0, named=True) | _version(row)
    content = {name: cell for name, cell in cells.items() if cell is not None}
    return {"salt": bytes.fromhex(row["salt"][2:]), "digest": bytes.fromhex(row["digest"]), "content": content}


def _version(row: Mapping[str, Any]) -> dict[str, str]:
    """What a record says of its version: nothing where it is the first and its source stands by it."""
    version, state = row.get("version", 1), row.get("state", "valid")
    return ({"version": str(version)} if version > 1 else {}) | ({"state": state} if state != "valid" else {})


def _over(hashes: list[bytes]) -> merkle.Read:
    return lambda level, index: merkle.root(hashes[index << level : (index + 1) << level])
