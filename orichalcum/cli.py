"""The command line: ``orichalcum COMMAND ...``."""

from __future__ import annotations

import os
import warnings
from typing import Annotated

import typer

import orichalcum
from orichalcum.commands import (
    administration,
    doctor,
    export,
    in_process,
    job_actions,
    keys,
    new,
    potentials,
    service_jobs,
    stack,
)

app = typer.Typer(
    name="orichalcum",
    help="Finds the composition of a mixed crystal that has the properties you want.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"orichalcum {orichalcum.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command("up")(stack.up)
app.command("worker")(stack.worker)
app.command("validate")(job_actions.validate)
app.command("submit")(service_jobs.submit)
app.command("list")(service_jobs.list_jobs)
app.command("show")(service_jobs.show)
app.command("watch")(service_jobs.watch)
app.command("result")(service_jobs.result)
app.command("map")(service_jobs.surrogate_map)
app.command("surrogate")(service_jobs.surrogate)
app.command("verify")(service_jobs.verify)
app.command("cancel")(service_jobs.cancel)
app.command("label")(job_actions.label)
app.command("pause")(job_actions.pause)
app.command("resume")(job_actions.resume)
app.command("delete")(job_actions.delete)
app.command("evaluations")(job_actions.evaluations)
app.command("export")(export.export)
app.command("run")(in_process.run)
app.command("evaluate")(in_process.evaluate)
app.command("new")(new.new)
app.add_typer(potentials.app, name="potentials")
app.add_typer(keys.app, name="keys")
app.command("properties")(job_actions.properties)
app.command("prototypes")(job_actions.prototypes)
app.command("doctor")(doctor.doctor)
app.command("settings")(administration.settings)
app.command("migrate")(administration.migrate)
app.command("backup")(administration.backup)
app.command("restore")(administration.restore)


def main() -> None:
    """Run the command line; ends the process with the exit code."""
    if not os.environ.get("ORICHALCUM_DEBUG"):
        # Warnings of libraries are for those who write programs, not for those who run this one.
        warnings.simplefilter("ignore")
    app()
