"""From what the engine answers to the content of the pages and the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from goodstanding.engine.explanation import reason_words
from goodstanding.engine.standing import Change, Entry, Number, Standing, Step, Unknown, number_text
from goodstanding.facts.catalogue import Attribute, Catalogue, Words
from goodstanding.facts.records import Record, Value
from goodstanding.policy.bands import Band, bands_of
from goodstanding.policy.model import Ladder, Policy
from goodstanding.policy.phrases import Speaker
from goodstanding.policy.prose import band_words
from goodstanding.policy.reader import Loaded
from goodstanding.portal.content import (
    BandContent,
    ChangeContent,
    ClauseContent,
    EntryContent,
    FactContent,
    GradeContent,
    GroundContent,
    LadderContent,
    MeasureContent,
    MissingContent,
    PointContent,
    ReceiptContent,
    RecordContent,
    StandingContent,
    StepContent,
)
from goodstanding.portal.languages import LANGUAGES, Voice
from goodstanding.register.ledger.lateness import PAUSED
from goodstanding.register.ledger.subjects import Hit


def text(number: Number | None) -> str | None:
    """Write an exact number, where there is one."""
    return None if number is None else number_text(number)


def grades_of(policy: Policy) -> dict[str, GradeContent]:
    """Return the grades of a policy, best first, with their places."""
    order = policy.grades.order
    last = max(len(order) - 1, 1)
    return {grade: GradeContent(grade, words, round(at * 5 / last)) for at, (grade, words) in enumerate(order.items())}


def why(hit: Hit, voice: Voice) -> list[str]:
    """Say why a subject was found: first the words that are the same, then each of the other reasons."""
    same = " ".join(one.found for one in hit.reasons if one.code == "same")
    others = [one for one in hit.reasons if one.code != "same"]
    told = [voice.say("reason.same", found=same)] if same else []
    return told + [voice.say(f"reason.{one.code}", asked=one.asked, found=one.found) for one in others]


@dataclass(frozen=True)
class Teller:
    """Turns what the engine answers under one policy into content; `sources` says what each is called, by id.

    grounds: by what records are about their subject, by digest, where that is to be told.
    """

    loaded: Loaded
    catalogue: Catalogue
    sources: Mapping[str, Words] = field(default_factory=dict)
    grounds: Mapping[str, GroundContent] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """The policy itself."""
        return self.loaded.policy

    def standing(self, one: Standing, changes: Sequence[Change], history: Sequence[Standing]) -> StandingContent:
        """Return everything that there is to say of a standing."""
        policy = self.policy
        ladders = tuple(self._ladder(ladder, one) for ladder in policy.grades.ladders)
        return StandingContent(
            policy=policy.id,
            title=policy.title,
            version=policy.version,
            on=one.on,
            outcome=one.outcome.value,
            score=text(one.score),
            score_of=policy.score,
            score_words=policy.values[policy.score].words if policy.score else None,
            grade=one.grade,
            grades=grades_of(policy),
            reason=one.reason,
            reason_words=self._reason(one.reason),
            missing=self._missing(one.missing),
            clause=self.clause(one.clause) if one.clause else None,
            arithmetic=tuple(self._step(step) for step in one.arithmetic),
            ladders=ladders,
            overridden=one.ground is not None and one.ground.of is None and bool(ladders),
            measures=tuple(self._measures(one)),
            entries=tuple(self._entry(entry) for entry in one.entries),
            changes=tuple(self._change(change) for change in changes),
            history=tuple(PointContent(p.on, p.outcome.value, text(p.score), p.grade) for p in history),
            receipt=ReceiptContent(
                one.receipt.policy, one.receipt.engine, one.receipt.on, one.receipt.known_on, one.receipt.records
            ),
        )

    def clause(self, name: str, detail: str = "") -> ClauseContent:
        """Return the clause of a name, from the law or from the interpretations."""
        law = self.policy.law.get(name)
        if law is None:
            return ClauseContent(name, name, self.policy.interpretations[name], detail)
        return ClauseContent(name, law.cite, law.words, detail)

    def _missing(self, facts: Sequence[str]) -> tuple[MissingContent, ...]:
        return tuple(MissingContent(fact, missing_words(fact, self.catalogue, self.sources)) for fact in facts)

    def _reason(self, reason: str | None) -> Words | None:
        if reason is None:
            return None
        return {one: reason_words(self.policy, self.catalogue, reason, one) for one in LANGUAGES}

    def _told(self, expression: str) -> Words:
        return {one: Speaker(self.policy, one, self.catalogue).phrase(expression) for one in LANGUAGES}

    def _step(self, step: Step) -> StepContent:
        told, result = self._told(step.expression), number_text(step.result)
        return StepContent(step.name, step.words, step.expression, told, step.filled, result, self.clause(step.clause))

    def _ladder(self, ladder: Ladder, one: Standing) -> LadderContent:
        result = next((step.result for step in one.arithmetic if step.name == ladder.of), Unknown(frozenset()))
        bands = bands_of(ladder)
        known = isinstance(result, Fraction)
        given = next((band.grade for band in bands if known and band.holds(result)), None)  # type: ignore[arg-type]
        words = self.policy.values[ladder.of].words
        told = tuple(self._band(band) for band in bands)
        return LadderContent(ladder.of, words, number_text(result), given, told, self.clause(ladder.clause))

    def _band(self, band: Band) -> BandContent:
        told: Words = {one: band_words(band, Speaker(self.policy, one, self.catalogue)) for one in LANGUAGES}
        return BandContent(band.grade, text(band.least), text(band.most), told)

    def _measures(self, one: Standing) -> Iterator[MeasureContent]:
        pending = [stage.measure for stage in one.stages if stage.state == "pending"]
        for name, measure in self.policy.measures.items():
            if name in one.measures or name in pending:
                state = "imposed" if name in one.measures else "pending"
                yield MeasureContent(name, measure.words, self.clause(measure.clause), state)

    def _change(self, change: Change) -> ChangeContent:
        ending = tuple(entry.words for entry in change.because if entry.until == change.on)
        beginning = tuple(entry.words for entry in change.because if entry.until != change.on)
        return ChangeContent(change.on, change.outcome.value, text(change.score), change.grade, ending, beginning)

    def _entry(self, entry: Entry) -> EntryContent:
        own = entry.record
        record = record_content(own, self.catalogue, self.grounds.get(own.digest)) if own else None
        return EntryContent(
            rule=entry.rule,
            rule_words=self.policy.entries[entry.rule].words,
            account=entry.account,
            account_words=self.policy.accounts[entry.account].words if entry.account else None,
            item=entry.item.id if entry.item else None,
            words=entry.words,
            clause=self.clause(entry.clause, entry.item.cite if entry.item else ""),
            points=text(entry.amount),
            base=text(entry.base),
            times=number_text(entry.times),
            grade="?" if isinstance(entry.grade, Unknown) else entry.grade,
            start=entry.start,
            until=entry.until,
            continuing=entry.continuing,
            status=entry.status.value,
            doubt=self._missing(sorted(entry.doubt.missing)) if entry.doubt else (),
            direction=record.direction if record else "neutral",
            record=record,
        )


def record_content(record: Record, catalogue: Catalogue, ground: GroundContent | None) -> RecordContent:
    """Return a record with the words of its kind and its attributes, and by what it is about its subject."""
    kind = catalogue.kinds[record.kind]
    return RecordContent(
        kind=record.kind,
        words=kind.words,
        direction=kind.direction,
        act=record.act,
        decided=record.decided,
        final=record.final,
        authority=record.authority,
        document=record.document,
        source=record.source,
        basis=record.basis,
        occurrence=record.occurrence,
        facts=tuple(
            _fact(name, kind.attributes[name], value, catalogue)
            for name, value in record.attributes.items()
            if name in kind.attributes
        ),
        digest=record.digest,
        ground=ground,
    )


def _fact(name: str, attribute: Attribute, value: Value, catalogue: Catalogue) -> FactContent:
    written = _written(value)
    said = catalogue.codes[attribute.codes].get(written) if attribute.codes else None
    return FactContent(name, attribute.words, attribute.type, written, attribute.unit, said)


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return number_text(value) if isinstance(value, Fraction) else str(value)


def missing_words(fact: str, catalogue: Catalogue, sources: Mapping[str, Words]) -> Words:
    """Return what is missing, in words: `road.fine.amount` as "traffic fine: amount in yuan"; else the text itself.

    A source that is late is named as `sources` names it.
    """
    paused = PAUSED.fullmatch(fact)
    if paused:
        return {one: _paused(Voice(one), sources, *paused.groups()) for one in LANGUAGES}
    name, _, attribute = fact.rpartition(".")
    kind = catalogue.kinds.get(name)
    if kind is None or attribute not in kind.attributes:
        return dict.fromkeys(LANGUAGES, fact)
    colon = {"en": ": ", "nl": ": ", "zh": "："}
    return {one: kind.words[one] + colon[one] + kind.attributes[attribute].words[one] for one in LANGUAGES}


def _paused(voice: Voice, sources: Mapping[str, Words], source: str, since: str, until: str) -> str:
    days = {"since": voice.exact(since), "until": voice.exact(until)}
    return voice.say("standing.paused", source=voice.word(sources[source]) if source in sources else source, **days)
