"""Search: organisations by name, in either script, without case and accents; never a person."""

import json
import threading

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.world import World
from goodstanding.linkage.agreement import LIKELY
from goodstanding.linkage.lookup import Asked
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found as founded
from goodstanding.register.ledger import finding
from goodstanding.register.ledger.finding import candidates
from goodstanding.register.ledger.subjects import by_identifier, search, subject
from goodstanding.register.store import schema
from tests.register.conftest import FIRM, PEOPLE, RECEIVED, fresh, inspection

NAMES = {
    "01234567": "Café Zoë",
    "01234568": "ZOE'S 100%_Tea \\ Co",
    "01234569": "Zoetermeer Holding",
    "01234560": "王芳商贸",
}


@pytest.fixture(scope="module")
def named(postgres_folder, tmp_path_factory):
    rows = [inspection(f"gb.company:{number}", number, name=name) for number, name in NAMES.items()]
    rows += [inspection("nl.kvk:12345678", "kvk", name="Zoe's"), inspection("1-1", "stall", name="Zoe's stall")]
    path = tmp_path_factory.mktemp("named") / "names.csv"
    pl.DataFrame(rows).write_csv(path)
    known = read_sources(shipped("policies") / "uk-food-hygiene" / "sources.yaml", catalogue(World.REAL))
    with fresh(postgres_folder) as dsn:
        register = founded(dsn, World.REAL, known)
        assert deliver(register, "gb.fsa", path, RECEIVED).accepted == 6
        yield register
        register.engine.dispose()


def found(register, text):
    return [hit.subject.identifier.removeprefix("gb.company:") for hit in search(register, text)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("café zoë", ["01234567"]),
        ("CAFE ZOE", ["01234567"]),
        ("zoe", ["01234567", "01234569", "01234568"]),
        ("  Zoet ", ["01234569", "01234568"]),
        ("Zotermeer Holding", ["01234569"]),
        ("cafezoe", ["01234567"]),
        ("100%", ["01234568"]),
        ("%_t", []),
        ("\\", []),
        ("芳商", ["01234560"]),
        ("Wangfang Shangmao", ["01234560"]),
        ("gb.company:01234567", ["01234567"]),
        ("%", []),
        ("stall", []),
        ("'; DROP TABLE subject; --", []),
        ("", []),
        ("   ", []),
        ("\0", []),
    ],
)
def test_organisations_are_found_by_name_with_slips_and_in_any_script(named, text, numbers) -> None:
    assert found(named, text) == numbers


def test_an_organisation_is_found_by_its_public_number(named) -> None:
    firm = by_identifier(named, "gb.company:01234567")
    assert found(named, firm.number) == found(named, firm.number.lower().replace("-", " ")) == ["01234567"]
    assert subject(named, firm.number.lower()) == firm
    assert subject(named, "GS-0000-0001") is None


def test_things_and_firms_that_may_be_a_person_are_not_found(named) -> None:
    for identifier in ("nl.kvk:12345678", "gb.fhrs:1-1"):
        hidden = by_identifier(named, identifier)
        for text in (identifier, hidden.number, hidden.name):
            assert identifier not in found(named, text)


def test_no_more_are_found_than_were_asked_for(named) -> None:
    assert len(search(named, "zoe", limit=2)) == 2


def test_an_organisation_is_found_by_its_latin_name(synthetic) -> None:
    assert FIRM["subject"] in found(synthetic, FIRM["latin"].upper())
    assert FIRM["subject"] in found(synthetic, FIRM["name"][2:])


