"""What is past its term is erased by the register itself, once, with its clause, and nothing else is."""

import datetime as dt
import re

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.sources import read_sources
from goodstanding.facts.terms import Term, statutory
from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.keeping.erasures import Again, again, listed
from goodstanding.register.keeping.expiry import expire, swept
from goodstanding.register.ledger import merging
from goodstanding.register.ledger.subjects import asked_for
from goodstanding.register.store import embedded, schema
from goodstanding.register.store.database import open_register
from tests.register.conftest import (
    FIRM,
    MANIFEST,
    PEOPLE,
    PERSON,
    RECEIVED,
    UNTIL,
    emptied,
    fresh,
    inspection,
    row,
    source,
    tampering,
)

CLAUSE = "Bye-law 7"
TERM = Term(years=1, since="act", clause=CLAUSE)
KEPT = {
    "tax.arrears": (TERM,),
    "court.defaulter": (Term(months=6, since="end", clause="Bye-law 8"),),
    "tax.evasion": (
        Term(days=30, since="decided", clause="Bye-law 9"),
        Term(years=3, since="act", clause="Bye-law 10"),
    ),
}


@pytest.fixture(scope="module")
def kept_dsn(postgres_folder):
    known = {
        "city.tax": source("city.tax", "tax.arrears", "tax.evasion", "civic.donation"),
        "city.court": source("city.court", "court.defaulter", "conduct.ended", "contract.default"),
    }
    known = {
        name: one.model_copy(update={"kept": {kind: terms for kind, terms in KEPT.items() if kind in one.kinds}})
        for name, one in known.items()
    }
    with fresh(postgres_folder) as dsn:
        found(dsn, World.SYNTHETIC, known, MANIFEST, PEOPLE)
        yield dsn


@pytest.fixture
def kept(kept_dsn, postgres_folder):
    """A register whose sources say how long their records are kept."""
    register = open_register(kept_dsn)
    yield register
    emptied(postgres_folder, register)


def content(register):
    """The documents that the register still holds."""
    with register.engine.connect() as connection:
        found = connection.execute(sa.select(schema.record.c.document).where(schema.record.c.kind.is_not(None)))
        return sorted(found.scalars())


def test_a_record_is_gone_on_the_day_on_which_its_term_is_over_and_not_before(kept, file):
    deliver(kept, "city.tax", file(row(PERSON, "D-1", act="2025-03-01")), RECEIVED)
    assert expire(kept, dt.date(2026, 2, 28)).records == ()
    done = expire(kept, dt.date(2026, 3, 1))
    assert [(one.clause, one.on) for one in done.records] == [(CLAUSE, dt.date(2026, 3, 1))]
    assert (done.clauses, len(done.subjects), content(kept)) == ({CLAUSE: 1}, 1, [])
    assert expire(kept, UNTIL).records == ()


def test_what_stays_is_the_commitment_the_clause_and_the_day_and_an_event_tells_of_it(kept, file):
    deliver(kept, "city.tax", file(row(PERSON, "D-1", act="2025-03-01")), RECEIVED)
    with kept.engine.connect() as connection:
        before = connection.execute(sa.select(schema.record)).one()
    (one,) = expire(kept, UNTIL).records
    with kept.engine.connect() as connection:
        after = connection.execute(sa.select(schema.record)).one()
        erasure = connection.execute(sa.select(schema.erasure)).one()
        told = connection.execute(sa.select(schema.event.c.key).where(schema.event.c.kind == "erasure")).scalars().all()
    stay = {"delivery", "row", "subject_id", "source", "version", "state", "commitment"}
    for name in schema.record.columns.keys():  # noqa: SIM118
        assert getattr(after, name) == (getattr(before, name) if name in stay else None), name
    assert (one.commitment, erasure.clause, erasure.on) == (before.commitment.hex(), CLAUSE, dt.date(2026, 3, 1))
    assert told == ["1/1"]


def test_the_shortest_of_several_terms_counts_and_a_term_without_its_day_does_not_run(kept, file):
    decided = row(PERSON, "D-1", "tax.evasion", act="2024-01-01", decided="2024-02-01")
    deliver(
        kept, "city.tax", file(decided, row(PERSON, "D-2", "tax.evasion", act="2024-01-01", decided=None)), RECEIVED
    )
    done = expire(kept, UNTIL)
    assert (done.clauses, content(kept)) == ({"Bye-law 9": 1}, ["D-2"])
    assert expire(kept, dt.date(2027, 1, 1)).clauses == {"Bye-law 10": 1}


