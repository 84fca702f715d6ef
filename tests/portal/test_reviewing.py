"""The reviewers' pages: what waits, both sides of a case with its weights, and the decision."""

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree

import polars as pl
import psycopg
import pytest
from litestar.testing import TestClient
from psycopg import sql

from goodstanding.facts.world import World
from goodstanding.linkage.columns import prepared
from goodstanding.linkage.models import write_model
from goodstanding.linkage.training import train
from goodstanding.portal.app import create_app
from goodstanding.portal.languages import LANGUAGES, Voice, messages
from goodstanding.portal.weights import parts_of, waterfall
from goodstanding.register.deliveries import inforce, reviewing
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.ledger.access import accesses
from goodstanding.register.ledger.dossiers import dossier
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.log.keys import make_key, read_key
from goodstanding.register.log.sequence import signing
from goodstanding.register.store import embedded
from goodstanding.register.store.database import Register
from tests.portal import city
from tests.portal.conftest import HOST, SECRET
from tests.portal.visiting import send, text
from tests.register.test_review import COLUMNS, KNOWN, names

FIRMS = [city.firm(100 + place) for place in range(len(KNOWN))]
PEOPLE = pl.DataFrame(
    [(firm, "organisation", name, name, None) for firm, name in zip(FIRMS, KNOWN, strict=True)]
    + [row for row in city.PEOPLE.rows() if row[1] == "person" and row[0] != city.TRADER],
    schema=city.PEOPLE.schema,
    orient="row",
)


