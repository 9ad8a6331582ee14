"""Commands about potentials: what there is, and bringing weights here."""

from __future__ import annotations

from typing import Annotated

import typer

from orichalcum import local
from orichalcum.commands.service_jobs import Json
from orichalcum.reporting import note, output, print_json, reporting

app = typer.Typer(no_args_is_help=True, help="Potentials: names, licences, citations; download weights.")


@app.command("list")
@reporting
def list_potentials(json: Json = False) -> None:
    """List the potentials with licence, citation, and whether their weights are on this machine."""
    from api_schemas.catalogue import Catalogue
    from orichalcum import display

    items = local.potentials()
    if json:
        print_json(Catalogue(potentials=items))
    else:
        display.show(output(), display.potentials(items))


@app.command()
@reporting
def fetch(name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the potential.")]) -> None:
    """Bring the weights of a potential to this machine; does nothing if they are here."""
    typer.echo(str(local.fetch(name, note)))
