"""The command that writes a problem file to start from."""

from __future__ import annotations

from typing import Annotated

import typer

from orichalcum.reporting import reporting
from orichalcum.starting_points import STARTING_POINTS, problem_file


@reporting
def new(
    prototype: Annotated[
        str,
        typer.Argument(metavar="[PROTOTYPE]", help="Parent structure: " + ", ".join(STARTING_POINTS) + "."),
    ] = "wurtzite",
) -> None:
    """Print a commented problem file to start from: orichalcum new rocksalt > problem.yaml."""
    if prototype not in STARTING_POINTS:
        raise typer.BadParameter(
            f"'{prototype}' is no known prototype; take one of {', '.join(STARTING_POINTS)}",
            param_hint="PROTOTYPE",
        )
    typer.echo(problem_file(prototype), nl=False)
