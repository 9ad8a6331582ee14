"""Commands about the API keys of a service, given at its own machine."""

from __future__ import annotations

from typing import Annotated

import typer

from orichalcum import local
from orichalcum.commands.administration import Data
from orichalcum.reporting import note, reporting

app = typer.Typer(no_args_is_help=True, help="API keys of a service: make, list, rotate, revoke.")

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The id that 'orichalcum keys list' shows.")]


@app.command()
@reporting
def create(
    tenant: Annotated[
        str, typer.Option(help="Whose jobs the key sees; tenants cannot see each other.")
    ] = "default",
    scopes: Annotated[
        str,
        typer.Option(
            help="What it may do: read, submit, admin, operator (metrics of all tenants), compute (workers over "
            "HTTPS); separated by commas."
        ),
    ] = "read,submit",
    name: Annotated[str, typer.Option(help="What or whom it is for.")] = "",
    expires_days: Annotated[
        float | None, typer.Option(help="Days until it ends; without end if not given.", show_default=False)
    ] = None,
    data: Data = None,
) -> None:
    """Make a key and print it. It is shown this once; the service keeps only its digest."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    with local.administering() as administration:
        made = administration.create_key(data, tenant, wanted, name, expires_days)
    typer.echo(made.key)
    note(f"key {made.id} of tenant {tenant}; use it as ORICHALCUM_API_KEY, it will not be shown again")


@app.command("list")
@reporting
def list_keys(data: Data = None) -> None:
    """List the keys: id, tenant, scopes, when made, when they end, whether they are valid."""
    with local.administering() as administration:
        lines = administration.list_keys(data)
    for line in lines:
        columns = (line.id, line.tenant, line.scopes, line.created, line.expires, line.standing, line.name)
        typer.echo("\t".join(columns))
    if not lines:
        note("no keys; 'orichalcum keys create' makes one")


@app.command()
@reporting
def rotate(
    identifier: KeyId,
    grace_days: Annotated[float, typer.Option(help="Days during which the old key still works.")] = 7.0,
    data: Data = None,
) -> None:
    """Make a key like another, print it, and let the other end after some days."""
    with local.administering() as administration:
        made = administration.rotate_key(data, identifier, grace_days)
    typer.echo(made.key)
    note(f"key {made.id} takes the place of {identifier}, which ends in {grace_days:g} days")


@app.command()
@reporting
def revoke(identifier: KeyId, data: Data = None) -> None:
    """End a key now."""
    with local.administering() as administration:
        administration.revoke_key(data, identifier)
    note(f"key {identifier} is revoked")
