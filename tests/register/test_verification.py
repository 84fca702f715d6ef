"""Verification: whoever changes, adds or removes a row behind the register's back is found, row and table."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
import sqlalchemy as sa

from goodstanding.facts.contracts import Contract
from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World
from goodstanding.proof import checkpoints, notes
from goodstanding.register.deliveries import claiming, rereading, reviewing, senders, settling
from goodstanding.register.deliveries.deciding import reject, release
from goodstanding.register.deliveries.delivering import content_of, deliver
from goodstanding.register.deliveries.holding import HeldBackError
from goodstanding.register.founding import found
from goodstanding.register.keeping import envelope, receivers, sealing
from goodstanding.register.keeping.expiry import erase
from goodstanding.register.ledger import merging, pausing, quality, sampled
from goodstanding.register.ledger.access import log_access
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.sources import change_contract
from goodstanding.register.ledger.subjects import asked_for, by_identifier
from goodstanding.register.log import effects, events, sequence
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log.commitments import standings_digest
from goodstanding.register.proving.verification import kept_outside, problems, verify
from goodstanding.register.standings import increments
from goodstanding.register.store import schema
from tests.register.conftest import (
    FIRM,
    MANIFEST,
    PEOPLE,
    PERSON,
    RECEIVED,
    SOURCES,
    fresh,
    inspection,
    row,
    source,
    tampering,
)

LAST = row(FIRM, "D-1", kind="contract.default")
WITNESS = notes.Signer("witness.example/w1", b"w" * 32, notes.Kind.COSIGNATURE)


@pytest.fixture(scope="module")
def filled(postgres_folder, tmp_path_factory, wendeng):
    """A register with something in every table, signed in two checkpoints, the first of them cosigned."""
    folder = tmp_path_factory.mktemp("filled")
    rows = [row(PERSON, f"D-{n}", kind="civic.donation", amount=str(n)) for n in range(30)]
    with fresh(postgres_folder) as dsn:
        register = found(dsn, World.SYNTHETIC, SOURCES | {"city.court": WIDER}, MANIFEST, PEOPLE)
        log_keys.make_key(register, folder / "log.key")
        key = log_keys.read_key(folder / "log.key")
        for source, part in (("city.tax", [*rows, row(FIRM, "D-X", size="no")]), ("city.court", [LAST])):
            pl.DataFrame(part, schema_overrides={"born": pl.Date}, infer_schema_length=None).write_csv(folder / source)
        deliver(register, "city.tax", folder / "city.tax", RECEIVED)
        deliver(register, "city.court", folder / "city.court", RECEIVED, note=_noted(register, folder / "city.court"))
        load_policy(register, wendeng)
        _merged(register)
        increments.rescore(register, "cn-wendeng", RECEIVED)
        sequence.sign(register, key)
        with register.engine.begin() as connection:
            _, note = sequence.latest(connection)
            connection.execute(sa.text("SELECT erase(1, 30, 'Measures, art. 30', '\\x00')"))
            events.happened(connection, "erasure", [*events.rows_of(connection, "erasure")])
        log_keys.cosign(register, notes.cosigned(note, WITNESS, 1_790_000_000), WITNESS.verifier)
        for _ in range(300):
            log_access(register, by_identifier(register, PERSON["subject"]), "jansen", "clerk", "licence", "page")
        _kept(register, folder)
        _held(register, folder)
        _unlinked(register, folder)
        _denied(register)
        _read(register)
        sequence.sign(register, key)
        with register.engine.connect() as connection:
            _, note = sequence.latest(connection)
        yield register, kept_outside(note, [key.verifier]), key
        register.engine.dispose()


WIDER = source("city.court", *SOURCES["city.court"].kinds, "contract.fraud")
COURT = notes.Signer.generate("city.court")


def _noted(register, path):
    """Enrol two keys of a source, end one, and sign a delivery with the other."""
    ended = notes.Signer.generate("city.court")
    for key in (COURT, ended):
        senders.enrol_key(register, "city.court", str(key.verifier))
    senders.end_key(register, "city.court", ended.verifier.id.hex(), "lost")
    return _signed(register, path, 1)


def _signed(register, path, number):
    with register.engine.connect() as connection:
        name = sequence.origin(connection)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return senders.Note(name, "city.court", content_of(path), now, number).signed(COURT)


def _kept(register, folder):
    """Documents, one of them erased; a message that was sent; an effect."""
    master = sealing.Master.make(folder / "master")
    for number in (1, 2):
        (folder / "paper").write_text(f"paper {number}")
        envelope.add(
            register, master, by_identifier(register, PERSON["subject"]), folder / "paper", "paper", "Act, s. 1"
        )
    envelope.erase(register, 1, "Act, s. 2", RECEIVED)
    envelope.rotate(register, master, sealing.Master.make(folder / "master.new"))
    with register.engine.begin() as connection:
        effects.put(connection, "key", "kind", {})
        effects.once(connection, "effect")
    _told(register)
    effects.send(register, effects.Receiver(str(folder / "messages")))


def _told(register):
    """A receiver that is told, does not take it, answers and ends; a look that is forgotten."""
    receivers.add(register, "City", "http://127.0.0.1:9/", RECEIVED, kinds=["civic.donation"])
    with register.engine.begin() as connection:
        one = connection.execute(sa.select(schema.record).where(schema.record.c.row == 29)).first()
        erase(connection, [(one, "Act, s. 3", RECEIVED)])
    receivers.send_each(register)
    receivers.keep_answer(register, receivers.unanswered(register, "City")[0][0], "done")
    receivers.end(register, "City", dt.date(2030, 1, 1), "over")
    with register.engine.begin() as connection:
        number = connection.execute(sa.text("SELECT min(number) FROM access")).scalar_one()
        connection.execute(sa.text("SELECT forget(:number, 'Act, s. 4', '2100-01-01')"), {"number": number})
        events.happened(connection, "access_erasure", [*events.rows_of(connection, "access_erasure")])


def _merged(register):
    """A merge despite what was said, acknowledged; another that was split."""
    firms = [
        asked_for(register, one) for one in PEOPLE.filter(pl.col("is_a") == "organisation")["subject"].tail(3).to_list()
    ]
    said = merging.differ(register, *firms[:2], "A. Jansen", "two firms")
    fact = merging.merge(register, *firms[:2], "A. Jansen", "one firm", despite=[said.number])
    merging.acknowledge(register, fact.number, "B. Smit", "seen")
    other = merging.merge(register, firms[0], firms[2], "A. Jansen", "one firm")
    merging.split(register, other.number, "A. Jansen", "two firms")
    again = merging.differ(register, *firms[1:], "A. Jansen", "two firms")
    merging.take_back(register, again.number, "B. Smit", "said of another")


def _read(register):
    """A sample that two people read, its measures, and a source that is paused for them."""
    links = pl.DataFrame({"left": ["1", "2"], "right": ["7", "8"], "weight": [9.0, 8.0], "probability": [0.99, 0.98]})
    records = pl.DataFrame({"record": ["1", "2", "3"], "name": ["Acme", "Bolt", "Crow"]}).with_columns(
        founded=pl.lit(None, pl.Date)
    )
    sampled.draw(register, "city.tax", "model", links, records, 0)
    for number in (1, 2, 3):
        sampled.answer(register, number, "A. Jansen", "different")
    quality.measure(register)
    pausing.judge(register)


def _held(register, folder):
    """A contract, and four deliveries that do not keep it: one released, one rejected, two that wait."""
    change_contract(register, "city.tax", Contract.model_validate({"rows": {"most": 0}}))
    for number in range(1, 5):
        pl.DataFrame([row(PEOPLE.row(9, named=True), f"H-{number}")]).write_csv(folder / f"held-{number}.csv")
        with pytest.raises(HeldBackError):
            deliver(register, "city.tax", folder / f"held-{number}.csv", RECEIVED)
    release(register, 1, "A. Jansen", "why not")
    reject(register, 2, "A. Jansen", "why")


def _unlinked(register, folder):
    """Two rows without a number: one that waits, with a candidate and one that is not meant, and one that was ended."""
    rows = [row(FIRM, f"U-{n}", kind="contract.fraud") | {"subject": None, "born": None} for n in (1, 2)]
    pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / "unlinked.csv")
    deliver(
        register, "city.court", folder / "unlinked.csv", RECEIVED, note=_signed(register, folder / "unlinked.csv", 2)
    )
    given = {"version": "0" * 64, "settings": "{}", "frequencies": b"", "crowds": b"", "threshold": 9, "margin": 1}
    with register.engine.begin() as connection:
        events.add(connection, "model", [given | {"by": "A. Jansen"}])
        found = {"unlinked": 1, "model": 1, "subject_id": 13, "weight": Decimal("3.5"), "probability": Decimal("0.5")}
        events.add(connection, "candidate", [found])
        events.add(connection, "model_source", [{"model": 1, "source": "city.tax"}])
        events.add(connection, "search", [{"model": 1, "last_case": 2, "last_subject": 13}])
    reviewing.different(register, 1, PEOPLE.row(14, named=True)["subject"], "A. Jansen", "another street")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rereading, "ONE_IN", 1)
        reviewing.refuse(register, 2, "A. Jansen", "cannot be found")
    rereading.answer(register, 2, "B. Smit", "new")
    settling.settle(register, 2, "C. Bos", "nobody knows", stands=True)


def _denied(register):
    """A record that its subject says is another's, which is found not to be so."""
    claim = claiming.deny(register, (1, 3), "the subject", "a namesake", own=True)
    claiming.affirm(register, claim.number, "A. Jansen", "the whole judgment came")


