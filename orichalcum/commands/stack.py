"""The commands that run the service: the whole stack on one machine, and a worker anywhere."""

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


@reporting
def worker(
    url: Annotated[
        str | None,
        typer.Option(
            help="Fetch work from the service at this https:// address, with the key of ORICHALCUM_API_KEY (scope "
            "compute). Without it: from the database and broker of ORICHALCUM_DATABASE_URL and ORICHALCUM_BROKER_URL.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        typer.Option(envvar="ORICHALCUM_DEVICE", help="Where it computes; auto takes a GPU if there is one."),
    ] = "auto",
    idle_timeout: Annotated[
        float | None,
        typer.Option(min=1.0, help="End after so many seconds without anything to do.", show_default=False),
    ] = None,
    walltime: Annotated[
        float | None,
        typer.Option(
            min=10.0,
            help="Have ended after so many seconds: a minute before, what is computed is given back.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Compute for a service until told to stop."""
    code = local.worker(url=url, device=device, idle_timeout=idle_timeout, walltime=walltime)
    raise typer.Exit(code)
