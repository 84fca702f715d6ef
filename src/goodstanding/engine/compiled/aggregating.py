"""Functions over entries as loops of generated code; each means what `aggregates.over` says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

from goodstanding.engine.compiled.coding import LAST_BIT, MOST_BITS, SUM_BITS, Block, Operand, UncompiledError
from goodstanding.engine.compiled.expressing import Expressions, Scope
from goodstanding.engine.compiled.primitives import SEVERAL
from goodstanding.engine.compiled.scopes import EntryScope
from goodstanding.policy import expressions as ex


@dataclass(frozen=True)
class Found:
    """An entry in a loop: its text, what must be known to tell whether it is one of them, and what is read of it."""

    entry: str
    doubt: str | None
    scope: EntryScope


def over(node: ex.Aggregate, scope: Scope, code: Expressions) -> Operand:
    """Return the value of a function over entries."""
    around = code.around
    by_account = by_account_of(node, code)
    policy = code.words.policy
    names = list(policy.entries)
    rules = [n for n, name in enumerate(names) if (policy.entries[name].account if by_account else name) == node.source]
    if not rules:
        return _of_none(node, scope, code)
    outer = dict(code.known)
    for name in sorted(ex.names_in(node) & set(policy.values)):
        code.known[name] = code.simple(around.value_of(name, code))
    try:
        return _over(node, scope, code, rules, by_account)
    finally:
        code.known = outer


def _over(node: ex.Aggregate, scope: Scope, code: Expressions, rules: list[int], by_account: bool) -> Operand:
    around, policy = code.around, code.words.policy
    account = node.source if by_account else policy.entries[node.source].account
    plain = node.value is None and node.where is None and not node.ever and not node.reading and node.last is None
    if node.function == "sum" and plain and node.source in around.walked:
        return around.balance(node.source)  # type: ignore[no-any-return]
    loop = _Loop(node, scope, code, rules, None if node.ever else around.held(account, code))
    if node.reading or node.function == "peak":
        return _on_days(loop)
    if node.function == "sum":
        return _sum(loop)
    if node.function == "count":
        return _count(loop)
    if node.function in ("some", "continuing"):
        return _some(loop)
    if node.function == "worst":
        return _worst(loop)
    return _placed(loop) if node.function in ("first", "latest") else _highest(loop)


def by_account_of(node: ex.Aggregate, code: Expressions) -> bool:
    """Whether the name of a function's source is read as that of an account."""
    policy = code.words.policy
    return node.source in policy.accounts and (node.function in ("sum", "peak") or node.source not in policy.entries)


def _of_none(node: ex.Aggregate, scope: Scope, code: Expressions) -> Operand:
    if node.function in ("sum", "count", "peak"):
        return Operand("number", "0")
    if node.function in ("some", "continuing"):
        return Operand("flag", "False")
    if node.otherwise is not None:
        return code.value(node.otherwise, scope)
    raise UncompiledError(f"{node.function} of {node.source}, where no rule makes entries")


