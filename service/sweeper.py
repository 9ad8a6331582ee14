"""The sweeper process: ``python -m service.sweeper``. It mends what crashes have left, every two seconds."""

from __future__ import annotations

import signal
import threading

from service import logs
from service.lifecycle.pulse import Pulse
from service.lifecycle.sweeper import Sweeper
from service.queue.messenger import CeleryMessenger, celery_application
from service.settings import Settings
from service.tables.database import Database


def main() -> None:
    """Sweep until SIGTERM."""
    logs.configure("sweeper")
    settings = Settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    database = Database(settings.store_url())
    messenger = CeleryMessenger(celery_application(settings.queue_url()))
    pulse = Pulse(database, "sweeper")
    Sweeper(database, messenger, settings.keep_days, alive=pulse.beat).keep_sweeping(stop.wait)
    pulse.leave()
    database.close()


if __name__ == "__main__":
    main()
