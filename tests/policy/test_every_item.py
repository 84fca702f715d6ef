"""Every item of a scheme's catalogue can be met by a record, and gives what the item says."""

import datetime as dt
from fractions import Fraction
from itertools import product

import pytest

from goodstanding.engine.entries import fitting_items
from goodstanding.engine.evaluation import holds
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.state import State
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.records import Record
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy import expressions as ex
from goodstanding.policy.reader import read_policy

KINDS = catalogue(World.SYNTHETIC)
ACT = dt.date(2021, 3, 1)
WITH_ITEMS = sorted(
    folder.name
    for folder in shipped("policies").iterdir()
    if (folder / "policy.yaml").is_file() and read_policy(folder).policy.items
)


def values_of(name, attribute, item):
    """Values worth trying: every code, and the numbers that the item's condition names, with those beside them."""
    if attribute.type == "code":
        return list(KINDS.codes[attribute.codes or name])
    if attribute.type == "flag":
        return [True, False]
    if attribute.type == "date":
        return [ACT]
    if attribute.values:
        return [Fraction(value) for value in attribute.values]
    if name == "assessed" and item.range:
        return [item.range[0]]
    nodes = ex.walk(ex.parse(item.where)) if item.where else ()
    named = {node.value for node in nodes if isinstance(node, ex.Number)}
    return sorted({number + step for number in named for step in (-1, 0, 1)} | {Fraction(1)})


def records_for(item, policy):
    attributes = KINDS.kinds[item.kind].attributes
    state = State(policy, KINDS, item.subject, ACT)
    for values in product(*(values_of(name, one, item) for name, one in attributes.items())):
        given = dict(zip(attributes, values, strict=True))
        record = Record("s", item.kind, ACT, "one", "d", attributes=given, digest="1", decided=ACT, final=ACT)
        if item.where is None or holds(item.where, state.around(record, item)) is True:
            yield record


@pytest.mark.parametrize("name", WITH_ITEMS)
def test_every_item_is_met_by_some_record_and_gives_its_points_or_its_grade(name):
    loaded = read_policy(shipped("policies") / name)
    evaluator = Evaluator(loaded, KINDS)
    rules = loaded.policy.entries.values()
    choosing = {rule.items for rule in rules if rule.choose or rule.unless}
    asking = {rule.items for rule in rules if rule.where}
    for item in loaded.policy.items:
        record = next(records_for(item, loaded.policy), None)
        assert record is not None, f"{item.id}: no record meets {item.where!r}"
        entries = evaluator.standing([record], item.subject, ACT).entries
        own = [entry for entry in entries if entry.item and entry.item.id == item.id]
        if not own and item.class_ in choosing:
            assert entries, f"{item.id}: nothing came of its record"
            continue
        assert own or item.class_ in asking, f"{item.id}: no entry of its own"
        if not own:
            continue
        assert own[0].grade == item.grade or own[0].amount is not None
        if item.points is not None and loaded.policy.entries[own[0].rule].amount == "item.points":
            assert own[0].base == item.points


def test_items_are_found_by_class_kind_and_subject():
    policy = read_policy(shipped("policies") / "cn-wendeng").policy
    assert sum(len(items) for items in fitting_items(policy).values()) == len(policy.items)
