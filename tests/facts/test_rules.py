"""The rules of intake, stated again row by row in plain Python: `check` says the same of every table, word for word."""

import datetime as dt
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.identifiers import SCHEMES, fault_in, subject_of
from goodstanding.facts.records import CORE
from goodstanding.facts.validation import REQUIRED, Intake, check
from goodstanding.facts.world import World

TODAY = dt.date(2024, 6, 30)
TEXTS = [name for name in CORE if name not in ("born", "act", "decided", "final")]


def intake(world=World.REAL, **asked):
    return Intake(catalogue(world), world, "s", TODAY, **asked)


def day(cell):
    """The day of a cell; the calendar of the reader has a year 0, Python's has not."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", cell or ""):
        return None
    try:
        return dt.date.fromisoformat(cell.replace("0000-", "0004-") if cell.startswith("0000-") else cell)
    except ValueError:
        return None


def number(attribute, cell):
    fraction = rf"(?:\.([0-9]{{1,{attribute.scale}}}))?" if attribute.scale else "()"
    if not (found := re.fullmatch(rf"(-?[0-9]{{1,12}}){fraction}", cell)):
        return None
    if attribute.values and cell not in map(str, attribute.values):
        return None
    return int(found[1] + (found[2] or "").ljust(attribute.scale, "0"))


def wanted(attribute, words):
    if attribute.type == "code":
        return "one of " + ", ".join(words.codes[attribute.codes])
    if attribute.values:
        return "one of " + ", ".join(map(str, attribute.values))
    decimals = f" with at most {attribute.scale} decimals" if attribute.scale else ", whole"
    unit = f", in {attribute.unit}" if attribute.unit else ""
    plain = {"flag": "true or false", "date": "a calendar day, as 2026-03-31"}
    return plain.get(attribute.type, f"a number{decimals}{unit}")


def meaning(name, cell, own):
    """What an attribute's cell says, or None where it cannot be."""
    attribute = own.catalogue.attributes[name]
    if attribute.type == "number":
        return number(attribute, cell)
    if attribute.type == "date":
        return None if cell.startswith("0000") else day(cell)
    if attribute.type == "flag":
        return {"true": True, "false": False}.get(cell)
    return cell if cell in own.catalogue.codes[attribute.codes] else None


def completed(row, own):
    row = dict.fromkeys(own.schema) | row
    defaults = {"source": own.source} | ({"version": "1", "state": "valid"} if own.versions else {})
    row |= {name: value for name, value in defaults.items() if row[name] is None}
    if row["occurrence"] is None and row.get("state") != "withdrawn":
        row["occurrence"] = row["document"]
    return row


def faults(row, own):
    """Yield field and what was expected, for one completed row."""
    for rules in (lacks, text_faults, kind_faults, date_faults, subject_faults, attribute_faults):
        yield from rules(row, own, own.catalogue.kinds.get(row["kind"]))


def lacks(row, own, _):
    for name in REQUIRED:
        if row[name] is None and (name in ("subject", "document") or row.get("state") != "withdrawn"):
            yield name, "a value"
    if own.versions and not re.fullmatch("[1-9][0-9]{0,3}", row["version"]):
        yield "version", "a whole number from 1 to 9,999"
    if own.versions and row["state"] not in ("valid", "withdrawn"):
        yield "state", "valid or withdrawn"


def text_faults(row, own, _):
    for name in TEXTS:
        if len(row[name] or "") > 500 or re.search(r"[\x00-\x1f\x7f]", row[name] or ""):
            yield name, "at most 500 characters, no control characters"


def kind_faults(row, own, spec):
    if row["kind"] is not None and spec is None:
        yield "kind", "a kind of the catalogue (goodstanding catalogue lists them)"
    if spec and own.kinds is not None and row["kind"] not in own.kinds:
        yield "kind", f"a kind of source {own.source}"
    if row["source"] != own.source:
        yield "source", f"{own.source}, who sent this delivery"


