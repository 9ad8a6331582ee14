"""The three Celery tasks; what they do is in ``advance``, ``perform`` and ``mapping``."""

from __future__ import annotations

from celery import Celery

from service.queue.messenger import ADVANCE, MAP, PERFORM
from service.worker.activity import Activity
from service.worker.advance import run_advance
from service.worker.context import WorkerContext
from service.worker.mapping import run_map
from service.worker.perform import run_task
from service.worker.requests import AnsweredRequest


def register(app: Celery, context: WorkerContext, activity: Activity) -> None:
    """Bind the tasks to the context of this process, and note when they run."""

    def advance(job_id: str) -> None:
        with activity.task():
            run_advance(context, job_id)

    def perform(task_id: int) -> None:
        with activity.task():
            run_task(context, task_id)

    def compute_map(map_id: str) -> None:
        with activity.task():
            run_map(context, map_id)

    app.task(name=ADVANCE, Request=AnsweredRequest)(advance)
    app.task(name=PERFORM, Request=AnsweredRequest)(perform)
    app.task(name=MAP, Request=AnsweredRequest)(compute_map)