def test_conduct_that_goes_on_is_kept_and_its_end_goes_with_it(kept, file):
    began = row(FIRM, "C-1", "court.defaulter", act="2024-01-01", occurrence="O-1")
    deliver(
        kept,
        "city.court",
        file(began, row(FIRM, "C-2", "court.defaulter", act="2024-01-01", occurrence="O-2")),
        RECEIVED,
    )
    assert expire(kept, UNTIL).running == {"court.defaulter": 2}
    deliver(kept, "city.court", file(row(FIRM, "C-3", "conduct.ended", act="2026-04-30", occurrence="O-1")), RECEIVED)
    assert expire(kept, dt.date(2026, 10, 29)).records == ()
    assert expire(kept, dt.date(2026, 10, 30)).clauses == {"Bye-law 8": 2}
    assert content(kept) == ["C-2"]


def test_the_end_of_conduct_may_come_by_another_number_of_one_who_was_merged_and_goes_with_it(kept, file):
    other = PEOPLE.filter(is_a="organisation").row(1, named=True)
    deliver(kept, "city.court", file(row(FIRM, "C-1", "court.defaulter", act="2024-01-01", occurrence="O-1")), RECEIVED)
    deliver(kept, "city.court", file(row(other, "C-2", "conduct.ended", act="2026-04-30", occurrence="O-1")), RECEIVED)
    assert expire(kept, UNTIL).running == {"court.defaulter": 1}
    pair = (asked_for(kept, one["subject"]) for one in (other, FIRM))
    merging.merge(kept, *pair, "A. Jansen", "one firm")
    assert expire(kept, dt.date(2026, 10, 30)).clauses == {"Bye-law 8": 2}
    assert content(kept) == []


def test_kinds_without_a_term_are_kept_and_named(kept, file):
    deliver(kept, "city.tax", file(row(PERSON, "D-1", "civic.donation", act="2024-01-01", amount="5")), RECEIVED)
    assert expire(kept, UNTIL).unlimited == {"civic.donation": 1}
    assert content(kept) == ["D-1"]


DAYS = st.integers(0, 1000).map(lambda days: dt.date(2024, 1, 1) + dt.timedelta(days))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DAYS, min_size=1, max_size=8), st.lists(DAYS, min_size=1, max_size=4))
def test_on_whatever_days_it_runs_what_is_left_is_what_the_last_day_leaves(kept, postgres_folder, file, acts, days):
    emptied(postgres_folder, kept)
    rows = [row(PERSON, f"D-{place}", act=act) for place, act in enumerate(acts)]
    deliver(kept, "city.tax", file(*rows), UNTIL)
    gone = [one for day in days for one in expire(kept, day).records]
    left = [f"D-{place}" for place, act in enumerate(acts) if not _over(act, max(days))]
    assert content(kept) == sorted(left)
    assert len({(one.delivery, one.row) for one in gone}) == len(gone) == len(acts) - len(left)


def _over(act, on):
    try:
        return act.replace(year=act.year + 1) <= on
    except ValueError:
        return act.replace(year=act.year + 1, day=28) <= on


def test_after_a_rewrite_the_content_is_in_no_file_of_the_table(kept, kept_dsn, file, postgres_folder):
    deliver(kept, "city.tax", file(row(PERSON, "SECRET-1", act="2025-03-01"), row(PERSON, "STAYS", act=UNTIL)), UNTIL)
    assert b"SECRET-1" in _files(kept, postgres_folder)
    expire(kept, UNTIL)
    assert swept(kept_dsn, rewrite=True) == 0
    assert b"SECRET-1" not in _files(kept, postgres_folder)
    assert b"STAYS" in _files(kept, postgres_folder)


def _files(register, folder):
    """The bytes of the table and of its indexes, as they lie on the disk."""
    with register.engine.connect() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    with psycopg.connect(embedded.superuser_dsn(folder).replace("@/postgres?", f"@/{name}?"), autocommit=True) as admin:
        admin.execute("CHECKPOINT")
        query = """SELECT pg_relation_filepath('record') UNION ALL
            SELECT pg_relation_filepath(indexrelid) FROM pg_index WHERE indrelid = 'record'::regclass"""
        paths = [path for (path,) in admin.execute(query)]
    return b"".join((folder / "data" / path).read_bytes() for path in paths)


def test_an_open_look_at_the_past_is_told_by_the_sweep(kept, kept_dsn, file):
    deliver(kept, "city.tax", file(row(PERSON, "D-1", act="2025-03-01")), RECEIVED)
    with psycopg.connect(kept_dsn) as looking:
        looking.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        looking.execute("SELECT count(*) FROM record")
        expire(kept, UNTIL)
        assert swept(kept_dsn) == 1
    assert swept(kept_dsn) == 0


def test_a_term_without_length_and_one_for_a_kind_that_is_not_delivered_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least a day"):
        Term(since="act", clause="x")
    path = tmp_path / "sources.yaml"
    plain = source("gb.fsa", "food.inspection").model_dump(mode="json", exclude_none=True)
    for kept, says in (("food.unrated", "no kind that it delivers"), ("conduct.ended", "goes with the conduct")):
        one = plain | {"kept": {kept: [TERM.model_dump(mode="json")]}}
        path.write_text(str({"sources": [one]}))
        with pytest.raises(InputError, match=says):
            read_sources(path, catalogue(World.REAL))


