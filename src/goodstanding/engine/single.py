"""One dossier as fast as can be: from records to an explanation as data, by the policy's program.

It is what the exact evaluator says, to the last unit. What differs between policies is written as text once: a function
that brings records into the program's columns, one of the program that tells values and entries, and one that reads
what it told.
"""

from __future__ import annotations

import ctypes
import datetime as dt
from array import array
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from struct import Struct
from typing import Any

from goodstanding.engine.compiled import running
from goodstanding.engine.compiled.closing import NOT_DECIDABLE, NOT_RATED, OUTCOMES, STATUSES, Closing, DecisionScope
from goodstanding.engine.compiled.coding import ATTRIBUTE_BITS, Operand, UncompiledError
from goodstanding.engine.compiled.expressing import Expressions
from goodstanding.engine.compiled.folding import Program, is_straight, program
from goodstanding.engine.compiled.layout import ANSWER, MEMORY, Layout, answers_of, label
from goodstanding.engine.compiled.primitives import NOTHING, NOWHERE
from goodstanding.engine.compiled.scopes import PLACE, RecordScope
from goodstanding.engine.compiled.vocabulary import DATES, EPOCH, SUBJECTS
from goodstanding.engine.evaluation import parsed
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.grading import STRENGTH
from goodstanding.engine.periods import FOREVER
from goodstanding.engine.standing import Standing, Unknown, number_text
from goodstanding.facts.catalogue import Catalogue, Subject
from goodstanding.facts.records import Record
from goodstanding.policy import expressions as ex
from goodstanding.policy.reader import Loaded

Data = dict[str, Any]
_FEW, _MOST = 32, 1 << 12
"""Records that there is always room for, and at most."""
_IS_A = {name: number for number, name in enumerate(SUBJECTS)}
_NEVER = FOREVER.toordinal()
_OUTCOMES, _STATUSES = [one.value for one in OUTCOMES], [one.value for one in STATUSES]


class Single:
    """A policy under a catalogue, ready to explain one dossier after another, in any number of threads."""

    def __init__(self, loaded: Loaded, catalogue: Catalogue, *, compiled: bool = True) -> None:
        """Make the program, as machine code or as plain Python; without one, the exact evaluator does everything."""
        self.evaluator = Evaluator(loaded, catalogue)
        self._few: list[_Memory] = []
        self._pools: dict[int, list[_Memory]] = {}
        try:
            self._telling: _Telling | None = _Telling(program(loaded.policy, catalogue).layout, compiled=compiled)
        except UncompiledError:
            self._telling = None

    def standing(self, records: Sequence[Record], subject: Subject, on: dt.date) -> Data:
        """Return the standing on a day from all of a subject's records, as known on that day, as `told` writes it."""
        telling, many = self._telling, len(records)
        if telling is None or many > _MOST:
            return told(self.evaluator.standing(records, subject, on))
        most = _FEW if many <= _FEW else 1 << many.bit_length()
        pool = self._few if many <= _FEW else self._pools.setdefault(most, [])
        try:
            memory = pool.pop()
        except IndexError:
            memory = _Memory(telling, most)
        fresh: dict[str, int] = {}
        kept = memory.judge(records, on, _IS_A[subject], fresh)
        found = None
        if kept is not None:
            codes = [*telling.codes, *fresh] if fresh else telling.codes
            found = telling.read(memory.answers, memory.rows, kept, codes)
        pool.append(memory)
        return told(self.evaluator.standing(records, subject, on)) if found is None else found


def _in_order(records: Sequence[Record], on: dt.date, ranks: Mapping[str, int]) -> list[Record]:
    """Return the records that are known, each once, in the order in which days and programs take them."""
    once = {record.digest or id(record): record for record in records if record.known_on(on)}.values()
    return sorted(once, key=lambda r: (r.act, ranks.get(r.kind, len(ranks)), r.occurrence, r.digest))


