"""An array of jobs of the service, as a handle for asynchronous code: refresh it, wait for it, stop it."""

from __future__ import annotations

import asyncio
import time

from api_schemas.arrays import JobArray
from api_schemas.jobs import CancelledJobs
from orichalcum import calls
from orichalcum.arrays import POLL_SECONDS
from orichalcum.async_jobs import AsyncJobHandle
from orichalcum.connection import AsyncConnection
from orichalcum.exceptions import StillRunning
from orichalcum.handles import SeenArray


class AsyncArrayHandle(SeenArray):
    """A submitted array. ``array`` is what the service last said of it."""

    def __init__(self, client: AsyncConnection, array: JobArray) -> None:
        """Hold an array that ``client`` received."""
        self._client = client
        self.array = array

    @property
    def jobs(self) -> list[AsyncJobHandle]:
        """Its jobs, in the order of the values (`job.array_values`)."""
        return [AsyncJobHandle(self._client, job) for job in self.array.items]

    async def refresh(self) -> JobArray:
        """Ask the service how its jobs stand.

        Raises:
            NotFound: if all of them were deleted.
        """
        self.array = await self._client.send(calls.array(self.id))
        return self.array

    async def wait(self, timeout: float | None = None) -> JobArray:  # noqa: ASYNC109  (as in the twin)
        """Wait until all of its jobs have ended.

        Args:
            timeout: Longest wait, s; None waits as long as it takes.

        Raises:
            StillRunning: if they have not ended in time.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while await self.refresh() and not self.ended:
            if deadline is not None and time.monotonic() >= deadline:
                raise StillRunning(self.id, self.standing)
            await asyncio.sleep(POLL_SECONDS)
        return self.array

    async def cancel(self) -> CancelledJobs:
        """Stop those of its jobs that have not ended; what they found so far stays."""
        return await self._client.send(calls.cancel_jobs({"array": self.id}))
