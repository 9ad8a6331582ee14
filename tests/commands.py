"""A process of its own for commands of the command line, one after the other: what they import is imported once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = """import json, os, sys, traceback, warnings
from typer.testing import CliRunner
from orichalcum.cli import app
warnings.simplefilter("ignore")
told = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    arguments, environment = json.loads(line)
    done = CliRunner().invoke(app, arguments, env=environment)
    wrong = done.exception is not None and not isinstance(done.exception, SystemExit)
    fault = traceback.format_exception(done.exception) if wrong else []
    told.write(json.dumps([done.exit_code, done.stdout, done.stderr + "".join(fault)]) + "\\n")
    told.flush()
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


class Commands:
    """Runs commands of the command line in a folder and with an environment of their own; to be used as a context."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, **environment: str) -> Done:
        """Run a command, with more of the environment for it alone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([arguments, environment]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the process ended with {self._process.wait()}"
        return Done(*json.loads(answer))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