class _Loop:
    """A loop over the entries of some rules."""

    def __init__(
        self, node: ex.Aggregate, scope: Scope, code: Expressions, rules: Sequence[int], held: Operand | None
    ) -> None:
        self.node, self.scope, self.code, self.rules, self.held = node, scope, code, rules, held
        self.around = code.around
        self.whole = node.ever or bool(node.reading) or node.function == "peak"

    def doubtful(self) -> bool:
        """Whether it can be in doubt whether an entry is one of them."""
        held = self.held is not None and self.held.lacking is not None
        return held or self.around.doubts or self.node.where is not None

    @contextmanager
    def entries(self) -> Iterator[Found]:
        """Put what follows into a loop over the entries, for each that may be one of them."""
        code, entry = self.code, self.code.name("e")
        if self.node.last is not None:
            yield from self._last(entry, self.node.last)
            return
        loop = self.around.loop(entry, self.rules, now=not self.whole)
        with code.under(loop), code.under(f"if {self.test(entry)}:"):
            yield from self._asked(entry)

    def _last(self, entry: str, many: int) -> Iterator[Found]:
        """Loop over the entries, the one placed last first, until so many are certain to be among them."""
        code, place = self.code, self.code.name("p")
        met, certain, doubts = code.set("0", "n"), code.set("0", "n"), code.set("0", "u")
        with code.under(self.around.loop(place, self.rules, now=not self.whole)):
            with code.under(f"if {certain} >= {many}:"):
                code.put("break")
            code.put(f"{entry} = S[E0] + S[NE] - WIDTH - {place}")
            with code.under(f"if {self.test(entry)}:"):
                for one in self._asked(entry):
                    if one.doubt is None:
                        code.put(f"{certain} += 1")
                        yield one
                        continue
                    own = code.set(one.doubt, "u")
                    doubt = code.set(f"join({own}, {doubts}) if {met} >= {many} else {own}", "u")
                    code.put(f"{met} += 1", f"{certain} += 1 if {own} == 0 else 0", f"{doubts} = join({doubts}, {own})")
                    yield replace(one, doubt=doubt)

    @contextmanager
    def unless_sure(self, line: str) -> Iterator[None]:
        """Put a line where what counts today is worked out already, and what follows where it is not."""
        if not self.around.straight or max(self.rules) >= LAST_BIT:
            yield
            return
        sure = "S[SURE] != 0" if self.held is None else f"S[SURE] != 0 and {self.held.lacking or '0'} == 0"
        with self.code.under(f"if {sure}:"):
            self.code.put(line)
        with self.code.under("else:"):
            yield

    def totals(self) -> str:
        """Return the sum of what counts today."""
        total = " + ".join(f"S[TOTAL_{rule}]" for rule in self.rules)
        return total if self.held is None else f"0 if {self.held.text} else {total}"

    def test(self, entry: str) -> str:
        """Return the test whether an entry may be one of them, if nothing is asked of it; in it nothing branches."""
        tests = [member(self.around.entry("RULE", entry), self.rules)]
        if self.around.spending:
            tests.append(f"{self.around.entry('SPENT', entry)} == 0")
        if not self.whole:
            tests.append(self.around.counts(entry))
        if self.held is not None:
            tests.append(f"not {self.code.truth(self.held)}")
        return " & ".join(f"({test})" for test in tests)

    def _asked(self, entry: str) -> Iterator[Found]:
        code, scope = self.code, EntryScope(entry, self.rules, self.scope)
        doubts = [self.around.entry("DOUBT", entry)] if self.around.doubts else []
        if self.held is not None and self.held.lacking is not None:
            doubts.append(self.held.lacking)
        if self.node.where is None:
            yield Found(entry, code.joined(*doubts), scope)
            return
        asked = code.simple(code.value(self.node.where, scope))
        test = asked.text if asked.lacking is None else f"{asked.lacking} != 0 or {asked.text}"
        with code.under(f"if {test}:"):
            yield Found(entry, code.joined(*doubts, asked.lacking), scope)


def member(rule: str, rules: Sequence[int]) -> str:
    """Return the test whether a rule is one of these."""
    if len(rules) == 1:
        return f"{rule} == {rules[0]}"
    if list(rules) == list(range(rules[0], rules[-1] + 1)):
        return f"{rules[0]} <= {rule} <= {rules[-1]}"
    return " | ".join(f"({rule} == {one})" for one in rules)


def _sum(loop: _Loop) -> Operand:
    code = loop.code
    trial: Block = []
    with code.into(trial):
        found = _amount(loop, EntryScope("e0", loop.rules, loop.scope))
    total = code.begin(replace(found, text="0", bits=61), lacking=True)
    if loop.around.small(found) and loop.node.value is None and loop.node.where is None and loop.node.last is None:
        _summed(loop, total)
        return replace(total, bits=found.bits + SUM_BITS)
    with loop.entries() as one:
        amount = _amount(loop, one.scope)
        lacking = code.joined(amount.lacking, one.doubt)
        if lacking is not None:
            code.put(f"{total.lacking} = join({total.lacking}, {lacking})")
        if total.over is not None:
            parts = f"{total.text}, {total.over}, {amount.text}, {amount.over}"
            code.put(f"{total.text}, {total.over}, {code.bad} = q_add({parts}, {code.bad})")
        elif loop.around.small(amount):
            code.put(f"{total.text} += {amount.text}")
        else:
            code.put(f"{total.text}, {code.bad} = add({total.text}, {amount.text}, {code.bad})")
    return replace(total, bits=min(MOST_BITS, amount.bits + SUM_BITS))


def _summed(loop: _Loop, total: Operand) -> None:
    """Write the sum of small amounts without branches but the one that is taken where something is missing."""
    code, entry = loop.code, loop.code.name("e")
    with loop.unless_sure(f"{total.text} = {loop.totals()}"), code.under(loop.around.loop(entry, loop.rules, now=True)):
        mine, amount = code.set(f"-({loop.test(entry)})"), loop.around.amount(entry)
        lacks = [amount.lacking, *([loop.around.entry("DOUBT", entry)] if loop.around.doubts else [])]
        lacks += [loop.held.lacking] if loop.held is not None and loop.held.lacking is not None else []
        with code.under(f"if ({mine} & ({' | '.join(lacks)})) != 0:"):
            code.put(f"{total.lacking} = join({total.lacking}, {code.joined(*lacks)})")
        code.put(f"{total.text} += {mine} & {amount.text}")