def date_faults(row, own, _):
    for name in ("born", "act", "decided", "final", *(("known", "withdrawn") if own.knowing else ())):
        found = day(row[name])
        if row[name] is not None and found is None:
            yield name, "a calendar day, as 2026-03-31"
        elif found and found > TODAY:
            yield name, f"a day not after {TODAY}, the day of receipt"
        elif found and found < dt.date(1900, 1, 1):
            yield name, "a day from 1900-01-01 on"
    if day(row["decided"]) and day(row["act"]) and day(row["decided"]) < day(row["act"]):
        yield "decided", "a day not before the act"


def subject_faults(row, own, spec):
    if row["subject"] is not None and (wrong := fault_in(row["subject"], own.world)):
        yield "subject", wrong
    elif row["subject"] is not None and spec and subject_of(row["subject"]) not in spec.subjects:
        yield "kind", "a kind that is kept on such a subject"


def attribute_faults(row, own, spec):
    words, bare = own.catalogue, row.get("state") == "withdrawn"
    for name, attribute in words.attributes.items():
        here = spec.attributes.get(name) if spec else None
        if row[name] is None:
            if here and here.required and not bare:
                yield name, wanted(attribute, words)
            continue
        if spec and not here:
            yield name, "nothing: this kind has no such attribute"
        if meaning(name, row[name], own) is None:
            yield name, wanted(attribute, words)


def plainly(rows, own):
    """The records and refusals of a delivery."""
    records, refusals = [], []
    for place, row in enumerate((completed(row, own) for row in rows), start=1):
        wrong = sorted(faults(row, own), key=lambda fault: fault[0])
        shown = {name: "nothing" if cell is None else cell[:80] for name, cell in row.items()}
        shown_number = "a number, not repeated here"
        for field, expected in wrong:
            hidden = field == "subject" and expected not in ("a value", "at most 500 characters, no control characters")
            refusals.append((place, field, shown_number if hidden else shown[field], expected))
        if not wrong:
            dates = {name: day(row[name]) for name, kind in own.schema.items() if kind == pl.Date}
            said = {
                name: None if row[name] is None else meaning(name, row[name], own) for name in own.catalogue.attributes
            }
            version = {"version": int(row["version"])} if own.versions else {}
            records.append(tuple(({"row": place} | row | dates | said | version).values()))
    return records, refusals


LONG = ["x" * 500, "x" * 501, "é" * 500, "é" * 501, "a\x1fb", "\x7f", "a\nb", "\x00", "，一", " ", "'"]
DAYS = ["2024-06-30", "2024-07-01", "1900-01-01", "1899-12-31", "2023-02-29", "0000-02-29", "2024-3-01", "soon"]
DAYS += ["２０24-01-01", "2024-01-01\n", "2024-01-01T00:00", "+024-01-01", "9999-12-31", "2024-13-01", "2024/01/01"]
NUMBERS = ["0", "5", "-5", "05", "5.0", "12.50", "12.505", "1e3", "٣", "-0.01", "999999999999", "9999999999999", "+5"]
NUMBERS += ["999999999999.99", ".5", "5.", "-", "0x1", "1_000", "5\n", "25", "30"]
SUBJECTS = [scheme.example for scheme in SCHEMES.values()] + [
    "gb.fhrs:1-1",
    "gb.fhrs:1-٣",
    "gb.fhrs:12345-1",
    "x:1",
    ":",
]
SUBJECTS += ["cn.ric:000000197001010018", "cn.uscc:92000000MA00000079", "nl.kvk:1234567８", "cn.ric:", "gb.fhrs:1-1\n"]
SUBJECTS += ["cn.ric:11010519491231002X", "cn.uscc:91350100M000100Y43", "gb.fhrs:" + "1" * 501, "nl.bsn:111222334"]


