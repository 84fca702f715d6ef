"""Merging and splitting: everything follows from the facts that stand, and a split leaves what was there before."""

import datetime as dt
import re
from dataclasses import replace
from itertools import permutations

import polars as pl
import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.policy.reader import read_policy
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.keeping import envelope, sealing
from goodstanding.register.keeping.expiry import erase
from goodstanding.register.ledger import merges, merging
from goodstanding.register.ledger.access import accesses, log_access
from goodstanding.register.ledger.differences import difference
from goodstanding.register.ledger.dossiers import dossier, standing
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.subjects import asked_for, by_identifier, search, subject
from goodstanding.register.proving.verification import verify
from goodstanding.register.standings.increments import rescore
from goodstanding.register.standings.scoring import score, scored_then, standings
from goodstanding.register.store import schema
from goodstanding.register.store.database import turn
from tests.register.conftest import PEOPLE, RECEIVED, UNTIL, emptied, inspection, row

FIRMS = PEOPLE.filter(pl.col("is_a") == "organisation").to_dicts()
PERSONS = PEOPLE.filter(pl.col("is_a") == "person").to_dicts()
BY = ("A. Jansen", "one firm, two numbers")
TODAY = dt.datetime.now(dt.UTC).date()
YESTERDAY = TODAY - dt.timedelta(1)


def firm(register, place):
    return asked_for(register, FIRMS[place]["subject"])


def merge(register, kept, merged, **rest):
    return merging.merge(register, firm(register, kept), firm(register, merged), *BY, **rest)


def differ(register, one, other):
    return merging.differ(register, firm(register, one), firm(register, other), *BY)


def leads(register):
    """To whom every organisation leads, by place."""
    ids = {firm(register, place).id: place for place in range(len(FIRMS))}
    with register.engine.connect() as connection:
        return [ids[kept] for _, kept in sorted(merges.leading(connection, ids).items())]


def expected(edges):
    """To whom every organisation leads by facts that stand, (kept, merged), taken in this order."""
    found = list(range(len(FIRMS)))
    for kept, merged in edges:
        found[merged] = kept
    while (further := [found[one] for one in found]) != found:
        found = further
    return found


@pytest.fixture
def loaded(synthetic, wendeng, file):
    load_policy(synthetic, wendeng)
    deliver(synthetic, "city.tax", file(*(row(one, f"T-{n}") for n, one in enumerate(FIRMS))), RECEIVED)
    return synthetic


def messages(register):
    with register.engine.connect() as connection:
        return connection.execute(sa.select(schema.outbox.c.kind, schema.outbox.c.message).order_by("number")).all()


STEP = st.one_of(
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("split"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("differ"), st.integers(0, 5), st.integers(0, 5)),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=14))
def test_any_merges_and_splits_come_to_what_the_facts_that_stand_say_in_any_order(synthetic, postgres_folder, steps):
    emptied(postgres_folder, synthetic)
    facts, different = {}, []
    for act, one, other in steps:
        lead = expected(facts.values())
        if act == "split":
            number = sorted(facts)[one % len(facts)] if facts else 0
            if facts:
                merging.split(synthetic, number, *BY)
                del facts[number]
            continue
        try:
            if act == "merge":
                facts[merge(synthetic, one, other).number] = (one, other)
            else:
                differ(synthetic, one, other)
                different.append((one, other))
        except InputError:
            if act == "differ":
                assert lead[one] == lead[other] or {one, other} in [{*pair} for pair in different]
                continue
            both = {lead[one], lead[other]}
            assert lead[other] != other or len(both) == 1 or both in [{lead[a], lead[b]} for a, b in different]
    found = leads(synthetic)
    for order in list(permutations(facts.values()))[:24]:
        assert found == expected(order)
    assert not any(found[a] == found[b] for a, b in different)
    assert verify(synthetic) == []


