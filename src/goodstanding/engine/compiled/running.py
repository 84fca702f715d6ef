"""Programs run: as plain Python, or as machine code that is kept on disk.

Machine code stands in the user's cache folder, one file for each text of a program; the numbers of a policy are no part
of it. GOODSTANDING_CACHE names another folder. Calling it lets other threads run meanwhile.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

from goodstanding.engine.compiled import native, primitives

VERSION = version("llvmlite")
_LOCK = Lock()

NAMES = ("FOREVER", "NOWHERE", "NOTHING", "SEVERAL", *(function.__name__ for function in primitives.PRIMITIVES))


@cache
def plain(source: str) -> dict[str, Any]:
    """Return the functions of a program as plain Python."""
    names = {name: getattr(primitives, name) for name in NAMES}
    exec(compile(source, "<program>", "exec"), names)  # noqa: S102 - made by this package alone
    return names


def cache_folder() -> Path:
    """Return where compiled programs are kept."""
    named = os.environ.get("GOODSTANDING_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "goodstanding" / "programs"


def compiled(program: Any) -> Any:
    """Return a program's function `judge` as machine code, which is made the first time and kept on disk."""
    with _LOCK:
        return _compiled(program)


@cache
def _compiled(program: Any) -> Any:
    wide = {field: program.layout.wide(name) for field, name in program.columns.items()}
    text = _whole(program.source)
    key = "\n".join(
        [text, str(wide), VERSION, Path(native.__file__).read_text(), str(native.target().triple), native.machine()]
    )
    path = cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.o"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(f".{os.getpid()}")
        made.write_bytes(native.object_code(text, wide, "judge"))
        made.replace(path)
    loaded = native.Loaded(path.read_bytes(), "judge")
    numbers, tables = [ctypes.c_int64] * 5, [ctypes.c_void_p] * 11
    judge = ctypes.CFUNCTYPE(ctypes.c_int64, *numbers, *tables)(loaded.address)
    judge.kept = loaded  # type: ignore[attr-defined]
    return judge


def _whole(source: str) -> str:
    """Return the text of a program with the functions that it calls in it."""
    text = Path(primitives.__file__).read_text()
    return text[text.index("FOREVER = ") : text.index("PRIMITIVES = (")] + source
