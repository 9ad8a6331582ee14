"""Solving and evaluating in this process, from Python: the commands ``run`` and ``evaluate`` as functions."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from api_schemas.problem import Problem, ProblemLike
from orichalcum import local
from orichalcum.results import Evaluation, Result

if TYPE_CHECKING:
    from rich.console import Console

Device = Literal["auto", "cpu", "cuda"]


def run(problem: ProblemLike, *, device: Device = "auto", progress: bool | None = None) -> Result:
    """Solve a problem in this process, without a service.

    Args:
        problem: A Problem, a dictionary of its fields, or the path of its file; see `Problem.of`.
        device: Where to compute; auto takes a GPU if there is one.
        progress: Whether to tell of it on standard error; by default where that is a terminal.

    Raises:
        ProblemInvalid: naming the fields at fault.
        ServerExtraMissing: if what computes is not installed.
        LocalFailure: if the potential's weights cannot be had, or the device is not there.
        orichalcum.local.Interrupted: at Ctrl-C, with the best so far as its ``result``.
    """
    from orichalcum.progress import JobProgress

    meant = Problem.of(problem)
    with JobProgress(_console(progress), meant.objectives) as shown:
        solved = local.run(meant, shown, device=device)
    return Result.of(solved.result, meant, solved.map)


def evaluate(
    problem: ProblemLike,
    at: str | Mapping[str, Mapping[str, float]] | None = None,
    *,
    device: Device = "auto",
    progress: bool | None = None,
) -> Evaluation:
    """Relax one composition in this process and differentiate its properties.

    Args:
        problem: A Problem, a dictionary of its fields, the path of its file, or a crystal by itself.
        at: Composition, ``{"cation": {"Al": 0.8, "Sc": 0.2}}`` or ``"cation:Al=0.8,Sc=0.2"``; by default the only one
            of the problem's ``at``.
        device: Where to compute; auto takes a GPU if there is one.
        progress: Whether to tell of it on standard error; by default where that is a terminal.

    Raises:
        ProblemInvalid: naming the fields at fault.
        ServerExtraMissing: if what computes is not installed.
        LocalFailure: if the potential's weights cannot be had, or the device is not there.
    """
    from orichalcum.progress import JobProgress

    meant = Problem.of(problem)
    with JobProgress(_console(progress), meant.objectives) as shown:
        return Evaluation.of(local.evaluate(meant, at, device=device, on_call=shown.called, say=shown.doing))


def _console(progress: bool | None) -> Console:
    """Standard error, or nowhere."""
    from rich.console import Console

    wanted = sys.stderr.isatty() if progress is None else progress
    return Console(stderr=True, highlight=False, quiet=not wanted)
