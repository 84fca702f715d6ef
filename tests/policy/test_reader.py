"""Reading policies: every fault with its file and line, and the nearest valid word."""

import shutil

import pytest

from goodstanding.facts.shipped import shipped
from goodstanding.policy.reader import PolicyError, read_policy

SHIPPED = sorted(folder.name for folder in shipped("policies").iterdir() if folder.is_dir())


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(shipped("policies") / "cn-wendeng", tmp_path / "p")
    return tmp_path / "p"


def altered(folder, old, new, file="policy.yaml"):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(PolicyError) as answer:
        read_policy(folder)
    return str(answer.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_policy_passes_its_checks(name):
    assert read_policy(shipped("policies") / name).policy.id == name


def test_a_policy_is_named_by_its_content(folder):
    before = read_policy(folder).hash
    assert read_policy(folder).hash == before
    with (folder / "items-persons.yaml").open("a") as file:
        file.write("# a comment is content too\n")
    assert read_policy(folder).hash != before


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("held while:", "held whlie:", ["'held whlie'", "did you mean 'held while'?"]),
        ("sum(deductions), lowest", "sum(deductoins), lowest", ["'deductoins'", "did you mean 'deductions'?"]),
        ("is: held + sum", "is: hold + sum", ["'hold'", "did you mean 'held'?"]),
        ("lowest[worst(direct)]", "lowest[1]", ["found a number where a code is expected"]),
        ("is: held + sum(additions)", "is: 2 years after 2021-01-01", ["found a period", "max(...)"]),
        ("lowest[worst(direct)]", "full_days(2021-01-01)", ["found 1 argument,"]),
        ("score: score", "score: points", ["no value"]),
        ("ended by: [court.performed,", "ended by: [court.preformed,", ["did you mean 'court.performed'?"]),
        ("clause: art-19", "clause: art-91", ["no clause under 'law'"]),
        ("AA: 1030..1049", "AA: 1030..1048", ["every value in one band, none in two"]),
        ("AA: 1030..1049", "AA: 1030-1049", ["expected a band as 0..15"]),
        ("D: to 599", "D: 0..599", ["the lowest band begins at 0"]),
        ("running: hours", "running: hour", ["did you mean 'hours'?"]),
        ("unless: direct", "unless: repair", ["stands above this one"]),
        ("until: 2 years after act", "until: 2 years after", ["expected"]),
        ("goodstanding: 1\n", "goodstanding: 2\n", ["'2'"]),
        ("- {at: 20, points: 5}", "- {at: 5, points: 5}", ["rising order"]),
    ],
)
def test_a_fault_is_answered_with_file_line_and_the_nearest_valid_word(folder, old, new, says):
    answer = altered(folder, old, new)
    text = (folder / "policy.yaml").read_text()
    assert answer.startswith(f"{folder}/policy.yaml:")
    line = int(answer.split(":")[1])
    found = text[: text.index(new)].count("\n") + 1 if new else line
    assert abs(line - found) <= 1
    assert all(part in answer for part in says)


def test_a_fault_in_the_items_names_the_items_file(folder):
    answer = altered(folder, "for: contract.default,", "for: contract.defualt,", "items-persons.yaml")
    assert "/items-persons.yaml:6: items.0.for" in answer
    assert "did you mean 'contract.default'?" in answer


def test_all_faults_are_told_at_once(folder):
    file = folder / "policy.yaml"
    file.write_text(file.read_text().replace("clause: art-20", "clause: art-99"))
    with pytest.raises(PolicyError) as answer:
        read_policy(folder)
    assert len(str(answer.value).splitlines()) >= 5


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: [1, 2", ":2: "),
        (b"a: 1\na: 2\n", ":2: found 'a' a second time"),
        (b"\xff\xfe", "not UTF-8"),
        (b"", "empty"),
        (b"- 1\n", "policy.yaml"),
        (b"a: &x [*x]\n", "expected every part written out"),
    ],
)
def test_a_file_that_does_not_parse_is_one_clear_message(tmp_path, content, says):
    (tmp_path / "policy.yaml").write_bytes(content)
    with pytest.raises(PolicyError, match=says):
        read_policy(tmp_path)


def test_a_folder_without_a_policy_says_so(tmp_path):
    with pytest.raises(PolicyError, match=r"policy\.yaml"):
        read_policy(tmp_path)
