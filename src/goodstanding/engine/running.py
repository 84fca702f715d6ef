"""Programs run: as plain Python, or compiled by Numba with the machine code kept on disk, in threads.

What is compiled stands in the user's cache folder, one file for each text of code; the numbers of a policy are no part
of it. GOODSTANDING_CACHE names another folder.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from goodstanding.engine import primitives

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


@cache
def compiled(source: str) -> ModuleType:
    """Return a program's functions compiled; the first time they are called takes seconds, later ones do not."""
    text = _jitted(source)
    name = "program_" + hashlib.sha256(text.encode()).hexdigest()[:32]
    path = cache_folder() / f"{name}.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(f".{os.getpid()}")
        made.write_text(text)
        made.replace(path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _jitted(source: str) -> str:
    """Return the text of a program that compiles itself, with the functions that it calls in it."""
    whole = Path(primitives.__file__).read_text()
    begin = whole.index("FOREVER = ")
    end = whole.index("PRIMITIVES = (")
    head = "from typing import Any\n\nimport numba\n\n\n"
    inner = '@numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True)\ndef '
    outer = '@numba.njit(nogil=True, error_model="numpy", cache=True)\ndef '
    body = (whole[begin:end] + source).replace("\ndef ", "\n" + inner)
    return head + body.replace(inner + "judge(", outer + "judge(")
