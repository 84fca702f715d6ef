"""Links by likeness: found in spite of slips, and the same however many rows are linked at once."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import Columns, Field, prepared
from goodstanding.linkage.evidence import evidence
from goodstanding.linkage.linking import links
from goodstanding.linkage.models import Model, read_model, write_model
from goodstanding.linkage.training import FEW, train

COLUMNS = Columns(
    key="id",
    fields=(
        Field(column="name", role="name"),
        Field(column="born", role="date"),
        Field(column="town", role="place"),
    ),
)
_SYLLABLES = ("ba", "de", "ki", "lo", "mu", "na", "po", "ri", "sa", "tu", "ve", "zo")


def _word(draw: random.Random, length: int) -> str:
    return "".join(draw.choice(_SYLLABLES) for _ in range(length))


def _slipped(draw: random.Random, text: str) -> str:
    place = draw.randrange(1, len(text) - 1)
    return text[:place] + draw.choice("aeiou") + text[place + 1 :]


@pytest.fixture(scope="module")
def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    draw = random.Random(4)
    first, second = [], []
    towns = [_word(draw, 3) for _ in range(30)]
    for number in range(600):
        name = f"{_word(draw, 2)} {_word(draw, 4)}"
        born = f"19{draw.randrange(50, 99)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
        town = draw.choice(towns)
        first.append({"id": f"a{number}", "name": name, "born": born, "town": town})
        slipped = _slipped(draw, name) if number % 3 == 0 else name
        second.append({"id": f"b{number}", "name": slipped, "born": born, "town": draw.choice([town, *towns])})
    return prepared(pl.DataFrame(first), COLUMNS), prepared(pl.DataFrame(second), COLUMNS)


@pytest.fixture(scope="module")
def model(tables: tuple[pl.DataFrame, pl.DataFrame]) -> Model:
    return train(*tables, COLUMNS, {"rows": 600})


def test_rows_of_one_subject_are_linked_in_spite_of_slips(
    model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    found = links(model, *tables)
    right = found.filter(pl.col("left").str.slice(1) == pl.col("right").str.slice(1))
    assert right.height >= 580
    assert found.height - right.height <= 10


def test_a_part_that_is_linked_by_itself_gets_the_links_that_all_rows_together_give(
    model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    subjects, records = tables
    part = records.sample(40, seed=1)
    by_itself = links(model, subjects, part, least=-20)
    together = links(model, subjects, records, least=-20).join(part.select(right="key"), on="right", how="semi")
    assert by_itself.equals(together.sort("left", "right"))


def test_the_same_rows_teach_the_same_model(model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """Threads add in any order: without rounding, the last digits of what is learned differ every few runs."""
    assert {train(*tables, COLUMNS, {"rows": 600}).version for _ in range(3)} == {model.version}


def test_where_no_two_rows_agree_in_a_whole_thing_the_others_still_teach() -> None:
    draw = random.Random(5)
    rows = [(_word(draw, 6), _word(draw, 2)) for _ in range(300)]
    left, right = (
        prepared(
            pl.DataFrame(
                [
                    (f"{side}{n}", f"{name}{end}", f"{day}-01-{1 + n % 28:02}", town)
                    for n, (name, town) in enumerate(rows)
                ],
                schema=["id", "name", "born", "town"],
                orient="row",
            ),
            COLUMNS,
        )
        for side, end, day in (("a", "", 1950), ("b", "x", 1970))
    )
    found = links(train(left, right, COLUMNS, {}), left, right)
    assert found.filter(pl.col("left").str.slice(1) == pl.col("right").str.slice(1)).height >= 0.5 * found.height


def test_a_model_that_was_written_and_read_is_the_same(model: Model, tmp_path: Path) -> None:
    write_model(model, tmp_path / "model")
    assert read_model(tmp_path / "model").version == model.version
    with pytest.raises(InputError, match="never written over"):
        write_model(model, tmp_path / "model")


def test_columns_that_nobody_shares_teach_nothing() -> None:
    rows = pl.DataFrame({"id": ["1", "2"], "name": [None, None], "born": [None, None], "town": [None, None]})
    empty = prepared(rows.with_columns(pl.exclude("id").cast(pl.String)), COLUMNS)
    with pytest.raises(InputError, match="no two rows share"):
        train(empty, None, COLUMNS, {})


def test_links_do_not_depend_on_the_order_of_rows(model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    left, right = tables
    mixed = links(model, left.sample(fraction=1, shuffle=True, seed=3), right.reverse(), least=-20)
    assert mixed.equals(links(model, left, right, least=-20))


def test_links_are_the_same_from_either_side(model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    there, back = links(model, *tables, least=-20), links(model, *reversed(tables), least=-20)
    turned = back.select(left="right", right="left", weight="weight", probability="probability").sort("left", "right")
    assert there.drop("weight", "probability").equals(turned.drop("weight", "probability"))
    assert (there["weight"] - turned["weight"]).abs().max() < 1e-9


@pytest.mark.parametrize("value", [None, "the same everywhere"])
def test_a_column_that_is_empty_or_all_equal_changes_nothing(
    model: Model, tables: tuple[pl.DataFrame, pl.DataFrame], value: str | None
) -> None:
    wider = Columns(key="id", fields=(*COLUMNS.fields, Field(column="more", role="code")))
    left, right = (table.with_columns(pl.lit(value, pl.String).alias("code")) for table in tables)
    trained = train(left, right, wider, {"rows": 600})
    assert trained.keys == model.keys
    assert trained.settings["comparisons"] == model.settings["comparisons"]
    assert links(trained, left, right, least=-20).equals(links(model, *tables, least=-20))


def test_the_evidence_of_a_pair_sums_up_to_its_weight(model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    found = links(model, *tables, least=-20)
    for left, right, weight, _ in found.sample(6, seed=2).iter_rows():
        rows = tables[0].filter(pl.col("key") == left), tables[1].filter(pl.col("key") == right)
        told = evidence(model, *rows)
        assert told["weight"].sum() + told["frequency"].sum() == pytest.approx(weight, abs=1e-9)
        assert told["comparison"].to_list() == ["prior", "name", "date", "place"]
        assert told.filter(comparison="date")["left"].to_list() == rows[0]["date"].to_list()


def test_evidence_is_of_one_pair(model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    with pytest.raises(InputError, match=r"left: 600 rows; expected one"):
        evidence(model, *tables)


def test_training_and_linking_say_nothing_that_was_not_asked(
    tables: tuple[pl.DataFrame, pl.DataFrame], capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    links(train(*tables, COLUMNS, {}), *tables)
    assert capfd.readouterr() == ("", "")
    assert not [str(one.message) for one in recwarn]


def test_a_model_names_no_value_that_few_rows_have(model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    both = pl.concat(tables)
    for form in model.frequencies["form"].unique():
        common = both.filter(pl.col(form).is_not_null())[form].value_counts().filter(pl.col("count") >= FEW)
        named = model.frequencies.filter(pl.col("form") == form)["value"].drop_nulls()
        assert set(named) == set(common[form])


def test_a_model_says_what_it_was_trained_on(model: Model, tables: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    assert model.learned["left"]["rows"] == model.learned["right"]["rows"] == 600
    assert model.learned["left"]["filled"]["name"] == 1.0
    mixed = train(tables[0].reverse(), tables[1], COLUMNS, {"rows": 600})
    assert mixed.learned == model.learned
    other = train(tables[0].head(500), tables[1], COLUMNS, {"rows": 600})
    assert other.learned["left"]["digest"] != model.learned["left"]["digest"]
