"""A policy as a program that folds a dossier day by day; each function means what its namesake in `fold` says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files

from goodstanding.engine.compiled.aggregating import member
from goodstanding.engine.compiled.closing import Closing
from goodstanding.engine.compiled.coding import CONSTANT_BITS, UncompiledError, whole
from goodstanding.engine.compiled.expressing import Expressions
from goodstanding.engine.compiled.layout import MEMORY, RECORD, TOLD, Form, Layout, label
from goodstanding.engine.compiled.opening import Rules
from goodstanding.engine.compiled.scopes import RecordScope
from goodstanding.engine.compiled.vocabulary import Vocabulary, day_number
from goodstanding.engine.fold import remembered
from goodstanding.engine.state import ENDING
from goodstanding.facts.catalogue import Catalogue
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Policy

MOST_ROUNDS, MOST_RULES = 6, 256


class Program:
    """Generated code: its source, the numbers that it reads, and what it speaks of."""

    def __init__(self, layout: Layout) -> None:
        """Take what was written into a layout."""
        self.words = layout.words
        self.layout = layout
        text = _runtime(layout.straight) + "\n\n" + layout.source()
        self.marks = _read(text, layout)
        unread = "|".join(name for name in layout.marks if name not in self.marks)
        text = re.sub(rf"E\[\w+ \+ (?:{unread})\] = .*", "pass", text) if unread else text
        self.source = layout.header(self.marks) + "\n\n" + text
        self.numbers = layout.words.table.numbers()
        self.fields, self.width, self.states = layout.fields, len(self.marks), len(layout.slots)
        self.columns = dict(zip(RECORD, RECORD, strict=True))
        self.columns |= {f"F_{label(name)}": name for name in layout.words.attributes.things}


def program(policy: Policy, catalogue: Catalogue) -> Program:
    """Return the program of a policy. Raises UncompiledError where a construct is left to the exact evaluator."""
    if len(policy.entries) >= MOST_RULES:
        raise UncompiledError(f"more than {MOST_RULES} rules")
    form = Form()
    for _ in range(MOST_ROUNDS):
        layout = Layout(Vocabulary(policy, catalogue), form, straight=is_straight(policy))
        _Folding(layout).write()
        found = _form_of(layout)
        if found == form:
            return Program(layout)
        form = found
    raise UncompiledError("amounts that depend on amounts in ever smaller units")


def _form_of(layout: Layout) -> Form:
    quotients = layout.form.quotients or 0 in layout.scales
    values = {
        name: replace(layout.forms[name], text="", over=layout.forms[name].over and "", lacking=None, unit="0")
        for name in layout.policy.values
        if name in layout.forms
    }
    values = {name: replace(one, begun=None, bits=CONSTANT_BITS) for name, one in values.items()}
    scale = 1 if quotients else layout.needed_scale()
    if scale > 10**12:
        raise UncompiledError("amounts of too many units")
    return Form(scale, quotients, values)


def is_straight(policy: Policy) -> bool:
    """Whether nothing happens by time alone but that entries begin and end, so that records are taken one by one."""
    rules = policy.entries.values()
    if any(rule.when or rule.after or rule.counts.condition or rule.placed not in (None, "act") for rule in rules):
        return False
    walked = any(a.floor is not None or a.ceiling is not None for a in policy.accounts.values())
    return not walked and not remembered(policy) and not any(one.when for one in policy.measures.values())


def _read(text: str, layout: Layout) -> list[str]:
    """Return the fields of entries that code reads, and those that are told."""
    told = set(TOLD) if layout.form.quotients else set(TOLD) - {"OVER"}
    read = told.union(re.findall(r"E\[\w+ \+ (\w+)\](?! = )", text))
    return [name for name in layout.marks if name in read]


def _runtime(straight: bool) -> str:
    """Return the functions that every program has, which are written by hand."""
    text = files("goodstanding.engine.compiled").joinpath("folding.txt").read_text()
    first = "offsets[s], offsets[s + 1], on, known_on, D, E, L, S, K"
    driver = f"straight({first})" if straight else f"fold({first}, V, X)"
    text = text.replace("BEGINNING", str(day_number(dt.date(ex.EARLIEST, 1, 1))))
    text = text.replace("DRIVER", driver).replace("    GATHERING\n", _GATHERING if straight else "")
    parts = text.split("\n\n\n")
    unused = _OF_DAYS if straight else ("straight", "next_edge", "gather", "judge_gathered")
    return "\n\n\n".join(part for part in parts if not part.startswith(tuple(f"def {name}(" for name in unused)))


_GATHERING = """\
    if keep == 2:
        gather(first, last, on, known_on, offsets, is_a, D, K, C, E, L, S)
        return last
    if keep == 3:
        judge_gathered(first, last, on, is_a, D, K, O, C, E, L, S)
        return last