@given(
    st.one_of(st.text(max_size=5), st.sampled_from([c for n in PEOPLE["name"] for c in n] + list("abcdefghijk:0123")))
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_text_finds_a_person(synthetic, text) -> None:
    assert all(hit.subject.is_a == "organisation" for hit in search(synthetic, text))


def test_no_part_of_a_person_finds_that_person(synthetic) -> None:
    for person in PEOPLE.filter(PEOPLE["is_a"] == "person").iter_rows(named=True):
        number = by_identifier(synthetic, person["subject"]).number
        for text in (number, *(str(person[part]) for part in ("subject", "name", "latin", "born"))):
            assert search(synthetic, text) == []


def test_every_hit_says_why(named) -> None:
    (hit,) = search(named, "Zotermeer Holding", date="1999-01-01")
    assert [(one.code, one.asked, one.found) for one in hit.reasons] == [
        ("slip", "zotermeer", "zoetermeer"),
        ("same", "holding", "holding"),
        ("date-unknown", "1999-01-01", ""),
    ]
    assert LIKELY <= hit.score < 1
    assert search(named, "gb.company:01234567")[0].reasons == ()


def test_the_index_holds_nobody_who_is_a_person_or_may_be_one(named, synthetic) -> None:
    for register in (named, synthetic):
        search(register, "a name")
        with register.engine.connect() as connection:
            ids = connection.execute(sa.select(schema.subject.c.id).where(schema.subject.c.publishable)).scalars().all()
            for name in [*PEOPLE["name"], *PEOPLE["latin"], "Zoe's stall", "Zoe's"]:
                assert {int(one.entry.key) for one in candidates(connection, Asked(name), 50)} <= set(ids)
            kept = {int(json.loads(line)[0]) for line in lines(connection)}
        assert kept <= set(ids)


def lines(connection):
    current = finding._OPEN[finding._folder(connection)][1]
    return [part.line(row) for part in current._parts for row in range(part.size)]


def test_subjects_that_come_later_are_found_and_a_backup_put_back_is_noticed(real, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GOODSTANDING_CACHE", str(tmp_path / "cache"))
    for at, name in enumerate(("Acme Foods", "Bolder Foods", "Acme Motors")):
        path = tmp_path / f"{at}.csv"
        pl.DataFrame([inspection(f"gb.company:0123456{at}", f"r{at}", name=name)]).write_csv(path)
        deliver(real, "gb.fsa", path, RECEIVED)
        assert [hit.subject.name for hit in search(real, name)][:1] == [name]
        finding._OPEN.clear()
    (folder,) = (tmp_path / "cache" / "names").iterdir()
    (part,) = (one for one in folder.iterdir() if one.is_dir())
    part.rename(folder / f"{part.name[:-4]}0000")
    finding._OPEN.clear()
    assert search(real, "Bolder Foods")[0].subject.name == "Bolder Foods"


def test_a_cache_that_cannot_be_written_is_named(real, tmp_path, monkeypatch) -> None:
    pl.DataFrame([inspection("gb.company:01234567", "r", name="Acme")]).write_csv(tmp_path / "one.csv")
    deliver(real, "gb.fsa", tmp_path / "one.csv", RECEIVED)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GOODSTANDING_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="the index of names cannot be kept there"):
        search(real, "acme")


def test_whoever_does_not_wait_is_told_that_the_index_is_being_made(real, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GOODSTANDING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(finding, "_SOON", 0)
    pl.DataFrame([inspection("gb.company:01234567", "r", name="Acme")]).write_csv(tmp_path / "one.csv")
    deliver(real, "gb.fsa", tmp_path / "one.csv", RECEIVED)
    with pytest.raises(finding.Building):
        search(real, "acme", wait=False)
    assert [hit.subject.name for hit in search(real, "gb.company:01234567", wait=False)] == ["Acme"]
    for thread in threading.enumerate():
        if thread.name == "names":
            thread.join()
    assert [hit.subject.name for hit in search(real, "acme", wait=False)] == ["Acme"]


def test_what_went_wrong_in_the_background_is_told_to_the_next_who_asks(real, tmp_path, monkeypatch) -> None:
    pl.DataFrame([inspection("gb.company:01234567", "r", name="Acme")]).write_csv(tmp_path / "one.csv")
    deliver(real, "gb.fsa", tmp_path / "one.csv", RECEIVED)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GOODSTANDING_CACHE", str(tmp_path / "file"))
    finding.begin(real.engine)
    for thread in threading.enumerate():
        if thread.name == "names":
            thread.join()
    with pytest.raises(InputError, match="the index of names cannot be kept there"):
        finding.begin(real.engine)


def test_leftovers_of_an_index_that_was_never_finished_do_no_harm(real, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GOODSTANDING_CACHE", str(tmp_path / "cache"))
    pl.DataFrame([inspection("gb.company:01234567", "r", name="Acme")]).write_csv(tmp_path / "one.csv")
    deliver(real, "gb.fsa", tmp_path / "one.csv", RECEIVED)
    with real.engine.connect() as connection:
        folder = finding._folder(connection)
    for name in (".1-1-00ff-x7_abc", "1-2-00ff", "1-x-0", "note"):
        (folder / name).mkdir(parents=True)
    assert [hit.subject.name for hit in search(real, "acme")] == ["Acme"]
