"""Exact linkage: a record is about the subject of its number, if the rest of the row does not speak against it.

Nothing is guessed: what does not corroborate the number is refused, for a person to look at. The number is never
repeated in a refusal, nor the name or day of birth that was sent: a refusal must not help to find whom they fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from goodstanding.facts.identifiers import subject_of
from goodstanding.facts.records import WITHDRAWN
from goodstanding.facts.validation import REFUSALS
from goodstanding.facts.world import World

SUBJECTS = {"id": pl.Int64, "identifier": pl.String, "is_a": pl.String, "name": pl.String, "born": pl.Date}
"""The columns of a table of known subjects; a name that is not known is an empty text."""
DOTS = "·‧•∙⋅・･．"
"""Signs that stand for the dot between the parts of a name, U+00B7, which keyboards and systems write in many ways."""
_NUMBER = "a number, not repeated here"
_DOUBT = "does not corroborate the number: a person must look at it"
_STRANGER = {
    World.SYNTHETIC: "a subject of this world",
    World.REAL: "an organisation or a thing: a real register keeps no persons",
}


@dataclass(frozen=True)
class Linked:
    """`records` with the columns `id` (null: a subject not known before) and `is_a`; `refusals` as validation's."""

    records: pl.DataFrame
    refusals: pl.DataFrame


def link(records: pl.DataFrame, subjects: pl.DataFrame, world: World) -> Linked:
    """Link valid records (columns row, subject, name, born; perhaps state) to known subjects, columns `SUBJECTS`.

    Persons need name and day of birth, both equal, but where a document is withdrawn; organisations and things go
    by no other name. A synthetic world holds only known subjects; a real one meets new organisations and things, and no
    person whatever is known.
    """
    known = subjects if world is World.SYNTHETIC else _with_newcomers(records, subjects)
    known = known.rename({"identifier": "subject", "name": "name_known", "born": "born_known"})
    joined = records.join(known, on="subject", how="left", maintain_order="left")
    refusals = pl.concat([pl.DataFrame(schema=REFUSALS), *_doubts(joined, world)]).sort("row", maintain_order=True)
    kept = joined.join(refusals.select("row").unique(), on="row", how="anti", maintain_order="left")
    return Linked(kept.drop("name_known", "born_known"), refusals)


def expected(world: World) -> dict[str, str]:
    """Return what a refusal says, by the name of the doubt, for linkage in another place by the same rules."""
    return {
        "number": _NUMBER,
        "stranger": _STRANGER[world],
        "name_needed": "the name, to corroborate the number",
        "born_needed": "the day of birth, to corroborate it",
        "name_doubt": f"name {_DOUBT}",
        "born_doubt": f"day of birth {_DOUBT}",
    }


def _with_newcomers(records: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Add the subjects that only these records name, each by the first name and day of foundation it is given."""
    new = (
        records.join(subjects, left_on="subject", right_on="identifier", how="anti", maintain_order="left")
        .group_by("subject", maintain_order=True)
        .agg(pl.col("name").drop_nulls().first().fill_null(""), pl.col("born").drop_nulls().first())
    )
    is_a = pl.Series("is_a", [subject_of(number) for number in new["subject"]], dtype=pl.String)
    new = new.rename({"subject": "identifier"}).with_columns(is_a, id=pl.lit(None, pl.Int64))
    return pl.concat([subjects, new.select(*SUBJECTS)])


def _doubts(joined: pl.DataFrame, world: World) -> list[pl.DataFrame]:
    person = pl.col("is_a") == "person"
    bare = pl.col("state") == WITHDRAWN if "state" in joined.columns else pl.lit(value=False)
    stranger = pl.col("is_a").is_null() if world is World.SYNTHETIC else person
    name, born, known, says = _plain("name"), pl.col("born"), _plain("name_known"), expected(world)
    named = person & ~stranger & ~bare
    return [
        _refused(joined, stranger, "subject", _NUMBER, says["stranger"]),
        _refused(joined, named & name.is_null(), "name", "nothing", says["name_needed"]),
        _refused(joined, named & born.is_null(), "born", "nothing", says["born_needed"]),
        _refused(joined, ~stranger & (known != "") & (name != known), "name", "another name", says["name_doubt"]),
        _refused(joined, ~stranger & (born != pl.col("born_known")), "born", "another day", says["born_doubt"]),
    ]


def _refused(joined: pl.DataFrame, wrong: pl.Expr, field: str, found: str, expected: str) -> pl.DataFrame:
    literals = (pl.lit(text).alias(name) for name, text in (("field", field), ("found", found), ("expected", expected)))
    return joined.filter(wrong.fill_null(value=False)).select("row", *literals)


def _plain(column: str) -> pl.Expr:
    """A name in one Unicode form and with one dot, since the same name can be sent in several."""
    return pl.col(column).str.normalize("NFC").str.replace_all(f"[{DOTS}]", DOTS[0])