@pytest.fixture
def tamper(postgres_folder, filled):
    """Change the register behind its back, say what is found then, and leave everything as it was."""
    register, outside, key = filled
    with tampering(postgres_folder, register) as changing:
        changing.commit()
        engine = sa.create_engine("postgresql+psycopg://", creator=lambda: changing, poolclass=sa.StaticPool)

        def run(*statements, kept=outside):
            with engine.connect() as connection:
                connection.execute(sa.text("SET TIME ZONE 'UTC'"))
                for statement in statements:
                    assert connection.exec_driver_sql(statement).rowcount, statement
                found = [*problems(connection, register, kept, [key.verifier] if kept else [])]
                connection.rollback()
            return found

        yield run


def test_a_register_that_nobody_changed_is_as_it_was(filled, tamper) -> None:
    register, outside, key = filled
    assert verify(register) == []
    assert verify(register, outside, [key.verifier]) == []
    assert tamper() == []


def test_every_table_has_rows_that_can_be_tampered_with(filled) -> None:
    with filled[0].engine.connect() as connection:
        empty = {name for name in schema.metadata.tables if not connection.exec_driver_sql(f"TABLE {name}").first()}
    assert empty <= {"superseded", "waiting"}


TOLD = [
    "envelope",
    "resealing",
    "document",
    "document_erasure",
    "effect",
    "outbox",
    "sent",
    "access_erasure",
    "receiver",
]
TOLD += ["receiver_end", "attempt", "answer"]


