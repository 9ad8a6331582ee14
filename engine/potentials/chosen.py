"""The weights of every potential that a problem names, before anything is computed with one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.potentials.registry import is_fetched

if TYPE_CHECKING:
    from api_schemas.choices import PotentialChoice


def fetch_chosen(choice: PotentialChoice, say: Callable[[str], None]) -> None:
    """Bring what is not here yet of the problem's own potential and of the others: a job that cannot end ends early.

    Args:
        choice: Of the problem.
        say: Told what is fetched.

    Raises:
        PotentialError: as `engine.potentials.weights.fetch`.
    """
    for one in (choice, *(choice.other(number) for number in range(len(choice.also)))):
        if not one.file and not is_fetched(one.name):
            from engine.potentials.weights import fetch

            say(f"fetching the weights of {one.name}")
            fetch(one.name, say)