def row(name, document):
    told = {"subject": "", "name": name, "kind": "food.inspection", "act": "2026-05-05", "document": document}
    return (
        told
        | {"authority": "the inspectorate", "basis": "Food Safety Law art. 109", "hygiene": "10"}
        | {
            "structural": "5",
            "confidence": "5",
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of names, days and places of restaurants, some of them mistyped."""
    draw = random.Random(5)
    towns = ("leeds", "york", "hull", "bath", "dover", "ely", "wells", "truro", "derby", "crewe", "ripon", "luton")

    def day():
        return f"{draw.randrange(1950, 2020)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"

    def slip(cell, share):
        at = draw.randrange(len(cell)) if draw.random() < share else None
        return cell if at is None else cell[:at] + draw.choice("123aeiou") + cell[at + 1 :]

    def table(rows, first):
        told = [(f"{first}{place}", *row) for place, row in enumerate(rows)]
        schema = dict.fromkeys(("key", "name", "born", "place"), pl.String)
        return prepared(pl.DataFrame(told, schema=schema, orient="row"), COLUMNS)

    some = [(name, day(), draw.choice(towns)) for name in names(700, 1)]
    again = [(slip(name, 0.5), slip(born, 0.2), slip(town, 0.2)) for name, born, town in some[:400]]
    others = [(name, day(), draw.choice(towns)) for name in names(200, 2)]
    path = tmp_path_factory.mktemp("model") / "restaurants"
    write_model(train(table(some, "a"), table([*again, *others], "b"), COLUMNS, {"rows": 700}), path)
    return path


@pytest.fixture(scope="module")
def doubtful(request, postgres_folder, tmp_path_factory, folder) -> Iterator[Register]:
    """A register of sixty restaurants, a model that decides nothing by itself, and five rows without a number."""
    name = request.module.__name__.rpartition(".")[2]
    with psycopg.connect(embedded.superuser_dsn(postgres_folder), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER goodstanding").format(sql.Identifier(name)))
    dsn = embedded.dsn(postgres_folder).replace("@/goodstanding?", f"@/{name}?")
    people = {"persons": 3, "organisations": 60, "since": dt.date(2020, 1, 1), "until": city.TODAY}
    manifest = city.manifest().model_copy(update=people)
    register = found(dsn, World.SYNTHETIC, city.sources(), manifest, PEOPLE)
    key = tmp_path_factory.mktemp("log") / "log.key"
    make_key(register, key)
    inforce.give(register, folder, Decimal(1000), Decimal(0), "A. Jansen")
    rows = [row(KNOWN[place], f"W-{place}") for place in range(4)] + [row("Zq Xx Yy", "W-4")]
    file = tmp_path_factory.mktemp("came") / "rows.csv"
    pl.DataFrame(rows).write_csv(file)
    deliver(register, "food", file, city.TODAY)
    reviewing.find(register)
    with signing(register, read_key(key)):
        yield register
    register.engine.dispose()


@pytest.fixture
def reader(doubtful) -> Iterator[TestClient]:
    """A reviewer who is signed in and speaks English."""
    with TestClient(create_app(doubtful, SECRET), base_url=HOST) as visitor:
        visitor.headers["accept-language"] = "en"
        send(visitor, "/sign-in", desk="reader-a")
        yield visitor


def test_the_queue_tells_what_waits_and_why(reader):
    page = text(reader.get("/review"))
    for told in ("Waiting: ", "Case 1", KNOWN[0], "The likeliest is below the threshold", "Nobody in this register"):
        assert told in page, told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_case_shows_both_sides_and_what_each_comparison_weighs(reader, doubtful, language):
    answer = reader.get("/review/1", params={"lang": language})
    page, voice = text(answer), Voice(language)
    best = reviewing.waiting(doubtful)[0].candidates[0]
    assert f"{voice.signed(str(round(best.weight, 1)))}" in page
    assert page.count(KNOWN[0]) > 2
    assert voice.say("level.same-organisation") in page
    assert answer.text.count("<svg") == answer.text.count('class="waterfall"') >= 1
    for wrong in ("same_", "same-", "nothing in common" if language != "en" else "nothing-in-common"):
        assert wrong not in page, wrong


def test_every_level_that_a_register_can_say_has_words(doubtful):
    for one in reviewing.waiting(doubtful):
        for candidate in one.candidates:
            for part in parts_of(reviewing.side(doubtful, one.case, candidate)[1]):
                assert f"level.{part.level}" in messages()
                assert f"compared.{part.comparison}" in messages()


def test_the_picture_says_what_the_table_says():
    evidence = [("prior", "-5.250"), ("organisation", "9.000"), ("date", "0.000"), ("place", "-1.125")]
    told = [
        {"comparison": name, "level": "same", "left": None, "right": None, "weight": bits, "frequency": "0.500"}
        for name, bits in evidence
    ]
    parts = parts_of(told)
    assert [part.until for part in parts] == [Decimal(n) for n in ("-4.75", "4.75", "5.25", "4.625")]
    root = ElementTree.fromstring(waterfall(parts, "w", Voice("nl")))
    bars = list(root.iter("rect"))
    assert [one.get("class") for one in bars] == [f"bar {look}" for look in ("adverse", *["favourable"] * 2, "adverse")]
    ends = [(float(one.get("x")), float(one.get("x")) + float(one.get("width"))) for one in bars]
    assert all(0 <= low < high <= 360 for low, high in ends)
    assert ends[1][0] == ends[0][0]
    assert "Oprichtingsdag: +0,5" in root.find("desc").text


def test_a_look_at_a_case_is_written_down_for_everyone_whom_it_shows(reader, doubtful):
    firm = by_identifier(doubtful, FIRMS[0])
    before = len(accesses(doubtful, firm))
    reader.get("/review/1")
    looks = accesses(doubtful, firm)
    assert len(looks) == before + 1
    assert (looks[0].who, looks[0].role, looks[0].purpose, looks[0].what) == ("reader-a", "reviewer", "review", "case")


def test_a_decision_lets_the_record_into_the_ledger(reader, doubtful):
    firm = by_identifier(doubtful, FIRMS[1])
    assert dossier(doubtful, firm).records == ()
    done = send(reader, "/review/2", answer=f"same:{firm.number}", reason="the same street")
    assert done.url.path == "/review"
    assert "Case 2" not in text(done)
    assert [one.record.document for one in dossier(doubtful, firm).records] == ["W-1"]
    assert reader.get("/review/2").status_code == 404


def test_who_is_said_to_be_another_is_not_offered_again(reader, doubtful):
    firm = by_identifier(doubtful, FIRMS[2])
    done = send(reader, "/review/3", answer=f"different:{firm.number}", reason="closed in 2010")
    assert done.url.path == "/review/3"
    assert firm.number not in done.text
    assert dossier(doubtful, firm).records == ()


def test_what_cannot_be_found_is_refused(reader):
    done = send(reader, "/review/4", answer="refuse", reason="nobody knows")
    assert "Case 4" not in text(done)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"answer": "refuse", "reason": " "}, "Say why"),
        ({"answer": "", "reason": "x"}, "Choose one of the answers"),
        ({"answer": "same:GS-0000-0000", "reason": "x"}, "Choose one of the answers"),
        ({"answer": "new", "identifier": "nonsense", "reason": "x"}, "not a valid number"),
    ],
)
def test_an_answer_that_is_none_decides_nothing(reader, doubtful, fields, says):
    answer = send(reader, "/review/5", **fields)
    assert answer.status_code == 400
    assert says in text(answer)
    assert 5 in [one.case.number for one in reviewing.waiting(doubtful)]


def test_a_form_can_name_nobody_whom_the_register_did_not_find(reader, doubtful):
    other = by_identifier(doubtful, FIRMS[50])
    assert send(reader, "/review/5", answer=f"same:{other.number}", reason="I say so").status_code == 400
    assert dossier(doubtful, other).records == ()


@pytest.mark.parametrize("desk", ["tax", ""])
def test_nobody_else_sees_what_waits(doubtful, desk):
    with TestClient(create_app(doubtful, SECRET), base_url=HOST) as visitor:
        if desk:
            send(visitor, "/sign-in", desk=desk)
        for path in ("/review", "/review/1"):
            assert visitor.get(path, follow_redirects=False).headers["location"] == "/sign-in"


def test_a_reviewer_opens_no_files_of_persons(reader):
    assert reader.get("/officer", follow_redirects=False).headers["location"] == "/sign-in"
