"""The one layout of a policy's files: order of keys, quotes, indentation; comments stay where they belong.

A file is read into a tree with its comments and written anew. Parts that are named by their author keep their order,
for it has meaning; the keys of the language stand in the order of the language. What was written in braces stays in
braces where it fits in a few lines. The result is read again and compared: what would change the
meaning is refused.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from goodstanding.policy.reader import PolicyError, parse_yaml
from goodstanding.policy.shapes import Shape, shape_of

WIDTH, BRACES, MOST_LINES = 120, 140, 3
"""Characters of a line of text and of a line in braces, and lines in braces before they are written as a block."""

PLAIN = (None, "")
"""What the parsers call a scalar without quotes."""


@dataclass
class _Comment:
    """A comment where it was found; `own` where nothing else stands on its line."""

    index: int
    line: int
    column: int
    text: str
    own: bool


@dataclass
class _Entry:
    """A line of a block: a pair of a mapping or an item of a sequence, with the comments that go with it."""

    key: yaml.ScalarNode | None
    value: yaml.Node
    index: int
    line: int
    column: int
    before: list[str] = field(default_factory=list)
    trailing: str = ""
    after: list[str] = field(default_factory=list)


def laid_out(file: Path, content: bytes, shape: Shape) -> bytes:
    """Return a file's content in the one layout.

    Raises PolicyError where the file does not parse, or its meaning or a comment would not stay the same.
    """
    before = parse_yaml(file, content).value
    text = content.decode("utf-8-sig")
    document = _Document(file, text)
    result = document.written(shape).encode("utf-8")
    if not _same(before, parse_yaml(file, result).value, shape):
        raise PolicyError(f"{file}: cannot be laid out anew without a change of meaning; it was left as it is")
    found = _Document(file, result.decode("utf-8")).comments
    if sorted(one.text for one in found) != sorted(one.text for one in document.comments):
        raise PolicyError(f"{file}: cannot be laid out anew without losing a comment; it was left as it is")
    return result


def files_of(folder: Path) -> dict[Path, Shape]:
    """Return the files of a policy that have a layout, each with its shape."""
    main = folder / "policy.yaml"
    if not main.is_file():
        raise PolicyError(f"{folder}: expected a folder with a policy.yaml in it")
    value = parse_yaml(main, main.read_bytes()).value
    items = value.get("items", []) if isinstance(value, dict) else []
    names = [one for one in ([items] if isinstance(items, str) else items) if isinstance(one, str)]
    files = [main, *(folder / name for name in names if (folder / name).is_file())]
    return {file: shape_of(file.name) for file in (*files, *sorted(folder.glob("examples*.yaml")))}


def _same(before: Any, after: Any, shape: Shape) -> bool:
    """Whether two values are equal, also in the order of the names that their author chose."""
    if isinstance(before, dict) and isinstance(after, dict):
        kept = shape.order("object") or list(before) == list(after)
        inside = all(_same(value, after.get(key), shape.key(key)) for key, value in before.items())
        return bool(kept) and before.keys() == after.keys() and inside
    if isinstance(before, list) and isinstance(after, list):
        item = shape.item(bool(before) and isinstance(before[0], dict))
        return len(before) == len(after) and all(_same(*pair, item) for pair in zip(before, after, strict=True))
    return bool(before == after)


class _Document:
    def __init__(self, file: Path, text: str) -> None:
        self.file, self.text = file, text
        self.lines = text.splitlines()
        self.comments = list(self._scan())
        self.root: yaml.Node = yaml.compose(text, Loader=yaml.CSafeLoader) or yaml.ScalarNode("", "")
        self.entries: dict[int, list[_Entry]] = {}
        order: list[_Entry] = []
        self._gather(self.root, order)
        self.head: list[str] = []
        self._attach(order)

    def _scan(self) -> Iterator[_Comment]:
        end = 0
        for token in yaml.scan(self.text, Loader=yaml.CSafeLoader):
            yield from self._between(end, token.start_mark.index)
            end = max(end, token.end_mark.index)
            style = getattr(token, "style", None)
            header = self.text[token.start_mark.index : end].partition("\n")[0]
            if style in ("|", ">") and "#" in header:
                line = token.start_mark.line + 1
                raise PolicyError(f"{self.file}:{line}: move the comment behind {style!r} to a line of its own")
        yield from self._between(end, len(self.text))

    def _between(self, start: int, end: int) -> Iterator[_Comment]:
        if start >= end or "#" not in self.text[start:end]:
            return
        for match in re.finditer(r"#[^\n]*", self.text[start:end]):
            index = start + match.start()
            opening = self.text.rfind("\n", 0, index) + 1
            line = self.text.count("\n", 0, index)
            own = not self.text[opening:index].strip()
            yield _Comment(index, line, index - opening, match[0].rstrip(), own)

    def _gather(self, node: yaml.Node, order: list[_Entry]) -> None:
        if not isinstance(node, yaml.CollectionNode) or (node.flow_style and not self._commented(node)):
            return
        found = self.entries.setdefault(id(node), [])
        for child in node.value:
            key, value = child if isinstance(node, yaml.MappingNode) else (None, child)
            start = (key or value).start_mark
            column = start.column if key else node.start_mark.column
            entry = _Entry(key, value, start.index, start.line, column)
            found.append(entry)
            order.append(entry)
            self._gather(value, order)

    def _commented(self, node: yaml.Node) -> bool:
        return bool(node.value) and any(
            node.start_mark.index < one.index < node.end_mark.index for one in self.comments
        )

    def _attach(self, order: list[_Entry]) -> None:
        taken: set[int] = set()
        for one in self.comments:
            earlier = [entry for entry in order if entry.index < one.index]
            if not one.own and earlier and not earlier[-1].trailing:
                earlier[-1].trailing = one.text
                continue
            text = [""] * self._blank_above(one.line) + [one.text]
            following = next((entry for entry in order if entry.index > one.index), None)
            level = next((entry for entry in reversed(earlier) if entry.column == one.column), None)
            if not earlier:
                self.head += text
            elif following and (one.column <= following.column or level is None):
                following.before += text
            else:
                (level or earlier[0]).after += text
        for entry in order:
            if self._blank_above(entry.line) and entry.line not in taken and entry is not order[0]:
                entry.before.append("")
            taken.add(entry.line)
        if order and self.head and self._blank_above(order[0].line):
            self.head.append("")

    def _blank_above(self, line: int) -> bool:
        return line > 0 and not self.lines[line - 1].strip()

    def written(self, shape: Shape) -> str:
        """Return the whole document anew."""
        body = self._block(self.root, 0, shape) if self._is_block(self.root) else [self._inline(self.root, shape)]
        return "\n".join([*(line.rstrip() for line in _single(self.head, body))]) + "\n"

    def _is_block(self, node: yaml.Node) -> bool:
        return id(node) in self.entries

    def _block(self, node: yaml.Node, indent: int, shape: Shape) -> list[str]:
        entries = self.entries.get(id(node)) or _plain_entries(node)
        mapping = isinstance(node, yaml.MappingNode)
        if mapping:
            entries = shape.sorted(entries, lambda entry: entry.key.value if entry.key else "")
        lines: list[str] = []
        for entry in entries:
            before = list(entry.before)
            if indent == 0 and mapping and entry.key and shape.is_part(entry.key.value) and before[:1] != [""]:
                before.insert(0, "")
            if not lines and before[:1] == [""]:
                before.pop(0)
            lines += [" " * indent + text if text else "" for text in before]
            lines += self._entry(entry, indent, shape)
            lines += [" " * indent + text if text else "" for text in entry.after]
        return lines

    def _entry(self, entry: _Entry, indent: int, shape: Shape) -> list[str]:
        if entry.key is not None:
            opening, inner = f"{_scalar(entry.key, 'key')}:", shape.key(entry.key.value)
        else:
            opening, inner = "-", shape.item(isinstance(entry.value, yaml.MappingNode))
        start = " " * indent + opening
        value = entry.value
        if self._is_block(value):
            return self._nested(start, entry, indent, inner)
        if isinstance(value, yaml.ScalarNode):
            lines = _scalar_lines(start, value, indent)
        else:
            lines = self._braces(start, value, inner)
            if not lines:
                return self._nested(start, entry, indent, inner)
        at = 0 if isinstance(value, yaml.ScalarNode) and len(lines) > 1 else -1
        if entry.trailing and at == 0:
            return [" " * indent + entry.trailing, *lines]
        lines[at] += f"  {entry.trailing}" if entry.trailing else ""
        return lines

    def _nested(self, start: str, entry: _Entry, indent: int, shape: Shape) -> list[str]:
        lines = self._block(entry.value, indent + 2, shape)
        comment = f"  {entry.trailing}" if entry.trailing else ""
        if entry.key is None and not comment and lines[0].strip()[:1] != "#":
            return [start + " " + lines[0].lstrip(), *lines[1:]]
        return [start + comment, *lines]

    def _braces(self, start: str, node: yaml.Node, shape: Shape) -> list[str]:
        """Write something in braces in a few lines; nothing where it takes more."""
        opening, closing = "{}" if isinstance(node, yaml.MappingNode) else "[]"
        parts = self._parts(node, shape)
        line = f"{start} {opening}"
        margin = " " * len(line)
        lines = []
        for at, part in enumerate(parts):
            text = part + ("," if at < len(parts) - 1 else closing)
            room = line.strip() and not line.endswith(opening) and line != margin
            if room and len(line) + 1 + len(text) > BRACES:
                lines.append(line)
                line = margin + text
            else:
                line += (" " if room else "") + text
        lines.append(line if parts else line + closing)
        fits = len(lines) <= MOST_LINES and all(len(one) <= BRACES for one in lines)
        return lines if fits or not parts else []

    def _parts(self, node: yaml.Node, shape: Shape) -> list[str]:
        if isinstance(node, yaml.MappingNode):
            pairs = shape.sorted(node.value, lambda pair: pair[0].value)
            return [
                f"{_scalar(key, 'key')}: {self._inline(value, shape.key(key.value))}".rstrip() for key, value in pairs
            ]
        return [self._inline(value, shape.item(isinstance(value, yaml.MappingNode))) for value in node.value]

    def _inline(self, node: yaml.Node, shape: Shape) -> str:
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node, "flow")
        opening, closing = "{}" if isinstance(node, yaml.MappingNode) else "[]"
        return opening + ", ".join(self._parts(node, shape)) + closing


def _plain_entries(node: yaml.Node) -> list[_Entry]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else [(None, value) for value in node.value]
    return [_Entry(key, value, 0, 0, 0) for key, value in pairs]


def _single(head: list[str], body: list[str]) -> Iterator[str]:
    """Yield all lines, never two empty ones in a row, none at the beginning."""
    last = ""
    for line in (*head, *body):
        if line or last:
            yield line
        last = line


def _scalar_lines(start: str, node: yaml.ScalarNode, indent: int) -> list[str]:
    """Write a scalar behind its key: on the line where it fits, else folded; line by line where it has several."""
    value = node.value
    inline = f"{start} {_scalar(node, 'block')}".rstrip()
    body = value.rstrip("\n")
    chomp = {0: "-", 1: ""}.get(len(value) - len(body), "+")
    margin = " " * (indent + 2)
    if "\n" in body and not re.search(r"^\s|[ \t]$", body, re.M) and chomp != "+":
        return [f"{start} |{chomp}", *((margin + line).rstrip() for line in body.split("\n"))]
    even = "\n" not in body and " " in body and body == " ".join(body.split(" ")).strip() and "  " not in body
    if not even or chomp == "+" or (len(inline) <= WIDTH and chomp != ""):
        return [inline]
    wrapped = textwrap.wrap(body, WIDTH - len(margin), break_long_words=False, break_on_hyphens=False)
    return [f"{start} >{chomp}", *(margin + line for line in wrapped)]


def _scalar(node: yaml.ScalarNode, context: str) -> str:
    """Write a scalar on one line: plain where that reads the same, and the same for other readers of YAML."""
    value = str(node.value)
    if value == "" and node.style in PLAIN:
        return ""
    typed = _tag(value) != "tag:yaml.org,2002:str"
    if _plain(value, context) and (node.style in PLAIN or not typed):
        return value
    if ('"' in value or "\\" in value) and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)


@cache
def _tag(value: str) -> str:
    resolver: Any = yaml.resolver.Resolver()
    return str(resolver.resolve(yaml.ScalarNode, value, (True, False)))


@cache
def _plain(value: str, context: str) -> bool:
    """Whether a text can stand without quotes."""
    if not value.isprintable():
        return False
    text = {"key": f"{{{value}: 1}}", "flow": f"[{value}]", "block": f"- {value}"}[context]
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return False
    if not isinstance(node, yaml.CollectionNode) or len(node.value) != 1:
        return False
    found = node.value[0][0] if isinstance(node, yaml.MappingNode) else node.value[0]
    return isinstance(found, yaml.ScalarNode) and found.style in PLAIN and found.value == value
