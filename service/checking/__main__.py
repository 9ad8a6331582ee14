"""The process from which the checks are forked, one for each: ``python -m service.checking``, started by the API.

It listens at its standard input, a socket over which the API hands it one end of a new pair of sockets for each check,
and ends when the API does. A check lives no longer than its limits: the kernel ends it, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import selectors
import signal
import socket
import sys

import structlog

from service import logs
from service.checking.examination import converse, warm_up
from service.checking.frames import LIMITS, send

NICENESS = 5
"""Checks leave the processor to whoever answers other requests."""

MEMORY_BYTES = 2 * 2**30
_log = structlog.get_logger(__name__)


def main() -> None:
    """Fork a process for each check until the API is gone."""
    logs.configure("checking")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the API is stopped, and this with it
    control = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    warm_up()
    gc.collect()
    gc.freeze()  # what is shared with the checks is not copied for the sake of their garbage
    woken, waking = socket.socketpair()
    waking.settimeout(0.0)
    signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    under_way: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if woken in ready:
                woken.recv(4096)
                _bury(under_way)
            if control in ready and not _begin(control, under_way):
                return


def _begin(control: socket.socket, under_way: dict[int, socket.socket]) -> bool:
    """Fork the next check; False if the API is gone."""
    try:
        message, files, _, _ = socket.recv_fds(control, LIMITS.size, 1)
    except OSError:
        return False
    if len(message) < LIMITS.size or not files:
        return False
    connection = socket.socket(fileno=files[0])
    pid = os.fork()
    if pid == 0:
        _check(connection, *LIMITS.unpack(message))
    under_way[pid] = connection
    return True


def _check(connection: socket.socket, core_seconds: float, seconds: float) -> None:
    """The life of a check."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, core_seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    code = 1
    try:
        os.nice(NICENESS)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, most))
        converse(connection)
        code = 0
    except (EOFError, BrokenPipeError, ConnectionResetError):
        code = 0  # nobody waits for the answer
    except MemoryError:
        with contextlib.suppress(OSError):
            send(connection, {"ended": signal.SIGPROF})
    except Exception as error:  # noqa: BLE001  (the API says that it failed; the log says why)
        _log.error("a check failed", exc_info=error)
        with contextlib.suppress(OSError):
            send(connection, {"failed": type(error).__name__})
    finally:
        os._exit(code)


def _bury(under_way: dict[int, socket.socket]) -> None:
    """Tell the API of each check that has ended by which signal, and let go of it."""
    while under_way:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with under_way.pop(pid) as connection, contextlib.suppress(OSError):
            if os.WIFSIGNALED(status):
                connection.settimeout(0.0)
                send(connection, {"ended": os.WTERMSIG(status)})


if __name__ == "__main__":
    main()
