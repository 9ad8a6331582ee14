"""Errors over HTTP: RFC 9457 problem details with stable types, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api_schemas.errors import (
    MOST_FAULTS,
    TYPE_PREFIX,
    FieldError,
    ProblemDetail,
    ProblemInvalid,
    and_more,
    pointer,
)
from service.http.refusals import ServiceProblem, StoredFailure

_STORE_AWAY = (OperationalError, InterfaceError, InternalError, NoConnectionFree)
"""What SQLAlchemy raises where the database is out of reach, busy or ending; all else is a fault of ours."""

_GONE = ProblemDetail(type=TYPE_PREFIX + "client-disconnected", title="The client went away", status=400)
MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)


def of_invalid_problem(invalid: ProblemInvalid) -> ProblemDetail:
    """The problem detail of an invalid problem: typed by its only kind of fault, else ``invalid-problem``."""
    kinds = {error.type for error in invalid.errors}
    count = len(invalid.errors) + invalid.more
    first = f" of the first {len(invalid.errors)}, {and_more(invalid.more)}" if invalid.more else ""
    return ProblemDetail(
        type=TYPE_PREFIX + (kinds.pop() if len(kinds) == 1 else "invalid-problem"),
        title="The problem cannot be accepted",
        status=422,
        detail=f"{count} field{' is' if count == 1 else 's are'} wrong: see errors{first}"
        if count
        else str(invalid),
        errors=list(invalid.errors),
        more=invalid.more,
    )


def response(
    detail: ProblemDetail, request: Request, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The HTTP response that carries a problem detail."""
    told = detail if detail.instance else detail.model_copy(update={"instance": request.url.path[:200]})
    return JSONResponse(
        told.model_dump(mode="json"),
        status_code=told.status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem detail."""

    @app.exception_handler(ServiceProblem)
    async def refused(request: Request, problem: ServiceProblem) -> JSONResponse:
        return response(problem.detail, request, problem.headers)

    @app.exception_handler(StoredFailure)
    async def failed(request: Request, failure: StoredFailure) -> JSONResponse:
        return response(failure.detail, request)

    @app.exception_handler(ProblemInvalid)
    async def invalid(request: Request, error: ProblemInvalid) -> JSONResponse:
        return response(of_invalid_problem(error), request)

    @app.exception_handler(RequestValidationError)
    async def bad_parameters(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            FieldError(
                pointer=pointer(item["loc"][1:]), type="invalid-parameter", message=str(item["msg"])[:500]
            )
            for item in error.errors()[:MOST_FAULTS]
        ]
        detail = ProblemDetail(
            type=TYPE_PREFIX + "invalid-parameter",
            title="A parameter of the request is wrong",
            status=422,
            detail="; ".join(f"{fault.pointer[1:]}: {fault.message}" for fault in faults)[:1000],
            errors=faults,
            more=len(error.errors()) - len(faults),
        )
        return response(detail, request)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase
        detail = ProblemDetail(
            type=TYPE_PREFIX + phrase.lower().replace(" ", "-"),
            title=phrase,
            status=error.status_code,
            detail=_explained(error.status_code, request),
        )
        return response(detail, request, error.headers)

    @app.exception_handler(SQLAlchemyError)
    async def store_down(request: Request, error: SQLAlchemyError) -> JSONResponse:
        if is_full(error):
            _log.error("the store is full", path=request.url.path, exc_info=error)
            full = ProblemDetail(
                type=TYPE_PREFIX + "store-full",
                title="The job store is full",
                status=507,
                detail="The job store's disk has no room; nothing was changed. Delete finished jobs, or make room.",
            )
            return response(full, request, {"Retry-After": "60"})
        if not isinstance(error, _STORE_AWAY):
            return await unexpected(request, error)
        _log.error("the store cannot be used", path=request.url.path, exc_info=error)
        detail = ProblemDetail(
            type=TYPE_PREFIX + "store-unavailable",
            title="The job store cannot be used now",
            status=503,
            detail="The database is out of reach or busy; nothing was changed. Try again in a moment.",
        )
        return response(detail, request, {"Retry-After": "5"})

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, _error: ClientDisconnect) -> JSONResponse:
        _log.info("the client went away", path=request.url.path)
        return response(_GONE, request)  # which nobody reads

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("unexpected error", path=request.url.path, exc_info=error)
        detail = ProblemDetail(
            type=TYPE_PREFIX + "internal-error",
            title="Internal error",
            status=500,
            detail="The server met an error of its own; its log says which. The request may be tried again.",
        )
        return response(detail, request)


def is_full(error: BaseException) -> bool:
    """Whether a fault of the store means that its disk is full (of SQLite, also for the files beside the store)."""
    original = getattr(error, "orig", error)
    return getattr(original, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE") or (
        getattr(original, "sqlstate", "") == "53100"
    )


def _explained(status: int, request: Request) -> str:
    if status == 404:
        return "There is nothing at this address; /docs lists what there is."
    if status == 405:
        return f"{request.method} is not possible here; the Allow header says what is."
    return HTTPStatus(status).description or HTTPStatus(status).phrase


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for the errors that an endpoint may answer."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetail"}}},
        }
        for status in statuses
    }
