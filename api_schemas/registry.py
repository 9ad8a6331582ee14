"""Registries: tables without a default. An unknown name is a fault that lists the known ones, never a guess."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Named(Protocol):
    """What a registry can hold."""

    @property
    def name(self) -> str:
        """The name by which it is asked for."""


R = TypeVar("R", bound=Named)


class UnknownName(LookupError):  # noqa: N818  (the field's name for it)
    """There is nothing of this name; the message lists what there is."""

    def __init__(self, what: str, name: str, known: tuple[str, ...]) -> None:
        """Keep the name and what is known instead."""
        self.what, self.name, self.known = what, name, known
        near = difflib.get_close_matches(name[:60].lower(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
        super().__init__(f"there is no {what} {name[:60]!r}; {hint}")


class Registry(Generic[R]):
    """Rows by name, in the order in which they were added.

    Args:
        what: What a row is, in the singular, for messages.
        rows: To begin with.
    """

    def __init__(self, what: str, *rows: R) -> None:
        self.what = what
        self._rows: dict[str, R] = {}
        for row in rows:
            self.add(row)

    def __getitem__(self, name: str) -> R:
        """The row of a name.

        Raises:
            UnknownName: if there is none.
        """
        if name not in self._rows:
            raise UnknownName(self.what, name, self.names)
        return self._rows[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[R]:
        return iter(tuple(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, name: str) -> R | None:
        """The row of a name; None if there is none, for whoever looks elsewhere then."""
        return self._rows.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, in order."""
        return tuple(self._rows)

    def add(self, row: R) -> None:
        """Add a row.

        Raises:
            ValueError: if another has its name.
        """
        if row.name in self._rows:
            raise ValueError(f"there is a {self.what} {row.name!r} already")
        self._rows[row.name] = row

    @contextmanager
    def having(self, row: R) -> Iterator[R]:
        """With a row that is taken out again at the end."""
        self.add(row)
        try:
            yield row
        finally:
            del self._rows[row.name]
