"""Reading delivery files, CSV, Parquet and JSON lines, into tables in which every cell is still the text that was sent.

Nothing is guessed: numbers, dates and codes are read from text by `validation`; a file means the same in every format.
A file is read in batches of at most `ROWS` rows, so that memory does not grow with it; what would make it grow anyhow
(a line without an end, a value as large as a file, a packed file) is refused.
"""

from __future__ import annotations

import csv
import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import polars as pl

from goodstanding.facts.columns import bytes_of
from goodstanding.facts.errors import InputError
from goodstanding.facts.pages import unpacked

_Item = TypeVar("_Item")
_Reader = Callable[[Path], Iterator[pl.DataFrame]]
ROWS = 50_000
"""Rows of a batch, at most."""
MOST_BYTES_OF_A_LINE = 1 << 20
MOST_COLUMNS = 1_000
MOST_ROWS = 100_000_000
_BLOCK = 8 << 20
"""Bytes of a CSV file that are read at once; no row can be longer."""
_LARGEST_GROUP = 1 << 30
"""Bytes that a row group of a Parquet file may have when it is unpacked."""
_REFUSED = ("refused_field", "refused_found", "refused_expected")
"""Columns that a refusals file adds; they are passed over, so that a corrected one can be delivered as it is."""
_PACKED = {
    b"PK\x03\x04": "a zip file",
    b"\x1f\x8b": "packed with gzip",
    b"(\xb5/\xfd": "packed with zstd",
    b"BZh": "bz2",
}


def read_table(path: Path, *, floats: bool = False) -> pl.DataFrame:
    """Read a whole file; every column comes back as text, empty cells as null. Raises InputError as `batches` does."""
    read = list(batches(path, floats=floats))
    return pl.concat(read, how="diagonal") if len(read) > 1 else read[0]