ACT = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 5), st.integers(0, 30)),
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("split"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("erase"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("score"), st.integers(-40, 0), st.just(0)),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ACT, min_size=2, max_size=10))
def test_standings_of_merged_subjects_are_the_same_in_full_in_part_and_one_by_one(
    synthetic, postgres_folder, file, steps
):
    emptied(postgres_folder, synthetic)
    load_policy(synthetic, read_policy(shipped("policies") / "cn-wendeng"))
    count = 0
    for act, one, other in [*steps, ("score", 0, 0)]:
        if act == "deliver":
            count += 1
            what = row(FIRMS[one], f"N-{count}", ("tax.arrears", "tax.evasion")[other % 2], act="2026-10-01")
            deliver(synthetic, "city.tax", file(what), UNTIL)
        elif act == "merge" and expected_free(synthetic, one, other):
            merge(synthetic, one, other)
        elif act == "split":
            standing_now = [fact.number for fact in merging.all_merges(synthetic) if fact.ended is None]
            if standing_now:
                merging.split(synthetic, standing_now[one % len(standing_now)], *BY)
        elif act == "erase":
            with turn(synthetic.engine) as connection:
                of = sa.select(schema.record).where(schema.record.c.kind.is_not(None)).order_by("delivery", "row")
                found = connection.execute(of.offset(one).limit(1)).all()
                erase(connection, [(each, "Act, s. 1", UNTIL) for each in found])
        elif act == "score":
            _compared(synthetic, UNTIL + dt.timedelta(one))


def expected_free(register, one, other):
    found = leads(register)
    return found[one] != found[other] == other


def _compared(register, on):
    run, full = rescore(register, "cn-wendeng", on), score(register, "cn-wendeng", on)
    told = standings(register, full)
    if run:
        assert standings(register, run).equals(told)
        assert (run.outcomes, run.subjects) == (full.outcomes, full.subjects)
    assert rescore(register, "cn-wendeng", on) is None
    kept = {FIRMS[place]["subject"] for place in leads(register)}
    assert kept <= {*told["subject"]}
    assert not {one["subject"] for one in FIRMS} - kept & {*told["subject"]}
    for identifier, outcome, points, grade in told.select("subject", "outcome", "score", "grade").iter_rows():
        if identifier in kept:
            alone = standing(register, dossier(register, by_identifier(register, identifier)), "cn-wendeng", on)
            assert (alone.outcome, alone.grade) == (outcome, grade)
            assert alone.score == points


def test_whoever_is_merged_leads_to_the_kept_subject_by_number_identifier_and_name(loaded) -> None:
    kept, merged = firm(loaded, 0), firm(loaded, 1)
    fact = merge(loaded, 0, 1)
    assert (fact.subject, fact.into, fact.reason) == (merged.number, kept.number, BY[1])
    assert subject(loaded, merged.number) == by_identifier(loaded, merged.identifier) == kept
    assert [hit.subject for hit in search(loaded, merged.identifier)] == [kept]
    assert next(hit.subject for hit in search(loaded, merged.name)) == kept
    assert subject(loaded, merged.number, YESTERDAY) == merged
    merging.split(loaded, fact.number, "B. Smit", "two firms after all")
    assert subject(loaded, merged.number) == by_identifier(loaded, merged.identifier) == merged


def test_both_are_told_of_a_merge_and_of_a_split(loaded) -> None:
    fact = merge(loaded, 0, 1)
    merging.split(loaded, fact.number, "B. Smit", "two firms after all")
    told = [(kind, message["subject"], message["other"], message["reason"]) for kind, message in messages(loaded)]
    a, b = firm(loaded, 0).number, firm(loaded, 1).number
    why = "two firms after all"
    assert told == [("merged", a, b, BY[1]), ("merged", b, a, BY[1]), ("split", a, b, why), ("split", b, a, why)]


def test_the_dossier_has_the_records_of_both_whichever_number_they_come_by_and_each_has_its_own_after_a_split(
    loaded, file
) -> None:
    fact = merge(loaded, 0, 1)
    deliver(loaded, "city.tax", file(row(FIRMS[1], "later"), row(FIRMS[0], "also")), RECEIVED)

    def documents(place):
        return [one.record.document for one in dossier(loaded, firm(loaded, place)).records]

    assert sorted(documents(0)) == sorted(documents(1)) == ["T-0", "T-1", "also", "later"]
    assert dossier(loaded, firm(loaded, 1)).merged == (fact,)
    merging.split(loaded, fact.number, *BY)
    assert (sorted(documents(0)), sorted(documents(1))) == (["T-0", "also"], ["T-1", "later"])


