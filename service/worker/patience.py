"""Asking a service over HTTPS with patience: what is asked is asked again until the service itself has answered.

What something before the service answers in its place (a proxy, an ingress, a gateway) is no answer: only a problem
detail of the service itself refuses a worker or what it computed.
"""

from __future__ import annotations

import gzip
import ipaddress
import random
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import structlog
from pydantic import ValidationError

from api_schemas.errors import TYPE_PREFIX, ProblemDetail
from service.work import messages
from service.work.work import OutOfReach, Refused

PATIENCE_SECONDS = 1800.0
"""How long something is asked again that the service does not answer."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds between two tries: each pause is twice as long as the one before."""

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
BRIEF = httpx.Timeout(10.0)
"""For what is said again in a moment: one request that hangs must not outlast a lease."""

_KEPT_SECONDS = 3.0
"""For so long a connection is kept: less than the service keeps it."""

_WORTH_PACKING = 1000
_REFUSED = frozenset({400, 401, 403, 404, 405, 406, 410, 415, 421})
_AGAIN = frozenset({408, 425, 429})

A = TypeVar("A", bound=messages.Exchanged)
_log = structlog.get_logger(__name__)


class BadAddress(ValueError):  # noqa: N818  (an answer to whoever starts a worker)
    """An address at which no service may be asked; the message says why."""


class NotHeld(Exception):  # noqa: N818  (an answer)
    """What the worker speaks of is not (any more) held by it."""


class Rejected(Exception):  # noqa: N818  (an answer)
    """The service does not take what was sent; the message says why."""


class _Elsewhere(Exception):  # noqa: N818  (it is asked again)
    """What answered is not the service, but something before it."""


def checked_address(url: str) -> str:
    """The address of a service, without a slash at its end.

    Raises:
        BadAddress: if it is none, or a key would travel to it for all to read.
    """
    try:
        parsed = httpx.URL(url)
        host = parsed.host
    except (httpx.InvalidURL, TypeError):
        raise BadAddress(f"{url[:200]!r} is no address; write e.g. https://service.example.org") from None
    if parsed.scheme not in ("https", "http") or not host or parsed.userinfo:
        raise BadAddress(f"{url[:200]!r}: write e.g. https://service.example.org, without a name or password")
    if parsed.scheme == "http" and not _is_this_machine(host):
        raise BadAddress(
            f"{url[:200]!r}: a key would travel unencrypted; use https:// (http:// only on the machine of the service)"
        )
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class PatientClient:
    """Asks the operations of `service.work.served`.

    Args:
        url: Address of the service.
        key: A key with the scope compute; None where the service asks for none.
        worker: Name of the worker.
        stopping: Whether it is to stop: then nothing is asked twice.
        transport: Given, it carries the requests (for tests).

    Raises:
        BadAddress: see `checked_address`.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        worker: str,
        stopping: Callable[[], bool],
        transport: httpx.BaseTransport | None,
    ) -> None:
        address = checked_address(url)
        headers = {messages.WORKER_HEADER: worker, "Content-Type": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._client = httpx.Client(
            base_url=address,
            headers=headers,
            timeout=_TIMEOUT,
            limits=httpx.Limits(keepalive_expiry=_KEPT_SECONDS),
            # Clusters reach the outside by a proxy that the environment names; this machine needs none.
            trust_env=not _is_this_machine(httpx.URL(address).host),
            transport=transport,
        )
        self._stopping = stopping
        self._chance = random.Random(worker)  # noqa: S311  (pauses of different workers differ)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(
        self,
        operation: str,
        body: messages.Exchanged,
        answer: type[A],
        patience: float | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> A:
        """Ask until the service itself has answered, or patience ends.

        Args:
            operation: What is asked.
            body: With what.
            answer: The form of the answer.
            patience: Seconds in which it is asked again; None: `PATIENCE_SECONDS`.
            timeout: Of each request.

        Raises:
            NotHeld, Refused, Rejected: as the service said.
            OutOfReach: if it does not answer.
        """
        content, headers = body.model_dump_json().encode(), {}
        if len(content) > _WORTH_PACKING:
            content, headers = gzip.compress(content, 1), {"Content-Encoding": "gzip"}
        end = time.monotonic() + (PATIENCE_SECONDS if patience is None else patience)
        pause = FIRST_PAUSE
        while True:
            wait = pause * (0.5 + self._chance.random())
            try:
                response = self._client.post(
                    f"/v1/work/{operation}", content=content, headers=headers, timeout=timeout
                )
                if response.status_code < 500 and response.status_code not in _AGAIN:
                    return _understood(response, answer)
                fault = f"{response.status_code}"
                wait = max(wait, _told_to_wait(response))
            except _Elsewhere as elsewhere:
                fault = str(elsewhere)
            except httpx.HTTPError as error:  # also an answer that cannot be unpacked
                fault = f"{type(error).__name__}: {error}"
            if time.monotonic() + wait > end or self._stopping():
                raise OutOfReach(f"the service does not answer ({fault[:200]})")
            _log.warning(
                "the service does not answer, and is asked again", asked=operation, fault=fault[:200]
            )
            time.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)


def _understood(response: httpx.Response, answer: type[A]) -> A:
    """The answer, or what the service said in its place.

    Raises:
        NotHeld, Refused, Rejected: as the service said.
        _Elsewhere: if it was not the service that said something.
    """
    status = response.status_code
    if response.is_success:
        try:
            return answer.model_validate_json(response.content)
        except ValidationError:
            raise _Elsewhere(f"{status}, but not from the service: something before it answers") from None
    said = _problem(response)
    if said is None:
        if response.is_redirect:
            where = response.headers.get("location", "")[:120]
            raise _Elsewhere(f"{status}, the service is said to be at {where}: if so, use that address")
        raise _Elsewhere(
            f"{status}, not from the service but from something before it, or this is not its address"
        )
    slug, detail = said
    if slug == "not-held":
        raise NotHeld(detail)
    if status in _REFUSED or slug == "other-version":
        raise Refused(detail)
    raise Rejected(detail)


def _problem(response: httpx.Response) -> tuple[str, str] | None:
    """The end of the type of a problem detail of the service, and its words; None where it is none."""
    try:
        told = ProblemDetail.model_validate_json(response.content)
    except ValidationError:
        return None
    if not told.type.startswith(TYPE_PREFIX):
        return None
    return told.type.removeprefix(TYPE_PREFIX), told.detail or told.title


def _told_to_wait(response: httpx.Response) -> float:
    """Seconds after which the service wants to be asked again."""
    told = response.headers.get("retry-after", "")
    return min(float(told), 60.0) if told.isascii() and told.isdigit() and len(told) < 6 else 0.0