def test_terms_of_statutes_are_for_kinds_of_the_real_catalogue():
    kinds = catalogue(World.REAL).kinds
    assert set(statutory()) <= set(kinds)
    for kind, terms in statutory().items():
        assert all(set(term.where) <= set(kinds[kind].attributes) for term in terms)


def test_nothing_real_is_erased_before_its_time(real):
    with pytest.raises(InputError, match="expected a day not after"):
        expire(real, real.today + dt.timedelta(days=1))


def test_what_an_old_backup_brings_back_is_erased_again_by_the_list(kept, postgres_folder, file, tmp_path):
    first = file(row(PERSON, "D-1", act="2025-03-01"), row(PERSON, "D-2", act=UNTIL))
    deliver(kept, "city.tax", first, UNTIL)
    expire(kept, UNTIL)
    path = tmp_path / "erasures.jsonl"
    path.write_text(listed(kept))
    assert "D-1" not in path.read_text()
    assert again(kept, path) == Again(records=0, documents=0, nothing=1)
    emptied(postgres_folder, kept)  # the backup is of before
    deliver(kept, "city.tax", first, UNTIL)
    assert content(kept) == ["D-1", "D-2"]
    assert again(kept, path) == Again(records=1, documents=0, nothing=0)
    assert content(kept) == ["D-2"]
    with kept.engine.connect() as connection:
        assert connection.execute(sa.select(schema.erasure.c.clause, schema.erasure.c.on)).all() == [
            (CLAUSE, dt.date(2026, 3, 1))
        ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("", "no list of erasures"),
        ("[1]", "no list of erasures"),
        ('{"origin": "elsewhere"}\n', "the register elsewhere"),
        ('{"origin": "x"}\n{"repeats": "zz"}\n', "no list of erasures"),
    ],
)
def test_a_list_that_is_none_or_anothers_is_refused(kept, tmp_path, text, says):
    path = tmp_path / "list"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=says):
        again(kept, path)


def test_only_the_owner_sweeps(kept, kept_dsn, postgres_folder):
    with tampering(postgres_folder, kept) as admin:
        admin.execute("CREATE ROLE sweeper LOGIN PASSWORD 'sweeper'")
    strangers = re.sub("//goodstanding:[^@]*@", "//sweeper:sweeper@", kept_dsn)
    try:
        with pytest.raises(InputError, match="only the owner"):
            swept(strangers)
    finally:
        with tampering(postgres_folder, kept) as admin:
            admin.execute("DROP ROLE sweeper")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(DAYS, st.none() | st.integers(0, 30), st.none() | DAYS), min_size=1, max_size=6),
    st.sampled_from([-1, 0, 1]),
)
def test_without_any_other_term_an_adverse_record_goes_at_the_ceiling_to_the_day(
    kept, postgres_folder, file, days, beside
):
    emptied(postgres_folder, kept)
    days = [(act, after if after is None else act + dt.timedelta(after), final) for act, after, final in days]
    rows = [
        row(PERSON, f"D-{place}", "contract.default", act=act, decided=decided, final=final)
        for place, (act, decided, final) in enumerate(days)
    ]
    deliver(kept, "city.court", file(*rows), UNTIL)
    until = [_years_after(max(day for day in three if day), 5) for three in days]
    edge = until[0] + dt.timedelta(beside)
    assert {one.on for one in expire(kept, edge).records} == {day for day in until if day <= edge}
    assert content(kept) == sorted(f"D-{place}" for place, day in enumerate(until) if day > edge)


def _years_after(day, years):
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def test_a_real_register_keeps_no_adverse_record_beyond_its_term_and_neutral_ones_for_as_long_as_it_says(
    postgres_folder, file
):
    known = {"hk.fehd": source("hk.fehd", "food.suspended-first", "food.inspection")}
    with fresh(postgres_folder) as dsn:
        found(dsn, World.REAL, known)
        register = open_register(dsn)
        today = register.today
        edge = _years_before(today, 3)
        rows = [
            inspection("1-1", "gone", kind="food.suspended-first", act=edge) | NO_SCORES,
            inspection("1-2", "stays", kind="food.suspended-first", act=edge + dt.timedelta(1)) | NO_SCORES,
            inspection("1-3", "neutral", act="2010-01-01"),
        ]
        deliver(register, "hk.fehd", file(*rows), today)
        done = expire(register, today)
        register.engine.dispose()
    assert done.clauses == {"charter C32: a serious adverse record is kept for three years": 1}
    assert done.unlimited == {"food.inspection": 1}


NO_SCORES = {"hygiene": None, "structural": None, "confidence": None}


def _years_before(day, years):
    """The last day of an act whose term of so many years is over on this one."""
    early = day - dt.timedelta(366 * years)
    return max(one for one in (early + dt.timedelta(n) for n in range(5)) if _years_after(one, years) <= day)