def cells(name, own):
    """Cells that a column may have, right and wrong."""
    words = own.catalogue
    kinds = {"subject": SUBJECTS, "version": ["1", "2", "9999", "0", "10000", "1٣", "01", "x"]}
    kinds |= {"state": ["valid", "withdrawn", "Valid", "gone"], "source": [own.source, "another"]}
    kinds |= {"kind": [*sorted(words.kinds)[:: len(words.kinds) // 12], "food.inspection", "tax.evasion", "no.kind"]}
    attribute = words.attributes.get(name)
    if name in kinds:
        return kinds[name]
    if attribute is None:
        return DAYS if own.schema[name] == pl.Date else ["a", "b", "gb.la:122"]
    codes = list(words.codes[attribute.codes])[:3] if attribute.type == "code" else []
    days = ["2024-02-29", "2023-02-29", "9999-12-31", "soon", "2024-01-01x", "2024-1-1", "-2024-01-01", "+2024-01-01"]
    return {"date": days, "number": NUMBERS, "flag": ["true", "false", "TRUE"], "code": [*codes, "no-code"]}[
        attribute.type
    ]


GOOD = {
    World.REAL: {"subject": "gb.fhrs:1-1", "kind": "food.inspection"},
    World.SYNTHETIC: {"subject": "cn.ric:000000197001010019", "kind": "civic.donation", "amount": "12.50"},
}
REST = {"act": "2024-03-01", "document": "D", "authority": "gb.la:122", "basis": "the Code"}


@st.composite
def deliveries(draw):
    """An intake and rows with faults in them; repeated where columns are to repeat themselves."""
    world = draw(st.sampled_from(list(World)))
    kinds = draw(st.sampled_from([None, ("food.inspection", "civic.donation")]))
    asked = {"world": world, "kinds": kinds, "knowing": draw(st.booleans()), "versions": draw(st.booleans())}
    own = intake(**asked)
    used = draw(st.lists(st.sampled_from(sorted(own.schema)), unique=True, max_size=8))
    good = GOOD[world] | REST
    pools = {name: st.sampled_from([good.get(name), None, *cells(name, own), *LONG]) for name in used}
    rows = draw(st.lists(st.fixed_dictionaries({}, optional=pools), min_size=1, max_size=6))
    rows = [dict.fromkeys(used) | good | row for row in rows]
    return asked, rows, draw(st.sampled_from([1, 1, 1_100])), draw(st.booleans())


def repeated(rows, many, apart):
    """So many rows; `apart`: each with a document of its own, where it names one."""
    rows = [rows[n % len(rows)] for n in range(max(many, len(rows)))]
    named = [f"{row['document']}{n}" if row["document"] else None for n, row in enumerate(rows)]
    return [row | {"document": name} for row, name in zip(rows, named, strict=True)] if apart else rows


@settings(max_examples=150, deadline=None)
@given(deliveries())
def test_the_fast_way_says_what_the_rules_say_of_every_row(delivery):
    asked, *pattern = delivery
    own = intake(**asked)
    rows = repeated(*pattern)
    table = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
    records, refusals = plainly(rows, own)
    done = check(table, own)
    assert done.refusals.rows() == refusals
    assert done.records.rows() == records
    assert done.records.schema == {"row": pl.Int64} | own.schema
    assert done.rows == len(rows)


@pytest.mark.parametrize("at", [0, 57_321])
def test_one_fault_among_very_many_rows_is_found_in_its_row(at):
    own = intake(versions=True)
    good = pl.DataFrame([GOOD[World.REAL] | REST | {"hygiene": "5"}])
    table = pl.concat([good] * 60_000).with_columns(document=pl.int_range(60_000).cast(pl.String))
    for name in ("act", "hygiene", "basis", "document", "subject", "kind"):
        wrong = pl.when(pl.int_range(60_000) == at).then(pl.lit("\x1f")).otherwise(name).alias(name)
        done = check(table.with_columns(wrong), own, first=11)
        assert set(done.refusals["row"]) == {at + 11}, name
        assert name in done.refusals["field"], name
        assert done.records.height == 59_999
