"""The surrogate of a result: what it expects over a slice of compositions, asked for when a figure is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, Self

from api_schemas.errors import ProblemInvalid
from orichalcum.exceptions import OrichalcumError

if TYPE_CHECKING:
    from api_schemas.maps import SurrogateMap


class Maps(Protocol):
    """What can be asked for maps: `JobHandle.map` of a service, `engine.Campaign.map` in this process."""

    def __call__(self, property_name: str | None = None, over: str | None = None, /) -> SurrogateMap:
        """The surrogate of a property over ``sublattice:element,element[,...]``."""


class Surrogate:
    """Maps of one result, each asked for once.

    A copy of the result keeps it; a pickle does not, for neither connections nor campaigns travel.

    Args:
        ask: Where maps come from; None: from nowhere.
    """

    def __init__(self, ask: Maps | None = None) -> None:
        self._ask = ask
        self._known: dict[tuple[str, str], SurrogateMap] = {}

    @property
    def there(self) -> bool:
        """Whether there is something to ask."""
        return self._ask is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surrogate)  # where maps come from is no part of what a result says

    def __hash__(self) -> int:
        return hash(Surrogate)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Surrogate], tuple[()]]:
        return Surrogate, ()

    def over(self, property_name: str, sublattice: str, elements: Sequence[str]) -> SurrogateMap | str | None:
        """The map of a property over some elements of a sublattice, through the best composition.

        Returns:
            The map; where it cannot be had the reason in words; None where there is no surrogate to ask.
        """
        if self._ask is None:
            return None
        over = f"{sublattice}:{','.join(elements)}"
        if (property_name, over) not in self._known:
            try:
                self._known[property_name, over] = self._ask(property_name, over)
            except (OrichalcumError, ProblemInvalid) as fault:
                return str(fault)
        return self._known[property_name, over]
