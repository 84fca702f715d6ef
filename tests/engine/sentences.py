"""Expressions of the whole language at random, well typed, for generated policies.

A word is what an expression may be made of; each policy has some of the words only (`Pen.words`), so that policies
differ from each other and any two words meet in one of them.
"""

from dataclasses import dataclass, field, replace
from random import Random

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
ROUNDING = ("half-up", "half-even", "down", "up", "floor", "ceiling")
DEGREES, GRADES = ("A", "B", "C", "D"), ("good", "fair", "poor")
LITERALS = {
    "degree": DEGREES,
    "grade": GRADES,
    "kind": ("fault.minor", "gift.made", "order.given"),
    "item": ("i0", "i1"),
    "level": ("low", "high"),
}
"""Codes with which names of a type are compared."""
NUMBERS = ("0", "1", "2", "3", "5", "10", "20", "40", "0.5", "2.25", "7", "100")
STEPS = ("1", "0.5", "10")
DATES = ("2020-02-29", "2020-12-31", "2021-03-31", "2021-06-15")
SHORT, LONG = ("10 days", "1 month", "30 days"), ("1 year", "12 months", "24 months", "6 months", "100 days", "2 years")

WORDS = (
    *("days of", "months of", "years of"),
    *("days", "months", "years", "working days", "after", "beginning", "+ duration", "cell of duration", "today"),
    *("+", "-", "*", "/", "negative", "if else", "and", "or", "not", "in codes", "in period", *COMPARISONS),
    *("map", "since", "since today", "brackets", "steps", "cell of code", "cell of date", "this", "value", "careless"),
    *("min", "max", *ROUNDING, "known", "month_after", "year_after", "year_of", "next_of"),
    *("full_years", "full_months", "full_days"),
    *("min of days", "max of days", "before", "before grade", "reached", "pending", "imposed"),
    *("sum", "sum of", "sum on", "peak", "peak from", "count", "some", "latest", "first", "highest", "lowest", "worst"),
    *("continuing", "ever", "where", "within", "last of", "code"),
)  # fmt: skip
TYPES = ("number", "degree", "grade", "flag", "date", "end", "occurrence", "kind", "rule", "item", "level")
"""Of names: degrees and grades are codes, an end is a date that may be never."""


class Chance:
    """What is drawn at random; the same for a seed."""

    def __init__(self, seed):
        self.random = Random(seed)

    def one(self, options):
        return self.random.choice(list(options))

    def maybe(self, of=2):
        return self.random.randrange(of) == 0

    def some(self, options, least=1, most=2):
        options = list(options)
        return self.random.sample(options, min(len(options), self.random.randint(least, most)))


@dataclass(frozen=True)
class Names:
    """Names by type that an expression may use. `state`: entries may be read. `this`: names of the record around."""

    of: dict = field(default_factory=dict)
    state: bool = True
    values: bool = True
    this: dict = field(default_factory=dict)
    deep: bool = False

    def get(self, kind):
        around = (f"this.{name}" for name in self.this.get(kind, ()) if "." not in name)
        return [*self.of.get(kind, ()), *around]


def merged(*named):
    """Names that all of these have, by type."""
    return {kind: [name for name in named[0].get(kind, ()) if all(name in n.get(kind, ()) for n in named)]
            for kind in TYPES} if named else {}  # fmt: skip


