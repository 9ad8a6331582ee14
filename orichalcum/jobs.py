"""A job of the service, as a handle: refresh it, follow it, read its answer, cancel it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Unpack

import httpx

from api_schemas.base import Composition
from api_schemas.jobs import FINAL_STATES, AnswerSoFar, Job
from api_schemas.maps import SurrogateMap, SurrogatePoint
from orichalcum import calls
from orichalcum.calls import Labels
from orichalcum.connection import Connection
from orichalcum.events import Following, JobEvent
from orichalcum.exceptions import Conflict, JobFailed, MapNotReady, ServiceFault, StillRunning
from orichalcum.handles import SeenJob
from orichalcum.results import Result, StoredEvaluation


class JobHandle(SeenJob):
    """A submitted job. ``job`` is what the service last said of it."""

    def __init__(self, client: Connection, job: Job) -> None:
        """Hold a job that ``client`` received."""
        self._client = client
        self.job = job

    def refresh(self) -> Job:
        """Ask the service how the job stands.

        Raises:
            OrichalcumError: see ``orichalcum.exceptions``.
        """
        self.job = self._client.send(calls.job(self.id))
        return self.job

    def events(self, *, after: int | None = None) -> Iterator[JobEvent]:
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
                with self._client.stream(calls.events(self.id, following.headers())) as chunks:
                    for chunk in chunks:
                        yield from following.receive(chunk)
            except (httpx.TransportError, ServiceFault) as error:
                broken = error
            if following.finished:
                return
            delay = following.delay(broken)
            quiet = broken is None and not following.received_on_this_connection
            # A stream that ends and had nothing to say: perhaps all was said before ``after``.
            if quiet and self.refresh().state in FINAL_STATES:
                return
            time.sleep(delay)

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until the job has ended.

        Args:
            timeout: Longest wait, s; None waits as long as it takes.

        Raises:
            StillRunning: if it has not ended in time.
        """
        if timeout is None:
            for _ in self.events():
                pass
            return self.refresh()
        deadline = time.monotonic() + timeout
        while self.refresh().state not in FINAL_STATES:
            left = deadline - time.monotonic()
            if left <= 0:
                raise StillRunning(self.id, self.state)
            time.sleep(min(0.25, left))
        return self.job

    def result(self, *, wait: bool = True, timeout: float | None = None) -> Result:
        """The answer; of a cancelled job the best so far.

        Args:
            wait: Whether to wait for the job to end first.
            timeout: Longest wait, s.

        Raises:
            StillRunning: if the job has not ended (``wait=False`` or out of time).
            JobFailed: if it ended without an answer.
        """
        job = self.wait(timeout) if wait else self.refresh()
        if job.state == "failed":
            raise JobFailed(self.id, job.failure)
        try:
            found = self._client.send(calls.result(self.id))
        except Conflict:
            raise StillRunning(self.id, job.state) from None
        return Result.of(found, job.problem, partial(self.map, timeout=calls.FIGURE_SECONDS))

    def answer(self) -> AnswerSoFar:
        """What the kind answers as far as it is known, while the job runs too; each progress event may change it."""
        return self._client.send(calls.answer(self.id))

    def evaluations(self) -> Iterator[StoredEvaluation]:
        """Every evaluation stored so far, oldest first, fetched page by page."""
        cursor: str | None = None
        while True:
            page = self._client.send(calls.evaluations(self.id, cursor))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def map(
        self,
        property_name: str | None = None,
        over: str | None = None,
        at: str = "incumbent",
        *,
        timeout: float = 60.0,
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
            answer = self._client.send(calls.surrogate_map(self.id, property_name, over, at)).root
            if isinstance(answer, SurrogateMap):
                return answer
            if time.monotonic() >= deadline:
                raise MapNotReady(self.id, timeout)
            time.sleep(calls.MAP_SECONDS)

    def surrogate(self, at: str = "incumbent", *, timeout: float = 60.0) -> SurrogatePoint:
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
            answer = self._client.send(calls.surrogate_point(self.id, at)).root
            if isinstance(answer, SurrogatePoint):
                return answer
            if time.monotonic() >= deadline:
                raise MapNotReady(self.id, timeout, "what is expected in")
            time.sleep(calls.MAP_SECONDS)

    def evaluate(self, at: Sequence[Composition], *, idempotency_key: str | None = None) -> JobHandle:
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
        return JobHandle(self._client, self._client.send(call))

    def verify(
        self,
        supercells: int | None = None,
        sites: int | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> JobHandle:
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
        return JobHandle(self._client, self._client.send(call))

    def update(self, **labels: Unpack[Labels]) -> Job:
        """Write on the job: its name, note, tags, star; what is not given stays. See `Labels`.

        Raises:
            ProblemRefused: naming the field at fault.
        """
        self.job = self._client.send(calls.label(self.id, labels))
        return self.job

    def cancel(self) -> Job:
        """Ask the service to stop the job; what was found so far stays."""
        return self._act("cancel")

    def pause(self) -> Job:
        """Let the job rest: nothing new is started."""
        return self._act("pause")

    def resume(self) -> Job:
        """Let a paused job go on."""
        return self._act("resume")

    def delete(self) -> None:
        """Remove a finished job and all that belongs to it."""
        self._client.send_without_answer(calls.delete(self.id))

    def _act(self, verb: str) -> Job:
        self.job = self._client.send(calls.action(self.id, verb))
        return self.job
