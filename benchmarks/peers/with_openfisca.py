"""OpenFisca: establishments and events as entities, firms as groups of events, all computed as NumPy arrays.

A million is computed in simulations of 200,000, which was faster than fewer and than more.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import explaining
import numpy as np
from explaining import BAND_LADDER, BANDS, MONTHS, POINTS, RATING_LADDER, RATINGS, SCORES, Explanation, Records
from openfisca_core import periods
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import Simulation
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable
from tables import Answers, Array, Food, Safety

NAME = "OpenFisca"
UNSTATED = {
    "food": "that a later inspection replaces an earlier one, but by hand in NumPy; which record, interval and "
    "clause an amount comes from (added in Python; its trace names variables)",
    "safety": "which record, interval and clause an amount comes from (added in Python; its trace names variables)",
}
AT_ONCE = 200_000

establishment = build_entity("establishment", "establishments", "food business", is_person=True)
event = build_entity("event", "events", "what was found", is_person=True)
firm = build_entity("firm", "firms", "contractor", roles=[{"key": "member", "plural": "members"}])


def variable(name: str, entity: Any, type_: type, formula: Any = None) -> type[Variable]:
    """Make a variable by the day, as OpenFisca has them: a class."""
    body = {"value_type": type_, "entity": entity, "definition_period": DateUnit.DAY, "label": name}
    return type(name, (Variable,), body | ({"formula": formula} if formula else {}))


def total(one: Any, period: Any) -> Array:
    return one("hygiene", period) + one("structural", period) + one("confidence", period)


def worst(one: Any, period: Any) -> Array:
    return np.maximum(np.maximum(one("hygiene", period), one("structural", period)), one("confidence", period))


def rating(one: Any, period: Any) -> Array:
    """Return the place among the ratings: how many rungs of the ladder are passed."""
    total, worst = one("total", period), one("worst", period)
    return sum(((total > most) | (worst > single)).view(np.int8) for most, single in RATING_LADDER)


def points(one: Any, period: Any) -> Array:
    since = np.datetime64(period.start.offset(-MONTHS, DateUnit.MONTH).date)
    counts = one.members("day", period) > since
    return one.sum(np.where(counts, np.array(POINTS)[one.members("event", period)], 0))


def band(one: Any, period: Any) -> Array:
    return sum((one("points", period) >= least).view(np.int8) for least in BAND_LADDER)


def system(entities: list[Any], *variables: type[Variable]) -> TaxBenefitSystem:
    made = TaxBenefitSystem(entities)
    made.add_variables(*variables)
    return made


FOOD = system(
    [establishment],
    *(variable(name, establishment, int) for name in SCORES),
    *(variable(formula.__name__, establishment, int, formula) for formula in (total, worst, rating)),
)
SAFETY = system(
    [event, firm],
    variable("day", event, dt.date),
    variable("event", event, int),
    variable("points", firm, int, points),
    variable("band", firm, int, band),
)


def food(scores: tuple[Array, ...], on: dt.date) -> tuple[Array, Array, Array]:
    """Return totals, highest scores and places among the ratings."""
    populations = FOOD.instantiate_entities()
    populations["establishment"].count = len(scores[0])
    simulation, period = Simulation(FOOD, populations), periods.period(on.isoformat())
    for name, column in zip(SCORES, scores, strict=True):
        simulation.set_input(name, period, column)
    return tuple(simulation.calculate(name, period) for name in ("total", "worst", "rating"))


def safety(owner: Array, firms: int, day: Array, events: Array, on: dt.date) -> tuple[Array, Array]:
    """Return points and places among the bands."""
    populations = SAFETY.instantiate_entities()
    populations["event"].count, populations["firm"].count = len(owner), firms
    populations["firm"].members_entity_id = owner
    simulation, period = Simulation(SAFETY, populations), periods.period(on.isoformat())
    simulation.set_input("day", period, day)
    simulation.set_input("event", period, events)
    return simulation.calculate("points", period), simulation.calculate("band", period)


def food_one(records: Records, on: dt.date) -> Explanation:
    totals, worsts, places = food(tuple(np.array([records[0][name]]) for name in SCORES), on)
    return explaining.food(records, int(totals[0]), int(worsts[0]), RATINGS[places[0]])


def food_many(table: Food, on: dt.date) -> Answers:
    parts = [
        food(tuple(column[first : first + AT_ONCE] for column in table.scores), on)
        for first in range(0, len(table.day), AT_ONCE)
    ]
    return np.concatenate([totals for totals, _, _ in parts]), np.concatenate([places for _, _, places in parts])


def safety_one(records: Records, on: dt.date) -> Explanation:
    day = np.array([record["act"] for record in records], "datetime64[D]")
    events = np.array([record["event"] for record in records])
    found, places = safety(np.zeros(len(records), int), 1, day, events, on)
    return explaining.safety(explaining.safety_entries(records, on), int(found[0]), BANDS[places[0]])


def safety_many(table: Safety, on: dt.date) -> Answers:
    day, parts = table.day.view("datetime64[D]"), []
    for first in range(0, len(table.offsets) - 1, AT_ONCE):
        edges = table.offsets[first : first + AT_ONCE + 1]
        rows, firms = slice(edges[0], edges[-1]), len(edges) - 1
        owner = np.repeat(np.arange(firms), np.diff(edges))
        parts.append(safety(owner, firms, day[rows], table.event[rows], on))
    return np.concatenate([found for found, _ in parts]), np.concatenate([places for _, places in parts])
