"""Quality of linkage in a register: samples, readings, measures as facts, what is published, and sources that pause."""

import datetime as dt

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.linkage import bands
from goodstanding.linkage.intervals import Figure
from goodstanding.register.ledger import pausing, quality, sampled
from goodstanding.register.ledger.pausing import paused, resume
from goodstanding.register.ledger.quality import K, Measure, measure, measures, published, readers
from goodstanding.register.ledger.sampled import answer, draw, to_be_read
from goodstanding.register.operation.health import alarming
from goodstanding.register.operation.jobs import Duties
from goodstanding.register.operation.metrics import Figures
from goodstanding.register.proving.verification import verify
from tests.register.conftest import UNTIL

TAX = "city.tax"


def population(count=200, prefix="r"):
    """Records of which four of five have a link, and what was looked at: half of the rest is below the threshold."""
    names = [f"{prefix}{n}" for n in range(count)]
    weights = [(8.0, 3.0, 12.0, 5.0, -3.0)[n % 5] for n in range(count)]
    links = pl.DataFrame({"left": names, "right": [f"s{n}" for n in range(count)], "weight": weights})
    links = links.with_columns(probability=1 / (1 + 2.0 ** -pl.col("weight"))).filter(pl.int_range(pl.len()) % 10 != 9)
    records = pl.DataFrame(
        {
            "record": names,
            "name": ["Acme Trading" if n % 4 else "北京商贸" for n in range(count)],
            "founded": [dt.date(2010 if n % 2 else 2024, 1, 1) for n in range(count)],
        }
    )
    return links, records


def read(register, right, who=("A. Jansen", "B. Smit")):
    """Let readers answer what waits for them: linked pairs as `right` says of their number, the rest different."""
    with register.engine.connect() as connection:
        sides = dict(connection.exec_driver_sql("SELECT number, side FROM sampled").all())
    for reader in who:
        for unit in to_be_read(register, reader, dt.date(2000, 1, 1)):
            same = sides[unit.number] == "linked" and right(unit.number)
            answer(register, unit.number, reader, "same" if same else "different")


def drawn(register, prefix="r", week=0, monkeypatch=None):
    if week:
        monkeypatch.setattr(type(register), "today", property(lambda _: UNTIL + dt.timedelta(weeks=week)))
    return draw(register, TAX, "model-1", *population(400, prefix), 0.0)


def precision(register):
    return next(one for one in measures(register) if one.group is None and one.measure == "precision")


def test_a_sample_is_drawn_once_a_week_and_has_every_side(synthetic) -> None:
    assert drawn(synthetic) == sampled.SIZE
    assert drawn(synthetic) == 0
    with synthetic.engine.connect() as connection:
        sides = connection.exec_driver_sql('SELECT side, count(*), bool_and("right" IS NULL) FROM sampled GROUP BY 1')
        found = {side: alone for side, _, alone in sides}
    assert found == {"linked": False, "below": False, "alone": True}
    assert verify(synthetic) == []


def test_measures_follow_from_readings_and_are_kept_by_group(synthetic) -> None:
    drawn(synthetic)
    measure(synthetic)
    assert measures(synthetic) == []
    read(synthetic, lambda number: True)
    measure(synthetic)
    found = measures(synthetic)
    assert {one.group for one in found} == {None, "script:latin", "script:han", "age:2 to 4", "age:10 to 24"}
    one = precision(synthetic)
    assert one.figure.value == 1
    assert 0.9 < one.figure.low < 1
    assert one.wrong.value == 0
    assert one.wrong.high > 100
    assert one.members == 400
    before = len(found)
    measure(synthetic)
    assert len(measures(synthetic)) == before
    assert verify(synthetic) == []


def test_a_reader_is_not_asked_twice_and_a_unit_is_read_by_two(synthetic) -> None:
    size = drawn(synthetic)
    read(synthetic, lambda number: True, ["A. Jansen"])
    assert to_be_read(synthetic, "A. Jansen", UNTIL) == []
    assert len(to_be_read(synthetic, "B. Smit", UNTIL)) == size
    read(synthetic, lambda number: number % 10, ["B. Smit"])
    assert to_be_read(synthetic, None, UNTIL) == []
    agreed, each = readers(synthetic)
    assert 0.85 < agreed.agreed.value < 1
    assert 0 < agreed.kappa.low < agreed.kappa.value < 1
    assert set(each) == {"A. Jansen", "B. Smit"}