def _amount(loop: _Loop, scope: EntryScope) -> Operand:
    """Return what is added of an entry; one without an amount, nothing."""
    if loop.node.value is not None:
        found = loop.code.value(loop.node.value, scope)
        return loop.code.quotient(found) if found.over is not None else found
    return loop.around.amount(scope.entry)  # type: ignore[no-any-return]


def _count(loop: _Loop) -> Operand:
    code = loop.code
    count, lacking = code.set("0", "n"), code.set("0", "u") if loop.doubtful() else None
    with loop.entries() as one:
        code.put(f"{count} += 1")
        if one.doubt is not None and lacking is not None:
            code.put(f"{lacking} = join({lacking}, {one.doubt})")
    return Operand("number", count, lacking)


def _some(loop: _Loop) -> Operand:
    code = loop.code
    some, lacking = code.set("False"), code.set("0", "u") if loop.doubtful() else None
    plain = loop.node.function == "some" and loop.node.where is None and loop.held is None and not loop.whole
    plain = plain and loop.node.last is None
    line = f"{some} = (S[NOW] & {loop.around.bits(loop.rules)}) != 0"
    with loop.unless_sure(line) if plain else nullcontext(), loop.entries() as one:
        if loop.node.function == "continuing":
            code.put(f"if {loop.around.entry('GOES', one.entry)} != 0:")
        else:
            code.put("if True:")
        inside: Block = []
        with code.into(inside):
            if one.doubt is None or lacking is None:
                code.put(f"{some} = True")
            else:
                with code.under(f"if {one.doubt} == 0:"):
                    code.put(f"{some} = True")
                with code.under("else:"):
                    code.put(f"{lacking} = join({lacking}, {one.doubt})")
        code.put(inside)
    if lacking is not None:
        with code.under(f"if {some}:"):
            code.put(f"{lacking} = 0")
    return Operand("flag", some, lacking)


def _worst(loop: _Loop) -> Operand:
    """Return the worst grade; in two rounds, for a doubt matters only where it would be worse."""
    code, around = loop.code, loop.around
    worst, lacking, any_ = code.set("-1", "g"), code.set("0", "u"), code.set("False")
    grades = len(code.words.policy.grades.order)
    with loop.entries() as one:
        grade = code.set(around.entry("GRADE", one.entry), "g")
        code.put(f"{any_} = True")
        with code.under(f"if {around.entry('GRADELACK', one.entry)} != 0:"):
            code.put(f"{lacking} = join({lacking}, {around.entry('GRADELACK', one.entry)})")
        with code.under(f"elif {grade} >= {grades}:"):
            code.put(f"{lacking} = join({lacking}, {code.words.rank(grade)})")
        certain = f" and {one.doubt} == 0" if one.doubt is not None else ""
        with code.under(f"elif {grade} > {worst}{certain}:"):
            code.put(f"{worst} = {grade}")
    none = code.words.fact(loop.node.source)
    if loop.doubtful():
        doubts = code.set("0", "u")
        with loop.entries() as one:
            if one.doubt is not None:
                with code.under(f"if {one.doubt} != 0 and {around.entry('GRADE', one.entry)} > {worst}:"):
                    code.put(f"{doubts} = join({doubts}, {one.doubt})")
        with code.under(f"if {lacking} == 0:"):
            code.put(f"{lacking} = {doubts}")
    with code.under(f"if {lacking} == 0 and {worst} < 0:"):
        code.put(f"{lacking} = {none}")
    found = Operand("code", worst, lacking)
    return _else(loop, found, any_)


def _else(loop: _Loop, found: Operand, some: str) -> Operand:
    """Return what was found, or where there was nothing what stands then."""
    code, node = loop.code, loop.node
    if node.otherwise is None:
        with code.under(f"if not {some}:"):
            code.put(f"{found.lacking} = {code.words.fact(node.source)}")
        return found
    lines: Block = []
    with code.into(lines):
        other = code.value(node.otherwise, loop.scope)
    if found.kind == "number" and (other.over, other.scale) != (found.over, found.scale):
        one: Block = []
        with code.into(lines):
            other, _ = code.alike(other, replace(found, text="0"))
        with code.into(one):
            found, _ = code.alike(found, replace(other, text="0"))
        code.put(*one)
    names = code.begin(replace(found, begun=None, bits=max(found.bits, other.bits)), lacking=True)
    with code.under(f"if {some}:"):
        code.give(names, found)
    with code.into(lines):
        code.give(names, other)
    code.put("else:", lines)
    return names


