"""The command that runs the whole stack on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from orichalcum import local
from orichalcum.reporting import reporting


@reporting
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 8421,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Worker processes.")] = 1,
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        typer.Option(
            envvar="ORICHALCUM_DEVICE", help="Where workers compute; auto takes a GPU if there is one."
        ),
    ] = "auto",
    data: Annotated[
        Path | None,
        typer.Option(envvar="ORICHALCUM_DATA", help="Folder of jobs, queue and logs.", show_default=False),
    ] = None,
) -> None:
    """Run broker, API and workers on this machine until Ctrl-C."""
    raise typer.Exit(local.up(host=host, port=port, workers=workers, device=device, data=data))