"""
"""What a program of the one pass does beside: 2, make the entries of all subjects and keep them; 3, judge by those."""
_OF_DAYS = ("fold", "place_all", "next_day", "morning", "sort_events", "event")


class _Folding:
    def __init__(self, layout: Layout) -> None:
        self.layout, self.policy, self.words = layout, layout.policy, layout.words
        self.rules = Rules(layout)
        self.closing = Closing(layout)

    def write(self) -> None:
        for name in self.layout.walked:
            self._walked(name)
        self._give_back()
        self.rules.write()
        self._stages()
        self._arrive()
        self._morning()
        self._evening()
        self.closing.write()
        if not is_straight(self.policy):
            self._events()

    def _walked(self, account: str) -> None:
        """Write how an entry moves the sum of a walked account, and how its end moves it back."""
        layout, bounds, name = self.layout, self.policy.accounts[account], label(account)
        total = layout.balance(account)
        with layout.function(f"bounded_{name}", "amount, lack") as code:
            lines = [f"{total.lacking} = join({total.lacking}, lack)",
                     f"after, S[BAD] = add({total.text}, amount, S[BAD])"]  # fmt: skip
            code.put(*lines)
            for bound, function in ((bounds.ceiling, "min"), (bounds.floor, "max")):
                if bound is not None:
                    code.put(f"after = {function}(after, {self._bound(bound)})")
            code.put(f"{total.text} = after")
        with (
            layout.function(f"take_in_{name}", "e") as code,
            code.under(f"if E[e + SPENT] == 0 and {layout.counts('e')}:"),
        ):
            code.put(f"before = {total.text}")
            code.put(f"bounded_{name}(E[e + AMOUNT], E[e + LACK], {MEMORY})")
            code.put(f"E[e + AMOUNT] = {total.text} - before", f"E[e + LACK] = {total.lacking}")
        with layout.function(f"give_back_{name}", "e") as code, code.under("if E[e + START] <= S[TODAY]:"):
            code.put(f"bounded_{name}(-E[e + AMOUNT], E[e + LACK], {MEMORY})")

    def _bound(self, bound: Fraction) -> str:
        scale = self.layout.form.scale
        return self.words.table.number(whole(bound, scale)) if scale % bound.denominator == 0 else "0"

    def _give_back(self) -> None:
        """Write how the accounts follow an entry that ends or begins, and how an entry is ended."""
        for function in ("give_back", "take_in"):
            with self.layout.function(function, "e") as code:
                for account in self.layout.walked:
                    rules = [n for n, rule in enumerate(self.policy.entries.values()) if rule.account == account]
                    tests = " or ".join(f"E[e + RULE] == {n}" for n in rules)
                    if rules:
                        with code.under(f"if {tests}:"):
                            code.put(f"{function}_{label(account)}(e, {MEMORY})")
        with self.layout.function("ended", "e, spends") as code:
            with code.under(f"if E[e + SPENT] == 0 and {self.layout.counts('e')}:"):
                code.put(f"give_back(e, {MEMORY})")
            code.put("E[e + UNTIL] = min(E[e + UNTIL], S[TODAY])", "E[e + TESTED] = NOTHING")
            with code.under("if spends != 0:"):
                code.put("E[e + SPENT] = 1")

    def _stages(self) -> None:
        """Write how measures are looked at, imposed and followed, and how they expire."""
        layout = self.layout
        for name in layout.stages:
            with layout.function(f"follow_{label(name)}", "r") as code:
                for rule, one in self.policy.entries.items():
                    if name in one.kinds:
                        code.put(f"open_{label(rule)}(r, {MEMORY})")
            self._imposed(name)
            self._look(name)
        with layout.function("expire") as code:
            for name in layout.stages:
                stage, until = layout.slot(f"STAGE_{name}"), layout.slot(f"STAGEUNTIL_{name}")
                with code.under(f"if {until} != NOTHING and {until} <= S[TODAY]:"):
                    code.put(f"{stage} = 0", f"{until} = NOTHING")

    def _imposed(self, name: str) -> None:
        layout, measure = self.layout, self.policy.measures[name]
        stage, until = layout.slot(f"STAGE_{name}"), layout.slot(f"STAGEUNTIL_{name}")
        with layout.function(f"imposed_{label(name)}", "r") as code:
            code.put(f"{stage} = 2", f"{until} = NOTHING")
            if measure.until is not None:
                end = code.simple(code.text(measure.until, RecordScope("r", None, perhaps=True)))
                if end.lacking is not None:
                    self._doubted(end.lacking, code)
                with code.under(f"if {end.lacking or '0'} == 0 and {end.text} <= S[TODAY]:"):
                    code.put(f"{stage} = 0")
                with code.under(f"elif {end.lacking or '0'} == 0 and {end.text} < FOREVER:"):
                    code.put(f"{until} = {end.text}")

    def _look(self, name: str) -> None:
        """Write whether a measure is reached on the day, and that it lapses; 1 where it was imposed at once."""
        layout, measure = self.layout, self.policy.measures[name]
        stage = layout.slot(f"STAGE_{name}")
        assert measure.when is not None
        with layout.function(f"look_{label(name)}") as code:
            with code.under(f"if {stage} == 0:"):
                code.put("reached = False")
                if measure.at is None:
                    with code.under(f"if {layout.slot(f'WAS_measure_{name}')} == 0:"):
                        self._asked(measure.when, RecordScope(), code)
                else:
                    self._asked_at(measure.at, measure.when, code)
                with code.under("if reached:"):
                    if measure.imposed_by:
                        code.put(f"{stage} = 1")
                    else:
                        code.put(f"imposed_{label(name)}(-1, {MEMORY})", "return 1")
                code.put("return 0")
            if measure.lapses:
                with code.under(f"if {stage} == 1:"):
                    holding = code.simple(code.text(measure.when, RecordScope()))
                    if holding.lacking is not None:
                        self._doubted(holding.lacking, code)
                    with code.under(f"if {holding.lacking or '0'} == 0 and not {holding.text}:"):
                        code.put(f"{stage} = 0")
            code.put("return 0")

    def _asked(self, text: str, scope: RecordScope, code: Expressions) -> None:
        with self._where(text, scope, code):
            code.put("reached = True")

    @contextmanager
    def _where(self, text: str, scope: RecordScope, code: Expressions) -> Iterator[None]:
        """Put what is written meanwhile under a condition; a doubt about it stays."""
        asked = code.simple(code.text(text, scope))
        if asked.lacking is not None:
            self._doubted(asked.lacking, code)
        with code.under(f"if {code.truth(asked)}:"):
            yield

    def _doubted(self, lacking: str, code: Expressions) -> None:
        """Write that it can no longer be told what state the dossier is in, where a fact is lacking."""
        slot = self.layout.slot("DOUBTED")
        code.put(f"{slot} = join({slot}, {lacking})")

    def _asked_at(self, at: str, text: str, code: Expressions) -> None:
        rule = self.policy.entries[at]
        with (
            code.under(self.layout.loop("e", [self.rules.numbers[at]])),
            code.under(f"if E[e + RULE] == {self.rules.numbers[at]} and E[e + PLACED] == S[TODAY]:"),
        ):
            code.put("r = E[e + REC]", "i = E[e + ITEM]")
            self._asked(text, self.rules.scope(rule), code)

    def _arrive(self) -> None:
        """Write what a record does on the day of its act, and which rules look at it on a day."""
        with self.layout.function("arrive", "r") as code:
            code.put("kind = D[KIND][r]")
            with code.under("if D[ACT][r] == S[TODAY]:"):
                self._end_others(code)
                code.put("L[S[NL]] = r", "S[NL] += 1")
                with code.under(f"if kind == {self.words.kinds.number(ENDING)}:"):
                    code.put(f"end_conduct(r, {MEMORY})")
                for name in self.layout.stages:
                    self._impose(name, code)
            for name, rule in self.policy.entries.items():
                if not rule.when and rule.after is None:
                    self._looks(name, code)

    def _kinds(self, rule: str) -> list[int]:
        """Return the kinds of record that a rule looks at."""
        numbers, named = self.words.kinds.numbers, self.policy.kinds_of(self.policy.entries[rule])
        return sorted(numbers[kind] for kind in named if kind in numbers)

    def among(self, kinds: Sequence[int]) -> str:
        """Return the test whether a kind is one of these."""
        if len(kinds) <= 4:
            return " or ".join(f"kind == {kind}" for kind in kinds) or "False"
        marks = [int(kind in kinds) for kind in range(len(self.words.kinds.things))]
        return f"K[{self.words.table.run(marks, ('marks', tuple(kinds)))} + kind] != 0"

    def _looks(self, name: str, code: Expressions) -> None:
        rule = self.policy.entries[name]
        kinds = self._kinds(name)
        if not kinds:
            return
        with code.under(f"if {self.among(kinds)}:"):
            if rule.placed is None or rule.placed.strip() == "act":
                test = "D[ACT][r] == S[TODAY]"
            else:
                test = f"{self._place(rule.placed, code)} == S[TODAY]"
            with code.under(f"if {test}:"):
                code.put(f"open_{label(name)}(r, {MEMORY})")

    def _place(self, text: str, code: Expressions) -> str:
        """Return the day on which a record comes to a rule, that of its act where it is not known."""
        self._of_record_only(text)
        day = code.simple(code.text(text, RecordScope("r")))
        return day.text if day.lacking is None else code.set(f"{day.text} if {day.lacking} == 0 else D[ACT][r]")

    def _end_others(self, code: Expressions) -> None:
        """Write how a record ends entries of its occurrence, or those that it supersedes."""
        alike: dict[tuple[object, ...], list[int]] = {}
        for number, rule in enumerate(self.policy.entries.values()):
            if not rule.when and (rule.ended_by or rule.superseded_by):
                apart = number if self.layout.walked else -1
                alike.setdefault((tuple(rule.ended_by), tuple(rule.superseded_by), apart), []).append(number)
        for rules in alike.values():
            rule, numbers = list(self.policy.entries.values())[rules[0]], self.words.kinds.numbers
            ending = [numbers[kind] for kind in rule.ended_by if kind in numbers]
            superseding = [numbers[kind] for kind in rule.superseded_by if kind in numbers]
            with code.under(f"if {self.among(sorted({*ending, *superseding}))}:"):
                mine = f"({member('E[e + RULE]', rules)}) and E[e + SPENT] == 0 and E[e + UNTIL] > S[TODAY]"
                loop = self.layout.loop("e", rules)
                with code.under(loop), code.under(f"if {mine} and E[e + REC] >= 0:"):
                    same = f"({self.among(ending)}) and D[OCCURRENCE][E[e + REC]] == D[OCCURRENCE][r]"
                    over = f"({self.among(superseding)}) or {same}" if superseding else same
                    with code.under(f"if D[ACT][E[e + REC]] <= D[ACT][r] and ({over}):"):
                        code.put(f"ended(e, 0, {MEMORY})")

    def _impose(self, name: str, code: Expressions) -> None:
        measure, stage = self.policy.measures[name], self.layout.slot(f"STAGE_{name}")
        if not measure.imposed_by:
            return
        kinds = [self.words.kinds.numbers[kind] for kind in measure.imposed_by if kind in self.words.kinds.numbers]
        with code.under(f"if {self.among(kinds)}:"):
            code.put(f"look_{label(name)}({MEMORY})")
            stands = "True" if measure.ground_falls == "stands" else f"{stage} != 0"
            with code.under(f"if {stands}:"):
                code.put(f"imposed_{label(name)}(r, {MEMORY})", f"follow_{label(name)}(r, {MEMORY})")

    def _morning(self) -> None:
        """Write which rules look at a deadline that passed."""
        with self.layout.function("deadline", "rule, r") as code:
            for name, rule in self.policy.entries.items():
                if rule.after is not None:
                    with code.under(f"if rule == {self.rules.numbers[name]}:"):
                        code.put(f"open_{label(name)}(r, {MEMORY})")

    def _evening(self) -> None:
        """Write which conditions open entries, or let a measure be reached."""
        layout = self.layout
        with layout.function("evening") as code:
            for name, rule in self.policy.entries.items():
                if rule.when:
                    subject = layout.subject(rule.subject)
                    asks = f"{layout.slot(f'WAS_rule_{name}')} == 0" + (f" and {subject}" if subject else "")
                    with code.under(f"if {asks}:"), self._where(rule.when, RecordScope(), code):
                        code.put(f"open_{label(name)}(-1, {MEMORY})")
            for name in layout.stages:
                with code.under(f"if look_{label(name)}({MEMORY}) != 0:"):
                    code.put(f"follow_{label(name)}(-1, {MEMORY})")

    def _events(self) -> None:
        """Write when the records of a subject come to their places, and when deadlines pass."""
        with self.layout.function("place", "r, n, V, X") as code:
            code.put("n = event(n, D[ACT][r], 1, D[ORDER][r], 0, r, V, X)", "kind = D[KIND][r]")
            for name, rule in self.policy.entries.items():
                kinds = self._kinds(name)
                if rule.when or not kinds or (rule.after is None and rule.placed is None):
                    continue
                tests = [f"({self.among(kinds)})", self.layout.subject(rule.subject) or "True"]
                with code.under(f"if {' and '.join(tests)}:"):
                    if rule.after is not None:
                        day = self._passed(rule.after, code)
                        number = self.rules.numbers[name]
                        with code.under(f"if {day} < FOREVER:"):
                            code.put(f"n = event(n, {day}, 0, D[ORDER][r], {number}, r, V, X)")
                    else:
                        day = self._place(rule.placed or "act", code)
                        code.put(f"n = event(n, {day}, 1, D[ORDER][r], 0, r, V, X)")
            code.put("return n")

    def _of_record_only(self, text: str) -> None:
        node = ex.parse(text)
        reads = ex.names_in(node)
        if any(isinstance(one, ex.Aggregate) for one in ex.walk(node)) or reads & {
            *self.policy.values,
            "today",
            "ended",
        }:
            raise UncompiledError("a place that hangs on more than the record")

    def _passed(self, text: str, code: Expressions) -> str:
        """Return the day after a date, or after a period; that of the act where the record has no such date."""
        self._of_record_only(text)
        day = code.simple(code.text(text, RecordScope("r")))
        after = day.text if day.begun is not None else f"later({day.text}, 1, 0)"
        return code.set(after if day.lacking is None else f"{after} if {day.lacking} == 0 else D[ACT][r]")
