"""The synchronous client."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx
from pydantic import BaseModel, JsonValue

from api_schemas.catalogue import PotentialInfo, PropertyInfo, PrototypeInfo
from api_schemas.jobs import CancelledJobs, Job, Validation
from api_schemas.problem import ProblemLike
from orichalcum import calls, many, protocol
from orichalcum.arrays import ArrayHandle
from orichalcum.calls import HowSubmitted, JobsMeant
from orichalcum.exceptions import ClientClosed
from orichalcum.jobs import JobHandle
from orichalcum.protocol import STREAM_TIMEOUT, TIMEOUT, Call

M = TypeVar("M", bound=BaseModel)


class Client:
    """Talks to an Orichalcum service. Also a context manager that closes its connections."""

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Set the address up; nothing is sent yet.

        Args:
            url: Address of the service; else ORICHALCUM_URL, else http://127.0.0.1:8421.
            api_key: API key; else ORICHALCUM_API_KEY, else none.
            timeout: Timeout of one request, s.
            transport: An httpx transport to use instead of the network (for tests, or special networks).

        Raises:
            BadAddress: if the URL or the key cannot be used.
        """
        self.address = protocol.address(url, api_key)
        self._http = httpx.Client(
            base_url=self.address.url,
            headers=self.address.headers,
            timeout=timeout,
            transport=transport,
            trust_env=self.address.trust_env,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, problem: ProblemLike, **how: Unpack[HowSubmitted]) -> JobHandle:
        """Submit a problem; how, for example after which other jobs: see `HowSubmitted`.

        Args:
            problem: Problem to solve: a Problem, a dictionary of its fields, the path of its file; see `Problem.of`.
            how: See `HowSubmitted`.

        Raises:
            ProblemInvalid: if it is none, naming the fields at fault; nothing is sent.
            ProblemRefused: if the service does not accept it, naming the fields at fault.
            OrichalcumError: see ``orichalcum.exceptions``.
        """
        return JobHandle(self, self.send(calls.submit(problem, how)))

    def submit_many(
        self,
        problems: Iterable[ProblemLike],
        *,
        key: str | None = None,
        wait: bool = False,
        progress: bool | None = None,
        **how: Unpack[HowSubmitted],
    ) -> list[JobHandle]:
        """Submit many problems, each as a job of its own; all are read before the first is sent.

        Args:
            problems: What stands for problems; see `Problem.of`.
            key: A word for this batch. Called again with the same word, it sends only what is not there yet: those
                that are give the same jobs.
            wait: Whether to wait until all have ended.
            progress: Whether to show a bar on standard error; by default where that is a terminal.
            how: See `HowSubmitted`; each has a key of its own.

        Raises:
            ProblemInvalid: if one is none, with its number before the pointer, ``/3/structure``; nothing is sent.
            ProblemRefused: if the service does not accept one; those before it are submitted.
            OrichalcumError: see ``orichalcum.exceptions``.
        """
        batch = many.keyed(problems, key)
        found = []
        with many.bar(len(batch), progress) as bar:
            bar.begin("submitted")
            for one in batch:
                each: HowSubmitted = {**how, "idempotency_key": one.key}
                found.append(JobHandle(self, self.send(calls.submit(one.problem, each))))
                bar.step()
            bar.begin("ended")
            for job in found if wait else ():
                job.wait()
                bar.step()
        return found

    def submit_array(
        self, problem: ProblemLike, over: Mapping[str, Sequence[JsonValue]], **how: Unpack[HowSubmitted]
    ) -> ArrayHandle:
        """Submit a problem over lists of values: every combination becomes a job, all of them or none.

        Args:
            problem: Problem to solve, as `submit` takes it.
            over: Fields of it, as paths with dots, and their values: ``{"conditions.pressure": [0, 5, 10]}``.
            how: See `HowSubmitted`.

        Raises:
            ProblemRefused: naming the fields or the values at fault.
            OrichalcumError: see ``orichalcum.exceptions``.
        """
        return ArrayHandle(self, self.send(calls.submit_array(problem, over, how)))

    def array(self, array_id: str) -> ArrayHandle:
        """The array of this id.

        Raises:
            NotFound: if there is none.
        """
        return ArrayHandle(self, self.send(calls.array(array_id)))

    def validate(self, problem: ProblemLike) -> Validation:
        """Ask whether a problem would be accepted, and what it would cost."""
        return self.send(calls.validate(problem))

    def job(self, job_id: str) -> JobHandle:
        """The job of this id.

        Raises:
            NotFound: if there is none.
        """
        return JobHandle(self, self.send(calls.job(job_id)))

    def jobs(self, *, limit: int | None = None, **meant: Unpack[JobsMeant]) -> Iterator[Job]:
        """Jobs, newest first, fetched page by page; at most ``limit`` of them. Which: see `JobsMeant`."""
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            page = self.send(calls.jobs(meant, cursor, None if left is None else min(left, 100)))
            items = page.items if left is None else page.items[:left]
            yield from items
            left = None if left is None else left - len(items)
            cursor = page.next_cursor
            if cursor is None:
                return

    def cancel_jobs(self, **meant: Unpack[JobsMeant]) -> CancelledJobs:
        """Stop the active jobs that are meant, 200 at a time; at least one way to say which has to be given.

        Raises:
            ProblemRefused: if it is not said which jobs.
        """
        return self.send(calls.cancel_jobs(meant))

    def potentials(self) -> list[PotentialInfo]:
        """The potentials that the service knows."""
        return self.send(calls.catalogue("potentials")).potentials

    def prototypes(self) -> list[PrototypeInfo]:
        """The parent structures that the service knows by name."""
        return self.send(calls.catalogue("prototypes")).prototypes

    def properties(self) -> list[PropertyInfo]:
        """The properties that can be asked for."""
        return self.send(calls.catalogue("properties")).properties

    def ready(self) -> bool:
        """Whether the service is up with its database, broker and a worker."""
        try:
            return self._http.get("/health/ready").is_success
        except httpx.TransportError:
            return False

    def send(self, call: Call[M]) -> M:
        """Send a call, again where that may help, and read its answer.

        Raises:
            OrichalcumError: see ``orichalcum.exceptions``.
        """
        return call.read(self._answer(call))

    def send_without_answer(self, call: Call[M]) -> None:
        """Send a call whose answer has no body."""
        call.done(self._answer(call))

    @contextmanager
    def stream(self, call: Call[M]) -> Iterator[Iterator[bytes]]:
        """The body of an answer piece by piece, while it is being sent.

        Raises:
            ClientClosed: if the connections were closed.
            httpx.TransportError: if the connection cannot be made or breaks.
            RequestRefused: if the service refuses.
        """
        self._check_open()
        request = call.request(self._http)
        request.extensions["timeout"] = STREAM_TIMEOUT.as_dict()
        response = self._http.send(request, stream=True)
        try:
            if not response.is_success:
                response.read()
                raise protocol.refused(response)
            yield response.iter_bytes()
        finally:
            response.close()

    def _check_open(self) -> None:
        if self._http.is_closed:
            raise ClientClosed

    def _answer(self, call: Call[M]) -> httpx.Response:
        self._check_open()
        attempt = 0
        while True:
            try:
                outcome: httpx.Response | httpx.TransportError = self._http.send(call.request(self._http))
            except httpx.TransportError as error:
                outcome = error
            delay = protocol.retry_delay(attempt, outcome)
            if delay is None:
                if isinstance(outcome, httpx.TransportError):
                    raise protocol.unreachable(self.address, outcome) from None
                return outcome
            time.sleep(delay)
            attempt += 1
