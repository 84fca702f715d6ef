"""The rules of a policy in plain words: what opens an entry, how much it is, when it counts, and what it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goodstanding.policy.model import EntryRule, Share
from goodstanding.policy.phrases import Speaker
from goodstanding.policy.sections import Cell, Row, Section, Table, clause_cell


def rules(speaker: Speaker) -> Section:
    """Return every rule, one a row."""
    say = speaker.say
    rows = tuple(
        Row(
            (
                Cell(speaker.word(rule.words)),
                Cell(speaker.listed(_opens(rule, speaker), "semicolon")),
                Cell(_does(rule, speaker)),
                Cell(speaker.listed(_counts(rule, speaker), "semicolon")),
                clause_cell(rule.clause, speaker),
            ),
            f"rule-{name}",
        )
        for name, rule in speaker.policy.entries.items()
    )
    columns = tuple(say(key) for key in ("rule", "opens", "amount", "counts", "clause"))
    return Section(say("rules"), "rules", tables=(Table(say("rules"), columns, rows),))


def kinds_told(kinds: Iterable[str], speaker: Speaker) -> str:
    """Return kinds of records by their words."""
    return speaker.listed(speaker.kind(kind) for kind in kinds)


def class_words(name: str, speaker: Speaker) -> str:
    """Return what a class of items is called: the words of the rule that it opens."""
    rule = next((rule for rule in speaker.policy.entries.values() if rule.items == name), None)
    return speaker.word(rule.words) if rule else name


def _opens(rule: EntryRule, speaker: Speaker) -> Iterator[str]:
    say = speaker.say
    yield _opener(rule, speaker)
    for key, name, text in (
        ("placed", "day", rule.placed),
        ("deadline", "day", rule.after),
        ("only-where", "condition", rule.where),
    ):
        if text and (key, text) != ("placed", "act"):
            yield say(key, **{name: speaker.phrase(text)})
    if rule.subject:
        yield say("only-on", subject=say(rule.subject))
    if rule.choose:
        yield say(rule.choose)
    if rule.unless:
        yield say("unless", rule=speaker.named(rule.unless))


def _opener(rule: EntryRule, speaker: Speaker) -> str:
    if rule.when:
        return speaker.say("of-when", condition=speaker.phrase(rule.when))
    if rule.items:
        return speaker.say("of-items", **{"class": class_words(rule.items, speaker)})
    imposed = [name for name in rule.kinds if name in speaker.policy.measures]
    told = [speaker.say("of-measures", measures=speaker.listed(map(speaker.named, imposed)))] if imposed else []
    kinds = [name for name in rule.kinds if name not in speaker.policy.measures]
    told += [speaker.say("kinds", kinds=kinds_told(kinds, speaker))] if kinds else []
    return speaker.listed(told, "semicolon")


def _does(rule: EntryRule, speaker: Speaker) -> str:
    """Say what comes of an entry: its amount or grade, and which other entries it ends or uses up."""
    parts = [_amount(rule, speaker)] if rule.amount or rule.grade or rule.repeat else []
    for key, ending in (("ends", rule.ends), ("spends", rule.spends)):
        if ending:
            parts.append(speaker.say(key, entries=speaker.entries(ending.entries, ending.where)))
    return speaker.listed(parts, "semicolon") or speaker.say(_nothing(rule, speaker))


def _nothing(rule: EntryRule, speaker: Speaker) -> str:
    names = {key for key, one in speaker.policy.entries.items() if one == rule}
    reasons = {row.because.partition(".")[0] for row in speaker.policy.unrated}
    return "nothing" if names & reasons else "nothing-more"


def _amount(rule: EntryRule, speaker: Speaker) -> str:
    if isinstance(rule.amount, Share):
        table = speaker.word(speaker.policy.tables[rule.amount.share].words)
        told = speaker.say("share", table=table, running=speaker.phrase(rule.amount.running))
    else:
        parts = [speaker.phrase(text) for text in (rule.amount, rule.grade) if text]
        parts += [speaker.say("repeat", times=speaker.number(rule.repeat.times))] if rule.repeat else []
        told = speaker.listed(parts)
    account = speaker.policy.accounts.get(rule.account or "")
    return speaker.say("on-account", amount=told, account=speaker.word(account.words)) if account else told


def _counts(rule: EntryRule, speaker: Speaker) -> Iterator[str]:
    say, counts = speaker.say, rule.counts
    start = speaker.phrase(counts.start)
    if counts.until:
        yield say("counts-from-until", start=start, until=speaker.phrase(counts.until))
    else:
        yield say("counts-from", start=start)
    if counts.condition:
        yield say("counts-if", condition=speaker.phrase(counts.condition))
        yield say("counts-again", again=speaker.phrase(counts.again)) if counts.again else say("counts-never")
    for key, kinds in (("superseded", rule.superseded_by), ("ended-by", rule.ended_by)):
        if kinds:
            yield say(key, kinds=kinds_told(kinds, speaker))
