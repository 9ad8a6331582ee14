"""The worker process: ``python -m service.worker``. It is started by exec, never forked from a process with torch."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

import psutil
import structlog
from celery.worker import state as celery_state

from service import logs
from service.queue.messenger import CeleryMessenger, celery_application
from service.queue.queues import queues_for
from service.settings import Settings
from service.tables.database import Database
from service.work.in_store import WorkInStore
from service.work.work import OUT_OF_REACH, OutOfReach, Refused, Work
from service.worker.activity import Activity
from service.worker.computation import batches, mapped, performed, plan_of, pointed
from service.worker.context import WorkerContext
from service.worker.device import DeviceUnavailable, chosen_device, share_threads
from service.worker.fetching import fetch
from service.worker.heartbeat import Heartbeat
from service.worker.limits import Limits
from service.worker.patience import BadAddress
from service.worker.remote import RemoteWork
from service.worker.tasks import register

EXIT_REFUSED = 78
"""Exit code of a worker that cannot work as configured (EX_CONFIG): starting it again would not help."""


EXIT_ABANDONED = 75
"""Exit code of a worker that ended itself to end a computation (EX_TEMPFAIL): it should be started again at once."""

_LOOK_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute until SIGTERM, or until a limit is reached; returns the exit code."""
    options = _options(arguments)
    logs.configure("worker")
    settings = Settings()
    try:
        device = chosen_device(options.device or settings.device)
    except DeviceUnavailable as refusal:
        return _refuse(str(refusal))
    if options.url is None and settings.broker_url is None:
        return _refuse(
            "a worker beside the store needs ORICHALCUM_BROKER_URL (and ORICHALCUM_DATABASE_URL); "
            "one that fetches work over HTTPS needs --url"
        )
    threads = share_threads(options.workers)
    host = "".join(
        one if one.isascii() and (one.isalnum() or one in ".-") else "-" for one in socket.gethostname()
    )
    # Behind HTTPS the process number says nothing, and the name is bounded.
    name = f"{host[: 60 if options.url else 100]}-{os.getpid()}-{secrets.token_hex(3)}"
    structlog.get_logger(__name__).info("worker starts", worker=name, device=device, threads=threads)
    activity = Activity()
    # Counted from the start of the process: imports take long on the disks of some clusters.
    begun = time.time() - psutil.Process().create_time()
    walltime = None if options.walltime is None else options.walltime - begun
    limits = Limits(activity, options.idle_timeout, walltime)
    if options.url is not None:
        return _work_remotely(options, settings, name, device, activity, limits)
    return _work_beside_the_store(settings, name, device, activity, limits)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compute for the Orichalcum service.")
    parser.add_argument("--workers", type=int, default=1, help="worker processes that share this machine")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="instead of ORICHALCUM_DEVICE")
    parser.add_argument(
        "--url", help="fetch work from the service at this address; the key is ORICHALCUM_API_KEY"
    )
    parser.add_argument("--idle-timeout", type=float, help="end after so many seconds without anything to do")
    parser.add_argument("--walltime", type=float, help="have ended so many seconds after the start")
    return parser.parse_args(arguments)


def _refuse(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return EXIT_REFUSED


def _context(
    work: Work, device: str, stopping: Callable[[], bool], abandon: Callable[[], None]
) -> WorkerContext:
    return WorkerContext(
        device=device,
        work=work,
        perform=performed,
        batches=batches,
        plan=plan_of,
        surrogate_map=mapped,
        surrogate_point=pointed,
        stopping=stopping,
        abandon=abandon,
    )


def _work_beside_the_store(
    settings: Settings, name: str, device: str, activity: Activity, limits: Limits
) -> int:
    database = Database(settings.store_url())
    app = celery_application(settings.queue_url())
    queues = queues_for(device, settings.routes)
    messenger = CeleryMessenger(app)
    work = WorkInStore(database, messenger, name, queues)
    context = _context(work, device, _stopping, lambda: _abandon(work))
    register(app, context, activity)
    heartbeat = Heartbeat(work, device, queues, activity, messenger.depth, deaf=context.abandon)
    heartbeat.start()
    watched = threading.Thread(target=_end_at_limits, args=(limits, heartbeat.ended), daemon=True)
    watched.start()
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


def _end_at_limits(limits: Limits, ended: threading.Event) -> None:
    """Ask this process to stop, as others would, once a limit is reached."""
    while not ended.wait(_LOOK_SECONDS):
        if (why := limits.reached) is not None:
            structlog.get_logger(__name__).info("worker ends", why=why)
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _work_remotely(
    options: argparse.Namespace,
    settings: Settings,
    name: str,
    device: str,
    activity: Activity,
    limits: Limits,
) -> int:
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())

    def stopping() -> bool:
        return told.is_set() or limits.reached is not None

    key = None if settings.api_key is None else settings.api_key.get_secret_value().strip()
    try:
        work = RemoteWork(options.url, key, name, device, stopping)
        queues = work.arrive()
    except BadAddress as bad:
        return _refuse(f"--url {bad}")
    except Refused as refused:
        return _refuse(f"the service at {options.url} refuses this worker: {refused}")
    except OutOfReach as away:
        return 0 if stopping() else _refuse(f"{options.url}: {away}")
    context = _context(work, device, stopping, lambda: _begin_anew(options, work, stopping))
    heartbeat = Heartbeat(work, device, queues, activity)
    heartbeat.start()
    try:
        fetch(context, activity, limits, name)
    except Refused as refused:
        return _refuse(f"the service at {options.url} refuses this worker: {refused}")
    finally:
        heartbeat.stop()
        work.close()
    why = limits.reached or ("it was told to stop" if told.is_set() else "the wall time is near")
    structlog.get_logger(__name__).info("worker ends", worker=name, why=why)
    return 0


def _begin_anew(options: argparse.Namespace, work: RemoteWork, stopping: Callable[[], bool]) -> NoReturn:
    """End a computation that does not return: by a new process in the place of this one, for nobody else starts one."""
    with suppress(*OUT_OF_REACH):
        work.leave()
    if stopping():
        os._exit(0)
    command = [sys.executable, "-m", "service.worker", "--url", options.url]
    for option, value in (
        ("--workers", options.workers),
        ("--device", options.device),
        ("--idle-timeout", options.idle_timeout),
        ("--walltime", options.walltime),  # the process began when it did
    ):
        if value is not None:
            command += [option, str(value)]
    os.execv(sys.executable, command)  # noqa: S606


def _abandon(work: Work) -> NoReturn:
    """Sign off, and end this process at once, whatever its other threads do."""
    try:
        work.leave()
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
