"""How generated code that folds a dossier reaches its memory: flat tables of whole numbers.

D: facts, a column each. E: entries of one subject, a row an entry. L: the records that have arrived. S: the state of
one subject. K: the numbers of the policy. Every function that is generated takes the five of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import lcm

from goodstanding.engine.compiled import aggregating
from goodstanding.engine.compiled.coding import (
    AMOUNT_BITS,
    LAST_BIT,
    MOST_BITS,
    SUM_BITS,
    Block,
    Operand,
    UncompiledError,
    scale_of,
    written,
)
from goodstanding.engine.compiled.expressing import Expressions, Scope
from goodstanding.engine.compiled.scopes import RecordScope
from goodstanding.engine.compiled.vocabulary import SUBJECTS, Vocabulary
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Policy

MEMORY = "D, E, L, S, K"
RECORD = ("KIND", "ACT", "OCCURRENCE", "ORDER", "KNOWN", "WITHDRAWN")
"""What stands in the row of a record, before its dates and attributes."""
ENTRY = (
    "RULE", "START", "UNTIL", "AMOUNT", "LACK", "DOUBT", "SPENT", "OVER", "GOES", "GRADE", "GRADELACK", "REC", "ITEM",
    "PLACED", "BASE", "BASEOVER", "BASELACK", "TESTED", "ASKED", "STATUS",
)  # fmt: skip
"""What stands in the row of an entry, before its marks. AMOUNT is of whole units, or of OVER where it is a quotient."""
TOLD = ("RULE", "START", "UNTIL", "AMOUNT", "LACK", "OVER", "GRADE", "REC", "ITEM", "ASKED", "STATUS")
"""What is told of an entry; of the rest of its row, only what a program reads stands there."""
STATE = ("TODAY", "EDGE", "BAD", "E0", "NE", "NL", "CAPACITY", "MOST", "ROOM", "USED", "IS_A", "HAS", "NOW", "SURE")
"""What stands in the state of every program, before the totals of rules.

