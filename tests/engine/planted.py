"""Errors planted in the compiled form, one at a time, and how soon the comparison with the exact evaluator finds them.

`python -m tests.engine.planted [NAME ...]` prints for each the generated policy and the seconds after which it was
found; it fails where one is not found within a minute.
"""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import goodstanding

PACKAGE = Path(goodstanding.__file__).parent
ROOT = Path(__file__).parents[2]
LIMIT = 60
"""Seconds within which each must be found."""


@dataclass(frozen=True)
class Planted:
    """A change of one text, that occurs once, in a file of the compiled form."""

    name: str
    file: str
    old: str
    new: str

    def times(self):
        """Return how often the old text occurs: once, or the error is about code that is no longer there."""
        return (PACKAGE / "engine" / "compiled" / self.file).read_text().count(self.old)

    def put_into(self, package):
        assert self.times() == 1, self.name
        file = package / "engine" / "compiled" / self.file
        file.write_text(file.read_text().replace(self.old, self.new))


CALENDAR, FOLD, RULES, OVER = "primitives.py", "folding.txt", "opening.py", "aggregating.py"
PLANTED = (
    Planted("a period of months counts its first day", CALENDAR,
            "start - table[months + month] + (0 if counted else 1)", "start - table[months + month]"),
    Planted("a period may end beyond the end of its month", CALENDAR,
            "return min(end, following)", "return end"),
    Planted("a month later may be beyond the end of its month", CALENDAR,
            "return min(first + number, first_day(month + 1) - 1)", "return first + number"),
    Planted("half-even rounds halves up", CALENDAR, "return below + below % 2", "return below + 1"),
    Planted("down rounds to the floor", CALENDAR, "return below + (1 if negative else 0)", "return below"),
    Planted("up rounds away from the floor", CALENDAR,
            "if mode == 3:\n        return below + (0 if negative else 1)", "if mode == 3:\n        return below + 1"),
    Planted("half-up rounds negative halves up", CALENDAR,
            "below % 2\n    return below + (0 if negative else 1)", "below % 2\n    return below + 1"),
    Planted("working days begin a day early", CALENDAR,
            "day = start if counted else start + 1\n    while count > 0 and day",
            "day = start\n    while count > 0 and day"),
    Planted("the week of the calendar is a day off", CALENDAR, "(day + 3) % 7", "(day + 4) % 7"),
    Planted("a day that is worked is no working day", CALENDAR,
            "if table[place] == day:\n            return True", "if table[place] == day:\n            return False"),
    Planted("a holiday is a working day", CALENDAR,
            "for place in range(holidays, worked):", "for place in range(worked, worked):"),
    Planted("a bracket has no upper end", CALENDAR, "inside = min(inside, table[row + 3])", "inside = inside + 0"),
    Planted("a step is not reached by its own number", CALENDAR, "if total >= table[row]:", "if total > table[row]:"),
    Planted("a ladder has no cap", CALENDAR, "if capped != 0 and points > cap:", "if capped > 9 and points > cap:"),
    Planted("a row of a table begins a day late", CALENDAR,
            "if table[rows + place] <= day:", "if table[rows + place] < day:"),
    Planted("a band lacks its highest number", CALENDAR,
            "table[row] <= value <= table[row + 1]", "table[row] <= value < table[row + 1]"),
    Planted("a year is whole a day late", CALENDAR, "count * months, 1) > last", "count * months, 1) >= last"),
    Planted("the next of a cycle may be the day itself", CALENDAR,
            "while day <= after and day < FOREVER", "while day < after and day < FOREVER"),
    Planted("tomorrow is not visited", CALENDAR, "if today < day < edge:", "if today + 1 < day < edge:"),
    Planted("conduct that ends on the day of its act goes on", FOLD,
            "D[ACT][o] >= D[ACT][r]:\n            end = min(end, D[ACT][o])\n    return end\n\n\ndef next",
            "D[ACT][o] > D[ACT][r]:\n            end = min(end, D[ACT][o])\n    return end\n\n\ndef next"),
    Planted("an end gives nothing back to a walked account", FOLD,
            "elif E[e + ASKED] == 1 and E[e + START] < day:", "elif E[e + ASKED] == 2 and E[e + START] < day:"),
    Planted("an entry that begins later is not taken in", FOLD,
            "E[e + START] == day and E[e + PLACED] < day", "E[e + START] == day and E[e + PLACED] > day"),
    Planted("a tested end is asked a day late", FOLD,
            "S[TODAY] = day - 1\n    for e in", "S[TODAY] = day\n    for e in"),
    Planted("a record withdrawn on the day still counts", FOLD,
            "D[WITHDRAWN][r] > known_on:\n                n = place",
            "D[WITHDRAWN][r] >= known_on:\n                n = place"),
    Planted("gravest and highest are exchanged", RULES,
            'sign = "" if rule.choose == "gravest" else "-"', 'sign = "-" if rule.choose == "gravest" else ""'),
    Planted("an entry repeats one of the same day", RULES, "E[o + PLACED] < S[TODAY]", "E[o + PLACED] <= S[TODAY]"),
    Planted("a share is the whole ladder", RULES, "add(now, -was, S[BAD])", "add(now, 0, S[BAD])"),
    Planted("an entry ends itself", RULES, "range(S[E0], e, WIDTH)", "range(S[E0], S[NE], WIDTH)"),
    Planted("the latest of one day is the first placed", OVER,
            '"<" if loop.node.function == "first" else ">="', '"<" if loop.node.function == "first" else ">"'),
    Planted("one more than the last few are read", OVER, "if {certain} >= {many}:", "if {certain} > {many}:"),
    Planted("a ceiling is a floor", "folding.py",
            '((bounds.ceiling, "min"), (bounds.floor, "max"))', '((bounds.ceiling, "max"), (bounds.floor, "max"))'),
    Planted("what lapses is imposed", "folding.py",
            'and not {holding.text}:"):\n                        code.put(f"{stage} = 0")',
            'and not {holding.text}:"):\n                        code.put(f"{stage} = 2")'),
)  # fmt: skip


def hunt():
    """Compare generated policies until the compiled form says something else; return the seed, or None."""
    from tests.engine.comparing import compare

    logging.disable(logging.WARNING)
    start, seed = time.monotonic(), 0
    while time.monotonic() - start < LIMIT:
        try:
            found, _ = compare(seed)
        except Exception:
            return seed
        if found:
            return seed
        seed += 1
    return None


def found_after(planted):
    """Plant an error in a copy of the package, and return what the hunt for it in a process of its own says."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "goodstanding"
        shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "static", "template"))
        if planted is not None:
            planted.put_into(package)
        paths = os.pathsep.join([folder, str(ROOT)])
        run = [sys.executable, "-W", "ignore", "-m", "tests.engine.planted", "--hunt"]
        env = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        start = time.monotonic()
        told = subprocess.run(run, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        return (told.stdout.strip() or told.stderr.strip()[-300:]), time.monotonic() - start


def main(names):
    """Hunt for each planted error, or for those named."""
    missed = 0
    for planted in PLANTED:
        if not names or planted.name in names:
            seed, seconds = found_after(planted)
            missed += seed == "None"
            print(
                f"{planted.name:55} {'not found' if seed == 'None' else f'policy {seed}':14} {seconds:6.1f} s",
                flush=True,
            )
    return missed


if __name__ == "__main__":
    if sys.argv[1:] == ["--hunt"]:
        print(hunt())
    else:
        sys.exit(main(sys.argv[1:]) > 0)
