"""Tables as every command prints them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table


def table(*columns: str, numeric: Iterable[str] = ()) -> Table:
    """A table without lines; columns of numbers are aligned to the right."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in set(numeric) else "left", overflow="fold")
    return made
