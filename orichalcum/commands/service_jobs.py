"""Commands about jobs of a running service: submit, list, show, watch, result, map, verify, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orichalcum.exceptions import JobFailed
from orichalcum.reporting import (
    JOB_FAILED,
    messages,
    note,
    output,
    print_json,
    read_problem,
    reporting,
)

if TYPE_CHECKING:
    from api_schemas.jobs import Job, JobState
    from api_schemas.objectives import Objective
    from orichalcum.calls import HowSubmitted
    from orichalcum.client import Client
    from orichalcum.jobs import JobHandle

Url = Annotated[
    str | None,
    typer.Option("--url", help="Address of the service; else ORICHALCUM_URL, else http://127.0.0.1:8421."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]
JobId = Annotated[
    str, typer.Argument(metavar="ID", help="Identifier of the job; 'orichalcum list' shows them.")
]
States = Annotated[
    list[str] | None,
    typer.Option(
        "--state", help="Only jobs in this state (several: in one of them): queued, running, failed, ..."
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", help="Only jobs with this tag (several: with all of them), in whatever case."),
]
_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
ProblemFile = Annotated[Path, typer.Argument(metavar="FILE", help="Problem file, YAML or JSON.")]


@reporting
def submit(
    file: ProblemFile,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job and print its answer.")] = False,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", help="A word by which it is found again; several may be given."),
    ] = None,
    after: Annotated[
        list[str] | None,
        typer.Option(
            "--after", metavar="ID", help="Start when this job (several: all of them) has succeeded."
        ),
    ] = None,
    take_answer: Annotated[
        bool,
        typer.Option(
            "--take-answer", help="With --after: the compositions that those answered come first in at."
        ),
    ] = False,
    array: Annotated[
        list[str] | None,
        typer.Option(
            "--array",
            metavar="FIELD=VALUES",
            help="One job for each value, e.g. pressure=0,5,10; several fields: for each combination.",
        ),
    ] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Submit a problem to a running service; with --array once for each of several values."""
    problem = read_problem(file)
    how: HowSubmitted = {"tags": tag or (), "after": after or (), "take_answer": take_answer}
    if array:
        from orichalcum.commands.arrays import submit_array

        with _client(url) as client:
            submit_array(client, problem, array, how, wait=wait, json=json)
        return
    with _client(url) as client:
        _made(client.submit(problem, **how), problem.objectives, wait=wait, json=json)


@reporting
def list_jobs(  # noqa: PLR0913, PLR0917  (each is an option)
    state: States = None,
    name: Annotated[
        str | None, typer.Option(help="Only jobs with this in their name, in whatever case.")
    ] = None,
    tag: Tags = None,
    search: Annotated[
        str | None, typer.Option(help="Only jobs with this in their name, note or tags, in whatever case.")
    ] = None,
    starred: Annotated[bool, typer.Option("--starred", help="Only starred jobs.")] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=_DATES, help="Only jobs made then or later, e.g. 2026-01-31.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DATES, help="Only jobs made before.")] = None,
    array: Annotated[str | None, typer.Option(metavar="ID", help="Only jobs of this array.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    json: Json = False,
    url: Url = None,
) -> None:
    """List the jobs of a service, newest first."""
    from api_schemas.jobs import JobPage
    from orichalcum import display, job_tables

    with _client(url) as client:
        items = list(
            client.jobs(
                state=_states(state),
                name=name,
                tag=tag,
                search=search,
                starred=starred or None,
                created_after=since,
                created_before=until,
                array=array,
                limit=limit,
            )
        )
    if json:
        print_json(JobPage(items=items))
    elif items:
        display.show(output(), job_tables.jobs(items))
    elif state or name or tag or search or starred or since or until or array:
        note("no jobs are like this")
    else:
        note("no jobs; 'orichalcum submit FILE' starts one")


@reporting
def show(job_id: JobId, json: Json = False, url: Url = None) -> None:
    """Show how a job stands."""
    from orichalcum import display, job_tables

    with _client(url) as client:
        job = client.job(job_id).job
    if json:
        print_json(job)
    else:
        display.show(output(), job_tables.job(job))


@reporting
def watch(job_id: JobId, url: Url = None) -> None:
    """Follow a job until it ends. Ctrl-C stops watching, not the job."""
    with _client(url) as client:
        job = client.job(job_id)
        _follow(job, _objectives(job))
        if job.refresh().state == "failed":
            raise JobFailed(job.id, job.job.failure)
        if job.state == "succeeded":
            note(f"the answer: orichalcum result {job.id}")


@reporting
def result(job_id: JobId, json: Json = False, url: Url = None) -> None:
    """Print the answer of a job; of a cancelled one the best so far."""
    with _client(url) as client:
        job = client.job(job_id)
        _print_result(job, _objectives(job), json=json)


@reporting
def surrogate_map(
    job_id: JobId,
    property_name: Annotated[
        str | None, typer.Option("--property", help="What to map; else the first objective's property.")
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(help="Two to four elements that vary, e.g. cation:Al,Sc; else the first of the job."),
    ] = None,
    at: Annotated[
        str,
        typer.Option(help='Through which composition: incumbent, centre, or e.g. "cation:Al=0.8,Sc=0.2".'),
    ] = "incumbent",
    timeout: Annotated[
        float, typer.Option(min=0.0, help="Seconds to wait for a worker to compute it.")
    ] = 60.0,
    json: Json = False,
    url: Url = None,
) -> None:
    """Show what the surrogate expects of a property over a slice of the compositions, and how surely."""
    from orichalcum import display

    with _client(url) as client:
        found = client.job(job_id).map(property_name, over, at, timeout=timeout)
    if json:
        print_json(found)
    else:
        display.show(output(), display.surrogate_map(found))


@reporting
def surrogate(
    job_id: JobId,
    at: Annotated[
        str, typer.Option(help='At which composition: incumbent, centre, or e.g. "cation:Al=0.8,Sc=0.2".')
    ] = "incumbent",
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Have the composition evaluated, too, by a job of its own.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow that job and print what it found.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0.0, help="Seconds to wait for a worker to compute it.")
    ] = 60.0,
    json: Json = False,
    url: Url = None,
) -> None:
    """Show what the surrogates of a job expect of every property at one composition, and what it breaks."""
    from orichalcum import display

    if wait and not evaluate:
        raise typer.BadParameter("--wait follows the job of --evaluate; give both")
    with _client(url) as client:
        job = client.job(job_id)
        found = job.surrogate(at, timeout=timeout)
        if not (json and evaluate):
            print_json(found) if json else display.show(output(), display.surrogate_point(found))
        if evaluate:
            evaluating = job.evaluate([found.at])
            _made(evaluating, _objectives(evaluating), wait=wait, json=json)


