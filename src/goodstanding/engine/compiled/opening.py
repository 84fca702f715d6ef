"""Rules as generated code: what each makes of a record or a day, as its namesake in `entries` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from goodstanding.engine.compiled.coding import AMOUNT_BITS, Operand, UncompiledError
from goodstanding.engine.compiled.expressing import Expressions, unit_of
from goodstanding.engine.compiled.items import Items
from goodstanding.engine.compiled.layout import MEMORY, Layout, label
from goodstanding.engine.compiled.primitives import DAYS, MONTHS
from goodstanding.engine.compiled.scopes import EntryScope, RecordScope
from goodstanding.engine.evaluation import parsed
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import EntryRule, Share


class Rules:
    """The functions of all rules: open, draft, time and, where they have them, test and place."""

    def __init__(self, layout: Layout) -> None:
        """Write them into a layout."""
        self.layout, self.policy, self.words = layout, layout.policy, layout.words
        self.items = Items(layout)
        self._totals: dict[Share, int] = {}
        self.numbers = {name: number for number, name in enumerate(self.policy.entries)}

    def write(self) -> None:
        """Write the functions of every rule."""
        for name, rule in self.policy.entries.items():
            self._time(name, rule)
            if rule.counts.condition:
                self._test(name, rule)
        self._end_of_time()
        for name, rule in self.policy.entries.items():
            self._draft(name, rule)
            self._open(name, rule)

    def perhaps(self, rule: EntryRule) -> bool:
        """Whether a rule may open an entry without a record."""
        return bool(rule.when) or bool(set(rule.kinds) & set(self.policy.measures))

    def scope(self, rule: EntryRule, row: str = "r", item: str = "i") -> RecordScope:
        """Return what names in a rule stand for."""
        return RecordScope(None if rule.when else row, item if rule.items else None, self.perhaps(rule))

    def _time(self, name: str, rule: EntryRule) -> None:
        """Write how it is worked out from when until when an entry counts."""
        scope = self.scope(rule)
        with self.layout.function(f"time_{label(name)}", "e, r, i") as code:
            start = code.simple(code.text(rule.counts.start, scope))
            ends = []
            if rule.counts.until is not None:
                ends.append(code.simple(code.text(rule.counts.until, scope)))
            lacking = code.lacks(start, *ends)
            until = code.set("FOREVER", "until")
            for end in ends:
                code.put(f"{until} = min({until}, {end.text})")
            if not rule.when:
                with code.under("if r >= 0:"):
                    self._record_ends(rule, until, code)
            code.put(f"E[e + START] = {start.text}" if start.lacking is None else
                     f"E[e + START] = {start.text} if {start.lacking} == 0 else E[e + START]")  # fmt: skip
            code.put(f"E[e + UNTIL] = {until}")
            tested = f"{until} if {until} < FOREVER else NOTHING" if rule.counts.condition else "NOTHING"
            code.put(f"E[e + TESTED] = {tested}")
            if lacking is not None:
                with code.under(f"if {lacking} != 0:"):
                    code.put("E[e + UNTIL] = FOREVER", "E[e + TESTED] = NOTHING", f"doubted(e, {lacking}, E)")

    def _record_ends(self, rule: EntryRule, until: str, code: Expressions) -> None:
        ended = self.layout.ended("r", code)
        code.put(f"E[e + GOES] = 1 if {ended.text} == FOREVER else 0")
        if rule.superseded_by:
            run = self.marked(rule.superseded_by)
            code.put(f"{until} = min({until}, next_arrived(r, {run}, 0, D, L, S, K))")
        if rule.ended_by:
            run = self.marked(rule.ended_by)
            code.put(f"{until} = min({until}, next_arrived(r, {run}, 1, D, L, S, K))")

    def marked(self, kinds: Sequence[str]) -> str:
        """Return the place of a run that says of every kind whether it is one of these."""
        return self.words.table.run([int(kind in kinds) for kind in self.words.kinds.things], ("kinds", tuple(kinds)))

    def _test(self, name: str, rule: EntryRule) -> None:
        """Write what is asked on the day of a tested end: 1 where it holds, 0 where not; else it is handed over."""
        with self.layout.function(f"test_{label(name)}", "e") as code:
            assert rule.counts.condition is not None
            code.put("r = E[e + REC]", "i = E[e + ITEM]")
            scope = replace(self.scope(rule), placed="E[e + PLACED]")
            asked = code.simple(code.text(rule.counts.condition, scope))
            if asked.lacking is not None:
                with code.under(f"if {asked.lacking} != 0:"):
                    code.put("S[BAD] = 1")
            code.put(f"E[e + ASKED] = 1 if {asked.text} else 0")

    def _end_of_time(self) -> None:
        """Write the functions that look up the rule of an entry: to time it, to test its end, to let it go on."""
        with self.layout.function("time", "e") as code:
            for name, number in self.numbers.items():
                with code.under(f"if E[e + RULE] == {number}:"):
                    code.put(f"time_{label(name)}(e, E[e + REC], E[e + ITEM], {MEMORY})")
        tested = {name: rule for name, rule in self.policy.entries.items() if rule.counts.condition}
        with self.layout.function("test", "e") as code:
            for name in tested:
                with code.under(f"if E[e + RULE] == {self.numbers[name]}:"):
                    code.put(f"test_{label(name)}(e, {MEMORY})")
        with self.layout.function("go_on", "e") as code:
            code.put("E[e + UNTIL] = FOREVER")
            for name, rule in tested.items():
                if rule.counts.again:
                    with code.under(f"if E[e + RULE] == {self.numbers[name]}:"):
                        self._again(rule.counts.again, code)

    def _again(self, text: str, code: Expressions) -> None:
        length = parsed(text)
        if not isinstance(length, ex.Duration) or unit_of(length) not in (DAYS, MONTHS):
            raise UncompiledError("a test again after working days")
        count = code.duration(length).text
        code.put("times = 1")
        with code.under(f"while later(E[e + TESTED], times * {count}, {unit_of(length)}) <= S[TODAY]:"):
            code.put("times += 1")
        code.put(f"E[e + UNTIL] = later(E[e + TESTED], times * {count}, {unit_of(length)})")

    def _draft(self, name: str, rule: EntryRule) -> None:
        """Write how an entry is worked out, offered and taken in."""
        number = self.numbers[name]
        with self.layout.function(f"draft_{label(name)}", "r, i, doubt") as code:
            code.put("e = S[NE]")
            with code.under("if e + WIDTH > S[CAPACITY]:"):
                code.put("S[BAD] = 1", "return")
            self._filled(number, rule, code)
            code.put(f"time_{label(name)}(e, r, i, {MEMORY})")
            if isinstance(rule.amount, Share):
                self._share(number, rule.amount, code)
            with code.under("if doubt != 0:"):
                code.put("doubted(e, doubt, E)")
            self._offered(number, rule, code)
            if self.layout.amount_bits() == AMOUNT_BITS:
                self._bounded(code)
            code.put("S[NE] = e + WIDTH", f"S[HAS] = S[HAS] | {self.layout.bits([number])}")
            self._repeated(number, rule, code)
            if rule.account in self.layout.walked:
                with code.under("if E[e + START] <= S[TODAY]:"):
                    code.put(f"take_in_{label(rule.account or '')}(e, {MEMORY})")
            self._spared(name, code)
            for effect, spends in ((rule.ends, 0), (rule.spends, 1)):
                if effect is not None:
                    self._others_ended(rule, effect.entries, effect.where, spends, code)

    def _bounded(self, code: Expressions) -> None:
        """Write that a subject with a larger amount is handed over."""
        with code.under(f"if not {-(1 << AMOUNT_BITS)} < E[e + AMOUNT] < {1 << AMOUNT_BITS}:"):
            code.put("S[BAD] = 1")

    def _filled(self, number: int, rule: EntryRule, code: Expressions) -> None:
        code.put(f"E[e + RULE] = {number}", "E[e + REC] = r", "E[e + ITEM] = i", "E[e + PLACED] = S[TODAY]")
        code.put("E[e + START] = S[TODAY]", "E[e + UNTIL] = FOREVER", "E[e + TESTED] = NOTHING", "E[e + DOUBT] = 0")
        code.put("E[e + SPENT] = 0", "E[e + GOES] = 0", "E[e + AMOUNT] = 0", "E[e + OVER] = 1", "E[e + LACK] = 0")
        code.put("E[e + GRADE] = -1", "E[e + GRADELACK] = 0")
        scope = self.scope(rule)
        if isinstance(rule.amount, Share):
            code.put("E[e + BASEOVER] = 1")
            self._running(rule.amount, code.text(rule.amount.running, scope), rule, code)
        else:
            if rule.amount:
                self._amount(code.text(rule.amount, scope), rule, code)
            code.put("E[e + BASE] = E[e + AMOUNT]", "E[e + BASEOVER] = E[e + OVER]", "E[e + BASELACK] = E[e + LACK]")
        if rule.grade:
            grade = code.text(rule.grade, scope)
            code.put(f"E[e + GRADE] = {grade.text}")
            if grade.lacking is not None:
                code.put(f"E[e + GRADELACK] = {grade.lacking}")
                with code.under("if E[e + GRADELACK] != 0:"):
                    code.put("E[e + GRADE] = -2")

    def _amount(self, amount: Operand, rule: EntryRule, code: Expressions) -> None:
        layout = self.layout
        times = rule.repeat.times if rule.repeat else Fraction(1)
        if amount.over is None:
            layout.scales.append(amount.scale * times.denominator)
        else:
            layout.scales.append(0)
        if layout.form.quotients:
            amount = code.quotient(amount)
            code.put(f"E[e + AMOUNT] = {amount.text}", f"E[e + OVER] = {amount.over}")
        elif amount.over is None and layout.form.scale % amount.scale == 0:
            code.put(f"E[e + AMOUNT] = {code.at(amount, layout.form.scale).text}")
        if amount.lacking is not None:
            code.put(f"E[e + LACK] = {amount.lacking}")

    def _running(self, share: Share, amount: Operand, rule: EntryRule, code: Expressions) -> None:
        """Write what goes into a running total, in units of its own."""
        if amount.over is not None or self.layout.form.quotients:
            raise UncompiledError("shares of quotients")
        times = rule.repeat.times if rule.repeat else Fraction(1)
        self._totals[share] = amount.scale
        self.layout.scales.append(self.words.ladder(share.share, amount.scale)[1] * times.denominator)
        code.put(f"E[e + BASE] = {amount.text}", f"E[e + BASELACK] = {amount.lacking or '0'}")

    def _share(self, number: int, share: Share, code: Expressions) -> None:
        """Write what an amount adds to a ladder of the running total in the calendar year of its place."""
        form = self.layout.form
        ladder, unit = self.words.ladder(share.share, self._totals[share])
        code.put("first = year_of(S[TODAY])", "last = year_after(S[TODAY])", "before = 0", "lack = E[e + BASELACK]")
        with (
            code.under(self.layout.loop("o", [number])),
            code.under(f"if E[o + RULE] == {number} and first <= E[o + PLACED] < last:"),
        ):
            code.put("before, S[BAD] = add(before, E[o + BASE], S[BAD])", "lack = join(lack, E[o + BASELACK])")
        code.put("after, S[BAD] = add(before, E[e + BASE], S[BAD])")
        code.put(f"was, S[BAD] = on_ladder(before, K, {ladder}, S[BAD])")
        code.put(f"now, S[BAD] = on_ladder(after, K, {ladder}, S[BAD])")
        code.put("E[e + LACK] = lack", "E[e + AMOUNT] = 0")
        with code.under("if lack == 0:"):
            code.put("E[e + AMOUNT], S[BAD] = add(now, -was, S[BAD])")
            if form.scale % unit == 0 and form.scale != unit:
                code.put(f"E[e + AMOUNT], S[BAD] = mul(E[e + AMOUNT], {form.scale // unit}, S[BAD])")

    def _offered(self, number: int, rule: EntryRule, code: Expressions) -> None:
        """Write what goes before an entry of the same occurrence, and what it displaces."""
        if rule.unless:
            other = self.numbers[rule.unless]
            code.put("lack = 0")
            with (
                code.under(self.layout.loop("o", [other])),
                code.under(f"if E[o + RULE] == {other} and same(E[o + REC], r, D):"),
            ):
                with code.under("if E[o + DOUBT] == 0:"):
                    code.put("return")
                code.put("lack = join(lack, E[o + DOUBT])")
            with code.under("if lack != 0:"):
                code.put("doubted(e, lack, E)")
        if rule.choose:
            sign = "" if rule.choose == "gravest" else "-"
            mine = f"E[o + RULE] == {number} and same(E[o + REC], r, D)"
            with code.under(self.layout.loop("o", [number])), code.under(f"if {mine}:"):
                with code.under("if E[o + BASELACK] != 0 or E[o + DOUBT] != 0:"):
                    code.put("return")
                with code.under("if E[e + BASELACK] == 0 and E[e + DOUBT] == 0:"):
                    base, held = (Operand("number", f"{sign}E[{x} + BASE]", scale=self.layout.form.scale,
                                          over=f"E[{x} + BASEOVER]" if self.layout.form.quotients else None)
                                  for x in "eo")  # fmt: skip
                    with code.under(f"if not {code.compared('<', base, held)}:"):
                        code.put("return")
            with code.under(self.layout.loop("o", [number])), code.under(f"if {mine}:"):
                self._removed(rule.account, code)

    def _removed(self, account: str | None, code: Expressions) -> None:
        if account in self.layout.walked:
            code.put(f"give_back_{label(account or '')}(o, {MEMORY})")
        code.put("E[o + RULE] = -1")

    def _repeated(self, number: int, rule: EntryRule, code: Expressions) -> None:
        if rule.repeat is None or rule.amount is None:
            return
        code.put("certain = False", "lack = 0")
        earlier = f"E[o + RULE] == {number} and E[o + ITEM] == i and E[o + PLACED] < S[TODAY]"
        with (
            code.under(self.layout.loop("o", [number])),
            code.under(f"if {earlier} and E[o + SPENT] == 0 and {self.layout.counts('o')}:"),
        ):
            with code.under("if E[o + DOUBT] == 0:"):
                code.put("certain = True")
            code.put("lack = join(lack, E[o + DOUBT])")
        with code.under("if certain and E[e + LACK] == 0:"):
            self._times(rule.repeat.times, code)
        with code.under("elif E[e + LACK] == 0 and lack != 0:"):
            code.put("E[e + LACK] = lack")

    def _times(self, times: Fraction, code: Expressions) -> None:
        factor = code.constant(times)
        if self.layout.form.quotients:
            code.put(f"E[e + AMOUNT], E[e + OVER], S[BAD] = q_mul(E[e + AMOUNT], E[e + OVER], {factor.text}, "
                     f"{factor.scale}, S[BAD])")  # fmt: skip
        else:
            code.put(f"E[e + AMOUNT], S[BAD] = mul(E[e + AMOUNT], {factor.text}, S[BAD])")
            if factor.scale > 1:
                code.put(f"S[BAD] = S[BAD] if E[e + AMOUNT] % {factor.scale} == 0 else 1")
                code.put(f"E[e + AMOUNT] = E[e + AMOUNT] // {factor.scale}")
            if self.layout.amount_bits() == AMOUNT_BITS:
                self._bounded(code)

    def _spared(self, name: str, code: Expressions) -> None:
        """Write that entries of rules that give way to this one are taken away."""
        giving = {n: rule for n, rule in self.policy.entries.items() if rule.unless == name}
        for other, rule in giving.items():
            with (
                code.under("if r >= 0:"),
                code.under(self.layout.loop("o", [self.numbers[other]])),
                code.under(f"if E[o + RULE] == {self.numbers[other]} and same(E[o + REC], r, D):"),
            ):
                with code.under("if E[e + DOUBT] == 0:"):
                    self._removed(rule.account, code)
                with code.under("else:"):
                    code.put("doubted(o, E[e + DOUBT], E)")

    def _others_ended(
        self, rule: EntryRule, names: Sequence[str], where: str | None, spends: int, code: Expressions
    ) -> None:
        """Write that entries of other rules are ended or spent, and measures ended."""
        rules = [n for n, (name, one) in enumerate(self.policy.entries.items()) if {name, one.account} & set(names)]
        if rules:
            tests = [f"({' or '.join(f'E[o + RULE] == {n}' for n in rules)})", "E[o + SPENT] == 0"]
            tests += [] if spends else ["E[o + UNTIL] > S[TODAY]"]
            with code.under("for o in range(S[E0], e, WIDTH):"), code.under(f"if {' and '.join(tests)}:"):
                asked = Operand("flag", "True")
                if where is not None:
                    asked = code.simple(code.text(where, EntryScope("o", rules, self.scope(rule))))
                lacking = code.joined(asked.lacking, "E[e + DOUBT]")
                with code.under(f"if {lacking} != 0:"):
                    code.put("S[BAD] = 1")
                with code.under(f"elif {asked.text}:"):
                    code.put(f"ended(o, {spends}, {MEMORY})")
        for name in names:
            if name in self.layout.stages:
                stage = self.layout.slot(f"STAGE_{name}")
                with code.under("if E[e + DOUBT] != 0:"):
                    code.put(f"S[BAD] = 1 if {stage} != 0 else S[BAD]")
                with code.under("else:"):
                    code.put(f"{stage} = 0", f"{self.layout.slot(f'STAGEUNTIL_{name}')} = NOTHING")

    def _open(self, name: str, rule: EntryRule) -> None:
        """Write that a rule looks at a record, or without one at the day."""
        with self.layout.function(f"open_{label(name)}", "r") as code:
            subject = self.layout.subject(rule.subject)
            if subject is not None:
                with code.under(f"if not {subject}:"):
                    code.put("return")
            if not rule.items:
                code.put("i = -1")
                self._fits(name, rule, [], code)
                return
            first, last = self.items.candidates(rule.items, "r", code)
            with code.under(f"for p in range({first}, {last}):"):
                code.put(f"i = {self.items.base} + K[p]")
                asked = self.items.fits(rule.items, "r", code)
                self._fits(name, rule, [asked] if asked else [], code)

    def _fits(self, name: str, rule: EntryRule, asked: list[Operand], code: Expressions) -> None:
        if rule.where:
            asked = [*asked, code.simple(code.text(rule.where, self.scope(rule)))]
        false = [f"({one.lacking} == 0 and not {one.text})" if one.lacking else f"not {one.text}" for one in asked]
        call = f"draft_{label(name)}(r, i, {code.lacks(*asked) or '0'}, {MEMORY})"
        if false:
            with code.under(f"if not ({' or '.join(false)}):"):
                code.put(call)
        else:
            code.put(call)
