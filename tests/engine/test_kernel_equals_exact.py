"""The kernel says of every dossier exactly what the exact evaluator says."""

import datetime as dt
import logging
from fractions import Fraction
from functools import cache
from unittest import mock

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from goodstanding.engine import batch
from goodstanding.engine.batch import Batch, contributions, score
from goodstanding.engine.compiled import primitives
from goodstanding.engine.periods import end_of_period
from goodstanding.facts.catalogue import Attribute
from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import SCHEMES, subject_of
from goodstanding.facts.shipped import shipped
from goodstanding.policy.examples import read_examples
from goodstanding.policy.reader import read_policy
from tests.engine.agreement import SUBJECTS, compare, crowd, dossier, same
from tests.engine.dense import POLICIES
from tests.engine.generated import policies
from tests.engine.small import KINDS, PERSON, loaded, table

EPOCH = dt.date(1970, 1, 1)
FOOD = ["food.inspection", "food.unrated", "conduct.ended", "tax.arrears"]


@cache
def policy(name):
    return read_policy(shipped("policies") / name)


@settings(max_examples=40)
@given(st.data(), dossier(FOOD, subjects=("o1", "t1")))
def test_food_hygiene_ratings_agree(data, rows):
    compare(data, policy("uk-food-hygiene"), rows)


@st.composite
def wendeng(draw):
    """Rows about a few kinds at a time, so that they meet; direct grades, their ends and repairs among them."""
    kinds = draw(st.lists(st.sampled_from(sorted(policy("cn-wendeng").policy.kinds)), min_size=1, max_size=4))
    listed = ["conduct.ended", "court.defaulter", "court.performed", "land.farmland-listed", "civic.donation"]
    return draw(dossier(kinds + draw(st.lists(st.sampled_from(listed), max_size=3))))


@settings(max_examples=40)
@given(st.data(), wendeng())
def test_wendeng_points_agree(data, rows):
    compare(data, policy("cn-wendeng"), rows)


def cn_wendeng():
    """Its kinds are many; these are the ones that meet."""
    return policy("cn-wendeng")


MEETING = ["tax.evasion", "tax.arrears", "land.farmland-listed", "court.defaulter", "court.performed", "civic.donation"]


@pytest.mark.parametrize("make", [*POLICIES, cn_wendeng], ids=lambda make: make.__name__)
@settings(max_examples=3, phases=[Phase.generate])
@given(st.data(), st.integers(0, 2**32))
def test_crowds_in_which_records_meet_agree(make, data, seed):
    kinds = [*sorted(make().policy.kinds & {*MEETING, "civic.volunteering"}), "conduct.ended"]
    rows = crowd(seed, kinds, 120)
    people = {row["subject"]: "person" if row["subject"][0] == "p" else "organisation" for row in rows}
    compare(data, make(), rows, people=people)


@settings(max_examples=80)
@given(st.data(), policies())
def test_generated_policies_agree(data, policy):
    kinds = sorted(policy.policy.kinds)
    compare(data, policy, data.draw(dossier([*kinds, *kinds, "conduct.ended"])))


@given(st.dates(dt.date(1900, 1, 1), dt.date(2400, 12, 31)), st.integers(0, 700), st.booleans())
def test_periods_end_on_the_same_day(start, count, counted):
    units = {"days": (primitives.DAYS, 1), "months": (primitives.MONTHS, 1), "years": (primitives.MONTHS, 12)}
    for name, (unit, many) in units.items():
        end = primitives.end_of_period((start - EPOCH).days, count * many, unit, counted)
        assert EPOCH + dt.timedelta(end) == end_of_period(count, name, start, counted=counted)


@given(st.data(), st.sampled_from(POLICIES), st.integers(1, 4))
@settings(max_examples=15)
def test_many_ranges_say_what_one_says(data, make, size):
    records = table(data.draw(dossier(sorted(make().policy.kinds), sizes=(12,))))
    people = pl.DataFrame({"subject": list(SUBJECTS), "is_a": list(SUBJECTS.values())})
    one = score(make(), KINDS, records, people, dt.date(2020, 3, 15))
    with mock.patch.multiple(batch, _WORTH=0, _LARGE=size):
        assert score(make(), KINDS, records, people, dt.date(2020, 3, 15)).equals(one)


PAID = {"paid": Attribute(type="flag", words={}), "due": Attribute(type="date", words={})}
DEFAULTS = KINDS.kinds["contract.default"].model_copy(update={"attributes": PAID})
FLAGS = KINDS.model_copy(update={"kinds": KINDS.kinds | {"contract.default": DEFAULTS}})


@settings(max_examples=30)
@given(st.data())
def test_flags_and_dates_agree(data):
    fault = {"amount": "1 if paid and due >= act else 2 if not paid else 5", "for": "contract.default"}
    plain = loaded(entries={"fault": fault | {"counts": {"from": "due", "until": "1 month after due"}}}, kinds=FLAGS)
    compare(data, plain, data.draw(dossier(["contract.default"], (4,), known=FLAGS)), FLAGS)


ON = dt.date(2021, 1, 1)
DEFAULT = {"kind": "contract.default", "act": dt.date(2020, 1, 1)}


def test_every_subject_gets_a_standing_and_records_that_nobody_reads_are_passed_over():
    people = pl.DataFrame({"subject": ["b", "a", "c"], "is_a": ["person", "thing", "organisation"]})
    rows = [DEFAULT | {"subject": "b"}, DEFAULT | {"subject": "c", "kind": "tax.arrears"}]
    found = score(loaded(), KINDS, table(rows), people, ON)
    assert found.select("subject", "outcome", "score", "grade").rows() == [
        ("a", "graded", 0, "good"),
        ("b", "graded", 1, "good"),
        ("c", "graded", 0, "good"),
    ]


