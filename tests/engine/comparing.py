"""Whether the compiled form and the exact evaluator say the same of generated policies and dossiers."""

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import polars as pl

from goodstanding.engine.batch import Batch
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.periods import FOREVER
from goodstanding.facts.errors import InputError
from tests.engine.policies import loaded_of, policy_of, rests
from tests.engine.sentences import Chance
from tests.engine.world import CATALOGUE, days_of, dossier, records_of, table_of

PEOPLE = {"p1": "person", "p2": "person", "p3": "person", "o1": "organisation", "t1": "thing"}


def case_of(seed, size=2):
    """Return a policy as a map, ready, and rows about several subjects."""
    whole = policy_of(seed, size)
    loaded, text = loaded_of(whole), json.dumps(whole)
    rows = [
        row | {"subject": name}
        for place, name in enumerate(PEOPLE)
        for row in dossier(seed + place, loaded.policy, text)
    ]
    return whole, loaded, rows


def differences(loaded, rows, days, *, compiled=False):
    """Return what the compiled form says otherwise, as texts, and how many subjects it gave to the exact evaluator.

    Standings with a number that has no finite decimal cannot be told in a table; they are passed over.
    """
    evaluator, table = Evaluator(loaded, CATALOGUE), table_of(rows)
    people = pl.DataFrame({"subject": list(PEOPLE), "is_a": list(PEOPLE.values())})
    batch = Batch(loaded, CATALOGUE, table, people, compiled=compiled)
    records, found, by_hand = records_of(rows), [], 0
    for on in days:
        standings = {
            name: evaluator.standing([r for r in records if r.subject == name], is_a, on)
            for name, is_a in PEOPLE.items()
        }
        expected = Counter(_standing(name, one) for name, one in standings.items())
        found += _other(f"{on} standings", _told(batch.standings, on), expected, ("quiet_until", "missing"))
        by_hand += batch.by_hand
        made = Counter(row for name, one in standings.items() for row in _entries(name, one))
        found += _other(f"{on} entries", _told(batch.contributions, on), made, ())
    return found, by_hand


def _told(tell, on):
    try:
        return tell(on)
    except InputError:
        return None


def _other(what, told, expected, left_out):
    if told is None:
        return []
    rows = Counter(tuple(map(_plain, row)) for row in told.drop(left_out).rows())
    return [
        f"{what}: {word} {row}"
        for word, rows_ in (("compiled", rows - expected), ("exact", expected - rows))
        for row in rows_
    ]


def _plain(cell):
    """A cell as the number it stands for; a day that never comes is none."""
    return Fraction(cell) if isinstance(cell, Decimal) else None if cell == FOREVER else cell


def _standing(name, one):
    return (name, str(one.outcome), one.score, one.grade, one.reason, ", ".join(one.measures) or None)


def _entries(name, one):
    for entry in one.entries:
        amount = entry.amount if isinstance(entry.amount, Fraction) else None
        grade = entry.grade if isinstance(entry.grade, str) else None
        what = (entry.rule, entry.item.id if entry.item else None, entry.account, amount, grade)
        days = (_plain(entry.start), _plain(entry.until))
        yield (name, entry.record.digest if entry.record else None, *what, *days, str(entry.status))


def compare(seed, size=2, *, compiled=False):
    """Compare one generated case on a few days; return the differences and how many subjects went by hand.

    A policy under which an empty dossier never rests takes too long.
    """
    whole, loaded, rows = case_of(seed, size)
    if not rests(loaded):
        return [], 0
    return differences(loaded, rows, days_of(Chance(seed), rows, json.dumps(whole)), compiled=compiled)
