"""A small world for generated policies: a catalogue, and dossiers in which everything happens close together."""

import calendar
import datetime as dt
import re
from fractions import Fraction

import polars as pl

from goodstanding.engine.periods import end_of_period
from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.records import CONTENT, Record, schema, with_digest
from tests.engine.sentences import DEGREES, GRADES, Chance

WORDS = {"en": "w", "nl": "w", "zh": "w"}


def _attribute(kind, codes=None, **rest):
    return {"type": kind, "words": WORDS, "required": False} | ({"codes": codes} if codes else {}) | rest


SIZE, DEGREE, LEARNED = _attribute("number"), _attribute("code", "degree"), _attribute("date")
PAID, VERDICT = _attribute("flag"), _attribute("code", "verdict")
EVERYBODY = ("person", "organisation", "thing")
KINDS = {
    "fault.minor": {"size": SIZE, "degree": DEGREE, "learned": LEARNED, "paid": PAID, "assessed": SIZE},
    "fault.grave": {"size": SIZE, "degree": DEGREE, "learned": LEARNED, "verdict": VERDICT},
    "gift.made": {"amount": _attribute("number", scale=2), "degree": DEGREE, "size": SIZE},
    "check.held": {"marks": _attribute("number", scale=1), "verdict": VERDICT, "due": LEARNED, "paid": PAID},
    "order.given": {"degree": DEGREE},
    "order.lifted": {},
    "conduct.ended": {},
}
"""Kinds and their attributes; conduct of `fault.grave` continues."""
CATALOGUE = Catalogue(
    codes={"degree": dict.fromkeys(DEGREES, WORDS), "verdict": dict.fromkeys(GRADES, WORDS)},
    kinds={
        name: {"context": "c", "direction": "neutral", "subjects": EVERYBODY, "words": WORDS, "attributes": attributes}
        | ({"continuing": True} if name == "fault.grave" else {})
        for name, attributes in KINDS.items()
    },
    digest="small",
)
OPENING = ("fault.minor", "fault.grave", "gift.made", "check.held")
ORDERS = ("order.given", "order.lifted")
_EDGES = ("2019-12-31", "2020-01-31", "2020-02-29", "2020-05-31", "2020-08-31", "2021-01-30", "2021-02-28")
EDGES = [dt.date.fromisoformat(day) for day in _EDGES]
_PERIOD = re.compile(r"\b(\d+) (day|month|year)s?\b")
_NUMBER = re.compile(r"(?<![\d.-])\d+(?:\.\d+)?(?![\d.-])")


def periods_in(text):
    """The periods that the text of a policy names, as (count, unit)."""
    return sorted({(int(count), f"{unit}s") for count, unit in _PERIOD.findall(text)}) or [(1, "months")]


def numbers_in(text):
    return sorted({Fraction(number) for number in _NUMBER.findall(text) if len(number) < 6}) or [Fraction(0)]


def days_near(chance, text):
    """A few days at ends of months and in leap years, and the days about the ends of the policy's periods from them."""
    first = [chance.one(EDGES), dt.date(2020, 1, 1) + dt.timedelta(chance.random.randrange(500))]
    periods = [p for p in periods_in(text) if p[0] * {"days": 1, "months": 30, "years": 365}[p[1]] < 1000]
    ends = []
    for count, unit in chance.some(periods, 1, 3):
        ends += [end_of_period(count, unit, day, counted=chance.maybe()) for day in first]
    near = [day + dt.timedelta(chance.one((-1, 0, 0, 1))) for day in ends]
    last = [day.replace(day=calendar.monthrange(day.year, day.month)[1]) for day in near[:1]]
    return [*first, *first, *near, *last]


def dossier(seed, policy, text, most=8):
    """Rows of records about one subject. `text` is the policy's; its numbers and periods are what is tried."""
    chance = Chance(seed)
    days, numbers, lacking = days_near(chance, text), numbers_in(text), chance.one((0, 0, 8))
    kinds = sorted(policy.kinds & set(KINDS)) or ["fault.minor"]
    kinds = [kind for kind in kinds if kind != "conduct.ended"] + ["conduct.ended"]
    many = chance.random.randint(1, most)
    return [_row(chance, chance.one(kinds), str(number), days, numbers, lacking) for number in range(many)]


def _row(chance, kind, document, days, numbers, lacking):
    one, act = chance.one, chance.one(days)
    row = {"kind": kind, "act": act, "document": document, "occurrence": one("abc")}
    for name, attribute in CATALOGUE.kinds[kind].attributes.items():
        if not (lacking and chance.maybe(lacking)):
            row[name] = _cell(chance, attribute, days, numbers)
    for name in ("decided", "final"):
        if not (lacking and chance.maybe(lacking)):
            row[name] = one([act, act + dt.timedelta(one((0, 1, 14, 31))), one(days)])
    if chance.maybe(6):
        row["known"] = one([act, act + dt.timedelta(20), one(days)])
    if chance.maybe(8):
        row["withdrawn"] = one(days) + dt.timedelta(30)
    return row


def _cell(chance, attribute, days, numbers):
    """A value as tables hold it: at the edge of what the policy names, or one beside it."""
    if attribute.type == "number":
        unit = 10**attribute.scale
        return int(chance.one(numbers) * unit) + chance.one((-1, 0, 0, 1))
    if attribute.type == "code":
        return chance.one(CATALOGUE.codes[attribute.codes])
    return chance.one(days) if attribute.type == "date" else chance.maybe()


def table_of(rows):
    """A table of records with digests; of one subject where they do not say of whom."""
    plain = {"source": "s", "authority": "a", "basis": "b", "subject": "p1"}
    columns = schema(CATALOGUE) | {"known": pl.Date, "withdrawn": pl.Date}
    return with_digest(pl.DataFrame([plain | row for row in rows], schema=columns), CATALOGUE)


def records_of(rows):
    """The same records as objects."""
    records = table_of(rows)
    return [
        Record(
            **{column: row[column] for column in (*CONTENT, "known", "withdrawn")},
            attributes={
                name: attribute.number(row[name]) if attribute.type == "number" else row[name]
                for name, attribute in CATALOGUE.attributes.items()
                if row[name] is not None
            },
            digest=row["digest"],
        )
        for row in records.iter_rows(named=True)
    ]


def days_of(chance, rows, text, many=3):
    """Days to ask about: those of the records, the ends of periods from them, and the days beside."""
    base = [row["act"] for row in rows] + [row[name] for row in rows for name in ("decided", "final") if row.get(name)]
    ends = [end_of_period(*p, chance.one(base), counted=chance.maybe()) for p in periods_in(text)]
    found = [day + dt.timedelta(chance.one((-1, 0, 0, 1))) for day in (*base, *ends, *ends)]
    found = [day for day in found if dt.date(2019, 1, 1) < day < dt.date(2026, 1, 1)] or [dt.date(2022, 1, 1)]
    return sorted({*chance.some(found, many, many)})
