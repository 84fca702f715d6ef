"""Tables as people have them, for `goodstanding link`: any separator, encoding or packing, headers twice or blank.

A delivery has one form (`facts.reading`); a stranger's file is read as it is, and what was made of it is told. What can
be read in two ways, and rows of another length than the header, are refused, never guessed at.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from goodstanding.cli.link_columns import ROW
from goodstanding.facts.errors import InputError

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ZIPPED = b"\x1f\x8b"
_ELSEWHERE = {b"PK\x03\x04": "an Excel workbook or a zip file", b"\xd0\xcf\x11\xe0": "an Excel workbook"}
_LIKELY = ("windows-1252", "gb18030")
"""Encodings that are offered where a file is not UTF-8: nothing in it says which it is."""
_BLOCK = 16 << 20
"""Bytes that are read at once; no row can be longer."""
_LARGEST = 8 << 30
"""Bytes of text that one file may hold when it is unpacked."""
_SAMPLE = 100
"""Rows from which the separator is told."""


class Remark(NamedTuple):
    """What was made of a file while it was read: a code, what it is about (a column or a form), and how many rows."""

    code: str
    about: str
    rows: int


class Read(NamedTuple):
    """A table in which every cell is text or null, with each row's number, column `ROW`, and what is to be told."""

    table: pl.DataFrame
    remarks: tuple[Remark, ...]


def read_any(path: Path, encoding: str | None = None) -> Read:
    """Read CSV with any separator, Parquet, Arrow or JSON lines; gzip is unpacked. Rows without any value are left out.

    `encoding` is that of a CSV that is neither UTF-8 nor UTF-16 with its mark. Raises InputError where the file cannot
    be read, or can be read in two ways.
    """
    from goodstanding.facts.reading import read_table

    if not path.is_file() or path.stat().st_size == 0:
        read_table(path)
    with path.open("rb") as file:
        start = file.read(6)
    for magic, found in _ELSEWHERE.items():
        if start.startswith(magic):
            raise InputError(f"{path}: found {found}; expected the sheet saved as CSV (UTF-8), which Excel does too")
    if start == b"ARROW1":
        return _settled(path, _arrow(path), ())
    if path.suffix in (".parquet", ".jsonl", ".ndjson"):
        return _settled(path, read_table(path, floats=True), ())
    if start.startswith((b"[", b"{")):
        raise InputError(f"{path}: found JSON; expected one object a line, in a file whose name ends in .jsonl")
    return _text(path, encoding)


