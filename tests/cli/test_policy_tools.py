"""The commands for authors of policies, as a user meets them: a process of its own, exit codes and messages."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from goodstanding.facts.shipped import shipped

POLICIES = shipped("policies")


def policy(*arguments):
    command = [Path(sys.executable).with_name("goodstanding"), "policy", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def wharf(tmp_path):
    assert policy("new", tmp_path / "wharf").returncode == 0
    return tmp_path / "wharf"


def altered(folder, old, new):
    file = folder / "policy.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


@pytest.mark.parametrize("command", ["new", "schema", "format", "check", "diff", "show", "serve-editor"])
def test_every_command_has_help_with_an_example(command):
    answer = policy(command, "--help")
    assert "Example:" in answer.stdout
    assert f"goodstanding policy {command}" in answer.stdout


def test_a_new_policy_passes_check_and_test_at_once_and_is_laid_out(wharf):
    assert policy("check", "--strict", wharf).stdout.startswith("wharf 1 ")
    assert policy("test", wharf).returncode == 0
    assert policy("format", "--check", wharf).returncode == 0
    first = (wharf / "policy.yaml").read_text().split("\n")[0]
    assert first == "# yaml-language-server: $schema=policy.schema.json"
    assert (wharf / "policy.schema.json").read_text() == policy("schema").stdout
    assert "# wharf" in (wharf / "README.md").read_text()


def test_a_new_policy_is_not_written_over_what_is_there(wharf):
    before = (wharf / "policy.yaml").read_text()
    answer = policy("new", wharf)
    assert answer.returncode == 2
    assert "exists already" in answer.stderr
    assert (wharf / "policy.yaml").read_text() == before


def test_a_name_that_can_be_no_id_is_refused(tmp_path):
    answer = policy("new", tmp_path / "My Policy")
    assert answer.returncode == 2
    assert "small letters" in answer.stderr
    assert not list(tmp_path.iterdir())


def test_format_changes_files_only_without_check(wharf):
    altered(wharf, "id: wharf", "id:   'wharf'")
    before = (wharf / "policy.yaml").read_text()
    answer = policy("format", "--check", wharf)
    assert answer.returncode == 1
    assert "policy.yaml: would be laid out anew" in answer.stdout
    assert (wharf / "policy.yaml").read_text() == before
    assert policy("format", wharf).returncode == 0
    assert "id: wharf\n" in (wharf / "policy.yaml").read_text()
    assert policy("format", wharf).stdout == "2 files, 0 changed\n"


def test_warnings_name_file_and_line_and_are_fatal_only_when_strict(wharf):
    altered(wharf, "    clause: art-4\n", "    clause: art-3\n")
    answer = policy("check", wharf)
    assert answer.returncode == 0
    assert re.search(r"^warning: .*policy\.yaml:\d+: law\.art-4: .* \[uncited\]$", answer.stdout, re.M)
    assert policy("check", "--strict", wharf).returncode == 1


def test_diff_tells_differences_with_clause_and_examples_that_turn(wharf, tmp_path):
    assert policy("new", tmp_path / "other" / "wharf").returncode == 0
    other = tmp_path / "other" / "wharf"
    same = policy("diff", wharf, other)
    assert (same.returncode, same.stdout) == (0, "0 differences; 0 examples with another outcome\n")
    altered(other, 'general: "4"', 'general: "3"')
    answer = policy("diff", wharf, other)
    assert answer.returncode == 1
    assert "tables\n  points.map.general (Template rules art. 1): 4 → 3\n" in answer.stdout
    assert "Points still count on the last day" in answer.stdout
    assert "expected 4, found 3" in answer.stdout
    assert answer.stdout.endswith("1 difference; 1 example with another outcome\n")
    told = json.loads(policy("diff", "--json", wharf, other).stdout)
    assert told["differences"] == [
        {"path": ["tables", "points", "map", "general"], "clause": "Template rules art. 1", "old": "4", "new": "3"}
    ]
    assert len(told["examples"]) == 1


class Page(HTMLParser):
    """Collects what a page refers to, and whether its tables have captions."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tags, self.outside = set(), set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self.ids |= {given["id"]} if "id" in given else set()
        self.links |= {given["href"]} if "href" in given else set()
        self.outside += [given[key] for key in ("src", "srcset") if key in given]


@pytest.mark.parametrize("language", ["en", "nl", "zh"])
def test_show_writes_a_page_that_stands_alone(tmp_path, language):
    file = tmp_path / "page.html"
    answer = policy("show", POLICIES / "uk-food-hygiene", "--language", language, "--html", file)
    assert answer.returncode == 0, answer.stderr
    text = file.read_text()
    page = Page(text)
    assert page.outside == []
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert page.tags.count("table") == page.tags.count("caption") > 3
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert "<em>" in text
    assert 'name="viewport"' in text
    assert f'<html lang="{"zh-Hans" if language == "zh" else language}">' in text


def test_a_page_that_cannot_be_written_is_one_message(tmp_path):
    answer = policy("show", POLICIES / "uk-food-hygiene", "--html", tmp_path / "no" / "page.html")
    assert answer.returncode == 2
    assert "cannot be written" in answer.stderr


@pytest.mark.parametrize("command", [["check"], ["format"], ["show"], ["diff", "nowhere"]])
def test_a_folder_that_is_not_there_is_one_message_and_exit_code_2(tmp_path, command):
    answer = policy(*command, tmp_path / "nowhere")
    assert answer.returncode == 2
    assert "policy.yaml" in answer.stderr
    assert "Traceback" not in answer.stderr