def test_no_records_and_no_subjects_give_tables_of_the_same_columns():
    some = table([DEFAULT])
    for tell in (score, contributions):
        assert tell(loaded(), KINDS, some.head(0), None, ON).schema == tell(loaded(), KINDS, some, None, ON).schema


@given(st.sampled_from(sorted(SCHEMES)), st.text("0123456789ABZ-", min_size=2, max_size=18))
def test_what_an_identifier_is_of_stands_in_its_scheme_and_two_characters(scheme, number):
    for digits in (number, f"92{number}"):
        assert subject_of(f"{scheme}:{digits}") == subject_of(f"{scheme}:{digits[:2]}")


@pytest.mark.parametrize(
    ("records", "people", "said"),
    [
        (table([DEFAULT]).drop("digest"), None, "lack column digest"),
        (table([DEFAULT]).with_columns(digest=pl.lit("")), None, "without digest"),
        (table([DEFAULT | {"occurrence": None}]), None, "without occurrence"),
        (table([DEFAULT | {"subject": "x.y:1"}]), None, "'x.y'"),
        (table([DEFAULT]), pl.DataFrame({"subject": ["a"], "is_a": ["person"]}), "not among those given"),
        (table([DEFAULT]), pl.DataFrame({"subject": [PERSON], "is_a": ["dog"]}), "'dog'"),
        (table([DEFAULT]), pl.DataFrame({"subject": [PERSON] * 2, "is_a": ["person", "thing"]}), "twice"),
    ],
)
def test_tables_that_are_not_as_described_are_refused(records, people, said):
    with pytest.raises(InputError, match=said):
        score(loaded(), KINDS, records, people, ON)


def test_numbers_that_may_pass_64_bits_are_refused():
    square = loaded(entries={"gift": {"for": "civic.donation", "amount": "amount * amount"}})
    gift = {"kind": "civic.donation", "act": dt.date(2020, 1, 1), "amount": 10**12}
    with pytest.raises(InputError, match="2\\^62"):
        score(square, KINDS, table([gift]), None, ON)


def test_a_period_past_the_end_of_the_calendar_has_no_end():
    counts = {"from": "act", "until": "8000 years after act"}
    policy = loaded(entries={"f": {"for": "contract.default", "counts": counts}})
    assert contributions(policy, KINDS, table([DEFAULT]), None, ON)["until"].to_list() == [None]


def test_quotients_are_exact_and_what_is_off_its_grid_is_told():
    mean = {"score": {"is": "round(sum(points) / count(fault), 0.25, 'half-up')", "grid": {"step": "0.25"}}}
    bands = [{"of": "score", "bands": {"good": "to 2", "bad": "from 2.25"}}]
    gift = {"for": "civic.volunteering", "amount": "hours"}
    policy = loaded(entries={"fault": gift}, values=mean, ladders=bands)
    work = {"kind": "civic.volunteering", "act": dt.date(2020, 1, 1)}
    rows = [work | {"hours": hours, "document": str(hours)} for hours in (2, 3, 4)]
    made = Batch(policy, KINDS, table([*rows, work | {"hours": 4, "document": "x"}]), None)
    assert Fraction(made.standings(ON)["score"][0]) == Fraction(13, 4)
    assert made.by_hand == 0


def test_what_is_too_large_goes_to_the_exact_evaluator_and_is_told(caplog):
    square = loaded(entries={"gift": {"for": "civic.donation", "amount": "amount * amount / 1000000000000"}})
    gift = {"kind": "civic.donation", "act": dt.date(2020, 1, 1), "amount": 10**12}
    made = Batch(square, KINDS, table([gift]), None)
    with caplog.at_level(logging.WARNING):
        made.standings(ON)
    assert made.by_hand == 1
    assert "1 of 1 subjects" in caplog.text


@pytest.mark.parametrize("name", sorted(folder.name for folder in shipped("policies").iterdir()))
@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.long)])
def test_examples_of_the_shipped_policies_agree(name, compiled):
    """Each example on its day and on days around those of its records."""
    for case in read_examples(shipped("policies") / name, KINDS):
        same(policy(name), case.records, case.example, compiled)


@given(st.lists(st.sampled_from([1, 2, 3, 300, 32767, 32768, 1 << 52]), min_size=1, max_size=7))
def test_what_is_missing_is_a_set_of_at_most_four_facts(facts):
    one = several = 0
    for fact in facts:
        one, several = primitives.join(one, fact), primitives.join(fact, several)
    assert one == several
    if len(set(facts)) == 1:
        assert one == facts[0]
    elif len(set(facts)) > 4 or max(facts) > 32767:
        assert one == primitives.SEVERAL
    else:
        assert [one - primitives.SETS >> place & 32767 for place in (0, 15, 30, 45)][: len(set(facts))] == sorted(
            set(facts)
        )


def test_several_missing_facts_are_named_without_the_exact_evaluator():
    made = Batch(policy("uk-food-hygiene"), KINDS, table([DEFAULT | {"kind": "food.inspection", "hygiene": 5}]), None)
    missing = made.standings(ON)["missing"].to_list()
    assert missing == ["food.inspection.confidence, food.inspection.structural"]
    assert made.by_hand == 0
