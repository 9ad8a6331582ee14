"""What explicit supercells say of an answer, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from api_schemas.verification import Verification
from orichalcum import wording
from orichalcum.reporting import plain

_STYLES = {True: "green", False: "bold yellow", None: ""}


def lines(items: Sequence[Verification]) -> Iterator[Text]:
    """A sentence for each property, by evaluation; then how far the atoms moved, and what else there is to say."""
    if not items:
        yield Text("no explicit supercell has verified the answer", style="bold yellow")
    numbers = dict.fromkeys(item.evaluation for item in items)
    for number in numbers:
        own = [item for item in items if item.evaluation == number]
        named = f", {wording.composition(own[0].composition)}" if len(numbers) > 1 else ""
        yield Text(plain(f"explicit supercells of evaluation {number + 1}{named}:"), style="bold")
        for item in own:
            yield Text(plain(f"  {item.text}"), style=_STYLES[item.holds])
        moved = max(one.largest_displacement for one in own[0].supercells)
        yield Text(f"  atoms are up to {moved:.2f} Å from the sites of the mean-field crystal")
        for message in dict.fromkeys(one.message for one in own[0].supercells if one.message):
            yield Text(plain(f"  {message}"))
