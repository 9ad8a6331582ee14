"""Answers that may be long: written in the thread that made them, and sent in pieces, so that nobody else waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

PIECE = 65_536
"""Bytes that are compressed and sent before others have their turn."""

_JSON = "application/json"


def document(
    model: BaseModel, *, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """The response that carries a model as JSON. Long ones take their time: to be called in a thread."""
    written = model.model_dump_json(by_alias=True).encode()
    if len(written) <= PIECE:
        return Response(written, status_code=status, headers=dict(headers), media_type=_JSON)
    return StreamingResponse(_pieces(written), status_code=status, headers=dict(headers), media_type=_JSON)


async def _pieces(written: bytes) -> AsyncIterator[bytes]:
    view = memoryview(written)
    for start in range(0, len(written), PIECE):
        yield bytes(view[start : start + PIECE])
        await asyncio.sleep(0)