def told(standing: Standing) -> Data:
    """Return a standing as plain data: whole numbers as int, others as Fraction, None for unknown ones and no end."""
    entries = [
        {"record": entry.record.document if entry.record else None, "rule": entry.rule,
         "item": entry.item.id if entry.item else None, "amount": _plain(entry.amount), "grade": _plain(entry.grade),
         "from": None if entry.start == FOREVER else entry.start, "until": entry.until, "clause": entry.clause,
         "status": entry.status.value}
        for entry in standing.entries
    ]  # fmt: skip
    steps = [
        {"name": step.name, "filled": step.filled, "result": _plain(step.result), "clause": step.clause}
        for step in standing.arithmetic
    ]
    return {"outcome": standing.outcome.value, "score": _plain(standing.score), "grade": standing.grade,
            "reason": standing.reason, "missing": standing.missing, "entries": entries, "arithmetic": steps,
            "measures": standing.measures, "decisions": dict(standing.decisions)}  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, Unknown):
        return None
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def _number(units: int, scale: int) -> int | Fraction:
    return Fraction(units, scale) if units % scale else units // scale


def _right(value: Any) -> str:
    """Write what stands right of a sign."""
    text = str(value)
    return f"({text})" if text.startswith("-") else text


class _Memory:
    """What a program reads and writes for one subject of at most so many records."""

    def __init__(self, telling: _Telling, most: int) -> None:
        """Make room."""
        made, rules = telling.program, len(telling.policy.entries) + 1
        rows = most * min(2 * rules, 12) + 64
        wide = [made.layout.wide(made.columns[name]) for name in made.fields]
        self.columns = [array("q" if one else "i", [NOTHING if one else NOWHERE]) * most for one in wide]
        self.offsets, self.is_a = array("q", [0, 0]), array("B", [0])
        self.answers = array("q", [0]) * len(telling.answers)
        self.entries = array("q", [0]) * (rows * len(telling.fields))
        sizes = (rows * made.width, most + 1, made.states, most * rules + 1, most * rules + 1)
        own = [array("q", [0]) * size for size in sizes]
        own[2][made.layout.slots.index("CAPACITY")] = rows * made.width
        self.rows = memoryview(self.entries).cast("B")
        columns: Any = self.columns
        if telling.compiled:
            columns = array("q", [column.buffer_info()[0] for column in self.columns])
        self._tables = (self.offsets, self.is_a, columns, telling.numbers, self.answers, self.entries, *own)
        self.judge = telling.judging(self.columns, self._tables)


_JUDGE = """
def judge(first, last, on, known_on, keep, offsets, is_a, D, K, O, C, E, L, S, V, X):
    done = judge_all(first, last, on, known_on, keep, offsets, is_a, D, K, O, C, E, L, S, V, X)
    tell(C, O, D, E, L, S, K)
    return done
"""


