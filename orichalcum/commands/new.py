"""The command that writes a problem file to start from."""

from __future__ import annotations

from typing import Annotated

import typer

from api_schemas.kinds import KINDS
from orichalcum.reporting import reporting
from orichalcum.starting_points import STARTING_POINTS, problem_file


@reporting
def new(
    prototype: Annotated[
        str,
        typer.Argument(metavar="[PROTOTYPE]", help="Parent structure: " + ", ".join(STARTING_POINTS) + "."),
    ] = "wurtzite",
    kind: Annotated[
        str, typer.Option(help="What to ask for: " + "; ".join(f"{k.name}: {k.summary}" for k in KINDS))
    ] = "optimize",
) -> None:
    """Print a commented problem file to start from: orichalcum new rocksalt --kind scan > problem.yaml."""
    if prototype not in STARTING_POINTS:
        raise typer.BadParameter(
            f"'{prototype}' is no known prototype; take one of {', '.join(STARTING_POINTS)}",
            param_hint="PROTOTYPE",
        )
    if kind not in KINDS:
        raise typer.BadParameter(
            f"'{kind}' is no known kind; take one of {', '.join(KINDS.names)}", param_hint="--kind"
        )
    typer.echo(problem_file(prototype, kind), nl=False)
