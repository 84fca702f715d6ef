"""The close of a day as generated code: what the next day asks of it, and what the policy says; as `grading` does."""

from __future__ import annotations

from goodstanding.engine.compiled.coding import Operand, UncompiledError
from goodstanding.engine.compiled.expressing import Expressions
from goodstanding.engine.compiled.layout import MEMORY, Layout, label
from goodstanding.engine.compiled.scopes import RecordScope
from goodstanding.engine.fold import remembered
from goodstanding.engine.standing import Outcome, Status
from goodstanding.engine.state import NO_GRADE

OUTCOMES = tuple(Outcome)
"""What a standing comes to, by number."""
STATUSES = tuple(Status)
"""Whether an entry counts, by number."""
GRADED, NOT_RATED, NOT_DECIDABLE = (OUTCOMES.index(one) for one in OUTCOMES)
COUNTS, HELD, COMING, ENDED, SPENT = (STATUSES.index(one) for one in STATUSES)


class DecisionScope:
    """What a decision reads: values, the grade, and whether a measure is in force."""

    def name(self, name: str, code: Expressions) -> Operand:
        """Return what a name stands for."""
        if name in code.words.policy.measures:
            return Operand("flag", f"(O[a + M_{label(name)}] == 2)")
        if name == "grade":
            return Operand("code", code.set(f"g if decided and g >= 0 else {code.words.codes.number(NO_GRADE)}"))
        return RecordScope().name(name, code)


