"""The log: every event becomes a leaf once, under signed checkpoints whose proofs anybody can check."""

import datetime as dt
import os
import stat
import threading
import time

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.proof import bundles, checkpoints, dossiermap, merkle, notes, tiles
from goodstanding.proof.errors import ProofError
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.access import log_access
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import maps, sequence
from goodstanding.register.proving.proofs import prove_consistency, prove_dossier, prove_record
from goodstanding.register.proving.verification import verify
from tests.register.conftest import FIRM, PEOPLE, PERSON, RECEIVED, row

WITNESS = notes.Signer("witness.example/w1", b"w" * 32, notes.Kind.COSIGNATURE)
ABSENT = "cn.uscc:91000000000000000X"


@pytest.fixture
def key(synthetic, tmp_path):
    log_keys.make_key(synthetic, tmp_path / "log.key")
    return log_keys.read_key(tmp_path / "log.key")


def rows(register, query):
    with register.engine.connect() as connection:
        return connection.execute(sa.text(query)).all()


def fill(register, file, number, count=20):
    """A delivery about everybody of the population in turn."""
    people = [PEOPLE.row(n % PEOPLE.height, named=True) for n in range(count)]
    return deliver(register, "city.tax", file(*(row(one, f"D-{number}-{n}") for n, one in enumerate(people))), RECEIVED)


def look(register, times=1):
    person = by_identifier(register, PERSON["subject"])
    for _ in range(times):
        log_access(register, person, "jansen", "clerk", "licence 12", "dossier")


def test_every_event_becomes_one_leaf_in_order_and_the_map_is_the_last(synthetic, file, key) -> None:
    fill(synthetic, file, 1)
    signed = sequence.sign(synthetic, key)
    leaves = rows(synthetic, "SELECT index, number, kind FROM leaf JOIN event ON number = event ORDER BY index")
    assert [one.index for one in leaves] == list(range(signed.size))
    assert [one.number for one in leaves] == sorted(one.number for one in leaves)
    assert [one.kind for one in leaves] == ["world", "source", "source", "log_key", "delivery", "map"]
    assert rows(synthetic, "SELECT event FROM waiting") == []
    assert sequence.sign(synthetic, key) is None


def test_a_checkpoint_is_signed_and_has_the_root_of_its_leaves(synthetic, file, key) -> None:
    look(synthetic, 300)
    sequence.sign(synthetic, key)
    look(synthetic, 300)
    sequence.sign(synthetic, key)
    hashes = [bytes(one.hash) for one in rows(synthetic, "SELECT hash FROM leaf ORDER BY index")]
    for kept in rows(synthetic, "SELECT size, root, note FROM checkpoint"):
        signed = checkpoints.verify(kept.note, [key.verifier]).checkpoint
        assert (signed.size, signed.root) == (kept.size, bytes(kept.root))
        assert signed.root == merkle.root(hashes[: signed.size])
    with synthetic.engine.connect() as connection:
        fetch = sequence.fetch(connection)
        for tile in [*tiles.tiles(len(hashes)), *tiles.tiles(256 * 2)]:
            assert len(fetch(tile.path)) == 32 * tile.width
        assert merkle.root_at(len(hashes), tiles.reader(len(hashes), fetch)) == merkle.root(hashes)
        for odd in ("tile/0/000.p/0", "tile/9/000", "tile/0/999", "tile/entries/003", "tile/0/x9/1", "etc/passwd"):
            with pytest.raises(FileNotFoundError):
                fetch(odd)


def test_heads_and_map_are_those_of_the_records_in_ledger_order(synthetic, file, key) -> None:
    for number in range(3):
        fill(synthetic, file, number, 20 + number)
        sequence.sign(synthetic, key)
    kept = rows(
        synthetic,
        "SELECT identifier, array_agg(commitment ORDER BY delivery, row) AS own "
        "FROM record JOIN (SELECT id, identifier FROM subject) AS s ON id = subject_id GROUP BY identifier",
    )
    with synthetic.engine.connect() as connection:
        salt = maps.salt_of(connection)
        found = maps.entries(connection, range(dossiermap.BUCKETS), 3)
    expected = {
        dossiermap.key(salt, one.identifier): dossiermap.Entry(
            len(one.own), dossiermap.head(bytes(commitment) for commitment in one.own)
        )
        for one in kept
    }
    assert found == expected
    (last,) = rows(synthetic, "SELECT root, subjects FROM map ORDER BY size DESC LIMIT 1")
    assert (bytes(last.root), last.subjects) == (dossiermap.root(expected), len(expected))


