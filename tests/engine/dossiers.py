"""Dossiers under shipped policies: the records of an example or two, some left out, moved in time as a whole."""

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache

from hypothesis import strategies as st

from goodstanding.engine.exact import Evaluator
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.examples import read_examples
from goodstanding.policy.reader import read_policy

KINDS = catalogue(World.SYNTHETIC)


@dataclass(frozen=True)
class Dossier:
    """Records of one subject, and a day that is asked about."""

    policy: str
    subject: str
    records: tuple
    on: dt.date

    @property
    def evaluator(self):
        return evaluator_of(self.policy)

    def standing(self, *more, on=None):
        return self.evaluator.standing([*self.records, *more], self.subject, on or self.on, self.on)


@cache
def evaluator_of(policy):
    return Evaluator(read_policy(shipped("policies") / policy), KINDS)


@cache
def examples(policy):
    return read_examples(shipped("policies") / policy, KINDS)


def moved(record, days, name):
    """The record on other days, with a name of its own."""
    step = dt.timedelta(days=days)
    dates = {key: at + step for key in ("act", "decided", "final") if (at := getattr(record, key))}
    attributes = {key: one + step if isinstance(one, dt.date) else one for key, one in record.attributes.items()}
    own = {"occurrence": name + record.occurrence, "digest": name + record.digest, "known": None, "withdrawn": None}
    return replace(record, **dates, **own, attributes=attributes)


def known(record, on):
    """Whether everything that the record says lies on the day or before it."""
    attributes = [one for one in record.attributes.values() if isinstance(one, dt.date)]
    return all(day <= on for day in (record.act, record.decided, record.final, *attributes) if day)


@st.composite
def dossiers(draw, policies):
    """A dossier under one of the policies, in which nothing is dated after the day that is asked about."""
    policy = draw(st.sampled_from(policies))
    first = draw(st.sampled_from(examples(policy)))
    records = [moved(record, 0, "a-") for record in first.records]
    if draw(st.booleans()):
        second = draw(
            st.sampled_from([one for one in examples(policy) if one.example.subject == first.example.subject])
        )
        days = (first.example.on - second.example.on).days + draw(st.integers(-500, 500))
        records += [moved(record, days, "b-") for record in second.records]
    left = draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))
    on = first.example.on + dt.timedelta(days=draw(st.integers(-200, 500)))
    kept = [
        record for record, leave in zip(records, left, strict=True) if known(record, on) and (leave or len(left) < 4)
    ]
    return Dossier(policy, first.example.subject, tuple(kept), on)


def told(standing):
    """What somebody is told of a standing."""
    stages = [(stage.measure, stage.state) for stage in standing.stages]
    decisions = dict(standing.decisions)
    return standing.outcome, standing.score, standing.grade, standing.measures, stages, decisions, standing.reason
