"""`goodstanding link` and files that say little or lie: one clear message or a report, in bounded time, and no link."""

import resource
import time

import polars as pl
import pytest

from tests.cli.inside import cli as _cli

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output")
cli = _cli
ROWS = 3_000
SECONDS, GIGABYTES = 120, 2
"""What a run may take on a busy machine."""


def _firms(first: str, **cells: str | None) -> pl.DataFrame:
    """Return firms that can be told apart, but for the columns whose cells are given."""
    number = pl.int_range(ROWS, dtype=pl.UInt64)
    letters = dict(zip("0123456789", "abdeiklmno", strict=True))
    words = [number.hash(seed).cast(pl.String).str.head(7).str.replace_many(letters) for seed in (1, 2, 3)]
    table = pl.select(
        id=pl.format("{}{}", pl.lit(first), number),
        company=pl.format("{} {}", *words[:2]),
        town=words[2].str.head(2),
        number=number.hash(4).cast(pl.String).str.head(9),
    )
    return table.with_columns(pl.lit(value, pl.String).alias(column) for column, value in cells.items())


@pytest.fixture
def link(cli, tmp_path):
    """Link the good firms with other ones, within what a run may take; return the answer and the number of links."""
    columns = [f"--column={one}" for one in ("company=organisation", "town=place", "number=identifier")]
    _firms("a").write_csv(tmp_path / "good.csv")

    def run(other, good="good.csv"):
        start, out = time.perf_counter(), tmp_path / "out"
        answer = cli("link", tmp_path / good, tmp_path / other, "--out", out, "--key", "id", *columns)
        assert time.perf_counter() - start < SECONDS
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < GIGABYTES * 1e6
        links = pl.read_parquet(out / "links.parquet").height if out.exists() else None
        assert (answer.code == 0) == (links is not None), "a result that is whole, or none"
        assert "Traceback" not in answer.err
        return answer, links

    return run


def test_the_good_firms_are_found_again(link, tmp_path) -> None:
    _firms("b").write_csv(tmp_path / "same.csv")
    answer, links = link("same.csv")
    assert (answer.code, links) == (0, ROWS)


@pytest.mark.parametrize(
    "cells",
    [
        dict.fromkeys(("company", "town", "number")),
        {"company": " ", "town": "-", "number": "."},
        {"company": "acme", "town": "acme", "number": "acme"},
        {"company": "acme ltd", "town": None, "number": None},
        {"company": None, "town": None, "number": "999999999"},
    ],
    ids=["empty columns", "blank columns", "all equal columns", "one name for everybody", "one number for thousands"],
)
def test_a_file_that_says_the_same_in_every_row_gets_no_link_and_is_told_why(link, tmp_path, cells) -> None:
    _firms("b", **cells).write_csv(tmp_path / "same.csv")
    answer, links = link("same.csv")
    assert not links
    assert answer.code == 0 or "no two rows share a value" in answer.err or "expected" in answer.err


def test_a_number_that_thousands_share_links_none_of_them(link, tmp_path) -> None:
    """Among good columns: the firms are others, and nothing but the number is shared."""
    strangers = _firms("b").with_columns(company=pl.col("company").str.reverse(), town=pl.col("town").str.reverse())
    strangers.with_columns(number=pl.lit("123456789")).write_csv(tmp_path / "shared.csv")
    _firms("a", number="123456789").write_csv(tmp_path / "also.csv")
    answer, links = link("shared.csv", good="also.csv")
    assert not links, answer.err


def test_names_of_a_megabyte_are_read_as_far_as_names_go(link, tmp_path) -> None:
    """Ten of them: what a file may hold in one cell is the business of the reader of files."""
    huge = pl.int_range(pl.len()) < 10
    long = _firms("b").with_columns(
        company=pl.when(huge).then(pl.lit("x" * 1_000_000)).otherwise("company"),
        **{name: pl.when(~huge).then(name) for name in ("town", "number")},
    )
    long.write_parquet(tmp_path / "long.parquet")
    answer, links = link("long.parquet")
    assert links == ROWS - 10
    assert len(answer.err) < 5_000, "a message does not repeat the name"


@pytest.mark.parametrize("coding", ["latin-1", "utf-16", "gb18030"])
def test_a_file_in_two_encodings_is_one_message(link, tmp_path, coding) -> None:
    head = b"id,company,town,number\nb1,caf\xc3\xa9,delft,1\n"
    (tmp_path / "mixed.csv").write_bytes(head + "b2,café 有限公司,delft,2\n".encode(coding, "ignore"))
    answer, links = link("mixed.csv")
    assert links is None
    assert answer.code == 2
    assert "mixed.csv" in answer.err
    assert len(answer.err.splitlines()) <= 2
