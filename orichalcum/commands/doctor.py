"""The command that looks at this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orichalcum.commands.service_jobs import Json, Url
from orichalcum.reporting import BAD_INPUT, output, print_json, reporting

_STYLES = {"good": "green", "notice": "yellow", "bad": "bold red"}


@reporting
def doctor(
    json: Json = False,
    url: Url = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", envvar="ORICHALCUM_DATA", help="Folder of the service.", show_default=False),
    ] = None,
) -> None:
    """Look at versions, weights, device, threads, compiler, port, disk and service; changes nothing."""
    from rich.text import Text

    from orichalcum import display, tables
    from orichalcum.doctor import examine
    from orichalcum.reporting import plain

    found = examine(url, data)
    if json:
        print_json(found)
    else:
        table = tables.table("", "", "")
        table.show_header = False
        for one in found.findings:
            table.add_row(one.what, Text(one.state, style=_STYLES[one.state]), Text(plain(one.text)))
        display.show(output(), table)
    if any(one.state == "bad" for one in found.findings):
        raise typer.Exit(BAD_INPUT)
