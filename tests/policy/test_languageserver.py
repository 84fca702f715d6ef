"""The language server as an editor drives it: over a pipe, with the framing of LSP."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from goodstanding.policy.starting import start


class Editor:
    """An editor with one open conversation."""

    def __init__(self):
        command = [Path(sys.executable).with_name("goodstanding"), "policy", "serve-editor"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.said = []
        self.number = self.version = 0

    def notify(self, method, **params):
        self.send(method=method, params=params)

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def heard(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def ask(self, method, **params):
        self.number += 1
        self.send(id=self.number, method=method, params=params)
        while (message := self.heard()).get("id") != self.number:
            self.said.append(message)
        return message

    def diagnostics(self, file):
        """What the server says of the last version of a file."""
        while True:
            for one in (message["params"] for message in self.said if "params" in message):
                if one["uri"] == file.as_uri() and one.get("version") == self.version:
                    return one["diagnostics"]
            self.said.append(self.heard())

    def open(self, file, text):
        self.version += 1
        document = {"uri": file.as_uri(), "languageId": "yaml", "version": self.version, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)

    def change(self, file, text):
        self.version += 1
        document = {"uri": file.as_uri(), "version": self.version}
        self.notify("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def complete(self, file, text, marker):
        """Offer words at the marker, which stands nowhere else and is taken out."""
        before = text[: text.index(marker)]
        self.change(file, text.replace(marker, "", 1))
        position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        answer = self.ask("textDocument/completion", textDocument={"uri": file.as_uri()}, position=position)
        return {one["label"]: one for one in answer["result"]}


@pytest.fixture
def editor():
    one = Editor()
    one.ask("initialize", processId=None, rootUri=None, capabilities={})
    one.notify("initialized")
    yield one
    one.process.stdin.close()
    one.process.stdout.close()
    one.process.wait(timeout=20)


@pytest.fixture
def policy(editor, tmp_path):
    start(tmp_path / "wharf")
    file = tmp_path / "wharf" / "policy.yaml"
    editor.open(file, file.read_text())
    editor.diagnostics(file)
    return file


def test_a_policy_without_faults_has_no_diagnostics(editor, policy):
    assert editor.diagnostics(policy) == []


def test_a_fault_is_told_on_its_line_while_it_is_typed_and_forgotten_when_it_is_mended(editor, policy):
    text = policy.read_text()
    editor.change(policy, text.replace("is: sum(points)", "is: sum(pionts)"))
    (fault,) = editor.diagnostics(policy)
    assert fault["severity"] == 1
    assert "did you mean 'points'?" in fault["message"]
    assert text.split("\n")[fault["range"]["start"]["line"]].strip() == "is: sum(points)"
    editor.change(policy, text)
    assert editor.diagnostics(policy) == []


def test_text_that_is_no_yaml_is_a_fault_with_its_line(editor, policy):
    editor.change(policy, policy.read_text() + "more: [1, 2\n")
    (fault,) = editor.diagnostics(policy)
    assert "expected YAML" in fault["message"]


def test_a_pitfall_is_a_warning(editor, policy):
    editor.change(policy, policy.read_text().replace("I-1:", "I-9:").replace("clause: I-1", "clause: I-9"))
    assert editor.diagnostics(policy) == []
    text = policy.read_text().replace("clause: art-2\n", "clause: art-1\n")
    editor.change(policy, text)
    assert {one["severity"] for one in editor.diagnostics(policy)} == {2}


def test_keys_are_completed_by_their_place(editor, policy):
    text = policy.read_text()
    inside_rule = editor.complete(policy, text.replace("    placed: act\n", "    plac§\n", 1), "§")
    assert {"placed", "superseded by", "counts", "clause"} <= set(inside_rule)
    assert "law" not in inside_rule
    assert {"decisions", "measures"} <= set(editor.complete(policy, text + "\ndec§", "§"))
    assert {"from", "until", "if", "again"} <= set(editor.complete(policy, text.replace("{from: act, ", "{§", 1), "§"))
    assert {"of", "bands", "clause"} <= set(editor.complete(policy, text.replace("- {of: total,", "- {§", 1), "§"))


def test_names_are_completed_inside_expressions(editor, policy):
    text = policy.read_text()
    offered = editor.complete(policy, text.replace("is: sum(points)", "is: sum(§"), "§")
    assert {"points", "accident", "fine", "total", "sum", "round"} <= set(offered)
    assert offered["points"]["detail"] in ("accounts", "tables")
    assert "severity" in editor.complete(policy, text.replace("points[severity]", "points[§"), "§")
    assert {"art-1", "I-1"} <= set(editor.complete(policy, text.replace("clause: art-2", "clause: §", 1), "§"))
    assert "fire.fine" in editor.complete(policy, text.replace("for: fire.fine", "for: §"), "§")


def test_examples_complete_their_own_keys(editor, policy):
    file = policy.with_name("examples.yaml")
    text = file.read_text()
    editor.open(file, text)
    offered = editor.complete(file, text + "- name: One more\n  §", "§")
    assert {"records", "expect", "on"} <= set(offered)


def test_a_fault_in_examples_is_told_before_they_are_saved(editor, policy):
    file = policy.with_name("examples.yaml")
    editor.open(file, file.read_text().replace("kind: fire.fine", "kind: fire.fein", 1))
    (fault,) = editor.diagnostics(file)
    assert "did you mean 'fire.fine'?" in fault["message"]
    assert fault["range"]["start"]["line"] > 0


def test_files_that_belong_to_no_policy_are_left_alone(editor, tmp_path):
    file = tmp_path / "compose.yaml"
    editor.open(file, "services: [")
    assert editor.diagnostics(file) == []
    assert editor.complete(file, "ser§", "§") == {}


def test_what_is_typed_fast_is_checked_once_and_questions_are_answered_first(editor, policy):
    text = policy.read_text()
    said = len(editor.said)
    for count in range(20):
        editor.change(policy, text + f"# {count}\n")
    answer = editor.ask(
        "textDocument/hover", textDocument={"uri": policy.as_uri()}, position={"line": 4, "character": 1}
    )
    assert answer["result"]
    assert editor.diagnostics(policy) == []
    assert len(editor.said) - said <= 3


def test_hovering_tells_the_words_of_a_name(editor, policy):
    def hovered(part):
        lines = policy.read_text().split("\n")
        at = next(number for number, line in enumerate(lines) if part in line and not line.strip().startswith("#"))
        position = {"line": at, "character": lines[at].index(part) + len(part) - 1}
        answer = editor.ask("textDocument/hover", textDocument={"uri": policy.as_uri()}, position=position)
        return answer["result"]["contents"]["value"]

    assert "total of the points" in hovered("of: total")
    assert "fire service fine" in hovered("for: fire.fine")
    assert "art. 3" in hovered("clause: art-3")
    assert "of amounts" in hovered("is: sum")
    assert "(key)" in hovered("  ladders")


def test_a_method_that_is_not_served_is_answered_with_an_error(editor):
    assert editor.ask("textDocument/rename", textDocument={"uri": "file:///x/policy.yaml"})["error"]["code"] == -32601
    answer = editor.ask("textDocument/hover", textDocument={"uri": "file:///no/where.yaml"}, position={"line": 0})
    assert answer["error"]["code"] == -32603


def test_the_server_leaves_with_0_after_shutdown_and_with_1_without(editor):
    assert editor.ask("shutdown")["result"] is None
    editor.notify("exit")
    assert editor.process.wait(timeout=20) == 0
    other = Editor()
    other.process.stdin.close()
    assert other.process.wait(timeout=20) == 1
    other.process.stdout.close()
