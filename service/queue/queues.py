"""Names of queues: one for all, and one for each potential that is routed to workers of its own."""

from __future__ import annotations

from collections.abc import Mapping

QUEUE = "orichalcum"
"""Of every potential that is not routed."""

ANY_DEVICE = "any"


def queue_of(potential: str, routes: Mapping[str, str]) -> str:
    """The queue of jobs with a potential."""
    return _routed(potential, routes[potential]) if potential in routes else QUEUE


def queues_for(device: str, routes: Mapping[str, str]) -> list[str]:
    """The queues that a worker on a device serves."""
    fitting = (_routed(name, wanted) for name, wanted in routes.items() if wanted in (ANY_DEVICE, device))
    return [QUEUE, *fitting]


def every_queue(routes: Mapping[str, str]) -> list[str]:
    """All queues that the routes know."""
    return [QUEUE, *(_routed(name, wanted) for name, wanted in routes.items())]


def _routed(potential: str, device: str) -> str:
    return f"{QUEUE}.{potential}.{device}"
