"""Whole policies at random, that pass the checks: every construct of the language, and any two in one policy.

`policy_of(seed)` is the same for a seed; `policies()` is the strategy. What a policy may be made of is a set of words
(`sentences.WORDS` and `PARTS`) that is drawn first.
"""

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import strategies as st

from goodstanding.engine.exact import Evaluator
from goodstanding.policy.checking import faults_in
from goodstanding.policy.model import Policy
from goodstanding.policy.reader import Loaded
from tests.engine.sentences import DEGREES, GRADES, ROUNDING, TYPES, Chance, Names, Pen, merged
from tests.engine.sentences import WORDS as IN_SENTENCES
from tests.engine.world import CATALOGUE, KINDS, OPENING, ORDERS, WORDS

PARTS = (
    *("items", "when rule", "for measure", "several kinds", "placed", "after day", "after period", "rule where"),
    *("subject", "gravest", "highest of occurrence", "unless", "share", "graded", "repeat", "until", "tested", "again"),
    *("superseded by", "ended by", "ends", "ends where", "spends", "spends where", "ends measure", "several ended"),
    *("held", "floor", "ceiling", "item range", "item where", "item level", "item grade", "cap", "holidays", "worked"),
    *("grid least", "grid most", "score", "unrated code", "unrated attribute", "override", "two ladders", "otherwise"),
    *("no ladder", "measure grades", "measure while", "measure when", "at", "imposed by", "lapses", "measure until"),
    *("decision", "decision grade", "decision measure", "notice", "repair", "repair of", "code value", "flag value"),
    *("date value", "same name", "mark", "until today", "lines"),
)  # fmt: skip
CODES = {"degree": DEGREES, "grade": GRADES}


def loaded_of(whole):
    """Check a policy, as a map, and make it ready; raises AssertionError with what is wrong."""
    policy = Policy.model_validate(whole)
    faults = faults_in(policy, CATALOGUE)
    assert not faults, faults
    content = json.dumps(whole).encode()
    return Loaded(policy, hashlib.sha256(content).hexdigest(), Path("generated"), {"policy.yaml": content})


def rests(loaded):
    """Whether an empty dossier comes to rest; one that is good on each day after it was not is worked out for ever."""
    fold = Evaluator(loaded, CATALOGUE)._fold([], "person", date(1900, 12, 31))
    return sum(1 for _ in fold.days(date(1900, 12, 31))) < 50


def policies(size=2):
    """Generated policies, checked, each as a map with its `Loaded`."""
    return st.integers(0, 2**32).map(lambda seed: policy_of(seed, size))


def policy_of(seed, size=2):
    """A policy as a map. `size`: up to so many rules and values twice over."""
    return _Maker(Chance(seed), size).whole()


def names_of(kinds, items=(), *, state=True):
    """What may be named of a record of these kinds, by type; with items, of what fits it."""
    shared = [name for name in KINDS[kinds[0]] if all(name in KINDS[kind] for kind in kinds)] if kinds else []
    found = {kind: [] for kind in TYPES}
    for name in shared:
        kind = CATALOGUE.attributes[name].type
        found[{"degree": "degree", "verdict": "grade"}.get(name, kind)].append(name)
    if kinds:
        found |= {"occurrence": ["occurrence"], "kind": ["kind"], "end": ["ended"]}
        found["date"] += ["act", "decided", "final"]
    for kind, part in (("item", "id"), ("level", "level"), ("grade", "grade"), ("number", "points")) if items else ():
        if all(part in item or (part == "points" and "range" in item) for item in items):
            found[kind].append(f"item.{part}")
    if state:
        found["date"].append("placed")
    return found


def names_of_entries(rules):
    """What may be named of every entry of these rules, by type."""
    own = {"number": ["amount"], "grade": ["grade"], "date": ["placed", "start"], "end": ["until"], "rule": ["rule"]}
    shared = merged(*(names_of(rule["kinds"], state=False) for rule in rules))
    found = {kind: list(dict.fromkeys([*own.get(kind, ()), *shared.get(kind, ())])) for kind in TYPES}
    if rules and all(rule["items"] for rule in rules):
        found |= {"item": ["item"], "level": ["level"] if all("level" in i for r in rules for i in r["items"]) else []}
    return found


