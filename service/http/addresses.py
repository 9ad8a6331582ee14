"""Addresses with characters that no store can hold are refused before anything is looked up."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api_schemas.errors import TYPE_PREFIX, ProblemDetail
from service.http import problem_details


class StorableAddresses:
    """ASGI middleware: nothing is at a path with a NUL, which PostgreSQL cannot hold.

    Bytes that are no UTF-8, among them halves of surrogate pairs, become replacement characters where the server
    decodes the address. Parameters are checked where they are read, bodies in `service.http.request_body`.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem_details.response(refusal, Request(scope))(scope, receive, send)


def _refusal(scope: Scope) -> ProblemDetail | None:
    if "\0" in scope["path"]:
        words = "There is nothing at an address with a NUL (%00); remove it."
        return ProblemDetail(type=TYPE_PREFIX + "not-found", title="Not Found", status=404, detail=words)
    return None
