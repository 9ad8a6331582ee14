"""The three Celery tasks; what they do is in ``advance``, ``evaluation`` and ``mapping``."""

from __future__ import annotations

from celery import Celery

from service.queue.messenger import ADVANCE, EVALUATE, MAP
from service.worker.activity import Activity
from service.worker.advance import run_advance
from service.worker.context import WorkerContext
from service.worker.mapping import run_map
from service.worker.perform import run_evaluation
from service.worker.requests import AnsweredRequest


def register(app: Celery, context: WorkerContext, activity: Activity) -> None:
    """Bind the tasks to the context of this process, and note when they run."""

    def advance(job_id: str) -> None:
        with activity.task():
            run_advance(context, job_id)

    def evaluate(evaluation_id: int) -> None:
        with activity.task():
            run_evaluation(context, evaluation_id)

    def compute_map(map_id: str) -> None:
        with activity.task():
            run_map(context, map_id)

    app.task(name=ADVANCE, Request=AnsweredRequest)(advance)
    app.task(name=EVALUATE, Request=AnsweredRequest)(evaluate)
    app.task(name=MAP, Request=AnsweredRequest)(compute_map)
