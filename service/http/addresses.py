"""Addresses with characters that no store can hold are refused before anything is looked up."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api_schemas.errors import TYPE_PREFIX, ProblemDetail
from service.http import problem_details


class StorableAddresses:
    """ASGI middleware that refuses a NUL in the path or the query, which PostgreSQL cannot hold, with 400.

    Bytes that are no UTF-8, among them halves of surrogate pairs, become replacement characters where the server
    decodes the address. Bodies are checked in `service.http.request_body`.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and (
            "\0" in scope["path"] or b"\0" in unquote_to_bytes(scope["query_string"])
        ):
            refusal = ProblemDetail(
                type=TYPE_PREFIX + "malformed-address",
                title="The address cannot be read",
                status=400,
                detail="the address holds a NUL (%00); remove it",
            )
            await problem_details.response(refusal, Request(scope))(scope, receive, send)
            return
        await self._app(scope, receive, send)
