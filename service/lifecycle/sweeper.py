"""What crashes have left is mended every two seconds.

Claims that are not renewed are handed on (`service.lifecycle.claims`), messages that a broker lost are sent again, and
cancelled jobs that no worker ended are ended. Two sweepers at a time do no harm: each mends under the lock of the job,
and finds nothing to do where the other was faster.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from kombu.exceptions import KombuError
from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api_schemas.jobs import ACTIVE_STATES
from service.lifecycle import finish, states
from service.lifecycle.claims import Claims, apart
from service.lifecycle.dispatch import enqueue, enqueue_maps, jobs_to_serve
from service.lifecycle.following import begin_settled
from service.queue.messenger import Messenger
from service.repositories import asking, idempotency, jobs, maps, parts, tallies, tasks
from service.repositories.tallies import DAY_SECONDS
from service.tables.database import Database, now
from service.tables.jobs import JobRow
from service.tables.tasks import TaskRow

SWEEP_SECONDS = 2.0
LOOK_SECONDS = 0.5
CANCEL_GRACE_SECONDS = 1.0
"""How long workers may take to end a cancelled job themselves."""

LIMIT_GRACE_SECONDS = 8.0
"""How long workers may take to end a job whose time limit has passed."""

DELETED_AT_ONCE = 100
MESSAGE_LOST_SECONDS = 5.0
"""A message this old, while the queue is empty, has been lost."""

MESSAGE_OLD_SECONDS = 300.0
"""A message this old is sent again in any case."""

_log = structlog.get_logger(__name__)


class Sweeper:
    """Mends what crashes have left.

    Args:
        database: The store.
        messenger: The queue.
        keep_days: Days after which finished jobs are deleted; None for never.
        claims: The claims as this sweeper has watched them.
        alive: Called again and again, also within long rounds: the sweeper goes on.
    """

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        keep_days: float | None = None,
        claims: Claims | None = None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._messenger, self._keep_days = database, messenger, keep_days
        self._claims = claims or Claims(database)
        self._alive = alive

    def look(self) -> None:
        """See which claims are renewed, and end the jobs that somebody waits for the end of."""
        self._claims.look()
        end_cancelled(self._database)
        end_overdue(self._database, self._messenger)
        begin_settled(self._database, self._messenger)
        self._alive()

    def sweep(self) -> None:
        """Look, and mend everything once."""
        database, messenger = self._database, self._messenger
        self.look()
        self._claims.mend()
        mend_maps(database, messenger)
        with database.reading() as session:
            queues = jobs.queues_in_use(session)
        for queue in queues:
            depth = messenger.depth(queue)
            if depth is None:
                _log.warning("broker unreachable")
                break
            age = MESSAGE_LOST_SECONDS if depth == 0 else MESSAGE_OLD_SECONDS
            for job_id in _to_send_again(database, queue, age):
                self._alive()
                enqueue(database, messenger, job_id)
        with database.writing() as session:
            idempotency.forget_old(session)
            parts.forget_old(session)
            tallies.forget_old_quotas(session, int(now(session) // DAY_SECONDS))
        if self._keep_days is not None:
            delete_old(database, self._keep_days * DAY_SECONDS, self._alive)

    def keep_sweeping(self, stopped: Callable[[float], bool]) -> None:
        """Sweep every two seconds, and look in between, until ``stopped`` (which waits) is true."""
        rounds = round(SWEEP_SECONDS / LOOK_SECONDS)
        count = 0
        while True:
            try:
                if count % rounds == 0:
                    self.sweep()
                else:
                    self.look()
            except (SQLAlchemyError, KombuError) as error:
                _log.warning("a sweep failed", error=type(error).__name__)
            count += 1
            if stopped(LOOK_SECONDS):
                return


def mend_maps(database: Database, messenger: Messenger) -> None:
    """Send messages about maps again that were lost."""
    with database.reading() as session:
        waiting = maps.waiting(session, *_sent(now(session), MESSAGE_LOST_SECONDS))
    depths = {queue: messenger.depth(queue) for queue in {queue for queue, _ in waiting}}
    for queue, job_id in waiting:
        if (depth := depths[queue]) is None:
            continue
        age = MESSAGE_LOST_SECONDS if depth == 0 else MESSAGE_OLD_SECONDS
        with database.writing() as session:
            maps.forget_old_messages(session, job_id, *_sent(now(session), age))
        enqueue_maps(database, messenger, job_id)


def _sent(at: float, age: float) -> tuple[float, float]:
    """Moments between which a message was sent that is not lost; one of the future is from before a clock was set."""
    return at - age, at + parts.AHEAD_SECONDS


def end_cancelled(database: Database) -> None:
    """End jobs that were cancelled a moment ago and that no worker has ended: also with no worker at all."""
    with database.reading() as session:
        at = now(session)
        late = or_(
            JobRow.cancel_requested_at < at - CANCEL_GRACE_SECONDS,
            JobRow.cancel_requested_at > at + parts.AHEAD_SECONDS,  # the clock was set back since
        )
        found = list(session.scalars(select(JobRow.id).where(JobRow.state == "cancelling", late)))
    for job_id in found:
        with apart(job_id), database.writing() as session:
            job = jobs.locked(session, job_id)
            if job is not None and job.state == "cancelling":
                finish.cancel(session, job)


def end_overdue(database: Database, messenger: Messenger) -> None:
    """Let workers end jobs whose time limit has passed, and end them here where no worker has done so."""
    with database.reading() as session:
        found = list(
            session.scalars(select(JobRow.id).where(JobRow.state == "running", jobs.past_limit(session)))
        )
    for job_id in found:
        with apart(job_id), database.writing() as session:
            job = jobs.locked(session, job_id)
            if job is None or job.state != "running" or not jobs.overdue(session, job_id):
                continue
            if (job.started_at or 0.0) + (job.time_limit or 0.0) < now(session) - LIMIT_GRACE_SECONDS:
                finish.out_of_time(session, job)
            elif job.advance_until is None and not job.needs_advance:
                # The next step sees that the time is over, and works out the answer so far.
                tasks.drop_unfinished(session, job_id)
                job.needs_advance = True
                job.advance_enqueued_at = None
        enqueue(database, messenger, job_id)


def delete_old(database: Database, seconds: float, alive: Callable[[], None] = lambda: None) -> None:
    """Delete some of the jobs that finished this long ago; large ones take long, so ``alive`` is called at each."""
    with database.reading() as session:
        old = JobRow.finished_at < now(session) - seconds
        found = list(session.scalars(select(JobRow.id).where(old).limit(DELETED_AT_ONCE)))
    for job_id in found:
        alive()
        with database.writing() as session:
            job = jobs.locked(session, job_id)
            if job is not None and states.is_final(job):
                jobs.remove(session, job)


def _to_send_again(database: Database, queue: str, age: float) -> list[str]:
    """Jobs of a queue that may need messages, after those that are older than ``age`` have been taken for lost."""
    with database.writing() as session:
        before, after = _sent(now(session), age)
        of_queue = select(JobRow.id).where(JobRow.queue == queue, JobRow.state.in_(ACTIVE_STATES))
        session.execute(
            update(TaskRow)
            .where(
                TaskRow.state == "pending",
                or_(TaskRow.enqueued_at < before, TaskRow.enqueued_at > after),
                TaskRow.job_id.in_(of_queue),
            )
            .values(enqueued_at=None)
        )
        lost = or_(JobRow.advance_enqueued_at < before, JobRow.advance_enqueued_at > after)
        session.execute(
            update(JobRow)
            .where(JobRow.needs_advance, lost, JobRow.queue == queue)
            .values(advance_enqueued_at=None)
        )
        asking.part_from_done(session)
        _ask_for_forgotten_steps(session)
        return jobs_to_serve(session, queue)


def _ask_for_forgotten_steps(session: Session) -> None:
    """A running job with nothing outstanding and no step due would never move again."""
    outstanding = select(TaskRow.id).where(TaskRow.job_id == JobRow.id, TaskRow.state != "done")
    session.execute(
        update(JobRow)
        .where(
            JobRow.state.in_(("queued", "running")),
            JobRow.needs_advance.is_(False),
            ~JobRow.waiting,
            JobRow.advance_until.is_(None),
            ~outstanding.exists(),
        )
        .values(needs_advance=True, advance_enqueued_at=None)
    )
