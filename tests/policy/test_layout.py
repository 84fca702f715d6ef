"""The one layout of a policy's files: meaning and comments stay, and a second time nothing changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.facts.shipped import shipped
from goodstanding.policy.layout import files_of, laid_out
from goodstanding.policy.reader import PolicyError, parse_yaml
from goodstanding.policy.starting import start

FOLDERS = sorted(folder for folder in shipped("policies").iterdir() if (folder / "policy.yaml").is_file())


@pytest.fixture
def folder(tmp_path):
    start(tmp_path / "wharf")
    return tmp_path / "wharf"


def formatted(folder, content, name="policy.yaml"):
    file = folder / name
    return laid_out(file, content.encode(), files_of(folder)[file]).decode()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_shipped_files_keep_their_meaning_and_a_second_time_nothing_changes(folder):
    for file, shape in files_of(folder).items():
        before = file.read_bytes()
        once = laid_out(file, before, shape)
        assert parse_yaml(file, once).value == parse_yaml(file, before).value
        assert laid_out(file, once, shape) == once


def test_a_new_policy_is_laid_out_already(folder):
    for file, shape in files_of(folder).items():
        assert laid_out(file, file.read_bytes(), shape) == file.read_bytes()


def test_keys_of_the_language_take_its_order_and_names_of_the_author_keep_theirs(folder):
    result = formatted(
        folder,
        "# the head stays on top\nlaw:\n  z: {words: {zh: z, en: z, nl: z}, cite: Z}\n"
        "  a: {cite: A, words: {en: a, nl: a, zh: a}}\n"
        "id: x\ngoodstanding: 1\n",
    )
    assert result == (
        "# the head stays on top\ngoodstanding: 1\nid: x\n\nlaw:\n"
        "  z: {cite: Z, words: {en: z, nl: z, zh: z}}\n  a: {cite: A, words: {en: a, nl: a, zh: a}}\n"
    )


COMMENTS = """\
goodstanding: 1

# about the law

law: # behind the key
    # of the first
    a: {cite: A, # inside braces
        read: x}   # behind the first
    b:
        # within
        cite: B
        # last within
    # last of the law
id: x
# at the end
"""


def test_every_comment_stays_with_its_part(folder):
    assert formatted(folder, COMMENTS) == (
        "goodstanding: 1\nid: x\n# at the end\n\n# about the law\n\nlaw:  # behind the key\n  # of the first\n  a:\n"
        "    cite: A  # inside braces\n    read: x  # behind the first\n  b:\n    # within\n    cite: B\n"
        "    # last within\n  # last of the law\n"
    )


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("id: 'plain'", "id: plain"),
        ('version: "1"', 'version: "1"'),
        ("version: '1.0'", 'version: "1.0"'),
        ("id: 'a: b'", 'id: "a: b"'),
        ("id: 'say \"x\": y'", "id: 'say \"x\": y'"),
        ('id: "yes"', 'id: "yes"'),
        ("id: ''", 'id: ""'),
        ("subjects: [ person ,thing]", "subjects: [person, thing]"),
        ("subjects:\n- person\n- thing", "subjects:\n  - person\n  - thing"),
        ("items: [\n  # none yet\n]", "items: []\n# none yet"),
        ("id: x\r\nversion: y\r\n", "id: x\nversion: y"),
        ("about: {en: >-\n  x}", None),
        ("about:\n    en: |\n        one\n        two\n", "about:\n  en: |\n    one\n    two"),
        ("about:\n    en: >-\n        short\n        text\n", "about:\n  en: short text"),
    ],
)
def test_a_scalar_is_written_in_one_way(folder, written, becomes):
    if becomes is None:
        with pytest.raises(PolicyError):
            formatted(folder, written)
    else:
        assert formatted(folder, written) == becomes + "\n"


def test_braces_that_grow_too_long_are_broken_and_then_written_as_a_block(folder):
    words = "{en: " + "a" * 60 + ", nl: " + "b" * 60 + ", zh: " + "c" * 60 + "}"
    assert formatted(folder, f"title: {words}").count("\n") == 2
    long = words.replace("a" * 60, "a" * 160)
    assert formatted(folder, f"title: {long}").startswith("title:\n  en: aaa")


def test_a_comment_that_would_be_lost_is_refused(folder):
    with pytest.raises(PolicyError, match=r"policy\.yaml:2: move the comment"):
        formatted(folder, "about:\n  en: >- # why\n    text\n")


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C",)) | st.sampled_from(" '\":#-{}[]>|,"), max_size=40)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["en", "nl", "zh"]), TEXT, min_size=1))
def test_any_text_keeps_its_value(tmp_path_factory, words):
    folder = tmp_path_factory.mktemp("p")
    file = folder / "policy.yaml"
    file.write_text("id: x\n")
    quoted = {key: "'" + text.replace("'", "''") + "'" for key, text in words.items()}
    for content in (
        "title: {" + ", ".join(f"{key}: {text}" for key, text in quoted.items()) + "}\n",
        "title:\n" + "".join(f"  {key}: {text}\n" for key, text in quoted.items()),
    ):
        try:
            before = parse_yaml(file, content.encode()).value
        except PolicyError:
            continue
        result = formatted(folder, content)
        assert parse_yaml(file, result.encode()).value == before
        assert formatted(folder, result) == result
