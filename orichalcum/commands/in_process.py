"""Commands that compute in this process, without a service: run and evaluate."""

from __future__ import annotations

from pathlib import Path
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

ProblemFiles = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Problem files, YAML or JSON.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option(envvar="ORICHALCUM_DEVICE", help="Where to compute; auto takes a GPU if there is one."),
]


@reporting
def run(
    files: ProblemFiles,
    folder: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Keep each result as NAME.result.json in this folder, and run no file again whose result is there; of "
            "several files by default the folder where you are.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    device: Device = "auto",
) -> None:
    """Solve problems in this process, one after the other. Ctrl-C stops, and prints the best so far of a single one."""
    from orichalcum import display
    from orichalcum.progress import JobProgress

    if len(files) > 1 or folder is not None:
        from orichalcum.commands.many_runs import run_files

        raise typer.Exit(run_files(files, folder or Path(), json=json, device=device))
    (file,) = files
    problem = read_problem(file)
    try:
        with naming(file), JobProgress(messages(), problem.objectives) as progress:
            answer, code = local.run(problem, progress, device=device).result, 0
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
        answer = local.evaluate(problem, at, device=device, on_call=progress.called, say=progress.doing)
    if json:
        print_json(answer)
    else:
        display.show(output(), display.evaluation(answer))