class _Maker:
    def __init__(self, chance, size):
        self.chance, self.size = chance, size
        most = 3 if size > 1 else 6
        self.words = {word for word in (*IN_SENTENCES, *PARTS) if not chance.maybe(most)}
        if not chance.maybe(4):
            self.words.discard("careless")
        self.rules, self.accounts, self.values, self.measures = {}, {}, {}, {}

    def has(self, word, of=1):
        return word in self.words and (of == 1 or self.chance.maybe(of))

    def whole(self):
        self.outline()
        self.pen = self.writing()
        parts = {"values": self.all_values()}
        parts["entries"] = {name: self.rule(name) for name in self.rules}
        parts["accounts"] = {name: self.account(name) for name in self.accounts}
        parts["grades"] = self.grades(parts["values"])
        parts["measures"] = {name: self.measure(name) for name in self.measures}
        parts["decisions"] = {"admission": self.decision()} if self.has("decision") else {}
        parts["repairs"] = self.repairs()
        parts["unrated"] = [self.unrated(word) for word in ("unrated code", "unrated attribute") if self.has(word, 2)]
        parts["score"] = {"score": "total"} if self.has("score") else {}
        score = parts.pop("score")
        return _plain() | self.tables() | {"items": self.items} | score | {k: part for k, part in parts.items() if part}

    # What there is.

    def outline(self):
        """Say which rules, accounts, values and measures there are, before any expression names them."""
        chance, size = self.chance, self.size
        for name in ("points", "credit", "store")[: chance.random.randint(1, 3)]:
            kinds = [word for word in ("held", "floor", "ceiling") if self.has(word)]
            both = [("floor", "ceiling")] if {"floor", "ceiling"} <= set(kinds) else []
            self.accounts[name] = chance.one([(), (), *((kind,) for kind in kinds), *both])
        self.items = [self.item(number) for number in range(chance.random.randint(1, 4))] if self.has("items") else []
        for name in ("warning", "watch", "limits")[: chance.random.randint(1, 3)]:
            kinds = [kind for kind in ("when", "while", "grades") if self.has(f"measure {kind}")]
            if kinds:
                imposed = self.has("imposed by", 2)
                self.measures[name] = {
                    "kind": chance.one([*kinds, kinds[0]]),
                    "imposed by": chance.some(ORDERS) if imposed else [],
                }
        self.staged = [name for name, measure in self.measures.items() if measure["kind"] == "when"]
        names = ["first", "second", "third", "fourth", "fifth", "sixth"][: chance.random.randint(2, size + 2)]
        if self.has("same name"):
            names[chance.random.randrange(len(names))] = "points"
        self.rules = {name: self.opening(place) for place, name in enumerate(names)}

    def item(self, number):
        chance = self.chance
        kind = chance.one(OPENING)
        made = {
            "id": f"i{number}",
            "for": kind,
            "subject": chance.one(("person", "person", "organisation")),
            "cite": "c",
        }
        made |= {"class": chance.one(("lines", "lines", "notes")), "clause": "c", "words": WORDS}
        level = "item level" in self.words and not (self.has("careless") and chance.maybe())
        if self.has("item range", 2) and kind == "fault.minor":
            made["range"] = chance.one(("-30..-5", "0..10", "2.5..40"))
        elif "item grade" in self.words and made["class"] == "notes":
            made["grade"] = chance.one(GRADES)
        else:
            made["points"] = chance.one(("-7", "5", "10", "1/3" if self.has("careless") else "3", "-2.5", "0"))
        if level:
            made["level"] = chance.one(("low", "high"))
        if self.has("lines", 2):
            made["lines"] = ["1.1"]
        if self.has("item where", 2):
            pen = Pen(chance, self.words, {}, summed=[], plain=[])
            made["where"] = pen.flag(Names(names_of([kind], state=False), state=False, values=False), 1)
        return made

    def opening(self, place):
        """What opens the entries of a rule, on which account, and what it is an entry of."""
        chance = self.chance
        ways = {
            "items": self.items,
            "when": self.has("when rule") and place,
            "measure": self.has("for measure") and self.staged,
        }
        opened = chance.one(
            ["for", "for", *(way for way, there in ways.items() if there), *(["items"] * 2 if self.items else [])]
        )
        rule = {"opened": opened, "kinds": [], "items": [], "class": None, "named": []}
        if opened == "for":
            rule["named"] = rule["kinds"] = chance.some(
                (*OPENING, *OPENING, "order.given"), 1, 2 if self.has("several kinds") else 1
            )
            rule["named"] = rule["kinds"] = list(dict.fromkeys(rule["kinds"]))
        elif opened == "items":
            rule["class"] = chance.one(self.items)["class"]
            rule["items"] = [item for item in self.items if item["class"] == rule["class"]]
            rule["kinds"] = list(dict.fromkeys(item["for"] for item in rule["items"]))
        elif opened == "measure":
            measure, more = chance.one(self.staged), chance.some(OPENING, 0, 2 if self.has("several kinds", 2) else 0)
            rule["named"] = [measure, *more]
            rule["kinds"] = list(dict.fromkeys([*self.measures[measure]["imposed by"], *more]))
        ways = ["amount", "amount", *(way for way in ("share", "mark") if self.has(way))]
        rule["way"] = "amount" if not place else chance.one(ways)
        if rule["way"] == "share" and not {"brackets", "steps"} & self.words:
            rule["way"] = "amount"
        rule["account"] = None if rule["way"] == "mark" and chance.maybe() else chance.one(self.accounts)
        return rule

    def writing(self):
        """A pen that knows what can be read of the entries of every rule and account."""
        sources = {name: names_of_entries([rule]) for name, rule in self.rules.items()}
        by_account = {name: [rule for rule in self.rules.values() if rule["account"] == name] for name in self.accounts}
        bare = {"kinds": [], "items": []}
        for name, rules in by_account.items():
            own = [self.rules[name]] if name in self.rules else []
            sources[name] = merged(*(names_of_entries([one]) for one in [*(rules or [bare]), *own]))
            if own or not all(rule["items"] for rule in rules):
                sources[name] |= {"item": [], "level": []}
        summed = [*self.accounts, *(name for name, rule in self.rules.items() if rule["way"] != "mark")]
        walked = [name for name, kinds in self.accounts.items() if kinds]
        plain = [name for name in summed if name not in walked]
        return Pen(self.chance, self.words, sources, summed=summed, plain=plain, staged=self.staged, values=self.values)

    def tables(self):
        """Tables that expressions may name, and the calendar."""
        one, has = self.chance.one, self.has
        lengths = ["1 month", "30 days", "1 year", "24 months", *(["5 working days"] if has("working days") else [])]
        worth = ("1", "-2.5", "4", "7", "1 / 3" if has("careless") else "0")
        cells = {
            "life": lengths,
            "worth": worth,
            "named": [f"'{grade}'" for grade in GRADES],
            "opened": ("2020-02-29", "2020-12-31", "2021-06-30"),
        }
        tables = {name: {"map": {degree: one(those) for degree in DEGREES}} for name, those in cells.items()}
        if has("careless"):
            del tables["worth"]["map"]["D"]
        rates = {day: one(("1", "2", "0.5", "10")) for day in ("1900-01-01", "2020-02-29", "2021-01-30")}
        terms = {day: one(lengths) for day in ("1900-01-01", "2020-05-31")}
        tables |= {"rate": {"since": rates}, "term": {"since": terms}} | self.ladders()
        off = {"holidays": ["2020-01-02", "2020-02-03", "2020-03-02", "2020-09-01", "2021-02-01"]}
        off |= {"worked": ["2020-02-01", "2020-02-29", "2020-06-06", "2020-09-05", "2021-01-30", "2021-03-06"]}
        off = {name: days for name, days in off.items() if has(name)}
        calendar = {"rest": ["saturday", "sunday"], "clause": "c", "words": WORDS} | off
        return {"tables": {name: {"words": WORDS} | table for name, table in tables.items()}, "calendar": calendar}

    def ladders(self):
        cap = {"cap": self.chance.one(("3", "30"))} if self.has("cap") else {}
        steps = [("1", "1"), ("10", "2.5"), ("100", "7")]
        brackets = [("0", "2.5", "1"), ("50", "100", "0.5")]
        return {
            "rungs": {"steps": [{"at": at, "points": points} for at, points in steps]} | cap,
            "stretches": {"brackets": [{"over": o, "each": e, "points": p} for o, e, p in brackets]} | cap,
        }

    # What they say.

    def all_values(self):
        """Values one below the other; the first two are numbers on grids."""
        pen, made = self.pen, {}
        kinds = [kind for kind in ("grade", "flag", "date") if self.has({"grade": "code"}.get(kind, kind) + " value")]
        wanted = ["number", "number", *self.chance.some(kinds, 0, 3), *(["number"] if self.size > 1 else [])]
        for name, kind in zip(("total", "extra", "letter", "ready", "dated", "last"), wanted, strict=False):
            names = Names(state=True)
            if kind == "number":
                grid = self.grid()
                text = f"sum({self.chance.one(self.pen.summed)}) + {pen.number(names)}"
                made[name] = {"is": self.on_grid(text, grid), "grid": grid}
            else:
                made[name] = {"is": pen.flag(names, 2) if kind == "flag" else getattr(pen, kind)(names)}
            self.values.setdefault(kind, []).append(name)
        return {name: {"clause": "c", "words": WORDS} | value for name, value in made.items()}

    def grid(self):
        grid = {"step": self.chance.one(("1", "0.5", "0.25"))}
        grid |= {"least": "-20"} if self.has("grid least", 2) else {}
        return grid | ({"most": "100"} if self.has("grid most", 2) else {})

    def on_grid(self, text, grid):
        modes = [mode for mode in ROUNDING if self.has(mode)] or ["half-up"]
        text = f"({text}) / {self.chance.one(('2', '-2'))}" if self.chance.maybe(3) else text
        text = f"round({text}, {grid['step']}, '{self.chance.one(modes)}')"
        text = f"max({grid['least']}, {text})" if "least" in grid else text
        return f"min({grid['most']}, {text})" if "most" in grid else text

    def rule(self, name):
        """A rule as its outline says, with any of what such a rule can have."""
        chance, pen, rule = self.chance, self.pen, self.rules[name]
        names = Names(names_of(rule["kinds"], rule["items"]))
        names = replace(names, this=names.of if self.has("this", 4) else {})
        if rule["opened"] == "when":
            made = {"when": pen.flag(Names(), 2)}
        else:
            made = {"items": rule["class"]} if rule["items"] else {"for": rule["named"]}
            made |= self.place(rule) | self.beside(name)
        if self.has("rule where", 3):
            made["where"] = pen.flag(names, 1)
        if self.has("subject", 5):
            made["subject"] = chance.one(("person", "person", "organisation"))
        made |= {"account": rule["account"]} if rule["account"] else {}
        made |= self.worth(rule, names) | self.endings(rule, names)
        return made | {"counts": self.counts(rule, names), "clause": "c", "words": WORDS}

    def place(self, rule):
        names = names_of(rule["kinds"], rule["items"], state=False) | {"end": []}
        alone = Names(names, state=False, values=False)
        if not rule["kinds"]:
            return {}
        if self.has("placed", 4):
            return {"placed": self.pen.date(alone, 1)}
        if self.has("after day", 6):
            return {"after": self.pen.date(alone, 1)}
        return {"after": self.pen.period(alone, short=True)} if self.has("after period", 6) else {}

    def beside(self, name):
        """What a rule says of the other entries of the same occurrence."""
        above = list(self.rules)[: list(self.rules).index(name)]
        made = {"unless": self.chance.one(above)} if above and self.has("unless", 3) else {}
        ways = [way for way, word in (("gravest", "gravest"), ("highest", "highest of occurrence")) if self.has(word)]
        if ways and self.rules[name]["way"] in ("amount", "share") and self.chance.maybe(3):
            made |= {"per": "occurrence", "choose": self.chance.one(ways)}
        if self.rules[name]["items"] and self.has("repeat", 2):
            made["repeat"] = {"same": "item", "times": self.chance.one(("2", "1.5", "-1"))}
        return made

    def worth(self, rule, names):
        made = {"grade": self.pen.grade(names)} if self.has("graded", 3) else {}
        if "item.grade" in names.of["grade"]:
            made["grade"] = "item.grade"
        if rule["way"] == "mark":
            return {} if self.chance.maybe() else made
        number = self.pen.number(names)
        if "item.points" in names.of["number"] and self.chance.maybe():
            number = "item.points"
        modes = [mode for mode in ROUNDING if mode in self.words]
        if modes and self.chance.maybe(3):
            number = f"round({number} / {self.chance.one(('2', '-2'))}, 1, '{self.chance.one(modes)}')"
        if rule["items"] and self.chance.maybe(3):
            number = (
                f"{number} if {self.pen.alike(self.chance.one(('=', '!=')), names)} else {self.chance.one(('1', '4'))}"
            )
        if rule["way"] == "amount":
            return made | {"amount": number}
        ladders = [table for table, word in (("rungs", "steps"), ("stretches", "brackets")) if self.has(word)]
        return made | {"amount": {"share": self.chance.one(ladders), "running": number, "in": "calendar year"}}

    def counts(self, rule, names):
        chance, pen, words = self.chance, self.pen, self.words
        record = bool(rule["kinds"])
        start = chance.one(
            ["act", "act", "placed", "ended", pen.date(names, 1)]
            if record
            else ["placed", "placed", pen.date(names, 1)]
        )
        made = {"from": start}
        if "until" not in words or chance.maybe(5):
            return made
        until = [
            pen.period(names),
            f"{pen.length(names)} {chance.one(('after', 'beginning'))} {start}",
            pen.date(names, 1),
        ]
        until += [f"{pen.length(names)} after today"] if "until today" in words and not record else []
        until += [f"{pen.length(names)} after ended"] if record else []
        made["until"] = chance.one([*until, until[1]])
        if self.has("tested", 3):
            made["if"] = pen.flag(names, 1)
            made |= (
                {"again": chance.one(("1 month", "12 months", "1 year", "100 days"))} if self.has("again", 2) else {}
            )
        return made

    def endings(self, rule, names):
        """What ends its entries, and which other ones they end."""
        chance, made = self.chance, {}
        for word in ("superseded by", "ended by"):
            if rule["kinds"] and self.has(word, 4):
                made[word] = chance.some((*OPENING, *ORDERS), 1, 2)
        for word in ("ends", "spends"):
            if self.has(word, 4):
                made[word] = self.ending(word, names)
        return made

    def ending(self, word, names):
        sources = self.chance.some([*self.rules, *self.accounts], 1, 2 if self.has("several ended") else 1)
        more = self.chance.some(self.staged, 1, 1) if self.staged and self.has("ends measure", 2) else []
        if not self.has(f"{word} where", 2):
            return [*sources, *more]
        shared = merged(*(self.of_ended(source) for source in sources))
        inner = Names(shared, this=names.of if self.has("this") else {}, deep=True)
        return {"entries": [*sources, *more], "where": self.pen.flag(inner, 1)}

    def of_ended(self, source):
        if source in self.rules and source not in self.accounts:
            return names_of_entries([self.rules[source]])
        return self.pen.sources[source] | {"item": [], "level": []}

    def account(self, name):
        made = {"words": WORDS}
        for word in self.accounts[name]:
            made |= {"floor": self.chance.one(("0", "-5"))} if word == "floor" else {}
            made |= {"ceiling": self.chance.one(("10", "12.5"))} if word == "ceiling" else {}
            made |= {"held while": self.pen.flag(Names(values=False), 1)} if word == "held" else {}
        return made

    def grades(self, values):
        order = dict.fromkeys(GRADES, WORDS)
        made = {"order": order}
        if self.has("override", 2):
            grades = [self.pen.grade(Names()), self.chance.one(("'poor'", "'fair'"))][
                -self.chance.random.randint(1, 2) :
            ]
            made["overrides"] = [{"grade": grade, "when": self.pen.flag(Names(), 1), "clause": "c"} for grade in grades]
        if self.has("no ladder", 4):
            return made | {"otherwise": "good"}
        banded = ["total", "extra"] if self.has("two ladders") else ["total"]
        made["ladders"] = [{"of": name, "bands": self.bands(values[name]["grid"]), "clause": "c"} for name in banded]
        return made | ({"otherwise": "fair"} if self.has("otherwise", 2) else {})

    def bands(self, grid):
        """Three bands, of which the middle one may be a single number."""
        step, low = float(grid["step"]), self.chance.one((-5, 0, 5, 10))
        high = low + self.chance.one((0, 10, 30))
        first = f"{grid['least']}..{_text(low - step)}" if "least" in grid else f"to {_text(low - step)}"
        last = f"{_text(high + step)}..{grid['most']}" if "most" in grid else f"from {_text(high + step)}"
        grades = self.chance.some(GRADES, 3, 3)
        return dict(zip(grades, (first, _text(low) if high == low else f"{low}..{high}", last), strict=True))

    def measure(self, name):
        chance, pen, measure = self.chance, self.pen, self.measures[name]
        plain = {"clause": "c", "words": WORDS}
        if measure["kind"] == "grades":
            return plain | {"grades": chance.some(GRADES)}
        if measure["kind"] == "while":
            return plain | {"while": pen.flag(Names(), 2)}
        at = chance.one(self.rules) if self.has("at", 2) else None
        names = Names(names_of(self.rules[at]["kinds"]) if at else {})
        made = plain | {"when": pen.flag(names, 2)} | ({"at": at} if at else {})
        if measure["imposed by"]:
            made |= {"imposed by": measure["imposed by"], "if its ground falls": chance.one(("stands", "falls"))}
            made |= {"lapses": "when no longer so"} if not at and self.has("lapses") else {}
            if "lapses" in made and chance.maybe():
                made["when"] = f"(count({chance.one(self.rules)}) >= 1)"  # comes true, and is no longer so, often
        if self.has("measure until", 3):
            of = names_of(measure["imposed by"]) if measure["imposed by"] else {}
            length, day = pen.length(Names(of)), pen.date(Names(of))
            made["until"] = chance.one(
                [f"{length} after today", f"max({day}, {length} beginning today)", day, pen.period(Names(of))]
            )
        return made

    def decision(self):
        """A decision, on some of the values and perhaps the grade and measures."""
        chance = self.chance
        values = {kind: chance.some(names, 0, 2) for kind, names in sorted(self.values.items())}
        measures = chance.some(self.measures, 0, 2) if self.has("decision measure") else []
        of = values | {"flag": [*values.get("flag", ()), *measures]}
        of["grade"] = [*values.get("grade", ()), *(["grade"] if self.has("decision grade") else [])]
        reads = [name for names in of.values() for name in names]
        if not reads:
            of, reads = {"number": ["total"]}, ["total"]
        names = Names(of, state=False, values=False)
        made = {
            "purpose": WORDS,
            "reads": reads,
            "otherwise": "admit",
            "review": "human",
            "appeal": WORDS,
            "clause": "c",
        }
        when = [self.pen.flag(names, 1), *measures, *(["grade = 'poor'"] if "grade" in reads else [])]
        made["outcomes"] = [{"outcome": "refuse", "when": one} for one in chance.some(when, 1, 2)]
        made |= (
            {"notice": chance.one(("14 days after today", "3 working days after today"))} if self.has("notice") else {}
        )
        return made | {"words": {"refuse": WORDS, "admit": WORDS}}

    def repairs(self):
        repairs = {
            "give": {
                "by": "gift.made",
                "giving": {"amount": {"from": "1", "to": "40", "step": "1"}, "degree": ["A", "B"]},
            }
        }
        if self.has("repair of"):
            repairs["obey"] = {"by": "order.lifted", "of": self.chance.one(self.rules)}
        return (
            {name: one | {"clause": "c", "words": WORDS} for name, one in repairs.items()} if self.has("repair") else {}
        )

    def unrated(self, word):
        row = {"when": self.pen.flag(Names(), 1), "clause": "c"}
        kinds = {name: rule["kinds"] for name, rule in self.rules.items() if rule["opened"] == "for"}
        given = [f"{name}.{attribute}" for name in kinds for attribute in names_of(kinds[name])["degree"]]
        if word == "unrated attribute" and given:
            return row | {"because": self.chance.one(given)}
        return row | {"because": "unseen", "words": WORDS}


def _text(number):
    return f"{number:g}"


def _plain():
    words = {"title": WORDS, "about": WORDS}
    law = {"law": {"c": {"cite": "c", "words": WORDS}}, "interpretations": {"I-1": WORDS}}
    head = {"goodstanding": "1", "id": "generated", "version": "1", "jurisdiction": "CN", "effective": "unverified"}
    return head | words | law | {"subjects": ["person", "organisation", "thing"]}