class _Telling:
    """A policy's program that tells all of a standing, and how that is read."""

    def __init__(self, layout: Layout, *, compiled: bool) -> None:
        """Add to a program what it must tell."""
        self.policy, self.words, self.compiled = layout.policy, layout.words, compiled
        self.codes = self.words.codes.things
        writer = _Writer(layout)
        steps = writer.write()
        self.answers, self.fields = writer.answers, writer.fields
        self.program = Program(layout)
        self.program.source = self.program.source.replace("def judge(", "def judge_all(") + _JUDGE
        self.numbers = array("q", self.program.numbers)
        self.run: Any = running.plain(self.program.source)["judge"] if not compiled else None
        if compiled:
            self._kept = running.compiled(self.program)
            self.run = ctypes.PYFUNCTYPE(None)(ctypes.cast(self._kept, ctypes.c_void_p).value or 0)
        self.read = self._reading(steps, layout)

    def _reading(self, steps: str, layout: Layout) -> Callable[..., Data | None]:
        """Return the function that reads what the program told: None where it leaves that to the exact evaluator."""
        policy, form = self.policy, layout.form
        names = {"number": _number, "text": number_text, "right": _right, "day": dt.date.fromordinal,
                 "names": list(policy.entries), "clauses": [rule.clause for rule in policy.entries.values()],
                 "items": policy.items,
                 "answer": Struct(f"{len(self.answers)}q").unpack_from,
                 "row": Struct(f"{len(self.fields)}q").iter_unpack,
                 "reason": self._reason, "statuses": _STATUSES, "outcomes": _OUTCOMES,
                 "measures": [(name, self.answers.index(f"M_{label(name)}")) for name in policy.measures]}  # fmt: skip
        decisions = []
        for name, one in policy.decisions.items():
            place = self.answers.index(f"C_{label(name)}")
            names[f"cases{place}"] = [*(case.outcome for case in one.outcomes), one.otherwise]
            decisions.append(f"{name!r}: cases{place}[f[{place}]]")
        units = "over" if form.quotients else "1"
        recorded = not any(rule.when or set(rule.kinds) & set(policy.measures) for rule in policy.entries.values())
        places = {name.lower(): place for place, name in enumerate(ANSWER)}
        score = f"number(f[{places['score']}], f[{places['scoreover']}] * {Closing(layout).score_scale()})"
        if Closing(layout).score_scale() == 1:
            score = f"(f[{places['score']}] if f[{places['scoreover']}] == 1 else {score})"
        text = _READING.format(
            fields=", ".join(name.lower() for name in self.fields),
            room=8 * len(self.fields), never=_NEVER, nothing=NOTHING, steps=steps, number=score,
            undecidable=NOT_DECIDABLE, unrated=NOT_RATED,
            document="records[rec].document" if recorded else "records[rec].document if rec >= 0 else None",
            begun="records[rec].act" if recorded else "day(start)",
            amount="amount" if form.scale == 1 and not form.quotients else f"number(amount, {units} * {form.scale})",
            grade="codes[grade] if grade >= 0 else None" if "GRADE" in self.fields else "None",
            item="items[item].id if item >= 0 else None" if policy.items else "None", decisions=", ".join(decisions),
            clause="items[item].clause if item >= 0 else clauses[rule]" if policy.items else "clauses[rule]",
            measures="tuple([name for name, place in measures if f[place] == 2])" if policy.measures else "()",
            **places,
        )  # fmt: skip
        exec(compile(text, "<reading>", "exec"), names)  # noqa: S102 - made by this module alone
        made: Any = names["read"]
        return made  # type: ignore[no-any-return]

    def _reason(self, because: int, witness: int, records: Sequence[Record]) -> str | None:
        code = self.policy.unrated[because].because
        _, _, attribute = code.partition(".")
        if not attribute:
            return code
        value = records[witness].attributes.get(attribute) if witness >= 0 else None
        return None if value is None else str(value)

    def judging(self, columns: Sequence[Any], tables: Sequence[Any]) -> Callable[..., list[Record] | None]:
        """Return the function that brings records into columns, runs the program and returns the records that it read.

        None: a number is one that columns do not hold. Codes that the policy does not know are added to `fresh`.
        """
        fields = {name: f"c{place}" for place, name in enumerate(self.program.fields)}
        kinds, ranks = self.words.kinds.numbers, self.words.ranks
        names: dict[str, Any] = dict(zip(fields.values(), columns, strict=True))
        names["kinds"], names["by_kind"] = kinds, {kind: ranks.get(name, len(ranks)) for name, kind in kinds.items()}
        names["codes"] = dict[Any, int](self.words.codes.numbers) | {None: NOWHERE}
        whole: Any = ctypes.c_void_p.from_param if self.compiled else int
        names |= {"Fraction": Fraction, "whole_units": _whole_units}
        given = [whole(one.buffer_info()[0]) for one in tables] if self.compiled else tables
        names |= {
            "ranks": ranks,
            "in_order": _in_order,
            "run": self.run,
            "whole": whole,
            "none": whole(0),
            "one": whole(1),
        }
        names |= {"offsets": tables[0], "subject": tables[1]} | {
            f"t{place}": table for place, table in enumerate(given)
        }
        read = self.words.attributes.things
        lines = [line for name in read for line in self._lowered(name, fields[f"F_{label(name)}"])]
        straight = is_straight(self.policy)
        text = _LOWERING.format(
            ties="" if straight else "ties.append((by_kind[kind], r.occurrence, r.digest, n))",
            begin="" if straight else "ties = []",
            order="" if straight else _ORDERING.format(order=fields["ORDER"]),
            kind=fields["KIND"], act=fields["ACT"], occurrence=fields["OCCURRENCE"],
            columns="\n        ".join(lines), epoch=EPOCH,
            tables=", ".join(f"t{place}" for place in range(len(tables))),
        )  # fmt: skip
        exec(compile(text, "<lowering>", "exec"), names)  # noqa: S102 - made by this module alone
        made: Any = names["judge"]
        return made  # type: ignore[no-any-return]

    def _lowered(self, name: str, column: str) -> list[str]:
        """Return the lines that bring one attribute or date into its column."""
        if name in DATES:
            return [f"v = r.{name}", f"{column}[n] = {NOWHERE} if v is None else v.toordinal() - {EPOCH}"]
        attribute = self.words.catalogue.attributes[name]
        if attribute.type == "code":
            first = f"{len(self.codes)} + fresh.setdefault(get({name!r}), len(fresh))"
            return [f"v = codes.get(get({name!r}))", f"{column}[n] = {first} if v is None else v"]
        given = {"flag": f"{column}[n] = v", "date": f"{column}[n] = v.toordinal() - {EPOCH}"}
        if attribute.type in given:
            return [f"v = get({name!r})", f"if v is None: {column}[n] = {NOWHERE}", f"else: {given[attribute.type]}"]
        unit = 10**attribute.scale
        units = f"v._numerator * {unit}" if attribute.scale else "v._numerator"
        whole = "v.__class__ is Fraction and v._denominator == 1"
        return [f"v = get({name!r})", f"if v is None: {column}[n] = {NOTHING}", "else:",
                f"    v = {units} if {whole} else whole_units(v, {unit})",
                f"    if not -{1 << ATTRIBUTE_BITS} < v < {1 << ATTRIBUTE_BITS}: return None",
                f"    {column}[n] = v"]  # fmt: skip


