"""Reading JSON bodies, which are hostile until validated."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn

from fastapi import Request

from api_schemas.errors import FieldError, pointer
from service.http.refusals import MalformedRequest, RequestTooSlow, TooLarge, UnsupportedMedia

MAX_DEPTH = 60
BODY_SECONDS = 30.0
"""Longest time that a body may take to come."""


_GZIP = zlib.MAX_WBITS | 16
MAX_WISH_BYTES = 20_000
"""Largest body of a request that holds a few wishes: it is read where the request is answered."""


def described(
    schema: dict[str, Any], name: str, summary: str, example: Any, *, required: bool = True
) -> dict[str, Any]:
    """OpenAPI of a body that is read by hand, with bounds: its schema, and an example under a name."""
    content = {"schema": schema, "examples": {name: {"summary": summary, "value": example}}}
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


async def json_body(request: Request, max_bytes: int) -> bytes:
    """The request's body, which is declared as JSON and has not been looked at.

    Raises:
        UnsupportedMedia: if the body is not declared as JSON.
        TooLarge: if it has more than ``max_bytes``.
        RequestTooSlow: if it takes too long to come.
    """
    _check_declared(request)
    return await _bounded_body(request, max_bytes)


async def optional_json_object(request: Request, max_bytes: int = MAX_WISH_BYTES) -> dict[str, Any]:
    """The request's body as a JSON object, a small one; an empty one where there is no body.

    Raises:
        UnsupportedMedia: if there is a body that is not declared as JSON.
        TooLarge: if it has more than ``max_bytes``.
        MalformedRequest: if it is not strict JSON, is nested too deeply, or is no object.
    """
    body = await _bounded_body(request, max_bytes)
    if not body.strip():
        return {}
    _check_declared(request)
    return parse_object(body)


def unpacked(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """A body as it was before it was compressed, up to a size.

    Raises:
        UnsupportedMedia: if it is compressed otherwise than by gzip.
        MalformedRequest: if it is no gzip, or not the whole of it.
        TooLarge: if it has more than ``max_bytes``.
    """
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise UnsupportedMedia(
            "unsupported-media-type",
            "The body is compressed in a way that is not known here",
            f"the Content-Encoding is {encoding[:100]!r}; send gzip, or none",
        )
    unpacking = zlib.decompressobj(_GZIP)
    try:
        found = unpacking.decompress(body, max_bytes + 1)
    except zlib.error:
        _refuse("malformed-gzip", "the body is not gzip")
    if len(found) > max_bytes:
        raise _too_large(max_bytes)
    if not unpacking.eof:
        _refuse("malformed-gzip", "the body ends before its gzip does")
    return found


def _check_declared(request: Request) -> None:
    declared = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if declared != "application/json" and not (
        declared.startswith("application/") and declared.endswith("+json")
    ):
        raise UnsupportedMedia(
            "unsupported-media-type",
            "The body must be JSON",
            f"the Content-Type is {declared[:100] or 'missing'!r}; send application/json",
        )


async def _bounded_body(request: Request, max_bytes: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise _too_large(max_bytes)
    except TimeoutError:
        raise RequestTooSlow(
            "request-too-slow",
            "The request did not come in time",
            f"the body has to come within {BODY_SECONDS:g} s; {len(body):,} bytes came",
        ) from None
    return bytes(body)


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        "too-large",
        "The body is too large",
        f"at most {max_bytes:,} bytes are accepted; leave out what is not needed",
    )


def parse_object(raw: bytes) -> dict[str, Any]:
    """Strict JSON: UTF-8, no NaN or Infinity, no key twice, bounded depth, no text that cannot be stored.

    Raises:
        MalformedRequest: saying what is wrong and where.
    """
    try:
        text = raw.decode("utf-8-sig")
        data = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_repeated_keys)
    except UnicodeDecodeError:
        _refuse("malformed-json", "the body is not UTF-8 text")
    except json.JSONDecodeError as error:
        _refuse("malformed-json", f"not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}")
    except RecursionError:
        _refuse("too-deep", "the document is nested too deeply; flatten it")
    except ValueError:  # an integer of thousands of digits
        _refuse("malformed-json", "a number in the body is too long")
    _check_texts_and_depth(data)
    if not isinstance(data, dict):
        _refuse("malformed-json", "the body must be a JSON object, with the fields in braces")
    return data


def _refuse(slug: str, message: str, where: str = "") -> NoReturn:
    fault = FieldError(pointer=where[:500], type=slug, message=message)
    raise MalformedRequest(slug, "The body cannot be read", message, errors=[fault]) from None


def _no_constant(name: str) -> NoReturn:
    _refuse("malformed-json", f"{name} is not a number that JSON knows; give a finite number")


def _no_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            _refuse("repeated-field", f"the field {key[:60]!r} is given twice; keep one")
        found[key] = value
    return found


class _Place(NamedTuple):
    """Where a container stands: its own key, and the place of the container around it."""

    key: str | int
    around: _Place | None
    depth: int

    def pointer(self) -> str:
        """As a JSON pointer."""
        parts: list[str | int] = []
        place: _Place | None = self
        while place is not None and place.depth:
            parts.append(place.key)
            place = place.around
        return pointer(reversed(parts))


def _check_texts_and_depth(data: object) -> None:
    # Iterative: the document may be as deep as the parser allowed. A place is made for each container only.
    stack: list[tuple[object, _Place]] = [(data, _Place("", None, 0))]
    while stack:
        value, where = stack.pop()
        if where.depth > MAX_DEPTH:
            shallow = f"the document is nested more than {MAX_DEPTH} deep; flatten it"
            _refuse("too-deep", shallow, where.pointer())
        if isinstance(value, dict):
            if not all(map(_storable, value)):
                named = "a field's name holds a NUL or half of a surrogate pair"
                _refuse("malformed-json", named, where.pointer())
            items: Iterable[tuple[str | int, object]] = value.items()
        else:
            items = enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            if isinstance(item, str):
                if not _storable(item):
                    text = "the text holds a NUL or half of a surrogate pair; remove it"
                    _refuse("malformed-json", text, _Place(key, where, where.depth + 1).pointer())
            elif item and isinstance(item, dict | list):
                stack.append((item, _Place(key, where, where.depth + 1)))


def _storable(text: str) -> bool:
    return "\0" not in text and (text.isascii() or _encodes(text))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
