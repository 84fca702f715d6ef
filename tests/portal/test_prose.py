"""A policy in plain words."""

import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.phrases import Speaker
from goodstanding.policy.prose import markdown, sections
from goodstanding.policy.reader import read_policy

KINDS = catalogue(World.SYNTHETIC)
POLICIES = {name: read_policy(shipped("policies") / name) for name in ("cn-wendeng", "uk-food-hygiene")}
WENDENG = POLICIES["cn-wendeng"]

PHRASES = [
    ("1 year after act", "1 year after the act", "1 jaar na het feit", "行为日之后1年"),
    (
        "30 months beginning decided",
        "30 months beginning on the decision",
        "30 maanden vanaf het besluit",
        "自决定日起30个月",
    ),
    ("amount <= 500", "amount in yuan is at most 500", "bedrag in yuan ten hoogste 500 is", "金额（元）不超过500"),
    ("size = 'huge'", "size is huge", "omvang zeer groot is", "数额为巨大"),
    (
        "not some(direct)",
        "no entry “direct grade” counts",
        "er geen post “rechtstreekse klasse” telt",
        "没有有效的“直接判级”条目",
    ),
    ("-2.5 * (1 + 2)", "−2.5 × (1 + 2)", "−2,5 × (1 + 2)", "−2.5 × （1 + 2）"),
    (
        "1 if score > 0 else 12345",
        "1 if credit points is above 0, otherwise 12,345",
        "1 als kredietpunten hoger dan 0 is, anders 12.345",
        "如信用积分超过0则1，否则12,345",
    ),
]


@pytest.mark.parametrize("expected", PHRASES, ids=[one[0] for one in PHRASES])
def test_expressions_are_said_in_words(expected):
    text, *said = expected
    assert [Speaker(WENDENG.policy, one, KINDS).phrase(text) for one in ("en", "nl", "zh")] == said


@pytest.mark.parametrize("language", ["en", "nl", "zh"])
@pytest.mark.parametrize("name", POLICIES)
def test_every_clause_item_and_grade_is_told_and_every_reference_leads_somewhere(name, language):
    loaded = POLICIES[name]
    rows = [row for part in sections(loaded, language, KINDS) for table in part.tables for row in table.rows]
    anchors = [row.anchor for row in rows if row.anchor]
    assert len(set(anchors)) == len(anchors)
    expected = {f"clause-{clause}" for clause in (*loaded.policy.law, *loaded.policy.interpretations)}
    expected |= {f"item-{item.id}" for item in loaded.policy.items} | {
        f"grade-{one}" for one in loaded.policy.grades.order
    }
    expected |= {f"rule-{rule}" for rule in loaded.policy.entries}
    assert expected <= set(anchors)
    assert {cell.to for row in rows for cell in row.cells if cell.to} <= set(anchors)


def test_every_table_is_rectangular():
    for part in sections(WENDENG, "en", KINDS):
        for table in part.tables:
            assert {len(row.cells) for row in table.rows} <= {len(table.columns)}


def test_what_was_not_verified_is_said():
    assert "not verified" in markdown(POLICIES["uk-food-hygiene"], "en", KINDS)
    assert "niet geverifieerd" in markdown(POLICIES["uk-food-hygiene"], "nl", KINDS)


def test_markdown_tables_are_whole():
    for line in markdown(WENDENG, "en", KINDS).splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    assert markdown(WENDENG, "en", KINDS).startswith("# Wendeng district credit points\n\n## In short")
