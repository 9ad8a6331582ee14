"""Tables of answers as data frames of pandas or polars, with the same names of columns in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from orichalcum.columns import Column
from orichalcum.extras import needing

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Library = Literal["pandas", "polars"]


@overload
def frame(columns: Sequence[Column], library: Literal["pandas"] = "pandas") -> pd.DataFrame: ...


@overload
def frame(columns: Sequence[Column], library: Literal["polars"]) -> pl.DataFrame: ...


def frame(columns: Sequence[Column], library: Library = "pandas") -> pd.DataFrame | pl.DataFrame:
    """A data frame of columns; in pandas ``attrs["units"]`` tells their units.

    Args:
        columns: Columns of equal length.
        library: pandas or polars.

    Raises:
        ExtraMissing: if the library is not installed.
        ValueError: if it is another one.
    """
    if library == "pandas":
        with needing("pandas", "pandas"):
            import pandas as pd
        # Numbers that are missing are NaN; of words, truths and whole numbers None stays None.
        found = pd.DataFrame({column.name: _series(column) for column in columns})
        found.attrs["units"] = {column.name: column.unit for column in columns if column.unit}
        return found
    if library == "polars":
        with needing("polars", "polars"):
            import polars as pl
        return pl.DataFrame({column.name: column.cells for column in columns}, infer_schema_length=None)
    raise ValueError(f"library is pandas or polars, not {library!r}")


def _series(column: Column) -> pd.Series:
    import pandas as pd

    kinds = {type(value) for value in column.cells if value is not None}
    if kinds and kinds <= {float, int} and float in kinds:
        return pd.Series(column.cells, dtype="float64")
    complete = None not in column.cells
    return pd.Series(column.cells) if complete else pd.Series(column.cells, dtype="object")
