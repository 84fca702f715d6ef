"""Reading files: what was sent, as text, or one clear message."""

import threading
from decimal import Decimal

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.facts.formats import delivery_batches
from goodstanding.facts.reading import read_table


def test_csv_and_parquet_of_the_same_rows_read_the_same(tmp_path):
    rows = pl.DataFrame({"act": ["2021-03-01", None], "amount": ["12.50", " 7 "]})
    rows.write_csv(tmp_path / "a.csv")
    rows.write_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.csv").equals(read_table(tmp_path / "a.parquet"))


def test_typed_columns_of_a_parquet_file_become_text_without_loss(tmp_path):
    pl.DataFrame({"amount": [Decimal("0.10")], "n": [2**53 + 1]}).write_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").rows() == [("0.10", "9007199254740993")]


def test_numbers_that_look_like_floats_or_dates_stay_what_was_written(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n007,1e5\n")
    assert read_table(tmp_path / "a.csv").rows() == [("007", "1e5")]


def test_a_corrected_refusals_file_reads_without_the_columns_that_say_why(tmp_path):
    (tmp_path / "a.csv").write_text("a,refused_field,refused_found,refused_expected\n1,x,y,z\n")
    assert read_table(tmp_path / "a.csv").columns == ["a"]


def damaged(tmp_path, name):
    path = tmp_path / name
    if name == "truncated.parquet":
        pl.DataFrame({"a": list(range(1000))}).write_parquet(path)
        path.write_bytes(path.read_bytes()[:-40])
    elif name == "floats.parquet":
        pl.DataFrame({"amount": [0.1]}).write_parquet(path)
    elif name == "lists.parquet":
        pl.DataFrame({"amount": [[1, 2]]}).write_parquet(path)
    elif name == "latin1.csv":
        path.write_bytes("a\nfine\ncafé\n".encode("latin-1"))
    elif name == "ragged.csv":
        path.write_text("a,b\n1,2\n1,2,3,4\n")
    elif name.startswith("empty"):
        path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.csv", "no such file"),
        ("empty.csv", "0 bytes"),
        ("empty.parquet", "0 bytes"),
        ("truncated.parquet", "truncated"),
        ("floats.parquet", "not exact"),
        ("lists.parquet", "plain columns"),
        ("latin1.csv", "line 3"),
        ("ragged.csv", "equal length"),
    ],
)
def test_a_damaged_file_is_answered_with_one_message_that_names_it(tmp_path, name, says):
    path = damaged(tmp_path, name)
    with pytest.raises(InputError) as answer:
        read_table(path)
    assert says in str(answer.value)
    assert name in str(answer.value)
    assert "\n" not in str(answer.value)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("padded", [" a", "a\t", "\u3000a", "a\u00a0", "\u2003a ", "a\x85"])
def test_white_space_around_a_cell_is_no_part_of_it_and_a_cell_of_it_is_empty(tmp_path, suffix, padded):
    table = pl.DataFrame({"x": [padded, "a b"], "y": [padded.replace("a", ""), "c"], "z": ["d", "e"]})
    path = tmp_path / f"a.{suffix}"
    {"csv": table.write_csv, "parquet": table.write_parquet, "jsonl": table.write_ndjson}[suffix](path)
    assert read_table(path).rows() == [("a", None, "d"), ("a b", "c", "e")]


def test_an_empty_text_of_a_parquet_file_is_an_empty_cell(tmp_path):
    pl.DataFrame({"a": ["", "x"]}).write_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet")["a"].to_list() == [None, "x"]


def test_a_fault_deep_in_a_file_is_told_after_the_rows_before_it_and_no_thread_stays(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 4_000_000 + "1,2,3\n")
    before, read = threading.active_count(), []
    with pytest.raises(InputError, match="equal length"):
        read.extend(batch.height for batch in delivery_batches(tmp_path / "a.csv"))
    assert sum(read) >= 1_000_000
    next(left := delivery_batches(tmp_path / "a.csv"))
    left.close()
    assert threading.active_count() == before