@reporting
def verify(
    job_id: JobId,
    supercells: Annotated[
        int | None, typer.Option(min=1, help="How many supercells of each composition; else 2.")
    ] = None,
    sites: Annotated[
        int | None, typer.Option(min=2, help="Mixed sites of each supercell, about; else 32.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job and print what it found.")] = False,
    json: Json = False,
    url: Url = None,
) -> None:
    """Relax explicit supercells of a finished job's answer, with the same potential: does it hold?"""
    with _client(url) as client:
        verifying = client.job(job_id).verify(supercells, sites)
        _made(verifying, _objectives(verifying), wait=wait, json=json)


@reporting
def cancel(
    job_id: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Identifiers of jobs; 'orichalcum list' shows them."),
    ] = None,
    state: States = None,
    tag: Tags = None,
    array: Annotated[str | None, typer.Option(metavar="ID", help="The jobs of this array.")] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Stop a job, or many by their ids, array, tags or states; what they found so far stays."""
    ids = job_id or []
    if len(ids) == 1 and not (state or tag or array):
        with _client(url) as client:
            job = client.job(ids[0]).cancel()
        if json:
            print_json(job)
        else:
            _say_cancelled(job)
        return
    if not (ids or state or tag or array):
        raise typer.BadParameter("say which jobs: give an ID, --array, --tag or --state")
    with _client(url) as client:
        found = client.cancel_jobs(ids=ids or None, state=_states(state), tag=tag, array=array)
    if json:
        print_json(found)
        return
    for job in found.items:
        _say_cancelled(job)
    for one in found.not_cancelled:
        note(f"{one} is no active job")
    if found.more:
        note(f"{found.more} more are active: repeat the command")


def _say_cancelled(job: Job) -> None:
    from api_schemas.jobs import FINAL_STATES

    typer.echo(f"{job.id} is {job.state}{'' if job.state in FINAL_STATES else ': it stops within seconds'}")


def _made(job: JobHandle, objectives: Sequence[Objective], *, wait: bool, json: bool) -> None:
    """Print the id of a new job, or follow it and print its answer."""
    if not wait:
        if json:
            print_json(job.job)
        else:
            typer.echo(job.id)
            note(f"follow it with: orichalcum watch {job.id}")
        return
    note(f"job {job.id}")
    _follow(job, objectives)
    _print_result(job, objectives, json=json)
    if job.state == "cancelled":
        note("the job was cancelled; this is the best so far")
        raise typer.Exit(JOB_FAILED)


def _client(url: str | None) -> Client:
    from orichalcum.client import Client

    return Client(url)


def _states(texts: Sequence[str] | None) -> list[JobState]:
    from typing import get_args

    from api_schemas.jobs import JobState

    states: tuple[JobState, ...] = get_args(JobState)
    for text in texts or ():
        if text not in states:
            hint = f"'{text}' is no state; take one of {', '.join(states)}"
            raise typer.BadParameter(hint, param_hint="--state")
    return [state for state in states if state in (texts or ())]


def _objectives(job: JobHandle) -> Sequence[Objective]:
    return job.job.problem.objectives if job.job.problem is not None else ()


def _follow(job: JobHandle, objectives: Sequence[Objective]) -> None:
    from orichalcum.noticing import Noticing
    from orichalcum.progress import JobProgress

    with JobProgress(messages(), objectives) as progress, Noticing(job, progress.say):
        progress.follow(job.events())


def _print_result(job: JobHandle, objectives: Sequence[Objective], *, json: bool) -> None:
    from orichalcum import display

    answer = job.result(wait=False)
    if json:
        print_json(answer)
    else:
        display.show(output(), display.result(answer, objectives))
