"""A policy told in plain words: sections of paragraphs and tables, from which pages and Markdown are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from goodstanding.facts.catalogue import Catalogue, Language
from goodstanding.policy.bands import Band, band
from goodstanding.policy.model import EntryRule, Item, Ladder, Share
from goodstanding.policy.model import Table as Figures
from goodstanding.policy.phrases import Speaker
from goodstanding.policy.reader import Loaded


@dataclass(frozen=True)
class Cell:
    """Text, the anchor that it refers to (empty: none), and whether it is a figure, to be set to the right."""

    text: str
    to: str = ""
    figure: bool = False


@dataclass(frozen=True)
class Row:
    """One line of a table; the first cell names it. `anchor` is empty where nothing refers to it."""

    cells: tuple[Cell, ...]
    anchor: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption and the heads of its columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    heading: str
    anchor: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def sections(loaded: Loaded, language: Language, catalogue: Catalogue) -> list[Section]:
    """Return the whole policy in words, in the order in which somebody reads it who is subject to it."""
    speaker = Speaker(loaded.policy, language, catalogue)
    told = [
        _about(loaded, speaker),
        _grades(speaker),
        _measures(speaker),
        _score(speaker),
        _rules(speaker),
        _tables(speaker),
        _items(speaker),
        _interpretations(speaker),
        _law(speaker),
    ]
    return [section for section in told if section.paragraphs or any(table.rows for table in section.tables)]


def markdown(loaded: Loaded, language: Language, catalogue: Catalogue) -> str:
    """Return the whole policy in words as Markdown with pipe tables."""
    parts = [f"# {loaded.policy.title[language]}"]
    for section in sections(loaded, language, catalogue):
        parts += [f"## {section.heading}", *section.paragraphs]
        parts += [_markdown_table(table, section.heading) for table in section.tables if table.rows]
    return "\n\n".join(parts) + "\n"


def _markdown_table(table: Table, heading: str) -> str:
    lines = [table.columns, ["---"] * len(table.columns), *([cell.text for cell in row.cells] for row in table.rows)]
    body = "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines)
    return body if table.caption == heading else f"### {table.caption}\n\n{body}"


def _about(loaded: Loaded, speaker: Speaker) -> Section:
    policy, say = loaded.policy, speaker.say
    effective = say("unverified") if policy.effective == "unverified" else speaker.date(policy.effective)
    facts = {
        "policy": policy.id,
        "version": policy.version,
        "jurisdiction": policy.jurisdiction,
        "effective": effective,
        "subjects": speaker.listed(say(subject) for subject in policy.subjects),
        "hash": loaded.hash,
    }
    rows = tuple(Row((Cell(say(key)), Cell(text))) for key, text in facts.items())
    table = Table(speaker.word(policy.title), (say("fact"), say("value")), rows)
    return Section(say("about"), "about", (speaker.word(policy.about).strip(),), (table,))


def _clause(clause: str | None, speaker: Speaker, detail: str = "") -> Cell:
    cite = speaker.cite(clause)
    return Cell(f"{cite}: {detail}" if detail else cite, f"clause-{clause}" if clause else "")


def _grades(speaker: Speaker) -> Section:
    policy, say = speaker.policy, speaker.say
    ladders = policy.grades.ladders
    heads = [say("bands", value=speaker.word(policy.values[ladder.of].words)) for ladder in ladders]
    rows = tuple(
        Row((Cell(grade), Cell(speaker.word(words)), *(_band_cell(one, grade, speaker) for one in ladders)), grade)
        for grade, words in policy.grades.order.items()
    )
    cited = speaker.listed(dict.fromkeys(speaker.cite(ladder.clause) for ladder in ladders), "semicolon")
    table = Table(
        say("brackets", text=say("best-first"), cite=cited),
        (say("grade"), say("words"), *heads),
        _anchored(rows, "grade"),
    )
    paragraphs = [
        say(
            "override",
            grade=speaker.phrase(one.grade),
            condition=speaker.phrase(one.when),
            cite=speaker.cite(one.clause),
        )
        for one in policy.grades.overrides
    ]
    paragraphs += [say("worst-of-ladders")] if len(ladders) > 1 else []
    return Section(say("grades"), "grades", tuple(paragraphs), (table,))


def _anchored(rows: Iterable[Row], prefix: str) -> tuple[Row, ...]:
    return tuple(Row(row.cells, f"{prefix}-{row.anchor}") for row in rows)


def _band_cell(ladder: Ladder, grade: str, speaker: Speaker) -> Cell:
    printed = ladder.bands.get(grade)
    return Cell(band_words(band(grade, printed), speaker) if printed else "–", figure=True)


def band_words(one: Band, speaker: Speaker) -> str:
    """Return the values of a band in words: `960 to 1029`, `1050 and more`, `20`."""
    least, most = (speaker.number(edge) if edge is not None else "" for edge in (one.least, one.most))
    if one.least == one.most:
        return least
    return speaker.say("from-to" if least and most else "from" if least else "to", least=least, most=most)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _measures(speaker: Speaker) -> Section:
    say = speaker.say
    rows = tuple(
        Row(
            (Cell(speaker.word(one.words)), Cell(speaker.listed(one.grades)), _clause(one.clause, speaker)),
            f"measure-{name}",
        )
        for name, one in speaker.policy.measures.items()
    )
    table = Table(say("measures"), (say("measure"), say("grade"), say("clause")), rows)
    return Section(say("measures"), "measures", tables=(table,))


def _score(speaker: Speaker) -> Section:
    policy, say = speaker.policy, speaker.say
    values = tuple(
        Row(
            (Cell(speaker.word(one.words)), Cell(speaker.phrase(one.expression)), _clause(one.clause, speaker)),
            f"value-{name}",
        )
        for name, one in policy.values.items()
    )
    unrated = tuple(
        Row((Cell(_when(row.when, speaker)), Cell(_because(row.because, speaker)), _clause(row.clause, speaker)))
        for row in policy.unrated
    )
    held = tuple(
        say(
            "held-while",
            account=speaker.word(one.words),
            condition=speaker.phrase(one.held_while),
            cite=speaker.cite(one.clause),
        )
        for one in policy.accounts.values()
        if one.held_while
    )
    tables = (
        Table(say("values"), (say("what"), say("computed"), say("clause")), values),
        Table(say("unrated"), (say("when"), say("reason"), say("clause")), unrated),
    )
    first = say("the-score", value=speaker.word(policy.values[policy.score].words))
    return Section(say("score"), "score", (first, *held), tables)


def _when(condition: str, speaker: Speaker) -> str:
    return speaker.say("when-holds", condition=speaker.phrase(condition))


def _because(because: str, speaker: Speaker) -> str:
    row = next(row for row in speaker.policy.unrated if row.because == because)
    if row.words:
        return speaker.word(row.words)
    rule = because.partition(".")[0]
    return speaker.say("reason-of-record", words=speaker.word(speaker.policy.entries[rule].words))


def _rules(speaker: Speaker) -> Section:
    say = speaker.say
    rows = tuple(
        Row(
            (
                Cell(speaker.word(rule.words)),
                Cell(_opens(rule, speaker)),
                Cell(_amount(rule, speaker)),
                Cell(speaker.listed(_counts(rule, speaker), "semicolon")),
                _clause(rule.clause, speaker),
            ),
            f"rule-{name}",
        )
        for name, rule in speaker.policy.entries.items()
    )
    columns = tuple(say(key) for key in ("rule", "opens", "amount", "counts", "clause"))
    return Section(say("rules"), "rules", tables=(Table(say("rules"), columns, rows),))


def _kinds(kinds: Iterable[str], speaker: Speaker) -> str:
    return speaker.listed(speaker.kind(kind) for kind in kinds)


def class_words(name: str, speaker: Speaker) -> str:
    """Return what a class of items is called: the words of the rule that it opens."""
    rule = next((rule for rule in speaker.policy.entries.values() if rule.items == name), None)
    return speaker.word(rule.words) if rule else name


def _opens(rule: EntryRule, speaker: Speaker) -> str:
    parts = [
        speaker.say("of-items", **{"class": class_words(rule.items, speaker)})
        if rule.items
        else speaker.say("kinds", kinds=_kinds(rule.kinds, speaker))
    ]
    parts += [speaker.say("only-on", subject=speaker.say(rule.subject))] if rule.subject else []
    parts += [speaker.say(rule.choose)] if rule.choose else []
    if rule.unless:
        parts.append(speaker.say("unless", rule=speaker.word(speaker.policy.entries[rule.unless].words)))
    return speaker.listed(parts, "semicolon")


def _amount(rule: EntryRule, speaker: Speaker) -> str:
    if isinstance(rule.amount, Share):
        table = speaker.word(speaker.policy.tables[rule.amount.share].words)
        return speaker.say("share", table=table, running=speaker.phrase(rule.amount.running))
    parts = [speaker.phrase(text) for text in (rule.amount, rule.grade) if text]
    parts += [speaker.say("repeat", times=speaker.number(rule.repeat.times))] if rule.repeat else []
    return speaker.listed(parts) or speaker.say("nothing")


def _counts(rule: EntryRule, speaker: Speaker) -> Iterator[str]:
    start = speaker.phrase(rule.counts.start)
    if rule.counts.until:
        yield speaker.say("counts-from-until", start=start, until=speaker.phrase(rule.counts.until))
    else:
        yield speaker.say("counts-from", start=start)
    for key, kinds in (("superseded", rule.superseded_by), ("ended-by", rule.ended_by)):
        if kinds:
            yield speaker.say(key, kinds=_kinds(kinds, speaker))


def _tables(speaker: Speaker) -> Section:
    tables = tuple(_figures(name, table, speaker) for name, table in speaker.policy.tables.items())
    return Section(speaker.say("tables"), "tables", tables=tables)


def _figures(name: str, table: Figures, speaker: Speaker) -> Table:
    say, value = speaker.say, speaker.number
    rows = [(word, speaker.phrase(cell)) for word, cell in _worded(table.map or {}, speaker).items()]
    rows += [(say("above-each", over=value(o.over), each=value(o.each)), value(o.points)) for o in table.brackets or ()]
    rows += [(say("step-at", at=value(step.at)), value(step.points)) for step in table.steps or ()]
    rows += [(say("cap"), value(table.cap))] if table.cap is not None else []
    words = _capital(speaker.word(table.words))
    caption = say("brackets", text=words, cite=speaker.cite(table.clause)) if table.clause else words
    lines = tuple(
        Row((Cell(key), Cell(text, figure=True)), f"table-{name}" if not at else "")
        for at, (key, text) in enumerate(rows)
    )
    return Table(caption, (say("cell-key"), say("value" if table.map else "points")), lines)


def _worded(cells: Mapping[str, str], speaker: Speaker) -> dict[str, str]:
    """Name the keys of a table by the words of the list of codes that has most of them."""
    lists = speaker.catalogue.codes.values()
    best = max(lists, key=lambda codes: len(cells.keys() & codes.keys()), default={})
    return {speaker.word(best[key]) if key in best else key: text for key, text in cells.items()}


def _items(speaker: Speaker) -> Section:
    def place(item: Item) -> tuple[str, str]:
        return item.subject, item.class_

    grouped = groupby(sorted(speaker.policy.items, key=place), key=place)
    tables = tuple(_item_table(subject, name, list(items), speaker) for (subject, name), items in grouped)
    return Section(speaker.say("items"), "items", tables=tables)


def _item_table(subject: str, name: str, items: list[Item], speaker: Speaker) -> Table:
    words = class_words(name, speaker)
    caption = speaker.say("class-of", **{"class": words, "subject": speaker.say(subject)})
    amount = speaker.say("grade" if items[0].grade else "points")
    columns = (speaker.say("number"), speaker.say("what"), speaker.say("record"), amount, speaker.say("clause"))
    return Table(_capital(caption), columns, tuple(_item(item, speaker) for item in items))


def _item(item: Item, speaker: Speaker) -> Row:
    kind = speaker.kind(item.kind)
    record = speaker.say("record-if", kind=kind, condition=speaker.phrase(item.where)) if item.where else kind
    amount = item.grade or speaker.number(item.points or Fraction(0))
    cells = (
        Cell(item.id),
        Cell(speaker.word(item.words)),
        Cell(record),
        Cell(amount, figure=True),
        _clause(item.clause, speaker, item.cite),
    )
    return Row(cells, f"item-{item.id}")


def _interpretations(speaker: Speaker) -> Section:
    say = speaker.say
    rows = tuple(
        Row((Cell(name), Cell(speaker.word(words).strip())), f"clause-{name}")
        for name, words in speaker.policy.interpretations.items()
    )
    table = Table(say("interpretations"), (say("number"), say("reading")), rows)
    return Section(say("interpretations"), "interpretations", tables=(table,))


def _law(speaker: Speaker) -> Section:
    say = speaker.say
    rows = tuple(
        Row(
            (
                Cell(clause.cite),
                Cell(speaker.word(clause.words)),
                Cell(say("unverified") if clause.read == "unverified" else clause.read),
            ),
            f"clause-{name}",
        )
        for name, clause in speaker.policy.law.items()
    )
    table = Table(say("law"), (say("citation"), say("says"), say("read")), rows)
    return Section(say("law"), "law", tables=(table,))