def _whole_units(number: Any, unit: int) -> int:
    """Return a number in whole units, one that columns do not hold where it is not whole in them."""
    units = Fraction(number) * unit
    return units.numerator if units.denominator == 1 else 1 << 62


_ORDERING = "ties.sort()\n    for place, row in enumerate(ties): {order}[row[3]] = place"
_LOWERING = """
def judge(records, on, is_a, fresh, ordered=False):
    last = n = 0
    today = on.toordinal()
    kept, occurrences = [], {{}}
    {begin}
    for r in records:
        kind, day = kinds.get(r.kind), r.act.toordinal()
        if kind is None or day > today or r.known is not None and r.known > on:
            continue
        if r.withdrawn is not None and r.withdrawn <= on:
            continue
        if day <= last and not ordered:
            return judge(in_order(records, on, ranks), on, is_a, fresh, True)
        last = day
        {kind}[n] = kind
        {act}[n] = day - {epoch}
        {occurrence}[n] = occurrences.setdefault(r.occurrence, n)
        {ties}
        get = r.attributes.get
        {columns}
        kept.append(r)
        n += 1
    {order}
    offsets[1], subject[0], today = n, is_a, whole(today - {epoch})
    run(none, one, today, today, none, {tables})
    return kept
"""
_READING = """
def read(answers, rows, records, codes):
    f = answer(answers)
    outcome = f[{outcome}]
    if f[{hand}] or outcome == {undecidable}:
        return None
    told = row(rows[: f[-1] * {room}])
    if f[-2]:
        told = sorted(told)
    entries = [{{
        "record": {document},
        "rule": names[rule],
        "item": {item},
        "amount": None if amount == {nothing} else {amount},
        "grade": {grade},
        "from": {begun} if start == act else day(start) if start < {never} else None,
        "until": day(until) if until < {never} else None,
        "clause": {clause},
        "status": statuses[status],
    }} for {fields} in told]
    return {{
        "outcome": outcomes[outcome],
        "score": {number} if f[{knows}] else None,
        "grade": codes[f[{graded}]] if f[{graded}] >= 0 else None,
        "reason": None if f[{because}] < 0 else reason(f[{because}], f[{witness}], records),
        "missing": (),
        "entries": entries,
        "arithmetic": [] if outcome == {unrated} else [{steps}],
        "measures": {measures},
        "decisions": {{{decisions}}},
    }}
"""


