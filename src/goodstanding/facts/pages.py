"""How large the pages of a Parquet file are when they are unpacked, as the pages say themselves.

The footer says so too, and readers believe it; but a page is unpacked by its own header, so only that bounds memory.
Headers are structs of Thrift's compact protocol (parquet.thrift, PageHeader: field 2 is the size unpacked, 3 packed, 5
what a data page is of version 1, 8 of version 2; in these, fields 2 and 4 are the encoding, 0: all values are written).
"""

from __future__ import annotations

from mmap import mmap
from typing import Any

_UNPACKED, _PACKED = 2, 3
_ENCODINGS = ((5, 2), (8, 4))
_PLAIN = 0
_YES, _NO, _BYTE, _SHORT, _LONG, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 4, 6, 7, 8, 12
_DEEPEST = 8


def unpacked(file: mmap, group: Any) -> tuple[int, set[str]]:
    """Return the bytes of all pages of a row group (pyarrow's metadata of it) when unpacked.

    Also the names of the columns in which a value may be written once for many rows, so that they can be larger still.
    Raises ValueError where the pages cannot be followed.
    """
    columns = [group.column(number) for number in range(group.num_columns)]
    found = [_of_column(file, column) for column in columns]
    sparing = {column.path_in_schema for column, (_, plain) in zip(columns, found, strict=True) if not plain}
    return sum(size for size, _ in found), sparing


def _of_column(file: mmap, column: Any) -> tuple[int, bool]:
    starts = (column.data_page_offset, column.dictionary_page_offset if column.has_dictionary_page else None)
    at = min(start for start in starts if start)
    end, size, plain = at + column.total_compressed_size, 0, True
    while at < end:
        fields: dict[int, Any] = {}
        try:
            at = _struct(file, at, fields) + fields[_PACKED]
            size += fields[_UNPACKED]
            plain &= any(fields.get(page, {}).get(encoding) == _PLAIN for page, encoding in _ENCODINGS)
        except (IndexError, KeyError):
            raise ValueError(f"no page at byte {at}") from None
        if fields[_PACKED] < 0 or fields[_UNPACKED] < 0:
            raise ValueError(f"a page of less than no bytes before byte {at}")
    return size, plain


def _struct(file: mmap, at: int, fields: dict[int, Any], depth: int = 0) -> int:
    """Read a struct into the numbers and structs among its fields; return where it ends."""
    if depth > _DEEPEST:
        raise IndexError
    field = 0
    while head := file[at]:
        at, kind = at + 1, head & 15
        if head >> 4:
            field += head >> 4
        else:
            field, at = _number(file, at)
        if _SHORT <= kind <= _LONG:
            fields[field], at = _number(file, at)
        elif kind == _STRUCT:
            fields[field] = {}
            at = _struct(file, at, fields[field], depth + 1)
        else:
            at = _past(file, at, kind)
    return at + 1


def _past(file: mmap, at: int, kind: int) -> int:
    """Return where a value ends that is not looked at; no header of a page holds lists or maps."""
    if kind in (_YES, _NO):
        return at
    if kind == _BINARY:
        size, at = _varint(file, at)
        return at + size
    if kind in (_BYTE, _DOUBLE):
        return at + (1 if kind == _BYTE else 8)
    raise IndexError


def _number(file: mmap, at: int) -> tuple[int, int]:
    found, at = _varint(file, at)
    return (found >> 1) ^ -(found & 1), at


def _varint(file: mmap, at: int) -> tuple[int, int]:
    found = 0
    for shift in range(0, 70, 7):
        byte, at = file[at], at + 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
    raise IndexError
