"""Generated policies and dossiers, and whether the kernel and the exact evaluator say the same of them."""

import datetime as dt
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import polars as pl
from hypothesis import event
from hypothesis import strategies as st

from goodstanding.engine.batch import Batch
from goodstanding.engine.exact import Evaluator
from goodstanding.facts.errors import InputError
from tests.engine.small import KINDS, dossiers, table

SUBJECTS = {"o1": "organisation", "p1": "person", "p2": "person", "t1": "thing"}
EDGES = [dt.date.fromisoformat(day) for day in ("2019-12-31", "2020-01-31", "2020-02-29", "2021-02-28", "2021-03-31")]


def days():
    """Days at the ends of months, of leap years and of terms, and any day between."""
    near = st.builds(lambda edge, step: edge + dt.timedelta(step), st.sampled_from(EDGES), st.integers(-1, 1))
    return near | st.dates(dt.date(2019, 1, 1), dt.date(2022, 12, 31))


@st.composite
def dossier(draw, kinds, sizes=(2, 4, 8, 12), subjects=("p1", "p1", "p2", "o1")):
    """Rows of records: with and without their attributes, of one day and occurrence, and some of them twice."""
    rows = [draw(record(kinds, subjects, number)) for number in range(draw(st.sampled_from(sizes)))]
    twice = draw(st.lists(st.sampled_from(rows), max_size=2))
    return draw(st.permutations(rows + twice))


@st.composite
def record(draw, kinds, subjects, number):
    kind = draw(st.sampled_from(kinds))
    absent = draw(st.sampled_from([st.nothing(), st.nothing(), st.none()]))
    attributes = {name: draw(absent | cell(one)) for name, one in KINDS.kinds[kind].attributes.items()}
    return attributes | {
        "subject": draw(st.sampled_from(subjects)),
        "kind": kind,
        "act": draw(days()),
        "decided": draw(absent | days()),
        "final": draw(absent | days()),
        "occurrence": draw(st.sampled_from(["a", "b", "c"])),
        "document": str(number),
    }


def cell(attribute):
    """A value of an attribute as tables hold it."""
    if attribute.type == "code":
        return st.sampled_from(sorted(KINDS.codes[attribute.codes]))
    values = [value * 10**attribute.scale for value in attribute.values or (0, 1, 9, 10, 100, 999, 1000, 5001, 20000)]
    return st.sampled_from(values) if attribute.values else st.sampled_from(values) | st.integers(-50, 30000)


def on_days(evaluator, records):
    """The days on which something may happen to these dossiers, with those before and after."""
    last = dt.date(2030, 1, 1)
    found = set()
    for subject, kept in dossiers(records).items():
        for entry in evaluator.standing(kept, SUBJECTS[subject], last).entries:
            found |= {entry.record.act, entry.start, entry.until or entry.start}
    near = {day + dt.timedelta(step) for day in found for step in (-1, 0, 1)}
    return [dt.date(2022, 1, 1), *sorted(near), last]


def compare(data, policy, rows):
    """Fail unless every column of every standing and entry is the same; return how many subjects went by hand."""
    evaluator, records = Evaluator(policy, KINDS), table(rows)
    people = pl.DataFrame({"subject": list(SUBJECTS), "is_a": list(SUBJECTS.values())})
    batch, by_hand = Batch(policy, KINDS, records, people), 0
    days = st.sampled_from(on_days(evaluator, records))
    for on in data.draw(st.lists(days, min_size=1, max_size=3, unique=True), label="on"):
        every = dossiers(records)
        standings = {name: evaluator.standing(every.get(name, []), is_a, on) for name, is_a in SUBJECTS.items()}
        scores = [one.score for one in standings.values()]
        amounts = [entry.amount for one in standings.values() for entry in one.entries]
        _same(standings, _told(batch.standings, on, scores), _told(batch.contributions, on, amounts))
        by_hand += batch.by_hand
    event(f"by hand: {by_hand > 0}")
    return by_hand


def _told(tell, on, numbers):
    """Return a table, or None where it is refused because one of these numbers needs more decimals than it has."""
    try:
        return tell(on)
    except InputError:
        if not any(isinstance(number, Fraction) and (number * 10**6).denominator > 1 for number in numbers):
            raise
        event("more decimals than a table has")
        return None


def _same(standings, scored, contributed):
    for one in standings.values():
        event(f"{one.outcome} {one.grade or ''}")
    if scored is not None:
        assert [_plain(row) for row in scored.rows()] == [expected(name, standings[name]) for name in sorted(standings)]
    if contributed is not None:
        made = [row for name, one in standings.items() for row in entries(name, one)]
        assert Counter(map(_plain, contributed.rows())) == Counter(made)


def _plain(row):
    """Return a row in which decimals are the numbers they stand for."""
    return tuple(Fraction(cell) if isinstance(cell, Decimal) else cell for cell in row)


def expected(name, one):
    edges = [day for entry in one.entries for day in (entry.start, entry.until) if day and day > one.on]
    quiet = min(edges, default=None)
    missing = ", ".join(one.missing) or None
    return (name, str(one.outcome), one.score, one.grade, missing, one.reason, quiet)


def entries(name, one):
    for entry in one.entries:
        item = entry.item.id if entry.item else None
        grade = entry.grade if isinstance(entry.grade, str) else None
        amount = entry.amount if isinstance(entry.amount, Fraction) else None
        made = (entry.rule, item, entry.account, amount, grade, entry.start, entry.until, str(entry.status))
        yield name, entry.record.digest, *made