@pytest.mark.parametrize("table", TOLD)
def test_what_is_kept_beside_records_is_named_when_it_is_changed_or_removed(tamper, table) -> None:
    text = next(
        name
        for name in ("basis", "clause", "kind", "why", "name", "answer", "receiver", "key", "master")
        if name in schema.metadata.tables[table].c
    )
    key = next(iter(schema.metadata.tables[table].primary_key)).name
    one = f"{key} = (SELECT max({key}) FROM {table})"
    assert any(table in problem for problem in tamper(f"UPDATE {table} SET {text} = {text} || 'x' WHERE {one}"))
    assert any(table in problem for problem in tamper(f"DELETE FROM {table} WHERE {one}"))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE access SET at = at + interval '1 second' WHERE who IS NULL",
        "UPDATE access SET purpose = 'x' WHERE who IS NULL",
        "UPDATE event SET salt = '\\x01' WHERE kind = 'access' AND salt = ''",
        "UPDATE access SET who = NULL, role = NULL, purpose = NULL, what = NULL "
        "WHERE number = (SELECT max(number) FROM access)",
    ],
)
def test_a_look_that_was_forgotten_stays_as_it_was_left_and_no_other_one_is_emptied(tamper, change) -> None:
    assert any(problem.startswith("access ") for problem in tamper(change))


