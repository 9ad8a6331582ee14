"""The dashboard's files at ``/``, open to everybody: what they show comes from the API, which asks for a key itself.

``make dashboard`` writes ``static/``: index.html and favicon.svg, and ``assets/``, whose names hold a hash of their
content. What shrinks is there compressed only (``.gz``): nothing is compressed while serving, and wheels are small.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

STATIC = Path(__file__).resolve().parent / "static"

# Svelte sets styles of elements; pictures to download are blobs.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'"
)
"""Nothing from anywhere else is loaded or run."""

_FOR_EVER = "public, max-age=31536000, immutable"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}

_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Orichalcum</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;
padding:0 1rem}code{background:#8883;padding:.1em .35em;border-radius:4px}</style></head>
<body><h1>Orichalcum</h1>
<p>The service runs, but its dashboard was not built here.</p>
<p>In a checkout of the source, <code>make dashboard</code> builds it (it needs the npm registry once), and
<code>make up</code> does so by itself; then load this page again. Wheels and images come with the dashboard.</p>
<p>Everything else is there: <a href="/docs">documentation of the API</a>, <a href="/v1/jobs">jobs</a>,
<a href="/health/ready">health</a>, and the command line, <code>orichalcum --help</code>.</p></body></html>
"""


def routes(folder: Path) -> list[BaseRoute]:
    """Routes of the files in ``folder``; they are looked up at each request, so a build is seen at once."""

    def front(request: Request) -> Response:
        index = folder / "index.html"
        if not (index.is_file() or _compressed(index).is_file()):
            return HTMLResponse(_NOT_BUILT, headers={"Cache-Control": "no-store"})
        return _answer(request, index, "no-cache")

    def icon(request: Request) -> Response:
        return _answer(request, _found(folder, "favicon.svg"), "no-cache")

    def asset(request: Request) -> Response:
        return _answer(request, _found(folder / "assets", request.path_params["file"]), _FOR_EVER)

    return [
        Route("/", front, methods=["GET"]),
        Route("/assets/{file}", asset, methods=["GET"]),
        Route("/favicon.svg", icon, methods=["GET"]),
    ]


def _found(folder: Path, name: str) -> Path:
    """The file of this name, which has no separators and no leading dot: there is no way out of the folder.

    Raises:
        HTTPException: 404 if there is none that the dashboard consists of.
    """
    path = folder / name
    known = _NAME.fullmatch(name) and path.suffix in _MEDIA_TYPES
    if not known or not (path.is_file() or _compressed(path).is_file()):
        raise HTTPException(404)
    return path


def _compressed(path: Path) -> Path:
    return path.with_name(path.name + ".gz")


def _answer(request: Request, path: Path, caching: str) -> Response:
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    media_type = _MEDIA_TYPES[path.suffix]
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    compressed = _compressed(path)
    if not compressed.is_file():
        return FileResponse(path, headers=headers, media_type=media_type)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return FileResponse(
            compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=media_type
        )
    return Response(gzip.decompress(compressed.read_bytes()), headers=headers, media_type=media_type)
