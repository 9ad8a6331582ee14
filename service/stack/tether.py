"""Run a command that dies with its parent: ``python tether.py PARENT_PID COMMAND...``.

On Linux the kernel is asked to kill this process when its parent dies, and the command then takes its place. Elsewhere
this process stays between the two, and ends the command when standard input, a pipe held by the parent, is closed.
Run by path with ``-I -S``: it imports nothing but the standard library, so starting it costs milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Become, or guard, the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            return 1  # the parent died before the kernel was asked
        os.execvp(command[0], command)  # noqa: S606  (the command is the supervisor's own)
    return _guard(command)


def _guard(command: list[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)  # noqa: S603

    def end_with_parent() -> None:
        while os.read(0, 1):
            pass
        child.kill()

    threading.Thread(target=end_with_parent, daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