def test_a_sequencer_that_fails_leaves_everything_waiting(synthetic, file, key, monkeypatch) -> None:
    fill(synthetic, file, 1)
    sequencer = sequence.Sequencer(synthetic, key)
    waiting = rows(synthetic, "SELECT event FROM waiting")
    for step in ("_placed", "checkpoints"):
        monkeypatch.setattr(sequence, step, None)
        with pytest.raises((TypeError, AttributeError)):
            sequencer.sign()
        monkeypatch.undo()
        assert rows(synthetic, "SELECT event FROM waiting") == waiting
        for table in ("leaf", "head", "bucket", "map", "checkpoint"):
            assert rows(synthetic, f"SELECT FROM {table}") == []
    assert sequencer.sign().size == len(waiting) + 1
    proof = prove_dossier(synthetic, PERSON["subject"])
    assert bundles.check(proof, [key.verifier])


def kinds_of_leaves(register):
    return [one.kind for one in rows(register, "SELECT kind FROM leaf JOIN event ON number = event ORDER BY index")]


def test_what_else_happens_is_signed_while_a_large_delivery_waits_for_its_heads(
    synthetic, file, key, monkeypatch
) -> None:
    monkeypatch.setattr(sequence, "AT_ONCE", 10)
    sequencer = sequence.Sequencer(synthetic, key)
    fill(synthetic, file, 1, 40)
    fill(synthetic, file, 2, 3)
    look(synthetic, 5)
    assert sequencer.behind()
    assert sequencer.attest()
    assert kinds_of_leaves(synthetic)[-6:] == ["access"] * 5 + ["map"]
    assert "delivery" not in kinds_of_leaves(synthetic)
    assert [one.kind for one in rows(synthetic, "SELECT kind FROM waiting JOIN event ON number = event")] == [
        "delivery",
        "delivery",
    ]
    assert sequencer.attest() is None
    assert verify(synthetic) == []
    assert sequencer.prepare()
    assert not sequencer.behind()
    assert verify(synthetic) == []
    fill(synthetic, file, 3, 3)
    assert sequencer.attest()
    assert kinds_of_leaves(synthetic)[-3:] == ["delivery", "delivery", "map"]
    assert sequencer.sign()
    assert kinds_of_leaves(synthetic)[-2:] == ["delivery", "map"]
    assert verify(synthetic) == []
    for identifier in (PERSON["subject"], FIRM["subject"], ABSENT):
        assert bundles.check(prove_dossier(synthetic, identifier), [key.verifier])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["small", "large", "attest", "prepare", "other", "look"]), max_size=12))
def test_in_whatever_order_heads_are_made_and_checkpoints_signed_the_log_verifies(
    synthetic, file, key, monkeypatch, postgres_folder, steps
) -> None:
    monkeypatch.setattr(sequence, "AT_ONCE", 10)
    sequencer, other = sequence.Sequencer(synthetic, key), sequence.Sequencer(synthetic, key)
    doing = {
        "small": lambda: fill(synthetic, file, os.urandom(4).hex(), 3),
        "large": lambda: fill(synthetic, file, os.urandom(4).hex(), 20),
        "attest": sequencer.attest,
        "prepare": sequencer.prepare,
        "other": other.attest,
        "look": lambda: look(synthetic),
    }
    for step in steps:
        doing[step]()
    assert verify(synthetic) == []
    other.sign()
    assert rows(synthetic, "SELECT event FROM waiting") == []
    assert verify(synthetic) == []


def test_heads_that_were_made_and_not_signed_are_signed_by_the_next_sequencer(
    synthetic, file, key, monkeypatch
) -> None:
    monkeypatch.setattr(sequence, "AT_ONCE", 10)
    fill(synthetic, file, 1, 40)
    assert sequence.Sequencer(synthetic, key).prepare()
    assert sequence.sign(synthetic, key)
    assert rows(synthetic, "SELECT event FROM waiting") == []
    assert verify(synthetic) == []


def test_preparing_that_fails_changes_nothing_and_is_done_again(synthetic, file, key, monkeypatch) -> None:
    monkeypatch.setattr(sequence, "AT_ONCE", 10)
    fill(synthetic, file, 1, 40)
    sequencer = sequence.Sequencer(synthetic, key)
    with monkeypatch.context() as broke:
        broke.setattr(sequence, "_placed", None)
        with pytest.raises(TypeError):
            sequencer.prepare()
    assert rows(synthetic, "SELECT FROM head") == []
    assert sequencer.behind()
    assert sequencer.sign()
    assert verify(synthetic) == []


