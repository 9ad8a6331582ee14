"""A job of the service, as a handle for asynchronous code: refresh it, follow it, read its answer, cancel it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Unpack

import httpx

from api_schemas.base import Composition
from api_schemas.jobs import FINAL_STATES, AnswerSoFar, Job
from api_schemas.maps import SurrogateMap, SurrogatePoint
from orichalcum import calls
from orichalcum.calls import Labels
from orichalcum.connection import AsyncConnection
from orichalcum.events import Following, JobEvent
from orichalcum.exceptions import Conflict, JobFailed, MapNotReady, ServiceFault, StillRunning
from orichalcum.handles import SeenJob
from orichalcum.results import Result, StoredEvaluation


class AsyncJobHandle(SeenJob):
    """A submitted job. ``job`` is what the service last said of it."""

    def __init__(self, client: AsyncConnection, job: Job) -> None:
        """Hold a job that ``client`` received."""
        self._client = client
        self.job = job

    async def refresh(self) -> Job:
        """Ask the service how the job stands.

        Raises:
            OrichalcumError: see ``orichalcum.exceptions``.
        """
        self.job = await self._client.send(calls.job(self.id))
        return self.job

    async def events(self, *, after: int | None = None) -> AsyncIterator[JobEvent]:
        """Follow the job until it ends: states, progress, evaluations, each once and in order.

        A dropped connection is taken up again where it broke.

        Args:
            after: Number of the last event to skip.

        Raises:
            ServiceUnreachable: if the service stays away.
            NotFound: if the job was deleted.
        """
        following = Following(self._client.address, after)
        while True:
            broken: httpx.TransportError | ServiceFault | None = None
            try:
                async with self._client.stream(calls.events(self.id, following.headers())) as chunks:
                    async for chunk in chunks:
                        for event in following.receive(chunk):
                            yield event
            except (httpx.TransportError, ServiceFault) as error:
                broken = error
            if following.finished:
                return
            delay = following.delay(broken)
            quiet = broken is None and not following.received_on_this_connection
            # A stream that ends and had nothing to say: perhaps all was said before ``after``.
            if quiet and (await self.refresh()).state in FINAL_STATES:
                return
            await asyncio.sleep(delay)

    async def wait(self, timeout: float | None = None) -> Job:  # noqa: ASYNC109  (as in the twin)
        """Wait until the job has ended.

        Args:
            timeout: Longest wait, s; None waits as long as it takes.

        Raises:
            StillRunning: if it has not ended in time.
        """
        if timeout is None:
            async for _ in self.events():
                pass
            return await self.refresh()
        deadline = time.monotonic() + timeout
        while (await self.refresh()).state not in FINAL_STATES:
            left = deadline - time.monotonic()
            if left <= 0:
                raise StillRunning(self.id, self.state)
            await asyncio.sleep(min(0.25, left))
        return self.job

    async def result(self, *, wait: bool = True, timeout: float | None = None) -> Result:  # noqa: ASYNC109
        """The answer; of a cancelled job the best so far.

        Args:
            wait: Whether to wait for the job to end first.
            timeout: Longest wait, s.

        Raises:
            StillRunning: if the job has not ended (``wait=False`` or out of time).
            JobFailed: if it ended without an answer.
        """
        job = await self.wait(timeout) if wait else await self.refresh()
        if job.state == "failed":
            raise JobFailed(self.id, job.failure)
        try:
            found = await self._client.send(calls.result(self.id))
        except Conflict:
            raise StillRunning(self.id, job.state) from None
        return Result.of(found, job.problem)

    async def answer(self) -> AnswerSoFar:
        """What the kind answers as far as it is known, while the job runs too; each progress event may change it."""
        return await self._client.send(calls.answer(self.id))

    async def evaluations(self) -> AsyncIterator[StoredEvaluation]:
        """Every evaluation stored so far, oldest first, fetched page by page."""
        cursor: str | None = None
        while True:
            page = await self._client.send(calls.evaluations(self.id, cursor))
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def map(
        self,
        property_name: str | None = None,
        over: str | None = None,
        at: str = "incumbent",
        *,
        timeout: float = 60.0,  # noqa: ASYNC109
    ) -> SurrogateMap:
        """The surrogate's mean and uncertainty of a property over a slice of the composition space.

        Args:
            property_name: Name of the property; by default that of the first objective.
            over: Two to four elements that vary, as ``sublattice:element,element``; by default the first of the job.
            at: Composition through which it goes: incumbent, centre, or one like ``cation:Al=0.8,Sc=0.2``.
            timeout: Longest wait for a worker to compute it, s.

        Raises:
            ProblemRefused: naming the parameter at fault.
            Conflict: if the job has no evaluation yet.
            MapNotReady: if it is not computed in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            answer = (await self._client.send(calls.surrogate_map(self.id, property_name, over, at))).root
            if isinstance(answer, SurrogateMap):
                return answer
            if time.monotonic() >= deadline:
                raise MapNotReady(self.id, timeout)
            await asyncio.sleep(calls.MAP_SECONDS)

    async def surrogate(self, at: str = "incumbent", *, timeout: float = 60.0) -> SurrogatePoint:  # noqa: ASYNC109
        """What the surrogates of the job expect of every property at one composition, with slopes.

        Args:
            at: Composition: incumbent, centre, or one like ``cation:Al=0.8,Sc=0.2``.
            timeout: Longest wait for a worker to compute it, s.

        Raises:
            ProblemRefused: naming the parameter at fault.
            Conflict: if the job has no evaluation yet, or is of a kind without surrogates.
            MapNotReady: if it is not computed in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            answer = (await self._client.send(calls.surrogate_point(self.id, at))).root
            if isinstance(answer, SurrogatePoint):
                return answer
            if time.monotonic() >= deadline:
                raise MapNotReady(self.id, timeout, "what is expected in")
            await asyncio.sleep(calls.MAP_SECONDS)

    async def evaluate(
        self, at: Sequence[Composition], *, idempotency_key: str | None = None
    ) -> AsyncJobHandle:
        """Evaluate compositions as this job does, by a job of its own: to hold its surrogates against, for instance.

        Neither the search of this job nor its surrogates learn from it.

        Args:
            at: Compositions, fractions by sublattice and element; 1 to 100.
            idempotency_key: Key with which the same request gives the same job; by default a fresh one.

        Returns:
            The new job, of kind evaluate, whose `parent` is this one.

        Raises:
            Conflict: if this job is of a kind without surrogates.
            ProblemRefused: naming the field at fault.
        """
        call = calls.evaluate(self.id, at, idempotency_key)
        return AsyncJobHandle(self._client, await self._client.send(call))

    async def verify(
        self,
        supercells: int | None = None,
        sites: int | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> AsyncJobHandle:
        """Relax explicit supercells of the answer of this finished job, as a job of its own.

        Args:
            supercells: How many of each composition; by default the service's 2.
            sites: Mixed sites of each, about; by default the service's 32.
            idempotency_key: Key with which the same request gives the same job; by default a fresh one.

        Returns:
            The new job; its result has a `verification`.

        Raises:
            Conflict: if this job is not finished, or has no answer to verify.
            ProblemRefused: naming the field at fault.
        """
        call = calls.verify(self.id, supercells, sites, idempotency_key)
        return AsyncJobHandle(self._client, await self._client.send(call))

    async def update(self, **labels: Unpack[Labels]) -> Job:
        """Write on the job: its name, note, tags, star; what is not given stays. See `Labels`.

        Raises:
            ProblemRefused: naming the field at fault.
        """
        self.job = await self._client.send(calls.label(self.id, labels))
        return self.job

    async def cancel(self) -> Job:
        """Ask the service to stop the job; what was found so far stays."""
        return await self._act("cancel")

    async def pause(self) -> Job:
        """Let the job rest: nothing new is started."""
        return await self._act("pause")

    async def resume(self) -> Job:
        """Let a paused job go on."""
        return await self._act("resume")

    async def delete(self) -> None:
        """Remove a finished job and all that belongs to it."""
        await self._client.send_without_answer(calls.delete(self.id))

    async def _act(self, verb: str) -> Job:
        self.job = await self._client.send(calls.action(self.id, verb))
        return self.job
