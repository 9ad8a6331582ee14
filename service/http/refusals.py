"""Requests that are refused: each carries the problem detail that its sender is told, and the status of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api_schemas.errors import TYPE_PREFIX, FieldError, ProblemDetail


class ServiceProblem(Exception):  # noqa: N818  (a refusal, told to the client as a problem detail)
    """A request that is refused.

    ServiceProblem
    ├── MalformedRequest        400  the body or a header cannot be read
    ├── Unauthorized            401
    ├── Forbidden               403
    ├── NotFound                404
    ├── RequestTooSlow          408
    ├── Conflict                409  the job's state (or a key in use) does not allow it
    ├── TooLarge                413
    ├── UnsupportedMedia        415
    ├── Unprocessable           422
    ├── TooMany                 429  a rate or a quota
    ├── Unavailable             503
    └── Refused                 any  as another process has worded it
    """

    status = 500

    def __init__(
        self,
        slug: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        more: int = 0,
        retry_after: int | None = None,
    ) -> None:
        """Keep the parts of the problem detail; ``slug`` is the stable end of its type."""
        super().__init__(f"{slug}: {detail}")
        self.detail = ProblemDetail(
            type=TYPE_PREFIX + slug,
            title=title,
            status=self.status,
            detail=detail,
            errors=list(errors),
            more=more,
        )
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}


class MalformedRequest(ServiceProblem):
    """400."""

    status = 400


class Unauthorized(ServiceProblem):
    """401."""

    status = 401

    def __init__(self, slug: str, title: str, detail: str) -> None:
        """Say how to authenticate."""
        super().__init__(slug, title, detail)
        self.headers["WWW-Authenticate"] = 'Bearer realm="orichalcum"'


class Forbidden(ServiceProblem):
    """403."""

    status = 403


class NotFound(ServiceProblem):
    """404."""

    status = 404


class RequestTooSlow(ServiceProblem):
    """408."""

    status = 408


class Conflict(ServiceProblem):
    """409."""

    status = 409


class TooLarge(ServiceProblem):
    """413."""

    status = 413


class UnsupportedMedia(ServiceProblem):
    """415."""

    status = 415


class Unprocessable(ServiceProblem):
    """422."""

    status = 422


class TooMany(ServiceProblem):
    """429."""

    status = 429


class Unavailable(ServiceProblem):
    """503."""

    status = 503


class Refused(ServiceProblem):
    """As another process has worded it."""

    def __init__(self, detail: ProblemDetail, headers: Mapping[str, str]) -> None:
        """Keep what it told."""
        Exception.__init__(self, detail.detail)
        self.status = detail.status
        self.detail = detail
        self.headers = dict(headers)


class StoredFailure(Exception):  # noqa: N818
    """A request for the result of a failed job: the answer is the failure's own problem detail, as 409."""

    def __init__(self, failure: ProblemDetail) -> None:
        """Keep the failure."""
        super().__init__(failure.title)
        self.detail = failure.model_copy(update={"status": 409})
