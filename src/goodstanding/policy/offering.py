"""What an editor offers at a place in a policy file: keys of the language, names inside expressions, words of a name.

The file may be half written, so the place is read off its indentation, not off a parse: the keys above it with less
indentation are the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from goodstanding.facts.catalogue import Catalogue
from goodstanding.policy.shapes import Shape, shape_of

_KEY = re.compile(r"^(?P<space>\s*(?:- )*)(?P<key>[^\s#{\[\"'][^:#{\[]*?|\"[^\"]*\")\s*:(?:\s|$)")
_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_NAMED = ("accounts", "entries", "values", "tables", "measures", "repairs", "law", "interpretations")
_BY_KEY = {
    "clause": ("law", "interpretations"),
    "account": ("accounts",),
    "unless": ("entries",),
    "at": ("entries",),
    "of": ("values", "entries"),
    "score": ("values",),
    "share": ("tables",),
    "ends": ("entries", "accounts", "measures"),
    "spends": ("entries", "accounts"),
    "reads": ("values", "measures"),
}
"""Keys whose value is the name of a part."""

_KINDS = ("for", "by", "superseded by", "ended by", "imposed by")
FUNCTIONS: Mapping[str, str] = {
    "sum": "of amounts, or of an expression on each entry: sum(NAME), sum(EXPR of NAME), sum(NAME on D)",
    "peak": "the highest that the sum was on any day: peak(NAME), peak(NAME from D)",
    "count": "how many entries count: count(NAME where C)",
    "some": "whether any entry counts: some(NAME where C)",
    "latest": "of the entry placed last: latest(EXPR of NAME else X)",
    "first": "of the entry placed first: first(EXPR of NAME else X)",
    "highest": "the highest number or date: highest(EXPR of NAME else X)",
    "lowest": "the lowest number or date: lowest(EXPR of NAME else X)",
    "worst": "the worst grade among entries: worst(NAME else X)",
    "continuing": "whether the conduct of an entry has not ended: continuing(NAME)",
    "last": "of the entries that are asked for, those placed last: sum(NAME where C last 3)",
    "min": "the lowest number, the earliest date or period",
    "max": "the highest number, the latest date or period",
    "round": "to a multiple of step: round(x, step, 'half-up')",
    "known": "whether the record has the attribute: known(attribute)",
    "month_after": "the first day of the month after the one in which D lies: month_after(D)",
    "year_after": "the first day of the year after the one in which D lies: year_after(D)",
    "year_of": "the first day of D's calendar year: year_of(D)",
    "next_of": "the first of D, D + period ... that is after E: next_of(12 months, D, E)",
    "full_years": "how many whole years lie between two days: full_years(D, E)",
    "full_months": "how many whole months lie between two days: full_months(D, E)",
    "full_days": "how many days lie between two days: full_days(D, E)",
    "before": "what stood at the close of the day before: before(VALUE), before(grade)",
    "reached": "whether a measure is pending or in force: reached(M)",
    "pending": "whether a measure is pending: pending(M)",
    "imposed": "whether a measure is in force: imposed(M)",
    "today": "the day that is worked out",
}
_OWN = ("act", "decided", "final", "ended", "placed", "occurrence", "today")


@dataclass(frozen=True)
class Offer:
    """A word that fits, what it is, and what it means."""

    word: str
    what: str
    means: str


@dataclass(frozen=True)
class Place:
    """Where the cursor stands: the keys around it, the key on its line, and the text of the line before it."""

    around: tuple[str, ...]
    key: str | None
    before: str


def place(text: str, line: int, character: int) -> Place:
    """Read the place of a cursor off the indentation above it."""
    lines = text.split("\n")
    current = lines[line] if line < len(lines) else ""
    before = current[:character]
    own = _KEY.match(before)
    indent = len(own["space"]) if own else len(before) - len(before.lstrip(" -")) if before.strip(" -") else len(before)
    around: list[str] = []
    for above in reversed(lines[:line]):
        found = _KEY.match(above)
        if found and len(found["space"]) < indent:
            around.insert(0, found["key"].strip('"'))
            indent = len(found["space"])
    return Place(tuple(around), own["key"].strip('"') if own else None, before)


def offers(text: str, line: int, character: int, policy: Any, catalogue: Catalogue, file: str) -> list[Offer]:
    """Return what fits at the cursor; `policy` is the plain value of policy.yaml as it was last readable."""
    here = place(text, line, character)
    shape = shape_of(file)
    for key in here.around:
        shape = _inside(shape).key(key)
    shape = _inside(shape)
    opened = _braces(here.before)
    if here.key is None and opened is None:
        return list(_keys(shape))
    if opened is not None:
        shape = _inside(shape.key(here.key) if here.key else shape)
        inner = re.match(r"\s*([\w ]+):", opened)
        if inner is None:
            return list(_keys(shape))
        return list(_values(inner[1].strip(), policy, catalogue, here, shape))
    return list(_values(here.key or "", policy, catalogue, here, shape))


def _inside(shape: Shape) -> Shape:
    """Return the shape of the members where the place is a list of mappings."""
    member = shape.item(True)
    return member if not shape.order() and member.order() else shape


def _braces(before: str) -> str | None:
    """Return what stands since the last comma of a mapping in braces that is still open."""
    depth, start, quote = 0, 0, ""
    for at, sign in enumerate(before):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'" and before[:at].rstrip()[-1:] in (":", ",", "{", "["):
            quote = sign
        elif sign in "{,":
            depth, start = depth + (sign == "{"), at + 1
        elif sign == "}":
            depth -= 1
    return before[start:] if depth > 0 else None


def _keys(shape: Shape) -> Iterator[Offer]:
    for key in shape.order():
        yield Offer(key, "key", shape.says(key).split("\n")[0])


def _values(key: str, policy: Any, catalogue: Catalogue, here: Place, shape: Shape) -> Iterator[Offer]:
    if key in _KINDS:
        for kind, spec in catalogue.kinds.items():
            yield Offer(kind, "kind of record", spec.words["en"])
    wanted = _BY_KEY.get(key)
    if wanted:
        yield from (offer for offer in names(policy) if offer.what in wanted)
        return
    if any(one.get("format") == "goodstanding-expression" for one in shape.key(key).branches()):
        yield from (offer for offer in names(policy) if offer.what not in ("law", "interpretations"))
        yield from (Offer(name, "function", means) for name, means in FUNCTIONS.items())
        yield from attributes(here, policy, catalogue)
    for one in shape.key(key).branches():
        yield from (Offer(str(choice), "choice", "") for choice in (*one.get("enum", ()), one.get("const")) if choice)


def names(policy: Any) -> Iterator[Offer]:
    """Yield every named part of a policy with its words."""
    for part in _NAMED:
        named = policy.get(part) if isinstance(policy, dict) else None
        for name, spec in named.items() if isinstance(named, dict) else ():
            yield Offer(name, part, _words(spec))


def _words(spec: Any) -> str:
    """Return what a part says of itself: its citation, its words, what it is worked out from."""
    if not isinstance(spec, dict):
        return ""
    words = spec.get("words", spec)
    told = words.get("en", "") if isinstance(words, dict) else ""
    parts = [spec.get("cite", ""), told, spec.get("is", "")]
    return "; ".join(str(part) for part in parts if part)


def attributes(here: Place, policy: Any, catalogue: Catalogue) -> Iterator[Offer]:
    """Yield the attributes of the records that the rule around the place reads, and the dates of every record."""
    yield from (Offer(name, "date of the record" if name != "occurrence" else "code", "") for name in _OWN)
    rules = policy.get("entries") if isinstance(policy, dict) else None
    rule = (
        rules.get(here.around[1])
        if isinstance(rules, dict) and here.around[:1] == ("entries",) and here.around[1:]
        else {}
    )
    kinds = rule.get("for", []) if isinstance(rule, dict) else []
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        for name, attribute in (catalogue.kinds[kind].attributes if kind in catalogue.kinds else {}).items():
            yield Offer(name, f"attribute of {kind}", attribute.words["en"])


def meaning(text: str, line: int, character: int, policy: Any, catalogue: Catalogue, file: str) -> str | None:
    """Return what the word at the cursor means, or None."""
    lines = text.split("\n")
    current = lines[line] if line < len(lines) else ""
    word = next((one for one in _WORD.finditer(current) if one.start() <= character <= one.end()), None)
    if word is None:
        return None
    name = word[0]
    if name in catalogue.kinds:
        return f"**{name}** (kind of record): {catalogue.kinds[name].words['en']}"
    key = place(text, line, word.end() + 1).key
    here = place(text, line, character)
    if key == name:
        shape = shape_of(file)
        for outer in here.around:
            shape = _inside(shape).key(outer)
        says = _inside(shape).says(name)
        if name in _inside(shape).order():
            return f"**{name}** (key)" + (f": {says}" if says else "")
    found = [offer for offer in names(policy) if offer.word == name]
    if not found and name in FUNCTIONS:
        found = [Offer(name, "function", FUNCTIONS[name])]
    if not found:
        found = [offer for offer in attributes(here, policy, catalogue) if offer.word == name]
    if not found and name in catalogue.attributes:
        found = [Offer(name, "attribute", catalogue.attributes[name].words["en"])]
    return "\n\n".join(f"**{one.word}** ({one.what}): {one.means}" for one in found) or None