@pytest.mark.parametrize("table", ["envelope_key", "document_key", "document_part"])
def test_keys_and_parts_of_documents_that_are_changed_or_removed_are_named(tamper, table) -> None:
    column = "content" if table == "document_part" else "wrapped"
    assert tamper(f"UPDATE {table} SET {column} = {column} || 'x'")
    assert tamper(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    "change",
    [
        "act = '2026-03-02'",
        "act = 'infinity'",
        "kind = 'tax.evasion'",
        "document = 'D-0?'",
        "authority = 'another'",
        "final = '2026-09-01'",
        """attributes = '{"amount": 1}'""",
        """attributes = '{}'""",
        """attributes = '{"amount": 2000, "mood": 1}'""",
        """attributes = '{"amount": "many"}'""",
        "digest = sha256('')",
        "salt = sha256('')",
        "commitment = sha256('')",
        "source = 'city.court'",
        "version = 2",
        "state = 'withdrawn'",
        "digest = NULL",
        "subject_id = 2",
    ],
)
def test_a_changed_record_is_found_by_its_delivery_and_row(tamper, change) -> None:
    found = tamper(f"UPDATE record SET {change} WHERE document = 'D-20'")
    assert any(problem.startswith("record") for problem in found), found
    assert any(problem.startswith("record delivery 1 row 21: ") for problem in found) or "version" in str(found)
    assert not any("delivery 2" in problem for problem in found if not problem.startswith(("head ", "bucket ")))


