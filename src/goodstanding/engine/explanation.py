"""A standing in words: every entry with its record, rule and clause, the arithmetic, the grade and what follows.

`explained` gives text in one language; `disclosure.as_data` gives the same as plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from goodstanding.engine.disclosure import as_data, facts_of, reason_words
from goodstanding.engine.evaluation import unknown
from goodstanding.engine.remedies import Act, Remedies
from goodstanding.engine.standing import Change, Entry, Number, Standing, Step, number_text
from goodstanding.facts.catalogue import Catalogue, Language, Words
from goodstanding.policy.bands import band
from goodstanding.policy.model import Policy
from goodstanding.policy.phrases import Speaker
from goodstanding.policy.prose import band_words


@cache
def _messages() -> Mapping[str, Words]:
    content = files("goodstanding.engine").joinpath("explanation.yaml").read_bytes()
    loaded: dict[str, Words] = yaml.load(content, Loader=yaml.CSafeLoader)
    return loaded


@dataclass(frozen=True)
class Explainer:
    """Tells standings under one policy in English (en), Dutch (nl) or Chinese (zh), a line a fact."""

    policy: Policy
    catalogue: Catalogue
    language: Language

    @property
    def speaker(self) -> Speaker:
        """What tells the parts of the policy."""
        return Speaker(self.policy, self.language, self.catalogue)

    def say(self, key: str, /, **parts: object) -> str:
        """Return the message of a key, with its parts filled in."""
        return _messages()[key][self.language].format(**parts)

    def section(self, key: str, lines: Iterable[str]) -> list[str]:
        """Return lines under a heading; nothing where there are none."""
        body = list(lines)
        return ["", f"# {self.say(key)}", *body] if body else []

    def standing(self, one: Standing) -> list[str]:
        """Return a standing on a day."""
        return [
            *self._headline(one),
            *self.section("entries", (line for entry in one.entries for line in self._entry(entry))),
            *self.section("arithmetic", map(self._step, one.arithmetic)),
            *self.section("measures", self._measures(one)),
            *self.section("decisions", self._decisions(one)),
        ]

    def changes(self, changes: Sequence[Change], since: Standing) -> list[str]:
        """Return what changes by itself after a standing, and by which entries; that nothing does where it is so."""
        befores: list[Standing | Change] = [since, *changes]
        lines = [
            line for before, change in zip(befores, changes, strict=False) for line in self._change(change, before)
        ]
        return self.section("changes", lines or [self.say("no-change")])

    def history(self, steps: Sequence[Standing]) -> list[str]:
        """Return the standing as a step function of time: a line for each day on which it changed."""
        return self.section("history", (f"{step.on}  {self._point(step)}" for step in steps))

    def remedies(self, found: Remedies) -> list[str]:
        """Return what would better a standing, and what waiting does."""
        lines = []
        for remedy in found.acts:
            acts = self.say("comma").join(self._act(act) for act in remedy.acts)
            lines.append(self.say("acts", grade=self._point(remedy.standing), acts=acts))
            lines += [] if remedy.least else ["    " + self.say("not-least")]
        lines += [self.say("waiting", grade=self._point(change), on=change.on) for change in found.waiting]
        lines = lines or [self.say("no-remedy")]
        return self.section("remedies", lines + ([] if found.complete else [self.say("incomplete")]))

    def cite(self, clause: str | None) -> str:
        """Return the citation of a clause; an interpretation is cited by its number and said in full."""
        words = self.policy.interpretations.get(clause or "")
        return f"{clause}: {' '.join(words[self.language].split())}" if words else self.speaker.cite(clause)

    def _headline(self, one: Standing) -> Iterator[str]:
        line = self.say(
            one.outcome.value,
            title=self.policy.title[self.language],
            on=one.on,
            grade=one.grade,
            words=self.policy.grades.order[one.grade][self.language] if one.grade else "",
            reason=reason_words(self.policy, self.catalogue, one.reason, self.language),
            missing=self.say("comma").join(one.missing),
        )
        yield line + (self.say("score", score=number_text(one.score)) if one.score is not None else "")
        if one.known_on != one.on:
            yield self.say("known", known_on=one.known_on)
        if one.ground is not None:
            clause = f"  [{self.cite(one.ground.clause)}]" if one.ground.clause else ""
            yield self._ground(one) + clause
        elif one.clause is not None:
            yield f"[{self.cite(one.clause)}]"

    def _ground(self, one: Standing) -> str:
        ground = one.ground
        if ground is None or (ground.when is None and ground.of is None):
            return self.say("otherwise")
        if ground.when is not None:
            return self.say("override", condition=self.speaker.phrase(ground.when))
        step = next(step for step in one.arithmetic if step.name == ground.of)
        value = step.words[self.language]
        printed = band_words(band(one.grade or "", ground.band or ""), self.speaker)
        return self.say("band", value=value, result=number_text(step.result), band=printed)

    def _step(self, step: Step) -> str:
        result = number_text(step.result)
        filled = "" if step.filled == result else f"{step.filled} = "
        return f"{step.words[self.language]}: {filled}{result}  [{self.cite(step.clause)}]"

    def _entry(self, entry: Entry) -> Iterator[str]:
        much = entry.grade if isinstance(entry.grade, str) else _amount(entry.amount)
        item = f"{entry.item.id} " if entry.item else ""
        yield f"{entry.act}  {much:>6}  {item}{entry.words[self.language]} ({self.say(entry.status.value)})"
        until = self.say("until", until=entry.until) if entry.until else self.say("open")
        parts = [
            self.policy.entries[entry.rule].words[self.language] if entry.item else "",
            *self._record(entry),
            self.say("from", start=entry.start) + " " + until,
            self.say("continuing") if entry.continuing else "",
            *self._made(entry),
            self.cite(entry.clause) + (f", {entry.item.cite}" if entry.item else ""),
        ]
        yield "                    " + " · ".join(part for part in parts if part)

    def _record(self, entry: Entry) -> Iterator[str]:
        if entry.record is None:
            yield self.say("by-condition")
            return
        yield self.catalogue.kinds[entry.record.kind].words[self.language]
        yield entry.record.document
        yield self._facts(entry.record.kind, facts_of(entry.record.attributes))

    def _facts(self, kind: str, facts: Mapping[str, str]) -> str:
        """Return the attributes of a record in words, as `amount in yuan 5000`."""
        attributes, told = self.catalogue.kinds[kind].attributes, []
        for name, value in facts.items():
            attribute = attributes.get(name)
            codes = self.catalogue.codes[attribute.codes] if attribute and attribute.codes else {}
            words = attribute.words[self.language] if attribute else name
            flag = attribute is not None and attribute.type == "flag"
            said = codes[value][self.language] if value in codes else value
            told.append(f"{words} {self.speaker.say(f'flag.{value}') if flag else said}")
        return self.say("comma").join(told)

    def _made(self, entry: Entry) -> Iterator[str]:
        """Say how an amount was made of what the rule gave, and what is not certain about it."""
        if entry.times != 1 and entry.base is not None:
            yield self.say("doubled", base=number_text(entry.base), times=number_text(entry.times))
        account = self.policy.accounts.get(entry.account or "")
        walked = account is not None and (account.floor is not None or account.ceiling is not None)
        if walked and entry.times == 1 and entry.base is not None and entry.base != entry.amount:
            yield self.say("bounded", base=_amount(entry.base))
        lacking = unknown(entry.doubt, entry.amount, entry.grade)
        if lacking is not None:
            yield self.say("doubt", missing=self.say("comma").join(sorted(lacking.missing)))

    def _measures(self, one: Standing) -> Iterator[str]:
        staged = {stage.measure: stage for stage in one.stages}
        for name, measure in self.policy.measures.items():
            stage = staged.get(name)
            if stage is None and name not in one.measures:
                continue
            parts = [self.say("in-force")]
            if stage is not None:
                parts = [self.say(stage.state, reached=stage.reached, imposed=stage.imposed)]
                parts += [self.say("until", until=stage.until)] if stage.until else []
                parts += [self.say("ground-fell")] if stage.ground_fell else []
            told = self.say("comma").join(parts)
            yield f"- {measure.words[self.language]}: {told}  [{self.cite(measure.clause)}]"

    def _decisions(self, one: Standing) -> Iterator[str]:
        for name, outcome in one.decisions.items():
            decision = self.policy.decisions[name]
            say = self.speaker.say
            guards = [say(f"review.{decision.review}")]
            guards += [say("notice", notice=self.speaker.phrase(decision.notice))] if decision.notice else []
            guards.append(say("appeal", appeal=decision.appeal[self.language]))
            yield f"- {self._decided(name, outcome)}  [{self.cite(decision.clause)}]"
            yield "    " + say("semicolon").join(guards)

    def _decided(self, name: str, outcome: str) -> str:
        decision = self.policy.decisions[name]
        words = decision.words[outcome][self.language] if outcome in decision.words else outcome
        return f"{decision.purpose[self.language]}: {words}"

    def _point(self, point: Standing | Change) -> str:
        """Return a standing in a few words: the grade or the outcome, the score, the measures."""
        score = f" ({number_text(point.score)})" if point.score is not None else ""
        staged = {stage.measure: stage for stage in point.stages}
        measures = [
            f"{measure.words[self.language]}: "
            + (self.say("in-force") if name in point.measures else self.say("pending", reached=staged[name].reached))
            for name, measure in self.policy.measures.items()
            if name in point.measures or name in staged
        ]
        what = (point.grade or self.say(f"short.{point.outcome.value}")) + score
        return " · ".join([what, *measures])

    def _change(self, change: Change, before: Standing | Change) -> Iterator[str]:
        yield self.say("change", on=change.on, what=self._point(change))
        for name, outcome in change.decisions.items():
            if before.decisions.get(name) != outcome:
                yield "    " + self._decided(name, outcome)
        for entry in change.because:
            key = "ends" if entry.until == change.on else "begins"
            yield "    " + self.say(key, what=entry.words[self.language])

    def _act(self, act: Act) -> str:
        words = self.policy.repairs[act.repair].words[self.language]
        facts = self._facts(act.record.kind, facts_of(act.record.attributes))
        told = f"{words}: {facts}" if facts else words
        if self.policy.repairs[act.repair].of is not None:
            told = self.say("about", act=told, occurrence=act.record.occurrence)
        return f"{told} [{self.cite(self.policy.repairs[act.repair].clause)}]"


def explained(
    policy: Policy, catalogue: Catalogue, standing: Standing, changes: Sequence[Change], language: Language
) -> str:
    """Return a standing as text, a line a fact, in English (en), Dutch (nl) or Chinese (zh)."""
    explainer = Explainer(policy, catalogue, language)
    return "\n".join([*explainer.standing(standing), *(explainer.changes(changes, standing) if changes else ())])


def _amount(amount: Number | None) -> str:
    if amount is None:
        return ""
    text = number_text(amount)
    return text if text.startswith(("-", "?", "0")) else f"+{text}"


__all__ = ["Explainer", "as_data", "explained", "reason_words"]
