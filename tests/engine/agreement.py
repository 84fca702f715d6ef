"""Generated policies and dossiers, and whether the kernel and the exact evaluator say the same of them."""

import datetime as dt
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import polars as pl
from hypothesis import currently_in_test_context, event
from hypothesis import strategies as st

from goodstanding.engine.batch import Batch
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.periods import end_of_period
from goodstanding.facts.errors import InputError
from goodstanding.facts.records import CONTENT, objects, schema
from tests.engine.small import KINDS, dossiers, table

SUBJECTS = {"o1": "organisation", "p1": "person", "p2": "person", "t1": "thing"}
EDGES = [dt.date.fromisoformat(day) for day in ("2019-12-31", "2020-01-31", "2020-02-29", "2021-02-28", "2021-03-31")]
PERIODS = [(1, True), (1, False), (12, True), (12, False), (24, False)]


@st.composite
def days(draw):
    """A few days at the ends of months and of leap years or anywhere, and the days on which periods from them end."""
    near = st.builds(lambda edge, step: edge + dt.timedelta(step), st.sampled_from(EDGES), st.integers(-1, 1))
    first = draw(st.lists(near | st.dates(dt.date(2019, 1, 1), dt.date(2021, 12, 31)), min_size=1, max_size=3))
    ends = [end_of_period(months, "months", day, counted=counted) for day in first for months, counted in PERIODS]
    return st.sampled_from([*first, *first, *ends])


@st.composite
def dossier(draw, kinds, sizes=(2, 4, 8, 12), subjects=("p1", "p1", "p2", "o1"), when=None, known=KINDS):
    """Rows of records: with and without their attributes, of one day and occurrence, and some of them twice."""
    when = draw(days()) if when is None else when
    rows = [draw(record(kinds, subjects, number, when, known)) for number in range(draw(st.sampled_from(sizes)))]
    twice = draw(st.lists(st.sampled_from(rows), max_size=2))
    return draw(st.permutations(rows + twice))


@st.composite
def record(draw, kinds, subjects, number, when, known):
    kind = draw(st.sampled_from(kinds))
    absent = draw(st.sampled_from([st.nothing(), st.nothing(), st.none()]))
    attributes = {
        name: draw(absent | st.sampled_from(cells(one))) for name, one in known.kinds[kind].attributes.items()
    }
    return attributes | {
        "subject": draw(st.sampled_from(subjects)),
        "kind": kind,
        "act": draw(when),
        "decided": draw(absent | when),
        "final": draw(absent | when),
        "occurrence": draw(st.sampled_from(["a", "b", "c"])),
        "document": str(number),
    }


def crowd(seed, kinds, many):
    """Rows about many people and firms, few days and occurrences each, at random but the same for a seed."""
    chance = random.Random(seed)
    rows = []
    for subject in [f"{chance.choice('ppo')}{number}" for number in range(many)]:
        first = [chance.choice(EDGES), dt.date(2020, 1, 1) + dt.timedelta(chance.randrange(600))]
        ends = [end_of_period(months, "months", first[0], counted=counted) for months, counted in PERIODS]
        for number in range(chance.randrange(1, 9)):
            kind, when = chance.choice(kinds), [*first, chance.choice(ends)]
            given = {name: chance.choice(cells(one)) for name, one in KINDS.kinds[kind].attributes.items()}
            dates = {name: chance.choice(when) for name in ("act", "decided", "final")}
            plain = {"kind": kind, "occurrence": chance.choice("ab"), "document": str(number), "subject": subject}
            absent = {chance.choice([*given, "final"]): None} if chance.random() < 0.2 else {}
            rows.append(given | dates | plain | absent)
    return rows


def cells(attribute):
    """The values of an attribute, as tables hold them, that are worth trying."""
    if attribute.type == "code":
        return sorted(KINDS.codes[attribute.codes])
    if attribute.type in ("flag", "date"):
        return [True, False] if attribute.type == "flag" else EDGES
    edges = (-50, 0, 1, 9, 10, 15, 20, 99, 100, 999, 1000, 5000, 5001, 20000)
    return [value * 10**attribute.scale for value in attribute.values or edges] + ([] if attribute.values else [123])