class Pen:
    """Writes expressions. `sources`: what can be read of the entries of each rule and account, by name; `graded`,
    `summed`: those with grades, with amounts. `values`: names by type. `staged`: measures by stages.
    """

    def __init__(self, chance, words, sources, *, summed, plain, staged=(), values=None):
        self.chance, self.words, self.sources = chance, words, sources
        self.summed, self.plain, self.staged = summed, plain, list(staged)
        self.values = values if values is not None else {}

    def pick(self, *forms):
        """Write one of the forms whose word is had, else the first."""
        return self.chance.one([make for word, make in forms if word is None or word in self.words] or [forms[0][1]])()

    def names(self, kind, names):
        values = self.values.get(kind, ()) if names.values and "value" in self.words else ()
        return [*names.get(kind), *values]

    def seldom(self):
        """What is unknown if it is unlucky: only where the policy is careless, and then now and then."""
        return "careless" in self.words and self.chance.maybe(3)

    def number(self, names, depth=2):
        one = self.chance.one
        known = self.names("number", names)
        plain = [*known, *known, one(NUMBERS)]
        if not known and names.state and not names.deep and self.chance.maybe():
            return f"{one(('sum', 'sum', 'count'))}({one(self.summed)})"
        if depth <= 0 or self.chance.maybe(4):
            return one(plain)
        left, r = (lambda: self.number(names, depth - 1)), (lambda: self.number(names, 0))
        forms = [
            (None, lambda: one(plain)),
            ("+", lambda: f"({left()} + {r()})"),
            ("-", lambda: f"({left()} - {r()})"),
            ("*", lambda: f"({left()} * {one(('2', '0.5', '-1', '1 / 3' if self.seldom() else '3'))})"),
            ("/", lambda: f"({left()} / {one(known) if known and self.seldom() else one(('4', '5', '10'))})"),
            ("negative", lambda: f"-{r()}"),
            ("if else", lambda: f"({left()} if {self.flag(names, 0)} else {r()})"),
            ("min", lambda: f"min({left()}, {r()})"),
            ("max", lambda: f"max({left()}, {r()})"),
            *((mode, lambda mode=mode: f"round({self.halved(names)}, {one(STEPS)}, '{mode}')") for mode in ROUNDING),
            ("map", lambda: f"worth[{self.degree(names)}]"),
            ("since", lambda: f"rate[{self.date(names, 0)}]"),
            ("brackets", lambda: f"stretches[{r()}]"),
            ("steps", lambda: f"rungs[{r()}]"),
            *self.whole(names),
        ]
        if names.state:
            forms += [("since today", lambda: "rate[today]"), *self.sums(names), *self.sums(names)]
        return self.pick(*forms)

    def halved(self, names):
        return f"{self.number(names, 1)} / {self.chance.one(('2', '-2', '4', '-4'))}"

    def whole(self, names):
        for word in ("full_years", "full_months", "full_days"):
            yield word, lambda word=word: f"{word}({self.date(names, 0)}, {self.date(names, 0)})"
            for _ in range(3 if names.state else 0):
                yield word, lambda word=word: f"{word}({self.date(names, 0)}, today)"

    def sums(self, names):
        """Forms over entries that are numbers."""
        of_items = [name for name, of in self.sources.items() if of["level"]]
        if of_items and "where" in self.words:
            source = self.chance.one(of_items)
            yield "count", lambda: f"count({source} where {self.alike('=', Names(self.sources[source], deep=True))})"
        yield from self.counted(names)

    def counted(self, names):
        summed, plain, every = self.summed, self.plain, list(self.sources)
        chance = self.chance
        extremes = [
            (word, lambda word=word: self.over(word, "number", every, names, otherwise=lambda: "0"))
            for word in ("latest", "first", "highest", "lowest")
        ]
        return [
            ("count", lambda: self.over("count", None, every, names)),
            *((("sum", lambda: self.over("sum", None, summed, names)),) * 2 if summed else ()),
            ("sum of", lambda: self.over("sum", "number", every, names)),
            *extremes,
            *(
                (("before", lambda: f"before({chance.one(self.values['number'])})"),)
                if self.remembers("number", names)
                else ()
            ),
            *((("peak", lambda: self.over("peak", None, plain, names)),) if plain else ()),
            *((("sum on", lambda: self.over("sum", None, plain, names, "on")),) if plain else ()),
            *((("peak from", lambda: self.over("peak", None, plain, names, "from")),) if plain else ()),
        ]

    def remembers(self, kind, names):
        return bool(self.values.get(kind)) and names.state and names.values

    def over(self, function, kind, sources, names, reading="", otherwise=None):
        """A function over entries; `kind` is the type of what is read of each."""
        chance, source = self.chance, self.chance.one(sources)
        this = names.this or ({} if names.deep else names.of)
        inner = Names(self.sources[source], False, names.values, this if "this" in self.words else {}, deep=True)
        read = "" if kind is None else f"{getattr(self, kind)(inner, 0 if kind != 'number' else 1)} of "
        ever = "ever " if "ever" in self.words and chance.maybe(3) else ""
        at = f" {reading} {self.date(names, 0)}" if reading else ""
        where = ""
        if "where" in self.words and chance.maybe():
            within = "within" in self.words and not names.deep and not chance.maybe(4)
            asked = replace(inner, state=True, this={}) if within else inner
            met = inner.get("item") or inner.get("level") or len(inner.get("occurrence")) > 1
            alike = not within and met and chance.maybe()
            where = f" where {self.alike('=', inner) if alike else self.flag(asked, 1)}"
        last = "" if reading or function == "peak" or "last of" not in self.words else self.last()
        other = f" else {otherwise()}" if otherwise and not self.seldom() else ""
        return f"{function}({read}{ever}{source}{at}{where}{last}{other})"

    def last(self):
        return f" last {self.chance.one((1, 1, 2, 3, 5))}" if self.chance.maybe() else ""

    def flag(self, names, depth=1):
        one = self.chance.one
        n, d = (lambda: self.number(names, depth)), (lambda: self.date(names, depth - 1))
        asked = [name for kind in ("number", "date", "degree", "flag") for name in names.get(kind)]
        forms = [
            (">=", lambda: f"{n()} >= {one(NUMBERS)}"),
            *((sign, lambda sign=sign: f"{n()} {sign} {one(NUMBERS)}") for sign in COMPARISONS),
            *((sign, lambda sign=sign: f"{d()} {sign} {self.end(names)}") for sign in COMPARISONS),
            *((sign, lambda sign=sign: self.alike(sign, names)) for sign in ("=", "!=", "=", "!=")),
            ("in codes", lambda: f"{self.degree(names)} in ('A', {self.degree(names)})"),
            ("in codes", lambda: f"{self.degree(names)} in ('B', 'C', 'D')"),
            ("in period", lambda: f"{self.end(names)} in {self.period(names)}"),
            *((("known", lambda: f"known({one(asked)})"),) if asked else ()),
            *((("value", lambda: one(self.names("flag", names))),) * 3 if self.names("flag", names) else ()),
            *(
                (("if else", lambda: f"({self.flag(names, 0)} if {self.flag(names, 0)} else {self.flag(names, 0)})"),)
                if depth > 0
                else ()
            ),
            *((("and", lambda: f"({self.flag(names, depth - 1)} and {self.flag(names, 0)})"),) if depth > 0 else ()),
            *((("or", lambda: f"({self.flag(names, depth - 1)} or {self.flag(names, 0)})"),) if depth > 0 else ()),
            *((("not", lambda: f"(not {self.flag(names, depth - 1)})"),) if depth > 0 else ()),
        ]
        return "(" + self.pick(*forms, *(self.asked_of_the_day(names) if names.state else ())) + ")"

    def alike(self, sign, names):
        """Two codes of one list, or the same occurrence, kind, rule, item or level."""
        literals = dict(LITERALS) | {"rule": tuple(self.sources)} | ({"occurrence": ("a",)} if self.seldom() else {})
        coded = ("degree", "grade")
        kinds = [kind for kind in literals if names.get(kind) or (kind in coded and self.names(kind, names))]
        kinds += [kind for kind in ("item", "item", *("level",) * 3) * 4 if names.get(kind)]
        kinds += [kind for kind in ("occurrence",) * 5 if len(names.get(kind)) > 1]
        kind = self.chance.one(kinds or ["degree"])
        known = self.names(kind, names) or [self.degree(names)]
        others = [f"'{one}'" for one in literals.get(kind, ())]
        others += [name for name in names.get(kind) if name != known[0]] * (1 if others else 2)
        return f"{known[0]} {sign} {self.chance.one(others)}"

    def asked_of_the_day(self, names):
        one, every = self.chance.one, list(self.sources)
        yield from [
            ("some", lambda: self.over("some", None, every, names)),
            ("continuing", lambda: self.over("continuing", None, every, names)),
            ("before grade", lambda: f"before(grade) {one(('=', '!='))} '{one((*GRADES, 'none'))}'"),
        ]
        if "today" in self.words:
            sign = one([sign for sign in COMPARISONS if sign in self.words] or ["<"])
            yield "today", lambda: f"today {sign} {self.date(names, 0)}"
            yield "in period", lambda: f"today in {self.period(names)}"
        if self.remembers("flag", names):
            yield "before", lambda: f"before({one(self.values['flag'])})"
        for word in ("reached", "pending", "imposed") if self.staged else ():
            yield word, lambda word=word: f"{word}({one(self.staged)})"

    def degree(self, names, depth=0):
        return self.code_of("degree", DEGREES, names)

    def grade(self, names, depth=0):
        return self.code_of("grade", GRADES, names)

    def code_of(self, kind, codes, names):
        one, known = self.chance.one, self.names(kind, names)
        plain = lambda: one([*known, *known, f"'{one(codes)}'"])  # noqa: E731
        forms = [
            (None, plain),
            (None, plain),
            ("if else", lambda: f"({plain()} if {self.flag(replace(names, state=False), 0)} else {plain()})"),
        ]
        if kind == "grade":
            forms += [("cell of code", lambda: f"named[{self.degree(names)}]")]
        if names.state and not names.deep:
            every = list(self.sources)
            for word in ("latest", "first"):
                forms.append(
                    (word, lambda word=word: self.over(word, kind, every, names, otherwise=lambda: f"'{one(codes)}'"))
                )
            if kind == "grade":
                worst = lambda: self.over("worst", None, every, names, otherwise=lambda: "'good'")  # noqa: E731
                forms += [("worst", worst)] * 2
        return self.pick(*forms)

    def end(self, names):
        """A date that may be never."""
        return self.chance.one([*names.get("end"), self.date(names, 0), self.date(names, 1)])

    def date(self, names, depth=1):
        one, known = self.chance.one, self.names("date", names)
        plain = lambda: one([*known, *known, *known, one(DATES)])  # noqa: E731
        if depth <= 0 or self.chance.maybe(3):
            return plain()
        d = lambda: self.date(names, depth - 1)  # noqa: E731
        forms = [
            (None, plain),
            ("+ duration", lambda: f"({plain()} + {self.length(names, short=True, working=False)})"),
            ("month_after", lambda: f"month_after({d()})"),
            ("year_after", lambda: f"year_after({d()})"),
            ("year_of", lambda: f"year_of({d()})"),
            ("next_of", lambda: f"next_of({one(LONG)}, {plain()}, {one([plain(), *names.get('end')])})"),
            ("min of days", lambda: f"min({d()}, {self.period(names)})"),
            ("max of days", lambda: f"max({d()}, {plain()})"),
            ("cell of date", lambda: f"opened[{self.degree(names)}]"),
            ("if else", lambda: f"({plain()} if {self.flag(replace(names, state=False), 0)} else {plain()})"),
        ]
        if names.state and not names.deep:
            every = list(self.sources)
            for word in ("latest", "first", "highest", "lowest"):
                forms.append((word, lambda word=word: self.over(word, "date", every, names, otherwise=plain)))
            if self.remembers("date", names):
                forms.append(("before", lambda: f"before({one(self.values['date'])})"))
        return self.pick(*forms)

    def length(self, names, *, short=False, working=True):
        one = self.chance.one
        wanted = [word for word in ("days", "months", "years") if word in self.words]
        lengths = [one_ for one_ in (*SHORT, *(() if short else LONG)) if one_.split()[1].rstrip("s") + "s" in wanted]
        forms = [(None, lambda: one(lengths or SHORT))] * 2
        units = ("days", "months", "years")
        forms += [(f"{unit} of", lambda unit=unit: self.worked_out(unit, names)) for unit in units]
        forms += [("cell of duration", lambda: f"life[{self.degree(names)}]")]
        forms += [("cell of duration", lambda: f"term[{self.date(names, 0)}]")]
        if working:
            forms += [("working days", lambda: one(("3 working days", "10 working days")))]
        return self.pick(*forms)

    def worked_out(self, unit, names):
        """A duration of so many days, months or years."""
        number = self.number(names, 0)
        return f"{unit}({number})" if self.seldom() else f"{unit}(max(0, min(36, round({number}, 1, 'down'))))"

    def period(self, names, *, short=False):
        sign = self.pick(*((word, lambda word=word: word) for word in ("after", "beginning")))
        return f"{self.length(names, short=short)} {sign} {self.date(names, 0)}"
