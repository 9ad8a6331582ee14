"""The worker process: ``python -m service.worker``. It is started by exec, never forked from a process with torch."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

import structlog
from celery.worker import state as celery_state

from service import logs
from service.queue.messenger import CeleryMessenger, celery_application
from service.queue.queues import queues_for
from service.repositories import parts
from service.settings import Settings
from service.tables.database import Database
from service.worker.activity import Activity
from service.worker.computation import batches, mapped, performed, plan_of
from service.worker.context import WorkerContext
from service.worker.device import DeviceUnavailable, chosen_device, share_threads
from service.worker.heartbeat import Heartbeat
from service.worker.tasks import register

EXIT_REFUSED = 78
"""Exit code of a worker that cannot work as configured (EX_CONFIG): starting it again would not help."""


EXIT_ABANDONED = 75
"""Exit code of a worker that ended itself to end a computation (EX_TEMPFAIL): it should be started again at once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute until SIGTERM; returns the exit code."""
    parser = argparse.ArgumentParser(description="Compute for the Orichalcum service.")
    parser.add_argument("--workers", type=int, default=1, help="worker processes that share this machine")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="instead of ORICHALCUM_DEVICE")
    options = parser.parse_args(arguments)
    logs.configure("worker")
    settings = Settings()
    try:
        device = chosen_device(options.device or settings.device)
    except DeviceUnavailable as refusal:
        sys.stderr.write(f"{refusal}\n")
        return EXIT_REFUSED
    threads = share_threads(options.workers)
    name = f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(3)}"
    structlog.get_logger(__name__).info("worker starts", worker=name, device=device, threads=threads)
    database = Database(settings.store_url())
    app = celery_application(settings.queue_url())
    queues = queues_for(device, settings.routes)
    context = WorkerContext(
        name=name,
        device=device,
        database=database,
        messenger=CeleryMessenger(app),
        perform=performed,
        batches=batches,
        plan=plan_of,
        surrogate_map=mapped,
        stopping=_stopping,
        abandon=lambda: _abandon(database, name),
        queues=queues,
    )
    activity = Activity()
    register(app, context, activity)
    heartbeat = Heartbeat(
        database, name, device, queues, activity, context.messenger.depth, deaf=context.abandon
    )
    heartbeat.start()
    try:
        app.worker_main(
            [
                "worker",
                "--pool=solo",
                f"--queues={','.join(queues)}",
                f"--hostname={name}",
                "--loglevel=WARNING",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
            ]
        )
    finally:
        heartbeat.stop()
        database.close()
    return 0


def _abandon(database: Database, name: str) -> NoReturn:
    """Sign off, and end this process at once, whatever its other threads do."""
    try:
        with database.writing() as session:
            parts.leave(session, name)
    finally:
        os._exit(EXIT_ABANDONED)


def _stopping() -> bool:
    # Set by Celery's handlers of SIGTERM and SIGINT to an exit code, which may be 0.
    return any(
        flag is not None and flag is not False
        for flag in (celery_state.should_stop, celery_state.should_terminate)
    )


if __name__ == "__main__":
    sys.exit(main())
