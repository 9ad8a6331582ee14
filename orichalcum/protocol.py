"""How a service is called: where it is, calls as values, how answers are read, and what is tried again.

Knows nothing of sync or async, so that both clients behave alike. The calls themselves are in `orichalcum.calls`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from api_schemas.errors import ProblemDetail
from orichalcum.exceptions import BadAddress, ServiceUnreachable, UnexpectedAnswer, refusal

DEFAULT_URL = "http://127.0.0.1:8421"
RETRY_DELAYS = (0.2, 0.5, 1.0)
"""Seconds between the tries of one call; their number is the number of retries."""
LONGEST_RETRY_AFTER = 10.0
"""A Retry-After longer than this (seconds) is not waited for."""
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
STREAM_TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=60.0)
"""Event streams send a comment now and then; silence of a minute means a dead connection."""

_RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_JOB_ID = re.compile(r"^[A-Za-z0-9_\-]{1,64}$")

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Call(Generic[M]):
    """One request and the model of its answer (None: no body is expected)."""

    method: str
    path: str
    answer: type[M] | None
    params: dict[str, str | list[str]] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """The httpx request, with the client's base address and headers."""
        return client.build_request(
            self.method,
            self.path,
            params=self.params or None,
            json=self.body,
            headers={"Accept": "application/json", **self.headers},
        )

    def read(self, response: httpx.Response) -> M:
        """The answer as its model.

        Raises:
            RequestRefused: (or what fits its status) if the service refused.
            UnexpectedAnswer: if the answer is not what an Orichalcum service says.
        """
        if not response.is_success:
            raise refused(response)
        if self.answer is None:
            raise UnexpectedAnswer(_address(response), "an answer without a body was not expected")
        try:
            return self.answer.model_validate_json(response.content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UnexpectedAnswer(_address(response), f"{where or 'body'}: {first['msg']}") from None

    def done(self, response: httpx.Response) -> None:
        """Check an answer without a body.

        Raises:
            RequestRefused: (or what fits its status) if the service refused.
        """
        if not response.is_success:
            raise refused(response)


@dataclass(frozen=True)
class Address:
    """Where the service is, and with which key it is asked."""

    url: str
    api_key: str | None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        return {} if self.api_key is None else {"Authorization": f"Bearer {self.api_key}"}

    @property
    def trust_env(self) -> bool:
        """Whether proxies from the environment apply: never for this machine itself."""
        host = httpx.URL(self.url).host
        try:
            return not ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host != "localhost"


def address(url: str | None = None, api_key: str | None = None) -> Address:
    """The address given, else ORICHALCUM_URL and ORICHALCUM_API_KEY, else this machine's port 8421.

    Raises:
        BadAddress: if the URL is not http(s) with a host, or the key cannot be a header.
    """
    text = (url or os.environ.get("ORICHALCUM_URL") or DEFAULT_URL).strip().rstrip("/")
    key = api_key or os.environ.get("ORICHALCUM_API_KEY") or None
    try:
        parsed = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        parsed = None
    if parsed is None or parsed.scheme not in {"http", "https"} or not parsed.host:
        raise BadAddress(f"'{text}' is no address of a service; give one like {DEFAULT_URL}")
    if key is not None and not (key.isascii() and key.isprintable()):
        raise BadAddress("the API key holds characters that cannot be sent; copy it again")
    return Address(text, key)


def refused(response: httpx.Response) -> Exception:
    """The exception for a response that is no success."""
    try:
        detail = ProblemDetail.model_validate_json(response.content)
    except ValidationError:
        return UnexpectedAnswer(_address(response), f"status {response.status_code} without a problem detail")
    return refusal(detail.model_copy(update={"status": response.status_code}))


def retry_delay(attempt: int, outcome: httpx.Response | httpx.TransportError) -> float | None:
    """Seconds to wait before try ``attempt + 1`` (from 0), or None if the outcome stands.

    Every call of this protocol may be repeated: reads and state changes are idempotent, and a submission
    carries an Idempotency-Key.
    """
    if attempt >= len(RETRY_DELAYS):
        return None
    if isinstance(outcome, httpx.TransportError):
        return None if isinstance(outcome, httpx.UnsupportedProtocol) else RETRY_DELAYS[attempt]
    in_flight = outcome.status_code == 409 and "Retry-After" in outcome.headers and _has_key(outcome.request)
    if outcome.status_code not in _RETRIED_STATUSES and not in_flight:
        return None
    asked = outcome.headers.get("Retry-After", "")
    seconds = float(asked) if asked.isdecimal() else 0.0
    return None if seconds > LONGEST_RETRY_AFTER else max(seconds, RETRY_DELAYS[attempt])


def unreachable(at: Address, error: httpx.TransportError) -> ServiceUnreachable:
    """The exception for a connection that could not be made or kept."""
    reasons: tuple[tuple[type[httpx.TransportError], str], ...] = (
        (httpx.ConnectTimeout, "no answer to the connection"),
        (httpx.ConnectError, "connection refused or host unknown"),
        (httpx.TimeoutException, "no answer in time"),
    )
    reason = next((text for kind, text in reasons if isinstance(error, kind)), "the connection broke")
    return ServiceUnreachable(at.url, reason)


def checked(job_id: str) -> str:
    """The id itself, if it can be one: it becomes a part of an address.

    Raises:
        NotFound: if it cannot be the id of a job.
    """
    if _JOB_ID.match(job_id):
        return job_id
    raise refusal(
        ProblemDetail(
            type="urn:orichalcum:problem:not-found",
            title="Not found",
            status=404,
            detail=f"'{job_id[:80]}' is no id of a job; 'orichalcum list' shows them",
        )
    )


def _has_key(request: httpx.Request) -> bool:
    return "Idempotency-Key" in request.headers


def _address(response: httpx.Response) -> str:
    return f"{response.request.url.scheme}://{response.request.url.netloc.decode('ascii')}"
