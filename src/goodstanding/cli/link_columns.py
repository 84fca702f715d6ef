"""Which columns of files are compared, and what names a row: as was said, as a model has it, or by the headers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import KEY, Columns, Field, Role

if TYPE_CHECKING:
    import polars as pl

    from goodstanding.linkage.models import Model

ROW = "row number"
"""The key of files that have none: rows from 1."""
PEOPLE = ("name", "given", "family")
"""The roles by which a file is one of people."""


class Pair(NamedTuple):
    """What a column is called in the left file and in the right one; in one file, both are the same."""

    left: str
    right: str

    @classmethod
    def read(cls, text: str) -> Pair:
        """Read NAME, or LEFT=RIGHT where the files call it differently."""
        left, _, right = text.partition("=")
        return cls(left, right or left)

    @property
    def said(self) -> str:
        """Both names, or the one."""
        return self.left if self.left == self.right else f"{self.left} / {self.right}"


class Said(NamedTuple):
    """What was said of columns: `compare` (none: by the headers), what names a row, and what says who is who."""

    compare: tuple[tuple[Pair, Role], ...] = ()
    key: Pair | None = None
    truth: Pair | None = None


class Compared(NamedTuple):
    """A column that is compared, under the label that its forms have (`Columns.labels`)."""

    label: str
    role: Role
    column: Pair


class Chosen(NamedTuple):
    """The columns of a run. `key`: what names a row, `ROW` where nothing does; `truth`: what says who is who."""

    key: Pair
    truth: Pair | None
    fields: tuple[Compared, ...]

    @property
    def columns(self) -> Columns:
        """The columns as the left file calls them, for a model that is learned."""
        return _columns(self.key.left, [(field.column.left, field.role) for field in self.fields])

    @property
    def labelled(self) -> Columns:
        """The columns as `taken` calls them."""
        return _columns(KEY, [(field.label, field.role) for field in self.fields])

    @property
    def people(self) -> bool:
        """Whether people are compared by their names."""
        return any(field.role in PEOPLE for field in self.fields)

    def taken(self, path: Path, table: pl.DataFrame, side: int) -> pl.DataFrame:
        """Return of a file what is compared, under labels, and what names each row; `truth` under that name.

        `table` has its rows' numbers in the column `ROW`. Raises InputError where a column is not there, or the key is
        missing in a row or stands in two.
        """
        import polars as pl

        taken = [(KEY, self.key[side]), *((field.label, field.column[side]) for field in self.fields)]
        taken += [("truth", self.truth[side])] if self.truth else []
        for _, name in taken:
            if name not in table.columns:
                raise InputError(
                    f"{path}: column {name}: not in the file; expected some of {', '.join(table.columns)[:300]}. Say "
                    "which with --column, LEFT=RIGHT=ROLE where the files call it differently"
                )
        made = table.select(pl.col(name).cast(pl.String).alias(label) for label, name in taken)
        twice = made[KEY].value_counts().filter((pl.col("count") > 1) | pl.col(KEY).is_null()).sort(KEY)
        if twice.height:
            value, rows = twice.row(0)
            said = "none" if value is None else "the same" if self.people else repr(value)[:60]
            raise InputError(
                f"{path}: column {self.key[side]}: expected another value in every row, to name it by; {rows:,} "
                f"{'row has' if rows == 1 else 'rows have'} {said}. Name another column with --key, or say "
                f"--key '{ROW}': then rows are numbered"
            )
        return made


def _columns(key: str, fields: Sequence[tuple[str, str]]) -> Columns:
    try:
        return Columns(key=key, fields=tuple(Field.model_validate({"column": c, "role": r}) for c, r in fields))
    except ValueError:
        raise InputError(
            "expected each of name, given, family and organisation as the role of one column only"
        ) from None


def labelled(fields: Sequence[tuple[Pair, Role]]) -> tuple[Compared, ...]:
    """Give columns the labels of their forms. Raises InputError where a role that may stand once stands twice."""
    if not fields:
        return ()
    labels = [label for label, _ in _columns(KEY, [(pair.left, role) for pair, role in fields]).labels()]
    return tuple(Compared(label, role, pair) for label, (pair, role) in zip(labels, fields, strict=True))


class _Column(BaseModel):
    model_config = ConfigDict(extra="forbid")

    left: str
    right: str | None = None

    @property
    def pair(self) -> Pair:
        return Pair(self.left, self.right or self.left)


class _Compared(_Column):
    role: Role


class _Roles(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: _Column | None = None
    compare: tuple[_Compared, ...]


def read_roles(path: Path) -> Said:
    """Read a file of roles (docs/how-to/link-two-files.md): what is compared, and what names a row if it says so.

    Raises InputError where it cannot be read or is of another form.
    """
    try:
        said = _Roles.model_validate(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        where = f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}" if first else str(error).splitlines()[0]
        raise InputError(
            f"{path}: not a file of roles ({where}); expected `compare:` with a list of `left`, perhaps `right`, and "
            f"`role`, which is one of {', '.join(get_args(Role))}"
        ) from None
    if not said.compare:
        raise InputError(f"{path}: compare: no column; expected at least one")
    return Said(tuple((one.pair, one.role) for one in said.compare), said.key.pair if said.key else None)


def read_column(text: str) -> tuple[Pair, Role]:
    """Read COLUMN=ROLE, or LEFT=RIGHT=ROLE where the files call it differently. Raises InputError."""
    column, _, role = text.rpartition("=")
    if not column or role not in get_args(Role):
        raise InputError(
            f"--column {text}: expected COLUMN=ROLE or LEFT=RIGHT=ROLE, a role of {', '.join(get_args(Role))}"
        )
    return Pair.read(column), role  # type: ignore[return-value]  # one of them, as was just looked


def chosen(headers: Sequence[Sequence[str]], said: Said, model: Model | None) -> Chosen:
    """Return which columns of files with these headers are compared, and what names a row.

    Raises InputError where no header tells a role, the truth would be compared, or a model compares other things.
    """
    if len(headers) == 1 and any(
        p.left != p.right for p in (said.key, said.truth, *(one for one, _ in said.compare)) if p
    ):
        raise InputError("one file is linked with itself; expected one name for each of its columns, not LEFT=RIGHT")
    numbers, proposed = _proposed(headers, said)
    own = labelled([(Pair(one.column, one.column), one.role) for one in model.columns.fields]) if model else ()
    fields = labelled(said.compare) if said.compare else own or proposed
    if model and {one.label for one in fields} != {one.label for one in own}:
        raise InputError(
            f"the model compares {', '.join(sorted(one.label for one in own))}, and what was said is "
            f"{', '.join(sorted(one.label for one in fields))}; expected the same roles, as often"
        )
    if not fields:
        shared = [name for name in headers[0] if name in headers[-1]]
        raise InputError(
            f"no header tells a role; say some with --column, of the columns {', '.join(shared or headers[0])[:300]}"
        )
    if said.truth and any(said.truth[side] == one.column[side] for one in fields for side in (0, 1)):
        raise InputError(f"column {said.truth.said}: is the truth, so that it cannot be compared as well")
    taken = {one.column[side] for one in fields for side in (0, 1)} if said.compare else set()
    key = said.key or Pair(*(ROW if name in taken else name for name in numbers))
    return Chosen(key, said.truth, fields)


def _proposed(headers: Sequence[Sequence[str]], said: Said) -> tuple[Pair, tuple[Compared, ...]]:
    """Return what names the rows and what is compared, by the headers: columns that are called alike, then the rest.

    A column that has another name in each file is compared where it is the only one left of its role in both.
    """
    from goodstanding.linkage.headers import proposed

    used = [{pair[side] for pair in (said.key, said.truth) if pair} for side in (0, 1)]
    (left_key, left), (right_key, right) = (
        proposed(name for name in headers[min(side, len(headers) - 1)] if name not in used[side]) for side in (0, 1)
    )
    roles = {field.column: field.role for field in right}
    pairs = {one.column: one.column for one in left if roles.get(one.column) == one.role}
    for role in dict.fromkeys(field.role for field in left):
        mine = [one.column for one in left if one.role == role and one.column not in pairs]
        theirs = [one.column for one in right if one.role == role and one.column not in pairs.values()]
        if len(mine) == len(theirs) == 1:
            pairs[mine[0]] = theirs[0]
    fields = labelled([(Pair(one.column, pairs[one.column]), one.role) for one in left if one.column in pairs])
    return Pair(left_key or ROW, right_key or ROW), fields
