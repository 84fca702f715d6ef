"""Documents: encrypted under a key of their subject, read by their subject and by no rule, gone with their key."""

import os
import threading

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.keeping import envelope
from goodstanding.register.keeping.envelope import PART, add, content, documents, erase, problems
from goodstanding.register.keeping.erasures import Again, again, listed
from goodstanding.register.keeping.sealing import DamagedError, Master
from goodstanding.register.ledger.dossiers import dossier, standing
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.standings.scoring import score
from goodstanding.register.store import schema
from tests.register.conftest import FIRM, PERSON, RECEIVED, UNTIL, row, tampering

CLAUSE = "Act, s. 9"


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    return Master.make(tmp_path_factory.mktemp("master") / "key")


@pytest.fixture
def person(synthetic):
    return by_identifier(synthetic, PERSON["subject"])


@pytest.fixture
def paper(tmp_path):
    """Write a document, each time under another name."""

    def write(content=b"an exam paper"):
        path = tmp_path / os.urandom(8).hex()
        path.write_bytes(content)
        return path

    return write


def read(register, master, subject, number):
    return b"".join(content(register, master, subject, number))


def wrong(register):
    with register.engine.connect() as connection:
        return list(problems(connection))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([1, 15, PART - 1, PART, PART + 1, 2 * PART]))
def test_what_is_put_in_comes_out_whatever_its_size(synthetic, person, paper, master, size):
    said = os.urandom(size)
    done = add(synthetic, master, person, paper(said), "exam paper", CLAUSE)
    assert (done.size, done.title, done.basis) == (size, "exam paper", CLAUSE)
    assert read(synthetic, master, person, done.number) == said
    assert wrong(synthetic) == []


def test_the_same_content_is_kept_once_for_a_subject_and_again_for_another(synthetic, person, paper, master):
    first = add(synthetic, master, person, paper(), "exam paper", CLAUSE)
    assert add(synthetic, master, person, paper(), "another title", CLAUSE) == first
    other = add(synthetic, master, by_identifier(synthetic, FIRM["subject"]), paper(), "exam paper", CLAUSE)
    assert other.number != first.number
    with pytest.raises(InputError, match="there is none in the envelope"):
        content(synthetic, master, person, other.number)


def test_nothing_of_it_lies_in_the_database_in_clear(synthetic, person, paper, master, postgres_folder):
    add(synthetic, master, person, paper(b"PLAIN" * 100), "TITLE-IN-CLEAR", CLAUSE)
    with synthetic.engine.connect() as connection:
        for name in ("document", "document_key", "document_part", "envelope", "envelope_key", "event"):
            told = repr(connection.execute(sa.select(schema.metadata.tables[name])).all())
            assert "PLAIN" not in told, name
            assert "TITLE" not in told, name


def test_erasing_destroys_the_key_and_leaves_commitment_clause_and_day(synthetic, person, paper, master):
    one = add(synthetic, master, person, paper(), "exam paper", CLAUSE)
    two = add(synthetic, master, person, paper(b"a judgment"), "judgment", CLAUSE)
    gone = erase(synthetic, one.number, "GDPR art. 17", UNTIL)
    assert (gone.title, gone.content, gone.clause, gone.erased_on) == (None, None, "GDPR art. 17", UNTIL)
    with pytest.raises(InputError, match="was erased under GDPR"):
        content(synthetic, master, person, one.number)
    assert read(synthetic, master, person, two.number) == b"a judgment"
    with pytest.raises(InputError, match="was erased before"):
        erase(synthetic, one.number, "GDPR art. 17", UNTIL)
    with synthetic.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.envelope_key)).scalar_one() == 1
    erase(synthetic, two.number, "GDPR art. 17", UNTIL)
    with synthetic.engine.connect() as connection:
        for name in ("envelope_key", "document_key", "document_part"):
            assert not connection.execute(sa.select(schema.metadata.tables[name])).all(), name
        assert len(connection.execute(sa.select(schema.document.c.commitment)).all()) == 2
        kinds = connection.execute(sa.select(schema.event.c.kind).order_by(schema.event.c.number)).scalars().all()
    assert kinds[-5:] == ["envelope", "document", "document", "document_erasure", "document_erasure"]
    assert wrong(synthetic) == []
    third = add(synthetic, master, person, paper(), "exam paper", CLAUSE)
    assert read(synthetic, master, person, third.number) == b"an exam paper"


def test_another_master_key_is_told_from_tampering(synthetic, person, paper, master, tmp_path, tamper):
    one = add(synthetic, master, person, paper(), "exam paper", CLAUSE)
    other = Master.make(tmp_path / "other")
    with pytest.raises(InputError, match=f"found {other.id}, expected {master.id}") as found:
        content(synthetic, other, person, one.number)
    assert not isinstance(found.value, DamagedError)
    with pytest.raises(InputError, match="expected"):
        add(synthetic, other, person, paper(b"more"), "more", CLAUSE)
    tamper(synthetic, "UPDATE document_part SET content = set_byte(content, 3, get_byte(content, 3) # 1)")
    with pytest.raises(DamagedError, match=f"document {one.number}: was changed"):
        read(synthetic, master, person, one.number)
    assert wrong(synthetic) == [f"document {one.number}: what is stored is not what was sealed"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE document_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)", "document"),
        ("UPDATE document_key SET about = about || 'x'", "document"),
        ("DELETE FROM document_part WHERE part = 1", "document"),
        ("UPDATE document_part SET part = part + 1 WHERE part = 1", None),
        ("UPDATE envelope_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)", "its key is not"),
        ("DELETE FROM envelope_key", "its key was removed"),
        ("DELETE FROM document_key", "is stored is not what was sealed"),
        ("UPDATE document_part SET document = document + 1", "which is not there"),
    ],
)
def test_what_is_changed_behind_its_back_is_named_and_never_given(
    synthetic, person, paper, master, tamper, change, says
):
    one = add(synthetic, master, person, paper(os.urandom(PART + 7)), "exam paper", CLAUSE)
    tamper(synthetic, change)
    assert says is None or any(says in problem for problem in wrong(synthetic))
    with pytest.raises(DamagedError):
        assert [documents(synthetic, person, master), read(synthetic, master, person, one.number)]