def test_many_sequencers_at_once_make_one_log(synthetic, file, key) -> None:
    stop, failed = threading.Event(), []

    def run():
        sequencer = sequence.Sequencer(synthetic, key)
        while not stop.is_set():
            try:
                sequencer.sign()
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(4):
        fill(synthetic, file, number)
        look(synthetic, 20)
    stop.set()
    for thread in threads:
        thread.join()
    sequence.sign(synthetic, key)
    assert failed == []
    leaves = rows(synthetic, "SELECT index FROM leaf ORDER BY index")
    events = rows(synthetic, "SELECT number FROM event")
    assert [one.index for one in leaves] == list(range(len(events)))
    sizes = [one.size for one in rows(synthetic, "SELECT size FROM checkpoint ORDER BY size")]
    assert sizes[-1] == len(events)
    for identifier in (PERSON["subject"], FIRM["subject"], ABSENT):
        assert bundles.check(prove_dossier(synthetic, identifier), [key.verifier])


def test_a_key_is_private_new_and_the_registers_own(synthetic, tmp_path) -> None:
    verifier = log_keys.make_key(synthetic, tmp_path / "log.key")
    assert stat.S_IMODE(os.stat(tmp_path / "log.key").st_mode) == 0o600
    assert log_keys.read_key(tmp_path / "log.key").verifier == verifier
    with pytest.raises(InputError, match="no key is written there"):
        log_keys.make_key(synthetic, tmp_path / "log.key")
    assert rows(synthetic, "SELECT verifier FROM log_key") == [(str(verifier),)]
    os.chmod(tmp_path / "log.key", 0o640)
    with pytest.raises(InputError, match="chmod 600"):
        log_keys.read_key(tmp_path / "log.key")
    (tmp_path / "none").write_text("PRIVATE+KEY+nothing")
    os.chmod(tmp_path / "none", 0o600)
    with pytest.raises(InputError, match="found no private key"):
        log_keys.read_key(tmp_path / "none")
    with pytest.raises(InputError, match="not enrolled"):
        sequence.sign(synthetic, notes.Signer.generate(verifier.name))


def test_a_later_key_signs_once_an_older_one_signed_its_enrolment(synthetic, key, tmp_path) -> None:
    log_keys.make_key(synthetic, tmp_path / "new.key")
    new = log_keys.read_key(tmp_path / "new.key")
    with pytest.raises(InputError, match="waits for an older key"):
        sequence.sign(synthetic, new)
    sequence.sign(synthetic, key)
    log_keys.make_key(synthetic, tmp_path / "third.key")
    assert sequence.sign(synthetic, new) is not None
    assert verify(synthetic) == []


def test_a_key_that_follows_a_lost_one_begins_alone(synthetic, key, tmp_path) -> None:
    first = sequence.sign(synthetic, key)
    new = log_keys.make_key(synthetic, tmp_path / "new.key")
    signed = sequence.sign(synthetic, log_keys.read_key(tmp_path / "new.key"), alone=True)
    assert first is not None
    assert signed is not None
    assert verify(synthetic) != []
    assert verify(synthetic, trusted=[key.verifier, new]) == []


def test_what_waits_too_long_makes_the_log_overdue(synthetic, key, tamper) -> None:
    assert sequence.attested(synthetic).waiting_since is not None
    assert not sequence.attested(synthetic).overdue
    tamper(synthetic, "UPDATE event SET at = at - interval '20 minutes' WHERE number = (SELECT min(number) FROM event)")
    assert sequence.attested(synthetic).overdue
    assert not sequence.attested(synthetic, dt.timedelta(hours=1)).overdue
    sequence.sign(synthetic, key)
    assert sequence.attested(synthetic) == sequence.Attested(None, overdue=False)


def test_signing_in_the_background_keeps_up_and_ends_with_nothing_waiting(synthetic, key) -> None:
    with sequence.signing(synthetic, key, every=0.01):
        look(synthetic, 30)
    assert rows(synthetic, "SELECT event FROM waiting") == []


def test_a_large_delivery_is_signed_in_the_background_too(synthetic, file, key, monkeypatch) -> None:
    monkeypatch.setattr(sequence, "AT_ONCE", 10)
    with sequence.signing(synthetic, key, every=0.05):
        for number in range(3):
            fill(synthetic, file, number, 40)
        until = time.monotonic() + 20
        while rows(synthetic, "SELECT event FROM waiting") and time.monotonic() < until:
            time.sleep(0.05)
        assert rows(synthetic, "SELECT event FROM waiting") == []
    assert verify(synthetic) == []


