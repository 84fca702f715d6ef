"""Staged measures while a dossier is folded: reached, pending until an act imposes them, in force until they end."""

from __future__ import annotations

from collections.abc import Iterable

from goodstanding.engine.evaluation import FOREVER, Surroundings, day_of, evaluate, holds, parsed
from goodstanding.engine.standing import Entry, Unknown
from goodstanding.engine.state import InForce, State
from goodstanding.facts.records import Record
from goodstanding.policy.model import Measure


def look_at(state: State, name: str, opened: Iterable[Entry], was: object) -> bool:
    """Ask whether a measure is reached on the day, and let it lapse; say whether it was imposed at once.

    opened: the entries that were opened on the day. was: whether its condition held at the close of the day before.
    """
    measure, stage = state.policy.measures[name], state.stages[name]
    if stage.state == "no" and _reached(state, measure, opened, was):
        stage.reached, stage.ground_fell = state.today, False
        if not measure.imposed_by:
            _impose(state, measure, stage, state.plain)
        state.changed()
        return not measure.imposed_by
    if stage.state == "pending" and measure.lapses and measure.when:
        holding = holds(measure.when, state.plain)
        if isinstance(holding, Unknown):
            state.doubted(holding)
        elif not holding:
            stage.clear()
            state.changed()
    return False


def _reached(state: State, measure: Measure, opened: Iterable[Entry], was: object) -> bool:
    assert measure.when is not None
    if measure.at is None:
        asked = [holds(measure.when, state.plain)] if was is not True else []
    else:
        at = [entry for entry in opened if entry.rule == measure.at and entry in state.entries]
        asked = [holds(measure.when, state.around(entry.record, entry.item)) for entry in at]
    for one in asked:
        if isinstance(one, Unknown):
            state.doubted(one)
    return True in asked


def impose(state: State, name: str, record: Record) -> bool:
    """Let an act impose a measure; say whether it does: one that is not pending only if the policy lets it stand."""
    measure, stage = state.policy.measures[name], state.stages[name]
    if stage.state == "no" and measure.ground_falls != "stands":
        return False
    stage.ground_fell = stage.state == "no"
    _impose(state, measure, stage, state.around(record))
    state.changed()
    return True


def _impose(state: State, measure: Measure, stage: InForce, around: Surroundings) -> None:
    stage.imposed = state.today
    until = FOREVER if measure.until is None else day_of(evaluate(parsed(measure.until), around))
    if isinstance(until, Unknown):
        state.doubted(until)
    stage.until = None if isinstance(until, Unknown) or until == FOREVER else until
    if stage.until is not None and stage.until <= state.today:
        stage.clear()


def expire(state: State) -> None:
    """End the measures whose time is over on the day."""
    for stage in state.stages.values():
        if stage.until is not None and stage.until <= state.today:
            stage.clear()
            state.changed()