def batches(path: Path, *, floats: bool = False) -> Iterator[pl.DataFrame]:
    """Yield a CSV (UTF-8, comma, header), Parquet (.parquet) or JSON lines (.jsonl) file in batches of text cells.

    At least one batch comes, without rows where the file has none. Raises InputError where the file is missing, empty,
    truncated, packed, in another encoding, holds floats unless `floats`, or has lines or
    values beyond all reason.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty (0 bytes); expected a CSV header or a Parquet file. Send it again")
    with path.open("rb") as file:
        start = file.read(4)
    for magic, packed in _PACKED.items():
        if start.startswith(magic):
            raise InputError(f"{path}: found {packed}, expected the file itself; unpack it and send it again")
    parquet = partial(_parquet, floats=floats)
    readers: dict[str, _Reader] = {".parquet": parquet, ".jsonl": _json_lines, ".ndjson": _json_lines}
    for batch in readers.get(path.suffix, _csv)(path):
        refused = [name for name in _REFUSED if name in batch.columns]
        cells = pl.col([one.name for one in batch if refused or _padded(one)]).str.strip_chars().replace("", None)
        yield batch.with_columns(_unquoted(cells) if refused else cells).drop(refused)


def ahead(items: Iterator[_Item], most: int = 2) -> Iterator[_Item]:
    """Yield items that are made in a second thread, at most so many ahead of those that are asked for."""
    with ThreadPoolExecutor(1) as worker:
        coming = deque(worker.submit(next, items, None) for _ in range(most))
        while (item := coming.popleft().result()) is not None:
            coming.append(worker.submit(next, items, None))
            yield item


def _padded(cells: pl.Series) -> bool:
    """Whether a cell may be empty or have white space, for all that the bytes of the column tell."""
    at = bytes_of(cells)
    return bool(cells.str.len_bytes().min() == 0 or at.min(initial=0x7F) <= ord(" ") or at.max(initial=0) >= 0x80)


def _unquoted(cells: pl.Expr) -> pl.Expr:
    """Take away the quote that a refusals file puts before what a spreadsheet would take for a formula."""
    return cells.str.replace(r"^'([=+\-@])", "${1}")


def _csv(path: Path) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    from pyarrow import csv as reader

    names = _header(path)
    options = {
        "read_options": reader.ReadOptions(block_size=_BLOCK, column_names=names, skip_rows=1, use_threads=False),
        "parse_options": reader.ParseOptions(newlines_in_values=True),
        "convert_options": reader.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    }
    try:
        empty = True
        with pa.OSFile(os.fsencode(path)) as file, reader.open_csv(file, **options) as blocks:
            for block in blocks:
                for start in range(0, block.num_rows, ROWS):
                    empty = False
                    yield _frame(block.slice(start, ROWS))
        if empty:
            yield pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: {_fault_of(path, str(error).splitlines()[0])}") from None


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        line = file.readline(MOST_BYTES_OF_A_LINE)
    if len(line) == MOST_BYTES_OF_A_LINE:
        raise InputError(f"{path}: its first line has more than {MOST_BYTES_OF_A_LINE:,} bytes; expected column names")
    try:
        names = next(csv.reader([line.decode("utf-8-sig").rstrip("\r\n")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: line 1: expected the names of columns, as UTF-8 ({error})") from None
    _check_names(path, names)
    return names


def _check_names(path: Path, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1}) if len(names) <= MOST_COLUMNS else []
    if twice:
        raise InputError(f"{path}: column {', '.join(twice)[:80]} is there twice; expected each once")
    if len(names) > MOST_COLUMNS:
        raise InputError(f"{path}: found {len(names):,} columns, expected at most {MOST_COLUMNS:,}")


def _frame(block: Any) -> pl.DataFrame:
    frame = pl.from_arrow(block)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _fault_of(path: Path, reason: str) -> str:
    """Say in our words why a CSV file cannot be read; only now is it worth looking where."""
    if "straddling" in reason or "too large" in reason:
        return f"a row has more than {_BLOCK:,} bytes, or a quote in it has no end; correct it and send it again"
    if "UTF8" in reason or "UTF-8" in reason:
        return f"{_not_utf8(path)} is not UTF-8; save the file as UTF-8 and send it again"
    return f"not a CSV file with one header and rows of equal length: {reason[:200]}"


def _not_utf8(path: Path) -> str:
    line = place = 0
    with path.open("rb") as file:
        while found := file.readline(MOST_BYTES_OF_A_LINE):
            line += 1
            try:
                found.decode()
            except UnicodeDecodeError as error:
                return f"line {line}: byte {place + error.start}"
            place += len(found)
    return "some text"


def _parquet(path: Path, *, floats: bool) -> Iterator[pl.DataFrame]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with pa.OSFile(os.fsencode(path)) as raw, parquet.ParquetFile(raw) as file:
            sparing = _check_parquet(path, file, floats=floats)
            fields = [field for field in file.schema_arrow if field.name in sparing]
            text = [one.name for one in fields if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)]
            empty = True
            with parquet.ParquetFile(raw, buffer_size=_BLOCK, read_dictionary=text) as again:
                for block in again.iter_batches(batch_size=ROWS):
                    empty = False
                    yield _texts(path, block)
            if empty:
                yield pl.DataFrame(schema=dict.fromkeys(file.schema_arrow.names, pl.String))
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"{path}: not a whole Parquet file ({reason}); it may be truncated: send it again") from None


def _check_parquet(path: Path, file: Any, *, floats: bool) -> set[str]:
    """Return the columns in which a value may be written once for many rows."""
    import pyarrow as pa

    fields, groups = list(file.schema_arrow), file.metadata
    _check_names(path, [field.name for field in fields])
    inexact = [field.name for field in fields if pa.types.is_floating(field.type)]
    if inexact and not floats:
        raise InputError(
            f"{path}: column {', '.join(inexact)}: floating point is not exact; expected decimal, integer or text"
        )
    nested = [one.name for one in fields if pa.types.is_nested(one.type) or pa.types.is_binary(one.type)]
    if nested:
        raise InputError(f"{path}: column {', '.join(nested)}: expected plain columns, found lists, structs or bytes")
    if groups.num_rows > MOST_ROWS:
        raise InputError(f"{path}: found {groups.num_rows:,} rows, expected at most {MOST_ROWS:,}; send it in parts")
    with path.open("rb") as raw, mmap(raw.fileno(), 0, access=ACCESS_READ) as pages:
        seen = [
            (one.total_byte_size, *unpacked(pages, one)) for one in map(groups.row_group, range(groups.num_row_groups))
        ]
    for number, size in enumerate(max(said, found) for said, found, _ in seen):
        if size > _LARGEST_GROUP:
            raise InputError(
                f"{path}: row group {number} is {size:,} bytes unpacked, expected at most {_LARGEST_GROUP:,}; "
                "write it in smaller groups"
            )
    return {name for *_, sparing in seen for name in sparing}


def _texts(path: Path, block: Any) -> pl.DataFrame:
    """Turn a block into text; a repeated value is looked at once, before it is written out for every row."""
    import pyarrow as pa
    from pyarrow import compute

    columns = []
    for name, column in zip(block.schema.names, block.columns, strict=True):
        if pa.types.is_dictionary(column.type) and len(column.dictionary):
            longest = compute.max(compute.binary_length(column.dictionary)).as_py() or 0
            if longest * len(column) > _LARGEST_GROUP // 4:
                raise InputError(
                    f"{path}: column {name}: found a value of {longest:,} bytes, "
                    f"expected at most {_LARGEST_GROUP // 4 // ROWS:,}"
                )
        columns.append(column.dictionary_decode() if pa.types.is_dictionary(column.type) else column)
    return _frame(pa.table(columns, names=block.schema.names)).with_columns(pl.all().cast(pl.String))


def _json_lines(path: Path) -> Iterator[pl.DataFrame]:
    names: dict[str, None] = {}
    with path.open("rb") as file:
        lines = enumerate(_lines(path, file), start=1)
        first = True
        while (taken := list(islice(lines, ROWS))) or first:
            rows = [_object(path, number, line) for number, line in taken if line.strip()]
            names |= dict.fromkeys(name for row in rows for name in row)
            _check_names(path, list(names))
            first = False
            yield pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))


def _lines(path: Path, file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MOST_BYTES_OF_A_LINE):
        if len(line) == MOST_BYTES_OF_A_LINE:
            raise InputError(f"{path}: a line has more than {MOST_BYTES_OF_A_LINE:,} bytes; expected one row a line")
        yield line


def _object(path: Path, number: int, line: bytes) -> dict[str, str | None]:
    """Read one line; numbers keep the digits with which they were written."""
    try:
        read = json.loads(line, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)[:100]
        raise InputError(f"{path}: line {number}: not a JSON object of one row ({reason})") from None
    if not isinstance(read, dict) or any(isinstance(cell, dict | list) for cell in read.values()):
        raise InputError(f'{path}: line {number}: expected an object with plain values, as {{"subject": "..."}}')
    return {name: str(cell).lower() if isinstance(cell, bool) else cell for name, cell in read.items()}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in it twice")
    return found
