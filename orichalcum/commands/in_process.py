"""Commands that compute in this process, without a service: run and evaluate."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from orichalcum import local
from orichalcum.commands.service_jobs import Json, ProblemFile
from orichalcum.reporting import (
    INTERRUPTED,
    messages,
    naming,
    note,
    output,
    print_json,
    read_problem,
    reporting,
)

Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option(envvar="ORICHALCUM_DEVICE", help="Where to compute; auto takes a GPU if there is one."),
]


@reporting
def run(file: ProblemFile, json: Json = False, device: Device = "auto") -> None:
    """Solve a problem in this process. Ctrl-C stops it and prints the best so far."""
    from orichalcum import display
    from orichalcum.progress import JobProgress

    problem = read_problem(file)
    try:
        with naming(file), JobProgress(messages(), problem.objectives) as progress:
            answer, code = local.run(problem, progress, device=device), 0
    except local.Interrupted as stop:
        answer, code = stop.result, INTERRUPTED
        note("interrupted; the best so far:")
    if json:
        print_json(answer)
    else:
        display.show(output(), display.result(answer, problem.objectives))
    raise typer.Exit(code)


@reporting
def evaluate(
    file: ProblemFile,
    at: Annotated[
        str | None,
        typer.Option(help='The composition, e.g. "cation:Al=0.8,Sc=0.2"; ";" between sublattices.'),
    ] = None,
    fixed_geometry: Annotated[
        bool,
        typer.Option("--fixed-geometry", help="Relax nothing: energy, forces, stress and dE/dλ as given."),
    ] = False,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Evaluate one composition in this process: properties, gradients, structure, cost."""
    from orichalcum import display
    from orichalcum.progress import JobProgress

    problem = read_problem(file)
    if fixed_geometry:
        with naming(file):
            fixed = local.evaluate_fixed_geometry(problem, at, device=device)
        if json:
            print_json(fixed)
        else:
            display.show(output(), display.fixed_geometry(fixed))
        return
    with naming(file), JobProgress(messages(), problem.objectives) as progress:
        answer = local.evaluate(problem, at, device=device, on_call=progress.called)
    if json:
        print_json(answer)
    else:
        display.show(output(), display.evaluation(answer))
