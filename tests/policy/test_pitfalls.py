"""Questions that a policy leaves open are told, once each, with a line, and not when the author has answered them."""

import shutil

import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.pitfalls import warnings
from goodstanding.policy.reader import read_policy
from goodstanding.policy.starting import start

KINDS = catalogue(World.SYNTHETIC)


@pytest.fixture
def folder(tmp_path):
    start(tmp_path / "wharf")
    return tmp_path / "wharf"


def altered(folder, *changes):
    file = folder / "policy.yaml"
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)
    found = warnings(read_policy(folder), KINDS)
    for one in found:
        assert one.file == file
        assert 1 <= one.line <= text.count("\n")
    return {(one.pitfall.name, ".".join(map(str, one.pitfall.path))) for one in found}


def test_a_new_policy_leaves_nothing_open(folder):
    assert altered(folder) == set()


WORDS = "{en: a, nl: a, zh: a}"
VALUE = "    is: sum(points)\n"
UNTIL = "until: 2 years after act}\n    clause: art-1"

AMOUNT = "points[severity]\n    # Days"
IN_A_ROW = ("until: 2 years after act}\n", "until: 2 years after act}\n    superseded by: safety.accident\n")


def amber(when):
    """A change: one grade is given on a condition, whatever the ladders give."""
    return "  ladders:", f'  overrides: [{{grade: "\'amber\'", when: "{when}", clause: art-3}}]\n  ladders:'


OPEN = [
    (
        "placed",
        "entries.accident",
        [("    placed: act\n", ""), (UNTIL, "until: 2 years after final}\n    clause: art-1")],
    ),
    ("gone", "entries.accident.amount", [IN_A_ROW, (AMOUNT, "1 + latest(amount of accident else 0)\n    # Days")]),
    ("none", "values.total.is", [(VALUE, "    is: highest(amount of points)\n")]),
    ("zero", "values.total.is", [(VALUE, "    is: round(sum(points) / count(accident), 1, 'down')\n")]),
    ("unrounded", "values.total.is", [(VALUE, "    is: sum(points) / 2\n")]),
    ("endless", "measures.inspection", [("grades: [red]", "when: total >= 12")]),
    ("restless", "grades.overrides.0.when", [amber("before(grade) = 'green'")]),
    ("restless", "grades.ladders.0", [(VALUE, "    is: 4 if before(grade) = 'green' else 0\n")]),
    ("uncited", "law.art-4", [("    clause: art-4\n", "    clause: art-3\n")]),
    ("uncited", "interpretations.I-1", [("    clause: I-1\n", "    clause: art-1\n")]),
    ("unused", "tables.points", [("amount: points[severity]", "amount: 4")]),
    (
        "unused",
        "values.spare",
        [("score: total", f"  spare: {{is: total, clause: art-2, words: {WORDS}}}\nscore: total")],
    ),
    (
        "unused",
        "accounts.spare",
        [
            ("accounts:\n", "accounts:\n  spare: {words: {en: a, nl: a, zh: a}}\n"),
            ("    account: points\n    # Where", "    account: spare\n    # Where"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "path", "changes"), OPEN, ids=[f"{one[0]} {one[1]}" for one in OPEN])
def test_what_is_left_open_is_told(folder, name, path, changes):
    assert (name, path) in altered(folder, *changes)


ANSWERED = [
    ("gone", [IN_A_ROW, (AMOUNT, "1 + latest(amount of ever accident else 0)\n    # Days")]),
    ("none", [(VALUE, "    is: highest(amount of points) if some(points) else 0\n")]),
    ("none", [(VALUE, "    is: highest(amount of points else 0)\n")]),
    ("zero", [(VALUE, "    is: sum(points) / count(accident) if count(accident) > 0 else 0\n")]),
    ("zero", [(VALUE, "    is: round(sum(points) / max(1, count(accident)), 1, 'down')\n")]),
    ("zero", [(VALUE, "    is: round(sum(points) / 3, 1, 'down')\n")]),
    (
        "unrounded",
        [
            (VALUE, "    is: sum(points) / 2\n"),
            ("grid: {step: 1,", "grid: {step: 0.5,"),
            ("0..3, amber: 4..11", "0..3.5, amber: 4..11.5"),
        ],
    ),
    ("unrounded", [(VALUE, "    is: round(sum(points) / 3, 1, 'half-up')\n")]),
    ("restless", [amber("before(grade) = 'red' and some(accident)")]),
    ("endless", [("grades: [red]", "when: total >= 12\n    until: 1 month after today")]),
    ("uncited", [("    clause: I-1\n", "    clause: art-1  # but see I-1\n")]),
    (
        "unused",
        [("amount: points[severity]", "amount: 4"), ("  points:\n    map", "  # accepted: unused\n  points:\n    map")],
    ),
    ("unrounded", [(VALUE, "    is: sum(points) / 2  # accepted: zero, unrounded\n")]),
]


@pytest.mark.parametrize(("name", "changes"), ANSWERED)
def test_what_is_answered_or_accepted_is_not_told(folder, name, changes):
    assert name not in {one for one, _ in altered(folder, *changes)}


def test_a_pitfall_of_an_item_or_a_rule_of_items_names_its_line():
    loaded = read_policy(shipped("policies") / "cn-wendeng")
    assert all(one.line > 1 for one in warnings(loaded, KINDS))


def test_what_a_policy_takes_over_from_its_base_is_not_told_again(tmp_path):
    start(tmp_path / "wharf")
    start(tmp_path / "quay")
    base = tmp_path / "wharf" / "policy.yaml"
    base.write_text(base.read_text().replace("    clause: art-4\n", "    clause: art-3\n"))
    (tmp_path / "quay" / "policy.yaml").write_text(
        "goodstanding: 1\nid: quay\nversion: '1'\nbased on: wharf\ntitle: {en: q, nl: q, zh: q}\n"
    )
    shutil.rmtree(tmp_path / "quay" / "examples.yaml", ignore_errors=True)
    assert warnings(read_policy(tmp_path / "wharf"), KINDS)
    assert warnings(read_policy(tmp_path / "quay"), KINDS) == []
