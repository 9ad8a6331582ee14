"""The work of those who have the store at hand: the workers beside it, and the API for workers behind HTTPS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from api_schemas.errors import ProblemDetail
from api_schemas.jobs import FINAL_STATES
from api_schemas.tasks import Record
from service.lifecycle import finish, states
from service.lifecycle.dispatch import enqueue, enqueue_maps
from service.lifecycle.following import begin_settled
from service.queue.messenger import Messenger
from service.queue.queues import QUEUE
from service.repositories import asking, checkpoints, events, jobs, maps, parts, progress, tasks, turns
from service.repositories.maps import MapClaim
from service.repositories.parts import Beat
from service.repositories.progress import JobProgress
from service.repositories.references import SqlReferenceStore
from service.repositories.tasks import LEASE_SECONDS, Claim
from service.tables.database import Database, now
from service.tables.jobs import JobRow
from service.tables.maps import MapRow
from service.tables.tasks import TaskRow
from service.work import steps
from service.work.work import Behind, Held, Message, Outcome, Step, StepClaim

_DIGITS = 18
"""Of the number of a task: the store keeps it in 64 bits."""

_TRIES = 8
"""So often something is looked for that others may be faster to take."""


class WorkInStore:
    """`service.work.work.Work` on the database.

    Args:
        database: The store.
        messenger: Of what follows from what is stored, others are told.
        worker: Who computes.
        queues: Those that it serves.
        tenant: Whose work it may see; None for everybody's.
    """

    lease_seconds = LEASE_SECONDS

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        worker: str,
        queues: Sequence[str] = (QUEUE,),
        tenant: str | None = None,
    ) -> None:
        self._database, self._messenger = database, messenger
        self._worker, self._queues, self._tenant = worker, queues, tenant

    def claim(self, message: Message | None) -> Held | None:
        """Something to compute: of a message, or whatever of this tenant comes next."""
        if message is None:
            return self._next_map() or self._next_step() or self._task(None)
        if message.sort == "task":
            return self._task(cast("int", message.id))
        if message.sort == "map":
            return self._map(str(message.id))
        found = self._step(str(message.id))
        if found is None:
            self._dispatch(str(message.id))
        return found

    def _task(self, message: int | None) -> Claim | None:
        """Claim the task whose turn it is; another worker may be faster, and then it is the turn of another task."""
        for _ in range(_TRIES):
            with self._database.reading() as session:
                task_id = turns.next_task(session, message, self._queues, self._tenant)
            if task_id is None:
                return None
            with self._database.writing() as session:
                found = tasks.claim(session, task_id, self._worker)
            if found is not None or task_id == message:
                return found
        return None

    def _step(self, job_id: str) -> StepClaim | None:
        with self._database.writing() as session:
            return steps.claim(session, job_id, self._worker)

    def _map(self, map_id: str) -> MapClaim | None:
        with self._database.writing() as session:
            return maps.claim(session, map_id, self._worker)

    def _next_step(self) -> StepClaim | None:
        if self._tenant is None:
            return None
        with self._database.reading() as session:
            waiting = steps.due(session, self._tenant, self._queues, _TRIES)
        return next((found for one in waiting if (found := self._step(one)) is not None), None)

    def _next_map(self) -> MapClaim | None:
        if self._tenant is None:
            return None
        with self._database.reading() as session:
            waiting = maps.pending(session, self._tenant, self._queues, _TRIES)
        return next((found for one in waiting if (found := self._map(one)) is not None), None)

    def held(self, sort: str, identifier: str, attempt: int) -> Held | None:
        """What this worker holds by that name under that attempt; None where it holds no such thing (any more)."""
        with self._database.reading() as session:
            if sort == "task":
                known = identifier.isdecimal() and len(identifier) <= _DIGITS
                return self._held_task(session, int(identifier), attempt) if known else None
            if sort == "step":
                job = jobs.get(session, identifier)
                mine = job is not None and job.advance_worker == self._worker
                if job is None or not mine or job.advance_attempt != attempt or job.advance_until is None:
                    return None
                return StepClaim(job.id, attempt, job.problem, ()) if self._sees(job) else None
            row = session.get(MapRow, identifier)
            job = None if row is None else jobs.get(session, row.job_id)
            if row is None or job is None or not self._sees(job):
                return None
            mine = row.worker == self._worker and row.attempt == attempt and row.state == "running"
            return maps.claimed(row, job) if mine else None

    def _held_task(self, session: Session, task_id: int, attempt: int) -> Claim | None:
        row = session.get(TaskRow, task_id)
        job = None if row is None else jobs.get(session, row.job_id)
        if row is None or job is None or not self._sees(job) or row.leader is not None:
            return None
        if row.worker != self._worker or row.attempt != attempt or row.state != "running":
            return None
        return tasks.claimed(job, tasks.members(session, row))

    def _sees(self, job: JobRow) -> bool:
        return self._tenant is None or job.tenant == self._tenant

    def renew(self, held: Held) -> bool:
        """Extend a claim; False if it is no longer ours."""
        with self._database.writing() as session:
            if isinstance(held, Claim):
                return tasks.renew(session, held)
            return maps.renew(session, held) if isinstance(held, MapClaim) else steps.renew(session, held)

    def unwanted(self, held: Held) -> bool:
        """Whether what is held is of no use any more; a map outlives the search of its job."""
        if isinstance(held, MapClaim):
            return False
        with self._database.reading() as session:
            found = jobs.position(session, held.job_id)
            if found is None or found[2] or found[0] in FINAL_STATES:
                return True
            return isinstance(held, Claim) and jobs.overdue(session, held.job_id)

    def give_back(self, held: Held, wait: float | None = None) -> bool:
        """Give up a claim, uncounted; False if it is no longer ours."""
        with self._database.writing() as session:
            if isinstance(held, Claim):
                return tasks.release(session, held, wait)
            if isinstance(held, MapClaim):
                return maps.release(session, held)
            ours = steps.give_back(session, held)
        self._dispatch(held.job_id)
        return ours

    def give_back_all(self) -> None:
        """Give back whatever this worker holds: it does not know of it, for the answer to its claim was lost."""
        with self._database.reading() as session:
            mine = (TaskRow.worker == self._worker, TaskRow.state == "running", TaskRow.leader.is_(None))
            found: list[Held | None] = [
                self._held_task(session, row.id, row.attempt)
                for row in session.execute(select(TaskRow.id, TaskRow.attempt).where(*mine))
            ]
            stepping = (JobRow.advance_worker == self._worker, JobRow.advance_until.is_not(None))
            found += [
                StepClaim(row.id, row.advance_attempt, "", ())
                for row in session.execute(select(JobRow.id, JobRow.advance_attempt).where(*stepping))
            ]
            mapping = select(MapRow, JobRow).join(JobRow, JobRow.id == MapRow.job_id)
            for row, job in session.execute(
                mapping.where(MapRow.worker == self._worker, MapRow.state == "running")
            ):
                found.append(maps.claimed(row, job))
        for one in found:
            if one is not None:
                self.give_back(one)
                enqueue(self._database, self._messenger, one.job_id)

    def fail(self, held: Held, failure: ProblemDetail) -> None:
        """End the job of what is held, or the map, with what went wrong."""
        with self._database.writing() as session:
            if isinstance(held, MapClaim):
                told = asking.done(session, held.job_id)
                maps.store(session, held, told, failure=failure.model_dump_json())
            elif isinstance(held, StepClaim):
                job = steps.ours(session, held)
                if job is not None:
                    finish.fail(session, job, failure)
            else:
                job = jobs.locked(session, held.job_id)
                if job is not None and tasks.release(session, held) and not states.is_final(job):
                    finish.fail(session, job, failure)
        if isinstance(held, StepClaim):
            self._dispatch(held.job_id)

    def say(self, held: Claim, words: str) -> None:
        """Store what is being done for a task, and tell those who watch its job."""
        with self._database.writing() as session:
            job = jobs.locked(session, held.job_id)
            if job is not None and progress.say(session, held.task_id, held.attempt, words):
                events.append_progress(session, job, now(session))

    def records(self, held: Claim | MapClaim) -> Sequence[tuple[str, str]]:
        """Unit and document of every stored record of the job."""
        with self._database.reading() as session:
            return tasks.records(session, held.job_id)

    def cached(self, held: Claim, keys: Sequence[str]) -> Sequence[str | None]:
        """Records of the same tasks in any job of the same tenant."""
        with self._database.reading() as session:
            return [tasks.cached(session, held, key) for key in keys]

    def references(self, held: Claim) -> SqlReferenceStore:
        """What evaluations of the tenant share."""
        return SqlReferenceStore(self._database, held.tenant, self._worker)

    def give_back_references(self) -> None:
        """Let others compute the shared values that this worker began and did not store."""
        SqlReferenceStore(self._database, worker=self._worker).give_back()

    def has_computed_for(self, job_id: str) -> bool:
        """Whether this worker has stored something of a job of its tenant."""
        mine = (TaskRow.job_id == job_id, TaskRow.worker == self._worker, TaskRow.state == "done")
        with self._database.reading() as session:
            job = jobs.get(session, job_id)
            if job is None or not self._sees(job):
                return False
            return session.scalars(select(TaskRow.id).where(*mine).limit(1)).one_or_none() is not None

    def checkpoint(self, held: Claim) -> bytes | None:
        """The checkpoint of a task, or else of the one that it continues."""
        with self._database.reading() as session:
            data = checkpoints.of_task(session, held.task_id)
            if data is None and held.continues is not None:
                data = checkpoints.of_continued(session, held.task_id)
            return data

    def save(self, held: Claim, data: bytes) -> bool:
        """Store a checkpoint in place of the one before; False if the task is no longer ours."""
        with self._database.writing() as session:
            return checkpoints.save(session, held.task_id, held.attempt, data)

    def store_task(self, held: Claim, outcome: Outcome) -> int:
        """Store the records of a batch together; how many the job has now, 0 if the claim is no longer ours."""
        count, last = 0, len(outcome.records) - 1
        with self._database.writing() as session:
            for number, (one, record) in enumerate(zip(held.batch, outcome.records, strict=True)):
                count = tasks.store(
                    session,
                    one,
                    record,
                    outcome.progress if number == last else None,
                    completed=outcome.completed if number == last else (),
                    content_key=outcome.keys[number] if outcome.keys else None,
                    from_cache=outcome.from_cache,
                    together=len(held.batch),
                )
                if not count:
                    break  # they are held together, so none of them is ours
        enqueue(self._database, self._messenger, held.job_id)
        return count

    def store_step(self, held: StepClaim, step: Step) -> bool:
        """Store what follows in a job; False if the claim is no longer ours."""
        with self._database.writing() as session:
            job = steps.ours(session, held)
            if job is not None:
                steps.store(session, job, step)
        self._dispatch(held.job_id)
        return job is not None

    def store_map(self, held: MapClaim, told: int, answer: str) -> bool:
        """Store a map; False if the claim is no longer ours."""
        with self._database.writing() as session:
            return maps.store(session, held, told, answer=answer)

    def behind(self, job_id: str) -> Behind | None:
        """The records of a job whose progress lags behind them."""
        with self._database.reading() as session:
            job = jobs.get(session, job_id)
            if job is None or states.is_final(job) or job.told == asking.done(session, job_id):
                return None
            return Behind(job.problem, tasks.records(session, job_id))

    def catch_up(self, job_id: str, progress: JobProgress, completed: Sequence[Record]) -> bool:
        """Store how far a job is; False where yet another record came meanwhile."""
        with self._database.writing() as session:
            job = jobs.locked(session, job_id)
            if job is None or states.is_final(job):
                return True
            tasks.complete(session, job_id, completed)
            if asking.done(session, job_id) != progress.told:
                return False
            if progress.note(job):
                events.append_progress(session, job, now(session))
            return True

    def end_cancelled(self, job_id: str, *, known: bool) -> bool:
        """End a job that is being cancelled with the answer so far; whether it is being cancelled."""
        with self._database.writing() as session:
            job = jobs.locked(session, job_id)
            cancelling = job is not None and job.state == "cancelling"
            if job is not None and cancelling and known:
                finish.cancel(session, job)
        return cancelling

    def beat(self, said: Beat) -> None:
        """Say that this worker is alive."""
        with self._database.writing() as session:
            parts.beat(session, self._worker, said)

    def leave(self) -> None:
        """Sign off."""
        with self._database.writing() as session:
            parts.leave(session, self._worker)

    def _dispatch(self, job_id: str) -> None:
        enqueue(self._database, self._messenger, job_id)
        enqueue_maps(self._database, self._messenger, job_id)
        begin_settled(self._database, self._messenger)
