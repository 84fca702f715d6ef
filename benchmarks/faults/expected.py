"""What should be there: what was acknowledged, once; the rest whole or not at all; all of it consistent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from benchmarks.faults.service import ACTS, Act, Places, done, signer
from benchmarks.faults.town import OLD
from goodstanding.facts.errors import InputError
from goodstanding.proof import checkpoints, merkle, tiles
from goodstanding.register.keeping import envelope, sealing
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import sequence
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

Document = tuple[str, int, str]
"""A document's name, its version, and whether it is valid or withdrawn."""
PROBLEMS = ("acknowledged and lost", "applied twice", "applied in part", "inconsistent", "broke down")


@dataclass
class Found:
    """What the runs found: how often each thing went wrong, and what was said of it."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def wrong(self, name: str, what: str) -> None:
        """Count a problem and keep what it was."""
        self.counts[name] += 1
        self.problems.append(f"{name}: {what}")

    def add(self, other: Found) -> None:
        """Count what another one found too."""
        self.counts += other.counts
        self.problems += other.problems


def check(
    register: Register,
    places: Places,
    acts: Sequence[Act],
    acknowledged: Mapping[int, int],
    result: Found,
    tries: Mapping[int, int] | None = None,
) -> None:
    """Compare the register with what was acknowledged, do everything again, and compare it with all of it.

    acknowledged: act to the number that was told. tries: how often an act was tried, where more than once.
    """
    for problem in verify(register):
        result.wrong("inconsistent", problem)
    _compared(register, places, acts, acknowledged, result, tries or {})
    again = _again(register, places, acts, acknowledged, result)
    _compared(register, places, acts, again, result, {act: (tries or {}).get(act, 1) + 1 for act in range(len(acts))})
    _messages(register, places, result, everything=True)


def _again(
    register: Register, places: Places, acts: Sequence[Act], acknowledged: Mapping[int, int], result: Found
) -> dict[int, int]:
    """Do everything again that gives the same when it is done twice, and whatever was not acknowledged."""
    sequencer, told = sequence.Sequencer(register, signer(places)), dict(acknowledged)
    for place, act in enumerate(acts):
        if act.what in ("work", "score") or (act.what == "look" and place in acknowledged):
            continue
        try:
            told[place] = done(register, act, places, sequencer)
        except InputError as error:
            if "was erased before" not in str(error):
                result.wrong("broke down", f"{act.what}: {error}")
    for what in ("expire", "send"):
        ACTS[what][1](register, Act(what), places)
    sequencer.sign()
    return told


def _compared(
    register: Register,
    places: Places,
    acts: Sequence[Act],
    acknowledged: Mapping[int, int],
    result: Found,
    tries: Mapping[int, int],
) -> None:
    with register.engine.connect() as connection:
        for place, act in enumerate(acts):
            count, known = _count(connection, act, acknowledged.get(place)), place in acknowledged
            if count < known:
                result.wrong("acknowledged and lost", f"act {place} {act}, number {acknowledged[place]}")
            if count > (tries.get(place, 1) if act.what == "look" else 1):
                result.wrong("applied twice", f"act {place} {act}: {count} times")
    for path, lines in _kept(register, [act.path for act in acts if act.what == "deliver"]):
        missing, twice = _lasting(path) - set(lines), len(lines) - len(set(lines))
        if twice:
            result.wrong("applied twice", f"{path.name}: {twice} rows")
        if missing:
            result.wrong("applied in part", f"{path.name}: {len(missing)} rows are missing")
    _erased(register, result)
    _papers(register, places, acts, result)
    _messages(register, places, result, everything=False)
    _published(register, places, result)


def _count(connection: sa.Connection, act: Act, number: int | None) -> int:
    """How often an act is in the register; 1 for what leaves nothing that could be counted."""
    tables = {"score": schema.run.c.number, "rescore": schema.run.c.number, "sign": schema.checkpoint.c.size}
    if act.what == "deliver":
        query = sa.select(sa.func.count()).where(schema.delivery.c.file == act.path.name)
    elif act.what == "look":
        query = sa.select(sa.func.count()).where(schema.access.c.purpose == act.name)
    elif act.what in tables and number:
        query = sa.select(sa.func.count()).where(tables[act.what] == number)
    else:
        return int(number is not None)
    return int(connection.execute(query).scalar_one())


def _lasting(path: Path) -> set[Document]:
    """What a file says of which documents, without those that are past their term."""
    rows = pl.read_csv(path, infer_schema=False).select("document", pl.col("version").cast(pl.Int64), "state")
    return set(rows.filter(~pl.col("document").str.contains(OLD, literal=True)).rows())


def _kept(register: Register, files: Sequence[Path]) -> list[tuple[Path, list[Document]]]:
    """Return the files that were applied, each with every line that the register has of its documents."""
    record = schema.record.c
    with register.engine.connect() as connection:
        applied = set(connection.execute(sa.select(schema.delivery.c.file)).scalars())
        query = sa.select(record.document, record.version, record.state)
        lines = Counter(tuple(row) for row in connection.execute(query))
    return [
        (path, [one for one in _lasting(path) for _ in range(lines[one])]) for path in files if path.name in applied
    ]


def _erased(register: Register, result: Found) -> None:
    """Each record that is erased was told of to receivers exactly once, in the transaction that erased it."""
    with register.engine.connect() as connection:
        erased = Counter(tuple(row) for row in connection.execute(sa.select(*schema.erasure.primary_key)))
        told = connection.execute(sa.select(schema.outbox.c.message).where(schema.outbox.c.kind == "erased")).scalars()
        said = Counter((row[0], row[1]) for message in told for row in message["rows"])
    for row in (said - erased).keys() | (erased - said).keys():
        result.wrong("applied twice" if said[row] else "applied in part", f"erasure {row}: told {said[row]} times")


def _papers(register: Register, places: Places, acts: Sequence[Act], result: Found) -> None:
    """A document is there once with all of its content, or not at all; what is erased has no content."""
    master = sealing.Master.read(places.master)
    for act in acts:
        subject = by_identifier(register, act.subject) if act.what == "put" else None
        if subject is None:
            continue
        same = [one for one in envelope.documents(register, subject, master) if one.title == act.name]
        if len(same) > 1:
            result.wrong("applied twice", f"document {act.name}: {len(same)} times")
        for one in same:
            if b"".join(envelope.content(register, master, subject, one.number)) != act.path.read_bytes():
                result.wrong("applied in part", f"document {act.name}: has other content")


def _messages(register: Register, places: Places, result: Found, *, everything: bool) -> None:
    """What is marked as sent was received; in the end all was, and nothing twice but what was on its way."""
    outbox, sent = schema.outbox.c, schema.sent.c
    with register.engine.connect() as connection:
        marked = set(
            connection.execute(sa.select(outbox.key).join(schema.sent, sent.number == outbox.number)).scalars()
        )
        if everything:
            marked = set(connection.execute(sa.select(outbox.key)).scalars())
    lines = places.messages.read_text().splitlines() if places.messages.exists() else []
    came = Counter(key for line in lines for key in [_key(line)] if key)
    for key in marked - came.keys():
        result.wrong("acknowledged and lost", f"message {key} is marked as sent, and did not come")
    if sum(came.values()) - len(came) > 1 + _strikes(places):
        result.wrong("applied twice", f"messages came {sum(came.values()) - len(came)} times again")


def _key(line: str) -> str | None:
    """The key of a message; None where the sender was killed while it wrote the line."""
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError):
        return None


def _strikes(places: Places) -> int:
    """How many strikes there were in this database: each may let one message come again."""
    return len(list(places.messages.parent.glob("struck-*")))


def _published(register: Register, places: Places, result: Found) -> None:
    """What is published is a whole log under a signature, and one that this register signed."""
    file = places.published / "checkpoint"
    if not file.exists():
        return
    with register.engine.connect() as connection:
        found = checkpoints.verify(file.read_text(), log_keys.keys(connection)).checkpoint
        query = sa.select(schema.checkpoint.c.root).where(schema.checkpoint.c.size == found.size)
        kept = connection.execute(query).scalar_one_or_none()
    if merkle.root_at(found.size, tiles.reader(found.size, tiles.folder(places.published))) != found.root:
        result.wrong("inconsistent", f"the published tiles are not those of checkpoint {found.size}")
    if kept != found.root:
        result.wrong("inconsistent", f"checkpoint {found.size} is published, and the register has another or none")
