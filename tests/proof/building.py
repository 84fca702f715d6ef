"""A small register's proofs, made in memory: what the service would give out."""

import datetime as dt
from dataclasses import dataclass, field

from goodstanding.proof import bundles, checkpoints, commitments, dossiermap, merkle, notes, tiles
from goodstanding.proof.dossiermap import Entry

ORIGIN = "example.org/register"
KEY = notes.Signer(ORIGIN, b"k" * 32)
WITNESS = notes.Signer("witness.example/w1", b"w" * 32, notes.Kind.COSIGNATURE)
SALT = bytes(range(16))
ALICE, BOB, NOBODY = "nl.kvk:68750110", "nl.kvk:90001354", "nl.kvk:69599084"


def record(subject, document):
    return {"subject": subject, "kind": "food.inspection", "act": "2026-01-05", "document": document, "hygiene": "5"}


def happened(kind, **row):
    return {"event": kind, "row": row}


@dataclass
class Register:
    """A log with a delivery of five records (Alice 1, 3 and 5, Bob 2 and 4) and the map over them."""

    contents: list = field(default_factory=lambda: [record((ALICE, BOB)[n % 2], f"D-{n}") for n in range(5)])
    map_salt: bytes = SALT
    events: list = field(default_factory=list)

    def __post_init__(self):
        self.digests = [commitments.record_digest(content) for content in self.contents]
        self.salts = [bytes([n]) * 16 for n in range(len(self.contents))]
        self.leaves = commitments.commitments(b"".join(self.salts), self.digests)
        for number in range(300):
            self.add(happened("access", number=number))
        self.delivery = self.add(happened("delivery", accepted=len(self.leaves), records_root=merkle.root(self.leaves)))
        self.entries = {}
        for subject in {content["subject"] for content in self.contents}:
            own = [self.leaves[at] for at in self.of(subject)]
            self.entries[dossiermap.key(self.map_salt, subject)] = Entry(len(own), dossiermap.head(own))
        self.map = self.add(
            happened("map", root=dossiermap.root(self.entries), salt=self.map_salt, subjects=len(self.entries))
        )

    def of(self, subject):
        return [at for at, content in enumerate(self.contents) if content["subject"] == subject]

    def add(self, content):
        self.events.append((commitments.canonical(content), len(self.events).to_bytes(16)))
        return len(self.events) - 1

    @property
    def hashes(self):
        return [merkle.leaf_hash(commitments.commitment(salt, content)) for content, salt in self.events]

    def files(self):
        return tiles.grown(0, self.hashes, None)

    def read(self, level, index):
        return merkle.root(self.hashes[index << level : (index + 1) << level])

    def checkpoint(self, size=None, key=KEY):
        size = len(self.events) if size is None else size
        checkpoint = checkpoints.Checkpoint(ORIGIN, size, merkle.root(self.hashes[:size]))
        return notes.cosigned(checkpoints.sign(checkpoint, key), WITNESS, 1_790_000_000)

    def event(self, index):
        content, salt = self.events[index]
        proof = merkle.inclusion(index, len(self.events), self.read)
        return bundles.Event.model_validate_json(
            '{"content": %s, "salt": "%s", "index": %d, "inclusion": [%s]}'  # noqa: UP031
            % (content.decode(), salt.hex(), index, ", ".join(f'"{one.hex()}"' for one in proof))
        )

    def receipt(self, at):
        read = lambda level, index: merkle.root(self.leaves[index << level : (index + 1) << level])  # noqa: E731
        return bundles.RecordReceipt(
            record=bundles.Opening(
                commitment=self.leaves[at], salt=self.salts[at], digest=self.digests[at], content=self.contents[at]
            ),
            index=at,
            inclusion=tuple(merkle.inclusion(at, len(self.leaves), read)),
            delivery=self.event(self.delivery),
            checkpoint=self.checkpoint(),
        )

    def dossier(self, subject, erased=()):
        heads = dossiermap.heads([self.leaves[at] for at in self.of(subject)])
        items = []
        for number, (at, head) in enumerate(zip(self.of(subject), heads, strict=True)):
            shown = {"salt": self.salts[at], "digest": self.digests[at], "content": self.contents[at]}
            if number in erased:
                shown = {"erased": bundles.Erasure(clause="Food Act, article 9", on=dt.date(2026, 5, 1))}
            items.append(bundles.Item(commitment=self.leaves[at], head=head, **shown))
        proof = dossiermap.prove(self.entries, dossiermap.key(self.map_salt, subject))
        return bundles.DossierProof(
            identifier=subject,
            items=tuple(items),
            map=bundles.Way.of(proof),
            event=self.event(self.map),
            checkpoint=self.checkpoint(),
        )

    def growth(self, old):
        size = len(self.events)
        return bundles.ConsistencyProof(
            old=self.checkpoint(old), new=self.checkpoint(), proof=tuple(merkle.consistency(old, size, self.read))
        )