class Closing:
    """The functions of the close: begin, close, grade, final, statuses."""

    def __init__(self, layout: Layout) -> None:
        """Write them into a layout."""
        self.layout, self.policy, self.words = layout, layout.policy, layout.words

    def write(self) -> None:
        """Write them."""
        self._unrated()
        self._grade()
        self._close()
        self._turn()
        self._begin()
        self._statuses()
        self._final()

    def _unrated(self) -> None:
        """Write which row says that there is no score, -1 for none, and what is missing to tell."""
        with self.layout.function("unrated") as code:
            for place, row in enumerate(self.policy.unrated):
                asked = code.simple(code.text(row.when, RecordScope()))
                if asked.lacking is not None:
                    with code.under(f"if {asked.lacking} != 0:"):
                        code.put(f"return {place}, {asked.lacking}")
                with code.under(f"if {asked.text}:"):
                    code.put(f"return {place}, 0")
            code.put("return -1, 0")

    def _grade(self) -> None:
        """Write the grade, and what is missing to tell it."""
        grades = self.policy.grades
        otherwise = -1 if grades.otherwise is None else self.words.codes.number(grades.otherwise)
        with self.layout.function("grade") as code:
            for override in grades.overrides:
                asked = code.simple(code.text(override.when, RecordScope()))
                if asked.lacking is not None:
                    with code.under(f"if {asked.lacking} != 0:"):
                        code.put(f"return -1, {asked.lacking}")
                with code.under(f"if {asked.text}:"):
                    grade = code.text(override.grade, RecordScope())
                    code.put(f"return {grade.text}, {grade.lacking or '0'}")
            if not grades.ladders:
                code.put(f"return {otherwise}, 0")
                return
            self._ladders(code, otherwise)

    def _ladders(self, code: Expressions, otherwise: int) -> None:
        ladders = self.policy.grades.ladders
        values = [self.layout.value_of(one.of, code) for one in ladders]
        lacking = code.lacks(*values)
        if lacking is not None:
            with code.under(f"if {lacking} != 0:"):
                code.put(f"return -1, {lacking}")
        code.put("worst = -1", "off = 0")
        for place, (ladder, value) in enumerate(zip(ladders, values, strict=True)):
            if value.over is not None:
                raise UncompiledError("bands of a quotient")
            bands, many, by = self.words.bands(ladder, value.scale, place)
            code.put(f"given, S[BAD] = band({value.text}, K, {bands}, {many}, {by}, S[BAD])")
            with code.under("if given < 0:"):
                code.put(f"off = join(off, {self.words.fact(f'{ladder.of} on its grid')})")
            code.put("worst = max(worst, given)")
        with code.under("if off != 0:"):
            code.put("return -1, off" if self.policy.grades.otherwise is None else f"return {otherwise}, 0")
        code.put("return worst, 0")

    def _close(self) -> None:
        """Write what is kept of a day for the next one."""
        layout = self.layout
        moment, count = layout.slot("MOMENT"), layout.slot("MOMENTS")
        with layout.function("close") as code:
            code.put(f"{count} += 1", f"{moment} = {count}")
            for name, rule in self.policy.entries.items():
                if rule.when:
                    self._was(f"WAS_rule_{name}", rule.when, code)
            for name in layout.stages:
                measure = self.policy.measures[name]
                if measure.at is None and measure.when:
                    self._was(f"WAS_measure_{name}", measure.when, code)
            kept = {}
            for name in sorted(remembered(self.policy)):
                if name == "grade":
                    code.put(f"row, lacking = unrated({MEMORY})", f"g = {self.words.codes.number(NO_GRADE)}")
                    with code.under("if row < 0:"):
                        code.put(f"g, lacking = grade({MEMORY})")
                    kept[name] = Operand("code", "g", "lacking")
                else:
                    kept[name] = code.simple(layout.value_of(name, code))
            for name, operand in kept.items():
                self._keep(name, operand, code)
            code.put(f"{moment} = 0")

    def _was(self, slot: str, text: str, code: Expressions) -> None:
        """Keep whether a condition holds; one that is no longer known is asked again on the next day."""
        asked, was = code.simple(code.text(text, RecordScope())), self.layout.slot(slot)
        if asked.lacking is not None:
            with code.under(f"if {was} == 1 and {asked.lacking} != 0:"):
                code.put("S[EDGE] = soonest(S[EDGE], S[TODAY] + 1, S[TODAY])")
        code.put(f"{was} = 1 if {code.truth(asked)} else 0")

    def _keep(self, name: str, operand: Operand, code: Expressions) -> None:
        """Keep a value for the next day; where it is another than the day before, that comes out otherwise then."""
        slots, kept = self.layout.before(name, "KEPT"), self.layout.slot(f"KEPT_{name}")
        text = f"1 if {operand.text} else 0" if operand.kind == "flag" else operand.text
        code.put(f"{kept} = {text}", f"{slots.lacking} = {operand.lacking or '0'}")
        if slots.over is not None:
            code.put(f"{slots.over} = {operand.over or '1'}")
        if slots.kind == "duration":
            code.put(f"{slots.unit} = {operand.unit}")
        differs = " or ".join(f"{one} != {other}" for one, other in self._kept(name))
        with code.under(f"if {differs}:"):
            code.put("S[EDGE] = soonest(S[EDGE], S[TODAY] + 1, S[TODAY])")

    def _kept(self, name: str) -> list[tuple[str, str]]:
        """Return the slots of what stood the day before, each with that of what is kept for the next day."""
        layout = self.layout
        before, kept = layout.before(name), layout.before(name, "KEPT")
        pairs = [(layout.slot(f"BEFORE_{name}"), layout.slot(f"KEPT_{name}")), (before.lacking, kept.lacking)]
        pairs += [(before.over, kept.over)] if before.over is not None else []
        pairs += [(before.unit, kept.unit)] if before.kind == "duration" else []
        return [(str(one), str(other)) for one, other in pairs]

    def _turn(self) -> None:
        """Write how what was kept becomes what stood the day before."""
        with self.layout.function("turn") as code:
            for name in sorted(remembered(self.policy)):
                code.put(*(f"{one} = {other}" for one, other in self._kept(name)))
            code.put("return")

    def _begin(self) -> None:
        """Write an empty dossier."""
        layout = self.layout
        with layout.function("begin") as code:
            code.put(f"{layout.slot('DOUBTED')} = 0")
            for name in layout.stages:
                code.put(f"{layout.slot(f'STAGE_{name}')} = 0", f"{layout.slot(f'STAGEUNTIL_{name}')} = NOTHING")
            for name in layout.walked:
                total = layout.balance(name)
                code.put(f"{total.text} = 0", f"{total.lacking} = 0")
            for name in remembered(self.policy):
                slots = layout.before(name)
                nothing = self.words.codes.number(NO_GRADE) if name == "grade" else 0
                lacking = 0 if name == "grade" else self.words.fact(f"{name} of the day before")
                code.put(f"{layout.slot(f'BEFORE_{name}')} = {nothing}", f"{slots.lacking} = {lacking}")
                if slots.over is not None:
                    code.put(f"{slots.over} = 1")
            code.put("return")
        lines: list[object] = []
        for name in layout.stages:
            until = layout.slot(f"STAGEUNTIL_{name}")
            lines += [f"if {until} != NOTHING and {until} < day:", [f"day = {until}"]]
        layout.functions.append(["def stage_day(day, S):", [*lines, "return day"]])

    def _statuses(self) -> None:
        """Write whether an entry counts, or why not; a doubt about its account is one about it."""
        with self.layout.function("statuses", "e") as code:
            counts = self.layout.counts("e")
            with code.under("if E[e + SPENT] != 0:"):
                code.put(f"E[e + STATUS] = {SPENT}", "return")
            with code.under(f"if not ({counts}):"):
                coming = "S[TODAY] < E[e + START] and (E[e + START] < E[e + UNTIL] or E[e + UNTIL] == FOREVER)"
                code.put(f"E[e + STATUS] = {COMING} if {coming} else {ENDED}", "return")
            code.put(f"E[e + STATUS] = {COUNTS}")
            for account in self.policy.accounts:
                rules = [n for n, rule in enumerate(self.policy.entries.values()) if rule.account == account]
                if rules and self.policy.accounts[account].held_while:
                    with code.under(f"if {' or '.join(f'E[e + RULE] == {n}' for n in rules)}:"):
                        held = self.layout.held(account, code)
                        assert held is not None
                        if held.lacking is not None:
                            with code.under(f"if {held.lacking} != 0:"):
                                code.put(f"doubted(e, {held.lacking}, E)", "return")
                        with code.under(f"if {held.text}:"):
                            code.put(f"E[e + STATUS] = {HELD}")

    def _final(self) -> None:
        """Write the answer of a subject."""
        moment, count = self.layout.slot("MOMENT"), self.layout.slot("MOMENTS")
        with self.layout.function("final", "a, O") as code:
            code.put(f"{count} += 1", f"{moment} = {count}")
            code.put(f"row, lacking = unrated({MEMORY})", f"outcome = {GRADED}", "g = -1")
            with code.under("if row < 0:"):
                code.put(f"g, lacking = grade({MEMORY})")
            with code.under("else:"):
                code.put(f"outcome = {NOT_RATED}")
            if not self.layout.straight:
                code.put(f"lacking = join(lacking, {self.layout.slot('DOUBTED')})")
            with code.under("if lacking != 0:"):
                code.put(f"outcome = {NOT_DECIDABLE}")
            code.put("decided = outcome == 0", "unsure = 0")
            self._measures(code)
            self._decisions(code)
            with code.under("if decided and unsure != 0:"):
                code.put(f"outcome = {NOT_DECIDABLE}", "lacking = unsure", "decided = False")
            code.put("O[a + OUTCOME] = outcome", "O[a + GRADED] = g if decided else -1")
            code.put(f"O[a + MISSES] = lacking if outcome == {NOT_DECIDABLE} else 0")
            code.put(f"O[a + BECAUSE] = row if outcome == {NOT_RATED} else -1", "O[a + WITNESS] = -1")
            self._witness(code)
            self._score(code)
            code.put(f"{moment} = 0")

    def _score(self, code: Expressions) -> None:
        code.put("O[a + KNOWS] = 0", "O[a + SCORE] = 0", "O[a + SCOREOVER] = 1")
        if self.policy.score is None:
            return
        score = code.simple(self.layout.value_of(self.policy.score, code))
        with code.under(f"if decided and {score.lacking or '0'} == 0:"):
            over = score.over or "1"
            if score.over is not None and score.scale != 1:
                score = code.quotient(score)
            code.put("O[a + KNOWS] = 1", f"O[a + SCORE] = {score.text}", f"O[a + SCOREOVER] = {score.over or over}")

    def score_scale(self) -> int:
        """Return the units of the score."""
        return self.layout.forms[self.policy.score].scale if self.policy.score else 1

    def _measures(self, code: Expressions) -> None:
        for name, measure in self.policy.measures.items():
            state = f"O[a + M_{label(name)}]"
            if measure.while_ is not None:
                asked = code.simple(code.text(measure.while_, RecordScope()))
                code.put(f"{state} = 2 if {code.truth(asked)} else 0")
                if asked.lacking is not None:
                    code.put(f"unsure = join(unsure, {asked.lacking})")
            elif measure.when is not None:
                code.put(f"{state} = {self.layout.slot(f'STAGE_{name}')}")
            else:
                numbers = [self.words.codes.number(grade) for grade in measure.grades]
                tests = " or ".join(f"g == {number}" for number in numbers) or "False"
                code.put(f"{state} = 2 if decided and ({tests}) else 0")

    def _decisions(self, code: Expressions) -> None:
        """Write the outcome of each decision: its case, -1 for the one that stands otherwise."""
        for name, decision in self.policy.decisions.items():
            given = f"O[a + C_{label(name)}]"
            code.put(f"{given} = -1", "open = True")
            for place, case in enumerate(decision.outcomes):
                with code.under("if open:"):
                    asked = code.simple(code.text(case.when, DecisionScope()))
                    if asked.lacking is not None:
                        with code.under(f"if {asked.lacking} != 0:"):
                            code.put(f"unsure = join(unsure, {asked.lacking})", "open = False")
                    with code.under(f"if {code.truth(asked)}:"):
                        code.put(f"{given} = {place}", "open = False")

    def _witness(self, code: Expressions) -> None:
        """Write which record gives the reason why there is no score."""
        for place, row in enumerate(self.policy.unrated):
            rule, _, attribute = row.because.partition(".")
            if not attribute:
                continue
            number = list(self.policy.entries).index(rule)
            with (
                code.under(f"if row == {place} and outcome == {NOT_RATED}:"),
                code.under(self.layout.loop("e", [number])),
            ):
                tests = f"E[e + RULE] == {number} and E[e + SPENT] == 0 and E[e + REC] >= 0"
                with code.under(f"if {tests} and {self.layout.counts('e')}:"):
                    latest = "O[a + WITNESS] < 0 or D[ACT][E[e + REC]] >= D[ACT][O[a + WITNESS]]"
                    with code.under(f"if {latest}:"):
                        code.put("O[a + WITNESS] = E[e + REC]")
