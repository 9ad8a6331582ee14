"""More commands about a service: validate, label, pause, resume, delete, evaluations, and what can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orichalcum.commands.service_jobs import Json, ProblemFile, Url, _client, _objectives
from orichalcum.reporting import BAD_INPUT, complain, note, output, print_json, read_problem, reporting

if TYPE_CHECKING:
    from rich.table import Table

    from orichalcum.calls import Labels
    from orichalcum.results import StoredEvaluation

JobIds = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Identifiers of jobs; 'orichalcum list' shows them.")
]


@reporting
def validate(file: ProblemFile, json: Json = False, url: Url = None) -> None:
    """Ask a service whether it would accept a problem, and what that would cost; nothing is submitted."""
    from orichalcum import wording

    problem = read_problem(file)
    with _client(url) as client:
        found = client.validate(problem)
    if json:
        print_json(found)
    elif found.valid and found.estimate is not None:
        cost = found.estimate
        typer.echo(
            f"{file}: valid, {wording.counted(len(found.sites), 'site')}; at most "
            f"{wording.counted(cost.evaluations, 'evaluation')}, about {cost.potential_calls} potential calls, "
            f"{wording.seconds(cost.seconds)} and {cost.memory_bytes / 2**30:.2g} GiB"
        )
    for fault in () if json else found.errors:
        complain(f"{file}: {fault.pointer or '/'}: {fault.message}")
    if not found.valid:
        raise typer.Exit(BAD_INPUT)


@reporting
def label(
    job_id: JobIds,
    name: Annotated[str | None, typer.Option(help="What it is called from now on.")] = None,
    note: Annotated[str | None, typer.Option(help='A remark; "" takes it away.')] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", help="A word more by which it is found again; several may be given."),
    ] = None,
    untag: Annotated[
        list[str] | None,
        typer.Option("--untag", help="A tag to take away, in whatever case; several may be given."),
    ] = None,
    star: Annotated[bool, typer.Option("--star", help="Mark them as ones to come back to.")] = False,
    unstar: Annotated[bool, typer.Option("--unstar", help="Take the star away.")] = False,
    json: Json = False,
    url: Url = None,
) -> None:
    """Write on jobs: a name, a note, tags, a star; what is not given stays."""
    from api_schemas.jobs import JobPage

    labels: Labels = {}
    if name is not None:
        labels["name"] = name
    if note is not None:
        labels["note"] = note
    if star and unstar:
        raise typer.BadParameter("give one of --star and --unstar")
    if star or unstar:
        labels["starred"] = star
    if not (labels or tag or untag):
        raise typer.BadParameter("say what to write: give --name, --note, --tag, --untag, --star or --unstar")
    with _client(url) as client:
        jobs = []
        for one in job_id:
            job = client.job(one)
            if tag or untag:
                labels["tags"] = _tags(job.job.tags, tag or (), untag or ())
            jobs.append(job.update(**labels))
    if json:
        print_json(JobPage(items=jobs))
    for written in () if json else jobs:
        typer.echo(f"{written.id} is labelled")


def _tags(tags: Sequence[str], more: Sequence[str], less: Sequence[str]) -> list[str]:
    """Tags with some more and without others."""
    away = {one.casefold() for one in less}
    return [one for one in (*tags, *more) if one.casefold() not in away]


@reporting
def pause(job_id: JobIds, json: Json = False, url: Url = None) -> None:
    """Let jobs rest: nothing new is started for them; 'resume' lets them go on."""
    _act(job_id, "pause", json=json, url=url)


@reporting
def resume(job_id: JobIds, json: Json = False, url: Url = None) -> None:
    """Let paused jobs go on."""
    _act(job_id, "resume", json=json, url=url)


@reporting
def delete(
    job_id: JobIds,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = None,
) -> None:
    """Remove finished jobs and all that belongs to them, for good."""
    if not yes:
        typer.confirm(f"delete {', '.join(job_id)} with all evaluations?", abort=True, err=True)
    with _client(url) as client:
        for one in job_id:
            client.job(one).delete()
            typer.echo(f"{one} is deleted")


@reporting
def evaluations(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Identifier of the job.")],
    last: Annotated[
        int | None, typer.Option(min=1, help="Only so many, the latest.", show_default=False)
    ] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """List the evaluations of a job so far, oldest first."""
    from orichalcum import display
    from orichalcum.results import EvaluationPage

    with _client(url) as client:
        job = client.job(job_id)
        names = [objective.property for objective in _objectives(job)]
        found = list(job.evaluations())
    found = found[-last:] if last is not None else found
    if json:
        print_json(EvaluationPage(items=found))
    elif found:
        display.show(output(), _table(found, names))
    else:
        note("no evaluation yet")


@reporting
def prototypes(json: Json = False, url: Url = None) -> None:
    """List the parent structures that a service knows by name."""
    from api_schemas.catalogue import Catalogue
    from orichalcum import display, tables

    with _client(url) as client:
        found = client.prototypes()
    if json:
        print_json(Catalogue(prototypes=found))
        return
    table = tables.table(
        "Prototype", "Species", "Example", "Lattice constants", "Sites", "", numeric=("Sites",)
    )
    for one in found:
        words = (", ".join(one.species), " ".join(one.example), " ".join(one.parameters))
        table.add_row(one.name, *words, str(one.sites), one.description)
    display.show(output(), table)


@reporting
def properties(json: Json = False, url: Url = None) -> None:
    """List the properties that a service can be asked for."""
    from api_schemas.catalogue import Catalogue
    from orichalcum import display, tables

    with _client(url) as client:
        found = client.properties()
    if json:
        print_json(Catalogue(properties=found))
        return
    table = tables.table("Property", "Unit", "When", "")
    for one in found:
        table.add_row(one.name, one.symbol, "always" if one.always else "asked for", one.description)
    display.show(output(), table)


def _act(ids: Sequence[str], verb: str, *, json: bool, url: str | None) -> None:
    """Do something to each job; with --json the jobs are a page."""
    from api_schemas.jobs import JobPage

    with _client(url) as client:
        jobs = [getattr(client.job(one), verb)() for one in ids]
    if json:
        print_json(JobPage(items=jobs))
    for job in () if json else jobs:
        typer.echo(f"{job.id} is {job.state}")


def _table(found: Sequence[StoredEvaluation], names: Sequence[str]) -> Table:
    """A line an evaluation: composition, what was wished for, calls."""
    from orichalcum import tables, wording

    shown = list(dict.fromkeys(names)) or ["lattice_a", "energy"]
    table = tables.table("#", "Composition", *shown, "Calls", "", numeric=("#", *shown, "Calls"))
    for one in found:
        item = one.evaluation
        values = [item.properties.get(name) for name in shown]
        words = ["–" if value is None else wording.quantity(value.value, value.unit) for value in values]
        state = "" if item.converged else "not converged"
        calls = str(item.cost.potential_calls)
        table.add_row(str(one.index + 1), wording.composition(item.composition), *words, calls, state)
    return table
