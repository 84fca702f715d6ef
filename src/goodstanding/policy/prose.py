"""A policy told in plain words: sections of paragraphs and tables, from which pages and Markdown are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import groupby

from babel.dates import get_day_names

from goodstanding.facts.catalogue import Catalogue, Language
from goodstanding.policy.bands import Band, band
from goodstanding.policy.model import Account, Item, Ladder
from goodstanding.policy.model import Table as Figures
from goodstanding.policy.phrases import LOCALES, Speaker
from goodstanding.policy.prose_measures import decisions, measures, repairs
from goodstanding.policy.prose_rules import class_words, rules
from goodstanding.policy.reader import Loaded
from goodstanding.policy.sections import Cell, Row, Section, Table, clause_cell

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def sections(loaded: Loaded, language: Language, catalogue: Catalogue) -> list[Section]:
    """Return the whole policy in words, in the order in which somebody reads it who is subject to it."""
    speaker = Speaker(loaded.policy, language, catalogue)
    told = [
        _about(loaded, speaker),
        _grades(speaker),
        measures(speaker),
        decisions(speaker),
        repairs(speaker),
        _score(speaker),
        rules(speaker),
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
    lines = [
        table.columns,
        ["---"] * len(table.columns),
        *([_marked(cell) for cell in row.cells] for row in table.rows),
    ]
    body = "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines)
    return body if table.caption == heading else f"### {table.caption}\n\n{body}"


def _marked(cell: Cell) -> str:
    text = "" if cell.text == cell.note else cell.text
    return f"{text} *{cell.note}*".lstrip() if cell.note else text


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
    if policy.based_on:
        facts["based-on"] = policy.based_on
    rows = tuple(Row((Cell(say(key)), Cell(text))) for key, text in facts.items())
    table = Table(speaker.word(policy.title), (say("fact"), say("value")), rows)
    return Section(say("about"), "about", (speaker.word(policy.about).strip(),), (table,))


def _grades(speaker: Speaker) -> Section:
    policy, say = speaker.policy, speaker.say
    ladders = policy.grades.ladders
    heads = [say("bands", value=speaker.word(policy.values[ladder.of].words)) for ladder in ladders]
    rows = tuple(
        Row((Cell(grade), Cell(speaker.word(words)), *(_band_cell(one, grade, speaker) for one in ladders)), grade)
        for grade, words in policy.grades.order.items()
    )
    cited = speaker.listed(dict.fromkeys(speaker.cite(ladder.clause) for ladder in ladders), "semicolon")
    best_first = say("best-first")
    table = Table(
        say("brackets", text=best_first, cite=cited) if cited else best_first,
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
    paragraphs += [say("otherwise", grade=policy.grades.otherwise)] if policy.grades.otherwise else []
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


def _score(speaker: Speaker) -> Section:
    policy, say = speaker.policy, speaker.say
    values = tuple(
        Row(
            (Cell(speaker.word(one.words)), Cell(speaker.phrase(one.expression)), clause_cell(one.clause, speaker)),
            f"value-{name}",
        )
        for name, one in policy.values.items()
    )
    unrated = tuple(
        Row((Cell(_when(row.when, speaker)), Cell(_because(row.because, speaker)), clause_cell(row.clause, speaker)))
        for row in policy.unrated
    )
    held = tuple(text for account in policy.accounts.values() for text in _bounds(account, speaker))
    tables = (
        Table(say("values"), (say("what"), say("computed"), say("clause")), values),
        Table(say("unrated"), (say("when"), say("reason"), say("clause")), unrated),
    )
    first = say("the-score", value=speaker.word(policy.values[policy.score].words)) if policy.score else say("no-score")
    return Section(say("score"), "score", (first, *held), tables)


def _bounds(account: Account, speaker: Speaker) -> Iterator[str]:
    words, cite = speaker.word(account.words), speaker.cite(account.clause)
    if account.held_while:
        condition = speaker.phrase(account.held_while)
        yield speaker.say("held-while", account=words, condition=condition, cite=cite or "–")
    for key, bound in (("floor", account.floor), ("ceiling", account.ceiling)):
        if bound is not None:
            yield speaker.say(key, account=words, bound=speaker.number(bound), cite=cite or "–")


def _when(condition: str, speaker: Speaker) -> str:
    return speaker.say("when-holds", condition=speaker.phrase(condition))


def _because(because: str, speaker: Speaker) -> str:
    row = next(row for row in speaker.policy.unrated if row.because == because)
    if row.words:
        return speaker.word(row.words)
    rule = because.partition(".")[0]
    return speaker.say("reason-of-record", words=speaker.word(speaker.policy.entries[rule].words))


def _tables(speaker: Speaker) -> Section:
    tables = tuple(_figures(name, table, speaker) for name, table in speaker.policy.tables.items())
    return Section(speaker.say("tables"), "tables", tables=(*tables, *_calendar(speaker)))


def _calendar(speaker: Speaker) -> Iterator[Table]:
    calendar, say = speaker.policy.calendar, speaker.say
    if calendar is None:
        return
    names = get_day_names("wide", locale=LOCALES[speaker.language])
    days = {
        "rest": [names[_WEEK.index(day)] for day in calendar.rest],
        "holidays": [speaker.date(day) for day in calendar.holidays],
        "worked": [speaker.date(day) for day in calendar.worked],
    }
    rows = tuple(Row((Cell(say(key)), Cell(speaker.listed(listed)))) for key, listed in days.items() if listed)
    caption = say("brackets", text=_capital(speaker.word(calendar.words)), cite=speaker.cite(calendar.clause))
    yield Table(caption, (say("what"), say("value")), rows)


def _figures(name: str, table: Figures, speaker: Speaker) -> Table:
    say, value = speaker.say, speaker.number
    rows = [(word, speaker.phrase(cell)) for word, cell in _worded(table.map or {}, speaker).items()]
    rows += [(speaker.date(day), speaker.phrase(cell)) for day, cell in (table.since or {}).items()]
    rows += [(say("above-each", over=value(o.over), each=value(o.each)), value(o.points)) for o in table.brackets or ()]
    rows += [(say("step-at", at=value(step.at)), value(step.points)) for step in table.steps or ()]
    rows += [(say("cap"), value(table.cap))] if table.cap is not None else []
    words = _capital(speaker.word(table.words))
    caption = say("brackets", text=words, cite=speaker.cite(table.clause)) if table.clause else words
    lines = tuple(
        Row((Cell(key), Cell(text, figure=True)), f"table-{name}" if not at else "")
        for at, (key, text) in enumerate(rows)
    )
    heads = ("since" if table.since else "cell-key", "value" if table.map or table.since else "points")
    return Table(caption, tuple(say(head) for head in heads), lines)


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
    if item.range:
        least, most = (speaker.number(edge) for edge in item.range)
        amount = speaker.say("range", least=least, most=most)
    cells = (
        Cell(item.id),
        Cell(speaker.word(item.words)),
        Cell(record),
        Cell(amount, figure=True),
        clause_cell(item.clause, speaker, item.cite),
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
                Cell(say("unverified"), note=say("unverified")) if clause.read == "unverified" else Cell(clause.read),
            ),
            f"clause-{name}",
        )
        for name, clause in speaker.policy.law.items()
    )
    table = Table(say("law"), (say("citation"), say("says"), say("read")), rows)
    return Section(say("law"), "law", tables=(table,))


__all__ = ["Cell", "Row", "Section", "Table", "band_words", "class_words", "markdown", "sections"]
