"""The measures, decisions and repairs of a policy in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from goodstanding.facts.catalogue import Words
from goodstanding.policy.model import Decision, Measure, Options, Repair
from goodstanding.policy.phrases import Speaker
from goodstanding.policy.prose_rules import kinds_told
from goodstanding.policy.sections import Cell, Row, Section, Table, clause_cell


def measures(speaker: Speaker) -> Section:
    """Return every measure: when it comes, how it is imposed and how it ends."""
    say = speaker.say
    rows = tuple(
        Row(
            (
                Cell(speaker.word(one.words)),
                Cell(_cause(one, speaker)),
                Cell(speaker.listed(_course(name, one, speaker), "semicolon")),
                clause_cell(one.clause, speaker),
            ),
            f"measure-{name}",
        )
        for name, one in speaker.policy.measures.items()
    )
    columns = tuple(say(key) for key in ("measure", "when", "course", "clause"))
    return Section(say("measures"), "measures", tables=(Table(say("measures"), columns, rows),))


def _cause(one: Measure, speaker: Speaker) -> str:
    if one.grades:
        return speaker.say("with-grades", grades=speaker.listed(one.grades))
    if one.while_:
        return speaker.say("with-state", condition=speaker.phrase(one.while_))
    condition = speaker.phrase(one.when or "")
    if one.at:
        return speaker.say("with-entry", rule=speaker.named(one.at), condition=condition)
    return speaker.say("with-event", condition=condition)


def _course(name: str, one: Measure, speaker: Speaker) -> Iterator[str]:
    say = speaker.say
    if one.imposed_by:
        yield say("imposed-by", kinds=kinds_told(one.imposed_by, speaker))
        yield say("lapses" if one.lapses else "stays")
    else:
        yield say("at-once") if one.when else say("so-long")
    if one.until:
        yield say("force-until", until=replace(speaker, today="that-day").phrase(one.until))
    ending = [key for key, rule in speaker.policy.entries.items() if rule.ends and name in rule.ends.entries]
    if ending:
        yield say("ended-by-rule", rules=speaker.listed(map(speaker.named, ending)))
    if one.ground_falls:
        yield say(f"ground-{one.ground_falls}")


def decisions(speaker: Speaker) -> Section:
    """Return every decision: its outcomes, what it rests on, and what protects whom it is about."""
    say = speaker.say
    rows = tuple(
        Row(
            (
                Cell(speaker.word(one.purpose)),
                Cell(speaker.listed(_outcomes(one, speaker), "semicolon")),
                Cell(speaker.listed(_read(name, speaker) for name in one.reads)),
                Cell(speaker.listed(_safeguards(one, speaker), "semicolon")),
                clause_cell(one.clause, speaker),
            ),
            f"decision-{key}",
        )
        for key, one in speaker.policy.decisions.items()
    )
    columns = tuple(say(key) for key in ("purpose", "outcomes", "reads", "safeguards", "clause"))
    return Section(say("decisions"), "decisions", tables=(Table(say("decisions"), columns, rows),))


def _outcomes(one: Decision, speaker: Speaker) -> Iterator[str]:
    def words(outcome: str) -> str:
        return speaker.word(one.words[outcome]) if outcome in one.words else outcome

    for case in one.outcomes:
        yield speaker.say("outcome-if", outcome=words(case.outcome), condition=speaker.phrase(case.when))
    yield speaker.say("outcome-else", outcome=words(one.otherwise))


def _read(name: str, speaker: Speaker) -> str:
    if name == "grade":
        return speaker.say("the-grade")
    value = speaker.policy.values.get(name)
    return speaker.word(value.words) if value else speaker.named(name)


def _safeguards(one: Decision, speaker: Speaker) -> Iterator[str]:
    yield speaker.say(f"review.{one.review}")
    if one.notice:
        yield speaker.say("notice", notice=speaker.phrase(one.notice))
    yield speaker.say("appeal", appeal=speaker.word(one.appeal))


def repairs(speaker: Speaker) -> Section:
    """Return every lawful act by which a subject can better its standing."""
    say = speaker.say
    rows = tuple(
        Row(
            (
                Cell(speaker.word(one.words)),
                Cell(speaker.kind(one.by)),
                Cell(speaker.entries([one.of], one.where) if one.of else say("alone")),
                Cell(speaker.listed(_giving(one, speaker), "semicolon") or "–"),
                clause_cell(one.clause, speaker),
            ),
            f"repair-{name}",
        )
        for name, one in speaker.policy.repairs.items()
    )
    columns = tuple(say(key) for key in ("repair-act", "record", "repair-of", "repair-giving", "clause"))
    return Section(say("repairs"), "repairs", tables=(Table(say("repairs"), columns, rows),))


def _giving(one: Repair, speaker: Speaker) -> Iterator[str]:
    attributes = speaker.catalogue.kinds[one.by].attributes
    for name, choice in one.giving.items():
        attribute = attributes.get(name)
        if isinstance(choice, Options):
            least, most, step = (speaker.number(edge) for edge in (choice.least, choice.most, choice.step))
            told = speaker.say("options", least=least, most=most, step=step)
        else:
            codes = speaker.catalogue.codes.get((attribute.codes if attribute else None) or "", {})
            told = speaker.listed(_choice(text, codes, speaker) for text in choice)
        yield speaker.say("giving", name=speaker.word(attribute.words) if attribute else name, choices=told)


def _choice(text: str, codes: Mapping[str, Words], speaker: Speaker) -> str:
    if text in ("today", "true", "false"):
        return speaker.say("today" if text == "today" else f"flag.{text}")
    return speaker.word(codes[text]) if text in codes else text
