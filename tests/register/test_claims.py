"""Who says that a record is another's is heard at once: it counts for nothing until a person has answered."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries import claiming, inforce, reviewing
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.keeping import receivers
from goodstanding.register.keeping.expiry import erase
from goodstanding.register.ledger import claims, merging
from goodstanding.register.ledger.dossiers import dossier
from goodstanding.register.ledger.grounds import Affirmed, grounds, undone
from goodstanding.register.ledger.subjects import asked_for, by_identifier
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import schema
from tests.register.conftest import PEOPLE, PERSON, RECEIVED, current_state, row
from tests.register.test_review import KNOWN, folder, known, stocked, unnumbered

__all__ = ["folder", "stocked"]
OTHER = PEOPLE.row(1, named=True)


def held(register, identifier=PERSON["subject"]):
    return dossier(register, by_identifier(register, identifier))


@pytest.fixture
def charged(synthetic, file):
    """A person with two records, and the place of the first."""
    done = deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(PERSON, "D-2", size="ordinary")), RECEIVED)
    return synthetic, (done.number, 1)


def messages(register, kind):
    with register.engine.connect() as connection:
        query = sa.select(schema.outbox.c.message).where(schema.outbox.c.kind == kind).order_by(schema.outbox.c.number)
        return connection.execute(query).scalars().all()


def test_the_word_of_a_subject_withdraws_the_record_at_once_and_tells_its_source(charged) -> None:
    register, place = charged
    said = claiming.deny(register, place, "GS-1", "a namesake", own=True)
    assert (said.about, said.own, said.last) == (False, True, True)
    assert said.due == register.today + dt.timedelta(15)
    assert [one.record.document for one in held(register).records] == ["D-2"]
    (gone,) = held(register).withdrawals
    assert undone(register, [gone.delivery])[gone.delivery].own
    (message,) = messages(register, "not-about")
    assert (message["source"], message["delivery"], message["row"]) == ("city.tax", *place)
    assert PERSON["name"] not in str(message)
    assert verify(register) == []


def test_what_is_affirmed_comes_back_as_it_was_and_says_why(charged) -> None:
    register, place = charged
    (before,) = [one.record for one in held(register).records if one.record.document == "D-1"]
    said = claiming.deny(register, place, "GS-1", "a namesake", own=True)
    answer = claiming.affirm(register, said.number, "A. Jansen", "the whole judgment came")
    assert (answer.about, answer.due) == (True, None)
    (back,) = [one for one in held(register).records if one.record.document == "D-1"]
    assert back.version == 3
    for name in ("subject", "kind", "act", "decided", "final", "occurrence", "authority", "basis", "attributes"):
        assert getattr(back.record, name) == getattr(before, name)
    ground = grounds(register, held(register).ids)[back.delivery, back.row]
    assert ground == Affirmed("A. Jansen", "the whole judgment came", register.today)
    assert [one.last for one in claims.claims(register)] == [False, True]
    with pytest.raises(InputError, match="was found to be about"):
        claiming.deny(register, (back.delivery, back.row), "GS-1", "once more", own=True)
    claiming.deny(register, (back.delivery, back.row), "B. Smit", "the court was wrong")
    assert [one.record.document for one in held(register).records] == ["D-2"]
    assert verify(register) == []


def test_what_is_confirmed_stays_out_and_so_does_what_nobody_answers_in_time(charged, monkeypatch) -> None:
    register, place = charged
    said = claiming.deny(register, place, "GS-1", "a namesake", own=True)
    assert claiming.end_unanswered(register) == 0
    claiming.confirm(register, said.number, "A. Jansen", "another person of that name")
    second = claiming.deny(register, (place[0], 2), "GS-1", "a namesake", own=True)
    monkeypatch.setattr(claims, "DAYS", -1)
    assert claiming.end_unanswered(register) == 1
    assert claiming.end_unanswered(register) == 0
    assert held(register).records == ()
    assert [one.due for one in claims.claims(register)] == [None] * 4
    for act in (claiming.confirm, claiming.affirm):
        with pytest.raises(InputError, match=f"claim {second.number}: was answered already"):
            act(register, second.number, "A. Jansen", "once more")
    assert verify(register) == []


@pytest.mark.parametrize("own", [True, False])
def test_a_later_version_by_number_for_the_same_subject_is_refused_and_says_so(charged, file, own) -> None:
    register, place = charged
    claiming.deny(register, place, "GS-1", "a namesake", own=own)
    done = deliver(register, "city.tax", file(row(PERSON, "D-1", version="3", size="ordinary")), RECEIVED)
    assert done.accepted == 0
    (told,) = done.refusals.to_dicts()
    assert told["field"] == "subject"
    assert told["found"] == "a number, not repeated here"
    assert told["expected"].startswith("another number: this document was found not to be about this subject")
    right = deliver(register, "city.tax", file(row(OTHER, "D-1", version="3"), row(PERSON, "D-3")), RECEIVED)
    assert right.accepted == 2
    assert [one.record.document for one in held(register, OTHER["subject"]).records] == ["D-1"]
    assert verify(register) == []


def test_a_source_may_withdraw_what_was_denied_and_then_nothing_comes_back(charged, file) -> None:
    register, place = charged
    said = claiming.deny(register, place, "GS-1", "a namesake", own=True)
    gone = row(PERSON, "D-1", version="3", state="withdrawn")
    assert deliver(register, "city.tax", file(gone), RECEIVED).accepted == 1
    claiming.affirm(register, said.number, "A. Jansen", "it was about this one")
    assert [one.record.document for one in held(register).records] == ["D-2"]
    again = deliver(register, "city.tax", file(row(PERSON, "D-1", version="4")), RECEIVED)
    assert again.accepted == 1
    assert verify(register) == []


def test_a_denied_document_is_refused_under_every_number_of_the_subject(synthetic, file) -> None:
    firms = PEOPLE.filter(is_a="organisation").head(2).to_dicts()
    done = deliver(synthetic, "city.tax", file(row(firms[0], "D-1")), RECEIVED)
    kept, other = (asked_for(synthetic, one["subject"]) for one in firms)
    claiming.deny(synthetic, (done.number, 1), "A. Jansen", "another firm")
    assert deliver(synthetic, "city.tax", file(row(firms[1], "D-1", version="3")), RECEIVED).accepted == 1
    merging.merge(synthetic, kept, other, "A. Jansen", "one firm")
    assert deliver(synthetic, "city.tax", file(row(firms[1], "D-1", version="4")), RECEIVED).accepted == 0


def test_a_link_of_a_case_is_undone_by_the_word_of_its_subject(stocked, file, folder) -> None:
    inforce.give(stocked, folder, Decimal(1000), Decimal(0), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[4], "W-1")), RECEIVED)
    before = current_state(stocked)
    done = reviewing.same(stocked, 1, "gb.company:00001004", "A. Jansen", "the same street")
    said = claiming.deny(stocked, (done.number, 1), "the firm", "never had it", own=True)
    assert current_state(stocked) == before
    with stocked.engine.connect() as connection:
        told = connection.execute(sa.select(schema.link_decision.c.decision).order_by("number")).scalars().all()
    assert told == ["same", "undone"]
    with pytest.raises(InputError, match="case 1: has no decision that could be undone"):
        reviewing.undo(stocked, 1, "B. Smit", "again")
    claiming.affirm(stocked, said.number, "A. Jansen", "its own stamp is on it")
    assert len(current_state(stocked)) == len(before) + 1
    assert verify(stocked) == []


def test_a_subject_that_a_case_was_found_not_to_be_about_is_refused_by_number_too(stocked, file) -> None:
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[4], "W-1")), RECEIVED)
    reviewing.different(stocked, 1, "gb.company:00001004", "A. Jansen", "closed in 2010")
    done = deliver(stocked, "gb.fsa", file(known(4, "W-1"), known(5, "W-1", version="2")), RECEIVED)
    assert (done.accepted, done.refused) == (1, 1)
    assert done.refusals["expected"][0].startswith("another number: this document")
    assert verify(stocked) == []


def test_what_does_not_stand_cannot_be_denied_and_what_was_erased_not_brought_back(charged) -> None:
    register, place = charged
    for wrong, match in (((99, 1), "record 99/1: there is none"), ((place[0], 9), "there is none")):
        with pytest.raises(InputError, match=match):
            claiming.deny(register, wrong, "A. Jansen", "another")
    with pytest.raises(InputError, match="reason: found 0 characters"):
        claiming.deny(register, place, "A. Jansen", " ")
    said = claiming.deny(register, place, "GS-1", "a namesake", own=True)
    with pytest.raises(InputError, match="does not stand any more"):
        claiming.deny(register, place, "GS-1", "a namesake", own=True)
    with register.engine.begin() as connection:
        one = connection.execute(sa.select(schema.record).where(schema.record.c.delivery == place[0])).first()
        erase(connection, [(one, "Act, s. 3", RECEIVED)])
    with pytest.raises(InputError, match="was erased; nothing can be brought back"):
        claiming.affirm(register, said.number, "A. Jansen", "it was about this one")
    claiming.confirm(register, said.number, "A. Jansen", "nobody knows any more")
    with pytest.raises(InputError, match="claim 99: there is none"):
        claiming.confirm(register, 99, "A. Jansen", "x")
    assert verify(register) == []


def test_receivers_are_told_when_a_record_goes_and_when_it_comes_back(charged) -> None:
    register, place = charged
    receivers.add(register, "City", "http://127.0.0.1:9/", dt.date(2020, 1, 1), kinds=["tax.arrears"])
    said = claiming.deny(register, place, "GS-1", "a namesake", own=True)
    receivers.tell_changed(register)
    claiming.affirm(register, said.number, "A. Jansen", "the whole judgment came")
    receivers.tell_changed(register)
    told = [one["rows"] for one in messages(register, "changed")]
    assert [(rows[0][:2], rows[0][4]) for rows in told] == [
        ([*place], "withdrawn"),
        ([place[0] + 1, 1], "restored"),
    ]
    assert receivers.tell_changed(register) == 0


def test_receivers_are_told_of_merges_and_splits_that_change_what_they_were_given(synthetic, file) -> None:
    firms = PEOPLE.filter(is_a="organisation").head(3).to_dicts()
    done = deliver(synthetic, "city.tax", file(row(firms[0], "D-1"), row(firms[1], "D-2")), RECEIVED)
    since = dt.date(2020, 1, 1)
    receivers.add(synthetic, "Records", "http://127.0.0.1:9/", since, kinds=["tax.arrears"])
    receivers.add(synthetic, "Others", "http://127.0.0.1:9/", since, kinds=["civic.donation"])
    kept, merged, empty = (asked_for(synthetic, one["subject"]) for one in firms)
    fact = merging.merge(synthetic, kept, merged, "A. Jansen", "one firm")
    merging.merge(synthetic, kept, empty, "A. Jansen", "one firm")
    assert receivers.tell_changed(synthetic) == 1
    (told,) = [one for one in messages(synthetic, "merged") if "receiver" in one]
    assert (told["receiver"], told["kept"], told["merged"]) == ("Records", kept.number, merged.number)
    assert told["rows"] == [[done.number, 2]]
    merging.split(synthetic, fact.number, "A. Jansen", "two firms")
    assert receivers.tell_changed(synthetic) == 1
    (told,) = [one for one in messages(synthetic, "split") if "receiver" in one]
    assert told["rows"] == [[done.number, 2]]
    assert receivers.tell_changed(synthetic) == 0
    assert verify(synthetic) == []


def test_receivers_of_standings_are_told_of_all_records_that_the_merged_rest_on(synthetic, file, wendeng) -> None:
    from goodstanding.register.ledger.policies import load_policy

    load_policy(synthetic, wendeng)
    firms = PEOPLE.filter(is_a="organisation").head(2).to_dicts()
    done = deliver(synthetic, "city.tax", file(row(firms[0], "D-1")), RECEIVED)
    receivers.add(synthetic, "Bank", "http://127.0.0.1:9/", dt.date(2020, 1, 1), policy="cn-wendeng")
    kept, merged = (asked_for(synthetic, one["subject"]) for one in firms)
    fact = merging.merge(synthetic, kept, merged, "A. Jansen", "one firm")
    assert receivers.tell_changed(synthetic) == 1
    merging.split(synthetic, fact.number, "A. Jansen", "two firms")
    assert receivers.tell_changed(synthetic) == 1
    for kind in ("merged", "split"):
        (told,) = [one for one in messages(synthetic, kind) if "receiver" in one]
        assert told["rows"] == [[done.number, 1]]


def test_that_two_are_different_can_be_taken_back_and_said_again(synthetic) -> None:
    one, other = (asked_for(synthetic, row["subject"]) for row in PEOPLE.filter(is_a="organisation").head(2).to_dicts())
    said = merging.differ(synthetic, one, other, "A. Jansen", "two trades")
    merging.take_back(synthetic, said.number, "B. Smit", "said of another")
    assert merging.differences(synthetic) == ()
    with pytest.raises(InputError, match=f"different {said.number}: does not stand"):
        merging.take_back(synthetic, said.number, "B. Smit", "again")
    fact = merging.merge(synthetic, one, other, "A. Jansen", "one firm")
    assert merging.alarms(synthetic) == ()
    merging.split(synthetic, fact.number, "A. Jansen", "two firms")
    again = merging.differ(synthetic, one, other, "A. Jansen", "two trades")
    with pytest.raises(InputError, match=f"said to be different already, by {again.number}"):
        merging.differ(synthetic, one, other, "A. Jansen", "two trades")
    assert verify(synthetic) == []