def backdated(register, tamper, fact, days):
    """Let a merge be so many days old; the deliveries before it too."""
    for table, column in (("delivery", "known_on"), ("same", "at")):
        where = f"WHERE number <= {fact}" if table == "same" else ""
        tamper(register, f"UPDATE {table} SET {column} = {column} - interval '{days} days' {where}")


def test_as_known_on_a_day_only_the_merges_known_by_then_count(loaded, tamper) -> None:
    early = merge(loaded, 0, 1)
    backdated(loaded, tamper, early.number, 10)
    merge(loaded, 0, 2)
    merging.split(loaded, early.number, *BY)
    kept = firm(loaded, 0)
    assert [one.subject for one in dossier(loaded, kept, YESTERDAY).merged] == [early.subject]
    assert [one.subject for one in dossier(loaded, kept).merged] == [firm(loaded, 2).number]
    assert dossier(loaded, firm(loaded, 1), YESTERDAY).subject == kept
    assert dossier(loaded, firm(loaded, 1)).subject == firm(loaded, 1)
    then = scored_then(loaded, "cn-wendeng", UNTIL, YESTERDAY)
    points = dict(then.select("subject", "score").iter_rows())
    assert FIRMS[1]["subject"] not in points
    alone = standing(loaded, dossier(loaded, kept), "cn-wendeng", UNTIL, YESTERDAY)
    assert alone.score == points[FIRMS[0]["subject"]]
    assert len(alone.receipt.records) == 2


def test_what_changed_between_two_days_names_the_merge(loaded, tamper) -> None:
    kept = firm(loaded, 0)
    tamper(loaded, "UPDATE delivery SET known_on = known_on - interval '10 days'")
    fact = merge(loaded, 0, 1)
    told = difference(loaded, kept, YESTERDAY, TODAY)
    assert (told.merges, told.came) == ((fact,), ())
    moved = told.standings[0]
    assert (len(moved.before.receipt.records), len(moved.after.receipt.records)) == (1, 2)
    assert difference(loaded, kept, YESTERDAY - dt.timedelta(5), YESTERDAY).merges == ()


def test_a_merge_against_what_was_said_before_is_refused_directly_and_through_chains(loaded) -> None:
    said = differ(loaded, 0, 2)
    with pytest.raises(InputError, match=f"--despite {said.number}"):
        merge(loaded, 0, 2)
    merge(loaded, 1, 2)
    with pytest.raises(InputError, match=f"--despite {said.number}"):
        merge(loaded, 0, 1)
    with pytest.raises(InputError, match="despite 99"):
        merge(loaded, 0, 3, despite=[99])
    assert leads(loaded) == [0, 1, 1, 3, 4, 5]


