"""Files made to exhaust who reads them: each is refused with one clear message, within bounded memory and time."""

import gzip
import json
import resource
import subprocess
import sys
import zipfile
from functools import partial
from mmap import ACCESS_READ, mmap

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from goodstanding.facts.errors import InputError
from goodstanding.facts.pages import unpacked
from goodstanding.facts.reading import read_table
from goodstanding.facts.refusals import write_refused

MEMORY = 3 << 30
"""Bytes of address space; reading an honest file takes more than half of it, most of which is never touched."""
_READ = """
import sys
from pathlib import Path
from goodstanding.facts.errors import InputError
from goodstanding.facts.formats import delivery_batches
rows = 0
try:
    for batch in delivery_batches(Path(sys.argv[1])):
        rows += batch.height
        if rows > 1_000_000:
            break
    print("read", rows)
except InputError as error:
    print("refused", error)
"""


def answer(path):
    """Read a file in a process that may not have more memory, nor take more than a minute."""
    limit = partial(resource.setrlimit, resource.RLIMIT_AS, (MEMORY, MEMORY))
    run = subprocess.run(
        [sys.executable, "-c", _READ, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=limit,
        env={"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.strip()


def sparse(path, head, size, tail=b""):
    """A file of this size that takes no room on the disk: after the head, zeros."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
        file.seek(size)
        file.write(tail)
    return path


@pytest.mark.parametrize(
    ("name", "head", "says"),
    [
        ("header.csv", b"", "its first line has more than"),
        ("line.csv", b"a,b\n1,2\n", "has more than"),
        ("quote.csv", b'a,b\n1,"2', "has more than"),
        ("line.jsonl", b'{"a": "1"}\n', "a line has more than"),
        ("file.json", b"", "bytes, expected at most"),
        ("file.xml", b"<FHRSEstablishment>", "bytes, expected at most"),
    ],
)
def test_a_line_or_file_of_a_gigabyte_is_refused(tmp_path, name, head, says) -> None:
    told = answer(sparse(tmp_path / name, head, 1 << 30))
    assert told.startswith("refused")
    assert says in told
    assert len(told) < 600


def test_packed_files_are_refused_unopened(tmp_path) -> None:
    with gzip.open(tmp_path / "a.csv", "wb") as file:
        file.write(b"a\n" + b"0" * 1_000_000)
    with zipfile.ZipFile(tmp_path / "b.csv", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../etc/b.csv", "0" * 1_000_000)
    for name in ("a.csv", "b.csv"):
        with pytest.raises(InputError, match="unpack it and send it again"):
            read_table(tmp_path / name)


def dictionary(value, rows):
    column = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))
    return pa.table({"subject": column})


def test_a_parquet_file_of_a_billion_repeated_values_is_refused(tmp_path) -> None:
    group = dictionary("gb.fhrs:1-1", 10_000_000)
    with parquet.ParquetWriter(tmp_path / "a.parquet", group.schema) as writer:
        for _ in range(11):
            writer.write_table(group, row_group_size=10_000_000)
    assert (tmp_path / "a.parquet").stat().st_size < 1_000_000
    assert "rows, expected at most" in answer(tmp_path / "a.parquet")


def test_a_parquet_file_that_repeats_one_huge_value_is_refused(tmp_path) -> None:
    parquet.write_table(dictionary("x" * 1_000_000, 1_000_000), tmp_path / "a.parquet")
    assert "found a value of 1,000,000 bytes" in answer(tmp_path / "a.parquet")


def test_a_parquet_file_with_huge_row_groups_is_refused(tmp_path) -> None:
    table = pa.table({"subject": pa.array(["y" * 5_000_000] * 300, pa.large_string())})
    parquet.write_table(table, tmp_path / "a.parquet", compression="zstd", use_dictionary=False)
    told = answer(tmp_path / "a.parquet")
    assert told.startswith("refused")
    assert "in smaller groups" in told


@pytest.mark.parametrize("depth", [10_000, 200_000])
def test_deeply_nested_json_is_refused(tmp_path, depth) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": ' + "[" * depth + "]" * depth + "}\n")
    assert "nested too deep" in answer(tmp_path / "a.jsonl") or depth < 50_000
    (tmp_path / "b.json").write_text('{"FHRSEstablishment": ' + "[" * depth + "]" * depth + "}\n")
    assert answer(tmp_path / "b.json").startswith("refused")


def test_xml_that_multiplies_itself_is_refused(tmp_path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    (tmp_path / "a.xml").write_text(f'<!DOCTYPE x [<!ENTITY e0 "x">{entities}]><x>&e11;</x>')
    assert answer(tmp_path / "a.xml").startswith("refused")


@pytest.mark.parametrize("names", [["a", "a"], [f"c{n}" for n in range(2000)]])
def test_columns_beyond_reason_are_refused(tmp_path, names) -> None:
    (tmp_path / "a.csv").write_text(",".join(names) + "\n")
    (tmp_path / "a.jsonl").write_text(json.dumps({name: "" for name in names if names.count(name) == 1}) + "\n")
    with pytest.raises(InputError, match=r"is there twice|columns, expected at most"):
        read_table(tmp_path / "a.csv")


def test_a_name_that_stands_twice_in_one_object_is_refused(tmp_path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": "1", "a": "2"}\n')
    with pytest.raises(InputError, match=r"line 1: .*twice"):
        read_table(tmp_path / "a.jsonl")


def test_numbers_in_json_keep_their_digits(tmp_path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 12.50, "b": 12345678901234567890, "c": true, "d": null}\n\n{"a": "7"}\n')
    assert read_table(tmp_path / "a.jsonl").rows() == [
        ("12.50", "12345678901234567890", "true", None),
        ("7", None, None, None),
    ]


FORMULAS = ["=1+1", "+HYPERLINK(1)", "-2+3", "@SUM(A1)", "-12.5", "-7", "plain", "'quoted", None]


def test_nothing_that_is_written_back_is_a_formula_and_it_reads_again_as_it_was(tmp_path) -> None:
    table = pl.DataFrame({"a": FORMULAS})
    faults = {"field": "a", "found": "=1+1", "expected": "x"}
    refused = pl.DataFrame([{"row": n} | faults for n in range(1, table.height + 1)])
    write_refused([table], lambda first, last: refused, tmp_path / "a.refused.csv")
    written = pl.read_csv(tmp_path / "a.refused.csv", infer_schema=False)
    for cell in (*written["a"].drop_nulls(), *written["refused_found"]):
        assert cell[0] not in "=+@"
        assert cell[0] != "-" or cell.lstrip("-").replace(".", "").isdigit()
    assert read_table(tmp_path / "a.refused.csv")["a"].to_list() == FORMULAS


def footed(path, old, new):
    """Let the footer of a Parquet file say another number, in as many bytes."""
    content = path.read_bytes()
    size = int.from_bytes(content[-8:-4], "little")
    body, foot = content[: -8 - size], content[-8 - size : -8]
    assert varint(old) in foot
    path.write_bytes(body + foot.replace(varint(old), varint(new, len(varint(old)))) + content[-8:])


def varint(number, size=1):
    number, found = number * 2, b""
    while number or len(found) < size:
        found += bytes([(number & 0x7F) | 0x80])
        number >>= 7
    return found[:-1] + bytes([found[-1] & 0x7F])


def test_a_parquet_file_whose_footer_understates_its_pages_is_refused(tmp_path) -> None:
    path = tmp_path / "a.parquet"
    values = [f"{number:07}" + "y" * 1_000_000 for number in range(1_200)]
    parquet.write_table(
        pa.table({"subject": values}), path, compression="zstd", use_dictionary=False, write_statistics=False
    )
    footed(path, parquet.ParquetFile(path).metadata.row_group(0).total_byte_size, 1_000)
    assert parquet.ParquetFile(path).metadata.row_group(0).total_byte_size == 1_000
    told = answer(path)
    assert told.startswith("refused")
    assert "in smaller groups" in told


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
@pytest.mark.parametrize("coded", [True, False])
def test_the_pages_of_honest_files_are_as_large_as_their_footer_says(tmp_path, version, compression, coded) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"a": [f"v{n % 500}" for n in range(30_000)], "n": range(30_000), "e": [None] * 30_000})
    parquet.write_table(table.cast(pa.schema([("a", pa.string()), ("n", pa.int64()), ("e", pa.string())])), path,
        data_page_version=version, compression=compression, use_dictionary=coded, row_group_size=9_000,
        data_page_size=4_096, write_page_checksum=coded)  # fmt: skip
    groups = parquet.ParquetFile(path).metadata
    with path.open("rb") as raw, mmap(raw.fileno(), 0, access=ACCESS_READ) as pages:
        for group in map(groups.row_group, range(groups.num_row_groups)):
            # A footer counts the headers of pages too.
            size, sparing = unpacked(pages, group)
            assert 0.8 * group.total_byte_size < size <= group.total_byte_size
            assert sparing == ({"a", "n", "e"} if coded else set())
    assert read_table(path).height == 30_000


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "RLE_DICTIONARY"])
def test_a_value_that_is_written_once_for_many_rows_is_refused_where_it_is_large(tmp_path, encoding) -> None:
    path = tmp_path / "a.parquet"
    coded = encoding == "RLE_DICTIONARY"
    parquet.write_table(pa.table({"subject": ["y" * 100_000] * 6_000}), path, use_dictionary=coded,
        column_encoding=None if coded else {"subject": encoding}, write_statistics=False)  # fmt: skip
    assert path.stat().st_size < 1_000_000
    assert answer(path).startswith("refused")
