"""The REST calls as values: one function for each, which says what to send and what the answer is.

A ``Call`` is sent by ``Client`` or ``AsyncClient``, and read by ``Call.read``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

from pydantic import JsonValue, RootModel

from api_schemas.arrays import JobArray
from api_schemas.base import Composition
from api_schemas.catalogue import Catalogue
from api_schemas.jobs import AnswerSoFar, CancelledJobs, Job, JobPage, JobState, Validation
from api_schemas.maps import MapUnderWay, PointUnderWay, SurrogateMap, SurrogatePoint
from api_schemas.problem import Problem, ProblemLike
from api_schemas.structure_files import with_texts
from orichalcum.protocol import Call, checked
from orichalcum.results import EvaluationPage, Result

MAP_SECONDS = 1.0
"""Between two questions for a map that is under way."""

FIGURE_SECONDS = 10.0
"""How long a figure waits for the map that it is drawn on; without one it says why."""

POINT_SECONDS = 5
"""How long the service may wait for a worker before it says that one composition is under way."""


class HowSubmitted(TypedDict, total=False):
    """How a problem is submitted, beside the problem.

    Attributes:
        idempotency_key: Key with which the same submission gives the same answer; by default a fresh one.
        tags: Words by which the job is found again.
        after: Ids of jobs that have to succeed before it starts.
        take_answer: Whether it starts from the compositions that those answered: they come first in its `at`.
    """

    idempotency_key: str | None
    tags: Sequence[str]
    after: Sequence[str]
    take_answer: bool


def submit(problem: ProblemLike, how: HowSubmitted) -> Call[Job]:
    """``POST /v1/jobs``, with an Idempotency-Key so that a retry starts no second job."""
    return Call("POST", "/v1/jobs", Job, _params(how), _document(problem), _headers(how))


def submit_array(
    problem: ProblemLike, over: Mapping[str, Sequence[JsonValue]], how: HowSubmitted
) -> Call[JobArray]:
    """``POST /v1/arrays``, with an Idempotency-Key so that a retry starts no second array."""
    body = {"problem": _document(problem), "over": {name: list(values) for name, values in over.items()}}
    return Call("POST", "/v1/arrays", JobArray, _params(how), body, _headers(how))


def _params(how: HowSubmitted) -> dict[str, str | list[str]]:
    given = {"tag": list(how.get("tags", ())), "after": list(how.get("after", ()))}
    found: dict[str, str | list[str]] = {name: values for name, values in given.items() if values}
    return found | ({"take": "answer"} if how.get("take_answer") else {})


def _headers(how: HowSubmitted) -> dict[str, str]:
    return {"Idempotency-Key": how.get("idempotency_key") or uuid.uuid4().hex}


def array(array_id: str) -> Call[JobArray]:
    """``GET /v1/arrays/{id}``."""
    return Call("GET", f"/v1/arrays/{checked(array_id)}", JobArray)


def validate(problem: ProblemLike) -> Call[Validation]:
    """``POST /v1/problems/validate``."""
    return Call("POST", "/v1/problems/validate", Validation, body=_document(problem))


def _document(problem: ProblemLike) -> dict[str, Any]:
    """The problem as it is sent: with the texts of the structure files that it names."""
    return with_texts(json.loads(Problem.of(problem).model_dump_json(exclude_unset=True)), Path.cwd())


def job(job_id: str) -> Call[Job]:
    """``GET /v1/jobs/{id}``."""
    return Call("GET", f"/v1/jobs/{checked(job_id)}", Job)


class JobsMeant(TypedDict, total=False):
    """Which jobs are meant; what is not given excludes none.

    Attributes:
        state: They are in this state, or in one of these.
        name: A part of their names, in whatever case.
        tag: They have this tag, or all of these, in whatever case.
        search: A part of their names, notes or tags, in whatever case.
        starred: They are starred, or they are not.
        created_after: They were made then or later; a moment without a zone is one of this machine's.
        created_before: They were made earlier.
        parent: They come of this one: verify its answer, or evaluate what was asked for beside it.
        array: They are of this array.
        ids: They are among these.
    """

    state: JobState | Sequence[JobState] | None
    name: str | None
    tag: str | Sequence[str] | None
    search: str | None
    starred: bool | None
    created_after: datetime | None
    created_before: datetime | None
    parent: str | None
    array: str | None
    ids: Sequence[str] | None


def jobs(meant: JobsMeant, cursor: str | None = None, limit: int | None = None) -> Call[JobPage]:
    """``GET /v1/jobs``: one page, newest first."""
    given = {"cursor": cursor, "limit": None if limit is None else str(limit)}
    page = {name: value for name, value in given.items() if value is not None}
    return Call("GET", "/v1/jobs", JobPage, params={**_meant(meant), **page})


def cancel_jobs(meant: JobsMeant) -> Call[CancelledJobs]:
    """``POST /v1/jobs/cancel``: those that are meant and active."""
    return Call("POST", "/v1/jobs/cancel", CancelledJobs, params=_meant(meant))


def _meant(meant: JobsMeant) -> dict[str, str | list[str]]:
    """As query parameters."""
    ids = meant.get("ids")
    if ids is not None and not ids:
        raise ValueError("ids is empty, so no job is meant; leave it out to mean all")
    found: dict[str, str | list[str]] = {}
    for name, value in meant.items():
        if isinstance(value, datetime):
            found[name] = value.astimezone().isoformat()
        elif isinstance(value, bool):
            found[name] = str(value).lower()
        elif isinstance(value, str):
            found[name] = value
        elif isinstance(value, Sequence) and value:
            found["id" if name == "ids" else name] = [str(one) for one in value]
    return found


def evaluations(job_id: str, cursor: str | None = None) -> Call[EvaluationPage]:
    """``GET /v1/jobs/{id}/evaluations``: one page, oldest first."""
    return Call(
        "GET",
        f"/v1/jobs/{checked(job_id)}/evaluations",
        EvaluationPage,
        params={} if cursor is None else {"cursor": cursor},
    )


def answer(job_id: str) -> Call[AnswerSoFar]:
    """``GET /v1/jobs/{id}/answer``."""
    return Call("GET", f"/v1/jobs/{checked(job_id)}/answer", AnswerSoFar)


def result(job_id: str) -> Call[Result]:
    """``GET /v1/jobs/{id}/result``."""
    return Call("GET", f"/v1/jobs/{checked(job_id)}/result", Result)


class MapAnswer(RootModel[SurrogateMap | MapUnderWay]):
    """A map, or the word that a worker computes it."""


def surrogate_map(job_id: str, property_name: str | None, over: str | None, at: str) -> Call[MapAnswer]:
    """``GET /v1/jobs/{id}/map``."""
    given = {"property": property_name, "over": over, "at": at}
    params: dict[str, str | list[str]] = {name: value for name, value in given.items() if value is not None}
    return Call("GET", f"/v1/jobs/{checked(job_id)}/map", MapAnswer, params=params)


class PointAnswer(RootModel[SurrogatePoint | PointUnderWay]):
    """What is expected at a composition, or the word that a worker computes it."""


def surrogate_point(job_id: str, at: str) -> Call[PointAnswer]:
    """``GET /v1/jobs/{id}/surrogate``; the service waits a little itself, since an answer takes no second."""
    waiting = {"Prefer": f"wait={POINT_SECONDS}"}
    path = f"/v1/jobs/{checked(job_id)}/surrogate"
    return Call("GET", path, PointAnswer, params={"at": at}, headers=waiting)


def evaluate(job_id: str, at: Sequence[Composition], key: str | None = None) -> Call[Job]:
    """``POST /v1/jobs/{id}/evaluate``, with an Idempotency-Key so that a retry starts no second job."""
    body = {"at": [{name: dict(fractions) for name, fractions in one.items()} for one in at]}
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return Call("POST", f"/v1/jobs/{checked(job_id)}/evaluate", Job, body=body, headers=headers)


def action(job_id: str, verb: str) -> Call[Job]:
    """``POST /v1/jobs/{id}/{verb}``: cancel, pause, resume."""
    return Call("POST", f"/v1/jobs/{checked(job_id)}/{verb}", Job)


class Labels(TypedDict, total=False):
    """What people write on a job; what is not given stays as it is.

    Attributes:
        name: What it is called from now on; its problem keeps its own.
        note: A remark of up to 1000 characters, "" for none.
        tags: Words by which it is found again, all of them; [] for none.
        starred: Whether it is one to come back to.
    """

    name: str
    note: str
    tags: Sequence[str]
    starred: bool


def label(job_id: str, labels: Labels) -> Call[Job]:
    """``PATCH /v1/jobs/{id}``."""
    body: dict[str, Any] = dict(labels)
    if "tags" in body:
        body["tags"] = list(body["tags"])
    return Call("PATCH", f"/v1/jobs/{checked(job_id)}", Job, body=body)


def verify(
    job_id: str, supercells: int | None = None, sites: int | None = None, key: str | None = None
) -> Call[Job]:
    """``POST /v1/jobs/{id}/verify``, with an Idempotency-Key so that a retry starts no second job."""
    given = {"supercells": supercells, "sites": sites}
    return Call(
        "POST",
        f"/v1/jobs/{checked(job_id)}/verify",
        Job,
        body={name: value for name, value in given.items() if value is not None},
        headers={"Idempotency-Key": key or uuid.uuid4().hex},
    )


def delete(job_id: str) -> Call[Job]:
    """``DELETE /v1/jobs/{id}``."""
    return Call("DELETE", f"/v1/jobs/{checked(job_id)}", None)


def events(job_id: str, headers: dict[str, str]) -> Call[Job]:
    """``GET /v1/jobs/{id}/events``: a stream, read by ``orichalcum.events``."""
    return Call(
        "GET", f"/v1/jobs/{checked(job_id)}/events", None, headers={"Accept": "text/event-stream", **headers}
    )


def catalogue(what: str) -> Call[Catalogue]:
    """``GET /v1/potentials``, ``/v1/prototypes`` or ``/v1/properties``."""
    return Call("GET", f"/v1/{what}", Catalogue)
