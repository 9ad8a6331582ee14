"""Documents that are read back from the store: each may have been written by another version of this software."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from service.http.refusals import Conflict

M = TypeVar("M", bound=BaseModel)


class StoredUnreadable(Conflict):
    """What is stored is of a form that this version does not know; to whoever asks for it, 409."""

    def __init__(self, what: str, invalid: ValidationError) -> None:
        """Say what, and where it is not understood."""
        first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
        where = "/".join(map(str, first["loc"])) or "the whole of it"
        self.words = (
            f"{what} was stored in a form that this version does not know ({where}: {first['msg'][:200]}): another "
            "version wrote it. Read it with that version, or submit the problem again"
        )
        super().__init__("stored-by-another-version", "This was stored by another version", self.words)


def read(model: type[M], document: str, what: str) -> M:
    """A stored document.

    Args:
        model: Its form.
        document: JSON text.
        what: What it is, for people.

    Raises:
        StoredUnreadable: if it is of another form.
    """
    try:
        return model.model_validate_json(document)
    except ValidationError as invalid:
        raise StoredUnreadable(what, invalid) from None
