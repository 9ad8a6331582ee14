"""BoFire as the outside peer: in an environment of its own, spoken to line by line, so that our pins stay untouched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

NAME = "bofire"
VERSION = "0.5.0"
TORCH = "2.13.0"
_CHILD = Path(__file__).with_name("bofire_child.py")


class PeerError(Exception):
    """The peer cannot be installed or started here; the message says why."""


def environment(folder: Path) -> Path:
    """The Python of an environment with the peer, which is made at the first call.

    Raises:
        PeerError: if pip cannot install it.
    """
    python, done = folder / "bin" / "python", folder / f".{NAME}-{VERSION}"
    if done.exists():
        return python
    print(f"Installing {NAME} {VERSION} into {folder} (once; some minutes)", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    for wanted in ([f"torch=={TORCH}"], [f"torch=={TORCH}", f"{NAME}[optimization]=={VERSION}"]):
        made = subprocess.run(  # noqa: S603  (pip, with our own arguments)
            [python, "-m", "pip", "install", "--quiet", *wanted], capture_output=True, text=True, check=False
        )
        if made.returncode:
            last = made.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
            raise PeerError(f"{NAME} cannot be installed here: {last[0]}")
    done.touch()
    return python


class Peer:
    """A running child process that suggests compositions; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (our own child)
            [environment(folder), "-I", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def ask(self, k: int, seed: int, told: list[list[float]]) -> NDArray[np.float64]:
        """The next composition [k] after rows of k fractions and a loss."""
        if self._process.stdin is None:
            raise PeerError(f"{NAME} is not running")
        self._process.stdin.write(json.dumps({"k": k, "seed": seed, "told": told}) + "\n")
        self._process.stdin.flush()
        x = np.maximum(np.array(self._answer()["x"]), 0.0)
        return x / x.sum()

    def _answer(self) -> dict[str, list[float]]:
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        if not line:
            raise PeerError(f"{NAME} ended with status {self._process.wait()}")
        answer: dict[str, list[float]] = json.loads(line)
        return answer
