"""Write the conformance suite: policies, dossiers and the standings that every implementation must give.

`python conformance/build.py` writes `generated/` and `shipped/` anew, the same on every machine: generated policies by
their seeds, and the examples of the policies that ship.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from goodstanding.engine.exact import Evaluator  # noqa: E402
from goodstanding.engine.periods import FOREVER  # noqa: E402
from goodstanding.engine.standing import Entry, Standing, Unknown, number_text  # noqa: E402
from goodstanding.facts.catalogue import Catalogue, catalogue  # noqa: E402
from goodstanding.facts.records import Record  # noqa: E402
from goodstanding.facts.shipped import shipped  # noqa: E402
from goodstanding.facts.world import World  # noqa: E402
from goodstanding.policy.examples import read_examples  # noqa: E402
from goodstanding.policy.reader import PolicyError, read_policy  # noqa: E402
from tests.engine.policies import loaded_of, policy_of  # noqa: E402
from tests.engine.sentences import Chance  # noqa: E402
from tests.engine.world import CATALOGUE, days_of, dossier, records_of  # noqa: E402

POLICIES, DOSSIERS, EXAMPLES = 60, 3, 30
"""Generated policies, dossiers of each, and examples of a policy that ships at most, out of all of them evenly."""
DATES = ("decided", "final", "known", "withdrawn")
Plain = dict[str, Any]


def text_of(value: Any) -> str | None:
    """Write a value as text: numbers exactly (2.5, 1/3), days as 2020-02-29 or never, flags, codes; ? for unknown."""
    if value is None:
        return None
    return "never" if value == FOREVER else number_text(value)


def standing_of(standing: Standing) -> Plain:
    """Return what must come out, as plain data."""
    stages = (
        {"measure": s.measure, "state": s.state, **_texts(reached=s.reached, imposed=s.imposed, until=s.until)}
        for s in standing.stages
    )
    return {
        "outcome": str(standing.outcome),
        "score": text_of(standing.score),
        "grade": standing.grade,
        "reason": standing.reason,
        "values": {step.name: text_of(step.result) for step in standing.arithmetic},
        "measures": list(standing.measures),
        "stages": list(stages),
        "decisions": dict(standing.decisions),
        "entries": sorted((_entry(entry) for entry in standing.entries), key=lambda one: json.dumps(one)),
    }


def _texts(**values: Any) -> Plain:
    return {name: text_of(value) for name, value in values.items()}


def _entry(entry: Entry) -> Plain:
    what = {"rule": entry.rule, "record": entry.record.digest if entry.record else None}
    what |= {"item": entry.item.id if entry.item else None, "account": entry.account}
    unknown = entry.doubt is not None and not isinstance(entry.amount, Unknown)
    amount = "?" if unknown else text_of(entry.amount)
    days = _texts(placed=entry.placed, start=entry.start, until=entry.until)
    return what | {"amount": amount, "grade": text_of(entry.grade)} | days | {"status": str(entry.status)}


def record_of(record: Record) -> Plain:
    """Return a record as plain data."""
    plain = {"id": record.digest, "kind": record.kind, "occurrence": record.occurrence, "act": str(record.act)}
    plain |= {name: str(day) for name in DATES if (day := getattr(record, name)) is not None}
    return plain | {"attributes": {name: text_of(value) for name, value in record.attributes.items()}}


def read_record(plain: Plain, kinds: Catalogue) -> Record:
    """Read a record from plain data."""
    attributes = {name: _read(kinds.attributes[name].type, text) for name, text in plain["attributes"].items()}
    dates = {name: dt.date.fromisoformat(plain[name]) for name in ("act", *DATES) if name in plain}
    return Record("s", plain["kind"], document=plain["id"], digest=plain["id"], occurrence=plain["occurrence"],
                  attributes=attributes, **dates)  # fmt: skip


def _read(kind: str, text: str) -> Any:
    if kind == "number":
        return Fraction(text)
    return dt.date.fromisoformat(text) if kind == "date" else text == "true" if kind == "flag" else text


def kinds_of(kinds: Catalogue, used: Iterable[str]) -> Plain:
    """Return what must be known of kinds of records: their attributes, and whether their conduct continues."""
    return {
        name: {"continuing": kinds.kinds[name].continuing}
        | {"attributes": {key: one.type for key, one in kinds.kinds[name].attributes.items()}}
        for name in sorted(used)
    }


def case_of(
    evaluator: Evaluator, records: Iterable[Record], subject: Any, on: dt.date, known_on: dt.date | None
) -> Plain:
    """Return a dossier, the question and the standing."""
    records = [replace(record, digest=record.digest[:12]) for record in records]
    standing = evaluator.standing(records, subject, on, known_on)
    asked = {"subject": subject, "on": str(on), "known on": str(known_on or on)}
    return asked | {"records": [record_of(one) for one in records], "standing": standing_of(standing)}


def generated() -> Iterator[tuple[str, Plain, list[Plain]]]:
    """Yield name, policy and cases of each generated policy."""
    for seed in range(POLICIES):
        whole = policy_of(seed)
        loaded, text = loaded_of(whole), json.dumps(whole)
        evaluator, chance, cases = Evaluator(loaded, CATALOGUE), Chance(seed), []
        for number in range(DOSSIERS):
            rows = dossier(seed * DOSSIERS + number, loaded.policy, text)
            records, (first, *_, last) = records_of(rows), days_of(chance, rows, text)
            subject = chance.one(("person", "person", "organisation"))
            cases.append(case_of(evaluator, records, subject, last, first if chance.maybe(3) else None))
        yield f"{seed:03}", whole, cases


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _: Any) -> bool:
        return True


def write_cases(file: Path, cases: list[Plain]) -> None:
    """Write cases, one on each line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    file.write_text(f"[\n{lines}\n]\n")


def write_json(file: Path, plain: Plain) -> None:
    """Write plain data."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(plain, indent=1) + "\n")


def build() -> None:
    """Write everything anew."""
    for part in ("generated", "shipped"):
        shutil.rmtree(HERE / part, ignore_errors=True)
    for name, whole, cases in generated():
        write_cases(HERE / "generated" / f"{name}.json", cases)
        text = yaml.dump(whole, Dumper=_Dumper, sort_keys=False, width=120, default_flow_style=None)
        (HERE / "generated" / f"{name}.yaml").write_text(text)
    write_json(HERE / "generated" / "kinds.json", kinds_of(CATALOGUE, CATALOGUE.kinds))
    known = catalogue(World.SYNTHETIC)
    used: set[str] = set()
    for folder in sorted(shipped("policies").iterdir()):
        try:
            loaded = read_policy(folder)
        except PolicyError:
            continue
        evaluator, examples = Evaluator(loaded, known), read_examples(folder, known)
        examples = examples[:: -(-len(examples) // EXAMPLES) or 1]
        cases = [case_of(evaluator, c.records, c.example.subject, c.example.on, c.example.known_on) for c in examples]
        used |= {record["kind"] for case in cases for record in case["records"]}
        write_cases(HERE / "shipped" / f"{folder.name}.json", cases)
    write_json(HERE / "shipped" / "kinds.json", kinds_of(known, used))


if __name__ == "__main__":
    build()