def test_a_record_that_is_renumbered_within_the_order_is_found(tamper) -> None:
    found = tamper("UPDATE record SET row = 31 WHERE row = 30 AND delivery = 1", "DELETE FROM erasure")
    assert any("record: the row, source, version or state of one of deliveries 1" in problem for problem in found)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("DELETE FROM record WHERE document = 'D-20'", "delivery 1: accepted 30 rows, but 29 are there"),
        (
            "INSERT INTO record SELECT delivery, 99, subject_id, source, kind, act, decided, final, occurrence, "
            "'D-new', authority, basis, attributes, digest, version, state, salt, commitment "
            "FROM record WHERE document = 'D-20'",
            "delivery 1: accepted 30 rows, but 31 are there",
        ),
        ("DELETE FROM refusal", "delivery 1: refused 1 rows, but 0 are there"),
        ("UPDATE refusal SET found = 'yes'", "refusal delivery 1 fault 1: is not what was accepted"),
        ("UPDATE refusal SET fault = 7 WHERE delivery = 1", "refusal delivery 1 fault 7: is not what was accepted"),
        ("UPDATE record SET row = 98 WHERE document = 'D-20'", "delivery 1: its records are not those of then"),
        (
            "UPDATE record SET delivery = 9 WHERE document = 'D-20'",
            "record: has rows of delivery 9, which is not there",
        ),
        ("UPDATE delivery SET received = '2026-10-02' WHERE number = 2", "delivery 2: is not what happened then"),
        ("UPDATE delivery SET known_on = known_on - interval '1 day' WHERE number = 1", "delivery 1: is not what"),
        ("UPDATE delivery SET records_root = '' WHERE number = 1", "delivery 1: is not what happened then"),
        ("DELETE FROM delivery WHERE number = 1", "delivery 1: is missing; found 2 in its place"),
        ("DELETE FROM delivery WHERE number = 2", "delivery 2: was removed; event"),
        ("UPDATE subject SET name = 'another' WHERE id = 3", "subject id 3: is not what was accepted"),
        ("UPDATE subject SET sought = 'another' WHERE id = 3", "subject id 3: is not what was accepted"),
        ("UPDATE subject SET known_on = now() WHERE id = 3", "subject id 3: is not what was accepted"),
        ("UPDATE subject SET id = 99 WHERE id = 18", "subject id 99: is not what was accepted"),
        ("DELETE FROM subject WHERE id = 3", "world 1: its subjects are not those of then"),
        ("UPDATE subject SET delivery = 1 WHERE id = 3", "world 1: its subjects are not those of then"),
        ("UPDATE source SET definition = '{}' WHERE id = 'city.tax'", "source city.tax: is not what happened then"),
        ("UPDATE world SET salt = 'x'", "world 1: is not what happened then"),
        ("UPDATE policy SET contents = '{}'", "policy 1: is not what happened then"),
        ("UPDATE policy SET hash = 'x'", "policy 1: is not what happened then"),
        ("DELETE FROM standing WHERE subject_id = 2", "standing run 1 subject 2: is not what scoring gives again"),
        ("UPDATE standing SET grade = 'D' WHERE subject_id = 5", "standing run 1 subject 5: is not what scoring"),
        ("UPDATE standing SET run = 2", "standing: has rows of run 2, which is not there"),
        ("UPDATE standing SET subject_id = 99 WHERE subject_id = 2", "standing: has rows of subject 99, which"),
        ("UPDATE access SET who = 'nobody' WHERE number = 7", "access 7: is not what happened then"),
        ("DELETE FROM access WHERE number = 7", "access 7: was removed; event"),
        ("UPDATE contract SET terms = '{}'", "contract 1: is not what happened then"),
        ("DELETE FROM contract", "contract 1: was removed; event"),
        ("UPDATE held SET breaches = '[]' WHERE number = 3", "held 3: is not what happened then"),
        ("UPDATE held SET content = 'x' WHERE number = 3", "held 3: is not what happened then"),
        ("UPDATE held SET note = 'x' WHERE number = 1", "held 1: is not what happened then"),
        ("DELETE FROM held WHERE number = 3", "held 3: was removed; event"),
        ("DELETE FROM held WHERE number = 3", "held_part: has rows of held 3, which is not there"),
        ("UPDATE held_decision SET by = 'B. Smit' WHERE held = 1", "held_decision 1: is not what happened then"),
        ("UPDATE held_decision SET reason = 'x' WHERE held = 2", "held_decision 2: is not what happened then"),
        ("DELETE FROM held_decision WHERE held = 2", "held_decision 2: was removed; event"),
        ("DELETE FROM held_decision WHERE held = 2", "held 2: what is stored is not what came"),
        (
            "INSERT INTO held_decision (held, decision, by, reason, \"on\") VALUES (3, 'rejected', 'x', 'x', now())",
            "held_decision 3: was added behind the register's back",
        ),
        ("UPDATE held_part SET content = content || 'x' WHERE held = 3", "held 3: what is stored is not what came"),
        ("UPDATE held_part SET part = 1 WHERE held = 3", "held 3: what is stored is not what came"),
        ("DELETE FROM held_part WHERE held = 4", "held 4: what is stored is not what came"),
        ("INSERT INTO held_part VALUES (1, 0, '')", "held 1: was released, and its content is stored again"),
        ("INSERT INTO held_part VALUES (9, 0, '')", "held_part: has rows of held 9, which is not there"),
        ("UPDATE sampled SET members = 9 WHERE number = 2", "sampled 2: is not what happened then"),
        ("UPDATE reading SET answer = 'same' WHERE number = 2", "reading 2: is not what happened then"),
        ("UPDATE reading SET reader = 'B. Smit' WHERE number = 2", "reading 2: is not what happened then"),
        ("DELETE FROM reading WHERE number = 2", "reading 2: was removed; event"),
        ("UPDATE second SET until = '2030-01-01'", "second 2: is not what happened then"),
        ("UPDATE second_reading SET agrees = true", "second_reading 2: is not what happened then"),
        ("DELETE FROM second_end", "second_end 2: was removed; event"),
        ("UPDATE quality SET high = 1000000 WHERE number = 1", "quality 1: is not what happened then"),
        ("UPDATE pause SET paused = false", "pause 1: is not what happened then"),
        ("DELETE FROM pause", "pause 1: was removed; event"),
        ("UPDATE event SET at = now() WHERE kind = 'policy'", "event: the number, kind, key or time of one of"),
        (
            "ALTER TABLE event ALTER number DROP IDENTITY; UPDATE event SET number = 5000 WHERE kind = 'policy'",
            "event 5000: is neither a leaf nor waiting",
        ),
        ("UPDATE leaf SET hash = '' WHERE index = 3", "leaf 3: is not the hash of event"),
        ("UPDATE leaf SET index = 5000 WHERE index = 3", "leaf 3: is missing; found leaf 4 in its place"),
        ("DELETE FROM leaf WHERE index = 3", "leaf 3: is missing; found leaf 4 in its place"),
        ("UPDATE tile SET hashes = ''", "tile 0/0: is not over these leaves"),
        ("DELETE FROM tile", "tile 0/0: is missing"),
        ("UPDATE head SET items = 1 WHERE subject_id = 1", "head 1 delivery 2"),
        ("DELETE FROM head WHERE subject_id = 1", "head 1 delivery 2"),
        (
            "UPDATE head SET delivery = 99 WHERE subject_id = 1 AND delivery < 3",
            "head 1 delivery 99: is of a map that is not there",
        ),
        ("UPDATE bucket SET subjects = 2", "bucket "),
        ("UPDATE map SET root = ''", "map "),
        ("DELETE FROM checkpoint WHERE size = (SELECT min(size) FROM checkpoint)", "checkpoint "),
        ("UPDATE checkpoint SET at = now()", "checkpoint "),
        ("UPDATE checkpoint SET note = replace(note, chr(10), chr(32))", "checkpoint "),
        ("UPDATE cosignature SET line = 'x'", "cosignature "),
        ("UPDATE cosignature SET verifier = 'x'", "cosignature "),
        ("UPDATE cosignature SET size = (SELECT max(size) FROM checkpoint)", "cosignature "),
        ("UPDATE log_key SET verifier = 'x'", "log_key 1: is not what happened then"),
        ("DELETE FROM erasure", "record delivery 1 row 30: was emptied, and no erasure says so"),
        ("UPDATE erasure SET clause = 'x'", "erasure 1/30: is not what happened then"),
        ("INSERT INTO superseded VALUES (1, 1, 1, 2)", "superseded 1/1: its records are not two versions"),
        ("INSERT INTO waiting SELECT min(number) FROM event", "waiting 1: that event is a leaf already"),
        (
            "INSERT INTO access (subject_id, who, role, purpose, what) VALUES (1, 'x', 'x', 'x', 'x')",
            "access 301: was added behind the register's back",
        ),
        ("ALTER TABLE record DISABLE TRIGGER append_only", "trigger append_only on public.record: found"),
        ("DROP TRIGGER only_erased ON record", "trigger only_erased on public.record: was taken away"),
        ("ALTER TABLE document DISABLE TRIGGER ALL", "trigger of constraint document_"),
        (
            "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "function public.append_only(): found",
        ),
        ("ALTER FUNCTION shred RESET ALL", "function public.shred("),
        ("ALTER FUNCTION append_only OWNER TO postgres", "function public.append_only(): found"),
        (
            "CREATE FUNCTION aid() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM record'",
            "function public.aid(): was added",
        ),
        ("GRANT UPDATE ON record TO goodstanding_service", "rights of goodstanding_service on public.record: found"),
        ("GRANT UPDATE (kind) ON record TO PUBLIC", "rights of everybody on column public.record.kind: was added"),
        ("REVOKE INSERT ON event FROM goodstanding_service", "rights of goodstanding_service on public.event: found"),
        ("ALTER ROLE goodstanding_service SUPERUSER", "role goodstanding_service: found superuser"),
        (
            "ALTER ROLE goodstanding SET session_replication_role = replica",
            "setting session_replication_role of goodstanding: was added",
        ),
        ("CREATE RULE lost AS ON INSERT TO event DO INSTEAD NOTHING", "rule lost on public.event: was added"),
        ("CREATE TABLE more () INHERITS (access)", "inheritance of public.access: was added"),
        ("ALTER TABLE access ALTER at SET DEFAULT '2020-01-01'", "column public.access.at: found"),
        ("ALTER TABLE record DROP CONSTRAINT record_pkey", "constraint record_pkey on public.record: was taken away"),
        ("ALTER TABLE standing SET UNLOGGED", "table public.standing: found kept u"),
        ("CREATE OR REPLACE VIEW own_record AS SELECT * FROM record", "view public.own_record: found"),
        ("ALTER SEQUENCE event_number_seq INCREMENT -1", "sequence public.event_number_seq: found"),
        ("SELECT setval('access_number_seq', 1)", "sequence public.access_number_seq: was set back to 1; access 300"),
    ],
)
def test_what_was_changed_removed_or_added_is_named(tamper, change, problem) -> None:
    found = tamper(change)
    assert any(one.startswith(problem) for one in found), found


