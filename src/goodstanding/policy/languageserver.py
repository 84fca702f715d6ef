"""A language server for policies over two streams: JSON-RPC 2.0 with the framing and the methods of LSP 3.17.

It tells faults and warnings of the folder around an open file, completes, and says what a name means. Texts that are
open in the editor stand in the place of those on disk.
"""

from __future__ import annotations

import json
import queue
import re
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World
from goodstanding.policy import offering
from goodstanding.policy.examples import read_examples
from goodstanding.policy.pitfalls import warnings
from goodstanding.policy.reader import PolicyError, parse_yaml, policy_from

_FAULT, _WARNING = 1, 2
_LINE = re.compile(r"^(?P<file>.+?\.yaml):(?:(?P<line>\d+):)?\s*(?P<message>.*)$", re.S)
_NOT_FOUND, _BROKEN, _INVALID = -32601, -32603, -32600
LONGEST, PAUSE = 10_000_000, 0.15
"""Bytes of one message at most, and seconds without one after which what was typed is checked."""


class Server:
    """Serves one editor until it says `exit` or goes away."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        """Listen on one stream and answer on the other."""
        self.source, self.sink = source, sink
        self.texts: dict[Path, str] = {}
        self.versions: dict[Path, int | None] = {}
        self.waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.changed: set[Path] = set()
        self.policies: dict[Path, Any] = {}
        self.told: dict[Path, set[Path]] = {}
        self.ready = self.stopping = False
        self.catalogue = catalogue(World.SYNTHETIC)

    def run(self) -> int:
        """Serve; return 0 where the editor said `shutdown` before `exit`, else 1.

        What was typed is checked when the editor pauses: questions that arrive behind it are answered first.
        """
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            try:
                message = self.waiting.get(timeout=PAUSE if self.changed else None)
            except queue.Empty:
                self._check_changed()
                continue
            if message is None or message.get("method") == "exit":
                return int(not self.stopping)
            self._handle(message)

    def _listen(self) -> None:
        message: dict[str, Any] | None = {}
        while message is not None and message.get("method") != "exit":
            message = self._received()
            self.waiting.put(message)

    def _check_changed(self) -> None:
        folders, self.changed = self.changed, set()
        for folder in sorted(folders):
            self._check(folder)

    def _received(self) -> dict[str, Any] | None:
        length = 0
        while line := self.source.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        if not 0 < length <= LONGEST:
            return None
        try:
            message = json.loads(self.source.read(length))
        except ValueError:
            return None
        return message if isinstance(message, dict) else None

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode("utf-8")
        self.sink.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.sink.flush()

    def _handle(self, message: dict[str, Any]) -> None:
        method, params, asked = str(message.get("method")), message.get("params") or {}, message.get("id")
        handlers: Mapping[str, Callable[[Any], Any]] = {
            "initialize": self._initialize,
            "shutdown": self._shutdown,
            "textDocument/didOpen": self._opened,
            "textDocument/didChange": self._changed,
            "textDocument/didSave": self._saved,
            "textDocument/didClose": self._closed,
            "textDocument/completion": self._completion,
            "textDocument/hover": self._hover,
        }
        if method not in handlers or (asked is not None and not self.ready and method != "initialize"):
            if asked is not None:
                error = {"code": _NOT_FOUND if self.ready else _INVALID, "message": f"{method}: not served"}
                self._send(id=asked, error=error)
            return
        try:
            result = handlers[method](params)
        except Exception as error:  # a question that cannot be answered does not end the conversation
            if asked is not None:
                self._send(id=asked, error={"code": _BROKEN, "message": f"{method}: {error!r}"})
            return
        if asked is not None:
            self._send(id=asked, result=result)

    def _initialize(self, _: Any) -> Any:
        self.ready = True
        return {
            "capabilities": {
                "positionEncoding": "utf-16",
                "textDocumentSync": {"openClose": True, "change": 1, "save": True},
                "completionProvider": {"triggerCharacters": [" ", "(", "[", "{", ":"]},
                "hoverProvider": True,
            },
            "serverInfo": {"name": "goodstanding"},
        }

    def _shutdown(self, _: Any) -> None:
        self.stopping = True

    def _opened(self, params: Any) -> None:
        self._take(params["textDocument"], params["textDocument"]["text"])

    def _changed(self, params: Any) -> None:
        self._take(params["textDocument"], params["contentChanges"][-1]["text"])

    def _saved(self, params: Any) -> None:
        self.changed.add(_file(params["textDocument"]["uri"]).parent)

    def _closed(self, params: Any) -> None:
        file = _file(params["textDocument"]["uri"])
        self.texts.pop(file, None)
        self.changed.add(file.parent)

    def _take(self, document: Any, text: str) -> None:
        file = _file(document["uri"])
        self.texts[file], self.versions[file] = text, document.get("version")
        self.changed.add(file.parent)

    def _content(self, file: Path) -> bytes:
        return self.texts[file].encode("utf-8") if file in self.texts else file.read_bytes()

    def _check(self, folder: Path) -> None:
        """Publish what there is to say of every file of a folder; clear what was said before and is so no more."""
        found = self._diagnostics(folder) if self._is_policy(folder) else {}
        for file in {*found, *self.told.get(folder, set()), *(one for one in self.texts if one.parent == folder)}:
            params = {"uri": file.as_uri(), "diagnostics": found.get(file, [])}
            version = self.versions.get(file) if file in self.texts else None
            self._send(
                method="textDocument/publishDiagnostics",
                params=params if version is None else params | {"version": version},
            )
        self.told[folder] = set(found)

    def _is_policy(self, folder: Path) -> bool:
        main = folder / "policy.yaml"
        return main in self.texts or main.is_file()

    def _diagnostics(self, folder: Path) -> dict[Path, list[dict[str, Any]]]:
        found: dict[Path, list[dict[str, Any]]] = {}

        def tell(file: Path, line: int, message: str, severity: int) -> None:
            found.setdefault(file, []).append(self._diagnostic(file, line, message, severity))

        def faults(error: InputError) -> None:
            for line in str(error).split("\n"):
                match = _LINE.match(line)
                file = Path(match["file"]) if match else folder / "policy.yaml"
                tell(file, int(match["line"] or 1) if match else 1, match["message"] if match else line, _FAULT)

        try:
            loaded = policy_from(self._gathered(folder), folder)
            for one in warnings(loaded, self.catalogue):
                tell(one.file, one.line, f"{one.pitfall.message} [{one.pitfall.name}]", _WARNING)
        except InputError as error:
            faults(error)
        try:
            self._read_examples(folder)
        except InputError as error:
            faults(error)
        return found

    def _read_examples(self, folder: Path) -> None:
        """Read the examples of a folder as the editor has them. Raises PolicyError where one is none."""
        file = folder / "examples.yaml"
        if file not in self.texts:
            read_examples(folder, self.catalogue)
            return
        with tempfile.TemporaryDirectory() as copy:
            (Path(copy) / file.name).write_text(self.texts[file], "utf-8")
            try:
                read_examples(Path(copy), self.catalogue)
            except PolicyError as error:
                raise PolicyError(str(error).replace(copy, str(folder))) from None

    def _gathered(self, folder: Path) -> dict[str, bytes]:
        """Return the contents of a policy's files by name, as the reader takes them; keep its plain value."""
        contents: dict[str, bytes] = {}
        for prefix, place in (("", folder), *((f"{base.name}/", base) for base in self._bases(folder))):
            main = place / "policy.yaml"
            try:
                contents[prefix + "policy.yaml"] = self._content(main)
            except OSError as error:
                raise PolicyError(f"{main}:1: cannot be read ({error.strerror})") from None
            value = parse_yaml(main, contents[prefix + "policy.yaml"]).value
            self.policies[place] = value if isinstance(value, dict) else {}
            items = self.policies[place].get("items", [])
            for name in [items] if isinstance(items, str) else items:
                if isinstance(name, str) and (place / name).is_file() and Path(name).name == name:
                    contents[prefix + name] = self._content(place / name)
        return contents

    def _bases(self, folder: Path) -> list[Path]:
        main = folder / "policy.yaml"
        value = parse_yaml(main, self._content(main)).value if main in self.texts or main.is_file() else {}
        base = value.get("based on") if isinstance(value, dict) else None
        return [folder.parent / base] if isinstance(base, str) and (folder.parent / base).is_dir() else []

    def _diagnostic(self, file: Path, line: int, message: str, severity: int) -> dict[str, Any]:
        try:
            lines = self._content(file).decode("utf-8").split("\n")
        except (OSError, UnicodeDecodeError):
            lines = []
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        start = {"line": line - 1, "character": len(text) - len(text.lstrip())}
        end = {"line": line - 1, "character": _units(text.rstrip())}
        return {
            "range": {"start": start, "end": end},
            "severity": severity,
            "source": "goodstanding",
            "message": message,
        }

    def _at(self, params: Any) -> tuple[Path, str, int, int]:
        file = _file(params["textDocument"]["uri"])
        text, at = self._content(file).decode("utf-8"), params["position"]
        lines = text.split("\n")
        line = lines[at["line"]] if at["line"] < len(lines) else ""
        return file, text, at["line"], _characters(line, at["character"])

    def _completion(self, params: Any) -> Any:
        file, text, line, character = self._at(params)
        if not self._is_part(file):
            return []
        offers = offering.offers(text, line, character, self.policies.get(file.parent), self.catalogue, file.name)
        return [{"label": one.word, "detail": one.what, "documentation": one.means} for one in offers]

    def _is_part(self, file: Path) -> bool:
        """Whether a file is one of a policy: the policy itself, its examples, or items that it names."""
        items = (self.policies.get(file.parent) or {}).get("items", [])
        named = [items] if isinstance(items, str) else items
        part = file.name == "policy.yaml" or file.name.startswith("examples") or file.name in named
        return part and self._is_policy(file.parent)

    def _hover(self, params: Any) -> Any:
        file, text, line, character = self._at(params)
        if not self._is_part(file):
            return None
        told = offering.meaning(text, line, character, self.policies.get(file.parent), self.catalogue, file.name)
        return {"contents": {"kind": "markdown", "value": told}} if told else None


def _file(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


def _units(text: str) -> int:
    """Return the length of a text as the protocol counts it: in units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def _characters(text: str, units: int) -> int:
    return len(text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore"))
