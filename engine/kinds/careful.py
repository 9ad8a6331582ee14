"""What to be careful about in an answer, where nobody can miss it: in the sentence that says why the job ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.results import Stopped
from api_schemas.words import CAREFUL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api_schemas.evaluations import Evaluation

MOST = 2
"""So many are named, and the others counted."""


def careful(stopped: Stopped, answered: Sequence[Evaluation]) -> Stopped:
    """The reason with the warnings of the evaluations that the answer consists of, each up to its first colon.

    Args:
        stopped: Why the job ended.
        answered: The best, or the members of the front; none where nothing is sought.
    """
    texts = [
        _up_to_colon(text)
        for one in answered
        for text in (*((one.message or "").split("; ")), *one.warnings)
        if text
    ]
    found = list(dict.fromkeys(texts))
    if not found:
        return stopped
    more = f", and {len(found) - MOST} more" if len(found) > MOST else ""
    return stopped.model_copy(
        update={"message": f"{stopped.message}{CAREFUL}{', '.join(found[:MOST])}{more}"}
    )


def _up_to_colon(text: str) -> str:
    """A sentence up to its first colon that is in no parentheses."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and text.startswith(": ", place):
            return text[:place]
    return text
