"""Rates: how often one caller may ask, counted over a moving minute by all processes of the API together.

They count in the broker. Where that is none that can count, or is out of reach, each process counts for itself: a
caller may then ask so often of each of them, which is better than to be refused, or to wait.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from service.http.refusals import TooMany

WRONG_KEYS_PER_MINUTE = 30
WORK_PER_MINUTE = 60_000
"""Requests of all workers of a key together: a worker that computes asks about once a second."""

BROKER_SECONDS = 0.25
"""How long a request waits for the broker to count it."""

AWAY_SECONDS = 5.0
"""After a fault the broker is not asked for so long."""

_log = structlog.get_logger(__name__)


class Rates:
    """Counts what callers ask for."""

    def __init__(self, requests: int, submissions: int, broker_url: str | None = None) -> None:
        """Count with the broker at ``broker_url`` if it can count.

        Args:
            requests: So many a minute are allowed; 0 means any number.
            submissions: The same for submissions.
            broker_url: As Celery writes it.
        """
        self._requests = requests
        self._submissions = submissions
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._together = _shared(broker_url)
        self._away_until = -math.inf
        self._away = False
        self._noting = threading.Lock()

    def count_request(self, caller: str) -> None:
        """Count one request.

        Raises:
            TooMany: if the caller has asked too often.
        """
        self._count(self._requests, "requests", caller)

    def count_submission(self, caller: str) -> None:
        """Count one problem that is submitted or checked.

        Raises:
            TooMany: if the caller has asked too often.
        """
        self._count(self._submissions, "submissions", caller)

    def count_work(self, caller: str) -> None:
        """Count one request of a worker.

        Raises:
            TooMany: if the workers of its key have asked too often.
        """
        self._count(WORK_PER_MINUTE if self._requests else 0, "requests of workers", caller)

    def count_wrong_key(self, address: str) -> None:
        """Count one request with a key that is not valid.

        Raises:
            TooMany: if the address, of IPv6 its network, has tried too often.
        """
        self._count(WRONG_KEYS_PER_MINUTE, "wrong keys", network_of(address))

    def _count(self, per_minute: int, what: str, who: str) -> None:
        if not per_minute:
            return
        reset = self._refused_until(RateLimitItemPerMinute(per_minute), what, who)
        if reset is not None:
            wait = max(1, math.ceil(reset - time.time()))
            raise TooMany(
                "too-many-requests",
                "Too many requests",
                f"at most {per_minute} {what} a minute are allowed; try again in {wait} s",
                retry_after=wait,
            )

    def _refused_until(self, item: RateLimitItemPerMinute, what: str, who: str) -> float | None:
        """Seconds since 1970 at which to try again; None if this one is allowed."""
        if self._together is not None and time.monotonic() >= self._away_until:
            try:
                found = _hit(self._together, item, what, who)
            except (RedisError, OSError) as error:
                self._note(away=True, error=type(error).__name__)
            else:
                self._note(away=False)
                return found
        return _hit(self._alone, item, what, who)

    def _note(self, *, away: bool, error: str = "") -> None:
        if away:
            self._away_until = time.monotonic() + AWAY_SECONDS
        if away == self._away:
            return
        with self._noting:
            if away == self._away:
                return
            self._away = away
        if away:
            _log.warning("the broker cannot count rates: this process counts for itself", error=error)
        else:
            _log.info("the broker counts rates again")


def network_of(address: str) -> str:
    """What one machine may call its own: an address of IPv4; of IPv6 a network of 64 bits, which is given to each."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _hit(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerMinute, what: str, who: str
) -> float | None:
    if limiter.hit(item, what, who):
        return None
    return limiter.get_window_stats(item, what, who).reset_time


def _shared(broker_url: str | None) -> SlidingWindowCounterRateLimiter | None:
    """Counting in a Redis or Valkey; None where the broker is none, or one of several that watch each other."""
    scheme, separator, rest = (broker_url or "").partition("://")
    known = {"redis": "redis", "rediss": "rediss", "redis+socket": "unix"}.get(scheme)
    if known is None or not separator:
        return None
    pool = ConnectionPool.from_url(
        f"{known}://{rest}",
        socket_timeout=BROKER_SECONDS,
        socket_connect_timeout=BROKER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    storage = RedisStorage("redis://", connection_pool=pool, key_prefix="orichalcum:rates")
    return SlidingWindowCounterRateLimiter(storage)