def on_days(evaluator, every, people):
    """The days on which something may happen to these dossiers, with those before and after."""
    last = dt.date(2030, 1, 1)
    found = set()
    for subject, kept in every.items():
        for entry in evaluator.standing(kept, people[subject], last).entries:
            found |= {entry.record.act, entry.start, entry.until or entry.start}
    near = {day + dt.timedelta(step) for day in found if day < last for step in (-1, 0, 1)}
    return [dt.date(2022, 1, 1), *sorted(near), last]


def compare(data, policy, rows, kinds=KINDS, people=None):
    """Fail unless every column of every standing and entry is the same; return how many subjects went by hand."""
    people = SUBJECTS if people is None else people
    evaluator, records = Evaluator(policy, kinds), table(rows, kinds)
    listed = pl.DataFrame({"subject": list(people), "is_a": list(people.values())})
    batch, every, by_hand = Batch(policy, kinds, records, listed), dossiers(records, kinds), 0
    days = st.sampled_from(on_days(evaluator, every, people))
    for on in data.draw(st.lists(days, min_size=1, max_size=3, unique=True), label="on"):
        standings = {name: evaluator.standing(every.get(name, []), is_a, on) for name, is_a in people.items()}
        scores = [one.score for one in standings.values()]
        amounts = [entry.amount for one in standings.values() for entry in one.entries]
        _same(standings, _told(batch.standings, on, scores), _told(batch.contributions, on, amounts))
        by_hand += batch.by_hand
    event(f"by hand: {by_hand > 0}")
    return by_hand


def same(policy, records, example, compiled):
    """Fail unless both say the same of an example's records, on its day and a month and a year after each record."""
    evaluator, rows = Evaluator(policy, KINDS), as_table(records)
    dossier = list(objects(rows, KINDS))
    people = pl.DataFrame({"subject": ["s"], "is_a": [example.subject]})
    batch = Batch(policy, KINDS, rows, people, compiled=compiled)
    days = {example.on} | {one.act + dt.timedelta(later) for one in records for later in (0, 31, 366)}
    for on in sorted(days)[:12]:
        standing = {"s": evaluator.standing(dossier, example.subject, on)}
        amounts = [entry.amount for entry in standing["s"].entries]
        _same(standing, batch.standings(on), _told(batch.contributions, on, amounts))


def as_table(records):
    """The table of an example's records, all about one subject."""
    rows = []
    for one in records:
        cells = {name: getattr(one, name) for name in (*CONTENT, "digest", "known", "withdrawn")} | {"subject": "s"}
        for name, value in one.attributes.items():
            attribute = KINDS.attributes[name]
            cells[name] = int(value * 10**attribute.scale) if attribute.type == "number" else value
        rows.append(cells)
    return pl.DataFrame(rows, schema=schema(KINDS) | {"digest": pl.String, "known": pl.Date, "withdrawn": pl.Date})


def _told(tell, on, numbers):
    """Return a table, or None where it is refused because one of these numbers needs more decimals than it has."""
    try:
        return tell(on)
    except InputError:
        if not any(isinstance(number, Fraction) and (number * 10**6).denominator > 1 for number in numbers):
            raise
        _noted("more decimals than a table has")
        return None


def _same(standings, scored, contributed):
    for one in standings.values():
        _noted(f"{one.outcome} {one.grade or ''}")
    if scored is not None:
        assert [row[0] for row in scored.rows()] == sorted(standings)
        assert {_plain(row) for row in scored.drop("quiet_until").rows()} ^ {
            expected(name, one) for name, one in standings.items()
        } == set()
    if contributed is not None:
        found, made = (
            Counter(map(_plain, contributed.rows())),
            Counter(row for name, one in standings.items() for row in entries(name, one)),
        )
        assert (found - made, made - found) == (Counter(), Counter())


def _noted(what):
    if currently_in_test_context():
        event(what)


def _plain(row):
    """Return a row in which decimals are the numbers they stand for."""
    return tuple(Fraction(cell) if isinstance(cell, Decimal) else cell for cell in row)


def expected(name, one):
    missing, measures = ", ".join(one.missing) or None, ", ".join(one.measures) or None
    return (name, str(one.outcome), one.score, one.grade, missing, one.reason, measures)


def entries(name, one):
    for entry in one.entries:
        item = entry.item.id if entry.item else None
        grade = entry.grade if isinstance(entry.grade, str) else None
        amount = entry.amount if isinstance(entry.amount, Fraction) else None
        made = (entry.rule, item, entry.account, amount, grade, entry.start, entry.until, str(entry.status))
        yield name, entry.record.digest if entry.record else None, *made
