"""YAML as the policy language takes it: text, lists and maps in one document, small enough to be read at once.

The events of the parser are taken one by one, so that nothing is built of a file that is refused: aliases (which can
stand for billions of parts), tags (which can stand for objects), depth and number without end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from goodstanding.facts.errors import InputError
from goodstanding.policy.expressions import character
from goodstanding.policy.scalars import refused

Path_ = tuple[str | int, ...]

MOST_PARTS, DEEPEST, LONGEST_KEY, LONGEST_TEXT = 100_000, 20, 200, 10_000
"""Of one file at most: lists, maps and texts; levels of them; characters of a key; characters of a text."""


class PolicyError(InputError):
    """A policy that cannot be used; one line for each fault, as `file:line: path: found ..., expected ...`."""


@dataclass
class Composer:
    """Builds plain values from a file's text, and keeps the line at which each part starts, by its path."""

    file: Path
    lines: dict[Path_, int] = field(default_factory=dict)
    count: int = 0

    def compose(self, content: bytes) -> Any:
        """Return what the file holds. Raises PolicyError with the first fault."""
        text = self._decoded(content)
        events = yaml.parse(text, Loader=yaml.CSafeLoader)
        try:
            return self._document(events)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{self.file}:{mark.line + 1}" if mark else str(self.file)
            raise PolicyError(f"{where}: {error.problem or error.context}; expected YAML") from None
        except yaml.YAMLError as error:
            raise PolicyError(f"{self.file}: {str(error).splitlines()[0]}; expected YAML") from None

    def _decoded(self, content: bytes) -> str:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise PolicyError(
                f"{self.file}:{line}: found byte {content[error.start]:02X}, which is not UTF-8; save the file as UTF-8"
            ) from None
        wrong = refused(text)
        if wrong is not None:
            self._fail(text.count("\n", 0, text.index(wrong)) + 1, (), f"found {character(wrong)}, expected plain text")
        return text

    def _document(self, events: Iterator[yaml.Event]) -> Any:
        value: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fail(_line(event), (), "found a second document ('---'), expected one in a file")
                value = self._part(next(events), events, ())
        if value in (None, ""):
            raise PolicyError(f"{self.file}:1: the file is empty, expected a policy")
        return value

    def _part(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path_) -> Any:
        line = self._plain(event, path)
        self.lines[path] = line
        if isinstance(event, yaml.ScalarEvent):
            return self._text(event, path)
        if len(path) >= DEEPEST:
            self._fail(line, (), f"found over {DEEPEST} lists and maps within each other, expected fewer")
        if isinstance(event, yaml.SequenceStartEvent):
            values: list[Any] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                values.append(self._part(event, events, (*path, len(values))))
            return values
        return self._map(events, path)

    def _map(self, events: Iterator[yaml.Event], path: Path_) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            line = self._plain(event, path)
            if not isinstance(event, yaml.ScalarEvent):
                self._fail(line, path, "found a list or a map as a key, expected a word")
            key = self._text(event, path)
            if len(key) > LONGEST_KEY:
                self._fail(line, path, f"found a key of {len(key):,} characters, expected at most {LONGEST_KEY}")
            if not key or key == "<<":
                self._fail(line, path, f"found {'a merge key (<<)' if key else 'an empty key'}, expected a word")
            if not key.isprintable():
                self._fail(line, path, f"found the key {key!r}, expected a word on one line")
            if key in values:
                self._fail(line, path, f"found {key!r} a second time, expected each key once")
            values[key] = self._part(next(events), events, (*path, key))
            self.lines[(*path, key)] = line
        return values

    def _plain(self, event: yaml.Event, path: Path_) -> int:
        """Return the line of an event that is text, a list or a map and nothing more."""
        line = _line(event)
        self.count += 1
        if self.count > MOST_PARTS:
            self._fail(line, (), f"found over {MOST_PARTS:,} parts, expected fewer in one file")
        if isinstance(event, yaml.AliasEvent):
            self._fail(line, path, f"found the alias *{str(event.anchor)[:40]}, expected every part written out")
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._fail(line, path, f"found the anchor &{str(event.anchor)[:40]}, expected every part written out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._fail(line, path, f"found the tag {tag[:60]!r}, expected a part without one")
        return line

    def _text(self, event: yaml.ScalarEvent, path: Path_) -> str:
        value: str = event.value
        wrong = refused(value) if event.style == '"' else None
        if wrong is not None:
            self._fail(_line(event), path, f"found {character(wrong)}, expected plain text")
        if len(value) > LONGEST_TEXT:
            found = f"found {len(value):,} characters, expected at most {LONGEST_TEXT:,} in one text"
            self._fail(_line(event), path, found)
        return value

    def _fail(self, line: int, path: Path_, message: str) -> NoReturn:
        where = f"{'.'.join(map(str, path))}: " if path else ""
        raise PolicyError(f"{self.file}:{line}: {where}{message}")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
