"""A policy and a dossier made as small as they can be while something about them stays so."""

import re
from copy import deepcopy

from tests.engine.policies import loaded_of

_BRACKETS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
_PLAIN = ("0", "1", "1 = 1", "1 = 0", "'A'", "act", "placed", "sum(points)", "1 month after act")


def minimised(whole, rows, fails):
    """Return the smallest policy and rows found for which `fails(loaded, rows)` is true."""
    smaller = True
    while smaller:
        smaller = False
        for tried_whole, tried_rows in _tries(whole, rows):
            if _so(tried_whole, tried_rows, fails):
                whole, rows, smaller = tried_whole, tried_rows, True
                break
    return whole, rows


def _so(whole, rows, fails):
    try:
        loaded = loaded_of(whole)
    except (AssertionError, ValueError, RecursionError):
        return False
    return fails(loaded, rows)


def _tries(whole, rows):
    for place in range(len(rows)):
        yield whole, rows[:place] + rows[place + 1 :]
    for path, _ in sorted(_paths(whole, ()), key=lambda one: len(one[0])):
        yield _without(whole, path), rows
    for path, value in _paths(whole, ()):
        if isinstance(value, str) and len(value) > 2:
            for text in sorted({*_PLAIN, *_BRACKETS.findall(value)}, key=len):
                if len(text) < len(value):
                    yield _with(whole, path, text), rows
    for place, row in enumerate(rows):
        for name in set(row) - {"kind", "act", "document", "occurrence"}:
            less = {key: value for key, value in row.items() if key != name}
            yield whole, [*rows[:place], less, *rows[place + 1 :]]


def _paths(part, path):
    """Every part that may be left out or put otherwise, with its path."""
    if path and (path[-1] in ("law", "interpretations", "order") or path in (("title",), ("about",))):
        return
    if path and path[-1] not in ("words", "clause", "cite", "id"):
        yield path, part
    for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if key != "words":
            yield from _paths(value, (*path, key))


def _with(whole, path, text):
    made = deepcopy(whole)
    part = made
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = text
    return made


def _without(whole, path):
    made = deepcopy(whole)
    part = made
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    return made
