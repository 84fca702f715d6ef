"""The log of a process, as text or as JSON lines: what happened, never about whom.

A line has only what the code says itself: the message before anything is filled in, and the fields of
`extra={"fields": ...}`. Of an error it has the type and the places in the code, since its words may hold a name.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import traceback
from typing import Literal


class Lines(logging.Formatter):
    """One line for each record: a JSON object, or the same as text."""

    def __init__(self, form: Literal["text", "json"]) -> None:
        """Keep the form."""
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; times are in UTC."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        said: dict[str, object] = {
            "at": at,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg),
        }
        said |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])
            said["error"] = record.exc_info[0].__name__
            said["where"] = [f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in frames]
        if self._form == "json":
            return json.dumps(said, ensure_ascii=False)
        return " ".join(f"{value}" if name in _BARE else f"{name}={value}" for name, value in said.items())


_BARE = {"at", "level", "logger", "event"}


def set_up(form: Literal["text", "json"]) -> None:
    """Let what is logged go to standard error in this form: all of ours, and the warnings of others."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(form))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("goodstanding").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