HAS: which rules have made entries. NOW: which may have some that count. SURE: 1 where just these have, nothing is
missing of what counts, and the totals are those of today.
"""
ANSWER = ("HAND", "OUTCOME", "SCORE", "SCOREOVER", "KNOWS", "GRADED", "MISSES", "BECAUSE", "WITNESS", "QUIET")
"""What stands in the row of an answer, before the states of measures and the outcomes of decisions."""


def label(name: str) -> str:
    """Return a name of the policy as part of a name of generated code; different names give different ones."""
    return re.sub(r"\W", lambda sign: f"_{ord(sign[0])}_", name)


def answers_of(policy: Policy) -> list[str]:
    """Return what stands in the row of an answer under a policy."""
    states, cases = (f"M_{label(name)}" for name in policy.measures), (f"C_{label(name)}" for name in policy.decisions)
    return [*ANSWER, *states, *cases]


@dataclass(frozen=True)
class Form:
    """What must be known before code is generated, and comes out of generating it; so it is done until both agree."""

    scale: int = 1
    quotients: bool = False
    values: dict[str, Operand] = field(default_factory=dict)


class Layout:
    """A program in the making: its functions, and how they reach what they read."""

    bad, today, edge, is_a = "S[BAD]", "S[TODAY]", "S[EDGE]", "S[IS_A]"

    def __init__(self, words: Vocabulary, form: Form, *, straight: bool) -> None:
        """Begin with no function; `straight` of a policy whose records are taken one by one."""
        self.straight = straight
        self.words, self.policy, self.form = words, words.policy, form
        self.functions: list[Block] = []
        self.slots = [*STATE, *(f"TOTAL_{rule}" for rule in range(len(words.rules.things)))]
        self.fields = [*RECORD, *(f"F_{label(name)}" for name in words.attributes.things)]
        self.marks = list(ENTRY)
        self.forms: dict[str, Operand] = {}
        self.scales: list[int] = []
        rules = self.policy.entries.values()
        self.spending = any(rule.spends for rule in rules)
        self.doubts = True
        self.walked = [n for n, a in self.policy.accounts.items() if a.floor is not None or a.ceiling is not None]
        for name in self.walked:
            account = self.policy.accounts[name]
            bounds = [bound for bound in (account.floor, account.ceiling) if bound is not None]
            self.scales.append(scale_of(bounds))
        self.stages = [name for name, measure in self.policy.measures.items() if measure.when]
        self._holding = False
        codes = words.codes
        self.kind_codes = words.table.run([codes.number(kind) for kind in words.kinds.things], "kind codes")
        self.rule_codes = words.table.run([codes.number(rule) for rule in words.rules.things], "rule codes")

    @contextmanager
    def function(self, name: str, parameters: str = "") -> Iterator[Expressions]:
        """Write a function; `parameters` come before the memory."""
        code = Expressions(self.words, self)
        yield code
        first = f"{parameters}, {MEMORY}" if parameters else MEMORY
        self.functions.append([f"def {name}({first}):", code.lines or ["return"]])

    def slot(self, name: str) -> str:
        """Return the place of a number of the state."""
        name = label(name)
        if name not in self.slots:
            self.slots.append(name)
        return f"S[{name}]"

    def mark(self) -> str:
        """Return the name of a new field of entries."""
        self.marks.append(f"MARK{len(self.marks)}")
        return self.marks[-1]

    def record(self, name: str, row: str) -> str:
        """Return a field of a record."""
        return f"D[{name.upper() if name.upper() in RECORD else f'F_{label(name)}'}][{row}]"

    def absent(self, name: str) -> str:
        """Return what stands where a record has no such attribute."""
        return "NOTHING" if self.wide(name) else "NOWHERE"

    def wide(self, name: str) -> bool:
        """Whether the numbers of a column have 64 bits."""
        attribute = self.words.catalogue.attributes.get(name)
        return attribute is not None and attribute.type == "number"

    def entry(self, name: str, entry: str) -> str:
        """Return a field of an entry."""
        return f"E[{entry} + {name}]"

    def loop(self, entry: str, rules: Iterable[int] | None = None, *, now: bool = False) -> str:
        """Return the head of a loop over all entries; over none where none is of these rules, or now counts."""
        if rules is None:
            return f"for {entry} in range(S[E0], S[NE], WIDTH):"
        has = f"S[HAS] & S[NOW] & {self.bits(rules)}" if now else f"S[HAS] & {self.bits(rules)}"
        return f"for {entry} in range(S[E0], S[NE] if ({has}) != 0 else S[E0], WIDTH):"

    def bits(self, rules: Iterable[int]) -> int:
        """Return what S[HAS] has of these rules: a bit each, the last of which many share."""
        return sum({1 << min(rule, LAST_BIT) for rule in rules})

    def counts(self, entry: str) -> str:
        """Return the test whether an entry counts today, if it is not spent."""
        return f"E[{entry} + START] <= S[TODAY] < E[{entry} + UNTIL]"

    def amount(self, entry: str) -> Operand:
        """Return the amount of an entry, 0 where it has none."""
        over = f"E[{entry} + OVER]" if self.form.quotients else None
        return Operand(
            "number", f"E[{entry} + AMOUNT]", f"E[{entry} + LACK]", self.form.scale, over, bits=self.amount_bits()
        )

    def amount_bits(self) -> int:
        """Return what amounts are below; what a walked account takes in is not bounded when it is drafted."""
        return MOST_BITS if self.walked or self.form.quotients else AMOUNT_BITS

    def small(self, amount: Operand) -> bool:
        """Whether so many amounts of this size as a subject can have cannot pass 62 bits."""
        return amount.over is None and amount.bits + SUM_BITS <= MOST_BITS

    def balance(self, account: str) -> Operand:
        """Return the sum of a walked account."""
        if self.form.quotients:
            raise UncompiledError("a walked account of quotients")
        slot, lacking = self.slot(f"SUM_{account}"), self.slot(f"SUMLACK_{account}")
        return Operand("number", slot, lacking, self.form.scale, bits=61)

    def aggregate(self, node: ex.Aggregate, scope: Scope, code: Expressions) -> Operand:
        """Return the value of a function over entries."""
        return aggregating.over(node, scope, code)

    def state(self, function: str, name: str) -> Operand:
        """Return what a measure or the day before is asked."""
        if function == "before":
            return self.before(name)
        stage = self.slot(f"STAGE_{name}")
        tests = {"reached": f"({stage} != 0)", "pending": f"({stage} == 1)", "imposed": f"({stage} == 2)"}
        return Operand("flag", tests[function])

    def before(self, name: str, kept: str = "BEFORE") -> Operand:
        """Return what a value, or the grade, was at the close of the day before; or what is KEPT of this one."""
        form = Operand("code", "") if name == "grade" else self.form.values.get(name, Operand("number", ""))
        over = self.slot(f"{kept}OVER_{name}") if form.over is not None else None
        unit = self.slot(f"{kept}UNIT_{name}") if form.kind == "duration" else "0"
        text, lacking = self.slot(f"{kept}_{name}"), self.slot(f"{kept}LACK_{name}")
        text = f"({text} != 0)" if form.kind == "flag" else text
        return replace(form, text=text, lacking=lacking, over=over, unit=unit, begun=None)

    def value_of(self, name: str, code: Expressions) -> Operand:
        """Return a value of the policy, worked out by a function of its own."""
        if name in code.known:
            return code.known[name]
        if name not in self.forms:
            with self.function(f"value_{label(name)}") as own:
                self.forms[name] = self._remembered(name, own)
        return self._called(f"value_{label(name)}({MEMORY})", self.forms[name], code)

    def _remembered(self, name: str, code: Expressions) -> Operand:
        """Write a value that is worked out once at the close, when nothing changes any more."""
        moment, at = self.slot("MOMENT"), self.slot(f"AT_{name}")
        lines: Block = []
        with code.into(lines):
            found = replace(code.text(self.policy.values[name].expression, RecordScope()), begun=None)
        kept = replace(
            found,
            text=self.slot(f"VALUE_{name}"),
            over=self.slot(f"VALUEOVER_{name}") if found.over is not None else None,
            unit=self.slot(f"VALUEUNIT_{name}") if found.kind == "duration" else "0",
            lacking=self.slot(f"VALUELACK_{name}") if found.lacking is not None else None,
        )
        with code.under(f"if {moment} != 0 and {at} == {moment}:"):
            self._returned(code, kept)
        code.put(*lines)
        with code.under(f"if {moment} != 0:"):
            named = code.simple(found) if found.kind != "duration" else found
            code.give(kept, named)
            code.put(f"{at} = {moment}")
            self._returned(code, kept)
        self._returned(code, found)
        return found

    def _returned(self, code: Expressions, found: Operand) -> None:
        parts = [found.text, found.over, found.unit if found.kind == "duration" else None, found.lacking]
        code.put(f"return {', '.join(part for part in parts if part is not None)}")

    def _called(self, call: str, form: Operand, code: Expressions) -> Operand:
        text = code.name("v")
        over = code.name("d") if form.over is not None else None
        unit = code.name("k") if form.kind == "duration" else "0"
        lacking = code.name("u") if form.lacking is not None else None
        parts = [text, over, unit if form.kind == "duration" else None, lacking]
        code.put(f"{', '.join(part for part in parts if part is not None)} = {call}")
        return replace(form, text=text, over=over, unit=unit, lacking=lacking)

    def held(self, account: str | None, code: Expressions) -> Operand | None:
        """Return whether an account is held; None where it never is, and while that is being asked."""
        text = self.policy.accounts[account].held_while if account in self.policy.accounts else None
        if self._holding or text is None:
            return None
        name = f"held_{label(str(account))}"
        if name not in self.forms:
            self._holding = True
            with self.function(name) as own:
                found = own.text(text, RecordScope())
                self._returned(own, found)
            self._holding = False
            self.forms[name] = found
        return self._called(f"{name}({MEMORY})", self.forms[name], code)

    def ended(self, row: str, code: Expressions) -> Operand:
        """Return the day on which the conduct of a record ended."""
        kinds = self.words.catalogue.kinds
        going_on = [n for n, kind in enumerate(self.words.kinds.things) if kind in kinds and kinds[kind].continuing]
        if not going_on:
            return Operand("date", f"D[ACT][{row}]")
        marks = [int(n in going_on) for n in range(len(self.words.kinds.things))]
        run = self.words.table.run(marks, "continuing")
        ending = self.words.kinds.number("conduct.ended")
        return Operand("date", code.set(f"end_of_conduct({row}, {run}, {ending}, D, L, S, K)", "t"))

    def subject(self, name: str | None) -> str | None:
        """Return the test whether the subject is a person, an organisation or a thing."""
        return None if name is None else f"S[IS_A] == {SUBJECTS.index(name)}"

    def header(self, marks: list[str]) -> str:
        """Return the names of places, as generated code uses them; `marks` are the fields of entries."""
        lines = []
        for names in (self.fields, marks, self.slots):
            lines += [f"{name} = {place}" for place, name in enumerate(names)]
        answers = answers_of(self.policy)
        lines += [f"{name} = {place}" for place, name in enumerate(answers)]
        widths = (("RULES", self.words.rules.things), ("WIDTH", marks), ("STATES", self.slots), ("ANSWERS", answers))
        return "\n".join(lines + [f"{name} = {len(names)}" for name, names in widths]) + "\n"

    def source(self) -> str:
        """Return all functions, each after those that it calls."""
        return "\n\n".join(written(function) for function in self.functions)

    def needed_scale(self) -> int:
        """Return the units in which every amount is whole."""
        return lcm(1, *self.scales)
