"""``GET /v1/jobs/{id}/evaluations``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api_schemas.jobs import EvaluationPage
from service.api.caller import Reader
from service.api.context import InContext
from service.http.answers import document
from service.http.calls import calls
from service.http.paging import next_link, number_cursor
from service.http.problem_details import documented
from service.lifecycle import actions
from service.repositories import evaluations

router = calls(tags=["jobs"])


@router.get(
    "/jobs/{job_id}/evaluations",
    response_model=EvaluationPage,
    responses=documented(400, 401, 403, 404, 422, 429),
)
def list_evaluations(
    job_id: str,
    context: InContext,
    caller: Reader,
    cursor: Annotated[str | None, Query(description="From the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Length of the page.")] = 50,
) -> Response:
    """Every evaluation that is stored, by number."""
    after = number_cursor(cursor)
    with context.database.reading() as session:
        actions.find(session, caller.tenant, job_id)
        found = evaluations.page(session, job_id, after, limit + 1)
    items = found[:limit]
    following = str(items[-1].index) if len(found) > limit else None
    headers = {}
    if following is not None:
        headers["Link"] = next_link(f"/v1/jobs/{job_id}/evaluations", following, limit)
    return document(EvaluationPage(items=items, next_cursor=following), headers=headers)
