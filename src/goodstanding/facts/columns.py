"""A column of text cells, asked as a whole, or value by value where it repeats itself, before it is asked by row.

A question about a cell is an expression over that cell alone; a cell that is empty has no answer (null).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

_SAMPLE = 1_000
_REPEATS = 0.9
"""Of a sample, the share of different cells below which the distinct values are worth finding."""
_BLANK, _DELETE = 0x20, 0x7F


class Column:
    """The cells of a column; `values` holds what is asked: each distinct value once, or all cells where most differ."""

    def __init__(self, values: pl.Series, codes: pl.Series | None, height: int) -> None:
        self.values = values
        self.height = height
        self._codes = codes

    @classmethod
    def of(cls, cells: pl.Series) -> Column:
        """Look at a column; no value of it is lost."""
        if cells.len() < _SAMPLE or cells.sample(_SAMPLE, seed=1).n_unique() > _SAMPLE * _REPEATS:
            return cls(cells, None, cells.len())
        coded = cells.to_arrow().dictionary_encode()
        column = cls(pl.Series(cells.name, coded.dictionary), pl.Series(coded.indices), cells.len())
        column.__dict__["cells"] = cells
        return column

    @classmethod
    def constant(cls, name: str, value: str, height: int) -> Column:
        """Return a column that says the same everywhere."""
        return cls(pl.Series(name, [value]), pl.zeros(height, pl.UInt32, eager=True), height)

    @cached_property
    def cells(self) -> pl.Series:
        """The text, row by row."""
        return self.spread(self.values)

    @cached_property
    def given(self) -> pl.Series:
        """Whether there is a cell, row by row."""
        return (self.values if self._codes is None else self._codes).is_not_null()

    @property
    def lacks(self) -> bool:
        """Whether any cell is empty."""
        return bool((self.values if self._codes is None else self._codes).null_count())

    def renamed(self, name: str) -> Column:
        """Return the same cells under another name."""
        return Column(self.values.rename(name), self._codes, self.height)

    def spread(self, answers: pl.Series) -> pl.Series:
        """Give every row the answer of its value."""
        return answers if self._codes is None else answers.gather(self._codes)

    def plain(self, longest: int) -> bool:
        """Whether, for all that the bytes of the column tell, no cell has a control character or is longer."""
        if (self.values.str.len_bytes() > longest).any():
            return False
        at = bytes_of(self.values)
        return bool(at.min(initial=_BLANK) >= _BLANK and not (at == _DELETE).any())


def bytes_of(cells: pl.Series) -> npt.NDArray[np.uint8]:
    """Return the bytes of all cells of a column of text, one after the other."""
    text = cells.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2]
    return np.frombuffer(text or b"", dtype=np.uint8)