@pytest.mark.parametrize(
    ("number", "reader", "said", "message"),
    [
        (1, " ", "same", "reader: found nothing"),
        (1, "A", "yes", "answer: found 'yes'"),
        (99, "A", "same", "no such unit"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(synthetic, number, reader, said, message) -> None:
    drawn(synthetic) if number == 1 else None
    with pytest.raises(InputError, match=message):
        answer(synthetic, number, reader, said)


def test_a_source_whose_links_are_wrong_is_paused_and_told_of_once(synthetic) -> None:
    drawn(synthetic)
    read(synthetic, lambda number: number % 2)
    Duties(synthetic).quality()
    Duties(synthetic).quality()
    assert set(paused(synthetic)) == {TAX}
    assert paused(synthetic)[TAX].high < pausing.LIMIT
    with synthetic.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT kind, message ->> 'source' FROM outbox").all()
    assert told == [("linkage-paused", TAX)]
    names = {metric.name: metric.samples for metric in Figures(synthetic).collect()}
    assert names["goodstanding_paused_source"][0].labels == {"source": TAX}
    assert alarming(synthetic) == [f"source {TAX}: its links are paused since {UNTIL}"]
    assert verify(synthetic) == []


def test_few_answers_that_are_right_pause_nobody_and_none_of_them_are_certain(synthetic) -> None:
    drawn(synthetic)
    read(synthetic, lambda number: True)
    Duties(synthetic).quality()
    assert precision(synthetic).figure.of < pausing.ENOUGH
    assert paused(synthetic) == {}


def test_a_person_resumes_a_source_and_what_was_drawn_before_counts_no_more(synthetic, monkeypatch) -> None:
    drawn(synthetic)
    read(synthetic, lambda number: number % 2)
    Duties(synthetic).quality()
    with pytest.raises(InputError, match="reason: found nothing"):
        resume(synthetic, TAX, "A. Jansen", " ")
    resume(synthetic, TAX, "A. Jansen", "the file of October had names of owners")
    assert paused(synthetic) == {}
    Duties(synthetic).quality()
    assert paused(synthetic) == {}
    with pytest.raises(InputError, match="is not paused"):
        resume(synthetic, TAX, "A. Jansen", "again")
    drawn(synthetic, "n", 1, monkeypatch)
    read(synthetic, lambda number: True)
    Duties(synthetic).quality()
    assert precision(synthetic).figure.value == 1
    assert paused(synthetic) == {}


def test_a_better_sample_resumes_a_source(synthetic, monkeypatch) -> None:
    drawn(synthetic)
    read(synthetic, lambda number: number % 2)
    Duties(synthetic).quality()
    for week in range(27, 30):
        drawn(synthetic, f"n{week}", week, monkeypatch)
    read(synthetic, lambda number: True)
    Duties(synthetic).quality()
    assert precision(synthetic).figure.low >= pausing.LIMIT
    assert paused(synthetic) == {}
    assert verify(synthetic) == []


def _one(group, members):
    return Measure(1, TAX, "m", group, "precision", Figure(0.9, 0.8, 1.0, 50), members, UNTIL)


def test_groups_of_few_are_not_published_nor_those_they_could_be_had_from() -> None:
    found = [_one(None, 500), _one("script:latin", 400), _one("script:han", 80), _one("script:greek", K - 1)]
    assert [one.group for one in published(found)] == [None, "script:latin"]
    ages = [_one("age:under 2", K), _one("age:2 to 4", K)]
    assert published(found + ages)[-2:] == ages
    assert published([_one(None, K - 1)]) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Acme 北", "latin"),
        ("北京商贸", "han"),
        ("ООО Ромашка", "cyrillic"),
        ("123", "not known"),
        (None, "not known"),
        ("ශ්‍රී", "other"),
    ],
)
def test_a_name_has_the_script_of_most_of_its_letters(name, expected) -> None:
    assert bands.script(name) == expected


def test_an_organisation_has_the_age_of_whole_years() -> None:
    day = dt.date(2026, 3, 1)
    assert bands.age(dt.date(2024, 3, 2), day) == "under 2"
    assert bands.age(dt.date(2024, 3, 1), day) == "2 to 4"
    assert bands.age(dt.date(1900, 1, 1), day) == bands.OLDEST
    assert bands.age(dt.date(2027, 1, 1), day) == bands.age(None, day) == "not known"


def test_figures_are_kept_in_millionths_never_surer_than_they_are() -> None:
    kept = quality._kept(Figure(0.95, 0.9000005, 0.9999991, 9))
    assert kept == {"value": 950_000, "low": 900_000, "high": 1_000_000}
