"""What is measured: HTTP requests in this process, and jobs, evaluations and workers in the store."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.queue.messenger import Messenger
from service.repositories import parts, tallies
from service.tables.database import Database
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow

_TALLIES: tuple[tuple[str, str, str, list[str]], ...] = (
    ("evaluations", "orichalcum_evaluations_computed", "Evaluations computed.", ["potential"]),
    ("evaluation_seconds", "orichalcum_evaluation_seconds", "Seconds from claim to result.", ["potential"]),
    ("cache_hits", "orichalcum_cache_hits", "Evaluations that were known already.", []),
    (
        "retries",
        "orichalcum_retries",
        "Evaluations begun again: after a lost worker, or one that stopped.",
        [],
    ),
    ("leases_lost", "orichalcum_leases_lost", "Claims whose worker vanished; each is tried again.", []),
)


class _StoreCollector(Collector):
    """Counts rows of the store whenever the metrics are read."""

    def __init__(self, database: Database, messenger: Messenger, queues: Sequence[str]) -> None:
        self._database = database
        self._messenger = messenger
        self._queues = queues

    def collect(self) -> Iterator[Metric]:
        depth = GaugeMetricFamily(
            "orichalcum_queue_depth", "Messages that nobody has taken yet.", labels=["queue"]
        )
        for queue in self._queues:
            waiting = self._messenger.depth(queue)
            if waiting is not None:
                depth.add_metric([queue], waiting)
        yield depth
        jobs = GaugeMetricFamily("orichalcum_jobs", "Jobs by state.", labels=["state"])
        evaluations = GaugeMetricFamily("orichalcum_evaluations", "Evaluations by state.", labels=["state"])
        alive = GaugeMetricFamily("orichalcum_workers", "Workers with a recent heartbeat.")
        try:
            with self._database.reading() as session:
                for job_state, count in session.execute(
                    select(JobRow.state, func.count()).group_by(JobRow.state)
                ):
                    jobs.add_metric([job_state], count)
                found = select(TaskRow.state, func.count()).where(TaskRow.counted).group_by(TaskRow.state)
                for evaluation_state, count in session.execute(found):
                    evaluations.add_metric([evaluation_state], count)
                alive.add_metric([], parts.living(session))
                found_tallies = tallies.totals(session, [name for name, *_ in _TALLIES])
        except SQLAlchemyError:
            return
        yield from (jobs, evaluations, alive)
        for name, metric, text, labels in _TALLIES:
            counter = CounterMetricFamily(metric, text, labels=labels)
            for tally, label, total in found_tallies:
                if tally == name:
                    counter.add_metric([label] if labels else [], total)
            yield counter


class Metrics:
    """The metrics of one application."""

    def __init__(self, database: Database, messenger: Messenger, queues: Sequence[str]) -> None:
        """Register the metrics in a registry of their own."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "orichalcum_http_requests",
            "HTTP requests by method, route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "orichalcum_http_request_seconds",
            "Seconds until the response began.",
            ["method", "route"],
            registry=self.registry,
        )
        self.registry.register(_StoreCollector(database, messenger, queues))


class MeasuredRequests:
    """ASGI middleware that counts and times requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Wrap ``app``."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and measure it when its response begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = _template(scope)
                method = scope["method"] if scope["method"] in _METHODS else "OTHER"
                self._metrics.requests.labels(method, route, message["status"]).inc()
                self._metrics.seconds.labels(method, route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, measured)


def _template(scope: Scope) -> str:
    """The route's address with names in place of values: what users choose must not become labels."""
    if scope.get("route") is None:
        return "none"
    named = {str(value): "{" + name + "}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(named.get(part, part) for part in scope["path"].split("/"))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