def test_a_cosignature_is_kept_and_given_out_with_the_checkpoint(synthetic, key) -> None:
    sequence.sign(synthetic, key)
    with synthetic.engine.connect() as connection:
        size, note = sequence.latest(connection)
    cosigned = notes.cosigned(note, WITNESS, 1_790_000_000)
    assert log_keys.cosign(synthetic, cosigned, WITNESS.verifier) == size
    assert log_keys.cosign(synthetic, cosigned, WITNESS.verifier) == size
    with synthetic.engine.connect() as connection:
        assert sequence.latest(connection) == (size, cosigned)
    other = checkpoints.sign(checkpoints.Checkpoint(key.name, size, bytes(32)), key)
    for wrong, message in (
        (note, "not by a key that was given"),
        (notes.cosigned(other, WITNESS, 1), "no such checkpoint"),
        (cosigned.replace(f"\n{size}\n", f"\n{size + 1}\n"), "does not hold"),
    ):
        with pytest.raises(InputError, match=message):
            log_keys.cosign(synthetic, wrong, WITNESS.verifier)


def test_a_receipt_of_a_record_is_accepted_without_the_register(synthetic, file, key) -> None:
    fill(synthetic, file, 1)
    with pytest.raises(InputError, match="signed no checkpoint yet"):
        prove_record(synthetic, 1, 3)
    sequence.sign(synthetic, key)
    receipt = prove_record(synthetic, 1, 3)
    assert bundles.check(bundles.read(receipt.text()), [key.verifier])
    assert receipt.record.content["document"] == "D-1-2"
    with pytest.raises(InputError, match="no such record"):
        prove_record(synthetic, 1, 99)
    fill(synthetic, file, 2)
    with pytest.raises(InputError, match="delivery 2: is under no checkpoint yet"):
        prove_record(synthetic, 2, 1)


def test_a_log_that_grew_is_proved_and_another_one_is_refused(synthetic, file, key) -> None:
    sequence.sign(synthetic, key)
    with synthetic.engine.connect() as connection:
        _, old = sequence.latest(connection)
    look(synthetic, 400)
    sequence.sign(synthetic, key)
    proof = prove_consistency(synthetic, old)
    assert bundles.check(bundles.read(proof.text()), [key.verifier])
    size = checkpoints.verify(old, [key.verifier]).checkpoint.size
    forged = checkpoints.sign(checkpoints.Checkpoint(key.name, size, bytes(32)), key)
    with pytest.raises(ProofError):
        bundles.check(prove_consistency(synthetic, forged), [key.verifier])
    stranger = checkpoints.sign(checkpoints.Checkpoint("other", 1, bytes(32)), notes.Signer.generate("other"))
    with pytest.raises(InputError, match="old checkpoint"):
        prove_consistency(synthetic, stranger)


@pytest.fixture
def proved(synthetic, file, key):
    for number in range(3):
        fill(synthetic, file, number, 60)
    sequence.sign(synthetic, key)
    fill(synthetic, file, 9)
    proofs = {one: prove_dossier(synthetic, one) for one in (PERSON["subject"], FIRM["subject"], ABSENT)}
    return proofs, [key.verifier]


def test_a_dossier_is_proved_complete_with_what_every_record_says_and_absence_too(proved) -> None:
    proofs, keys = proved
    for identifier, proof in proofs.items():
        assert bundles.check(bundles.read(proof.text()), keys)
        assert [item.content["subject"] for item in proof.items] == [identifier] * len(proof.items)
    assert len(proofs[PERSON["subject"]].items) > 3
    assert proofs[ABSENT].items == ()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_registrar_who_withholds_a_record_or_shows_one_too_many_is_found_out(proved, data) -> None:
    proofs, keys = proved
    of, other = data.draw(st.permutations([proofs[PERSON["subject"]], proofs[FIRM["subject"]]]))
    items = list(of.items)
    place = data.draw(st.integers(0, len(items) - 1))
    match data.draw(st.sampled_from(["withheld", "added", "again", "absent"])):
        case "withheld":
            del items[place]
        case "added":
            items.insert(place, data.draw(st.sampled_from(other.items)))
        case "again":
            items.insert(place, items[place])
        case _:
            items = []
    if data.draw(st.booleans()):  # a careful liar makes the heads fit
        heads = dossiermap.heads([item.commitment for item in items])
        items = [item.model_copy(update={"head": head}) for item, head in zip(items, heads, strict=True)]
    lie = of.model_copy(update={"items": tuple(items)})
    with pytest.raises(ProofError):
        bundles.check(bundles.read(lie.text()), keys)