def test_a_merge_despite_what_was_said_raises_an_alarm_until_it_is_acknowledged(loaded) -> None:
    said = differ(loaded, 0, 1)
    fact = merge(loaded, 0, 1, despite=[said.number])
    (alarm,) = merging.alarms(loaded)
    assert (alarm.merge, alarm.despite) == (fact, (said.number,))
    assert [kind for kind, _ in messages(loaded)] == ["merged", "merged", "merge-alarm"]
    merging.acknowledge(loaded, fact.number, "C. Bos", "seen")
    assert merging.alarms(loaded) == ()
    with pytest.raises(InputError, match="no open alarm"):
        merging.acknowledge(loaded, fact.number, "C. Bos", "seen")
    merging.split(loaded, fact.number, *BY)
    with pytest.raises(InputError, match="--despite"):
        merge(loaded, 0, 1)
    assert verify(loaded) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda it: merge(it, 0, 0), "no other than itself"),
        (lambda it: merge(it, 1, 0), "one already"),
        (lambda it: merge(it, 2, 1), "merged already"),
        (lambda it: merging.split(it, 999_999, *BY), "there is none"),
        (lambda it: differ(it, 0, 1), "split that first"),
        (lambda it: merging.merge(it, firm(it, 0), firm(it, 2), " ", "why"), "by: found 0"),
        (lambda it: merging.merge(it, firm(it, 0), firm(it, 2), "who", "x" * 501), "reason: found 501"),
        (lambda it: merging.merge(it, firm(it, 0), asked_for(it, PERSONS[0]["subject"]), *BY), "two of one sort"),
        (lambda it: asked_for(it, "gb.fhrs:none"), "nobody here"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(loaded, wrong, said) -> None:
    merge(loaded, 0, 1)
    with pytest.raises(InputError, match=said):
        wrong(loaded)
    assert leads(loaded) == [0, 0, 2, 3, 4, 5]
    assert len(messages(loaded)) == 2


def test_persons_are_merged_by_an_act_of_an_authority_where_name_and_day_of_birth_agree_and_never_else(
    loaded, tamper
) -> None:
    one, other = (asked_for(loaded, PERSONS[place]["subject"]) for place in (0, 1))
    with pytest.raises(InputError, match="expected --act"):
        merging.merge(loaded, one, other, *BY)
    with pytest.raises(InputError, match="name does not agree"):
        merging.merge(loaded, one, other, *BY, act="reissue 2026/12")
    tamper(loaded, f"UPDATE subject SET name = (SELECT name FROM subject WHERE id = {one.id}) WHERE id = {other.id}")
    other = asked_for(loaded, other.identifier)
    try:
        with pytest.raises(InputError, match="born does not agree"):
            merging.merge(loaded, one, other, *BY, act="reissue 2026/12")
    finally:
        old = PERSONS[1]["name"].replace("'", "''")
        tamper(loaded, f"UPDATE subject SET name = '{old}' WHERE id = {other.id}")


def test_a_thing_that_may_be_shown_is_not_merged_with_one_that_may_not(real, file) -> None:
    deliver(real, "gb.fsa", file(inspection("1-1", "I-1"), inspection("1-2", "I-2")), RECEIVED)
    shown = asked_for(real, "gb.fhrs:1-1")
    hidden = replace(asked_for(real, "gb.fhrs:1-2"), publishable=not shown.publishable)
    with pytest.raises(InputError, match="shown to the public"):
        merging.merge(real, shown, hidden, *BY)


RULES = [
    ("INSERT INTO same (kept, merged, by, reason, despite) VALUES ({1}, {0}, 'x', 'x', '{{}}')", "lead to itself"),
    ("INSERT INTO same (kept, merged, by, reason, despite) VALUES ({2}, {1}, 'x', 'x', '{{}}')", "merged already"),
    ("INSERT INTO same (kept, merged, by, reason, despite) VALUES ({0}, {3}, 'x', 'x', '{{}}')", "to be different"),
    ("INSERT INTO same (kept, merged, by, reason, despite) VALUES ({0}, {p}, 'x', 'x', '{{}}')", "two sorts"),
    ("INSERT INTO same (kept, merged, by, reason, despite) VALUES ({q}, {p}, 'x', 'x', '{{}}')", "act of an authority"),
    ("INSERT INTO different (a, b, by, reason) VALUES ({0}, {1}, 'x', 'x')", "are merged"),
    ("UPDATE same SET reason = 'x'", "permission denied"),
    ("DELETE FROM apart", "permission denied"),
]


@pytest.mark.parametrize(("statement", "said"), RULES)
def test_the_database_itself_keeps_the_rules(loaded, statement, said) -> None:
    merge(loaded, 0, 1)
    differ(loaded, 1, 3)
    ids = [firm(loaded, place).id for place in range(4)]
    persons = {name: asked_for(loaded, PERSONS[place]["subject"]).id for place, name in enumerate("pq")}
    with pytest.raises(sa.exc.DBAPIError, match=said) as caught, loaded.engine.begin() as connection:
        connection.exec_driver_sql(statement.format(*ids, **persons))
    assert isinstance(caught.value.orig, psycopg.Error)


def test_looks_and_documents_of_both_are_shown_and_after_a_split_each_sees_who_looked_meanwhile(
    loaded, tmp_path
) -> None:
    master = sealing.Master.make(tmp_path / "master")
    (tmp_path / "paper").write_text("paper")
    kept, merged = firm(loaded, 0), firm(loaded, 1)
    log_access(loaded, merged, "jansen", "clerk", "licence", "before")
    envelope.add(loaded, master, merged, tmp_path / "paper", "paper", "Act, s. 1")
    fact = merge(loaded, 0, 1)
    log_access(loaded, kept, "jansen", "clerk", "licence", "meanwhile")
    assert [one.what for one in accesses(loaded, kept)] == ["meanwhile", "before"]
    (paper,) = envelope.documents(loaded, kept, master)
    assert b"".join(envelope.content(loaded, master, kept, paper.number)) == b"paper"
    merging.split(loaded, fact.number, *BY)
    log_access(loaded, kept, "jansen", "clerk", "licence", "after")
    assert [one.what for one in accesses(loaded, merged)] == ["meanwhile", "before"]
    assert [one.what for one in accesses(loaded, kept)] == ["after", "meanwhile"]
    assert envelope.documents(loaded, kept, master) == []


def test_erasure_works_for_both(loaded) -> None:
    merge(loaded, 0, 1)
    with turn(loaded.engine) as connection:
        own = sa.select(schema.record).where(schema.record.c.subject_id == firm(loaded, 1).id)
        erase(connection, [(one, "Act, s. 1", UNTIL) for one in connection.execute(own).all()])
    held = dossier(loaded, firm(loaded, 0))
    assert ([one.record.document for one in held.records], len(held.erased)) == (["T-0"], 1)
    assert verify(loaded) == []


def test_verification_names_a_merge_that_was_changed_added_or_removed(loaded, tamper) -> None:
    fact = merge(loaded, 0, 1)
    tamper(loaded, f"UPDATE same SET reason = 'x' WHERE number = {fact.number}")
    assert [one for one in verify(loaded) if one.startswith(f"same {fact.number}: is not what happened")]
    tamper(loaded, f"INSERT INTO apart (same, by, reason) VALUES ({fact.number}, 'x', 'x')")
    assert [one for one in verify(loaded) if re.match(r"apart \d+: was added", one)]
    tamper(loaded, "DELETE FROM apart")
    tamper(loaded, "INSERT INTO same (kept, merged, by, reason, despite) SELECT merged, kept, 'x', 'x', '{}' FROM same")
    assert [one for one in verify(loaded) if "leads to nobody" in one]


def test_a_run_is_scored_again_with_the_merges_of_then(loaded, tamper) -> None:
    early = merge(loaded, 0, 1)
    run = score(loaded, "cn-wendeng", UNTIL)
    merging.split(loaded, early.number, *BY)
    who = firm(loaded, 0).id
    tamper(loaded, f"UPDATE standing SET grade = 'Z' WHERE run = {run.number} AND subject_id = {who}")
    wrong = [one for one in verify(loaded) if one.startswith("standing run")]
    assert wrong == [f"standing run {run.number} subject {who}: is not what scoring gives again"]


def test_a_person_of_two_numbers_is_one_by_the_act_that_is_kept_with_the_merge(loaded, file) -> None:
    deliver(loaded, "city.tax", file(*(row(one, f"P-{one['subject']}") for one in PERSONS[:2])), RECEIVED)
    one, other = (asked_for(loaded, PERSONS[place]["subject"]) for place in (0, 1))
    alike = replace(other, name=one.name, born=one.born)
    fact = merging.merge(loaded, one, alike, *BY, act="reissue 2026/12")
    assert fact.act == "reissue 2026/12"
    assert by_identifier(loaded, other.identifier) == one
    assert len(dossier(loaded, one).records) == 2
    assert search(loaded, other.identifier) == []
    assert PERSONS[0]["name"] not in str(messages(loaded))
    assert verify(loaded) == []
