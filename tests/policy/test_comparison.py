"""What differs in meaning between two policies, and what does not."""

import pytest

from goodstanding.facts.shipped import shipped
from goodstanding.policy.comparison import compared
from goodstanding.policy.reader import read_policy
from goodstanding.policy.starting import start


@pytest.fixture
def folder(tmp_path):
    start(tmp_path / "wharf")
    return tmp_path / "wharf"


def differences(folder, old, new, words=False):
    before = read_policy(folder).policy
    file = folder / "policy.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return [
        (".".join(one.path), one.clause, one.old, one.new)
        for one in compared(before, read_policy(folder).policy, words)
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("is: sum(points)", 'is: "sum( points )"'),
        ("grid: {step: 1, least: 0}", "grid: {step: 1.0, least: 0}"),
        ("en: fire service fine", "en: fine by the fire service"),
        ('version: "1"', 'version: "2"'),
        ("# Where entries add up.", "# Here."),
        ("title: {en: Safety", "title: {en: Safe"),
    ],
)
def test_what_means_the_same_is_no_difference(folder, old, new):
    assert differences(folder, old, new) == []


RULES = "Template rules art. "


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('general: "4"', 'general: "5"', ("tables.points.map.general", RULES + "1", "4", "5")),
        (
            "is: sum(points)",
            "is: max(0, sum(points))",
            ("values.total.is", RULES + "2", "sum(points)", "max(0, sum(points))"),
        ),
        (
            "amber: 4..11, red: from 12",
            "amber: 4..10, red: from 11",
            ("grades.ladders.total.bands.amber", RULES + "3", "4..11", "4..10"),
        ),
        ("grades: [red]", "grades: [amber, red]", ("measures.inspection.grades", RULES + "4", "red", "amber, red")),
        (
            "cite: Template rules art. 4",
            "cite: Other rules",
            ("law.art-4.cite", None, "Template rules art. 4", "Other rules"),
        ),
        ("read: made up}", "read: unverified}", ("law.art-1.read", None, "made up", "unverified")),
        ("    clause: I-1\n", "    clause: art-1\n", ("entries.fine.clause", RULES + "1", "I-1", "art-1")),
    ],
)
def test_a_difference_names_its_place_its_clause_and_both_values(folder, old, new, expected):
    assert expected in differences(folder, old, new)


def test_a_part_that_is_new_or_gone_is_one_difference(folder):
    text = "  spare: {is: total, clause: art-2, words: {en: a, nl: a, zh: a}}\nscore: total"
    ((path, _, old, new),) = differences(folder, "score: total", text)
    assert (path, old, new) == ("values.spare", None, "is total, clause art-2")
    ((path, _, old, new),) = differences(folder, text, "score: total")
    assert (path, old, new) == ("values.spare", "is total, clause art-2", None)


def test_the_order_of_rules_is_a_difference(folder):
    text = (folder / "policy.yaml").read_text()
    first, second = text.index("  accident:\n"), text.index("  fine:\n")
    end = text.index("# Named numbers")
    accident, fine = text[first:second], text[second:end]
    ((path, *_, old, new),) = differences(folder, accident + fine, fine.rstrip() + "\n" + accident + "\n")
    assert (path, old, new) == ("entries.order", "accident, fine", "fine, accident")


def test_words_are_compared_when_asked_for(folder):
    ((path, _, old, new),) = differences(folder, "en: fire service fine", "en: fine", words=True)
    assert (path, old, new) == ("entries.fine.words.en", "fire service fine", "fine")


def test_items_are_compared_by_their_id_wherever_they_stand():
    policy = read_policy(shipped("policies") / "cn-wendeng").policy
    first, *rest = policy.items
    moved = policy.model_copy(update={"items": (*rest, first)})
    assert compared(policy, moved) == []
    other = policy.model_copy(update={"items": (first.model_copy(update={"points": first.points - 1}), *rest)})
    (one,) = compared(policy, other)
    assert one.path == ("items", first.id, "points")
    assert (one.old, one.new) == (str(first.points), str(first.points - 1))
    gone = compared(policy, policy.model_copy(update={"items": tuple(rest)}))
    assert [(one.path, one.new) for one in gone] == [(("items", first.id), None)]


def test_a_part_that_is_named_like_a_key_of_the_language_is_compared_all_the_same(folder):
    file = folder / "policy.yaml"
    file.write_text(file.read_text().replace("  fine:\n", "  appeal:\n").replace("general:", "words:"))
    assert differences(folder, "1 if amount <= 5000", "1 if amount <= 6000")[0][0] == "entries.appeal.amount"
    assert differences(folder, 'words: "4"', 'words: "5"')[0][0] == "tables.points.map.words"