_Filled = tuple[str, list[str]]


class _Writer:
    """The function `tell` of a program, and the Python that reads what it tells of values."""

    def __init__(self, layout: Layout) -> None:
        """Write into a program's layout."""
        self.layout, self.policy = layout, layout.policy
        self.answers = answers_of(self.policy)
        self.fields = ["ACT", "START", "NTH", "REC", "RULE", "AMOUNT", "UNTIL", "STATUS"]
        self.fields += ["OVER"] * layout.form.quotients + ["ITEM"] * bool(self.policy.items)
        self.fields += ["GRADE"] * any(rule.grade for rule in self.policy.entries.values())
        self._leaves: dict[ex.Node, tuple[Operand, str, str | None]] = {}
        self._code: Expressions

    def write(self) -> str:
        """Write `tell`; return the Python that reads the arithmetic from its answers `f` and the codes."""
        moment, moments = self.layout.slot("MOMENT"), self.layout.slot("MOMENTS")
        with self.layout.function("tell", "C, O") as self._code:
            self._code.put(f"{moment} = {moments}")
            steps = [self._step(name) for name in self.policy.values]
            self._undecided()
            self._entries()
            self._code.put("O[HAND] = S[BAD]", f"{moment} = 0")
            self._told("disorder")
            self._told("kept")
        return ", ".join(steps)

    def _told(self, text: str) -> str:
        """Let the program tell a number; return the Python that reads it."""
        self._code.put(f"O[{len(self.answers)}] = {text}")
        self.answers.append(text)
        return f"f[{len(self.answers) - 1}]"

    def _step(self, name: str) -> str:
        """Return the Python of one line of the arithmetic."""
        value = self.policy.values[name]
        result, lacking = self._read(self.layout.value_of(name, self._code))
        result = result if lacking is None else f"None if {lacking} else {result}"
        filled = self._text(*self._filled(parsed(value.expression)))
        return f'{{"name": {name!r}, "filled": {filled}, "result": {result}, "clause": {value.clause!r}}}'

    def _read(self, operand: Operand) -> tuple[str, str | None]:
        """Let the program tell an operand; return the Python of its value, and of whether it is unknown."""
        one = self._code.simple(operand)
        lacking = None if one.lacking is None else self._told(one.lacking)
        if one.kind == "number":
            place = self._told(one.text)
            scale = str(one.scale) if one.over is None else f"{self._told(one.over)} * {one.scale}"
            return place if scale == "1" else f"number({place}, {scale})", lacking
        if one.kind == "flag":
            return f"({self._told(f'1 if {one.text} else 0')} == 1)", lacking
        if one.kind == "code":
            return f"codes[{self._told(one.text)}]", lacking
        if one.kind == "date":
            return f"day({self._told(f'{one.text} + {EPOCH}')})", lacking
        raise UncompiledError(f"a {one.kind} in the arithmetic")

    @staticmethod
    def _text(form: str, parts: Sequence[str]) -> str:
        """Return the Python of a text with parts in it."""
        if form == "%s" and parts[0].startswith("text("):
            return parts[0]
        return f"{form!r} % ({', '.join(parts)},)" if parts else repr(form % ())

    def _filled(self, node: ex.Node) -> _Filled:
        """Return how an expression is written with the numbers put in: a form, and the Python of the parts in it."""
        if isinstance(node, ex.Choice):
            return self._chosen(node, self._filled)
        if isinstance(node, ex.Binary) and node.sign in STRENGTH:
            (left, parts), (right, more) = self._operand(node, node.left), self._operand(node, node.right)
            return f"{left} {node.sign} {right}", [*parts, *more]
        if isinstance(node, ex.Call) and node.function in ("min", "max"):
            filled = [self._filled(one) for one in node.arguments]
            return f"{node.function}({', '.join(form for form, _ in filled)})", [one for _, of in filled for one in of]
        return self._leaf(node, beside=False)

    def _chosen(self, node: ex.Choice, write: Callable[[ex.Node], _Filled]) -> _Filled:
        asked, lacking = self._read(self._code.value(node.condition, RecordScope()))
        chosen = f"({self._text(*write(node.then))} if {asked} else {self._text(*write(node.otherwise))})"
        return "%s", [chosen if lacking is None else f"('?' if {lacking} else {chosen})"]

    def _operand(self, around: ex.Binary, part: ex.Node, *, second: bool | None = None) -> _Filled:
        """Write a part of a sum or product, in brackets where it binds weaker, or is negative and stands second."""
        second = part is around.right if second is None else second
        if isinstance(part, ex.Choice):
            return self._chosen(part, lambda branch: self._operand(around, branch, second=second))
        if isinstance(part, ex.Binary) and part.sign in STRENGTH:
            own, beside = STRENGTH[part.sign], STRENGTH[around.sign]
            form, parts = self._filled(part)
            if own < beside or (second and around.sign in "-/" and own == beside):
                return f"({form})", parts
            return ("%s", [f"right({self._text(form, parts)})"]) if second else (form, parts)
        if isinstance(part, ex.Call) and part.function in ("min", "max"):
            return self._filled(part)
        return self._leaf(part, beside=second)

    def _leaf(self, node: ex.Node, *, beside: bool) -> _Filled:
        if isinstance(node, ex.Duration):
            return str(node).replace("%", "%%"), []
        if node not in self._leaves:
            operand = self._code.value(node, RecordScope())
            self._leaves[node] = (operand, *self._read(operand))
        operand, read, lacking = self._leaves[node]
        text = read if operand.kind in ("code", "date") or read.startswith("f[") else f"text({read})"
        if beside:
            text = f"{text} if {text} >= 0 else '(%d)' % {text}" if text.startswith("f[") else f"right({text})"
        return "%s", [f"({text})" if lacking is None else f"('?' if {lacking} else {text})"]

    def _undecided(self) -> None:
        """Leave decisions that hang on an unknown to the exact evaluator, also where there is no score."""
        code = self._code
        code.put("a = 0", "g = -1", "decided = False")
        for decision in self.policy.decisions.values():
            for case in decision.outcomes:
                asked = code.simple(code.text(case.when, DecisionScope()))
                if asked.lacking is not None:
                    with code.under(f"if O[OUTCOME] == {NOT_RATED} and {asked.lacking} != 0:"):
                        code.put("S[BAD] = 1")

    def _entries(self) -> None:
        """Write what is told of each entry; first what entries are sorted by."""
        code = self._code
        marks = [n for n, rule in enumerate(self.policy.entries.values()) if rule.amount is None]
        code.put("kept = 0", "before = NOTHING", "begun = 0", "disorder = 0")
        with code.under(self.layout.loop("e")), code.under("if E[e + RULE] >= 0:"):
            code.put(f"statuses(e, {MEMORY})", "act = E[e + PLACED]", "rule = E[e + RULE]", "amount = NOTHING")
            with code.under("if E[e + REC] >= 0:"):
                code.put("act = D[ACT][E[e + REC]]")
            with code.under(" and ".join(["if E[e + LACK] == 0", *(f"rule != {n}" for n in marks)]) + ":"):
                code.put("amount = E[e + AMOUNT]")
            with code.under("if act < before or (act == before and E[e + START] < begun):"):
                code.put("disorder = 1")
            code.put("before = act", "begun = E[e + START]")
            code.put("item = E[e + ITEM]")
            with code.under("if item >= 0:"):
                code.put(f"item = K[item + {PLACE}]")
            told = {"ITEM": "item", "ACT": f"act + {EPOCH}", "NTH": "e", "AMOUNT": "amount",
                    "GRADE": "E[e + GRADE] if E[e + GRADELACK] == 0 else -1"}  # fmt: skip
            told |= {day: f"min(E[e + {day}], FOREVER) + {EPOCH}" for day in ("START", "UNTIL")}
            for place, name in enumerate(self.fields):
                code.put(f"C[kept * {len(self.fields)} + {place}] = {told.get(name, f'E[e + {name}]')}")
            code.put("kept += 1")