def test_only_the_function_removes_and_only_with_an_erasure(synthetic, synthetic_dsn, person, paper, master):
    add(synthetic, master, person, paper(), "exam paper", CLAUSE)
    with psycopg.connect(synthetic_dsn, autocommit=True) as owner:
        for table in ("envelope", "envelope_key", "document", "document_key", "document_part"):
            for act in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                with pytest.raises(psycopg.errors.RaiseException, match="is never changed or removed"):
                    owner.execute(act)
        owner.execute("SET ROLE goodstanding_service")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("DELETE FROM document_key")


def test_no_rule_reads_documents(synthetic, person, paper, master, file, wendeng, postgres_folder):
    """Scoring and standings work where the tables of documents may not be read at all."""
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    load_policy(synthetic, wendeng)
    add(synthetic, master, person, paper(), "exam paper", CLAUSE)
    tables = "envelope, envelope_key, document, document_key, document_part, document_erasure"
    with tampering(postgres_folder, synthetic) as admin:
        admin.execute(f"REVOKE ALL ON {tables} FROM goodstanding_service")
    try:
        run = score(synthetic, "cn-wendeng", UNTIL)
        told = standing(synthetic, dossier(synthetic, person), "cn-wendeng", UNTIL)
    finally:
        with tampering(postgres_folder, synthetic) as admin:
            admin.execute(f"GRANT SELECT, INSERT ON {tables} TO goodstanding_service")
    assert (run.subjects, told.outcome) == (18, "graded")


def test_keys_that_an_old_backup_brings_back_are_destroyed_again(
    synthetic, person, paper, master, tmp_path, postgres_folder
):
    one = add(synthetic, master, person, paper(), "exam paper", CLAUSE)
    tables = ("envelope", "envelope_key", "document", "document_key", "document_part")
    with tampering(postgres_folder, synthetic) as admin:
        backup = {table: admin.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        erase(synthetic, one.number, CLAUSE, UNTIL)
        path = tmp_path / "list"
        path.write_text(listed(synthetic))
        admin.execute("DELETE FROM document_erasure")
        for table in ("envelope_key", "document_key", "document_part"):
            for kept in backup[table]:
                admin.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(kept))})", kept)
        admin.execute("DELETE FROM event WHERE kind = 'document_erasure'")
    assert read(synthetic, master, person, one.number) == b"an exam paper"
    assert again(synthetic, path) == Again(records=0, documents=1, nothing=0)
    with pytest.raises(InputError, match="was erased"):
        content(synthetic, master, person, one.number)
    assert again(synthetic, path) == Again(records=0, documents=0, nothing=1)


def test_adding_while_the_last_one_is_erased_never_leaves_a_document_without_its_key(synthetic, person, paper, master):
    for _ in range(5):
        first = add(synthetic, master, person, paper(os.urandom(9)), "first", CLAUSE)
        made = []
        adding = threading.Thread(
            target=lambda made=made: made.append(add(synthetic, master, person, paper(os.urandom(9)), "next", CLAUSE))
        )
        adding.start()
        erase(synthetic, first.number, CLAUSE, UNTIL)
        adding.join()
        assert len(read(synthetic, master, person, made[0].number)) == 9
        erase(synthetic, made[0].number, CLAUSE, UNTIL)


def test_a_file_that_is_no_document_is_refused(synthetic, person, paper, master, tmp_path, monkeypatch):
    for path, says in ((paper(b""), "is empty"), (tmp_path / "none", "cannot be read"), (tmp_path, "cannot be read")):
        with pytest.raises(InputError, match=says):
            add(synthetic, master, person, path, "title", CLAUSE)
    monkeypatch.setattr(envelope, "LARGEST", 10)
    with pytest.raises(InputError, match="is larger than"):
        add(synthetic, master, person, paper(), "title", CLAUSE)
    for title, basis in (("", CLAUSE), ("t" * 201, CLAUSE), ("t", " ")):
        with pytest.raises(InputError, match="expected 1 to 200"):
            add(synthetic, master, person, paper(b"x"), title, basis)


def test_a_master_key_is_a_private_file_of_its_own(tmp_path):
    path = tmp_path / "key"
    made = Master.make(path)
    assert Master.read(path) == made
    assert made.secret.hex() not in repr(made)
    with pytest.raises(InputError, match="name a new file"):
        Master.make(path)
    path.chmod(0o644)
    with pytest.raises(InputError, match="others may read"):
        Master.read(path)
    path.chmod(0o600)
    for text in ("", "x", "goodstanding-envelopes 00"):
        path.write_text(text)
        with pytest.raises(InputError, match="is no master key"):
            Master.read(path)
    with pytest.raises(InputError, match="cannot be read"):
        Master.read(tmp_path / "none")
