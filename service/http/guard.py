"""What every request and every answer passes: the Host and Origin checks, and headers that protect browsers.

A service on loopback needs no key, so what protects it against a web page in its user's own browser is that the page
cannot speak in its name: a name that was rebound to 127.0.0.1 is refused by its Host header, and a request that a page
of another origin sends is refused by its Origin header.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_schemas.errors import TYPE_PREFIX, ProblemDetail
from service.http import problem_details

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'",
}


_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")
"""An address in brackets or a name, and perhaps a port: nothing before, between or behind."""


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], any_host: bool, origins: Sequence[str]) -> None:
        """Guard ``app``.

        Args:
            app: What is guarded.
            hosts: Names that the Host header may have, besides those of loopback.
            any_host: Whether it may have any name (keys protect the service).
            origins: Origins besides the service's own whose pages may change something.
        """
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._any_host = any_host
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request that came under a false name, pass on any other."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request=identifier)
        cross_origin = "access-control-allow-origin"

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _PROTECTION.items():
                    headers.setdefault(name, value)
                if cross_origin in headers:
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
                headers["X-Request-Id"] = identifier
                if scope["path"].startswith("/v1/"):
                    headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, protected)
        else:
            await problem_details.response(refusal, Request(scope))(scope, receive, protected)

    def _refusal(self, scope: Scope) -> ProblemDetail | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = host_name(host)
        nameless = "host" not in headers and self._any_host and not self._hosts  # HTTP/1.0 has none
        if not nameless and (name is None or not self._is_ours(name)):
            return _forbidden(
                "host-not-allowed",
                f"the Host header says {host[:100]!r}, which is no name of this service; use its address, or add the "
                "name to ORICHALCUM_ALLOWED_HOSTS",
            )
        origin = headers.get("origin")
        if origin is None or scope["method"] in _SAFE_METHODS or origin in self._origins:
            return None
        scheme, _, rest = origin.partition("://")
        if scheme in ("http", "https") and rest.lower() == host.lower():
            return None
        return _forbidden(
            "origin-not-allowed",
            f"pages of {origin[:100]!r} may not change anything here; add the origin to ORICHALCUM_CORS_ORIGINS",
        )

    def _is_ours(self, name: str) -> bool:
        return name in self._hosts or is_loopback(name) or (self._any_host and not self._hosts)


def host_name(host: str) -> str | None:
    """The name in a Host header, without the port and the brackets of IPv6; None where it is none."""
    found = _HOST.fullmatch(host)
    return None if found is None else (found.group(1) or found.group(2)).lower()


def is_loopback(name: str) -> bool:
    """Whether a host is this machine itself, reachable by nobody else."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _forbidden(slug: str, detail: str) -> ProblemDetail:
    return ProblemDetail(
        type=TYPE_PREFIX + slug, title="The request is not for this service", status=403, detail=detail
    )
