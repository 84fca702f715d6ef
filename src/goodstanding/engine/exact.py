"""The exact evaluator: the meaning of a policy. Plain, readable, slow, over exact numbers.

Everything fast must agree with it on every input, to the last unit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from goodstanding.engine import grading
from goodstanding.engine.entries import fitting_items
from goodstanding.engine.evaluation import unknown
from goodstanding.engine.fold import Fold, remembered
from goodstanding.engine.periods import DAY, later
from goodstanding.engine.standing import Change, Entry, Outcome, Receipt, Standing, Status, Unknown
from goodstanding.engine.state import ENDING, State
from goodstanding.engine.timeline import lookers, ranks, timeline
from goodstanding.facts.catalogue import Catalogue, Subject
from goodstanding.facts.records import Record
from goodstanding.policy.expressions import EARLIEST
from goodstanding.policy.reader import Loaded

ENGINE = version("goodstanding")
BEGINNING = dt.date(EARLIEST, 1, 1) - DAY
"""The day on which every dossier is empty; a record of an earlier day begins it earlier."""
FORECAST = 100
"""Years that are looked ahead for changes."""
MOST_DAYS = 2000
"""Days that are worked out at most in looking ahead, for a scheme may test an end every year for ever."""


class Evaluator:
    """A policy ready to judge dossiers under one catalogue; holds nothing of any subject."""

    def __init__(self, loaded: Loaded, catalogue: Catalogue) -> None:
        """Prepare a checked policy."""
        self.loaded, self.policy, self.catalogue = loaded, loaded.policy, catalogue
        self._read = loaded.policy.kinds | {ENDING}
        self._items = fitting_items(loaded.policy)
        self._ranks, self._lookers = ranks(loaded.policy), lookers(loaded.policy)
        self._remembered = remembered(loaded.policy)

    def standing(
        self, records: Iterable[Record], subject: Subject, on: dt.date, known_on: dt.date | None = None
    ) -> Standing:
        """Return the standing on a day from all of a subject's records, as known on `known_on` (default: that day).

        Records of kinds that the policy does not read, those after the day, and those not known or withdrawn by
        `known_on` are passed over; a record that is given twice counts once.
        """
        kept = self._kept(records, on, known_on or on)
        state = self._fold(kept, subject, on).to(on)
        return self._judged(state, kept, known_on or on)

    def changes(
        self, records: Iterable[Record], subject: Subject, on: dt.date, known_on: dt.date | None = None
    ) -> list[Change]:
        """Return the later days on which the standing changes by itself, if nothing new becomes known, in order.

        Deadlines pass, entries begin and end, conditions become true; no record comes. Looks `FORECAST` years ahead.
        """
        kept = self._kept(records, on, known_on or on)
        fold = self._fold(kept, subject, on)
        last = self._judged(fold.to(on), kept, known_on or on)
        changes: list[Change] = []
        for count, day in enumerate(fold.days(later(on, FORECAST, "years"))):
            then = self._judged(fold.state, kept, known_on or on)
            if _told(then) != _told(last):
                because = tuple(entry for entry in then.entries if day in (entry.start, entry.until, entry.placed))
                said = (then.outcome, then.score, then.grade, because, then.measures, then.stages, then.decisions)
                changes.append(Change(day, *said))
            last = then
            if count > MOST_DAYS:
                break
        return changes

    def history(
        self, records: Iterable[Record], subject: Subject, until: dt.date, known_on: dt.date | None = None
    ) -> list[Standing]:
        """Return the standing on every day up to `until` on which it changed, from the first record: a step function.

        known_on: what was known on that day is taken, by default on `until`.
        """
        kept = self._kept(records, until, known_on or until)
        fold = self._fold(kept, subject, until)
        steps: list[Standing] = []
        first = min((record.act for record in kept), default=BEGINNING)
        for day in fold.days(until):
            if day < first:
                continue
            now = self._judged(fold.state, kept, known_on or until)
            if not steps or _told(now) != _told(steps[-1]):
                steps.append(now)
        return steps

    def _kept(self, records: Iterable[Record], on: dt.date, known_on: dt.date) -> list[Record]:
        known = (
            record for record in records if record.kind in self._read and record.act <= on and record.known_on(known_on)
        )
        return list({record.digest or id(record): record for record in known}.values())

    def _fold(self, records: Sequence[Record], subject: Subject, on: dt.date) -> Fold:
        """Begin on `BEGINNING`, the same for all; what is placed after `on` by the day of an act does not come."""
        state = State(self.policy, self.catalogue, subject, BEGINNING)
        coming = timeline(self._ranks, self._lookers, records, state)
        state.on(min(coming.days | {BEGINNING + DAY}) - DAY)
        coming.records = {day: arrivals for day, arrivals in coming.records.items() if day <= on}
        return Fold(state, coming, self._items, self._remembered)

    def _judged(self, state: State, records: Sequence[Record], known_on: dt.date) -> Standing:
        row, lacking = grading.unrated(state)
        grade = None if row is not None else grading.graded(state)
        missing = unknown(grade, lacking, state.doubt)
        outcome = Outcome.NOT_DECIDABLE if missing else Outcome.GRADED if row is None else Outcome.NOT_RATED
        decided = outcome is Outcome.GRADED
        measures, unsure = grading.in_force(state, grade if decided else None)
        given, undecided = grading.decisions(state, grade if decided else None, measures)
        if decided and (unsure or undecided):
            outcome, decided, missing = Outcome.NOT_DECIDABLE, False, unknown(unsure, undecided)
        return Standing(
            policy=self.policy.id,
            on=state.today,
            known_on=known_on,
            outcome=outcome,
            score=grading.score(state) if decided else None,
            grade=str(grade) if decided else None,
            entries=tuple(sorted((_copied(e, state) for e in state.entries), key=_order)),
            arithmetic=tuple(grading.steps(state)) if outcome is not Outcome.NOT_RATED else (),
            measures=tuple(measures) if outcome is not Outcome.NOT_DECIDABLE else (),
            stages=tuple(grading.stages(state)),
            decisions=given if outcome is not Outcome.NOT_DECIDABLE else {},
            missing=tuple(sorted(missing.missing)) if missing else (),
            reason=grading.reason(state, row.because) if row is not None and outcome is Outcome.NOT_RATED else None,
            clause=row.clause if row is not None else None,
            receipt=Receipt(self.loaded.hash, ENGINE, state.today, known_on, tuple(sorted(r.digest for r in records))),
            ground=grading.ground(state, str(grade)) if decided else None,
        )


def _told(standing: Standing) -> tuple[Any, ...]:
    """Return what somebody is told of a standing, in which a change is one."""
    stages = tuple((stage.measure, stage.state) for stage in standing.stages)
    decisions = tuple(standing.decisions.items())
    return (standing.outcome, standing.score, standing.grade, standing.measures, stages, decisions, standing.reason)


def _order(entry: Entry) -> tuple[Any, ...]:
    return (entry.act, entry.start, entry.place)


def _copied(entry: Entry, state: State) -> Entry:
    """Return an entry as it is on the day, and whether it counts."""
    if entry.spent:
        return replace(entry, status=Status.SPENT)
    if not entry.counts_on(state.today):
        coming = entry.start > state.today and (entry.until is None or entry.until > entry.start)
        return replace(entry, status=Status.COMING if coming else Status.ENDED)
    held = state.held(entry)
    if isinstance(held, Unknown):
        return replace(entry, amount=unknown(held, entry.amount), doubt=unknown(held, entry.doubt))
    return replace(entry, status=Status.HELD if held else Status.COUNTS)
