"""Files that lie about what they are: refused with one clear message, in less than a gigabyte of memory."""

import os
import subprocess
import sys

import pyarrow as pa
import pytest
from pyarrow import parquet

from goodstanding.facts.reading import read_table

MOST = 1 << 30
"""Bytes of memory that reading any of these may take."""
_READ = """
import re, sys
from pathlib import Path
from goodstanding.facts.errors import InputError
from goodstanding.facts.formats import delivery_batches
rows = 0
try:
    for batch in delivery_batches(Path(sys.argv[1])):
        rows += batch.height
    print("read", rows)
except InputError as error:
    print("refused", error)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def answer(path):
    """Read a file in a process of its own; return what it said, having seen how much memory it took."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(sys.path), "POLARS_MAX_THREADS": "2"}
    command = [sys.executable, "-c", _READ, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    *said, took = run.stdout.splitlines()
    assert int(took) << 10 < MOST, f"took {int(took) >> 10} MiB"
    told = "\n".join(said)
    assert len(told) < 800, told
    assert "Traceback" not in told
    return told


HEAD = b"subject,kind\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("utf16.csv", "subject,kind\na,b\n".encode("utf-16"), "UTF-8"),
        ("utf32.csv", "subject,kind\na,b\n".encode("utf-32"), "UTF-8"),
        ("latin.csv", HEAD + "J\xfcrgen,b\n".encode("latin-1"), "is not UTF-8"),
        ("surrogate.csv", HEAD + b"\xed\xa0\x80,b\n", "is not UTF-8"),
        ("overlong.csv", HEAD + b"\xc0\xaf,b\n", "is not UTF-8"),
        ("quotes.csv", HEAD + b'"' + b"x\n" * (5 << 20), "not a CSV file"),
        ("wide.csv", b",".join(b"c%d" % n for n in range(50_000)) + b"\n", "columns, expected at most"),
        ("ragged.csv", HEAD + b"a,b,c\n", "rows of equal length"),
        ("deep.jsonl", b'{"a": ' + b'{"a": ' * 100_000 + b"1" + b"}" * 100_001, "not a JSON object"),
        ("digits.jsonl", b'{"a": ' + b"9" * (2 << 20) + b"}\n", "has more than"),
        ("nul.jsonl", b'{"a": "1"}\0\n', "not a JSON object"),
        ("utf16.jsonl", '{"a": "1"}\n'.encode("utf-16"), "not a JSON object"),
        ("array.jsonl", b'[{"a": "1"}]\n', "expected an object"),
        ("list.jsonl", b'{"a": ["1"]}\n', "plain values"),
        ("none.parquet", b"PAR1" + b"\0" * 100 + b"PAR1", "not a whole Parquet file"),
        ("footer.parquet", b"PAR1" + b"\xff\xff\xff\x7fPAR1", "not a whole Parquet file"),
        ("csv.parquet", HEAD, "not a whole Parquet file"),
        ("zip.jsonl", b"PK\x03\x04" + b"\0" * 100, "zip file"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    told = answer(tmp_path / name)
    assert told.startswith("refused"), told
    assert says in told


def test_a_mark_of_byte_order_before_utf_8_is_no_part_of_the_first_name(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + HEAD + b"a,b\n")
    assert read_table(tmp_path / "a.csv").to_dicts() == [{"subject": "a", "kind": "b"}]


def test_a_number_of_a_hundred_thousand_digits_stays_text(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": ' + "9" * 100_000 + "}\n")
    assert read_table(tmp_path / "a.jsonl")["a"].to_list() == ["9" * 100_000]


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array([[1]]), "plain columns"),
        (pa.array([{"a": 1}]), "plain columns"),
        (pa.array([b"x"]), "plain columns"),
        (pa.array([1.5]), "floating point"),
        (pa.array([[(1, 2)]], pa.map_(pa.int64(), pa.int64())), "plain columns"),
    ],
)
def test_parquet_columns_that_are_no_cells_are_refused(tmp_path, column, says):
    parquet.write_table(pa.table({"a": column}), tmp_path / "a.parquet")
    assert says in answer(tmp_path / "a.parquet")


def varint(number, width=0):
    """A number as Parquet's footer writes it; made longer without another meaning, where it must keep its place."""
    out = bytearray()
    while number > 127 or len(out) < width - 1:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def lying(path, size):
    """A Parquet file of one huge value whose footer says that it is small."""
    parquet.write_table(
        pa.table({"subject": pa.array(["y" * size], pa.large_string())}),
        path,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )
    real = parquet.ParquetFile(path).metadata.row_group(0).total_byte_size
    before = varint(2 * real)
    content = path.read_bytes()
    assert content.count(before) >= 2
    path.write_bytes(
        content[: len(content) // 4] + content[len(content) // 4 :].replace(before, varint(2000, len(before)))
    )


@pytest.mark.parametrize("size", [1 << 30])
def test_a_parquet_footer_that_lies_about_sizes_is_refused(tmp_path, size):
    lying(tmp_path / "a.parquet", size)
    assert answer(tmp_path / "a.parquet").startswith("refused")


@pytest.mark.parametrize("place", range(0, 100, 9))
def test_a_parquet_file_with_a_changed_byte_is_read_or_refused_and_nothing_else(tmp_path, place):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"a": [str(n) for n in range(1000)]}), path)
    content = bytearray(path.read_bytes())
    content[len(content) * place // 100] ^= 0x55
    path.write_bytes(content)
    assert answer(path).startswith(("read", "refused"))