def _text(path: Path, encoding: str | None) -> Read:
    """Read a CSV file, whatever separates its cells. Raises InputError."""
    found = _encoding(path, encoding)
    try:
        lead, separator = _separator(path, found)
        names = _names(path, found, lead, separator)
        table = _cells(path, found, separator, lead, [name for name, _ in names])
    except (UnicodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as {found} ({str(error)[:150]}); say another --encoding") from None
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be read ({error}); it may be truncated: get it again") from None
    bare = found in ("utf-8", "utf-8-sig") and separator == ","
    form = () if bare else (Remark("form", f"{found}, {_SEPARATORS[separator]}", table.height),)
    dropped = {name for name, code in names if code == "unnamed" and table[name].null_count() == table.height}
    odd = (Remark(code, name, table.height) for name, code in names if code and name not in dropped)
    return _settled(path, table.drop(dropped), (*form, *odd))


def _settled(path: Path, table: pl.DataFrame, remarks: tuple[Remark, ...]) -> Read:
    """Leave out rows in which nothing stands. Raises InputError where none is left."""
    if ROW in table.columns:
        raise InputError(f"{path}: column '{ROW}': the name is taken for rows without a key; give it another")
    some = table.with_row_index(ROW, offset=1).filter(pl.any_horizontal(pl.exclude(ROW).is_not_null()))
    if some.is_empty():
        raise InputError(f"{path}: no rows under the header; expected at least one")
    if lost := table.height - some.height:
        remarks += (Remark("blank", "", lost),)
    return Read(some, remarks)


def _open(path: Path) -> io.BufferedReader:
    import gzip

    with path.open("rb") as file:
        zipped = file.read(2) == _ZIPPED
    return io.BufferedReader(gzip.open(path)) if zipped else path.open("rb")


def _encoding(path: Path, said: str | None) -> str:
    """Return the encoding of a file: by its mark, as was said, or UTF-8. Raises InputError where it is none of them."""
    try:
        "".encode(said or "utf-8")
        with _open(path) as file:
            start = file.read(4)
        for mark, name in _MARKS.items():
            if start.startswith(mark):
                return name
        if b"\0" in start and said is None:
            raise InputError(f"{path}: found zeros where text was expected; if it is UTF-16, say --encoding utf-16-le")
        fault = None if b"\0" in start else _not_utf8(path)
    except LookupError:
        raise InputError(f"--encoding {said}: not known; expected one as utf-8, windows-1252 or gb18030") from None
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be unpacked ({error}); it may be truncated: get it again") from None
    if fault and said is None:
        raise InputError(fault)
    return said if said and (fault or b"\0" in start) else "utf-8"


def _not_utf8(path: Path) -> str | None:
    """Return what is said of a file that is not UTF-8, None where it is. Raises InputError where it is too long."""
    decoder, line, size = codecs.getincrementaldecoder("utf-8")(), 1, 0
    with _open(path) as file:
        while chunk := file.read(1 << 20):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return _offered(path, error.object.count(b"\n", 0, error.start) + line, error.object[error.start :])
            line, size = line + chunk.count(b"\n"), size + len(chunk)
            if size > _LARGEST:
                raise InputError(f"{path}: more than {_LARGEST:,} bytes of text; link it in parts")
    return None


def _offered(path: Path, line: int, rest: bytes) -> str:
    """Say that a file is not UTF-8, and how its first other letter would be read in the encodings that are likely."""
    ways = []
    for name in _LIKELY:
        text = rest[:8].decode(name, "replace")
        ways.append(f"--encoding {name} reads '{text[0]}' there")
    return f"{path}: line {line} is not UTF-8; {', '.join(ways)}. Say which is right, or save the file as UTF-8"


def _lines(path: Path, encoding: str) -> Iterator[str]:
    with _open(path) as file, io.TextIOWrapper(file, encoding, newline="") as text:
        while line := text.readline(_BLOCK):
            if len(line) == _BLOCK:
                raise InputError(f"{path}: a line has more than {_BLOCK:,} characters; expected a table of rows")
            yield line


def _separator(path: Path, encoding: str) -> tuple[int, str]:
    """Return how many lines stand before the header (a spreadsheet's `sep=;`), and what separates cells.

    It is what gives all of the first rows equally many cells, and most of them; a comma where nothing does.
    """
    first = next(_lines(path, encoding), "").strip()
    if first.lower().startswith("sep=") and first[4:] in _SEPARATORS:
        return 1, first[4:]
    best, most = ",", 1
    for separator in _SEPARATORS:
        try:
            rows = list(islice(csv.reader(_lines(path, encoding), delimiter=separator), _SAMPLE))
        except csv.Error:
            continue
        widths = {len(row) for row in rows if any(row)}
        if len(widths) == 1 and max(widths) > most:
            best, most = separator, max(widths)
    if not first:
        raise InputError(f"{path}: no rows; expected a header in the first line, and rows under it")
    if most == 1:
        best = max(_SEPARATORS, key=first.count)
    return 0, best


def _names(path: Path, encoding: str, lead: int, separator: str) -> list[tuple[str, str]]:
    """Return the columns, each under a name of its own, with a code where the file gives it none, or gives it again."""
    header = next(islice(csv.reader(_lines(path, encoding), delimiter=separator), lead, None), [])
    found: dict[str, str] = {}
    for place, name in enumerate((cell.strip() for cell in header), 1):
        new, code = (name, "") if name else (f"column {place}", "unnamed")
        count = 1
        while new in found:
            count, code = count + 1, "again"
            new = f"{name} ({count})"
        found[new] = code
    if len(found) > 1_000:
        raise InputError(f"{path}: found {len(found):,} columns, expected at most 1,000")
    return list(found.items())


def _cells(path: Path, encoding: str, separator: str, lead: int, names: list[str]) -> pl.DataFrame:
    """Return all rows as text. Raises InputError where rows are longer or shorter than the header."""
    import pyarrow as pa
    from pyarrow import csv as reader

    odd: list[tuple[int | None, int]] = []

    def note(row: Any) -> str:
        if row.text.strip():
            odd.append((row.number, row.actual_columns))
        return "skip"

    options = {
        "read_options": reader.ReadOptions(
            block_size=_BLOCK, column_names=names, skip_rows=lead + 1, use_threads=False, encoding=encoding
        ),
        "parse_options": reader.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=note),
        "convert_options": reader.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    }
    try:
        with _open(path) as file, reader.open_csv(file, **options) as blocks:
            table = pl.DataFrame(pl.from_arrow(blocks.read_all()))
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: {_fault(str(error))}") from None
    if odd:
        shown = ", ".join(f"row {number} has {cells:,} cells" for number, cells in odd[:3] if number)
        raise InputError(
            f"{path}: {len(odd):,} rows have more or fewer cells than the header, which has {len(names):,} "
            f"({shown}); read with {_SEPARATORS[separator]} between cells. Mend these rows: none is left out unseen"
        )
    if _torn(table) and _open_quote(_lines(path, encoding), separator):
        raise InputError(f"{path}: a quote has no end, so that the last row holds all that follows; close or remove it")
    return _bare(table)


def _torn(table: pl.DataFrame) -> bool:
    """Whether the last row has a line break in a cell, as one has in which a quote is open."""
    return bool(table.tail(1).select(pl.any_horizontal(pl.all().str.contains("\n", literal=True))).sum().item())


def _open_quote(lines: Iterator[str], separator: str) -> bool:
    csv.field_size_limit(_BLOCK)
    try:
        deque(csv.reader(lines, delimiter=separator, strict=True), maxlen=0)
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def _fault(reason: str) -> str:
    if "straddling" in reason or "too large" in reason:
        return f"a row has more than {_BLOCK:,} bytes, or a quote in it has no end; correct it"
    return f"not a table with one header ({reason.splitlines()[0][:150]})"


def _arrow(path: Path) -> pl.DataFrame:
    """Read an Arrow file (Feather too) as text. Raises InputError."""
    try:
        table = pl.read_ipc(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: not a whole Arrow file ({str(error).splitlines()[0][:150]})") from None
    nested = [name for name, kind in table.schema.items() if kind.is_nested() or kind == pl.Binary]
    if nested:
        raise InputError(f"{path}: column {', '.join(nested)}: expected plain columns, found lists, structs or bytes")
    return _bare(table.select(pl.all().cast(pl.String)))


def _bare(table: pl.DataFrame) -> pl.DataFrame:
    """Take white space from around cells; what is left of nothing is null."""
    return table.with_columns(pl.all().str.strip_chars().replace("", None))
