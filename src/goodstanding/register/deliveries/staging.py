"""Where a delivery waits while it is looked through: in temporary tables, and its commitments on disk.

Rows are read, checked and hashed in threads of their own, batch by batch, while those before go to the database: memory
does not grow with the delivery. Nobody else's turn is taken for it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.identifiers import subjects_of
from goodstanding.facts.reading import ahead
from goodstanding.facts.records import with_digest
from goodstanding.facts.validation import Checked
from goodstanding.register.ledger.records import STORED, stored
from goodstanding.register.log import commitments
from goodstanding.register.store.bulk import copy_in, copy_text, text_of
from goodstanding.register.store.database import Register

_ABOUT = ("subject", "is_a", "name", "born", "seat")
_TABLES = f"""
CREATE TEMP TABLE staged AS
SELECT {", ".join(f"record.{name}" for name in STORED)}, identifier AS subject, is_a, name, born, seat
FROM record, subject WITH NO DATA;
CREATE TEMP TABLE faulty (row bigint, place bigint, field text, found text, expected text);
CREATE TEMP TABLE unnumbered (row bigint, kind text, document text, cells text);
"""  # noqa: S608
_SHOWN = pl.col("found").str.replace_all(r"[\x00-\x1f\x7f]", "\N{REPLACEMENT CHARACTER}")
"""What was found, without control characters."""


@dataclass
class Batch:
    """Rows `first` to `last` of a delivery; the file has the commitments of the valid ones of them."""

    first: int
    last: int
    file: Path

    def commitments(self) -> pl.DataFrame:
        """Return the valid rows in their order: row and commitment."""
        return pl.read_ipc(self.file)


@dataclass
class Staged:
    """A delivery in the tables `staged` (its valid rows) and `faulty` (one row a fault), in batches in order of row.

    Table `unnumbered` has those of the faulty rows that wait for a number, their cells as a JSON object.
    """

    connection: sa.Connection
    batches: list[Batch] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows the delivery has."""
        return self.batches[-1].last if self.batches else 0


@contextmanager
def staged(register: Register, checked: Iterator[Checked]) -> Iterator[Staged]:
    """Stage a delivery that was checked batch by batch, and forget it in the end."""
    with tempfile.TemporaryDirectory(prefix="delivery-") as folder, register.engine.connect() as connection:
        try:
            connection.execute(sa.text(_TABLES))
            stage, first = Staged(connection), 1
            for batch, said, records in ahead(_spooled(checked, Path(folder), register.catalogue)):
                copy_text(connection, "staged", (*STORED, *_ABOUT), records)
                copy_in(connection, "faulty", batch.refusals.with_columns(_SHOWN).with_row_index("place"))
                copy_in(connection, "unnumbered", _unnumbered(batch.waiting))
                stage.batches.append(Batch(first, first + batch.rows - 1, said))
                first += batch.rows
            connection.execute(
                sa.text("ANALYZE staged (row, subject, document, version, name, born, seat); ANALYZE faulty")
            )
            connection.commit()
            yield stage
        finally:
            if not connection.invalidated and not connection.closed:
                connection.rollback()
                connection.execute(sa.text("DISCARD TEMP"))
                connection.commit()


def _unnumbered(waiting: pl.DataFrame) -> pl.DataFrame:
    cells = [json.dumps({name: cell for name, cell in row.items() if cell is not None and name != "row"},
                        ensure_ascii=False, sort_keys=True) for row in waiting.iter_rows(named=True)]  # fmt: skip
    return waiting.select("row", "kind", "document").with_columns(pl.Series("cells", cells, dtype=pl.String))


def _spooled(
    checked: Iterable[Checked], folder: Path, catalogue: Catalogue
) -> Iterator[tuple[Checked, Path, memoryview]]:
    for number, batch in enumerate(ahead(iter(checked))):
        said = with_digest(batch.records, catalogue)
        records = commitments.committed(said, said["digest"].str.decode("hex"))
        records.select("row", "commitment").write_ipc(folder / str(number))
        rows = stored(records, catalogue).with_columns(
            subjects_of(pl.col("subject")).alias("is_a"), pl.col("name", "seat").str.normalize("NFC")
        )
        yield batch, folder / str(number), text_of(rows.select(*STORED, *_ABOUT))