FORGED = """
    UPDATE access SET who = 'nobody' WHERE number = 7;
    UPDATE event SET commitment = sha256('\\x00'::bytea || salt || '{said}') WHERE kind = 'access' AND key = '7';
    UPDATE leaf SET hash = sha256('\\x00'::bytea || commitment) FROM event WHERE event = number AND key = '7'
"""


def test_a_row_changed_together_with_its_event_and_leaf_is_found_by_the_signature(filled, tamper) -> None:
    with filled[0].engine.connect() as connection:
        row = events.row_of(connection, "access", "7")
    said = events.content("access", row | {"who": "nobody"}).decode()
    found = tamper(*FORGED.format(said=said).split(";"))
    assert not any(problem.startswith("access") for problem in found)
    rewritten = [problem for problem in found if "history was rewritten" in problem]
    assert any("access 7," in problem for problem in rewritten), found
    assert any("was kept outside" in problem for problem in rewritten), found


def test_a_log_that_was_cut_back_is_found_by_the_checkpoint_kept_outside(filled, tamper) -> None:
    cut = [
        f"DELETE FROM {table} WHERE size > (SELECT min(size) FROM checkpoint)"
        for table in ("map", "checkpoint")
    ] + [
        "DELETE FROM leaf WHERE index >= (SELECT min(size) FROM checkpoint)",
        "DELETE FROM event WHERE number NOT IN (SELECT event FROM leaf)",
        "DELETE FROM access",
        "DELETE FROM cosignature",
        "DELETE FROM tile",
    ]  # fmt: skip
    found = tamper(*cut)
    assert any("it was cut back, or an old backup was restored" in problem for problem in found), found