def _placed(loop: _Loop) -> Operand:
    """Return what an expression is of the entry that was placed first or last."""
    code, around = loop.code, loop.around
    best, lacking = code.set("-1", "e"), code.set("0", "u")
    sign = "<" if loop.node.function == "first" else ">="
    if loop.node.last is not None:  # the loop is from the last to the first
        sign = "<=" if loop.node.function == "first" else ">"
    with loop.entries() as one:
        if one.doubt is not None:
            code.put(f"{lacking} = join({lacking}, {one.doubt})")
        placed = around.entry("PLACED", one.entry)
        with code.under(f"if {best} < 0 or {placed} {sign} {around.entry('PLACED', best)}:"):
            code.put(f"{best} = {one.entry}")
    assert loop.node.value is not None
    lines: Block = []
    with code.into(lines):
        found = code.value(loop.node.value, EntryScope(best, loop.rules, loop.scope))
    names = code.begin(replace(found, begun=None), lacking=True)
    with code.into(lines):
        code.give(names, replace(found, begun=None))
        with code.under(f"if {lacking} != 0:"):
            code.put(f"{names.lacking} = {lacking}")
    code.put(f"if {best} >= 0:", lines)
    return _else(loop, names, f"({best} >= 0)")


def _highest(loop: _Loop) -> Operand:
    code = loop.code
    assert loop.node.value is not None
    trial: Block = []
    with code.into(trial):
        form = code.value(loop.node.value, EntryScope("e0", loop.rules, loop.scope))
        form = code.quotient(form) if form.over is not None else form
    names, some = code.begin(replace(form, begun=None), lacking=True), code.set("False")
    doubts = code.set("0", "u")
    sign = ">" if loop.node.function == "highest" else "<"
    with loop.entries() as one:
        found = code.value(loop.node.value, one.scope)
        found = code.simple(code.quotient(found) if found.over is not None else found)
        if one.doubt is not None:
            code.put(f"{doubts} = join({doubts}, {one.doubt})")
        if found.lacking is not None:
            code.put(f"{names.lacking} = join({names.lacking}, {found.lacking})")
        number = found.kind == "number"
        test = code.compared(sign, found, names) if number else f"{found.text} {sign} {names.text}"
        with code.under(f"if not {some} or {test}:"):
            code.give(replace(names, lacking=None), found)
        code.put(f"{some} = True")
    with code.under(f"if {doubts} != 0:"):
        code.put(f"{names.lacking} = {doubts}")
    return _else(loop, names, some)


def _on_days(loop: _Loop) -> Operand:
    """Return the sum on one day, or the highest sum of all days from one (else from the first) until today."""
    code, node, around = loop.code, loop.node, loop.around
    at = None if node.at is None else code.simple(code.value(node.at, loop.scope))
    if at is not None and at.kind != "date":
        raise UncompiledError("a sum on what is no day")
    lacking, mark = code.set((at and at.lacking) or "0", "u"), around.mark()
    each = code.name("e")
    with code.under(around.loop(each, loop.rules)):
        code.put(f"{around.entry(mark, each)} = 0")
    with loop.entries() as one:
        code.put(f"{around.entry(mark, one.entry)} = 1")
        lacks = code.joined(one.doubt, around.amount(one.entry).lacking)
        if lacks is not None:
            code.put(f"{lacking} = join({lacking}, {lacks})")
    if node.function == "sum":
        assert at is not None
        return replace(_sum_on(loop, mark, at.text), lacking=lacking)
    first = code.set("-719162" if at is None else f"min({at.text}, {code.today})", "b")
    most = code.simple(_sum_on(loop, mark, first))
    day, which = code.name("day"), code.name("edge")
    with (
        code.under(around.loop(each, loop.rules)),
        code.under(f"if {around.entry(mark, each)} != 0:"),
        code.under(f"for {which} in range(2):"),
    ):
        code.put(f"{day} = {around.entry('START', each)} if {which} == 0 else {around.entry('UNTIL', each)}")
        with code.under(f"if {first} < {day} <= {code.today}:"):
            then = code.simple(_sum_on(loop, mark, day))
            with code.under(f"if {code.compared('>', then, most)}:"):
                code.give(replace(most, lacking=None), then)
    return replace(most, lacking=lacking)


def _sum_on(loop: _Loop, mark: str, day: str) -> Operand:
    code, around = loop.code, loop.around
    form: Operand = around.amount("e")
    total = code.begin(replace(form, text="0", bits=61), lacking=False)
    entry = code.name("e")
    with code.under(around.loop(entry, loop.rules)):
        tests = [f"{around.entry(mark, entry)} != 0"]
        tests += [f"{around.entry('START', entry)} <= {day} < {around.entry('UNTIL', entry)}"]
        with code.under(f"if {' and '.join(tests)}:"):
            amount: Operand = around.amount(entry)
            if total.over is not None:
                parts = f"{total.text}, {total.over}, {amount.text}, {amount.over}"
                code.put(f"{total.text}, {total.over}, {code.bad} = q_add({parts}, {code.bad})")
            else:
                code.put(f"{total.text}, {code.bad} = add({total.text}, {amount.text}, {code.bad})")
    return total


__all__ = ["SEVERAL", "over"]
