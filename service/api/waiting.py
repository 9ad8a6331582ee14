"""``Prefer: wait=N`` (RFC 7240) and entity tags (RFC 9110): clients that would rather wait than ask again."""

from __future__ import annotations

import json
import re
import time
from zlib import crc32

from anyio.to_thread import run_sync

from api_schemas.jobs import FINAL_STATES, Job
from service.api.caller import Caller, key_ended
from service.api.context import Context
from service.lifecycle import actions
from service.lifecycle.notice import notices
from service.repositories import jobs

LONGEST_WAIT = 30.0
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)


def preferred_wait(prefer: str | None) -> float:
    """Seconds that a Prefer header asks to wait, at most 30; 0 where it asks for nothing that is known here."""
    found = _WAIT.search(prefer or "")
    return 0.0 if found is None else min(LONGEST_WAIT, float(found.group(1)))


def applied(prefer: str | None) -> dict[str, str]:
    """Header that tells which preference was heeded."""
    seconds = preferred_wait(prefer)
    return {"Preference-Applied": f"wait={seconds:.0f}"} if seconds else {}


def entity_tag(job: Job, last_event: int) -> str:
    """Changes whenever the job does: its own changes append events; what is said and written of it is summed up."""
    said = json.dumps([job.notice, job.name, job.note, job.starred, job.tags])
    return f'"{job.id}-{last_event}-{crc32(said.encode()):08x}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether the client already has this version."""
    given = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    return tag in given or "*" in given


async def settled(
    context: Context, caller: Caller, job_id: str, seconds: float, known: str | None = None
) -> tuple[Job, str]:
    """The job and its tag: now, or once it has finished (or differs from what the client has), or after ``seconds``.

    Raises:
        NotFound: if the tenant has no such job.
        Unauthorized: if the caller's key ends meanwhile.
    """
    deadline = time.monotonic() + seconds
    with context.tail.watching(job_id, caller.key):
        while True:
            job, last_event = await run_sync(_current, context, caller.tenant, job_id)
            tag = entity_tag(job, last_event)
            left = deadline - time.monotonic()
            changed = known is not None and not matches(known, tag)
            if job.state in FINAL_STATES or changed or left <= 0 or context.stopping():
                return job, tag
            await context.tail.wait(job_id, last_event, min(left, 1.0))
            if context.tail.has_ended(caller.key):
                raise key_ended()


def _current(context: Context, tenant: str, job_id: str) -> tuple[Job, int]:
    with context.database.reading() as session:
        row = actions.find(session, tenant, job_id)
        (job,) = jobs.public(session, [row], notices=notices(session, [row]))
        return job, row.last_event