def test_a_history_that_another_key_signed_is_found(filled, tamper) -> None:
    _, outside, key = filled
    other = notes.Signer.generate(key.name)
    signed = outside.checkpoint
    note = checkpoints.sign(checkpoints.Checkpoint(signed.origin, signed.size, signed.root), other)
    forged = f"UPDATE checkpoint SET note = '{note}' WHERE size = {signed.size}"
    enrolled = f"INSERT INTO log_key (verifier) VALUES ('{other.verifier}')"
    assert any(f"checkpoint {signed.size}: the note is signed by" in problem for problem in tamper(forged, kept=None))
    found = tamper(forged, enrolled)
    assert any(problem.startswith("log_key 2: was added behind") for problem in found)
    assert any(f"checkpoint {signed.size}: the note is signed by" in problem for problem in found)


def test_a_checkpoint_that_no_known_key_signed_is_no_witness(filled) -> None:
    register, _, key = filled
    with register.engine.connect() as connection:
        _, note = sequence.latest(connection)
    with pytest.raises(InputError, match="the checkpoint kept outside"):
        kept_outside(note, [notes.Signer.generate(key.name).verifier])


def test_a_subject_of_the_real_world_belongs_to_the_delivery_that_brought_it(real, postgres_folder, file) -> None:
    for number, name in (("01234567", "Tea Ltd"), ("01234568", "Pot Ltd")):
        deliver(real, "gb.fsa", file(inspection(f"gb.company:{number}", number, name=name)), RECEIVED)
    assert verify(real) == []
    with tampering(postgres_folder, real) as changing:
        changing.execute("UPDATE subject SET name = 'Another Ltd' WHERE id = 2")
    assert verify(real) == ["subject id 2: is not what was accepted"]
    with tampering(postgres_folder, real) as changing:
        changing.execute("UPDATE subject SET delivery = 1 WHERE id = 2")
    assert any(problem.startswith("delivery 2: its subjects are not those of then") for problem in verify(real))


def test_many_changed_rows_are_named_in_part_and_counted(tamper) -> None:
    found = tamper("UPDATE record SET act = '2026-01-01' WHERE delivery = 1 AND document IS NOT NULL", kept=None)
    found = [problem for problem in found if problem.startswith("record delivery 1")]
    assert len(found) == 21
    assert found[-1] == "record delivery 1: 8 more rows like these: is not what was accepted"


def test_a_run_that_is_kept_is_what_was_digested(filled) -> None:
    with filled[0].engine.connect() as connection:
        kept = connection.execute(sa.select(schema.run)).one()
        assert standings_digest(connection, kept.number) == kept.standings_digest
